"""The routes of an Alertmanager configuration: who is told, and how long the first notification waits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from mttrlab.schema import Matcher, MonitoringSettings, Practices, Route
from mttrlab.sources.practices.reading import said_seconds
from mttrlab.yaml_io import FileFaults, Place, value_in_words

_MATCHER = re.compile(
    r"\s*(?P<quote>\"?)(?P<label>[^\s\"=!~,{}]+)(?P=quote)\s*(?P<operator>=~|!~|!=|=)\s*"
    r"(?P<value>\"(?:[^\"\\]|\\.)*\"|[^\",{}]*?)\s*(?:,|$)"
)
_TIMED = ("mute_time_intervals", "active_time_intervals")
_ROOT = Route()


def routed(value: Mapping[str, object], faults: FileFaults, file: str, place: Place) -> Practices:
    """Return what the routes of a configuration say; what is wrong goes to `faults`.

    Parameters
    ----------
    value : mapping
        The configuration, with `route` and `receivers`. Of the receivers only the names are kept, and whether they
        notify anybody at all.
    """
    at = (*place, "route")
    if not isinstance(value["route"], dict):
        faults.add(at, f"must be a mapping; got {value_in_words(value['route'])}")
        return Practices()
    silent, notes = _silent(value.get("receivers"), file)
    root = _route(value["route"], at, faults, _ROOT, silent)
    below = list(_below(root))
    if below:
        waits = sorted({route.group_wait_s for route in (root, *below)})
        span = f"{waits[0]:g} s" if len(waits) == 1 else f"{waits[0]:g} to {waits[-1]:g} s"
        counted = "1 route" if len(below) == 1 else f"{len(below)} routes"
        notes.append(f"{file}: {counted} below the first, waiting {span}; each alert goes the way its labels say")
    if any(route.get(key) for route in _written(value["route"]) for key in _TIMED):
        notes.append(f"{file}: some routes are muted at certain times; delays are those of the other times")
    settings = MonitoringSettings(group_wait_s=root.group_wait_s, routing=root, source=file)
    return Practices(settings=settings, notes=tuple(notes))


def _silent(receivers: object, file: str) -> tuple[set[str], list[str]]:
    """Return the receivers that notify nobody; where none notifies, the file is a template and says nothing of it."""
    named = {
        str(one["name"]): any(key.lower().endswith("configs") and each for key, each in one.items())
        for one in (receivers if isinstance(receivers, list) else [])
        if isinstance(one, dict) and "name" in one
    }
    if named and not any(named.values()):
        return set(), [f"{file}: none of its {len(named)} receivers notifies anybody; taken as if each of them did"]
    return {name for name, notifies in named.items() if not notifies}, []


def _route(value: Mapping[str, object], place: Place, faults: FileFaults, above: Route, silent: set[str]) -> Route:
    receiver = str(value["receiver"]) if isinstance(value.get("receiver"), str | int) else above.receiver
    wait = said_seconds(value, "group_wait", place, faults)
    interval = said_seconds(value, "group_interval", place, faults)
    repeat = said_seconds(value, "repeat_interval", place, faults)
    own = replace(
        _ROOT,
        receiver=receiver,
        goes_on=value.get("continue") is True,
        silent=receiver in silent,
        group_wait_s=above.group_wait_s if wait is None else wait,
        group_interval_s=above.group_interval_s if interval is None else interval,
        repeat_s=above.repeat_s if repeat is None else repeat,
    )
    children = value.get("routes")
    if children is not None and not isinstance(children, list):
        faults.add((*place, "routes"), f"must be a list; got {value_in_words(children)}")
        children = None
    found = []
    for n, child in enumerate(children or []):
        at = (*place, "routes", n)
        if isinstance(child, dict):
            found.append(_route(child, at, faults, own, silent))
        else:
            faults.add(at, f"must be a mapping; got {value_in_words(child)}")
    return replace(own, matchers=tuple(_matchers(value, place, faults)), routes=tuple(found))


def _matchers(value: Mapping[str, object], place: Place, faults: FileFaults) -> Iterator[Matcher]:
    for key, operator in (("match", "="), ("match_re", "=~")):
        held = value.get(key)
        if held is not None and not isinstance(held, dict):
            faults.add((*place, key), f"must be a mapping of labels; got {value_in_words(held)}")
            continue
        for label, said in (held or {}).items():
            yield Matcher(str(label), operator, _word(said))
    listed = value.get("matchers")
    if listed is None:
        return
    if not isinstance(listed, list):
        faults.add((*place, "matchers"), f'must be a list such as [severity="page"]; got {value_in_words(listed)}')
        return
    for n, one in enumerate(listed):
        if not isinstance(one, str):
            faults.add((*place, "matchers", n), f'must be text such as severity="page"; got {value_in_words(one)}')
            continue
        yield from _written_out(one, (*place, "matchers", n), faults)


def _written_out(text: str, place: Place, faults: FileFaults) -> Iterator[Matcher]:
    bare = text.strip()
    bare = bare[1:-1].strip() if bare.startswith("{") and bare.endswith("}") else bare
    at = 0
    while at < len(bare):
        found = _MATCHER.match(bare, at)
        if found is None:
            faults.add(place, f'is no matcher such as severity="page" or team=~"a|b"; got {value_in_words(text)}')
            return
        said = found["value"]
        if said.startswith('"'):
            said = re.sub(r"\\(.)", lambda escaped: "\n" if escaped[1] == "n" else escaped[1], said[1:-1])
        yield Matcher(found["label"], found["operator"], said)
        at = found.end()


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


def _below(route: Route) -> Iterator[Route]:
    for child in route.routes:
        yield child
        yield from _below(child)


def _written(route: object) -> Iterator[Mapping[str, object]]:
    if isinstance(route, dict):
        yield route
        for child in route["routes"] if isinstance(route.get("routes"), list) else ():
            yield from _written(child)
