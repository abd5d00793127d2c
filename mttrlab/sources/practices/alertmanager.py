"""The routes of an Alertmanager configuration: who is told, and how long the first notification waits."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from mttrlab.schema import ALL_WEEK, MONDAY, Matcher, MonitoringSettings, Practices, Route, WeekHours, either
from mttrlab.sources.practices.reading import said_seconds
from mttrlab.yaml_io import FileFaults, Place, value_in_words

_MATCHER = re.compile(
    r"\s*(?P<quote>\"?)(?P<label>[^\s\"=!~,{}]+)(?P=quote)\s*(?P<operator>=~|!~|!=|=)\s*"
    r"(?P<value>\"(?:[^\"\\]|\\.)*\"|[^\",{}]*?)\s*(?:,|$)"
)
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
    silent, notes = silent_receivers(value.get("receivers"), file)
    root = route_of(value["route"], at, faults, silent)
    every = list(root.walk())
    under = every[1:]
    if under:
        waits = sorted({route.group_wait_s for route in every})
        span = f"{waits[0]:g} s" if len(waits) == 1 else f"{waits[0]:g} to {waits[-1]:g} s"
        counted = "1 route" if len(under) == 1 else f"{len(under)} routes"
        notes.append(f"{file}: {counted} below the first, waiting {span}; each alert goes the way its labels say")
    if any(route.active or route.muted for route in every):
        notes.append(f"{file}: some routes notify at certain times only; coverage and its routes say when")
    timed = [
        one
        for key in ("time_intervals", "mute_time_intervals")
        for one in time_intervals(value.get(key), (*place, key), faults, notes, file)
    ]
    settings = MonitoringSettings(
        group_wait_s=root.group_wait_s, routing=root, time_intervals=tuple(timed), source=file
    )
    return Practices(settings=settings, notes=tuple(notes))


def silent_receivers(receivers: object, file: str) -> tuple[set[str], list[str]]:
    """Return the receivers that notify nobody; where none notifies, the file is a template and says nothing of it."""
    named = {
        str(one["name"]): any(key.lower().endswith("configs") and each for key, each in one.items())
        for one in (receivers if isinstance(receivers, list) else [])
        if isinstance(one, dict) and "name" in one
    }
    if named and not any(named.values()):
        return set(), [f"{file}: none of its {len(named)} receivers notifies anybody; taken as if each of them did"]
    return {name for name, notifies in named.items() if not notifies}, []


def route_of(
    value: Mapping[str, object], place: Place, faults: FileFaults, silent: set[str], above: Route = _ROOT
) -> Route:
    """Return a route and those below it; what is wrong goes to `faults`, and `silent` receivers notify nobody."""
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
            found.append(route_of(child, at, faults, silent, own))
        else:
            faults.add(at, f"must be a mapping; got {value_in_words(child)}")
    return replace(
        own, matchers=tuple(_matchers(value, place, faults)), routes=tuple(found),
        active=_names(value, "active_time_intervals", place, faults),
        muted=_names(value, "mute_time_intervals", place, faults),
    )  # fmt: skip


def _names(value: Mapping[str, object], key: str, place: Place, faults: FileFaults) -> tuple[str, ...]:
    held = value.get(key) or []
    if not isinstance(held, list) or not all(isinstance(one, str) for one in held):
        faults.add((*place, key), f"must be a list of names of time intervals; got {value_in_words(held)}")
        return ()
    return tuple(held)


def _matchers(value: Mapping[str, object], place: Place, faults: FileFaults) -> Iterator[Matcher]:
    for key, operator in (("match", "="), ("match_re", "=~")):
        held = value.get(key)
        if held is not None and not isinstance(held, dict):
            faults.add((*place, key), f"must be a mapping of labels; got {value_in_words(held)}")
            continue
        for label, said in (held or {}).items():
            yield Matcher(str(label), operator, _word(said))
    # Grafana's own spelling: [[label, operator, value]].
    for n, one in enumerate(_list(value.get("object_matchers"), (*place, "object_matchers"), faults)):
        if isinstance(one, list) and len(one) == 3 and one[1] in ("=", "!=", "=~", "!~"):
            yield Matcher(str(one[0]), one[1], _word(one[2]))
        else:
            said = value_in_words(one)
            faults.add((*place, "object_matchers", n), f"must be a label, an operator and a value; got {said}")
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


def _list(value: object, place: Place, faults: FileFaults) -> list[object]:
    if value is None or isinstance(value, list):
        return value or []
    faults.add(place, f"must be a list; got {value_in_words(value)}")
    return []


# Time intervals: the hours of the week, and the days of the year, in which a route notifies or is mute.


_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_TIME = re.compile(r"([01]?[0-9]|2[0-4]):([0-5][0-9])")


def time_intervals(
    value: object, place: Place, faults: FileFaults, notes: list[str], file: str
) -> Iterator[tuple[str, WeekHours]]:
    """Yield the named time intervals of a list; what is wrong goes to `faults`.

    Parameters
    ----------
    value : object
        As the Alertmanager and Grafana write them: `name`, and `time_intervals` with `times`, `weekdays`,
        `days_of_month`, `months`, `years` and `location`.
    notes : list of str
        Single years are no rule for every week, and a note says that they are left out.
    """
    for n, named in enumerate(_list(value, place, faults)):
        at = (*place, n)
        if not isinstance(named, dict) or not isinstance(named.get("name"), str):
            faults.add(at, f"must be a time interval with a name; got {value_in_words(named)}")
            continue
        parts = _list(named.get("time_intervals"), (*at, "time_intervals"), faults)
        once = [part for part in parts if isinstance(part, dict) and part.get("years")]
        if once:
            notes.append(f"{file}: {named['name']}: what is for certain years only is left out")
        made = [_interval(part, (*at, "time_intervals", m), faults) for m, part in enumerate(parts) if part not in once]
        on = either(made) if made else WeekHours()
        yield named["name"], ALL_WEEK if on is None else on


def _interval(part: object, place: Place, faults: FileFaults) -> WeekHours:
    if not isinstance(part, dict):
        faults.add(place, f"must be a mapping such as weekdays: and times:; got {value_in_words(part)}")
        return WeekHours()
    faults.unknown_keys(place, part, ("times", "weekdays", "days_of_month", "months", "years", "location"))
    zone = str(part.get("location") or "UTC")
    try:
        ZoneInfo(zone)
    except (OSError, ValueError, ZoneInfoNotFoundError):
        if zone != "Local":
            faults.add((*place, "location"), f"must be a time zone such as Europe/Lisbon; got {value_in_words(zone)}")
        zone = "UTC"
    day = np.zeros(1440) if part.get("times") else np.ones(1440)
    for n, one in enumerate(_list(part.get("times"), (*place, "times"), faults)):
        said = [one.get(key) for key in ("start_time", "end_time")] if isinstance(one, dict) else []
        # YAML reads 17:00 without quotes as the number 1020.
        texts = [f"{end // 60}:{end % 60:02d}" if isinstance(end, int) else str(end) for end in said]
        found = [_TIME.fullmatch(text) for text in texts]
        begin, end = ([int(time[1]) * 60 + int(time[2]) if time else -1 for time in found] + [-1, -1])[:2]
        if 0 <= begin < end <= 1440:
            day[begin:end] = 1
        else:
            faults.add((*place, "times", n), "must have a start_time before its end_time, such as '09:00' and '17:00'")
    days = _ranges(part, "weekdays", _WEEKDAYS, 0, place, faults)
    dates = _ranges(part, "days_of_month", (), 31, place, faults)
    months = _ranges(part, "months", _MONTHS, 12, place, faults)
    year = [MONDAY + timedelta(days=n) for n in range(364)]
    last = [monthrange(at.year, at.month)[1] for at in year]
    share = np.mean(
        [
            (not dates or at.day in dates or at.day - length - 1 in dates) and (not months or at.month in months)
            for at, length in zip(year, last, strict=True)
        ]
    )
    week = np.concatenate([day if not days or n in days else np.zeros(1440) for n in range(7)])
    return WeekHours.of_minutes(week * share, zone)


def _ranges(
    part: Mapping[str, object], key: str, words: tuple[str, ...], most: int, place: Place, faults: FileFaults
) -> set[int]:
    """Return the numbers in ranges such as `monday:friday`, `1:5` or `-3:-1`; weekdays from 0, the rest from 1."""
    found: set[int] = set()
    first = 1 if most else 0
    for n, one in enumerate(_list(part.get(key), (*place, key), faults)):
        ends = [text.strip().lower() for text in str(one).split(":")]
        plain = [int(end) if most and re.fullmatch(r"-?[0-9]{1,2}", end) else 99 for end in ends]
        at = [words.index(end) + first if end in words else n for end, n in zip(ends, plain, strict=True)]
        low, high = at[0], at[-1]
        if key == "weekdays" and low > high:
            high += 7
        elif key == "days_of_month" and low > 0 > high:
            high += most + 1
        wrong = len(ends) > 2 or low > high or first - 1 in at or not all(-31 <= end <= (most or 6) for end in at)
        if wrong:
            example = {"weekdays": "monday:friday", "months": "january:march"}.get(key, "1:5")
            faults.add((*place, key, n), f"must be a range such as {example}; got {value_in_words(one)}")
        else:
            found |= {day % 7 if key == "weekdays" else day for day in range(low, high + 1)}
    return found
