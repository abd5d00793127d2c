"""Ends of intervals from sums alone, many groups at once: what a mean or a quantile can be where minutes stay put."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mttrlab.analysis.lognormal import lognormal_bounds
from mttrlab.analysis.moments import REJECTED_BELOW, heavy_tailed, log_mean, log_sd, lognormal_p

LEAST = 5
"""Ended incidents below which no interval of a mean is shown: it would span orders of magnitude."""
ZEROS_TOLERATED = 0.2
"""Share of zero minutes above which the lognormal is not used."""
LOGNORMAL = "lognormal"
BOOTSTRAP = "BCa; covers less than it says"
HEAVY = "not estimable: single long incidents decide the average; use the median"
"""Of a mean whose variance is not finite: no interval keeps its promise (`tail_guard` shows the law behind it)."""


def mean_bounds(sums: pd.DataFrame, level: float) -> pd.DataFrame:
    """Return `low, high, method` of the mean for each row of power sums (`SUMS`)."""
    n, positive = sums["n"].to_numpy(dtype=float), sums["positive"].to_numpy(dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = sums["sum1"].to_numpy(dtype=float) / n
        above = positive / n
        low, high = lognormal_bounds(positive, log_mean(sums), log_sd(sums), "mean", level)
        # Zeros add nothing to the sum: the mean of all is the mean of the others times their share.
        low, high = low * above, high * above
        fits = ~(lognormal_p(sums) < REJECTED_BELOW) & (above >= 1 - ZEROS_TOLERATED) & (low <= mean) & (mean <= high)
    bca_low, bca_high = bca_bounds(sums, level)
    use_bca = ~fits & np.isfinite(bca_low)
    low, high = np.where(use_bca, bca_low, low), np.where(use_bca, bca_high, high)
    method = np.where(use_bca, BOOTSTRAP, LOGNORMAL).astype(object)
    zeros = (n - positive).astype(int)
    for row in np.flatnonzero((zeros > 0) & ~use_bca):
        method[row] = f"{LOGNORMAL}, {zeros[row]} zero"
    found = _withheld(low, high, method, n, sums)
    heavy = use_bca & heavy_tailed(sums)
    return found.assign(
        low=found["low"].mask(heavy), high=found["high"].mask(heavy), method=found["method"].mask(heavy, HEAVY)
    )


def _withheld(low: np.ndarray, high: np.ndarray, method: np.ndarray, n: np.ndarray, sums: pd.DataFrame) -> pd.DataFrame:
    spread = sums["sum2"].to_numpy(dtype=float) - sums["sum1"].to_numpy(dtype=float) ** 2 / np.maximum(n, 1)
    equal = spread <= 1e-12 * sums["sum2"].to_numpy(dtype=float)
    none = (n < LEAST) | equal | ~np.isfinite(low) | ~np.isfinite(high)
    for row in np.flatnonzero(none):
        why = f"n = {int(n[row])}" if n[row] < LEAST else "all are equal" if equal[row] else "no spread"
        method[row] = f"not estimable: {why}"
    return pd.DataFrame({"low": np.where(none, np.nan, low), "high": np.where(none, np.nan, high), "method": method})


def bca_bounds(sums: pd.DataFrame, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the BCa interval of the mean, in closed form from its first three moments.

    T. DiCiccio and B. Efron, *More accurate confidence intervals in exponential families*, Biometrika 79 (1992): for
    a mean, bias correction and acceleration are both skewness / 6 sqrt(n), and no resampling is needed.
    """
    from scipy import special

    n = sums["n"].to_numpy(dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        m1, m2, m3 = (sums[f"sum{k}"].to_numpy(dtype=float) / n for k in (1, 2, 3))
        deviation = np.sqrt(np.maximum(m2 - m1**2, 0))
        acceleration = (m3 - 3 * m1 * m2 + 2 * m1**3) / deviation**3 / (6 * np.sqrt(n))
        ends = []
        for chance in ((1 - level) / 2, (1 + level) / 2):
            step = acceleration + special.ndtri(chance)
            ends.append(m1 + deviation / np.sqrt(n) * step / (1 - acceleration * step) ** 2)
    return np.maximum(ends[0], 0), ends[1]


def quantile_bounds(sums: pd.DataFrame, quantile: float, level: float) -> pd.DataFrame:
    """Return `low, high, method` of a quantile by the lognormal law, for each row of power sums (`SUMS`)."""
    n, positive = sums["n"].to_numpy(dtype=float), sums["positive"].to_numpy(dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        # Of n minutes the zeros come first: the others carry the rest of the quantile.
        among = 1 - (1 - quantile) * n / positive
    low, high = lognormal_bounds(positive, log_mean(sums), log_sd(sums), np.where(among > 0, among, 0.5), level)
    zeros = (n - positive).astype(int)
    method = np.array([f"{LOGNORMAL}, {k} zero" if k else LOGNORMAL for k in zeros], dtype=object)
    rejected = (lognormal_p(sums) < REJECTED_BELOW) | (positive < (1 - ZEROS_TOLERATED) * n) | ~(among > 0)
    found = _withheld(np.where(rejected, np.nan, low), np.where(rejected, np.nan, high), method, n, sums)
    refused = [f"not estimable: n = {int(k)}, the lognormal does not fit" for k in n]
    found["method"] = np.where(rejected & (n >= LEAST), refused, found["method"])
    return found


def contradicted(bounds: pd.DataFrame, estimate: np.ndarray) -> pd.DataFrame:
    """Return the bounds of `quantile_bounds` without those that do not hold the quantile that was seen."""
    with np.errstate(invalid="ignore"):
        outside = (estimate < bounds["low"].to_numpy()) | (estimate > bounds["high"].to_numpy())
    return bounds.assign(
        low=bounds["low"].mask(outside), high=bounds["high"].mask(outside),
        method=bounds["method"].mask(outside, "not estimable: the lognormal does not hold what was seen"),
    )  # fmt: skip
