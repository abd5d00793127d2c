"""ServiceNow: the audit log (one row per update) and the plain incident table (one row per incident), as CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from mttrlab.errors import LoadError
from mttrlab.sources.exports.dates import DateStyle, date_style
from mttrlab.sources.exports.drafts import Clock, Faults
from mttrlab.sources.exports.reports import DISAGREE, Draft
from mttrlab.sources.exports.stamps import Stamp
from mttrlab.sources.exports.table import Table
from mttrlab.sources.exports.vendor import Report, name_list

_TIMES = ("opened_at", "resolved_at", "closed_at", "sys_updated_at")
_NAMES = (
    "number", *_TIMES, "incident_state", "reopen_count", "sys_mod_count", "short_description", "business_service",
    "cmdb_ci", "assignment_group", "priority", "category", "contact_type", "caused_by",
)
_ALIASES = {
    "opened": "opened_at", "resolved": "resolved_at", "closed": "closed_at", "updated": "sys_updated_at",
    "state": "incident_state", "configuration_item": "cmdb_ci", "updates": "sys_mod_count", "service": "business_service",
}
"""The labels that a list export prints instead of the field names."""

_NOTHING = {"", "?", "-100", "null", "none", "n/a"}
_NEW, _WORKING, _RESOLVED, _CLOSED, _CANCELLED = "new", "working", "resolved", "closed", "cancelled"
_STATES = {
    **dict.fromkeys(("1", "new"), _NEW),
    **dict.fromkeys(("2", "3", "4", "5", "active", "in progress", "work in progress", "on hold", "assigned", "pending"), _WORKING),
    **dict.fromkeys(("6", "resolved"), _RESOLVED),
    **dict.fromkeys(("7", "closed", "closed complete"), _CLOSED),
    **dict.fromkeys(("8", "canceled", "cancelled"), _CANCELLED),
}
_CONTACTS = {**dict.fromkeys(("monitoring", "event", "event management", "alert", "monitoring tool"), "alert"),
             **dict.fromkeys(("phone", "email", "self-service", "walk-in", "chat", "virtual agent"), "customer")}


@dataclass
class Log:
    """A ServiceNow export on its way to reports."""

    rows: int
    accepted: int
    duplicates: int
    draft: Draft
    faults: Faults
    is_log: bool
    """Several rows of one number are its history; otherwise they repeat or contradict each other."""
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Update:
    """One row: the incident as it was after one change."""

    row: int
    cells: dict[str, str | None]
    times: dict[str, int | None]
    state: str | None
    changes: int
    """How many changes came before."""
    reopened: int


def read_servicenow(table: Table, clock: Clock) -> Log:
    """Return the reports of a ServiceNow export.

    Detected is `opened_at`; acknowledged the first row of the log that leaves the state New for work; resolved
    `resolved_at`. `closed_at` is the auto-close timer's and goes nowhere else. A row that is refused takes the other
    rows of its incident with it: half a history would look like an open incident.

    Raises
    ------
    LoadError
        Where a column is missing, or day and month cannot be told apart.
    """
    places = _places(table)
    log = Log(len(table.rows), 0, 0, Draft.of([]), Faults(), "sys_mod_count" in places and "sys_updated_at" in places)
    width = len(table.header)
    rows: list[tuple[int, list[str]]] = []
    seen: set[tuple[str, ...]] = set()
    for number, cells in zip(table.numbers, table.rows, strict=True):
        if len(cells) != width:
            log.faults.add(number, "", ",".join(cells), f"has {len(cells)} cells where the header has {width}")
        elif log.is_log and (whole := tuple(cells)) in seen:
            log.duplicates += 1
        else:
            rows.append((number, cells))
            if log.is_log:
                seen.add(whole)
    updates = list(_updates(rows, places, _stamps(rows, places, table.name, clock), log.faults, clock))
    reports = list(_incidents(updates, log)) if log.is_log else [
        {**_report([update]), "record": update.row} for update in updates if update.row not in log.faults.by_row
    ]
    if log.is_log:
        log.accepted = log.rows - log.duplicates - len(log.faults.by_row)
    log.draft = Draft.of(reports)
    return log


def _places(table: Table) -> dict[str, int]:
    places = {name: at for at, name in enumerate(table.header) if name in _NAMES}
    places |= {_ALIASES[name]: at for at, name in enumerate(table.header) if _ALIASES.get(name, name) not in places and name in _ALIASES}
    for name in ("number", "opened_at"):
        if name not in places:
            raise LoadError(f"{table.name} row 1: no column {name}; export number, opened_at, resolved_at and incident_state")
    return places


def _stamps(
    rows: Sequence[tuple[int, list[str]]], places: dict[str, int], name: str, clock: Clock
) -> Callable[[str], Stamp]:
    """Return the reader of this file's dates; a log repeats its stamps, so each text is read once."""
    columns = [places[time] for time in _TIMES if time in places]
    texts = dict.fromkeys(cells[at] for _, cells in rows for at in columns)
    style = date_style((text for text in texts if text.strip() not in _NOTHING), name, clock.timezone)
    return partial(_lookup, {text: _stamp(text, style) for text in texts})


