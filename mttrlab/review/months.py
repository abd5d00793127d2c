"""Which month is reviewed, and which months stand beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

from mttrlab.errors import QuestionError
from mttrlab.schema import STAMPS
from mttrlab.text import month_name, month_range

_RUN = 3
"""Months on each side of the comparison: a month alone is too small to tell a change from luck."""


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


def first_milestones(incidents: pd.DataFrame) -> pd.Series:
    """Return the first known milestone of each incident: the time that says to which month it belongs.

    Stamps with a verdict that forbids their use do not count, unless the incident has no other.
    """
    known = {stamp: incidents[stamp] for stamp in STAMPS if stamp in incidents}
    usable = pd.DataFrame(
        {
            s: t.where(incidents[f"{s}_verdict"].eq("recorded")) if f"{s}_verdict" in incidents else t
            for s, t in known.items()
        }
    )
    first = usable.min(axis=1)
    return first.fillna(pd.DataFrame(known).min(axis=1)).astype("datetime64[us, UTC]")


def month_starts(times: pd.Series) -> pd.Series:
    """Return the first day of the month (UTC) of each time."""
    naive = times.dt.tz_convert(None)
    first: pd.Series = naive.dt.normalize() - pd.to_timedelta(naive.dt.day - 1, unit="D")
    zoned: pd.Series = first.dt.tz_localize("UTC")
    return zoned


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
