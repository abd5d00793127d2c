"""How many incidents alerts see, and how fast: from who noticed, firings, the shape of the delays, or borrowed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from mttrlab.response import clumps, fix_paths, history, kinds
from mttrlab.response.borrowed import Borrowed, seen_words
from mttrlab.response.history import Flags, History
from mttrlab.response.incident_type import IncidentType
from mttrlab.response.luck import Ints
from mttrlab.response.notes import Note, span_note
from mttrlab.response.pooling import group_laws, share_interval

_SIGNAL_COLUMNS = ("service", "started_at", "source")
_LATE = pd.Timedelta(minutes=2)
"""A firing may reach the alerting log this long after the detection that it caused: clocks differ."""


def with_alerts(
    past: History,
    stamps: tuple[str, ...],
    types: list[IncidentType],
    group: Ints,
    notes: list[Note],
    borrowed: Borrowed,
) -> list[IncidentType]:
    """Return the types with how often alerts see them and how fast.

    The first that can tell does: `detected_by` of at least half of the incidents; two clumps of delays, quick and slow
    (`clumps.find`); the few that say who noticed, with the rest borrowed; the borrowed share alone.
    """
    if "detected_at" not in stamps or stamps[0] == "detected_at":
        return types
    by = past.text("detected_by")
    told = np.array([word is not None for word in by])
    seen = np.isin(by.astype(str), ("alert", "monitor"))
    begin = stamps[stamps.index("detected_at") - 1]
    minutes, observed, known = past.span(begin, "detected_at")
    n = int(told.sum())
    if n >= max(len(past) / 2, history.FEWEST):
        return _told(past, begin, types, group, notes, told, seen)
    rows = np.flatnonzero(observed & known & ~told)
    found = clumps.find(minutes[rows], group[rows], len(types))
    if found is not None:
        return _by_shape(found, types, group, rows, seen & told, told, notes)
    share = fix_paths.shares(seen[told], group[told], len(types)) if n else [0.0] * len(types)
    part = n / len(past)
    mixed = [part * own + (1 - part) * borrowed.seen for own in share]
    says, rest = "does not say who noticed", "these incidents"
    if n:
        says, rest = f"says of {n} of {len(past)} incidents who noticed", "the others"
    sentence = (
        f"The export {says}, and the delays show no quick clump beside a slow one; of {rest} {seen_words()}; "
        "every refit draws another share."
    )
    notes.append(Note("alert coverage", "prior", n, sentence))
    return [replace(kind, alert_coverage=mixed[t]) for t, kind in enumerate(types)]


def _told(
    past: History, begin: str, types: list[IncidentType], group: Ints, notes: list[Note], told: Flags, seen: Flags
) -> list[IncidentType]:
    """Return the types with what the incidents that say who noticed show."""
    minutes, observed, known = past.span(begin, "detected_at")
    fast, slow = np.flatnonzero(seen & known), np.flatnonzero(told & ~seen & known)
    share = fix_paths.shares(seen[told], group[told], len(types))
    low, high = share_interval(int(seen[told].sum()), int(told.sum()))
    said = f"Alerts saw {seen[told].mean():.0%} first (95 % {low:.0%} to {high:.0%})."
    notes.append(Note("alert coverage", "fitted", int(told.sum()), said))
    if len(fast) < history.FEWEST:
        notes.append(Note("detect by alert", "prior", len(fast), "Too few to fit; taken as quick as all detection."))
        return [replace(kind, alert_coverage=share[t]) for t, kind in enumerate(types)]
    alert = group_laws(minutes[fast], observed[fast], group[fast], len(types))
    notes.append(span_note("detect by alert", begin, "detected_at", alert))
    if len(slow) < history.FEWEST:
        notes.append(Note("detect otherwise", "prior", len(slow), "Too few to fit; taken as slow as all detection."))
        return [replace(kind, alert=alert.law(t), alert_coverage=share[t]) for t, kind in enumerate(types)]
    other = group_laws(minutes[slow], observed[slow], group[slow], len(types))
    notes.append(span_note("detect otherwise", begin, "detected_at", other))
    return [
        replace(kind, alert=alert.law(t), detect=other.law(t), alert_coverage=share[t]) for t, kind in enumerate(types)
    ]


def _by_shape(
    found: clumps.Clumps, types: list[IncidentType], group: Ints, rows: Ints, seen: Flags, told: Flags,
    notes: list[Note],
) -> list[IncidentType]:  # fmt: skip
    """Return the types with a quick clump of delays as what alerts see, and those who say it themselves beside it."""
    weight = np.concatenate([found.member, seen[told].astype(np.float64)])
    kinds = np.concatenate([group[rows], group[told]])
    n = np.bincount(kinds, minlength=len(types))
    k = np.bincount(kinds, weights=weight, minlength=len(types))
    share = (k + fix_paths.PRIOR_INCIDENTS * weight.mean()) / (n + fix_paths.PRIOR_INCIDENTS)
    sentence = (
        f"The export does not say who noticed, but delays come in two clumps: {found.share:.0%} (95 % {found.low:.0%} "
        f"to {found.high:.0%}) about {found.quick.quantile(0.5).item():.3g} minutes, the rest about "
        f"{found.slow.quantile(0.5).item():.3g}; the quick ones are taken for what alerts saw"
    )
    notes.append(Note("alert coverage", "fitted", len(rows), sentence + "."))
    return [
        replace(kind, alert=found.quick, detect=found.slow, alert_coverage=float(share[t]))
        for t, kind in enumerate(types)
    ]


def who_noticed(past: History, firings: pd.DataFrame | None, notes: list[Note]) -> History:
    """Return the history with `detected_by` where the export does not say it and the log of firings covers the time.

    An alert saw an incident when one of its service fired between onset and detection; else a person did. Pages are
    left aside: a person may have sent them.
    """
    if firings is None or kinds.frame("firings", firings, "lab.firings()").empty:
        return past
    missing = [name for name in _SIGNAL_COLUMNS if name not in firings]
    if missing:
        from mttrlab.errors import SchemaError

        raise SchemaError(f"the firings lack {', '.join(missing)}; pass lab.firings()")
    fired = firings[(firings["source"] != "pagerduty") & firings["service"].notna() & firings["started_at"].notna()]
    by, service = past.text("detected_by"), past.text("service")
    silent = np.array([word is None for word in by]) & np.array([word is not None for word in service])
    begin, end = past.stamped["started_at"], past.stamped["detected_at"]
    if fired.empty or not silent.any():
        return past
    when = ((fired["started_at"] - past.origin) / pd.Timedelta(minutes=1)).to_numpy(dtype=np.float64)
    late = _LATE / pd.Timedelta(minutes=1)
    with np.errstate(invalid="ignore"):
        rows = np.flatnonzero(silent & (begin >= when.min()) & (end <= when.max()) & (end >= begin))
    names = fired["service"].astype(str).to_numpy()
    ordered = {name: np.sort(when[names == name]) for name in set(names.tolist())}
    # A service that never fired may be one whose alerts go elsewhere.
    rows = np.array([row for row in rows.tolist() if str(service[row]) in ordered], dtype=np.int64)
    if not len(rows):
        return past
    hit = [
        bool(np.searchsorted(at, end[row] + late, side="right") > np.searchsorted(at, begin[row]))
        for row in rows.tolist()
        for at in (ordered[str(service[row])],)
    ]
    by[rows] = np.where(hit, "alert", "person")
    sentence = (
        f"{len(rows)} incidents do not say who noticed; in the log of firings an alert of their service fired between "
        f"onset and detection of {sum(hit)} of them, which are taken as seen by alerts."
    )
    notes.append(Note("who noticed", "fitted", len(rows), sentence))
    return replace(past, incidents=past.incidents.assign(detected_by=pd.array(by, dtype="str")))
