"""Runs of 10⁵, 10⁶ and 10⁷ incidents into a Parquet file and a lab: time per incident, and the most memory.

`python -m benchmarks.large` prints the table of large.md: a process each, CPU time; it takes about ten minutes.
"""

from __future__ import annotations

import math
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import mttrlab as ml
from mttrlab.response import Distribution, FixPath, IncidentType, ResponseModel

SIZES = (100_000, 1_000_000, 10_000_000)
PER_YEAR = 300

MODEL = ResponseModel(
    (
        IncidentType(
            "any",
            PER_YEAR / 365,
            detect=Distribution("lognormal", math.log(5), 1.0),
            diagnose=Distribution("lognormal", math.log(30), 1.0),
            paths=(FixPath("other", Distribution("lognormal", math.log(15), 0.9), 1.0, 1.0),),
            verify=Distribution("lognormal", math.log(4), 0.5),
        ),
    )
)


def one(kind: str, incidents: int) -> None:
    """Make one run in this process and print its row."""
    ml.simulate(MODEL, replications=50)
    with tempfile.TemporaryDirectory() as folder:
        begin, busy = time.perf_counter(), time.process_time()
        path = Path(folder) / ("runs.parquet" if kind == "Parquet" else "runs.duckdb")
        to = path if kind == "Parquet" else ml.Lab(path)
        made = ml.simulate(MODEL, replications=incidents // PER_YEAR, seed=1, to=to)
        wall, cpu = time.perf_counter() - begin, time.process_time() - busy
        if isinstance(to, ml.Lab):
            to.close()
        n, size = made.incidents, path.stat().st_size
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"| {kind} | {n:,} | {cpu:.1f} | {1e6 * cpu / n:.1f} | {wall:.0f} | {most:.2f} | {size / n:.0f} |", flush=True
    )


def main() -> None:
    """Print the table, each row from a process of its own."""
    print("| to | incidents | CPU s | µs each | wall s | most memory, GB | bytes each |\n|---|---|---|---|---|---|---|")
    for incidents in SIZES:
        for kind in ("Parquet", "lab"):
            subprocess.run([sys.executable, "-m", "benchmarks.large", kind, str(incidents)], check=True)


if __name__ == "__main__":
    one(sys.argv[1], int(sys.argv[2])) if len(sys.argv) == 3 else main()
