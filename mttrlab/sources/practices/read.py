"""One door for every file that says how a team watches, repairs and answers."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from mttrlab.errors import LoadError
from mttrlab.schema import Practices
from mttrlab.sources.practices import checkly, datadog, grafana, own, prometheus, upptime
from mttrlab.sources.practices.prometheus import rule_groups, with_windows
from mttrlab.sources.practices.reading import text_of
from mttrlab.yaml_io import FileFaults, Place, documents, value_in_words

SUFFIXES = (".yml", ".yaml", ".json", ".ts", ".js", ".mjs", ".tf")
_CODE = (".tf", ".ts", ".js", ".mjs")
_HEAD = 200_000
_FORMATS = tuple(
    (name, re.compile(rf"^[\"']?(?:{'|'.join(keys)})[\"']?\s*:", re.MULTILINE))
    for name, keys in (
        ("practices", sorted(own.KEYS)),
        ("kubernetes manifest", ("apiVersion",)),
        ("prometheus rules", ("groups",)),
        ("blackbox exporter", ("modules",)),
        ("alertmanager", ("route",)),
        ("prometheus settings", ("global", "scrape_configs")),
        ("upptime", ("sites",)),
    )
)
"""Formats by a key at the left margin; the first that is found decides."""
_GRAFANA = re.compile(rf"(^|\")({'|'.join(grafana.PARTS)})\"?\s*:", re.MULTILINE)
"""Parts of Grafana's alerting, in a file whose apiVersion is 1."""
_INSIDE = re.compile(r"^[ \t]+(?:-[ \t]+)?alert[ \t]*:.*\n(?:.*\n){0,8}?[ \t]+expr[ \t]*:", re.MULTILINE)
"""Rules inside a file of another form, such as a chart's values."""


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
        if re.search(r"\"apiVersion\"\s*:\s*1\b", text) and _GRAFANA.search(text):
            return "grafana alerts"
        return "datadog monitors" if monitor and '"incidents"' not in text else None
    if suffix == ".tf":
        return "checkly terraform" if re.search(r"resource\s+\"checkly_", text) else None
    if suffix in (".ts", ".js", ".mjs"):
        return "checkly" if "checkly/constructs" in text or "checkly/lib" in text else None
    if re.search(r"^apiVersion:\s*1\s*$", text, re.MULTILINE) and _GRAFANA.search(text):
        return "grafana alerts"
    named = next((name for name, pattern in _FORMATS if pattern.search(text)), None)
    return named or ("prometheus rules" if _INSIDE.search(text) else None)


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
    if suffix in _CODE and _recognised(text, suffix) is None:
        raise LoadError(
            f"{name} has no Checkly check, which is all that is read from Terraform and TypeScript; export the "
            "monitors (Datadog: as JSON), or write them as alerts: in YAML"
        )
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
        faults = FileFaults(name if len(read) == 1 else f"{name} (document {n + 1})", document.lines)
        made += _document(document.value, faults, name)
        faults.refuse()
    return made


def _json(text: str, name: str) -> Practices:
    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
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
    if isinstance(value, dict) and grafana.is_provisioning(value):
        faults = FileFaults(name)
        read = grafana.provisioned(value, faults, name)
        faults.refuse()
        return read
    if not datadog.is_monitor(value):
        raise LoadError(f"{name} is no Datadog monitor (it needs name, type and query); other JSON is not read here")
    faults = FileFaults(name)
    made = datadog.datadog_rules(value, faults, name)
    faults.refuse()
    return made


def _document(value: object, faults: FileFaults, name: str) -> Practices:
    if not isinstance(value, dict):
        faults.add((), f"must hold named lists, such as monitors: or groups:; got {value_in_words(value)}")
        return Practices()
    keys = set(value)
    if grafana.is_provisioning(value):
        return grafana.provisioned(value, faults, name)
    if "apiVersion" in keys or "kind" in keys:
        return prometheus.manifest(value, faults, name)
    if "groups" in keys:
        # Names with x- are where people keep what they anchor.
        faults.unknown_keys((), [key for key in keys if not key.startswith("x-")], ("groups", "namespace"))
        return rule_groups(value["groups"], ("groups",), faults, name)
    if keys & {"modules", "route", "scrape_configs", "global"}:
        return prometheus.configuration(value, faults, name)
    if "sites" in keys:
        return upptime.sites(value, faults, name)
    if keys & own.KEYS:
        return own.own_forms(value, faults, name)
    inside = list(nested_groups(value))
    if not inside:
        faults.add((), _foreign(value))
    return sum((rule_groups(groups, place, faults, name) for place, groups in inside), Practices())


def nested_groups(value: object, place: Place = (), depth: int = 6) -> Iterator[tuple[Place, object]]:
    """Return where groups of rules stand inside a file of another form: a chart's values, a ruler's namespaces."""
    for key, inner in value.items() if isinstance(value, dict) else ():
        at = (*place, key)
        if isinstance(inner, list) and inner and all(isinstance(one, dict) and "rules" in one for one in inner):
            yield at, inner
        elif depth > 1:
            yield from nested_groups(inner, at, depth - 1)


def _foreign(value: dict[str, object]) -> str:
    if "rules" in value:
        return "has rules outside a group; write groups: with a name and the rules below it"
    if "slos" in value or str(value.get("kind", "")) == "PrometheusServiceLevel":
        return "describes objectives and no rules; let its generator (such as sloth) write the rules, and load those"
    names = ", ".join(sorted(map(str, value))[:5])
    return f"says {names[:100]}, which is nothing of practices; a file of ours has one of {', '.join(sorted(own.KEYS))}"
