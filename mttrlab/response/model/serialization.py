"""A response model as a file that people read, correct and run: YAML or JSON, checked whole before anything runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import yaml

from mttrlab.errors import LoadError, ModelError
from mttrlab.response.model import validation
from mttrlab.response.model.provenance import Note
from mttrlab.response.model.response_model import ResponseModel
from mttrlab.response.model.settings import from_plain_values, plain_values, updated
from mttrlab.yaml_io import documents

_VERSION = "mttrlab_model"
_KEPT = "fitted_as"
_SUFFIXES = (".yml", ".yaml", ".json")
_HEAD = """\
# A response model of mttrlab. Minutes, shares from 0 to 1; what is not here is at its default.
# A distribution is {lognormal: {mu: , sigma: }} of the log of minutes, or {lognormal: {median: , sigma: }},
# {constant: minutes}, exponential, gamma, weibull, loglogistic or empirical. Change what you know better, then:
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
    said = plain_values(model)
    # What people correct stands first, what only a lever sets behind it, and where it all came from last.
    order = [one.name for one in sorted(fields(model), key=lambda one: one.kw_only is True) if one.name != "sources"]
    told = {_VERSION: 1, **{name: said[name] for name in order if name in said}, _KEPT: _fingerprint(model)}
    told["sources"] = said.get("sources", [])
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
    model, wrong = from_plain_values(ResponseModel, told)
    if model is None:
        more = f"; and {len(wrong) - 8} more" if len(wrong) > 8 else ""
        raise ModelError(f"{path}: {'; '.join(wrong[:8])}{more}")
    if kept == _fingerprint(model):
        return model
    why = "Changed by hand since it was fitted" if kept else "Written by hand"
    said = Note("model file", "by hand", 0, f"{why}; no check against history speaks for it.")
    return updated(model, verdict=None, sources=(*model.sources, said))


def _suffixed(path: str | Path) -> Path:
    path = Path(path)
    if path.suffix not in _SUFFIXES:
        raise ModelError(f"{path}: a model is a {', '.join(_SUFFIXES[:-1])} or {_SUFFIXES[-1]} file")
    return path


def _fingerprint(model: ResponseModel) -> str:
    """Return what tells whether any setting was changed; words and the verdict do not count."""
    bare = _floats(plain_values(updated(model, sources=(), verdict=None)))
    return hashlib.sha256(json.dumps(bare, sort_keys=True).encode()).hexdigest()[:16]


def _floats(told: object) -> object:
    """Return plain values in which 8 and 8.0 are the same."""
    if isinstance(told, dict):
        return {name: _floats(own) for name, own in told.items()}
    if isinstance(told, list):
        return [_floats(one) for one in told]
    return float(told) if isinstance(told, int) and not isinstance(told, bool) else told


class _Dumper(yaml.SafeDumper):
    """Small things on one line."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _flow(told: object) -> bool:
    return len(json.dumps(told)) <= 90 and not any(isinstance(v, dict) and len(v) > 2 for v in _inside(told))


def _inside(told: object) -> list[object]:
    return list(told.values()) if isinstance(told, dict) else told if isinstance(told, list) else []


def _represent(dumper: yaml.SafeDumper, told: dict | list) -> yaml.Node:
    if isinstance(told, dict):
        node: yaml.Node = dumper.represent_mapping("tag:yaml.org,2002:map", told.items(), flow_style=_flow(told))
    else:
        node = dumper.represent_sequence("tag:yaml.org,2002:seq", told, flow_style=_flow(told) or _numbers(told))
    return node


def _numbers(told: list) -> bool:
    return all(isinstance(one, (int, float)) for one in told)


_Dumper.add_representer(dict, _represent)
_Dumper.add_representer(list, _represent)


def _yaml(told: Mapping[str, object]) -> str:
    """Return one setting a line at the top, and below it whatever fits on one line."""
    lines = []
    for name, own in told.items():
        text: str = yaml.dump({name: own}, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=116)
        # What fits on one line comes in braces, which a setting at the top does without.
        lines.append(f"{text[1:-2]}\n" if text.startswith("{") else text)
    return "".join(lines)
