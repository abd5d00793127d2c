"""Columns of luck in machine code, digit for digit as `random_streams` has them in NumPy, without Python's lock.

Imported through `compiled`, which sets where it is kept.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba.extending import intrinsic

from mttrlab.response.engines.numba_kernel import (
    ROOT,
    byte,
    call,
    inner,
    number,
    of_number,
    outer,
    put8,
    put32,
    put64,
    read,
    word,
)
from mttrlab.response.engines.transition import CONSTANT, FLAG, MINUTES, UNIFORM
from mttrlab.response.engines.transition import MICROSECONDS as _MICROSECONDS
from mttrlab.response.sampling.random_streams import HASH, HASH_FACTOR, LAST_FACTOR, LAST_HASH, MIX_OTHER, MIX_OWN

# Streams of random numbers in machine code: those that NumPy's own generator gives, from the seeds of `random_streams`.


_WORDS, _STREAM_PLACES = read(numba.uint64), read(numba.int64)

_RECORD_PLACES, _NUMBERS = read(numba.int64), read(numba.float64)

_PLACES, _UNIFORMS = read(numba.int64), read(numba.float64)


@outer(numba.void(numba.int64, _UNIFORMS, numba.float64, numba.float64, numba.float64[::1]))
def normals(ndtri: int, u: Any, mu: float, sigma: float, out: Any) -> None:
    """Write normal quantiles; `ndtri` is the address of SciPy's own."""
    for i in range(len(u)):
        out[i] = of_number(ndtri, u[i]) * sigma + mu


@outer(numba.void(_UNIFORMS, _UNIFORMS, numba.int64[::1]))
def chosen(edges: Any, u: Any, out: Any) -> None:
    """Count the edges that each uniform has reached."""
    for i in range(len(u)):
        reached = 0
        for edge in edges:
            reached += u[i] >= edge
        out[i] = reached


@outer(numba.void(_PLACES, numba.int64[::1], numba.int64[::1]))
def grouped(which: Any, order: Any, ends: Any) -> None:
    """Put rows in order by group; rows of one group stay as they are."""
    for group in which:
        ends[group] += 1
    begin = 0
    for group in range(len(ends)):
        many = ends[group]
        ends[group] = begin
        begin += many
    # Where each group begins grows to where it ends.
    for i in range(len(which)):
        group = which[i]
        order[ends[group]] = i
        ends[group] += 1


@outer(numba.void(_UNIFORMS, _UNIFORMS, _PLACES, *[numba.float64[::1]] * 4))
def sums(then: Any, now: Any, place: Any, happened: Any, total: Any, saved: Any, arrived: Any) -> None:
    """Add up what happened and what was saved, by replication."""
    for i in range(len(place)):
        r, before, spent = place[i], then[i], now[i]
        if np.isnan(before):
            before = 0.0
        else:
            arrived[r] += 1.0
        if np.isnan(spent):
            spent = 0.0
        else:
            happened[r] += 1.0
        total[r] += spent
        saved[r] += before - spent


@outer(numba.void(read(numba.float64, 2), _PLACES, numba.int64, *[numba.int64[::1]] * 3))
def arrivals(each: Any, n: Any, first: int, at: Any, replication: Any, key: Any) -> None:
    """Write the first `n[r]` instants of row `r`, its number, and theirs within it."""
    i = 0
    for r in range(len(n)):
        for k in range(n[r]):
            at[i], replication[i], key[i] = np.int64(each[r, k]), first + r, k
            i += 1


@outer(numba.void(_UNIFORMS, _PLACES, numba.float64[:, ::1]))
def rows(minutes: Any, n: Any, out: Any) -> None:
    """Write the next `n[r]` minutes to the beginning of row `r`."""
    i = 0
    for r in range(len(n)):
        for k in range(n[r]):
            out[r, k] = minutes[i]
            i += 1


_TYPES: Any = numba.types
_PAIR = _TYPES.UniTuple(numba.uint64, 2)
_MULTIPLIER = 0x2360ED051FC65DA44385DF649FCCF645


def _wide(builder: Any, high: Any, low: Any) -> Any:
    wide = ir.IntType(128)
    return builder.or_(builder.shl(builder.zext(high, wide), ir.Constant(wide, 64)), builder.zext(low, wide))


