"""One stream of random numbers for each decision by name, for each block of replications.

Replications come in blocks, because a generator each would cost more than running the year. A stream is NumPy's own
`PCG64`, seeded by `SeedSequence(seed, spawn_key=(decision, block, part))`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from mttrlab.response.engines.transition import MICROSECONDS
from mttrlab.response.model.arrays import Floats, Ints

BELOW_ONE = float(np.nextafter(1.0, 0.0))
"""The largest uniform that a stream gives."""


def stream(seed: int, decision: str, block: int, part: int = 0) -> np.random.Generator:
    """Return the generator of one decision in one block of replications.

    Parameters
    ----------
    seed : int
    decision : str
        Its name; the stream depends on nothing else about it.
    block : int
        Number of the block of replications.
    part : int
        Which of a loop's turns (a round, an attempt).

    Examples
    --------
    >>> stream(7, "fix", 3).random() == stream(7, "fix", 3).random() != stream(7, "fix", 4).random()
    True
    """
    seeded = np.random.SeedSequence(seed, spawn_key=(_word(decision), block, part))
    # PCG64 by name: default_rng may change its generator between NumPy versions.
    return np.random.Generator(np.random.PCG64(seeded))


@lru_cache(maxsize=4096)
def _word(decision: str) -> int:
    return int.from_bytes(hashlib.sha256(decision.encode()).digest()[:4], "big")


def uniform(seed: int, decision: str, part: int, blocks: Sequence[int], counts: Ints) -> Floats:
    """Return the uniforms of one decision, block after block.

    Parameters
    ----------
    blocks : sequence of int
        Numbers of the blocks.
    counts : array of int
        How many each draws.
    """
    drawn = [stream(seed, decision, block, part).random(n) for block, n in zip(blocks, counts, strict=True)]
    return np.concatenate(drawn)


def uniforms(seed: int, decision: str, parts: Sequence[int], blocks: Sequence[int], counts: Ints) -> Floats:
    """Return `uniform` of several parts of a decision, one row each."""
    return np.stack([uniform(seed, decision, part, blocks, counts) for part in parts])


def to_microseconds(minutes: Floats) -> Ints:
    """Return whole microseconds.

    Examples
    --------
    >>> to_microseconds(np.array([0.5])).tolist()
    [30000000]
    """
    return np.rint(minutes * MICROSECONDS).astype(np.int64)


def arrivals(each: Floats, n: Ints, first: int) -> tuple[Ints, Ints, Ints]:
    """Return instants of replications, their replications, and their numbers within these.

    Parameters
    ----------
    each : array
        Row r: instants of a replication in order, `n[r]` of them, and anything behind.
    n : array of int
    first : int
        Number of the first replication.

    Examples
    --------
    >>> [column.tolist() for column in arrivals(np.array([[1.5, 2.0], [3.0, np.inf]]), np.array([2, 1]), 50)]
    [[1, 2, 3], [50, 50, 51], [0, 1, 0]]
    """
    places = np.broadcast_to(np.arange(each.shape[1]), each.shape)
    there = places < n[:, np.newaxis]
    return each[there].astype(np.int64), np.repeat(np.arange(len(n)) + first, n), places[there]


# Minutes of incidents become numbers of replications: counts, sums, and minutes in order.


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
    happens, arrives = ~np.isnan(now), ~np.isnan(then)
    spent = np.where(happens, now, 0.0)
    columns = (happens, spent, np.where(arrives, then, 0.0) - spent, arrives)
    return Sums(*(np.bincount(place, values, replications).astype(np.float64, copy=False) for values in columns))


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
    each[np.arange(each.shape[1]) < n[:, np.newaxis]] = minutes
    # One sort for all of them.
    each.sort(axis=1)
    return each
