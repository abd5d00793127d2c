"""Text → instant, strictly: ISO 8601 and nothing that has to be guessed. The meaning of every stamp is decided here."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

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
    return settle(wall, match["zone"], timezone)


def settle(wall: datetime, named: str | None, timezone: ZoneInfo | None) -> Stamp:
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
