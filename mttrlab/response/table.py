"""Simulated incidents are incidents: outcomes become the same table that exports become."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mttrlab.response.luck import Ints
from mttrlab.response.model import ResponseModel
from mttrlab.response.outcomes import Outcomes
from mttrlab.schema import INCIDENT_COLUMNS, STAMPS, conform

SOURCE = "simulated"


def incidents(model: ResponseModel, outcomes: Outcomes, start: pd.Timestamp) -> pd.DataFrame:
    """Return the outcomes as incidents seen at the end of the horizon, plus `replication`.

    Parameters
    ----------
    model : ResponseModel
    outcomes : Outcomes
    start : Timestamp
        When the horizon begins, UTC.

    Notes
    -----
    What would happen after the horizon is `pending`; a stamp that the model's export does not show is `missing`; a
    diagnosis that automation made needless is `not_applicable`. Prevented incidents are not in the table.
    """
    there = np.flatnonzero(outcomes.records.happens)
    records = outcomes.records.rows(there)
    automated = outcomes.column("automated")[there] == 1
    columns: dict[str, object] = {
        "incident_id": [f"sim-{r}-{k}" for r, k in zip(records.replication.tolist(), records.key.tolist(), strict=True)]
    }
    columns |= _faces(model, records.type, records.face)
    origin = start.tz_convert("UTC").tz_localize(None).to_datetime64().astype("datetime64[us]")
    ended = outcomes.column(model.stamps[-1].removesuffix("_at"))[there] <= outcomes.horizon
    for stamp in STAMPS:
        at = outcomes.column(stamp.removesuffix("_at"))[there]
        known = np.full(len(there), stamp in model.stamps) & (at >= 0) & (at <= outcomes.horizon)
        times = np.where(known, origin + at.astype("timedelta64[us]"), np.datetime64("NaT", "us"))
        columns[stamp] = pd.Series(pd.DatetimeIndex(times, tz="UTC"))
        skipped = automated & (stamp in ("acknowledged_at", "diagnosed_at"))
        verdict = np.select([known, ~ended, skipped], ["recorded", "pending", "not_applicable"], "missing")
        columns[f"{stamp}_verdict"] = verdict.astype(object)
        columns[f"{stamp}_origin"] = np.array([None, SOURCE], dtype=object)[known.astype(np.int64)]
    columns["detected_by"] = _detected_by(model, records.covered)
    columns["change_id"] = [
        f"sim-change-{r}-{k}" if changed else None
        for r, k, changed in zip(
            records.replication.tolist(), records.key.tolist(), records.changed.tolist(), strict=True
        )
    ]
    columns["fix_path"] = _fix_path(outcomes, there, automated, ended)
    frame = conform(pd.DataFrame(columns), INCIDENT_COLUMNS)
    frame["source"] = SOURCE
    frame["population"] = "counted"
    frame["exported_at"] = (start + pd.Timedelta(outcomes.horizon, unit="us")).as_unit("us")
    frame = conform(frame, INCIDENT_COLUMNS)
    frame["replication"] = records.replication
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
