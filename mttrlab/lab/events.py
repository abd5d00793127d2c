"""What the team did and when: events that the settings name, and those that were recorded in the lab."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import duckdb
import pandas as pd

from mttrlab import __version__, sql
from mttrlab.errors import QuestionError, SchemaError
from mttrlab.lab.reports import LoadReport
from mttrlab.schema import Event, measure_ends
from mttrlab.text import plain

if TYPE_CHECKING:
    from mttrlab.lab.settings import Settings

FORMAT = "events"
EVENTS_TABLE = (
    "CREATE TABLE IF NOT EXISTS known_events (load_id BIGINT, begun TIMESTAMPTZ, name VARCHAR, moves VARCHAR)"
)
"""Made when the first event is recorded: a lab without events is as it was."""


def known_events(connection: duckdb.DuckDBPyConnection, told: Sequence[Mapping[str, str | None]]) -> tuple[Event, ...]:
    """Return the events of the settings and those recorded in the lab, by day; one that stands in both, once."""
    named = [Event(pd.Timestamp(str(one["date"]), tz="UTC"), str(one["name"]), one["moves"] or "") for one in told]
    events = {(event.at, event.name): event for event in (*recorded_events(connection), *named)}
    return tuple(sorted(events.values(), key=lambda event: (event.at, event.name)))


def recorded_events(connection: duckdb.DuckDBPyConnection) -> list[Event]:
    """Return the events that were recorded in the lab."""
    there = connection.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'known_events'").fetchall()
    if not there:
        return []
    rows = sql.frame(connection, "SELECT begun, name, moves FROM known_events ORDER BY begun, name")
    days = [pd.Timestamp(day).tz_convert("UTC") for day in rows["begun"]]
    return [Event(*cells) for cells in zip(days, rows["name"], rows["moves"], strict=True)]


def store_events(connection: duckdb.DuckDBPyConnection, table: pd.DataFrame, settings: Settings) -> LoadReport:
    """Write events and their line in the ledger; the caller holds the transaction.

    Raises
    ------
    SchemaError
        When the table has no date or name.
    QuestionError
        When a date is none, a name is empty, or `moves` names no measure; the sentence names the row.
    """
    from mttrlab.lab.annotations import RECORDED

    missing = [name for name in ("date", "name") if name not in table]
    if missing:
        raise SchemaError(f"events lack {', '.join(missing)}; they need date, name, and moves where it is known")
    known = {(event.at, event.name) for event in recorded_events(connection)}
    rows: list[Event] = []
    for number, row in enumerate(table.to_dict("records"), start=1):
        event = read_event(row.get("date"), row.get("name"), row.get("moves"), settings, f"event {number}")
        if (event.at, event.name) not in known:
            known.add((event.at, event.name))
            rows.append(event)
    load_id = int(connection.execute("SELECT coalesce(max(load_id), 0) + 1 FROM loads").fetchall()[0][0])
    connection.execute(EVENTS_TABLE)
    for event in rows:
        connection.execute("INSERT INTO known_events VALUES (?, ?, ?, ?)", [load_id, *event])
    spelled = repr(rows).encode()
    digest = hashlib.sha256(spelled).hexdigest()
    again = len(table) - len(rows)
    line = {
        "load_id": load_id, "path": RECORDED, "name": f"recorded {digest[:8]}", "sha256": digest, "size": len(spelled),
        "format": FORMAT, "source": FORMAT, "rows": len(table), "accepted": len(rows), "quarantined": 0,
        "duplicates": again, "new": len(rows), "changed": 0, "unchanged": 0, "warnings": json.dumps([]),
        "version": __version__, "people": False,
    }  # fmt: skip
    names = ", ".join(f'"{name}"' for name in line)
    places = ", ".join("?" for _ in line)
    connection.execute(f"INSERT INTO loads ({names}, loaded_at) VALUES ({places}, now())", list(line.values()))
    return LoadReport(
        path=RECORDED, format=FORMAT, rows=len(table), accepted=len(rows), quarantined=0, duplicates=again,
        new=len(rows), changed=0, unchanged=0, warnings=(), load_id=load_id,
    )  # fmt: skip


def read_event(date: object, name: object, moves: object, settings: Settings, where: str) -> Event:
    """Return an event, or refuse it in one sentence.

    Raises
    ------
    QuestionError
    """
    day = pd.to_datetime(str(date), errors="coerce", utc=True, format="ISO8601")
    if pd.isna(day):
        raise QuestionError(f"{where}: the date must look like 2026-01-15; got {plain(repr(date), 40)}")
    if not isinstance(name, str) or not name.strip():
        raise QuestionError(f"{where}: say what happened on {day:%Y-%m-%d} in a few words (name)")
    moved = "" if moves is None or (isinstance(moves, float) and moves != moves) else str(moves).strip()
    if moved:
        measure_ends(moved, settings.measures)
    return Event(day.as_unit("us"), plain(name.strip(), 200), moved)
