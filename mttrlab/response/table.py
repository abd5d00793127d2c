"""Simulated incidents are incidents: outcomes become the same table that exports become."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mttrlab.response import impact
from mttrlab.response.elements import Recording
from mttrlab.response.layout import MICROSECONDS, STAMPED
from mttrlab.response.luck import Ints
from mttrlab.response.model import ResponseModel
from mttrlab.response.outcomes import Outcomes
from mttrlab.schema import INCIDENT_COLUMNS, STAMPS, conform

SOURCE = "simulated"


def incidents(
    model: ResponseModel, outcomes: Outcomes, start: pd.Timestamp, recording: Recording | None = None
) -> pd.DataFrame:
    """Return the outcomes as incidents seen at the end of the horizon, plus `replication`.

    Parameters
    ----------
    model : ResponseModel
    outcomes : Outcomes
    start : Timestamp
        When the horizon begins, UTC.
    recording : Recording, optional
        What an export would have shown of them.

    Notes
    -----
    What would happen after the horizon is `pending`; a stamp that the model's export does not show is `missing`; a
    diagnosis that automation made needless is `not_applicable`. Prevented incidents are not in the table.
    """
    records = outcomes.records
    happens = records.happens == 1
    if recording is not None:
        happens &= _recorded(recording, outcomes)
    grain = round(recording.grain * MICROSECONDS) if recording is not None else 0
    there = np.flatnonzero(happens)
    replication, key = records.luck.replication[there], records.luck.key[there]
    automated = outcomes.column("automated")[there] == 1
    columns: dict[str, object] = {
        "incident_id": [f"sim-{r}-{k}" for r, k in zip(replication.tolist(), key.tolist(), strict=True)]
    }
    columns |= _faces(model, records.type[there], records.face[there])
    if model.users:
        columns["users"] = impact.drawn(model, records.luck, records.facts)[there]
    origin = start.tz_convert("UTC").tz_localize(None).to_datetime64().astype("datetime64[us]")
    stamped = _as_seen(outcomes, there)
    ended = stamped[model.stamps[-1].removesuffix("_at")] <= outcomes.horizon
    for stamp in STAMPS:
        at = stamped[stamp.removesuffix("_at")]
        at = at // grain * grain if grain else at
        known = np.full(len(there), stamp in model.stamps) & (at >= 0) & (at <= outcomes.horizon)
        times = np.where(known, origin + at.astype("timedelta64[us]"), np.datetime64("NaT", "us"))
        columns[stamp] = pd.Series(pd.DatetimeIndex(times, tz="UTC"))
        skipped = automated & (stamp in ("acknowledged_at", "diagnosed_at"))
        verdict = np.select([known, ~ended, skipped], ["recorded", "pending", "not_applicable"], "missing")
        columns[f"{stamp}_verdict"] = verdict.astype(object)
        columns[f"{stamp}_origin"] = np.array([None, SOURCE], dtype=object)[known.astype(np.int64)]
    columns["detected_by"] = _detected_by(model, records.covered[there])
    columns["change_id"] = [
        f"sim-change-{r}-{k}" if changed else None
        for r, k, changed in zip(replication.tolist(), key.tolist(), records.changed[there].tolist(), strict=True)
    ]
    columns["fix_path"] = _fix_path(outcomes, there, automated, ended)
    if model.reopening is not None:
        columns |= _reopened(outcomes, there, origin)
    frame = conform(pd.DataFrame(columns), INCIDENT_COLUMNS)
    frame["source"] = SOURCE
    frame["population"] = "counted"
    frame["exported_at"] = (start + pd.Timedelta(outcomes.horizon, unit="us")).as_unit("us")
    frame = conform(frame, INCIDENT_COLUMNS)
    frame["replication"] = replication
    return frame


def _faces(model: ResponseModel, kinds: Ints, faces: Ints) -> dict[str, np.ndarray]:
    names = ("service", "team", "severity", "failure_mode")
    offsets = np.cumsum([0, *(len(kind.faces) for kind in model.types)])[:-1]
    flat = [face for kind in model.types for face in kind.faces]
    place = offsets[kinds] + faces
    columns = {name: np.array([getattr(face, name) for face in flat], dtype=object)[place] for name in names}
    columns["incident_type"] = np.array([kind.name for kind in model.types], dtype=object)[kinds]
    return columns


def _detected_by(model: ResponseModel, covered: Ints) -> np.ndarray:
    # Where the export never says who noticed, every type has one law for both ways, and neither has its table.
    if all(kind.alert is None for kind in model.types):
        return np.full(len(covered), None, dtype=object)
    return np.where(covered == 1, "alert", "person").astype(object)


def _fix_path(outcomes: Outcomes, there: Ints, automated: np.ndarray, ended: np.ndarray) -> np.ndarray:
    names = np.array([*outcomes.paths, None], dtype=object)
    names[:-1][names[:-1] == "other"] = None
    path = names[outcomes.path()[there]]
    path[automated] = "automation"
    path[~ended] = None
    return np.asarray(path)


def _recorded(recording: Recording, outcomes: Outcomes) -> np.ndarray:
    """Return which incidents reach the export."""
    share = np.where(outcomes.column("automated") == 1, recording.automated, recording.handled)
    return np.asarray(outcomes.records.luck.uniform("recorded") < share)


def _as_seen(outcomes: Outcomes, there: Ints) -> dict[str, Ints]:
    """Return the stamps; what comes back after the horizon has not come back yet."""
    stamped = {name: outcomes.column(name)[there] for name in STAMPED}
    later = _back_later(outcomes, there)
    for name in ("resolved", "verified"):
        stamped[name] = np.where(later, stamped[f"first_{name}"], stamped[name])
    return stamped


def _back_later(outcomes: Outcomes, there: Ints) -> np.ndarray:
    closed = outcomes.column("first_verified")[there]
    return np.asarray((closed >= 0) & (closed + outcomes.records.reopen[there] > outcomes.horizon))


def _reopened(outcomes: Outcomes, there: Ints, origin: np.datetime64) -> dict[str, object]:
    first = outcomes.column("first_resolved")[there]
    again = (first >= 0) & ~_back_later(outcomes, there)
    times = np.where(again, origin + first.astype("timedelta64[us]"), np.datetime64("NaT", "us"))
    return {"reopened": again, "first_resolved_at": pd.Series(pd.DatetimeIndex(times, tz="UTC"))}
