"""The compiled engine and SimPy through the same function, against an idiomatic SimPy model of the same organisation.

`python -m benchmarks.engines` prints the tables of engines.md: one process, ways alternating, CPU time, medians.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from benchmarks import thirteen
from mttrlab.decisions import compare_scenarios, keep_baseline
from mttrlab.response import (
    Bursts,
    DiagnosisAttempts,
    Distribution,
    Noise,
    Paging,
    Pipeline,
    Pool,
    Reopening,
    ResponseModel,
    Routing,
    Scenario,
    Shift,
    Verification,
)
from mttrlab.response.engines import compiled, simpy_engine
from mttrlab.response.engines.transition import STATE
from mttrlab.response.experiment import runs as model_runs
from mttrlab.response.sampling.parameters import parameters, pools

RUNS = 7

MODEL = thirteen.MODEL

EVERYTHING = replace(
    MODEL,
    types=(
        replace(MODEL.types[0], hypotheses=DiagnosisAttempts(0.4, Distribution("exponential", 12.0), 0.5), pool="day"),
    ),
    responders=None,
    pools=(
        Pool("day", 1, (Shift(8, 20, 2),), preemptive=True, end_of_shift="hands over", handover_minutes=5.0),
        Pool("other", 1),
    ),
    paging=Paging(1.0, 5.0, (Distribution("exponential", 4.0), Distribution("exponential", 4.0)), startup=10.0),
    routing=Routing(0.2, 0.3, Distribution("exponential", 10.0), 5.0, max_transfers=1, between=("day", "other")),
    noise=Noise(0.5, Distribution("exponential", 10.0)),
    pipeline=Pipeline(1, Distribution("exponential", 6.0)),
    verification=Verification(healthy=0.9, in_a_row=2, false_pass=0.1),
    reopening=Reopening(Distribution("exponential", 400.0), right=0.03),
    bursts=Bursts(0.1, 2.0, 30.0),
)


def measured(run: Callable[[], int]) -> float:
    """Return CPU seconds for one incident."""
    begin = time.process_time()
    n = run()
    return (time.process_time() - begin) / n


def idiomatic(replications: int) -> int:
    """Run the tutorial's way; return incidents."""
    return len(thirteen.idiomatic(1, replications))


def engines() -> None:
    """Print incidents a second, and ratios of neighbouring runs."""
    luck = model_runs.numbers_of_blocks(MODEL, days=365, block=0, wanted=50, seed=1, blocks=10)
    before = model_runs.run_model(MODEL, luck, "compiled")
    x, bounds, ends = before.records.x, before.records.bounds, np.empty(len(before.ends), dtype=STATE)
    limits, people = (parameters(MODEL, luck.week),), pools(MODEL)
    few = int(bounds[100])

    def kernel() -> int:
        for _ in range(5):
            compiled.run_compiled(x, limits, bounds, people, ends)
        return 5 * len(x)

    ways: dict[str, Callable[[], int]] = {
        "idiomatic SimPy": lambda: idiomatic(100),
        "SimPy, shared transition function": lambda: len(simpy_engine.run_simpy(x[:few], limits, bounds[:101], people)),
        "compiled, the same function": kernel,
    }
    ways["SimPy, random numbers drawn as well"] = lambda: sum(
        len(run.ends) for run in model_runs.each_block(MODEL, days=365, replications=100, seed=1)
    )
    ways["compiled, random numbers drawn as well"] = lambda: sum(
        len(run.ends) for run in model_runs.each_block(MODEL, days=365, replications=500, seed=1, engine="compiled")
    )
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(RUNS):
        for name, run in ways.items():
            taken[name].append(measured(run))
    print("| way | incidents/s | against idiomatic SimPy |\n|---|---|---|")
    for name, each in taken.items():
        ratio = statistics.median(b / e for b, e in zip(taken["idiomatic SimPy"], each, strict=True))
        print(f"| {name} | {1 / statistics.median(each):,.0f} | {ratio:.1f} |")


def answers(model: ResponseModel, name: str) -> None:
    """Print how long a scenario takes against a kept baseline: 1,000 replications of a year."""
    scenario = Scenario("x", diagnosis_factor=0.7)
    for jobs in (1, 2):
        kept = keep_baseline(model, replications=1000, seed=1, n_jobs=jobs)
        kept.against(scenario)
        wall, cpu = [], []
        for k in range(15):
            begin, busy = time.perf_counter(), time.process_time()
            kept.against(Scenario("x", diagnosis_factor=0.7 + k / 100))
            wall.append(1e3 * (time.perf_counter() - begin))
            cpu.append(1e3 * (time.process_time() - busy))
        n = sum(len(piece.numbers) for piece in kept.pieces)
        middle, least, busy = statistics.median(wall), min(wall), statistics.median(cpu)
        print(f"| {name} | {n:,} | {jobs} | {middle:.0f} | {least:.0f} | {busy:.0f} |")


