"""Files → the lab: what the settings say about each, read, judged and stored. The caller holds the transaction.

What is no export of incidents goes through the table `KINDS`.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from datetime import datetime
from fnmatch import fnmatch
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import duckdb
import pandas as pd

from mttrlab.errors import LoadError
from mttrlab.lab import practices, telemetry
from mttrlab.lab.annotations import (
    DERIVED,
    FORMAT,
    is_worksheet,
    read_frame,
    read_worksheet,
    refresh_report,
    store_annotations,
)
from mttrlab.lab.annotations import RECORD_KINDS as RECORDED_KINDS
from mttrlab.lab.bulk import load_large
from mttrlab.lab.reports import LoadOptions, LoadReport, columns_as_json, known_load, store_extract
from mttrlab.lab.settings import FILE_NAME, FileSettings, Settings
from mttrlab.lab.views import derive
from mttrlab.schema import Record
from mttrlab.sources.exports import Extract, extract, recognise
from mttrlab.sources.exports.reading import open_stream
from mttrlab.text import plain


def load_files(
    connection: duckdb.DuckDBPyConnection,
    files: list[Path],
    options: LoadOptions,
    as_of: str | datetime | None,
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
            reports.append(_load_file(connection, file, options, as_of, settings, keep_people))
        progress.finish()
        if any(file_kind_named(report.format) is None for report in reports):
            derive(connection)
    return tuple(_with_final_counts(connection, report) for report in reports)


def record_frame(
    connection: duckdb.DuckDBPyConnection, table: pd.DataFrame, timezone: str | None, *, keep_people: bool, kind: str
) -> LoadReport:
    """Keep annotations, or stamps derived from telemetry, that come from Python, as a file of them would be."""
    # What was derived names no person; "metrics" is no pseudonym's business.
    told = read_frame(table, timezone=timezone, keep_people=keep_people or kind == DERIVED)
    known = known_load(connection, Path(told.path), told.sha256, LoadOptions(kind, timezone))
    if known is not None:
        return known
    report = store_annotations(connection, told, timezone, keep_people=keep_people, kind=kind)
    derive(connection)
    return _with_final_counts(connection, report)


def reload(connection: duckdb.DuckDBPyConnection, file: Path, line: Record) -> None:
    """Load a file, or the copy of it, as a line of an older ledger says, and book it under its first path.

    Raises
    ------
    LoadError
        When it is refused now.
    """
    options = LoadOptions(line["format"], line["timezone"], line["as_of"], line["source"], line.get("columns"))
    people = bool(line.get("people"))
    kind = file_kind_named(line["format"])
    if kind is not None:
        kind.load(connection, file, Path(line["path"]), LoadOptions(None, line["timezone"]), keep_people=people)
        return
    if line["format"] == FORMAT:
        told = read_worksheet(file, timezone=options.timezone, keep_people=people)
        told = replace(told, path=line["path"], name=line["name"])
        store_annotations(connection, told, options.timezone, keep_people=people)
        return
    found = _extract(file, options, options.as_of)
    store_extract(connection, replace(found, path=Path(line["path"])), None, options)


def _load_file(
    connection: duckdb.DuckDBPyConnection,
    file: Path,
    options: LoadOptions,
    as_of: str | datetime | None,
    settings: Settings,
    keep_people: bool,
) -> LoadReport:
    said = file_settings(file, settings)
    options = LoadOptions(
        options.format or said.format,
        options.timezone or said.timezone,
        options.as_of,
        options.source or said.source,
        options.columns or columns_as_json(said.columns),
    )
    if options.columns and options.format is None:
        options = replace(options, format="canonical")
    kind = file_kind_named(options.format) or (_recognise_kind(file) if options.format is None else None)
    if kind is not None:
        return kind.load(connection, file, file, options, keep_people=keep_people)
    if not (options.format is None and is_worksheet(file)):
        try:
            large = load_large(connection, file, options, as_of)
        except LoadError as refusal:
            raise _with_zone_hint(refusal, file, options) from None
        if large is not None:
            return large
    known = known_load(connection, file, _sha256(file), options)
    if known is not None:
        return known
    if options.format == FORMAT or (options.format is None and is_worksheet(file)):
        told = read_worksheet(file, timezone=options.timezone, keep_people=keep_people)
        return store_annotations(connection, told, options.timezone, keep_people=keep_people)
    try:
        found = _extract(file, options, as_of)
    except LoadError as refusal:
        raise _with_zone_hint(refusal, file, options) from None
    return store_extract(connection, found, None, options)


def _extract(file: Path, options: LoadOptions, as_of: str | datetime | None) -> Extract:
    return extract(
        file,
        format=options.format,
        timezone=options.timezone,
        as_of=as_of,
        source=options.source,
        columns=options.column_names,
        whole=False,
    )


def _recognise_kind(file: Path) -> FileKind | None:
    """Return what a file is that is no incident export; an export is what it is, whatever else it looks like."""
    return None if is_worksheet(file) or recognise(file) is not None else recognise_kind(file)


def _with_final_counts(connection: duckdb.DuckDBPyConnection, report: LoadReport) -> LoadReport:
    # Which incidents the annotations mean is known only after the last file.
    fresh = report.format in RECORDED_KINDS and report.load_id is not None and not report.unchanged
    if fresh:
        return refresh_report(connection, report)
    # Whom a record joins is known only after the last file, too.
    joined = connection.execute(
        "SELECT count(*) FROM links JOIN held USING (report_id) WHERE load_id = $1", [report.load_id]
    ).fetchall()[0][0]
    return replace(report, joined=int(joined))


def _sha256(file: Path) -> str:
    try:
        # Not by its name alone: a named pipe would be waited for, a device read for ever.
        with open_stream(file) as (opened, _):
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise LoadError(f"{file}: cannot be read ({error.strerror}); check the file") from None


def _with_zone_hint(refusal: LoadError, file: Path, options: LoadOptions) -> LoadError:
    if options.timezone is None and "timezone=" in str(refusal):
        return LoadError(
            f"{refusal}; or, in {FILE_NAME}, under sources: '{file.name}': write timezone: and an IANA name "
            "such as Europe/Lisbon"
        )
    return refusal


# Which files of a folder or a pattern are exports, and how the settings say to read them.


@dataclass(frozen=True)
class FolderFiles:
    """What a folder holds."""

    exports: tuple[Path, ...]
    """Files to load, in the order of their names: exports, and behind them what lies in the subfolders of the kinds."""
    skipped: tuple[str, ...]
    """Names of files that are no export."""


def folder_files(folder: str | Path, settings: Settings) -> FolderFiles:
    """Return the exports of a folder, and the names of what is none.

    Raises
    ------
    LoadError
        When there is no such folder, no export in it, or a file that cannot be opened: it may be one.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise LoadError(f"{folder} is no folder; give the folder that holds the exports")
    exports, skipped = [], []
    for path in sorted(folder.iterdir(), key=lambda found: found.name):
        if path.name.startswith(".") or path.name == FILE_NAME or path.is_dir():
            continue
        if settings.join.keys is not None and path.resolve() == settings.join.keys.resolve():
            continue
        if path.is_file() and not os.access(path, os.R_OK):
            raise LoadError(f"{path} cannot be opened (permission denied); check its permissions, or move it away")
        wanted = file_settings(path, settings)
        told = wanted.format is not None and path.is_file()
        if (
            told
            or is_worksheet(path)
            or recognise(path) is not None
            or any(kind.recognise(path) for kind in FILE_KINDS)
        ):
            exports.append(path)
        else:
            skipped.append(path.name)
    for kind in FILE_KINDS:
        for path in _kind_files(folder, kind, settings):
            if kind.recognise(path):
                exports.append(path)
            else:
                skipped.append(path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name)
    if not exports:
        left = f" ({len(skipped)} other files: {', '.join(skipped[:5])})" if skipped else ""
        raise LoadError(f"{folder} holds no export that mttrlab can read{left}; README says how to make one")
    return FolderFiles(tuple(exports), tuple(skipped))


