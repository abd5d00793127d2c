"""A table with a row per event (an incident, a state, a time) becomes one with a row per incident."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from mttrlab.errors import LoadError
from mttrlab.schema import STAMPS
from mttrlab.sources.exports.columns import IDS, Cells, Names, settle_columns, squeeze
from mttrlab.sources.exports.reading import fold, header_of, without_sep
from mttrlab.sources.exports.timestamps import NONE, is_time, read_column

_STATES = {
    "started_at": ("started", "start", "began", "begun", "onset", "impact started", "impact"),
    "detected_at": ("new", "open", "opened", "created", "create", "reported", "detected", "triggered", "trigger",
                    "declared", "raised", "logged", "alert", "alerted", "firing"),
    "acknowledged_at": ("acknowledged", "acknowledge", "acked", "ack", "investigating", "under investigation",
                        "in progress", "work in progress", "wip", "active", "assigned", "accepted", "responding",
                        "triage", "triaged", "triaging"),
    "diagnosed_at": ("identified", "diagnosed", "cause identified", "cause found", "root cause identified"),
    "mitigated": ("mitigated", "monitoring", "fixed", "fix in place", "fix implemented", "stable", "stabilized",
                  "restored", "recovered"),
    "resolved_at": ("resolved", "resolve", "done", "completed", "complete", "solved"),
    "verified_at": ("verified", "confirmed", "healthy"),
    "closed_at": ("closed", "close", "postmortem"),
    "cancelled": ("cancelled", "canceled"),
    "reopened": ("reopened", "reopen"),
}  # fmt: skip
_MEANS = {squeeze(word): what for what, words in _STATES.items() for word in words}

_STATE_NAMES = re.compile(r"(^|_)(status|state|stage|event|event_type|activity|action|transition|milestone|step|type)$")
_AT_WORK = ("started_at", "detected_at", "acknowledged_at", "reopened")
_ENDINGS = ("mitigated", "resolved_at", "verified_at", "closed_at")
_LOOKED_AT = 200


@dataclass(frozen=True)
class LogColumns:
    """Which columns of a table say whose event it was, what happened, and when."""

    incident: str
    state: str
    at: str


def log_columns(columns: Mapping[str, Sequence[str]]) -> LogColumns | None:
    """Return the columns of a table that is a log of events; None: it is none.

    It is one where an incident has several rows in different states that we know, and one column alone holds times.

    Examples
    --------
    >>> rows = {"incident_id": ["E1", "E1"], "status": ["New", "Resolved"], "time": ["2026-06-01 10:00Z"] * 2}
    >>> log_columns(rows)
    LogColumns(incident='incident_id', state='status', at='time')
    """
    incident = next((name for name in IDS if name in columns), None)
    if incident is None:
        return None
    ids = columns[incident]
    told = {name: cells for name, cells in columns.items() if name and name != incident}
    times = [name for name, cells in told.items() if _mostly(cells, is_time)]
    if len(times) != 1:
        return None
    states = [
        name for name, cells in told.items()
        if name not in times and _STATE_NAMES.search(name) and _mostly(cells, lambda text: squeeze(text) in _MEANS)
        and len(set(zip(ids, map(squeeze, cells), strict=True))) > len(set(ids))
    ]  # fmt: skip
    if not states:
        return None
    return LogColumns(incident, "status" if "status" in states else states[0], times[0])


def is_event_log(text: str) -> bool:
    """Return whether the beginning of a CSV text is a log of events."""
    held = first_cells(text)
    try:
        names = settle_columns(held).header
    except LoadError:
        return False
    return log_columns(dict(zip(names, held.values(), strict=True))) is not None


def first_cells(text: str) -> dict[str, list[str]]:
    """Return the first cells of each column of a CSV text, by its folded name; no column where there are no rows."""
    delimiter, header = header_of(text)
    # The last line may be cut off.
    lines = without_sep(text).lstrip("\ufeff").lstrip("\r\n").splitlines()[1 : _LOOKED_AT + 1]
    try:
        rows = [
            row for row in csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter) if len(row) == len(header)
        ]
    except csv.Error:
        rows = []
    return dict(zip(map(fold, header), map(list, zip(*rows, strict=True)), strict=True)) if rows else {}


def _mostly(cells: Sequence[str], holds: Callable[[str], bool]) -> bool:
    filled = [text.strip() for text in cells[:_LOOKED_AT] if text.strip()]
    return bool(filled) and 2 * sum(map(holds, filled)) > len(filled)


def by_incident(cells: Cells, found: LogColumns, timezone: ZoneInfo | None) -> tuple[Cells, dict[int, list[int]], str]:
    """Return a row per incident, the rows behind each by the row that stands for it, and what to say of it.

    An incident begins with its first row; a state that we know gives its milestone. What was mitigated or monitored
    first is fixed then, and resolved later means confirmed. An event whose time cannot be read takes the other rows of
    its incident with it: half a history would look like an open incident.

    Parameters
    ----------
    cells : Cells
    found : LogColumns
    timezone : ZoneInfo, optional
        Of times that name no zone.
    """
    zone = ZoneInfo("UTC") if found.at in cells.names.utc else timezone
    texts, said = cells.columns[found.at], [squeeze(text) for text in cells.columns[found.state]]
    read = read_column(texts, zone)
    local = set(read.local)
    histories: dict[str, list[int]] = {}
    for place, incident in enumerate(cells.columns[found.incident]):
        histories.setdefault(incident.strip(), []).append(place)
    unread = {place: read.reasons.get(place, "is empty: an event without a time") for place in range(len(texts))
              if read.micros[place] == NONE and place not in local}  # fmt: skip
    kept: list[dict[str, str]] = []
    behind: dict[int, list[int]] = {}
    for incident, history in histories.items():
        bad = [place for place in history if place in unread]
        for place in bad:
            cells.faults.add(cells.rows[place], found.at, texts[place], unread[place])
        for place in history if bad else ():
            if place not in bad:
                reason = f"row {cells.rows[bad[0]]} of the same incident is refused"
                cells.faults.add(cells.rows[place], found.incident, incident, reason)
        if not bad:
            order = sorted(history, key=lambda place: read.micros[place])
            kept.append(_incident(cells, found, order, [(said[place], texts[place]) for place in order]))
            behind[cells.rows[order[-1]]] = [cells.rows[place] for place in order]
    names = list(dict.fromkeys(name for row in kept for name in row))
    made = replace(
        cells,
        columns={name: [row.get(name, "") for row in kept] for name in names or (found.incident, "detected_at")},
        rows=list(behind),
        names=Names(
            tuple(names),
            frozenset(STAMPS) | {"closed_at", "first_resolved_at"} if found.at in cells.names.utc else frozenset(),
            tuple(pair for pair in cells.names.read_as if pair[1] not in (found.state, found.at)),
            cells.names.passed_over,
        ),
    )
    strange = Counter(
        cells.columns[found.state][place].strip() for place, word in enumerate(said) if word not in _MEANS
    )
    sentence = (
        f"{len(texts):,} rows are events of {len(histories):,} incidents: {cells.show(found.state)!r} says what "
        f"happened and {cells.show(found.at)!r} when"
    )
    if strange:
        listed = ", ".join(repr(word[:40]) for word, _ in strange.most_common(3))
        sentence += f"; {strange.total():,} of them say what is no milestone ({listed})"
    return made, behind, sentence


def _incident(
    cells: Cells, found: LogColumns, order: Sequence[int], events: Sequence[tuple[str, str]]
) -> dict[str, str]:
    row: dict[str, str] = {}
    for name, texts in cells.columns.items():
        if name not in (found.state, found.at):
            row[name] = next((texts[place] for place in reversed(order) if texts[place].strip()), "")
    what = [_MEANS.get(word, "") for word, _ in events]
    row |= {
        name: _first(what, events, name) for name in ("started_at", "detected_at", "acknowledged_at", "diagnosed_at")
    }
    began = 0
    if not row["detected_at"] and not row["started_at"] and what[0] not in _ENDINGS:
        # A log that begins with somebody at work: that is when it was noticed.
        row["detected_at"], began = events[0][1], 1
        if what[0] in ("acknowledged_at", "diagnosed_at"):
            row[what[0]] = _first(what[began:], events[began:], what[0])
    back = max((place for place, state in enumerate(what) if state in _AT_WORK), default=-1)
    before, after = what[: back + 1], what[back + 1 :]
    ends, ending = events[back + 1 :], {state: _first(after, events[back + 1 :], state) for state in _ENDINGS}
    row["resolved_at"] = ending["mitigated"] or ending["resolved_at"] or ending["closed_at"]
    row["verified_at"] = ending["verified_at"] or (ending["resolved_at"] if ending["mitigated"] else "")
    row["closed_at"] = ending["closed_at"]
    row["first_resolved_at"] = next((_first(before, events, state) for state in _ENDINGS if state in before), "")
    row["reopened"] = "true" if row["first_resolved_at"] else "false"
    row["status"] = "closed" if ends and any(ending.values()) else "open"
    if what[-1] == "cancelled":
        row["population"], row["status"] = "cancelled", "closed"
    return row


def _first(what: Iterable[str], events: Iterable[tuple[str, str]], state: str) -> str:
    return next((text for name, (_, text) in zip(what, events, strict=False) if name == state), "")
