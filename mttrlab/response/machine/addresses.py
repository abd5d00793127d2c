"""What lies at an address: numbers to be read and written, functions to be called.

A tuple of arrays would be a type of its own for every number of them, and a function that takes records one for every
process that compiles it.
"""

from __future__ import annotations

from typing import Any

import numba
from llvmlite import ir
from numba.extending import intrinsic


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
"""`number(address, i)` is number `i` of those that lie at an address; `word` and `byte` are whole ones."""

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
"""`call(run, ...)` runs replications by the address of `kernel.run`; no page is left out."""


def _of_number(typing: Any, function: Any, value: Any) -> Any:
    def put(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        real = ir.DoubleType()
        return builder.call(builder.inttoptr(args[0], ir.FunctionType(real, [real]).as_pointer()), [args[1]])

    return numba.float64(numba.int64, numba.float64), put


of_number: Any = intrinsic(_of_number)
"""`of_number(function, value)` calls a function of one number that lies at an address."""
