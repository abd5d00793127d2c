"""One door for every file of telemetry: which format it has, by content and never by name, and its rows."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from pathlib import Path

from mttrlab.errors import LoadError
from mttrlab.sources.exports.columns import IDS
from mttrlab.sources.exports.reading import HEAD, Opened, fold, foot, head, header_of, open_file
from mttrlab.sources.telemetry import events, logs, metrics, traces
from mttrlab.sources.telemetry.reading import TIMES, Telemetry

_READERS: dict[str, Callable[[Opened, str | None], Telemetry]] = {
    "metrics": metrics.read_metrics,
    "prometheus": metrics.read_prometheus,
    "deployments": events.read_deployments,
    "alertmanager": events.read_alertmanager,
    "firings": events.read_firings,
    "logs": logs.read_logs,
    "otlp": traces.read_otlp,
}
_OTHER = {"prometheus": "metrics", "alertmanager": "firings", "otlp": "spans"}
FORMATS = tuple(_READERS)
"""What is read here."""
KINDS = {name: _OTHER.get(name, name) for name in FORMATS}
"""The table that each format fills."""

_KEY = re.compile(r'"((?:[^"\\]|\\.)*)"\s*:')
_MEASURED = {*metrics.ALIASES, *metrics.ALIASES.values()}


def recognise(path: str | Path) -> str | None:
    """Return the format of a file of telemetry, or None where it is none.

    Parameters
    ----------
    path : path
        Only its first 64 KiB are read.
    """
    try:
        content = head(path)
        if content[:4] == b"PAR1":
            end = foot(path).lower()
            return _table({name for name in _COLUMNS if name.encode() in end})
        encoding = "utf-16" if content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"
        return recognise_text(content.decode(encoding, errors="replace"))
    except LoadError:
        return None


def recognise_text(text: str) -> str | None:
    """Return the format of a text by its first keys or its header."""
    start = text[:HEAD].lstrip()
    if start[:1] not in ("{", "["):
        names = set(map(fold, header_of(start)[1]))
        found = _table(names)
        if found is None and "\n{" in start:
            # A log whose first line is a banner or a stack trace.
            return recognise_text(start[start.index("\n{") + 1 :])
        return found
    first = start.split("\n", 1)[0] if start[:1] == "{" else start
    keys = set(_KEY.findall(first))
    keys = keys if len(keys) > 1 or "\n" not in start else set(_KEY.findall(start))
    if "resourceSpans" in keys:
        return "otlp"
    if "resultType" in keys or ({"status", "errorType", "error"} <= keys and "event" not in keys):
        return "prometheus"
    if "startsAt" in keys and ({"labels", "annotations"} & keys):
        return "alertmanager"
    if keys & set(IDS) and keys & {"incident_updates", "urgency", "milestone"}:
        return None
    table = _table(set(map(fold, keys)))
    if table is not None:
        return table
    if keys & set(logs.EVENTS[:3]) and keys & set(logs.TIMES) and not keys & {"incident_id", "incident_number"}:
        return "logs"
    return None


_COLUMNS = {*TIMES, *events.DEPLOYED_TIMES, *events.VERSIONS, *_MEASURED, "service", "metric", "measure", "value",
            "alert", "alertname", "started_at", "starts_at", "status", "incident_id", "source_id", "event"}  # fmt: skip


def _table(names: set[str]) -> str | None:
    if names & {"incident_id", "source_id", "event"}:
        return None
    if names & {"alert", "alertname"} and names & {"started_at", "starts_at", "fired_at"}:
        return "firings"
    measured = names & _MEASURED or ("value" in names and names & set(metrics.LONG_NAMES))
    if measured and names & set(TIMES) and names & set(metrics.SERVICES):
        return "metrics"
    if names & set(events.DEPLOYED_TIMES) and names & {"service", "service_name", "app", "deployment"}:
        return "deployments" if names & set(events.VERSIONS) else None
    return None


def read_telemetry(
    path: str | Path, *, format: str | None = None, timezone: str | None = None, keep_people: bool = False
) -> Telemetry:
    """Return what a file of telemetry holds.

    Parameters
    ----------
    path : path
    format : str, optional
        One of FORMATS; default: recognised.
    timezone : str, optional
        IANA name of the zone of times that carry none; without it such a file is refused.
    keep_people : bool
        True: fields of logs that look like people or secrets are kept.

    Raises
    ------
    LoadError
        When the file as a whole cannot be read.
    """
    known = format or recognise(path)
    if known not in _READERS:
        raise LoadError(f"{Path(path).name} is no telemetry that we know; the formats are {', '.join(FORMATS)}")
    opened = open_file(path)
    if known == "logs":
        return logs.read_logs(opened, timezone, keep_people=keep_people)
    return _READERS[known](opened, timezone)
