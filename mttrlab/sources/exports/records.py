"""Records on their way to a table: what was accepted, what was refused and why. Nothing leaves without a word."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import repeat
from operator import itemgetter
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mttrlab.errors import LoadError
from mttrlab.schema import REPORT_COLUMNS, STAMPS, conform
from mttrlab.sources.exports.reading import Documents, JsonObject, Misshapen
from mttrlab.sources.exports.timestamps import NONE, read_stamp

SHORT = 80


class RecordError(Exception):
    """A record that cannot be accepted as it is."""

    def __init__(self, column: str, value: object, reason: str) -> None:
        super().__init__(reason)
        self.column, self.value, self.reason = column, value, reason


def short_value(value: object) -> str:
    """Return the value as a short text for people."""
    if isinstance(value, list | dict):
        # Never what is in it: people's names and addresses are.
        return "a list" if isinstance(value, list) else "an object"
    text = value if isinstance(value, str) else "" if value is None else str(getattr(value, "text", value))[: SHORT * 2]
    return text if len(text) <= SHORT else text[: SHORT - 1] + "…"


@dataclass
class Refusals:
    """RecordError cells by row number; a row with several becomes one line of the quarantine."""

    by_row: dict[int, list[tuple[str, str, str]]] = field(default_factory=dict)

    def add(self, row: int, column: str, value: object, reason: str) -> None:
        """Refuse the record in that row for one more reason."""
        self.by_row.setdefault(row, []).append((column, short_value(value), reason))

    def lines(self) -> list[tuple[int, str, str, str]]:
        """Return row, column, value and reasons, a line per refused record."""
        made = []
        for row, cells in sorted(self.by_row.items()):
            column, value, reason = cells[0]
            rest = [f"{name} {text!r} {why}" if name else why for name, text, why in cells[1:]]
            made.append((row, column, value, "; ".join([reason, *rest])))
        return made


def emptied_sentence(column: str, cells: Mapping[int, tuple[str, str]]) -> str:
    """Return what is to be said of cells, by row, that are read as empty: their text, and why it cannot be read."""
    row, (text, reason) = min(cells.items())
    what = f"1 cell of {column} is" if len(cells) == 1 else f"{len(cells):,} cells of {column} are"
    return f"{what} read as empty, as no milestone is that stamp (row {row}: {short_value(text)!r} {reason})"


class NoZoneError(LoadError):
    """Stamps name no zone, and nobody said which is meant."""


def no_zone(name: str, first: tuple[int, str, str], count: int, *, at_least: bool = False) -> LoadError:
    """Return the refusal of a file with stamps that name no zone: the first as row, column and text, and how many."""
    row, column, value = first
    return NoZoneError(
        f"{name} row {row}: {column} {short_value(value)!r} has no time zone; pass timezone= "
        f"({'at least ' if at_least else ''}{count:,} such row{'s' if count > 1 else ''})"
    )


_FINER = {60_000_000: 1_000_000, 1_000_000: 1_000, 1_000: 1}


def text_field(record: JsonObject, column: str) -> str | None:
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


def id_of(record: JsonObject, column: str = "id") -> str:
    """Return the record's id, always as text.

    Raises
    ------
    RecordError
        Where there is none.
    """
    text = (text_field(record, column) or "").strip()
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


# Accepted records → the typed table: hashes, duplicates told from contradictions, when each row was last seen.


COLUMNS = tuple(column for column in REPORT_COLUMNS if not column.name.endswith("_verdict"))
"""What a reader fills: everything but the verdicts."""


TIMES = tuple(column.name for column in COLUMNS if column.kind == "time")


# What a source says of an incident, without when and where in the file it was said.
SAID = tuple(
    column.name
    for column in COLUMNS
    if column.name not in ("source", "exported_at", "record", "content_hash", "resolution_s", "copies")
)


_YEAR = 366 * 86_400_000_000


OLDER = "is an older state of the same incident in this file"


DISAGREE = "stands in two records that disagree, and nothing says which is newer"


@dataclass
class Draft:
    """Reports of one file, column by column, before they are a table."""

    rows: list[int]
    """Row number of each report."""
    columns: dict[str, Sequence[object]]
    """Texts, flags and shares; None where empty. Columns that the format does not have are left out."""
    times: dict[str, NDArray[np.int64]]
    """Microseconds in UTC; NONE where empty."""
    id_column: str = "id"
    """What the file calls the id of the incident."""
    seen: NDArray[np.int64] | None = None
    """Stamps of the file beside `times` that say how late it was taken, one per report; NONE where none."""

    @classmethod
    def of(cls, reports: list[JsonObject]) -> Draft:
        """Return the draft of reports made one by one (`record` is the row, `seen` the newest stamp inside)."""
        names = [name for name in (*(c.name for c in COLUMNS), "seen") if any(name in report for report in reports)]
        times = {
            name: np.array([NONE if r.get(name) is None else r[name] for r in reports], dtype=np.int64)
            for name in names
            if name in TIMES or name == "seen"
        }
        said = [name for name in names if name not in times and name != "record"]
        columns: dict[str, Sequence[object]] = {"source_id": []}
        columns |= {name: [r.get(name) for r in reports] for name in said}
        seen = times.pop("seen", None)
        return cls([row for report in reports if isinstance(row := report["record"], int)], columns, times, seen=seen)

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, kept: NDArray[np.bool_]) -> Draft:
        """Return the draft of the reports that are kept."""
        if kept.all():
            return self
        places = np.flatnonzero(kept).tolist()
        return Draft(
            [self.rows[place] for place in places],
            {name: [values[place] for place in places] for name, values in self.columns.items()},
            {name: values[kept] for name, values in self.times.items()},
            self.id_column,
            None if self.seen is None else self.seen[kept],
        )


def hashes(draft: Draft) -> list[str]:
    """Return a hash of what the source said of each incident.

    MD5, cut to 64 bits, of the values of SAID joined by NUL, which no text holds: times in microseconds, shares in
    steps of 1e-15, nothing where there is nothing, the population is merely `counted` or an origin merely `export`. A
    database can compute the same, so that it does not matter which of the two has read a record.
    """
    spelled: list[Iterable[object]] = []
    template = []
    for name in SAID:
        if name in draft.times:
            spelled.append("" if micros == NONE else micros for micros in draft.times[name].tolist())
        elif name in draft.columns:
            spelled.append(_spelled(name, draft.columns[name]))
        template.append("%s" if name in draft.times or name in draft.columns else "")
    text, digest = "\0".join(template), partial(hashlib.md5, usedforsecurity=False)
    return [digest((text % cells).encode()).hexdigest()[:16] for cells in zip(*spelled, strict=True)]


def _spelled(name: str, values: Sequence[object]) -> Iterable[object]:
    if name == "users":
        return (math.floor(share * 1e15) if isinstance(share, float) else "" for share in values)
    if name == "population" or name.endswith("_origin"):
        usual = "counted" if name == "population" else "export"
        return ("" if word is None or word == usual else word for word in values)
    return ("" if value is None else value for value in values) if None in values else values


def settle_repeats(draft: Draft, faults: Refusals) -> tuple[NDArray[np.bool_], int]:
    """Return which reports stay, and how many are exact duplicates; contradictions and older states go to `faults`.

    Of several states of one incident the one with the newest `updated_at` stays, where the source says so.
    """
    kept = np.ones(len(draft), dtype=bool)
    sources = draft.columns.get("source") or repeat("", len(draft))
    if len(set(draft.columns["source_id"])) == len(draft):
        return kept, 0
    keys = list(zip(sources, draft.columns["source_id"], strict=True))
    if len(set(keys)) == len(keys):
        return kept, 0
    groups: dict[tuple[object, object], list[int]] = {}
    for place, key in enumerate(keys):
        groups.setdefault(key, []).append(place)
    groups = {key: places for key, places in groups.items() if len(places) > 1}
    repeated = np.zeros(len(draft), dtype=bool)
    repeated[[place for places in groups.values() for place in places]] = True
    hashed = dict(zip(np.flatnonzero(repeated).tolist(), hashes(draft.take(repeated)), strict=True))
    updated = draft.times.get("updated_at", np.full(len(draft), NONE))
    duplicates = 0
    for places in groups.values():
        states: dict[str, int] = {}
        for place in places:
            if hashed[place] in states:
                kept[place] = False
                duplicates += 1
            else:
                states[hashed[place]] = place
        if len(states) == 1:
            continue
        order = sorted(states.values(), key=lambda place: updated[place])
        newest = updated[order[-1]]
        certain = updated[order[0]] != NONE and updated[order[-2]] < newest
        # Copies of a state that goes are no duplicates of an accepted one: they go with it.
        for place in places:
            if certain and hashed[place] == hashed[order[-1]]:
                continue
            duplicates -= 0 if kept[place] else 1
            kept[place] = False
            faults.add(
                draft.rows[place],
                draft.id_column,
                draft.columns["source_id"][place],
                OLDER if certain and updated[place] < newest else DISAGREE,
            )
    return kept, duplicates


def newest_stamp(draft: Draft) -> int | None:
    """Return the newest stamp of the file that its own record makes believable, None where there is no stamp.

    One year typed wrongly must not move the end of the window: a stamp more than 366 days from the middle of its
    record's stamps does not count.
    """
    if len(draft) == 0:
        return None
    every = [*draft.times.values(), *([] if draft.seen is None else [draft.seen])]
    whole = bool(every) and all((values != NONE).all() for values in every)
    if whole and (np.maximum.reduce(every) - np.minimum.reduce(every) <= _YEAR).all():
        return int(max(values.max() for values in every))
    stacked = np.column_stack(every)
    if not (stacked != NONE).any():
        return None
    ordered = np.sort(np.where(stacked == NONE, np.iinfo(np.int64).max, stacked), axis=1)
    count = (stacked != NONE).sum(axis=1)
    middle = ordered[np.arange(len(ordered)), np.maximum(count - 1, 0) // 2]
    near = (stacked != NONE) & (np.abs(stacked - middle[:, None]) <= _YEAR)
    return int(stacked[near].max())


def grain(draft: Draft) -> float:
    """Return the coarsest step, in seconds, on which every milestone of the file lies: 60, 1, 0.001 or 0.000001."""
    stamps = [draft.times[name] for name in STAMPS if name in draft.times]
    stamps = [values if (values != NONE).all() else values[values != NONE] for values in stamps]
    for step in (60_000_000, 1_000_000, 1_000):
        # The first stamps of most files settle it.
        if not any((values[:1000] % step).any() or (values % step).any() for values in stamps):
            return step / 1e6
    return 1e-6


@dataclass
class TimestampReader:
    """Reads the stamps of one file, and remembers which of them name no zone."""

    name: str
    timezone: ZoneInfo | None
    zoneless: list[tuple[int, str, str]] = field(default_factory=list)
    grain: int = 60_000_000
    """Coarsest step in microseconds on which every stamp so far lies."""

    def read(self, record: JsonObject, column: str, row: int) -> int | None:
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


def tabulate(draft: Draft, source: str, exported_at: int | None, *, whole: bool = True) -> pd.DataFrame:
    """Return the typed table of the draft.

    Parameters
    ----------
    draft : Draft
    source : str
        Used where the draft has none of its own.
    exported_at : int or None
        Microseconds; used where the draft has none of its own.
    whole : bool
        False: without the columns that the draft lacks, `content_hash`, and origins that are merely the export.
    """
    made: dict[str, object] = {"source": source, "population": "counted", **draft.columns}
    times = {
        name: pd.Series(pd.DatetimeIndex(values.view("datetime64[us]")).tz_localize("UTC"))
        for name, values in draft.times.items()
    }
    made |= times
    if exported_at is not None:
        seen = pd.Timestamp(exported_at, unit="us", tz="UTC").as_unit("us")
        made["exported_at"] = times["exported_at"].fillna(seen) if "exported_at" in times else seen
    for stamp in STAMPS:
        if stamp in draft.times and (whole or f"{stamp}_origin" in made):
            given = made.get(f"{stamp}_origin")
            origin = pd.Series("export" if given is None else given, index=range(len(draft)), dtype="str")
            made[f"{stamp}_origin"] = origin.fillna("export").where(times[stamp].notna())
    made |= {"record": draft.rows, "resolution_s": grain(draft)}
    if not whole:
        return conform(
            pd.DataFrame(made, index=range(len(draft))), tuple(column for column in COLUMNS if column.name in made)
        )
    blank = pd.Series(np.nan, index=range(len(draft)), dtype="str")
    made |= {column.name: blank for column in COLUMNS if column.kind == "text" and column.name not in made}
    made["content_hash"] = hashes(draft)
    return conform(pd.DataFrame(made, index=range(len(draft))), COLUMNS)


# What the JSON vendors share: a record is an object that either becomes a report or is refused with a reason.


Report = JsonObject
"""Columns of a report, times in microseconds, `record` its row."""


def read_records(documents: Documents, read: Callable[[JsonObject, int], Report]) -> tuple[Draft, Refusals]:
    """Return the draft of what `read` makes of each record, and what it refuses."""
    faults = Refusals()
    reports: list[Report] = []
    for number, record in zip(documents.numbers, documents.records, strict=True):
        try:
            if isinstance(record, Misshapen):
                raise RecordError("", "", record.reason)
            if not isinstance(record, dict):
                raise RecordError("", json_kind(record), "is not an object")
            reports.append({**read(record, number), "record": number})
        except RecordError as refusal:
            faults.add(number, refusal.column, refusal.value, refusal.reason)
    return Draft.of(reports), faults


def json_kind(value: object) -> str:
    """Return what a value is, never what it says: it stands where it should not, so it may name a person."""
    kinds = {str: "a text", list: "a list", dict: "an object", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")


def objects(record: JsonObject, column: str) -> list[JsonObject]:
    """Return the list of objects in that field; empty where there is none.

    Raises
    ------
    RecordError
        Where the field holds something else.
    """
    values = record.get(column)
    if values is None:
        return []
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise RecordError(column, json_kind(values), "is not a list of objects")
    return values


def object_of(record: JsonObject, column: str) -> JsonObject:
    """Return the object in that field; empty where there is none."""
    value = record.get(column)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise RecordError(column, json_kind(value), "is not an object")
    return value


def name_list(names: Iterable[str | None]) -> str | None:
    """Return the names as a JSON list, each once and in order; None where there is none."""
    once = list(dict.fromkeys(name for name in names if name))
    return json.dumps(once, ensure_ascii=False) if once else None
