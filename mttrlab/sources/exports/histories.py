"""Rows of a ServiceNow export → reports: what the history of an incident says about its milestones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from mttrlab.sources.exports.drafts import Faults
from mttrlab.sources.exports.reports import DISAGREE
from mttrlab.sources.exports.vendor import Report, name_list

NEW, WORKING, RESOLVED, CLOSED, CANCELLED = "new", "working", "resolved", "closed", "cancelled"
_CONTACTS = {
    **dict.fromkeys(("monitoring", "event", "event management", "alert", "monitoring tool"), "alert"),
    **dict.fromkeys(("phone", "email", "self-service", "walk-in", "chat", "virtual agent"), "customer"),
}


@dataclass
class Updates:
    """The rows of the file, column by column: each is an incident as it was after one change."""

    rows: list[int]
    cells: dict[str, list[str | None]]
    times: dict[str, list[int | None]]
    states: list[str | None]
    changes: list[int]
    """How many changes came before."""
    reopened: list[int]


def incidents(updates: Updates, faults: Faults, ragged: set[str]) -> Iterator[Report]:
    """Yield a report per incident of an audit log.

    A row in `faults` takes the rest of its history with it, and so does a row of the wrong length (`ragged` has the
    incidents that such rows name).
    """
    histories: dict[str, list[int]] = {}
    for place, number in enumerate(updates.cells["number"]):
        if number is not None:
            histories.setdefault(number, []).append(place)
    opened, refused = updates.times["opened_at"], faults.by_row
    for number, history in histories.items():
        bad = [updates.rows[place] for place in history if updates.rows[place] in refused] if refused else []
        reason = f"row {bad[0]} of the same incident is refused" if bad else ""
        if not reason and number in ragged:
            reason = "a row of the same incident is refused, as it has another number of cells"
        if not reason and len({opened[place] for place in history}) > 1:
            reason = DISAGREE
        if reason:
            for row in {updates.rows[place] for place in history}.difference(bad):
                faults.add(row, "number", number, reason)
            continue
        yield report(sorted(history, key=partial(_order, updates)), updates)


def _order(updates: Updates, place: int) -> tuple[int, int]:
    return updates.changes[place], updates.times["sys_updated_at"][place] or 0


def report(history: list[int], updates: Updates) -> Report:
    """Return the report of these rows of one incident, the oldest first."""
    last = history[-1]
    cells = {column: values[last] for column, values in updates.cells.items()}
    times = {column: values[last] for column, values in updates.times.items()}
    state, again = updates.states[last], updates.reopened[last] > 0
    resolved, closed_at = times.get("resolved_at"), times.get("closed_at")
    ended = state in (RESOLVED, CLOSED, CANCELLED) or closed_at is not None
    ended = ended or (state is None and resolved is not None)
    first = _first_resolution(history, updates) if again else None
    if again and not ended and resolved is not None:
        # Back at work: the stamp is of the resolution that did not hold.
        first, resolved = resolved, None
    service = cells.get("business_service") or cells.get("cmdb_ci")
    return {
        "record": updates.rows[last],
        "source_id": cells["number"],
        "title": cells.get("short_description"),
        "service": service,
        "services": name_list([service]),
        "team": cells.get("assignment_group"),
        "severity": cells.get("priority"),
        "priority": cells.get("priority"),
        "incident_type": cells.get("category"),
        "detected_by": _CONTACTS.get((cells.get("contact_type") or "").lower()),
        "change_id": cells.get("caused_by"),
        "status": "closed" if ended else "open",
        "population": "cancelled" if state == CANCELLED else "counted",
        "reopened": again if "reopen_count" in cells else None,
        "first_resolved_at": first if resolved is None or first is None or first < resolved else None,
        "detected_at": times["opened_at"],
        "acknowledged_at": _acknowledged(history, updates),
        "resolved_at": resolved,
        "closed_at": closed_at,
        "updated_at": times.get("sys_updated_at"),
    }


def _first_resolution(history: list[int], updates: Updates) -> int | None:
    if "sys_updated_at" not in updates.times:
        return None
    for place in history:
        if updates.states[place] == RESOLVED and not updates.reopened[place]:
            return updates.times["sys_updated_at"][place]
    return None


def _acknowledged(history: list[int], updates: Updates) -> int | None:
    """Return when the state first left New for work; None where the log did not see it leave."""
    was_new = False
    for place in history:
        state = updates.states[place]
        if state == NEW:
            was_new = True
        elif state == WORKING:
            return updates.times["sys_updated_at"][place] if was_new else None
        elif state is not None:
            return None
    return None
