# ruff: noqa: N803, N806 - P is what the specification calls it
"""One incident in the compiled engine: it does what the transition function says until something else comes first."""

from __future__ import annotations

from types import FunctionType
from typing import Any

import numpy as np

from mttrlab.response import shifts, transition
from mttrlab.response.compiled_heap import (
    ALIVE,
    ARRIVES,
    CHANGE,
    CHANGES,
    COUNT,
    DIRTY,
    EVENTS,
    FIRST,
    HANDS_OVER,
    HEAD,
    HEAP,
    HOLD,
    PEOPLE,
    POOLS,
    PREEMPTIVE,
    QUEUE,
    SETTLE,
    SETTLING,
    USED,
    WAITING,
    WIDTH,
    close,
    inner,
    join,
    rise,
)

ASK, DONE, GIVE, WORK = (np.int64(one) for one in (transition.ASK, transition.DONE, transition.GIVE, transition.WORK))
FOREVER: Any = np.int64(shifts.FOREVER)


_HERE = {name: np.int64(value) if type(value) is int else value for name, value in vars(transition).items()}
"""What the transition function finds by name: each plain number would be a type of its own, looked up for itself."""


def _taken(function: Any, wrap: Any) -> Any:
    """Return a function of `transition` compiled, with the names above."""
    made = wrap(FunctionType(function.__code__, _HERE, function.__name__))
    _HERE[function.__name__] = made
    return made


for _callee in (
    transition.tail,
    transition.works,
    transition.attempt,
    transition.again,
    transition.call,
    transition.check,
):
    _taken(_callee, inner)
advance: Any = _taken(transition.advance, close)
people_at: Any = inner(shifts.people_at)


@inner
def next_change(w: Any) -> None:
    """Find the next change of any shift that somebody depends on."""
    w[CHANGES] = FOREVER
    for p in range(w[POOLS]):
        if w[HEAD + WIDTH * p + CHANGE] < w[CHANGES]:
            w[CHANGES] = w[HEAD + WIDTH * p + CHANGE]


@inner
def look(now: int, pool: int, week: int, w: Any) -> None:
    """Read how many people of a pool are at work, and when that changes."""
    people, change = people_at(now, week, w[pool + FIRST], w[pool + COUNT], w)
    w[pool + PEOPLE] = people
    w[pool + CHANGE] = change
    next_change(w)


@inner
def hold(pool: int, j: int, w: Any) -> None:
    """Give a person to incident `j`."""
    if w[pool + PREEMPTIVE] or w[pool + HANDS_OVER]:
        w[w[pool + HOLD] + w[pool + USED]] = j
    w[pool + USED] += 1


@inner
def release(pool: int, j: int, w: Any) -> None:
    """Take the person back."""
    w[pool + USED] -= 1
    if w[pool + PREEMPTIVE] or w[pool + HANDS_OVER]:
        k = w[pool + HOLD]
        last = k + w[pool + USED]
        while w[k] != j:
            k += 1
        w[k] = w[last]


@inner
def flag(pool: int, w: Any) -> None:
    """Let a pool settle when the events of this instant are over."""
    w[pool + SETTLE] = 1
    w[DIRTY] = 1


@close
def go(now: int, j: int, x: Any, s: Any, P: Any, w: Any) -> int:
    """Let incident `j` do what it does at this instant, and later ones as long as nothing else happens first."""
    xj, sj = x[j], s[j]
    Pj = P[xj.plan]
    sj.working = 0
    # Nothing that this incident does before it comes back here changes these.
    first = w[ARRIVES]
    if w[EVENTS] and w[w[HEAP]] < first:
        first = w[w[HEAP]]
    while True:
        command, lasts = advance(now, sj, xj, Pj)
        if lasts > 0:
            at = now + lasts
            if at < first and at < w[CHANGES] and not w[DIRTY] and not w[SETTLING]:
                now = at
                continue
            if command == WORK and sj.held:
                sj.working = 1
                sj.end = at
            rise(w, w[EVENTS], at, j)
            w[EVENTS] += 1
            return now
        if command == ASK:
            pool = HEAD + WIDTH * sj.pool
            if w[pool + COUNT] > 1 and w[pool + CHANGE] == FOREVER:
                look(now, pool, Pj.day, w)
            alone = now < first and not w[DIRTY] and not w[SETTLING]
            if alone and not w[pool + WAITING] and w[pool + USED] < w[pool + PEOPLE]:
                hold(pool, j, w)
                continue
            sj.since = now
            sj.rest = 0
            join(x, s, w, w[pool + QUEUE], w[pool + WAITING], j)
            w[pool + WAITING] += 1
            flag(pool, w)
            return now
        if command == GIVE:
            pool = HEAD + WIDTH * sj.pool
            release(pool, j, w)
            if w[pool + WAITING]:
                flag(pool, w)
        elif command == DONE:
            w[ALIVE] -= 1
            return now
