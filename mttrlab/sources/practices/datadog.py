"""Datadog monitors (JSON, v2 wrapper or bare) → alert rules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from mttrlab.schema import UNKNOWN, WEEK_MINUTES, AlertRule, Condition, Practices, Route, WeekHours
from mttrlab.sources.practices.promql import client_errors, failure_mode
from mttrlab.sources.practices.reading import duration_seconds
from mttrlab.yaml_io import FileFaults, Place, value_in_words

FLUSH_S, EVALUATION_S = 15.0, 60.0
"""The agent's flush interval and the pace of evaluations for windows up to a day."""


_QUERY = re.compile(r"^\s*(?P<how>\w+)\s*\(\s*last_(?P<window>[0-9]+(?:mo|[smhdw]))\s*\)\s*:", re.IGNORECASE)


_LAST = re.compile(r"\.last\(\s*[\"']?(?P<window>[0-9]+[smhdw]?)[\"']?\s*\)")


_CHANGED = re.compile(
    r"^\s*(?:pct_)?change\s*\(\s*\w+\s*\(\s*last_(?P<window>[0-9]+(?:mo|[smhdw]))\s*\)", re.IGNORECASE
)


_SHIFTED = re.compile(r":\s*timeshift\((?:[^()]|\([^()]*\))*,\s*-(?P<back>[0-9]+)\s*\)\s*[<>=]")
"""All of the query looks at the past; beside an unshifted part, that part shows the fault."""


_BURNT = re.compile(r"\.long_window\(\s*[\"'](?P<window>[0-9]+[smhdw])[\"']")


_ELSEWHERE = {
    "composite": "it joins other monitors, and what it watches stands in those",
    "synthetics alert": "it stands for a synthetic test, whose steps are not in the monitor",
}
"""Kinds of monitor that do not say themselves what they watch."""


_COMPARED = re.compile(r"(?P<sign>>=|<=|==|>|<)\s*(?P<value>-?[0-9.]+(?:[eE][+-]?[0-9]+)?)\s*$")


def datadog_rules(value: list[object] | dict[str, object], faults: FileFaults, file: str) -> Practices:
    """Return the rules of one monitor or a list of them; what is wrong goes to `faults`."""
    several = value if isinstance(value, list) else value.get("monitors", [value])
    rules: list[AlertRule] = []
    notes: list[str] = []
    for n, wrapped in enumerate(several if isinstance(several, list) else [several]):
        place: Place = (n,) if isinstance(value, list) else ("monitors", n) if "monitors" in value else ()
        rule = _monitor(wrapped, place, faults, file, notes)
        if rule is not None:
            rules.append(rule)
    return Practices(alerts=tuple(rules), notes=(*notes, *_without_handle(rules, file)))


def is_monitor(value: object) -> bool:
    """Return whether a JSON value looks like Datadog monitors."""
    one = value[0] if isinstance(value, list) and value else value
    if not isinstance(one, dict):
        return False
    if isinstance(one.get("monitors"), list):
        return is_monitor(one["monitors"])
    inner = one.get("definition", one)
    return isinstance(inner, dict) and {"query", "type"} <= set(inner)


