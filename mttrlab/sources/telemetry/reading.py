"""What a file of telemetry holds, and the collecting of it: every record ends as accepted, refused or a duplicate."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd

from mttrlab import sql
from mttrlab.errors import LoadError
from mttrlab.schema import TELEMETRY, conform
from mttrlab.sources.exports.reading import MAX_JSON, Opened, decode, fold, read_table
from mttrlab.sources.exports.timestamps import Stamp, read_stamp, zone

_SHORT = 80


_SECONDS = ((1e8, 1e11, 1e6, "seconds"), (1e11, 1e14, 1e3, "milliseconds"), (1e14, 1e17, 1.0, "microseconds"),
            (1e17, 1e20, 1e-3, "nanoseconds"))  # fmt: skip


@dataclass(frozen=True)
class Telemetry:
    """A file of telemetry. `accepted + len(quarantine) + duplicates == rows`, always."""

    path: Path
    """The file."""
    format: str
    """What it is written in, one of FORMATS of the reader."""
    kind: str
    """The table that it fills: one of TELEMETRY."""
    sha256: str
    size: int
    rows: int
    """Records in the file: rows, samples, alerts, lines, spans."""
    table: pd.DataFrame
    """The columns of TELEMETRY[kind]; several records may make one row."""
    quarantine: pd.DataFrame
    """`row, column, value, reason`: one row per refused record."""
    accepted: int
    duplicates: int
    warnings: tuple[str, ...]


def short(value: object) -> str:
    """Return a value as a sentence may show it."""
    text = value if isinstance(value, str) else "" if value is None else str(value)
    return text if len(text) <= _SHORT else text[: _SHORT - 1] + "…"


def read_moment(value: object, clock: ZoneInfo | None = None) -> tuple[Stamp, str]:
    """Return the instant that a cell names, and the unit if it is a number since 1970.

    Examples
    --------
    >>> read_moment("1780495327")[0].micros == read_moment("2026-06-03T14:02:07Z")[0].micros
    True
    >>> read_moment(1780495327000)[1]
    'milliseconds'
    """
    if isinstance(value, bool) or value is None:
        return Stamp(None), ""
    number = value if isinstance(value, int | float) else None
    text = str(value).strip()
    if number is None and text.replace(".", "", 1).isascii() and text.replace(".", "", 1).isdigit() and len(text) < 32:
        number = float(text) if "." in text else int(text)
    if number is None:
        return read_stamp(text, clock), ""
    for low, high, factor, unit in _SECONDS:
        if low <= number < high:
            micros = number * int(factor) if factor >= 1 and isinstance(number, int) else _scaled(number, factor)
            return Stamp(micros), unit
    return Stamp(None, reason="is a number that is no time since 1970 in seconds, milliseconds or nanoseconds"), ""


def _scaled(number: float, factor: float) -> int:
    # Whole nanoseconds are divided as whole numbers: a float of that size would be off by a hundred of them.
    return number // 1000 if factor < 1 and isinstance(number, int) else round(number * factor)


def word_of(value: object) -> str | None:
    """Return a word of a record; None where it says nothing."""
    if value is None or isinstance(value, dict | list):
        return None
    said = str(value).strip()
    return said or None


# A table (CSV, JSON, Parquet) → its records, each a mapping of folded names to values.


TIMES = ("time", "at", "timestamp", "ts", "datetime", "date")
"""What a column of instants may be called, the first that is there."""


@dataclass
class Collector:
    """A file on its way to a `Telemetry`."""

    opened: Opened
    timezone: str | None = None
    records: int = 0
    duplicates: int = 0
    made: list[Mapping[str, object]] = field(default_factory=list)
    """Rows on their way to the table, times in microseconds."""
    refused: list[tuple[int, str, str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    units: Counter[str] = field(default_factory=Counter)
    """How many times stood as numbers, by their unit."""

    def __post_init__(self) -> None:
        self.clock = zone(self.timezone, self.opened.name) if self.timezone else None

    @property
    def name(self) -> str:
        """What sentences call the file."""
        return self.opened.name

    def refuse(self, row: int, column: str, value: object, reason: str) -> None:
        """Put a record aside, with the reason."""
        self.refused.append((row, column, short(value), reason))

    def moment(self, row: int, column: str, value: object) -> int | None:
        """Return microseconds since 1970; None: there is none, and the record is refused if it says nonsense.

        Raises
        ------
        LoadError
            For a time without a zone: the whole file has none, and nobody can tell.
        """
        told, unit = read_moment(value, self.clock)
        if told.local:
            raise LoadError(
                f"{self.name} row {row}: {column} {short(value)!r} has no time zone; pass timezone= "
                "(such as timezone='UTC')"
            )
        if told.reason:
            self.refuse(row, column, value, told.reason)
            return None
        if unit:
            self.units[unit] += 1
        return told.micros

    def result(self, kind: str, format_name: str, table: pd.DataFrame | None = None) -> Telemetry:
        """Return what was collected.

        Raises
        ------
        LoadError
            Where the counts do not add up.
        """
        rows = pd.DataFrame(self.made) if table is None else table
        for name in ("at", "started_at", "ended_at"):
            if name in rows:
                rows[name] = pd.to_datetime(rows[name].astype("Int64"), unit="us", utc=True).dt.as_unit("us")
        for unit, count in sorted(self.units.items()):
            self.notes.append(f"{count:,} times are numbers, read as {unit} since 1970 (UTC)")
        quarantine = pd.DataFrame(sorted(self.refused), columns=["row", "column", "value", "reason"])
        accepted = self.records - len(quarantine) - self.duplicates
        if accepted < 0 or (accepted == 0) != rows.empty:
            raise LoadError(f"{self.name}: the records do not add up; that is our fault, please report it")
        if not accepted:
            self.notes.append("no record of the file could be accepted; see the quarantine for the reasons")
        return Telemetry(
            path=self.opened.path,
            format=format_name,
            kind=kind,
            sha256=self.opened.sha256,
            size=self.opened.size,
            rows=self.records,
            table=conform(rows, TELEMETRY[kind]),
            quarantine=quarantine.astype({"row": "int64", "column": "str", "value": "str", "reason": "str"}),
            accepted=accepted,
            duplicates=self.duplicates,
            warnings=tuple(self.notes),
        )


def records_of(opened: Opened, into: Collector) -> Iterator[tuple[int, dict[str, object]]]:
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
        for row, said in json_documents(text, opened.name):
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


def _parquet(opened: Opened, into: Collector) -> Iterator[tuple[int, dict[str, object]]]:
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


def first_of(said: dict[str, object], names: tuple[str, ...]) -> tuple[str, object]:
    """Return the first of the names that the record has, and its value; ("", None): none of them."""
    return next(((name, said[name]) for name in names if name in said), ("", None))


def instant_of(said: dict[str, object], row: int, into: Collector, names: tuple[str, ...] = TIMES) -> int | None:
    """Return the record's instant; None: refused."""
    column, value = first_of(said, names)
    before = len(into.refused)
    at = into.moment(row, column or names[0], value)
    if at is None and len(into.refused) == before:
        into.refuse(row, column or names[0], value, "is empty: nobody can tell when it was")
    return at


