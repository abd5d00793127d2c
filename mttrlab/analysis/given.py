"""A table that somebody hands over: its columns, its times and its words, or one sentence that says what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import pandas as pd

from mttrlab.errors import QuestionError, SchemaError


def as_table(
    table: object, columns: Sequence[str], name: str, source: str, *, words: Sequence[str] = ()
) -> pd.DataFrame:
    """Return a table, its rows counted from 0, once it is one and has the columns.

    Parameters
    ----------
    table : object
        What the caller gave.
    columns : sequence of str
        Columns that it must have, each once.
    name : str
        What to call it, such as "the spans".
    source : str
        Where to get it, such as "lab.spans()".
    words : sequence of str
        Columns whose cells must be words or empty, no lists.

    Raises
    ------
    SchemaError

    Examples
    --------
    >>> as_table(pd.DataFrame({"at": [1]}), ["at", "service"], "the logs", "lab.logs()")
    Traceback (most recent call last):
    mttrlab.errors.SchemaError: the logs lack service; pass lab.logs()
    """
    if not isinstance(table, pd.DataFrame):
        raise SchemaError(f"{name} must be a table, such as {source}; got {type(table).__name__}")
    lacking = [column for column in columns if column not in table]
    if lacking:
        raise SchemaError(f"{name} lack {', '.join(lacking)}; pass {source}")
    if not table.columns.is_unique:
        twice = table.columns[table.columns.duplicated()][0]
        raise SchemaError(f"{name} have the column {twice!r} twice; keep one")
    for column in words:
        check_words(table[column])
    return table.reset_index(drop=True)


def check_words(values: pd.Series) -> None:
    """Refuse a column that holds lists or the like where words should stand.

    Raises
    ------
    SchemaError
    """
    try:
        values.unique()
    except TypeError:
        raise SchemaError(f"{values.name} must hold words, not lists: one row for each, or joined into one") from None


def as_times(table: pd.DataFrame, column: str) -> pd.Series:
    """Return a column of times in UTC; an empty cell is NaT.

    Raises
    ------
    SchemaError
        When they are no times, or have no zone.
    """
    values = table[column]
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        return pd.Series(values.dt.tz_convert("UTC"))
    told = values.dropna()
    if not all(isinstance(value, datetime) and value.tzinfo is not None for value in told):
        raise SchemaError(
            f"{column} must hold times with a zone, as pd.to_datetime(…, utc=True) gives them; got {told.iloc[0]!r}"
        )
    return pd.to_datetime(values, utc=True)


def as_names(names: object, what: str) -> list[object]:
    """Return several names as a list; one name alone is one, not its letters.

    Raises
    ------
    QuestionError
        When it is no list of any kind.

    Examples
    --------
    >>> as_names("checkout", "services"), as_names(("a", "b"), "services")
    (['checkout'], ['a', 'b'])
    """
    if isinstance(names, str):
        return [names]
    if not isinstance(names, Iterable):
        raise QuestionError(f"{what} must be a list; got {type(names).__name__}")
    return list(names)
