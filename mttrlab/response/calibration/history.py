"""What an export shows of each incident: which stamps carry the arithmetic, and the spans between them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from mttrlab.analysis.conventions import never_closed_after
from mttrlab.errors import ModelError
from mttrlab.response.model import validation
from mttrlab.response.model.arrays import Floats
from mttrlab.schema import CLOCK_ENDS, STAMPS, check_incidents

Flags = npt.NDArray[np.bool_]

FEWEST = 5
"""Ended incidents below which nothing is fitted."""

_MIDDLE_SHARE = 0.5
"""Below this share of the handled incidents a middle stamp is not held, and its two phases are one."""


@dataclass(frozen=True)
class History:
    """Counted incidents with their usable stamps as minutes since an origin (NaN where not usable)."""

    incidents: pd.DataFrame
    stamped: dict[str, Floats]
    pending: dict[str, Flags]
    exported: Floats
    """Minutes since the origin at which each row was last seen; NaN where unknown."""
    origin: pd.Timestamp
    left_out: int
    """Rows of another population (pages, drills, …)."""

    def __len__(self) -> int:
        return len(self.incidents)

    @property
    def closed(self) -> Flags:
        """Incidents with nothing pending."""
        return ~(self.pending["resolved_at"] | self.pending["verified_at"])

    @cached_property
    def automated(self) -> Flags:
        """Incidents that automation ended."""
        ended = np.zeros(len(self), dtype=bool)
        if "fix_path" in self.incidents:
            ended |= (self.incidents["fix_path"] == "automation").fillna(False).to_numpy(dtype=bool)
        if "diagnosed_at_verdict" in self.incidents:
            ended |= (self.incidents["diagnosed_at_verdict"] == "not_applicable").fillna(False).to_numpy(dtype=bool)
        return ended

    @property
    def first_seen(self) -> Floats:
        """First known milestone of each incident, minutes since the origin."""
        stacked = np.stack([self.stamped[stamp] for stamp in STAMPS])
        return np.asarray(np.nanmin(np.where(np.isnan(stacked), np.inf, stacked), axis=0))

    def span(self, begin: str, end: str) -> tuple[Floats, Flags, Flags]:
        """Return minutes from one stamp to another, whether they ended, and which rows know them at all.

        Rows that were probably never closed are not known.
        """
        ended = self.stamped[end] - self.stamped[begin]
        running = np.where(self.pending[end], self.exported - self.stamped[begin], np.nan)
        with np.errstate(invalid="ignore"):
            observed = ended >= 0
            known = observed | ((running > 0) & ~self.probably_never_closed)
        return np.where(observed, ended, running), observed, known

    @cached_property
    def probably_never_closed(self) -> Flags:
        """Incidents that are open for far longer than any took that ended."""
        begun = np.fmin(self.stamped["started_at"], self.stamped["detected_at"])
        ended = np.fmax(self.stamped["resolved_at"], self.stamped["verified_at"]) - begun
        ended = ended[ended >= 0]
        whole = self.incidents.attrs.get("longest_ended", (float(ended.max(initial=0.0)), len(ended)))
        with np.errstate(invalid="ignore"):
            return np.asarray(~self.closed & (self.exported - begun > never_closed_after(*whole)))

    def never_closed(self, begin: str, end: str) -> int:
        """Return how many rows `span` leaves out as probably never closed."""
        _, _, known = self.span(begin, end)
        with np.errstate(invalid="ignore"):
            return int(np.sum(self.pending[end] & (self.exported - self.stamped[begin] > 0) & ~known))

    def text(self, column: str) -> np.ndarray:
        """Return a descriptive column as objects, None where it says nothing."""
        if column not in self._texts:
            text = np.full(len(self), None, dtype=object)
            if column in self.incidents:
                values = self.incidents[column].astype(object).to_numpy()
                there = ~pd.isna(values)
                there[there] = values[there] != ""
                text[there] = values[there]
            text.setflags(write=False)
            self._texts[column] = text
        return self._texts[column]

    @cached_property
    def _texts(self) -> dict[str, np.ndarray]:
        """What `text` has answered."""
        return {}


def read_history(incidents: pd.DataFrame) -> History:
    """Return what these incidents show; only stamps judged `recorded` are used for arithmetic."""
    validation.data_frame("incidents", incidents, "lab.incidents()")
    check_incidents(incidents)
    counted = incidents
    if "population" in incidents:
        counted = incidents[(incidents["population"] == "counted").fillna(False)]
    counted = counted.reset_index(drop=True)
    times = {stamp: _times(counted, stamp) for stamp in STAMPS}
    usable = {stamp: times[stamp].notna().to_numpy() & _verdict(counted, stamp, "recorded", True) for stamp in STAMPS}
    seen = pd.concat([times[stamp][usable[stamp]] for stamp in STAMPS])
    if counted.empty:
        aside = f"; {len(incidents)} record(s) are pages, drills and the like" if len(incidents) else ""
        raise ModelError(f"there are no incidents, so there is nothing to fit{aside}; load exports first")
    if seen.empty:
        raise ModelError("no incident has a usable stamp, so there is nothing to fit; see lab.quality()")
    origin = seen.min()
    return History(
        incidents=counted,
        stamped={stamp: np.where(usable[stamp], _minutes(times[stamp], origin), np.nan) for stamp in STAMPS},
        pending={stamp: _verdict(counted, stamp, "pending", False) for stamp in STAMPS},
        exported=_minutes(_times(counted, "exported_at"), origin),
        origin=origin,
        left_out=len(incidents) - len(counted),
    )


def widest_clock(history: History) -> str:
    """Return the widest clock that half of the closed incidents carry, or else the one that most carry."""
    carried = {
        measure: int(np.sum(history.closed & (history.stamped[end] - history.stamped[begin] >= 0)))
        for measure, (begin, end) in CLOCK_ENDS.items()
    }
    half = history.closed.sum() / 2
    wide = [measure for measure, n in carried.items() if n >= half and n >= FEWEST]
    measure = wide[0] if wide else max(carried, key=lambda name: carried[name])
    if carried[measure] < FEWEST:
        raise ModelError(
            f"only {carried[measure]} incident(s) have ended with both ends of a clock recorded; "
            f"a response model needs at least {FEWEST}"
        )
    return measure


def stamps_shown(history: History, measure: str) -> tuple[str, ...]:
    """Return the stamps that the model holds: both ends of the clock and what is often enough stamped between."""
    first, last = (STAMPS.index(stamp) for stamp in CLOCK_ENDS[measure])
    handled = history.closed & ~history.automated
    enough = handled if handled.any() else history.closed
    kept = [STAMPS[first]]
    for stamp in STAMPS[first + 1 : last]:
        n = int((~np.isnan(history.stamped[stamp]) & enough).sum())
        # Stamps that come before the one before them, or after the last, bound no span.
        spans = (history.span(kept[-1], stamp)[1], history.span(stamp, STAMPS[last])[1])
        if min(int(ended.sum()) for ended in spans) >= FEWEST and n >= FEWEST and n >= _MIDDLE_SHARE * enough.sum():
            kept.append(stamp)
    return (*kept, STAMPS[last])


def _times(incidents: pd.DataFrame, column: str) -> pd.Series:
    if column not in incidents:
        return pd.Series(pd.NaT, index=incidents.index, dtype="datetime64[us, UTC]")
    times: pd.Series = pd.to_datetime(incidents[column], utc=True).astype("datetime64[us, UTC]")
    return times


def _verdict(incidents: pd.DataFrame, stamp: str, word: str, absent: bool) -> Flags:
    column = f"{stamp}_verdict"
    if column not in incidents:
        return np.full(len(incidents), absent)
    return np.asarray((incidents[column] == word).fillna(False).to_numpy(dtype=bool))


def _minutes(times: pd.Series, origin: pd.Timestamp) -> Floats:
    return np.asarray(
        ((times - origin) / pd.Timedelta(minutes=1)).to_numpy(dtype="float64", na_value=np.nan), dtype=np.float64
    )
