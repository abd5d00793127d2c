"""Opening the lab's file: hardened, ours, and every trouble named in a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from mttrlab import __version__, sql
from mttrlab.errors import StoreError
from mttrlab.lab import database, reports, views
from mttrlab.text import plain

SCHEMA_VERSION = 6
"""Raised by every change of the stored tables."""

# DuckDB reads files of such names as data, also those that it has written itself.
_TABLE_NAMES = {".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet"}
_DAMAGE = ("checksum", "Corrupt", "not read enough bytes", "Serialization Error", "deserialize", "INTERNAL Error")
# Told before the file is opened: DuckDB would fetch an extension to read a foreign file.
_CONFIG = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}


def open_store(path: Path | None, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    """Return a hardened connection to the lab's file, made if it is new; None: in memory.

    Raises
    ------
    StoreError
        When the file is in use, damaged, of another version, or not a lab.
    """
    new = path is None or not path.exists()
    if path is not None:
        _check_path(path, new=new, read_only=read_only)
    try:
        connection = sql.connect(str(path) if path else ":memory:", read_only=read_only, config=_CONFIG)
    except duckdb.Error as error:
        raise StoreError(explain_error(path, error)) from None
    try:
        _restrict_access(connection, path)
        _check_is_database(connection, path)
        _check_schema(connection, path, read_only=read_only)
    except duckdb.Error as error:
        connection.close()
        raise StoreError(explain_error(path, error)) from None
    except BaseException:
        connection.close()
        raise
    return connection


def _restrict_access(connection: duckdb.DuckDBPyConnection, path: Path | None) -> None:
    """Let the connection read nowhere but in a private folder, which exists only while a large file is loaded.

    `lock_configuration` is not set: it would also refuse a second connection to the same file in this process, which a
    notebook cell that is run again makes.
    """
    if connection.execute("SELECT current_setting('enable_external_access')").fetchall()[0][0]:
        connection.execute("SET allowed_directories = $1", [[str(database.staging_folder(path))]])
        connection.execute("SET enable_external_access = false")
    # A macro of the session: views and tables of the file do not lean on it.
    connection.execute(sql.text("lab/bulk/restored"))


def has_failed(connection: duckdb.DuckDBPyConnection) -> bool:
    """Return whether the database refuses everything until the file is opened again."""
    try:
        connection.execute("SELECT 1").fetchall()
    except duckdb.FatalException:
        return True
    except duckdb.Error:
        return False
    return False


def open_ledger(path: Path) -> duckdb.DuckDBPyConnection:
    """Return a connection that reads the tables of a lab of this or an older version.

    Raises
    ------
    StoreError
        When the file is in use, damaged, or no lab.
    """
    _check_path(path, new=not path.exists(), read_only=True)
    try:
        connection = sql.connect(str(path), read_only=True, config=_CONFIG)
    except duckdb.Error as error:
        raise StoreError(explain_error(path, error)) from None
    try:
        connection.execute("SET enable_external_access = false")
        _check_is_database(connection, path)
        tables = _tables(connection)
    except BaseException:
        connection.close()
        raise
    if not {"meta", "loads", "settings"} <= tables:
        connection.close()
        raise StoreError(f"{path} is a DuckDB file but not a lab of mttrlab; name another file")
    return connection


def _check_path(path: Path, *, new: bool, read_only: bool) -> None:
    if path.is_dir():
        raise StoreError(f"{path} is a folder; name a file in it, such as {path / 'lab.duckdb'}")
    if new and _TABLE_NAMES & set(path.suffixes):
        raise StoreError(f"{path} is named like a table of data, not like a lab; name it such as lab.duckdb")
    if new and read_only:
        raise StoreError(f"{path} does not exist; load something into it first (mttrlab load … --lab {path})")
    if new and not path.parent.is_dir():
        raise StoreError(f"{path.parent} is no folder; make it first")
    # Only stat: opening and closing the live file in this process would drop DuckDB's lock.
    if not new and path.stat().st_size == 0:
        raise StoreError(f"{path} is empty, not a lab; remove it or name another file")


def _check_is_database(connection: duckdb.DuckDBPyConnection, path: Path | None) -> None:
    # Given a .csv, .json or .parquet, DuckDB opens a database in memory with a view of it, and keeps nothing.
    kept = connection.execute(
        "SELECT path IS NOT NULL FROM duckdb_databases() WHERE database_name = current_database()"
    ).fetchall()
    if path is not None and not kept[0][0]:
        raise StoreError(f"{path} is not a lab: no DuckDB file; name another file, or load it as an export")


def explain_error(path: Path | None, error: duckdb.Error) -> str:
    """Return in a sentence what an error of the database means for the lab's file, and what to do."""
    text = str(error)
    holder = re.search(r"Conflicting lock is held in (.*?) \(PID (\d+)\)", text)
    if holder:
        program = plain(Path(holder[1]).name, 40)
        return f"{path} is in use by {program} (PID {holder[2]}); close the lab there, or stop that process, and retry"
    if "Could not set lock" in text:
        return f"{path} is in use by another process; close the lab there and retry"
    if "different configuration" in text:
        return f"{path} is already open in this process in another way; close that lab first"
    if ".wal" in text or "WAL" in text:
        return (
            f"{path}: the log of its last writes ({path}.wal) is damaged; keep both files, "
            "and build the lab again from the exports"
        )
    if any(sign in text for sign in _DAMAGE):
        return f"{path} is damaged ({plain(text.splitlines()[0], 120)}); build the lab again from the exports"
    if "version number" in text or "newer version of DuckDB" in text:
        return f"{path} was written by another DuckDB ({plain(text.splitlines()[0], 120)}); use that version"
    if any(sign in text for sign in ("not a valid DuckDB database", "Extension", "extension")):
        return f"{path} is not a lab: no DuckDB file; name another file, or load it as an export"
    return f"{path or 'the lab'} cannot be opened: {plain(text.splitlines()[0], 200)}"


