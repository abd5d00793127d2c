"""The reference engine: SimPy events that do what the transition function commands."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from operator import attrgetter

import numpy as np
import simpy
from simpy.events import Event, Timeout

from mttrlab.response.luck import Ints
from mttrlab.response.pool import Pool
from mttrlab.response.records import Parameters, Records
from mttrlab.response.transition import ASK, DONE, GIVE, STARTED, advance

FIELDS = (
    "started",
    "detected",
    "acknowledged",
    "diagnosed",
    "resolved",
    "verified",
    "waited",
    "round",
    "attempt",
    "automated",
    "held",
    "asked",
)
"""What is known of an incident at its end; stamps are microseconds since the horizon began, -1 where there is none."""

NEVER = -1
_ENDS = attrgetter(*FIELDS)
Teller = Callable[[int, int, int, int], None]


class State:
    """`s` of the transition function: plain integers in slots."""

    __slots__ = ("step", *FIELDS)

    def __init__(self) -> None:
        self.step = STARTED
        self.started = self.detected = self.acknowledged = self.diagnosed = self.resolved = self.verified = NEVER
        self.waited = self.round = self.attempt = self.automated = self.held = 0
        self.asked = NEVER


class Chance:
    """`x` of the transition function: one incident's luck, read from the columns once."""

    __slots__ = (
        "acknowledge",
        "at",
        "detect",
        "diagnose",
        "fix",
        "key",
        "priority",
        "run",
        "type",
        "u_attempt",
        "u_rule",
        "u_verify",
        "verify",
    )

    def __init__(
        self,
        at: int,
        key: int,
        type: int,
        priority: int,
        detect: int,
        u_rule: int,
        acknowledge: int,
        run: list[int],
        u_attempt: list[int],
        diagnose: list[int],
        fix: list[int],
        verify: list[int],
        u_verify: list[int],
    ) -> None:
        self.at = at
        self.key = key
        self.type = type
        self.priority = priority
        self.detect = detect
        self.u_rule = u_rule
        self.acknowledge = acknowledge
        self.run = run
        self.u_attempt = u_attempt
        self.diagnose = diagnose
        self.fix = fix
        self.verify = verify
        self.u_verify = u_verify


def run(records: Records, P: Parameters, responders: int | None) -> Ints:  # noqa: N803
    """Return what became of each incident, one row each in the order of `records`, columns as `FIELDS`.

    Every incident runs to its end. Prevented ones never start: their stamps stay -1.

    Parameters
    ----------
    records : Records
        Incidents, grouped by replication; each replication has its own clock and its own responders.
    P : Parameters
    responders : int or None
        Size of the pool; None: nobody waits.
    """
    ends = np.array([_ENDS(State())] * len(records), dtype=np.int64).reshape(len(records), len(FIELDS))
    live = np.flatnonzero(records.happens)
    # One replication at a time: what has ended is gone before the next begins.
    for rows in np.split(live, np.flatnonzero(np.diff(records.replication[live])) + 1):
        states = [State() for _ in range(len(rows))]
        _replication(zip(states, _chances(records.rows(rows)), strict=True), P, responders)
        if states:
            ends[rows] = list(map(_ENDS, states))
    return ends


def tell(records: Records, P: Parameters, responders: int | None, key: int, teller: Teller) -> None:  # noqa: N803
    """Run one replication and report each command of the incident `key` to `teller(now, step, command, lasts)`."""
    live = records.rows(np.flatnonzero(records.happens))
    _replication([(State(), chance) for chance in _chances(live)], P, responders, key, teller)


def _chances(records: Records) -> Iterable[Chance]:
    return map(
        Chance,
        records.at.tolist(),
        records.key.tolist(),
        records.type.tolist(),
        records.priority.tolist(),
        records.detect.tolist(),
        records.u_rule.tolist(),
        records.acknowledge.tolist(),
        records.run.tolist(),
        records.u_attempt.tolist(),
        records.diagnose.tolist(),
        records.fix.tolist(),
        records.verify.tolist(),
        records.u_verify.tolist(),
    )


def _replication(
    pairs: Iterable[tuple[State, Chance]],
    P: Parameters,  # noqa: N803
    responders: int | None,
    key: int | None = None,
    teller: Teller | None = None,
) -> None:
    env = simpy.Environment(initial_time=0)
    pool = Pool(env, responders) if responders is not None else None
    env.process(_arrivals(env, pairs, P, pool, key, teller))
    env.run()


def _arrivals(
    env: simpy.Environment,
    pairs: Iterable[tuple[State, Chance]],
    P: Parameters,  # noqa: N803
    pool: Pool | None,
    key: int | None,
    teller: Teller | None,
) -> Generator[Event, None, None]:
    """Start each incident at its time, so that the event queue holds only those under way."""
    now = 0
    for s, x in pairs:
        if x.at > now:
            yield Timeout(env, x.at - now)
            now = x.at
        _Incident(env, s, x, P, pool, teller if x.key == key else None)()


class _Incident:
    """One incident's life: whatever it waits for wakes it, and the transition function says what comes next.

    A callback on the event, not a generator: a SimPy process would cost two more events for every incident.
    """

    __slots__ = ("P", "env", "pool", "s", "teller", "x")

    def __init__(
        self,
        env: simpy.Environment,
        s: State,
        x: Chance,
        P: Parameters,  # noqa: N803
        pool: Pool | None,
        teller: Teller | None,
    ) -> None:
        self.env = env
        self.s = s
        self.x = x
        self.P = P
        self.pool = pool
        self.teller = teller

    def __call__(self, _: Event | None = None) -> None:
        """Go on until time must pass or a responder must be waited for."""
        env, s, x, pool = self.env, self.s, self.x, self.pool
        now = int(env.now)
        while True:
            step = s.step
            command, lasts = advance(now, s, x, self.P)
            if self.teller is not None:
                self.teller(now, step, command, lasts)
            if lasts:
                Timeout(env, lasts).callbacks = [self]
                return
            if command == ASK and pool is not None:
                pool.ask(x.priority, x.key, now, self)
                return
            if command == GIVE and pool is not None:
                pool.give()
            elif command == DONE:
                return
