"""Events and queues of the compiled engine: two binary heaps.

`x` and `s` are the first incident's luck and state, `desk` what `memory` says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np

from mttrlab.response.machine.memory import event, place, row
from mttrlab.response.shifts import FOREVER as _FOREVER

_Function = TypeVar("_Function", bound=Callable[..., Any])


_COMMON: dict[str, Any] = {"nogil": True, "error_model": "numpy", "no_rewrites": True}
_OPTIONS: dict[str, Any] = {**_COMMON, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def outer(signature: Any, *, called: bool = False) -> Callable[[_Function], _Function]:
    """Return what compiles a function for Python, for one kind of arguments, and keeps it on disk.

    Parameters
    ----------
    called : bool
        Whether it has an address as well, by which other compiled functions can call it.
    """
    options: dict[str, Any] = {**_COMMON, "cache": True, "no_cfunc_wrapper": not called}
    wrap: Callable[[_Function], _Function] = numba.njit(signature, **options)
    return wrap


def read(kind: Any, ndim: int = 1, layout: Any = "C") -> Any:
    """Return the type of an array that is read only."""
    return numba.types.Array(kind, ndim, layout, readonly=True)


def close(function: _Function) -> _Function:
    """Return a function that is put in place of each call."""
    made: _Function = numba.njit(**_OPTIONS, forceinline=True)(function)
    return made


def within(function: _Function) -> _Function:
    """Return a function that is written into its caller before it is compiled: one thing less to compile."""
    made: _Function = numba.njit(**_OPTIONS, inline="always")(function)
    return made


def one_kind(*arguments: Any) -> Any:
    """Return what compiles a function like `inner`, once, for these arguments; narrower numbers are widened."""
    return numba.njit(arguments, **_OPTIONS)


def inner(function: _Function) -> _Function:
    """Return a function compiled for other compiled ones alone; a door from Python would take half the time."""
    made: _Function = numba.njit(**_OPTIONS)(function)
    return made


# A plain 0 would be a type of its own, and every function that it is handed to would be compiled twice.
ROOT: Any = np.int64(0)
NOBODY: Any = np.int64(-1)
FOREVER: Any = np.int64(_FOREVER)


@inner
def rise(desk: Any, k: int, at: int, j: int) -> None:
    """Put incident `j` with its next event into place `k` of the heap, or further up."""
    while k > 0:
        up = (k - 1) >> 1
        above = event(desk, desk.heap, up)
        if above.at <= at:
            break
        here = event(desk, desk.heap, k)
        here.at = above.at
        here.who = above.who
        k = up
    here = event(desk, desk.heap, k)
    here.at = at
    here.who = j
    if k == 0:
        desk.soonest = at


@inner
def remove(desk: Any, k: int) -> None:
    """Take the event in place `k` away."""
    last = desk.events - 1
    desk.events = last
    moved = event(desk, desk.heap, last)
    at, j = moved.at, moved.who
    while True:
        down = 2 * k + 1
        if down >= last:
            break
        below = event(desk, desk.heap, down)
        if down + 1 < last:
            other = row(below, 1)
            if other.at < below.at:
                below = other
                down += 1
        if below.at >= at:
            break
        here = event(desk, desk.heap, k)
        here.at = below.at
        here.who = below.who
        if k == 0:
            desk.soonest = below.at
        k = down
    rise(desk, k, at, j)
    if last == 0:
        desk.soonest = FOREVER


@inner
def before(x: Any, s: Any, i: int, j: int) -> bool:
    """Return whether incident `i` comes before `j`: priority, since when it asks, number."""
    one, other = row(x, i), row(x, j)
    earlier: bool = one.key < other.key
    if one.priority != other.priority:
        earlier = one.priority < other.priority
    else:
        mine, yours = row(s, i), row(s, j)
        if mine.asked != yours.asked:
            earlier = mine.asked < yours.asked
    return earlier


@inner
def climb(x: Any, s: Any, desk: Any, pool: Any, k: int, j: int) -> None:
    """Put incident `j` into place `k` of a pool's queue, or further up."""
    while k > 0:
        up = (k - 1) >> 1
        above = place(desk, pool.queue, up).who
        if not before(x, s, j, above):
            break
        here = place(desk, pool.queue, k)
        here.who = above
        k = up
    here = place(desk, pool.queue, k)
    here.who = j


@inner
def join(x: Any, s: Any, desk: Any, pool: Any, j: int) -> None:
    """Put incident `j` into a pool's queue."""
    k = pool.waiting
    pool.waiting = k + 1
    climb(x, s, desk, pool, k, j)


@inner
def leave(x: Any, s: Any, desk: Any, pool: Any, k: int) -> None:
    """Take the incident in place `k` of a pool's queue away."""
    last = pool.waiting - 1
    pool.waiting = last
    j = place(desk, pool.queue, last).who
    while True:
        down = 2 * k + 1
        if down >= last:
            break
        below = place(desk, pool.queue, down).who
        if down + 1 < last:
            other = place(desk, pool.queue, down + 1).who
            if before(x, s, other, below):
                below = other
                down += 1
        if not before(x, s, below, j):
            break
        here = place(desk, pool.queue, k)
        here.who = below
        k = down
    climb(x, s, desk, pool, k, j)
