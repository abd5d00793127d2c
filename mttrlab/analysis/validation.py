"""A list of numbers as an array, or one sentence that says what it is instead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import numpy as np
import pandas as pd

from mttrlab.errors import QuestionError, SchemaError

MAX_MINUTES = 1e9
"""Minutes beyond which (and, below one, the inverse) no stamp of an incident can lie: two thousand years."""


def as_numbers(values: object, name: str = "minutes") -> np.ndarray:
    """Return a list of numbers as an array of floats, in its order; an empty cell is NaN.

    Raises
    ------
    SchemaError
        When it is no list of numbers.

    Examples
    --------
    >>> as_numbers(pd.array([1, None], dtype="Int64")).tolist()
    [1.0, nan]
    """
    try:
        if (
            isinstance(values, (str, bytes, dict))
            or np.isscalar(values)
            or values is None
            or getattr(values, "ndim", 1) != 1
        ):
            raise TypeError
        series = pd.Series(values)
        if pd.api.types.is_datetime64_any_dtype(series) or pd.api.types.is_timedelta64_dtype(series):
            raise TypeError
        numbers = series.to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError):
        raise SchemaError(f"{name} must be a list of numbers, such as one column of phase_durations()") from None
    if name == "minutes":
        size = np.abs(numbers[np.isfinite(numbers) & (numbers != 0)])
        odd = size[(size > MAX_MINUTES) | (size < 1 / MAX_MINUTES)]
        if len(odd):
            ends = f"{1 / MAX_MINUTES:g} and {MAX_MINUTES:g}"
            raise SchemaError(f"minutes must be 0, or between {ends}; got {odd[0]:g}: correct it or leave it empty")
    return numbers


def as_number(name: str, value: object) -> float:
    """Return one number, whatever its kind.

    Raises
    ------
    QuestionError
        When it is none, or not finite.
    """
    if not _is_number(value) or not np.isfinite(value):  # type: ignore[call-overload]
        raise QuestionError(f"{name} must be a finite number; got {value!r}")
    return float(value)  # type: ignore[arg-type]


def as_series(values: object, name: str = "values") -> np.ndarray:
    """Return numbers in their order where each must be known, as on a chart.

    Raises
    ------
    SchemaError
        When it is no list of numbers, or one is missing or infinite.
    """
    numbers = as_numbers(values, name)
    if not np.isfinite(numbers).all():
        place = int(np.argmin(np.isfinite(numbers)))
        raise SchemaError(f"{name} must all be finite; the one at place {place} is {numbers[place]}: leave it out")
    return numbers


def share_between(name: str, value: float) -> float:
    """Return a share such as a level.

    Raises
    ------
    QuestionError
        When it does not lie between 0 and 1, both excluded.
    """
    if not _is_number(value) or not 0 < value < 1:
        raise QuestionError(f"{name} must lie between 0 and 1, both excluded; got {value!r}")
    return float(value)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


# A table that somebody hands over: its columns, its times and its words, or one sentence that says what is wrong.


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
    known = values.dropna()
    if not all(isinstance(value, datetime) and value.tzinfo is not None for value in known):
        raise SchemaError(
            f"{column} must hold times with a zone, as pd.to_datetime(…, utc=True) gives them; got {known.iloc[0]!r}"
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
