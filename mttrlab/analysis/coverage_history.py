"""What each way of failing has cost before anybody knew."""

from __future__ import annotations

import pandas as pd

from mttrlab.analysis.doors import Source
from mttrlab.analysis.phases import phase_durations
from mttrlab.schema import FAILURE_MODES, UNKNOWN


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
        start and detection are known) and `not_dated`, how many are not.
    """
    phases = phase_durations(incidents)
    mode = phases["failure_mode"]
    mode = mode.where(mode.isin(FAILURE_MODES), UNKNOWN).astype("str")
    rows = pd.DataFrame({"service": phases["service"], "failure_mode": mode, "detect": phases["detect"]})
    grouped = rows.groupby(["service", "failure_mode"], sort=True)["detect"]
    return grouped.agg(incidents="size", minutes_lost="sum", not_dated=lambda d: int(d.isna().sum())).reset_index()
