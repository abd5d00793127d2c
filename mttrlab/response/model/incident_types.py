"""What incidents are like: their types, what these look like in the table, and the ways in which they end."""

from __future__ import annotations

from dataclasses import dataclass

from mttrlab.response.model import validation
from mttrlab.response.model.distributions import Law
from mttrlab.response.model.workflow import Hypotheses


@dataclass(frozen=True)
class FixPath:
    """One way to end an incident of a type."""

    name: str
    """flag, rollback, config, scale, forward_fix, …, or other."""
    law: Law
    """Minutes from the diagnosis to the fix in place."""
    share: float
    """Share of the type's incidents that no change caused and that end this way."""
    share_changed: float
    """Share of the type's change-caused incidents that end this way."""
    success: float = 1.0
    """Chance that it works; where it does not, its time is spent and another fix comes after it."""

    def __post_init__(self) -> None:
        validation.settle(self)


@dataclass(frozen=True)
class Face:
    """What an incident of a type looks like in the table."""

    share: float
    """Share of the type's incidents that look so."""
    service: str | None = None
    """The service hit; None: not said."""
    team: str | None = None
    """The team that owns the response; None: not said."""
    severity: str | None = None
    """The severity; None: not said."""
    failure_mode: str | None = None
    """availability, latency, error_rate or dependency; None: not known."""
    priority: int = 0
    """Place in the queue for a responder: the smallest first."""
    watch: str = ""
    """`rules`: the model's `watch` says how soon alerts notice; `gap`: no alert watches it; empty: the type's laws."""
    seen: float | None = None
    """Share of its incidents that alerts see; None: as the type's `alert_coverage`."""
    pool: str | None = None
    """The pool of people that works on it; None: the type's."""

    def __post_init__(self) -> None:
        validation.settle(self)


@dataclass(frozen=True)
class IncidentType:
    """How often incidents of one type happen and how long their phases take."""

    name: str | None
    """As in `incident_type`; None: not known."""
    per_day: float
    """Mean arrivals per day."""
    detect: Law | None = None
    """Minutes from start to detection where no alert sees the fault; None: the model does not hold detection."""
    alert: Law | None = None
    """Minutes from start to detection where an alert or a monitor sees it; None: as `detect`."""
    acknowledge: Law | None = None
    """Minutes from detection to a person's acknowledgement; None: work begins at detection."""
    diagnose: Law | None = None
    """Minutes of work to the diagnosis; None: diagnosis and fix are one span."""
    paths: tuple[FixPath, ...] = ()
    """The fixes; shares add up to one (both columns)."""
    verify: Law | None = None
    """Minutes from the fix to confirmed health; None: the model ends at the fix."""
    alert_coverage: float = 1.0
    """Share of the type's incidents that alerts or monitors see first."""
    automation: float = 0.0
    """Share of the type's incidents whose alert has a remediation rule."""
    change_caused: float = 0.0
    """Share of the type's incidents that a known change caused."""
    faces: tuple[Face, ...] = (Face(1.0),)
    """What its incidents look like; shares add up to one."""
    pool: str | None = None
    """The pool of people that works on it; None: the first."""
    hypotheses: Hypotheses | None = None
    """Diagnosis as hypotheses tried in turn, in place of the law `diagnose`."""
    runbook: float = 0.0
    """Share of the type's incidents that a runbook answers; the law `diagnose` holds its effect already."""

    def __post_init__(self) -> None:
        validation.settle(self)

    def seen(self, face: Face) -> float:
        """Return the share of a face's incidents that alerts see."""
        if face.watch == "gap":
            return 0.0
        return self.alert_coverage if face.seen is None else face.seen

    def fallback(self, failed: FixPath) -> FixPath | None:
        """Return the fix that comes after one which did not work: the forward fix, else the longest of the others."""
        others = [path for path in self.paths if path.name != failed.name]
        named = [path for path in others if path.name == "forward_fix"]
        return max(named or others, key=lambda path: path.law.quantile(0.5).item(), default=None)


NAMED = {
    "flag": "a feature flag",
    "rollback": "a rollback",
    "failover": "a failover",
    "scale": "scaling up",
    "config": "a change of configuration",
    "forward_fix": "a forward fix",
    "migration": "the reversal of a database migration",
}
"""Fixes that have levers of their own, and what people call one."""


def longest(path: str) -> str:
    """Return what the lever on the longest time of a fix is called, which is also the model's field."""
    return f"{path}_minutes"


def works(path: str) -> str:
    """Return what the lever on the chance of a fix is called, which is also the model's field."""
    return f"{path}_success"
