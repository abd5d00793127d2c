"""ServiceNow: the audit log (one row per update) and the plain incident table (one row per incident), as CSV."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import compress
from operator import itemgetter

from mttrlab.errors import LoadError
from mttrlab.sources.exports.reading import Documents, Even, Table, fold
from mttrlab.sources.exports.records import (
    DISAGREE,
    Draft,
    Refusals,
    Report,
    TimestampReader,
    emptied_sentence,
    name_list,
)
from mttrlab.sources.exports.timestamps import date_style

_TIMES = ("opened_at", "resolved_at", "closed_at", "sys_updated_at")


_NAMES = (
    "number",
    *_TIMES,
    "incident_state",
    "reopen_count",
    "sys_mod_count",
    "short_description",
    "business_service",
    "cmdb_ci",
    "assignment_group",
    "priority",
    "category",
    "contact_type",
    "caused_by",
)


_ALIASES = {
    "opened": "opened_at",
    "resolved": "resolved_at",
    "closed": "closed_at",
    "updated": "sys_updated_at",
    "state": "incident_state",
    "configuration_item": "cmdb_ci",
    "updates": "sys_mod_count",
    "service": "business_service",
}
"""The labels that a list export prints instead of the field names."""


_SOUNDS_LIKE_STATE = re.compile(r"(^|_)(stat(e|us)|stage|phase|lifecycle)(_|$)")


_NOTHING = {"", "?", "-100", "null", "none", "n/a"}


@dataclass
class Log:
    """A ServiceNow export on its way to reports."""

    rows: int
    accepted: int
    duplicates: int
    draft: Draft
    faults: Refusals
    is_log: bool
    """Several rows of one number are its history; otherwise they repeat or contradict each other."""
    warnings: list[str] = field(default_factory=list)


def table_of_records(documents: Documents) -> Table:
    """Return the answer of the Table API as a table of texts; what is no record has no cells.

    A field may be a text, a reference with its value, or both of the value and what is shown: the value of a time, what
    is shown of the rest.
    """
    kept = [record for record in documents.records if isinstance(record, dict)]
    header = tuple(dict.fromkeys(fold(key) for record in kept for key in record))
    rows = []
    for record in documents.records:
        said = {fold(key): _cell(fold(key), value) for key, value in record.items()} if isinstance(record, dict) else {}
        rows.append([said.get(name, "") for name in header] if said else [])
    return Table(documents.name, header, rows, documents.numbers)


def _cell(name: str, value: object) -> str:
    if isinstance(value, dict):
        shown, kept = value.get("display_value"), value.get("value")
        value = kept if _ALIASES.get(name, name) in _TIMES or shown is None else shown
    if value is None or isinstance(value, list | dict):
        return ""
    return str(value).lower() if isinstance(value, bool) else str(getattr(value, "text", value))


def read_servicenow(table: Table, clock: TimestampReader) -> Log:
    """Return the reports of a ServiceNow export.

    Detected is `opened_at`; acknowledged the first row of the log that leaves the state New for work; resolved
    `resolved_at`. `closed_at` is the auto-close timer's and goes nowhere else. A row that is refused takes the other
    rows of its incident with it: half a history would look like an open incident.

    Raises
    ------
    LoadError
        Where a column is missing, or day and month cannot be told apart.
    """
    places, warnings = _places(table)
    is_log = "sys_mod_count" in places and "sys_updated_at" in places
    log = Log(len(table.rows), 0, 0, Draft.of([]), Refusals(), is_log, warnings)
    width = len(table.header)
    numbers, rows = list(table.numbers), table.rows
    ragged: set[str] = set()
    if not isinstance(rows, Even) and any(len(cells) != width for cells in rows):
        for number, cells in zip(numbers, rows, strict=True):
            if len(cells) != width:
                log.faults.add(number, "", "", f"has {len(cells)} cells where the header has {width}")
                ragged |= set(cells[places["number"] : places["number"] + 1])
        kept = [len(cells) == width for cells in rows]
        numbers, rows = list(compress(numbers, kept)), list(compress(rows, kept))
    if is_log and len(first := _first_of_each(rows, places)) < len(rows):
        log.duplicates = len(rows) - len(first)
        numbers, rows = [numbers[place] for place in first], [rows[place] for place in first]
    updates = _updates(numbers, rows, places, table.name, clock, log.faults)
    if is_log:
        reports = list(incident_reports(updates, log.faults, ragged))
        log.accepted = log.rows - log.duplicates - len(log.faults.by_row)
    else:
        reports = [
            report_of_history([place], updates) for place, row in enumerate(numbers) if row not in log.faults.by_row
        ]
    if updates.emptied:
        log.warnings.append(emptied_sentence("closed_at", updates.emptied))
    log.draft = Draft.of(reports)
    log.draft.id_column = "number"
    return log


def _first_of_each(rows: Sequence[Sequence[str]], places: dict[str, int]) -> list[int]:
    """Return the places of rows that no row before them repeats."""
    said = [places[name] for name in ("number", "sys_mod_count", "sys_updated_at")]
    if isinstance(rows, Even):
        keys = list(zip(*map(rows.by_place.__getitem__, said), strict=True))
    else:
        keys = list(map(itemgetter(*said), rows))
    if len(set(keys)) == len(keys):
        return list(range(len(keys)))
    twice = {key for key, times in Counter(keys).items() if times > 1}
    seen: set[tuple[str, ...]] = set()
    first: list[int] = []
    for place, key in enumerate(keys):
        if key in twice:
            whole = tuple(rows[place])
            if whole in seen:
                continue
            seen.add(whole)
        first.append(place)
    return first


def _places(table: Table) -> tuple[dict[str, int], list[str]]:
    """Return where each column that we know stands, and what people should know of it."""
    places = {name: at for at, name in enumerate(table.header) if name in _NAMES}
    labelled = {_ALIASES[name]: at for at, name in enumerate(table.header) if name in _ALIASES}
    places = labelled | places
    for name in ("number", "opened_at"):
        if name not in places:
            raise LoadError(
                f"{table.name} row 1: no column {name}; export number, opened_at, resolved_at, closed_at and state"
            )
    if "incident_state" in places:
        return places, []
    found = _state_column(table, set(places.values()))
    if found is None:
        return places, ["no column says the state of an incident, so cancelled ones count; export state"]
    places["incident_state"] = found
    return places, [f"{table.header[found]!r} is read as state, as it holds the states of incidents"]


def _state_column(table: Table, taken: set[int]) -> int | None:
    """Return the column that holds states under a name that we do not know; None: none does.

    Raises
    ------
    LoadError
        Where a column sounds like one and holds words that we do not know, or several hold states.
    """
    sounding, holding = [], []
    for at, name in enumerate(table.header):
        if at not in taken:
            cells = (
                table.rows.by_place[at] if isinstance(table.rows, Even) else [row[at : at + 1] for row in table.rows]
            )
            sounds = _SOUNDS_LIKE_STATE.search(name) is not None
            words = {text.strip() for cell in cells for text in ([cell] if isinstance(cell, str) else cell)}
            words = {text for text in words if text.lower() not in _NOTHING and (sounds or not text.isdigit())}
            if words and all(_state(word) is not None for word in words):
                holding.append(at)
            elif words and sounds:
                sounding.append(at)
    named = [at for at in holding if _SOUNDS_LIKE_STATE.search(table.header[at])] or holding
    if len(named) == 1:
        return named[0]
    if named or sounding:
        listed = ", ".join(repr(table.header[at]) for at in named or sounding)
        raise LoadError(
            f"{table.name} row 1: no column state, and {listed} may hold it; rename the right one to state, with the "
            "standard states, or cancelled incidents would count"
        )
    return None


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
    emptied: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Rows whose `closed_at` cannot be read, with its text and why: no milestone is that stamp."""


