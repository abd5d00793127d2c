"""The same incidents handled in two ways: minutes, means per replication, and what was saved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import special

from mttrlab.decisions.quantiles import quantiles
from mttrlab.response.model.arrays import Floats, Ints
from mttrlab.response.sampling import random_streams

BAND = (0.1, 0.9)
"""80 % of the replications lie between."""

_SHARES = (0.5, 0.9)
"""Quantiles that are shown."""

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
    quantiles: Floats
    """Median and P90 of each replication, one row each; NaN where nothing happened."""
    weighted: Floats
    """Minutes saved, each with the share of users hit; empty where nobody has said it."""


def paired(then: Floats, now: Floats, place: Ints, replications: int, weights: Floats | None = None) -> Paired:
    """Return what two ways to handle the same incidents gave.

    Parameters
    ----------
    then, now : array
        Minutes of each incident under the baseline and the scenario; NaN where it was prevented.
    place : array of int
        Replication of each incident, counted from 0.
    replications : int
    weights : array, optional
        Share of users that each incident hits.
    """
    n, total, saved, arrived = random_streams.sums(then, now, place, replications)
    minutes = now if n.sum() == len(now) else now[~np.isnan(now)]
    mean = np.divide(total, n, out=np.full(replications, np.nan), where=n > 0)
    weighted = np.empty(0) if weights is None else saved_by(then, now, place, replications, weights)
    return Paired(minutes, n, mean, saved, arrived, _quantiles(minutes, n.astype(np.int64)), weighted)


def saved_by(then: Floats, now: Floats, place: Ints, replications: int, weights: Floats | None = None) -> Floats:
    """Return the minutes saved in each replication, each with its weight; what was prevented saves all of its own."""
    if weights is None:
        return random_streams.sums(then, now, place, replications).saved
    minutes = (np.nan_to_num(then) - np.nan_to_num(now)) * weights
    return np.asarray(np.bincount(place, weights=minutes, minlength=replications), dtype=np.float64)


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
    median, p90 = _shown(whole.minutes)
    (median_low, median_high), (p90_low, p90_high) = (_band(of_each) for of_each in whole.quantiles.T)
    fewer, more = _band(whole.happened)
    arrived = float(whole.arrived.sum())
    return {
        "incidents": float(whole.happened.mean()),
        "incidents_low": fewer,
        "incidents_high": more,
        "mean": _mean(whole.minutes),
        "mean_low": low,
        "mean_high": high,
        "median": median,
        "median_low": median_low,
        "median_high": median_high,
        "p90": p90,
        "p90_low": p90_low,
        "p90_high": p90_high,
        "saving": float(whole.saved.sum() / arrived) if arrived else np.nan,
        "saving_low": saving_low,
        "saving_high": saving_high,
        "minutes_saved_per_year": float(whole.saved.mean() * year),
        "minutes_saved_low": year_low,
        "minutes_saved_high": year_high,
        **(_weighted(whole.weighted * year) if len(whole.weighted) else {}),
    }


def _weighted(saved: Floats) -> dict[str, float]:
    low, high = _band(saved)
    return {
        "user_minutes_saved_per_year": float(saved.mean()),
        "user_minutes_saved_low": low,
        "user_minutes_saved_high": high,
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
        Half of an interval over its number, for incidents, mean, median, P90, saving and minutes saved (weighted
        too); the largest. Infinite with fewer replications than batches.
    """
    if len(whole.happened) < _BATCHES or len(whole.minutes) < 10 * _BATCHES:
        return np.inf
    t = float(special.stdtrit(_BATCHES - 1, (1 + level) / 2))
    ends = np.cumsum(whole.happened).astype(np.int64)
    cuts = [ends[k[-1]] for k in np.array_split(np.arange(len(ends)), _BATCHES)][:-1]
    batches = [batch for batch in np.split(whole.minutes, cuts) if len(batch)]
    values = np.array([[batch.mean(), *_shown(batch)] for batch in batches])
    widths = [*_relative(values, t), *_relative(_batched(whole.happened, np.mean), t)]
    if difference and whole.saved.any():
        saved, arrived = (_batched(of, np.sum) for of in (whole.saved, whole.arrived))
        widths += [*_relative(saved / np.maximum(arrived, 1.0), t), *_relative(_batched(whole.saved, np.mean), t)]
        if len(whole.weighted):
            widths += [*_relative(_batched(whole.weighted, np.mean), t)]
    return float(max(widths))


def _mean(minutes: Floats) -> float:
    return float(minutes.mean()) if len(minutes) else np.nan


def _shown(minutes: Floats) -> list[float]:
    """Return the shown quantiles."""
    return quantiles(minutes, _SHARES) if len(minutes) else [np.nan] * len(_SHARES)


def _batched(values: Floats, of: Callable[[Floats], Any]) -> Floats:
    return np.array([[of(part)] for part in np.array_split(values, _BATCHES)])


def _quantiles(minutes: Floats, n: Ints) -> Floats:
    """Return the shown quantiles of replications that have `n` incidents each, one behind the other."""
    made = np.full((len(n), len(_SHARES)), np.nan)
    if not n.any():
        return made
    each = random_streams.in_order(minutes, n)
    some = np.flatnonzero(n)
    for k, share in enumerate(_SHARES):
        place = share * (n[some] - 1)
        below = place.astype(np.int64)
        low, high = each[some, below], each[some, np.minimum(below + 1, n[some] - 1)]
        made[some, k] = low + (high - low) * (place - below)
    return made


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
