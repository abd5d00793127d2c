"""How likely the true mean, median or P90 lies below a limit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from mttrlab.analysis.bounds import BOOTSTRAP, HEAVY, LEAST, LOGNORMAL, mean_bounds
from mttrlab.analysis.lognormal import Target, probability_below
from mttrlab.analysis.moments import REJECTED_BELOW, log_mean, log_sd, lognormal_p, power_sums

QUANTILES = {"median": 0.5, "P90": 0.9}


def probabilities_below(minutes: np.ndarray, limits: Sequence[float], statistic: str) -> tuple[np.ndarray, str]:
    """Return the probability that the true value lies below each limit, and how it was found.

    Parameters
    ----------
    minutes : ndarray
        Minutes of ended incidents.
    limits : sequence of float
        Minutes, ascending.
    statistic : str
        "mean", "median" or "P90".

    Returns
    -------
    (ndarray, str)
        NaN below five incidents. By the lognormal law where it is not rejected. Otherwise the mean by the bootstrap's
        closed form, and a quantile by the share of incidents below the limit (Jeffreys' posterior of that share).
    """
    n = len(minutes)
    sums = power_sums(minutes)
    if n < LEAST or np.ptp(minutes) == 0:
        return np.full(len(limits), np.nan), f"not estimable: n = {n}" if n < LEAST else "not estimable: all are equal"
    if statistic == "mean":
        method = str(mean_bounds(sums, 0.95)["method"].iloc[0])
        if method == HEAVY:
            return np.full(len(limits), np.nan), HEAVY
        if method == BOOTSTRAP:
            return _by_bootstrap(minutes, np.asarray(limits, dtype=float)), BOOTSTRAP
        above = (minutes > 0).mean()
        # Zeros add nothing: the mean of the others must lie below limit / their share.
        return _by_lognormal(sums, np.asarray(limits) / above, "mean"), method
    quantile = QUANTILES[statistic]
    if lognormal_p(sums)[0] < REJECTED_BELOW or (minutes <= 0).any():
        return _by_share(minutes, limits, quantile), "share below the limit"
    return _by_lognormal(sums, limits, quantile), LOGNORMAL


def _by_lognormal(sums: pd.DataFrame, limits: Iterable[float], target: Target) -> np.ndarray:
    n, mean, sd = int(sums["positive"].iloc[0]), float(log_mean(sums)[0]), float(log_sd(sums)[0])
    return np.array([probability_below(float(limit), n, mean, sd, target) for limit in limits])


def _by_bootstrap(minutes: np.ndarray, limits: np.ndarray) -> np.ndarray:
    from scipy import special

    n, deviation = len(minutes), minutes.std()
    acceleration = float(((minutes - minutes.mean()) ** 3).mean() / deviation**3 / (6 * np.sqrt(n)))
    z = np.linspace(-12, 12, 24_001)
    step = acceleration + z
    reachable = 1 - acceleration * step > 1e-6
    ends = minutes.mean() + deviation / np.sqrt(n) * step[reachable] / (1 - acceleration * step[reachable]) ** 2
    order = np.maximum.accumulate(ends)
    return np.asarray(special.ndtr(np.interp(limits, order, z[reachable])))


def _by_share(minutes: np.ndarray, limits: Sequence[float], quantile: float) -> np.ndarray:
    from scipy import special

    below = np.array([(minutes < limit).sum() for limit in limits])
    return np.asarray(special.betaincc(below + 0.5, len(minutes) - below + 0.5, quantile))
