"""What a lognormal sample says about the mean and the quantiles of its law: an exact posterior, no draws."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, TypeAlias

import numpy as np
from scipy import special

Target: TypeAlias = 'Literal["mean"] | float | np.ndarray'
"""`mean`, or the quantile wanted (0 to 1), or one quantile per group."""

_SPREAD = 8.0
_MANY = 100
"""Logarithms from which sigma is known so well that fewer nodes give the same twelve digits."""


@lru_cache(maxsize=2)
def _nodes(many: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return places on the normal scale, and the mass of each."""
    at, weights = np.polynomial.legendre.leggauss(60 if many else 96)
    return at * _SPREAD, weights * _SPREAD * np.exp(-0.5 * (at * _SPREAD) ** 2) / np.sqrt(2 * np.pi)


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
    for chance in ((1 - level) / 2, (1 + level) / 2):
        # Past these ends no sigma among the nodes leaves a doubt.
        reach = 9 * sigma.max(axis=1) / np.sqrt(count)
        left, right = _shift(sigma, target).min(axis=1) - reach, _shift(sigma, target).max(axis=1) + reach
        spread = np.sqrt(1 / count + (sd_log**2 / (2 * (count - 1)) if isinstance(target, str) else 0.0))
        at = _shift(sd_log[:, None], target)[:, 0] + special.ndtri(chance) * sd_log * spread
        rows = np.arange(len(count))
        for _ in range(200):
            wanted = target[rows] if isinstance(target, np.ndarray) else target
            here, law = np.where((at > left) & (at < right), at, (left + right) / 2)[rows], (sigma[rows], count[rows])
            excess = _below(here, *law, wanted) - chance
            left[rows], right[rows] = np.where(excess < 0, here, left[rows]), np.where(excess < 0, right[rows], here)
            slope = _density(here, *law, wanted)
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
