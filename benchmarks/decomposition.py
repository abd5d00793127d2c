"""How often do the bands of `explain_change` hold the true parts of a change of the mean?

`python -m benchmarks.decomposition [COMPARISONS]` writes the table of `benchmarks/decomposition.md`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np
import pandas as pd

from mttrlab.analysis.decomposition import explain_change
from mttrlab.schema import PHASES

SEED = 2026
SHARES = (np.array([0.4, 0.3, 0.2, 0.1]), np.array([0.3, 0.3, 0.25, 0.15]))
"""Of the four types, before and after."""
MEANS = np.array([[4.0, 20, 10, 4], [6.0, 30, 20, 5], [8.0, 60, 25, 6], [10.0, 90, 60, 8]])
"""Minutes of each phase, per type, before."""
FACTORS = np.array([1.0, 0.6, 1.1, 1.0])
"""What each phase is after, of what it was."""


def truth() -> pd.Series:
    """Return the true parts, minutes."""
    means = (MEANS, MEANS * FACTORS)
    level = (means[0].sum(axis=1) + means[1].sum(axis=1)) / 2
    parts = {"mix": float(((SHARES[1] - SHARES[0]) * level).sum())}
    within = ((SHARES[0] + SHARES[1]) / 2)[:, None] * (means[1] - means[0])
    parts |= dict(zip(PHASES, within.sum(axis=0), strict=True))
    return pd.Series(parts | {"total": sum(parts.values())})


def _period(rng: np.random.Generator, n: int, later: int, sigma: float) -> pd.DataFrame:
    kind = rng.choice(4, n, p=SHARES[later])
    means = (MEANS * FACTORS if later else MEANS)[kind]
    together = rng.normal(0, 0.3, (n, 1))
    rest = np.sqrt(sigma**2 - 0.09)
    minutes = means * np.exp(together + rng.normal(0, rest, (n, 4)) - sigma**2 / 2)
    frame = pd.DataFrame(minutes, columns=list(PHASES)).assign(incident_type=kind.astype(str))
    return frame.assign(recovery=minutes.sum(axis=1))


def study(n: int, comparisons: int, sigma: float = 1.0, seed: int = SEED) -> pd.DataFrame:
    """Return one row per comparison: whether the band of each part holds the truth."""
    rng, true = np.random.default_rng([seed, n]), truth()
    rows = []
    for number in range(comparisons):
        table = explain_change(_period(rng, n, 0, sigma), _period(rng, n, 1, sigma), seed=number, draws=399)
        table = table.set_index("part").loc[true.index]
        rows.append((table["low"] <= true) & (true <= table["high"]))
    return pd.DataFrame(rows).reset_index(drop=True)


def report(comparisons: int) -> Iterator[str]:
    """Yield the lines of the page."""
    parts = list(truth().index)
    yield f"""# Do the bands of `explain_change` hold the true parts?

{comparisons} comparisons a row of n incidents before and n after (seed {SEED}): four types whose shares shift, four
phases whose logs spread by sigma; diagnosis falls by two fifths. Nominal 95 %; of 400, .92 lies 2.6 standard errors
below.
Written by `python -m benchmarks.decomposition {comparisons}`.

| n | sigma | {" | ".join(parts)} |
|---|---|{"---|" * len(parts)}"""
    for n in (20, 40, 80):
        for sigma in (0.8, 1.25):
            held = study(n, comparisons, sigma).mean()
            yield f"| {n} | {sigma} | {' | '.join(f'{held[part]:.3f}' for part in parts)} |"


if __name__ == "__main__":
    for line in report(int(sys.argv[1]) if len(sys.argv) > 1 else 400):
        print(line, flush=True)
