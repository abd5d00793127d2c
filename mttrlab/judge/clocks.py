"""What tells the time while a service is watched: the computer, or a clock that only counts."""

from __future__ import annotations

import time
from typing import Protocol

import pandas as pd

from mttrlab.errors import QuestionError


class Clock(Protocol):
    """What tells the time and waits: the computer's clock, or one that only counts."""

    def now(self) -> float:
        """Return seconds since 1970."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The computer's own clock."""

    def now(self) -> float:
        """Return seconds since 1970."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait really."""
        time.sleep(seconds)


class ReplayClock:
    """A clock that starts where it is told and moves only while somebody sleeps.

    Examples
    --------
    >>> clock = ReplayClock("2026-03-01T12:00:00Z")
    >>> clock.sleep(30)
    >>> pd.Timestamp(clock.now(), unit="s", tz="UTC").isoformat()
    '2026-03-01T12:00:30+00:00'
    """

    def __init__(self, start: str | float | pd.Timestamp) -> None:
        self._now = float(start) if isinstance(start, int | float) else instant(start)

    def now(self) -> float:
        """Return seconds since 1970."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Move on."""
        self._now += seconds


def instant(at: str | pd.Timestamp) -> float:
    """Return a time with a zone as seconds since 1970."""
    try:
        stamp = pd.Timestamp(at)
    except (TypeError, ValueError):
        raise QuestionError(f"at must be a time such as 2026-03-01T12:00:00Z; got {at!r}") from None
    if pd.isna(stamp) or stamp.tzinfo is None:
        raise QuestionError(f"at must be a time with its zone, such as 2026-03-01T12:00:00Z; got {at!r}")
    return float(stamp.timestamp())
