"""Minutes of incidents become numbers of replications: counts, sums, and minutes in order."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mttrlab.response import compiled
from mttrlab.response.laws import Floats
from mttrlab.response.luck import Ints


class Sums(NamedTuple):
    """Of each replication, under a baseline and under another way to handle the same incidents."""

    happened: Floats
    """Incidents of the other way."""
    total: Floats
    """Their minutes."""
    saved: Floats
    """Minutes of the baseline less those of the other way; an incident that does not happen has none."""
    arrived: Floats
    """Incidents of the baseline."""


def sums(then: Floats, now: Floats, place: Ints, replications: int) -> Sums:
    """Return what two ways to handle the same incidents come to.

    Parameters
    ----------
    then, now : array
        Minutes of each incident under the baseline and the other way; NaN where it does not happen.
    place : array of int
        Replication of each incident, counted from 0.

    Examples
    --------
    >>> sums(np.array([5.0, 2.0, 3.0]), np.array([4.0, np.nan, 3.0]), np.array([0, 0, 1]), 2).saved.tolist()
    [3.0, 0.0]
    """
    made = Sums(*np.zeros((len(Sums._fields), replications)))
    fast = compiled.columns()
    if fast is not None:
        fast.sums(then, now, place, *made)
        return made
    happens, arrives = ~np.isnan(now), ~np.isnan(then)
    spent = np.where(happens, now, 0.0)
    for to, values in zip(made, (happens, spent, np.where(arrives, then, 0.0) - spent, arrives), strict=True):
        to += np.bincount(place, weights=values, minlength=replications)
    return made


def in_order(minutes: Floats, n: Ints) -> Floats:
    """Return a row per replication: its minutes, or instants, in order, and behind them infinity.

    Parameters
    ----------
    minutes : array
        Of replications that have `n` incidents each, one behind the other.

    Examples
    --------
    >>> in_order(np.array([2.0, 1.0, 3.0]), np.array([2, 1])).tolist()
    [[1.0, 2.0], [3.0, inf]]
    """
    each = np.full((len(n), int(n.max(initial=0))), np.inf)
    fast = compiled.columns()
    if fast is not None:
        fast.rows(minutes, n, each)
    else:
        each[np.arange(each.shape[1]) < n[:, np.newaxis]] = minutes
    # One sort for all of them.
    each.sort(axis=1)
    return each
