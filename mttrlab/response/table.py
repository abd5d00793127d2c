"""Simulated incidents are incidents: outcomes become the same table that exports become.

Words are made last, of all incidents together: Python makes them one at a time, whatever the number of threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

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


class Words(NamedTuple):
    """A column of texts, each one of a few."""

    words: tuple[str | None, ...]
    which: Ints
    """Place of each incident's among them."""


@dataclass(frozen=True)
class Seen:
    """Simulated incidents as an export would show them, in numbers alone: many are quickly put together."""

    replication: Ints
    key: Ints
    """Number of each within its replication."""
    columns: dict[str, np.ndarray | Words]
    """Columns of the table by name; times are UTC, in microseconds."""
    changed: np.ndarray
    """Which of them a change caused."""

    def __len__(self) -> int:
        return len(self.key)


def seen(model: ResponseModel, outcomes: Outcomes, start: pd.Timestamp, recording: Recording | None = None) -> Seen:
    """Return the outcomes as they are seen at the end of the horizon.

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
    diagnosis that automation made needless is `not_applicable`. Prevented incidents are not among them.
    """
    records = outcomes.records
    happens = records.happens == 1
    if recording is not None:
        happens &= _recorded(recording, outcomes)
    grain = round(recording.grain * MICROSECONDS) if recording is not None else 0
    there = np.flatnonzero(happens)
    automated = outcomes.column("automated")[there] == 1
    columns: dict[str, np.ndarray | Words] = {**_faces(model, records.type[there], records.face[there])}
    if model.users:
        columns["users"] = impact.drawn(model, records.luck, records.facts)[there]
    origin = start.tz_convert("UTC").tz_localize(None).to_datetime64().astype("datetime64[us]")
    stamped = _as_seen(outcomes, there)
    ended = stamped[model.stamps[-1].removesuffix("_at")] <= outcomes.horizon
    for stamp in STAMPS:
        at = stamped[stamp.removesuffix("_at")]
        at = at // grain * grain if grain else at
        known = np.full(len(there), stamp in model.stamps) & (at >= 0) & (at <= outcomes.horizon)
        columns[stamp] = _moments(origin, at, known)
        skipped = automated & (stamp in ("acknowledged_at", "diagnosed_at"))
        verdict = np.where(known, 0, np.where(~ended, 1, np.where(skipped, 2, 3)))
        columns[f"{stamp}_verdict"] = Words(("recorded", "pending", "not_applicable", "missing"), verdict)
        columns[f"{stamp}_origin"] = Words((None, SOURCE), known.astype(np.int64))
    columns["detected_by"] = _detected_by(model, records.covered[there])
    columns["fix_path"] = _fix_path(outcomes, there, automated, ended)
    if model.reopening is not None:
        first = outcomes.column("first_resolved")[there]
        columns["reopened"] = again = (first >= 0) & ~_back_later(outcomes, there)
        columns["first_resolved_at"] = _moments(origin, first, again)
    columns["exported_at"] = np.full(len(there), origin + np.timedelta64(outcomes.horizon, "us"))
    return Seen(
        records.luck.replication[there], records.luck.key[there], columns, records.changed[there] == 1
    )  # fmt: skip


def joined(parts: Sequence[Seen]) -> Seen:
    """Return incidents of the same model together."""
    if len(parts) == 1:
        return parts[0]
    columns: dict[str, np.ndarray | Words] = {}
    for name, first in parts[0].columns.items():
        if isinstance(first, Words):
            columns[name] = Words(first.words, np.concatenate([one.columns[name].which for one in parts]))  # type: ignore[union-attr]
        else:
            columns[name] = np.concatenate([one.columns[name] for one in parts])
    whole = [np.concatenate([getattr(one, name) for one in parts]) for name in ("replication", "key", "changed")]
    return Seen(whole[0], whole[1], columns, whole[2])


def frame(incidents: Seen) -> pd.DataFrame:
    """Return simulated incidents as the table that exports become, plus `replication`."""
    everywhere = np.zeros(len(incidents), dtype=np.int64)
    columns: dict[str, Any] = {
        name: _text(values) if isinstance(values, Words) else values for name, values in incidents.columns.items()
    }
    for name, values in columns.items():
        if isinstance(values, np.ndarray) and values.dtype.kind == "M":
            columns[name] = pd.Series(pd.DatetimeIndex(values, tz="UTC"))
    columns["incident_id"] = _numbered("sim", incidents.replication, incidents.key)
    change = np.full(len(incidents), None, dtype=object)
    change[incidents.changed] = _numbered(
        "sim-change", incidents.replication[incidents.changed], incidents.key[incidents.changed]
    )
    columns["change_id"] = change
    columns |= {"source": _text(Words((SOURCE,), everywhere)), "population": _text(Words(("counted",), everywhere))}
    made = conform(pd.DataFrame(columns, copy=False), INCIDENT_COLUMNS)
    made["replication"] = incidents.replication
    return made


def _moments(origin: np.datetime64, at: Ints, known: np.ndarray) -> np.ndarray:
    return np.where(known, origin + at.astype("timedelta64[us]"), np.datetime64("NaT", "us"))


def _text(column: Words) -> Any:
    """Return texts: taken from the few, which is quicker by far than to look at each one."""
    return pd.array(list(column.words), dtype="str").take(column.which)


def _numbered(name: str, replication: Ints, key: Ints) -> np.ndarray:
    """Return an id for each incident, `name-replication-key`."""
    found, which = np.unique(replication, return_inverse=True)
    first = [f"{name}-{r}-" for r in found.tolist()]
    last = [str(k) for k in range(int(key.max(initial=0)) + 1)]
    made = [first[r] + last[k] for r, k in zip(which.tolist(), key.tolist(), strict=True)]
    return np.array(made, dtype=object)


def _faces(model: ResponseModel, kinds: Ints, faces: Ints) -> dict[str, Words]:
    names = ("service", "team", "severity", "failure_mode")
    offsets = np.cumsum([0, *(len(kind.faces) for kind in model.types)])[:-1]
    flat = [face for kind in model.types for face in kind.faces]
    place = offsets[kinds] + faces
    columns = {name: Words(tuple(getattr(face, name) for face in flat), place) for name in names}
    return {**columns, "incident_type": Words(tuple(kind.name for kind in model.types), kinds)}


def _detected_by(model: ResponseModel, covered: Ints) -> Words:
    # Where the export never says who noticed, every type has one law for both ways, and neither has its table.
    if all(kind.alert is None for kind in model.types):
        return Words((None,), np.zeros(len(covered), dtype=np.int64))
    return Words(("person", "alert"), (covered == 1).astype(np.int64))


def _fix_path(outcomes: Outcomes, there: Ints, automated: np.ndarray, ended: np.ndarray) -> Words:
    # Place -1, that of an incident without a path, is the last.
    names = (*(None if name == "other" else name for name in outcomes.paths), "automation", None)
    path = np.where(automated, len(names) - 2, outcomes.path()[there] % len(names))
    return Words(names, np.where(ended, path, len(names) - 1))


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
