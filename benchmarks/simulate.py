"""SimPy through the transition function against an idiomatic SimPy model of the same organisation.

Both handle the same elements: Poisson arrivals, two ways of detection, a remediation rule with two attempts,
acknowledgement, two responders by severity, diagnosis, three fix paths, verification that may send the incident back.
`python -m benchmarks.simulate` prints the table of simulate.md.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
import simpy

from mttrlab.response import Distribution, FixPath, IncidentProfile, IncidentType, ResponseModel, simulate
from mttrlab.response.experiment import runs as model_runs

YEAR = 365
REPLICATIONS = 200
PER_DAY = 300 / YEAR
RUNS = 7

MODEL = ResponseModel(
    (
        IncidentType(
            "any",
            PER_DAY,
            detect=Distribution("lognormal", 2.5, 0.8),
            alert=Distribution("lognormal", 1.2, 0.5),
            acknowledge=Distribution("exponential", 4.0),
            diagnose=Distribution("lognormal", 3.4, 1.0),
            paths=(
                FixPath("flag", Distribution("constant", 0.5), 0.1, 0.1),
                FixPath("rollback", Distribution("lognormal", 2.0, 0.4), 0.3, 0.3),
                FixPath("forward_fix", Distribution("lognormal", 3.5, 1.0), 0.6, 0.6),
            ),
            verify=Distribution("lognormal", 1.4, 0.5),
            alert_coverage=0.7,
            automation=0.3,
            profiles=(
                IncidentProfile(0.2, severity="sev1", priority=1),
                IncidentProfile(0.8, severity="sev2", priority=2),
            ),
        ),
    ),
    responders=2,
    verify_pass=0.9,
)


def idiomatic(seed: int) -> list[float]:
    """Return minutes of every incident; each number is drawn where it is needed, as tutorials do it."""
    chance = np.random.default_rng(seed)
    minutes: list[float] = []

    def incident(env: simpy.Environment, people: simpy.PriorityResource):  # type: ignore[no-untyped-def]
        begin = env.now
        covered = chance.random() < 0.7
        yield env.timeout(chance.lognormal(1.2, 0.5) if covered else chance.lognormal(2.5, 0.8))
        if chance.random() < 0.3:
            for _ in range(2):
                yield env.timeout(1.0)
                if chance.random() < 0.7:
                    yield env.timeout(chance.lognormal(1.4, 0.5))
                    if chance.random() < 0.9:
                        minutes.append(env.now - begin)
                        return
                    break
        yield env.timeout(chance.exponential(4.0))
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

    def arrivals(env: simpy.Environment, people: simpy.PriorityResource):  # type: ignore[no-untyped-def]
        while True:
            yield env.timeout(chance.exponential(1440 / PER_DAY))
            if env.now > YEAR * 1440:
                return
            env.process(incident(env, people))

    for _ in range(REPLICATIONS):
        env = simpy.Environment()
        env.process(arrivals(env, simpy.PriorityResource(env, capacity=2)))
        env.run()
    return minutes


def shared(seed: int) -> list[float]:
    """Return minutes of every incident through the transition function, numbers drawn in bulk."""
    runs = model_runs.each_block(MODEL, days=YEAR, replications=REPLICATIONS, seed=seed)
    return np.concatenate([run.minutes("recovery") for run in runs]).tolist()


def framed(seed: int) -> list[float]:
    """Return the same as incidents in the table, ready for `monthly_mttr`."""
    made = simulate(MODEL, days=YEAR, replications=REPLICATIONS, seed=seed, engine="simpy")
    return ((made["verified_at"] - made["started_at"]).dt.total_seconds() / 60).dropna().tolist()


def measure(run: Callable[[int], list[float]], seed: int) -> tuple[float, int, float]:
    """Return CPU seconds, incidents and their mean minutes."""
    begin = time.process_time()
    minutes = run(seed)
    return time.process_time() - begin, len(minutes), statistics.fmean(minutes)


def main() -> None:
    """Print one line per way, medians of alternating runs in this one process."""
    ways = {"idiomatic SimPy": idiomatic, "SimPy, shared transition function": shared, "… and as a table": framed}
    taken: dict[str, list[tuple[float, int, float]]] = {name: [] for name in ways}
    for seed in range(RUNS):
        for name, run in ways.items():
            taken[name].append(measure(run, seed))
    base = [s / n for s, n, _ in taken["idiomatic SimPy"]]
    print(f"| {'way':<34} | incidents/s | 200 years of 300, CPU s | ratio | mean minutes |")
    print("|---|---|---|---|---|")
    for name, runs in taken.items():
        each = statistics.median(s / n for s, n, _ in runs)
        mean = statistics.fmean(m for _, _, m in runs)
        # Ways alternate, so the ratio of neighbours is free of what else the machine does.
        ratio = statistics.median(b * n / s for b, (s, n, _) in zip(base, runs, strict=True))
        print(f"| {name:<34} | {1 / each:,.0f} | {60_000 * each:.2f} | {ratio:.2f} | {mean:.1f} |")


if __name__ == "__main__":
    main()
