"""What stands beside the maturity level: the way to the next one, and how a month's own level jumps about."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mttrlab import analysis

_DRAWN = 2_000_000
"""Incidents drawn to see how the level of a bare monthly average jumps about."""


def flapping(phases: pd.DataFrame, clock: str, months: int, seed: int) -> pd.DataFrame:
    """Return how often the level of a bare monthly average shows each level though nothing changes.

    Parameters
    ----------
    phases : DataFrame
        The incidents of some months, as `phase_durations` gives them.
    clock : str
    months : int
        How many months.
    seed : int

    Returns
    -------
    DataFrame
        As `monthly_levels` gives it, with `incidents`, the timed ones of a month; empty where they are too few to
        tell how they spread.
    """
    known = phases.loc[phases[f"{clock}_observed"].fillna(False).astype(bool), clock]
    logs = np.sort(np.log(known[known > 0].to_numpy(float)))
    spread = float(logs.std(ddof=1)) if len(logs) > 1 else 0.0
    if analysis.withheld("mean", len(logs)) or not spread > 1e-9:
        return pd.DataFrame(columns=["level", "months", "is_true", "differs", "incidents"])
    a_month = max(round(len(logs) / months), 1)
    drawn = min(20_000, max(_DRAWN // a_month, 200))
    levels = analysis.monthly_levels(a_month, float(logs.mean()), spread, months=drawn, seed=seed)
    return levels.assign(incidents=a_month)
