"""Which clock the data can carry."""

from __future__ import annotations

from mttrlab.analysis.doors import EVERYTHING, Source, phase_door
from mttrlab.schema import CLOCK_ENDS, CLOCKS, PHASE_ENDS, PHASES, clock_name


def lead_clock(phases: Source) -> str:
    """Return the widest clock that at least half of the closed incidents carry.

    Parameters
    ----------
    phases : DataFrame or Lab
        As `phase_durations` gives them.

    Returns
    -------
    str
        `recovery` where half of the closed incidents have both its ends; else the next narrower clock of which that
        is true; where there is none, or nothing is closed, the one that most incidents carry, open ones included.

    Raises
    ------
    SchemaError
        When the table is no table of phases.

    Examples
    --------
    >>> import pandas as pd
    >>> lead_clock(pd.DataFrame({"recovery": [None, None], "detected_to_resolved": [30.0, 42.0]}))
    'detected_to_resolved'
    """
    with phase_door(phases, [EVERYTHING]) as door:
        counts = door.ask("analysis/clock_counts").iloc[0]
    closed = int(counts["closed"])
    for clock in CLOCKS:
        if closed and counts[clock] >= closed / 2:
            return clock
    return max(CLOCKS, key=lambda clock: int(counts[f"{clock}_any"]))


def unseen_phases(clock: str) -> tuple[tuple[str, str], ...]:
    """Return the phases that a clock does not contain, each with the stamp that would show it.

    Raises
    ------
    QuestionError
        For a word that is no clock.

    Examples
    --------
    >>> unseen_phases("detected_to_resolved")
    (('detect', 'started_at'), ('verify', 'verified_at'))
    """
    start, end = CLOCK_ENDS[clock_name(clock)]
    unseen = []
    if start != "started_at":
        unseen.append(("detect", "started_at"))
    if end != "verified_at":
        unseen.append(("verify", "verified_at"))
    return tuple(unseen)


def phases_of(clock: str) -> tuple[str, ...]:
    """Return the phases that add up to a clock.

    Raises
    ------
    QuestionError
        For a word that is no clock.

    Examples
    --------
    >>> phases_of("detected_to_resolved")
    ('diagnose', 'resolve')
    """
    start, end = CLOCK_ENDS[clock_name(clock)]
    first = next(i for i, phase in enumerate(PHASES) if PHASE_ENDS[phase][0] == start)
    last = next(i for i, phase in enumerate(PHASES) if PHASE_ENDS[phase][1] == end)
    return PHASES[first : last + 1]
