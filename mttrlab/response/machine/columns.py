"""Columns of luck in machine code, digit for digit as `columns` has them in NumPy, without Python's lock.

Imported through `compiled`, which sets where it is kept.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from mttrlab.response.machine.addresses import of_number
from mttrlab.response.machine.heap import outer, read
from mttrlab.response.machine.records import MICROSECONDS, through, write
from mttrlab.response.machine.streams import uniforms

__all__ = ["arrivals", "chosen", "elapsed", "grouped", "normals", "rows", "sums", "through", "uniforms", "write"]

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


@outer(numba.void(numba.int64[:], read(numba.int64, layout="A"), numba.int8[:], _PLACES, numba.float64[::1]))
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
