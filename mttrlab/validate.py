"""What a caller hands over: a number, a list, a table; or one sentence that says what is wrong with it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from numbers import Integral, Real
from typing import TypeGuard, TypeVar

import numpy as np
import pandas as pd

from mttrlab.errors import MttrlabError, QuestionError, SchemaError
from mttrlab.refusals import shown, with_article

Kind = TypeVar("Kind")

MAX_MINUTES = 1e9
"""Minutes beyond which (and, below one, the inverse) no stamp of an incident can lie: two thousand years."""


def number(
    name: str,
    value: object,
    low: float = 0.0,
    high: float = math.inf,
    *,
    open_low: bool = False,
    error: type[MttrlabError] = QuestionError,
) -> float:
    """Return a number from `low` to `high` as a float; infinity only where `high` is infinite.

    Parameters
    ----------
    name : str
        What to call it in the sentence; empty where whoever catches the refusal says it.
    value : object
    low, high : float
        Smallest and largest value that it may have.
    open_low : bool
        It must be above `low`.
    error : type
        Of the refusal.

    Raises
    ------
    MttrlabError
        Of the type `error`.

    Examples
    --------
    >>> number("severity", 1.5, 0, 1, open_low=True)
    Traceback (most recent call last):
    mttrlab.errors.QuestionError: severity must be above 0 and at most 1; got 1.5
    """
    if not _is_number(value):
        raise error(f"{name} must be a number; got {shown(value)}".lstrip())
    try:
        given = float(value)
    except OverflowError:
        raise error(f"{name} is too large a number".lstrip()) from None
    if math.isnan(given) and low == -math.inf:
        raise error(f"{name} must be a number; got nan".lstrip())
    if math.isnan(given) or given < low or given > high or (open_low and given == low):
        edge = f"above {low:g}" if open_low else f"at least {low:g}" if high == math.inf else f"from {low:g}"
        upper = "" if high == math.inf else f" {'and at most' if open_low else 'to'} {high:g}"
        raise error(f"{name} must be {edge}{upper}; got {given:g}".lstrip())
    return given


def finite(
    name: str,
    value: object,
    low: float = 0.0,
    high: float = math.inf,
    *,
    open_low: bool = False,
    error: type[MttrlabError] = QuestionError,
) -> float:
    """Return a finite number from `low` to `high` as a float; see `number`."""
    checked = number(name, value, low, high, open_low=open_low, error=error)
    if math.isinf(checked):
        raise error(f"{name} must be finite; got {checked:g}".lstrip())
    return checked


def share(name: str, value: object, *, error: type[MttrlabError] = QuestionError) -> float:
    """Return a number between 0 and 1, both included; see `number`."""
    return number(name, value, 0.0, 1.0, error=error)


def inner_share(name: str, value: object, *, error: type[MttrlabError] = QuestionError) -> float:
    """Return a number between 0 and 1, both excluded, such as the level of an interval."""
    if not _is_number(value) or not 0 < value < 1:
        raise error(f"{name} must lie between 0 and 1, both excluded; got {shown(value)}")
    return float(value)


def whole(
    name: str, value: object, low: int = 0, high: float = math.inf, *, error: type[MttrlabError] = QuestionError
) -> int:
    """Return a whole number from `low` to `high` as an int.

    Examples
    --------
    >>> whole("top", 0, 1)
    Traceback (most recent call last):
    mttrlab.errors.QuestionError: top must be a whole number from 1 on; got 0
    """
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise error(f"{name} must be a whole number; got {shown(value)}".lstrip())
    given = int(value)
    if not low <= given <= high:
        upper = "on" if high == math.inf else f"to {high}"
        raise error(f"{name} must be a whole number from {low} {upper}; got {given}".lstrip())
    return given


def flag(name: str, value: object, *, error: type[MttrlabError] = QuestionError) -> bool:
    """Return True or False; refuse what only behaves like one of them."""
    if not isinstance(value, bool):
        raise error(f"{name} must be True or False; got {shown(value)}".lstrip())
    return value


def instance(
    name: str, kind: type[Kind], value: object, source: str = "", *, error: type[MttrlabError] = QuestionError
) -> Kind:
    """Return `value` if it is of this kind; `source` says what gives one, such as "lab.incidents() gives it"."""
    if not isinstance(value, kind):
        how = f", as {source}" if source else ""
        raise error(f"{name} must be {kind_in_words(kind)}{how}; got {shown(value)}")
    return value


def _is_number(value: object) -> TypeGuard[float]:
    # bool is a number to Python, and never one to a person who fills in a setting; so is NumPy's.
    return isinstance(value, Real) and not isinstance(value, bool)


def kind_in_words(kind: type) -> str:
    """Return what a sentence calls a value of this kind."""
    names = {str: "a text", pd.DataFrame: "a table"}
    return names.get(kind) or with_article(kind.__name__)


# A list of numbers.


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


def as_minutes(values: object) -> np.ndarray:
    """Return minutes as an array of floats without the unknown ones (NaN).

    Raises
    ------
    SchemaError
        When they are no numbers, infinite, or negative.
    """
    minutes = as_numbers(values)
    if np.isinf(minutes).any():
        raise SchemaError("minutes must be finite; leave unknown ones empty")
    if (minutes < 0).any():
        raise SchemaError(f"minutes must be zero or more; got {np.nanmin(minutes):g}")
    return np.asarray(minutes[~np.isnan(minutes)])


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
