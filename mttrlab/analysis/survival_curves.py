"""Kaplan–Meier: how long incidents last when some are still open."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from mttrlab.analysis.query import LabLike, Source, records_basis_of_list
from mttrlab.analysis.sample import frame_with_measure, minutes_so_far
from mttrlab.errors import QuestionError
from mttrlab.validate import as_numbers, finite, inner_share

NAN = float("nan")
NOTHING = "not estimable: n = 0"


@dataclass(frozen=True)
class Curve:
    """Survival at each time at which incidents ended."""

    minutes: np.ndarray
    """Distinct times of ending, rising."""
    at_risk: np.ndarray
    """Incidents known to last at least that long."""
    ended: np.ndarray
    """Incidents that ended then."""
    survival: np.ndarray
    """Share that lasts longer."""
    greenwood: np.ndarray
    """Greenwood's sum: variance of the logarithm of the survival."""
    longest: float
    """Longest time looked at, ended or not."""
    n: int
    """Ended incidents."""
    open: int
    """Incidents still running."""


def curve(minutes: npt.ArrayLike, observed: npt.ArrayLike | None = None) -> Curve:
    """Return the product-limit estimate (Kaplan and Meier 1958).

    Parameters
    ----------
    minutes : array-like
        Durations in minutes, zero or more; NaN is left out.
    observed : array-like of bool, optional
        False: still running. At equal times the ended come first.

    Raises
    ------
    QuestionError
        When the arrays differ in length or a duration is negative.
    """
    times = as_numbers(minutes)
    ended = np.ones(len(times)) if observed is None else as_numbers(observed, "observed")
    if len(times) != len(ended):
        raise QuestionError(f"observed must have one entry per duration; got {len(ended)} for {len(times)}")
    usable = np.isfinite(times) & np.isfinite(ended)
    times, seen = times[usable], ended[usable] > 0
    if (times < 0).any():
        raise QuestionError(f"durations must be zero or more; got {times.min()}")
    at, counts = np.unique(times[seen], return_counts=True)
    risk = len(times) - np.searchsorted(np.sort(times), at, side="left")
    with np.errstate(divide="ignore"):
        greenwood = np.cumsum(counts / (risk * (risk - counts)))
    return Curve(
        at,
        risk,
        counts,
        np.cumprod(1 - counts / risk),
        greenwood,
        float(times.max()) if len(times) else NAN,
        int(seen.sum()),
        int((~seen).sum()),
    )


def _ends(estimate: Curve, level: float) -> tuple[np.ndarray, np.ndarray]:
    # Log-log: the ends stay between 0 and 1.
    reach = float(special.ndtri((1 + inner_share("level", level)) / 2))
    s = estimate.survival
    low, high = np.full(len(s), NAN), np.full(len(s), NAN)
    inside = (s > 0) & (s < 1)
    logs = np.log(s[inside])
    width = reach * np.sqrt(estimate.greenwood[inside]) / np.abs(logs)
    low[inside], high[inside] = np.exp(logs * np.exp(width)), np.exp(logs * np.exp(-width))
    return low, high


def durations_of(
    minutes: npt.ArrayLike | Source, observed: npt.ArrayLike | None, measure: str
) -> tuple[npt.ArrayLike, npt.ArrayLike | None]:
    """Return durations and which of them ended: those given, or those of incidents on a measure."""
    if not isinstance(minutes, (pd.DataFrame, LabLike)):
        return minutes, observed
    if observed is not None:
        raise QuestionError("observed= goes with a list of minutes; incidents say themselves which still run")
    known = minutes_so_far(frame_with_measure(minutes, measure), measure).dropna(subset="minutes")
    return known["minutes"].to_numpy(dtype=float), known["ended"].to_numpy(dtype=bool)


@records_basis_of_list
def survival(
    minutes: npt.ArrayLike | Source,
    observed: npt.ArrayLike | None = None,
    *,
    measure: str = "recovery",
    level: float = 0.95,
) -> pd.DataFrame:
    """Return the share of incidents that last longer, at each time at which one ended.

    Parameters
    ----------
    minutes : array-like, DataFrame or Lab
        Durations in minutes, zero or more (NaN is left out); or incidents, or phases as `phase_durations` gives them,
        of which those probably never closed are left out.
    observed : array-like of bool, optional
        Of a list of durations. False: still running.
    measure : str
        Of incidents: a phase, a clock or another measure.
    level : float
        Level of the intervals, each for itself.

    Returns
    -------
    DataFrame
        `minutes, at_risk, ended, open` (incidents last seen running since the row before), `survival, low, high`;
        the interval is Greenwood's on the log-log scale, NaN where the survival is 1 or 0. In every row the same:
        `open_later`, open ones that have run longer than any that ended, and `longest`, the longest time of all.
        Where none has ended there is no row, and `attrs` carry `open` and `longest`.

    Raises
    ------
    QuestionError
        When the arrays differ in length, a duration is negative, or the level or the measure is none.
    SchemaError
        When the table is no table of incidents.

    Examples
    --------
    >>> survival([10, 20, 30], [True, False, True])[["minutes", "survival"]].values.round(4).tolist()
    [[10.0, 0.6667], [30.0, 0.0]]
    """
    estimate = curve(*durations_of(minutes, observed, measure))
    low, high = _ends(estimate, level)
    before = np.append(estimate.n + estimate.open, estimate.at_risk[:-1] - estimate.ended[:-1])[: len(estimate.minutes)]
    table = pd.DataFrame(
        {
            "minutes": estimate.minutes,
            "at_risk": estimate.at_risk,
            "ended": estimate.ended,
            "open": before - estimate.at_risk,
            "survival": estimate.survival,
            "low": low,
            "high": high,
        }
    )
    later = estimate.open - int(table["open"].sum())
    result = table.assign(open_later=later, longest=estimate.longest)
    if result.empty:  # no row can say it
        result.attrs.update(open=estimate.open, longest=estimate.longest)
    return result


