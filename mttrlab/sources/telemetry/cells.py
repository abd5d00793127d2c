"""A table (CSV, JSON, Parquet) → its records, each a mapping of folded names to values."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mttrlab import sql
from mttrlab.errors import LoadError
from mttrlab.sources.exports.reading import Opened, decode, fold, read_table
from mttrlab.sources.telemetry.found import Collector, short
from mttrlab.sources.telemetry.jsonl import JunkError, documents

TIMES = ("time", "at", "timestamp", "ts", "datetime", "date")
"""What a column of instants may be called, the first that is there."""


def records(opened: Opened, into: Collector) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the records of a table with their rows; misshapen ones are refused.

    Raises
    ------
    LoadError
        When the file as a whole cannot be read.
    """
    if opened.is_parquet:
        yield from _parquet(opened, into)
        return
    text = decode(opened.content, opened.name)
    if text.lstrip()[:1] in ("{", "["):
        for row, said in documents(text, opened.name):
            into.records += 1
            if isinstance(said, JunkError):
                into.refuse(row, "", "", str(said))
            elif not isinstance(said, dict):
                into.refuse(row, "", said, "is no object")
            else:
                yield row, {fold(key): value for key, value in said.items()}
        return
    table = read_table(text, opened.name)
    for row, cells in zip(table.numbers, table.rows, strict=True):
        into.records += 1
        if len(cells) != len(table.header):
            into.refuse(row, "", ",".join(cells), f"has {len(cells)} cells where the header has {len(table.header)}")
        else:
            yield row, dict(zip(table.header, cells, strict=True))


def _parquet(opened: Opened, into: Collector) -> Iterator[tuple[int, dict[str, Any]]]:
    # DuckDB takes a path as a pattern, so it is given a copy under a name of ours.
    with tempfile.TemporaryDirectory(prefix="mttrlab-") as folder, sql.connect() as connection:
        copy = Path(folder) / "table.parquet"
        copy.write_bytes(opened.content)
        connection.execute(f"SET allowed_directories = ['{folder}']; SET enable_external_access = false")
        try:
            relation = connection.read_parquet(str(copy))
            names = [fold(name) for name in relation.columns]
            for column, times in Counter(names).items():
                if times > 1:
                    raise LoadError(f"{opened.name}: {times} columns are called {column!r}; rename all but one")
            listed = ", ".join(f"CAST({quoted(raw)} AS VARCHAR)" for raw in relation.columns)
            rows = relation.project(listed).fetchall()
        except LoadError:
            raise
        except Exception as error:
            raise LoadError(f"{opened.name} is no Parquet file that can be read ({str(error)[:80]})") from None
    for row, cells in enumerate(rows, 1):
        into.records += 1
        yield row, dict(zip(names, cells, strict=True))


def quoted(name: str) -> str:
    """Return a name of a column as DuckDB reads it."""
    return '"' + name.replace('"', '""') + '"'


def first_of(said: dict[str, Any], names: tuple[str, ...]) -> tuple[str, Any]:
    """Return the first of the names that the record has, and its value; ("", None): none of them."""
    return next(((name, said[name]) for name in names if name in said), ("", None))


def when(said: dict[str, Any], row: int, into: Collector, names: tuple[str, ...] = TIMES) -> int | None:
    """Return the record's instant; None: refused."""
    column, value = first_of(said, names)
    before = len(into.refused)
    at = into.moment(row, column or names[0], value)
    if at is None and len(into.refused) == before:
        into.refuse(row, column or names[0], value, "is empty: nobody can tell when it was")
    return at


def number(value: object) -> tuple[float | None, str]:
    """Return a number and no reason, or none; NaN, infinities and nothing are no data.

    Examples
    --------
    >>> number("3.2"), number("+Inf"), number(""), number("fast")
    ((3.2, ''), (None, ''), (None, ''), (None, 'is no number'))
    """
    if value is None or isinstance(value, bool):
        return None, "" if value is None else "is no number"
    word = str(value).strip()
    if word.lower() in ("", "nan", "null", "none", "n/a", "-", "+inf", "inf", "-inf", "infinity", "-infinity", "+nan"):
        return None, ""
    if "_" in word or not word.isascii():
        return None, "is no number"
    try:
        found = float(word)
    except ValueError:
        return None, "is no number"
    return (found, "") if abs(found) < 1e300 else (None, "is no number that can be measured")


def needed(into: Collector, row: int, said: dict[str, Any], names: tuple[str, ...]) -> str | None:
    """Return the word of a column that a record must have; None: refused."""
    column, value = first_of(said, names)
    word = "" if value is None else str(value).strip()
    if not word:
        into.refuse(row, column or names[0], short(value), f"is empty: no {names[0]}")
        return None
    return word
