# ruff: noqa: N803 - P is what the specification calls it
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
    HANDOVER,
    HANDS_OVER,
    HEAD,
    HEAP,
    HOLD,
    NOBODY,
    PEOPLE,
    POOLS,
    PREEMPTIVE,
    QUEUE,
    ROOM,
    ROOT,
    SETTLE,
    SETTLING,
    USED,
    WAITING,
    WIDTH,
    before,
    inner,
    join,
    leave,
    remove,
    rise,
)
from mttrlab.response.compiled_life import FOREVER, flag, go, hold, look, next_change, release
from mttrlab.response.layout import LUCK, PARAMETERS, STATE

_SIGNATURE = numba.void(*(numba.from_dtype(dtype)[::1] for dtype in (LUCK, STATE, PARAMETERS)), *[numba.int64[::1]] * 3)
"""The one kind of arguments that this is ever compiled for; any other is refused by numba, not compiled.

numba names a record type in machine code by a number that it got in the process that compiled it. Code for another
record, compiled beside code from the cache, may carry the same names, and the linker then mixes the two: a crash.
"""


@inner
def _worst(pool: int, x: Any, s: Any, w: Any) -> int:
    """Return the least urgent incident that a person of the pool works on now; -1: none."""
    worst: int = NOBODY
    for k in range(w[pool + USED]):
        j = w[w[pool + HOLD] + k]
        if s[j].working and (worst < 0 or before(x, s, worst, j)):
            worst = j
    return worst


@inner
def _take(now: int, pool: int, j: int, longer: int, x: Any, s: Any, w: Any) -> None:
    """Take the person away from incident `j`, which goes back to the queue with the rest of its work."""
    sj = s[j]
    sj.rest = sj.end - now + longer
    sj.working = 0
    sj.since = now
    sj.interrupted += 1
    k = ROOT
    while w[w[HEAP] + 2 * k + 1] != j:
        k += 1
    remove(w, k)
    release(pool, j, w)
    join(x, s, w, w[pool + QUEUE], w[pool + WAITING], j)
    w[pool + WAITING] += 1


@inner
def _wake(now: int, j: int, x: Any, s: Any, P: Any, w: Any) -> None:
    """Let incident `j` begin, or go on with what was interrupted."""
    sj = s[j]
    if not sj.rest:
        go(now, j, x, s, P, w)
        return
    if sj.refused:
        sj.held = 0
    sj.waited += now - sj.since
    sj.end = now + sj.rest
    sj.rest = 0
    sj.working = 1 if sj.held else 0
    rise(w, w[EVENTS], sj.end, j)
    w[EVENTS] += 1


@inner
def _serve(now: int, pool: int, x: Any, s: Any, P: Any, w: Any) -> None:
    while w[pool + HANDS_OVER] and w[pool + USED] > w[pool + PEOPLE]:
        j = _worst(pool, x, s, w)
        if j < 0:
            break
        _take(now, pool, j, w[pool + HANDOVER], x, s, w)
    while w[pool + WAITING]:
        j = w[w[pool + QUEUE]]
        if w[pool + USED] >= w[pool + PEOPLE]:
            worst = _worst(pool, x, s, w) if w[pool + PREEMPTIVE] else NOBODY
            if worst < 0 or x[worst].priority <= x[j].priority:
                break
            _take(now, pool, worst, ROOT, x, s, w)
        leave(x, s, w, pool, ROOT)
        hold(pool, j, w)
        _wake(now, j, x, s, P, w)
    while w[pool + WAITING] > w[pool + ROOM]:
        last = ROOT
        for k in range(1, w[pool + WAITING]):
            if before(x, s, w[w[pool + QUEUE] + last], w[w[pool + QUEUE] + k]):
                last = k
        j = w[w[pool + QUEUE] + last]
        leave(x, s, w, pool, last)
        s[j].refused = 1
        _wake(now, j, x, s, P, w)


@inner
def _settle(now: int, x: Any, s: Any, P: Any, w: Any) -> None:
    w[SETTLING] = 1
    while w[DIRTY]:
        w[DIRTY] = 0
        for p in range(w[POOLS]):
            pool = HEAD + WIDTH * p
            if w[pool + SETTLE]:
                w[pool + SETTLE] = 0
                _serve(now, pool, x, s, P, w)
    w[SETTLING] = 0


@inner
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


@inner
def _replication(low: int, high: int, x: Any, s: Any, P: Any, w: Any, calm: Any) -> None:
    w[EVENTS] = w[DIRTY] = w[SETTLING] = w[ALIVE] = 0
    for p in range(w[POOLS]):
        pool = HEAD + WIDTH * p
        w[pool + USED] = w[pool + WAITING] = w[pool + SETTLE] = 0
        w[pool + CHANGE] = FOREVER
        w[pool + PEOPLE] = w[w[pool + FIRST] + 1]
    next_change(w)
    i = _next(low, high, x, s, w)
    while True:
        now = w[ARRIVES]
        if w[EVENTS] and w[w[HEAP]] < now:
            now = w[w[HEAP]]
        if w[CHANGES] < now:
            now = w[CHANGES]
        if now == FOREVER:
            return
        if w[CHANGES] == now:
            _turn(now, P[0].day, w)
        while w[ARRIVES] == now:
            j = i
            i = _next(i + 1, high, x, s, w)
            if not w[ALIVE] and len(calm) and 0 < calm[j] <= w[ARRIVES]:
                continue
            _fresh(s[j])
            w[ALIVE] += 1
            now = go(now, j, x, s, P, w)
        while w[EVENTS] and w[w[HEAP]] == now:
            j = w[w[HEAP] + 1]
            remove(w, ROOT)
            now = go(now, j, x, s, P, w)
        if w[DIRTY]:
            _settle(now, x, s, P, w)


@numba.njit(_SIGNATURE, nogil=True, cache=True)
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
        _replication(bounds[r], bounds[r + 1], x, s, settings, w, calm)


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
