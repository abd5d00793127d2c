"""How many incidents a change needs before it can be told from luck."""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from mttrlab.analysis.reading import as_number, share_between
from mttrlab.errors import QuestionError


def _share(name: str, value: float) -> float:
    return share_between(name, value)


def _sigma(value: float) -> float:
    if not as_number("sigma", value) > 0:
        raise QuestionError(f"sigma, the spread of log minutes, must be above 0; got {value}")
    return float(value)


def _reach(power: float, level: float) -> float:
    # How many standard errors a true change must measure to be seen that often.
    return float(special.ndtri((1 + _share("level", level)) / 2) + special.ndtri(_share("power", power)))


def incidents_needed(reduction: float = 0.2, sigma: float = 1.25, power: float = 0.8, level: float = 0.95) -> int:
    """Return how many incidents each of two periods needs before a true reduction shows.

    Parameters
    ----------
    reduction : float
        True reduction of the typical time, between 0 and 1 (0.2: a fifth less).
    sigma : float
        Spread (standard deviation) of log minutes; 1.25 is usual for incidents.
    power : float
        How often the change shall be seen.
    level : float
        Level of the two-sided interval that must exclude "no change".

    Raises
    ------
    QuestionError
        When an argument lies outside its range.

    Notes
    -----
    Normal formula for two equal groups of log minutes, `2 (z_level + z_power)^2 sigma^2 / ln(1 - reduction)^2`
    (Chow, Shao, Wang, *Sample Size Calculations in Clinical Research*, 2008, 3.2).

    Examples
    --------
    >>> incidents_needed(reduction=0.2, sigma=1.25)
    493
    """
    effect = math.log1p(-_share("reduction", reduction))
    return math.ceil(2 * (_reach(power, level) * _sigma(sigma) / effect) ** 2)


def smallest_change(
    n: float, sigma: float = 1.25, power: float = 0.8, level: float = 0.95, n_after: float | None = None
) -> float:
    """Return the smallest true reduction that this many incidents per period would show.

    Parameters
    ----------
    n : float
        Incidents in each period (in the first, when `n_after` is given).
    sigma, power, level : float
        As for `incidents_needed`.
    n_after : float, optional
        Incidents in the second period, where it differs.

    Returns
    -------
    float
        Reduction between 0 and 1.

    Raises
    ------
    QuestionError
        When an argument lies outside its range.

    Examples
    --------
    >>> round(smallest_change(10), 4)
    0.7911
    """
    second = n if n_after is None else n_after
    if not (as_number("n", n) > 0 and as_number("n_after", second) > 0):
        raise QuestionError(f"both periods must hold incidents; got {n} and {second}")
    return -math.expm1(-_reach(power, level) * _sigma(sigma) * math.sqrt(1 / n + 1 / second))


def power_of(n: int, reduction: float = 0.2, sigma: float = 1.25, level: float = 0.95) -> float:
    """Return how often a true reduction is told from luck with `n` incidents per period.

    Parameters
    ----------
    n : int
        Incidents in each period, at least 2.
    reduction, sigma, level : float
        As for `incidents_needed`.

    Returns
    -------
    float
        Share between 0 and 1, of a two-sided t test on log minutes.

    Raises
    ------
    QuestionError
        When an argument lies outside its range.

    Notes
    -----
    Non-central t distribution with `2n - 2` degrees of freedom.

    Examples
    --------
    >>> round(power_of(100, reduction=0.5), 4)
    0.9739
    """
    if n < 2:
        raise QuestionError(f"each period needs at least 2 incidents; got {n}")
    freedom = 2.0 * n - 2
    centre = -math.log1p(-_share("reduction", reduction)) / (_sigma(sigma) * math.sqrt(2 / n))
    critical = special.stdtrit(freedom, (1 + _share("level", level)) / 2)
    below, above = special.nctdtr(freedom, centre, np.array([-critical, critical]))
    if not (math.isfinite(below) and math.isfinite(above)):
        # The series fails far out in the tail, where the normal limit is exact to every printed digit.
        below, above = special.ndtr(np.array([-critical, critical]) - centre)
    return float(np.clip(1 - above + below, 0, 1))


def months_until_visible(
    reduction: float,
    incidents_per_month: float,
    sigma: float = 1.25,
    power: float = 0.8,
    level: float = 0.95,
) -> float:
    """Return how many months after a true change (and as many before it) it takes until it shows.

    Parameters
    ----------
    reduction : float
        True reduction of the typical time, between 0 and 1.
    incidents_per_month : float
        Ended incidents a month.
    sigma, power, level : float
        As for `incidents_needed`.

    Returns
    -------
    float
        Months.

    Raises
    ------
    QuestionError
        When an argument lies outside its range.

    Examples
    --------
    >>> months_until_visible(0.2, incidents_per_month=10)
    49.3
    """
    if not incidents_per_month > 0:
        raise QuestionError(f"incidents_per_month must be above 0; got {incidents_per_month}")
    return incidents_needed(reduction, sigma, power, level) / incidents_per_month
