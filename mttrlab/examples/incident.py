"""What an incident of a made-up organisation is, and its life under the laws."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from mttrlab.examples.laws import (
    ACKNOWLEDGE,
    AFTERWARDS,
    DETECT,
    FIX,
    HARD_FACTOR,
    HARD_SHARE,
    IMPROVED_FROM,
    IMPROVEMENT,
    LOADINGS,
    MITIGATED_FIRST,
    OFF_HOURS,
    IncidentType,
    Law,
)
from mttrlab.examples.luck import Luck

LOCAL = ZoneInfo("Europe/Berlin")
"""Where the people of the large organisation live."""


@dataclass(frozen=True)
class Incident:
    """One true incident. Times are whole seconds since 1970 UTC; None: it never happened, or not yet."""

    key: str
    service: str
    team: str
    severity: str
    incident_type: str
    failure_mode: str
    title: str
    detected_by: str
    fix_path: str | None
    change_id: str | None
    users: float | None
    started_at: int | None
    detected_at: int
    acknowledged_at: int | None
    diagnosed_at: int | None
    resolved_at: int | None
    verified_at: int | None
    first_resolved_at: int | None = None
    population: str = "counted"

    @property
    def luck(self) -> Luck:
        """The luck that belongs to this incident."""
        return Luck((self.key,))

    @property
    def open(self) -> bool:
        """Whether it had no fix when the exports were taken."""
        return self.resolved_at is None


def seconds(text: str) -> int:
    """Return whole seconds since 1970 of an ISO time; without a zone it is UTC.

    Examples
    --------
    >>> seconds("1970-01-02")
    86400
    """
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def off_hours(at: int) -> tuple[bool, bool]:
    """Return whether a moment is at night and whether it is at a weekend, in local time."""
    local = datetime.fromtimestamp(at, LOCAL)
    return local.hour >= 22 or local.hour < 7, local.weekday() >= 5


def live(luck: Luck, kind: IncidentType, started: int, detected_by: str, fix_path: str) -> dict[str, int | None]:
    """Return the stamps of an incident that begins at `started`.

    Parameters
    ----------
    luck : Luck
        The incident's own.
    kind : IncidentType
    started : int
        Seconds since 1970 UTC.
    detected_by, fix_path : str
        Who notices, and how it ends.

    Returns
    -------
    dict
        The six stamps; None where there is none.
    """
    difficulty = luck.z("difficulty")

    def spent(phase: str, law: Law, factor: float = 1.0) -> int:
        loading = LOADINGS[phase]
        deviate = loading * difficulty + math.sqrt(1 - loading**2) * luck.z(phase)
        return max(1, round(60 * factor * law.median * math.exp(law.sigma * deviate)))

    slow = any(off_hours(started))
    detected = started + spent("detect", DETECT[detected_by])
    acknowledged: int | None = None
    diagnosed: int | None = None
    if fix_path == "automation":
        resolved = detected + spent("resolve", FIX[fix_path])
    else:
        waited = luck.minutes("acknowledge", ACKNOWLEDGE.median, ACKNOWLEDGE.sigma)
        acknowledged = detected + max(1, round(60 * waited * (OFF_HOURS["acknowledge"] if slow else 1.0)))
        if mitigated_first(luck, fix_path):
            resolved = acknowledged + spent("resolve", FIX[fix_path])
            diagnosed = resolved + spent("diagnose", AFTERWARDS)
        else:
            diagnosed = acknowledged + spent("diagnose", kind.diagnose, diagnosis_factor(luck, started))
            resolved = diagnosed + spent("resolve", FIX[fix_path])
    return {
        "started_at": started,
        "detected_at": detected,
        "acknowledged_at": acknowledged,
        "diagnosed_at": diagnosed,
        "resolved_at": resolved,
        "verified_at": resolved + spent("verify", kind.verify),
    }


def mitigated_first(luck: Luck, fix_path: str) -> bool:
    """Return whether people pulled the fix before they knew the cause."""
    return fix_path in ("rollback", "flag") and luck.u("mitigated first") < MITIGATED_FIRST


def diagnosis_factor(luck: Luck, started: int) -> float:
    """Return what the hour, the improvement and novelty do to the work of diagnosis."""
    factor = OFF_HOURS["diagnose"] if any(off_hours(started)) else 1.0
    if started >= seconds(IMPROVED_FROM):
        factor *= IMPROVEMENT
    return factor * (HARD_FACTOR if luck.u("hard") < HARD_SHARE else 1.0)
