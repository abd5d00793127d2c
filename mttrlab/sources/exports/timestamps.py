"""Text → instant, strictly: ISO 8601 and nothing that has to be guessed. The meaning of every stamp is decided here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mttrlab.errors import LoadError

NO_STAMP = frozenset({"", "null", "none", "nat", "n/a", "?", "\\n", "0001-01-01t00:00:00z"})
"""What exporters write where there is no time (compared in lower case)."""


FIRST_YEAR, LAST_YEAR = 1970, 2200


# Two spellings of one pattern: with separators (T or a space between date and time) and without (T only).
_TAIL = r"(?:[.,](?P<fraction>[0-9]{1,9}))?)?"


_ZONE = r"(?P<zone>[Zz]| ?UTC| ?[+-][0-9]{2}(?::?[0-9]{2})?)?"


EXTENDED = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})[Tt ]"
    r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})" + _TAIL + _ZONE,
    re.ASCII,
)


_BASIC = re.compile(
    r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})[Tt]"
    r"(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})(?:(?P<second>[0-9]{2})" + _TAIL + _ZONE,
    re.ASCII,
)


# A year in front settles which number is the day: nobody writes year, day, month.
_YEAR_FIRST = re.compile(
    r"(?P<year>[0-9]{4})(?P<mark>[/.])(?P<month>[0-9]{1,2})(?P=mark)(?P<day>[0-9]{1,2})(?:[Tt]|,? )"
    r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})" + _TAIL + _ZONE,
    re.ASCII,
)


_NUMBER = re.compile(r"[+-]?[0-9][0-9_]*(?:[.,][0-9]+)?(?:[eE][+-]?[0-9]+)?")


_DATE = re.compile(r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}|[0-9]{4}([/.])[0-9]{1,2}\1[0-9]{1,2}")


_SLASHED = re.compile(r"[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{1,4}\b.*", re.DOTALL)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


_MICROSECOND = timedelta(microseconds=1)


class Stamp(NamedTuple):
    """What one cell says."""

    micros: int | None
    """Microseconds since 1970 in UTC; of the local clock where `local`. None: no time, or refused."""
    local: bool = False
    """The text names no zone, and none was given."""
    reason: str = ""
    """Why the text is refused; empty where it is not."""


def zone(name: str, file: str) -> ZoneInfo:
    """Return the time zone of that IANA name.

    Raises
    ------
    LoadError
        Where there is no such zone.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError):
        raise LoadError(f"{file}: timezone {name!r} is no IANA zone; say 'Europe/Berlin' or 'UTC'") from None


def read_stamp(text: str | None, timezone: ZoneInfo | None = None) -> Stamp:
    """Return the instant that `text` names.

    Parameters
    ----------
    text : str or None
        A cell as it stands in the file.
    timezone : ZoneInfo, optional
        Zone of the clock on the wall where the text names none.

    Examples
    --------
    >>> read_stamp("2025-07-08T19:52:00+02:00").micros == read_stamp("20250708T175200Z").micros
    True
    >>> read_stamp("2025-07-08 19:52").local
    True
    >>> read_stamp("2025/7/8 9:52Z").micros == read_stamp("2025-07-08T09:52:00Z").micros
    True
    >>> read_stamp("1751997120").reason
    'is a number, not a date; write it as 2025-07-08T19:52:00Z'
    """
    text = (text or "").strip()
    if text.lower() in NO_STAMP:
        return Stamp(None)
    match = EXTENDED.fullmatch(text) or _BASIC.fullmatch(text) or _YEAR_FIRST.fullmatch(text)
    if match is None:
        return Stamp(None, reason=_why_not(text))
    year, month, day, hour, minute = (int(match[part]) for part in ("year", "month", "day", "hour", "minute"))
    second = int(match["second"] or 0)
    # Finer than a microsecond is cut, as DuckDB and pandas both keep microseconds.
    fraction = int((match["fraction"] or "0")[:6].ljust(6, "0"))
    if hour == 24:
        return Stamp(None, reason="says 24 o'clock; write 00:00 of the next day")
    if second == 60:
        return Stamp(None, reason="is a leap second, which no clock here can hold")
    try:
        wall = datetime(year, month, day, hour, minute, second, fraction)
    except ValueError:
        return Stamp(None, reason="names a day or time that does not exist")
    return instant_of_wall_clock(wall, match["zone"], timezone)


