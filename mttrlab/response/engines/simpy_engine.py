# ruff: noqa: N803, N806 - P is what the specification calls it
"""The reference engine: SimPy events that do what the transition function commands."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from heapq import heappop, heappush
from operator import attrgetter
from typing import Protocol

import numpy as np
import simpy
from simpy.events import NORMAL, Event, EventPriority, Timeout

from mttrlab.response.engines import compiled
from mttrlab.response.engines.transition import (
    ASK,
    DONE,
    GIVE,
    ROUNDS,
    STATE,
    WORK,
    IncidentDraws,
    Parameters,
    ParameterSets,
    State,
    advance,
)
from mttrlab.response.model import responders
from mttrlab.response.model.responders import HANDS_OVER, Pool

_NAMES: tuple[str, ...] = STATE.names or ()
_ENDS = attrgetter(*_NAMES)
OnStep = Callable[[int, int, int, int], None]


def run_simpy(x: np.ndarray, P: ParameterSets, bounds: np.ndarray, pools: tuple[Pool, ...]) -> np.ndarray:
    """Return what became of each incident, one record of `layout.STATE` each in the order of `x`.

    Every incident runs to its end. Prevented ones never start: their stamps stay -1.

    Parameters
    ----------
    x : array of records
        Random numbers, by replication and arrival; each replication has its own clock and its own people.
    P : tuple of Parameters
        One for every `x.parameter_set`.
    bounds : array of int
        Replication r is rows `bounds[r]` to `bounds[r + 1]`.
    pools : tuple of Pool
        Empty: nobody waits.
    """
    ends = np.full(len(x), np.array(_ENDS(State()), dtype=STATE))
    # One replication at a time: what has ended is gone before the next begins.
    for low, high in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        live = low + np.flatnonzero(x["happens"][low:high])
        with compiled.gc_paused():
            states = [State() for _ in range(len(live))]
            _replication(zip(states, _draws(x[live], P), strict=True), P, pools)
            if states:
                for name, column in zip(_NAMES, zip(*map(_ENDS, states), strict=True), strict=True):
                    ends[name][live] = column
    return ends


def observe(x: np.ndarray, P: ParameterSets, pools: tuple[Pool, ...], key: int, on_step: OnStep) -> None:
    """Run one replication and report each command of the incident `key` to `on_step(now, step, command, lasts)`."""
    live = x[x["happens"] == 1]
    _replication([(State(), chance) for chance in _draws(live, P)], P, pools, key, on_step)


def _draws(x: np.ndarray, P: ParameterSets) -> Iterable[IncidentDraws]:
    # Turns that cannot be reached are not turned into lists.
    rounds = min(max(one.rounds for one in P), ROUNDS)
    used = {"acknowledge": max(one.calls for one in P), "notice": int(x["transfers"].max(initial=0))}
    used |= dict.fromkeys(("run", "u_attempt", "u_harm"), max(one.attempts for one in P))
    used |= dict.fromkeys(("diagnose", "fix", "verify", "u_verify", "deploy"), rounds)
    columns = ((x[n][:, : used[n]] if n in used else x[n]).tolist() for n in IncidentDraws._fields)
    return map(IncidentDraws._make, zip(*columns, strict=True))


def _replication(
    pairs: Iterable[tuple[State, IncidentDraws]],
    P: ParameterSets,
    people: tuple[Pool, ...],
    key: int | None = None,
    on_step: OnStep | None = None,
) -> None:
    env = simpy.Environment(initial_time=0)
    pools = Pools(env, people, P[0].day) if people else None
    _Arrivals(env, pairs, P, pools, key, on_step).go()
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
        pairs: Iterable[tuple[State, IncidentDraws]],
        P: ParameterSets,
        pools: Pools | None,
        key: int | None,
        on_step: OnStep | None,
    ) -> None:
        self.env = env
        self.pairs = iter(pairs)
        self.parameter_sets, self.pools = P, pools
        self.key = key
        self.on_step = on_step
        self.pulse = _Pulse(env)
        self.first: tuple[State, IncidentDraws] | None = None

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
            on_step = self.on_step if x.key == self.key else None
            _Incident(env, s, x, self.parameter_sets[x.parameter_set], self.pools, on_step).go(x.at)
            s, x = next(self.pairs, (None, None))


class _Incident:
    """One incident's life: whatever it waits for wakes it, and the transition function says what comes next.

    A callback on an event of its own, not a generator: a SimPy process would cost two more events for every incident.
    """

    __slots__ = ("P", "callbacks", "env", "on_step", "pending", "place", "pools", "pulse", "s", "x")

    def __init__(
        self,
        env: simpy.Environment,
        s: State,
        x: IncidentDraws,
        P: Parameters,
        pools: Pools | None,
        on_step: OnStep | None,
    ) -> None:
        self.env = env
        self.s = s
        self.x = x
        self.P = P
        self.pools = pools
        self.on_step = on_step
        self.pulse = _Pulse(env)
        self.callbacks: list[Callable[[Event], None]] = [self]
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
            if self.on_step is not None:
                self.on_step(now, step, command, lasts)
            if lasts:
                now += lasts
                if pools is not None and pools.may_preempt:
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

    def preempt(self, now: int, longer: int) -> None:
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

QueuePlace = tuple[int, int, int]


class _Settle(Event):
    """An event that has already happened; it only waits for the end of its instant."""

    def __init__(self, env: simpy.Environment) -> None:
        super().__init__(env)
        self._ok = True
        self._value = None


class Queued(Protocol):
    """An incident as pools see it."""

    s: State
    place: QueuePlace

    def granted(self, now: int) -> None:
        """Somebody has time."""

    def refused(self, now: int) -> None:
        """The pool has no room."""

    def preempt(self, now: int, longer: int) -> None:
        """Take the person away; the rest of the work waits, and takes so much longer."""


class _PoolState:
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
        self.room = responders.NO_LIMIT if pool.queue_limit is None else pool.queue_limit
        self.used = 0
        self.settle = False
        self.queue: list[tuple[QueuePlace, Queued]] = []
        self.holders: list[Queued] = []

    def worst(self) -> Queued | None:
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
    in the order of the event queue. Here all events of an instant come first, then the pools settle.
    """

    def __init__(self, env: simpy.Environment, pools: tuple[Pool, ...], week: int) -> None:
        self._env = env
        self._states = [_PoolState(pool) for pool in pools]
        self._week = week
        self.may_preempt = any(state.preemptive or state.hands_over for state in self._states)
        """Whether people may be taken away from their work."""
        self._called = False
        self._settling = False

    def take(self, p: int, one: Queued, now: int) -> bool:
        """Give a person of pool `p` at once where nothing else happens at this instant; return whether it did."""
        state = self._states[p]
        if state.queue or self._called or self._env.peek() <= now:
            return False
        if state.count > 1 and state.change == responders.FOREVER:
            self._sync(state, now)
        if state.used >= state.people:
            return False
        state.used += 1
        if state.preemptive or state.hands_over:
            state.holders.append(one)
        return True

    def ask(self, p: int, one: Queued, now: int) -> None:
        """Queue an incident for pool `p`."""
        state = self._states[p]
        if state.count > 1 and state.change == responders.FOREVER:
            self._sync(state, now)
        heappush(state.queue, (one.place, one))
        if state.used < state.people or state.preemptive or state.hands_over or len(state.queue) > state.room:
            self._call(state)

    def give(self, p: int, one: Queued) -> None:
        """Hand back the person of pool `p` that an incident holds."""
        state = self._states[p]
        self._release(state, one)
        if state.queue:
            self._call(state)

    def _sync(self, state: _PoolState, now: int) -> None:
        people, change = responders.people_at(now, self._week, state.count, state.rows)
        state.people, state.change = int(people), int(change)
        Timeout(self._env, state.change - now).callbacks = [lambda _: self._turn(state)]

    def _turn(self, state: _PoolState) -> None:
        """A shift begins or ends; an idle pool stops looking at the clock."""
        if state.used or state.queue:
            self._sync(state, int(self._env.now))
            self._call(state)
        else:
            state.change = responders.FOREVER

    def _call(self, state: _PoolState) -> None:
        state.settle = True
        if not self._called and not self._settling:
            self._called = True
            settle = _Settle(self._env)
            settle.callbacks = [self._settle]
            self._env.schedule(settle, priority=LATE)

    def _settle(self, _: Event) -> None:
        self._called, self._settling = False, True
        now = int(self._env.now)
        while any(state.settle for state in self._states):
            for state in self._states:
                if state.settle:
                    state.settle = False
                    self._serve(state, now)
        self._settling = False

    def _serve(self, state: _PoolState, now: int) -> None:
        while state.hands_over and state.used > state.people:
            worst = state.worst()
            if worst is None:
                break
            self._take(state, worst, now, state.handover)
        while state.queue:
            if state.used >= state.people:
                worst = state.worst() if state.preemptive else None
                if worst is None or worst.place[0] <= state.queue[0][0][0]:
                    break
                self._take(state, worst, now, 0)
            one = heappop(state.queue)[1]
            state.used += 1
            if state.preemptive or state.hands_over:
                state.holders.append(one)
            one.granted(now)
        while len(state.queue) > state.room:
            last = max(state.queue, key=lambda waiting: waiting[0])
            state.queue.remove(last)
            state.queue.sort(key=lambda waiting: waiting[0])
            last[1].refused(now)

    def _take(self, state: _PoolState, one: Queued, now: int, longer: int) -> None:
        one.preempt(now, longer)
        self._release(state, one)
        heappush(state.queue, (one.place, one))

    def _release(self, state: _PoolState, one: Queued) -> None:
        state.used -= 1
        if state.preemptive or state.hands_over:
            state.holders.remove(one)
