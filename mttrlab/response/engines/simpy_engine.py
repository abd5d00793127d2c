# ruff: noqa: N803, N806 - P is what the specification calls it
"""The reference engine: SimPy events that do what the transition function commands."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable
from heapq import heappop, heappush
from operator import attrgetter
from typing import Any

import numpy as np
import simpy
from simpy.events import NORMAL, Event, EventPriority, Timeout

from mttrlab.response.engines import compiled
from mttrlab.response.engines.transition import (
    ASK,
    DONE,
    GIVE,
    NEVER,
    ROUNDS,
    STARTED,
    STATE,
    WORK,
    Parameters,
    Plans,
    advance,
    plans_of,
)
from mttrlab.response.model import responders
from mttrlab.response.model.responders import HANDS_OVER, Pool

_NAMES: tuple[str, ...] = STATE.names or ()
_ENDS = attrgetter(*_NAMES)
Teller = Callable[[int, int, int, int], None]


class State:
    """`s` of the transition function. Values of the class until they are set: most are never touched."""

    step = STARTED
    started = detected = acknowledged = diagnosed = resolved = verified = NEVER
    first_resolved = first_verified = asked = NEVER
    waited = queued = round = turn = attempt = level = hands = 0
    automated = harmed = wrong = passed = reopened = refused = 0
    interrupted = held = pool = since = working = end = rest = 0


_COLUMNS = (
    "at", "key", "priority", "noise", "plan", "pool", "other", "hands", "luck", "detect", "rule", "harm", "reopen",
    "acknowledge", "diagnose", "fix", "verify", "u_verify", "deploy", "run", "u_attempt", "u_harm", "notice",
)  # fmt: skip
Chance: Any = namedtuple("Chance", _COLUMNS)  # type: ignore[misc]
Chance.__doc__ = "`x` of the transition function: one incident's luck, read from the columns once."


def run(x: np.ndarray, P: Parameters | Plans, bounds: np.ndarray, pools: tuple[Pool, ...]) -> np.ndarray:
    """Return what became of each incident, one record of `layout.STATE` each in the order of `x`.

    Every incident runs to its end. Prevented ones never start: their stamps stay -1.

    Parameters
    ----------
    x : array of records
        Luck, by replication and arrival; each replication has its own clock and its own people.
    P : Parameters, or a tuple of them
        One for all, or one for every `x.plan`.
    bounds : array of int
        Replication r is rows `bounds[r]` to `bounds[r + 1]`.
    pools : tuple of Pool
        Empty: nobody waits.
    """
    P = plans_of(P)
    ends = np.full(len(x), np.array(_ENDS(State()), dtype=STATE))
    # One replication at a time: what has ended is gone before the next begins.
    for low, high in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        live = low + np.flatnonzero(x["happens"][low:high])
        with compiled.paused():
            states = [State() for _ in range(len(live))]
            _replication(zip(states, _chances(x[live], P), strict=True), P, pools)
            if states:
                for name, column in zip(_NAMES, zip(*map(_ENDS, states), strict=True), strict=True):
                    ends[name][live] = column
    return ends


def tell(x: np.ndarray, P: Parameters | Plans, pools: tuple[Pool, ...], key: int, teller: Teller) -> None:
    """Run one replication and report each command of the incident `key` to `teller(now, step, command, lasts)`."""
    live, P = x[x["happens"] == 1], plans_of(P)
    _replication([(State(), chance) for chance in _chances(live, P)], P, pools, key, teller)


def _chances(x: np.ndarray, P: Plans) -> Iterable[Any]:
    # Turns that cannot be reached are not turned into lists.
    rounds = min(max(one.rounds for one in P), ROUNDS)
    used = {"acknowledge": max(one.calls for one in P), "notice": int(x["hands"].max(initial=0))}
    used |= dict.fromkeys(("run", "u_attempt", "u_harm"), max(one.attempts for one in P))
    used |= dict.fromkeys(("diagnose", "fix", "verify", "u_verify", "deploy"), rounds)
    columns = ((x[n][:, : used[n]] if n in used else x[n]).tolist() for n in _COLUMNS)
    return map(Chance._make, zip(*columns, strict=True))


def _replication(
    pairs: Iterable[tuple[State, Any]],
    P: Plans,
    people: tuple[Pool, ...],
    key: int | None = None,
    teller: Teller | None = None,
) -> None:
    env = simpy.Environment(initial_time=0)
    pools = Pools(env, people, P[0].day) if people else None
    _Arrivals(env, pairs, P, pools, key, teller).go()
    env.run()


class _Pulse(Event):
    """An event that has already happened; it is scheduled, and scheduled again, for when somebody shall wake."""

    def __init__(self, env: simpy.Environment) -> None:
        super().__init__(env)
        self._ok = True
        self._value = None


class _Arrivals:
    """Starts each incident at its time, so that the event queue holds only those under way."""

    def __init__(
        self,
        env: simpy.Environment,
        pairs: Iterable[tuple[State, Any]],
        P: Plans,
        pools: Pools | None,
        key: int | None,
        teller: Teller | None,
    ) -> None:
        self.env = env
        self.pairs = iter(pairs)
        self.plans, self.pools = P, pools
        self.key = key
        self.teller = teller
        self.pulse = _Pulse(env)
        self.first: tuple[State, Any] | None = None

    def go(self, _: Event | None = None) -> None:
        """Start what arrives now, and wait for the next."""
        env, now = self.env, self.env.now
        s, x = self.first or next(self.pairs, (None, None))
        while s is not None and x is not None:
            if x.at > now:
                self.first = s, x
                self.pulse.callbacks = [self.go]
                env.schedule(self.pulse, NORMAL, x.at - now)
                return
            teller = self.teller if x.key == self.key else None
            _Incident(env, s, x, self.plans[x.plan], self.pools, teller).go(x.at)
            s, x = next(self.pairs, (None, None))


class _Incident:
    """One incident's life: whatever it waits for wakes it, and the transition function says what comes next.

    A callback on an event of its own, not a generator: a SimPy process would cost two more events for every incident.
    """

    __slots__ = ("P", "callbacks", "env", "pending", "place", "pools", "pulse", "s", "teller", "x")

    def __init__(
        self, env: simpy.Environment, s: State, x: Any, P: Parameters, pools: Pools | None, teller: Teller | None
    ) -> None:
        self.env = env
        self.s = s
        self.x = x
        self.P = P
        self.pools = pools
        self.teller = teller
        self.pulse = _Pulse(env)
        self.callbacks: list[Any] = [self]
        self.pending = DONE
        """A command that waits for its time."""

    def __call__(self, event: Event) -> None:
        """Go on, unless the person who worked was taken away meanwhile."""
        if event is self.pulse:
            self.go(self.env.now, True)  # type: ignore[arg-type]

    def go(self, now: int, alone: bool = False) -> None:
        """Go on until a pool must be asked or given back to, or time must pass that somebody may cut short.

        What an incident does by itself needs no event: nothing that others do can change it. `alone`: no other
        incident moves at this instant unless SimPy's queue holds its event.
        """
        s, x, P, pools = self.s, self.x, self.P, self.pools
        s.working = 0
        command, begin = self.pending, now
        self.pending = DONE
        while True:
            if command == ASK and pools is not None:
                s.since = now
                s.rest = 0
                self.place = (x.priority, s.asked, x.key)
                if not (alone and pools.take(s.pool, self, now)):
                    pools.ask(s.pool, self, now)
                    return
            elif command == GIVE and pools is not None:
                pools.give(s.pool, self)
            step = s.step
            command, lasts = advance(now, s, x, P)
            if self.teller is not None:
                self.teller(now, step, command, lasts)
            if lasts:
                now += lasts
                if pools is not None and pools.restless:
                    if command == WORK and s.held:
                        s.working = 1
                        s.end = now
                    self._wait(lasts)
                    return
            elif now > begin and command in (ASK, GIVE):
                self.pending = command
                self._wait(now - begin)
                return
            elif command == DONE:
                # Without this circle nothing is left for the garbage collector, which took a quarter of the time.
                self.callbacks = []
                return

    def _wait(self, lasts: int) -> None:
        self.pulse.callbacks = self.callbacks
        self.env.schedule(self.pulse, NORMAL, lasts)

    def granted(self, now: int) -> None:
        """Somebody has time: begin, or go on with what was interrupted."""
        if self.s.rest:
            self._resume(now, 1)
        else:
            self.go(now)

    def refused(self, now: int) -> None:
        """The pool has no room; people from outside take it."""
        self.s.refused = 1
        if self.s.rest:
            self.s.held = 0
            self._resume(now, 0)
        else:
            self.go(now)

    def taken(self, now: int, longer: int) -> None:
        """The person is taken away; the rest of the work waits."""
        s = self.s
        s.rest = s.end - now + longer
        s.working = 0
        s.since = now
        s.interrupted += 1
        # What it waited for comes too late now, and wakes nobody.
        self.pulse = _Pulse(self.env)

    def _resume(self, now: int, working: int) -> None:
        s = self.s
        s.waited += now - s.since
        s.end = now + s.rest
        self._wait(s.rest)
        s.rest = 0
        s.working = working


# People as pools that settle ties by rule: priority, then who asked first, then the incident's number.


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
        self.rows = responders.steps(pool)
        self.count = len(self.rows)
        self.people = self.rows[0].people
        self.change = responders.FOREVER
        self.preemptive = pool.preemptive
        self.hands_over = pool.end_of_shift == HANDS_OVER
        self.handover = round(pool.handover_minutes * 60_000_000)
        self.room = responders.NO_LIMIT if pool.room is None else pool.room
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
        if desk.count > 1 and desk.change == responders.FOREVER:
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
        if desk.count > 1 and desk.change == responders.FOREVER:
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
        people, change = responders.people_at(now, self._week, desk.count, desk.rows)
        desk.people, desk.change = int(people), int(change)
        Timeout(self._env, desk.change - now).callbacks = [lambda _: self._turn(desk)]

    def _turn(self, desk: _Desk) -> None:
        """A shift begins or ends; an idle pool stops looking at the clock."""
        if desk.used or desk.queue:
            self._sync(desk, int(self._env.now))
            self._call(desk)
        else:
            desk.change = responders.FOREVER

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
