"""From a frame to the minutes of one clock: what is measured, what still runs, what is left out and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from mttrlab.analysis.reading import as_numbers
from mttrlab.errors import SchemaError
from mttrlab.schema import CLOCK_ENDS, CLOCKS, PHASE_ENDS, PHASES, STAMPS, clock_name

DAYS_PER_MONTH = 365.25 / 12
MINUTES_PER_DAY = 1440.0
FORGOTTEN = 3.0
"""An incident open this many times longer than the longest that ended was most likely never closed."""
_NEEDED = {"incident_id", "exported_at", *STAMPS, *(f"{stamp}_verdict" for stamp in STAMPS)}


@dataclass(frozen=True)
class Sample:
    """The minutes of one clock in one set of incidents."""

    minutes: np.ndarray
    """Minutes above zero, ended incidents and open ones alike."""
    observed: np.ndarray
    """False: still open, so the minutes are a lower bound."""
    rows: np.ndarray
    """Positions of these incidents in the frame they came from."""
    incidents: int
    """Rows of the frame."""
    unknown: int
    """Rows left out because an end of the clock is unknown or not usable."""
    not_positive: int
    """Rows left out because the minutes are zero or negative: they have no logarithm."""
    forgotten: int = 0
    """Rows left out because they are open for so long that most likely nobody closed them."""

    @property
    def n(self) -> int:
        """Ended incidents."""
        return int(self.observed.sum())

    @property
    def open(self) -> int:
        """Incidents still running."""
        return int(len(self.observed) - self.observed.sum())

    @property
    def logs(self) -> np.ndarray:
        """Natural logarithms of the ended incidents' minutes."""
        return np.asarray(np.log(self.minutes[self.observed]))

    def among(self, chosen: np.ndarray) -> Sample:
        """Return the sample of the chosen rows of the frame; what was left out is not counted again."""
        kept = chosen[self.rows]
        return Sample(self.minutes[kept], self.observed[kept], self.rows[kept], int(chosen.sum()), 0, 0)


def with_clocks(incidents: pd.DataFrame, clock: str) -> pd.DataFrame:
    """Return `incidents` with the clock's minutes, computed where the frame does not carry them.

    Raises
    ------
    QuestionError
        For a word that is no clock.
    SchemaError
        When the frame is no table of incidents.
    """
    clock_name(clock)
    if not isinstance(incidents, pd.DataFrame):
        raise SchemaError(f"expected a table of incidents or of phases; got {type(incidents).__name__}")
    if clock in incidents:
        return incidents
    from mttrlab.analysis.phases import phase_durations

    # Only what the minutes need goes through the engine; the caller's own columns stay as they are.
    used = [column for column in incidents if column in _NEEDED]
    measured = phase_durations(incidents[used])
    made = [column for name in (*PHASES, *CLOCKS) for column in (name, f"{name}_observed")]
    return incidents.assign(**{name: measured[name].array for name in made})


def clock_sample(incidents: pd.DataFrame, clock: str = "recovery") -> Sample:
    """Return the minutes of one clock, and how many rows it leaves out.

    Parameters
    ----------
    incidents : DataFrame
        Incidents, or phases as `phase_durations` gives them. A phase is accepted as a clock.
    clock : str
        One of the clocks.

    Raises
    ------
    QuestionError
        For a word that is no clock.
    SchemaError
        When the frame is no table of incidents.

    Examples
    --------
    >>> found = clock_sample(pd.DataFrame({"recovery": [30.0, 0.0, 90.0], "recovery_observed": [True, True, False]}))
    >>> found.n, found.open, found.not_positive
    (1, 1, 1)
    """
    return sample_of(with_clocks(incidents, clock), clock)


def sample_of(phases: pd.DataFrame, measure: str) -> Sample:
    """Return the minutes of one column of `phases`, a clock or a phase."""
    minutes = as_numbers(phases[measure], measure)
    flag = f"{measure}_observed"
    ended = phases[flag].to_numpy(dtype=float, na_value=np.nan) if flag in phases else np.ones(len(minutes))
    known = np.isfinite(minutes) & np.isfinite(ended)
    positive = known & (minutes > 0)
    rows = np.flatnonzero(positive)
    # In an order of their own, so that no sum depends on the order in which incidents were loaded.
    first = pd.to_datetime(onset(phases).iloc[rows], utc=True, errors="coerce").dt.tz_localize(None)
    begun = first.to_numpy("datetime64[us]").astype("int64")
    rows = rows[np.lexsort((begun, ended[rows], minutes[rows]))]
    return Sample(
        minutes=minutes[rows],
        observed=ended[rows] > 0,
        rows=rows,
        incidents=len(minutes),
        unknown=int((~known).sum()),
        not_positive=int((known & ~positive).sum()),
    )


def forgotten_after(ended: np.ndarray) -> float:
    """Return the minutes after which an open incident counts as never closed; without ended ones none does."""
    return max(FORGOTTEN * float(ended.max()), MINUTES_PER_DAY) if len(ended) else float("inf")


def forgotten_aside(*samples: Sample) -> tuple[Sample, ...]:
    """Return the samples without incidents open three times longer than any that ended, and a day at least.

    One record that nobody closed would count as the longest incident of all, and outweigh the others.
    """
    limit = forgotten_after(np.concatenate([s.minutes[s.observed] for s in samples]))
    found = []
    for sample in samples:
        kept = sample.observed | (sample.minutes <= limit)
        left = int((~kept).sum())
        arrays: dict[str, Any] = {
            "minutes": sample.minutes[kept],
            "observed": sample.observed[kept],
            "rows": sample.rows[kept],
        }
        found.append(replace(sample, **arrays, forgotten=left) if left else sample)
    return tuple(found)


def onset(incidents: pd.DataFrame) -> pd.Series:
    """Return the first known milestone of each incident: the time that says to which period it belongs."""
    stamps = [stamp for stamp in STAMPS if stamp in incidents]
    if not stamps:
        return pd.Series(pd.NaT, index=incidents.index, dtype="datetime64[us, UTC]")
    return incidents[stamps].min(axis=1)


def starts_of(frame: pd.DataFrame, clock: str, rows: np.ndarray) -> pd.Series:
    """Return when the clock of these rows began; NaT throughout where the frame carries no times.

    The clock's own first stamp: where the minutes are known it was judged usable, which others may not be.
    """
    first = CLOCK_ENDS[clock][0] if clock in CLOCK_ENDS else PHASE_ENDS[clock][0]
    chosen = frame.iloc[rows]
    times = chosen[first] if first in frame else onset(chosen)
    if not isinstance(times.dtype, pd.DatetimeTZDtype) and times.notna().any():
        raise SchemaError(f"{first} must hold times with a zone, as pd.to_datetime(…, utc=True); got {times.dtype}")
    return times


def months_of(times: pd.Series) -> np.ndarray:
    """Return times as months (of 30.4 days) since the earliest; NaN where a time is missing."""
    return np.asarray((times - times.min()) / pd.Timedelta(days=DAYS_PER_MONTH), dtype=float)


def months_spanned(times: pd.Series) -> float:
    """Return the months between the first and the last; NaN where fewer than two times are known."""
    months = months_of(times)
    return float(np.nanmax(months)) if np.isfinite(months).sum() > 1 else float("nan")
