"""The event loop around the transition function, compiled. Imported through `compiled`, which sets where it is kept.

The rules are those of `pool`: at each instant all events first, then pools settle. What differs is only that an
incident whose next event is the earliest goes on without a queue.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from mttrlab.response.compiled_heap import (
    ALIVE,
    ARRIVES,
    CHANGE,
    CHANGES,
    DIRTY,
    EVENTS,
    FIRST,
    HEAD,
    HEAP,
    HOLD,
    PEOPLE,
    POOLS,
    QUEUE,
    ROOT,
    SERVING,
    SETTLE,
    SETTLING,
    STAGE,
    USED,
    WAITING,
    WIDTH,
    inner,
    outer,
    remove,
    within,
)
from mttrlab.response.compiled_life import FOREVER, flag, go, look, next_change
from mttrlab.response.compiled_pools import served
from mttrlab.response.layout import LUCK, PARAMETERS, STATE

_SIGNATURE = numba.void(*(numba.from_dtype(dtype)[::1] for dtype in (LUCK, STATE, PARAMETERS)), *[numba.int64[::1]] * 3)
"""The one kind of arguments that this is ever compiled for; any other is refused by numba, not compiled.

numba names a record type in machine code by a number that it got in the process that compiled it. Code for another
record, compiled beside code from the cache, may carry the same names, and the linker then mixes the two: a crash.
"""


@within
def _turn(now: int, week: int, w: Any) -> None:
    """Shifts begin or end; an idle pool stops looking at the clock."""
    for p in range(w[POOLS]):
        pool = HEAD + WIDTH * p
        if w[pool + CHANGE] == now:
            if w[pool + USED] or w[pool + WAITING]:
                look(now, pool, week, w)
                flag(pool, w)
            else:
                w[pool + CHANGE] = FOREVER
    next_change(w)


@inner
def _fresh(sj: Any) -> None:
    sj.started = sj.detected = sj.acknowledged = sj.diagnosed = sj.resolved = sj.verified = -1
    sj.first_resolved = sj.first_verified = sj.asked = -1
    sj.waited = sj.queued = sj.round = sj.attempt = sj.level = sj.hands = sj.turn = 0
    sj.automated = sj.harmed = sj.wrong = sj.passed = sj.reopened = sj.refused = 0
    sj.interrupted = sj.held = sj.pool = sj.step = sj.since = sj.working = sj.end = sj.rest = 0


@inner
def _next(i: int, high: int, x: Any, s: Any, w: Any) -> int:
    """Return the next incident from `i` that happens."""
    while i < high:
        if x[i].happens:
            w[ARRIVES] = x[i].at
            return i
        _fresh(s[i])
        i += 1
    w[ARRIVES] = FOREVER
    return high


@within
def _begin(w: Any) -> None:
    """Clear what the replication before has left."""
    w[EVENTS] = w[DIRTY] = w[SETTLING] = w[ALIVE] = w[STAGE] = 0
    w[SERVING] = w[POOLS]
    for p in range(w[POOLS]):
        pool = HEAD + WIDTH * p
        w[pool + USED] = w[pool + WAITING] = w[pool + SETTLE] = 0
        w[pool + CHANGE] = FOREVER
        w[pool + PEOPLE] = w[w[pool + FIRST] + 1]
    next_change(w)


@within
def _instant(w: Any) -> int:
    """Return when something happens next."""
    now: int = w[ARRIVES]
    if w[EVENTS] and w[w[HEAP]] < now:
        now = w[w[HEAP]]
    if w[CHANGES] < now:
        now = w[CHANGES]
    return now


@outer(_SIGNATURE)
def run(x: Any, s: Any, settings: Any, bounds: Any, w: Any, calm: Any) -> None:
    """Fill the states `s` of the incidents `x`; replication r is rows `bounds[r]` to `bounds[r + 1]`.

    Parameters
    ----------
    x, s : arrays of records
        See `layout`.
    settings : array of records
        `P`, one for every `x.plan`.
    bounds : array of int64
    w : array of int64
        As `desk` gives it.
    calm : array of int64
        Empty, or per row an instant: where nothing is under way when it begins and nothing begins before that instant,
        it is left out, and its state stays as it is. 0: it is never left out.
    """
    for r in range(len(bounds) - 1):
        high = bounds[r + 1]
        _begin(w)
        i = _next(bounds[r], high, x, s, w)
        now = _instant(w)
        while now != FOREVER:
            if w[CHANGES] == now:
                _turn(now, settings[0].day, w)
            while True:
                if w[ARRIVES] == now:
                    j = i
                    i = _next(i + 1, high, x, s, w)
                    if not w[ALIVE] and len(calm) and 0 < calm[j] <= w[ARRIVES]:
                        continue
                    _fresh(s[j])
                    w[ALIVE] += 1
                elif w[EVENTS] and w[w[HEAP]] == now:
                    j = w[w[HEAP] + 1]
                    remove(w, ROOT)
                elif w[DIRTY] or w[SETTLING]:
                    j = served(now, x, s, w)
                    if j < 0:
                        break
                else:
                    break
                now = go(now, j, x, s, settings, w)
            now = _instant(w)


def desk(rules: np.ndarray, rows: np.ndarray, most: int) -> np.ndarray:
    """Return the row of numbers that changes while replications run.

    Parameters
    ----------
    rules, rows : arrays
        Pools and their steps as `shifts.tables` gives them.
    most : int
        Incidents of the longest replication.
    """
    steps = HEAD + WIDTH * len(rules)
    heap = steps + len(rows)
    # Memory that is never touched costs nothing, so the longest replication's worth is asked for at once.
    w = np.empty(heap + 2 * most * (1 + len(rules)), np.int64)
    w[:heap] = 0
    w[POOLS], w[HEAP] = len(rules), heap
    w[steps:heap] = rows
    for p, rule in enumerate(rules):
        pool = HEAD + WIDTH * p
        w[pool + FIRST : pool + FIRST + len(rule)] = rule
        w[pool + FIRST] += steps
        w[pool + QUEUE] = heap + 2 * most * (1 + p)
        w[pool + HOLD] = w[pool + QUEUE] + most
    return w
