"""The door for what flows back into a lab: annotations, kept with a line in the ledger."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import duckdb

from mttrlab import __version__
from mttrlab.lab.annotations import FORMAT, RECORDED, Annotations
from mttrlab.lab.ledger import forget_same_file
from mttrlab.lab.report import LoadReport

DERIVED = "derived"
KINDS = (FORMAT, DERIVED)
"""What `lab.record` takes: what people say, and what was computed from telemetry."""


def store_annotations(
    connection: duckdb.DuckDBPyConnection,
    told: Annotations,
    timezone: str | None,
    *,
    keep_people: bool,
    kind: str = FORMAT,
) -> LoadReport:
    """Write the annotations, what is refused of them, and their line in the ledger; the caller holds the transaction.

    Which incident each one means is found when the lab derives, after the last file: so the counts are of then.
    """
    notes = [*told.warnings, *forget_same_file(connection, told.sha256, told.name)]
    load_id = int(connection.execute("SELECT coalesce(max(load_id), 0) + 1 FROM loads").fetchall()[0][0])
    for table, rows, query in (
        (
            "accepted",
            told.accepted,
            'INSERT INTO annotations SELECT $1, "row", incident_id, source, stamp, "time", who, why FROM accepted',
        ),
        (
            "refused",
            told.quarantine,
            'INSERT INTO quarantine SELECT $1, "row", "column", value, reason FROM refused ORDER BY "row"',
        ),
    ):
        if not rows.empty:
            connection.register(table, rows)
            try:
                connection.execute(query, [load_id])
            finally:
                connection.unregister(table)
    line = {
        "load_id": load_id,
        "path": told.path if told.path == RECORDED else str(Path(told.path).absolute()),
        "name": told.name,
        "sha256": told.sha256,
        "size": told.size,
        "format": kind,
        "source": kind,
        "timezone": timezone,
        "rows": told.rows,
        "accepted": len(told.accepted),
        "quarantined": len(told.quarantine),
        "duplicates": told.duplicates,
        "new": 0,
        "changed": 0,
        "unchanged": 0,
        "warnings": json.dumps(notes),
        "version": __version__,
        "people": keep_people,
    }
    names = ", ".join(f'"{name}"' for name in line)
    places = ", ".join(f"${place}" for place in range(1, len(line) + 1))
    connection.execute(
        f"INSERT INTO loads ({names}, loaded_at) VALUES ({places}, now())",
        list(line.values()),
    )
    return LoadReport(
        path=told.path,
        format=kind,
        rows=told.rows,
        accepted=len(told.accepted),
        quarantined=len(told.quarantine),
        duplicates=told.duplicates,
        new=0,
        changed=0,
        unchanged=0,
        warnings=tuple(notes),
        load_id=load_id,
    )


def told_again(connection: duckdb.DuckDBPyConnection, report: LoadReport) -> LoadReport:
    """Return the report with the counts that the ledger has, once it is known which incidents are meant."""
    accepted, quarantined, changed = connection.execute(
        "SELECT accepted, quarantined, changed FROM loads WHERE load_id = $1", [report.load_id]
    ).fetchall()[0]
    return replace(report, accepted=accepted, quarantined=quarantined, changed=changed)