def _lookup(known: dict[str, Stamp], text: str) -> Stamp:
    return known[text]


def _stamp(text: str, style: DateStyle) -> Stamp:
    return Stamp(None) if text.strip().lower() in _NOTHING else style.read(text)


def _updates(
    rows: Sequence[tuple[int, list[str]]],
    places: dict[str, int],
    read: Callable[[str], Stamp],
    faults: Faults,
    clock: Clock,
) -> Iterator[_Update]:
    names = [name for name in places if name not in _TIMES]
    times = [name for name in _TIMES if name in places]
    state_of: dict[str, str | None] = {}
    for row, texts in rows:
        cells = {name: (None if (text := texts[places[name]].strip()) in _NOTHING else text) for name in names}
        instants: dict[str, int | None] = {}
        for name in times:
            stamp = read(texts[places[name]])
            if stamp.reason:
                faults.add(row, name, texts[places[name]], stamp.reason)
            if stamp.local:
                clock.zoneless.append((row, name, texts[places[name]]))
            instants[name] = stamp.micros
        if cells["number"] is None:
            faults.add(row, "number", "", "is empty: a record without an id cannot be told from others")
        counts = {}
        for name in ("sys_mod_count", "reopen_count"):
            text = cells.get(name) or "0"
            if not (text.isascii() and text.isdigit() and len(text) < 10):
                faults.add(row, name, text, "is no count")
                text = "0"
            counts[name] = int(text)
        word = cells.get("incident_state")
        if word is not None and word not in state_of:
            state_of[word] = _state(word)
        state = None if word is None else state_of[word]
        if word is not None and state is None:
            faults.add(row, "incident_state", word, "is no state that we know; export the standard states")
        yield _Update(row, cells, instants, state, counts["sys_mod_count"], counts["reopen_count"])


def _state(word: str) -> str | None:
    word = word.lower()
    if word.startswith("awaiting"):
        return _WORKING
    return _STATES.get(word) or _STATES.get(word.split(" - ", 1)[0].strip())


def _incidents(updates: Sequence[_Update], log: Log) -> Iterator[Report]:
    histories: dict[str, list[_Update]] = {}
    for update in updates:
        number = update.cells["number"]
        if number is not None:
            histories.setdefault(number, []).append(update)
    bad = log.faults.by_row
    for history in histories.values():
        opened = {update.times["opened_at"] for update in history}
        refused = [update.row for update in history if update.row in bad]
        if refused or len(opened) > 1:
            for update in history:
                if update.row not in bad:
                    reason = f"row {refused[0]} of the same incident is refused" if refused else DISAGREE
                    log.faults.add(update.row, "number", update.cells["number"], reason)
            continue
        history.sort(key=lambda update: (update.changes, update.times["sys_updated_at"] or 0))
        yield {**_report(history), "record": history[-1].row}


def _report(history: Sequence[_Update]) -> Report:
    last = history[-1]
    cells, times, state = last.cells, last.times, last.state
    again = last.reopened > 0
    resolved, closed_at = times.get("resolved_at"), times.get("closed_at")
    ended = state in (_RESOLVED, _CLOSED, _CANCELLED) or closed_at is not None or (state is None and resolved is not None)
    first = next((u.times.get("sys_updated_at") for u in history if u.state == _RESOLVED and not u.reopened), None)
    if again and not ended and resolved is not None:
        # Back at work: the stamp is of the resolution that did not hold.
        first, resolved = resolved, None
    service = cells.get("business_service") or cells.get("cmdb_ci")
    return {
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
        "population": "cancelled" if state == _CANCELLED else "counted",
        "reopened": again if "reopen_count" in cells else None,
        "first_resolved_at": first if again and (resolved is None or first is None or first < resolved) else None,
        "detected_at": times["opened_at"],
        "acknowledged_at": _acknowledged(history),
        "resolved_at": resolved,
        "closed_at": closed_at,
        "updated_at": times.get("sys_updated_at"),
    }


def _acknowledged(history: Sequence[_Update]) -> int | None:
    """Return when the state first left New for work; None where the log did not see it leave."""
    was_new = False
    for update in history:
        if update.state == _NEW:
            was_new = True
        elif update.state == _WORKING:
            return update.times.get("sys_updated_at") if was_new else None
        elif update.state is not None:
            return None
    return None

