"""Records of luck in machine code: filled from columns, and run as soon as they are, while the cache has them.

Imported through `compiled`, which sets where it is kept.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from mttrlab.response.layout import CONSTANT, FLAG, MINUTES, UNIFORM
from mttrlab.response.layout import MICROSECONDS as _MICROSECONDS
from mttrlab.response.machine.addresses import byte, call, number, put8, put32, put64, word
from mttrlab.response.machine.heap import ROOT, inner, outer, read

MICROSECONDS: Any = np.float64(_MICROSECONDS)


_PLACES, _NUMBERS = read(numba.int64), read(numba.float64)
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


@outer(numba.void(numba.int64[:, ::1], numba.int64[:, ::1], _NUMBERS, _PLACES, numba.int64, numba.boolean))
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
        *[numba.int64[:, ::1]] * 2, numba.int64[:, ::1], _NUMBERS, *[_PLACES] * 4, *[numba.int64] * 6,
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
