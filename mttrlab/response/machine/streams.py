"""Streams of random numbers in machine code: those that NumPy's own generator gives, from the seeds of `streams`.

Imported through `compiled`, which sets where it is kept.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba.extending import intrinsic

from mttrlab.response.machine.heap import inner, outer, read
from mttrlab.response.streams import HASH, HASH_FACTOR, LAST_FACTOR, LAST_HASH, MIX_OTHER, MIX_OWN

_WORDS, _PLACES = read(numba.uint64), read(numba.int64)
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


@outer(numba.void(_WORDS, numba.int64, _PLACES, _PLACES, numba.float64[:, ::1]))
def uniforms(pool: Any, block: int, parts: Any, counts: Any, out: Any) -> None:
    """Fill each row `out[k]` with numbers of part `parts[k]`: `counts[b]` from the generator of block `block + b`.

    The seed is that of `streams`, from its `pool`; the generator is PCG64 (XSL-RR 128/64). Source: M. E. O'Neill, "PCG:
    a family of simple fast space-efficient statistically good algorithms for random number generation" (2014), as
    `numpy.random.PCG64` has it.
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
