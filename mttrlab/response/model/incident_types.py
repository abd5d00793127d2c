"""What incidents are like: their types, what these look like in the table, and the ways in which they end."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from mttrlab.errors import ModelError
from mttrlab.response.model.distributions import Distribution
from mttrlab.response.model.settings import Number, Share, Text, settings
from mttrlab.response.model.workflow import DiagnosisAttempts


@settings("a fix path")
class FixPath:
    """One way to end an incident of a type."""

    name: Text
    """flag, rollback, config, scale, forward_fix, …, or other."""
    law: Distribution
    """Minutes from the diagnosis to the fix in place."""
    share: Share
    """Share of the type's incidents that no change caused and that end this way."""
    share_changed: Share
    """Share of the type's change-caused incidents that end this way."""
    success: Share = 1.0
    """Chance that it works; where it does not, its time is spent and another fix comes after it."""


@settings("a profile")
class IncidentProfile:
    """What an incident of a type looks like in the table."""

    share: Share
    """Share of the type's incidents that look so."""
    service: Text | None = None
    """The service hit; None: not said."""
    team: Text | None = None
    """The team that owns the response; None: not said."""
    severity: Text | None = None
    """The severity; None: not said."""
    failure_mode: Text | None = None
    """availability, latency, error_rate or dependency; None: not known."""
    priority: Annotated[int, Number(0, 1000)] = 0
    """Place in the queue for a responder: the smallest first."""
    watch: Literal["", "rules", "gap"] = ""
    """`rules`: the model's `watch` says how soon alerts notice; `gap`: no alert watches it; empty: the type's laws."""
    seen: Share | None = None
    """Share of its incidents that alerts see; None: as the type's `alert_coverage`."""
    pool: Text | None = None
    """The pool of people that works on it; None: the type's."""


@settings("an incident type without a name")
class IncidentType:
    """How often incidents of one type happen and how long their phases take."""

    name: Text | None
    """As in `incident_type`; None: not known."""
    per_day: Annotated[float, Number(0.0, 1e6)]
    """Mean arrivals per day."""
    detect: Distribution | None = None
    """Minutes from start to detection where no alert sees the fault; None: the model does not hold detection."""
    alert: Distribution | None = None
    """Minutes from start to detection where an alert or a monitor sees it; None: as `detect`."""
    acknowledge: Distribution | None = None
    """Minutes from detection to a person's acknowledgement; None: work begins at detection."""
    diagnose: Distribution | None = None
    """Minutes of work to the diagnosis; None: diagnosis and fix are one span."""
    paths: tuple[FixPath, ...] = ()
    """The fixes; shares add up to one (both columns)."""
    verify: Distribution | None = None
    """Minutes from the fix to confirmed health; None: the model ends at the fix."""
    alert_coverage: Share = 1.0
    """Share of the type's incidents that alerts or monitors see first."""
    automation: Share = 0.0
    """Share of the type's incidents whose alert has a remediation rule."""
    change_caused: Share = 0.0
    """Share of the type's incidents that a known change caused."""
    profiles: tuple[IncidentProfile, ...] = (IncidentProfile(1.0),)
    """What its incidents look like; shares add up to one."""
    pool: Text | None = None
    """The pool of people that works on it; None: the first."""
    hypotheses: DiagnosisAttempts | None = None
    """Diagnosis as hypotheses tried in turn, in place of the law `diagnose`."""
    runbook: Share = 0.0
    """Share of the type's incidents that a runbook answers; the law `diagnose` holds its effect already."""

    def __post_init__(self) -> None:
        sums = {"profiles": [profile.share for profile in self.profiles]}
        if self.paths:
            sums["paths"] = [path.share for path in self.paths]
            sums["paths (changed)"] = [path.share_changed for path in self.paths]
        for what, shares in sums.items():
            if abs(math.fsum(shares) - 1.0) > 1e-5:
                name = self.name or "an incident type without a name"
                raise ModelError(f"shares of {what} of {name} must add up to 1; they add up to {math.fsum(shares):g}")

    def seen(self, face: IncidentProfile) -> float:
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