def _monitor(wrapped: object, place: Place, faults: FileFaults, file: str, notes: list[str]) -> AlertRule | None:
    if isinstance(wrapped, dict) and isinstance(wrapped.get("definition"), dict):
        monitor, place = wrapped["definition"], (*place, "definition")
    else:
        monitor = wrapped
    if not isinstance(wrapped, dict) or not isinstance(monitor, dict):
        faults.add(place, f"must be a monitor; got {value_in_words(monitor)}")
        return None
    template = monitor is not wrapped
    title = str(monitor.get("name", ""))[:80]
    options = monitor.get("options") or {}
    whole = options.get("silenced") if isinstance(options, dict) else None
    if isinstance(whole, dict) and "*" in whole and whole["*"] is None:
        notes.append(f"{file}: {title} is silenced until somebody ends that; left out")
        return None
    if monitor.get("draft_status") == "draft":
        notes.append(f"{file}: {title} is a draft, which notifies nobody; left out")
        return None
    before = len(faults.found)
    texts = {key: monitor.get(key) for key in ("name", "query", "type")}
    for key, text in texts.items():
        if not isinstance(text, str) or not text.strip():
            faults.add((*place, key), f"must be text; got {value_in_words(text)}")
    if not isinstance(options, dict):
        faults.add((*place, "options"), f"must be a mapping; got {value_in_words(options)}")
    if len(faults.found) > before:
        return None
    name, query, kind = str(texts["name"]), str(texts["query"]), str(texts["type"])
    late = _number(options.get("evaluation_delay"), (*place, "options", "evaluation_delay"), faults) or 0.0
    shifted = _SHIFTED.search(query)
    late += float(shifted["back"]) if shifted else 0.0
    condition = _condition(query, kind, options, place, faults)
    tags = _tags(monitor.get("tags"), query)
    words = " ".join(str(text or "") for text in (wrapped.get("description"), wrapped.get("title")))
    # "[External Secrets] Sync Errors": the product's name in brackets says nothing about the failure.
    mode, why = failure_mode(re.sub(r"^\s*\[[^\]]*\]\s*", "", name), query, {}, words)
    if kind == "service check" and mode == "unknown":
        mode, why = "availability", "it is a service check"
    if kind in _ELSEWHERE:
        mode, why = UNKNOWN, _ELSEWHERE[kind]
    elif "forecast(" in query:
        mode, why = UNKNOWN, "it is about something to come, not a failure"
    elif kind == "slo alert" and mode == UNKNOWN:
        why = "it follows an objective by its id; map it to say what that measures"
    if options.get("silenced"):
        notes.append(f"{file}: {name} is silenced in part; it is counted as if it were not")
    # A service check needs so many bad results in a row, one a minute.
    in_a_row = _LAST.search(query) if kind == "service check" else None
    held = (int(in_a_row["window"]) - 1) * EVALUATION_S if in_a_row and in_a_row["window"].isdigit() else 0.0
    severity = f"P{monitor['priority']}" if isinstance(monitor.get("priority"), int) else ""
    every, hours = _schedule(options.get("scheduling_options"), (*place, "options", "scheduling_options"), faults)
    return AlertRule(
        name, tags[0] if tags else "", mode, query, held, condition.window_s, condition.threshold, every, FLUSH_S, 0.0,
        late, severity, source=file, also=tags[1:],
        conditions=((condition, *(() if hours is None else (Condition(kind="hours", hours=hours),))),), why=why,
        manager="datadog", route=None if template else _told(monitor.get("message")),
    )  # fmt: skip


# Who is told: the handles of a message, some of them for certain states of the monitor only.


_LONGEST = 20_000
"""Characters of a message; Datadog's own are far shorter."""


_COMMENT = re.compile(r"\{\{!--.*?--\}\}|\{\{!.*?\}\}", re.DOTALL)


_TAG = re.compile(r"\{\{\s*(?P<sign>[#^/]|else\b)\s*(?P<word>\w*+)(?P<rest>[^}]*+)\}\}")


_HANDLE = re.compile(
    r"(?:^|(?<=[\s,;:(>*_}\]]))@(?!(?:here|channel|everyone)\b)(?P<who>(?:[A-Za-z]|\{\{[^}]*\}\})(?:[\w.+@/-]|\{\{[^}]*\}\})*+)(?!:\w)"
)


_ALERTING = ("is_alert", "is_warning_to_alert", "is_no_data_to_alert", "is_unknown_to_alert")


_OTHER_STATES = re.compile(r"is_(warning|recovery|no_data|unknown|renotify|ok|\w+_(recovery|to_warning|to_no_data))$")


