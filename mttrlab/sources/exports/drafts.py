"""Records on their way to a table: what was accepted, what was refused and why. Nothing leaves without a word."""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

from mttrlab.errors import LoadError
from mttrlab.sources.exports.stamps import read_stamp

SHORT = 80


class RecordError(Exception):
    """A record that cannot be accepted as it is."""

    def __init__(self, column: str, value: object, reason: str) -> None:
        super().__init__(reason)
        self.column, self.value, self.reason = column, value, reason


@dataclass
class Faults:
    """RecordError cells by row number; a row with several becomes one line of the quarantine."""

    by_row: dict[int, list[tuple[str, str, str]]] = field(default_factory=dict)

    def add(self, row: int, column: str, value: object, reason: str) -> None:
        """Refuse the record in that row for one more reason."""
        self.by_row.setdefault(row, []).append((column, shorten(value), reason))

    def lines(self) -> list[tuple[int, str, str, str]]:
        """Return row, column, value and reasons, a line per refused record."""
        made = []
        for row, cells in sorted(self.by_row.items()):
            column, value, reason = cells[0]
            rest = [f"{name} {text!r} {why}" if name else why for name, text, why in cells[1:]]
            made.append((row, column, value, "; ".join([reason, *rest])))
        return made


@dataclass
class Clock:
    """Reads the stamps of one file, and remembers which of them name no zone."""

    name: str
    timezone: ZoneInfo | None
    zoneless: list[tuple[int, str, str]] = field(default_factory=list)
    grain: int = 60_000_000
    """Coarsest step in microseconds on which every stamp so far lies."""

    def read(self, record: dict[str, Any], column: str, row: int) -> int | None:
        """Return the instant in that field of a JSON record.

        Raises
        ------
        RecordError
            Where the field is there and names no instant.
        """
        value = record.get(column)
        if value is None:
            return None
        if not isinstance(value, str):
            raise RecordError(
                column,
                value,
                "is a number, not a date; write it as 2025-07-08T19:52:00Z"
                if isinstance(value, int | float) and not isinstance(value, bool)
                else "is no text",
            )
        stamp = read_stamp(value, self.timezone)
        if stamp.reason:
            raise RecordError(column, value, stamp.reason)
        if stamp.local:
            self.zoneless.append((row, column, value))
            return None
        if stamp.micros is not None:
            self.sift(stamp.micros)
        return stamp.micros

    def sift(self, micros: int) -> None:
        """Let one more stamp narrow the grain."""
        while micros % self.grain:
            self.grain = _FINER[self.grain]

    def check(self) -> None:
        """Refuse the file if a stamp names no zone and nobody said which is meant.

        Raises
        ------
        LoadError
            Naming the first of them and how many there are.
        """
        if not self.zoneless:
            return
        raise no_zone(self.name, min(self.zoneless, key=itemgetter(0)), len({row for row, _, _ in self.zoneless}))


class NoZoneError(LoadError):
    """Stamps name no zone, and nobody said which is meant."""


def no_zone(name: str, first: tuple[int, str, str], count: int, *, at_least: bool = False) -> LoadError:
    """Return the refusal of a file with stamps that name no zone: the first as row, column and text, and how many."""
    row, column, value = first
    return NoZoneError(
        f"{name} row {row}: {column} {shorten(value)!r} has no time zone; pass timezone= "
        f"({'at least ' if at_least else ''}{count:,} such row{'s' if count > 1 else ''})"
    )


_FINER = {60_000_000: 1_000_000, 1_000_000: 1_000, 1_000: 1}


def shorten(value: object) -> str:
    """Return the value as a short text for people."""
    if isinstance(value, list | dict):
        # Never what is in it: people's names and addresses are.
        return "a list" if isinstance(value, list) else "an object"
    text = value if isinstance(value, str) else "" if value is None else str(getattr(value, "text", value))[: SHORT * 2]
    return text if len(text) <= SHORT else text[: SHORT - 1] + "…"


def text_of(record: dict[str, Any], column: str) -> str | None:
    """Return the text in that field, None where it is empty.

    Raises
    ------
    RecordError
        Where it holds a list or an object.
    """
    value = record.get(column)
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return _storable(value, column)
    if isinstance(value, bool | list | dict):
        raise RecordError(column, value, "is no text")
    return getattr(value, "text", None) or str(value)


def id_of(record: dict[str, Any], column: str = "id") -> str:
    """Return the record's id, always as text.

    Raises
    ------
    RecordError
        Where there is none.
    """
    text = (text_of(record, column) or "").strip()
    if not text:
        raise RecordError(column, record.get(column), "is empty: a record without an id cannot be told from others")
    return text


def _storable(text: str, column: str) -> str:
    # JSON can spell characters that no file and no table can hold.
    if not text.isascii() or "\0" in text:
        try:
            text.encode()
        except UnicodeEncodeError:
            raise RecordError(column, "", "holds half of a character pair, which is no text") from None
        if "\0" in text:
            raise RecordError(column, "", "holds a NUL character, which is no text")
    return text
