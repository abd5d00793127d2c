"""A file of incidents → its rows: recognised, read once, counted by us, refused whole where it cannot be trusted."""

from __future__ import annotations

import codecs
import gc
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd

from mttrlab.errors import LoadError
from mttrlab.sources.exports.canonical import TableNotes, read_canonical
from mttrlab.sources.exports.columns import (
    IDS,
    Cells,
    advised,
    from_documents,
    from_parquet,
    from_table,
    is_canonical,
    settle_columns,
    squeeze,
)
from mttrlab.sources.exports.event_log import LogColumns, by_incident, first_cells, is_event_log, log_columns
from mttrlab.sources.exports.pagerduty import read_pagerduty
from mttrlab.sources.exports.reading import (
    HEAD,
    WRAPPERS,
    Opened,
    decode,
    documents_of,
    first_answer,
    fold,
    foot,
    head,
    header_of,
    is_plain,
    is_raw,
    open_file,
    read_documents,
    read_table,
)
from mttrlab.sources.exports.records import Draft, Refusals, TimestampReader, newest_stamp, settle_repeats, tabulate
from mttrlab.sources.exports.servicenow import read_servicenow, table_of_records
from mttrlab.sources.exports.statuspage import read_statuspage
from mttrlab.sources.exports.timestamps import NONE, read_stamp, zone

NOTHING = "no record of the file could be accepted; see the quarantine for the reasons"


@dataclass(frozen=True)
class Extract:
    """What a file of incidents holds. `accepted + len(quarantine) + duplicates == rows`, always."""

    path: Path
    """The file."""
    format: str
    """canonical, statuspage, pagerduty or servicenow."""
    source: str
    """The tool that the records come from."""
    sha256: str
    """Hash of the file."""
    size: int
    """Bytes of the file."""
    rows: int
    """Records in the file: rows of a table, elements of a list, rows of an audit log."""
    reports: pd.DataFrame
    """REPORT_COLUMNS without verdicts, one row per incident."""
    quarantine: pd.DataFrame
    """`row, column, value, reason`: one row per refused record."""
    accepted: int
    """Records accepted."""
    duplicates: int
    """Records that say the same as another one of the file."""
    exported_at: pd.Timestamp
    """When the newest row was seen at its source; NaT where the file holds no stamp."""
    exported_at_from: str
    """the file, as_of, or the newest stamp."""
    warnings: tuple[str, ...]
    """Sentences for people."""


@dataclass
class _Contents:
    """A file on its way to an Extract."""

    rows: int
    accepted: int
    """Records behind the draft: more than its reports where an incident has several."""
    duplicates: int
    draft: Draft
    faults: Refusals
    warnings: list[str]
    settled: bool = False
    """Repeats have been told apart already."""


def extract(
    path: str | Path,
    *,
    format: str | None = None,
    timezone: str | None = None,
    as_of: str | datetime | None = None,
    source: str | None = None,
    columns: Mapping[str, str] | None = None,
    whole: bool = True,
) -> Extract:
    """Return the incidents of one exported file.

    Parameters
    ----------
    path : str or Path
        One file; a pattern is never expanded here.
    format : str, optional
        canonical, statuspage, pagerduty or servicenow; recognised by content where it is not given.
    timezone : str, optional
        IANA name of the zone that zone-less times of the file are in.
    as_of : str or datetime, optional
        When the export was taken, with a zone; otherwise the file's own word, else its newest stamp.
    source : str, optional
        Name of the tool instead of the format's; a canonical table may have a column of its own.
    columns : mapping, optional
        The file's name of a column, and ours; the file is then a canonical table.
    whole : bool
        False: `reports` lacks the columns of which the file says nothing, and `content_hash`.

    Raises
    ------
    LoadError
        Where the file as a whole cannot be trusted; one sentence with file, row and what to do.
    """
    opened = open_file(path)
    clock = TimestampReader(opened.name, zone(timezone, opened.name) if timezone else None)
    taken = as_of_instant(as_of, opened.name, clock.timezone)
    text = "" if opened.is_parquet else decode(opened.content, opened.name)
    known = _format(opened, text, format or ("canonical" if columns else None))
    if columns and known != "canonical":
        raise LoadError(f"{opened.name}: columns= is for a table of your own, not for an export of {known}")
    with _uncollected():
        contents = _read(opened, text, known, clock, columns)
        clock.check()
        return _finish(opened, known, source or known, contents, taken, whole)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the garbage collector from walking millions of small lists that all stay alive."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _format(opened: Opened, text: str, wished: str | None) -> str:
    if wished is not None and wished not in FORMATS:
        raise LoadError(f"{opened.name}: format {wished!r} is not known; say one of {', '.join(FORMATS)}")
    if opened.is_parquet and wished in (None, "canonical"):
        return "canonical"
    found = None if opened.is_parquet else recognise_text(text)
    if wished is None and found is None:
        raise LoadError(f"{opened.name} row 1: no export that is known: {said_of(text)}")
    return wished or str(found)


