"""Frozen settings as plain values and back, by their fields and the types of these, every mistake with its place."""

from __future__ import annotations

import math
import types
from dataclasses import MISSING, Field, fields, is_dataclass
from difflib import get_close_matches
from typing import Any, Union, get_args, get_origin, get_type_hints

from mttrlab.errors import MttrlabError
from mttrlab.response.kinds import field_kinds
from mttrlab.response.laws import PARAMETERS, Law
from mttrlab.response.notes import Note
from mttrlab.response.verdict import Verdict

_WRONG = object()


def plain(value: Any) -> Any:
    """Return a setting as mappings, lists, numbers and texts; fields at their default are left out."""
    if isinstance(value, Law):
        if value.kind == "empirical":
            return {"empirical": list(value.parameters)}
        return {value.kind: dict(zip(PARAMETERS[value.kind], value.parameters, strict=True))}
    if is_dataclass(value) and not isinstance(value, type):
        # What only a lever sets stands behind what an organisation has.
        there = sorted((one for one in fields(value) if one.init), key=lambda one: one.kw_only is True)
        said = {one.name: getattr(value, one.name) for one in there}
        kept = {name: plain(own) for name, own in said.items() if own != _default(_field(type(value), name))}
        return kept
    if isinstance(value, (Note, Verdict)):
        return value._asdict()
    if isinstance(value, tuple):
        return [plain(one) for one in value]
    return value.item() if hasattr(value, "item") else value


def built(kind: Any, told: Any, place: str, wrong: list[str]) -> Any:
    """Return plain values as a setting of this type; what is wrong with them is added to `wrong`, each with its place.

    Parameters
    ----------
    kind : type
        A class of frozen settings, or the type of one of its fields.
    told : object
        Mappings, lists, numbers, texts.
    place : str
        Where it stands, such as `types[2].detect`.
    """
    found = _value(kind, told, place, wrong)
    return None if found is _WRONG else found


def _value(kind: Any, told: Any, place: str, wrong: list[str]) -> Any:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _one_of(get_args(kind), told, place, wrong)
    if kind is Any:
        return tuple(told) if isinstance(told, list) else told
    if kind is Law:
        return _law(told, place, wrong)
    if isinstance(kind, type) and issubclass(kind, (Note, Verdict)):
        return _named(kind, told, place, wrong)
    if is_dataclass(kind):
        return _settings(kind, told, place, wrong)
    if origin is tuple:
        return _row(get_args(kind), told, place, wrong)
    return _scalar(kind, told, place, wrong)


def _one_of(kinds: tuple[Any, ...], told: Any, place: str, wrong: list[str]) -> Any:
    rest = [kind for kind in kinds if kind is not type(None)]
    if told is None and len(rest) < len(kinds):
        return None
    if len(rest) == 1:
        return _value(rest[0], told, place, wrong)
    if isinstance(told, dict):
        # Rules and monitors: the one that knows every field that is named.
        for kind in rest:
            if is_dataclass(kind) and set(told) <= {one.name for one in fields(kind)}:
                return _value(kind, told, place, wrong)
    return _value(rest[0], told, place, wrong)


def _settings(kind: Any, told: Any, place: str, wrong: list[str]) -> Any:
    if not isinstance(told, dict):
        return _no(wrong, place, f"must hold {', '.join(_names(kind)[:6])}, …; got {told!r}")
    count = len(wrong)
    for key in told:
        if key not in _names(kind):
            near = get_close_matches(str(key), _names(kind), n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(_names(kind))}"
            _no(wrong, place, f"has no {key}; {hint}")
    hints = field_kinds(kind)
    for name in _names(kind):
        if name not in told and _default(_field(kind, name)) is MISSING:
            _no(wrong, place, f"needs {name}")
    own = {k: _value(hints[k], told[k], f"{place}.{k}".lstrip("."), wrong) for k in _names(kind) if k in told}
    if len(wrong) > count:
        return _WRONG
    try:
        return kind(**own)
    except MttrlabError as refusal:
        return _no(wrong, place, str(refusal))


def _law(told: Any, place: str, wrong: list[str]) -> Any:
    example = "such as {lognormal: {mu: 2.1, sigma: 0.8}}, {lognormal: {median: 8, sigma: 0.8}} or {constant: 5}"
    if not isinstance(told, dict) or len(told) != 1:
        return _no(wrong, place, f"must be one law of minutes, {example}; got {told!r}")
    ((name, own),) = told.items()
    if name not in PARAMETERS and name != "empirical":
        return _no(wrong, place, f"knows no law {name}; there are {', '.join([*PARAMETERS, 'empirical'])}")
    if name == "empirical" or isinstance(own, list):
        numbers = own if isinstance(own, list) else [own]
    elif isinstance(own, dict):
        if name == "lognormal" and set(own) == {"median", "sigma"} and _positive(own["median"]):
            own = {"mu": math.log(own["median"]), "sigma": own["sigma"]}
        if set(own) != set(PARAMETERS[name]):
            given = ", ".join(map(str, own))
            return _no(wrong, place, f"a {name} law takes {', '.join(PARAMETERS[name])}; got {given}")
        numbers = [own[parameter] for parameter in PARAMETERS[name]]
    else:
        numbers = [own]
    try:
        return Law(str(name), *numbers)
    except MttrlabError as refusal:
        return _no(wrong, place, str(refusal))


def _positive(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < math.inf


def _row(kinds: tuple[Any, ...], told: Any, place: str, wrong: list[str]) -> Any:
    if not isinstance(told, list):
        return _no(wrong, place, f"must be a list; got {told!r}")
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        made = [_value(kinds[0], one, f"{place}[{k}]", wrong) for k, one in enumerate(told, start=1)]
    elif len(told) != len(kinds):
        return _no(wrong, place, f"must be a list of {len(kinds)}; got {len(told)}")
    else:
        pairs = zip(kinds, told, strict=True)
        made = [_value(kind, one, f"{place}[{k}]", wrong) for k, (kind, one) in enumerate(pairs, start=1)]
    return _WRONG if any(one is _WRONG for one in made) else tuple(made)


def _named(kind: Any, told: Any, place: str, wrong: list[str]) -> Any:
    if not isinstance(told, dict) or set(told) != set(kind._fields):
        return _no(wrong, place, f"must hold {', '.join(kind._fields)}; got {told!r}")
    hints = get_type_hints(kind)
    made = [_value(hints[name], told[name], f"{place}.{name}", wrong) for name in kind._fields]
    return _WRONG if any(one is _WRONG for one in made) else kind(*made)


def _scalar(kind: Any, told: Any, place: str, wrong: list[str]) -> Any:
    if kind is float and isinstance(told, str) and told.lower().lstrip(".") in ("inf", "infinity"):
        return math.inf
    words = {float: "a number", int: "a whole number", bool: "true or false", str: "a text"}
    right = isinstance(told, (int, float)) if kind is float else isinstance(told, kind)
    if not right or (kind is not bool and isinstance(told, bool)):
        return _no(wrong, place, f"must be {words[kind]}; got {told!r}")
    # Whole numbers stay whole: what a fit writes 1.0 people write 1, and both mean the same.
    return float(told) if kind is float else told


def _no(wrong: list[str], place: str, why: str) -> Any:
    wrong.append(f"{place} {why}".strip())
    return _WRONG


def _names(kind: Any) -> list[str]:
    return [one.name for one in fields(kind) if one.init]


def _field(kind: Any, name: str) -> Field[Any]:
    return next(one for one in fields(kind) if one.name == name)


def _default(one: Field[Any]) -> Any:
    return one.default_factory() if one.default_factory is not MISSING else one.default