def _updates(
    rows: list[int],
    table: Sequence[Sequence[str]],
    places: dict[str, int],
    name: str,
    clock: TimestampReader,
    faults: Refusals,
) -> Updates:
    columns = {
        column: table.by_place[at] if isinstance(table, Even) else [cells[at] for cells in table]
        for column, at in places.items()
    }
    times, emptied = _times(
        {column: columns.pop(column) for column in _TIMES if column in columns}, rows, name, clock, faults
    )
    cells: dict[str, list[str | None]] = {}
    for column, texts in columns.items():
        clean = {text: None if text.strip().lower() in _NOTHING else text.strip() for text in set(texts)}
        cells[column] = [clean[text] for text in texts]
    for row, number in zip(rows, cells["number"], strict=True):
        if number is None:
            faults.add(row, "number", "", "is empty: a record without an id cannot be told from others")
    counts = {column: _counts(column, cells.get(column), rows, faults) for column in ("sys_mod_count", "reopen_count")}
    words = cells.get("incident_state") or [None] * len(rows)
    known = {word: None if word is None else _state(word) for word in set(words)}
    for word in (word for word, state in known.items() if word is not None and state is None):
        for row in (row for row, said in zip(rows, words, strict=True) if said == word):
            faults.add(row, "incident_state", word, "is no state that we know; export the standard states")
    states = [known[word] for word in words]
    return Updates(rows, cells, times, states, counts["sys_mod_count"], counts["reopen_count"], emptied)


