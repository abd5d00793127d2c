"""How many incidents: rates, and whether one count is really smaller than another."""

from __future__ import annotations

import math
from typing import NamedTuple

from mttrlab.analysis.intervals import Interval
from mttrlab.validate import finite, inner_share, whole


class CountComparison(NamedTuple):
    """Two counts compared."""

    ratio: float
    """Rate after / rate before; inf where there was nothing before."""
    low: float
    """Lower end of the ratio's exact interval."""
    high: float
    """Upper end."""
    p: float
    """Probability of counts at least as unlikely, were the rates the same (exact, two-sided)."""
    level: float
    method: str


def rate_interval(count: int, exposure: float = 1.0, level: float = 0.95) -> Interval:
    """Return incidents per unit of time with Garwood's exact interval.

    Parameters
    ----------
    count : int
        Incidents seen; zero is a finding too.
    exposure : float
        Time watched, in the unit that the rate is wanted per (3 for three months).
    level : float

    Raises
    ------
    QuestionError
        When the count is no whole number from zero up, or the exposure not positive.

    Notes
    -----
    F. Garwood, *Fiducial limits for the Poisson distribution*, Biometrika 28 (1936). Incidents that come in clusters
    scatter more.

    Examples
    --------
    >>> none = rate_interval(0, exposure=3)
    >>> none.low, round(none.high, 6)
    (0.0, 1.229626)
    """
    from scipy import special

    inner_share("level", level)
    seen, time = whole("count", count), finite("exposure", exposure, 0, open_low=True)
    tail = (1 - level) / 2
    low = special.gammaincinv(seen, tail) / time if seen else 0.0
    high = special.gammaincinv(seen + 1, 1 - tail) / time
    return Interval(seen / time, float(low), float(high), seen, level, "Garwood")


def compare_counts(
    before: int, after: int, exposure_before: float = 1.0, exposure_after: float = 1.0, level: float = 0.95
) -> CountComparison:
    """Return whether incidents became rarer, given how many there were.

    Parameters
    ----------
    before, after : int
        Incidents of the two periods.
    exposure_before, exposure_after : float
        Lengths of the periods, in the same unit.
    level : float

    Raises
    ------
    QuestionError
        When a count is no whole number from zero up, or a length not positive.

    Notes
    -----
    Given their sum, the second count is binomial: exact test, Clopper–Pearson interval. J. Przyborowski,
    H. Wilenski, *Homogeneity of results in testing samples from Poisson series*, Biometrika 31 (1940).

    Examples
    --------
    >>> round(compare_counts(20, 12).p, 6)
    0.215327
    """
    from scipy import special
    from scipy.stats import binomtest

    inner_share("level", level)
    first, second = whole("before", before), whole("after", after)
    exposure_ratio = finite("exposure_after", exposure_after, 0, open_low=True) / finite(
        "exposure_before", exposure_before, 0, open_low=True
    )
    both = first + second
    if not both:
        return CountComparison(math.nan, 0.0, math.inf, 1.0, level, "no incident in either period")
    tail = (1 - level) / 2
    low = float(special.betaincinv(second, first + 1, tail)) if second else 0.0
    high = float(special.betaincinv(second + 1, first, 1 - tail)) if first else 1.0
    p = float(binomtest(second, both, exposure_ratio / (1 + exposure_ratio)).pvalue)
    return CountComparison(
        second / first / exposure_ratio if first else math.inf,
        low / (1 - low) / exposure_ratio,
        high / (1 - high) / exposure_ratio if high < 1 else math.inf,
        p,
        level,
        "conditional binomial",
    )
