"""Columns of luck: the numbers of many streams, and what records keep of them, in one go each.

NumPy does it in steps. Where the compiled engine is in use its machine code does the same in one pass, digit for digit,
without holding Python's lock between the steps.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from mttrlab.response import compiled
from mttrlab.response.laws import LONGEST, Floats, Law
from mttrlab.response.layout import MICROSECONDS
from mttrlab.response.streams import pool, stream

Ints = npt.NDArray[np.int64]

_OWN = np.empty(0, dtype=np.int64)

BELOW_ONE = float(np.nextafter(1.0, 0.0))
"""The largest uniform that a stream gives."""

# Above what a normal law reaches there.
_HIGHEST, _LOG_LONGEST = 8.3, math.log(LONGEST)


def uniform(seed: int, decision: str, part: int, blocks: Sequence[int], counts: Ints) -> Floats:
    """Return the uniforms of one decision, block after block.

    Parameters
    ----------
    blocks : sequence of int
        Numbers of blocks that follow each other.
    counts : array of int
        How many each draws.
    """
    made: Floats = uniforms(seed, decision, [part], blocks, counts)[0]
    return made


def uniforms(seed: int, decision: str, parts: Sequence[int], blocks: Sequence[int], counts: Ints) -> Floats:
    """Return `uniform` of several parts of a decision, one row each."""
    made = np.empty((len(parts), int(counts.sum())))
    fast = compiled.columns(made.size)
    if fast is not None:
        fast.uniforms(pool(seed, decision), blocks[0], np.array(parts, dtype=np.int64), counts, made)
        return made
    for part, row in zip(parts, made, strict=True):
        drawn = [stream(seed, decision, block, part).random(n) for block, n in zip(blocks, counts, strict=True)]
        np.concatenate(drawn, out=row)
    return made


def microseconds(minutes: Floats) -> Ints:
    """Return whole microseconds.

    Examples
    --------
    >>> microseconds(np.array([0.5])).tolist()
    [30000000]
    """
    return np.rint(minutes * MICROSECONDS).astype(np.int64)


def minutes(law: Law, u: Floats, out: Floats | None = None) -> Floats:
    """Return `law.quantile(u)` of kept uniforms, each below 1: of a lognormal law in two steps that want the lock.

    Parameters
    ----------
    out : array, optional
        Where to write them; it may be `u`.

    Examples
    --------
    >>> minutes(Law("exponential", 4.0), np.array([0.5])).round(3).tolist()
    [2.773]
    """
    fast = compiled.columns()
    together = all(one.flags.c_contiguous for one in (u, out) if one is not None)
    if fast is not None and law.kind == "lognormal" and together:
        mu, sigma = law.parameters
        # None of these is cut at the longest.
        if mu + sigma * _HIGHEST < _LOG_LONGEST:
            to = np.empty(u.shape) if out is None else out
            fast.normals(_ndtri(), u.reshape(-1), mu, sigma, to.reshape(-1))
            return np.exp(to, out=to)
    made: Floats = law.quantile(u)
    if out is None:
        return made
    out[...] = made
    return out


@lru_cache(maxsize=1)
def _ndtri() -> int:
    """Return the address of the function that `scipy.special.ndtri` calls for each number."""
    from numba.extending import get_cython_function_address

    return int(get_cython_function_address("scipy.special.cython_special", "ndtri"))


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
    fast = compiled.columns()
    if fast is not None:
        at, replication, key = np.empty((3, int(n.sum())), dtype=np.int64)
        fast.arrivals(each, n, first, at, replication, key)
        return at, replication, key
    places = np.broadcast_to(np.arange(each.shape[1]), each.shape)
    there = places < n[:, np.newaxis]
    return each[there].astype(np.int64), np.repeat(np.arange(len(n)) + first, n), places[there]


def elapsed(last: np.ndarray, begin: Ints, happens: np.ndarray, place: Any) -> Floats:
    """Return minutes of incidents, NaN where one does not happen.

    Parameters
    ----------
    last : array of int64
        When each record ends, microseconds.
    begin : array of int
        When each incident begins.
    happens : array of int8
        Whether each record happens.
    place : array of int, or slice
        Record of each incident; a slice: all, in their order.
    """
    fast = compiled.columns()
    if fast is not None:
        minutes = np.empty(len(begin))
        fast.elapsed(last, begin, happens, own(place), minutes)
        return minutes
    return np.where(happens[place], (last[place] - begin) / MICROSECONDS, np.nan)


def chosen(edges: Floats, u: Floats) -> Ints:
    """Return how many of a few edges each uniform has reached."""
    fast = compiled.columns()
    found = np.zeros(u.shape, dtype=np.int64)
    if fast is not None and u.flags.c_contiguous:
        fast.chosen(edges, u.reshape(-1), found.reshape(-1))
        return found
    # A comparison for each edge is quicker than looking for every place alone.
    for edge in edges:
        found += u >= edge
    return found


def grouped(which: Ints, groups: int) -> tuple[Ints, list[int]]:
    """Return rows group by group, and where each group ends.

    Examples
    --------
    >>> order, ends = grouped(np.array([1, 0, 1]), 3)
    >>> order.tolist(), ends
    ([1, 0, 2], [1, 3, 3])
    """
    fast = compiled.columns()
    if fast is None:
        # Sorting narrow numbers takes a pass, not comparisons.
        order = np.argsort(which.astype(np.int16), kind="stable")
        return order, np.cumsum(np.bincount(which, minlength=groups)).tolist()
    order, ends = np.empty(len(which), dtype=np.int64), np.zeros(groups, dtype=np.int64)
    fast.grouped(which, order, ends)
    return order, ends.tolist()


def own(place: Any) -> Ints:
    """Return places as machine code takes them: none where every incident is in its own."""
    return _OWN if isinstance(place, slice) else place