def _times(
    columns: dict[str, list[str]], rows: list[int], name: str, clock: TimestampReader, faults: Refusals
) -> tuple[dict[str, list[int | None]], dict[int, tuple[str, str]]]:
    """Return the instants of each column, and which cells of `closed_at` are read as empty, by row.

    A log repeats its stamps, so each text is read once.
    """
    emptied: dict[int, tuple[str, str]] = {}
    texts = {text for column in columns.values() for text in column}
    filled = [text for text in texts if text.strip().lower() not in _NOTHING]
    # Sorted, so that the same file is refused with the same sentence.
    style = date_style(sorted(filled), name, clock.timezone)
    known = {text: style.read(text) for text in filled}
    odd = {text for text, stamp in known.items() if stamp.reason or stamp.local}
    instants = {text: stamp.micros for text, stamp in known.items()}
    for column, cells in columns.items():
        for row, text in zip(rows, cells, strict=True) if odd else ():
            if text in odd and known[text].local:
                clock.zoneless.append((row, column, text))
            elif text in odd and column == "closed_at":
                emptied[row] = text, known[text].reason
            elif text in odd:
                faults.add(row, column, text, known[text].reason)
    return {column: [instants.get(text) for text in cells] for column, cells in columns.items()}, emptied


def _counts(column: str, cells: list[str | None] | None, rows: list[int], faults: Refusals) -> list[int]:
    if cells is None:
        return [0] * len(rows)
    known = {text: int(text) for text in set(cells) if text and text.isascii() and text.isdigit() and len(text) < 10}
    for row, text in zip(rows, cells, strict=True):
        if text is not None and text not in known:
            faults.add(row, column, text, "is no count")
    return [0 if text is None else known.get(text, 0) for text in cells]


def _state(word: str) -> str | None:
    word = word.lower()
    if word.startswith("awaiting"):
        return WORKING
    return _STATES.get(word) or _STATES.get(word.split(" - ", 1)[0].strip())


# Rows of a ServiceNow export → reports: what the history of an incident says about its milestones.


NEW, WORKING, RESOLVED, CLOSED, CANCELLED = "new", "working", "resolved", "closed", "cancelled"


_STATES = {
    **dict.fromkeys(("1", "new"), NEW),
    **dict.fromkeys(("2", "3", "4", "5", "active", "in progress", "work in progress"), WORKING),
    **dict.fromkeys(("on hold", "assigned", "pending"), WORKING),
    **dict.fromkeys(("6", "resolved"), RESOLVED),
    **dict.fromkeys(("7", "closed", "closed complete"), CLOSED),
    **dict.fromkeys(("8", "canceled", "cancelled"), CANCELLED),
}


_CONTACTS = {
    **dict.fromkeys(("monitoring", "event", "event management", "alert", "monitoring tool"), "alert"),
    **dict.fromkeys(("phone", "email", "self-service", "walk-in", "chat", "virtual agent"), "customer"),
}


def incident_reports(updates: Updates, faults: Refusals, ragged: set[str]) -> Iterator[Report]:
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
        yield report_of_history(sorted(history, key=partial(_order, updates)), updates)


def _order(updates: Updates, place: int) -> tuple[int, int]:
    return updates.changes[place], updates.times["sys_updated_at"][place] or 0


def report_of_history(history: list[int], updates: Updates) -> Report:
    """Return the report of these rows of one incident, the oldest first."""
    last = history[-1]
    cells = {column: values[last] for column, values in updates.cells.items()}
    times = {column: values[last] for column, values in updates.times.items()}
    state, again = updates.states[last], updates.reopened[last] > 0
    resolved, closed_at = times.get("resolved_at"), times.get("closed_at")
    ended = state in (RESOLVED, CLOSED, CANCELLED) or closed_at is not None or updates.rows[last] in updates.emptied
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
