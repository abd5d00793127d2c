# ruff: noqa: N803, N806 - P is what the specification calls it
"""The reference engine: SimPy events that do what the transition function commands."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from operator import attrgetter
from typing import Any

import numpy as np
import simpy
from simpy.events import Event, Timeout

from mttrlab.response.layout import FIELDS, NEVER, STATE, Parameters
from mttrlab.response.people import Pool
from mttrlab.response.pool import Pools
from mttrlab.response.transition import ASK, DONE, GIVE, STARTED, WORK, advance

_ENDS = attrgetter(*FIELDS)
Teller = Callable[[int, int, int, int], None]


class State:
    """`s` of the transition function: plain integers in slots."""

    __slots__ = FIELDS

    def __init__(self) -> None:
        self.step = STARTED
        self.started = self.detected = self.acknowledged = self.diagnosed = NEVER
        self.resolved = self.verified = self.first_resolved = self.first_verified = self.asked = NEVER
        self.waited = self.queued = self.round = self.attempt = self.level = self.hands = 0
        self.automated = self.harmed = self.wrong = self.passed = self.reopened = self.refused = 0
        self.interrupted = self.held = self.pool = self.since = self.working = self.end = self.rest = 0


class Chance:
    """`x` of the transition function: one incident's luck, read from the columns once."""

    __slots__ = _COLUMNS = (
        "at", "key", "priority", "noise", "pool", "other", "hands", "luck", "detect", "rule", "harm", "reopen",
        "acknowledge", "diagnose", "fix", "verify", "u_verify", "deploy", "run", "u_attempt", "u_harm", "notice",
    )  # fmt: skip

    def __init__(self, *values: Any) -> None:
        (
            self.at, self.key, self.priority, self.noise, self.pool, self.other, self.hands, self.luck, self.detect,
            self.rule, self.harm, self.reopen, self.acknowledge, self.diagnose, self.fix, self.verify, self.u_verify,
            self.deploy, self.run, self.u_attempt, self.u_harm, self.notice,
        ) = values  # fmt: skip


def run(x: np.ndarray, P: Parameters, bounds: np.ndarray, pools: tuple[Pool, ...]) -> np.ndarray:
    """Return what became of each incident, one record of `layout.STATE` each in the order of `x`.

    Every incident runs to its end. Prevented ones never start: their stamps stay -1.

    Parameters
    ----------
    x : array of records
        Luck, by replication and arrival; each replication has its own clock and its own people.
    P : Parameters
    bounds : array of int
        Replication r is rows `bounds[r]` to `bounds[r + 1]`.
    pools : tuple of Pool
        Empty: nobody waits.
    """
    ends = np.array([_ENDS(State())] * len(x), dtype=np.int64).reshape(len(x), len(FIELDS))
    # One replication at a time: what has ended is gone before the next begins.
    for low, high in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        live = low + np.flatnonzero(x["happens"][low:high])
        states = [State() for _ in range(len(live))]
        _replication(zip(states, _chances(x[live], P), strict=True), P, pools)
        if states:
            ends[live] = list(map(_ENDS, states))
    return ends.view(STATE)[:, 0]


def tell(x: np.ndarray, P: Parameters, pools: tuple[Pool, ...], key: int, teller: Teller) -> None:
    """Run one replication and report each command of the incident `key` to `teller(now, step, command, lasts)`."""
    live = x[x["happens"] == 1]
    _replication([(State(), chance) for chance in _chances(live, P)], P, pools, key, teller)


def _chances(x: np.ndarray, P: Parameters) -> Iterable[Chance]:
    # Turns that cannot be reached are not turned into lists.
    used = {"acknowledge": P.calls, "run": P.attempts, "u_attempt": P.attempts, "u_harm": P.attempts}
    used |= {"notice": int(x["hands"].max(initial=0))}
    used |= dict.fromkeys(("diagnose", "fix", "verify", "u_verify", "deploy"), P.rounds)
    return map(Chance, *((x[n][:, : used[n]] if n in used else x[n]).tolist() for n in Chance._COLUMNS))


def _replication(
    pairs: Iterable[tuple[State, Chance]],
    P: Parameters,
    people: tuple[Pool, ...],
    key: int | None = None,
    teller: Teller | None = None,
) -> None:
    env = simpy.Environment(initial_time=0)
    pools = Pools(env, people, P.day) if people else None
    env.process(_arrivals(env, pairs, P, pools, key, teller))
    env.run()


def _arrivals(
    env: simpy.Environment,
    pairs: Iterable[tuple[State, Chance]],
    P: Parameters,
    pools: Pools | None,
    key: int | None,
    teller: Teller | None,
) -> Generator[Event, None, None]:
    """Start each incident at its time, so that the event queue holds only those under way."""
    now = 0
    for s, x in pairs:
        if x.at > now:
            yield Timeout(env, x.at - now)
            now = x.at
        _Incident(env, s, x, P, pools, teller if x.key == key else None).go(now)


class _Incident:
    """One incident's life: whatever it waits for wakes it, and the transition function says what comes next.

    A callback on the event, not a generator: a SimPy process would cost two more events for every incident.
    """

    awaited: Event | None
    __slots__ = ("P", "awaited", "env", "place", "pools", "s", "teller", "x")

    def __init__(
        self,
        env: simpy.Environment,
        s: State,
        x: Chance,
        P: Parameters,
        pools: Pools | None,
        teller: Teller | None,
    ) -> None:
        self.env = env
        self.s = s
        self.x = x
        self.P = P
        self.pools = pools
        self.teller = teller

    def __call__(self, event: Event) -> None:
        """Go on, unless the person who worked was taken away meanwhile."""
        if event is self.awaited:
            self.go(int(self.env.now))

    def go(self, now: int) -> None:
        """Go on until time must pass or a person must be waited for."""
        s, x, P, pools = self.s, self.x, self.P, self.pools
        s.working = 0
        while True:
            step = s.step
            command, lasts = advance(now, s, x, P)
            if self.teller is not None:
                self.teller(now, step, command, lasts)
            if lasts:
                if command == WORK and s.held:
                    s.working = 1
                    s.end = now + lasts
                self.awaited = event = Timeout(self.env, lasts)
                event.callbacks = [self]
                return
            if command == ASK and pools is not None:
                s.since = now
                s.rest = 0
                self.place = (x.priority, s.asked, x.key)
                pools.ask(s.pool, self, now)
                return
            if command == GIVE and pools is not None:
                pools.give(s.pool, self)
            elif command == DONE:
                return

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
        # Whatever it waited for comes too late now.
        self.awaited = None

    def _resume(self, now: int, working: int) -> None:
        s = self.s
        s.waited += now - s.since
        s.end = now + s.rest
        self.awaited = event = Timeout(self.env, s.rest)
        event.callbacks = [self]
        s.rest = 0
        s.working = working
