# ruff: noqa: N803, N806 - P is what the specification calls it
"""The event loop around the transition function, compiled. Imported through `compiled`, which sets where it is kept.

The rules are those of `pool`: at each instant all events first, then pools settle. What differs is only that an
incident whose next event is the earliest goes on without a queue.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numba.extending import register_jitable

from mttrlab.response import shifts, transition
from mttrlab.response.transition import ASK, DONE, GIVE, WORK

FOREVER = shifts.FOREVER
for _callee in (transition.tail, transition.attempt, transition.call, transition.check):
    register_jitable(_callee)
advance = numba.njit(transition.advance, nogil=True)
people_at: Any = numba.njit(shifts.people_at, nogil=True)

# Places of `h`, the numbers that change while a replication runs: events waiting, whether a pool must settle, the
# next change of a shift, the next arrival, whether pools are settling now.
EVENTS, DIRTY, CHANGES, ARRIVES, SETTLING = 0, 1, 2, 3, 4
# Columns of `q`, one row per pool: people, at work, waiting, next change of its shift, whether to settle.
PEOPLE, USED, WAITING, CHANGE, SETTLE = 0, 1, 2, 3, 4
# Columns of `rules`, one row per pool, as `shifts.tables` gives them.
FIRST, COUNT, PREEMPTIVE, HANDS_OVER, HANDOVER, ROOM = 0, 1, 2, 3, 4, 5


@numba.njit(nogil=True)
def _rise(heap: Any, k: int, at: int, j: int) -> None:
    while k > 0:
        up = (k - 1) >> 1
        if heap[up, 0] <= at:
            break
        heap[k, 0], heap[k, 1] = heap[up, 0], heap[up, 1]
        k = up
    heap[k, 0], heap[k, 1] = at, j


@numba.njit(nogil=True)
def _remove(heap: Any, n: int, k: int) -> None:
    """Take event `k` of `n` away."""
    last = n - 1
    at, j = heap[last, 0], heap[last, 1]
    while True:
        down = 2 * k + 1
        if down >= last:
            break
        if down + 1 < last and heap[down + 1, 0] < heap[down, 0]:
            down += 1
        if heap[down, 0] >= at:
            break
        heap[k, 0], heap[k, 1] = heap[down, 0], heap[down, 1]
        k = down
    _rise(heap, k, at, j)


@numba.njit(nogil=True)
def _before(x: Any, s: Any, i: int, j: int) -> bool:
    """Return whether incident `i` comes before `j`: priority, since when it asks, number."""
    if x[i].priority != x[j].priority:
        return bool(x[i].priority < x[j].priority)
    if s[i].asked != s[j].asked:
        return bool(s[i].asked < s[j].asked)
    return bool(x[i].key < x[j].key)


@numba.njit(nogil=True)
def _join(x: Any, s: Any, queue: Any, n: int, j: int) -> None:
    k = n
    while k > 0:
        up = (k - 1) >> 1
        if not _before(x, s, j, queue[up]):
            break
        queue[k] = queue[up]
        k = up
    queue[k] = j


@numba.njit(nogil=True)
def _leave(x: Any, s: Any, queue: Any, n: int, k: int) -> None:
    """Take place `k` of a queue of `n` away."""
    last = n - 1
    j = queue[last]
    while True:
        down = 2 * k + 1
        if down >= last:
            break
        if down + 1 < last and _before(x, s, queue[down + 1], queue[down]):
            down += 1
        if not _before(x, s, queue[down], j):
            break
        queue[k] = queue[down]
        k = down
    _join(x, s, queue, k, j)


@numba.njit(nogil=True)
def _sync(now: int, p: int, P: Any, h: Any, q: Any, rules: Any, rows: Any) -> None:
    """Read how many people are at work, and when that changes."""
    q[p, PEOPLE], q[p, CHANGE] = people_at(now, P.day, rules[p, FIRST], rules[p, COUNT], rows)
    _next_change(h, q)


@numba.njit(nogil=True)
def _next_change(h: Any, q: Any) -> None:
    h[CHANGES] = FOREVER
    for p in range(len(q)):
        h[CHANGES] = min(h[CHANGES], q[p, CHANGE])


@numba.njit(nogil=True)
def _flag(p: int, h: Any, q: Any) -> None:
    q[p, SETTLE] = 1
    h[DIRTY] = 1


@numba.njit(nogil=True)
def _hold(p: int, j: int, q: Any, hold: Any, rules: Any) -> None:
    if rules[p, PREEMPTIVE] or rules[p, HANDS_OVER]:
        hold[p, q[p, USED]] = j
    q[p, USED] += 1


@numba.njit(nogil=True)
def _release(p: int, j: int, q: Any, hold: Any, rules: Any) -> None:
    q[p, USED] -= 1
    if rules[p, PREEMPTIVE] or rules[p, HANDS_OVER]:
        k = 0
        while hold[p, k] != j:
            k += 1
        hold[p, k] = hold[p, q[p, USED]]


@numba.njit(nogil=True)
def _go(
    now: int, j: int, x: Any, s: Any, P: Any, heap: Any, h: Any, q: Any, queue: Any, hold: Any, rules: Any, rows: Any
) -> int:
    """Let incident `j` do what it does at this instant, and later ones as long as nothing else happens first."""
    xj, sj = x[j], s[j]
    sj.working = 0
    while True:
        command, lasts = advance(now, sj, xj, P)
        if lasts > 0:
            at = now + lasts
            first = heap[0, 0] if h[EVENTS] else FOREVER
            if at < first and at < h[ARRIVES] and at < h[CHANGES] and not h[DIRTY] and not h[SETTLING]:
                now = at
                continue
            if command == WORK and sj.held:
                sj.working = 1
                sj.end = at
            _rise(heap, h[EVENTS], at, j)
            h[EVENTS] += 1
            return now
        if command == ASK:
            p = sj.pool
            if rules[p, COUNT] > 1 and q[p, CHANGE] == FOREVER:
                _sync(now, p, P, h, q, rules, rows)
            first = heap[0, 0] if h[EVENTS] else FOREVER
            alone = now < first and now < h[ARRIVES] and not h[DIRTY] and not h[SETTLING]
            if alone and not q[p, WAITING] and q[p, USED] < q[p, PEOPLE]:
                _hold(p, j, q, hold, rules)
                continue
            sj.since = now
            sj.rest = 0
            _join(x, s, queue[p], q[p, WAITING], j)
            q[p, WAITING] += 1
            _flag(p, h, q)
            return now
        if command == GIVE:
            p = sj.pool
            _release(p, j, q, hold, rules)
            if q[p, WAITING]:
                _flag(p, h, q)
        elif command == DONE:
            return now


@numba.njit(nogil=True)
def _worst(p: int, x: Any, s: Any, q: Any, hold: Any) -> int:
    """Return the least urgent incident that a person of the pool works on now; -1: none."""
    worst = -1
    for k in range(q[p, USED]):
        j = hold[p, k]
        if s[j].working and (worst < 0 or _before(x, s, worst, j)):
            worst = j
    return worst


@numba.njit(nogil=True)
def _take(
    now: int, p: int, j: int, longer: int, x: Any, s: Any, heap: Any, h: Any, q: Any, queue: Any, hold: Any, rules: Any
) -> None:
    """Take the person away from incident `j`, which goes back to the queue with the rest of its work."""
    sj = s[j]
    sj.rest = sj.end - now + longer
    sj.working = 0
    sj.since = now
    sj.interrupted += 1
    k = 0
    while heap[k, 1] != j:
        k += 1
    _remove(heap, h[EVENTS], k)
    h[EVENTS] -= 1
    _release(p, j, q, hold, rules)
    _join(x, s, queue[p], q[p, WAITING], j)
    q[p, WAITING] += 1


@numba.njit(nogil=True)
def _resume(now: int, j: int, s: Any, heap: Any, h: Any, held: bool) -> None:
    sj = s[j]
    sj.waited += now - sj.since
    sj.end = now + sj.rest
    sj.rest = 0
    sj.working = 1 if held else 0
    _rise(heap, h[EVENTS], sj.end, j)
    h[EVENTS] += 1


@numba.njit(nogil=True)
def _settle(
    now: int, x: Any, s: Any, P: Any, heap: Any, h: Any, q: Any, queue: Any, hold: Any, rules: Any, rows: Any
) -> None:
    h[SETTLING] = 1
    while h[DIRTY]:
        h[DIRTY] = 0
        for p in range(len(q)):
            if not q[p, SETTLE]:
                continue
            q[p, SETTLE] = 0
            while rules[p, HANDS_OVER] and q[p, USED] > q[p, PEOPLE]:
                j = _worst(p, x, s, q, hold)
                if j < 0:
                    break
                _take(now, p, j, rules[p, HANDOVER], x, s, heap, h, q, queue, hold, rules)
            while q[p, WAITING]:
                j = queue[p, 0]
                if q[p, USED] >= q[p, PEOPLE]:
                    w = _worst(p, x, s, q, hold) if rules[p, PREEMPTIVE] else -1
                    if w < 0 or x[w].priority <= x[j].priority:
                        break
                    _take(now, p, w, 0, x, s, heap, h, q, queue, hold, rules)
                _leave(x, s, queue[p], q[p, WAITING], 0)
                q[p, WAITING] -= 1
                _hold(p, j, q, hold, rules)
                if s[j].rest:
                    _resume(now, j, s, heap, h, True)
                else:
                    _go(now, j, x, s, P, heap, h, q, queue, hold, rules, rows)
            while q[p, WAITING] > rules[p, ROOM]:
                last = 0
                for k in range(1, q[p, WAITING]):
                    if _before(x, s, queue[p, last], queue[p, k]):
                        last = k
                j = queue[p, last]
                _leave(x, s, queue[p], q[p, WAITING], last)
                q[p, WAITING] -= 1
                s[j].refused = 1
                if s[j].rest:
                    s[j].held = 0
                    _resume(now, j, s, heap, h, False)
                else:
                    _go(now, j, x, s, P, heap, h, q, queue, hold, rules, rows)
    h[SETTLING] = 0


@numba.njit(nogil=True)
def _replication(
    low: int, high: int, x: Any, s: Any, P: Any, heap: Any, h: Any, q: Any, queue: Any, hold: Any, rules: Any, rows: Any
) -> None:
    i = low
    h[:] = 0
    while i < high and not x[i].happens:
        i += 1
    h[ARRIVES] = x[i].at if i < high else FOREVER
    for p in range(len(q)):
        q[p, :] = 0
        q[p, CHANGE] = FOREVER
        q[p, PEOPLE] = rows[rules[p, FIRST], 1]
    _next_change(h, q)
    while True:
        now = min(heap[0, 0], h[ARRIVES]) if h[EVENTS] else h[ARRIVES]
        now = min(now, h[CHANGES])
        if now == FOREVER:
            return
        if h[CHANGES] == now:
            for p in range(len(q)):
                if q[p, CHANGE] == now:
                    if q[p, USED] or q[p, WAITING]:
                        _sync(now, p, P, h, q, rules, rows)
                        _flag(p, h, q)
                    else:
                        q[p, CHANGE] = FOREVER
            _next_change(h, q)
        while h[ARRIVES] == now:
            j = i
            i += 1
            while i < high and not x[i].happens:
                i += 1
            h[ARRIVES] = x[i].at if i < high else FOREVER
            now = _go(now, j, x, s, P, heap, h, q, queue, hold, rules, rows)
        while h[EVENTS] and heap[0, 0] == now:
            j = heap[0, 1]
            _remove(heap, h[EVENTS], 0)
            h[EVENTS] -= 1
            now = _go(now, j, x, s, P, heap, h, q, queue, hold, rules, rows)
        if h[DIRTY]:
            _settle(now, x, s, P, heap, h, q, queue, hold, rules, rows)


@numba.njit(nogil=True, cache=True)
def run(x: Any, s: Any, settings: Any, bounds: Any, rules: Any, rows: Any) -> None:
    """Fill the states `s` of the incidents `x`; replication r is rows `bounds[r]` to `bounds[r + 1]`.

    Parameters
    ----------
    x, s : arrays of records
        See `layout`.
    settings : array of one record
        `P`.
    bounds, rules, rows : arrays of int64
        Replications; pools and their steps as `shifts.tables` gives them.
    """
    P = settings[0]
    for j in range(len(x)):
        sj = s[j]
        sj.started = sj.detected = sj.acknowledged = sj.diagnosed = -1
        sj.resolved = sj.verified = sj.first_resolved = sj.first_verified = -1
        sj.waited = sj.queued = sj.round = sj.attempt = sj.level = sj.hands = 0
        sj.automated = sj.harmed = sj.wrong = sj.passed = sj.reopened = sj.refused = 0
        sj.interrupted = sj.held = sj.pool = sj.step = 0
        sj.asked = -1
        sj.since = sj.working = sj.end = sj.rest = 0
    most = 1
    for r in range(len(bounds) - 1):
        most = max(most, bounds[r + 1] - bounds[r])
    # Memory that is never touched costs nothing, so the longest replication's worth is asked for at once.
    heap = np.empty((most, 2), np.int64)
    queue = np.empty((max(len(rules), 1), most), np.int64)
    hold = np.empty((max(len(rules), 1), most), np.int64)
    q = np.zeros((len(rules), 5), np.int64)
    h = np.zeros(5, np.int64)
    for r in range(len(bounds) - 1):
        _replication(bounds[r], bounds[r + 1], x, s, P, heap, h, q, queue, hold, rules, rows)
