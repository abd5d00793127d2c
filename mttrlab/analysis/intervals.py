"""Intervals of means and quantiles, each by the method whose promise holds at the size at hand."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mttrlab.analysis.bounds import contradicted, mean_bounds, quantile_bounds
from mttrlab.analysis.moments import checked_level, checked_minutes, power_sums
from mttrlab.analysis.ranks import quantile_ranks
from mttrlab.errors import QuestionError

EXACT = "order statistics"


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


def _exact(ordered: np.ndarray, quantile: float, level: float) -> tuple[float, float, str]:
    low, high = (int(rank[0]) for rank in quantile_ranks(np.array([len(ordered)]), quantile, level))
    if not low:
        return float("nan"), float("nan"), f"not estimable: n = {len(ordered)}"
    return float(ordered[low - 1]), float(ordered[high - 1]), EXACT
