"""A list of numbers as an array, or one sentence that says what it is instead."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mttrlab.errors import QuestionError, SchemaError


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
        if isinstance(values, (str, bytes)) or values is None or getattr(values, "ndim", 1) != 1:
            raise TypeError
        return pd.Series(values).to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError):
        raise SchemaError(f"{name} must be a list of numbers, such as one column of phase_durations()") from None


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
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)) or not 0 < value < 1:
        raise QuestionError(f"{name} must lie between 0 and 1, both excluded; got {value!r}")
    return float(value)
