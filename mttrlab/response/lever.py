"""One setting that a scenario may change: what it is called, which values it takes, where it acts."""

from __future__ import annotations

from typing import Any, NamedTuple

from mttrlab.response import checks
from mttrlab.response.lever_now import Now

YEAR_MINUTES = 525_960.0

LOWER, HIGHER = "lower", "higher"
"""Which way a lever makes no incident longer where nobody waits."""


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
    """Field of the model, or `element.field` (`pools.field`: of the pools); empty: as the lever is called."""
    whole: bool = False
    open_low: bool = False
    """Whether `low` itself is too low."""
    alone: bool = True
    """Whether it can be moved for single incident types or services, and with a ramp."""
    shortens: str = ""
    """`lower` or `higher`: the way that makes no incident longer where nobody waits; empty: neither does."""
    unless: str = ""
    """Why neither way does, or where that way may."""
    settings: tuple[str, ...] = ()
    """Settings of types, faces, paths and elements that it moves besides `field`, as `Class.field`."""

    @property
    def of_pools(self) -> bool:
        """Whether it is a setting of named pools."""
        return self.field.startswith("pools.")

    def check(self, name: str, value: Any) -> float:
        """Return the value if the lever takes it; refuse it in a sentence otherwise."""
        if self.whole:
            return checks.whole(name, value, int(self.low), int(self.high))
        return checks.finite(name, value, self.low, self.high, open_low=self.open_low)


def share(
    moves: str, meaning: str, now: Now, words: str, field: str = "", *, shortens: str = "", unless: str = "",
    alone: bool = True, open_low: bool = False, settings: tuple[str, ...] = (),
) -> Lever:  # fmt: skip
    """Return a lever between 0 and 1."""
    return Lever(
        "share", moves, meaning, 0.0, 1.0, now, words, field, False, open_low, alone, shortens, unless, settings
    )


def minutes(
    moves: str, meaning: str, now: Now, words: str, field: str = "", high: float = YEAR_MINUTES, *,
    shortens: str = LOWER, unless: str = "", alone: bool = True, open_low: bool = False, settings: tuple[str, ...] = (),
) -> Lever:  # fmt: skip
    """Return a lever in minutes."""
    return Lever("minutes", moves, meaning, 0.0, high, now, words, field, False, open_low, alone, shortens, unless,
                 settings)  # fmt: skip


def seconds(
    moves: str, meaning: str, now: Now, words: str, field: str, high: float = 86_400.0, *, shortens: str = LOWER,
    unless: str = "", open_low: bool = False,
) -> Lever:  # fmt: skip
    """Return a lever in seconds."""
    return Lever("seconds", moves, meaning, 0.0, high, now, words, field, False, open_low, True, shortens, unless)


def times(
    moves: str, meaning: str, now: Now, words: str, field: str = "", high: float = 100.0, *, shortens: str = LOWER,
    unless: str = "", alone: bool = True, open_low: bool = False, unit: str = "times", settings: tuple[str, ...] = (),
) -> Lever:  # fmt: skip
    """Return a lever that says how many times as long, or as many."""
    return Lever(unit, moves, meaning, 0.0, high, now, words, field, False, open_low, alone, shortens, unless, settings)


def whole(
    moves: str, meaning: str, high: int, now: Now, words: str, field: str = "", *, low: int = 1, unit: str = "times",
    shortens: str = "", unless: str = "", alone: bool = True, settings: tuple[str, ...] = (),
) -> Lever:  # fmt: skip
    """Return a lever that is a whole number."""
    return Lever(unit, moves, meaning, low, high, now, words, field, True, False, alone, shortens, unless, settings)
