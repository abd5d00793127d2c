"""What every answer rests on: to which month an incident belongs, which window is asked, which clock leads, and when an
open incident was probably never closed. Which records count is the rule of the lab (`lab.population_rule()`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

from mttrlab.analysis.query import Source, lead_setting, open_phases
from mttrlab.errors import QuestionError
from mttrlab.schema import CLOCK_ENDS, CLOCKS
from mttrlab.text import month_name, month_range

MINUTES_PER_DAY = 1440.0
_RUN = 3
"""Months on each side of the comparison: a month alone is too small to tell a change from luck."""


# Never closed.


_TIMES_LONGER, _AT_LEAST = 3.0, MINUTES_PER_DAY
_FEW, _TIMES_LONGER_OF_FEW, _AT_LEAST_OF_FEW = 5, 20.0, 30 * MINUTES_PER_DAY


def never_closed(phases: pd.DataFrame, measure: str) -> pd.Series:
    """Return which incidents have not reached the end of a measure and were probably never closed.

    Parameters
    ----------
    phases : DataFrame
        As `phase_durations` gives them. Part of such a table keeps what is known of the whole, so that an incident was
        never closed in every answer or in none.
    measure : str
        A phase, a clock or another measure in the table.

    Returns
    -------
    Series of bool
        Open for three times as long as the longest that ended, and for a day at least; where fewer than five ended,
        for twenty times as long and thirty days at least. Where none ended, ends are probably not recorded: for a day.
    """
    running = still_open(phases, measure)
    known = [name for name in (*CLOCKS, measure) if name in phases]
    so_far = phases.loc[:, known].astype("float64").max(axis="columns")
    return running & (so_far > never_closed_after(*longest_ended(phases, measure)))


def never_closed_after(longest: float, ended: int) -> float:
    """Return the minutes after which an open incident was probably never closed, given the longest of those that ended.

    Examples
    --------
    >>> [never_closed_after(600.0, ended) / MINUTES_PER_DAY for ended in (40, 2)]
    [1.25, 30.0]
    """
    if not ended:
        return _AT_LEAST
    times, least = (_TIMES_LONGER_OF_FEW, _AT_LEAST_OF_FEW) if ended < _FEW else (_TIMES_LONGER, _AT_LEAST)
    return max(times * longest, least)


def longest_ended(phases: pd.DataFrame, *measures: str) -> tuple[float, int]:
    """Return the minutes of the longest incident that ended, and how many did: of the whole lab where that is known.

    By the clocks; by `measures` in a table without one.
    """
    if "longest_ended" in phases.attrs:
        carried: tuple[float, int] = phases.attrs["longest_ended"]
        return carried
    clocks = [clock for clock in CLOCKS if clock in phases] or [name for name in measures if name in phases]
    ended = [
        phases[clock].where(phases[flag].astype("boolean").fillna(True).astype(bool))
        if flag in phases
        else phases[clock]
        for clock, flag in ((clock, f"{clock}_observed") for clock in clocks)
    ]
    if not ended:
        return 0.0, 0
    minutes = pd.concat(ended, axis="columns").astype("float64").max(axis="columns").dropna()
    return (float(minutes.max()), len(minutes)) if len(minutes) else (0.0, 0)


def still_open(phases: pd.DataFrame, measure: str) -> pd.Series:
    """Return which incidents have not reached the end of a measure, whether or not its start is known."""
    alike = [clock for clock in CLOCKS if CLOCK_ENDS[clock][1] == CLOCK_ENDS[measure][1]] if measure in CLOCKS else []
    running = pd.Series(False, index=phases.index)
    for name in dict.fromkeys((measure, *alike)):
        if f"{name}_observed" in phases:
            running |= phases[f"{name}_observed"].eq(False).fillna(False).astype(bool)
    return running


# Which clock leads.


def lead_clock(phases: Source) -> str:
    """Return the widest clock that at least half of the closed incidents of the last six complete months carry.

    Parameters
    ----------
    phases : DataFrame or Lab
        As `phase_durations` gives them.

    Returns
    -------
    str
        The `lead_clock` of the team's settings where it has one. Else `recovery` where half of the closed incidents
        have both its ends; else the next narrower clock of which that is true; where there is none, or nothing is
        closed, the one that most incidents carry, open ones included.

    Raises
    ------
    SchemaError
        When the table is no table of phases.

    Examples
    --------
    >>> lead_clock(pd.DataFrame({"recovery": [None, None], "detected_to_resolved": [30.0, 42.0]}))
    'detected_to_resolved'
    """
    if setting := lead_setting(phases):
        return setting
    with open_phases(phases, ["month"]) as query:
        counts = query.ask("analysis/clock_counts")
    months = counts["month"].astype("datetime64[us, UTC]")
    if months.notna().any():
        found = choose_periods(months, counts["exported_at"], None)
        newest = months.isin([*found.earlier, *found.quarter])
        counts = counts[newest] if newest.any() else counts
    sums = counts.drop(columns=["month", "exported_at"]).sum()
    closed = int(sums["closed"])
    for measure in CLOCKS:
        if closed and sums[measure] >= closed / 2:
            return measure
    return max(CLOCKS, key=lambda measure: int(sums[f"{measure}_any"]))


# Which months.


@dataclass(frozen=True)
class Periods:
    """The reviewed month and its neighbours; every month is named by its first day, UTC."""

    month: pd.Timestamp
    """The month under review."""
    first: pd.Timestamp
    """First month of the data."""
    last: pd.Timestamp
    """Month in which the newest export was taken."""
    exported_at: pd.Timestamp
    """When the newest export was taken."""
    quiet: bool = False
    """Whether this is the newest month with an incident, for want of one in the last complete months."""

    @property
    def complete(self) -> bool:
        """Whether the export was taken after the month was over."""
        return bool(self.exported_at >= self.month + pd.DateOffset(months=1))

    @property
    def recent(self) -> list[pd.Timestamp]:
        """The months that stand for now: up to three, at most half of what the data hold, ending in `month`."""
        held = self._months(self.first, self.month)
        return held[-max(1, min(_RUN, len(held) // 2)) :]

    @property
    def earlier(self) -> list[pd.Timestamp]:
        """Up to three months before `recent`; empty where the data begin with it."""
        before = self._months(self.first, self.recent[0])[:-1]
        return before[-_RUN:]

    @property
    def quarter(self) -> list[pd.Timestamp]:
        """The month and up to two before it."""
        return self._months(self.first, self.month)[-_RUN:]

    @staticmethod
    def _months(first: pd.Timestamp, last: pd.Timestamp) -> list[pd.Timestamp]:
        return list(pd.date_range(first, last, freq="MS"))

    @property
    def name(self) -> str:
        """The month with its year."""
        return month_name(self.month)


def months_in_short(months: list[pd.Timestamp]) -> str:
    """Return a run of months in words."""
    return month_range(months[0], months[-1])


def choose_periods(months: pd.Series, exported_at: pd.Series, month: str | None) -> Periods:
    """Return the periods of a review.

    Parameters
    ----------
    months : Series
        Month of each counted incident.
    exported_at : Series
        When each was last seen at its source.
    month : str or None
        As 2026-06; None: the last complete month before the newest export. Where neither it nor the two months before
        it saw an incident, the newest month that did.

    Raises
    ------
    QuestionError
        When no incident can be dated, the month is no month, or it lies outside the data.
    """
    dated = months.dropna()
    if dated.empty:
        raise QuestionError(
            "there is no counted incident to review; load exports, or see lab.population() for why none counts"
        )
    first = pd.Timestamp(dated.min())
    newest = exported_at.dropna()
    taken = pd.Timestamp(newest.max()) if len(newest) else pd.Timestamp(dated.max()) + pd.DateOffset(months=1)
    last = max(taken.normalize().replace(day=1), pd.Timestamp(dated.max()))
    if month is None:
        whole = max(first, taken.normalize().replace(day=1) - pd.DateOffset(months=1))
        quarter = dated[(dated <= whole) & (dated > whole - pd.DateOffset(months=_RUN))]
        if len(quarter):
            return Periods(whole, first, last, taken)
        return Periods(pd.Timestamp(dated[dated <= whole].max()), first, last, taken, quiet=True)
    if not isinstance(month, str) or not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
        raise QuestionError(f"month must look like 2026-06; got {str(month)[:40]!r}")
    chosen = pd.Timestamp(f"{month}-01", tz="UTC")
    if not first <= chosen <= last:
        raise QuestionError(
            f"month {month} lies outside the data, which run from {first:%Y-%m} to {last:%Y-%m}; name a month in it"
        )
    return Periods(chosen, first, last, taken)


def month_bounds(months: list[pd.Timestamp], exported_at: pd.Series) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return where a run of months begins and ends; the newest export ends it where that came before."""
    since, until = months[0], months[-1] + pd.offsets.MonthBegin(1)
    taken = exported_at.max()
    return since, min(until, taken) if pd.notna(taken) and taken > since else until
