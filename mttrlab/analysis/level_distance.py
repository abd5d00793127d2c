"""How far the next level is, and whether one phase alone can get there."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from mttrlab.analysis.basis import says_basis
from mttrlab.analysis.clocks import phases_of
from mttrlab.analysis.doors import EVERYTHING, Source, phase_door
from mttrlab.analysis.levels import next_better
from mttrlab.analysis.phases import phase_durations
from mttrlab.schema import PHASES


@says_basis
def distance_to_next(phases: Source, clock: str = "recovery") -> pd.DataFrame:
    """Return what each phase would have to give, alone, to bring the mean to the next level.

    Parameters
    ----------
    phases : DataFrame or Lab
        Phases as `phase_durations` gives them, or incidents.
    clock : str
        One of the clocks.

    Returns
    -------
    DataFrame
        One row per phase of the clock: `phase, clock, n` (incidents that have all phases of the clock), `mean`
        minutes of the phase, `next_level`, `to_next` (minutes that the mean of these incidents lies above its limit)
        and `cut_needed`, the share of the phase that would have to go if nothing else changed; above 1: this phase
        alone cannot do it. NaN where there is no better level.

    Raises
    ------
    QuestionError, SchemaError
        As for `maturity`.
    """
    parts = phases_of(clock)
    if isinstance(phases, pd.DataFrame) and not set(parts) <= set(phases):
        phases = phase_durations(phases)
    with phase_door(phases, [EVERYTHING]) as door:
        rows = door.ask("analysis/complete", **{phase: phase in parts for phase in PHASES})[list(parts)]
    means = np.sort(rows.to_numpy(dtype=float), axis=0).mean(axis=0) if len(rows) else np.full(len(parts), np.nan)
    total = float(means.sum())
    next_level, limit = next_better(total) if len(rows) else ("", math.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        cut = (total - limit) / means
    return pd.DataFrame({
        "phase": parts, "clock": clock, "n": len(rows), "mean": means, "next_level": next_level,
        "to_next": total - limit, "cut_needed": cut,
    })  # fmt: skip
