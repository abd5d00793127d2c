"""The one way to write reports: with the refused rows of their file and its line in the ledger."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb
import pandas as pd

from mttrlab import __version__, sql
from mttrlab.errors import LoadError, StoreError
from mttrlab.lab import kept
from mttrlab.lab.bulk_cells import KINDS, TYPES, as_reports, content_hash, quoted
from mttrlab.lab.ledger import TELEMETRY_TABLES, Asked, columns_text, forget_same_file, known_load, ledger, supersede
from mttrlab.lab.report import LoadReport, why_refused
from mttrlab.lab.transactions import STAGED, in_any_order, insert_found, transaction
from mttrlab.schema import STAMPS

if TYPE_CHECKING:
    from mttrlab.sources.exports import Extract

__all__ = [
    "STAGED",
    "STORED_TYPES",
    "TELEMETRY_TABLES",
    "Asked",
    "Selected",
    "columns_text",
    "forget_same_file",
    "insert_found",
    "known_load",
    "ledger",
    "store_extract",
    "transaction",
]

STORED_TYPES = TYPES
"""How DuckDB keeps each kind of column."""


@dataclass(frozen=True)
class Selected:
    """Judged reports as a query of the lab's connection."""

    query: str
    """Its columns are `filled`."""
    filled: tuple[str, ...]
    """Columns that hold anything that the lab cannot work out; the others are empty."""
    rows: int
    last: int
    """No `record` is greater."""
    sources: tuple[str, ...]
    """Every source that the reports come from."""
    apart: bool
    """No two of them have the same source and id."""


def store_extract(
    connection: duckdb.DuckDBPyConnection, extract: Extract, judged: Selected | None, asked: Asked
) -> LoadReport:
    """Write one file's reports, refused rows and ledger line; the caller holds the transaction.

    Parameters
    ----------
    connection : DuckDBPyConnection
    extract : Extract
    judged : Selected, optional
        Its reports, judged, where they are no frame; None: those of `extract` are judged.
    asked : Asked

    Raises
    ------
    LoadError
        When the counts do not add up to the records of the file.
    """
    refused = len(extract.quarantine)
    if extract.accepted + refused + extract.duplicates != extract.rows:
        raise LoadError(
            f"{extract.path}: {extract.rows} records, but {extract.accepted} accepted + {refused} quarantined + "
            f"{extract.duplicates} duplicates; nothing was loaded, report this with the file"
        )
    notes = [*extract.warnings, *forget_same_file(connection, extract.sha256, extract.path.name)]
    why = why_refused(extract.quarantine)
    notes += [why] if why else []
    load_id = connection.execute("SELECT coalesce(max(load_id), 0) + 1 FROM loads").fetchall()[0][0]
    counts = (
        _store_frame(connection, extract, load_id) if judged is None else _store_selected(connection, judged, load_id)
    )
    if counts["older"]:
        notes.append(
            f"{counts['older']:,} incidents are older here than what the lab has; kept as history, the newer holds"
        )
    with _registered(connection, "refused", extract.quarantine):
        insert_found(
            connection,
            "quarantine",
            'SELECT $1::BIGINT, "row", "column", value::VARCHAR, reason FROM refused ORDER BY "row"',
            [load_id],
        )
    connection.execute(
        """
        INSERT INTO loads VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
            $17::TIMESTAMPTZ, $18, $19, now(), $20, false, $21)
        """,
        [
            load_id,
            # The ledger must find the file again from anywhere.
            str(extract.path.absolute()),
            extract.path.name,
            extract.sha256,
            extract.size,
            extract.format,
            extract.source,
            asked.timezone,
            asked.as_of,
            extract.rows,
            extract.accepted,
            refused,
            extract.duplicates,
            counts["new"],
            counts["changed"],
            counts["unchanged"],
            None if pd.isna(extract.exported_at) else extract.exported_at.isoformat(),
            extract.exported_at_from,
            json.dumps(notes),
            __version__,
            asked.columns,
        ],
    )
    return LoadReport(
        path=str(extract.path),
        format=extract.format,
        rows=extract.rows,
        accepted=extract.accepted,
        quarantined=refused,
        duplicates=extract.duplicates,
        new=counts["new"],
        changed=counts["changed"],
        unchanged=counts["unchanged"],
        warnings=tuple(notes),
        load_id=load_id,
    )


def _store_frame(connection: duckdb.DuckDBPyConnection, extract: Extract, load_id: int) -> dict[str, int]:
    """Judge and store the reports of a frame, of which columns may be missing."""
    reports = extract.reports
    if reports.empty:
        return _NOTHING
    # Most columns of most sources are empty, and an empty column costs as much to hand over as a full one.
    said = reports.columns[reports.notna().any()]
    filled = {*said, *(f"{stamp}_verdict" for stamp in STAMPS)}
    ordered = tuple(name for name in kept.STORED if name in filled)
    query = f"""
        SELECT {", ".join(map(quoted, ordered))}
        FROM (WITH reports AS (SELECT {as_reports(list(said), restoring=extract.format == "canonical")} FROM arriving)
              FROM ({sql.text("judge")}))
    """
    # A reader keeps one report of an id; but an apostrophe that is taken off can make two ids one.
    sources, last = tuple(reports["source"].unique()), int(reports["record"].max())
    ids = "\n".join(["", *reports["source_id"].to_numpy()]) if extract.format == "canonical" else ""
    apart = "\n'" not in ids and not any(source.startswith("'") for source in sources)
    with _registered(connection, "arriving", reports[said]):
        return _store_selected(connection, Selected(query, ordered, len(reports), last, sources, apart), load_id)