def _step(typing: Any, high: Any, low: Any, more_high: Any, more_low: Any) -> Any:
    made: Any = _PAIR

    def put(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        wide, word = ir.IntType(128), ir.IntType(64)
        product = builder.mul(_wide(builder, *args[:2]), ir.Constant(wide, _MULTIPLIER))
        after = builder.add(product, _wide(builder, *args[2:]))
        halves = [builder.trunc(builder.lshr(after, ir.Constant(wide, 64)), word), builder.trunc(after, word)]
        return context.make_tuple(builder, made, halves)

    return made(numba.uint64, numba.uint64, numba.uint64, numba.uint64), put


step: Any = intrinsic(_step)
"""`step(high, low, more_high, more_low)` is the next state of a 128-bit congruential generator, in two halves."""


def _multipliers() -> np.ndarray:
    """Return the multipliers for a block and a part: what all share has used up the first ones."""
    made = [HASH]
    for _ in range(_SHARED + 2 * _POOL):
        made.append(made[-1] * HASH_FACTOR & 0xFFFFFFFF)
    return np.array(made[_SHARED:], dtype=np.uint64)


_POOL, _SHARED = 4, 20
_HASHES, _MASK, _HALF = _multipliers(), np.uint64(0xFFFFFFFF), np.uint64(16)


@inner
def _taken(own: Any, value: Any, k: int) -> Any:
    """Return a word of the pool after it has taken up another word."""
    hashed = (value ^ _HASHES[k]) * _HASHES[k + 1] & _MASK
    hashed ^= hashed >> _HALF
    mixed = own * np.uint64(MIX_OWN) - hashed * np.uint64(MIX_OTHER) & _MASK
    return mixed ^ mixed >> _HALF


@outer(numba.void(_WORDS, numba.int64, _STREAM_PLACES, _STREAM_PLACES, numba.float64[:, ::1]))
def uniforms(pool: Any, block: int, parts: Any, counts: Any, out: Any) -> None:
    """Fill each row `out[k]` with numbers of part `parts[k]`: `counts[b]` from the generator of block `block + b`.

    The seed is that of `random_streams`, from its `pool`; the generator is PCG64 (XSL-RR 128/64). Source: M. E.
    O'Neill, "PCG: a family of simple fast space-efficient statistically good algorithms for random number generation"
    (2014), as `numpy.random.PCG64` has it.
    """
    word = np.empty(_POOL, dtype=np.uint64)
    for k in range(len(parts)):
        i = 0
        for b in range(len(counts)):
            word[:] = 0
            given = np.uint64(LAST_HASH)
            for w in range(2 * _POOL):
                t = w % _POOL
                one = _taken(_taken(pool[t], np.uint64(block + b) & _MASK, t), np.uint64(parts[k]) & _MASK, _POOL + t)
                one ^= given
                given = given * np.uint64(LAST_FACTOR) & _MASK
                one = one * given & _MASK
                one ^= one >> _HALF
                # Pairs of words, the lower one first.
                word[w // 2] |= one << np.uint64(32 * (w % 2))
            more_high = word[2] << np.uint64(1) | word[3] >> np.uint64(63)
            more_low = word[3] << np.uint64(1) | np.uint64(1)
            # The state is 0, steps, is added to the seed, and steps.
            low = more_low + word[1]
            high = more_high + word[0] + np.uint64(low < more_low)
            high, low = step(high, low, more_high, more_low)
            for _ in range(counts[b]):
                high, low = step(high, low, more_high, more_low)
                turn, mixed = high >> np.uint64(58), high ^ low
                drawn = mixed >> turn | mixed << (np.uint64(64) - turn & np.uint64(63))
                out[k, i] = np.float64(drawn >> np.uint64(11)) * 1.1102230246251565e-16
                i += 1


# Records of luck in machine code: filled from columns, and run as soon as they are, while the cache has them.


MICROSECONDS: Any = np.float64(_MICROSECONDS)


@outer(numba.void(numba.int64[:], read(numba.int64, layout="A"), numba.int8[:], _PLACES, numba.float64[::1]))
def elapsed(last: Any, begin: Any, happens: Any, place: Any, out: Any) -> None:
    """Write minutes from `begin` to `last`, NaN where an incident does not happen."""
    for i in range(len(begin)):
        row = place[i] if len(place) else i
        out[i] = np.float64(last[row] - begin[i]) / MICROSECONDS if happens[row] else np.nan


_EIGHT, _FOUR = 8, 4
_TOGETHER: Any = np.int64(128)
"""Records that are written together: as many as the nearest cache holds."""


@inner
def _filled(x: int, wide: int, table: Any, factors: Any, place: Any, low: int, high: int) -> None:
    """Write columns of the incidents from `low` to before `high`; `place` says in which record (empty: its own)."""
    for k in range(len(table)):
        kind, to, width, values = table[k]
        to += x
        if kind == MINUTES:
            for i in range(low, high):
                row = place[i] if len(place) else i
                put64(to + row * wide, np.int64(np.rint(number(values, i) * factors[k] * MICROSECONDS)))
        elif kind == UNIFORM:
            for i in range(low, high):
                row = place[i] if len(place) else i
                put32(to + row * wide, np.int64(number(values, i) * 4294967296.0))
        elif kind == FLAG:
            for i in range(low, high):
                row = place[i] if len(place) else i
                put8(to + row * wide, byte(values, i))
        else:
            for i in range(low, high):
                row = place[i] if len(place) else i
                value = values if kind == CONSTANT else word(values, i)
                if width == _EIGHT:
                    put64(to + row * wide, value)
                elif width == _FOUR:
                    put32(to + row * wide, value)
                else:
                    put8(to + row * wide, value)


@outer(numba.void(numba.int64[:, ::1], numba.int64[:, ::1], _NUMBERS, _RECORD_PLACES, numba.int64, numba.boolean))
def write(x: Any, table: Any, factors: Any, place: Any, n: int, fresh: bool) -> None:
    """Write columns of `n` incidents, some at a time, so that these stay in the cache.

    `table` says of each column its kind, its place in the record, its width there, and where its values lie; `place`
    says which record each incident has (empty: its own); `fresh`: records are zeros first.
    """
    wide = x.shape[1] * 8
    for low in range(0, n, _TOGETHER):
        high = min(low + _TOGETHER, n)
        if fresh:
            x[low:high] = 0
        _filled(x.ctypes.data, wide, table, factors, place, low, high)


@outer(
    numba.void(
        *[numba.int64[:, ::1]] * 2, numba.int64[:, ::1], _NUMBERS, *[_RECORD_PLACES] * 4, *[numba.int64] * 6,
        read(numba.int64), numba.float64[::1],
    )
)  # fmt: skip
def through(
    x: Any,
    s: Any,
    table: Any,
    factors: Any,
    cuts: Any,
    bounds: Any,
    incidents: Any,
    place: Any,
    run: int,
    settings: int,
    desk: int,
    happens: int,
    first: int,
    last: int,
    at: Any,
    out: Any,
) -> None:
    """Run incidents and write their minutes, some replications at a time, in the same few records and states.

    Parameters
    ----------
    x : array
        Records of luck: of some replications, filled from `table` (as `write`) for each; or of all, where that is
        empty.
    s : array
        States of some replications.
    cuts : array of int64
        Replications that begin the next ones, and how many there are.
    bounds, incidents : array of int64
        Records, and incidents, before each replication.
    run, settings, desk : int
        Addresses of the engine, and of what it takes.
    happens, first, last : int
        Where in a record an incident says that it happens, and where in a state its clock begins (-1: `at`) and ends.
    """
    wide, state = x.shape[1] * 8, s.shape[1] * 8
    for c in range(len(cuts) - 1):
        some, many = cuts[c], cuts[c + 1] - cuts[c]
        low, high = bounds[some], bounds[some + many]
        # Rows are counted through all replications, so the first of these lies at the beginning.
        records, states = x.ctypes.data, s.ctypes.data - low * state
        if len(table):
            x[: high - low] = 0
            records -= low * wide
            for begin in range(low, high, _TOGETHER):
                _filled(records, wide, table, factors, place, begin, min(begin + _TOGETHER, high))
        call(run, records, states, settings, desk, bounds.ctypes.data + some * 8, many)
        for i in range(incidents[some], incidents[some + many]):
            row = place[i] if len(place) else i
            ended = states + row * state
            begins = at[i] if first < 0 else word(ended + first, ROOT)
            lasts = np.float64(word(ended + last, ROOT) - begins) / MICROSECONDS
            out[i] = lasts if byte(records + row * wide + happens, ROOT) else np.nan
