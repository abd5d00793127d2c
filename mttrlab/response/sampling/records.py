"""Records of integers for many incidents, and what else is known of them before they are handled."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mttrlab.response.engines import compiled
from mttrlab.response.engines.transition import CONSTANT, FLAG, MINUTES, UNIFORM, WHOLE, lies
from mttrlab.response.model.arrays import Floats, Ints
from mttrlab.response.sampling import random_streams
from mttrlab.response.sampling.common_random_numbers import Luck


@dataclass
class Records:
    """`x` of the transition function for many incidents, and what else is known of them before they are handled."""

    dtype: np.dtype
    bounds: Ints
    """Replication r of these is rows `bounds[r]` to `bounds[r + 1]` of `x`."""
    place: Any
    """Rows of `x` that are incidents, in the order of the luck."""
    luck: Luck
    memory: np.ndarray | None = None
    """`x` as far as it is written, pages that are no incident always; None: there are none, and nothing is written."""
    facts: dict[str, np.ndarray] = field(default_factory=dict)
    keys: dict[str, object] = field(default_factory=dict)
    """What each group of columns was made from."""
    waiting: dict[tuple[str, int], Write] = field(default_factory=dict)
    """Columns that are not written yet."""

    def __len__(self) -> int:
        return len(self.luck)

    @property
    def x(self) -> np.ndarray:
        """Incidents and pages that are none, by replication and arrival."""
        fresh = self.memory is None
        x = np.empty(len(self), dtype=self.dtype) if self.memory is None else self.memory
        if fresh or self.waiting:
            perform(x, self.waiting.values(), self.place, len(self), fresh=fresh)
        self.memory, self.waiting = x, {}
        return x

    def copy(self) -> Records:
        """Return the same in memory of its own."""
        memory = None if self.memory is None else self.memory.copy()
        return replace(self, memory=memory, facts=dict(self.facts), keys=dict(self.keys), waiting=dict(self.waiting))

    def write(self, column: str, *turns: Floats, factor: Any = 1.0) -> None:
        """Give a column minutes as whole microseconds, `factor` times as long; several: a loop's turns from the first.

        Like `mark` and `put`, it is noted, and done when somebody asks for `x`.
        """
        if np.ndim(factor):
            turns, factor = tuple(minutes * factor for minutes in turns), 1.0
        self._note(column, MINUTES, turns, float(factor))

    def mark(self, column: str, *turns: Floats) -> None:
        """Give a column uniforms as 32-bit integers."""
        self._note(column, UNIFORM, turns)

    def put(self, column: str, *turns: npt.ArrayLike) -> None:
        """Give a column whole numbers, or whether or not; one per incident, or one for all."""
        self._note(column, WHOLE, turns)

    def _note(self, column: str, kind: int, turns: Sequence[npt.ArrayLike], factor: float = 1.0) -> None:
        for turn, values in enumerate(turns):
            self.waiting[column, turn] = write(column, turn, kind, values, len(self), factor)

    def put_pages(self, column: str, values: npt.ArrayLike, turn: int = 0) -> None:
        """Give the pages that are no incident, should there be any, a column; at once."""
        if self.memory is None:
            return
        to = self.memory[column]
        (to[:, turn] if to.ndim > 1 else to)[self.memory["noise"] == 1] = values

    def __getattr__(self, name: str) -> np.ndarray:
        """Return a fact (type, face, path, covered, changed), or a column of `x`, one per incident."""
        if name in ("x", "memory", "facts", "luck", "waiting") or name.startswith("__"):
            raise AttributeError(name)
        if name in self.facts:
            return self.facts[name]
        if name in ("replication",):
            return self.luck.replication
        return np.asarray(self.x[name][self.place])


# Columns on their way into records: collected first, then written in one way through the memory of the records. A
# record is some four hundred bytes, so that each further way through all of them brings each of them into the
# processor's cache again.


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
        fast.write(words, *table(x.dtype, writes), random_streams.own(place), n, fresh)
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
        return random_streams.microseconds(one.values * one.factor)
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
