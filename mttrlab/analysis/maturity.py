"""Maturity levels: what the minutes say, and how sure that is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from mttrlab.analysis.basis import says_basis
from mttrlab.analysis.bounds import HEAVY
from mttrlab.analysis.capability import capability, capability_level, disagreement, held_telemetry
from mttrlab.analysis.doors import Source
from mttrlab.analysis.intervals import Interval, mean_interval, median_interval, quantile_interval
from mttrlab.analysis.level_odds import probabilities_below
from mttrlab.analysis.levels import award, maturity_level, next_better
from mttrlab.analysis.moments import checked_minutes
from mttrlab.analysis.open_evidence import Evidence, open_evidence
from mttrlab.analysis.phases import phase_durations
from mttrlab.analysis.reading import as_numbers
from mttrlab.analysis.sample import forgotten_after
from mttrlab.schema import LEVELS, Practices, clock_name

SEE_MEDIAN = "see the median"
"""What is awarded by a mean that single long incidents decide."""
_CHANCES = ["p_elite", "p_advanced", "p_intermediate", "p_basic", "p_no_level"]
_COLUMNS = [
    "statistic", "clock", "minutes", "low", "high", "n", "open", "forgotten", "level", "awarded", *_CHANCES,
    "next_level", "to_next", "method", "odds_method",
]  # fmt: skip


@says_basis
def maturity(
    incidents: Source, practices: Practices | None = None, clock: str = "recovery", *, level: float = 0.95
) -> pd.DataFrame:
    """Return the outcome level by mean, median and P90, each with the probability of every level.

    Parameters
    ----------
    incidents : DataFrame or Lab
        Incidents, or phases as `phase_durations` gives them.
    practices : Practices, optional
        What the team runs, as `lab.practices()` gives it. It does not change the outcome: practices earn a capability
        level beside it. Given a Lab, its telemetry is evidence too.
    clock : str
        One of the clocks.
    level : float
        Level of the intervals.

    Returns
    -------
    DataFrame
        One row per `statistic` (mean, median, P90): `minutes, low, high`; `n` ended incidents; `open` ones, which count
        with their time so far, but for those of `forgotten` (open three times longer than any that ended, and a day at
        least: most likely nobody closed them); `level` of the bare number; `awarded`, a level or a range; the
        probability of each level (`p_elite` to `p_no_level`, adding up to one); `next_level` and `to_next`, the
        minutes to get below it; how the interval (`method`) and the probabilities (`odds_method`) were found. With
        practices also `capability`, the highest level that they show (`capability` lists the evidence), and
        `disagreement`, in words; empty where the two agree.

    Raises
    ------
    QuestionError
        For a word that is no clock.
    SchemaError
        When the table is no table of incidents.

    Notes
    -----
    A level is awarded where it is reached with a probability of 0.8 and the next better one with less than 0.2;
    otherwise `awarded` is the range from the level that is reached with 0.8 to the one that cannot be excluded with
    0.8. The three statistics of one set of incidents often earn three levels: say which one you mean.

    Examples
    --------
    >>> rows = pd.DataFrame({"incident_id": list("abcdef"), "recovery": [12.0, 25, 31, 47, 75, 120]})
    >>> maturity(rows)[["statistic", "level", "awarded"]].values.tolist()[1]
    ['median', 'Intermediate', 'Intermediate–Advanced']
    """
    clock_name(clock)
    minutes, ended = clock_minutes(incidents, clock)
    kept = ended | (minutes <= forgotten_after(minutes[ended]))
    counts = {"open": int((~ended).sum()), "forgotten": int((~kept).sum())}
    limits = [limit for _, limit in LEVELS]
    if (kept & ~ended).any():
        found = open_evidence(minutes[kept], ended[kept], limits, level)
    else:
        found = _of_ended(minutes[ended], limits, level)
    rows = [_row(name, clock, *evidence, counts) for name, evidence in found.items()]
    table = pd.DataFrame(rows, columns=_COLUMNS)
    if not practices:
        return table
    # Bare durations say nothing about services and types; what needs those is then not shown.
    history = None if isinstance(incidents, pd.DataFrame) and "service" not in incidents else incidents
    capable = capability_level(capability(practices, history, held_telemetry(incidents)))
    return table.assign(
        capability=capable, disagreement=[disagreement(str(awarded), capable) for awarded in table["awarded"]]
    )


def _of_ended(minutes: np.ndarray, limits: list[float], level: float) -> dict[str, Evidence]:
    intervals = {
        "mean": mean_interval(minutes, level),
        "median": median_interval(minutes, level),
        "P90": quantile_interval(minutes, 0.9, level),
    }
    return {name: (held, *probabilities_below(minutes, limits, name)) for name, held in intervals.items()}


def clock_minutes(incidents: Source, clock: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the minutes of the incidents on one clock, rising, and which of them have ended."""
    carried = isinstance(incidents, pd.DataFrame) and clock in incidents
    phases = incidents if carried else phase_durations(incidents)
    assert isinstance(phases, pd.DataFrame)
    minutes = pd.Series(as_numbers(phases[clock], clock), index=phases.index)
    flag = f"{clock}_observed"
    ended = phases[flag].astype("boolean").fillna(True) if flag in phases else pd.Series(True, index=phases.index)
    known = minutes.notna().to_numpy()
    done = ended.to_numpy(dtype=bool)[known]
    values = checked_minutes(minutes[known])
    # Sorted, so that sums do not depend on the order in which incidents were loaded.
    order = np.lexsort((~done, values))
    return values[order], done[order]


def _row(
    name: str, clock: str, found: Interval, below: np.ndarray, odds_method: str, counts: dict[str, int]
) -> dict[str, Any]:
    chances = np.diff([0.0, *below, 1.0])
    next_level, limit = next_better(found.estimate)
    return {
        "statistic": name,
        "clock": clock,
        "minutes": found.estimate,
        "low": found.low,
        "high": found.high,
        "n": found.n,
        **counts,
        "level": maturity_level(found.estimate),
        "awarded": SEE_MEDIAN if odds_method == HEAVY else award(below),
        **dict(zip(_CHANCES, chances, strict=True)),
        "next_level": next_level if found.n else "",
        "to_next": found.estimate - limit,
        "method": found.method,
        "odds_method": odds_method,
    }
