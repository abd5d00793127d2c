"""Files → the lab: what the settings say about each, read, judged and stored. The caller holds the transaction."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import duckdb

from mttrlab.errors import LoadError
from mttrlab.judge import judge
from mttrlab.lab.derive import derive
from mttrlab.lab.folder import file_settings
from mttrlab.lab.report import LoadReport
from mttrlab.lab.settings import FILE_NAME, Settings
from mttrlab.lab.writing import Asked, known_load, store_extract
from mttrlab.sources.exports import extract


def load_files(
    connection: duckdb.DuckDBPyConnection, files: list[Path], asked: Asked, as_of: Any, settings: Settings
) -> tuple[LoadReport, ...]:
    """Load the files in their order, then derive what the views lean on.

    Raises
    ------
    LoadError
        At the first file that is refused.
    """
    reports = tuple(_load_file(connection, file, asked, as_of, settings) for file in files)
    derive(connection)
    return reports


def _load_file(
    connection: duckdb.DuckDBPyConnection, file: Path, asked: Asked, as_of: Any, settings: Settings
) -> LoadReport:
    said = file_settings(file, settings)
    asked = Asked(
        asked.format or said.format, asked.timezone or said.timezone, asked.as_of, asked.source or said.source
    )
    known = known_load(connection, file, _sha256(file), asked)
    if known is not None:
        return known
    try:
        found = extract(file, format=asked.format, timezone=asked.timezone, as_of=as_of, source=asked.source)
    except LoadError as refusal:
        raise _with_place_for_zone(refusal, file, asked) from None
    return store_extract(connection, found, judge(found.reports), asked)


def _sha256(file: Path) -> str:
    try:
        with file.open("rb") as opened:
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
