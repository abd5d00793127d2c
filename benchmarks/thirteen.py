"""One organisation, written three ways: for mttrlab, as a SimPy tutorial would write it, and as an outline for rivals.

The 13-event form: Poisson arrivals, three ways of detection that race each other, paging with escalation,
remediation with two attempts, two responders by severity, diagnosis, three fix paths, verification that may send the
incident back. The idiomatic model draws each number where it is needed and waits for whichever event comes first.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import simpy

from mttrlab.response import Distribution, FixPath, IncidentProfile, IncidentType, Paging, ResponseModel

YEAR = 365
PER_DAY = 120 / YEAR

REPORT, MONITOR, ALERT = 60.0, 20.0, 5.0
"""Mean minutes until a customer reports it, a monitor notices, an alert fires (where one covers it)."""
COVERED = 0.7
DELIVERY, ESCALATE = 1.0, 5.0
ANSWER = (4.0, 6.0)
"""Mean minutes until the first and the second person reacts."""

# The first of several exponential waits is exponential: rates add up.
_UNCOVERED = 1 / (1 / REPORT + 1 / MONITOR)
_COVERED = 1 / (1 / REPORT + 1 / MONITOR + 1 / ALERT)

MODEL = ResponseModel(
    (
        IncidentType(
            "any",
            PER_DAY,
            detect=Distribution("exponential", _UNCOVERED),
            alert=Distribution("exponential", _COVERED),
            diagnose=Distribution("lognormal", 3.4, 1.0),
            paths=(
                FixPath("flag", Distribution("constant", 0.5), 0.1, 0.1),
                FixPath("rollback", Distribution("lognormal", 2.0, 0.4), 0.3, 0.3),
                FixPath("forward_fix", Distribution("lognormal", 3.5, 1.0), 0.6, 0.6),
            ),
            verify=Distribution("lognormal", 1.4, 0.5),
            alert_coverage=COVERED,
            automation=0.3,
            profiles=(
                IncidentProfile(0.2, severity="sev1", priority=1),
                IncidentProfile(0.8, severity="sev2", priority=2),
            ),
        ),
    ),
    responders=2,
    verify_pass=0.9,
    paging=Paging(DELIVERY, ESCALATE, tuple(Distribution("exponential", mean) for mean in ANSWER)),
)

Steps = Generator[simpy.Event, Any, None]


def idiomatic(seed: int, replications: int, per_day: float = PER_DAY) -> list[float]:
    """Return minutes of every incident of some years, from a model as tutorials write it."""
    chance = np.random.default_rng(seed)
    minutes: list[float] = []

    def detection(env: simpy.Environment) -> Steps:
        signals = [env.timeout(chance.exponential(REPORT)), env.timeout(chance.exponential(MONITOR))]
        if chance.random() < COVERED:
            signals.append(env.timeout(chance.exponential(ALERT)))
        yield env.any_of(signals)

    def paging(env: simpy.Environment) -> Steps:
        for level, mean in enumerate(ANSWER):
            yield env.timeout(DELIVERY)
            answer = env.timeout(chance.exponential(mean))
            if level == len(ANSWER) - 1:
                yield answer
                return
            yield answer | env.timeout(ESCALATE)
            if answer.processed:
                return

    def incident(env: simpy.Environment, people: simpy.PriorityResource) -> Steps:
        begin = env.now
        yield from detection(env)
        if chance.random() < 0.3:
            for _ in range(2):
                yield env.timeout(1.0)
                if chance.random() < 0.7:
                    yield env.timeout(chance.lognormal(1.4, 0.5))
                    if chance.random() < 0.9:
                        minutes.append(env.now - begin)
                        return
                    break
        yield from paging(env)
        with people.request(priority=1 if chance.random() < 0.2 else 2) as granted:
            yield granted
            for _ in range(5):
                yield env.timeout(chance.lognormal(3.4, 1.0))
                path = chance.random()
                if path < 0.1:
                    yield env.timeout(0.5)
                elif path < 0.4:
                    yield env.timeout(chance.lognormal(2.0, 0.4))
                else:
                    yield env.timeout(chance.lognormal(3.5, 1.0))
                yield env.timeout(chance.lognormal(1.4, 0.5))
                if chance.random() < 0.9:
                    break
        minutes.append(env.now - begin)

    def arrivals(env: simpy.Environment, people: simpy.PriorityResource) -> Steps:
        while True:
            yield env.timeout(chance.exponential(1440 / per_day))
            if env.now > YEAR * 1440:
                return
            env.process(incident(env, people))

    for _ in range(replications):
        env = simpy.Environment()
        env.process(arrivals(env, simpy.PriorityResource(env, capacity=2)))
        env.run()
    return minutes
