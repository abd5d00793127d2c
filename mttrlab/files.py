"""Files that are written wholly or not at all, and what they hold."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mttrlab.errors import QuestionError


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def new_path(path: str | Path) -> Path:
    """Return the path if a new file can be made there.

    Raises
    ------
    QuestionError
        When there is such a file already, or no such folder.
    """
    path = Path(path)
    if path.exists() or path.is_symlink():
        raise QuestionError(f"{path} exists already and is left as it is; remove it or name another file")
    if not path.parent.is_dir():
        raise QuestionError(f"{path.parent} is no folder; make it first")
    return path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Offer a path beside `path` to write to; what is there at the end takes its place, after a failure it goes.

    Readers see the old file or the new one, never half of one.
    """
    half = path.with_name(f".{path.name}.{os.getpid()}.half")
    try:
        yield half
        half.replace(path)
    finally:
        with suppress(FileNotFoundError):
            half.unlink()


def atomic_write(path: Path, content: bytes) -> Path:
    """Write a file, in the place of one that may be there, and have it on the disk."""
    with replacing(path) as half, half.open("xb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    return path


def write_new(path: str | Path, content: bytes) -> Path:
    """Write a file that is not there yet.

    Raises
    ------
    QuestionError
        When there is such a file already, or no such folder.
    """
    return atomic_write(new_path(path), content)
