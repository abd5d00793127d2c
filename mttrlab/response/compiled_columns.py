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


def _read(kind: Any, ndim: int = 1) -> Any:
    return numba.types.Array(kind, ndim, "C", readonly=True)


_WORDS, _PLACES, _MINUTES, _UNIFORMS = (
    _read(numba.uint64, 2), _read(numba.int64), _read(numba.float64, 2), _read(numba.float64),
)  # fmt: skip
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


@outer(numba.void(_WORDS, _PLACES, numba.float64[::1]))
def uniform(words: Any, counts: Any, out: Any) -> None:
    """Fill `out` with `counts[b]` numbers from the generator whose seed is `words[b]`, one after the other.

    PCG64 (XSL-RR 128/64). Source: M. E. O'Neill, "PCG: a family of simple fast space-efficient statistically good
    algorithms for random number generation" (2014), as `numpy.random.PCG64` has it.
    """
    i = 0
    for b in range(len(words)):
        more_high = words[b, 2] << np.uint64(1) | words[b, 3] >> np.uint64(63)
        more_low = words[b, 3] << np.uint64(1) | np.uint64(1)
        # The state is 0, steps, is added to the seed, and steps.
        low = more_low + words[b, 1]
        high = more_high + words[b, 0] + np.uint64(low < more_low)
        high, low = step(high, low, more_high, more_low)
        for _ in range(counts[b]):
            high, low = step(high, low, more_high, more_low)
            turn, mixed = high >> np.uint64(58), high ^ low
            drawn = mixed >> turn | mixed << (np.uint64(64) - turn & np.uint64(63))
            out[i] = np.float64(drawn >> np.uint64(11)) * 1.1102230246251565e-16
            i += 1


@outer(numba.void(numba.int64[:, :], _MINUTES, _PLACES))
def durations(out: Any, minutes: Any, place: Any) -> None:
    """Write minutes as whole microseconds; `place` says which row each belongs to (empty: its own)."""
    for i in range(len(minutes)):
        row = place[i] if len(place) else i
        for turn in range(minutes.shape[1]):
            out[row, turn] = np.int64(np.rint(minutes[i, turn] * MICROSECONDS))


@outer(numba.void(numba.uint32[:], _UNIFORMS, _PLACES))
def marks(out: Any, u: Any, place: Any) -> None:
    """Write uniforms as 32-bit integers."""
    for i in range(len(u)):
        row = place[i] if len(place) else i
        out[row] = np.uint32(u[i] * 4294967296.0)
