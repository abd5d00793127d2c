"""How often do the monthly intervals of mean and P90 hold the truth, at the shapes that durations have?

`python -m benchmarks.months [ORGANISATIONS]` writes the table of `benchmarks/months.md`: four months of each.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import special

from mttrlab.analysis.summary import monthly_mttr

SEED, MONTHS, LOOKED_AT = 2026, 24, 4


class Shape(NamedTuple):
    """A law of durations whose mean and P90 are known."""

    draw: Callable[[np.random.Generator, int], np.ndarray]
    mean: float
    p90: float


def _two_clumps(rng: np.random.Generator, n: int) -> np.ndarray:
    return np.exp(np.where(rng.random(n) < 0.25, rng.normal(2.0, 0.7, n), rng.normal(-0.2, 0.5, n)))


def _log_logistic(rng: np.random.Generator, n: int) -> np.ndarray:
    u = rng.random(n)
    return np.asarray((u / (1 - u)) ** (1 / 1.5))


SHAPES = {
    "lognormal": Shape(lambda rng, n: np.exp(rng.normal(0, 1.25, n)), np.exp(1.25**2 / 2), np.exp(1.25 * 1.2815516)),
    "mixture": Shape(_two_clumps, 0.25 * np.exp(2.245) + 0.75 * np.exp(-0.075), np.exp(2.1785)),
    "Weibull 0.7": Shape(lambda rng, n: rng.weibull(0.7, n), special.gamma(1 + 1 / 0.7), np.log(10) ** (1 / 0.7)),
    "Pareto 1.8": Shape(lambda rng, n: rng.pareto(1.8, n) + 1, 1.8 / 0.8, 10 ** (1 / 1.8)),
    "log-logistic 1.5": Shape(_log_logistic, np.pi / 1.5 / np.sin(np.pi / 1.5), 9 ** (1 / 1.5)),
}


def history(
    rng: np.random.Generator, shape: Shape, n: int, seen_for: float = np.inf
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return phases of 24 months of n incidents, and the level of each month, which varies by 0.3 on logs.

    In the first four months no incident has been seen for longer than a time drawn up to `seen_for`, in units of the
    law.
    """
    levels = 20 * np.exp(0.3 * rng.normal(0, 1, MONTHS))
    month = np.repeat(np.arange(MONTHS), n)
    lasts = shape.draw(rng, MONTHS * n)
    seen = np.where(month < LOOKED_AT, rng.uniform(0, 1, MONTHS * n) * seen_for, np.inf)
    frame = pd.DataFrame({
        "month": pd.date_range("2024-01-01", periods=MONTHS, freq="MS", tz="UTC")[month],
        "recovery": np.minimum(lasts, seen) * levels[month],
        "recovery_observed": pd.array(lasts <= seen, dtype="boolean"),
    })  # fmt: skip
    return frame, levels


def study(name: str, n: int, organisations: int, seen_for: float = np.inf, seed: int = SEED) -> pd.DataFrame:
    """Return one row per month looked at: whether each interval is given, holds the truth, and how wide it is."""
    shape, rng = SHAPES[name], np.random.default_rng([seed, n])
    rows = []
    for _ in range(organisations):
        frame, levels = history(rng, shape, n, seen_for)
        for level, line in zip(levels, monthly_mttr(frame).head(LOOKED_AT).to_dict("records"), strict=False):
            row: dict[str, object] = {"open_lead": bool(line["note"])}
            for statistic, truth in (("mean", shape.mean * level), ("p90", shape.p90 * level)):
                low, high = line[f"{statistic}_low"], line[f"{statistic}_high"]
                row |= {
                    f"{statistic}_given": bool(low == low and np.isfinite(high)),
                    f"{statistic}_alone": high == np.inf,
                }
                row |= {f"{statistic}_holds": bool(low <= truth <= high), f"{statistic}_width": high / low}
            rows.append(row)
    return pd.DataFrame(rows)


def report(organisations: int) -> Iterator[str]:
    """Yield the lines of the page."""
    yield f"""# Do the monthly intervals of mean and P90 hold the truth?

`monthly_mttr` over made-up organisations of {MONTHS} months with n incidents each, the first {LOOKED_AT} months of
{organisations} organisations looked at (seed {SEED}); nominal 95 %; the level of each month
varies by 0.3 on logs.
Written by `python -m benchmarks.months {organisations}`. Of 400 months .92 lies 2.6 standard errors below .95.
P90: from n = 29 by order statistics. Holds: of all months; where only a lower end is given, it lies below the truth.

| law | n | mean holds | both ends given | lower end alone | middle width | P90 holds | given |
|---|---|---|---|---|---|---|---|"""
    for name in SHAPES:
        for n in (12, 25):
            found = study(name, n, organisations)
            width = found["mean_width"][found["mean_given"]].median()
            yield (
                f"| {name} | {n} | {found['mean_holds'].mean():.3f} | {found['mean_given'].mean():.1%} | "
                f"{found['mean_alone'].mean():.1%} | × {width:.1f} | {found['p90_holds'].mean():.3f} | "
                f"{found['p90_given'].mean():.1%} |"
            )
    yield "\n| lognormal, seen for up to | n | open ones counted | mean holds | P90 holds | where counted | P90 there |"
    yield "|---|---|---|---|---|---|---|"
    for seen_for in (2.0, 5.0, 20.0):
        found = study("lognormal", 25, organisations, seen_for=seen_for)
        lead = found[found["open_lead"]]
        yield (
            f"| {seen_for:g} × the median | 25 | {len(lead) / len(found):.0%} of months | "
            f"{found['mean_holds'].mean():.3f} | {found['p90_holds'].mean():.3f} | "
            f"{lead['mean_holds'].mean():.3f} | {lead['p90_holds'].mean():.3f} |"
        )


if __name__ == "__main__":
    for line in report(int(sys.argv[1]) if len(sys.argv) > 1 else 100):
        print(line, flush=True)
