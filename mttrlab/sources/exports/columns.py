"""A column of stamps at once: the same answer as `read_stamp` for each cell, many times faster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mttrlab.sources.exports.stamps import EXTENDED, FIRST_YEAR, LAST_YEAR, read_stamp

NONE = np.iinfo(np.int64).min
"""No time, as NumPy and pandas write it inside."""

_WIDTH = 40
_SHAPES = 12
_FEW = 32
# The rules of clock changes are written down until 2037; later ones take the slow road.
_RULES_END = np.datetime64("2037-01-01", "us").astype(np.int64)
_ZERO, _NINE = ord("0"), ord("9")


@dataclass(frozen=True)
class StampColumn:
    """What a column of cells says."""

    micros: NDArray[np.int64]
    """Microseconds since 1970 in UTC; NONE where there is no time."""
    reasons: dict[int, str]
    """Place of each refused cell, and why."""
    local: tuple[int, ...]
    """Places of cells that name no zone, where none was given."""
    worded: int
    """Cells that say in words that there is no time ("N/A", "null")."""


def read_column(cells: Sequence[str], timezone: ZoneInfo | None = None) -> StampColumn:
    """Return the instants that the cells name.

    Parameters
    ----------
    cells : sequence of str
        As they stand in the file; empty where there is nothing.
    timezone : ZoneInfo, optional
        Zone of the clock on the wall where a cell names none.
    """
    micros = np.full(len(cells), NONE, dtype=np.int64)
    reasons: dict[int, str] = {}
    local: list[int] = []
    worded = 0
    for place in _by_shape(cells, timezone, micros):
        stamp = read_stamp(cells[place], timezone)
        if stamp.local:
            local.append(place)
        elif stamp.micros is not None:
            micros[place] = stamp.micros
        elif stamp.reason:
            reasons[place] = stamp.reason
        elif cells[place].strip():
            worded += 1
    return StampColumn(micros, reasons, tuple(local), worded)


def _by_shape(cells: Sequence[str], timezone: ZoneInfo | None, micros: NDArray[np.int64]) -> list[int]:
    """Fill `micros` where cells share a shape (the same digits in the same places); return the places left over."""
    lengths = np.fromiter(map(len, cells), dtype=np.int64, count=len(cells))
    filled = lengths > 0
    if len(cells) < _FEW or lengths.max() > _WIDTH or "\0" in "".join(cells):
        return np.flatnonzero(filled).tolist()
    width = int(lengths.max())
    codes = np.array(cells, dtype=f"U{max(width, 1)}").view(np.uint32).reshape(len(cells), -1)
    left = np.flatnonzero(filled)
    slow: list[NDArray[np.int64]] = []
    for _ in range(_SHAPES):
        if left.size == 0:
            break
        sample = cells[left[0]]
        like = _alike(codes, left, sample)
        alike = left[like]
        left = left[~like]
        done = _read_alike(codes, alike, sample, timezone, micros)
        slow.append(alike[~done])
    return sorted(np.concatenate([left, *slow]).tolist())


def _alike(codes: NDArray[np.uint32], places: NDArray[np.int64], sample: str) -> NDArray[np.bool_]:
    """Return which of these cells have a digit where `sample` has one, and the same character where it has none."""
    like = np.ones(len(places), dtype=bool)
    for position in range(codes.shape[1]):
        column = codes[places, position]
        character = sample[position] if position < len(sample) else "\0"
        if "0" <= character <= "9":
            like &= (column >= _ZERO) & (column <= _NINE)
        else:
            like &= column == ord(character)
    return like


def _read_alike(
    codes: NDArray[np.uint32],
    places: NDArray[np.int64],
    sample: str,
    timezone: ZoneInfo | None,
    micros: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Fill `micros` for cells of one shape; return which were read: the others need the strict reader's word."""
    match = EXTENDED.fullmatch(sample)
    if match is None or (match["zone"] is None and timezone is None):
        return np.zeros(len(places), dtype=bool)

    def number(part: str, most: int = 9) -> NDArray[np.int64]:
        first, last = match.span(part)
        value = np.zeros(len(places), dtype=np.int64)
        for position in range(first, min(last, first + most)):
            value = value * 10 + (codes[places, position].astype(np.int64) - _ZERO)
        return value

    year, month, day, hour, minute = (number(part) for part in ("year", "month", "day", "hour", "minute"))
    second, fraction = number("second"), number("fraction", 6)
    fraction *= 10 ** (6 - min(6, len(match["fraction"] or "")))
    good = (year >= FIRST_YEAR) & (year <= LAST_YEAR) & (month >= 1) & (month <= 12) & (day >= 1)
    good &= (hour < 24) & (minute < 60) & (second < 60)
    months = ((np.where(good, year, 1970) - 1970) * 12 + np.where(good, month, 1) - 1).astype("datetime64[M]")
    first_day = months.astype("datetime64[D]").astype(np.int64)
    good &= day <= (months + 1).astype("datetime64[D]").astype(np.int64) - first_day
    instants = (((first_day + day - 1) * 24 + hour) * 60 + minute) * 60 + second
    instants = instants * 1_000_000 + fraction
    if match["zone"] is None:
        instants, settled = _local(instants, good, timezone)
        good &= settled
    else:
        ahead, known = _ahead(codes, places, match.span("zone"), match["zone"])
        instants -= ahead
        good &= known
    micros[places[good]] = instants[good]
    return good


def _ahead(
    codes: NDArray[np.uint32], places: NDArray[np.int64], span: tuple[int, int], named: str
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    if named.strip() in ("Z", "z", "UTC"):
        return np.zeros(len(places), dtype=np.int64), np.ones(len(places), dtype=bool)
    digits = [span[0] + at for at, character in enumerate(named) if character.isdigit()]
    tens = [codes[places, position].astype(np.int64) - _ZERO for position in digits]
    minutes = (tens[0] * 10 + tens[1]) * 60
    past = tens[2] * 10 + tens[3] if len(tens) == 4 else np.zeros_like(minutes)
    sign = -1 if "-" in named else 1
    return sign * (minutes + past) * 60_000_000, (past < 60) & (minutes + past <= 14 * 60)


def _local(
    walls: NDArray[np.int64], good: NDArray[np.bool_], timezone: ZoneInfo | None
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the instants of local clocks and which are certain: neither skipped nor repeated by a clock change."""
    sure = good & (walls < _RULES_END)
    clocks = pd.DatetimeIndex(np.where(sure, walls, 0).view("datetime64[us]"))
    zoned = clocks.tz_localize(timezone, ambiguous="NaT", nonexistent="NaT").as_unit("us").tz_convert("UTC")
    return zoned.tz_localize(None).to_numpy().view(np.int64), sure & zoned.notna()
