"""The one way to write: a load is one transaction with its reports, its refused rows and its line in the ledger."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pandas as pd

from mttrlab import __version__, sql
from mttrlab.errors import LoadError, StoreError
from mttrlab.lab.plain import plain
from mttrlab.lab.report import LoadReport, why_refused
from mttrlab.schema import REPORT_COLUMNS

if TYPE_CHECKING:
    from mttrlab.sources.exports import Extract

_COLUMNS = ", ".join(f'"{column.name}"' for column in REPORT_COLUMNS)
STORED_TYPES = {
    "text": "VARCHAR",
    "time": "TIMESTAMPTZ",
    "minutes": "DOUBLE",
    "share": "DOUBLE",
    "flag": "BOOLEAN",
    "count": "BIGINT",
    "number": "DOUBLE",
}
"""How DuckDB keeps each kind of column."""


def report_columns() -> str:
    """Return the columns of a table of reports as DuckDB declares them."""
    return ", ".join(f'"{column.name}" {STORED_TYPES[column.kind]}' for column in REPORT_COLUMNS)


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection, what: str = "the change") -> Iterator[None]:
    """Keep all of what happens inside, or nothing.

    Raises
    ------
    StoreError
        When the database cannot do it (a full disk, for one); everything is as before.
    KeyboardInterrupt
        When stopped by the user; everything is as before.
    """
    try:
        connection.execute("BEGIN TRANSACTION")
        yield
        connection.execute("COMMIT")
    except BaseException as error:
        # A COMMIT after a failed statement would report success and keep nothing.
        with suppress(duckdb.Error):
            connection.execute("ROLLBACK")
        if isinstance(error, RuntimeError) and "interrupted" in str(error).lower():
            raise KeyboardInterrupt from None
        if isinstance(error, duckdb.Error):
            reason = plain(str(error).splitlines()[0], 200)
            raise StoreError(f"{what} could not be stored, and nothing of it was: {reason}") from error
        raise
    finally:
        with suppress(duckdb.Error):
            _let_go(connection)


def _let_go(connection: duckdb.DuckDBPyConnection) -> None:
    """Detach what large files were staged in; a transaction holds on to it until its end."""
    for (name,) in connection.execute("SELECT database_name FROM duckdb_databases()").fetchall():
        if name.startswith(STAGED):
            connection.execute(f"DETACH {name}")


TELEMETRY_TABLES = ("metric_samples", "metric_series", "deployed", "fired", "log_lines", "trace_spans")
"""Where loads of telemetry are kept."""

STAGED = "mttrlab_staged_"
"""How the names of databases begin in which large files are staged."""


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


@dataclass(frozen=True)
class Selected:
    """Judged reports as a query of the lab's connection."""

    query: str
    """All of REPORT_COLUMNS."""
    rows: int
    last: int
    """No `record` is greater."""
    sources: tuple[str, ...]
    """Every source that the reports come from."""
    apart: bool
    """No two of them have the same source and id."""


