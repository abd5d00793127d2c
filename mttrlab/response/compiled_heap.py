"""Events and queues of the compiled engine: two binary heaps in one row of numbers.

Everything that changes while a replication runs lies in the row `w`, because numba hands over each array of a call as
eight words, and these functions are called a dozen times for an incident.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np

_Function = TypeVar("_Function", bound=Callable[..., Any])


_COMMON: dict[str, Any] = {"nogil": True, "error_model": "numpy", "no_rewrites": True}
_OPTIONS: dict[str, Any] = {**_COMMON, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def outer(signature: Any) -> Callable[[_Function], _Function]:
    """Return what compiles a function for Python, for one kind of arguments, and keeps it on disk."""
    wrap: Callable[[_Function], _Function] = numba.njit(signature, cache=True, **_COMMON)
    return wrap


def close(function: _Function) -> _Function:
    """Return a function that is put in place of each call."""
    made: _Function = numba.njit(**_OPTIONS, forceinline=True)(function)
    return made


def within(function: _Function) -> _Function:
    """Return a function that is written into its caller before it is compiled: one thing less to compile."""
    made: _Function = numba.njit(**_OPTIONS, inline="always")(function)
    return made


def inner(function: _Function) -> _Function:
    """Return a function compiled for other compiled ones alone; a door from Python would take half the time."""
    made: _Function = numba.njit(**_OPTIONS)(function)
    return made


def numbers(most: int) -> tuple[Any, ...]:
    """Return the first whole numbers as 64-bit ones: a plain one would be a type of its own each."""
    return tuple(map(np.int64, range(most)))


# Places of `w`: events waiting, whether a pool must settle, the next change of a shift, the next arrival, whether
# pools are settling now, how many pools there are, where the events begin, incidents under way, which pool settles
# (all: none), and how far that one is: not begun, granting, cutting the queue.
EVENTS, DIRTY, CHANGES, ARRIVES, SETTLING, POOLS, HEAP, ALIVE, SERVING, STAGE = numbers(10)
HEAD: Any = np.int64(10)

# Places of a pool in `w`, counted from `HEAD + WIDTH * p`: people, at work, waiting, next change of its shift, whether
# to settle, its steps (as `shifts.tables`), its rules, where its queue and those who are worked on begin.
PEOPLE, USED, WAITING, CHANGE, SETTLE, FIRST, COUNT, PREEMPTIVE, HANDS_OVER, HANDOVER, ROOM, QUEUE, HOLD = numbers(13)
WIDTH: Any = np.int64(13)

# A plain 0 would be a type of its own, and every function that it is handed to would be compiled twice.
ROOT: Any = np.int64(0)
NOBODY: Any = np.int64(-1)


@inner
def rise(w: Any, k: int, at: int, j: int) -> None:
    """Put incident `j` with its next event into place `k` of the heap, or further up."""
    heap = w[HEAP]
    while k > 0:
        up = (k - 1) >> 1
        if w[heap + 2 * up] <= at:
            break
        w[heap + 2 * k], w[heap + 2 * k + 1] = w[heap + 2 * up], w[heap + 2 * up + 1]
        k = up
    w[heap + 2 * k], w[heap + 2 * k + 1] = at, j


@inner
def remove(w: Any, k: int) -> None:
    """Take the event in place `k` away."""
    heap, last = w[HEAP], w[EVENTS] - 1
    w[EVENTS] = last
    at, j = w[heap + 2 * last], w[heap + 2 * last + 1]
    while True:
        down = 2 * k + 1
        if down >= last:
            break
        if down + 1 < last and w[heap + 2 * down + 2] < w[heap + 2 * down]:
            down += 1
        if w[heap + 2 * down] >= at:
            break
        w[heap + 2 * k], w[heap + 2 * k + 1] = w[heap + 2 * down], w[heap + 2 * down + 1]
        k = down
    rise(w, k, at, j)


@inner
def before(x: Any, s: Any, i: int, j: int) -> bool:
    """Return whether incident `i` comes before `j`: priority, since when it asks, number."""
    if x[i].priority != x[j].priority:
        return bool(x[i].priority < x[j].priority)
    if s[i].asked != s[j].asked:
        return bool(s[i].asked < s[j].asked)
    return bool(x[i].key < x[j].key)


@inner
def join(x: Any, s: Any, w: Any, queue: int, k: int, j: int) -> None:
    """Put incident `j` into place `k` of a queue, or further up."""
    while k > 0:
        up = (k - 1) >> 1
        if not before(x, s, j, w[queue + up]):
            break
        w[queue + k] = w[queue + up]
        k = up
    w[queue + k] = j


@inner
def leave(x: Any, s: Any, w: Any, pool: int, k: int) -> None:
    """Take the incident in place `k` of a pool's queue away."""
    queue, last = w[pool + QUEUE], w[pool + WAITING] - 1
    w[pool + WAITING] = last
    j = w[queue + last]
    while True:
        down = 2 * k + 1
        if down >= last:
            break
        if down + 1 < last and before(x, s, w[queue + down + 1], w[queue + down]):
            down += 1
        if not before(x, s, w[queue + down], j):
            break
        w[queue + k] = w[queue + down]
        k = down
    join(x, s, w, queue, k, j)