def _told(message: object) -> Route | None:
    """Return the route of a monitor's message: its handles for an alert; without one it is silent."""
    if not isinstance(message, str):
        return None
    sure: list[str] = []
    depends: dict[str, str] = {}
    inside: list[tuple[str, str, str]] = []
    text, at = _COMMENT.sub("", message[:_LONGEST]), 0
    for tag in [*_TAG.finditer(text), None]:
        piece = text[at : tag.start() if tag else len(text)]
        for found in _HANDLE.finditer(piece):
            held = [_alerts(sign, word) for sign, word, _ in inside]
            who = "@" + found["who"].rstrip(".-_/")
            if "." in who and not re.search(r"-|.@|\{\{", who):
                continue  # @http.status_code is an attribute of logs
            if None in held and False not in held:
                depends[who] = " ".join("".join(one) for one in inside if _alerts(*one[:2]) is None)
            elif False not in held:
                sure.append(who)
        if tag is None:
            break
        at = tag.end()
        if tag["sign"] == "/":
            inside = inside[:-1]
        elif tag["sign"] == "else" and inside:
            sign, word, rest = inside[-1]
            inside[-1] = ("^" if sign == "#" else "#", word, rest)
        elif tag["sign"] != "else":
            inside.append((tag["sign"], tag["word"], tag["rest"].rstrip()))
    names = ", ".join(dict.fromkeys(sure or depends))
    unsure = () if sure else tuple(dict.fromkeys(depends.values()))
    return Route(names, group_wait_s=0.0, silent=not names, unsure=unsure)


def _alerts(sign: str, word: str) -> bool | None:
    """Whether a block is shown for an alert; None: it depends on more than the monitor's state."""
    if word in _ALERTING:
        return sign == "#"
    return sign == "^" if _OTHER_STATES.match(word) else None


# When it is evaluated, where that is not all the time: a recurrence as calendars write it.


_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def _schedule(options: object, place: Place, faults: FileFaults) -> tuple[float, WeekHours | None]:
    """Return the seconds between evaluations, and the hours in which there are any; None: at all times.

    Evaluations an hour apart or less make hours in which the monitor is on; further apart, it waits for the next one.
    """
    custom = options.get("custom_schedule") if isinstance(options, dict) else None
    rules = custom.get("recurrences") if isinstance(custom, dict) else None
    times: set[int] = set()
    zone = "UTC"
    for n, one in enumerate(rules if isinstance(rules, list) else []):
        at: Place = (*place, "custom_schedule", "recurrences", n)
        known = one if isinstance(one, dict) else {}
        parts = (part.split("=", 1) for part in re.split(r"[;\s]+", str(known.get("rrule", ""))) if "=" in part)
        try:
            zone = str(known.get("timezone") or "UTC")
            ZoneInfo(zone)
            times |= _recurring({key.upper().split(":")[-1]: text for key, text in parts}, str(known.get("start")))
        except (OSError, ValueError, ZoneInfoNotFoundError):
            faults.add(at, f"must have a rrule such as FREQ=DAILY;BYHOUR=9 and a time zone; got {value_in_words(one)}")
    if not times:
        return EVALUATION_S, None
    ordered = sorted(times)
    gaps = [later - sooner for sooner, later in pairwise([*ordered, ordered[0] + WEEK_MINUTES])]
    if min(gaps) > 60:
        return max(gaps) * 60.0, None
    on = np.zeros(WEEK_MINUTES)
    for begin, gap in zip(ordered, gaps, strict=True):
        on[(begin + np.arange(gap if gap <= 60 else min(gaps))) % WEEK_MINUTES] = 1
    hours = WeekHours.of_minutes(on, zone)
    return min(gaps) * 60.0, None if hours.always else hours


