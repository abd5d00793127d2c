"""What a reader of the numbers should know, as sentences."""

from __future__ import annotations

import json

import duckdb

from mttrlab import sql
from mttrlab.lab.doubts import NAMES, WORDS, doubts


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
            f"{NAMES.get(source, source)}: {100 * heaped / n:.0f} % of {n:,} {WORDS[stamp]} stamps are multiples of "
            "five minutes: people rounded them, so single durations are good to some minutes only "
            f"(chance gives 20 %; binomial test, {_chance(heaped, n)})"
        )
    told += doubts(connection)
    told += _joins(connection)
    return list(dict.fromkeys(told))


def _chance(heaped: int, n: int) -> str:
    # One in five minutes is a multiple of five; stamps with seconds fall there more rarely still, so this is cautious.
    from scipy.special import bdtrc

    p = float(bdtrc(heaped - 1, n, 0.2))
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def _timer(source: str, first: str, last: str, seconds: int, rows: int, gaps: int) -> str:
    share = f"{NAMES.get(source, source)}: {100 * rows / gaps:.0f} % of {gaps:,}"
    after = f"come {_length(seconds)} after {WORDS[first]}: a timer, not work"
    if last == "closed_at":
        return f"{share} closures {after}; closing is never taken for verification"
    return f"{share} {WORDS[last]}s {after}; these stamps are suspect and no duration uses them"


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
