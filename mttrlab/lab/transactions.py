"""A change of the lab is one transaction: all of it is kept, or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import duckdb

from mttrlab.errors import StoreError
from mttrlab.lab.plain import plain

STAGED = "mttrlab_staged_"
"""How the names of databases begin in which large files are staged."""


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
            _let_go(connection)


_ORDERED = "RESET preserve_insertion_order"


@contextmanager
def in_any_order(connection: duckdb.DuckDBPyConnection, large: bool) -> Iterator[None]:
    """Let a large insert write its rows as they come: to keep their order, DuckDB 2.0 writes them all twice.

    Every answer says its own order, and `record` tells where in its file a row stood.
    """
    if large:
        connection.execute("SET preserve_insertion_order = false")
    yield
    if large:
        # After a failure nothing more is obeyed until the transaction is over, and its end says it again.
        connection.execute(_ORDERED)


def _let_go(connection: duckdb.DuckDBPyConnection) -> None:
    """Detach what large files were staged in; a transaction holds on to it until its end."""
    for (name,) in connection.execute("SELECT database_name FROM duckdb_databases()").fetchall():
        if name.startswith(STAGED):
            connection.execute(f"DETACH {name}")


def insert_found(connection: duckdb.DuckDBPyConnection, table: str, query: str, values: list | None = None) -> None:
    """Insert what the query finds, if it finds anything.

    DuckDB 2.0 loses rows where an INSERT of none is followed, in one transaction, by a large one into the same table:
    the later rows are counted and cannot be read, not even after the commit.
    """
    if connection.execute(f"SELECT count(*) FROM ({query})", values or []).fetchall()[0][0]:
        connection.execute(f"INSERT INTO {table} {query}", values or [])
