# ruff: noqa: N803, N806 - P is what the specification calls it
"""The reference engine: SimPy events that do what the transition function commands."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any

import numpy as np
import simpy
from simpy.events import NORMAL, Event

from mttrlab.response import collecting
from mttrlab.response.layout import NEVER, ROUNDS, STATE, Parameters, Plans, plans_of
from mttrlab.response.people import Pool
from mttrlab.response.pool import Pools
from mttrlab.response.steps import ASK, DONE, GIVE, STARTED, WORK
from mttrlab.response.transition import advance

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
        with collecting.paused():
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