def said_of(text: str) -> str:
    """Return what is to be said of a text that is no export we know."""
    inner = first_answer(text) if is_raw(text[:HEAD]) else ""
    return unknown_export((inner or text)[:HEAD], keys_of(inner or text))


def _read(
    opened: Opened, text: str, known: str, clock: TimestampReader, columns: Mapping[str, str] | None
) -> _Contents:
    is_json = text.lstrip()[:1] in ("{", "[")
    if known == "servicenow":
        if opened.is_parquet:
            raise LoadError(f"{opened.name} is not a ServiceNow table; export the incidents as CSV")
        table = table_of_records(read_documents(text, opened.name)) if is_json else read_table(text, opened.name)
        log = read_servicenow(table, clock)
        return _Contents(log.rows, log.accepted, log.duplicates, log.draft, log.faults, log.warnings, log.is_log)
    if known == "canonical":
        cells = (
            from_parquet(opened, columns)
            if opened.is_parquet
            else from_documents(read_documents(text, opened.name), columns)
            if is_json
            else from_table(read_table(text, opened.name), columns)
        )
        rows = len(cells.rows) + len(cells.faults.by_row)
        told = TableNotes()
        if (logged := log_columns(cells.columns)) is not None:
            return _read_log(cells, logged, rows, clock)
        draft, faults = read_canonical(cells, clock, told)
        warnings = told.sentences()
    else:
        if opened.is_parquet or not (is_json or is_raw(text[:HEAD]) or recognise_text(text) == known):
            raise LoadError(f"{opened.name} is not JSON, as exports of {known} are; export it again")
        documents = documents_of(text, opened.name)
        rows = len(documents.records)
        reader = read_statuspage if known == "statuspage" else read_pagerduty
        draft, faults, warnings = reader(documents, clock)
    return _Contents(rows, len(draft), 0, draft, faults, warnings)


def _read_log(cells: Cells, logged: LogColumns, rows: int, clock: TimestampReader) -> _Contents:
    table, behind, sentence = by_incident(cells, logged, clock.timezone)
    told = TableNotes()
    draft, faults = read_canonical(table, clock, told)
    for row, others in behind.items():
        for other in others if row in faults.by_row else ():
            if other not in faults.by_row:
                faults.add(other, "", "", f"row {row} of the same incident is refused")
    return _Contents(rows, rows - len(faults.by_row), 0, draft, faults, [sentence, *told.sentences()], settled=True)


def _finish(opened: Opened, known: str, source: str, contents: _Contents, taken: int | None, whole: bool) -> Extract:
    draft, faults = contents.draft, contents.faults
    if not contents.settled:
        kept, duplicates = settle_repeats(draft, faults)
        draft = draft.take(kept)
        contents.accepted, contents.duplicates = len(draft), duplicates
    quarantined = faults.lines()
    if contents.accepted + len(quarantined) + contents.duplicates != contents.rows:
        raise LoadError(
            f"{opened.name}: {contents.rows:,} records in, but {contents.accepted:,} accepted, "
            f"{len(quarantined):,} refused and {contents.duplicates:,} duplicates; that is our fault, please report it"
        )
    if not contents.accepted:
        contents.warnings.append(NOTHING)
    newest, told_by = newest_stamp(draft), "the newest stamp"
    told = draft.times.get("exported_at")
    if taken is not None:
        draft.times.pop("exported_at", None)
        newest, told_by = taken, "as_of"
    elif told is not None and (told != NONE).any():
        told_by = "the file"
    reports = tabulate(draft, source, newest, whole=whole)
    return Extract(
        path=opened.path,
        format=known,
        source=source,
        sha256=opened.sha256,
        size=opened.size,
        rows=contents.rows,
        reports=reports,
        quarantine=quarantine_of(quarantined),
        accepted=contents.accepted,
        duplicates=contents.duplicates,
        exported_at=reports.get("exported_at", pd.Series(pd.NaT)).max(),
        exported_at_from=told_by,
        warnings=tuple(contents.warnings),
    )


def quarantine_of(lines: list[tuple[int, str, str, str]]) -> pd.DataFrame:
    """Return the refused records as a table."""
    frame = pd.DataFrame(lines, columns=["row", "column", "value", "reason"])
    return frame.astype({"row": "int64", "column": "str", "value": "str", "reason": "str"})


