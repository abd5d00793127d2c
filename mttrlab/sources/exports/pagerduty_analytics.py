"""PagerDuty Analytics: one row per incident, with durations in seconds from the trigger."""

from __future__ import annotations

from typing import Any

from mttrlab.sources.exports.drafts import Clock, RecordError, id_of, text_of
from mttrlab.sources.exports.vendor import Report, name_list

SIGNS = frozenset({"id", "created_at", "seconds_to_first_ack"})
"""Keys by which a record is known to come from Analytics."""

_FLAGS = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}


def report_of(record: dict[str, Any], row: int, clock: Clock) -> Report:
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


def _text(record: dict[str, Any], column: str) -> str | None:
    value = record.get(column)
    return (str(value).lower() if isinstance(value, bool) else (text_of(record, column) or "").strip()) or None


def _seconds(record: dict[str, Any], column: str) -> int | None:
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
