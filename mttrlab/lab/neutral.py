"""Tables for spreadsheets: a text cell never begins as a formula does, and reading it back gives the original."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from mttrlab.errors import QuestionError

_RISKY = re.compile(r"'*[=+\-@\t\r\0]")


def neutralise(text: str) -> str:
    """Return the text with an apostrophe in front where a spreadsheet would take it for a formula.

    Examples
    --------
    >>> neutralise("=1+1"), neutralise("plain"), neutralise("'=quoted")
    ("'=1+1", 'plain', "''=quoted")
    """
    return f"'{text}" if _RISKY.match(text) else text


def restore(text: str) -> str:
    """Return what the text was before `neutralise`.

    Examples
    --------
    >>> restore("'=1+1"), restore("'tis"), restore("''=quoted")
    ('=1+1', "'tis", "'=quoted")
    """
    return text[1:] if text.startswith("'") and _RISKY.match(text) else text


def is_neutralised(text: str) -> bool:
    """Return whether `restore` would change the text."""
    return text.startswith("'") and _RISKY.match(text) is not None


def write_csv(path: str | Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> Path:
    """Write cells that are safe to open in a spreadsheet; times and most numbers begin with a digit and stay.

    A NUL, which no CSV can carry, is written as the sign for it (␀).

    Raises
    ------
    QuestionError
        When there is such a file already.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([neutralise(cell).replace("\0", "␀") for cell in row] for row in rows)
    return write_new(path, text.getvalue().encode("utf-8", errors="replace"))


def free_place(path: str | Path) -> Path:
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


def write_new(path: str | Path, content: bytes) -> Path:
    """Write a file that is not there yet, wholly or not at all.

    Raises
    ------
    QuestionError
        When there is such a file already, or no such folder.
    """
    path = free_place(path)
    half = path.with_name(f".{path.name}.{os.getpid()}.half")
    try:
        with half.open("xb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        half.replace(path)
    finally:
        with suppress(FileNotFoundError):
            half.unlink()
    return path
