"""A response model as a file that people read, correct and run: YAML or JSON, checked whole before anything runs."""

from __future__ import annotations

import hashlib
import json
import math
import types
from dataclasses import MISSING, Field, fields, is_dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

import yaml

from mttrlab.errors import LoadError, ModelError, MttrlabError
from mttrlab.response.model import validation
from mttrlab.response.model.distributions import PARAMETERS, Law
from mttrlab.response.model.provenance import Note
from mttrlab.response.model.response_model import ResponseModel, Verdict
from mttrlab.response.model.validation import field_kinds
from mttrlab.sources.practices.reading import documents

_VERSION = "mttrlab_model"
_KEPT = "fitted_as"
_SUFFIXES = (".yml", ".yaml", ".json")
_HEAD = """\
# A response model of mttrlab. Minutes, shares from 0 to 1; what is not here is at its default.
# A law is {lognormal: {mu: , sigma: }} of the log of minutes, or {lognormal: {median: , sigma: }}, {constant: minutes},
# exponential, gamma, weibull, loglogistic or empirical. Change what you know better, then:
#     mttrlab simulate --model THIS_FILE
# `sources` says where each part came from. `fitted_as` tells whether anything was changed: the check against months
# that the fit had not seen then no longer counts.
"""


def write_model(model: ResponseModel, path: str | Path) -> Path:
    """Write a model to a new file, to read, to correct by hand and to run again.

    Parameters
    ----------
    model : ResponseModel
    path : str or Path
        A new `.yml`, `.yaml` or `.json` file.

    Returns
    -------
    Path

    Raises
    ------
    ModelError
        When the file is there already, cannot be written, or is of another kind.
    """
    validation.a("model", ResponseModel, model)
    path = _suffixed(path)
    told: dict[str, Any] = {_VERSION: 1, **plain(model), _KEPT: _fingerprint(model)}
    # What people correct stands first.
    told["sources"] = told.pop("sources", [])
    text = json.dumps(told, indent=1, ensure_ascii=False) + "\n" if path.suffix == ".json" else _HEAD + _yaml(told)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ModelError(f"{path} exists already; name a new file") from None
    except OSError as error:
        raise ModelError(f"{path}: cannot be written ({error.strerror})") from None
    return path


def read_model(path: str | Path) -> ResponseModel:
    """Return the model of a file.

    Parameters
    ----------
    path : str or Path
        As `write_model` writes it, changed or not, or written by hand: `types` is all that must be there.

    Returns
    -------
    ResponseModel
        Changed by hand, it has no verdict any more, and a note says so.

    Raises
    ------
    ModelError
        Every mistake at once, each with its place.
    """
    path = _suffixed(path)
    try:
        found = documents(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({(error.strerror or 'error').lower()})") from None
    except UnicodeDecodeError:
        raise ModelError(f"{path}: is no text in UTF-8") from None
    except LoadError as refusal:
        raise ModelError(str(refusal)) from None
    told = found[0].value if len(found) == 1 else None
    if not isinstance(told, dict) or "types" not in told:
        raise ModelError(f"{path}: is no model; it needs types (mttrlab fit --to FILE writes one)")
    told = dict(told)
    if told.pop(_VERSION, 1) != 1:
        raise ModelError(f"{path}: is a model of another version of mttrlab; this one reads {_VERSION}: 1")
    kept = told.pop(_KEPT, None)
    wrong: list[str] = []
    model: ResponseModel | None = built(ResponseModel, told, "", wrong)
    if model is None:
        more = f"; and {len(wrong) - 8} more" if len(wrong) > 8 else ""
        raise ModelError(f"{path}: {'; '.join(wrong[:8])}{more}")
    if kept == _fingerprint(model):
        return model
    why = "Changed by hand since it was fitted" if kept else "Written by hand"
    said = Note("model file", "by hand", 0, f"{why}; no check against history speaks for it.")
    return replace(model, verdict=None, sources=(*model.sources, said))


def _suffixed(path: str | Path) -> Path:
    path = Path(path)
    if path.suffix not in _SUFFIXES:
        raise ModelError(f"{path}: a model is a {', '.join(_SUFFIXES[:-1])} or {_SUFFIXES[-1]} file")
    return path


def _fingerprint(model: ResponseModel) -> str:
    """Return what tells whether any setting was changed; words and the verdict do not count."""
    bare = _floats(plain(replace(model, sources=(), verdict=None)))
    return hashlib.sha256(json.dumps(bare, sort_keys=True).encode()).hexdigest()[:16]


def _floats(told: Any) -> Any:
    """Return plain values in which 8 and 8.0 are the same."""
    if isinstance(told, dict):
        return {name: _floats(own) for name, own in told.items()}
    if isinstance(told, list):
        return [_floats(one) for one in told]
    return float(told) if isinstance(told, int) and not isinstance(told, bool) else told


class _Dumper(yaml.SafeDumper):
    """Small things on one line."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _flow(told: Any) -> bool:
    return len(json.dumps(told)) <= 90 and not any(isinstance(v, dict) and len(v) > 2 for v in _inside(told))


def _inside(told: Any) -> list[Any]:
    return list(told.values()) if isinstance(told, dict) else told if isinstance(told, list) else []


def _represent(dumper: yaml.SafeDumper, told: Any) -> yaml.Node:
    if isinstance(told, dict):
        node: yaml.Node = dumper.represent_mapping("tag:yaml.org,2002:map", told.items(), flow_style=_flow(told))
    else:
        node = dumper.represent_sequence("tag:yaml.org,2002:seq", told, flow_style=_flow(told) or _numbers(told))
    return node


def _numbers(told: list[Any]) -> bool:
    return all(isinstance(one, (int, float)) for one in told)


_Dumper.add_representer(dict, _represent)
_Dumper.add_representer(list, _represent)


def _yaml(told: dict[str, Any]) -> str:
    """Return one setting a line at the top, and below it whatever fits on one line."""
    lines = []
    for name, own in told.items():
        text: str = yaml.dump({name: own}, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=116)
        # What fits on one line comes in braces, which a setting at the top does without.
        lines.append(f"{text[1:-2]}\n" if text.startswith("{") else text)
    return "".join(lines)


# Frozen settings as plain values and back, by their fields and the types of these, every mistake with its place.


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
