"""A list of numbers as an array, or one sentence that says what it is instead."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mttrlab.errors import QuestionError, SchemaError

MOST = 1e9
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
        given = pd.Series(values)
        if pd.api.types.is_datetime64_any_dtype(given) or pd.api.types.is_timedelta64_dtype(given):
            raise TypeError
        numbers = given.to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError):
        raise SchemaError(f"{name} must be a list of numbers, such as one column of phase_durations()") from None
    if name == "minutes":
        size = np.abs(numbers[np.isfinite(numbers) & (numbers != 0)])
        odd = size[(size > MOST) | (size < 1 / MOST)]
        if len(odd):
            ends = f"{1 / MOST:g} and {MOST:g}"
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
