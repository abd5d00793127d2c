"""What happened at one moment: deployments, and alert firings from Alertmanager or a table."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TypedDict

from mttrlab.sources.exports.reading import Opened, decode
from mttrlab.sources.privacy import scrub_line
from mttrlab.sources.telemetry.reading import (
    Collector,
    JunkError,
    Telemetry,
    first_of,
    instant_of,
    json_documents,
    needed,
    records_of,
    word_of,
)

DEPLOYED_TIMES = ("time", "at", "deployed_at", "finished_at", "completed_at", "timestamp", "created_at")


DEPLOYED_SERVICES = ("service", "service_name", "app", "application", "deployment")


VERSIONS = ("version", "revision", "tag", "image", "release", "sha", "commit")


STATUSES = ("status", "state", "result")


CHANGES = ("change_id", "change", "deployment_id", "pr", "pull_request")


def read_deployments(opened: Opened, timezone: str | None) -> Telemetry:
    """Return the deployments of a table (CSV, JSON, JSON lines, Parquet)."""
    into = Collector(opened, timezone)
    known: dict[tuple, dict] = {}
    for row, said in records_of(opened, into):
        at = instant_of(said, row, into, DEPLOYED_TIMES)
        service = needed(into, row, said, DEPLOYED_SERVICES) if at is not None else None
        if at is None or service is None:
            continue
        made = {
            "at": at,
            "service": service,
            "version": word_of(first_of(said, VERSIONS)[1]),
            "status": word_of(first_of(said, STATUSES)[1]),
            "change_id": word_of(first_of(said, CHANGES)[1]),
        }
        key = (at, service, made["version"])
        if key not in known:
            known[key] = made
            into.made.append(made)
        elif known[key] == made:
            into.duplicates += 1
        else:
            into.refuse(row, "status", made["status"], "another row says something else of the same deployment")
    return into.result("deployments", "deployments")


# Alert firings: Alertmanager's webhook and its log as JSON lines, its list of alerts, and a plain table.


SERVICE_LABELS = ("service", "service_name", "app", "application", "job", "deployment")


_WORDS = ("summary", "description", "message")


class Firing(TypedDict):
    """An alert firing on its way to the table, times in microseconds."""

    alert: str
    service: str | None
    severity: str | None
    started_at: int
    ended_at: int | None
    source: str
    summary: str | None
    key: str | None


def read_alertmanager(opened: Opened, timezone: str | None) -> Telemetry:
    """Return the firings of webhook messages, or of alerts themselves.

    A firing and its resolution are one row, found by fingerprint (else the labels) and `startsAt`; `0001-01-01` in
    `endsAt` says that it still fires, and so does the `endsAt` of a message with status firing (a time-out).
    """
    into = Collector(opened, timezone)
    known: dict[tuple, Firing] = {}
    said_before: dict[tuple, set[str]] = {}
    for row, document in json_documents(decode(opened.content, opened.name), opened.name):
        if isinstance(document, JunkError):
            into.records += 1
            into.refuse(row, "", "", str(document))
            continue
        alerts = document.get("alerts") if isinstance(document, dict) and "alerts" in document else [document]
        if not isinstance(alerts, list):
            alerts = [None]
        if isinstance(document, dict) and document.get("truncatedAlerts"):
            into.notes.append(f"row {row}: Alertmanager left out {document['truncatedAlerts']} alerts (max_alerts)")
        for alert in alerts:
            into.records += 1
            made = _firing(alert, row, into)
            if made is None:
                continue
            key = (made["key"], made["started_at"])
            told = json.dumps(made, sort_keys=True)
            if told in said_before.setdefault(key, set()):
                into.duplicates += 1
                continue
            said_before[key].add(told)
            if key not in known:
                known[key] = made
                into.made.append(made)
            elif made["ended_at"] is not None:
                # A later message knows more; the latest end is the end.
                known[key]["ended_at"] = max(made["ended_at"], known[key]["ended_at"] or made["ended_at"])
    return into.result("firings", "alertmanager")


def _firing(alert: object, row: int, into: Collector) -> Firing | None:
    if not isinstance(alert, Mapping) or not isinstance(alert.get("labels"), Mapping):
        into.refuse(row, "alerts", alert, "is no alert: it has no labels")
        return None
    labels = alert["labels"]
    notes = alert["annotations"] if isinstance(alert.get("annotations"), Mapping) else {}
    name = word_of(labels.get("alertname"))
    if name is None:
        into.refuse(row, "alertname", "", "is empty: the alert has no name")
        return None
    started = instant_of(dict(alert), row, into, ("startsAt",))
    if started is None:
        return None
    state = alert.get("status")
    state = state.get("state") if isinstance(state, Mapping) else state
    ended = None
    if state not in ("firing", "active", "suppressed", "unprocessed"):
        before = len(into.refused)
        ended = into.moment(row, "endsAt", alert.get("endsAt"))
        if len(into.refused) > before:
            return None
    if ended is not None and ended < started:
        into.refuse(row, "endsAt", alert.get("endsAt"), "is before startsAt: an alert cannot end before it fires")
        return None
    spelled = json.dumps(dict(labels), sort_keys=True, default=str)
    words = next((word_of(notes[word]) for word in _WORDS if word_of(notes.get(word))), None)
    return {
        "alert": name,
        "service": next((word_of(labels[label]) for label in SERVICE_LABELS if word_of(labels.get(label))), None),
        "severity": word_of(labels.get("severity") or labels.get("priority")),
        "started_at": started,
        "ended_at": ended,
        "source": "alertmanager",
        "summary": scrub_line(words) if words else None,
        "key": word_of(alert.get("fingerprint")) or hashlib.sha256(spelled.encode(errors="replace")).hexdigest()[:16],
    }


def read_firings(opened: Opened, timezone: str | None) -> Telemetry:
    """Return the firings of a table with `alert, service, severity, started_at, ended_at`."""
    into = Collector(opened, timezone)
    known: set[tuple[object, ...]] = set()
    for row, said in records_of(opened, into):
        alert = needed(into, row, said, ("alert", "alertname"))
        started = instant_of(said, row, into, ("started_at", "starts_at", "fired_at")) if alert else None
        if alert is None or started is None:
            continue
        before = len(into.refused)
        column, value = first_of(said, ("ended_at", "ends_at", "resolved_at"))
        ended = into.moment(row, column, value)
        if len(into.refused) > before:
            continue
        if ended is not None and ended < started:
            into.refuse(row, column, value, "is before the start: an alert cannot end before it fires")
            continue
        words = word_of(said.get("summary"))
        made: Firing = {
            "alert": alert,
            "service": word_of(said.get("service")),
            "severity": word_of(said.get("severity")),
            "started_at": started,
            "ended_at": ended,
            "source": word_of(said.get("source")) or "table",
            "summary": scrub_line(words) if words else None,
            "key": word_of(first_of(said, ("key", "fingerprint"))[1]),
        }
        if tuple(made.values()) in known:
            into.duplicates += 1
            continue
        known.add(tuple(made.values()))
        into.made.append(made)
    return into.result("firings", "firings")
