"""CSV text → rows, with our own count of them: what the file holds is what comes out, or the file is refused."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np

from mttrlab.errors import LoadError

MAX_CELL = 16 * 1024**2
MAX_COLUMNS = 10_000
DELIMITERS = (",", ";", "\t", "|")

_FOLD = re.compile(r"[\s_\-]+")
_SEP = re.compile(r"[\ufeff\s]*\"?sep=.\"?[ \t]*(?:\r\n|\r|\n)", re.IGNORECASE)
_LINE = ord("\n")
_BREAKS = re.compile(r"\r\n|\r|\n")


def fold(name: str) -> str:
    """Return a header as it is compared: without case, spaces and hyphens as underscores.

    Examples
    --------
    >>> fold(" Started At")
    'started_at'
    """
    return _FOLD.sub("_", name.strip().lower()).strip("_")


class Even(Sequence[Sequence[str]]):
    """Rows that all have one length, kept column by column: most readers want the columns."""

    def __init__(self, by_place: list[list[str]]) -> None:
        self.by_place = by_place

    def __len__(self) -> int:
        return len(self.by_place[0])

    @overload
    def __getitem__(self, at: int) -> Sequence[str]: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Sequence[str]]: ...
    def __getitem__(self, at: int | slice) -> Sequence[str] | Sequence[Sequence[str]]:
        if isinstance(at, slice):
            return Even([column[at] for column in self.by_place])
        return [column[at] for column in self.by_place]

    def __iter__(self) -> Iterator[Sequence[str]]:
        return iter(zip(*self.by_place, strict=True))


@dataclass(frozen=True)
class Table:
    """The rows of a CSV file, all text."""

    name: str
    header: tuple[str, ...]
    """Folded names, in the file's order."""
    rows: Sequence[Sequence[str]]
    """Blank lines are not rows."""
    numbers: list[int] | range
    """Row number of each as a spreadsheet shows it: the header is the first row of the file."""


def header_of(text: str) -> tuple[str, list[str]]:
    """Return the delimiter and the header cells of a CSV text, whichever delimiter splits it into most."""
    start = without_sep(text).lstrip("\ufeff").lstrip("\r\n")
    line = _BREAKS.split(start, maxsplit=1)[0]
    best = max(DELIMITERS, key=line.count)
    try:
        return best, next(csv.reader([line], delimiter=best, strict=True), [])
    except csv.Error:
        return best, line.split(best)


def without_sep(text: str) -> str:
    """Return the text without the line in which spreadsheets tell each other the delimiter, and which they hide."""
    return _SEP.sub("", text, count=1) if _SEP.match(text) else text


def read_table(text: str, name: str) -> Table:
    """Return the rows of a CSV text.

    Raises
    ------
    LoadError
        Where rows cannot be told apart for certain: an open quote, a stray one, a cell above MAX_CELL, more than
        MAX_COLUMNS columns, two columns of one name, no rows under the header.
    """
    text = without_sep(text)
    delimiter, header_cells = header_of(text)
    even = _even(text, delimiter, len(header_cells))
    if even is not None:
        header = _header([column[0] for column in even], name)
        return Table(name, header, Even([column[1:] for column in even]), range(2, len(even[0]) + 1))
    counted, breaks = count_rows(text), count_rows(text.replace('"', ""))
    # Where no quote holds a line end, no cell can run over rows, and the rows need no second look.
    every = list(_rows(text, name, delimiter, multiline=breaks != counted))
    if len(every) != counted:
        raise LoadError(_lost(text, name, delimiter, len(every), counted))
    first = next(place for place, row in enumerate(every) if row)
    header = _header(every[first], name)
    body = every[first + 1 :]
    numbers: list[int] | range = range(first + 2, first + 2 + len(body))
    if [] in body:
        numbers = [number for number, row in zip(numbers, body, strict=True) if row]
        body = [row for row in body if row]
    if body and len(body[-1]) < len(header) and not text.endswith(("\n", "\r")):
        raise LoadError(f"{name} row {numbers[-1]}: the file ends in the middle of it; it was cut off, export it again")
    if not body:
        raise LoadError(f"{name} holds a header and no rows; export it again, or leave it out")
    return Table(name, header, body, numbers)


