"""What the tracker of the large organisation holds of a true incident: real life spoils some stamps."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from mttrlab.examples.arrivals import EXPORTED
from mttrlab.examples.incident import Incident

TIMER_HOURS = 24
"""Where nobody confirms health, the tracker of these teams stamps `verified_at` itself after so many hours."""
TIMED = ("inventory-service", "catalogue-service")

_DAY = 86_400
_PLANTED = {
    "started copied from detected": 28,
    "acknowledged copied from detected": 10,
    "verified copied from resolved": 14,
    "verified a day early": 5,
    "detected a day late": 4,
    "acknowledged before detected": 6,
    "resolved in the future": 2,
    "detected missing": 6,
    "unreadable time": 2,
}
"""Records of the tracker with each kind of dirt; a record has at most one of these."""
_ALONE = (
    "verified copied from resolved",
    "verified a day early",
    "detected a day late",
    "resolved in the future",
    "detected missing",
    "unreadable time",
)
"""Kinds that fall on incidents that no other tool has: the records still meet, and no other stamp hides the dirt."""
_MISSING = {
    "started_at": (0.05, 0.05),
    "acknowledged_at": (0.06, 0.12),
    "diagnosed_at": (0.08, 0.24),
    "verified_at": (0.05, 0.14),
}
"""Chance that nobody stamped it: of long incidents, and of those fixed within 40 minutes."""


@dataclass(frozen=True)
class Entry:
    """One incident as the tracker holds it."""

    incident: Incident
    stamps: dict[str, int | None]
    """What the tracker says; seconds since 1970 UTC."""
    marks: tuple[str, ...]
    """What is wrong with it, in words."""


def entries(incidents: list[Incident], elsewhere: Collection[str]) -> list[Entry]:
    """Return the tracker's records, one for each incident.

    Parameters
    ----------
    incidents : list of Incident
        Those that the tracker has.
    elsewhere : collection of str
        Keys of incidents that another tool has too. Their first stamps are kept, so that the records still meet.

    Returns
    -------
    list of Entry
        In the order given.
    """
    spoiled = {one.key: _spoil(one, kind) for kind, keys in _chosen(incidents, elsewhere) for one in keys}
    return [spoiled.get(one.key) or _forget(one) for one in incidents]


def _chosen(incidents: list[Incident], elsewhere: Collection[str]) -> list[tuple[str, list[Incident]]]:
    pool = [
        one
        for one in incidents
        if one.verified_at is not None and one.acknowledged_at is not None and one.diagnosed_at is not None
        and one.diagnosed_at < (one.resolved_at or 0) and one.service not in TIMED and one.first_resolved_at is None
    ]  # fmt: skip
    chosen: list[tuple[str, list[Incident]]] = []
    for kind, count in _PLANTED.items():
        allowed = [one for one in pool if kind not in _ALONE or one.key not in elsewhere]
        drawn = sorted((one.luck.u(kind), place) for place, one in enumerate(allowed))
        found = [allowed[place] for _, place in drawn[:count]]
        chosen.append((kind, found))
        pool = [one for one in pool if one not in found]
    return chosen


def stamps_of(one: Incident) -> dict[str, int | None]:
    """Return the six true stamps."""
    return {
        "started_at": one.started_at,
        "detected_at": one.detected_at,
        "acknowledged_at": one.acknowledged_at,
        "diagnosed_at": one.diagnosed_at,
        "resolved_at": one.resolved_at,
        "verified_at": one.verified_at,
    }


def _spoil(one: Incident, kind: str) -> Entry:
    stamps = stamps_of(one)
    assert one.resolved_at is not None and one.verified_at is not None
    changes: dict[str, dict[str, int | None]] = {
        "started copied from detected": {"started_at": one.detected_at},
        "acknowledged copied from detected": {"acknowledged_at": one.detected_at},
        "verified copied from resolved": {"verified_at": one.resolved_at},
        "verified a day early": {"verified_at": one.verified_at - _DAY},
        "detected a day late": {"detected_at": one.detected_at + _DAY},
        "acknowledged before detected": {"acknowledged_at": one.detected_at - one.luck.whole("early", 60, 600)},
        "resolved in the future": {"resolved_at": one.resolved_at + 10 * 365 * _DAY},
        "detected missing": {"detected_at": None},
        "unreadable time": {},
    }
    return Entry(one, stamps | changes[kind], (kind,))


def _forget(one: Incident) -> Entry:
    stamps = stamps_of(one)
    if one.resolved_at is None:
        return Entry(one, stamps, ("open",))
    marks: list[str] = []
    short = one.resolved_at - one.detected_at < 40 * 60
    for stamp, chances in _MISSING.items():
        if stamps[stamp] is not None and one.luck.u(f"forgotten {stamp}") < chances[short]:
            stamps[stamp] = None
            marks.append(f"{stamp.removesuffix('_at')} missing")
    timed = one.resolved_at + TIMER_HOURS * 3600
    if one.service in TIMED and timed < EXPORTED and one.luck.u("nobody confirmed") < 0.7:
        stamps["verified_at"] = timed
        marks = [*(mark for mark in marks if mark != "verified missing"), "verified by timer"]
    return Entry(one, stamps, tuple(marks))


def reopen(incidents: list[Incident], count: int) -> list[Incident]:
    """Return the incidents with `count` of them fixed once too early, and again later."""
    able = [one for one in incidents if one.resolved_at is not None and one.verified_at is not None and one.started_at]
    able = [one for one in able if (one.verified_at or 0) < EXPORTED - _DAY and one.fix_path in ("config", "scale")]
    for one in sorted(able, key=lambda one: one.luck.u("reopened"))[:count]:
        assert one.resolved_at is not None and one.verified_at is not None
        later = one.luck.whole("again after", 2400, 7200)
        again = replace(
            one,
            first_resolved_at=one.resolved_at,
            resolved_at=one.resolved_at + later,
            verified_at=one.verified_at + later,
        )
        incidents = [again if other.key == one.key else other for other in incidents]
    return incidents
