"""The lab's private folder: the only place where its connection may read files, there only while one is loaded."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from mttrlab.errors import StoreError

_OURS = re.compile(r"mttrlab-[0-9]+-[0-9a-f]{16}|\..+\.loading")


def named(lab: Path | None) -> Path:
    """Return where the private folder of a lab will be: beside its file, or among temporary files."""
    if lab is None:
        return Path(tempfile.gettempdir()) / f"mttrlab-{os.getpid()}-{secrets.token_hex(8)}"
    return lab.absolute().with_name(f".{lab.name}.loading")


def of(connection: duckdb.DuckDBPyConnection) -> Path | None:
    """Return the private folder of the lab that the connection is to; None: it has none.

    The database lists its own folder for what does not fit into memory among those where it may read. That one may be
    `.tmp` where the process was started, and whatever else lies there is not ours to remove.
    """
    allowed = connection.execute("SELECT current_setting('allowed_directories')").fetchall()[0][0]
    return next((folder for folder in map(Path, allowed) if _OURS.fullmatch(folder.name)), None)


@contextmanager
def made(connection: duckdb.DuckDBPyConnection) -> Iterator[Path]:
    """Make the private folder for the time of a load.

    Raises
    ------
    StoreError
        When the connection is to no lab.
    """
    private = of(connection)
    if private is None:
        raise StoreError("this connection was not opened by a lab; load through lab.load")
    # What a killed load has left behind goes first.
    if private.is_dir() and not private.is_symlink():
        shutil.rmtree(private)
    private.mkdir(mode=0o700)
    try:
        yield private
    finally:
        shutil.rmtree(private, ignore_errors=True)
