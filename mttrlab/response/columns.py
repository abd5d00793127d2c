"""Columns of luck: the numbers of many streams, and what records keep of them, in one go each.

NumPy does it in steps. Where the compiled engine is in use its machine code does the same in one pass, digit for digit,
without holding Python's lock between the steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mttrlab.response import compiled
from mttrlab.response.laws import Floats
from mttrlab.response.layout import MICROSECONDS
from mttrlab.response.streams import seeds, stream

Ints = npt.NDArray[np.int64]

_OWN = np.empty(0, dtype=np.int64)


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
        fast.uniforms(np.stack([seeds(seed, decision, blocks, part) for part in parts]), counts, made)
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