def as_of_instant(as_of: str | datetime | None, name: str, timezone: ZoneInfo | None) -> int | None:
    """Return the instant that the caller says the export was taken; None: not said."""
    if as_of is None:
        return None
    stamp = read_stamp(as_of.isoformat() if isinstance(as_of, datetime) else str(as_of), timezone)
    if stamp.local or stamp.micros is None:
        raise LoadError(f"{name}: as_of={str(as_of)!r} is no instant; write it as 2026-07-01T00:00:00Z")
    return stamp.micros


# Which format a file has, by its content and never by its name.


FORMATS = ("canonical", "statuspage", "pagerduty", "servicenow")


_PARQUET_NAME = re.compile(rb"[A-Za-z][\w \-()]{1,60}", re.ASCII)


_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"(\s*:)?|[{}\[\]]')


_ANALYTICS = {"seconds_to_first_ack", "created_at", "id"}


_PAGERDUTY = {"log_entries", "first_trigger_log_entry", "incident_key", "escalation_policy", "last_status_change_at"}


def recognise(path: str | Path) -> str | None:
    """Return the format of the file, or None where it is no export that we know.

    Parameters
    ----------
    path : str or Path
        Only its first 64 KiB are read.

    Returns
    -------
    str or None
        canonical, statuspage, pagerduty or servicenow.
    """
    try:
        content = head(path)
        if content[:4] == b"PAR1":
            # The names of the columns stand in the footer as they are.
            return _canonical(name.decode() for name in _PARQUET_NAME.findall(foot(path)))
        encoding = "utf-16" if content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"
        return recognise_text(content.decode(encoding, errors="replace"))
    except LoadError:
        return None


def recognise_text(text: str) -> str | None:
    """Return the format of a text by its first keys or its header, or None."""
    start = text[:HEAD].lstrip()
    if start[:1] in ("{", "["):
        return _by_keys(*_keys(start)) or ("canonical" if _are_events(text) else None)
    header = header_of(start)[1]
    if is_raw(start):
        return recognise_text(first_answer(text)) if text.count("\n") else None
    names = set(map(fold, header))
    if names >= _ANALYTICS:
        return "pagerduty"
    if "number" in names and names & {"opened_at", "opened"} and not names & set(IDS):
        return "servicenow"
    return _canonical(header) or ("canonical" if is_event_log(start) else None)


def _are_events(text: str) -> bool:
    """Return whether JSON records are a log of events; a text that was cut off is none."""
    try:
        return log_columns(from_documents(read_documents(text, "")).columns) is not None
    except LoadError:
        return False


def _keys(start: str) -> tuple[set[str], set[str]]:
    """Return every key in the beginning of a JSON text, and those of the records alone: not of what is inside them."""
    every: set[str] = set()
    shallow: dict[int, set[str]] = {}
    depth = 0
    for token in _TOKEN.finditer(start):
        if token[0] in "{[":
            depth += 1
        elif token[0] in "}]":
            depth -= 1
        elif token[2]:
            every.add(token[1])
            shallow.setdefault(depth, set()).add(token[1])
    levels = [shallow[depth] for depth in sorted(shallow)]
    inside = next((place for place, keys in enumerate(levels[:-1]) if keys & {"incidents", *WRAPPERS}), -1)
    return every, levels[inside + 1] if levels else set()


def keys_of(text: str) -> tuple[set[str], set[str]] | None:
    """Return every key in the beginning of a JSON text, and those of the records alone; None where it is none."""
    start = text[:HEAD].lstrip()
    return _keys(start) if start[:1] in ("{", "[") else None


def _by_keys(keys: set[str], own: set[str]) -> str | None:
    if "incident_updates" in keys or {"updates", "at", "status"} <= keys or {"page", "incidents"} <= keys:
        return "statuspage"
    if keys & _PAGERDUTY or own >= _ANALYTICS:
        return "pagerduty"
    if {"number", "opened_at"} <= own and not own & set(IDS):
        return "servicenow"
    if {"impact", "shortlink"} <= own:
        return "statuspage"
    if {"urgency", "created_at", "status"} <= own:
        return "pagerduty"
    return _canonical(own)


def _canonical(header: Iterable[str]) -> str | None:
    """Return whether the columns make a canonical table: under our own names, or under words of no known tool."""
    listed = list(dict.fromkeys(map(fold, header)))
    if is_canonical(listed):
        return "canonical"
    if foreign(listed) is not None:
        return None
    try:
        return "canonical" if is_canonical(settle_columns(listed).header) else None
    except LoadError:
        # Two columns of one name: of our kind, and refused when it is read.
        return "canonical"


