"""The same incidents handled in two ways: minutes, means per replication, and what was saved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import special

from mttrlab.response.laws import Floats
from mttrlab.response.luck import Ints

BAND = (0.1, 0.9)
"""80 % of the replications lie between."""

_BATCHES = 20
"""Groups of replications whose quantiles say how sure the quantile of all is."""


class Paired(NamedTuple):
    """Some replications under one scenario, beside the baseline."""

    minutes: Floats
    """Of every incident that happened."""
    happened: Floats
    """Per replication."""
    mean: Floats
    """Per replication; NaN where nothing happened."""
    saved: Floats
    """Minutes, summed over the replication's incidents."""
    arrived: Floats
    """Incidents of the baseline, per replication."""


def paired(then: Floats, now: Floats, place: Ints, replications: int) -> Paired:
    """Return what two ways to handle the same incidents gave.

    Parameters
    ----------
    then, now : array
        Minutes of each incident under the baseline and the scenario; NaN where it was prevented.
    place : array of int
        Replication of each incident, counted from 0.
    replications : int
    """
    happens = ~np.isnan(now)
    whole = bool(happens.all())
    spent = now if whole else np.where(happens, now, 0.0)
    minutes = now if whole else now[happens]
    n = np.bincount(place if whole else place[happens], minlength=replications).astype(np.float64)
    total = np.bincount(place, weights=spent, minlength=replications).astype(np.float64)
    mean = np.divide(total, n, out=np.full(replications, np.nan), where=n > 0)
    if now is then:
        return Paired(minutes, n, mean, np.zeros(replications), n)
    saved = np.bincount(place, weights=np.nan_to_num(then) - spent, minlength=replications).astype(np.float64)
    arrived = np.bincount(place[~np.isnan(then)], minlength=replications).astype(np.float64)
    return Paired(minutes, n, mean, saved, arrived)


def joined(parts: Sequence[Paired]) -> Paired:
    """Return all replications together."""
    if len(parts) == 1:
        return parts[0]
    return Paired(*(np.concatenate([part[k] for part in parts]) for k in range(len(Paired._fields))))


def row(whole: Paired, days: float) -> dict[str, float]:
    """Return the numbers of one scenario, with bands that hold 80 % of the replications."""
    year = 365.0 / days
    low, high = _band(whole.mean)
    saving_low, saving_high = _band(_each(whole))
    year_low, year_high = _band(whole.saved * year)
    median, p90 = np.quantile(whole.minutes, (0.5, 0.9)).tolist() if len(whole.minutes) else (np.nan, np.nan)
    arrived = float(whole.arrived.sum())
    return {
        "incidents": float(whole.happened.mean()),
        "mean": float(whole.minutes.mean()) if len(whole.minutes) else np.nan,
        "mean_low": low,
        "mean_high": high,
        "median": median,
        "p90": p90,
        "saving": float(whole.saved.sum() / arrived) if arrived else np.nan,
        "saving_low": saving_low,
        "saving_high": saving_high,
        "minutes_saved_per_year": float(whole.saved.mean() * year),
        "minutes_saved_low": year_low,
        "minutes_saved_high": year_high,
    }


def half_width(whole: Paired, *, difference: bool, level: float = 0.95) -> float:
    """Return the widest relative half-width of a scenario's numbers.

    Parameters
    ----------
    difference : bool
        Whether the saving counts too (not for the baseline, which saves nothing).
    level : float

    Returns
    -------
    float
        Half of an interval over its number, for mean, median, P90 and saving; the largest. Infinite with fewer
        replications than batches.
    """
    if len(whole.happened) < _BATCHES or len(whole.minutes) < 10 * _BATCHES:
        return np.inf
    t = float(special.stdtrit(_BATCHES - 1, (1 + level) / 2))
    ends = np.cumsum(whole.happened).astype(np.int64)
    cuts = [ends[k[-1]] for k in np.array_split(np.arange(len(ends)), _BATCHES)][:-1]
    batches = [batch for batch in np.split(whole.minutes, cuts) if len(batch)]
    values = np.array([[batch.mean(), *np.quantile(batch, (0.5, 0.9))] for batch in batches])
    widths = list(_relative(values, t))
    if difference and whole.saved.any():
        saved, arrived = (
            np.array([part.sum() for part in np.array_split(of, _BATCHES)]) for of in (whole.saved, whole.arrived)
        )
        widths += list(_relative((saved / np.maximum(arrived, 1.0))[:, None], t))
    return float(max(widths))


def _relative(values: Floats, t: float) -> Floats:
    middle = values.mean(axis=0)
    half = t * values.std(axis=0, ddof=1) / np.sqrt(len(values))
    return np.asarray(np.divide(half, np.abs(middle), out=np.full(len(middle), np.inf), where=middle != 0))


def _each(whole: Paired) -> Floats:
    return np.asarray(
        np.divide(whole.saved, whole.arrived, out=np.full(len(whole.saved), np.nan), where=whole.arrived > 0)
    )


def _band(values: Floats) -> tuple[float, float]:
    known = values[~np.isnan(values)]
    if not len(known):
        return np.nan, np.nan
    low, high = np.quantile(known, BAND)
    return float(low), float(high)
