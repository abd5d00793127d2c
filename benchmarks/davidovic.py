"""Published results on what a mean time to recover is worth, reproduced at full size.

Run `python -m benchmarks.davidovic [SHARED]`; SHARED is the folder of reference material (default: ../shared).
It prints the tables of `davidovic.md`.
"""

from __future__ import annotations

import math
import sys
import time
from pathlib import Path

import numpy as np
from scipy import stats

from mttrlab.analysis.distributions import Law
from mttrlab.analysis.power import apparent_change, power_of

SEED = 20210319
DRAWS = 100_000
# Mean and standard deviation (minutes) and incidents of 2019, as the report prints them.
COMPANIES = {"A": (146, 316, 173), "B": (151, 301, 103), "C": (271, 413, 609)}
STAND_INS = {"B": Law("lognormal", (4.2341, 1.2515))}
# sigma, n per period: mean 10/20/30/50 %, median 20 %, no change looks 20 % better (None: not published).
GRID = {
    (1.00, 10): (0.419, 0.334, 0.250, 0.096, 0.335, 0.340),
    (1.00, 50): (0.338, 0.188, 0.079, 0.004, 0.185, 0.189),
    (1.25, 5): (0.455, 0.405, 0.350, 0.229, 0.405, 0.402),
    (1.25, 10): (0.441, 0.375, 0.305, 0.164, 0.366, 0.377),
    (1.25, 25): (0.412, 0.319, 0.227, 0.076, 0.305, 0.318),
    (1.25, 50): (0.379, 0.261, 0.154, 0.028, 0.234, 0.263),
    (1.25, 100): (0.339, 0.192, 0.083, 0.005, 0.154, 0.191),
    (1.25, 250): (0.263, 0.091, 0.018, 0.000, 0.054, 0.092),
    (1.25, 500): (0.190, 0.032, 0.002, 0.000, 0.012, 0.033),
    (1.50, 10): (0.452, 0.398, 0.342, 0.216, 0.387, 0.400),
    (1.50, 100): (0.380, 0.261, 0.154, 0.028, 0.201, 0.260),
}
POWERS = {
    (100, 0.1): 0.0884,
    (1000, 0.1): 0.4743,
    (2000, 0.1): 0.7630,
    (4000, 0.1): 0.9636,
    (100, 0.25): 0.3754,
    (100, 0.5): 0.9736,
}


def two_settings(shared: Path) -> None:
    """Print the headline results; each line names both counts, which the report does not."""
    stand_ins = {"A": np.loadtxt(shared / "truth" / "davidovic_matched_A.csv", comments="#"), **STAND_INS}
    published = {"A": (0.38, 0.49, 0.19), "B": (0.40, 0.50, 0.23)}
    print("| company | question | incidents before, after | published | here |\n|---|---|---|---|---|")
    for name, minutes in stand_ins.items():
        n = COMPANIES[name][2]
        halves, whole = (n // 2, n - n // 2), (n, n)
        better = apparent_change(minutes, *halves, reduction=0.1, better_by=15, draws=DRAWS, seed=SEED).iloc[0]
        same = apparent_change(minutes, *whole, better_by=30, draws=DRAWS, seed=SEED).iloc[0]
        other = apparent_change(minutes, *halves, better_by=30, draws=DRAWS, seed=SEED).iloc[0]
        worse, quarter, nothing = published[name]
        rows = (
            ("10 % better, looks worse", halves, worse, better.looks_worse),
            ("10 % better, looks 15 min better or more", halves, quarter, better.looks_better),
            ("unchanged, looks 30 min better or more", whole, nothing, same.looks_better),
            ("unchanged, looks 30 min better or more", halves, None, other.looks_better),
        )
        for question, counts, print_, here in rows:
            shown = "—" if print_ is None else f"{print_:.0%}"
            print(f"| {name} | {question} | {counts[0]}, {counts[1]} | {shown} | {here:.1%} |")


def ranges(shared: Path) -> None:
    """Print the 90 % ranges of the difference when nothing changed."""
    minutes = np.loadtxt(shared / "truth" / "davidovic_matched_A.csv", comments="#")
    published = {("mean", 50): 104, ("mean", 500): 33, ("geometric mean", 50): 24.5, ("geometric mean", 500): 7.2}
    published |= {("sum", 50): 87 * 60, ("sum", 500): 274.5 * 60, ("median", 50): 29, ("median", 500): 11}
    print("\n| statistic | incidents on each side | published ± min | here ± min |\n|---|---|---|---|")
    for (statistic, n), half in published.items():
        row = apparent_change(minutes, n, n, statistic=statistic, draws=20_000, seed=SEED).iloc[0]
        print(f"| {statistic} | {n} | {half:g} | {(row.high - row.low) / 2:.1f} |")


def grid() -> float:
    """Print the lognormal grid and return the largest distance from the reference."""
    print("\n| σ | n | mean, 10/20/30/50 % | geometric mean, 10/20/30/50 % | median, 20 % | no change, 20 % better |")
    print("|---|---|---|---|---|---|")
    furthest = 0.0
    for (sigma, n), expected in GRID.items():
        law = Law("lognormal", (0.0, sigma))
        means = [apparent_change(law, n, n, reduction=r, draws=DRAWS, seed=12345).iloc[0] for r in (0.1, 0.2, 0.3, 0.5)]
        median = apparent_change(law, n, n, reduction=0.2, statistic="median", draws=DRAWS, seed=12345).iloc[0]
        same = apparent_change(law, n, n, better_by_share=0.2, draws=DRAWS, seed=12345).iloc[0]
        found = [*(row.looks_worse for row in means), median.looks_worse, same.looks_better]
        furthest = max(furthest, *(abs(a - b) for a, b in zip(found, expected, strict=True)))
        exact = [stats.norm.cdf(math.log1p(-r) / (sigma * math.sqrt(2 / n))) for r in (0.1, 0.2, 0.3, 0.5)]
        print(
            f"| {sigma:.2f} | {n} | {' / '.join(f'{v:.3f}' for v in found[:4])} "
            f"| {' / '.join(f'{v:.4f}' for v in exact)} | {found[4]:.3f} | {found[5]:.3f} |"
        )
    print(f"\nFurthest from the reference: {furthest:.4f} (tolerance 0.006).")
    return furthest


def powers() -> None:
    """Print the powers of Benninghoff's study, simulated as published and exact."""
    chance = np.random.Generator(np.random.PCG64(SEED))
    print("\n| incidents on each side | reduction | published | simulated | exact |\n|---|---|---|---|---|")
    for (n, reduction), published in POWERS.items():
        seen = 0
        for _ in range(20):
            before = chance.normal(4.25, 1.25, (500, n))
            after = chance.normal(4.25 + math.log1p(-reduction), 1.25, (500, n))
            answer = stats.ttest_ind(before, after, axis=1, equal_var=False)
            seen += int(((answer.pvalue < 0.05) & (answer.statistic > 0)).sum())
        print(f"| {n} | {reduction:.0%} | {published:.4f} | {seen / 10_000:.4f} | {power_of(n, reduction):.4f} |")


def main() -> None:
    """Print every table."""
    shared = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parents[2] / "shared")
    started = time.perf_counter()
    two_settings(shared)
    ranges(shared)
    grid()
    powers()
    print(f"\n{time.perf_counter() - started:.0f} s on one core.")


if __name__ == "__main__":
    main()
