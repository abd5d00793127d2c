"""One stream of random numbers for each decision by name, for each block of replications.

The streams are NumPy's own: `PCG64` seeded by `SeedSequence(seed, spawn_key=(decision, block, part))`. Asked for one at
a time, NumPy's seeding takes longer than the numbers that are drawn, and holds Python's lock while it does; so the
seeds of many blocks are computed at once, by the algorithm that NumPy documents as stable, and handed to it.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numpy.random.bit_generator import ISeedSequence

from mttrlab.response.engines import compiled
from mttrlab.response.engines.transition import MICROSECONDS
from mttrlab.response.model.arrays import Floats, Ints
from mttrlab.response.model.distributions import LONGEST, Law

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


@lru_cache(maxsize=4096)
def _pool(seed: int, word: int) -> npt.NDArray[np.uint64]:
    made = np.concatenate(_mixed(seed, word)[0]).astype(np.uint64)
    made.setflags(write=False)
    return made


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


# Columns of luck: the numbers of many streams, and what records keep of them, in one go each. NumPy does it in steps.
# Where the compiled engine is in use its machine code does the same in one pass, digit for digit, without holding
# Python's lock between the steps.


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


# Minutes of incidents become numbers of replications: counts, sums, and minutes in order.


class Sums(NamedTuple):
    """Of each replication, under a baseline and under another way to handle the same incidents."""

    happened: Floats
    """Incidents of the other way."""
    total: Floats
    """Their minutes."""
    saved: Floats
    """Minutes of the baseline less those of the other way; an incident that does not happen has none."""
    arrived: Floats
    """Incidents of the baseline."""


def sums(then: Floats, now: Floats, place: Ints, replications: int) -> Sums:
    """Return what two ways to handle the same incidents come to.

    Parameters
    ----------
    then, now : array
        Minutes of each incident under the baseline and the other way; NaN where it does not happen.
    place : array of int
        Replication of each incident, counted from 0.

    Examples
    --------
    >>> sums(np.array([5.0, 2.0, 3.0]), np.array([4.0, np.nan, 3.0]), np.array([0, 0, 1]), 2).saved.tolist()
    [3.0, 0.0]
    """
    made = Sums(*np.zeros((len(Sums._fields), replications)))
    fast = compiled.columns()
    if fast is not None:
        fast.sums(then, now, place, *made)
        return made
    happens, arrives = ~np.isnan(now), ~np.isnan(then)
    spent = np.where(happens, now, 0.0)
    for to, values in zip(made, (happens, spent, np.where(arrives, then, 0.0) - spent, arrives), strict=True):
        to += np.bincount(place, weights=values, minlength=replications)
    return made


def in_order(minutes: Floats, n: Ints) -> Floats:
    """Return a row per replication: its minutes, or instants, in order, and behind them infinity.

    Parameters
    ----------
    minutes : array
        Of replications that have `n` incidents each, one behind the other.

    Examples
    --------
    >>> in_order(np.array([2.0, 1.0, 3.0]), np.array([2, 1])).tolist()
    [[1.0, 2.0], [3.0, inf]]
    """
    each = np.full((len(n), int(n.max(initial=0))), np.inf)
    fast = compiled.columns()
    if fast is not None:
        fast.rows(minutes, n, each)
    else:
        each[np.arange(each.shape[1]) < n[:, np.newaxis]] = minutes
    # One sort for all of them.
    each.sort(axis=1)
    return each
