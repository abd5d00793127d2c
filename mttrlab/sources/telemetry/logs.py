"""Structured logs as JSON lines, as structlog writes them: event, level, timestamp, service, any keys."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import TypedDict

from mttrlab.sources.exports.reading import Opened, decode
from mttrlab.sources.privacy import is_personal, scrub_line
from mttrlab.sources.telemetry.reading import (
    Collector,
    JunkError,
    Telemetry,
    instant_of,
    json_documents,
    short,
    word_of,
)

EVENTS = ("event", "message", "msg", "body")
TIMES = ("timestamp", "time", "ts", "@timestamp", "asctime", "datetime")
LEVELS = ("level", "severity", "levelname", "log_level", "lvl")
SERVICES = ("service", "service.name", "service_name", "app", "application")
TRACES = ("trace_id", "traceId", "trace.id", "traceid")
_WORDS = {"warn": "warning", "fatal": "critical", "err": "error", "exception": "error", "notice": "info",
          "trace": "debug", "emerg": "critical", "alert": "critical", "crit": "critical"}  # fmt: skip
_NUMBERS = ((50, "critical"), (40, "error"), (30, "warning"), (20, "info"), (0, "debug"))
_LONGEST = 500


class LogLine(TypedDict):
    """A line of a log on its way to the table."""

    at: int
    service: str | None
    level: str | None
    event: str
    trace_id: str | None
    fields: str | None
    hash: str
    """Of the line as it stands in the file."""


def read_logs(opened: Opened, timezone: str | None, *, keep_people: bool = False) -> Telemetry:
    """Return the lines of a structured log.

    Parameters
    ----------
    opened : Opened
    timezone : str or None
    keep_people : bool
        True: fields that look like people or secrets are kept as written.
    """
    into = Collector(opened, timezone)
    left_out: Counter[str] = Counter()
    seen: set[str] = set()
    lines: list[LogLine] = []
    raw: list[dict[str, object]] = []
    for row, said in json_documents(decode(opened.content, opened.name), opened.name):
        into.records += 1
        if isinstance(said, JunkError):
            into.refuse(row, "", "", str(said))
            continue
        if not isinstance(said, dict):
            into.refuse(row, "", said, "is no object")
            continue
        spelled = hashlib.sha256(json.dumps(said, sort_keys=True).encode(errors="replace")).hexdigest()[:20]
        if spelled in seen:
            into.duplicates += 1
            continue
        made = _line(said, spelled, row, into, left_out, keep_people)
        if made is not None:
            seen.add(spelled)
            lines.append(made)
            raw.append(said)
    _name_services(lines, raw, into)
    into.made.extend(lines)
    if left_out:
        names = ", ".join(f"{short(name)} ({count:,})" for name, count in left_out.most_common(8))
        more = f" and {len(left_out) - 8} more" if len(left_out) > 8 else ""
        into.notes.append(f"left out, as they look like people or secrets: {names}{more}; keep_people=True keeps them")
    return into.result("logs", "logs")


def _first(said: dict[str, object], names: tuple[str, ...]) -> tuple[str, object]:
    return next(((name, said[name]) for name in names if said.get(name) is not None), ("", None))


def _line(
    said: dict[str, object], digest: str, row: int, into: Collector, left_out: Counter[str], keep_people: bool
) -> LogLine | None:
    time_key, _ = _first(said, TIMES)
    at = instant_of(said, row, into, (time_key,) if time_key else TIMES)
    if at is None:
        return None
    event_key, event = _first(said, EVENTS)
    if word_of(event) is None:
        into.refuse(row, event_key or "event", event, "is empty: the line says nothing")
        return None
    level_key, level = _first(said, LEVELS)
    service_key, service = _first(said, SERVICES)
    trace_key, trace = _first(said, TRACES)
    rest: dict[str, object] = {}
    for key, value in said.items():
        if key in (time_key, event_key, level_key, service_key, trace_key):
            continue
        if not keep_people and is_personal(key):
            left_out[key] += 1
        else:
            rest[key] = value if keep_people else _clean(value, left_out)
    words = str(event).strip()[:_LONGEST]
    return {
        "at": at,
        "service": word_of(service),
        "level": _level(level),
        "event": words if keep_people else scrub_line(words),
        "trace_id": word_of(trace),
        "fields": json.dumps(rest, sort_keys=True, ensure_ascii=True) if rest else None,
        "hash": digest,
    }


def _clean(value: object, left_out: Counter[str]) -> object:
    if isinstance(value, str):
        return scrub_line(value[:_LONGEST])
    if isinstance(value, dict):
        for key in filter(is_personal, value):
            left_out[key] += 1
        return {key: _clean(inner, left_out) for key, inner in value.items() if not is_personal(key)}
    return [_clean(inner, left_out) for inner in value] if isinstance(value, list) else value


def _level(value: object) -> str | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return next((word for least, word in _NUMBERS if value >= least), None)
    word = word_of(value)
    return None if word is None else _WORDS.get(word.lower(), word.lower())[:20]


def _name_services(lines: list[LogLine], raw: list[dict[str, object]], into: Collector) -> None:
    """Name the service of lines that do not, by another line that shares an id with them; else the file's only one."""
    nameless = [n for n, made in enumerate(lines) if made["service"] is None]
    if not nameless:
        return
    told: dict[tuple[str, str], set[str]] = {}
    for made, said in zip(lines, raw, strict=True):
        if made["service"] is not None:
            for mark in _marks(said):
                told.setdefault(mark, set()).add(made["service"])
    only = {made["service"] for made in lines if made["service"] is not None}
    shared = lone = 0
    for n in nameless:
        found = set().union(*(told.get(mark, set()) for mark in _marks(raw[n])))
        if len(found) == 1:
            lines[n]["service"] = found.pop()
            shared += 1
        elif not found and len(only) == 1:
            lines[n]["service"] = next(iter(only))
            lone += 1
    if shared:
        into.notes.append(f"{shared:,} lines name no service; another line with the same id does, and stands for them")
    if lone:
        into.notes.append(
            f"{lone:,} lines name no service; the file names only {short(next(iter(only)))}, and they count as its"
        )
    rest = len(nameless) - shared - lone
    if rest:
        into.notes.append(f"{rest:,} lines name no service and are kept under none")


def _marks(said: dict[str, object]) -> list[tuple[str, str]]:
    """Return what tells one piece of work from another: its ids, but not whose it was."""
    return [
        (key, str(value))
        for key, value in said.items()
        if key.lower().endswith("id") and not is_personal(key) and isinstance(value, str | int) and str(value).strip()
    ]
