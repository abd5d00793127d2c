"""Files of telemetry in the lab: one table a kind of signal, each row with the number of its load."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb

from mttrlab import __version__
from mttrlab.errors import LoadError
from mttrlab.lab.ledger import Asked, forget_same_file
from mttrlab.lab.raw import file_hash
from mttrlab.lab.report import LoadReport
from mttrlab.lab.telemetry_bulk import load_large_metrics
from mttrlab.sources.telemetry import KINDS, Telemetry, read_telemetry, recognise

FORMAT = "telemetry"
"""In the ledger's column `format`; its `source` says which format of telemetry."""
STORED = {
    "metrics": "metric_samples",
    "deployments": "deployed",
    "firings": "fired",
    "logs": "log_lines",
    "spans": "trace_spans",
}
"""The table of each kind."""
_ORDER = {
    "metrics": '"at"',
    "logs": '"at"',
    "spans": "start_ns",
    "deployments": '"at"',
    "firings": "started_at",
}


def is_telemetry(file: Path) -> bool:
    """Return whether a file's content says that it is telemetry."""
    return file.is_file() and recognise(file) is not None


def load(
    connection: duckdb.DuckDBPyConnection, file: Path, booked: Path, asked: Asked, *, keep_people: bool = False
) -> LoadReport:
    """Keep what a file of telemetry says; the caller holds the transaction.

    Raises
    ------
    LoadError
        When it is refused; rows of it that cannot be read are quarantined instead.
    """
    if asked.timezone is None and not keep_people:
        large = load_large_metrics(connection, file)
        if large is not None:
            known = _known(connection, large.sha256, asked, keep_people, booked)
            return known or _store(connection, large, asked, booked, staged=True, keep_people=False)
    try:
        sha256 = file_hash(file)
    except OSError as error:
        raise LoadError(f"{file}: cannot be read ({(error.strerror or 'error').lower()}); check the file") from None
    known = _known(connection, sha256, asked, keep_people, booked)
    if known is not None:
        return known
    found = read_telemetry(file, timezone=asked.timezone, keep_people=keep_people)
    return _store(connection, found, asked, booked, staged=False, keep_people=keep_people)


def _known(
    connection: duckdb.DuckDBPyConnection, sha256: str, asked: Asked, keep_people: bool, booked: Path
) -> LoadReport | None:
    found = connection.execute(
        """
        SELECT load_id, source, "rows", accepted, quarantined, duplicates, unchanged + "new", warnings FROM loads
        WHERE sha256 = $1 AND format = $2 AND timezone IS NOT DISTINCT FROM $3 AND people = $4
        ORDER BY load_id LIMIT 1
        """,
        [sha256, FORMAT, asked.timezone, keep_people],
    ).fetchall()
    if not found:
        return None
    load_id, kind, rows, accepted, quarantined, duplicates, stored, warnings = found[0]
    notes = json.loads(warnings)
    return LoadReport(
        path=str(booked),
        format=FORMAT,
        rows=rows,
        accepted=accepted,
        quarantined=quarantined,
        duplicates=duplicates,
        new=0,
        changed=0,
        unchanged=stored,
        warnings=("this file was loaded before; nothing changed", *notes),
        load_id=load_id,
        kind=kind,
        contents=((KINDS[kind], stored),),
    )


def _store(
    connection: duckdb.DuckDBPyConnection,
    found: Telemetry,
    asked: Asked,
    booked: Path,
    *,
    staged: bool,
    keep_people: bool,
) -> LoadReport:
    if found.accepted + len(found.quarantine) + found.duplicates != found.rows:
        raise LoadError(
            f"{found.path.name}: {found.rows:,} records, but {found.accepted:,} accepted + "
            f"{len(found.quarantine):,} quarantined + {found.duplicates:,} duplicates; nothing was loaded, report this "
            "with the file"
        )
    notes = [*found.warnings, *forget_same_file(connection, found.sha256, booked.name)]
    load_id = int(connection.execute("SELECT coalesce(max(load_id), 0) + 1 FROM loads").fetchall()[0][0])
    stored = _write(connection, found, load_id, staged=staged)
    if not found.quarantine.empty:
        connection.register("refused", found.quarantine)
        try:
            connection.execute(
                'INSERT INTO quarantine SELECT $1, "row", "column", value, reason FROM refused ORDER BY "row"',
                [load_id],
            )
        finally:
            connection.unregister("refused")
    line: dict[str, Any] = {
        "load_id": load_id, "path": str(booked.absolute()), "name": booked.name, "sha256": found.sha256,
        "size": found.size, "format": FORMAT, "source": found.format, "timezone": asked.timezone, "rows": found.rows,
        "accepted": found.accepted, "quarantined": len(found.quarantine), "duplicates": found.duplicates,
        "new": stored, "changed": 0, "unchanged": 0, "warnings": json.dumps(notes),
        "version": __version__, "people": keep_people,
    }  # fmt: skip
    names = ", ".join(f'"{name}"' for name in line)
    places = ", ".join(f"${place}" for place in range(1, len(line) + 1))
    connection.execute(f"INSERT INTO loads ({names}, loaded_at) VALUES ({places}, now())", list(line.values()))
    return LoadReport(
        path=str(booked),
        format=FORMAT,
        rows=found.rows,
        accepted=found.accepted,
        quarantined=len(found.quarantine),
        duplicates=found.duplicates,
        new=stored,
        changed=0,
        unchanged=0,
        warnings=tuple(notes),
        load_id=load_id,
        kind=found.format,
        contents=((found.kind, stored),),
    )


def _write(connection: duckdb.DuckDBPyConnection, found: Telemetry, load_id: int, *, staged: bool) -> int:
    """Write the rows in the order in which they are asked for, and return how many there are."""
    table, order = STORED[found.kind], _ORDER[found.kind]
    if not staged:
        rows = found.table
        if rows.empty:
            return 0
        if found.kind == "metrics":
            rows = rows.assign(at=rows["at"].astype("int64"))
        connection.register("arriving", rows)
    try:
        for where in _parts(connection, found.kind):
            connection.execute(
                f"INSERT INTO {table} BY NAME SELECT {load_id}::BIGINT AS load_id, * FROM arriving "
                f"{where[0]} ORDER BY {order}",
                where[1],
            )
    finally:
        if staged:
            connection.execute("DROP TABLE IF EXISTS temp.arriving")
        else:
            connection.unregister("arriving")
    stored = int(connection.execute(f"SELECT count(*) FROM {table} WHERE load_id = $1", [load_id]).fetchall()[0][0])
    if found.kind == "metrics" and stored:
        connection.execute(
            """
            INSERT INTO metric_series
            SELECT load_id, service, count(*), min("at"), max("at") FROM metric_samples WHERE load_id = $1
            GROUP BY ALL ORDER BY service
            """,
            [load_id],
        )
    return stored


def _parts(connection: duckdb.DuckDBPyConnection, kind: str) -> list[tuple[str, list[str]]]:
    """Return the parts in which rows are sorted: one service is sorted by a number, which is cheaper than by name."""
    if kind != "metrics":
        return [("", [])]
    services = connection.execute("SELECT DISTINCT service FROM arriving ORDER BY service").fetchall()
    return [("WHERE service = $1", [service]) for (service,) in services]
