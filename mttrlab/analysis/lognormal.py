"""What a lognormal sample says about the mean and the quantiles of its law: an exact posterior, no draws."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, TypeAlias

import numpy as np
from scipy import special

Target: TypeAlias = 'Literal["mean"] | float | np.ndarray'
"""`mean`, or the quantile wanted (0 to 1), or one quantile per group."""

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(96)
_SPREAD = 8.0
_Z = _NODES * _SPREAD
_MASS = _WEIGHTS * _SPREAD * np.exp(-0.5 * _Z**2) / np.sqrt(2 * np.pi)


def _shift(sigma: np.ndarray, target: Target) -> np.ndarray:
    """Return how far above the mean logarithm the target lies."""
    if isinstance(target, str):
        return sigma**2 / 2
    return np.asarray(sigma * special.ndtri(np.reshape(np.asarray(target, dtype=float), (-1, 1))))


@lru_cache(maxsize=512)
def _sigma_over_s(n: int) -> np.ndarray:
    """Return sigma / s at the nodes: sigma² = (n − 1) s² / χ², at fixed quantiles of χ² with n − 1 degrees."""
    half = (n - 1) / 2
    chi_square = 2 * np.where(
        _Z < 0, special.gammaincinv(half, special.ndtr(_Z)), special.gammainccinv(half, special.ndtr(-_Z))
    )
    return np.asarray(np.sqrt((n - 1) / np.maximum(chi_square, 1e-300)))


def _below(excess: np.ndarray, sigma: np.ndarray, n: np.ndarray, target: Target) -> np.ndarray:
    """Return P(target − mean log < excess), integrated over sigma; one value per row of `sigma`."""
    root = np.sqrt(n)[:, None]
    return np.asarray(special.ndtr((excess[:, None] - _shift(sigma, target)) * root / sigma) @ _MASS)


def _density(excess: np.ndarray, sigma: np.ndarray, n: np.ndarray, target: Target) -> np.ndarray:
    root = np.sqrt(n)[:, None] / sigma
    away = (excess[:, None] - _shift(sigma, target)) * root
    return np.asarray((np.exp(-0.5 * away**2) * root) @ _MASS / np.sqrt(2 * np.pi))


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
    usable = np.flatnonzero((n >= 2) & (sd_log > 0))
    if not len(usable):
        return low, high
    count = n[usable].astype(float)
    if isinstance(target, np.ndarray):
        target = target[usable]
    sigma = sd_log[usable, None] * np.stack([_sigma_over_s(int(k)) for k in count])
    tail = (1 - level) / 2
    for bound, chance in ((low, tail), (high, 1 - tail)):
        # Past these ends no sigma among the nodes leaves a doubt.
        reach = 9 * sigma.max(axis=1) / np.sqrt(count)
        left, right = _shift(sigma, target).min(axis=1) - reach, _shift(sigma, target).max(axis=1) + reach
        at = _shift(sd_log[usable, None], target)[:, 0] + special.ndtri(chance) * sd_log[usable] / np.sqrt(count)
        for _ in range(200):
            at = np.where((at > left) & (at < right), at, (left + right) / 2)
            excess = _below(at, sigma, count, target) - chance
            left, right = np.where(excess < 0, at, left), np.where(excess < 0, right, at)
            slope = _density(at, sigma, count, target)
            # Newton's step; where it leaves the bracket, the next round halves the bracket instead.
            with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
                step = np.where(slope > 0, excess / slope, np.inf)
                at = at - step
            if np.all((np.abs(step) < 1e-11) | (right - left < 1e-12)):
                break
        at = np.where(np.isfinite(at), at, (left + right) / 2)
        with np.errstate(over="ignore"):
            bound[usable] = np.exp(mean_log[usable] + at)
    return low, high


def modified_cox(n: int, mean_log: float, sd_log: float, level: float = 0.95) -> tuple[float, float]:
    """Return the ends of the modified Cox interval of a lognormal mean: a cross-check of `lognormal_bounds`.

    Notes
    -----
    U. Olsson, *Confidence intervals for the mean of a log-normal distribution*, J. Stat. Educ. 13 (2005).

    Examples
    --------
    >>> [round(end, 1) for end in modified_cox(24, 3.9, 1.1)]
    [50.0, 163.7]
    """
    reach = special.stdtrit(n - 1, (1 + level) / 2) * np.sqrt(sd_log**2 / n + sd_log**4 / (2 * (n - 1)))
    middle = mean_log + sd_log**2 / 2
    return float(np.exp(middle - reach)), float(np.exp(middle + reach))
