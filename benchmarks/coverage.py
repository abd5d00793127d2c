"""How often nominal 95 % intervals hold the true value, at the incident counts that teams have.

Lognormal durations with sigma 1.25. Run `python -m benchmarks.coverage [replications]`; it prints `coverage.md`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy import special, stats

from mttrlab.analysis.intervals import bca_bounds, lognormal_bounds, quantile_ranks

MU, SIGMA, SIZES, SEED, RESAMPLES = 4.25, 1.25, (10, 20, 50, 100), 2026, 499
PUBLISHED = {
    "mean: percentile bootstrap": (0.745, 0.786, 0.876, 0.907),
    "mean: BCa in closed form": (0.773, 0.824, 0.892, 0.909),
    "mean: Student's t": (0.772, 0.797, 0.871, 0.904),
    "mean: modified Cox": (0.930, 0.943, 0.944, 0.952),
    "mean: lognormal": (0.941, 0.946, 0.947, 0.950),
    "median: order statistics": (None, None, None, None),
    "P90: percentile bootstrap": (0.637, 0.859, 0.912, 0.942),
    "P90: lognormal": (0.944, 0.949, 0.950, 0.950),
}


def intervals(minutes: np.ndarray, generator: np.random.Generator) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yield the name and the ends of each interval, one per row of `minutes`."""
    n = minutes.shape[1]
    logs = np.log(minutes)
    mean, sd, size = logs.mean(axis=1), logs.std(axis=1, ddof=1), np.full(len(minutes), n)
    t = special.stdtrit(n - 1, 0.975)
    reach = t * np.sqrt(sd**2 / n + sd**4 / (2 * (n - 1)))
    yield "mean: modified Cox", np.exp(mean + sd**2 / 2 - reach), np.exp(mean + sd**2 / 2 + reach)
    error = t * minutes.std(axis=1, ddof=1) / np.sqrt(n)
    yield "mean: Student's t", minutes.mean(axis=1) - error, minutes.mean(axis=1) + error
    yield "mean: lognormal", *lognormal_bounds(size, mean, sd, "mean", 0.95)
    yield "P90: lognormal", *lognormal_bounds(size, mean, sd, 0.9, 0.95)
    sums = pd.DataFrame({"n": size.astype(float), **{f"sum{k}": (minutes**k).sum(axis=1) for k in (1, 2, 3)}})
    yield "mean: BCa in closed form", *bca_bounds(sums, 0.95)
    low, high = (int(rank[0]) for rank in quantile_ranks(np.array([n]), 0.5, 0.95))
    ordered = np.sort(minutes, axis=1)
    yield "median: order statistics", ordered[:, low - 1], ordered[:, high - 1]
    means, tails = np.empty((len(minutes), RESAMPLES)), np.empty((len(minutes), RESAMPLES))
    for row, sample in enumerate(minutes):
        again = sample[generator.integers(0, n, (RESAMPLES, n))]
        means[row], tails[row] = again.mean(axis=1), np.quantile(again, 0.9, axis=1)
    yield "mean: percentile bootstrap", *np.quantile(means, [0.025, 0.975], axis=1)
    yield "P90: percentile bootstrap", *np.quantile(tails, [0.025, 0.975], axis=1)


def coverage(replications: int = 2000, seed: int = SEED) -> pd.DataFrame:
    """Return the share of samples whose interval holds the true value, per method and n."""
    true = {
        "mean": np.exp(MU + SIGMA**2 / 2),
        "median": np.exp(MU),
        "P90": np.exp(MU + SIGMA * stats.norm.ppf(0.9)),
    }
    generator = np.random.default_rng(seed)
    rows: dict[str, dict[int, float]] = {}
    for n in SIZES:
        minutes = np.exp(generator.normal(MU, SIGMA, (replications, n)))
        for name, low, high in intervals(minutes, generator):
            value = true[name.split(":")[0]]
            rows.setdefault(name, {})[n] = float(((low <= value) & (value <= high)).mean())
    return pd.DataFrame(rows).T.loc[list(PUBLISHED)]


def main(replications: int = 2000) -> None:
    """Print the table with the published values in brackets."""
    table = coverage(replications)
    print("# Coverage of nominal 95 % intervals\n")
    print(
        f"Lognormal durations, sigma {SIGMA}; {replications} samples each, seed {SEED}; published values in brackets."
    )
    print(f"Written by `python -m benchmarks.coverage {replications}`.\n")
    print("| interval | " + " | ".join(f"n = {n}" for n in SIZES) + " |")
    print("|---|" + "---|" * len(SIZES))
    for name, row in table.iterrows():
        cells = [
            f"{row[n]:.3f}" + (f" ({known:.3f})" if known else "")
            for n, known in zip(SIZES, PUBLISHED[str(name)], strict=True)
        ]
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
