"""When a PromQL expression of nothing but the clock holds: `hour()`, `day_of_week()`, `time()` and their kin."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from mttrlab.schema import MONDAY, WEEK_MINUTES, WeekHours

_TOKEN = re.compile(
    r"\s*([0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?|[A-Za-z_:][\w:]*|[<>=!]=|[-+*/%^()<>,]|\"[^\"\\]*\"|'[^'\\]*')"
)
_LEVELS: tuple[tuple[str, ...], ...] = (
    ("or",), ("and", "unless", "if", "ifnot"), ("==", "!=", "<=", ">=", "<", ">"), ("+", "-"), ("*", "/", "%"), ("^",),
)  # fmt: skip
_SAME = {"sum", "avg", "min", "max", "group", "vector", "sort", "label_replace"}
"""Functions that leave a single value as it is."""
_COMPARED: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "==": np.equal, "!=": np.not_equal, "<=": np.less_equal, ">=": np.greater_equal, "<": np.less, ">": np.greater,
}  # fmt: skip
_COUNTED: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "%": np.fmod, "^": np.power,
}  # fmt: skip
_CLOCK: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "minute": lambda at: at // 60 % 60,
    "hour": lambda at: at // 3600 % 24,
    "day_of_week": lambda at: (at // 86_400 + 4) % 7,
    "day_of_month": lambda at: 1 + _days(at, "D") - _days(at, "M"),
    "day_of_year": lambda at: 1 + _days(at, "D") - _days(at, "Y"),
    "days_in_month": lambda at: _days(at, "M", 1) - _days(at, "M"),
    "month": lambda at: at.astype("M8[s]").astype("M8[M]").astype(float) % 12 + 1,
    "year": lambda at: at.astype("M8[s]").astype("M8[Y]").astype(float) + 1970,
}
_PLAIN: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "abs": np.abs, "floor": np.floor, "ceil": np.ceil, "round": np.round, "sgn": np.sign,
}  # fmt: skip
_YEARLY = re.compile(r"month|year|days_in")
_LONGEST = 2_000


def clock_hours(expr: str, recorded: Mapping[str, str] | None = None) -> WeekHours | None:
    """Return the hours of the week (UTC) in which an expression has a value; None where it reads more than the clock.

    Parameters
    ----------
    expr : str
        PromQL without comments.
    recorded : mapping of str to str, optional
        Expressions of recording rules by name.

    Examples
    --------
    >>> str(clock_hours("hour() >= 8 and on() hour() < 17 and day_of_week() > 0 < 6"))
    '45 of 168 h (Mon-Fri 08:00-17:00 UTC)'
    >>> clock_hours("up == 0") is None
    True
    """
    if len(expr) > _LONGEST:
        return None
    # A year is looked at every quarter of an hour, a week every minute.
    weeks, every = (52, 15) if _YEARLY.search(expr) else (1, 1)
    now = MONDAY.timestamp() + 60.0 * every * np.arange(weeks * WEEK_MINUTES // every)
    try:
        with np.errstate(all="ignore"):
            there = _Reader(expr, now, recorded or {}).whole().there
    except (_MoreThanClockError, RecursionError):
        return None
    return WeekHours.of_minutes(there.reshape(weeks, -1).mean(axis=0).repeat(every))


class _MoreThanClockError(ValueError):
    """The expression reads a metric, or is written in a way that is not known here."""


@dataclass(frozen=True)
class _Values:
    """A value at each time, and whether there is one."""

    value: np.ndarray
    there: np.ndarray
    scalar: bool = False


def _days(at: np.ndarray, unit: str, later: int = 0) -> np.ndarray:
    """Days from 1970 to the beginning of the day, month or year, or of a later one."""
    begun: np.ndarray = at.astype("M8[s]").astype(f"M8[{unit}]") + later
    return begun.astype("M8[D]").astype(float)


class _Reader:
    """An expression, read from left to right by how tightly its signs bind, and worked out at each time."""

    def __init__(self, expr: str, now: np.ndarray, recorded: Mapping[str, str]) -> None:
        self.now, self.recorded, self.at = now, recorded, 0
        self.tokens: list[str] = []
        place = 0
        while expr[place:].strip():
            found = _TOKEN.match(expr, place)
            if found is None:
                raise _MoreThanClockError
            self.tokens.append(found.group().strip())
            place = found.end()

    def whole(self) -> _Values:
        found = self._level(0)
        if self.at < len(self.tokens):
            raise _MoreThanClockError
        return found

    def _next(self) -> str:
        return self.tokens[self.at].lower() if self.at < len(self.tokens) else ""

    def _take(self, wanted: str = "") -> str:
        if self.at >= len(self.tokens) or (wanted and self.tokens[self.at] != wanted):
            raise _MoreThanClockError
        self.at += 1
        return self.tokens[self.at - 1]

    def _level(self, depth: int) -> _Values:
        if depth == len(_LEVELS):
            return self._single()
        left = self._level(depth + 1)
        while self._next() in _LEVELS[depth]:
            sign = self._take().lower()
            truth = self._modifiers()
            # 2 ^ 3 ^ 2 is read from the right.
            left = _joined(left, sign, self._level(depth if sign == "^" else depth + 1), truth)
        return left

    def _modifiers(self) -> bool:
        truth = False
        while self._next() in ("bool", "on", "ignoring", "group_left", "group_right"):
            if self._take().lower() == "bool":
                truth = True
            elif self._next() == "(":
                self._labels()
        return truth

    def _labels(self) -> None:
        self._take("(")
        while self._take() != ")":
            pass

    def _single(self) -> _Values:
        token = self._take()
        if token in "+-":
            # -2 ^ 2 is -(2 ^ 2).
            plus = self._level(len(_LEVELS) - 1)
            return _Values(-plus.value if token == "-" else plus.value, plus.there, plus.scalar)
        if token == "(":
            whole = self._level(0)
            self._take(")")
            return whole
        everywhere = np.ones(len(self.now), dtype=bool)
        if token[0].isdigit() or token[0] == ".":
            return _Values(np.full(len(self.now), float(token)), everywhere, scalar=True)
        name = token.lower()
        if self._next() in ("by", "without"):
            self._take()
            self._labels()
        if self._next() != "(":
            if token not in self.recorded:
                raise _MoreThanClockError
            rest = {key: text for key, text in self.recorded.items() if key != token}
            return _Reader(self.recorded[token], self.now, rest).whole()
        inner = self._inside()
        if self._next() in ("by", "without"):
            self._take()
            self._labels()
        if name == "time" and inner is None:
            return _Values(self.now, everywhere, scalar=True)
        if name in _CLOCK:
            given = _Values(self.now, everywhere) if inner is None else inner
            return _Values(_CLOCK[name](given.value), given.there)
        if inner is None:
            raise _MoreThanClockError
        if name == "scalar":
            return _Values(np.where(inner.there, inner.value, np.nan), everywhere, scalar=True)
        if name == "timestamp":
            return _Values(self.now, inner.there)
        if name in _SAME:
            return _Values(inner.value, inner.there)
        if name in _PLAIN:
            return _Values(_PLAIN[name](inner.value), inner.there)
        if name in ("absent", "count"):
            return _Values(np.ones(len(self.now)), ~inner.there if name == "absent" else inner.there)
        raise _MoreThanClockError

    def _inside(self) -> _Values | None:
        self._take("(")
        inner = None if self._next() == ")" else self._level(0)
        while self._next() == ",":
            # Only label_replace has words after its first value.
            if self._take() and self._take()[0] not in "\"'":
                raise _MoreThanClockError
        self._take(")")
        return inner


def _joined(left: _Values, sign: str, right: _Values, truth: bool) -> _Values:
    if sign in ("and", "unless", "if", "ifnot"):
        return _Values(left.value, left.there & (right.there if sign in ("and", "if") else ~right.there))
    if sign == "or":
        return _Values(np.where(left.there, left.value, right.value), left.there | right.there)
    there, scalar = left.there & right.there, left.scalar and right.scalar
    if sign in _COUNTED:
        return _Values(_COUNTED[sign](left.value, right.value), there, scalar)
    holds = _COMPARED[sign](left.value, right.value)
    if truth:
        return _Values(holds.astype(float), there, scalar)
    return _Values(right.value if left.scalar else left.value, there & holds)
