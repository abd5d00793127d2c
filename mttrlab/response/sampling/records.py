"""Records of integers for many incidents, and what else is known of them before they are handled."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from mttrlab.response.model.arrays import Floats, Ints, Value
from mttrlab.response.sampling import random_streams
from mttrlab.response.sampling.common_random_numbers import RandomNumbers


@dataclass
class Records:
    """`x` of the transition function for many incidents, and what else is known of them before they are handled."""

    x: np.ndarray
    """Incidents and pages that are none, by replication and arrival."""
    bounds: Ints
    """Replication r of these is rows `bounds[r]` to `bounds[r + 1]` of `x`."""
    place: slice | Ints
    """Rows of `x` that are incidents, in the order of the random numbers."""
    numbers: RandomNumbers
    facts: dict[str, np.ndarray] = field(default_factory=dict)
    keys: dict[str, object] = field(default_factory=dict)
    """What each group of columns was made from."""

    def __len__(self) -> int:
        return len(self.numbers)

    def copy(self) -> Records:
        """Return the same in memory of its own."""
        return replace(self, x=self.x.copy(), facts=dict(self.facts), keys=dict(self.keys))

    def set_minutes(self, column: str, *turns: Floats, factor: Value = 1.0) -> None:
        """Give a column whole microseconds, minutes `factor` times as long; several: a loop's turns from the first."""
        self.set_int(column, *(random_streams.to_microseconds(minutes * factor) for minutes in turns))

    def set_uniform(self, column: str, *turns: Floats) -> None:
        """Give a column uniforms as 32-bit integers."""
        self.set_int(column, *map(as_uint32, turns))

    def set_int(self, column: str, *turns: npt.ArrayLike) -> None:
        """Give a column whole numbers, or whether or not; one per incident, or one for all."""
        to = self.x[column]
        for turn, values in enumerate(turns):
            (to[:, turn] if to.ndim > 1 else to)[self.place] = values

    def set_noise(self, column: str, values: npt.ArrayLike, turn: int = 0) -> None:
        """Give the pages that are no incident, should there be any, a column."""
        to = self.x[column]
        (to[:, turn] if to.ndim > 1 else to)[self.x["noise"] == 1] = values

    def __getattr__(self, name: str) -> np.ndarray:
        """Return a fact (type, face, path, covered, changed), or a column of `x`, one per incident."""
        if name in ("x", "facts", "numbers") or name.startswith("__"):
            raise AttributeError(name)
        if name in self.facts:
            return self.facts[name]
        if name in ("replication",):
            return self.numbers.replication
        return np.asarray(self.x[name][self.place])


def as_uint32(u: Floats) -> npt.NDArray[np.int64]:
    """Return uniforms as 32-bit integers, to be compared with `as_threshold(probability)`."""
    return (u * 2.0**32).astype(np.int64)
