"""Files → the lab: what the settings say about each, read, judged and stored. The caller holds the transaction.

What is no export of incidents goes through the table of kinds in `lab/kinds.py`.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from mttrlab.errors import LoadError
from mttrlab.lab.annotations import FORMAT, is_worksheet, read_frame, read_worksheet
from mttrlab.lab.bulk import load_large
from mttrlab.lab.derive import derive
from mttrlab.lab.folder import file_settings
from mttrlab.lab.kinds import Kind, kind_named, kind_of
from mttrlab.lab.ledger import Asked, columns_text, known_load
from mttrlab.lab.progress import Progress
from mttrlab.lab.recording import DERIVED, store_annotations, told_again
from mttrlab.lab.recording import KINDS as RECORDED_KINDS
from mttrlab.lab.report import LoadReport
from mttrlab.lab.settings import FILE_NAME, Settings
from mttrlab.lab.writing import store_extract
from mttrlab.sources.exports import Extract, extract, recognise
from mttrlab.sources.exports.opened import open_stream


def load_files(
    connection: duckdb.DuckDBPyConnection,
    files: list[Path],
    asked: Asked,
    as_of: Any,
    settings: Settings,
    *,
    keep_people: bool = False,
) -> tuple[LoadReport, ...]:
    """Load the files in their order, then derive what the views lean on.

    Raises
    ------
    LoadError
        At the first file that is refused.
    """
    with Progress(files) as progress:
        reports: list[LoadReport] = []
        for file in files:
            progress.begin(file)
            reports.append(_load_file(connection, file, asked, as_of, settings, keep_people))
        progress.finish()
        if any(kind_named(report.format) is None for report in reports):
            derive(connection)
    return tuple(_after_deriving(connection, report) for report in reports)


def record_frame(
    connection: duckdb.DuckDBPyConnection, table: pd.DataFrame, timezone: str | None, *, keep_people: bool, kind: str
) -> LoadReport:
    """Keep annotations, or stamps derived from telemetry, that come from Python, as a file of them would be."""
    # What was derived names no person; "metrics" is no pseudonym's business.
    told = read_frame(table, timezone=timezone, keep_people=keep_people or kind == DERIVED)
    known = known_load(connection, Path(told.path), told.sha256, Asked(kind, timezone))
    if known is not None:
        return known
    report = store_annotations(connection, told, timezone, keep_people=keep_people, kind=kind)
    derive(connection)
    return _after_deriving(connection, report)


def load_again(connection: duckdb.DuckDBPyConnection, file: Path, line: dict[str, Any]) -> None:
    """Load a file, or the copy of it, as a line of an older ledger says, and book it under its first path.

    Raises
    ------
    LoadError
        When it is refused now.
    """
    asked = Asked(line["format"], line["timezone"], line["as_of"], line["source"], line.get("columns"))
    people = bool(line.get("people"))
    kind = kind_named(line["format"])
    if kind is not None:
        kind.load(connection, file, Path(line["path"]), Asked(None, line["timezone"]), keep_people=people)
        return
    if line["format"] == FORMAT:
        told = read_worksheet(file, timezone=asked.timezone, keep_people=people)
        told = replace(told, path=line["path"], name=line["name"])
        store_annotations(connection, told, asked.timezone, keep_people=people)
        return
    found = _extract(file, asked, asked.as_of)
    store_extract(connection, replace(found, path=Path(line["path"])), None, asked)


def _load_file(
    connection: duckdb.DuckDBPyConnection, file: Path, asked: Asked, as_of: Any, settings: Settings, keep_people: bool
) -> LoadReport:
    said = file_settings(file, settings)
    asked = Asked(
        asked.format or said.format,
        asked.timezone or said.timezone,
        asked.as_of,
        asked.source or said.source,
        asked.columns or columns_text(said.columns),
    )
    if asked.columns and asked.format is None:
        asked = replace(asked, format="canonical")
    kind = kind_named(asked.format) or (_kind(file) if asked.format is None else None)
    if kind is not None:
        return kind.load(connection, file, file, asked, keep_people=keep_people)
    if not (asked.format is None and is_worksheet(file)):
        try:
            large = load_large(connection, file, asked, as_of)
        except LoadError as refusal:
            raise _with_place_for_zone(refusal, file, asked) from None
        if large is not None:
            return large
    known = known_load(connection, file, _sha256(file), asked)
    if known is not None:
        return known
    if asked.format == FORMAT or (asked.format is None and is_worksheet(file)):
        told = read_worksheet(file, timezone=asked.timezone, keep_people=keep_people)
        return store_annotations(connection, told, asked.timezone, keep_people=keep_people)
    try:
        found = _extract(file, asked, as_of)
    except LoadError as refusal:
        raise _with_place_for_zone(refusal, file, asked) from None
    return store_extract(connection, found, None, asked)


def _extract(file: Path, asked: Asked, as_of: Any) -> Extract:
    return extract(
        file,
        format=asked.format,
        timezone=asked.timezone,
        as_of=as_of,
        source=asked.source,
        columns=asked.named,
        whole=False,
    )


def _kind(file: Path) -> Kind | None:
    """Return what a file is that is no incident export; an export is what it is, whatever else it looks like."""
    return None if is_worksheet(file) or recognise(file) is not None else kind_of(file)


def _after_deriving(connection: duckdb.DuckDBPyConnection, report: LoadReport) -> LoadReport:
    # Which incidents the annotations mean is known only after the last file.
    fresh = report.format in RECORDED_KINDS and report.load_id is not None and not report.unchanged
    return told_again(connection, report) if fresh else report


def _sha256(file: Path) -> str:
    try:
        # Not by its name alone: a named pipe would be waited for, a device read for ever.
        with open_stream(file) as (opened, _):
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise LoadError(f"{file}: cannot be read ({error.strerror}); check the file") from None


def _with_place_for_zone(refusal: LoadError, file: Path, asked: Asked) -> LoadError:
    if asked.timezone is None and "timezone=" in str(refusal):
        return LoadError(
            f"{refusal}; or, in {FILE_NAME}, under sources: '{file.name}': write timezone: and an IANA name "
            "such as Europe/Lisbon"
        )
    return refusal
