"""A week of one-second metrics for 20 services: load, one command center, and the dating of 500 incidents.

Usage: python -m benchmarks.telemetry [seconds of metrics]

Against the plain pandas route that a user would pick: `read_csv`, then per incident a slice, `resample("30s")` and the
same rule. Both work on the same file, one after the other, each question in a fresh process.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

SERVICES, EVENTS, EVERY = 20, 25, 24_000
BEGIN = 1_772_323_200
MADE = """
COPY (
    SELECT strftime(make_timestamp(({begin} + s) * 1000000), '%Y-%m-%dT%H:%M:%SZ') AS time,
        'service-' || lpad(v::VARCHAR, 2, '0') AS service,
        round(CASE WHEN s % {every} BETWEEN 12000 AND 14000 THEN 5 + (hash(s * 31 + v) % 100) / 50.0
            ELSE (hash(s * 31 + v) % 100) / 200.0 END, 3) AS error_rate,
        round(100 + (hash(s * 17 + v) % 1000) / 10.0, 1) AS latency_p95,
        300 + (hash(s * 13 + v) % 100) AS throughput
    FROM range({seconds}) AS t(s), range({services}) AS u(v) ORDER BY s, v
) TO '{path}' (HEADER)
"""


def make(folder: Path, seconds: int) -> None:
    """Write the metrics and the incidents, one per failure of each service."""
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        path = folder / "metrics.csv"
        connection.execute(MADE.format(begin=BEGIN, every=EVERY, seconds=seconds, services=SERVICES, path=path))
    lines = ["incident_id,service,detected_at,resolved_at"]
    for service in range(SERVICES):
        for event in range(min(EVENTS, (seconds - 16_000) // EVERY + 1)):
            at = BEGIN + EVERY * event
            moments = [pd.Timestamp(at + offset, unit="s", tz="UTC") for offset in (12_300, 14_001)]
            stamps = [f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in moments]
            lines.append(f"I{service:02d}{event:03d},service-{service:02d},{','.join(stamps)}")
    (folder / "incidents.csv").write_text("\n".join(lines) + "\n")


def load(folder: Path) -> dict[str, Any]:
    """Load both into a lab's file."""
    from mttrlab.lab import Lab

    with Lab(folder / "lab.duckdb") as lab:
        lab.load(folder / "incidents.csv")
        return {"rows": lab.load(folder / "metrics.csv").rows}


def center(folder: Path) -> dict[str, Any]:
    """Draw one command center in the middle of the week."""
    from mttrlab.lab import Lab
    from mttrlab.review import command_center

    with Lab(folder / "lab.duckdb", read_only=True) as lab:
        one = lab.incidents()["incident_id"].iloc[len(lab.incidents()) // 2]
        began = time.perf_counter()
        command_center(lab, one).savefig(folder / "center.png")
        return {"seconds": time.perf_counter() - began}


def dating(folder: Path) -> dict[str, Any]:
    """Date every incident."""
    from mttrlab.lab import Lab

    with Lab(folder / "lab.duckdb", read_only=True) as lab:
        began = time.perf_counter()
        dated = lab.dating()
        spent = time.perf_counter() - began
    return {"seconds": spent, "rows": len(dated), "dated": int((dated["onset_status"] == "dated").sum())}


def pandas_route(folder: Path) -> dict[str, Any]:
    """What a user would write: the file in memory, a slice per incident, the founding rule on half minutes."""
    began = time.perf_counter()
    metrics = pd.read_csv(folder / "metrics.csv", parse_dates=["time"], index_col="time")
    read = time.perf_counter() - began
    incidents = pd.read_csv(folder / "incidents.csv", parse_dates=["detected_at", "resolved_at"])
    began = time.perf_counter()
    services = {str(name): own for name, own in metrics.groupby("service")}
    dated = 0
    for one in incidents.itertuples():
        own = services[str(one.service)]
        near = own[one.detected_at - pd.Timedelta("2h") : one.resolved_at + pd.Timedelta("1h")]
        steps = near.resample("30s").agg({"error_rate": "mean", "latency_p95": "max"})
        good = (steps["error_rate"] < 1) & (steps["latency_p95"] < 500)
        dated += bool((~good).any() and good[one.resolved_at :].any())
    return {"seconds": time.perf_counter() - began, "rows": len(incidents), "dated": dated, "read_seconds": read}


def measured(run: Callable[[Path], dict[str, Any]], folder: Path) -> dict[str, Any]:
    """Run in a process that does nothing else."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measure, (run, folder))


def _measure(run: Callable[[Path], dict[str, Any]], folder: Path) -> dict[str, Any]:
    began, cpu = time.perf_counter(), time.process_time()
    told = run(folder)
    whole = {"whole_seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    return {"case": run.__name__, "seconds": whole["whole_seconds"], **told, **whole, "peak_mb": peak}


def main(seconds: int = 604_800) -> pd.DataFrame:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, seconds)
        table = pd.DataFrame([measured(run, folder) for run in (load, center, dating, pandas_route)])
    print(f"duckdb {duckdb.__version__}, pandas {pd.__version__}, {multiprocessing.cpu_count()} cores")
    print(table.round(2).to_string(index=False, na_rep=""))
    return table


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:2]))