def instant_of_wall_clock(wall: datetime, named: str | None, timezone: ZoneInfo | None) -> Stamp:
    """Return the instant of a clock on the wall: `named` stands in the text, `timezone` is what to fall back on."""
    if not FIRST_YEAR <= wall.year <= LAST_YEAR:
        return Stamp(None, reason=f"is outside the years {FIRST_YEAR} to {LAST_YEAR}")
    micros = (wall.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
    if named:
        ahead = _offset(named)
        return (
            Stamp(None, reason=f"has an offset that no place uses ({named.strip()})")
            if ahead is None
            else Stamp(micros - ahead)
        )
    if timezone is None:
        return Stamp(micros, local=True)
    early, late = wall.replace(tzinfo=timezone, fold=0), wall.replace(tzinfo=timezone, fold=1)
    ahead, other = (_micros(clock.utcoffset()) for clock in (early, late))
    if ahead == other:
        return Stamp(micros - ahead)
    happened = "does not exist" if ahead < other else "happened twice"
    return Stamp(None, reason=f"{happened} in {timezone.key}, where the clocks changed; export the times in UTC")


@lru_cache(maxsize=256)
def _offset(named: str) -> int | None:
    digits = named.strip().replace(":", "")
    if digits in ("Z", "z", "UTC"):
        return 0
    hours, minutes = int(digits[1:3]), int(digits[3:] or 0)
    if minutes > 59 or hours * 60 + minutes > 14 * 60:
        return None
    return (-1 if digits[0] == "-" else 1) * (hours * 60 + minutes) * 60_000_000


def _micros(delta: timedelta | None) -> int:
    return (delta or timedelta()) // _MICROSECOND


def _why_not(text: str) -> str:
    if _NUMBER.fullmatch(text):
        return "is a number, not a date; write it as 2025-07-08T19:52:00Z"
    if _DATE.fullmatch(text):
        return "has no time of day; write it as 2025-07-08T19:52:00Z"
    if _SLASHED.fullmatch(text):
        return "is not ISO 8601 (day and month may be either way round); write it as 2025-07-08T19:52:00Z"
    return "is not a time in ISO 8601; write it as 2025-07-08T19:52:00Z"


# Dates with the year last: which number is the day is found from the whole file, or the file is refused.


_LAST = re.compile(
    r"([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{4})[ T,]+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?(?: ?([AaPp])\.?[Mm]\.?)?"
)


def is_time(text: str) -> bool:
    """Return whether a text is a time of day on some date, with or without a zone.

    Examples
    --------
    >>> is_time("2026-06-01T10:00Z"), is_time("3/5/2016 10:00"), is_time("1"), is_time("2026")
    (True, True, False, False)
    """
    stamp = read_stamp(text, ZoneInfo("UTC"))
    return stamp.micros is not None or _LAST.fullmatch(text.strip()) is not None


@dataclass(frozen=True)
class DateStyle:
    """How a file writes its dates."""

    day_first: bool
    timezone: ZoneInfo | None

    def read(self, text: str) -> Stamp:
        """Return the instant that `text` names: ISO 8601, or a date with the year last."""
        match = _LAST.fullmatch(text.strip())
        if match is None:
            return read_stamp(text, self.timezone)
        first, _, second, year, hour, minute, seconds, half = match.groups()
        day, month = (first, second) if self.day_first else (second, first)
        if half and not 1 <= int(hour) <= 12:
            return Stamp(None, reason="names a day or time that does not exist")
        hours = int(hour) % 12 + 12 * (half in "Pp") if half else int(hour)
        try:
            wall = datetime(int(year), int(month), int(day), hours, int(minute), int(seconds or 0))
        except ValueError:
            return Stamp(None, reason="names a day or time that does not exist")
        return instant_of_wall_clock(wall, None, self.timezone)


def date_style(texts: Iterable[str], name: str, timezone: ZoneInfo | None) -> DateStyle:
    """Return the style in which all these texts are dates.

    Raises
    ------
    LoadError
        Where both styles, or neither, are borne out by some date.

    Examples
    --------
    >>> date_style(["3/5/2016 10:00", "29/2/2016 01:16"], "log.csv", None).day_first
    True
    """
    days: dict[bool, str] = {}
    open_question = ""
    for text in texts:
        match = _LAST.fullmatch(text.strip())
        if match is None:
            continue
        first, second = int(match[1]), int(match[3])
        if first > 12 >= second:
            days.setdefault(True, text)
        elif second > 12 >= first:
            days.setdefault(False, text)
        elif first != second:
            open_question = open_question or text
    if len(days) == 2:
        raise LoadError(
            f"{name}: {days[True]!r} puts the day first and {days[False]!r} the month; "
            "export it again with dates as yyyy-MM-dd HH:mm:ss"
        )
    if open_question and not days:
        raise LoadError(
            f"{name}: {open_question!r} may be day or month first, and no date of the file decides; "
            "export it again with dates as yyyy-MM-dd HH:mm:ss, or with a longer period in it"
        )
    return DateStyle(day_first=next(iter(days), True), timezone=timezone)


# A column of stamps at once: the same answer as `read_stamp` for each cell, many times faster.


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
