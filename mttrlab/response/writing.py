"""Columns on their way into records: collected first, then written in one way through the memory of the records.

A record is some four hundred bytes, so that each further way through all of them brings each of them into the
processor's cache again.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mttrlab.response import columns, compiled
from mttrlab.response.laws import Floats
from mttrlab.response.layout import CONSTANT, FLAG, MINUTES, UNIFORM, WHOLE, lies

_TYPES: dict[int, Any] = {MINUTES: np.float64, UNIFORM: np.float64, WHOLE: np.int64, FLAG: np.bool_}


class Write(NamedTuple):
    """What one column of the records gets."""

    column: str
    turn: int
    """Which turn of a loop; 0 where the column is none."""
    kind: int
    values: np.ndarray
    """One per incident, in memory of their own, side by side; or one for all."""
    factor: float = 1.0
    """How many times as long minutes are."""


def write(column: str, turn: int, kind: int, values: npt.ArrayLike, n: int, factor: float = 1.0) -> Write:
    """Return what a column of `n` incidents gets.

    Parameters
    ----------
    kind : int
        `MINUTES`, `UNIFORM`; anything else: whole numbers, as the values are.
    """
    made = np.asarray(values)
    if kind not in (MINUTES, UNIFORM):
        kind = CONSTANT if not made.ndim else FLAG if made.dtype == np.bool_ else WHOLE
    if kind == CONSTANT:
        return Write(column, turn, kind, made)
    if not made.ndim:
        made = np.full(n, made)
    return Write(column, turn, kind, np.ascontiguousarray(made, dtype=_TYPES[kind]), factor)


def perform(x: np.ndarray, writes: Collection[Write], place: Any, n: int, *, fresh: bool = False) -> None:
    """Write columns of `n` incidents.

    Parameters
    ----------
    x : array of records
    place : array of int, or slice
        Record of each incident; a slice: all, in their order.
    fresh : bool
        Whether the records hold nothing yet, not even zeros.
    """
    fast, words = compiled.columns(), in_words(x)
    if fast is not None:
        fast.write(words, *table(x.dtype, writes), columns.own(place), n, fresh)
        return
    if fresh:
        words[:] = 0
    for one in writes:
        column = x[one.column]
        (column[:, one.turn] if column.ndim > 1 else column)[place] = _values(one)


def in_words(records: np.ndarray) -> np.ndarray:
    """Return records as rows of 64-bit words."""
    return records.view(np.int64).reshape(len(records), records.dtype.itemsize // 8)


def marked(u: Floats) -> npt.NDArray[np.int64]:
    """Return uniforms as 32-bit integers, to be compared with `luck.threshold(probability)`."""
    return (u * 2.0**32).astype(np.int64)


def _values(one: Write) -> np.ndarray:
    if one.kind == MINUTES:
        return columns.microseconds(one.values * one.factor)
    return marked(one.values) if one.kind == UNIFORM else one.values


def table(dtype: np.dtype, writes: Collection[Write]) -> tuple[np.ndarray, np.ndarray]:
    """Return writes as machine code takes them: kind, place in the record, width there, where values lie; and factors.

    Addresses hold as long as the writes do.
    """
    made = np.empty((len(writes), 4), dtype=np.int64)
    for k, one in enumerate(writes):
        begins, width = lies(dtype, one.column)
        values = int(one.values) if one.kind == CONSTANT else compiled.address(one.values)
        made[k] = one.kind, begins + one.turn * width, width, values
    return made, np.array([one.factor for one in writes], dtype=np.float64)
