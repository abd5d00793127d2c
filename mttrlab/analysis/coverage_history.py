"""What each way of failing has cost before anybody knew."""

from __future__ import annotations

import pandas as pd

from mttrlab.analysis.doors import Source
from mttrlab.analysis.phases import phase_durations
from mttrlab.analysis.totals import total_interval
from mttrlab.schema import FAILURE_MODES, UNKNOWN

LOST = ["service", "failure_mode", "incidents", "minutes_lost", "lost_low", "lost_high", "not_dated"]
"""Columns of `minutes_lost`."""


def minutes_lost(incidents: Source) -> pd.DataFrame:
    """Return the minutes between start and detection, summed per service and failure mode.

    Parameters
    ----------
    incidents : DataFrame or Lab
        Incidents, or their phases.

    Returns
    -------
    DataFrame
        `service, failure_mode` (unknown where an incident does not say), `incidents`, `minutes_lost` (of those whose
        start and detection are known) with `lost_low` and `lost_high` (95 %, `total_interval`), and `not_dated`, how
        many are not.
    """
    phases = phase_durations(incidents)
    mode = phases["failure_mode"]
    mode = mode.where(mode.isin(FAILURE_MODES), UNKNOWN).astype("str")
    rows = pd.DataFrame({"service": phases["service"], "failure_mode": mode, "detect": phases["detect"]})
    grouped = rows.groupby(["service", "failure_mode"], sort=True)["detect"]
    made = grouped.agg(incidents="size", not_dated=lambda d: int(d.isna().sum())).reset_index()
    told = [total_interval(lost) for _, lost in grouped]
    for at, (name, values) in enumerate(
        {
            "minutes_lost": [one.estimate for one in told],
            "lost_low": [one.low for one in told],
            "lost_high": [one.high for one in told],
        }.items(),
        start=3,
    ):
        made.insert(at, name, pd.Series(values, dtype="float64"))
    return made