def _crossing(times: np.ndarray, height: np.ndarray, target: float) -> float:
    reached = height <= target + 1e-12
    if not reached.any():
        return NAN
    place = int(np.argmax(reached))
    if abs(height[place] - target) < 1e-12 and place + 1 < len(times):
        return float(times[place] + times[place + 1]) / 2
    return float(times[place])


def _first(times: np.ndarray, reached: np.ndarray) -> float:
    return float(times[np.argmax(reached)]) if reached.any() else NAN


@records_basis_of_list
def survival_quantiles(
    minutes: npt.ArrayLike | Source,
    observed: npt.ArrayLike | None = None,
    *,
    measure: str = "recovery",
    shares: tuple[float, ...] = (0.5, 0.9),
    level: float = 0.95,
) -> pd.DataFrame:
    """Return the minutes within which a share of incidents ends, open ones counted.

    Parameters
    ----------
    minutes, observed, measure, level
        As for `survival`.
    shares : tuple of float
        Shares that have ended, between 0 and 1.

    Returns
    -------
    DataFrame
        `quantile, minutes, low, high, n, open, method`. A quantile that the curve does not reach is NaN; an upper end
        that it does not reach is infinite; the method says so in both cases. Where the curve lies level at the share,
        the middle of that stretch is taken, as for the median of an even count.

    Raises
    ------
    QuestionError
        As for `survival`.

    Notes
    -----
    The interval inverts the log-log interval of the curve (Brookmeyer and Crowley 1982).
    """
    estimate = curve(*durations_of(minutes, observed, measure))
    low, high = _ends(estimate, level)
    rows = []
    for share in shares:
        target = 1 - inner_share("each of shares", share)
        value = _crossing(estimate.minutes, estimate.survival, target)
        # Where the curve is 1 or 0 it has no interval; the ends are then those of its neighbours.
        lower = _first(estimate.minutes, np.where(np.isnan(low), estimate.survival, low) <= target + 1e-12)
        upper = _first(estimate.minutes, np.where(np.isnan(high), 1.0, high) <= target + 1e-12)
        endless = math.isnan(upper) and not math.isnan(lower)
        method = "Kaplan–Meier; upper end not reached" if endless else "Kaplan–Meier"
        if math.isnan(value):
            total = estimate.n + estimate.open
            method = f"not estimable: {estimate.open} of {total} incidents are still open" if total else NOTHING
        rows.append(
            {
                "quantile": share,
                "minutes": value,
                "low": lower,
                "high": math.inf if endless else upper,
                "n": estimate.n,
                "open": estimate.open,
                "method": method,
            }
        )
    return pd.DataFrame(rows)


# Mean time up to a horizon, open incidents counted.


def _area(
    times: np.ndarray, height: np.ndarray, risk: np.ndarray, ended: np.ndarray, horizon: float
) -> tuple[float, float]:
    inside = times < horizon
    edges = np.concatenate([[0.0], times[inside], [horizon]])
    levels = np.concatenate([[1.0], height[inside]])
    pieces = np.diff(edges) * levels
    rest = pieces[::-1].cumsum()[::-1][1:]  # area to the right of each time of ending
    left = risk[inside] - ended[inside]
    remaining = left > 0  # at the last of all the area to the right is zero
    terms = rest[remaining] ** 2 * ended[inside][remaining] / (risk[inside][remaining] * left[remaining])
    return float(pieces.sum()), float(terms.sum())


@records_basis_of_list
def restricted_mean(
    minutes: npt.ArrayLike | Source,
    observed: npt.ArrayLike | None = None,
    *,
    measure: str = "recovery",
    horizon: float = 240.0,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return the mean minutes spent within a horizon: a mean that open and endless incidents cannot spoil.

    Parameters
    ----------
    minutes, observed, measure
        As for `survival`.
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
    inner_share("level", level)
    finite("horizon", horizon, 0, open_low=True)
    estimate = curve(*durations_of(minutes, observed, measure))
    row = {
        "horizon": horizon,
        "mean": math.nan,
        "low": math.nan,
        "high": math.nan,
        "n": estimate.n,
        "open": estimate.open,
    }
    reaches_zero = len(estimate.survival) > 0 and estimate.survival[-1] <= 1e-15
    if estimate.n + estimate.open == 0 or (estimate.longest < horizon and not reaches_zero):
        why = f"not estimable: nobody was watched for {horizon:g} minutes and the last is still open"
        return pd.DataFrame([row | {"method": why if estimate.n + estimate.open else "not estimable: n = 0"}])
    mean, variance = _area(estimate.minutes, estimate.survival, estimate.at_risk, estimate.ended, horizon)
    if not variance > 0:
        why = "n = 1" if estimate.n + estimate.open == 1 else "no spread within the horizon"
        return pd.DataFrame([row | {"mean": mean, "method": f"area under the Kaplan–Meier curve; no interval: {why}"}])
    half = float(special.ndtri((1 + level) / 2)) * math.sqrt(variance)
    row |= {"mean": mean, "low": max(mean - half, 0.0), "high": min(mean + half, horizon)}
    return pd.DataFrame([row | {"method": "area under the Kaplan–Meier curve"}])