@contextmanager
def explain_errors(path: Path | None) -> Iterator[None]:
    """Turn an error of the database into a sentence: what lies in a damaged block is found only when it is read.

    Raises
    ------
    StoreError
    """
    try:
        yield
    except duckdb.Error as error:
        raise StoreError(explain_error(path, error)) from None


def _check_schema(connection: duckdb.DuckDBPyConnection, path: Path | None, *, read_only: bool) -> None:
    # In memory there is nothing yet, and asking the catalogue for it is a tenth of the time of opening.
    tables = set() if path is None else _tables(connection)
    if not tables and not read_only:
        _create(connection)
        return
    if not {"meta", "loads", "settings"} <= tables:
        raise StoreError(f"{path} is a DuckDB file but not a lab of mttrlab; name another file")
    said = dict(connection.execute("SELECT name, value FROM meta").fetchall())
    version = int(said.get("schema_version", 0))
    if version != SCHEMA_VERSION:
        age, advice = (
            ("an older", f"mttrlab rebuild --lab {path} builds it again from the exports")
            if version < SCHEMA_VERSION
            else ("a newer", "use that version")
        )
        raise StoreError(
            f"{path} was written by {age} mttrlab ({plain(said.get('version'), 20)}, schema {version}; "
            f"this one knows {SCHEMA_VERSION}); {advice}"
        )
    if not views.are_current(connection):
        if read_only:
            raise StoreError(f"{path} holds the views of another mttrlab; open it once for writing to renew them")
        connection.execute("BEGIN")
        views.create_all(connection, reports.report_tables(connection), joining=views.needs_joining(connection))
        connection.execute("COMMIT")


def _tables(connection: duckdb.DuckDBPyConnection) -> set[str]:
    return {row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}


def _create(connection: duckdb.DuckDBPyConnection) -> None:
    from mttrlab.lab.settings import Settings

    connection.execute("BEGIN")
    reports.create_main_table(connection)
    connection.execute(sql.text("lab/tables"))
    connection.execute(sql.text("lab/telemetry_tables"))
    connection.execute("CREATE TABLE settings (said VARCHAR)")
    connection.executemany(
        "INSERT INTO meta VALUES (?, ?)", [("schema_version", str(SCHEMA_VERSION)), ("version", __version__)]
    )
    views.create_all(connection, {reports.MAIN_TABLE: reports.STORED_COLUMNS}, joining=False)
    views.store_settings(connection, Settings.default())
    connection.execute("COMMIT")
