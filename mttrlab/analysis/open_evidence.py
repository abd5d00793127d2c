"""What mean, median and P90 are when some incidents are still open, and how likely each lies below a limit."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import special

from mttrlab.analysis.bounds import LEAST, LOGNORMAL
from mttrlab.analysis.intervals import Interval, mean_interval
from mttrlab.analysis.level_odds import QUANTILES, probabilities_below
from mttrlab.analysis.lognormal import lognormal_bounds, probability_below
from mttrlab.analysis.moments import REJECTED_BELOW, lognormal_p, power_sums
from mttrlab.analysis.regression import Regression, fit
from mttrlab.analysis.survival import Curve, curve, survival_quantiles

Evidence = tuple[Interval, np.ndarray, str]
"""The number with its interval; the probability of lying below each limit; how that was found."""
_KAPLAN_MEIER = "Kaplan–Meier"
_ENDED_ALONE = "; of the ended alone, open ones would raise it"


def open_evidence(
    minutes: np.ndarray, observed: np.ndarray, limits: Sequence[float], level: float
) -> dict[str, Evidence]:
    """Return what mean, median and P90 are where open incidents count with their time so far.

    Parameters
    ----------
    minutes : ndarray
        Minutes of ended incidents, and of open ones so far; at least one is open.
    observed : ndarray of bool
        False: still open.
    limits : sequence of float
        Minutes, ascending.
    level : float

    Notes
    -----
    Median and P90 are Kaplan and Meier's where the curve reaches them. The mean, and what the curve does not reach,
    come from the lognormal law fitted with the open ones as lower bounds, where the ended do not contradict it.
    """
    n, still = int(observed.sum()), int((~observed).sum())
    law = _law(minutes, observed) if n >= LEAST else None
    below = {name: _chances(law, n, limits, name) for name in ("mean", *QUANTILES)} if law else {}
    said = f"{LOGNORMAL}, {still} open counted"
    found: dict[str, Evidence] = {}
    if law:
        found["mean"] = (_by_law(law, n, "mean", level, said), below["mean"], said)
    else:
        ended = mean_interval(minutes[observed], level)
        chances, how = probabilities_below(np.sort(minutes[observed]), limits, "mean")
        found["mean"] = (ended._replace(method=ended.method + _ENDED_ALONE), chances, how + _ENDED_ALONE)
    told = survival_quantiles(minutes, observed, shares=tuple(QUANTILES.values()), level=level)
    steps = curve(minutes, observed)
    for name, row in zip(QUANTILES, told.itertuples(), strict=True):
        interval = Interval(float(row.minutes), float(row.low), float(row.high), n, level, str(row.method))  # type: ignore[arg-type]
        if law and math.isnan(interval.estimate):
            interval = _by_law(law, n, name, level, said)
        by_curve = _by_curve(steps, limits, QUANTILES[name]) if n >= LEAST else np.full(len(limits), np.nan)
        how = said if law else _KAPLAN_MEIER if n >= LEAST else f"not estimable: n = {n}"
        found[name] = (interval, below[name] if law else by_curve, how)
    return found


def _law(minutes: np.ndarray, observed: np.ndarray) -> Regression | None:
    if (minutes <= 0).any():
        return None
    law = fit(np.log(minutes), observed, np.ones((len(minutes), 1)), ("constant",))
    if law is None:
        return None
    # The ended alone lack the long ones and never pass for normal: each open one ends where the law would have it,
    # at shares of the rest of its tail that are spread evenly and the same way every time.
    logs = np.log(minutes)
    mu, sigma = float(law.coefficients[0]), law.sigma
    rest = special.ndtr(-(logs[~observed] - mu) / sigma)
    ahead = (np.arange(len(rest)) + 1) * 0.618034 % 1
    logs[~observed] = np.maximum(logs[~observed], mu - sigma * special.ndtri(np.maximum(rest * ahead, 1e-300)))
    return None if lognormal_p(power_sums(np.exp(logs)))[0] < REJECTED_BELOW else law


def _chances(law: Regression, n: int, limits: Sequence[float], name: str) -> np.ndarray:
    target = "mean" if name == "mean" else QUANTILES[name]
    return np.array([probability_below(x, n, float(law.coefficients[0]), law.sigma, target) for x in limits])  # type: ignore[arg-type]


def _by_law(law: Regression, n: int, name: str, level: float, said: str) -> Interval:
    mu, sigma = float(law.coefficients[0]), law.sigma
    shift = sigma**2 / 2 if name == "mean" else sigma * float(special.ndtri(QUANTILES[name]))
    target = "mean" if name == "mean" else QUANTILES[name]
    low, high = lognormal_bounds(np.array([n]), np.array([mu]), np.array([sigma]), target, level)  # type: ignore[arg-type]
    return Interval(math.exp(mu + shift), float(low[0]), float(high[0]), n, level, said)


def _by_curve(steps: Curve, limits: Sequence[float], quantile: float) -> np.ndarray:
    """Return the chance that the survival at each limit lies below what the quantile leaves: Greenwood, log-log."""
    chances = []
    for limit in limits:
        place = int(np.searchsorted(steps.minutes, limit, side="left")) - 1
        height = float(steps.survival[place]) if place >= 0 else 1.0
        if height in (0.0, 1.0):
            chances.append(1.0 - height)
            continue
        error = math.sqrt(float(steps.greenwood[place])) / abs(math.log(height))
        away = math.log(-math.log(height)) - math.log(-math.log(1 - quantile))
        chances.append(float(special.ndtr(away / error)))
    return np.maximum.accumulate(np.array(chances))
