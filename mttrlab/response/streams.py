"""One stream of random numbers for each decision by name, for each block of replications.

The streams are NumPy's own: `PCG64` seeded by `SeedSequence(seed, spawn_key=(decision, block, part))`. Asked for one at
a time, NumPy's seeding takes longer than the numbers that are drawn, and holds Python's lock while it does; so the
seeds of many blocks are computed at once, by the algorithm that NumPy documents as stable, and handed to it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.random.bit_generator import ISeedSequence

Words = npt.NDArray[np.uint32]

_PAGE = 256
"""Blocks whose seeds are computed together."""

_POOL = 4
"""Words of NumPy's entropy pool."""

HASH, HASH_FACTOR, LAST_HASH, LAST_FACTOR = 0x43B0D7E5, 0x931E8875, 0x8B51F9DD, 0x58F38DED
MIX_OWN, MIX_OTHER = 0xCA01F9DD, 0x4973F715
"""NumPy's multipliers: of words that are taken up, of those that are given out, and of the mixing."""


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
    # NumPy's types know no seed but its own, though it takes any.
    seeded: Any = _Seeded(_page(seed, _word(decision), part, block // _PAGE)[block % _PAGE])
    # PCG64 by name: default_rng may change its generator between NumPy versions.
    return np.random.Generator(np.random.PCG64(seeded))


def pool(seed: int, decision: str) -> npt.NDArray[np.uint64]:
    """Return NumPy's entropy pool once it has taken up what all blocks and parts of a decision share."""
    return _pool(seed, _word(decision))


@lru_cache(maxsize=4096)
def _pool(seed: int, word: int) -> npt.NDArray[np.uint64]:
    made = np.concatenate(_mixed(seed, word)[0]).astype(np.uint64)
    made.setflags(write=False)
    return made


@ISeedSequence.register
class _Seeded:
    """What a bit generator asks for its seed, already there."""

    def __init__(self, state: npt.NDArray[np.uint64]) -> None:
        self.state = state

    def generate_state(self, n_words: int, dtype: Any = np.uint32) -> npt.NDArray[np.uint64]:
        """Return the four words that PCG64 asks for."""
        return self.state


@lru_cache(maxsize=4096)
def _word(decision: str) -> int:
    return int.from_bytes(hashlib.sha256(decision.encode()).digest()[:4], "big")


@lru_cache(maxsize=4096)
def _page(seed: int, word: int, part: int, page: int) -> npt.NDArray[np.uint64]:
    """Return what `SeedSequence(seed, spawn_key=(word, block, part)).generate_state(4, uint64)` gives, block by block.

    Source: M. E. O'Neill, "Developing a seed_seq alternative" (2015), as `numpy.random.SeedSequence` has it.
    """
    mixed, hashes = _mixed(seed, word)
    blocks = np.arange(page * _PAGE, (page + 1) * _PAGE, dtype=np.uint64).astype(np.uint32)
    for value in (blocks, np.full(_PAGE, part, dtype=np.uint32)):
        mixed = [_mix(of, _hashed(value, hashes)) for of in mixed]
    out, multiplied = np.empty((_PAGE, 2 * _POOL), dtype=np.uint32), LAST_HASH
    for k in range(2 * _POOL):
        value = mixed[k % _POOL] ^ np.uint32(multiplied)
        multiplied = multiplied * LAST_FACTOR & 0xFFFFFFFF
        value = value * np.uint32(multiplied)
        out[:, k] = value ^ (value >> np.uint32(16))
    # Pairs of words, the lower one first, whatever the machine's order of bytes.
    made = out[:, ::2].astype(np.uint64) | out[:, 1::2].astype(np.uint64) << np.uint64(32)
    made.setflags(write=False)
    return made


def _mixed(seed: int, word: int) -> tuple[list[Words], Iterator[tuple[int, int]]]:
    """Return the pool after the words that all blocks share, and the multipliers that come next."""
    hashes = _multipliers()
    words = [seed & 0xFFFFFFFF, seed >> 32 & 0xFFFFFFFF, seed >> 64, 0]
    pool = [_hashed(np.full(1, one, dtype=np.uint32), hashes) for one in words]
    for source in range(_POOL):
        for target in range(_POOL):
            if source != target:
                pool[target] = _mix(pool[target], _hashed(pool[source], hashes))
    shared = np.full(1, word, dtype=np.uint32)
    return [_mix(of, _hashed(shared, hashes)) for of in pool], hashes


def _multipliers() -> Iterator[tuple[int, int]]:
    now = HASH
    while True:
        before, now = now, now * HASH_FACTOR & 0xFFFFFFFF
        yield before, now


def _hashed(value: Words, hashes: Iterator[tuple[int, int]]) -> Words:
    before, after = next(hashes)
    value = (value ^ np.uint32(before)) * np.uint32(after)
    return value ^ (value >> np.uint32(16))


def _mix(one: Words, other: Words) -> Words:
    mixed: Words = one * np.uint32(MIX_OWN) - other * np.uint32(MIX_OTHER)
    return mixed ^ (mixed >> np.uint32(16))
