# ruff: noqa: N803, N806 - P is what the specification calls it
"""One incident in the compiled engine: it does what the transition function says until something else comes first."""

from __future__ import annotations

from types import FunctionType, ModuleType
from typing import Any

import numba
import numpy as np

from mttrlab.response import shifts, steps, transition, turns
from mttrlab.response.machine.heap import FOREVER, ROOT, close, inner, join, one_kind, rise, within
from mttrlab.response.machine.memory import POOLS, place, pool_of, row, step

ASK, DONE, GIVE, WORK = (np.int64(one) for one in (steps.ASK, steps.DONE, steps.GIVE, steps.WORK))


def _names(module: ModuleType) -> dict[str, Any]:
    """Return what a module's functions find by name: each plain number would be a type of its own, looked up alone."""
    return {name: np.int64(value) if type(value) is int else value for name, value in vars(module).items()}


def _taken(function: Any, names: dict[str, Any], wrap: Any) -> Any:
    """Return a function compiled that finds `names`, and is found by its own name among them."""
    made = wrap(FunctionType(function.__code__, names, function.__name__))
    names[function.__name__] = made
    return made


_LIFE = {**_names(turns), **_names(transition)}
_taken(turns.tail, _LIFE, one_kind(numba.uint32, numba.int64, numba.int64))
for _callee in (
    turns.works,
    turns.attempt,
    turns.again,
    turns.call,
    turns.check,
):
    _taken(_callee, _LIFE, inner)
advance: Any = _taken(transition.advance, _LIFE, close)
people_at: Any = _taken(shifts.people_at, {**_names(shifts), "step": row}, inner)


@inner
def next_change(desk: Any) -> None:
    """Find the next change of any shift that somebody depends on."""
    desk.changes = FOREVER
    for p in range(desk.pools):
        pool = pool_of(desk, POOLS, p)
        if pool.change < desk.changes:
            desk.changes = pool.change


@inner
def look(now: int, week: int, desk: Any, pool: Any) -> None:
    """Read how many people of a pool are at work, and when that changes."""
    people, change = people_at(now, week, pool.count, step(desk, pool.steps, ROOT))
    pool.people = people
    pool.change = change
    next_change(desk)


@inner
def hold(desk: Any, pool: Any, j: int) -> None:
    """Give a person to incident `j`."""
    if pool.preemptive or pool.hands_over:
        here = place(desk, pool.hold, pool.used)
        here.who = j
    pool.used += 1


@inner
def release(desk: Any, pool: Any, j: int) -> None:
    """Take the person back."""
    pool.used -= 1
    if pool.preemptive or pool.hands_over:
        here = place(desk, pool.hold, ROOT)
        while here.who != j:
            here = row(here, 1)
        here.who = place(desk, pool.hold, pool.used).who


@within
def go(now: int, j: int, x: Any, s: Any, P: Any, desk: Any) -> int:
    """Let incident `j` do what it does at this instant, and later ones as long as nothing else happens first."""
    xj, sj = row(x, j), row(s, j)
    Pj = row(P, xj.plan)
    sj.working = 0
    # Nothing that this incident does before it comes back here changes these.
    first = desk.arrives
    if desk.soonest < first:
        first = desk.soonest
    while True:
        command, lasts = advance(now, sj, xj, Pj)
        if lasts > 0:
            at = now + lasts
            if at < first and at < desk.changes and not desk.dirty and not desk.settling:
                now = at
                continue
            if command == WORK and sj.held:
                sj.working = 1
                sj.end = at
            rise(desk, desk.events, at, j)
            desk.events += 1
            return now
        if command == ASK:
            pool = pool_of(desk, POOLS, sj.pool)
            if pool.count > 1 and pool.change == FOREVER:
                look(now, Pj.day, desk, pool)
            alone = now < first and not desk.dirty and not desk.settling
            if alone and not pool.waiting and pool.used < pool.people:
                hold(desk, pool, j)
                continue
            sj.since = now
            sj.rest = 0
            join(x, s, desk, pool, j)
            pool.settle = desk.dirty = 1
            return now
        if command == GIVE:
            pool = pool_of(desk, POOLS, sj.pool)
            release(desk, pool, j)
            if pool.waiting:
                pool.settle = desk.dirty = 1
        elif command == DONE:
            desk.alive -= 1
            return now
