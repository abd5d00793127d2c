"""One setting that a scenario may change: what it is called, which values it takes, where it acts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from mttrlab.response import checks
from mttrlab.response.model import ResponseModel

YEAR_MINUTES = 525_960.0

Now = Callable[[ResponseModel], Any]
"""The setting in force: a number, or the smallest and the largest of several; None: no such limit."""


class Lever(NamedTuple):
    """One setting that a scenario may change."""

    unit: str
    moves: str
    """The part of the response that it moves."""
    meaning: str
    low: float
    high: float
    now: Now
    words: str
    """The setting as a sentence begins."""
    field: str = ""
    """Field of the model, or `element.field`; empty: as the lever is called."""
    whole: bool = False
    open_low: bool = False
    """Whether `low` itself is too low."""
    alone: bool = True
    """Whether it can be moved for single incident types or services, and with a ramp."""

    def check(self, name: str, value: Any) -> float:
        """Return the value if the lever takes it; refuse it in a sentence otherwise."""
        if self.whole:
            return checks.whole(name, value, int(self.low), int(self.high))
        return checks.finite(name, value, self.low, self.high, open_low=self.open_low)


def share(moves: str, meaning: str, now: Now, words: str, field: str = "", *, alone: bool = True) -> Lever:
    """Return a lever between 0 and 1."""
    return Lever("share", moves, meaning, 0.0, 1.0, now, words, field, alone=alone)


def minutes(
    moves: str, meaning: str, now: Now, words: str, field: str = "", high: float = YEAR_MINUTES, *,
    open_low: bool = False,
) -> Lever:  # fmt: skip
    """Return a lever in minutes."""
    return Lever("minutes", moves, meaning, 0.0, high, now, words, field, open_low=open_low)


def seconds(
    moves: str, meaning: str, now: Now, words: str, field: str, high: float = 86_400.0, *, open_low: bool = False
) -> Lever:
    """Return a lever in seconds."""
    return Lever("seconds", moves, meaning, 0.0, high, now, words, field, open_low=open_low)


def figure(unit: str, moves: str, meaning: str, low: float, high: float, now: Now, words: str) -> Lever:
    """Return a lever that is a plain number."""
    return Lever(unit, moves, meaning, low, high, now, words)


def whole(
    moves: str, meaning: str, high: int, now: Now, words: str, field: str = "", *, unit: str = "times",
    alone: bool = True,
) -> Lever:  # fmt: skip
    """Return a lever that is a whole number from 1 on."""
    return Lever(unit, moves, meaning, 1, high, now, words, field, whole=True, alone=alone)
