"""When a single maturity level is given, how often is it the true one?

`python -m benchmarks.levels [SAMPLES]` writes the table of `benchmarks/levels.md`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy import optimize

from benchmarks.months import SHAPES
from mttrlab.analysis.maturity_levels import award, maturity_level, probabilities_below
from mttrlab.schema import LEVELS

SEED = 2026
RANGE = (8.0, 500.0)
"""True values, minutes, drawn evenly on the log scale: from well inside Elite to well past the last limit."""
_LIMITS = [limit for _, limit in LEVELS]


def _median(name: str) -> float:
    """Return the median of a law of `benchmarks.months`."""
    if name == "mixture":
        from scipy.stats import norm

        def excess(log: float) -> float:
            return float(0.25 * norm.cdf((log - 2) / 0.7) + 0.75 * norm.cdf((log + 0.2) / 0.5) - 0.5)

        return float(np.exp(optimize.brentq(excess, -3, 3)))
    return {"lognormal": 1.0, "Weibull 0.7": np.log(2) ** (1 / 0.7), "Pareto 1.8": 2 ** (1 / 1.8)}.get(name, 1.0)


def _levels(name: str, statistic: str, unit: float, n: int, samples: int, seed: int) -> pd.DataFrame:
    rng, rows = np.random.default_rng([seed, n]), []
    for _ in range(samples):
        truth = float(np.exp(rng.uniform(*np.log(RANGE))))
        minutes = np.sort(SHAPES[name].draw(rng, n)) * truth / unit
        below, _ = probabilities_below(minutes, _LIMITS, statistic)
        awarded, level = award(below), maturity_level(truth)
        rows.append({"given": "–" not in awarded and not awarded.startswith("too"), "right": awarded == level})
    return pd.DataFrame(rows)


def median_levels(name: str, n: int, samples: int, seed: int = SEED) -> pd.DataFrame:
    """Return, per sample of n, whether a single level is given by the median, and whether it is the true one."""
    return _levels(name, "median", _median(name), n, samples, seed)


def p90_levels(name: str, n: int, samples: int, seed: int = SEED) -> pd.DataFrame:
    """Return the same of the P90."""
    return _levels(name, "P90", SHAPES[name].p90, n, samples, seed)


def report(samples: int) -> Iterator[str]:
    """Yield the lines of the page."""
    yield f"""# When a single maturity level is given, how often is it the true one?

`maturity` over {samples} samples a cell (seed {SEED}); true values drawn evenly on the log scale between
{RANGE[0]:g} and {RANGE[1]:g} minutes. A level is given at four chances in five: .80 is promised, and near the limits
none is given.
Written by `python -m benchmarks.levels {samples}`.

| law | n | by the median: given | right when given | by the P90: given | right when given |
|---|---|---|---|---|---|"""
    for name in SHAPES:
        for n in (20, 40, 100):
            cells = []
            for found in (median_levels(name, n, samples), p90_levels(name, n, samples)):
                cells.append(f"{found['given'].mean():.1%} | {found['right'][found['given']].mean():.3f}")
            yield f"| {name} | {n} | {' | '.join(cells)} |"


if __name__ == "__main__":
    for line in report(int(sys.argv[1]) if len(sys.argv) > 1 else 400):
        print(line, flush=True)
