"""Text for people: safe for a terminal or a spreadsheet, and numbers, times and lists in words."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from datetime import date

# Format characters include the bidi controls, which can make a line read as something that it is not.
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def plain(text: object, limit: int | None = None) -> str:
    """Return `text` without control and direction characters, shortened to `limit`.

    Parameters
    ----------
    text : object
        Anything; its `str`.
    limit : int, optional
        Longest result, in characters.

    Examples
    --------
    >>> plain("pay\\x1b[31mments")
    'pay?[31mments'
    >>> plain("a very long title", limit=8)
    'a very …'
    """
    cleaned = "".join("?" if unicodedata.category(c) in _UNSEEN else c for c in str(text))
    return cleaned if limit is None else shorten(cleaned, limit)


def printable(text: str) -> str:
    """Return lines of text without characters that could steer a terminal; line ends and tabs stay."""
    return "".join(c if c in "\n\t" or (c.isprintable() and not "\u202a" <= c <= "\u2069") else "\ufffd" for c in text)


def shorten(text: str, limit: int) -> str:
    """Return the text, cut to `limit` characters.

    Examples
    --------
    >>> shorten("a very long title", 8), shorten("short", 8)
    ('a very …', 'short')
    """
    return text if len(text) <= limit else text[: limit - 1] + "…"


# Cells of tables for spreadsheets: a text never begins as a formula does, and reading it back gives the original.


_FORMULA = re.compile(r"'*[=+\-@\t\r\0]")


def spreadsheet_safe(text: str) -> str:
    """Return the text with an apostrophe in front where a spreadsheet would take it for a formula.

    Examples
    --------
    >>> spreadsheet_safe("=1+1"), spreadsheet_safe("plain"), spreadsheet_safe("'=quoted")
    ("'=1+1", 'plain', "''=quoted")
    """
    return f"'{text}" if _FORMULA.match(text) else text


def from_spreadsheet(text: str) -> str:
    """Return what the text was before `spreadsheet_safe`.

    Examples
    --------
    >>> from_spreadsheet("'=1+1"), from_spreadsheet("'tis"), from_spreadsheet("''=quoted")
    ('=1+1', "'tis", "'=quoted")
    """
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


# Numbers as people say them: minutes, parts of a whole, months, small counts.


_SMALL = (
    "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)  # fmt: skip
_PARTS = (
    (0.1, "a tenth"), (0.2, "a fifth"), (0.25, "a quarter"), (1 / 3, "a third"), (0.4, "two fifths"), (0.5, "half"),
    (0.6, "three fifths"), (2 / 3, "two thirds"), (0.75, "three quarters"), (0.8, "four fifths"),
    (0.9, "nine tenths"),
)  # fmt: skip


def count_in_words(count: int) -> str:
    """Return a count in letters up to twenty, in figures beyond.

    Examples
    --------
    >>> count_in_words(0), count_in_words(3), count_in_words(1200)
    ('no', 'three', '1,200')
    """
    return _SMALL[count] if 0 <= count <= 20 else f"{count:,}"


def format_minutes(value: float) -> str:
    """Return minutes for a table: short and exact enough.

    Examples
    --------
    >>> [format_minutes(value) for value in (0.44, 42.4, 94, 600, 10080, float("nan"))]
    ['0.4 min', '42 min', '1 h 34 min', '10 h', '7 days', '–']
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


def minutes_in_words(value: float) -> str:
    """Return minutes for a sentence: one figure and its unit.

    Examples
    --------
    >>> minutes_in_words(165), minutes_in_words(1), minutes_in_words(400), minutes_in_words(20000)
    ('165 minutes', '1 minute', '6.7 hours', '14 days')
    """
    size, unit = _unit(value)
    figure = _figure(value / size)
    return f"{figure} {unit}" + ("" if figure == "1" else "s")


