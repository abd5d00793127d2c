"""Arguments of the response model: one sentence for each that is not what it must be."""

from __future__ import annotations

import math
from collections.abc import Iterable
from numbers import Integral, Real
from typing import TypeVar, cast

import pandas as pd

from mttrlab.errors import ModelError
from mttrlab.refusals import shown, with_article

_Kind = TypeVar("_Kind")

_EXAMPLES = {"ResponseModel": ", as ResponseModel.fit(incidents) gives"}


def a(name: str, kind: type[_Kind], value: object) -> _Kind:
    """Return `value` if it is of this kind; refuse it in a sentence otherwise."""
    if not isinstance(value, kind):
        raise ModelError(f"{name} must be {_word(kind)}; got {shown(value)}")
    return value


def several(name: str, kind: type[_Kind], values: object) -> list[_Kind]:
    """Return a list of values of this kind, whatever holds them; refuse one of them alone, or of another kind."""
    words = f"{name} must be a list, each {_word(kind)}"
    try:
        found = list(cast("Iterable[object]", values))
    except TypeError:
        raise ModelError(f"{words}; got {shown(values)}") from None
    return [_one(words, kind, value) for value in found]


def _one(words: str, kind: type[_Kind], value: object) -> _Kind:
    if not isinstance(value, kind):
        raise ModelError(f"{words}; got {shown(value)}")
    return value


def frame(name: str, value: object, source: str) -> pd.DataFrame:
    """Return a table; refuse anything else in a sentence that says what gives one."""
    if not isinstance(value, pd.DataFrame):
        raise ModelError(f"{name} must be a table, as {source} gives it; got {shown(value)}")
    return value


def _word(kind: type) -> str:
    return "a text" if kind is str else with_article(kind.__name__) + _EXAMPLES.get(kind.__name__, "")


def number(name: str, value: object, low: float = 0.0, high: float = math.inf, *, open_low: bool = False) -> float:
    """Return `value` as a float if it is a number from `low` to `high`; infinity only where `high` is infinite."""
    # bool is a number to Python, and never one to a person who fills in a setting; so is NumPy's.
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ModelError(f"{name} must be a number; got {shown(value)}".lstrip())
    try:
        given = float(value)
    except OverflowError:
        raise ModelError(f"{name} is too large a number".lstrip()) from None
    if math.isnan(given) or given < low or given > high or (open_low and given == low):
        edge = "above" if open_low else "from"
        upper = "" if high == math.inf else f" {'and at most' if open_low else 'to'} {high:g}"
        raise ModelError(f"{name} must be {edge} {low:g}{upper}; got {given:g}".lstrip())
    return given


def finite(name: str, value: object, low: float = 0.0, high: float = math.inf, *, open_low: bool = False) -> float:
    """Return `value` as a float if it is a finite number from `low` to `high`."""
    checked = number(name, value, low, high, open_low=open_low)
    if math.isinf(checked):
        raise ModelError(f"{name} must be finite; got {checked:g}".lstrip())
    return checked


def share(name: str, value: object) -> float:
    """Return `value` as a float if it lies between 0 and 1."""
    return number(name, value, 0.0, 1.0)


def whole(name: str, value: object, low: int, high: int) -> int:
    """Return `value` as an int if it is a whole number from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise ModelError(f"{name} must be a whole number; got {shown(value)}".lstrip())
    given = int(value)
    if not low <= given <= high:
        raise ModelError(f"{name} must be a whole number from {low} to {high}; got {given}".lstrip())
    return given


def flag(name: str, value: object) -> bool:
    """Return `value` if it is True or False."""
    if not isinstance(value, bool):
        raise ModelError(f"{name} must be True or False; got {shown(value)}".lstrip())
    return value