def _recurring(said: Mapping[str, str], start: str) -> set[int]:
    """Minutes of the week at which a recurrence falls."""
    begun = re.search(r"T([0-9]{2}):?([0-9]{2})", start)
    frequent = said.get("FREQ", "")
    step = int(said.get("INTERVAL", "1"))
    if frequent not in ("MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY") or step < 1:
        raise ValueError(frequent)
    days = [_DAYS.index(day[-2:]) for day in said["BYDAY"].split(",")] if "BYDAY" in said else list(range(7))
    hours = list(range(0, 24, step if frequent == "HOURLY" else 1))
    if "BYHOUR" in said or frequent not in ("MINUTELY", "HOURLY"):
        hours = [int(hour) for hour in said.get("BYHOUR", begun[1] if begun else "0").split(",")]
    minutes = list(range(0, 60, step))
    if "BYMINUTE" in said or frequent != "MINUTELY":
        minutes = [int(minute) for minute in said.get("BYMINUTE", begun[2] if begun else "0").split(",")]
    found = {day * 1440 + hour * 60 + minute for day in days for hour in hours for minute in minutes}
    if not all(0 <= one < WEEK_MINUTES for one in found):
        raise ValueError(start)
    return found


def _without_handle(rules: list[AlertRule], file: str) -> list[str]:
    silent = [rule.name for rule in rules if rule.route is not None and rule.route.silent]
    if not silent:
        return []
    named = ", ".join(silent[:5]) + (f" and {len(silent) - 5} more" if len(silent) > 5 else "")
    return [
        f"{file}: {len(silent)} of {len(rules)} monitors name no @-handle for an alert ({named}): taken as sent to "
        "nobody; a notification rule of Datadog may add one"
    ]


def _condition(query: str, kind: str, options: Mapping[str, object], place: Place, faults: FileFaults) -> Condition:
    compared = _COMPARED.search(query)
    threshold = float(compared["value"]) if compared else None
    limits = options.get("thresholds")
    if isinstance(limits, dict) and limits.get("critical") is not None:
        threshold = _number(limits["critical"], (*place, "options", "thresholds", "critical"), faults)
    if kind == "service check":
        return Condition(0.0, None)
    if kind in _ELSEWHERE or kind == "slo alert":
        long = _BURNT.search(query)
        return Condition(_window(long["window"]) if long else 0.0, threshold, "opaque")
    said = _QUERY.match(query) or _LAST.search(query) or _CHANGED.match(query)
    window = _window(said["window"]) if said else 0.0
    aggregated = _QUERY.match(query)
    how = aggregated["how"].lower() if aggregated else "count"
    if window == 0:
        return Condition(0.0, threshold)
    if "anomalies(" in query or "outliers(" in query or "forecast(" in query:
        trigger = re.search(r"alert_window='last_([0-9]+[smhdw])'", query)
        share = threshold is not None and 0 < threshold <= 1
        return Condition(_window(trigger[1]) if trigger else window, threshold, "share" if share else "opaque")
    above = not compared or compared["sign"] in (">", ">=")
    if above and client_errors(query):
        return Condition(window, threshold, "clients")
    if how == "last":
        return Condition(0.0, threshold)
    if how == ("min" if above else "max"):
        return Condition(window, threshold, "all")
    if how == ("max" if above else "min") or (how in ("sum", "count") and above and threshold == 0):
        return Condition(window, threshold, "any")
    percent = "* 100" in query or "*100" in query
    level = threshold / 100 if percent and threshold is not None else threshold
    if "/" in query and level is not None and 0 < level < 1:
        return Condition(window, level, "share" if above else "good")
    return Condition(window, level, "opaque")


def _window(text: str) -> float:
    return 30 * 86_400.0 if text.endswith("mo") else duration_seconds(text if not text.isdigit() else f"{text}s")


def _tags(tags: object, query: str) -> tuple[str, ...]:
    found = [str(tag) for tag in tags] if isinstance(tags, list) else []
    for key in ("service", "integration"):
        named = [tag.split(":", 1)[1] for tag in found if tag.startswith(f"{key}:")]
        named += re.findall(rf"\b{key}:([\w./-]+)", query)
        if named:
            return tuple(dict.fromkeys(named))
    return ()


def _number(value: object, place: Place, faults: FileFaults) -> float | None:
    if value is None:
        return None
    # Exports write some numbers as text ("renotify_interval": "0").
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        faults.add(place, f"must be a number; got {value_in_words(value)}")
        return None
    return float(value)
