"""A change of the lab is one transaction: all of it is kept, or nothing."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd

from mttrlab import sql
from mttrlab.errors import QuestionError, StoreError
from mttrlab.text import plain

Moment = str | date
"""A day or an instant; without a time zone it is UTC's. A Timestamp is one."""
STAGED_PREFIX = "mttrlab_staged_"
"""How the names of databases begin in which large files are staged."""

_ORDERED = "RESET preserve_insertion_order"


@contextmanager
def unordered_insert(connection: duckdb.DuckDBPyConnection, large: bool) -> Iterator[None]:
    """Let a large insert write its rows as they come: to keep their order, DuckDB 2.0 writes them all twice.

    Every answer says its own order, and `record` tells where in its file a row stood.
    """
    if large:
        connection.execute("SET preserve_insertion_order = false")
    yield
    if large:
        # After a failure nothing more is obeyed until the transaction is over, and its end says it again.
        connection.execute(_ORDERED)


def _detach_staged(connection: duckdb.DuckDBPyConnection) -> None:
    """Detach what large files were staged in; a transaction holds on to it until its end."""
    for (name,) in connection.execute("SELECT database_name FROM duckdb_databases()").fetchall():
        if name.startswith(STAGED_PREFIX):
            connection.execute(f"DETACH {name}")


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
            connection.execute(_ORDERED)
            _detach_staged(connection)


def insert_if_any(connection: duckdb.DuckDBPyConnection, table: str, query: str, values: list | None = None) -> None:
    """Insert what the query finds, if it finds anything.

    DuckDB 2.0 loses rows where an INSERT of none is followed, in one transaction, by a large one into the same table:
    the later rows are counted and cannot be read, not even after the commit.
    """
    if connection.execute(f"SELECT count(*) FROM ({query})", values or []).fetchall()[0][0]:
        connection.execute(f"INSERT INTO {table} {query}", values or [])


# The lab's private folder: the only place where its connection may read files, there only while one is loaded.


_OURS = re.compile(r"mttrlab-[0-9]+-[0-9a-f]{16}|\..+\.loading")


def staging_folder(lab: Path | None) -> Path:
    """Return where the private folder of a lab will be: beside its file, or among temporary files."""
    if lab is None:
        return Path(tempfile.gettempdir()) / f"mttrlab-{os.getpid()}-{secrets.token_hex(8)}"
    return lab.absolute().with_name(f".{lab.name}.loading")


def staging_folder_of(connection: duckdb.DuckDBPyConnection) -> Path | None:
    """Return the private folder of the lab that the connection is to; None: it has none.

    The database lists its own folder for what does not fit into memory among those where it may read. That one may be
    `.tmp` where the process was started, and whatever else lies there is not ours to remove.
    """
    allowed = connection.execute("SELECT current_setting('allowed_directories')").fetchall()[0][0]
    return next((folder for folder in map(Path, allowed) if _OURS.fullmatch(folder.name)), None)


@contextmanager
def make_staging_folder(connection: duckdb.DuckDBPyConnection) -> Iterator[Path]:
    """Make the private folder for the time of a load.

    Raises
    ------
    StoreError
        When the connection is to no lab.
    """
    private = staging_folder_of(connection)
    if private is None:
        raise StoreError("this connection was not opened by a lab; load through lab.load")
    # What a killed load has left behind goes first.
    if private.is_dir() and not private.is_symlink():
        shutil.rmtree(private)
    private.mkdir(mode=0o700)
    try:
        yield private
    finally:
        shutil.rmtree(private, ignore_errors=True)


# Questions in SQL: read only, and an error comes back as a sentence.


def query_read_only(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: Mapping[str, object]
) -> pd.DataFrame:
    """Return the rows of one reading statement.

    Raises
    ------
    QuestionError
        For anything that is not one statement that reads, and for what DuckDB cannot answer.
    """
    try:
        statements = connection.extract_statements(query)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise QuestionError("lab.sql takes one statement that reads (SELECT …); loads and settings are what writes")
        with _read_only_transaction(connection):
            return sql.frame(connection, query, **parameters)
    except (duckdb.Error, RuntimeError) as error:
        if "interrupted" in str(error).lower():
            raise KeyboardInterrupt from None
        raise QuestionError(f"the query cannot be answered: {plain(str(error).strip().splitlines()[0], 300)}") from None


_EPOCH, _MICROSECOND = pd.Timestamp(0, tz="UTC"), pd.Timedelta(1, "us")


@contextmanager
def _read_only_transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    # A second lock behind the statement type: in such a transaction nothing can be written.
    connection.execute("BEGIN TRANSACTION READ ONLY")
    try:
        yield
    finally:
        with suppress(duckdb.Error):
            connection.execute("ROLLBACK")


def epoch_microseconds(moment: pd.Timestamp) -> int:
    """Return whole microseconds since 1970.

    Examples
    --------
    >>> epoch_microseconds(pd.Timestamp("1970-01-01T00:00:01.5Z"))
    1500000
    """
    return int((moment - _EPOCH) // _MICROSECOND)


def utc_moment(when: Moment | None, name: str) -> pd.Timestamp | None:
    """Return the moment in UTC; a date or a time without zone is UTC's.

    Raises
    ------
    QuestionError
        When it is no moment.

    Examples
    --------
    >>> utc_moment("2026-01", "since")
    Timestamp('2026-01-01 00:00:00+0000', tz='UTC')
    """
    if when is None:
        return None
    moment = None
    if isinstance(when, (str, date)):
        with suppress(ValueError, TypeError):
            moment = pd.Timestamp(when)
    if moment is None or pd.isna(moment):
        raise QuestionError(f"{name} must be a date or a time such as 2026-01-31, got {plain(repr(when), 60)}")
    return moment.tz_localize("UTC") if moment.tzinfo is None else moment.tz_convert("UTC")
