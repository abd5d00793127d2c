"""Scenarios as people write them down: YAML, checked whole before anything runs."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from mttrlab.errors import LoadError, ModelError
from mttrlab.response.ramp import Ramp
from mttrlab.response.scenario import Scenario
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
    told = found[0].value if len(found) == 1 else None
    rows = told.get("scenarios") if isinstance(told, dict) else None
    if not isinstance(rows, list) or (isinstance(told, dict) and set(told) != {"scenarios"}):
        raise ModelError(f"{place}: must hold one list under 'scenarios'")
    made: list[Scenario] = []
    wrong: list[str] = []
    for number, row in enumerate(rows, start=1):
        try:
            made.append(_scenario(row))
        except ModelError as error:
            wrong.append(f"scenario {number}: {error}")
    names = [scenario.name for scenario in made]
    wrong += [f"name {name!r} is given {names.count(name)} times" for name in dict.fromkeys(names)
              if names.count(name) > 1]  # fmt: skip
    if wrong:
        raise ModelError(f"{place}: {'; '.join(wrong)}")
    return made


def _scenario(row: Any) -> Scenario:
    if not isinstance(row, dict):
        raise ModelError(f"must have name and levers; got {row!r}")
    unknown = [str(key) for key in row if key not in _KEYS]
    if unknown:
        raise ModelError(f"has no {', '.join(unknown)}; there are {', '.join(_KEYS)}")
    if not isinstance(row.get("name"), str) or not row["name"].strip():
        raise ModelError("needs a name")
    levers = row.get("levers")
    if not isinstance(levers, dict) or not levers or not all(isinstance(key, str) for key in levers):
        raise ModelError(f"{row['name']!r} needs levers, such as {{flagged: 0.5}}")
    only: dict[str, Any] = {}
    for key in ("incident_types", "services", "pools"):
        names = row.get(key) or []
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ModelError(f"{key} of {row['name']!r} must be a list of names")
        only[key] = names
    try:
        if "ramp" in row:
            only["ramp"] = _ramp(row["ramp"])
        return Scenario(row["name"], **only, **levers)
    except ModelError as refusal:
        # Its place in the file names it already.
        raise ModelError(str(refusal).removeprefix(f"scenario {row['name']!r}: ")) from None


def _ramp(told: Any) -> Ramp:
    if not isinstance(told, dict) or not told:
        raise ModelError(f"ramp must hold {', '.join(_RAMP)}, such as {{months: 6}}; got {told!r}")
    unknown = [str(key) for key in told if key not in _RAMP]
    if unknown:
        raise ModelError(f"ramp has no {', '.join(unknown)}; there are {', '.join(_RAMP)}")
    return Ramp(**told)
