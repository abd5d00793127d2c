"""Frozen settings: what each field may be stands at the field, and is checked where a person makes or reads one.

`settings` makes a class of them. Code that has checked settings already makes changed copies with `updated`, which
checks nothing again. `from_plain_values` makes settings from the plain values of a file, every mistake with its place.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, fields
from functools import cache, partial
from typing import Annotated, Any, NamedTuple, TypeVar, cast, dataclass_transform, get_args, get_type_hints

import pydantic
from pydantic import BeforeValidator, ConfigDict, GetCoreSchemaHandler, Strict, TypeAdapter, ValidationError
from pydantic.dataclasses import is_pydantic_dataclass
from pydantic_core import CoreSchema, ErrorDetails, core_schema

from mttrlab.errors import ModelError
from mttrlab.refusals import nearest, sentence, shown
from mttrlab.response.model import validation

_Settings = TypeVar("_Settings")

_CONFIG = ConfigDict(arbitrary_types_allowed=True, extra="forbid", ser_json_inf_nan="constants")


class Number(NamedTuple):
    """Bounds of a number, as the annotation of a field: `Annotated[float, Number(0.0, 1.0)]`.

    A field of whole numbers takes no halves; `True` and texts are no numbers; numbers of other libraries become
    Python's own.
    """

    low: float = 0.0
    high: float = math.inf
    above: bool = False
    """Whether `low` itself is too low."""
    infinite: bool = False
    """Whether infinity will do where `high` is infinite."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return how Pydantic checks the field."""
        if source is int:
            check: Callable[[object], float] = partial(validation.whole, "", low=int(self.low), high=int(self.high))
        else:
            kind = validation.number if self.infinite else validation.finite
            check = partial(kind, "", low=self.low, high=self.high, open_low=self.above)
        return core_schema.no_info_plain_validator_function(check)


DAY_SECONDS, DAY_MINUTES, WEEK_MINUTES = 86_400.0, 1440.0, 10_080.0
MANY = 100_000

Share = Annotated[float, Number(0.0, 1.0)]
"""From 0 to 1."""
PositiveShare = Annotated[float, Number(0.0, 1.0, above=True)]
"""Above 0, and at most 1."""
MAX_FACTOR = 100.0
Factor = Annotated[float, Number(0.0, MAX_FACTOR)]
"""Times as long, or as many."""
Limit = Annotated[float, Number(infinite=True)]
"""The longest that something may take, minutes; infinite: there is no limit."""
DayMinutes = Annotated[float, Number(0.0, DAY_MINUTES)]
"""Minutes, a day at most."""
WeekMinutes = Annotated[float, Number(0.0, WEEK_MINUTES)]
"""Minutes, a week at most."""
DaySeconds = Annotated[float, Number(0.0, DAY_SECONDS)]
"""Seconds, a day at most."""
PositiveDaySeconds = Annotated[float, Number(0.0, DAY_SECONDS, above=True)]
"""Seconds above 0, a day at most."""
People = Annotated[int, Number(1, MANY)]
"""How many people, at least one."""
DayHour = Annotated[float, Number(0.0, 24.0)]
Text = Annotated[str, Strict()]
Flag = Annotated[bool, Strict()]


def pair(words: str) -> BeforeValidator:
    """Return what refuses anything but two values, in words such as `two hours, such as (22, 6)`."""

    def check(value: object) -> object:
        if not isinstance(value, (tuple, list)) or len(value) != 2:
            raise ModelError(f"must be {words}; got {shown(value)}")
        return value

    return BeforeValidator(check)


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def settings(words: str = "", *, kw_only: bool = False) -> Callable[[type[_Settings]], type[_Settings]]:
    """Return a decorator that makes a class of frozen settings: a Pydantic dataclass that refuses in one sentence.

    Parameters
    ----------
    words : str
        What sentences call one of them that has no name of its own, such as `a shift`; empty: its fields alone.
    kw_only : bool
        Whether its fields are given by name alone.
    """

    def made(kind: type[_Settings]) -> type[_Settings]:
        own = pydantic.dataclasses.dataclass(frozen=True, config=_CONFIG, kw_only=kw_only)(kind)
        validated = cast("Callable[..., None]", own.__init__)

        def __init__(self: object, *given: object, **named: object) -> None:  # noqa: N807
            try:
                validated(self, *given, **named)
            except ValidationError as error:
                raise ModelError(_refused(own, words, given, named, error)) from None

        __init__.__qualname__ = validated.__qualname__
        own.__init__ = __init__  # type: ignore[method-assign]
        return cast("type[_Settings]", own)

    return made


