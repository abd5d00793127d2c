"""Error budgets: how many minutes there are, and how likely they are blown."""

from __future__ import annotations

import math

import numpy as np

from mttrlab.analysis.reading import as_number
from mttrlab.errors import QuestionError

MINUTES_PER_DAY = 1440.0


def error_budget(slo: float, days: float = 30.0) -> float:
    """Return the minutes of downtime that an availability target leaves in a period.

    Parameters
    ----------
    slo : float
        Target between 0 and 1, such as 0.999.
    days : float
        Length of the period.

    Raises
    ------
    QuestionError
        When the target is not between 0 and 1, or the period not positive.

    Examples
    --------
    >>> round(error_budget(0.999), 3), round(error_budget(0.9995), 3)
    (43.2, 21.6)
    """
    if not isinstance(slo, (int, float)) or not 0 < slo < 1:
        raise QuestionError(f"slo must lie between 0 and 1, such as 0.999; got {slo!r}")
    if not isinstance(days, (int, float)) or not 0 < days < math.inf:
        raise QuestionError(f"days must be a positive length of time; got {days!r}")
    return (1 - slo) * days * MINUTES_PER_DAY


def steady_availability(minutes_between: float, mttr: float) -> float:
    """Return the share of time up, given the mean minutes up between incidents and the mean minutes down.

    Raises
    ------
    QuestionError
        When a time is negative, or both are zero.

    Examples
    --------
    >>> round(steady_availability(720 * 60, 43.2), 6)
    0.999001
    """
    as_number("minutes_between", minutes_between), as_number("mttr", mttr)
    if not (minutes_between >= 0 and mttr >= 0 and 0 < minutes_between + mttr < math.inf):
        raise QuestionError(f"times must be zero or more and not both zero; got {minutes_between!r} and {mttr!r}")
    return minutes_between / (minutes_between + mttr)


def expected_down_share(incidents_per_day: float, mean_minutes: float) -> float:
    """Return the share of time in which at least one incident runs, were they to come independently.

    Parameters
    ----------
    incidents_per_day : float
    mean_minutes : float

    Raises
    ------
    QuestionError
        When one is negative.

    Notes
    -----
    1 − exp(−rate × mean), whatever the law of the durations (the queue M/G/∞): less than the sum of the minutes,
    because incidents overlap.

    Examples
    --------
    >>> round(expected_down_share(2, 153.124298), 4)
    0.1916
    """
    as_number("incidents_per_day", incidents_per_day), as_number("mean_minutes", mean_minutes)
    if not (0 <= incidents_per_day < math.inf and 0 <= mean_minutes < math.inf):
        raise QuestionError("incidents_per_day and mean_minutes must be zero or more")
    return -math.expm1(-incidents_per_day * mean_minutes / MINUTES_PER_DAY)


def downtime_moments(incidents: float, mu: float, sigma: float) -> tuple[float, float]:
    """Return mean and standard deviation of a period's downtime in minutes, overlaps counted twice.

    Parameters
    ----------
    incidents : float
        Mean number of incidents in the period.
    mu, sigma : float
        Mean and standard deviation of the log minutes.

    Raises
    ------
    QuestionError
        When the number or sigma is negative.

    Notes
    -----
    Compound Poisson: the variance is the number times the mean square.

    Examples
    --------
    >>> [round(value, 3) for value in downtime_moments(10, 4.25, 1.25)]
    [1531.243, 1057.637]
    """
    as_number("incidents", incidents), as_number("mu", mu), as_number("sigma", sigma)
    if not (incidents >= 0 and sigma >= 0 and math.isfinite(mu)):
        raise QuestionError("incidents and sigma must be zero or more, mu a number")
    if mu + sigma**2 > 300:
        raise QuestionError(f"mu and sigma are of the logarithm of minutes; got {mu:g} and {sigma:g}")
    return incidents * math.exp(mu + sigma**2 / 2), math.sqrt(incidents * math.exp(2 * mu + 2 * sigma**2))


def budget_risk(incidents: float, budget: float, mu: float, sigma: float, *, steps: int = 2000) -> float:
    """Return the probability that a period's downtime exceeds the budget, for lognormal durations.

    Parameters
    ----------
    incidents : float
        Mean number of incidents in the period.
    budget : float
        Minutes.
    mu, sigma : float
        Mean and standard deviation of the log minutes.
    steps : int
        Parts into which the budget is cut; the error shrinks with their square.

    Raises
    ------
    QuestionError
        When a number is negative, or sigma not positive.

    Notes
    -----
    Panjer's recursion (H. H. Panjer, *Recursive evaluation of a family of compound distributions*, ASTIN 12, 1981):
    exact for the rounded durations; no draws.

    Examples
    --------
    >>> round(budget_risk(1, 43.2, 4.25, 1.25), 3)
    0.493
    """
    from scipy import special

    as_number("mu", mu), as_number("sigma", sigma)
    if not sigma > 0:
        raise QuestionError(f"sigma must be positive and mu a number; got {sigma!r} and {mu!r}")
    _checked(incidents, budget)
    edges = (np.arange(steps + 1) + 0.5) * budget / steps
    with np.errstate(divide="ignore"):
        below = special.ndtr((np.log(edges) - mu) / sigma)
    return _blown(incidents, np.diff(below, prepend=0.0))


def budget_risk_of(incidents: float, budget: float, minutes: np.ndarray, *, steps: int = 2000) -> float:
    """Return the probability that a period's downtime exceeds the budget, for durations like those seen.

    Parameters
    ----------
    incidents : float
        Mean number of incidents in the period.
    budget : float
        Minutes.
    minutes : ndarray
        Durations seen, each as likely as the other.

    Raises
    ------
    QuestionError
        When a number is negative, or there are no durations.
    """
    _checked(incidents, budget)
    seen = np.asarray(minutes, dtype=float)
    if not len(seen) or (seen < 0).any():
        raise QuestionError("minutes must hold at least one duration, and none below zero")
    places = np.rint(seen * steps / budget) if budget > 0 else np.where(seen > 0, np.inf, 0.0)
    inside = places[places <= steps].astype(int)
    return _blown(incidents, np.bincount(inside, minlength=steps + 1) / len(seen))


def _checked(incidents: float, budget: float) -> None:
    as_number("incidents", incidents), as_number("budget", budget)
    if not (0 <= incidents < math.inf and 0 < budget < math.inf):
        raise QuestionError(f"incidents must be zero or more, the budget positive; got {incidents!r} and {budget!r}")


def _blown(incidents: float, mass: np.ndarray) -> float:
    """Return 1 − P(sum <= last place) for a Poisson number of terms with this mass per place."""
    # In logs of the first term: with many incidents exp(-incidents) alone would be no number.
    scale = -incidents * (1 - mass[0])
    if scale < -700:
        return 1.0 if incidents * (mass * np.arange(len(mass))).sum() > len(mass) else math.nan
    weighted = incidents * np.arange(len(mass)) * mass
    total = np.zeros(len(mass))
    total[0] = math.exp(scale)
    for place in range(1, len(mass)):
        total[place] = weighted[1 : place + 1] @ total[place - 1 :: -1][:place] / place
    # Rounding leaves half of the last place outside the budget.
    return float(min(max(1 - total[:-1].sum() - total[-1] / 2, 0.0), 1.0))
