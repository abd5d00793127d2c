"""From milestones to minutes: how long each phase and each clock of an incident took."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mttrlab.analysis.basis import says_basis
from mttrlab.analysis.doors import MEASURES, Source, is_lab, opened
from mttrlab.errors import SchemaError
from mttrlab.schema import INCIDENT_COLUMNS, MILESTONES, STAMPS, check_incidents, conform

_BESIDE = ("_verdict", "_origin")
_DESCRIPTIVE = tuple(column for column in INCIDENT_COLUMNS if not column.name.endswith(_BESIDE))
_MADE = [*MEASURES, *(f"{measure}_observed" for measure in MEASURES)]


@says_basis
def phase_durations(incidents: Source) -> pd.DataFrame:
    """Return how long each phase and each clock of each incident took.

    Parameters
    ----------
    incidents : DataFrame or Lab
        Incidents. Only stamps with the verdict `recorded` are used; where a frame has no verdict columns, every
        stamp that is there, except those that contradict the order of the others.

    Returns
    -------
    DataFrame
        The descriptive columns of `incidents` (and any column of its own, such as `replication`); minutes of
        `detect, diagnose, resolve, verify, recovery, started_to_resolved, detected_to_verified,
        detected_to_resolved`, NaN where an end is unknown or not usable; `*_observed`, False where the phase or
        clock still ran at `exported_at`, so that the minutes are a lower bound; `month`, the first day (UTC) of the
        month of the first usable stamp.

    Raises
    ------
    SchemaError
        When the table is no table of incidents, or a time has no zone.

    Notes
    -----
    A diagnosis after the fix is good practice, not an error: neither `diagnose` nor `resolve` has minutes then, and
    `phase_spans` shows detected to resolved as one span. An incident that automation ended has no diagnosis either.
    The phases of an incident that has all four add up to `recovery`.

    Examples
    --------
    >>> rows = pd.DataFrame({
    ...     "incident_id": ["a"],
    ...     "started_at": pd.to_datetime(["2026-01-05 10:00Z"]), "detected_at": pd.to_datetime(["2026-01-05 10:10Z"]),
    ...     "diagnosed_at": pd.to_datetime(["2026-01-05 10:40Z"]), "resolved_at": pd.to_datetime(["2026-01-05 11:10Z"]),
    ...     "verified_at": pd.to_datetime(["2026-01-05 11:15Z"]),
    ... })
    >>> phase_durations(rows)[["detect", "diagnose", "resolve", "verify", "recovery"]].values.tolist()
    [[10.0, 30.0, 30.0, 5.0, 75.0]]
    """
    if is_lab(incidents, "a table of incidents"):
        with opened(incidents, "incidents") as door:
            rows = door.ask("analysis/phases")
        described = conform(rows, _DESCRIPTIVE)
        own = [n for n in rows if n not in described and n not in _MADE and not str(n).endswith(_BESIDE)]
        return _typed(pd.concat([described, rows[own], rows[_MADE]], axis="columns"))
    assert isinstance(incidents, pd.DataFrame)
    if set(_MADE) <= set(incidents):
        return incidents.copy()
    with opened(judged_stamps(incidents), "incidents") as door:
        measured = door.ask("analysis/phases").sort_values("row", ignore_index=True)
    measured.index = incidents.index
    described = conform(_zoned(incidents), _DESCRIPTIVE)
    own = [c for c in incidents if c not in described and c not in measured and not str(c).endswith(_BESIDE)]
    return _typed(pd.concat([described, incidents[own], measured[[*_MADE, "month"]]], axis="columns"))


def _typed(rows: pd.DataFrame) -> pd.DataFrame:
    inside = ("everything", "fix_ahead", "check_ahead", *_MADE, "month", *(f"ended_us_{m}" for m in MEASURES))
    kept = [name for name in rows if name not in inside]
    types: dict[str, str] = dict.fromkeys(MEASURES, "float64") | {f"{m}_observed": "boolean" for m in MEASURES}
    return rows[[*kept, *_MADE, "month"]].astype({**types, "month": "datetime64[us, UTC]"})


def judged_stamps(incidents: pd.DataFrame) -> pd.DataFrame:
    """Return the stamps, verdicts and export times of a frame, its verdicts filled in where it brings none.

    Parameters
    ----------
    incidents : DataFrame

    Returns
    -------
    DataFrame
        `row` (position), `incident_id`, the six stamps, their verdicts, `exported_at`.

    Raises
    ------
    SchemaError
        When the table is no table of incidents.
    """
    check_incidents(incidents)
    if not any(stamp in incidents for stamp in MILESTONES):
        raise SchemaError("the table has none of the milestones; it needs two of " + ", ".join(MILESTONES))
    columns = tuple(
        c for c in INCIDENT_COLUMNS if c.name in ("incident_id", "exported_at", *STAMPS) or c.name.endswith("_verdict")
    )
    stamps = conform(_zoned(incidents), columns).reset_index(drop=True)
    stamps["row"] = np.arange(len(stamps))
    present = stamps[list(STAMPS)].notna().to_numpy()
    unjudged = stamps[[f"{stamp}_verdict" for stamp in STAMPS]].isna().to_numpy()
    if unjudged.any():
        _fill_verdicts(stamps, present, unjudged)
    _set_aside_reversed(stamps)
    return stamps


def _zoned(incidents: pd.DataFrame) -> pd.DataFrame:
    # pandas gives a column of no times at all no zone; there is nothing in it to misread.
    bare = [n for n in (*STAMPS, "exported_at") if n in incidents and incidents[n].isna().all()]
    return incidents.assign(**{n: pd.Series(pd.NaT, incidents.index, dtype="datetime64[us, UTC]") for n in bare})


def _fill_verdicts(stamps: pd.DataFrame, present: np.ndarray, unjudged: np.ndarray) -> None:
    is_open = stamps[["resolved_at", "verified_at"]].isna().all(axis=1).to_numpy()
    for place, stamp in enumerate(STAMPS):
        ahead = is_open & ~present[:, place:].any(axis=1)
        said = np.where(present[:, place], "recorded", np.where(ahead, "pending", "missing"))
        verdict = f"{stamp}_verdict"
        stamps[verdict] = stamps[verdict].where(~unjudged[:, place], said)


def _set_aside_reversed(stamps: pd.DataFrame) -> None:
    """Call a recorded milestone out of order where it contradicts most of the others, the later one of two."""
    usable = np.column_stack(
        [_microseconds(stamps[m].where(stamps[f"{m}_verdict"].eq("recorded"))) for m in MILESTONES]
    )
    _after_fix(usable)
    for row in np.flatnonzero(_reversed(usable)):
        while True:
            known = np.flatnonzero(np.isfinite(usable[row]))
            conflicts = {i: sum((usable[row, i] - usable[row, j]) * (i - j) < 0 for j in known) for i in known}
            worst = max(known, key=lambda i: (conflicts[i], i), default=None)
            if worst is None or not conflicts[worst]:
                break
            usable[row, worst] = np.nan
            stamps.loc[row, f"{MILESTONES[worst]}_verdict"] = "out_of_order"


def _microseconds(times: pd.Series) -> np.ndarray:
    whole = times.dt.tz_convert(None).to_numpy("datetime64[us]")
    return np.where(np.isnat(whole), np.nan, whole.astype("int64").astype("float64"))


def _after_fix(usable: np.ndarray) -> None:
    fixed = np.where(np.isfinite(usable[:, 3]), usable[:, 3], usable[:, 4])
    usable[:, 2] = np.where(usable[:, 2] > fixed, np.nan, usable[:, 2])


def _reversed(usable: np.ndarray) -> np.ndarray:
    latest = np.full(len(usable), -np.inf)
    wrong = np.zeros(len(usable), dtype=bool)
    for place in range(usable.shape[1]):
        wrong |= usable[:, place] < latest
        latest = np.fmax(latest, usable[:, place])
    return wrong
