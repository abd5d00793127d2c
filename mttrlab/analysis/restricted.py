"""Mean time up to a horizon, and two groups compared, open incidents counted."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from mttrlab.analysis.basis import says_basis_of_list
from mttrlab.analysis.reading import as_numbers, share_between
from mttrlab.analysis.survival import curve
from mttrlab.errors import QuestionError


@says_basis_of_list
def restricted_mean(
    minutes: npt.ArrayLike,
    observed: npt.ArrayLike | None = None,
    *,
    horizon: float = 240.0,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return the mean minutes spent within a horizon: a mean that open and endless incidents cannot spoil.

    Parameters
    ----------
    minutes : array-like
        Durations in minutes, zero or more.
    observed : array-like of bool, optional
        False: still running.
    horizon : float
        Minutes after which an incident counts no further; 240 is the end of the worst named level.
    level : float
        Level of the interval.

    Returns
    -------
    DataFrame
        One row: `horizon, mean, low, high` (minutes), `n, open, method`. NaN where nobody was watched that long.

    Raises
    ------
    QuestionError
        When the horizon is not above zero, or as for `survival`.

    Notes
    -----
    Area under the Kaplan–Meier curve, variance of Irwin (1949) with Greenwood's terms.

    Examples
    --------
    >>> restricted_mean([10, 20, 400], horizon=100)["mean"].round(4).tolist()
    [43.3333]
    """
    share_between("level", level)
    if not horizon > 0 or not math.isfinite(horizon):
        raise QuestionError(f"horizon must be minutes above 0; got {horizon}")
    found = curve(minutes, observed)
    row = {"horizon": horizon, "mean": math.nan, "low": math.nan, "high": math.nan, "n": found.n, "open": found.open}
    reaches_zero = len(found.survival) > 0 and found.survival[-1] <= 1e-15
    if found.n + found.open == 0 or (found.longest < horizon and not reaches_zero):
        why = f"not estimable: nobody was watched for {horizon:g} minutes and the last is still open"
        return pd.DataFrame([row | {"method": why if found.n + found.open else "not estimable: n = 0"}])
    mean, variance = _area(found.minutes, found.survival, found.at_risk, found.ended, horizon)
    if not variance > 0:
        why = "n = 1" if found.n + found.open == 1 else "no spread within the horizon"
        return pd.DataFrame([row | {"mean": mean, "method": f"area under the Kaplan–Meier curve; no interval: {why}"}])
    half = float(special.ndtri((1 + level) / 2)) * math.sqrt(variance)
    row |= {"mean": mean, "low": max(mean - half, 0.0), "high": min(mean + half, horizon)}
    return pd.DataFrame([row | {"method": "area under the Kaplan–Meier curve"}])


def _area(
    times: np.ndarray, height: np.ndarray, risk: np.ndarray, ended: np.ndarray, horizon: float
) -> tuple[float, float]:
    inside = times < horizon
    edges = np.concatenate([[0.0], times[inside], [horizon]])
    levels = np.concatenate([[1.0], height[inside]])
    pieces = np.diff(edges) * levels
    rest = pieces[::-1].cumsum()[::-1][1:]  # area to the right of each time of ending
    left = risk[inside] - ended[inside]
    some = left > 0  # at the last of all the area to the right is zero
    terms = rest[some] ** 2 * ended[inside][some] / (risk[inside][some] * left[some])
    return float(pieces.sum()), float(terms.sum())


class LogRank(NamedTuple):
    """Answer of the log-rank test."""

    chi_square: float
    """Statistic on one degree of freedom."""
    p: float
    """How often equal groups differ as much."""
    ended: tuple[int, int]
    """Ended incidents of the two groups."""
    expected: tuple[float, float]
    """Ended incidents that equal groups would have."""


def log_rank(
    before: npt.ArrayLike,
    after: npt.ArrayLike,
    before_observed: npt.ArrayLike | None = None,
    after_observed: npt.ArrayLike | None = None,
) -> LogRank:
    """Return whether two groups of durations end at different paces, open ones counted.

    Parameters
    ----------
    before, after : array-like
        Durations in minutes.
    before_observed, after_observed : array-like of bool, optional
        False: still running.

    Returns
    -------
    LogRank
        NaN where nothing ended while both groups were watched.

    Raises
    ------
    QuestionError
        As for `survival`.

    Notes
    -----
    Mantel (1966) with the hypergeometric variance.
    """
    groups = [curve(before, before_observed), curve(after, after_observed)]
    times = np.union1d(groups[0].minutes, groups[1].minutes)
    risk = [_at_risk(m, o, times) for m, o in ((before, before_observed), (after, after_observed))]
    ended = []
    for group in groups:
        counts = np.zeros(len(times))
        counts[np.searchsorted(times, group.minutes)] = group.ended
        ended.append(counts)
    total, events = risk[0] + risk[1], ended[0] + ended[1]
    expected = events * risk[0] / total
    several = total > 1
    variance = float(
        (
            events[several]
            * (risk[0] * risk[1])[several]
            * (total - events)[several]
            / (total[several] ** 2 * (total[several] - 1))
        ).sum()
    )
    gap = float((ended[0] - expected).sum())
    chi = gap**2 / variance if variance > 0 else math.nan
    first = float(expected.sum())
    return LogRank(chi, float(special.chdtrc(1, chi)), (groups[0].n, groups[1].n), (first, float(events.sum()) - first))


def _at_risk(minutes: npt.ArrayLike, observed: npt.ArrayLike | None, times: np.ndarray) -> np.ndarray:
    values = as_numbers(minutes)
    usable = np.isfinite(values)
    if observed is not None:
        usable &= np.isfinite(as_numbers(observed, "observed"))
    values = np.sort(values[usable])
    return np.asarray(len(values) - np.searchsorted(values, times, side="left"), dtype=float)
