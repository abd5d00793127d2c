"""Intervals of means and quantiles, each by the method whose promise holds at the size at hand."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from mttrlab.analysis.lognormal import lognormal_bounds
from mttrlab.analysis.moments import (
    REJECTED_BELOW,
    checked_level,
    checked_minutes,
    heavy_tailed,
    log_mean,
    log_sd,
    lognormal_p,
    power_sums,
)
from mttrlab.analysis.ranks import quantile_ranks
from mttrlab.errors import QuestionError

LEAST = 5
"""Ended incidents below which no interval of a mean is shown: it would span orders of magnitude."""
ZEROS_TOLERATED = 0.2
"""Share of zero minutes above which the lognormal is not used."""
EXACT = "order statistics"
LOGNORMAL = "lognormal"
BOOTSTRAP = "BCa; covers less than it says"
HEAVY = "not estimable: single long incidents decide the average; use the median"
"""Of a mean whose variance is not finite: no interval keeps its promise (`tail_guard` shows the law behind it)."""


class Interval(NamedTuple):
    """A number with its interval, and where both come from."""

    estimate: float
    """Minutes; NaN where there is none."""
    low: float
    """Lower end, minutes; NaN where it cannot be estimated."""
    high: float
    """Upper end, minutes."""
    n: int
    """Ended incidents it rests on."""
    level: float
    """Probability with which the interval holds the true value."""
    method: str
    """How, or why not."""


def mean_interval(minutes: object, level: float = 0.95) -> Interval:
    """Return the mean with its interval.

    Parameters
    ----------
    minutes : array-like
        Minutes of ended incidents; NaN are left out.
    level : float

    Returns
    -------
    Interval
        The arithmetic mean; ends by the lognormal law (its generalised interval, exact by Jeffreys' prior) unless the
        logarithms do not pass for normal, or more than a fifth are zero, or the mean lies outside; then by the
        bias-corrected accelerated bootstrap in closed form, which covers less than it says. Where the logarithms have
        the tails of a log-logistic law without a finite variance there are no ends: `method` says so, and what to
        use instead (`restricted_mean` is the mean within a horizon). Zeros are counted, and named in `method`.

    Raises
    ------
    SchemaError, QuestionError
        When minutes are no finite numbers, or the level is not between 0 and 1.

    Notes
    -----
    Coverage of the nominal 95 % at n = 10, 20, 50, 100 of a lognormal with sigma 1.25: lognormal .94, .95, .95, .95;
    BCa .77, .82, .89, .91 (`benchmarks/coverage.md`).

    Examples
    --------
    >>> mean_interval([12, 25, 31, 47, 75, 120, 240]).method
    'lognormal'
    >>> mean_interval([12, 25]).method
    'not estimable: n = 2'
    """
    values = np.sort(checked_minutes(minutes))
    found = mean_bounds(power_sums(values), checked_level(level)).iloc[0]
    estimate = float(values.mean()) if len(values) else float("nan")
    return Interval(estimate, float(found["low"]), float(found["high"]), len(values), level, str(found["method"]))


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


def geometric_mean_interval(minutes: object, level: float = 0.95) -> Interval:
    """Return the geometric mean (the typical minutes) with Student's interval of the logarithms.

    Parameters
    ----------
    minutes : array-like
        Minutes of ended incidents; NaN are left out, and zeros are counted in `method`.
    level : float

    Raises
    ------
    SchemaError, QuestionError
        When minutes are no finite numbers, or the level is not between 0 and 1.

    Examples
    --------
    >>> found = geometric_mean_interval([10, 100])
    >>> round(found.estimate, 3), found.n
    (31.623, 2)
    """
    from scipy import special

    values, level = np.sort(checked_minutes(minutes)), checked_level(level)
    logs = np.log(values[values > 0])
    n, zeros = len(logs), int((values == 0).sum())
    named = f", {zeros} zero left out" if zeros else ""
    if n < 2:
        estimate = float(np.exp(logs[0])) if n else float("nan")
        return Interval(estimate, float("nan"), float("nan"), n, level, f"not estimable: n = {n}{named}")
    if np.ptp(logs) == 0:
        return Interval(
            float(values.max()), float("nan"), float("nan"), n, level, "not estimable: all are equal" + named
        )
    reach = special.stdtrit(n - 1, (1 + level) / 2) * logs.std(ddof=1) / np.sqrt(n)
    low, middle, high = np.exp([logs.mean() - reach, logs.mean(), logs.mean() + reach])
    return Interval(float(middle), float(low), float(high), n, level, f"t on logs{named}")


def median_interval(minutes: object, level: float = 0.95) -> Interval:
    """Return the median with its exact order-statistic interval (from n = 6 at 95 %).

    Parameters
    ----------
    minutes : array-like
        Minutes of ended incidents; NaN are left out.
    level : float

    Raises
    ------
    SchemaError, QuestionError
        When minutes are no finite numbers, or the level is not between 0 and 1.

    Examples
    --------
    >>> median_interval([10, 20, 30, 40, 50, 60])
    Interval(estimate=35.0, low=10.0, high=60.0, n=6, level=0.95, method='order statistics')
    """
    values, level = np.sort(checked_minutes(minutes)), checked_level(level)
    low, high, method = _exact(values, 0.5, level)
    estimate = float(np.quantile(values, 0.5)) if len(values) else float("nan")
    return Interval(estimate, low, high, len(values), level, method)


def quantile_interval(minutes: object, quantile: float = 0.9, level: float = 0.95) -> Interval:
    """Return a quantile with its interval.

    Parameters
    ----------
    minutes : array-like
        Minutes of ended incidents; NaN are left out.
    quantile : float
        0 to 1; 0.9 is the P90.
    level : float

    Returns
    -------
    Interval
        The quantile as PERCENTILE_CONT has it; ends by order statistics where two of them reach the level (P90 from
        n = 29, P95 from 59, P99 from 299), else by the lognormal law, labelled, where it is not rejected; else none.

    Raises
    ------
    SchemaError, QuestionError
        When minutes are no finite numbers, or quantile or level is not between 0 and 1.

    Examples
    --------
    >>> quantile_interval([10, 20, 30, 40]).estimate
    37.0
    >>> quantile_interval(range(1, 21)).method
    'lognormal'
    """
    if not isinstance(quantile, (int, float)) or not 0 < quantile < 1:
        raise QuestionError(f"quantile must lie between 0 and 1, such as 0.9; got {quantile!r}")
    values, level = np.sort(checked_minutes(minutes)), checked_level(level)
    estimate = float(np.quantile(values, quantile)) if len(values) else float("nan")
    low, high, method = _exact(values, quantile, level)
    if np.isnan(low):
        found = contradicted(quantile_bounds(power_sums(values), quantile, level), np.array([estimate])).iloc[0]
        low, high, method = float(found["low"]), float(found["high"]), str(found["method"])
    return Interval(estimate, low, high, len(values), level, method)


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


def _exact(ordered: np.ndarray, quantile: float, level: float) -> tuple[float, float, str]:
    low, high = (int(rank[0]) for rank in quantile_ranks(np.array([len(ordered)]), quantile, level))
    if not low:
        return float("nan"), float("nan"), f"not estimable: n = {len(ordered)}"
    return float(ordered[low - 1]), float(ordered[high - 1]), EXACT
