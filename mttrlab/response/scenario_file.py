"""Scenarios as people write them down: YAML, checked whole before anything runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from mttrlab.errors import LoadError, ModelError
from mttrlab.response.ramp import Ramp
from mttrlab.response.scenario import Scenario
from mttrlab.response.scenario_settings import mistakes
from mttrlab.sources.practices.yaml_text import documents

_KEYS = ("name", "levers", "incident_types", "services", "pools", "ramp")
_RAMP = tuple(one.name for one in fields(Ramp))


def read_scenarios(source: str | Path) -> list[Scenario]:
    """Return the scenarios of a YAML file, or of a text with several lines.

    Parameters
    ----------
    source : str or Path
        A list under `scenarios`, each with `name` and `levers`, `incident_types`, `services` or `pools` where it does
        not hold for all, and `ramp` (`months`, `delay`, `adoption`, `decay`, as for `Ramp`) where it does not hold
        at once.

    Raises
    ------
    ModelError
        Every mistake at once, each with its place.

    Examples
    --------
    >>> read_scenarios("scenarios:\\n- {name: Flags on half the changes, levers: {flagged: 0.5}}")
    [Scenario('Flags on half the changes', flagged=0.5)]
    """
    return written(source, "scenarios", "scenario", _scenario)


def written(source: str | Path, key: str, word: str, made_of: Callable[[Any], Any]) -> list[Any]:
    """Return what the rows of a file say that stand under `key`; refuse every mistake at once, each with its place."""
    place, rows = _listed(source, key)
    made: list[Any] = []
    wrong: list[str] = []
    for number, row in enumerate(rows, start=1):
        try:
            made.append(made_of(row))
        except ModelError as error:
            wrong.append(f"{word} {number}: {error}")
    names = [one.name for one in made]
    wrong += [f"name {name!r} is given {names.count(name)} times" for name in dict.fromkeys(names)
              if names.count(name) > 1]  # fmt: skip
    if wrong:
        raise ModelError(f"{place}: {'; '.join(wrong)}")
    return made


def _listed(source: str | Path, key: str) -> tuple[str, list[Any]]:
    """Return where a YAML file or text is, in words, and the rows of the one list in it, which stands under `key`."""
    if not isinstance(source, str | Path) or not str(source).strip(" "):
        raise ModelError(f"{key} are read from a YAML file, or from a text of several lines; got {source!r}")
    inline = isinstance(source, str) and "\n" in source
    place = "the text" if inline else str(source)
    try:
        found = documents(str(source) if inline else Path(source).read_text(encoding="utf-8"), place)
    except OSError as error:
        raise ModelError(f"{place}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise ModelError(f"{place}: is no text in UTF-8") from None
    except LoadError as refusal:
        raise ModelError(str(refusal)) from None
    except ValueError:
        raise ModelError(f"{place!r}: is no name of a file") from None
    told = found[0].value if len(found) == 1 else None
    rows = told.get(key) if isinstance(told, dict) else None
    if not isinstance(rows, list) or (isinstance(told, dict) and set(told) != {key}):
        raise ModelError(f"{place}: must hold one list under {key!r}")
    return place, rows


def _scenario(row: Any) -> Scenario:
    made: Scenario = settings(row, _KEYS, lambda name, levers, only: Scenario(name, **only, **levers))
    return made


def settings(row: Any, keys: Sequence[str], make: Callable[[str, dict[str, Any], dict[str, Any]], Any]) -> Any:
    """Return what `make` makes of a row's name, its levers, and the other keys that scenarios have."""
    if not isinstance(row, dict):
        raise ModelError(f"must have name and levers; got {row!r}")
    unknown = [str(key) for key in row if key not in keys]
    if unknown:
        raise ModelError(f"has no {', '.join(unknown)}; there are {', '.join(keys)}")
    name, levers = row.get("name"), row.get("levers")
    if not isinstance(name, str) or not name.strip():
        said = "" if name is None else f" in words, in quotes where it looks like a number; got {name!r}"
        raise ModelError(f"needs a name{said}")
    if not isinstance(levers, dict) or not levers or not all(isinstance(key, str) for key in levers):
        raise ModelError(f"{name!r} needs levers, such as {{flagged: 0.5}}")
    commas = [key for key, value in levers.items() if value is None and key.isdecimal()]
    if commas:
        raise ModelError(f"{name!r}: a number has a point, not a comma, before {commas[0]}, such as 0.5")
    only: dict[str, Any] = {}
    for key in ("incident_types", "services", "pools"):
        names = row.get(key) or []
        if not isinstance(names, list) or not all(isinstance(one, str) for one in names):
            raise ModelError(f"{key} of {name!r} must be a list of names")
        only[key] = names
    # Names of arguments that are no levers would be taken for those.
    wrong = [sentence for lever in levers if lever in (*keys, "self") for sentence in mistakes(lever, 0.0)]
    if wrong:
        raise ModelError("; ".join(wrong))
    try:
        if "ramp" in row:
            only["ramp"] = _ramp(row["ramp"])
        return make(name, levers, only)
    except ModelError as refusal:
        # Its place in the file names it already.
        raise ModelError(re.sub(rf"^(scenario|investment) {re.escape(repr(name))}: ", "", str(refusal))) from None


def _ramp(told: Any) -> Ramp:
    if not isinstance(told, dict) or not told:
        raise ModelError(f"ramp must hold {', '.join(_RAMP)}, such as {{months: 6}}; got {told!r}")
    unknown = [str(key) for key in told if key not in _RAMP]
    if unknown:
        raise ModelError(f"ramp has no {', '.join(unknown)}; there are {', '.join(_RAMP)}")
    return Ramp(**told)
