"""Who answers: pools of people by shift, how they are paged, how incidents are passed on, and what else they do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from mttrlab.errors import ModelError
from mttrlab.response.model.distributions import ZERO, Distribution
from mttrlab.response.model.settings import (
    MANY,
    WEEK_MINUTES,
    DayHour,
    DayMinutes,
    Factor,
    Flag,
    Number,
    People,
    Share,
    Text,
    WeekMinutes,
    pair,
    settings,
)

WEEK_HOURS = 168.0
WeekHour = Annotated[float, Number(0.0, WEEK_HOURS)]

MOST_CALLS = 24
MOST_HANDS = 8
_TWO_POOLS = "two pools, such as ('front', 'back')"

FINISHES: Final = "finishes"
HANDS_OVER: Final = "hands over"
"""What a person at work does when the shift ends."""


@settings("a shift")
class Shift:
    """People of a pool who work at some hours of every week."""

    begin: WeekHour
    """Hours since Monday 00:00 UTC."""
    end: WeekHour
    """Hours since Monday 00:00 UTC, after `begin`; at most 168 (a shift over the weekend is two)."""
    people: People

    def __post_init__(self) -> None:
        if self.end <= self.begin:
            raise ModelError(f"end of a shift must be after its begin, {self.begin:g}; got {self.end:g}")


@settings("a pool")
class Pool:
    """Named people who each work on one incident at a time."""

    name: Text
    people: Annotated[int, Number(0, MANY)] = 0
    """At every hour, beside those of the shifts."""
    shifts: tuple[Shift, ...] = ()
    preemptive: Flag = False
    """Whether a more urgent incident takes a person from a less urgent one."""
    end_of_shift: Literal["finishes", "hands over"] = FINISHES
    """`finishes`: who works goes on to the end; `hands over`: the incident goes back to the queue."""
    handover_minutes: WeekMinutes = 0.0
    """Minutes that a hand-over at the end of a shift adds to the rest of the work."""
    queue_limit: Annotated[int, Number(0, 1_000_000)] | None = None
    """Incidents that may wait; one more is worked on at once by people from outside. None: any number waits."""

    def __post_init__(self) -> None:
        if not self.people and not self.shifts:
            raise ModelError(f"pool {self.name} has nobody at any hour; give it people or shifts")

    @property
    def mean_people(self) -> float:
        """People at work, averaged over the week."""
        return self.people + sum(s.people * (s.end - s.begin) for s in self.shifts) / WEEK_HOURS


@settings("paging")
class Paging:
    """From detection to a person who reacts: delivery, levels of escalation, a start-up time at night."""

    delivery: WeekMinutes = 0.0
    """Minutes from detection until the first person's device rings; each further level needs them again."""
    timeout: Annotated[float, Number(0.0, WEEK_MINUTES, above=True)] = 5.0
    """Minutes after which the next level is called."""
    levels: tuple[Distribution, ...] = ()
    """Minutes that the person at each level takes once called; empty: each as `acknowledge` of the incident's type."""
    repeats: Annotated[int, Number(1, MOST_CALLS)] = 1
    """How often all levels are gone through; the last person called is never relieved."""
    startup: DayMinutes = 0.0
    """Minutes from the reaction to the start of work, at night."""
    night: Annotated[tuple[DayHour, DayHour], pair("two hours, such as (22, 6)")] = (22.0, 6.0)
    """Hours of the day (UTC) at which night begins and ends."""

    def __post_init__(self) -> None:
        if self.calls > MOST_CALLS:
            raise ModelError(f"paging calls {self.calls} people one after the other; {MOST_CALLS} is the most")

    @property
    def calls(self) -> int:
        """People called at most."""
        return max(len(self.levels), 1) * self.repeats


@settings("routing")
class Routing:
    """Incidents that reach the wrong team first, or are passed to and fro."""

    wrong: Share
    """Share of incidents that are passed on at least once."""
    again: Share = 0.0
    """Chance that one which was passed on is passed on again."""
    notice: Distribution = ZERO
    """Minutes of work until a team sees that another should have it."""
    transfer: WeekMinutes = 0.0
    """Minutes from one team to the other; nobody is held."""
    max_transfers: Annotated[int, Number(1, MOST_HANDS)] = 4
    """Times that an incident is passed on at most."""
    between: Annotated[tuple[Text, Text], pair(_TWO_POOLS)] | None = None
    """The two pools; None: all in the incident's own pool."""

    def __post_init__(self) -> None:
        if self.between is not None and len(set(self.between)) != 2:
            raise ModelError(f"between of routing must be {_TWO_POOLS}; got {self.between!r}")


@settings("noise")
class Noise:
    """Pages that are no incident: they take people's minutes and are never in the table."""

    per_day: Annotated[float, Number(0.0, MANY)]
    work: Distribution
    """Minutes that a person needs to see that nothing is wrong."""
    pool: Text | None = None
    """The pool that answers them; None: the first."""
    dulled: Factor = 1.0
    """Acknowledging takes this many times as long because of them (a fixed factor, no feedback within a run)."""


@settings("the pipeline")
class Pipeline:
    """The way into production: fixes that need a deployment queue for it, while their person waits."""

    lanes: People = 1
    """Deployments at a time."""
    minutes: Distribution = ZERO
    """Length of a deployment."""
    paths: tuple[Text, ...] = ("rollback", "forward_fix")
    """Fixes that need one."""

    def __post_init__(self) -> None:
        if not self.paths:
            raise ModelError("a pipeline needs at least one fix path that goes through it")


# People at work at any instant of the week, as steps of whole numbers: read by both engines.


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
        room = NO_LIMIT if pool.queue_limit is None else pool.queue_limit
        hands_over = int(pool.end_of_shift == HANDS_OVER)
        handover = round(pool.handover_minutes * 60_000_000)
        rules.append([len(rows), len(mine), int(pool.preemptive), hands_over, handover, room])
        for step in mine:
            rows += step
    return np.array(rules, dtype=np.int64).reshape(-1, 6), np.array(rows, dtype=np.int64)


def step(rows: Sequence[Step], k: int) -> Step:
    """Return step `k` of those that begin at `rows`."""
    return rows[k]


def people_at(now: int, week: int, count: int, rows: Sequence[Step]) -> tuple[int, int]:
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
