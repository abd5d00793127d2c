"""Who answers: pools of people by shift, how they are paged, how incidents are passed on, and what else they do."""

from __future__ import annotations

from dataclasses import dataclass

from mttrlab.errors import ModelError
from mttrlab.response import checks, kinds
from mttrlab.response.laws import AT_ONCE, Law

WEEK_HOURS = 168.0

FINISHES, HANDS_OVER = "finishes", "hands over"
"""What a person at work does when the shift ends."""


@dataclass(frozen=True)
class Shift:
    """People of a pool who work at some hours of every week."""

    begin: float
    """Hours since Monday 00:00 UTC."""
    end: float
    """Hours since Monday 00:00 UTC, after `begin`; at most 168 (a shift over the weekend is two)."""
    people: int

    def __post_init__(self) -> None:
        kinds.settle(self)
        checks.number("begin of a shift", self.begin, 0.0, WEEK_HOURS)
        checks.number("end of a shift", self.end, self.begin, WEEK_HOURS, open_low=True)
        checks.whole("people of a shift", self.people, 1, 100_000)


@dataclass(frozen=True)
class Pool:
    """Named people who each work on one incident at a time."""

    name: str
    people: int = 0
    """At every hour, beside those of the shifts."""
    shifts: tuple[Shift, ...] = ()
    preemptive: bool = False
    """Whether a more urgent incident takes a person from a less urgent one."""
    end_of_shift: str = FINISHES
    """`finishes`: who works goes on to the end; `hands over`: the incident goes back to the queue."""
    handover_minutes: float = 0.0
    """Minutes that a hand-over at the end of a shift adds to the rest of the work."""
    room: int | None = None
    """Incidents that may wait; one more is worked on at once by people from outside. None: any number waits."""

    def __post_init__(self) -> None:
        kinds.settle(self)
        checks.whole(f"people of {self.name}", self.people, 0, 100_000)
        if self.room is not None:
            checks.whole(f"room of {self.name}", self.room, 0, 1_000_000)
        checks.flag(f"preemptive of {self.name}", self.preemptive)
        checks.finite(f"handover_minutes of {self.name}", self.handover_minutes, 0.0, 10_080.0)
        if self.end_of_shift not in (FINISHES, HANDS_OVER):
            raise ModelError(f"end_of_shift of {self.name} must be {FINISHES!r} or {HANDS_OVER!r}")
        if not self.people and not self.shifts:
            raise ModelError(f"pool {self.name} has nobody at any hour; give it people or shifts")

    @property
    def mean_people(self) -> float:
        """People at work, averaged over the week."""
        return self.people + sum(s.people * (s.end - s.begin) for s in self.shifts) / WEEK_HOURS


@dataclass(frozen=True)
class Paging:
    """From detection to a person who reacts: delivery, levels of escalation, a start-up time at night."""

    delivery: float = 0.0
    """Minutes from detection until the first person's device rings; each further level needs them again."""
    timeout: float = 5.0
    """Minutes after which the next level is called."""
    levels: tuple[Law, ...] = ()
    """Minutes that the person at each level takes once called; empty: each as `acknowledge` of the incident's type."""
    repeats: int = 1
    """How often all levels are gone through; the last person called is never relieved."""
    startup: float = 0.0
    """Minutes from the reaction to the start of work, at night."""
    night: tuple[float, float] = (22.0, 6.0)
    """Hours of the day (UTC) at which night begins and ends."""

    def __post_init__(self) -> None:
        kinds.settle(self)
        checks.finite("delivery of paging", self.delivery, 0.0, 10_080.0)
        checks.finite("timeout of paging", self.timeout, 0.0, 10_080.0, open_low=True)
        checks.finite("startup of paging", self.startup, 0.0, 1440.0)
        checks.whole("repeats of paging", self.repeats, 1, MOST_CALLS)
        if len(self.night) != 2:
            raise ModelError("night of paging needs two hours, such as (22, 6)")
        for hour in self.night:
            checks.number("night of paging", hour, 0.0, 24.0)
        if self.calls > MOST_CALLS:
            raise ModelError(f"paging calls {self.calls} people one after the other; {MOST_CALLS} is the most")

    @property
    def calls(self) -> int:
        """People called at most."""
        return max(len(self.levels), 1) * self.repeats


MOST_CALLS = 24
MOST_HANDS = 8


@dataclass(frozen=True)
class Routing:
    """Incidents that reach the wrong team first, or are passed to and fro."""

    wrong: float
    """Share of incidents that are passed on at least once."""
    again: float = 0.0
    """Chance that one which was passed on is passed on again."""
    notice: Law = AT_ONCE
    """Minutes of work until a team sees that another should have it."""
    transfer: float = 0.0
    """Minutes from one team to the other; nobody is held."""
    most: int = 4
    """Times that an incident is passed on at most."""
    between: tuple[str, str] | None = None
    """The two pools; None: all in the incident's own pool."""

    def __post_init__(self) -> None:
        kinds.settle(self)
        checks.share("wrong of routing", self.wrong)
        checks.share("again of routing", self.again)
        checks.finite("transfer of routing", self.transfer, 0.0, 10_080.0)
        checks.whole("most of routing", self.most, 1, MOST_HANDS)
        if self.between is not None and (len(self.between) != 2 or len(set(self.between)) != 2):
            raise ModelError(f"between of routing needs two pools; got {self.between!r}")


@dataclass(frozen=True)
class Noise:
    """Pages that are no incident: they take people's minutes and are never in the table."""

    per_day: float
    work: Law
    """Minutes that a person needs to see that nothing is wrong."""
    pool: str | None = None
    """The pool that answers them; None: the first."""
    dulled: float = 1.0
    """Acknowledging takes this many times as long because of them (a fixed factor, no feedback within a run)."""

    def __post_init__(self) -> None:
        kinds.settle(self)
        checks.finite("per_day of noise", self.per_day, 0.0, 100_000.0)
        checks.finite("dulled of noise", self.dulled, 0.0, 100.0)


@dataclass(frozen=True)
class Pipeline:
    """The way into production: fixes that need a deployment queue for it, while their person waits."""

    lanes: int = 1
    """Deployments at a time."""
    minutes: Law = AT_ONCE
    """Length of a deployment."""
    paths: tuple[str, ...] = ("rollback", "forward_fix")
    """Fixes that need one."""

    def __post_init__(self) -> None:
        kinds.settle(self)
        checks.whole("lanes of the pipeline", self.lanes, 1, 100_000)
        if not self.paths:
            raise ModelError("a pipeline needs at least one fix path that goes through it")