def _kind_files(folder: Path, kind: FileKind, settings: Settings) -> list[Path]:
    """Return the files of a kind's own folder: the one that the settings name, else the subfolder of its name.

    Raises
    ------
    LoadError
        When the settings name a folder that is not there.
    """
    said = getattr(settings, kind.name, None)
    own = Path(os.path.normpath(folder / (said or kind.name)))
    if said is not None and not own.is_dir():
        raise LoadError(f"{FILE_NAME}: {kind.name}: {own} is no folder; correct it, or leave it out")
    found = (path for path in own.rglob("*") if path.is_file() and not path.name.startswith("."))
    return sorted(found) if own.is_dir() else []


def file_settings(path: Path, settings: Settings) -> FileSettings:
    """Return how the settings say to read a file: the first pattern that its name matches."""
    for pattern, wanted in settings.sources.items():
        if path.name == pattern or fnmatch(path.name, pattern):
            return wanted
    return FileSettings()


def unmatched_patterns(folder: str | Path, settings: Settings) -> list[str]:
    """Return a sentence for each file pattern of the settings that no file of the folder has, mostly a slip."""
    names = [path.name for path in Path(folder).iterdir()]
    return [
        f"{FILE_NAME}: sources: {plain(pattern, 80)!r} matches no file of this folder; correct or remove it"
        for pattern in settings.sources
        if not any(name == pattern or fnmatch(name, pattern) for name in names)
    ]


