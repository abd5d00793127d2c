"""People at work at any instant of the week, as steps of whole numbers: read by both engines."""

from __future__ import annotations

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


def steps(pool: Pool) -> list[tuple[int, int]]:
    """Return (microseconds since Monday 00:00 UTC, people from then on), in order; the first is Monday 00:00.

    Examples
    --------
    >>> from mttrlab.response.people import Shift
    >>> steps(Pool("days", 1, (Shift(8, 16, 2),)))
    [(0, 1), (28800000000, 3), (57600000000, 1)]
    """
    change = {0: pool.people}
    for shift in pool.shifts:
        for hour, more in ((shift.begin, shift.people), (shift.end, -shift.people)):
            at = round(hour * _HOUR)
            if at < WEEK:
                change[at] = change.get(at, 0) + more
    times = sorted(change)
    people: list[int] = np.cumsum([change[t] for t in times]).tolist()
    return [(t, n) for k, (t, n) in enumerate(zip(times, people, strict=True)) if not k or n != people[k - 1]]


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


def people_at(now: int, week: int, first: int, count: int, rows: Ints) -> tuple[int, int]:
    """Return the people at work at an instant, and the instant of the next change.

    Parameters
    ----------
    now : int
        Microseconds since the horizon began.
    week : int
        Microseconds since Monday 00:00 UTC at which the horizon begins.
    first, count : int
        Where the pool's steps begin in `rows`, and how many there are.
    rows : array
        Steps: pairs of time in the week and people.
    """
    if count == 1:
        return rows[first + 1], FOREVER
    at = (now + week) % WEEK
    k = count - 1
    while rows[first + 2 * k] > at:
        k -= 1
    later = rows[first + 2 * k + 2] if k + 1 < count else WEEK + rows[first]
    return rows[first + 2 * k + 1], now + later - at