def _header(cells: list[str], name: str) -> tuple[str, ...]:
    header = tuple(map(fold, cells))
    if len(header) > MAX_COLUMNS:
        raise LoadError(f"{name} has {len(header):,} columns, more than the limit of {MAX_COLUMNS:,}")
    for column, times in Counter(filter(None, header)).items():
        if times > 1:
            raise LoadError(f"{name} row 1: {times} columns are called {column!r}; rename or remove all but one")
    return header


def _even(text: str, delimiter: str, width: int) -> list[list[str]] | None:
    """Return the columns of a text without quotes whose every line has `width` cells; None where any is otherwise.

    Without quotes nothing stands between a delimiter and the end of a cell, so cutting there is all of CSV.
    """
    if '"' in text or not 1 < width <= MAX_COLUMNS:
        return None
    if "\r" in text:
        text = text.replace("\r\n", "\n")
        if "\r" in text:
            return None
    text = text.removesuffix("\n")
    codes = np.frombuffer(text.encode(), dtype=np.uint8)
    ends = codes == _LINE
    between = ends[ends | (codes == ord(delimiter))]
    rows = int(np.count_nonzero(ends)) + 1
    # Every `width`-th of what stands between cells is the end of a line, and no other is.
    if rows < 2 or len(between) != rows * width - 1 or not between[width - 1 :: width].all():
        return None
    if np.diff(np.flatnonzero(ends), prepend=0, append=len(codes)).max() > MAX_CELL:
        return None
    cells = text.replace("\n", delimiter).split(delimiter)
    return [cells[place::width] for place in range(width)]


def _rows(text: str, name: str, delimiter: str, multiline: bool) -> Iterator[list[str]]:
    before = csv.field_size_limit(MAX_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    started = 1
    try:
        if not multiline:
            yield from reader
            return
        columns = None
        for row in reader:
            columns = columns or len(row)
            if reader.line_num > started:
                _refuse_swallowed(row, name, started, columns, delimiter)
            started = reader.line_num + 1
            yield row
    except csv.Error as error:
        started = started if multiline else reader.line_num
        if "field larger" in str(error):
            raise LoadError(f"{name} row {started}: a cell has more than {MAX_CELL:,} characters, the limit") from None
        raise LoadError(
            f"{name} row {started}: a quote is opened and not closed properly ({error}); "
            "the file is cut off or damaged there, export it again"
        ) from None
    finally:
        csv.field_size_limit(before)


def _refuse_swallowed(row: list[str], name: str, started: int, columns: int, delimiter: str) -> None:
    """Refuse a cell that runs over lines which look like rows themselves: its quote was never meant to be open."""
    lines = [line for cell in row if "\n" in cell or "\r" in cell for line in _BREAKS.split(cell)[1:]]
    if (len(row) != columns and lines) or any(line.count(delimiter) >= columns - 1 > 0 for line in lines):
        raise LoadError(f"{name} row {started}: a quote is opened and swallows the rows after it; export it again")


def count_rows(text: str) -> int:
    """Count rows by the parity of quotes alone, blank ones too: nothing of the CSV reader is used here."""
    # Joined by a character that decode() refuses, so that no line end is made or lost at a seam.
    outside = "\0".join(text.split('"')[::2]) if '"' in text else text
    breaks = outside.count("\n") + outside.count("\r") - outside.count("\r\n")
    return breaks + (not text.endswith(("\n", "\r")))


def _lost(text: str, name: str, delimiter: str, read: int, counted: int) -> str:
    stray = re.search(rf'[^{re.escape(delimiter)}\r\n"]"', text)
    row = text.count("\n", 0, stray.start() + 1) + 1 if stray else 1
    return (
        f"{name} row {row}: a quote inside a cell that is not quoted, so rows cannot be told apart for certain "
        f"({read:,} or {counted:,}); export it again with quotes doubled"
    )
