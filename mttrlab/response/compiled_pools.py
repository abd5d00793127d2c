"""How pools settle in the compiled engine: who is sent home, who is granted, who finds no room.

The rules are those of `pool`.
"""

from __future__ import annotations

from typing import Any

from mttrlab.response.compiled_heap import (
    DIRTY,
    EVENTS,
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
    SERVING,
    SETTLE,
    SETTLING,
    STAGE,
    USED,
    WAITING,
    WIDTH,
    before,
    inner,
    join,
    leave,
    remove,
    rise,
    within,
)
from mttrlab.response.compiled_life import hold, release


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


@within
def _resume(now: int, j: int, s: Any, w: Any) -> None:
    """Let incident `j` go on with the rest of what was interrupted."""
    sj = s[j]
    if sj.refused:
        sj.held = 0
    sj.waited += now - sj.since
    sj.end = now + sj.rest
    sj.rest = 0
    sj.working = 1 if sj.held else 0
    rise(w, w[EVENTS], sj.end, j)
    w[EVENTS] += 1


@within
def _relieve(now: int, pool: int, x: Any, s: Any, w: Any) -> None:
    """Send home those who are no longer on shift, the least urgent work first."""
    while w[pool + HANDS_OVER] and w[pool + USED] > w[pool + PEOPLE]:
        j = _worst(pool, x, s, w)
        if j < 0:
            break
        _take(now, pool, j, w[pool + HANDOVER], x, s, w)


@within
def _granted(now: int, pool: int, x: Any, s: Any, w: Any) -> int:
    """Return the incident that gets a person now; -1: none."""
    if not w[pool + WAITING]:
        return int(NOBODY)
    j = w[w[pool + QUEUE]]
    if w[pool + USED] >= w[pool + PEOPLE]:
        worst = _worst(pool, x, s, w) if w[pool + PREEMPTIVE] else NOBODY
        if worst < 0 or x[worst].priority <= x[j].priority:
            return int(NOBODY)
        _take(now, pool, worst, ROOT, x, s, w)
    leave(x, s, w, pool, ROOT)
    hold(pool, j, w)
    return int(j)


@within
def _turned_away(pool: int, x: Any, s: Any, w: Any) -> int:
    """Return the incident for which there is no room to wait; -1: there is."""
    if w[pool + WAITING] <= w[pool + ROOM]:
        return int(NOBODY)
    last = ROOT
    for k in range(1, w[pool + WAITING]):
        if before(x, s, w[w[pool + QUEUE] + last], w[w[pool + QUEUE] + k]):
            last = k
    j = w[w[pool + QUEUE] + last]
    leave(x, s, w, pool, last)
    s[j].refused = 1
    return int(j)


@inner
def served(now: int, x: Any, s: Any, w: Any) -> int:
    """Return the next incident that begins because pools settle now; -1: they have settled.

    Pools settle in their order: first those off shift go home, then people are granted, then the queue is cut. It goes
    on where the last call stopped, so that incidents begin at one place of the program: each more would hold the whole
    transition function once more, and take its time to compile.
    """
    while True:
        if w[SERVING] == w[POOLS]:
            if not w[DIRTY]:
                w[SETTLING] = 0
                return int(NOBODY)
            w[SETTLING] = 1
            w[DIRTY] = w[SERVING] = w[STAGE] = 0
        pool = HEAD + WIDTH * w[SERVING]
        j = NOBODY
        if w[STAGE] == 0 and w[pool + SETTLE]:
            w[pool + SETTLE] = 0
            w[STAGE] = 1
            _relieve(now, pool, x, s, w)
        if w[STAGE] == 1:
            j = _granted(now, pool, x, s, w)
            if j < 0:
                w[STAGE] = 2
        if w[STAGE] == 2:
            j = _turned_away(pool, x, s, w)
        if j < 0:
            w[STAGE] = 0
            w[SERVING] += 1
        elif s[j].rest:
            _resume(now, j, s, w)
        else:
            return int(j)