def updated(settings: _Settings, **changes: object) -> _Settings:
    """Return settings with other values in some fields, checking nothing: for code that knows what it writes.

    What a person gives goes through `dataclasses.replace`, which checks everything.
    """
    kind = type(settings)
    made = object.__new__(kind)
    there = settings.__dict__
    # Fields alone: what is kept beside them was made from the old ones.
    made.__dict__.update({one: there[one] for one in kind.__dataclass_fields__}, **changes)  # type: ignore[attr-defined]
    return made


def from_plain_values(kind: type[_Settings], told: object) -> tuple[_Settings | None, list[str]]:
    """Return settings made from plain values, or everything that is wrong with these, each with its place."""
    try:
        return _adapter(kind).validate_python(told), []
    except ValidationError as error:
        return None, list(_sentences(kind, error, _dotted))


def plain_values(settings: object) -> dict[str, object]:
    """Return settings as mappings, lists, numbers and texts; fields at their default are left out."""
    told: dict[str, object] = _adapter(type(settings)).dump_python(settings, mode="json", exclude_defaults=True)
    return told


@cache
def field_types(kind: type) -> Mapping[str, object]:
    """Return the type of each field of a class of settings."""
    return get_type_hints(kind)


def part_of(annotation: object) -> type | None:
    """Return the class of settings that a field holds, one or several; None: it holds plain values."""
    found = [annotation, *(inner for one in get_args(annotation) for inner in (one, *get_args(one)))]
    return next((one for one in found if isinstance(one, type) and is_pydantic_dataclass(one)), None)


def _adapter(kind: type[_Settings]) -> TypeAdapter[_Settings]:
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


_ADAPTERS: dict[type, TypeAdapter[Any]] = {}


_Place = tuple[int | str, ...]


def _refused(
    kind: type, words: str, given: tuple[object, ...], named: Mapping[str, object], error: ValidationError
) -> str:
    order = [one.name for one in fields(kind) if not one.kw_only]
    own = {**dict(zip(order, given, strict=False)), **named}.get("name")
    label = own if isinstance(own, str) and own else words

    def in_words(place: _Place) -> str:
        parts = [f"entry {part + 1}" if isinstance(part, int) else part for part in reversed(place)]
        return " of ".join([*parts, label] if label and parts else parts or [label])

    return "; ".join(_sentences(kind, error, in_words, order))


def _sentences(
    kind: type, error: ValidationError, words: Callable[[_Place], str], order: list[str] | None = None
) -> Iterable[str]:
    for problem in error.errors(include_url=False):
        place = tuple(part for part in problem["loc"] if not str(part)[:1].isupper())
        if order and place and isinstance(place[0], int):
            # A constructor's arguments are counted, not named.
            place = (order[place[0]] if place[0] < len(order) else place[0], *place[1:])
        yield _sentence(kind, problem, place, words)


def _sentence(kind: type, problem: ErrorDetails, place: _Place, words: Callable[[_Place], str]) -> str:
    if problem["type"] == "missing":
        return f"{words(place[:-1])} needs {place[-1]}".strip()
    if problem["type"] == "unexpected_keyword_argument":
        holder: type | None = kind
        for part in place[:-1]:
            holder = holder if holder is None or isinstance(part, int) else part_of(field_types(holder)[part])
        known = [] if holder is None else [one.name for one in fields(holder)]
        hint = f"; {nearest(place[-1], known)}" if known else ""
        return f"{words(place[:-1])} has no {place[-1]}{hint}".strip()
    if problem["type"] == "unexpected_positional_argument":
        return f"{kind.__name__} takes {len(fields(kind))} values at most"
    if problem["type"] == "value_error" and not place:
        return sentence(problem, "")
    return sentence(problem, words(place))


def _dotted(place: _Place) -> str:
    parts = [f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in place]
    return "".join(parts).removeprefix(".")
