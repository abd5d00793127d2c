"""One door for every file that says how a team watches, repairs and answers."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from mttrlab.errors import LoadError
from mttrlab.schema import Practices
from mttrlab.sources.practices import checkly, datadog, forms, manifests, own, upptime
from mttrlab.sources.practices.faults import Faults, shown
from mttrlab.sources.practices.opening import text_of
from mttrlab.sources.practices.prometheus import rule_groups, with_windows
from mttrlab.sources.practices.yaml_text import documents

SUFFIXES = (".yml", ".yaml", ".json", ".ts", ".js", ".mjs", ".tf")
_HEAD = 200_000
_FORMATS = tuple(
    (name, re.compile(rf"^[\"']?(?:{'|'.join(keys)})[\"']?\s*:", re.MULTILINE))
    for name, keys in (
        ("practices", sorted(forms.KEYS)),
        ("kubernetes manifest", ("apiVersion",)),
        ("prometheus rules", ("groups",)),
        ("blackbox exporter", ("modules",)),
        ("alertmanager", ("route",)),
        ("prometheus settings", ("global", "scrape_configs")),
        ("upptime", ("sites",)),
    )
)
"""Formats by a key at the left margin; the first that is found decides."""


def recognise(path: str | os.PathLike[str]) -> str | None:
    """Return the format of a file of practices, or None where it is none; the name alone decides nothing.

    Parameters
    ----------
    path : path
        Read no further than its beginning.
    """
    file = Path(path)
    if file.suffix.lower() not in SUFFIXES or not file.is_file():
        return None
    with file.open("rb") as opened:
        head = opened.read(_HEAD).decode("utf-8-sig", errors="replace")
    return _recognised(head, file.suffix.lower())


def _recognised(text: str, suffix: str) -> str | None:
    if suffix == ".json":
        monitor = re.search(r"\"query\"\s*:", text) and re.search(r"\"type\"\s*:", text)
        return "datadog monitors" if monitor and '"incidents"' not in text else None
    if suffix == ".tf":
        return "checkly terraform" if re.search(r"resource\s+\"checkly_", text) else None
    if suffix in (".ts", ".js", ".mjs"):
        return "checkly" if "checkly/constructs" in text or "checkly/lib" in text else None
    return next((name for name, pattern in _FORMATS if pattern.search(text)), None)


def read_practices(source: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]) -> Practices:
    """Return what files, or folders of files, say about a team's practices.

    Parameters
    ----------
    source : path or iterable of paths
        Of a folder, every file that is recognised is read, in the order of the names.

    Returns
    -------
    Practices
        Rules that recording rules stand behind know their windows, whatever the order of the files.

    Raises
    ------
    LoadError
        All faults of a file at once, with line and place.
    """
    several = [source] if isinstance(source, str | os.PathLike) else list(source)
    made = Practices()
    for path in map(Path, several):
        if path.is_dir():
            found = [file for file in sorted(path.rglob("*")) if recognise(file)]
            if not found:
                raise LoadError(f"{path} holds no file of practices ({', '.join(SUFFIXES)}); name the files themselves")
            for file in found:
                made += _read(text_of(file), file.relative_to(path).as_posix())
        else:
            made += _read(text_of(path), path.name)
    return with_windows(made)


def read_file(path: str | os.PathLike[str], name: str | None = None) -> tuple[str, Practices]:
    """Return what kind of file this is, and what it says alone.

    Parameters
    ----------
    path : path
    name : str, optional
        What it is called in sentences and sources, and where its suffix is read; default: its own name.

    Raises
    ------
    LoadError
        All faults of the file at once, with line and place.
    """
    file = Path(path)
    called = file.name if name is None else name
    text = text_of(file)
    return _recognised(text[:_HEAD], Path(called).suffix.lower()) or "practices", _read(text, called)


def _read(text: str, name: str) -> Practices:
    suffix = Path(name).suffix.lower()
    if suffix == ".tf":
        return checkly.terraform(text, name)
    if suffix in (".ts", ".js", ".mjs"):
        return checkly.typescript(text, name)
    if suffix == ".json":
        return _json(text, name)
    read = documents(text, name)
    if not read:
        raise LoadError(f"{name} holds nothing; a file of practices has a list such as monitors: or groups:")
    made = Practices()
    for n, document in enumerate(read):
        faults = Faults(name if len(read) == 1 else f"{name} (document {n + 1})", document.lines)
        made += _document(document.value, faults, name)
        faults.refuse()
    return made


def _json(text: str, name: str) -> Practices:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        twice = next((key for key in keys if keys.count(key) > 1), None)
        if twice is not None:
            raise LoadError(f"{name} says {twice[:60]!r} twice in one object; keep one")
        return dict(pairs)

    try:
        value = json.loads(text, object_pairs_hook=once)
    except json.JSONDecodeError as error:
        raise LoadError(f"{name}: line {error.lineno}: this is not JSON: {error.msg}") from None
    except RecursionError:
        raise LoadError(f"{name} nests too deeply for settings") from None
    if not datadog.is_monitor(value):
        raise LoadError(f"{name} is no Datadog monitor (it needs name, type and query); other JSON is not read here")
    faults = Faults(name)
    made = datadog.monitors(value, faults, name)
    faults.refuse()
    return made


def _document(value: Any, faults: Faults, name: str) -> Practices:
    if not isinstance(value, dict):
        faults.add((), f"must hold named lists, such as monitors: or groups:; got {shown(value)}")
        return Practices()
    keys = set(value)
    if "apiVersion" in keys or "kind" in keys:
        return manifests.manifest(value, faults, name)
    if "groups" in keys:
        faults.unknown_keys((), keys, ("groups", "namespace"))
        return rule_groups(value["groups"], ("groups",), faults, name)
    if keys & {"modules", "route", "scrape_configs", "global"}:
        return manifests.configuration(value, faults, name)
    if "sites" in keys:
        return upptime.sites(value, faults, name)
    return own.own_forms(value, faults, name)


def mapped(practices: Practices, *mappings: Any) -> Practices:
    """Return the practices with further words of the user on what its alerts watch.

    Parameters
    ----------
    practices : Practices
    *mappings : AlertMapping
        Later ones win.
    """
    return replace(practices, mappings=practices.mappings + mappings)
