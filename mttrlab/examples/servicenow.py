"""ServiceNow's audit log as CSV: a row per update, day first, no zone, question marks for nothing."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime

from mttrlab.examples.incidents import EXPORTED, LOCAL, Incident

TIMER_HOURS = 120
"""ServiceNow closes a resolved incident by itself after five days."""
COLUMNS = (
    "number", "incident_state", "active", "reassignment_count", "reopen_count", "sys_mod_count", "made_sla",
    "caller_id", "opened_at", "sys_created_at", "sys_updated_at", "contact_type", "category", "short_description",
    "cmdb_ci", "impact", "urgency", "priority", "assignment_group", "assigned_to", "problem_id", "rfc", "caused_by",
    "closed_code", "resolved_at", "closed_at",
)  # fmt: skip
_PRIORITY = {"SEV1": "1 - Critical", "SEV2": "2 - High", "SEV3": "3 - Moderate", "SEV4": "4 - Low"}
_IMPACT = {"SEV1": "1 - High", "SEV2": "1 - High", "SEV3": "2 - Medium", "SEV4": "3 - Low"}


def local(at: int | None) -> str:
    """Return a time as the log shows it: `3/6/2026 16:22`, the wall clock of the office, to the minute."""
    if at is None:
        return "?"
    when = datetime.fromtimestamp(at, LOCAL)
    return f"{when.day}/{when.month}/{when.year} {when:%H:%M}"


def log(number: int, one: Incident, cancelled: bool = False) -> list[dict[str, str]]:
    """Return the rows of one incident, oldest first.

    The log repeats the final `resolved_at` and `closed_at` in every row, as the real one does.
    """
    closed = one.resolved_at + TIMER_HOURS * 3600 if one.resolved_at is not None else None
    if closed is not None and closed > EXPORTED:
        closed = None
    created = one.detected_at + 60 * one.luck.whole("typing", 1, 7)
    states: list[tuple[str, int]] = [("New", created)]
    if one.acknowledged_at is not None:
        states.append(("Active", max(one.acknowledged_at, created)))
    waits = one.acknowledged_at is not None and one.resolved_at is not None and one.luck.u("waits") < 0.25
    if waits:
        middle = ((one.acknowledged_at or 0) + (one.resolved_at or 0)) // 2
        states.append((one.luck.one("waits for", ["Awaiting Vendor", "Awaiting User Info"]), max(middle, created)))
    if one.resolved_at is not None:
        states.append(("Canceled" if cancelled else "Resolved", max(one.resolved_at, created)))
    if closed is not None and not cancelled:
        states.append(("Closed", closed))
    person = one.luck.whole("resolver", 1, 40)
    same = {
        "number": f"INC{number:07d}",
        "reassignment_count": str(one.luck.whole("reassigned", 0, 3)),
        "reopen_count": "0",
        "made_sla": "true" if (one.resolved_at or EXPORTED) - one.detected_at < 8 * 3600 else "false",
        "caller_id": f"Caller {one.luck.whole('caller', 100, 999)}",
        "opened_at": local(one.detected_at),
        "sys_created_at": local(created),
        "contact_type": "Phone" if one.detected_by in ("customer", "person") else "Event",
        "category": one.incident_type.replace("_", " "),
        "short_description": one.title,
        "cmdb_ci": one.service,
        "impact": _IMPACT[one.severity],
        "urgency": _IMPACT[one.severity],
        "priority": _PRIORITY[one.severity],
        "assignment_group": one.team,
        "assigned_to": f"Resolver {person}",
        "problem_id": "?",
        "rfc": one.change_id or "?",
        "caused_by": one.change_id or "?",
        "closed_code": "?" if one.resolved_at is None else f"code {one.luck.whole('code', 5, 9)}",
        "resolved_at": "?" if cancelled else local(one.resolved_at),
        "closed_at": local(closed),
    }
    return [
        same
        | {
            "incident_state": state,
            "active": "false" if state in ("Closed", "Canceled") else "true",
            "sys_mod_count": str(place),
            "sys_updated_at": local(at),
        }
        for place, (state, at) in enumerate(states)
    ]


def table(rows: Sequence[dict[str, str]]) -> bytes:
    """Return the file."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