def range_in_words(low: float, high: float) -> str:
    """Return a range of minutes in words, in the unit of its upper end.

    Examples
    --------
    >>> range_in_words(40.2, 94.8), range_in_words(55, 400), range_in_words(30, 30.2), range_in_words(152, 268)
    ('between 40 and 95 minutes', 'between 55 minutes and 6.7 hours', 'about 30 minutes', 'between 2.5 and 4.5 hours')
    """
    if high < 0.95:
        return "less than 1 minute"
    size, unit = _unit(high)
    lower = f"{_figure(low / size)} {unit}s" if low >= size > 1 else minutes_in_words(low)
    upper = minutes_in_words(high)
    if lower == upper:
        return f"about {upper}"
    if lower.split()[1].rstrip("s") == upper.split()[1].rstrip("s"):
        return f"between {lower.split()[0]} and {upper}"
    return f"between {lower} and {upper}"


def share_in_words(share: float) -> str:
    """Return a share as people say it.

    Examples
    --------
    >>> [share_in_words(share) for share in (0.52, 0.97, 0.02, 1, 0, 0.7)]
    ['about half', 'almost all', 'hardly any', 'all', 'none', 'about two thirds']
    """
    if share <= 0 or share >= 1:
        return "none" if share <= 0 else "all"
    if share > 0.945:
        return "almost all"
    if share < 0.06:
        return "hardly any"
    return f"about {fraction_in_words(share)}"


def fraction_in_words(share: float) -> str:
    """Return the everyday fraction that is nearest to `share`.

    Examples
    --------
    >>> [fraction_in_words(share) for share in (0.31, 0.12, 0.95, 0.04, 1.0)]
    ['a third', 'a tenth', 'nine tenths', 'a twentieth', 'as much again']
    """
    if share < 0.075:
        return "a twentieth"
    if share >= 0.95:
        return "nine tenths" if share < 1 else "as much again"
    return min(_PARTS, key=lambda known: abs(known[0] - share))[1]


def months_in_words(months: float) -> str:
    """Return a number of months as people say it, rounded up.

    Examples
    --------
    >>> months_in_words(0.4), months_in_words(13.2), months_in_words(30), months_in_words(100), months_in_words(5000)
    ('one month', 'fourteen months', 'two and a half years', 'nine years', 'more than twenty years')
    """
    if months <= 20:
        count = max(1, math.ceil(months))
        return f"{count_in_words(count)} month{'s' if count > 1 else ''}"
    if months > 240:
        return "more than twenty years"
    halves = math.ceil(months / 6)
    if halves % 2 and halves < 8:
        return f"{count_in_words(halves // 2)} and a half years"
    return f"{count_in_words(math.ceil(months / 12))} years"


def month_name(month: date) -> str:
    """Return a month with its year.

    Examples
    --------
    >>> month_name(date(2026, 6, 1))
    'June 2026'
    """
    return f"{month:%B %Y}"


def month_range(first: date, last: date) -> str:
    """Return a run of months without its year.

    Examples
    --------
    >>> month_range(date(2026, 4, 1), date(2026, 6, 1))
    'April to June'
    >>> month_range(date(2026, 6, 1), date(2026, 6, 1))
    'June'
    """
    return f"{first:%B}" if (first.year, first.month) == (last.year, last.month) else f"{first:%B} to {last:%B}"


def month_range_with_years(months: Sequence[date]) -> str:
    """Return a run of months with its years.

    Examples
    --------
    >>> month_range_with_years([date(2026, 6, 1)])
    'June 2026'
    >>> month_range_with_years([date(2025, 11, 1), date(2025, 12, 1), date(2026, 1, 1)])
    'November 2025 to January 2026'
    >>> month_range_with_years([date(2026, 4, 1), date(2026, 5, 1), date(2026, 6, 1)])
    'April to June 2026'
    """
    first, last = months[0], months[-1]
    if (first.year, first.month) == (last.year, last.month):
        return month_name(last)
    return f"{first:%B} to {last:%B %Y}" if first.year == last.year else f"{first:%B %Y} to {last:%B %Y}"


def list_in_words(names: list[str]) -> str:
    """Return names as a list in a sentence.

    Examples
    --------
    >>> list_in_words(["a"]), list_in_words(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