# Exports that are not read: whose they are, by their keys, and how to make a table of them.


_SIGNS = (
    ("Opsgenie", {"tinyid"}),
    ("Opsgenie", {"impactstartdate"}),
    ("incident.io", {"incidenttimestampvalues"}),
    ("incident.io", {"incidentstatus", "permalink"}),
    ("FireHydrant", {"milestones", "currentmilestone"}),
    ("Rootly", {"intriageat"}),
    ("Rootly", {"sequentialid", "mitigatedat"}),
    ("Grafana IRM", {"isdrill", "incidentid"}),
    ("Datadog", {"customerimpacted"}),
    ("Datadog", {"customerimpactstart"}),
    ("Jira", {"issuekey", "issuetype"}),
    ("Jira", {"completedcycles"}),
    ("Jira", {"changelog", "fields"}),
    ("OneUptime", {"currentincidentstateid"}),
    ("Netflix Dispatch", {"reportedat", "stableat"}),
    ("Alertmanager", {"grouplabels"}),
    ("Alertmanager", {"receiver", "alerts"}),
    ("Google Cloud status", {"externaldesc"}),
    ("Google Cloud status", {"externaldescription", "mostrecentupdate"}),
    ("Better Stack", {"startedat", "acknowledgedat", "cause"}),
    ("GitHub issues", {"closedat", "repositoryurl"}),
    ("GitHub issues", {"closedat", "repo"}),
    ("GitHub issues", {"number", "labels", "title"}),
    ("GitLab issues", {"iid", "projectid"}),
    ("Statuspage's display history, whose times carry no year; load incidents.json instead", {"months", "components"}),
    ("Statuspage's status, which names no incident; load incidents.json instead", {"page", "status"}),
)


READ = (
    "Statuspage, PagerDuty, ServiceNow and tables with incident_id and "
    "started_at, detected_at, diagnosed_at, resolved_at or verified_at"
)


_COLUMNS_SHOWN = 6


_WORD = re.compile(r"[^\W\d][\w .,#()/%-]{0,39}")


_VALUE = re.compile(r"\d{4}-\d\d|\d[/.:]\d|@|^[A-Z]+[-_]?\d+$|^\d+$")


def foreign(names: Iterable[str]) -> str | None:
    """Return whose export has these keys or columns; None: nobody's that we know.

    Examples
    --------
    >>> foreign(["incidentID", "title", "isDrill"])
    'Grafana IRM'
    """
    squeezed = {squeeze(name) for name in names}
    return next((tool for tool, signs in _SIGNS if signs <= squeezed), None)


def unknown_export(text: str, keys: tuple[set[str], set[str]] | None) -> str:
    """Return what is to be said of a text that is no export we know.

    Parameters
    ----------
    text : str
        Its beginning.
    keys : (set of str, set of str), optional
        Every key in it and those of its records, where it is JSON.
    """
    if keys is not None:
        every, own = keys
        if not own:
            return f"JSON without a record; read are {READ}"
        return _sentence(sorted(own), "keys", foreign(own) or foreign(every))
    header = [cell.strip() for cell in header_of(text)[1]]
    if any(_VALUE.search(cell) for cell in header):
        return f"its first row holds values and not the names of columns; add a header; read are {READ}"
    below = _header_below(text)
    if below:
        return f"the header seems to stand in row {below}; remove the rows above it"
    return _sentence(header, "columns", foreign(header), first_cells(text))


def _sentence(names: list[str], what: str, tool: str | None, held: Mapping[str, Sequence[str]] | None = None) -> str:
    if tool is not None:
        return f"{tool}, by its {what}; read are {READ}: make such a table of it" if ";" not in tool else tool
    shown = [name for name in names if _WORD.fullmatch(name) and (what == "columns" or is_plain(name))][:_COLUMNS_SHOWN]
    if len(names) < 2 or not shown:
        return f"read are {READ}"
    listed = ", ".join(shown) + (", …" if len(names) > len(shown) else "")
    told = advised({fold(name): cells for name, cells in (held or dict.fromkeys(names)).items()}, ())
    said = ", ".join(f"{name[:60]!r}: {ours!r}" for name, ours in told.items())
    hint = f", or pass columns={{{said}}}" if told else ""
    return f"its {what} are {listed}; read are {READ}: rename them{hint}"


def _header_below(text: str) -> int | None:
    rows = text.splitlines()[:10]
    for place, row in enumerate(rows[1:], start=2):
        names = header_of(row)[1] if row.strip() else []
        with suppress(LoadError):
            if len(names) > 1 and is_canonical(settle_columns(dict.fromkeys(names)).header):
                return place
    return None
