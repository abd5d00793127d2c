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
_MONTHS = np.arange(0, 12 * (LAST_YEAR + 1 - FIRST_YEAR) + 1).astype("datetime64[M]")
_FIRST_DAYS = _MONTHS.astype("datetime64[D]").astype(np.int32)
"""Days since 1970 of the first of each month."""


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
    if np.count_nonzero(lengths) < _FEW:
        return np.flatnonzero(lengths).tolist()
    counts = np.bincount(np.minimum(lengths, _WIDTH + 1))
    slow = [np.flatnonzero(lengths > _WIDTH)]
    for width in (np.argsort(counts[1 : _WIDTH + 1])[::-1] + 1).tolist():
        if counts[width]:
            slow.append(_of_length(cells, np.flatnonzero(lengths == width), width, timezone, micros))
    return sorted(np.concatenate(slow).tolist())


def _of_length(
    cells: Sequence[str], left: NDArray[np.int64], width: int, timezone: ZoneInfo | None, micros: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Fill `micros` for cells of one length, and return the places left over."""
    text = "".join(cells if len(left) == len(cells) else [cells[place] for place in left.tolist()])
    # A row per position in the text. A letter of another script becomes a question mark, which no stamp has.
    codes = np.frombuffer(text.encode("latin-1", "replace"), dtype=np.uint8).reshape(len(left), width)
    block = np.ascontiguousarray(codes.T)
    slow = []
    for _ in range(_SHAPES):
        if left.size == 0:
            break
        sample = cells[left[0]]
        like = _alike(block, sample)
        alike = left if like.all() else left[like]
        done = _read_alike(block if like.all() else block[:, like], alike, sample, timezone, micros)
        slow.append(alike[~done])
        left, block = left[~like], block[:, ~like]
    return np.concatenate([left, *slow])


def _alike(block: NDArray[np.uint8], sample: str) -> NDArray[np.bool_]:
    """Return which of these cells have a digit where `sample` has one, and the same character where it has none."""
    like = np.ones(block.shape[1], dtype=bool)
    for codes, character in zip(block, sample, strict=True):
        if "0" <= character <= "9":
            like &= codes - np.uint8(_ZERO) <= 9
        else:
            like &= codes == min(ord(character), _ALIEN)
    return like


def _number(block: NDArray[np.uint8], first: int, last: int) -> NDArray[np.int32]:
    value: NDArray[np.int32] = (block[first] - np.uint8(_ZERO)).astype(np.int32)
    for codes in block[first + 1 : last]:
        value *= np.int32(10)
        value += codes - np.uint8(_ZERO)
    return value


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
    parts = [part for part in ("year", "month", "day", "hour", "minute", "second") if match[part]]
    year, month, day, hour, minute, *seconds = (_number(block, *match.span(part)) for part in parts)
    good = (year >= FIRST_YEAR) & (year <= LAST_YEAR) & (month >= 1) & (month <= 12) & (day >= 1)
    good &= (hour < 24) & (minute < 60)
    months = (year - FIRST_YEAR) * 12 + month - 1
    if not good.all():
        months[~good] = 0
    first_day = _FIRST_DAYS[months]
    good &= day <= _FIRST_DAYS[months + 1] - first_day
    minutes = ((first_day + day - 1) * 24 + hour) * 60 + minute
    instants = minutes.astype(np.int64) * 60
    if seconds:
        good &= seconds[0] < 60
        instants += seconds[0]
    instants *= 1_000_000
    if match["fraction"]:
        # Finer than a microsecond is cut, as the strict reader does.
        digits = match["fraction"][:6]
        start = match.start("fraction")
        instants += _number(block, start, start + len(digits)) * np.int32(10 ** (6 - len(digits)))
    if match["zone"] is None:
        instants, settled = _local(instants, good, timezone)
        good &= settled
    elif match["zone"].strip() not in ("Z", "z", "UTC"):
        ahead, known = _ahead(block, match.span("zone"), match["zone"])
        instants -= ahead
        good &= known
    if len(places) == len(micros) and good.all():
        micros[:] = instants
    else:
        micros[places[good]] = instants[good]
    return good


def _ahead(block: NDArray[np.uint8], span: tuple[int, int], named: str) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    digits = [span[0] + at for at, character in enumerate(named) if character.isdigit()]
    tens = [_number(block, position, position + 1).astype(np.int64) for position in digits]
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
