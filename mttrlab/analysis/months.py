"""Month by month: how many incidents, how many still open, how long the ended ones took."""

from __future__ import annotations

import pandas as pd

from mttrlab.analysis.basis import says_basis
from mttrlab.analysis.doors import FROM_INCIDENTS, MEASURES, Source, is_lab, opened, phase_door
from mttrlab.analysis.levels import maturity_level
from mttrlab.analysis.phases import judged_stamps
from mttrlab.analysis.summary import measured
from mttrlab.schema import CLOCK_ENDS, CLOCKS, clock_name

_COLUMNS = [
    "month", "incidents", "open", "n", "mean", "mean_low", "mean_high", "median", "median_low", "median_high", "p90",
    "p90_low", "p90_high", "max", "maturity", "clock", "mean_method", "p90_method", "level",
]  # fmt: skip


@says_basis
def monthly_mttr(incidents: Source, clock: str = "recovery", *, level: float = 0.95) -> pd.DataFrame:
    """Return one row per month: incidents, how many are open, and how long the ended ones took on one clock.

    Parameters
    ----------
    incidents : DataFrame or Lab
        Incidents, or phases as `phase_durations` gives them.
    clock : str
        One of the clocks; "MTTR" means nothing without one.
    level : float
        Level of the intervals.

    Returns
    -------
    DataFrame
        `month` (first day, UTC) of the incident's first usable stamp; `incidents`; `open` (this clock has no end
        yet); `n` that ended and have both stamps; `mean, median, p90` in minutes of those, with `*_low, *_high`;
        `max`; `maturity`, the founding table's level of the bare mean ("unknown" without one), which flaps by luck:
        `maturity()` says what the evidence carries; `clock`; `mean_method, p90_method`, which say where no interval
        can be estimated and why; `level` of the intervals. A month between the first and the last in which nothing
        began has a row of zeros. Incidents without any usable stamp stand in a last row without a month.

    Raises
    ------
    QuestionError
        For a word that is no clock, or a level that is not between 0 and 1.
    SchemaError
        When the table is no table of incidents.

    Notes
    -----
    Open incidents are counted, not averaged, so a recent month looks better than it will be (`fit_durations` takes
    them into account). `incidents - open - n` had no usable stamp at one end of the clock.
    """
    clock_name(clock)
    if is_lab(incidents, "a table of incidents"):
        way = opened(incidents, "incidents", FROM_INCIDENTS)
    elif isinstance(incidents, pd.DataFrame) and any(measure in incidents for measure in MEASURES):
        way = phase_door(incidents, ["month"])
    else:
        assert isinstance(incidents, pd.DataFrame)
        way = opened(judged_stamps(incidents), "incidents", FROM_INCIDENTS)
    with way as door:
        counts = door.ask("analysis/months", verified=CLOCK_ENDS[clock][1] == "verified_at")
        clocks = measured(door, ["month"], "clock", CLOCKS, level)
    chosen = clocks[clocks["clock"] == clock].drop(columns="open")
    months = _without_gaps(counts).merge(chosen, on="month", how="left").sort_values("month", ignore_index=True)
    months["n"] = months["n"].fillna(0).astype("int64")
    nothing = {"mean_method": "not estimable: n = 0", "p90_method": "not estimable: n = 0"}
    told = pd.Series([maturity_level(mean) for mean in months["mean"]], index=months.index, dtype="str")
    return months.fillna(nothing).assign(maturity=told, level=float(level), clock=clock)[_COLUMNS]


def _without_gaps(counts: pd.DataFrame) -> pd.DataFrame:
    """Return the counted months with those between them in which nothing began."""
    counts = counts.astype({"month": "datetime64[us, UTC]"})
    known = counts["month"].dropna()
    if known.empty:
        return counts
    every = pd.DataFrame({"month": pd.date_range(known.min(), known.max(), freq="MS").as_unit("us")})
    whole = every.merge(counts, on="month", how="left").fillna({"incidents": 0, "open": 0})
    undated = counts[counts["month"].isna()]
    return pd.concat([whole, undated], ignore_index=True).astype({"incidents": "int64", "open": "int64"})
