"""PagerDuty (REST): the pager knows when it rang and when it fell silent; the log knows who answered first."""

from __future__ import annotations

from collections import defaultdict

from mttrlab.errors import LoadError
from mttrlab.sources.exports.reading import Documents, JsonObject
from mttrlab.sources.exports.records import (
    Draft,
    RecordError,
    Refusals,
    Report,
    TimestampReader,
    id_of,
    name_list,
    object_of,
    objects,
    read_records,
    text_field,
)

_BY_HAND = {"web_trigger", "website", "mobile", "web", "slack", "teams", "phone", "sms", "note", "user"}


_BY_ITSELF = {"auto", "timeout", "integration", "events_api", "events_api_v2", "service"}


_BY_TIMER = '[["resolved_at","timer"]]'


_OPEN = {"triggered", "acknowledged"}


def read_pagerduty(documents: Documents, clock: TimestampReader) -> tuple[Draft, Refusals, list[str]]:
    """Return the reports of a PagerDuty export, what is refused, and sentences about what is missing in the file.

    Detected is the trigger; acknowledged the first acknowledge entry of the log, since PagerDuty empties
    `acknowledgements` on resolving; resolved the last resolve entry. Impact, diagnosis and verification are not known
    to a pager. People's names and addresses are never read.
    """
    warnings: list[str] = []
    if any(isinstance(r, dict) and r.keys() >= SIGNS for r in documents.records):
        draft, faults = read_records(documents, lambda record, row: analytics_report(record, row, clock))
        return draft, faults, warnings
    if all(isinstance(r, dict) and "log_entries" in r and "id" not in r for r in documents.records):
        raise LoadError(
            f"{documents.name} holds log entries and no incidents; load them in one file with their incidents, "
            "as log_entries of each or beside the list"
        )
    logs: dict[str, list[JsonObject]] = defaultdict(list)
    for entry in documents.log_entries:
        if isinstance(entry, dict) and isinstance(entry.get("incident"), dict):
            logs[str(entry["incident"].get("id"))].append(entry)
    draft, faults = read_records(documents, lambda record, row: _report(record, row, clock, logs))
    if documents.envelope.get("more") is True:
        warnings.append("the file says that PagerDuty has more pages of incidents; export them all and load them too")
    bare = sum(1 for r in documents.records if isinstance(r, dict) and "log_entries" not in r) if not logs else 0
    if bare:
        warnings.append(
            f"{bare:,} incidents come without log_entries, so their acknowledgement may be lost; "
            "export them with include[]=log_entries or with /log_entries"
        )
    return draft, faults, warnings


def _report(record: JsonObject, row: int, clock: TimestampReader, logs: dict[str, list[JsonObject]]) -> Report:
    source_id = id_of(record)
    entries = sorted(
        (
            (at, entry)
            for entry in objects(record, "log_entries") + logs.get(source_id, [])
            if (at := clock.read(entry, "created_at", row)) is not None
        ),
        key=lambda pair: pair[0],
    )
    kinds = [(at, (text_field(entry, "type") or "").removesuffix("_reference"), entry) for at, entry in entries]
    status = (text_field(record, "status") or "").lower()
    if status not in (*_OPEN, "resolved"):
        raise RecordError("status", record.get("status"), "is none of triggered, acknowledged, resolved")
    created = clock.read(record, "created_at", row)
    changed = clock.read(record, "last_status_change_at", row)
    acknowledged = [at for at, kind, _ in kinds if kind == "acknowledge_log_entry"]
    given = [clock.read(part, "at", row) for part in objects(record, "acknowledgements")]
    acknowledged += [at for at in given if at is not None]
    ends = [at for at, kind, _ in kinds if kind == "resolve_log_entry"]
    said = clock.read(record, "resolved_at", row)
    closed = status == "resolved"
    last = ends[-1] if ends else said if said is not None else changed
    again = len(set(ends)) > 1 or (bool(ends) and not closed) or any(kind.startswith("reopen") for _, kind, _ in kinds)
    priority = _summary(record, "priority")
    reason = object_of(record, "resolve_reason")
    service = _summary(record, "service")
    teams = [text_field(team, "summary") or text_field(team, "name") for team in objects(record, "teams")]
    return {
        "source_id": source_id,
        "title": text_field(record, "title") or text_field(record, "summary") or text_field(record, "description"),
        "url": text_field(record, "html_url"),
        "service": service,
        "services": name_list([service]),
        "team": next((team for team in teams if team), None),
        "severity": priority or text_field(record, "urgency"),
        "priority": priority,
        "status": "closed" if closed else "open",
        "population": "merged" if "merge" in (text_field(reason, "type") or "") else "counted" if priority else "page",
        "detected_by": _trigger(record, kinds),
        "automated": _automated(record, kinds) if closed else None,
        "copies": _BY_TIMER if closed and _resolving_channel(kinds) == "timeout" else None,
        "reopened": again if kinds else None,
        "first_resolved_at": ends[0] if again and ends else None,
        "updated_at": clock.read(record, "updated_at", row) or changed,
        "detected_at": created,
        "acknowledged_at": min(acknowledged, default=None),
        "resolved_at": last if closed else None,
        "exported_at": clock.read(record, "exported_at", row),
        "seen": max((at for at, _, _ in kinds), default=None),
    }


