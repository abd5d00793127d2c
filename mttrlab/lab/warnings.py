"""What a reader of the numbers should know, as sentences."""

from __future__ import annotations

import json
from collections import defaultdict

import duckdb
import pandas as pd

from mttrlab import sql
from mttrlab.schema import MILESTONES
from mttrlab.text import plain


def data_warnings(connection: duckdb.DuckDBPyConnection) -> list[str]:
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
            f"(chance gives 20 %; binomial test, {_p_value(heaped, n)})"
        )
    told += doubt_sentences(connection)
    told += _joins(connection)
    return list(dict.fromkeys(told))


def _p_value(heaped: int, n: int) -> str:
    # One in five minutes is a multiple of five; stamps with seconds fall there more rarely still, so this is cautious.
    from scipy.special import bdtrc

    p = float(bdtrc(heaped - 1, n, 0.2))
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def _timer(source: str, first: str, last: str, seconds: int, rows: int, gaps: int) -> str:
    share = f"{NAMES.get(source, source)}: {100 * rows / gaps:.0f} % of {gaps:,}"
    after = f"come {_duration(seconds)} after {WORDS[first]}: a timer, not work"
    if last == "closed_at":
        return f"{share} closures {after}; closing is never taken for verification"
    return f"{share} {WORDS[last]}s {after}; these stamps are suspect and no duration uses them"


def _duration(seconds: int) -> str:
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


# Stamps that no duration can use, and corrections that contradict the rest: a sentence for each kind.


NAMES = {"servicenow": "ServiceNow", "pagerduty": "PagerDuty", "statuspage": "Statuspage", "canonical": "The table"}
WORDS = {
    "started_at": "start",
    "detected_at": "detection",
    "acknowledged_at": "acknowledgement",
    "diagnosed_at": "diagnosis",
    "resolved_at": "resolution",
    "verified_at": "verification",
    "closed_at": "closing",
}
_KINDS = {
    "defaulted": "are copies that the tool made of another stamp; no duration uses them",
    "out_of_order": "contradict the order of the other stamps; no duration uses them",
    "suspect": "are implausible or a timer's; no duration uses them",
    "flat": "are the very instant of the milestone before: a phase of zero minutes, counted as it stands",
    "annotated": "come from people (annotations), not from an export",
    "derived": "are derived from metrics, as nobody recorded them",
}
_SHOWN = 5


def doubt_sentences(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return a sentence per source and kind of doubt, with counts per stamp, and one per disputed correction."""
    kinds: dict[tuple[str, str], list[str]] = defaultdict(list)
    for source, stamp, *counts, _ in connection.execute(sql.text("lab/doubts")).fetchall():
        for kind, count in zip(_KINDS, counts, strict=True):
            if count:
                kinds[source, kind].append(f"{count:,} {WORDS[stamp]}")
    told = [
        f"{NAMES.get(source, plain(source, 60))}: {', '.join(counts)} stamps {_KINDS[kind]}"
        for (source, kind), counts in sorted(
            kinds.items(), key=lambda item: (item[0][0], list(_KINDS).index(item[0][1]))
        )
    ]
    return told + _disputed(connection) + _left_out(connection)


def quality_sentence(quality: pd.DataFrame) -> str:
    """Return what share of the incidents has each milestone recorded, and how many are open, in one sentence.

    Parameters
    ----------
    quality : DataFrame
        As `lab.quality()` gives it.
    """
    if quality.empty:
        return "No incident counts yet."
    number = int(quality.loc[quality["milestone"] == "started_at", "incidents"].sum())
    counts = quality.set_index(["milestone", "verdict"])["incidents"]
    shares = [
        f"{WORDS[milestone]} {100 * counts.get((milestone, 'recorded'), 0) / number:.0f} %" for milestone in MILESTONES
    ]
    pending = int(counts.get(("verified_at", "pending"), 0))
    return (
        f"Of {number:,} incidents, these shares have a stamp that durations can use: {', '.join(shares)}; "
        f"{pending:,} {'is' if pending == 1 else 'are'} not known to be over."
    )


def _disputed(connection: duckdb.DuckDBPyConnection) -> list[str]:
    found = connection.execute(sql.text("lab/disputed")).fetchall()
    told = []
    for incident, stamp, verdict, later in found[:_SHOWN]:
        reason = (
            "is later than the export that the incident was last seen in; load a newer export"
            if verdict == "suspect" and later
            else "contradicts the other stamps; correct it or them"
        )
        told.append(f"annotations: {stamp} of {plain(incident, 60)!r} {reason} ({verdict}, used for no duration)")
    if len(found) > _SHOWN:
        told.append(f"annotations: {len(found) - _SHOWN:,} more contradict the other stamps")
    return told


def _left_out(connection: duckdb.DuckDBPyConnection) -> list[str]:
    found = connection.execute(
        """
        SELECT population, count(*) FROM records WHERE population NOT IN ('counted', 'page') GROUP BY ALL ORDER BY ALL
        """
    ).fetchall()
    if not found:
        return []
    counts = ", ".join(f"{count:,} {population}" for population, count in found)
    return [f"kept apart and in no number: {counts} (lab.population() counts them by source)"]
