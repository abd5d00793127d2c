"""Columns of luck in machine code: the numbers that NumPy's own generator would draw, and durations as integers.

Imported through `compiled`, which sets where it is kept. `columns` says what each function does, in NumPy.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba.extending import intrinsic

from mttrlab.response.compiled_heap import outer
from mttrlab.response.layout import MICROSECONDS as _MICROSECONDS

MICROSECONDS: Any = np.float64(_MICROSECONDS)


def _read(kind: Any, ndim: int = 1, layout: Any = "C") -> Any:
    return numba.types.Array(kind, ndim, layout, readonly=True)


_WORDS, _PLACES, _UNIFORMS = _read(numba.uint64, 3), _read(numba.int64), _read(numba.float64)
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


def _number(typing: Any, address: Any, i: Any) -> Any:
    def put(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        begin = builder.inttoptr(args[0], ir.DoubleType().as_pointer())
        return builder.load(builder.gep(begin, [args[1]]))

    return numba.float64(numba.int64, numba.int64), put


number: Any = intrinsic(_number)
"""`number(address, i)` is number `i` of those that lie at an address: a tuple of arrays would be a type of its own."""


@outer(numba.void(_WORDS, _PLACES, numba.float64[:, ::1]))
def uniforms(words: Any, counts: Any, out: Any) -> None:
    """Fill each row `out[k]` with `counts[b]` numbers from the generator whose seed is `words[k, b]`, block by block.

    PCG64 (XSL-RR 128/64). Source: M. E. O'Neill, "PCG: a family of simple fast space-efficient statistically good
    algorithms for random number generation" (2014), as `numpy.random.PCG64` has it.
    """
    for k in range(len(words)):
        i = 0
        for b in range(len(counts)):
            word = words[k, b]
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


@outer(numba.void(numba.int64[:, :], _PLACES, numba.int64, _PLACES, numba.float64))
def durations(out: Any, turns: Any, n: int, place: Any, factor: float) -> None:
    """Write minutes as whole microseconds; `turns` says where those of each column lie.

    `place` says which row each belongs to (empty: its own).
    """
    for i in range(n):
        row = place[i] if len(place) else i
        for turn in range(len(turns)):
            out[row, turn] = np.int64(np.rint(number(turns[turn], i) * factor * MICROSECONDS))


@outer(numba.void(numba.uint32[:, :], _PLACES, numba.int64, _PLACES))
def marks(out: Any, turns: Any, n: int, place: Any) -> None:
    """Write uniforms as 32-bit integers."""
    for i in range(n):
        row = place[i] if len(place) else i
        for turn in range(len(turns)):
            out[row, turn] = np.uint32(number(turns[turn], i) * 4294967296.0)


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


@outer(numba.void(numba.int64[:], _read(numba.int64, layout="A"), numba.int8[:], _PLACES, numba.float64[::1]))
def elapsed(last: Any, begin: Any, happens: Any, place: Any, out: Any) -> None:
    """Write minutes from `begin` to `last`, NaN where an incident does not happen."""
    for i in range(len(begin)):
        row = place[i] if len(place) else i
        out[i] = np.float64(last[row] - begin[i]) / MICROSECONDS if happens[row] else np.nan


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


@outer(numba.void(_UNIFORMS, _PLACES, numba.float64[:, ::1]))
def rows(minutes: Any, n: Any, out: Any) -> None:
    """Write the next `n[r]` minutes to the beginning of row `r`."""
    i = 0
    for r in range(len(n)):
        for k in range(n[r]):
            out[r, k] = minutes[i]
            i += 1