def matching_files(path: str | Path) -> list[Path]:
    """Return the file, or the files that match a pattern, in the order of their names.

    A file whose name merely looks like a pattern is that file.

    Raises
    ------
    LoadError
        For a folder, a file that is not there, or a pattern that nothing matches.
    """
    wanted = Path(path)
    if wanted.is_dir():
        raise LoadError(f"{wanted} is a folder; lab.load_folder or `mttrlab load {wanted}` takes a whole folder")
    if wanted.exists() or not any(sign in str(path) for sign in "*?["):
        if not wanted.exists():
            raise LoadError(f"{wanted} does not exist; check the path")
        return [wanted]
    anchor = Path(wanted.anchor) if wanted.is_absolute() else Path()
    pattern = str(wanted.relative_to(anchor)) if wanted.is_absolute() else str(wanted)
    found = sorted(file for file in anchor.glob(pattern) if file.is_file())
    if not found:
        raise LoadError(f"no file matches {wanted}; check the pattern")
    return found


# What a lab holds beside incidents: one line a kind says how its files are recognised and how they are loaded. A
# further kind is a module with two functions and one line in `KINDS`; nothing else of the lab's door changes.


class RecogniseFile(Protocol):
    """Whether a file is of a kind: a look at its beginning, never an exception."""

    def __call__(self, file: Path) -> bool: ...


class LoadFile(Protocol):
    """Read a file and store it with its line in the ledger; the caller holds the transaction.

    `booked` is where the ledger says that the file is: `file` itself, unless a lab is built again from kept copies.
    `options` is what the caller or the settings said about it, `keep_people` whether people may be stored as written.
    What cannot be read is a LoadError.
    """

    def __call__(
        self,
        connection: duckdb.DuckDBPyConnection,
        file: Path,
        booked: Path,
        options: LoadOptions,
        *,
        keep_people: bool,
    ) -> LoadReport: ...


@dataclass(frozen=True)
class FileKind:
    """One kind of file that is no incident export."""

    name: str
    """As in `format=`, in the ledger's column `format`, and the subfolder of a folder of exports."""
    recognise: RecogniseFile
    load: LoadFile
    suffixes: frozenset[str] = frozenset()
    """Suffixes that only this kind has: such a file, named by hand, is read as one, to say what is wrong with it."""


FILE_KINDS: tuple[FileKind, ...] = (
    FileKind(telemetry.FORMAT, telemetry.is_telemetry, telemetry.load_telemetry),
    FileKind(practices.FORMAT, practices.is_practices, practices.load_practices, practices.OWN_SUFFIXES),
)
"""In the order in which a file that is no export is tried."""


def file_kind_named(name: str | None) -> FileKind | None:
    """Return the kind of that name; None: the name is an export's format, or none."""
    return next((kind for kind in FILE_KINDS if kind.name == name), None)


def recognise_kind(file: Path) -> FileKind | None:
    """Return the first kind that recognises a file, else the one that alone has its suffix, or None."""
    found = next((kind for kind in FILE_KINDS if kind.recognise(file)), None)
    return found or next((kind for kind in FILE_KINDS if file.suffix.lower() in kind.suffixes), None)


# A bar on standard error for loads that take longer than a moment; silent where nobody watches.


_PATIENCE = 2.0
"""Seconds before a bar is shown."""


class Progress:
    """Counts the bytes of the files that are loaded.

    Parameters
    ----------
    files : list of Path
    """

    def __init__(self, files: list[Path]) -> None:
        self._sizes = {file: file.stat().st_size if file.is_file() else 0 for file in files}
        self._loading = 0

    def __enter__(self) -> Self:
        from tqdm import tqdm

        # disable=None: no bar where standard error is no terminal.
        self._bar = tqdm(
            total=sum(self._sizes.values()), unit="B", unit_scale=True, delay=_PATIENCE, leave=False, disable=None
        )
        return self

    def begin(self, file: Path) -> None:
        """Say that a file is being loaded; the one before it is done."""
        self._bar.update(self._loading)
        self._loading = self._sizes[file]
        self._bar.set_description(f"loading {plain(file.name, 40)}", refresh=False)

    def finish(self) -> None:
        """Say that all files are read and what follows from them is being found."""
        self._bar.update(self._loading)
        self._loading = 0
        self._bar.set_description("judging together")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()
