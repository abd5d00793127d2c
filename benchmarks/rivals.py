"""Ciw and salabim on the nearest model that they can express, against mttrlab's engines and idiomatic SimPy.

They are no part of the project: `python -m venv rivals && rivals/bin/pip install ciw salabim simpy`, then
`RIVALS=rivals/bin/python python -m benchmarks.rivals` prints the table of rivals.md. Each rival runs in a process of
its own; mttrlab and idiomatic SimPy run in this one, in turn with them.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from benchmarks import thirteen
from mttrlab.response.engines import compiled, simpy_engine
from mttrlab.response.experiment import runs as model_runs
from mttrlab.response.sampling.parameters import parameter_sets, pools

RUNS = 3
YEARS = 40

# A network of queues: waits without people are nodes with as many servers as are wanted. Ciw has no race of events and
# holds a server at one node alone, so detection is the first of the exponential waits in one, paging is one wait, and
# diagnosis, fix and verification are three visits to the people instead of one.
_CIW = """
import random, sys, time, ciw
years, per_day = int(sys.argv[1]), float(sys.argv[2])
free = float("inf")
class Detect(ciw.dists.Distribution):
    def sample(self, t=None, ind=None):
        rate = 1 / 60 + 1 / 20 + (1 / 5 if random.random() < 0.7 else 0)
        return random.expovariate(rate)
class Fix(ciw.dists.Distribution):
    def sample(self, t=None, ind=None):
        u = random.random()
        return 0.5 if u < 0.1 else random.lognormvariate(2.0, 0.4) if u < 0.4 else random.lognormvariate(3.5, 1.0)
dist = ciw.dists
def network():
    arrive = lambda share: [dist.Exponential(per_day / 1440 * share)] + [None] * 5
    service = [Detect(), dist.Deterministic(1.0), dist.Exponential(5.0 ** -1), dist.Lognormal(3.4, 1.0), Fix(),
               dist.Lognormal(1.4, 0.5)]
    # After an attempt: it worked, or the next one is made, or a person is called.
    routing = [[0.0, 0.3, 0.7, 0.0, 0.0, 0.0], [0.0, 0.23, 0.07, 0.0, 0.0, 0.7], [0.0, 0.0, 0.0, 1.0, 0.0, 0.0],
               [0.0, 0.0, 0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 0.1, 0.0, 0.0]]
    return ciw.create_network(
        arrival_distributions={"urgent": arrive(0.2), "other": arrive(0.8)},
        service_distributions={"urgent": service, "other": service},
        routing={"urgent": routing, "other": routing},
        priority_classes={"urgent": 0, "other": 1},
        number_of_servers=[free, free, free, 2, 2, free])
begin, n = time.process_time(), 0
for year in range(years):
    ciw.seed(year)
    simulation = ciw.Simulation(network())
    simulation.simulate_until_max_time(365 * 1440)
    n += sum(record.node == 1 for record in simulation.get_all_records())
print((time.process_time() - begin) / n)
"""

_SALABIM = """
import random, sys, time, salabim as sim
years, per_day = int(sys.argv[1]), float(sys.argv[2])
sim.yieldless(False)
done = []
class Arrivals(sim.Component):
    def process(self):
        while True:
            yield self.hold(random.expovariate(per_day / 1440))
            Incident()
class Incident(sim.Component):
    def process(self):
        begin = self.env.now()
        first = min(random.expovariate(1 / 60), random.expovariate(1 / 20))
        if random.random() < 0.7:
            first = min(first, random.expovariate(1 / 5))
        yield self.hold(first)
        if random.random() < 0.3:
            for _ in range(2):
                yield self.hold(1.0)
                if random.random() < 0.7:
                    yield self.hold(random.lognormvariate(1.4, 0.5))
                    if random.random() < 0.9:
                        done.append(self.env.now() - begin)
                        return
                    break
        yield self.hold(1.0)
        answer = random.expovariate(1 / 4)
        yield self.hold(min(answer, 5.0))
        if answer > 5.0:
            yield self.hold(1.0)
            yield self.hold(random.expovariate(1 / 6))
        yield self.request((people, 1, 1 if random.random() < 0.2 else 2))
        for _ in range(5):
            yield self.hold(random.lognormvariate(3.4, 1.0))
            u = random.random()
            yield self.hold(0.5 if u < 0.1 else random.lognormvariate(2.0, 0.4) if u < 0.4
                            else random.lognormvariate(3.5, 1.0))
            yield self.hold(random.lognormvariate(1.4, 0.5))
            if random.random() < 0.9:
                break
        self.release()
        done.append(self.env.now() - begin)
begin = time.process_time()
for year in range(years):
    random.seed(year)
    env = sim.Environment(trace=False, random_seed=year)
    people = sim.Resource("people", capacity=2)
    Arrivals()
    env.run(till=365 * 1440)
print((time.process_time() - begin) / len(done))
"""


def _rival(program: str) -> Callable[[], float]:
    def seconds() -> float:
        python = os.environ.get("RIVALS", sys.executable)
        ran = subprocess.run(
            [python, "-c", program, str(YEARS), str(thirteen.PER_DAY)], capture_output=True, text=True, check=True
        )
        return float(ran.stdout.split()[-1])

    return seconds


def _measured(run: Callable[[], int]) -> Callable[[], float]:
    def seconds() -> float:
        begin = time.process_time()
        n = run()
        return (time.process_time() - begin) / n

    return seconds


def main() -> None:
    """Print CPU seconds for one incident, each way, and ratios of neighbouring runs."""
    model = thirteen.MODEL
    luck = model_runs.numbers_of_blocks(model, days=thirteen.YEAR, block=0, wanted=50, seed=1, blocks=4)
    before = model_runs.run_model(model, luck, "compiled")
    x, bounds = before.records.x, before.records.bounds
    given, people = parameter_sets(model, luck.week), pools(model)

    def kernel() -> int:
        for _ in range(5):
            compiled.run_compiled(x, given, bounds, people, before.ends)
        return 5 * len(x)

    ways = {
        "SimPy engine": _measured(
            lambda: len(simpy_engine.run_simpy(x[: int(bounds[YEARS])], given, bounds[: YEARS + 1], people))
        ),
        "compiled engine": _measured(kernel),
        "idiomatic SimPy": _measured(lambda: len(thirteen.idiomatic(1, YEARS))),
        "Ciw": _rival(_CIW),
        "salabim": _rival(_SALABIM),
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(RUNS):
        for name, seconds in ways.items():
            try:
                taken[name].append(seconds())
            except subprocess.CalledProcessError as failed:
                print(f"{name} could not run: {failed.stderr.strip().splitlines()[-1]}")
    print("| way | incidents/s | SimPy engine | compiled engine |\n|---|---|---|---|")
    for name, each in taken.items():
        if not each:
            continue
        ours = (
            statistics.median(e / o for e, o in zip(each, taken[way], strict=True))
            for way in ("SimPy engine", "compiled engine")
        )
        one, other = ours
        print(f"| {name} | {1 / statistics.median(each):,.0f} | {one:.1f} × | {other:,.0f} × |")


if __name__ == "__main__":
    main()
