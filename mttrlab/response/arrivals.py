"""How often incidents of each type happen, when, and what they look like."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pandas as pd
from scipy import special

from mttrlab.response.history import Flags, History
from mttrlab.response.incident_type import Face, IncidentType
from mttrlab.response.luck import Ints
from mttrlab.response.notes import Note

MOST_TYPES = 25
"""Types beyond these are one: the laws of rare types would be the common law anyway."""
OTHER_TYPES = "other types"
_MOST_FACES = 20
_PROFILE_NEEDS = 200

_RANKS = {
    "critical": 1, "blocker": 1, "emergency": 1, "high": 2, "major": 2, "error": 2, "medium": 3, "moderate": 3,
    "minor": 4, "warning": 4, "low": 4, "none": 5, "info": 5, "informational": 5, "maintenance": 5,
}  # fmt: skip
_UNKNOWN_RANK = 3


def kinds(past: History) -> tuple[list[str | None], Ints]:
    """Return the incident types and which of them each incident is."""
    names = past.text("incident_type")
    counts = Counter(names.tolist())
    kept = [name for name, _ in sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))]
    if len(kept) > MOST_TYPES:
        kept = [*kept[: MOST_TYPES - 1], OTHER_TYPES]
    place = {name: t for t, name in enumerate(kept)}
    return kept, np.array([place.get(name, len(kept) - 1) for name in names.tolist()], dtype=np.int64)


def types(past: History, names: list[str | None], group: Ints, notes: list[Note]) -> tuple[list[IncidentType], str]:
    """Return the types with their rates and faces, and the day after the window."""
    first, last = (
        past.first_seen,
        np.nanmax([*past.exported, *(np.nanmax(v, initial=0.0) for v in past.stamped.values())]),
    )
    days = max(float(last - first[np.isfinite(first)].min()) / 1440.0, 1.0)
    start = (past.origin + pd.Timedelta(minutes=float(last))).ceil("D")
    n = len(past)
    low, high = special.gammaincinv(n, 0.025), special.gammaincinv(n + 1, 0.975)
    sentence = (
        f"{n} incidents in {days:.0f} days: {n / days * 30.4375:.3g} a month "
        f"(95 % {low / days * 30.4375:.3g} to {high / days * 30.4375:.3g}), {len(names)} type(s)"
    )
    if past.left_out:
        sentence += f"; {past.left_out} records that are no incidents are left out"
    if days < 28:
        sentence += "; less than four weeks, so the rate is hardly known"
    notes.append(Note("arrivals", "fitted", n, sentence + "."))
    made = []
    for t, name in enumerate(names):
        mine = np.flatnonzero(group == t)
        made.append(IncidentType(name=name, per_day=len(mine) / days, faces=_faces(past, mine)))
    return made, str(start.date())


def profile(past: History, notes: list[Note], rows: Flags | None = None) -> tuple[float, ...]:
    """Return arrivals per hour of the week: hour of the day on weekdays and at weekends; of these rows, or all."""
    first = past.first_seen if rows is None else past.first_seen[rows]
    known = first[np.isfinite(first)]
    if len(known) < _PROFILE_NEEDS:
        sentence = f"Fewer than {_PROFILE_NEEDS} incidents; all hours of the week are taken alike."
        notes.append(Note("hours of the week", "left out", len(known), sentence))
        return ()
    when = past.origin + pd.to_timedelta(known, unit="min")
    weekend = np.asarray(when.day_of_week) >= 5
    counts = np.zeros((2, 24))
    np.add.at(counts, (weekend.astype(int), np.asarray(when.hour)), 1)
    # Hours per week of each cell: five weekdays, two weekend days. Five incidents a cell steady it.
    flat = counts.sum() * np.array([[5.0], [2.0]]) / 168.0
    rate = (counts + 5 * flat / flat.mean()) / np.array([[5.0], [2.0]])
    sentence = f"{weekend.mean():.0%} of the incidents begin at weekends (29 % of the hours)."
    notes.append(Note("hours of the week", "fitted", len(known), sentence))
    week = np.concatenate([rate[0]] * 5 + [rate[1]] * 2)
    return tuple((week / week.mean()).round(6).tolist())


def severity_rank(word: object) -> int:
    """Return the place in the queue that a severity stands for: 1 first.

    Examples
    --------
    >>> severity_rank("SEV2"), severity_rank("critical"), severity_rank("P1 - urgent"), severity_rank(None)
    (2, 1, 1, 3)
    """
    text = str(word or "").lower()
    number = re.search(r"\d+", text)
    if number:
        return min(int(number.group()), 9)
    return min((rank for name, rank in _RANKS.items() if name in text), default=_UNKNOWN_RANK)


def _faces(past: History, mine: Ints) -> tuple[Face, ...]:
    columns = [past.text(name)[mine].tolist() for name in ("service", "team", "severity", "failure_mode")]
    counts = Counter(zip(*columns, strict=True))
    common = sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))[:_MOST_FACES]
    total = sum(n for _, n in common)
    return tuple(
        Face(n / total, service, team, severity, mode, severity_rank(severity))
        for (service, team, severity, mode), n in common
    )