def simpy_answers(model: ResponseModel, name: str) -> None:
    """Print the same for SimPy, a tenth of it measured."""
    kept = keep_baseline(model, replications=100, seed=1, engine="simpy")
    begin = time.process_time()
    kept.against(Scenario("x", diagnosis_factor=0.7))
    print(f"| {name}, SimPy (a tenth, times ten) | | 1 | | | {1e4 * (time.process_time() - begin):,.0f} |")


_APART = """
import sys, time
from benchmarks.engines import MODEL, Scenario, compare_scenarios
engine, replications = sys.argv[1], int(sys.argv[2])
for n in (50, replications):
    begin = time.perf_counter()
    compare_scenarios(MODEL, [Scenario("x", diagnosis_factor=0.7)], replications=n, seed=1, engine=engine)
print(time.perf_counter() - begin)
"""


def apart(engine: str, replications: int) -> float:
    """Return the gain of two processes that share nothing but the machine: what two workers can gain here at most."""

    def together(n: int) -> float:
        command = [sys.executable, "-c", _APART, engine, str(replications)]
        ran = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(n)]
        return max(float(one.communicate()[0]) for one in ran)

    return statistics.median(2 * together(1) / together(2) for _ in range(3))


def shared() -> None:
    """Print how long a comparison takes from beginning to end for one worker and for two: processes, or threads."""
    for engine, replications, rounds in (("simpy", 2_000, 3), ("compiled", 40_000, RUNS)):
        wall: dict[int, list[float]] = {1: [], 2: []}
        for k in range(-1, rounds):
            for jobs, taken in wall.items():
                begin = time.perf_counter()
                # A seed of its own for each: what is kept of a seed would be there for the second.
                compare_scenarios(
                    MODEL, [Scenario("x", diagnosis_factor=0.7)], replications=replications, seed=2 * k + jobs + 2,
                    engine=engine, n_jobs=jobs,
                )  # fmt: skip
                if k >= 0:
                    taken.append(time.perf_counter() - begin)
        ratio = statistics.median(one / two for one, two in zip(*wall.values(), strict=True))
        one, two = map(statistics.median, wall.values())
        print(
            f"| {engine} | {replications:,} | {one:.1f} | {two:.1f} | {ratio:.2f} | {apart(engine, replications):.2f} |"
        )


def scale() -> None:
    """Print time for an incident from 10⁵ to 10⁷, random numbers drawn as well, in a process that has run before."""
    import resource

    def spent(replications: int, seed: int) -> tuple[int, float]:
        begin = time.process_time()
        n = sum(len(r.ends) for r in model_runs.each_block(
            MODEL, days=365, replications=replications, seed=seed, engine="compiled"))  # fmt: skip
        return n, time.process_time() - begin

    # The first runs of a process wait for memory that nobody has touched.
    spent(41_667, 20)
    for replications, runs in ((833, 7), (8_333, 3), (83_333, 1)):
        made = sorted((spent(replications, seed) for seed in range(1, runs + 1)), key=lambda one: one[1] / one[0])
        n, seconds = made[runs // 2]
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(f"| {n:,} | {seconds:.2f} | {1e6 * seconds / n:.2f} | {most:.2f} |")


_FIRST = """
import time; begin = time.process_time(); wall = time.perf_counter()
from benchmarks.engines import MODEL
from mttrlab.response.experiment import runs
luck = runs.numbers_of_blocks(MODEL, days=30, block=0, wanted=1, seed=1)
begin = time.process_time(); wall = time.perf_counter()
runs.run_model(MODEL, luck, "compiled")
print(time.process_time() - begin, time.perf_counter() - wall)
"""


def first_calls() -> None:
    """Print CPU and wall seconds of the first call, with an empty cache and with a full one."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("empty cache", "full cache"):
            ran = subprocess.run(
                [sys.executable, "-c", _FIRST], capture_output=True, text=True, check=True,
                env={**os.environ, "NUMBA_CACHE_DIR": folder},
            )  # fmt: skip
            cpu, wall = map(float, ran.stdout.split())
            print(f"| {name} | {cpu:.1f} | {wall:.1f} |")


def main() -> None:
    """Print every table."""
    engines()
    print("\n| what-if | incidents | threads | ms, median | ms, least | CPU ms |\n|---|---|---|---|---|---|")
    answers(MODEL, "13 events")
    answers(EVERYTHING, "every element")
    simpy_answers(MODEL, "13 events")
    simpy_answers(EVERYTHING, "every element")
    print("\n| engine | replications | s, one worker | s, two | ratio | sharing nothing |\n|---|---|---|---|---|---|")
    shared()
    print("\n| incidents | CPU s | µs each | GB |\n|---|---|---|---|")
    scale()
    print("\n| first call | CPU s | wall s |\n|---|---|---|")
    first_calls()


if __name__ == "__main__":
    main()
