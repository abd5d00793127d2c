"""Numbers that a model or a scenario may hold: one sentence for each that it may not."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

from mttrlab.errors import ModelError


def number(name: str, value: Any, low: float = 0.0, high: float = math.inf, *, open_low: bool = False) -> float:
    """Return `value` as a float if it is a number from `low` to `high`; infinity only where `high` is infinite."""
    # bool is a number to Python, and never one to a person who fills in a setting; so is NumPy's.
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ModelError(f"{name} must be a number; got {value!r}")
    try:
        given = float(value)
    except OverflowError:
        raise ModelError(f"{name} is too large a number") from None
    if math.isnan(given) or given < low or given > high or (open_low and given == low):
        edge = "above" if open_low else "from"
        upper = "" if high == math.inf else f" {'and at most' if open_low else 'to'} {high:g}"
        raise ModelError(f"{name} must be {edge} {low:g}{upper}; got {given:g}")
    return given


def finite(name: str, value: Any, low: float = 0.0, high: float = math.inf, *, open_low: bool = False) -> float:
    """Return `value` as a float if it is a finite number from `low` to `high`."""
    checked = number(name, value, low, high, open_low=open_low)
    if math.isinf(checked):
        raise ModelError(f"{name} must be finite; got {checked:g}")
    return checked


def share(name: str, value: Any) -> float:
    """Return `value` as a float if it lies between 0 and 1."""
    return number(name, value, 0.0, 1.0)


def whole(name: str, value: Any, low: int, high: int) -> int:
    """Return `value` as an int if it is a whole number from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise ModelError(f"{name} must be a whole number; got {value!r}")
    given = int(value)
    if not low <= given <= high:
        raise ModelError(f"{name} must be a whole number from {low} to {high}; got {given}")
    return given


def flag(name: str, value: Any) -> bool:
    """Return `value` if it is True or False."""
    if not isinstance(value, bool):
        raise ModelError(f"{name} must be True or False; got {value!r}")
    return value
