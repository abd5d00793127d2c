"""Intervals of means and quantiles, each by the method whose promise holds at the size at hand."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import pandas as pd
from scipy import special

from mttrlab.validate import as_minutes, inner_share

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
    values = np.sort(as_minutes(minutes))
    bounds = mean_bounds(power_sums(values), inner_share("level", level)).iloc[0]
    estimate = float(values.mean()) if len(values) else float("nan")
    return Interval(estimate, float(bounds["low"]), float(bounds["high"]), len(values), level, str(bounds["method"]))


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
    values, level = np.sort(as_minutes(minutes)), inner_share("level", level)
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
    inner_share("quantile", quantile)
    values, level = np.sort(as_minutes(minutes)), inner_share("level", level)
    estimate = float(np.quantile(values, quantile)) if len(values) else float("nan")
    low, high, method = _exact(values, quantile, level)
    if np.isnan(low):
        bounds = drop_contradicted(quantile_bounds(power_sums(values), quantile, level), np.array([estimate])).iloc[0]
        low, high, method = float(bounds["low"]), float(bounds["high"]), str(bounds["method"])
    return Interval(estimate, low, high, len(values), level, method)


def _exact(ordered: np.ndarray, quantile: float, level: float) -> tuple[float, float, str]:
    low, high = (int(rank[0]) for rank in quantile_ranks(np.array([len(ordered)]), quantile, level))
    if not low:
        return float("nan"), float("nan"), f"not estimable: n = {len(ordered)}"
    return float(ordered[low - 1]), float(ordered[high - 1]), EXACT


# Ends of intervals from sums alone, many groups at once: what a mean or a quantile can be where minutes stay put.


MIN_ENDED = 5
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
    bounds = _blank_inestimable(low, high, method, n, sums)
    heavy = use_bca & heavy_tailed(sums)
    return bounds.assign(
        low=bounds["low"].mask(heavy), high=bounds["high"].mask(heavy), method=bounds["method"].mask(heavy, HEAVY)
    )


def _blank_inestimable(
    low: np.ndarray, high: np.ndarray, method: np.ndarray, n: np.ndarray, sums: pd.DataFrame
) -> pd.DataFrame:
    variation = sums["sum2"].to_numpy(dtype=float) - sums["sum1"].to_numpy(dtype=float) ** 2 / np.maximum(n, 1)
    equal = variation <= 1e-12 * sums["sum2"].to_numpy(dtype=float)
    none = (n < MIN_ENDED) | equal | ~np.isfinite(low) | ~np.isfinite(high)
    for row in np.flatnonzero(none):
        why = f"n = {int(n[row])}" if n[row] < MIN_ENDED else "all are equal" if equal[row] else "no spread"
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
        for tail in ((1 - level) / 2, (1 + level) / 2):
            step = acceleration + special.ndtri(tail)
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
    bounds = _blank_inestimable(np.where(rejected, np.nan, low), np.where(rejected, np.nan, high), method, n, sums)
    refused = [f"not estimable: n = {int(k)}, the lognormal does not fit" for k in n]
    bounds["method"] = np.where(rejected & (n >= MIN_ENDED), refused, bounds["method"])
    return bounds


def drop_contradicted(bounds: pd.DataFrame, estimate: np.ndarray) -> pd.DataFrame:
    """Return the bounds of `quantile_bounds` without those that do not hold the quantile that was seen."""
    with np.errstate(invalid="ignore"):
        outside = (estimate < bounds["low"].to_numpy()) | (estimate > bounds["high"].to_numpy())
    return bounds.assign(
        low=bounds["low"].mask(outside), high=bounds["high"].mask(outside),
        method=bounds["method"].mask(outside, "not estimable: the lognormal does not hold what was seen"),
    )  # fmt: skip


# What a lognormal sample says about the mean and the quantiles of its law: an exact posterior, no draws.


Target: TypeAlias = 'Literal["mean"] | float | np.ndarray'
"""`mean`, or the quantile wanted (0 to 1), or one quantile per group."""

_Z_RANGE = 8.0
_MANY = 100
"""Logarithms from which sigma is known so well that fewer nodes give the same twelve digits."""


@lru_cache(maxsize=2)
def _nodes(many: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return places on the normal scale, and the mass of each."""
    at, weights = np.polynomial.legendre.leggauss(60 if many else 96)
    return at * _Z_RANGE, weights * _Z_RANGE * np.exp(-0.5 * (at * _Z_RANGE) ** 2) / np.sqrt(2 * np.pi)


