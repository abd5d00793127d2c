"""How pools settle in the compiled engine: who is sent home, who is granted, who finds no room.

The rules are those of `pool`.
"""

from __future__ import annotations

from typing import Any

from mttrlab.response.machine.heap import NOBODY, ROOT, before, inner, join, leave, remove, rise, within
from mttrlab.response.machine.life import hold, release
from mttrlab.response.machine.memory import POOLS, event, place, pool_of, row


@inner
def _worst(x: Any, s: Any, desk: Any, pool: Any) -> int:
    """Return the least urgent incident that a person of the pool works on now; -1: none."""
    worst: int = NOBODY
    for k in range(pool.used):
        j = place(desk, pool.hold, k).who
        if row(s, j).working and (worst < 0 or before(x, s, worst, j)):
            worst = j
    return worst


@inner
def _take(now: int, j: int, longer: int, x: Any, s: Any, desk: Any, pool: Any) -> None:
    """Take the person away from incident `j`, which goes back to the queue with the rest of its work."""
    sj = row(s, j)
    sj.rest = sj.end - now + longer
    sj.working = 0
    sj.since = now
    sj.interrupted += 1
    k = ROOT
    while event(desk, desk.heap, k).who != j:
        k += 1
    remove(desk, k)
    release(desk, pool, j)
    join(x, s, desk, pool, j)


@within
def _resume(now: int, j: int, s: Any, desk: Any) -> None:
    """Let incident `j` go on with the rest of what was interrupted."""
    sj = row(s, j)
    if sj.refused:
        sj.held = 0
    sj.waited += now - sj.since
    sj.end = now + sj.rest
    sj.rest = 0
    sj.working = 1 if sj.held else 0
    rise(desk, desk.events, sj.end, j)
    desk.events += 1


@within
def _relieve(now: int, x: Any, s: Any, desk: Any, pool: Any) -> None:
    """Send home those who are no longer on shift, the least urgent work first."""
    while pool.hands_over and pool.used > pool.people:
        j = _worst(x, s, desk, pool)
        if j < 0:
            break
        _take(now, j, pool.handover, x, s, desk, pool)


@within
def _granted(now: int, x: Any, s: Any, desk: Any, pool: Any) -> int:
    """Return the incident that gets a person now; -1: none."""
    nobody: int = NOBODY
    if not pool.waiting:
        return nobody
    j: int = place(desk, pool.queue, ROOT).who
    if pool.used >= pool.people:
        worst = _worst(x, s, desk, pool) if pool.preemptive else NOBODY
        if worst < 0 or row(x, worst).priority <= row(x, j).priority:
            return nobody
        _take(now, worst, ROOT, x, s, desk, pool)
    leave(x, s, desk, pool, ROOT)
    hold(desk, pool, j)
    return j


@within
def _turned_away(x: Any, s: Any, desk: Any, pool: Any) -> int:
    """Return the incident for which there is no room to wait; -1: there is."""
    j: int = NOBODY
    if pool.waiting > pool.room:
        last = ROOT
        j = place(desk, pool.queue, ROOT).who
        for k in range(1, pool.waiting):
            other = place(desk, pool.queue, k).who
            if before(x, s, j, other):
                last = k
                j = other
        leave(x, s, desk, pool, last)
        sj = row(s, j)
        sj.refused = 1
    return j


@inner
def served(now: int, x: Any, s: Any, desk: Any) -> int:
    """Return the next incident that begins because pools settle now; -1: they have settled.

    Pools settle in their order: first those off shift go home, then people are granted, then the queue is cut. It goes
    on where the last call stopped, so that incidents begin at one place of the program: each more would hold the whole
    transition function once more, and take its time to compile.
    """
    nobody: int = NOBODY
    while True:
        if desk.serving == desk.pools:
            if not desk.dirty:
                desk.settling = 0
                return nobody
            desk.settling = 1
            desk.dirty = desk.serving = desk.stage = 0
        pool = pool_of(desk, POOLS, desk.serving)
        j: int = NOBODY
        if desk.stage == 0 and pool.settle:
            pool.settle = 0
            desk.stage = 1
            _relieve(now, x, s, desk, pool)
        if desk.stage == 1:
            j = _granted(now, x, s, desk, pool)
            if j < 0:
                desk.stage = 2
        if desk.stage == 2:
            j = _turned_away(x, s, desk, pool)
        if j < 0:
            desk.stage = 0
            desk.serving += 1
        elif row(s, j).rest:
            _resume(now, j, s, desk)
        else:
            return j
