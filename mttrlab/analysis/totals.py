"""A total over incidents that might as well have been more or fewer: minutes lost, and what another such time costs."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import gammaincinv

from mttrlab.analysis.intervals import Interval
from mttrlab.analysis.moments import checked_level
from mttrlab.analysis.reading import as_numbers
from mttrlab.analysis.sample import forgotten_after


def total_interval(minutes: object, level: float = 0.95) -> Interval:
    """Return the sum of minutes with an interval for what such a time is expected to cost.

    Parameters
    ----------
    minutes : array-like
        Minutes of each incident; unknown ones (NaN) are left out, and `n` says how many are not.
    level : float

    Returns
    -------
    Interval
        Of the total. Both how many incidents come and how long each takes are chance here. Without any incident the
        total is 0 and its upper end is not known (NaN).

    Notes
    -----
    M. P. Fay and E. J. Feuer, *Confidence intervals for directly standardized rates*, Statistics in Medicine 16 (1997):
    a weighted sum of Poisson counts, each incident with its minutes as weight. Where all take equally long, these are
    Garwood's limits. One long incident makes the interval wide, as it should.

    Examples
    --------
    >>> found = total_interval([60.0] * 10)
    >>> round(found.estimate), round(found.low), round(found.high)
    (600, 288, 1103)
    """
    checked_level(level)
    given = as_numbers(minutes)
    known = np.sort(given[np.isfinite(given) & (given > 0)])
    total, n = float(known.sum()), int(np.isfinite(given).sum())
    if not known.size:
        return Interval(total, 0.0, float("nan"), n, level, "Fay–Feuer")
    tail, square, most = (1 - level) / 2, float((known**2).sum()), float(known[-1])
    low = square / total * float(gammaincinv(total**2 / square, tail))
    above, wide = total + most, square + most**2
    high = wide / above * float(gammaincinv(above**2 / wide, 1 - tail))
    return Interval(total, low, high, n, level, "Fay–Feuer")


def minutes_so_far(phases: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the minutes of a phase or clock, running ones with their time so far, but for those nobody closed.

    Parameters
    ----------
    phases : DataFrame
        As `phase_durations` gives them.
    name : str
        A phase or a clock.

    Returns
    -------
    DataFrame
        In the order of the phases: `minutes` (NaN where not known), `ended`, and `forgotten`: running three times
        longer than any that ended, and a day at least. Those have no minutes here, as one of them would outweigh the
        others.
    """
    minutes, flag = phases[name].astype("float64"), f"{name}_observed"
    ended = phases[flag].astype("boolean").fillna(True) if flag in phases else pd.Series(True, index=phases.index)
    ended = ended.astype(bool)
    done = minutes[ended].dropna().to_numpy()
    forgotten = ~ended & (minutes > forgotten_after(done))
    return pd.DataFrame({"minutes": minutes.mask(forgotten), "ended": ended, "forgotten": forgotten})
