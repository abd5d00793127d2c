"""Datadog monitors (JSON, v2 wrapper or bare) → alert rules."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mttrlab.schema import UNKNOWN, AlertRule, Condition, Practices
from mttrlab.sources.practices.promql import failure_mode
from mttrlab.sources.practices.reading import duration_seconds
from mttrlab.yaml_io import FileFaults, Place, value_in_words

FLUSH_S, EVALUATION_S = 15.0, 60.0
"""The agent's flush interval and the pace of evaluations for windows up to a day."""


_QUERY = re.compile(r"^\s*(?P<how>\w+)\s*\(\s*last_(?P<window>[0-9]+(?:mo|[smhdw]))\s*\)\s*:", re.IGNORECASE)


_LAST = re.compile(r"\.last\(\s*[\"']?(?P<window>[0-9]+[smhdw]?)[\"']?\s*\)")


_CHANGED = re.compile(
    r"^\s*(?:pct_)?change\s*\(\s*\w+\s*\(\s*last_(?P<window>[0-9]+(?:mo|[smhdw]))\s*\)", re.IGNORECASE
)


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
    return Practices(alerts=tuple(rules), notes=tuple(notes))


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
    return AlertRule(
        name, tags[0] if tags else "", mode, query, held, condition.window_s, condition.threshold, EVALUATION_S,
        FLUSH_S, 0.0, late, severity, source=file, also=tags[1:], conditions=((condition,),), why=why,
    )  # fmt: skip


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
