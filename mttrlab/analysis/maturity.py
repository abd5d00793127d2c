"""Maturity levels: what the minutes say, and how sure that is."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from mttrlab.analysis.basis import says_basis
from mttrlab.analysis.capability import capability, capability_level, disagreement, held_telemetry
from mttrlab.analysis.doors import Source
from mttrlab.analysis.intervals import HEAVY, Interval, mean_interval, median_interval, quantile_interval
from mttrlab.analysis.level_odds import probabilities_below
from mttrlab.analysis.moments import checked_minutes
from mttrlab.analysis.open_evidence import Evidence, open_evidence
from mttrlab.analysis.phases import phase_durations
from mttrlab.analysis.reading import as_numbers
from mttrlab.analysis.sample import forgotten_after
from mttrlab.errors import QuestionError
from mttrlab.schema import LEVELS, NO_LEVEL, Practices, clock_name

AWARD = 0.8
"""Probability that must lie behind a level before it is awarded."""
SEE_MEDIAN = "see the median"
"""What is awarded by a mean that single long incidents decide."""
_CHANCES = ["p_elite", "p_advanced", "p_intermediate", "p_basic", "p_no_level"]
_COLUMNS = [
    "statistic", "clock", "minutes", "low", "high", "n", "open", "forgotten", "level", "awarded", *_CHANCES,
    "next_level", "to_next", "method", "odds_method",
]  # fmt: skip


def maturity_level(minutes: float) -> str:
    """Return the maturity level of a number of minutes; thresholds are strict.

    Parameters
    ----------
    minutes : float

    Returns
    -------
    str
        Elite (< 15), Advanced (< 30), Intermediate (< 60), Basic (< 240), or "no level": four hours and more have no
        name. "unknown" for NaN.

    Raises
    ------
    QuestionError
        When minutes are negative or no number.

    Examples
    --------
    >>> [maturity_level(m) for m in (14.999, 15, 60, 240)]
    ['Elite', 'Advanced', 'Basic', 'no level']
    """
    if isinstance(minutes, bool) or not isinstance(minutes, (int, float, np.integer, np.floating)):
        raise QuestionError(f"minutes must be a number; got {minutes!r}")
    if math.isnan(minutes):
        return "unknown"
    if minutes < 0:
        raise QuestionError(f"minutes must not be negative; got {minutes:g}")
    return next((name for name, below in LEVELS if minutes < below), NO_LEVEL)


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
    better = [(who, limit) for who, limit in LEVELS if not found.estimate < limit]
    next_level, limit = better[-1] if better else ("", math.nan)
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


def award(below: np.ndarray | list[float]) -> str:
    """Return the level that the evidence carries, or a range of levels.

    Parameters
    ----------
    below : sequence of float
        Probability that the true value lies below the limit of each of `LEVELS`, best first.

    Examples
    --------
    >>> award([0.00001, 0.018, 0.802, 1.0])
    'Intermediate'
    >>> award([0.0, 0.02, 0.5, 1.0])
    'Basic–Intermediate'
    >>> award([float("nan")] * 4)
    'too few to tell'
    """
    if np.isnan(below).any():
        return "too few to tell"
    names = [name for name, _ in LEVELS]
    reached = next((name for name, p in zip(names, below, strict=True) if p >= AWARD), NO_LEVEL)
    possible = next((name for name, p in zip(names, below, strict=True) if p > 1 - AWARD), NO_LEVEL)
    return reached if reached == possible else f"{reached}–{possible}"


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
    from mttrlab.analysis.clocks import phases_of
    from mttrlab.analysis.doors import EVERYTHING, phase_door
    from mttrlab.schema import PHASES

    parts = phases_of(clock)
    if isinstance(phases, pd.DataFrame) and not set(parts) <= set(phases):
        phases = phase_durations(phases)
    with phase_door(phases, [EVERYTHING]) as door:
        rows = door.ask("analysis/complete", **{phase: phase in parts for phase in PHASES})[list(parts)]
    means = np.sort(rows.to_numpy(dtype=float), axis=0).mean(axis=0) if len(rows) else np.full(len(parts), np.nan)
    total = float(means.sum())
    better = [(who, limit) for who, limit in LEVELS if total >= limit]
    next_level, limit = better[-1] if better else ("", math.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        cut = (total - limit) / means
    return pd.DataFrame({
        "phase": parts, "clock": clock, "n": len(rows), "mean": means, "next_level": next_level,
        "to_next": total - limit, "cut_needed": cut,
    })  # fmt: skip
