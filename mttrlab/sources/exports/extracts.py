"""A file of incidents → its rows: read once, counted by us, refused whole where it cannot be trusted."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd

from mttrlab.errors import LoadError
from mttrlab.sources.exports.canonical import TableNotes, read_canonical
from mttrlab.sources.exports.columns import from_documents, from_parquet, from_table
from mttrlab.sources.exports.formats import FORMATS, keys_of, recognise_text, unknown_export
from mttrlab.sources.exports.pagerduty import read_pagerduty
from mttrlab.sources.exports.reading import (
    HEAD,
    Opened,
    decode,
    documents_of,
    first_answer,
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
