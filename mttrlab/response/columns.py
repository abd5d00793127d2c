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
    fast = compiled.columns(int(counts.sum()))
    if fast is None:
        drawn = [stream(seed, decision, block, part).random(n) for block, n in zip(blocks, counts, strict=True)]
        return np.concatenate(drawn) if len(drawn) > 1 else drawn[0]
    made = np.empty(int(counts.sum()))
    fast.uniform(seeds(seed, decision, blocks, part), counts, made)
    return made


def microseconds(minutes: Floats) -> Ints:
    """Return whole microseconds.

    Examples
    --------
    >>> microseconds(np.array([0.5])).tolist()
    [30000000]
    """
    return np.rint(minutes * MICROSECONDS).astype(np.int64)


def durations(to: np.ndarray, minutes: Floats, place: Any) -> None:
    """Write minutes as whole microseconds to rows of a column, or to those of several columns side by side.

    Parameters
    ----------
    to : array of int64
        One row per record.
    minutes : array
        One row per incident.
    place : array of int, or slice
        Row of each incident; a slice: all, in their order.
    """
    fast = compiled.columns()
    if fast is None or minutes.ndim == 0 or not minutes.flags.c_contiguous:
        to[place] = microseconds(minutes)
        return
    two = (to, minutes) if to.ndim > 1 else (to[:, np.newaxis], minutes[:, np.newaxis])
    fast.durations(*two, _OWN if isinstance(place, slice) else place)


def marks(to: np.ndarray, u: Floats, place: Any) -> None:
    """Write uniforms as 32-bit integers, to be compared with `threshold(probability)`."""
    fast = compiled.columns()
    if fast is None:
        to[place] = (u * 2.0**32).astype(np.int64)
        return
    fast.marks(to, u, _OWN if isinstance(place, slice) else place)
