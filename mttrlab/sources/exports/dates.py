"""Dates with the year last: which number is the day is found from the whole file, or the file is refused."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from mttrlab.errors import LoadError
from mttrlab.sources.exports.stamps import Stamp, read_stamp, settle

_LAST = re.compile(
    r"([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{4})[ T,]+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?(?: ?([AaPp])\.?[Mm]\.?)?"
)


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
        return settle(wall, None, self.timezone)


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
