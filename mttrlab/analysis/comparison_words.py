"""What a comparison says to somebody who has never met an interval."""

from __future__ import annotations

import math
from typing import Any

from mttrlab.analysis.thresholds import incidents, threshold

BETTER, WORSE, CANNOT_TELL = "better", "worse", "cannot tell"
_FAR = 240  # months; beyond twenty years a figure would only pretend to know


def change_in_words(ratio: float) -> str:
    """Return a ratio of times as people say it.

    Examples
    --------
    >>> change_in_words(0.78), change_in_words(1.1), change_in_words(3.0), change_in_words(1.001)
    ('22 % less', '10 % more', '3.0 times as long', 'the same')
    """
    percent = round(100 * (ratio - 1))
    if percent == 0:
        return "the same"
    if ratio >= 2:
        return f"{ratio:.1f} times as long" if ratio < 100 else "over 100 times as long"
    return f"{abs(percent)} % {'less' if percent < 0 else 'more'}"


def taking(ratio: float) -> str:
    """Return a ratio of times as the object of "took".

    Examples
    --------
    >>> taking(0.78), taking(0.999), taking(2.5)
    ('22 % less time', 'about the same time', '2.5 times as long')
    """
    words = change_in_words(ratio)
    if words == "the same":
        return "about the same time"
    return words if "times" in words else words + " time"


def months_in_words(months: float) -> str:
    """Return a span of months as people say it.

    Examples
    --------
    >>> months_in_words(4.2), months_in_words(30), months_in_words(9000)
    ('about 5 months', 'about 2.5 years', 'more than 20 years')
    """
    if months > _FAR:
        return "more than 20 years"
    if months >= 24:
        years = math.ceil(months / 6) / 2
        return f"about {years:g} years"
    whole = max(1, math.ceil(months))
    return f"about {whole} month{'s' if whole > 1 else ''}"


def sentence(row: dict[str, Any]) -> str:
    """Return the comparison in plain words: no statistical term, every figure with its count."""
    n, m = row["n_before"], row["n_after"]
    if min(n, m) == 0:
        which = "either period" if n == m == 0 else ("the earlier period" if n == 0 else "the later period")
        return f"Cannot tell: no ended incident of {which} can be timed on this clock ({n} before, {m} after)."
    typical = f"from {_minutes(row['typical_before'])} to {_minutes(row['typical_after'])}"
    if min(n, m) < threshold("compare").needs:
        return (
            f"Cannot tell: {incidents(n)} before and {m:,} after are too few to compare; "
            f"a typical one went {typical}, which luck alone can do."
        )
    lead = row["based_on"]
    ratio, low, high = (row[lead + end] for end in ("", "_low", "_high"))
    if math.isnan(low):
        return f"Cannot tell: the {incidents(n)} before and {m:,} after do not differ enough to judge luck."
    span = f"somewhere between {change_in_words(low)} and {change_in_words(high)}"
    counts = f"{incidents(n)} before, {m:,} after"
    still_open = row["open_before"] + row["open_after"]
    if still_open:
        counts += f", {still_open} still open and counted with their time so far"
    if row["forgotten"]:
        counts += f", {row['forgotten']} left out that nobody seems to have closed"
    if row["verdict"] == BETTER:
        told = f"Better: a typical incident took {taking(ratio)} ({span}; {counts})."
    elif row["verdict"] == WORSE:
        told = f"Worse: a typical incident took {taking(ratio)} ({span}; {counts})."
    else:
        told = (
            f"Cannot tell: a typical incident took {taking(ratio)}, but luck alone could explain it ({span}; {counts})."
            if low <= 1 <= high
            else f"Cannot tell: a typical incident took {taking(ratio)} ({span}; {counts}), but mostly other "
            f"kinds of incident happened: {_like_for_like(row)}."
        )
        told += _what_it_takes(row) if low <= 1 <= high else ""
    return told + _mix(row, low, high)


def _minutes(value: float) -> str:
    if value >= 120:
        return f"{value / 60:.1f} h"
    return f"{value:.0f} min" if value >= 10 else f"{value:.1f} min"


def _what_it_takes(row: dict[str, Any]) -> str:
    if math.isnan(row["smallest_change"]):
        return ""
    told = f" With this many incidents only a cut of {round(100 * row['smallest_change'])} % or more would show"
    if math.isnan(row["months_until_visible"]):
        return told + "."
    size = abs(1 - min(row[row["based_on"]], 1 / row[row["based_on"]]))
    if round(100 * size) == 0:
        return told + "."
    return (
        told + f"; a true change of {round(100 * size)} % takes {months_in_words(row['months_until_visible'])} "
        f"on each side at {row['incidents_per_month']:,.0f} incidents a month."
    )


def _mix(row: dict[str, Any], low: float, high: float) -> str:
    undecided = row["adjusted_ratio_low"] <= 1 <= row["adjusted_ratio_high"]
    if row["verdict"] != CANNOT_TELL and undecided:
        return f" L{_like_for_like(row)[1:]}: part of the change is that other kinds of incident happened."
    decided_like_for_like = row["adjusted_ratio_high"] < 1 or row["adjusted_ratio_low"] > 1
    if low <= 1 <= high and decided_like_for_like:
        return f" L{_like_for_like(row)[1:]}: other kinds of incident happened, and that hides it."
    return ""


def mostly_mix(row: dict[str, Any]) -> bool:
    """Return whether a change of the typical time is mostly a change of the kinds of incident.

    Like for like (mix held) it went the other way, or moved less than half as far (of the logarithms) and no further
    than luck takes it. False where the mix could not be held.
    """
    like_for_like, low, high = (row[f"adjusted_ratio{end}"] for end in ("", "_low", "_high"))
    plain = row[row["based_on"]]
    if not (like_for_like > 0 and plain > 0):
        return False
    share = math.log(like_for_like) * (1 if plain > 1 else -1) / max(abs(math.log(plain)), 1e-12)
    clearly_other_way = share < 0 and not low <= 1 <= high
    return clearly_other_way or (share < 0.5 and low <= 1 <= high)


def _like_for_like(row: dict[str, Any]) -> str:
    low, high = row["adjusted_ratio_low"], row["adjusted_ratio_high"]
    told = f"like for like (same {_plainly(row['adjusted_for'])}) it is {change_in_words(row['adjusted_ratio'])}"
    if low <= 1 <= high:
        return f"{told}, which luck could explain"
    return f"{told} (somewhere between {change_in_words(low)} and {change_in_words(high)})"


def _plainly(columns: str) -> str:
    return columns.replace("incident_type", "type").replace(", ", " and ").replace("_", " ")
