"""Simulated incidents are incidents: outcomes become the same table that exports become."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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
    columns: dict[str, object] = {"incident_id": _numbered("sim", replication, key)}
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
        verdict = np.where(known, 0, np.where(~ended, 1, np.where(skipped, 2, 3)))
        columns[f"{stamp}_verdict"] = texts(("recorded", "pending", "not_applicable", "missing"), verdict)
        columns[f"{stamp}_origin"] = texts((None, SOURCE), known.astype(np.int64))
    columns["detected_by"] = _detected_by(model, records.covered[there])
    change, changed = np.full(len(there), None, dtype=object), records.changed[there] == 1
    change[changed] = _numbered("sim-change", replication[changed], key[changed])
    columns["change_id"] = change
    columns["fix_path"] = _fix_path(outcomes, there, automated, ended)
    if model.reopening is not None:
        columns |= _reopened(outcomes, there, origin)
    everywhere = np.zeros(len(there), dtype=np.int64)
    columns |= {"source": texts((SOURCE,), everywhere), "population": texts(("counted",), everywhere)}
    seen = np.full(len(there), origin + np.timedelta64(outcomes.horizon, "us"))
    columns["exported_at"] = pd.Series(pd.DatetimeIndex(seen, tz="UTC"))
    frame = conform(pd.DataFrame(columns, copy=False), INCIDENT_COLUMNS)
    frame["replication"] = replication
    return frame


def texts(words: Sequence[str | None], which: Ints) -> Any:
    """Return a column of texts, each one of a few: quicker by far than texts that are looked at one by one."""
    return pd.array(list(words), dtype="str").take(which)


def _numbered(name: str, replication: Ints, key: Ints) -> np.ndarray:
    """Return an id for each incident, `name-replication-key`."""
    found, which = np.unique(replication, return_inverse=True)
    first = [f"{name}-{r}-" for r in found.tolist()]
    last = [str(k) for k in range(int(key.max(initial=0)) + 1)]
    made = [first[r] + last[k] for r, k in zip(which.tolist(), key.tolist(), strict=True)]
    return np.array(made, dtype=object)


def _faces(model: ResponseModel, kinds: Ints, faces: Ints) -> dict[str, Any]:
    names = ("service", "team", "severity", "failure_mode")
    offsets = np.cumsum([0, *(len(kind.faces) for kind in model.types)])[:-1]
    flat = [face for kind in model.types for face in kind.faces]
    place = offsets[kinds] + faces
    columns = {name: texts([getattr(face, name) for face in flat], place) for name in names}
    columns["incident_type"] = texts([kind.name for kind in model.types], kinds)
    return columns


def _detected_by(model: ResponseModel, covered: Ints) -> Any:
    # Where the export never says who noticed, every type has one law for both ways, and neither has its table.
    if all(kind.alert is None for kind in model.types):
        return texts((None,), np.zeros(len(covered), dtype=np.int64))
    return texts(("person", "alert"), (covered == 1).astype(np.int64))


def _fix_path(outcomes: Outcomes, there: Ints, automated: np.ndarray, ended: np.ndarray) -> Any:
    # Place -1, that of an incident without a path, is the last.
    names = [*(None if name == "other" else name for name in outcomes.paths), "automation", None]
    path = np.where(automated, len(names) - 2, outcomes.path()[there] % len(names))
    return texts(names, np.where(ended, path, len(names) - 1))


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
