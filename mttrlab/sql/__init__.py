"""A SQL file answers one question; these lines run one over a lab's tables or over frames.

Line one of each file says what a row is and what NULL means. Parameters are `$name`; nothing is pasted in.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache, lru_cache
from importlib import resources

import duckdb
import pandas as pd

HARDENING = (
    "SET TimeZone = 'UTC'",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET allow_community_extensions = false",
    "SET python_enable_replacements = false",
    "SET enable_progress_bar = false",
)
"""What every connection of ours is told first: UTC, nothing fetched from anywhere, and nothing printed."""


@cache
def text(name: str) -> str:
    """Return the SQL of `name` (a path under this room, without `.sql`)."""
    return resources.files(__package__).joinpath(f"{name}.sql").read_text(encoding="utf-8")


def connect(
    database: str = ":memory:", *, read_only: bool = False, config: Mapping[str, str] | None = None
) -> duckdb.DuckDBPyConnection:
    """Return a connection that speaks UTC and fetches nothing."""
    connection = duckdb.connect(database, read_only, dict(config or {}))
    for statement in HARDENING:
        connection.execute(statement)
    return connection


@contextmanager
def aside() -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a connection for one question over frames; what is registered on it is seen by nobody else.

    It shares one database in memory, which this process keeps: a database of its own costs more than most answers.
    """
    with _kept(os.getpid()).cursor() as connection:
        for statement in HARDENING:
            connection.execute(statement)
        yield connection


@lru_cache(maxsize=1)
def _kept(process: int) -> duckdb.DuckDBPyConnection:
    return connect()


def frame(connection: duckdb.DuckDBPyConnection, query: str, **parameters: object) -> pd.DataFrame:
    """Return the rows of `query`; times come back as UTC microseconds.

    Parameters
    ----------
    connection : DuckDBPyConnection
    query : str
        SQL text with `$name` parameters.
    **parameters
        Values of the parameters.
    """
    # con.sql, not con.execute: an execute() that is not fetched whole owns the connection.
    relation: duckdb.DuckDBPyRelation | None = (
        connection.sql(query, params=parameters) if parameters else connection.sql(query)
    )
    if relation is None:
        return pd.DataFrame()
    rows: pd.DataFrame = relation.df()
    zoned = [name for name, dtype in rows.dtypes.items() if isinstance(dtype, pd.DatetimeTZDtype)]
    return rows.astype(dict.fromkeys(zoned, "datetime64[us, UTC]"))


def run(name: str, tables: Mapping[str, pd.DataFrame], **parameters: object) -> pd.DataFrame:
    """Return what the file `name` answers over these frames.

    Parameters
    ----------
    name : str
        SQL file of this room, without `.sql`.
    tables : mapping of str to DataFrame
        The tables that the file reads, by name.
    **parameters
        Values of its `$name` parameters.
    """
    with aside() as connection:
        for table, rows in tables.items():
            connection.register(table, rows)
        return frame(connection, text(name), **parameters)
