"""Records that lie inside something else: JSON, a table of raw answers, a table with a tool's own columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mttrlab.sources.exports.documents import Documents, read_documents, read_json
from mttrlab.sources.exports.table import Table, fold, header_of, read_table

RAW = frozenset({"params", "data", "url", "input"})
"""Columns of a raw table as data pipelines keep one: `data` is what the tool's API answered, a record a row."""


@dataclass(frozen=True)
class Misshapen:
    """A row that has not as many cells as the header."""

    cells: int
    width: int

    @property
    def reason(self) -> str:
        """What to say of it."""
        return f"has {self.cells} cells where the header has {self.width}"


def is_raw(text: str) -> bool:
    """Return whether a CSV text is a table of raw answers."""
    return set(map(fold, header_of(text)[1])) >= RAW


def first_answer(text: str) -> str:
    """Return the first record of a table of raw answers, as JSON; empty where its beginning holds none whole."""
    import csv
    import io

    delimiter, header = header_of(text)
    try:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        next(rows)
        cells = dict(zip(map(fold, header), next(rows, []), strict=False))
    except (csv.Error, StopIteration):
        return ""
    return cells.get("data", "")


def documents_of(text: str, name: str) -> Documents:
    """Return the records of a JSON text, of a table of raw answers, or the rows of a table as records.

    Raises
    ------
    LoadError
        As `read_documents` and `read_table` do.
    """
    if text.lstrip()[:1] in ("{", "["):
        return read_documents(text, name)
    table = read_table(text, name)
    rows = [_record(table, row) for row in table.rows]
    if set(table.header) >= RAW:
        rows = [
            row if isinstance(row, Misshapen) else read_json(row["data"], name, number)
            for number, row in zip(table.numbers, rows, strict=True)
        ]
    return Documents(name, rows, table.numbers, {})


def _record(table: Table, row: Sequence[str]) -> Any:
    if len(row) != len(table.header):
        return Misshapen(len(row), len(table.header))
    return dict(zip(table.header, row, strict=True))
