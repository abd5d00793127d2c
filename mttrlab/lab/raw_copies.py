"""Private copies of what was loaded, kept beside the lab where the user asks for them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from mttrlab.errors import LoadError, QuestionError
from mttrlab.files import file_sha256, replacing
from mttrlab.lab.reports import LoadReport

_Keep = Callable[[duckdb.DuckDBPyConnection, list[Path], tuple[LoadReport, ...]], None]


def raw_folder(lab: Path) -> Path:
    """Return where the copies of a lab lie; each is named by its SHA-256."""
    return lab.with_name(f"{lab.name}.raw")


def _copy(file: Path, folder: Path, sha256: str, made: list[Path]) -> None:
    place = folder / sha256
    if place.exists():
        return
    folder.mkdir(mode=0o700, exist_ok=True)
    with replacing(place) as half:
        descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as target, file.open("rb") as source:
            shutil.copyfileobj(source, target)
            target.flush()
            os.fsync(target.fileno())
        if file_sha256(half) != sha256:
            raise LoadError(f"{file.name} changed while it was loaded; wait until it is written, then load it again")
    made.append(place)


@contextmanager
def raw_copies(lab: Path | None, *, asked: bool) -> Iterator[_Keep]:
    """Offer a function that copies the files of a load; what it made is removed again if the load fails.

    Raises
    ------
    QuestionError
        When copies are asked for and the lab is in memory.
    LoadError
        When a file is not what was loaded any more.
    """
    if asked and lab is None:
        raise QuestionError("keep_raw needs a lab with a file: the copies lie beside it")
    made: list[Path] = []

    def keep(connection: duckdb.DuckDBPyConnection, files: list[Path], reports: tuple[LoadReport, ...]) -> None:
        if lab is None:
            return
        for file, report in zip(files, reports, strict=True):
            found = connection.execute("SELECT sha256 FROM loads WHERE load_id = $1", [report.load_id]).fetchall()
            _copy(file, raw_folder(lab), found[0][0], made)

    try:
        yield keep
    except BaseException:
        for path in made:
            with suppress(OSError):
                path.unlink()
        raise
