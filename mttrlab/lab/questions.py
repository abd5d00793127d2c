"""Questions in SQL: read only, and an error comes back as a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from typing import Any

import duckdb
import pandas as pd

from mttrlab import sql
from mttrlab.errors import QuestionError
from mttrlab.lab.plain import plain


def ask(connection: duckdb.DuckDBPyConnection, query: str, parameters: dict[str, Any]) -> pd.DataFrame:
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
        with _reading(connection):
            return sql.frame(connection, query, **parameters)
    except (duckdb.Error, RuntimeError) as error:
        if "interrupted" in str(error).lower():
            raise KeyboardInterrupt from None
        raise QuestionError(f"the query cannot be answered: {plain(str(error).strip().splitlines()[0], 300)}") from None


_EPOCH, _MICROSECOND = pd.Timestamp(0, tz="UTC"), pd.Timedelta(1, "us")


@contextmanager
def _reading(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    # A second lock behind the statement type: in such a transaction nothing can be written.
    connection.execute("BEGIN TRANSACTION READ ONLY")
    try:
        yield
    finally:
        with suppress(duckdb.Error):
            connection.execute("ROLLBACK")


def micros(moment: pd.Timestamp) -> int:
    """Return whole microseconds since 1970.

    Examples
    --------
    >>> micros(pd.Timestamp("1970-01-01T00:00:01.5Z"))
    1500000
    """
    return int((moment - _EPOCH) // _MICROSECOND)


def instant(when: Any, name: str) -> pd.Timestamp | None:
    """Return the moment in UTC; a date or a time without zone is UTC's.

    Raises
    ------
    QuestionError
        When it is no moment.

    Examples
    --------
    >>> instant("2026-01", "since")
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
