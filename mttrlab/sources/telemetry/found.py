"""What a file of telemetry holds, and the collecting of it: every record ends as accepted, refused or a duplicate."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from mttrlab.errors import LoadError
from mttrlab.schema import TELEMETRY, conform
from mttrlab.sources.exports.reading import Opened
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


@dataclass
class Collector:
    """A file on its way to a `Telemetry`."""

    opened: Opened
    timezone: str | None = None
    records: int = 0
    duplicates: int = 0
    made: list[dict[str, Any]] = field(default_factory=list)
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


def short(value: object) -> str:
    """Return a value as a sentence may show it."""
    text = value if isinstance(value, str) else "" if value is None else str(value)
    return text if len(text) <= _SHORT else text[: _SHORT - 1] + "…"


def read_moment(value: object, clock: Any = None) -> tuple[Stamp, str]:
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


def text(value: object) -> str | None:
    """Return a word of a record; None where it says nothing."""
    if value is None or isinstance(value, dict | list):
        return None
    said = str(value).strip()
    return said or None
