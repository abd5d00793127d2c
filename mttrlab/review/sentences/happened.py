"""What happened in the month, and how long a typical incident took."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from mttrlab.review.words import END_WORDS, between, spoken
from mttrlab.schema import CLOCK_ENDS


def clock_ends(clock: str, proxy: bool = False) -> str:
    """Return a clock by its ends, in words.

    Examples
    --------
    >>> clock_ends("recovery")
    'from start of impact to confirmed recovery'
    >>> clock_ends("detected_to_verified", proxy=True)
    'from the first public post to the all-clear'
    """
    first, last = CLOCK_ENDS[clock]
    if proxy:
        ends = {"started_at": "start of impact", "detected_at": "the first public post"}
        return f"from {ends[first]} to " + ("the all-clear" if last == "verified_at" else "the post that it is fixed")
    return f"from {END_WORDS[first]} to {END_WORDS[last]}"


def happened(month: str, incidents: int, still_open: int, typical: str, ends: str, complete: bool = True) -> list[str]:
    """Return what happened, in pieces that read as one sentence and stand as a strip.

    Parameters
    ----------
    month : str
        Name of the month.
    incidents, still_open : int
        Incidents that began in it, and those of them that still run.
    typical : str
        How long a typical one took, as `typical_time` says it; empty where nothing can be timed.
    ends : str
        The clock by its ends, as `clock_ends` says it.
    complete : bool
        False: the export was taken before the month was over.

    Examples
    --------
    >>> " ".join(happened("June", 23, 2, "a typical one took between 40 and 70 minutes", clock_ends("recovery")))
    '23 incidents in June, 2 still open, and a typical one took between 40 and 70 minutes from start of impact to confirmed recovery.'
    """  # noqa: E501
    when = f"in {month}" if complete else f"in {month} so far"
    if not incidents:
        timed = [f"and {typical} {ends}."] if typical else ["so there is nothing to time."]
        return [f"No incident began {when},", *timed]
    counted = f"{incidents:,} incident{'' if incidents == 1 else 's'} {when},"
    first = [counted, f"{still_open:,} still open,"] if still_open else [f"{counted} none still open,"]
    return [*first, f"and {typical} {ends}." if typical else f"and none of them can be timed {ends}."]


def typical_time(row: Mapping[str, Any], shortest: float, longest: float, whose: str = "a typical one") -> str:
    """Return how long a typical incident took, as a range; of too few, from the shortest to the longest.

    Parameters
    ----------
    row : mapping
        `n`, `median_low`, `median_high`; an upper end that open incidents hide is infinite.
    shortest, longest : float
        Minutes of the shortest and the longest ended incident.
    whose : str
        What to call it.

    Examples
    --------
    >>> typical_time({"n": 23, "median_low": 40.0, "median_high": 70.0}, 5, 300)
    'a typical one took between 40 and 70 minutes'
    >>> typical_time({"n": 2, "median_low": float("nan"), "median_high": float("nan")}, 12, 95)
    'the timed ones took between 12 and 95 minutes'
    """
    if row["n"] and pd.notna(row["median_low"]) and math.isinf(row["median_high"]):
        return f"{whose} took at least {spoken(row['median_low'])}"
    if row["n"] and pd.notna(row["median_low"]) and pd.notna(row["median_high"]):
        return f"{whose} took {between(row['median_low'], row['median_high'])}"
    if not row["n"]:
        return ""
    return (
        f"the timed ones took {between(shortest, longest)}" if row["n"] > 1 else f"the timed one took {spoken(longest)}"
    )
