"""Settings are of the kind that their field says: one sentence for each that is not."""

from __future__ import annotations

import math
import types
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields
from functools import cache
from numbers import Integral, Real
from typing import Any, Union, get_args, get_origin, get_type_hints

import pandas as pd

from mttrlab.errors import ModelError

_EXAMPLES = {"Law": ", such as Law('lognormal', 2.1, 0.8)", "ResponseModel": ", as ResponseModel.fit(incidents) gives"}
_PLAIN = {str: "a text", bool: "True or False", float: "a number", int: "a whole number"}


def settle(settings: Any) -> None:
    """Check the kind of every field of frozen settings, and bring what is meant alike to one form.

    Lists become tuples, and numbers of other libraries Python's own. Whether a number lies where it must is checked
    by the settings themselves.

    Raises
    ------
    ModelError
        One sentence: the field, what it must be, what it is.
    """
    kind: Any = type(settings)
    hints = field_kinds(kind)
    for one in fields(settings):
        value = getattr(settings, one.name)
        settled = _settled(f"{one.name} of {kind.__name__}", hints[one.name], value)
        if settled is not value:
            object.__setattr__(settings, one.name, settled)


def a(name: str, kind: type, value: Any) -> Any:
    """Return `value` if it is of this kind; refuse it in a sentence otherwise."""
    if not isinstance(value, kind):
        raise ModelError(f"{name} must be {_word(kind)}; got {shown(value)}")
    return value


def several(name: str, kind: type, values: Any) -> list[Any]:
    """Return a list of values of this kind, whatever holds them; refuse one of them alone, or of another kind."""
    words = f"{name} must be a list, each {_word(kind)}"
    try:
        found = list(values)
    except TypeError:
        raise ModelError(f"{words}; got {shown(values)}") from None
    for value in found:
        if not isinstance(value, kind):
            raise ModelError(f"{words}; got {shown(value)}")
    return found


def frame(name: str, value: Any, source: str) -> Any:
    """Return a table; refuse anything else in a sentence that says what gives one."""
    if not isinstance(value, pd.DataFrame):
        raise ModelError(f"{name} must be a table, as {source} gives it; got {shown(value)}")
    return value


def shown(value: Any) -> str:
    """Return a value as a sentence can hold it: on one line, and short."""
    line = " ".join(repr(value).split())
    return line if len(line) <= 80 else f"{line[:77]}…"


@cache
def field_kinds(kind: Any) -> Mapping[str, Any]:
    """Return the kind of each field of a class of settings."""
    try:
        return get_type_hints(kind)
    except NameError:
        # Notes know the model, so the model may not import them before it is there itself.
        from mttrlab.response.model.provenance import Note

        return get_type_hints(kind, localns={"Note": Note})


def _settled(name: str, kind: Any, value: Any) -> Any:
    origin = get_origin(kind)
    if kind is Any:
        return value
    if origin in (Union, types.UnionType):
        return _either(name, get_args(kind), value)
    if origin is tuple:
        return _row(name, get_args(kind), value)
    if kind in (float, int):
        # What is no number, or a half where a whole is wanted, is told by the check that also knows the bounds.
        return _number(value, kind)
    return value if isinstance(value, kind) else _no(name, kind, value)


def _either(name: str, kinds: tuple[Any, ...], value: Any) -> Any:
    if value is None and type(None) in kinds:
        return None
    rest = [kind for kind in kinds if kind is not type(None)]
    if len(rest) == 1:
        return _settled(name, rest[0], value)
    if isinstance(value, tuple(rest)):
        return value
    raise ModelError(f"{name} must be {' or '.join(map(_word, rest))}; got {shown(value)}")


def _row(name: str, kinds: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
    if not isinstance(value, (tuple, list)):
        raise ModelError(f"{name} must be a tuple, such as (one, other) or (one,); got {shown(value)}")
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        made = tuple(_settled(f"an entry of {name}", kinds[0], one) for one in value)
    elif len(value) == len(kinds):
        made = tuple(_settled(f"an entry of {name}", kind, one) for kind, one in zip(kinds, value, strict=True))
    else:
        raise ModelError(f"{name} must hold {len(kinds)} values; got {shown(value)}")
    same = isinstance(value, tuple) and all(one is other for one, other in zip(made, value, strict=True))
    return value if same and isinstance(value, tuple) else made


def _number(value: Any, kind: type) -> Any:
    if type(value) in (kind, bool) or not isinstance(value, Integral if kind is int else Real):
        return value
    with suppress(OverflowError):
        return kind(value)
    return value


def _no(name: str, kind: Any, value: Any) -> Any:
    raise ModelError(f"{name} must be {_word(kind)}; got {shown(value)}")


def _word(kind: Any) -> str:
    if kind in _PLAIN:
        return _PLAIN[kind]
    name = kind.__name__
    return f"{'an' if name[0] in 'AEIOU' else 'a'} {name}{_EXAMPLES.get(name, '')}"


# Numbers that a model or a scenario may hold: one sentence for each that it may not.


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
