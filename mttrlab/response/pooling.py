"""Log means of groups with censoring, shrunk towards each other where a group has few incidents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

from mttrlab.response.families import Family, choose
from mttrlab.response.laws import Floats, Law
from mttrlab.response.luck import Ints

SHORTEST = 0.25
"""Minutes that a duration of zero stands for: a quarter of the grain of most clocks."""

_ROUNDS = 60
_PRIOR_DEGREES = 20.0


class Shrunk(NamedTuple):
    """Group means after partial pooling."""

    centre: float
    tau2: float
    """Variance between groups beyond chance."""
    weight: Floats
    """Weight on each group's own mean, 0 to 1."""
    means: Floats


@dataclass(frozen=True)
class GroupLaws:
    """Laws of several groups: one family, log means and spreads of their own."""

    mu: Floats
    """Log mean per group, after shrinkage."""
    sigma: Floats
    """Log spread per group, pulled towards the common one."""
    spread: float
    """Log spread of all, within groups."""
    n: int
    """Durations that ended."""
    censored: int
    """Durations still running."""
    geometric_mean: tuple[float, float, float]
    """Of all, with its 95 % interval, minutes."""
    family: Family
    """What the log residuals follow."""
    residual: Floats
    """Each duration's normal score within its group (censored ones at their expected value)."""

    def law(self, group: int) -> Law:
        """Return the law of one group."""
        # Residuals kept as they are have the common spread in them; another would stretch their tail.
        sigma = self.spread if self.family.kind == "empirical" else float(self.sigma[group])
        return self.family.law(float(self.mu[group]), sigma)


def shrink(means: npt.ArrayLike, counts: npt.ArrayLike, sigma: float) -> Shrunk:
    """Return group means on the log scale, pulled towards each other (DerSimonian and Laird).

    Parameters
    ----------
    means : array
        Mean log minutes per group.
    counts : array
        Durations per group.
    sigma : float
        Common log spread.

    Examples
    --------
    >>> [round(float(m), 2) for m in shrink([3.2, 4.1, 4.9], [40, 12, 3], 1.2).means]
    [3.25, 4.06, 4.4]
    """
    mean, count = np.asarray(means, dtype=np.float64), np.asarray(counts, dtype=np.float64)
    if len(mean) == 1 or sigma == 0:
        return Shrunk(float(np.average(mean, weights=count)), 0.0, np.ones(len(mean)), mean)
    precision = count / sigma**2
    grand = np.average(mean, weights=precision)
    q = float(np.sum(precision * (mean - grand) ** 2))
    spare = float(precision.sum() - np.sum(precision**2) / precision.sum())
    tau2 = max(0.0, (q - (len(mean) - 1)) / spare) if spare > 0 else 0.0
    centre = float(np.average(mean, weights=1 / (1 / precision + tau2)))
    weight = tau2 / (tau2 + 1 / precision)
    return Shrunk(centre, tau2, weight, weight * mean + (1 - weight) * centre)


def group_laws(minutes: Floats, observed: npt.NDArray[np.bool_], group: Ints, groups: int) -> GroupLaws:
    """Return the laws of groups from durations that may still be running.

    Parameters
    ----------
    minutes : array
        Durations; zeros stand for a quarter of a minute.
    observed : array of bool
        False where the duration is still running.
    group : array of int
        Group of each, from 0.
    groups : int
        Number of groups; a group without durations gets the centre.

    Notes
    -----
    Expectation-maximisation for right-censored normal logs with one mean per group and a common spread; then the
    means are shrunk (`shrink`) and each group's own variance is pulled to the common one with 20 prior degrees. From
    50 ended durations on, the residuals may turn out Weibull or log-logistic (`families.choose`).
    """
    y = np.log(np.maximum(minutes, SHORTEST))
    size = np.bincount(group, minlength=groups).astype(np.float64)
    filled = size > 0
    mean, sigma = np.full(groups, y.mean()), max(float(y.std()), 1e-6)
    expected, spread = y.copy(), np.zeros(len(y))
    late = ~observed
    for _ in range(_ROUNDS):
        if late.any():
            z = (y[late] - mean[group[late]]) / sigma
            hazard = np.exp(-z * z / 2 - 0.5 * np.log(2 * np.pi) - special.log_ndtr(-z))
            expected[late] = mean[group[late]] + sigma * hazard
            spread[late] = sigma**2 * np.maximum(0.0, 1 + z * hazard - hazard**2)
        total = np.bincount(group, weights=expected, minlength=groups)
        before, mean = (
            (mean, sigma),
            np.divide(total, size, out=np.full(groups, total.sum() / size.sum()), where=filled),
        )
        squares = (expected - mean[group]) ** 2 + spread
        spare = max(len(y) - int(filled.sum()), 1)
        sigma = max(float(np.sqrt(squares.sum() / spare)), 1e-6)
        if np.allclose(before[0], mean, atol=1e-10) and abs(before[1] - sigma) < 1e-10:
            break
    ended = np.bincount(group[observed], minlength=groups).astype(np.float64)
    known = np.flatnonzero(filled)
    # A running duration says less about a mean than an ended one; half a count keeps a group of them from zero.
    pooled = shrink(mean[known], np.maximum(ended[known], 0.5), sigma)
    mu = np.full(groups, pooled.centre)
    mu[known] = pooled.means
    own = np.bincount(group, weights=squares, minlength=groups)
    degrees = np.maximum(size - 1, 0)
    scale = np.where(size > 1, own / np.maximum(size, 1) * np.maximum(size, 1) / np.maximum(degrees, 1), 0.0)
    variance = (_PRIOR_DEGREES * sigma**2 + degrees * scale) / (_PRIOR_DEGREES + degrees)
    return GroupLaws(
        mu=mu,
        sigma=np.sqrt(variance),
        spread=sigma,
        n=int(observed.sum()),
        censored=int(late.sum()),
        geometric_mean=_interval(expected, int(observed.sum())),
        family=choose((y - mean[group]) / sigma, observed, sigma),
        residual=(expected - mean[group]) / sigma,
    )


def share_interval(k: int, n: int) -> tuple[float, float]:
    """Return the exact 95 % interval of a share of which `k` of `n` were seen.

    C. J. Clopper, E. S. Pearson, *The use of confidence or fiducial limits*, Biometrika 26 (1934).

    Examples
    --------
    >>> [round(end, 4) for end in share_interval(0, 10)]
    [0.0, 0.3085]
    """
    low = float(special.betaincinv(k, n - k + 1, 0.025)) if k else 0.0
    high = float(special.betaincinv(k + 1, n - k, 0.975)) if k < n else 1.0
    return low, high


def _interval(logs: Floats, n: int) -> tuple[float, float, float]:
    centre = float(logs.mean())
    half = float(special.stdtrit(max(n - 1, 1), 0.975)) * float(logs.std()) / np.sqrt(max(n - 1, 1))
    return float(np.exp(centre)), float(np.exp(centre - half)), float(np.exp(centre + half))
