"""People at work at any instant of the week, as steps of whole numbers: read by both engines."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mttrlab.response.people import HANDS_OVER, Pool

Ints = npt.NDArray[np.int64]

WEEK = 604_800_000_000
"""Microseconds."""
_HOUR = 3_600_000_000

FOREVER = 2**62
"""Later than anything."""

NO_LIMIT = 2**40


class Step(NamedTuple):
    """From when on how many people are there."""

    time: int
    """Microseconds since Monday 00:00 UTC."""
    people: int


def steps(pool: Pool) -> list[Step]:
    """Return (microseconds since Monday 00:00 UTC, people from then on), in order; the first is Monday 00:00.

    Examples
    --------
    >>> from mttrlab.response.people import Shift
    >>> steps(Pool("days", 1, (Shift(8, 16, 2),)))
    [Step(time=0, people=1), Step(time=28800000000, people=3), Step(time=57600000000, people=1)]
    """
    change = {0: pool.people}
    for shift in pool.shifts:
        for hour, more in ((shift.begin, shift.people), (shift.end, -shift.people)):
            at = round(hour * _HOUR)
            if at < WEEK:
                change[at] = change.get(at, 0) + more
    times = sorted(change)
    people: list[int] = np.cumsum([change[t] for t in times]).tolist()
    return [Step(t, n) for k, (t, n) in enumerate(zip(times, people, strict=True)) if not k or n != people[k - 1]]


def tables(pools: tuple[Pool, ...]) -> tuple[Ints, Ints]:
    """Return settings (pool × first step, steps, pre-emptive, hands over, hand-over, room) and the steps of all pools.

    Steps are a row of pairs: time, people.
    """
    rules: list[list[int]] = []
    rows: list[int] = []
    for pool in pools:
        mine = steps(pool)
        room = NO_LIMIT if pool.room is None else pool.room
        hands_over = int(pool.end_of_shift == HANDS_OVER)
        handover = round(pool.handover_minutes * 60_000_000)
        rules.append([len(rows), len(mine), int(pool.preemptive), hands_over, handover, room])
        for step in mine:
            rows += step
    return np.array(rules, dtype=np.int64).reshape(-1, 6), np.array(rows, dtype=np.int64)


def step(rows: Any, k: int) -> Any:
    """Return step `k` of those that begin at `rows`."""
    return rows[k]


def people_at(now: int, week: int, count: int, rows: Any) -> tuple[int, int]:
    """Return the people at work at an instant, and the instant of the next change.

    Parameters
    ----------
    now : int
        Microseconds since the horizon began.
    week : int
        Microseconds since Monday 00:00 UTC at which the horizon begins.
    count : int
        How many steps the pool has.
    rows : sequence of Step
        `steps(pool)`; the compiled engine has its own way to find one of them.

    Examples
    --------
    >>> from mttrlab.response.people import Shift
    >>> people_at(9 * 3_600_000_000, 0, 3, steps(Pool("days", 1, (Shift(8, 16, 2),))))
    (3, 57600000000)
    """
    begin = step(rows, 0)
    if count == 1:
        return begin.people, FOREVER
    at = (now + week) % WEEK
    k = count - 1
    while step(rows, k).time > at:
        k -= 1
    later = step(rows, k + 1).time if k + 1 < count else WEEK + begin.time
    return step(rows, k).people, now + later - at
