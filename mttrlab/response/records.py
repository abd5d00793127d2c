"""Records of integers for many incidents, and what else is known of them before they are handled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mttrlab.response.laws import Floats
from mttrlab.response.layout import MINUTES, UNIFORM, WHOLE
from mttrlab.response.luck import Ints, Luck
from mttrlab.response.writing import Write, perform, write


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
