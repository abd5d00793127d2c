"""A row of checks → the stretches in which a service was unhealthy: k of n begin and end one, gaps are unknown."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np

from mttrlab.errors import QuestionError
from mttrlab.judge.recovery import ERROR_RATE, LATENCY_P95

STEADY = 3
"""Checks in a row that begin and end an episode: 90 s at the founding interval, so that neither one bad sample nor a
flap decides, and three times within its five minutes of verification."""


@dataclass(frozen=True)
class RecoveryRule:
    """When a service counts as healthy, and how often that must be seen; the founding text's thresholds and times."""

    error_rate: float = ERROR_RATE
    """Percent; a good check is strictly below."""
    latency_p95: float = LATENCY_P95
    """Milliseconds; a good check is strictly below."""
    interval_s: int = 30
    """Seconds from check to check."""
    window_s: int = 60
    """Each check looks back over so many seconds; a multiple of the interval."""
    healthy: int = STEADY
    """Good checks that end an episode, and bad ones that begin one. The founding text's own rule is 1."""
    of: int | None = None
    """Among so many of the last checks; None: in a row."""
    within_minutes: float = 5.0
    """The founding text's window of verification after the fix."""

    def __post_init__(self) -> None:
        whole = (self.interval_s, self.window_s, self.healthy, self.among)
        if any(isinstance(value, bool) or not isinstance(value, int) or value < 1 for value in whole):
            raise QuestionError("interval_s, window_s, healthy and of must be whole numbers from 1 on")
        for name, limit in (("error_rate", self.error_rate), ("latency_p95", self.latency_p95),
                            ("within_minutes", self.within_minutes)):  # fmt: skip
            if isinstance(limit, bool) or not isinstance(limit, int | float) or not 0 < limit < inf:
                raise QuestionError(f"{name} must be a finite number above 0; got {limit!r}")
        if self.window_s % self.interval_s or self.healthy > self.among:
            raise QuestionError(
                f"window_s must be a multiple of interval_s, and healthy at most of; got {self.window_s} and "
                f"{self.interval_s}, {self.healthy} of {self.among}"
            )

    @property
    def among(self) -> int:
        """How many of the last checks are looked at."""
        return self.healthy if self.of is None else self.of


@dataclass(frozen=True)
class Episode:
    """A stretch of bad checks, by the places of its checks."""

    first: int
    """The first bad check."""
    before: int | None
    """The last good check before it; None: none was seen, so it may have begun earlier."""
    ended: int | None
    """The first of the good checks that end it; None: not seen to end."""
    confirmed: int | None
    """The check that confirms the end."""


def episodes(good: np.ndarray, bad: np.ndarray, rule: RecoveryRule) -> list[Episode]:
    """Return the episodes in a row of checks.

    Parameters
    ----------
    good, bad : array of bool
        One per check, in order; neither: unknown, which is neither health nor trouble and breaks a row of either.
    rule : RecoveryRule

    Returns
    -------
    list of Episode

    Examples
    --------
    >>> row = "ggggbbbb?bgbbgggg"
    >>> good, bad = (np.array([c == kind for c in row]) for kind in "gb")
    >>> episodes(good, bad, RecoveryRule())
    [Episode(first=4, before=3, ended=13, confirmed=15)]
    """
    found: list[Episode] = []
    good, bad = np.asarray(good, dtype=bool), np.asarray(bad, dtype=bool)
    begins = _confirmed(bad, rule)
    ends = _confirmed(good, rule)
    at = 0
    while True:
        begun = begins.searchsorted(at)
        if begun == len(begins):
            return found
        confirmed_bad = int(begins[begun])
        first = _first_of(bad, confirmed_bad, rule, at)
        earlier = np.flatnonzero(good[:first])
        ended = ends.searchsorted(confirmed_bad + 1)
        if ended == len(ends):
            return [*found, Episode(first, int(earlier[-1]) if len(earlier) else None, None, None)]
        confirmed = int(ends[ended])
        healthy_from = _first_of(good, confirmed, rule, confirmed_bad + 1)
        found.append(Episode(first, int(earlier[-1]) if len(earlier) else None, healthy_from, confirmed))
        at = confirmed + 1


def first_steady(good: np.ndarray, start: int, rule: RecoveryRule) -> tuple[int, int] | None:
    """Return the first of the good checks that confirm health, and the one that does, all at or after `start`."""
    ends = _confirmed(good[start:], rule)
    if not len(ends):
        return None
    return start + _first_of(good[start:], int(ends[0]), rule, 0), start + int(ends[0])


def _confirmed(hits: np.ndarray, rule: RecoveryRule) -> np.ndarray:
    """Return the places where a hit is the k-th among the last n."""
    total = np.concatenate([[0], np.cumsum(hits)])
    places = np.arange(1, len(hits) + 1)
    counted = total[places] - total[np.maximum(places - rule.among, 0)]
    return np.flatnonzero(hits & (counted >= rule.healthy))


def _first_of(hits: np.ndarray, confirmed: int, rule: RecoveryRule, least: int) -> int:
    start = max(confirmed - rule.among + 1, least)
    return start + int(np.flatnonzero(hits[start : confirmed + 1])[0])