_NOTHING = {"new": 0, "changed": 0, "unchanged": 0, "older": 0}


def _store_selected(connection: duckdb.DuckDBPyConnection, judged: Selected, load_id: int) -> dict[str, int]:
    if not judged.rows:
        return _NOTHING
    if judged.apart and not _any_known(connection, judged.sources):
        return _store_first(connection, judged, load_id)
    _stage(connection, judged)
    counts = {str(name): int(n) for name, n in sql.frame(connection, sql.text("lab/arrivals")).iloc[0].items()}
    # The same content seen again later: the record was still so at that later time.
    connection.execute(
        """DELETE FROM superseded WHERE report_id IN
           (SELECT report_id FROM reports SEMI JOIN staged USING (source, source_id))"""
    )
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE outdated AS
        SELECT report_id FROM reports JOIN staged USING (source, source_id, content_hash)
        WHERE reports.exported_at < staged.exported_at
        """
    )
    kept.delete(connection, "report_id IN (SELECT report_id FROM outdated)")
    missing = "FROM staged ANTI JOIN reports USING (source, source_id, content_hash)"
    if connection.execute(f"SELECT count(*) {missing}").fetchall()[0][0]:
        columns = ", ".join(map(quoted, judged.filled))
        table = _table(connection, judged)
        with in_any_order(connection, judged.rows >= MANY):
            connection.execute(
                f"""
                INSERT INTO {table} BY NAME
                SELECT nextval('report_ids') AS report_id, $1::BIGINT AS load_id, {columns} {missing}
                """,
                [load_id],
            )
    _check_kept(connection, counts)
    supersede(connection, "SELECT DISTINCT source, source_id FROM staged")
    for table in ("staged", "outdated"):
        connection.execute(f"DROP TABLE {table}")
    return counts


def _stage(connection: duckdb.DuckDBPyConnection, judged: Selected) -> None:
    """Put the reports beside the lab's, as table `staged`, to be compared with them."""
    empty = ", ".join(
        f"CAST(NULL AS {TYPES[KINDS[name]]}) AS {quoted(name)}"
        for name in ("updated_at", "exported_at")
        if name not in judged.filled
    )
    once = "" if judged.apart else "DISTINCT ON (source, source_id, content_hash)"
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE staged AS
        SELECT {once} *{", " + empty if empty else ""}, {content_hash(list(judged.filled))} AS content_hash
        FROM ({judged.query})
        ORDER BY record
        """
    )


def _table(connection: duckdb.DuckDBPyConnection, judged: Selected) -> str:
    return kept.table_of(connection, judged.filled) if judged.rows >= MANY else kept.ALL


MANY = 50_000
"""Reports that are worth a table of just the columns that they fill."""


def _any_known(connection: duckdb.DuckDBPyConnection, sources: tuple[str, ...]) -> bool:
    found = connection.execute("SELECT count(*) FROM held WHERE list_contains($1, source)", [list(sources)])
    return bool(found.fetchall()[0][0])


def _store_first(connection: duckdb.DuckDBPyConnection, judged: Selected, load_id: int) -> dict[str, int]:
    """Store reports of sources that the lab does not know yet: all are new, and nothing needs to be compared."""
    # The numbers are drawn at once: drawing them row by row would leave all but one thread idle.
    first = connection.execute("SELECT nextval('report_ids')").fetchall()[0][0]
    connection.execute(f"CREATE OR REPLACE SEQUENCE report_ids START WITH {first + judged.last + 1}")
    table = _table(connection, judged)
    with in_any_order(connection, judged.rows >= MANY):
        connection.execute(
            f"""
            INSERT INTO {table} BY NAME
            SELECT {first}::BIGINT + record AS report_id, {load_id}::BIGINT AS load_id,
                   {", ".join(map(quoted, judged.filled))}
            FROM ({judged.query})
            """
        )
    found = connection.execute(
        f"SELECT count(record), sum(load_id) FROM {table} WHERE load_id = $1", [load_id]
    ).fetchall()[0]
    if found != (judged.rows, judged.rows * load_id):
        raise StoreError(
            f"{judged.rows:,} incidents were handed over and {found[0]:,} can be read back; nothing was loaded, "
            "please report this with the file"
        )
    return _NOTHING | {"new": judged.rows}


def _check_kept(connection: duckdb.DuckDBPyConnection, counts: dict[str, int]) -> None:
    """Read back what was just written: an engine that loses rows must not be believed.

    Raises
    ------
    StoreError
        When fewer incidents can be read than the load counted.
    """
    told = counts["new"] + counts["changed"] + counts["unchanged"]
    staged, kept = connection.execute(
        """
        SELECT (SELECT count(*) FROM (SELECT DISTINCT source, source_id FROM staged)),
               (SELECT count(*) FROM (SELECT DISTINCT source, source_id FROM reports SEMI JOIN staged
                                      USING (source, source_id)))
        """
    ).fetchall()[0]
    if not told == staged == kept:
        raise StoreError(
            f"{told:,} incidents were counted, {staged:,} handed over and {kept:,} can be read back; nothing was "
            "loaded, please report this with the file"
        )


@contextmanager
def _registered(connection: duckdb.DuckDBPyConnection, name: str, rows: pd.DataFrame) -> Iterator[None]:
    connection.register(name, rows)
    try:
        yield
    finally:
        connection.unregister(name)