def _shift(sigma: np.ndarray, target: Target) -> np.ndarray:
    """Return how far above the mean logarithm the target lies."""
    if isinstance(target, str):
        return sigma**2 / 2
    return np.asarray(sigma * special.ndtri(np.reshape(np.asarray(target, dtype=float), (-1, 1))))


@lru_cache(maxsize=512)
def _sigma_over_s(n: int) -> np.ndarray:
    """Return sigma / s at the nodes: sigma² = (n − 1) s² / χ², at fixed quantiles of χ² with n − 1 degrees."""
    half, z = (n - 1) / 2, _nodes(n >= _MANY)[0]
    chi_square = 2 * np.where(
        z < 0, special.gammaincinv(half, special.ndtr(z)), special.gammainccinv(half, special.ndtr(-z))
    )
    return np.asarray(np.sqrt((n - 1) / np.maximum(chi_square, 1e-300)))


def _below(excess: np.ndarray, sigma: np.ndarray, n: np.ndarray, target: Target) -> np.ndarray:
    """Return P(target − mean log < excess), integrated over sigma; one value per row of `sigma`."""
    root, mass = np.sqrt(n)[:, None], _nodes(bool(n[0] >= _MANY))[1]
    # Not a product of matrices: that rounds by the place of a row among the others.
    return np.asarray((special.ndtr((excess[:, None] - _shift(sigma, target)) * root / sigma) * mass).sum(axis=1))


def _density(excess: np.ndarray, sigma: np.ndarray, n: np.ndarray, target: Target) -> np.ndarray:
    root = np.sqrt(n)[:, None] / sigma
    away = (excess[:, None] - _shift(sigma, target)) * root
    mass = _nodes(bool(n[0] >= _MANY))[1]
    return np.asarray((np.exp(-0.5 * away**2) * root * mass).sum(axis=1) / np.sqrt(2 * np.pi))


def probability_below(minutes: float, n: int, mean_log: float, sd_log: float, target: Target = "mean") -> float:
    """Return the posterior probability that the mean, or a quantile, of the law lies below `minutes`.

    Parameters
    ----------
    minutes : float
    n : int
        Logarithms seen, at least 2.
    mean_log, sd_log : float
        Their mean and standard deviation (n − 1 below).
    target : "mean" or float

    Notes
    -----
    Jeffreys' prior: σ² ~ (n − 1)s²/χ², μ ~ N(mean_log, σ²/n). The same law as the generalised pivotal quantity of
    K. Krishnamoorthy and T. Mathew, *Inferences on the means of lognormal distributions*, J. Stat. Plan. Inf. 115
    (2003). χ² is integrated over fixed nodes, so there is no seed and no noise.

    Examples
    --------
    >>> round(probability_below(60, 24, 3.9, 1.1, 0.5), 6)
    0.802158
    >>> round(probability_below(60, 24, 3.9, 1.1), 3)
    0.044
    """
    sigma = sd_log * _sigma_over_s(n)[None, :]
    return float(_below(np.array([np.log(minutes) - mean_log]), sigma, np.array([float(n)]), target)[0])


