"""Numbers as people say them: minutes, parts of a whole, months, small counts."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

_SMALL = (
    "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)  # fmt: skip
_PARTS = (
    (0.1, "a tenth"), (0.2, "a fifth"), (0.25, "a quarter"), (1 / 3, "a third"), (0.4, "two fifths"), (0.5, "half"),
    (0.6, "three fifths"), (2 / 3, "two thirds"), (0.75, "three quarters"), (0.8, "four fifths"),
    (0.9, "nine tenths"),
)  # fmt: skip
PHASE_WORDS = {
    "detect": "noticing",
    "diagnose": "finding the cause",
    "resolve": "fixing",
    "verify": "confirming the recovery",
}
END_WORDS = {
    "started_at": "start of impact",
    "detected_at": "detection",
    "acknowledged_at": "acknowledgement",
    "diagnosed_at": "diagnosis",
    "resolved_at": "the fix",
    "verified_at": "confirmed recovery",
}
STAMP_WORDS = {
    "started_at": "when the impact starts",
    "detected_at": "when the impact is noticed",
    "acknowledged_at": "when somebody takes the page",
    "diagnosed_at": "when the cause is found",
    "resolved_at": "when the fix is in place",
    "verified_at": "when the recovery is confirmed",
}


def several(count: int) -> str:
    """Return a count in letters up to twenty, in figures beyond.

    Examples
    --------
    >>> several(0), several(3), several(1200)
    ('no', 'three', '1,200')
    """
    return _SMALL[count] if 0 <= count <= 20 else f"{count:,}"


def minutes(value: float) -> str:
    """Return minutes for a table: short and exact enough.

    Examples
    --------
    >>> minutes(0.44), minutes(42.4), minutes(94), minutes(600), minutes(10080), minutes(float("nan"))
    ('0.4 min', '42 min', '1 h 34 min', '10 h', '7 days', '–')
    """
    if not math.isfinite(value):
        return "–"
    if abs(value) < 9.95:
        return f"{value:.1f} min".replace(".0 ", " ").replace("-0 ", "0 ")
    if round(abs(value)) < 60:
        return f"{value:.0f} min"
    sign, whole = ("-" if value < 0 else ""), round(abs(value))
    if whole < 600:
        return f"{sign}{whole // 60} h {whole % 60} min" if whole % 60 else f"{sign}{whole // 60} h"
    if whole < 2880:
        return f"{sign}{whole / 60:.0f} h"
    days = value / 1440
    return f"{days:,.0f} days" if abs(days) >= 10 else f"{days:.1f} days".replace(".0 ", " ")


def _unit(value: float) -> tuple[float, str]:
    if value < 240:
        return 1.0, "minute"
    return (60.0, "hour") if value < 2880 else (1440.0, "day")


def _figure(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0") if value < 9.95 else f"{value:,.0f}"


def spoken(value: float) -> str:
    """Return minutes for a sentence: one figure and its unit.

    Examples
    --------
    >>> spoken(165), spoken(1), spoken(400), spoken(20000)
    ('165 minutes', '1 minute', '6.7 hours', '14 days')
    """
    size, unit = _unit(value)
    figure = _figure(value / size)
    return f"{figure} {unit}" + ("" if figure == "1" else "s")


def between(low: float, high: float) -> str:
    """Return a range of minutes in words, in the unit of its upper end.

    Examples
    --------
    >>> between(40.2, 94.8), between(55, 400), between(30, 30.2), between(152, 268)
    ('between 40 and 95 minutes', 'between 55 minutes and 6.7 hours', 'about 30 minutes', 'between 2.5 and 4.5 hours')
    """
    if high < 0.95:
        return "less than 1 minute"
    size, unit = _unit(high)
    lower = f"{_figure(low / size)} {unit}s" if low >= size > 1 else spoken(low)
    upper = spoken(high)
    if lower == upper:
        return f"about {upper}"
    if lower.split()[1].rstrip("s") == upper.split()[1].rstrip("s"):
        return f"between {lower.split()[0]} and {upper}"
    return f"between {lower} and {upper}"


def part(share: float) -> str:
    """Return a share as people say it.

    Examples
    --------
    >>> part(0.52), part(0.97), part(0.02), part(1), part(0), part(0.7)
    ('about half', 'almost all', 'hardly any', 'all', 'none', 'about two thirds')
    """
    if share <= 0 or share >= 1:
        return "none" if share <= 0 else "all"
    if share > 0.945:
        return "almost all"
    if share < 0.06:
        return "hardly any"
    return f"about {fraction(share)}"


def fraction(share: float) -> str:
    """Return the everyday fraction that is nearest to `share`.

    Examples
    --------
    >>> fraction(0.31), fraction(0.12), fraction(0.95), fraction(0.04), fraction(1.0)
    ('a third', 'a tenth', 'nine tenths', 'a twentieth', 'as much again')
    """
    if share < 0.075:
        return "a twentieth"
    if share >= 0.95:
        return "nine tenths" if share < 1 else "as much again"
    return min(_PARTS, key=lambda known: abs(known[0] - share))[1]


def longer_or_shorter(ratio: float) -> str:
    """Return a ratio of times in words.

    Examples
    --------
    >>> longer_or_shorter(0.8), longer_or_shorter(1.34), longer_or_shorter(2.4), longer_or_shorter(0.98)
    ('a fifth shorter', 'a third longer', 'more than twice as long', 'about the same')
    >>> longer_or_shorter(0.5), longer_or_shorter(1.5)
    ('half as long', 'half as long again')
    """
    if 0.97 < ratio < 1.03:
        return "about the same"
    if ratio < 1:
        size = fraction(1 - ratio)
        return "half as long" if size == "half" else f"{size} shorter"
    if ratio < 1.95:
        size = fraction(ratio - 1)
        return "half as long again" if size == "half" else f"{size} longer"
    if ratio < 2.05:
        return "twice as long"
    return f"more than {several(min(int(ratio), 20))} times as long".replace("two times", "twice")


def how_long(months: float) -> str:
    """Return a number of months as people say it, rounded up.

    Examples
    --------
    >>> how_long(0.4), how_long(13.2), how_long(30), how_long(100), how_long(5000)
    ('one month', 'fourteen months', 'two and a half years', 'nine years', 'more than twenty years')
    """
    if months <= 20:
        count = max(1, math.ceil(months))
        return f"{several(count)} month{'s' if count > 1 else ''}"
    if months > 240:
        return "more than twenty years"
    halves = math.ceil(months / 6)
    if halves % 2 and halves < 8:
        return f"{several(halves // 2)} and a half years"
    return f"{several(math.ceil(months / 12))} years"


def month_name(month: pd.Timestamp) -> str:
    """Return a month with its year.

    Examples
    --------
    >>> month_name(pd.Timestamp("2026-06-01"))
    'June 2026'
    """
    return f"{month:%B %Y}"


def months_name(first: pd.Timestamp, last: pd.Timestamp) -> str:
    """Return a run of months without its year.

    Examples
    --------
    >>> months_name(pd.Timestamp("2026-04-01"), pd.Timestamp("2026-06-01"))
    'April to June'
    >>> months_name(pd.Timestamp("2026-06-01"), pd.Timestamp("2026-06-01"))
    'June'
    """
    return f"{first:%B}" if (first.year, first.month) == (last.year, last.month) else f"{first:%B} to {last:%B}"


def window(months: list[pd.Timestamp]) -> str:
    """Return a run of months with its years.

    Examples
    --------
    >>> window([pd.Timestamp("2026-06-01")])
    'June 2026'
    >>> window(list(pd.date_range("2025-11-01", periods=3, freq="MS")))
    'November 2025 to January 2026'
    >>> window(list(pd.date_range("2026-04-01", periods=3, freq="MS")))
    'April to June 2026'
    """
    first, last = months[0], months[-1]
    if (first.year, first.month) == (last.year, last.month):
        return month_name(last)
    return f"{first:%B} to {last:%B %Y}" if first.year == last.year else f"{first:%B %Y} to {last:%B %Y}"


def listed(names: list[str]) -> str:
    """Return names as a list in a sentence.

    Examples
    --------
    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def lines(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table, each by its columns' names."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]
