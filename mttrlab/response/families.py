"""Which family the residuals of log durations follow: lognormal, Weibull or log-logistic, with censoring."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

from mttrlab.errors import ModelError
from mttrlab.response.laws import Floats, Law

ENOUGH = 50
"""Ended durations below which a family cannot be told from another, and the lognormal stands."""

CLEARLY = 2.0
"""Log-likelihood by which another family must beat the lognormal."""

PLENTY = 200
"""Ended durations from which on they may speak for themselves, where no family comes near their mean."""

_FAR = 0.15
"""A family whose mean is off by more than this (in logs) is not near."""

_STEEPEST = 1.2
"""A log-logistic shape below this has a mean that a few draws decide; it is no candidate."""


class Family(NamedTuple):
    """A law of standardised log residuals."""

    kind: str
    loc: float
    scale: float
    points: tuple[float, ...] = ()
    """The residuals themselves, where no family fits."""

    def law(self, mu: float, sigma: float) -> Law:
        """Return the law of minutes whose log residuals, with mean `mu` and spread `sigma`, follow this family."""
        place, width = mu + sigma * self.loc, sigma * self.scale
        if self.kind == "empirical":
            return Law("empirical", *np.exp(mu + sigma * np.array(self.points)))
        if self.kind == "lognormal":
            return Law("lognormal", place, width)
        return Law(self.kind, 1 / width, float(np.exp(place)))


LOGNORMAL = Family("lognormal", 0.0, 1.0)


def choose(residual: Floats, observed: npt.NDArray[np.bool_], spread: float) -> Family:
    """Return the family that these residuals follow, the lognormal unless another is clearly better.

    Parameters
    ----------
    residual : array
        Log minutes less the group's mean, over the common spread.
    observed : array of bool
        False where the duration was still running.
    spread : float
        The common spread of log minutes.
    """
    if observed.sum() < ENOUGH or spread < 1e-3:
        return LOGNORMAL
    from scipy import optimize

    ended = np.sort(residual[observed])
    best, most = LOGNORMAL, -cost(np.zeros(2), "lognormal", residual, observed) + CLEARLY
    for kind, start in (("weibull", (0.45, np.log(0.78))), ("loglogistic", (0.0, np.log(0.55)))):
        found = optimize.minimize(cost, start, args=(kind, residual, observed), method="Nelder-Mead")
        scale = float(np.exp(found.x[1]))
        if kind == "loglogistic" and 1 / (scale * spread) < _STEEPEST:
            continue
        if -found.fun > most:
            best, most = Family(kind, float(found.x[0]), scale), -float(found.fun)
    if len(ended) >= PLENTY and len(ended) >= 0.95 * len(residual) and _misses(best, ended, spread):
        # At most a thousand values: evenly spaced ranks keep the shape, and a law stays small.
        kept = ended if len(ended) <= 1000 else np.quantile(ended, (np.arange(1000) + 0.5) / 1000)
        return Family("empirical", 0.0, 1.0, tuple(kept.tolist()))
    return best


def _misses(family: Family, ended: Floats, spread: float) -> bool:
    """Return whether the family's mean is far from the mean of the durations themselves."""
    ranks = (np.arange(20_000) + 0.5) / 20_000
    try:
        made = float(family.law(0.0, spread).quantile(ranks).mean())
    except ModelError:
        return True
    return bool(abs(np.log(made / np.exp(spread * ended).mean())) > _FAR)


def cost(at: npt.ArrayLike, kind: str, residual: Floats, observed: npt.NDArray[np.bool_]) -> float:
    """Return minus the log-likelihood of a family at this location and log scale, with censoring."""
    loc, log_scale = np.asarray(at, dtype=np.float64)
    z = (residual - loc) / np.exp(log_scale)
    with np.errstate(over="ignore"):
        if kind == "lognormal":
            density, survival = -z * z / 2 - 0.5 * np.log(2 * np.pi), special.log_ndtr(-z)
        elif kind == "weibull":
            density, survival = z - np.exp(z), -np.exp(z)
        else:
            density, survival = special.log_expit(z) + special.log_expit(-z), special.log_expit(-z)
    return -float(np.sum(np.where(observed, density - log_scale, survival)))
