"""How much longer `phase_summary` by month and service takes than a bare query of the same groups, in one run.

Usage: python -m benchmarks.phase_summary [incidents] [threads]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import pandas as pd

from mttrlab import sql
from mttrlab.analysis import phase_summary

MADE = """
CREATE TABLE incidents AS
WITH drawn AS (
    SELECT range AS i, hash(range) AS h FROM range($n)
),
minutes AS (
    SELECT i, h,
        TIMESTAMPTZ '2024-01-01 00:00:00Z' + to_microseconds(CAST(i * (63072000000000 / $n) AS BIGINT)) AS started_at,
        1 + (h % 1000003) / 10000.0 AS a, 5 + (h % 1000033) / 5000.0 AS b,
        2 + (h % 1000037) / 8000.0 AS c, 1 + (h % 1000039) / 90000.0 AS d
    FROM drawn
),
stamps AS (
    SELECT *, started_at + to_microseconds(CAST(a * 6e7 AS BIGINT)) AS detected_at FROM minutes
),
more AS (
    SELECT *, detected_at + to_microseconds(CAST(b * 6e7 AS BIGINT)) AS diagnosed_at FROM stamps
),
most AS (
    SELECT *, diagnosed_at + to_microseconds(CAST(c * 6e7 AS BIGINT)) AS resolved_at FROM more
)
SELECT
    'i' || i AS incident_id, 'service ' || (h % 20) AS service,
    started_at, 'recorded' AS started_at_verdict,
    detected_at, 'recorded' AS detected_at_verdict,
    detected_at AS acknowledged_at, 'recorded' AS acknowledged_at_verdict,
    diagnosed_at, CASE WHEN h % 11 = 0 THEN 'missing' ELSE 'recorded' END AS diagnosed_at_verdict,
    resolved_at, 'recorded' AS resolved_at_verdict,
    resolved_at + to_microseconds(CAST(d * 6e7 AS BIGINT)) AS verified_at, 'recorded' AS verified_at_verdict,
    TIMESTAMPTZ '2026-07-01 00:00:00Z' AS exported_at
FROM most
"""

BARE = """
SELECT date_trunc('month', started_at) AS month, service,
    count(detect), avg(detect), quantile_cont(detect, 0.5), quantile_cont(detect, 0.9),
    count(diagnose), avg(diagnose), quantile_cont(diagnose, 0.5), quantile_cont(diagnose, 0.9),
    count(resolve), avg(resolve), quantile_cont(resolve, 0.5), quantile_cont(resolve, 0.9),
    count(verify), avg(verify), quantile_cont(verify, 0.5), quantile_cont(verify, 0.9)
FROM (
    SELECT started_at, service,
        epoch_us(detected_at) - epoch_us(started_at) AS detect,
        CASE WHEN diagnosed_at_verdict = 'recorded' THEN epoch_us(diagnosed_at) - epoch_us(detected_at) END AS diagnose,
        CASE WHEN diagnosed_at_verdict = 'recorded' THEN epoch_us(resolved_at) - epoch_us(diagnosed_at) END AS resolve,
        epoch_us(verified_at) - epoch_us(resolved_at) AS verify
    FROM incidents
)
GROUP BY ALL
"""


class _Lab:
    def __init__(self, incidents: int, threads: int) -> None:
        self.connection = sql.connect()
        self.connection.execute(f"SET threads = {threads}")
        self.connection.execute("SET memory_limit = '4GB'")
        self.connection.execute(MADE, {"n": incidents})

    def sql(self, query: str, **parameters: object) -> pd.DataFrame:
        return sql.frame(self.connection, query, **parameters)


def seconds(ask: Callable[[], object], times: int = 3) -> float:
    """Return the best of a few runs."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        ask()
        taken.append(time.perf_counter() - start)
    return min(taken)


def main(incidents: int = 1_000_000, threads: int = 2) -> None:
    """Print seconds and ratios."""
    lab = _Lab(incidents, threads)
    by = ["month", "service"]
    bare = seconds(lambda: lab.sql(BARE))
    lean = seconds(lambda: phase_summary(lab, by, level=None))
    full = seconds(lambda: phase_summary(lab, by))
    print(f"{incidents:,} incidents, {threads} threads: bare query {bare:.2f} s")
    print(f"n, mean, median, P90: {lean:.2f} s, {lean / bare:.2f} times the bare query")
    print(f"with intervals and shares: {full:.2f} s, {full / bare:.2f} times the bare query")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