def store_extract(
    connection: duckdb.DuckDBPyConnection, extract: Extract, judged: pd.DataFrame | Selected, asked: Asked
) -> LoadReport:
    """Write one file's reports, refused rows and ledger line; the caller holds the transaction.

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
    counts = _store_reports(connection, judged, load_id)
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


def _store_reports(
    connection: duckdb.DuckDBPyConnection, judged: pd.DataFrame | Selected, load_id: int
) -> dict[str, int]:
    if isinstance(judged, Selected) and judged.apart and not _any_known(connection, judged.sources):
        return _store_first(connection, judged, load_id)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE staged ({report_columns()})")
    if isinstance(judged, Selected):
        if judged.rows:
            once = f"SELECT DISTINCT ON (source, source_id, content_hash) * FROM ({judged.query}) ORDER BY record"
            connection.execute(f"INSERT INTO staged BY NAME {once}")
    else:
        # Most columns of most sources are empty, and an empty column costs as much to hand over as a full one.
        distinct = judged.drop_duplicates(["source", "source_id", "content_hash"])
        filled = distinct.loc[:, distinct.notna().any()]
        if not filled.empty:
            with _registered(connection, "arriving", filled):
                connection.execute("INSERT INTO staged BY NAME SELECT * FROM arriving")
    counts = {str(name): int(n) for name, n in sql.frame(connection, sql.text("lab/arrivals")).iloc[0].items()}
    # The same content seen again later: the record was still so at that later time.
    for statement in (
        """DELETE FROM superseded WHERE report_id IN
           (SELECT report_id FROM reports SEMI JOIN staged USING (source, source_id))""",
        """DELETE FROM reports USING staged WHERE reports.source = staged.source
           AND reports.source_id = staged.source_id AND reports.content_hash = staged.content_hash
           AND reports.exported_at < staged.exported_at""",
    ):
        connection.execute(statement)
    missing = "FROM staged ANTI JOIN reports USING (source, source_id, content_hash)"
    if connection.execute(f"SELECT count(*) {missing}").fetchall()[0][0]:
        connection.execute(
            f"""
            INSERT INTO reports BY NAME
            SELECT nextval('report_ids') AS report_id, $1::BIGINT AS load_id, {_COLUMNS} {missing}
            """,
            [load_id],
        )
    _check_kept(connection, counts)
    _supersede(connection, "SELECT DISTINCT source, source_id FROM staged")
    connection.execute("DROP TABLE staged")
    return counts


def _any_known(connection: duckdb.DuckDBPyConnection, sources: tuple[str, ...]) -> bool:
    found = connection.execute("SELECT count(*) FROM reports WHERE list_contains($1, source)", [list(sources)])
    return bool(found.fetchall()[0][0])


def _store_first(connection: duckdb.DuckDBPyConnection, selected: Selected, load_id: int) -> dict[str, int]:
    """Store reports of sources that the lab does not know yet: all are new, and nothing needs to be compared."""
    if selected.rows:
        # The numbers are drawn at once: drawing them row by row would leave all but one thread idle.
        top = connection.execute(f"SELECT max(nextval('report_ids')) FROM range({selected.last})").fetchall()[0][0]
        connection.execute(
            f"""
            INSERT INTO reports BY NAME
            SELECT {top - selected.last}::BIGINT + record AS report_id, {load_id}::BIGINT AS load_id, {_COLUMNS}
            FROM ({selected.query})
            """
        )
        kept = connection.execute(
            "SELECT count(record), sum(load_id) FROM reports WHERE load_id = $1", [load_id]
        ).fetchall()[0]
        if kept != (selected.rows, selected.rows * load_id):
            raise StoreError(
                f"{selected.rows:,} incidents were handed over and {kept[0]:,} can be read back; nothing was loaded, "
                "please report this with the file"
            )
    return {"new": selected.rows, "changed": 0, "unchanged": 0, "older": 0}


def _supersede(connection: duckdb.DuckDBPyConnection, touched: str) -> None:
    insert_found(
        connection,
        "superseded",
        sql.text("lab/superseded").replace("WITH several", f"WITH touched AS ({touched}), several", 1),
    )


def insert_found(connection: duckdb.DuckDBPyConnection, table: str, query: str, values: list | None = None) -> None:
    """Insert what the query finds, if it finds anything.

    DuckDB 2.0 loses rows where an INSERT of none is followed, in one transaction, by a large one into the same table:
    the later rows are counted and cannot be read, not even after the commit.
    """
    if connection.execute(f"SELECT count(*) FROM ({query})", values or []).fetchall()[0][0]:
        connection.execute(f"INSERT INTO {table} {query}", values or [])


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


def forget_same_file(connection: duckdb.DuckDBPyConnection, sha256: str, name: str) -> list[str]:
    """Take back an earlier load of the same content under other options: a correction, not a second witness."""
    earlier = [
        row[0]
        for row in connection.execute(
            "SELECT load_id FROM loads WHERE sha256 = $1 AND name = $2", [sha256, name]
        ).fetchall()
    ]
    for load_id in earlier:
        for table in ("reports", "annotations", *TELEMETRY_TABLES, "quarantine", "loads"):
            connection.execute(f"DELETE FROM {table} WHERE load_id = $1", [load_id])
    if not earlier:
        return []
    connection.execute("DELETE FROM superseded")
    _supersede(connection, "SELECT source, source_id FROM reports")
    return ["the same file was loaded before with other options; this load replaces that one"]


@contextmanager
def _registered(connection: duckdb.DuckDBPyConnection, name: str, rows: pd.DataFrame) -> Iterator[None]:
    connection.register(name, rows)
    try:
        yield
    finally:
        connection.unregister(name)
