"""Hours of the week in which a rule is on, or in which somebody is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

WEEK_H = 168
WEEK_MINUTES = 10_080
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
"""A Monday 00:00: 52 weeks from here stand for any year."""
_DAY_MINUTES = 1440
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MOST_WORDS = 3
"""Spans a day, beyond which they are not listed."""


@dataclass(frozen=True)
class WeekHours:
    """When in the week something is on, as it is on average over a year."""

    spans: tuple[tuple[int, int, float], ...] = ()
    """From and to, minutes since Monday 00:00 of `zone`, and the share of weeks in which it is on in between."""
    zone: str = "UTC"

    @classmethod
    def of_minutes(cls, shares: npt.ArrayLike, zone: str = "UTC") -> WeekHours:
        """Return the hours of a week's 10,080 minutes, each with the share of weeks in which it is on."""
        on = np.asarray(shares, dtype=float)
        cuts = [0, *(np.flatnonzero(np.diff(on)) + 1).tolist(), WEEK_MINUTES]
        spans = ((begin, end, round(float(on[begin]), 6)) for begin, end in pairwise(cuts))
        return cls(tuple(span for span in spans if span[2] > 0), zone)

    @property
    def hours_per_week(self) -> float:
        """Hours a week, on average.

        Examples
        --------
        >>> WeekHours(((480, 1020, 1.0),)).hours_per_week
        9.0
        """
        return sum((end - begin) * share for begin, end, share in self.spans) / 60

    @property
    def always(self) -> bool:
        """Whether it is on all week."""
        return self.hours_per_week > WEEK_H - 1e-6

    def minutes(self, zone: str = "UTC") -> np.ndarray:
        """Return the share of weeks in which it is on, for each minute of the week in this zone."""
        own = np.zeros(WEEK_MINUTES)
        for begin, end, share in self.spans:
            own[begin:end] = share
        if zone == self.zone:
            return own
        there, here = ZoneInfo(zone), ZoneInfo(self.zone)
        weeks = [MONDAY + timedelta(weeks=n) for n in range(52)]
        ahead = [at.astimezone(there).replace(tzinfo=UTC) - at.astimezone(here).replace(tzinfo=UTC) for at in weeks]
        return np.asarray(np.mean([np.roll(own, int(by.total_seconds() // 60)) for by in ahead], axis=0))

    def __and__(self, other: WeekHours) -> WeekHours:
        if self.always or other.always:
            return other if self.always else self
        zone = self.zone if self.zone == other.zone else "UTC"
        return WeekHours.of_minutes(self.minutes(zone) * other.minutes(zone), zone)

    def __or__(self, other: WeekHours) -> WeekHours:
        return ~(~self & ~other)

    def __invert__(self) -> WeekHours:
        return WeekHours.of_minutes(1 - self.minutes(self.zone), self.zone)

    def __str__(self) -> str:
        """Say how many of the week's hours it is on, and which.

        Examples
        --------
        >>> str(WeekHours(tuple((day * 1440 + 480, day * 1440 + 1020, 1.0) for day in range(5))))
        '45 of 168 h (Mon-Fri 08:00-17:00 UTC)'
        """
        told = f"{self.hours_per_week:.3g} of {WEEK_H} h"
        parts = self._parts()
        if not parts or len(self.spans) > _MOST_WORDS * len(_DAYS):
            return told
        usual = "" if all(share > 1 - 1e-6 for _, _, share in self.spans) else ", not in every week"
        return f"{told} ({', '.join(parts)} {self.zone}{usual})"

    def _parts(self) -> list[str]:
        """Days that are alike, with their times."""
        times: list[list[str]] = [[] for _ in _DAYS]
        for begin, end, _ in self._joined():
            for day in range(begin // _DAY_MINUTES, (end - 1) // _DAY_MINUTES + 1):
                low, high = max(begin - day * _DAY_MINUTES, 0), min(end - day * _DAY_MINUTES, _DAY_MINUTES)
                times[day].append("" if high - low == _DAY_MINUTES else f" {_clock(low)}-{_clock(high)}")
        parts, day = [], 0
        while day < len(_DAYS):
            last = day
            while last + 1 < len(_DAYS) and times[last + 1] == times[day]:
                last += 1
            named = _DAYS[day] if last == day else f"{_DAYS[day]}-{_DAYS[last]}"
            parts += [named + " and".join(times[day])] if times[day] else []
            day = last + 1
        return parts

    def _joined(self) -> list[tuple[int, int, float]]:
        """Spans that touch as one: on in more or fewer weeks, they are on."""
        joined: list[tuple[int, int, float]] = []
        for begin, end, share in self.spans:
            if joined and joined[-1][1] == begin:
                joined[-1] = (joined[-1][0], end, share)
            else:
                joined.append((begin, end, share))
        return joined


def both(one: WeekHours | None, other: WeekHours | None) -> WeekHours | None:
    """Return when two are on together; None, of one or of both: at all times."""
    return other if one is None else one if other is None else one & other


def either(hours: Iterable[WeekHours | None]) -> WeekHours | None:
    """Return when any of several is on; None, of one or of all together: at all times."""
    joined = WeekHours()
    for one in hours:
        if one is None:
            return None
        joined = joined | one if joined.spans else one
    return None if joined.always else joined


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


ALL_WEEK = WeekHours(((0, WEEK_MINUTES, 1.0),))