def lognormal_bounds(
    n: np.ndarray, mean_log: np.ndarray, sd_log: np.ndarray, target: Target, level: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the intervals of the mean, or of a quantile, one per group; NaN below two logarithms.

    Parameters
    ----------
    n, mean_log, sd_log : ndarray
        Per group: logarithms, their mean and standard deviation.
    target : "mean" or float
    level : float

    Notes
    -----
    The same posterior as `probability_below`, turned round by Newton's method, kept inside a bracket.
    """
    low, high = np.full(len(n), np.nan), np.full(len(n), np.nan)
    for of_size in (n < _MANY, n >= _MANY):
        usable = np.flatnonzero((n >= 2) & (sd_log > 0) & of_size)
        if len(usable):
            wanted = target[usable] if isinstance(target, np.ndarray) else target
            ends = _bounds(n[usable].astype(float), sd_log[usable], wanted, level)
            with np.errstate(over="ignore"):
                low[usable], high[usable] = np.exp(mean_log[usable] + ends[0]), np.exp(mean_log[usable] + ends[1])
    return low, high


def _bounds(count: np.ndarray, sd_log: np.ndarray, target: Target, level: float) -> list[np.ndarray]:
    """Return how far the ends lie from the mean logarithm; all counts on the same side of `_MANY`."""
    sizes, place = np.unique(count, return_inverse=True)
    sigma = sd_log[:, None] * np.stack([_sigma_over_s(int(k)) for k in sizes])[place]
    ends = []
    for tail in ((1 - level) / 2, (1 + level) / 2):
        # Past these ends no sigma among the nodes leaves a doubt.
        reach = 9 * sigma.max(axis=1) / np.sqrt(count)
        left, right = _shift(sigma, target).min(axis=1) - reach, _shift(sigma, target).max(axis=1) + reach
        width = np.sqrt(1 / count + (sd_log**2 / (2 * (count - 1)) if isinstance(target, str) else 0.0))
        at = _shift(sd_log[:, None], target)[:, 0] + special.ndtri(tail) * sd_log * width
        rows = np.arange(len(count))
        for _ in range(200):
            wanted = target[rows] if isinstance(target, np.ndarray) else target
            here, posterior = (
                np.where((at > left) & (at < right), at, (left + right) / 2)[rows],
                (sigma[rows], count[rows]),
            )
            excess = _below(here, *posterior, wanted) - tail
            left[rows], right[rows] = np.where(excess < 0, here, left[rows]), np.where(excess < 0, right[rows], here)
            slope = _density(here, *posterior, wanted)
            # Newton's step; where it leaves the bracket, the next round halves the bracket instead.
            with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
                step = np.where(slope > 0, excess / slope, np.inf)
                at[rows] = here - step
            # The next step would be about the square of this one. Each row ends by itself: no number depends on others.
            rows = rows[~((np.abs(step) < 1e-7) | (right[rows] - left[rows] < 1e-12))]
            if not len(rows):
                break
        ends.append(np.where(np.isfinite(at), at, (left + right) / 2))
    return ends


# Counts and power sums of minutes and of their logarithms: all that the parametric intervals need of a group.


SUMS = ("n", "positive", "log1", "log2", "log3", "log4", "sum1", "sum2", "sum3")
"""Counts, and sums of powers: of the logarithms of minutes above zero, and of the minutes."""
REJECTED_BELOW = 0.01
"""p-value below which logarithms do not pass for normal."""


def power_sums(minutes: np.ndarray) -> pd.DataFrame:
    """Return one row of `SUMS`: what `analysis/spread.sql` gives per group, of one list of minutes."""
    above = minutes[minutes > 0]
    logs = np.log(above)
    powers = [float((logs**k).sum()) for k in (1, 2, 3, 4)]
    row = [len(minutes), len(above), *powers, *((minutes**k).sum() for k in (1, 2, 3))]
    return pd.DataFrame([row], columns=list(SUMS), dtype=float)


def log_mean(sums: pd.DataFrame) -> np.ndarray:
    """Return the mean logarithm of the minutes above zero; NaN where there are none."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return (sums["log1"] / sums["positive"]).to_numpy(dtype=float)


def log_sd(sums: pd.DataFrame) -> np.ndarray:
    """Return the standard deviation of the logarithms (n − 1 below); NaN below two."""
    n = sums["positive"].to_numpy(dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        centred = sums["log2"].to_numpy(dtype=float) - sums["log1"].to_numpy(dtype=float) ** 2 / n
        variance = np.where(n > 1, centred / (n - 1), np.nan)
        # What is left of equal minutes after subtracting is rounding.
        return np.sqrt(np.where(np.abs(variance) < 1e-15, 0.0, np.maximum(variance, 0.0)))


def lognormal_p(sums: pd.DataFrame) -> np.ndarray:
    """Return how well the logarithms pass for normal: the p-value of D'Agostino's tests.

    Returns
    -------
    ndarray
        Below 8 minutes NaN: too few to tell. Below 20 skewness alone, from there skewness and kurtosis (K²).

    Notes
    -----
    From power sums alone, so that it is the same for a frame and inside a lab. R. B. D'Agostino, E. S. Pearson,
    *Tests for departure from normality*, Biometrika 60 (1973).
    """
    from scipy import special

    n = sums["positive"].to_numpy(dtype=float)
    skewness, kurtosis, usable = _shape(sums)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        z_skewness, z_kurtosis = _z_of_skewness(skewness, n), _z_of_kurtosis(kurtosis, n)
        p = np.where(n < 20, 2 * special.ndtr(-np.abs(z_skewness)), special.chdtrc(2, z_skewness**2 + z_kurtosis**2))
    return np.where((n >= 8) & usable, p, np.nan)


def heavy_tailed(sums: pd.DataFrame) -> np.ndarray:
    """Return where the logarithms look like those of a law whose variance is not finite.

    Notes
    -----
    The log-logistic with a shape below 2 has logarithms that are symmetric, with a kurtosis of 4.2 and a standard
    deviation above pi / sqrt(12) = 0.907. So: a deviation above that, a kurtosis above the normal's by more than
    chance (one-sided, 0.01), and no left skewness to account for it. A power law has exponential logarithms, of
    skewness 2 and kurtosis 9, with a standard deviation above 1/2 where its index is below 2: both above the normal's
    by more than chance (0.005 and 0.01), and a deviation above 0.4, as a fifth less is chance too.
    """
    n = sums["positive"].to_numpy(dtype=float)
    skewness, kurtosis, _ = _shape(sums)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        z_skewness, z_kurtosis, sd = _z_of_skewness(skewness, n), _z_of_kurtosis(kurtosis, n), log_sd(sums)
        symmetric = (z_skewness > -1.96) & (sd > np.pi / np.sqrt(12))
        power_law = (z_skewness > 2.576) & (sd > 0.4)
        heavy = (z_kurtosis > 2.326) & (symmetric | power_law)
    return np.asarray((n >= 20) & heavy)


def _shape(sums: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return skewness and kurtosis of the logarithms, and where they vary enough to have any."""
    n = sums["positive"].to_numpy(dtype=float)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        m1, m2, m3, m4 = (sums[f"log{k}"].to_numpy(dtype=float) / n for k in (1, 2, 3, 4))
        variance = m2 - m1**2
        # Of logarithms that hardly differ the higher powers are rounding.
        usable = variance > 1e-6 * np.maximum(m2, 1e-9)
        skewness = (m3 - 3 * m1 * m2 + 2 * m1**3) / variance**1.5
        kurtosis = (m4 - 4 * m1 * m3 + 6 * m1**2 * m2 - 3 * m1**4) / variance**2
    return skewness, kurtosis, usable


def _z_of_skewness(skewness: np.ndarray, n: np.ndarray) -> np.ndarray:
    y = skewness * np.sqrt((n + 1) * (n + 3) / (6 * (n - 2)))
    beta = 3 * (n**2 + 27 * n - 70) * (n + 1) * (n + 3) / ((n - 2) * (n + 5) * (n + 7) * (n + 9))
    w2 = -1 + np.sqrt(2 * (beta - 1))
    return np.asarray(np.arcsinh(y / np.sqrt(2 / (w2 - 1))) / np.sqrt(0.5 * np.log(w2)))


def _z_of_kurtosis(kurtosis: np.ndarray, n: np.ndarray) -> np.ndarray:
    variance = 24 * n * (n - 2) * (n - 3) / ((n + 1) ** 2 * (n + 3) * (n + 5))
    x = (kurtosis - 3 * (n - 1) / (n + 1)) / np.sqrt(variance)
    skew = 6 * (n**2 - 5 * n + 2) / ((n + 7) * (n + 9)) * np.sqrt(6 * (n + 3) * (n + 5) / (n * (n - 2) * (n - 3)))
    a = 6 + 8 / skew * (2 / skew + np.sqrt(1 + 4 / skew**2))
    below = 1 + x * np.sqrt(2 / (a - 4))
    cubed = np.sign(below) * np.cbrt((1 - 2 / a) / np.abs(below))
    return np.asarray((1 - 2 / (9 * a) - cubed) / np.sqrt(2 / (9 * a)))


# Which two of the sorted minutes enclose a quantile, whatever law they follow.


def quantile_ranks(n: np.ndarray, quantile: float, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the ranks (from 1) of the sorted values that enclose a quantile; 0 where no two do.

    Parameters
    ----------
    n : ndarray of int
        Sizes of the samples.
    quantile : float
        0 to 1.
    level : float
        Least probability that the interval holds the quantile.

    Notes
    -----
    Both tails get (1 − level)/2. Where the largest value leaves more than that above, it is the upper end and the
    lower tail gets what is left (and the other way round), so the P90 has a 95 % interval from n = 29 and the median
    from n = 6: 1 − q**n − (1 − q)**n >= level.

    Examples
    --------
    >>> [int(rank[0]) for rank in quantile_ranks(np.array([10]), 0.5, 0.95)]
    [2, 9]
    >>> [int(rank[0]) for rank in quantile_ranks(np.array([28]), 0.9, 0.95)]
    [0, 0]
    """
    from scipy import special

    n = np.asarray(n, dtype=np.int64)
    tail = 1 - level
    all_below = float(quantile) ** n
    all_above = (1 - float(quantile)) ** n
    above = np.where(all_below > tail / 2, all_below, np.where(all_above > tail / 2, tail - all_above, tail / 2))
    below = np.where(all_below > tail / 2, tail - all_below, np.where(all_above > tail / 2, all_above, tail / 2))
    exists = (all_below + all_above <= tail * (1 + 1e-12)) & (n > 0)
    size = np.maximum(n, 1)
    lower_tail = np.clip(below, 0, 1)
    low = _first_count(lower_tail, size, quantile)
    # It is the first count whose probability reaches the tail; the rank may use it only where it is no more.
    low = np.where(special.bdtr(low, size, quantile) <= lower_tail * (1 + 1e-9), low + 1, low)
    high = _first_count(np.clip(1 - above * (1 + 1e-9), 0, 1), size, quantile) + 1
    exists &= (low >= 1) & (high <= n)
    return np.where(exists, low, 0).astype(int), np.where(exists, high, 0).astype(int)


def _first_count(probability: np.ndarray, size: np.ndarray, quantile: float) -> np.ndarray:
    """Return the first count whose binomial probability reaches `chance` (scipy.stats takes a second to import)."""
    from scipy import special

    count = np.ceil(special.bdtrik(probability, size, quantile))
    before = np.maximum(count - 1, 0)
    return np.asarray(np.where(special.bdtr(before, size, quantile) >= probability, before, count))
