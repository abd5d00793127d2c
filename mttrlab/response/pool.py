"""People as pools that settle ties by rule: priority, then who asked first, then the incident's number."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Any

import simpy
from simpy.events import Event, EventPriority, Timeout

from mttrlab.response import shifts
from mttrlab.response.people import HANDS_OVER, Pool

LATE = EventPriority(2)
"""After every urgent and normal event of the instant, so that all who ask at an instant are in the queue first."""

Place = tuple[int, int, int]


class _Settle(Event):
    """An event that has already happened; it only waits for the end of its instant."""

    def __init__(self, env: simpy.Environment) -> None:
        super().__init__(env)
        self._ok = True
        self._value = None


class _Desk:
    """One pool while a replication runs."""

    __slots__ = (
        "change", "count", "handover", "hands_over", "holders", "people", "preemptive", "queue", "room", "rows",
        "settle", "used",
    )  # fmt: skip

    def __init__(self, pool: Pool) -> None:
        self.rows = shifts.steps(pool)
        self.count = len(self.rows)
        self.people = self.rows[0].people
        self.change = shifts.FOREVER
        self.preemptive = pool.preemptive
        self.hands_over = pool.end_of_shift == HANDS_OVER
        self.handover = round(pool.handover_minutes * 60_000_000)
        self.room = shifts.NO_LIMIT if pool.room is None else pool.room
        self.used = 0
        self.settle = False
        self.queue: list[tuple[Place, Any]] = []
        self.holders: list[Any] = []

    def worst(self) -> Any:
        """Return the least urgent incident that somebody works on now; None: none."""
        return max((one for one in self.holders if one.s.working), key=lambda one: one.place, default=None)


class Pools:
    """Pools of people who take incidents by (priority, asked, key).

    Parameters
    ----------
    env : simpy.Environment
    pools : tuple of Pool
    week : int
        Microseconds since Monday 00:00 UTC at which the horizon begins.

    Notes
    -----
    `simpy.PriorityResource` grants inside the event that asks, so incidents that ask at the same instant are served
    in the order of the event queue. Here all events of an instant come first, then the pools settle. Incidents are
    anything with `place`, `s`, `granted(now)`, `refused(now)` and `taken(now, longer)`.
    """

    def __init__(self, env: simpy.Environment, pools: tuple[Pool, ...], week: int) -> None:
        self._env = env
        self._desks = [_Desk(pool) for pool in pools]
        self._week = week
        self.restless = any(desk.preemptive or desk.hands_over for desk in self._desks)
        """Whether people may be taken away from their work."""
        self._called = False
        self._settling = False

    def take(self, p: int, one: Any, now: int) -> bool:
        """Give a person of pool `p` at once where nothing else happens at this instant; return whether it did."""
        desk = self._desks[p]
        if desk.queue or self._called or self._env.peek() <= now:
            return False
        if desk.count > 1 and desk.change == shifts.FOREVER:
            self._sync(desk, now)
        if desk.used >= desk.people:
            return False
        desk.used += 1
        if desk.preemptive or desk.hands_over:
            desk.holders.append(one)
        return True

    def ask(self, p: int, one: Any, now: int) -> None:
        """Queue an incident for pool `p`."""
        desk = self._desks[p]
        if desk.count > 1 and desk.change == shifts.FOREVER:
            self._sync(desk, now)
        heappush(desk.queue, (one.place, one))
        if desk.used < desk.people or desk.preemptive or desk.hands_over or len(desk.queue) > desk.room:
            self._call(desk)

    def give(self, p: int, one: Any) -> None:
        """Hand back the person of pool `p` that an incident holds."""
        desk = self._desks[p]
        self._release(desk, one)
        if desk.queue:
            self._call(desk)

    def _sync(self, desk: _Desk, now: int) -> None:
        people, change = shifts.people_at(now, self._week, desk.count, desk.rows)
        desk.people, desk.change = int(people), int(change)
        Timeout(self._env, desk.change - now).callbacks = [lambda _: self._turn(desk)]

    def _turn(self, desk: _Desk) -> None:
        """A shift begins or ends; an idle pool stops looking at the clock."""
        if desk.used or desk.queue:
            self._sync(desk, int(self._env.now))
            self._call(desk)
        else:
            desk.change = shifts.FOREVER

    def _call(self, desk: _Desk) -> None:
        desk.settle = True
        if not self._called and not self._settling:
            self._called = True
            settle = _Settle(self._env)
            settle.callbacks = [self._settle]
            self._env.schedule(settle, priority=LATE)

    def _settle(self, _: Event) -> None:
        self._called, self._settling = False, True
        now = int(self._env.now)
        while any(desk.settle for desk in self._desks):
            for desk in self._desks:
                if desk.settle:
                    desk.settle = False
                    self._serve(desk, now)
        self._settling = False

    def _serve(self, desk: _Desk, now: int) -> None:
        while desk.hands_over and desk.used > desk.people:
            worst = desk.worst()
            if worst is None:
                break
            self._take(desk, worst, now, desk.handover)
        while desk.queue:
            if desk.used >= desk.people:
                worst = desk.worst() if desk.preemptive else None
                if worst is None or worst.place[0] <= desk.queue[0][0][0]:
                    break
                self._take(desk, worst, now, 0)
            one = heappop(desk.queue)[1]
            desk.used += 1
            if desk.preemptive or desk.hands_over:
                desk.holders.append(one)
            one.granted(now)
        while len(desk.queue) > desk.room:
            last = max(desk.queue, key=lambda waiting: waiting[0])
            desk.queue.remove(last)
            desk.queue.sort(key=lambda waiting: waiting[0])
            last[1].refused(now)

    def _take(self, desk: _Desk, one: Any, now: int, longer: int) -> None:
        one.taken(now, longer)
        self._release(desk, one)
        heappush(desk.queue, (one.place, one))

    def _release(self, desk: _Desk, one: Any) -> None:
        desk.used -= 1
        if desk.preemptive or desk.hands_over:
            desk.holders.remove(one)
