"""What a reader of the numbers should know, as sentences."""

from __future__ import annotations

import json

import duckdb

from mttrlab import sql

_NAMES = {"servicenow": "ServiceNow", "pagerduty": "PagerDuty", "statuspage": "Statuspage", "canonical": "The table"}
_WORDS = {
    "started_at": "start",
    "diagnosed_at": "diagnosis",
    "detected_at": "detection",
    "resolved_at": "resolution",
    "verified_at": "verification",
    "closed_at": "closing",
}


def notes(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return a sentence for each thing that the loads, the timers and the joins have to say."""
    told = []
    for name, warnings in connection.execute("SELECT name, warnings FROM loads ORDER BY name, sha256").fetchall():
        told += [warning if name in warning else f"{name}: {warning}" for warning in json.loads(warnings)]
    timers = connection.execute(
        'SELECT source, first_stamp, last_stamp, usual, "rows", gaps FROM timers ORDER BY source, last_stamp'
    ).fetchall()
    told += [_timer(*row) for row in timers]
    for source, stamp, n, heaped in connection.execute(sql.text("lab/heaps")).fetchall():
        told.append(
            f"{_NAMES.get(source, source)}: {100 * heaped / n:.0f} % of {n:,} {_WORDS[stamp]} stamps are multiples of "
            "five minutes: people rounded them, so single durations are good to some minutes only"
        )
    told += _joins(connection)
    return list(dict.fromkeys(told))


def _timer(source: str, first: str, last: str, seconds: int, rows: int, gaps: int) -> str:
    share = f"{_NAMES.get(source, source)}: {100 * rows / gaps:.0f} % of {gaps:,}"
    after = f"come {_length(seconds)} after {_WORDS[first]}: a timer, not work"
    if last == "closed_at":
        return f"{share} closures {after}; closing is never taken for verification"
    return f"{share} {_WORDS[last]}s {after}; these stamps are suspect and no duration uses them"


def _length(seconds: int) -> str:
    minutes = round(seconds / 60)
    return f"{round(seconds / 3600, 1):g} h" if minutes >= 120 else f"{minutes} min"


def _joins(connection: duckdb.DuckDBPyConnection) -> list[str]:
    told = []
    apart = connection.execute("SELECT count(*) FROM pairs WHERE decision <> 'join'").fetchall()[0][0]
    if apart:
        pairs = "1 pair" if apart == 1 else f"{apart:,} pairs"
        told.append(
            f"{pairs} of records may be one incident and more than one answer fits: left apart (lab.ambiguous() lists "
            "them; join.keys in mttrlab.yml decides)"
        )
    lost = connection.execute(
        """
        SELECT count(*) FROM join_keys AS k
        ANTI JOIN latest AS l ON l.source_id = k.source_id AND (l.source = k.source OR l.format = k.source)
        """
    ).fetchall()[0][0]
    if lost:
        told.append(f"{lost:,} ids of the key table (join.keys) name no record that is loaded")
    return told
