"""Columns of luck in machine code: the numbers that NumPy's own generator would draw, and durations as integers.

Imported through `compiled`, which sets where it is kept. `columns` says what each function does, in NumPy.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba.extending import intrinsic

from mttrlab.response.compiled_heap import ROOT, inner, outer
from mttrlab.response.layout import CONSTANT, FLAG, MINUTES, UNIFORM
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


def _reads(bits: int, kind: Any) -> Any:
    lies = ir.DoubleType() if kind == numba.float64 else ir.IntType(bits)

    def found(typing: Any, address: Any, i: Any) -> Any:
        def put(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            read = builder.load(builder.gep(builder.inttoptr(args[0], lies.as_pointer()), [args[1]]))
            return read if kind == numba.float64 or bits == _WORD else builder.zext(read, ir.IntType(_WORD))

        return kind(numba.int64, numba.int64), put

    return intrinsic(found)


def _puts(bits: int) -> Any:
    def found(typing: Any, address: Any, value: Any) -> Any:
        def put(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            to, narrow = ir.IntType(bits), args[1] if bits == _WORD else builder.trunc(args[1], ir.IntType(bits))
            builder.store(narrow, builder.inttoptr(args[0], to.as_pointer()))
            return context.get_dummy_value()

        return numba.void(numba.int64, numba.int64), put

    return intrinsic(found)


_WORD = 64
number, word, byte = _reads(_WORD, numba.float64), _reads(_WORD, numba.int64), _reads(8, numba.int64)
"""`number(address, i)` is number `i` of those that lie at an address (a tuple of arrays would be a type of its own);
`word` and `byte` are whole ones."""

put64, put32, put8 = _puts(_WORD), _puts(32), _puts(8)
"""`put64(address, value)` writes a whole number; the others its last bits."""


def _call(typing: Any, run: Any, x: Any, s: Any, settings: Any, desk: Any, bounds: Any, many: Any) -> Any:
    def put(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        whole = ir.IntType(_WORD)
        kind = ir.FunctionType(ir.IntType(8).as_pointer(), [whole] * 7)
        # No page is left out.
        builder.call(builder.inttoptr(args[0], kind.as_pointer()), [*args[1:], ir.Constant(whole, 0)])
        return context.get_dummy_value()

    return numba.void(*[numba.int64] * 7), put


call: Any = intrinsic(_call)
"""`call(run, ...)` runs replications by the address of `compiled_kernel.run`; no page is left out."""

_EIGHT, _FOUR = 8, 4
_TOGETHER: Any = np.int64(128)
"""Records that are written together: as many as the nearest cache holds."""


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


@outer(numba.void(numba.int64[:, ::1], numba.int64[:, ::1], _UNIFORMS, _PLACES, numba.int64, numba.boolean))
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
        *[numba.int64[:, ::1]] * 2, numba.int64[:, ::1], _UNIFORMS, *[_PLACES] * 4, *[numba.int64] * 6,
        _read(numba.int64), numba.float64[::1],
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
