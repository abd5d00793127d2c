"""From a frame to the minutes of one clock: what is measured, what still runs, what is left out and why."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import gammaincinv

from mttrlab.analysis.conventions import never_closed
from mttrlab.analysis.intervals import Interval
from mttrlab.analysis.query import Source, onset, own_measures, with_team_words
from mttrlab.errors import SchemaError
from mttrlab.schema import MEASURE_ENDS, STAMPS, measure_ends
from mttrlab.validate import as_numbers, inner_share

DAYS_PER_MONTH = 365.25 / 12
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
    never: np.ndarray
    """Which of these incidents were probably never closed."""
    incidents: int
    """Rows of the frame."""
    unknown: int
    """Rows left out because an end of the clock is unknown or not usable."""
    not_positive: int
    """Rows left out because the minutes are zero or negative: they have no logarithm."""
    never_closed: int = 0
    """Rows left out because they are open for so long that they were probably never closed."""

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

    def subset(self, chosen: np.ndarray) -> Sample:
        """Return the sample of the chosen rows of the frame; what was left out is not counted again."""
        return replace(self._of(chosen[self.rows]), incidents=int(chosen.sum()), unknown=0, not_positive=0)

    def without_never_closed(self) -> Sample:
        """Return the sample without incidents that were probably never closed, and their count."""
        return replace(self._of(~self.never), never_closed=int(self.never.sum())) if self.never.any() else self

    def _of(self, kept: np.ndarray) -> Sample:
        parts = {name: getattr(self, name)[kept] for name in ("minutes", "observed", "rows", "never")}
        return replace(self, **parts)


def with_measure(incidents: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Return `incidents` with the minutes of a measure, computed where the frame does not carry them.

    Parameters
    ----------
    incidents : DataFrame
        Incidents, or phases as `phase_durations` gives them. A frame from a lab knows the team's own measures.
    measure : str
        A phase, a clock, another name of `MEASURE_ENDS`, one of the team's own, or two milestones as
        "started_to_acknowledged".

    Raises
    ------
    QuestionError
        For a word that is no measure.
    SchemaError
        When the frame is no table of incidents, or a table of phases without what the measure needs.
    """
    if not isinstance(incidents, pd.DataFrame):
        raise SchemaError(f"expected a table of incidents or of phases; got {type(incidents).__name__}")
    first, last = measure_ends(measure, incidents.attrs.get("measures"))
    if measure in incidents:
        return incidents
    from mttrlab.analysis.phases import judged_stamps, minutes_between, phase_durations

    # Only what the minutes need goes through the engine; the caller's own columns stay as they are.
    used = incidents[[column for column in incidents if column in _NEEDED]]
    if measure not in MEASURE_ENDS:
        if any(name in incidents for name in MEASURE_ENDS) and f"{first}_verdict" not in incidents:
            raise SchemaError(
                f"the table of phases says no more which stamps are usable; pass lab.incidents() to measure {measure}"
            )
        minutes, ended = minutes_between(judged_stamps(used), first, last)
        measured = pd.DataFrame({measure: minutes, f"{measure}_observed": ended}, index=incidents.index)
        return with_team_words(pd.concat([incidents, measured], axis="columns"), incidents)
    phases = phase_durations(used)
    columns = [column for name in MEASURE_ENDS for column in (name, f"{name}_observed")]
    return incidents.assign(**{name: phases[name].array for name in columns})


def frame_with_measure(source: Source, measure: str) -> pd.DataFrame:
    """Return the phases of a lab or a frame, with the minutes of a measure.

    Raises
    ------
    QuestionError, SchemaError
        As for `with_measure`.
    """
    if isinstance(source, pd.DataFrame) and measure in source:
        return with_measure(source, measure)
    from mttrlab.analysis.phases import phase_durations

    own = own_measures(source)
    measure_ends(measure, own)
    phases = phase_durations(source)
    if measure in phases:
        return phases
    stamps = source if isinstance(source, pd.DataFrame) else source.sql("SELECT * FROM incidents")
    measured = with_measure(stamps, measure)
    columns = {name: measured[name].array for name in (measure, f"{measure}_observed")}
    return phases.assign(**columns)


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
        never=never_closed(phases, measure).to_numpy()[rows] & (ended[rows] <= 0),
        incidents=len(minutes),
        unknown=int((~known).sum()),
        not_positive=int((known & ~positive).sum()),
    )


def drop_never_closed(*samples: Sample) -> tuple[Sample, ...]:
    """Return the samples without incidents that were probably never closed.

    One record that nobody closed would count as the longest incident of all, and outweigh the others.
    """
    return tuple(sample.without_never_closed() for sample in samples)


def starts_of(frame: pd.DataFrame, measure: str, rows: np.ndarray) -> pd.Series:
    """Return when the clock of these rows began; NaT throughout where the frame carries no times.

    The clock's own first stamp: where the minutes are known it was judged usable, which others may not be.
    """
    first = measure_ends(measure, frame.attrs.get("measures"))[0]
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


# A total over incidents that might as well have been more or fewer: minutes lost, and what another such time costs.


def total_interval(minutes: object, level: float = 0.95) -> Interval:
    """Return the sum of minutes with an interval for what such a time is expected to cost.

    Parameters
    ----------
    minutes : array-like
        Minutes of each incident; unknown ones (NaN) are left out, and `n` says how many are not.
    level : float

    Returns
    -------
    Interval
        Of the total. Both how many incidents come and how long each takes are chance here. Without any incident the
        total is 0 and its upper end is not known (NaN); where no minutes are known, neither is the total.

    Notes
    -----
    M. P. Fay and E. J. Feuer, *Confidence intervals for directly standardized rates*, Statistics in Medicine 16 (1997):
    a weighted sum of Poisson counts, each incident with its minutes as weight. Where all take equally long, these are
    Garwood's limits. One long incident makes the interval wide, as it should.

    Examples
    --------
    >>> found = total_interval([60.0] * 10)
    >>> round(found.estimate), round(found.low), round(found.high)
    (600, 288, 1103)
    """
    inner_share("level", level)
    values = as_numbers(minutes)
    known = np.sort(values[np.isfinite(values) & (values > 0)])
    total, n = float(known.sum()), int(np.isfinite(values).sum())
    if len(values) and not n:
        return Interval(float("nan"), float("nan"), float("nan"), 0, level, "not known: n = 0")
    if not known.size:
        return Interval(total, 0.0, float("nan"), n, level, "Fay–Feuer")
    tail, square, largest = (1 - level) / 2, float((known**2).sum()), float(known[-1])
    low = square / total * float(gammaincinv(total**2 / square, tail))
    above, wide = total + largest, square + largest**2
    high = wide / above * float(gammaincinv(above**2 / wide, 1 - tail))
    return Interval(total, low, high, n, level, "Fay–Feuer")


def minutes_so_far(phases: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the minutes of a phase or clock, running ones with their time so far, but for those nobody closed.

    Parameters
    ----------
    phases : DataFrame
        As `phase_durations` gives them.
    name : str
        A phase or a clock.

    Returns
    -------
    DataFrame
        In the order of the phases: `minutes` (NaN where not known), `ended`, and `never_closed` (probably): those
        have no minutes here, as one of them would outweigh the others.
    """
    minutes, flag = phases[name].astype("float64"), f"{name}_observed"
    ended = phases[flag].astype("boolean").fillna(True) if flag in phases else pd.Series(True, index=phases.index)
    ended = ended.astype(bool)
    never = ~ended & never_closed(phases, name)
    return pd.DataFrame({"minutes": minutes.mask(never), "ended": ended, "never_closed": never})
