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
_ZERO, _ALIEN = ord("0"), 255


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
    left = np.flatnonzero((lengths > 0) & (lengths <= _WIDTH))
    if len(left) < _FEW or "\0" in "".join(cells):
        return np.flatnonzero(lengths).tolist()
    width = int(lengths[left].max())
    wide = np.array(cells, dtype=f"U{width}").view(np.uint32).reshape(len(cells), width)
    # A row per position in the text; what is no ASCII becomes a code that no stamp has.
    codes = np.ascontiguousarray(np.minimum(wide, _ALIEN).astype(np.uint8).T)
    slow = [np.flatnonzero(lengths > _WIDTH)]
    for _ in range(_SHAPES):
        if left.size == 0:
            break
        sample = cells[left[0]]
        block = codes if left.size == len(cells) else codes[:, left]
        like = _alike(block, sample)
        alike, left = left[like], left[~like]
        done = _read_alike(block if like.all() else block[:, like], alike, sample, timezone, micros)
        slow.append(alike[~done])
    return sorted(np.concatenate([left, *slow]).tolist())


def _alike(block: NDArray[np.uint8], sample: str) -> NDArray[np.bool_]:
    """Return which of these cells have a digit where `sample` has one, and the same character where it has none."""
    like = np.ones(block.shape[1], dtype=bool)
    for codes, character in zip(block, sample.ljust(len(block), "\0"), strict=True):
        if "0" <= character <= "9":
            like &= codes - np.uint8(_ZERO) <= 9
        else:
            like &= codes == min(ord(character), _ALIEN)
    return like


def _number(block: NDArray[np.uint8], first: int, last: int) -> NDArray[np.int64]:
    value = np.zeros(block.shape[1], dtype=np.int32)
    for codes in block[first:last]:
        value = value * np.int32(10) + (codes - np.uint8(_ZERO))
    return value.astype(np.int64)


def _read_alike(
    block: NDArray[np.uint8],
    places: NDArray[np.int64],
    sample: str,
    timezone: ZoneInfo | None,
    micros: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Fill `micros` for cells of one shape; return which were read: the others need the strict reader's word."""
    match = EXTENDED.fullmatch(sample)
    if match is None or (match["zone"] is None and timezone is None):
        return np.zeros(len(places), dtype=bool)
    spans = {part: match.span(part) for part in ("year", "month", "day", "hour", "minute", "second", "fraction")}
    # Finer than a microsecond is cut, as the strict reader does.
    spans["fraction"] = (spans["fraction"][0], min(spans["fraction"][1], spans["fraction"][0] + 6))
    year, month, day, hour, minute, second, fraction = (_number(block, *spans[part]) for part in spans)
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
        ahead, known = _ahead(block, match.span("zone"), match["zone"])
        instants -= ahead
        good &= known
    micros[places[good]] = instants[good]
    return good


def _ahead(block: NDArray[np.uint8], span: tuple[int, int], named: str) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    if named.strip() in ("Z", "z", "UTC"):
        return np.zeros(block.shape[1], dtype=np.int64), np.ones(block.shape[1], dtype=bool)
    digits = [span[0] + at for at, character in enumerate(named) if character.isdigit()]
    tens = [_number(block, position, position + 1) for position in digits]
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
