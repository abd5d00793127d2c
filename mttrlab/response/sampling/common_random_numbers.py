"""Chance belongs to (incident, decision): one record per incident, one stream per decision by name.

A column is drawn whole, in blocks of replications, before any engine starts. Scenarios share it, so they meet the
same incidents and the same random numbers; a new decision has a new stream and moves no other.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mttrlab.response.model.arrays import Floats, Ints
from mttrlab.response.sampling import random_streams

BLOCK = 50
"""Replications that share a generator per decision: a generator each would cost more than running the year."""

MICROSECONDS_PER_DAY = 86_400_000_000


@dataclass(frozen=True, eq=False)
class Block:
    """How many incidents one block of replications drew, and what brought them."""

    block: int
    replications: int
    primary: int
    """Incidents that came by themselves."""
    secondary: int = 0
    """Incidents that these brought."""
    cause: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    """Which of the first each other one belongs to."""
    order: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    """First ones and others together, by replication and arrival; empty: as they were drawn."""
    noise: int = 0
    """Pages that are no incident."""


@dataclass
class RandomNumbers:
    """The random numbers of some blocks of replications; columns are drawn when first asked for."""

    seed: int
    blocks: tuple[Block, ...]
    replication: Ints
    """Replication of each incident."""
    key: Ints
    """Number of each incident within its replication, in order of arrival."""
    at: Ints
    """Start of each incident, microseconds since the horizon began."""
    horizon: int
    """Length of the horizon, microseconds."""
    week: int = 0
    """Microseconds since Monday 00:00 UTC at which the horizon begins."""
    noise_at: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    """Start of each page that is no incident."""
    noise_replication: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    skip: int = 0
    """Incidents of the first block that belong to replications before the first wanted one."""
    noise_skip: int = 0
    first: int = 0
    """Number of the first replication."""
    cache: dict[Hashable, Any] = field(default_factory=dict, repr=False)
    """What was computed from these and may be asked for again."""

    def __len__(self) -> int:
        return len(self.at)

    @property
    def replications(self) -> int:
        """How many replications there are; they are numbered from `first`."""
        last = self.blocks[-1]
        return last.block * BLOCK + last.replications - self.first

    def uniform(self, decision: str, part: int = 0) -> Floats:
        """Return the kept uniforms of a decision, one per incident."""
        if (decision, part) not in self.cache:
            drawn = self._drawn(decision, part, "primary")
            if any(len(one.order) for one in self.blocks):
                drawn = self._ordered(drawn, decision, part)
            whole = drawn[self.skip :]
            whole.setflags(write=False)
            self.cache[decision, part] = whole
        return np.asarray(self.cache[decision, part])

    def uniforms(self, decision: str, turns: int) -> Floats:
        """Return the kept uniforms of the first turns of a loop, one row each: drawn together, and used together."""
        key = (decision, "turns", turns)
        if key not in self.cache:
            whole = self._turns(decision, turns)
            whole.setflags(write=False)
            self.cache[key] = whole
            self.cache.update({(decision, part): whole[part] for part in range(turns)})
        return np.asarray(self.cache[key])

    def _turns(self, decision: str, turns: int) -> Floats:
        if any(len(one.order) for one in self.blocks):
            return np.stack([self.uniform(decision, part) for part in range(turns)])
        drawn = random_streams.uniforms(self.seed, decision, range(turns), *self._of("primary"))
        return np.ascontiguousarray(drawn[:, self.skip :])

    def _drawn(self, decision: str, part: int, whose: str) -> Floats:
        return random_streams.uniform(self.seed, decision, part, *self._of(whose))

    def _of(self, whose: str) -> tuple[range, Ints]:
        """Return the blocks, and how many each of them draws."""
        if whose not in self.cache:
            counts = np.array([getattr(one, whose) for one in self.blocks], dtype=np.int64)
            self.cache[whose] = range(self.blocks[0].block, self.blocks[-1].block + 1), counts
        return self.cache[whose]  # type: ignore[no-any-return]

    def _ordered(self, primary: Floats, decision: str, part: int) -> Floats:
        """Return the uniforms of those that came by themselves and of those that they brought, by arrival."""
        more = self._drawn(f"{decision} of others", part, "secondary")
        made, first, other = [], 0, 0
        for one in self.blocks:
            own, brought = primary[first : first + one.primary], more[other : other + one.secondary]
            # One cause: those that it brings are of its type.
            brought = own[one.cause] if decision == "type" else brought
            made.append(np.concatenate([own, brought])[one.order] if len(one.order) else own)
            first, other = first + one.primary, other + one.secondary
        return np.concatenate(made)

    def noise(self, decision: str, part: int = 0) -> Floats:
        """Return the kept uniforms of a decision about pages that are no incident."""
        return self._drawn(f"noise {decision}", part, "noise")[self.noise_skip :]


def as_threshold(probability: float) -> int:
    """Return the integer that a 32-bit uniform stays below with this probability.

    Examples
    --------
    >>> as_threshold(0.0), as_threshold(1.0) == 2**32
    (0, True)
    """
    return round(probability * 2**32)
