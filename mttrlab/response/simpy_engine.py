"""The reference engine: SimPy processes that do what the transition function commands."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable

import numpy as np
import simpy
from simpy.events import Event

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
    states = [State() for _ in range(len(records))]
    live = np.flatnonzero(records.happens)
    chances = list(_chances(records.rows(live)))
    cuts = np.flatnonzero(np.diff(records.replication[live])) + 1
    for rows in np.split(np.arange(len(live)), cuts):
        pairs = [(states[live[r]], chances[r]) for r in rows]
        _replication(pairs, P, responders)
    table = [tuple([getattr(s, name) for name in FIELDS]) for s in states]
    return np.array(table, dtype=np.int64).reshape(len(states), len(FIELDS))


def tell(records: Records, P: Parameters, responders: int | None, key: int, teller: Teller) -> None:  # noqa: N803
    """Run one replication and report each command of the incident `key` to `teller(now, step, command, lasts)`."""
    live = records.rows(np.flatnonzero(records.happens))
    pairs = [(State(), chance) for chance in _chances(live)]
    _replication(pairs, P, responders, key, teller)


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
    pairs: list[tuple[State, Chance]],
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
    pairs: list[tuple[State, Chance]],
    P: Parameters,  # noqa: N803
    pool: Pool | None,
    key: int | None,
    teller: Teller | None,
) -> Generator[Event, None, None]:
    """Start each incident at its time, so that the event queue holds only those under way."""
    for s, x in pairs:
        gap = x.at - env.now
        if gap:
            yield env.timeout(gap)
        env.process(_incident(env, s, x, P, pool, teller if x.key == key else None))


def _incident(
    env: simpy.Environment,
    s: State,
    x: Chance,
    P: Parameters,  # noqa: N803
    pool: Pool | None,
    teller: Teller | None,
) -> Generator[Event, None, None]:
    timeout = env.timeout
    command = -1
    while command != DONE:
        step = s.step
        command, lasts = advance(env.now, s, x, P)  # type: ignore[arg-type]
        if teller is not None:
            teller(int(env.now), step, command, lasts)
        if lasts:
            yield timeout(lasts)
        elif pool is not None:
            if command == ASK:
                yield pool.ask(x.priority, x.key)
            elif command == GIVE:
                pool.give()