def _summary(record: JsonObject, column: str) -> str | None:
    value = record.get(column)
    if isinstance(value, str):
        return text_field(record, column)
    part = object_of(record, column)
    return text_field(part, "summary") or text_field(part, "name")


def _trigger(record: JsonObject, kinds: list[tuple[int, str, JsonObject]]) -> str | None:
    """Return who rang the pager, a person or an alert; None where the record does not say."""
    for _, kind, entry in kinds:
        channel = text_field(object_of(entry, "channel"), "type")
        if kind == "trigger_log_entry" and channel:
            return "person" if channel in _BY_HAND else "alert"
    first = object_of(record, "first_trigger_log_entry")
    channel = text_field(object_of(first, "channel"), "type")
    if channel:
        return "person" if channel in _BY_HAND else "alert"
    words = (text_field(first, "summary") or "").lower()
    if not words:
        return None
    return "person" if "website" in words or "triggered by" in words else "alert"


def _resolving_channel(kinds: list[tuple[int, str, JsonObject]]) -> str | None:
    """Return by which channel the log says that it was resolved last; `timeout` is the tool that gave up waiting."""
    ends = [entry for _, kind, entry in kinds if kind == "resolve_log_entry"]
    return text_field(object_of(ends[-1], "channel"), "type") if ends else None


def _automated(record: JsonObject, kinds: list[tuple[int, str, JsonObject]]) -> bool | None:
    """Return whether something other than a person resolved it; None where the record does not say."""
    if isinstance(record.get("auto_resolved"), bool):
        return bool(record["auto_resolved"])
    for _, kind, entry in reversed(kinds):
        if kind == "resolve_log_entry":
            channel = text_field(object_of(entry, "channel"), "type") or ""
            agent = text_field(object_of(entry, "agent"), "type") or ""
            if channel in _BY_ITSELF or agent.startswith(("service", "integration", "inbound")):
                return True
            return False if channel or agent else None
    return None


# PagerDuty Analytics: one row per incident, with durations in seconds from the trigger.


SIGNS = frozenset({"id", "created_at", "seconds_to_first_ack"})
"""Keys by which a record is known to come from Analytics."""


_FLAGS = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}


def analytics_report(record: JsonObject, row: int, clock: TimestampReader) -> Report:
    """Return the report of one incident.

    Acknowledged is the trigger and `seconds_to_first_ack`: of `seconds_to_engage` the vendor's own texts disagree what
    it is. `updated_at` is when Analytics last computed the row, so it tells how late the file was taken and no more:
    the row is as new as the newest of its stamps. A second less, so that the pager's own record of the same change,
    which says more, is the newer of the two.
    """
    created, resolved = clock.read(record, "created_at", row), clock.read(record, "resolved_at", row)
    if created is None and not clock.zoneless:
        raise RecordError("created_at", record.get("created_at"), "is empty: a page without its trigger has no place")
    until_ack = _seconds(record, "seconds_to_first_ack")
    priority = _text(record, "priority_name")
    status = (_text(record, "status") or "").lower()
    service = _text(record, "service_name")
    automated = _FLAGS.get((_text(record, "auto_resolved") or "").lower())
    acknowledged = None if created is None or until_ack is None else created + until_ack
    newest = max((at for at in (created, acknowledged, resolved) if at is not None), default=None)
    return {
        "source_id": id_of(record),
        "title": _text(record, "description"),
        "service": service,
        "services": name_list([service]),
        "team": _text(record, "team_name"),
        "severity": priority or _text(record, "urgency"),
        "priority": priority,
        "status": "closed" if resolved is not None or status == "resolved" else "open",
        "population": "counted" if priority else "page",
        "automated": automated if resolved is not None else None,
        "detected_at": created,
        "acknowledged_at": acknowledged,
        "resolved_at": resolved,
        "updated_at": None if newest is None else newest - 1_000_000,
        "seen": clock.read(record, "updated_at", row),
    }


def _text(record: JsonObject, column: str) -> str | None:
    value = record.get(column)
    return (str(value).lower() if isinstance(value, bool) else (text_field(record, column) or "").strip()) or None


def _seconds(record: JsonObject, column: str) -> int | None:
    text = _text(record, column)
    if text is None or text.lower() in ("null", "none", "nan", "n/a"):
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= 366 * 86_400:
        raise RecordError(column, text, "is no number of seconds")
    return round(seconds * 1_000_000)
