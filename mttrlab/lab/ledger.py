"""The ledger of loads: what was loaded before, under which options, and taking one back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from mttrlab import sql
from mttrlab.lab import kept
from mttrlab.lab.report import LoadReport
from mttrlab.lab.transactions import insert_found

TELEMETRY_TABLES = ("metric_samples", "metric_series", "deployed", "fired", "log_lines", "trace_spans")
"""Where loads of telemetry are kept."""


def ledger(connection: duckdb.DuckDBPyConnection) -> list[tuple]:
    """Return what tells one state of the ledger from another."""
    return connection.execute("SELECT load_id, sha256, loaded_at::VARCHAR FROM loads ORDER BY load_id").fetchall()


@dataclass(frozen=True)
class Asked:
    """What the caller said about a file; with the hash of the file, it names a load."""

    format: str | None = None
    timezone: str | None = None
    as_of: str | None = None
    source: str | None = None
    columns: str | None = None
    """JSON object: the file's name of a column, and ours; as the ledger keeps it."""

    @property
    def named(self) -> dict[str, str] | None:
        """What was said of the columns."""
        return json.loads(self.columns) if self.columns else None


def columns_text(columns: Mapping[str, str] | None) -> str | None:
    """Return what was said of the columns as the ledger keeps it; None: nothing."""
    return json.dumps(dict(sorted(columns.items())), ensure_ascii=False) if columns else None


def known_load(connection: duckdb.DuckDBPyConnection, path: Path, sha256: str, asked: Asked) -> LoadReport | None:
    """Return what an earlier load of this content under these options did, with nothing new; None: not loaded."""
    found = connection.execute(
        """
        SELECT load_id, format, "rows", accepted, quarantined, duplicates, "new" + changed + unchanged, warnings
        FROM loads
        WHERE sha256 = $1 AND coalesce($2, format) = format AND timezone IS NOT DISTINCT FROM $3
          AND as_of IS NOT DISTINCT FROM $4 AND ($5 IS NULL OR source = $5) AND "columns" IS NOT DISTINCT FROM $6
        ORDER BY load_id LIMIT 1
        """,
        [sha256, asked.format, asked.timezone, asked.as_of, asked.source, asked.columns],
    ).fetchall()
    if not found:
        return None
    load_id, format_name, rows, accepted, quarantined, duplicates, incidents, warnings = found[0]
    return LoadReport(
        path=str(path),
        format=format_name,
        rows=rows,
        accepted=accepted,
        quarantined=quarantined,
        duplicates=duplicates,
        new=0,
        changed=0,
        unchanged=incidents,
        warnings=("this file was loaded before; nothing changed", *json.loads(warnings)),
        load_id=load_id,
    )


def forget_same_file(connection: duckdb.DuckDBPyConnection, sha256: str, name: str) -> list[str]:
    """Take back an earlier load of the same content under other options: a correction, not a second witness."""
    earlier = [
        row[0]
        for row in connection.execute(
            "SELECT load_id FROM loads WHERE sha256 = $1 AND name = $2", [sha256, name]
        ).fetchall()
    ]
    if not earlier:
        return []
    for load_id in earlier:
        kept.delete(connection, "load_id = $1", [load_id])
        for table in ("annotations", *TELEMETRY_TABLES, "quarantine", "loads"):
            connection.execute(f"DELETE FROM {table} WHERE load_id = $1", [load_id])
    connection.execute("DELETE FROM superseded")
    supersede(connection, "SELECT source, source_id FROM reports")
    return ["the same file was loaded before with other options; this load replaces that one"]


def supersede(connection: duckdb.DuckDBPyConnection, touched: str) -> None:
    """List the older revisions among the records that the query `touched` names (source, source_id)."""
    insert_found(
        connection,
        "superseded",
        sql.text("lab/superseded").replace("WITH several", f"WITH touched AS ({touched}), several", 1),
    )
