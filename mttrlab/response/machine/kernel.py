# ruff: noqa: N806 - P is what the specification calls it
"""The event loop around the transition function, compiled. Imported through `compiled`, which sets where it is kept.

The rules are those of `pool`: at each instant all events first, then pools settle. What differs is only that an
incident whose next event is the earliest goes on without a queue.
"""

from __future__ import annotations

from typing import Any

import numba

from mttrlab.response.machine.addresses import word
from mttrlab.response.machine.heap import FOREVER, ROOT, inner, outer, remove, within
from mttrlab.response.machine.life import go, look, next_change
from mttrlab.response.machine.memory import (
    POOLS,
    desk,
    desk_at,
    event,
    luck_at,
    plan_at,
    pool_of,
    row,
    state_at,
    step,
)
from mttrlab.response.machine.pools import served

__all__ = ["desk", "run"]

_SIGNATURE = numba.void(*[numba.int64] * 7)
"""Addresses, and one kind of record behind each: this is compiled once, and compiled code can call it.

numba names a record type in machine code by a number that it got in the process that compiled it. Code for another
record, compiled beside code from the cache, may carry the same names, and the linker then mixes the two: a crash.
"""


@within
def _turn(now: int, week: int, desk: Any) -> None:
    """Shifts begin or end; an idle pool stops looking at the clock."""
    for p in range(desk.pools):
        pool = pool_of(desk, POOLS, p)
        if pool.change == now:
            if pool.used or pool.waiting:
                look(now, week, desk, pool)
                pool.settle = desk.dirty = 1
            else:
                pool.change = FOREVER
    next_change(desk)


@inner
def _fresh(sj: Any) -> None:
    sj.started = sj.detected = sj.acknowledged = sj.diagnosed = sj.resolved = sj.verified = -1
    sj.first_resolved = sj.first_verified = sj.asked = -1
    sj.waited = sj.queued = sj.round = sj.attempt = sj.level = sj.hands = sj.turn = 0
    sj.automated = sj.harmed = sj.wrong = sj.passed = sj.reopened = sj.refused = 0
    sj.interrupted = sj.held = sj.pool = sj.step = sj.since = sj.working = sj.end = sj.rest = 0


@inner
def _next(i: int, high: int, x: Any, s: Any, desk: Any) -> int:
    """Return the next incident from `i` that happens."""
    while i < high:
        xi = row(x, i)
        if xi.happens:
            desk.arrives = xi.at
            return i
        _fresh(row(s, i))
        i += 1
    desk.arrives = FOREVER
    return high


@within
def _begin(desk: Any) -> None:
    """Clear what the replication before has left."""
    desk.events = desk.dirty = desk.settling = desk.alive = desk.stage = 0
    desk.soonest = FOREVER
    desk.serving = desk.pools
    for p in range(desk.pools):
        pool = pool_of(desk, POOLS, p)
        pool.used = pool.waiting = pool.settle = 0
        pool.change = FOREVER
        pool.people = step(desk, pool.steps, ROOT).people
    next_change(desk)


@within
def _instant(desk: Any) -> int:
    """Return when something happens next."""
    now: int = desk.arrives
    if desk.soonest < now:
        now = desk.soonest
    if desk.changes < now:
        now = desk.changes
    return now


@outer(_SIGNATURE, called=True)
def run(incidents: int, states: int, settings: int, memory: int, bounds: int, replications: int, calm: int) -> None:
    """Fill the states of the incidents; replication r is rows `bounds[r]` to `bounds[r + 1]`.

    All but `replications` say where something lies.

    Parameters
    ----------
    incidents, states : records
        `x` and `s`, see `layout`.
    settings : records
        `P`, one for every `x.plan`.
    memory : records
        As `desk` gives it.
    bounds : whole numbers
    replications : int
    calm : whole numbers
        0, or per row an instant: where nothing is under way when it begins and nothing begins before that instant,
        it is left out, and its state stays as it is. 0: it is never left out.
    """
    x, s, P, desk = luck_at(incidents), state_at(states), plan_at(settings), desk_at(memory)
    for r in range(replications):
        high = word(bounds, r + 1)
        _begin(desk)
        i = _next(word(bounds, r), high, x, s, desk)
        now = _instant(desk)
        while now != FOREVER:
            if desk.changes == now:
                _turn(now, P.day, desk)
            while True:
                if desk.arrives == now:
                    j = i
                    i = _next(i + 1, high, x, s, desk)
                    if calm and not desk.alive and 0 < word(calm, j) <= desk.arrives:
                        continue
                    _fresh(row(s, j))
                    desk.alive += 1
                elif desk.soonest == now:
                    j = event(desk, desk.heap, ROOT).who
                    remove(desk, ROOT)
                elif desk.dirty or desk.settling:
                    j = served(now, x, s, desk)
                    if j < 0:
                        break
                else:
                    break
                now = go(now, j, x, s, P, desk)
            now = _instant(desk)