def measured_number(value: object) -> tuple[float | None, str]:
    """Return a number and no reason, or none; NaN, infinities and nothing are no data.

    Examples
    --------
    >>> measured_number("3.2"), measured_number("+Inf"), measured_number(""), measured_number("fast")
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


def needed(into: Collector, row: int, said: dict[str, object], names: tuple[str, ...]) -> str | None:
    """Return the word of a column that a record must have; None: refused."""
    column, value = first_of(said, names)
    word = "" if value is None else str(value).strip()
    if not word:
        into.refuse(row, column or names[0], short(value), f"is empty: no {names[0]}")
        return None
    return word


# JSON text → documents: one, a list, or one a line; a line that is no JSON is put aside, not the file.


MAX_LINE = 1_000_000
"""Characters of a line; a longer one is no log line that a person has written."""


class JunkError(ValueError):
    """A line that cannot be read, with the reason."""


def json_documents(text: str, name: str) -> Iterator[tuple[int, object]]:
    """Yield each document with its row: elements of a list, one object, or one a line.

    A line that cannot be read is yielded as the `JunkError` that says why.

    Raises
    ------
    LoadError
        When a whole document (not one a line) is no JSON.
    """
    start = text.lstrip()[:1]
    lines = text.split("\n")
    filled = sum(1 for line in lines if line.strip())
    if filled > 1 and start == "{" and _is_line(next(line for line in lines if line.strip())):
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield number, _line(line)
        return
    if len(text) > MAX_JSON:
        raise LoadError(f"{name} has {len(text):,} characters of JSON, more than the limit of {MAX_JSON:,}; split it")
    try:
        found = parse_json(text)
    except JunkError as trouble:
        if filled > 1 and start not in ("[", "{"):
            # A log may begin with a line that is none (a banner, a stack trace).
            yield from ((number, _line(line)) for number, line in enumerate(lines, 1) if line.strip())
            return
        raise LoadError(f"{name}: {trouble}; export it again") from None
    if isinstance(found, list):
        yield from enumerate(found, 1)
    else:
        yield 1, found


def parse_json(text: str) -> object:
    """Return the value of a JSON text; no key twice.

    Raises
    ------
    JunkError
    """
    try:
        return json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        where = f" at line {error.lineno}" if error.lineno > 1 else ""
        raise JunkError(f"is no JSON ({error.msg.lower()}{where})") from None
    except RecursionError:
        raise JunkError("is JSON that nests too deeply") from None
    except JunkError:
        raise
    except ValueError:
        raise JunkError("holds a number with more digits than any") from None


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise JunkError(f"says {twice[:60]!r} twice in one object")
    return found


def _line(line: str) -> object:
    if len(line) > MAX_LINE:
        return JunkError(f"has {len(line):,} characters, more than the limit of {MAX_LINE:,} a line")
    try:
        return parse_json(line)
    except JunkError as trouble:
        return trouble


def _is_line(line: str) -> bool:
    return isinstance(_line(line), dict)
