"""Opening a settings file: once, as text, within limits."""

from __future__ import annotations

import stat
from pathlib import Path

from mttrlab.errors import LoadError

LARGEST = 5_000_000
"""Bytes; rule files of whole companies are far smaller."""


def text_of(path: Path) -> str:
    """Return the text of a regular file.

    Raises
    ------
    LoadError
        For what is no regular file, is too large, or is not UTF-8.
    """
    try:
        kind = path.stat()
        if not stat.S_ISREG(kind.st_mode):
            raise LoadError(f"{path} is not a regular file; pass a file or a folder of files")
        if kind.st_size > LARGEST:
            raise LoadError(f"{path} has {kind.st_size:,} bytes; settings files are read up to {LARGEST:,}")
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise LoadError(f"{path} cannot be opened: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise LoadError(f"{path} is not UTF-8 (byte {error.start}); save it as UTF-8") from None
    if "\0" in text:
        raise LoadError(f"{path} holds NUL characters; it is no text")
    return text
