"""Chance belongs to (incident, decision): one record per incident, one stream per decision by name.

A column is drawn whole, in blocks of replications, before any engine starts. Scenarios share it, so they meet the
same incidents and the same luck; a new decision has a new stream and moves no other.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from mttrlab.response.laws import Floats
from mttrlab.response.model import ResponseModel

Ints = npt.NDArray[np.int64]

BLOCK = 50
"""Replications that share a generator per decision: a generator each would cost more than running the year."""

MICROSECONDS_PER_DAY = 86_400_000_000
_HOUR = 3_600_000_000


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
    """
    word = int.from_bytes(hashlib.sha256(decision.encode()).digest()[:4], "big")
    # PCG64 by name: default_rng may change its generator between NumPy versions.
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(word, block, part))))


@dataclass
class Luck:
    """The kept luck of one block of replications; columns are drawn when first asked for."""

    seed: int
    block: int
    replication: Ints
    """Replication of each incident."""
    key: Ints
    """Number of each incident within its replication, in order of arrival."""
    at: Ints
    """Start of each incident, microseconds since the horizon began."""
    horizon: int
    """Length of the horizon, microseconds."""
    _columns: dict[tuple[str, int], Floats] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.at)

    def uniform(self, decision: str, part: int = 0) -> Floats:
        """Return the kept uniforms of a decision, one per incident."""
        if (decision, part) not in self._columns:
            drawn = stream(self.seed, decision, self.block, part).random(len(self))
            drawn.setflags(write=False)
            self._columns[decision, part] = drawn
        return self._columns[decision, part]

    def integers(self, decision: str, part: int = 0) -> Ints:
        """Return the same uniforms as 32-bit integers, to be compared with `threshold(probability)`."""
        return (self.uniform(decision, part) * 2.0**32).astype(np.int64)


def threshold(probability: float) -> int:
    """Return the integer that a 32-bit uniform stays below with this probability.

    Examples
    --------
    >>> threshold(0.0), threshold(1.0) == 2**32
    (0, True)
    """
    return round(probability * 2**32)


def draw(model: ResponseModel, *, days: float, block: int, replications: int, seed: int, weekday: float = 0.0) -> Luck:
    """Return the incidents of one block of replications.

    Parameters
    ----------
    model : ResponseModel
        Only its arrivals matter: rates and hour-of-week profile.
    days : float
        Horizon.
    block : int
        Number of the block.
    replications : int
        How many of the block's replications are wanted, at most `BLOCK`; the others' draws are skipped, not moved.
    seed : int
    weekday : float
        Hours since Monday 00:00 UTC at which the horizon begins.
    """
    horizon = round(days * MICROSECONDS_PER_DAY)
    times, cumulative = _clock(model, horizon, weekday)
    counts = stream(seed, "arrivals", block).poisson(model.per_day * cumulative[-1], BLOCK)[:replications]
    numbers = np.arange(replications) + block * BLOCK
    replication = np.repeat(numbers, counts)
    u = stream(seed, "arrival_time", block).random(int(counts.sum()))
    at = np.minimum(np.interp(u * cumulative[-1], cumulative, times), horizon - 1).astype(np.int64)
    at = at[np.lexsort((at, replication))]
    first = np.cumsum(counts) - counts
    key = np.arange(len(at)) - np.repeat(first, counts)
    return Luck(seed, block, replication, key, at, horizon)


def _clock(model: ResponseModel, horizon: int, weekday: float) -> tuple[Floats, Floats]:
    """Return times (microseconds) and the mean days' worth of arrivals until each."""
    if not model.profile:
        return np.array([0.0, horizon]), np.array([0.0, horizon / MICROSECONDS_PER_DAY])
    weights = np.asarray(model.profile) / np.mean(model.profile)
    edges = np.arange(int(weekday), int(weekday + horizon / _HOUR) + 2, dtype=np.float64)
    since = np.concatenate([[0.0], np.cumsum(weights[edges[:-1].astype(np.int64) % 168])]) / 24.0
    times = np.clip((edges - weekday) * _HOUR, 0.0, float(horizon))
    worth = np.interp(times / _HOUR + weekday, edges, since)
    return times, worth - worth[0]
