"""How much longer a load takes than a bare read of the same file into a .duckdb file, in one run.

Usage: python -m benchmarks.load [incidents] [case …]

Cases: csv, bad (one stamp that is none), ragged (one row too short), parquet (stamps with a zone), strict (the strict
route, at most 200,000 rows), servicenow (an audit log of 119,998 rows, where `../shared` is beside the checkout).
Each is a process of its own; the bare read comes before and after, and the faster of the two counts. Rates are of CPU
seconds too, as those do not depend on what else the machine does.
"""

from __future__ import annotations

import gzip
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd

from mttrlab.lab import Lab, bulk
from mttrlab.schema import STAMPS

LOG = Path(__file__).resolve().parents[2] / "shared/data/servicenow_uci"
MADE = """
COPY (
    WITH drawn AS (SELECT range AS i, hash(range) AS h FROM range($n)),
    a AS (SELECT i, h, to_timestamp(1704067200 + CAST(i * (63072000.0 / $n) AS BIGINT)) AS started FROM drawn),
    b AS (SELECT *, started + to_seconds(CAST(60 + h % 1200 AS BIGINT)) AS detected FROM a),
    c AS (SELECT *, detected + to_seconds(CAST(640 + (h // 11) % 5000 AS BIGINT)) AS diagnosed FROM b),
    d AS (SELECT *, diagnosed + to_seconds(CAST(300 + (h // 13) % 4000 AS BIGINT)) AS resolved FROM c)
    SELECT
        'INC' || lpad(i::VARCHAR, 8, '0') AS incident_id, 'service ' || (h % 40) AS service,
        'sev' || (h % 4) AS severity,
        strftime(started, $f) AS started_at, strftime(detected, $f) AS detected_at,
        strftime(detected + to_seconds(CAST(30 + (h // 7) % 600 AS BIGINT)), $f) AS acknowledged_at,
        strftime(diagnosed, $f) AS diagnosed_at, strftime(resolved, $f) AS resolved_at,
        strftime(resolved + to_seconds(CAST(120 + (h // 17) % 600 AS BIGINT)), $f) AS verified_at
    FROM d
) TO '{path}' (HEADER)
"""


CASES = ("csv", "bad", "ragged", "parquet", "strict", "servicenow")


def make(path: Path, n: int) -> None:
    """Write a canonical table with six stamps a row."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = false")
        connection.execute(MADE.format(path=path), {"n": n, "f": "%Y-%m-%dT%H:%M:%SZ"})


def pack(path: Path, made: Path) -> None:
    """Write the same table as Parquet, its stamps as instants."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = false")
        connection.execute(
            f"""
            COPY (SELECT * EXCLUDE ({", ".join(STAMPS)}), {", ".join(f"{s}::TIMESTAMPTZ AS {s}" for s in STAMPS)}
                  FROM read_csv('{made}', all_varchar = true)) TO '{path}' (FORMAT parquet)
            """
        )


def spoil(path: Path, made: Path, case: str) -> None:
    """Copy the table with something wrong in the middle."""
    with made.open("rb") as clean, path.open("wb") as spoiled:
        half = made.stat().st_size // 2
        while clean.tell() < half:
            spoiled.write(clean.read(min(1 << 20, half - clean.tell())))
        spoiled.write(clean.readline())
        row = clean.readline()
        spoiled.write(row.rsplit(b",", 1)[0] + (b",yesterday\n" if case == "bad" else b"\n"))
        while block := clean.read(1 << 20):
            spoiled.write(block)


def bare(source: Path, place: Path) -> None:
    """What DuckDB does alone."""
    with duckdb.connect(str(place)) as connection:
        connection.execute("SET enable_progress_bar = false")
        reader = "read_parquet" if source.suffix == ".parquet" else "read_csv"
        connection.execute(f"CREATE TABLE t AS SELECT * FROM {reader}($path)", {"path": str(source)})


def ours(source: Path, place: Path) -> None:
    """A load, with everything that it promises."""
    with Lab(place) as lab:
        lab.load(source)


def strict(source: Path, place: Path) -> None:
    """A load by the strict reader alone."""
    bulk.LARGE_FROM = sys.maxsize
    ours(source, place)


def log(source: Path, place: Path) -> None:
    """A load of an audit log."""
    with Lab(place) as lab:
        lab.load(source, timezone="UTC")


def measured(run: Callable[[Path, Path], None], source: Path) -> dict[str, float]:
    """Seconds, CPU seconds and the peak of memory of a process that does nothing else."""
    with tempfile.TemporaryDirectory() as folder, multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measure, (run, source, Path(folder) / "it.duckdb"))


def _measure(run: Callable[[Path, Path], None], source: Path, place: Path) -> dict[str, float]:
    before, began = _cpu(), time.perf_counter()
    run(source, place)
    return {
        "seconds": time.perf_counter() - began,
        "cpu": _cpu() - before,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
    }


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main(n: int = 1_000_000, cases: tuple[str, ...] = CASES) -> pd.DataFrame:
    """Measure and print."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        path, other = Path(folder) / "table.csv", Path(folder) / "other.csv"
        make(path, n)
        clean: dict[str, float] | None = None
        for case in cases:
            if case == "servicenow":
                packed = sorted(LOG.glob("*119998rows.csv.gz"))
                if not packed:
                    continue
                other.write_bytes(gzip.decompress(packed[0].read_bytes()))
                rows.append({"case": case, "rows": 119_998, **measured(log, other)})
                continue
            count = min(n, 200_000) if case == "strict" else n
            source = path
            if case == "strict":
                make(source := other, count)
            elif case == "parquet":
                pack(source := path.with_suffix(".parquet"), path)
            elif case != "csv":
                spoil(source := other, path, case)
            if case in ("csv", "parquet", "strict"):
                first = measured(bare, source)
                found = measured(strict if case == "strict" else ours, source)
                last = measured(bare, source)
                alone = {key: min(first[key], last[key]) for key in first}
                rows.append({"case": f"bare ({case})", "rows": count, **alone})
                against = alone
            else:
                found = measured(ours, source)
                against = clean or found
            clean = found if case == "csv" else clean
            ratios = {f"ratio_{key}": found[key] / against[key] for key in ("seconds", "cpu")}
            rows.append({"case": case, "rows": count, **found, **ratios})
    table = pd.DataFrame(rows)
    table["rows_per_s"] = table["rows"] / table["seconds"]
    print(f"duckdb {duckdb.__version__}, pandas {pd.__version__}, {multiprocessing.cpu_count()} cores")
    print(table.round(2).to_string(index=False))
    return table


if __name__ == "__main__":
    main(*(int(a) for a in sys.argv[1:2]), **({"cases": tuple(sys.argv[2:])} if sys.argv[2:] else {}))
