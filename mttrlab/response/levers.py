"""What can be changed about a response: settings that people really have, and what each moves."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, NamedTuple

import pandas as pd

from mttrlab.errors import ModelError
from mttrlab.response import checks
from mttrlab.response.model import ResponseModel
from mttrlab.response.shares import overall


class Lever(NamedTuple):
    """One setting that a scenario may change."""

    unit: str
    moves: str
    """The part of the response that it moves."""
    meaning: str
    check: Callable[[str, Any], float]
    now: Callable[[ResponseModel], float | None]
    """The setting in force; None: no such limit."""
    words: str
    """The setting as a sentence begins."""


def _minutes(name: str, value: Any) -> float:
    return checks.finite(name, value, 0.0, 525_960.0)


def _limit(minutes: float) -> float | None:
    return None if math.isinf(minutes) else minutes


def coverage(model: ResponseModel) -> float:
    """Return the share of incidents that alerts see."""
    if model.alert_coverage is not None:
        return model.alert_coverage
    return overall([kind.alert_coverage for kind in model.types], model.weights)


def automated(model: ResponseModel) -> float:
    """Return the share of incidents whose alert has a remediation rule."""
    if model.automation is not None:
        return model.automation
    return overall([kind.automation for kind in model.types], model.weights)


def change_caused(model: ResponseModel) -> float:
    """Return the share of incidents that a known change caused."""
    return overall([kind.change_caused for kind in model.types], model.weights)


def flagged(model: ResponseModel) -> float:
    """Return the share of change-caused incidents that a flag fixes."""
    after_change = [kind.change_caused * weight for kind, weight in zip(model.types, model.weights, strict=True)]
    by_flag = [sum(p.share_changed for p in kind.paths if p.name == "flag") for kind in model.types]
    total = math.fsum(after_change)
    share = overall(by_flag, after_change) / total if total else 0.0
    return share + (1 - share) * model.more_flags


LEVERS: dict[str, Lever] = {
    "alert_latency": Lever(
        "minutes",
        "detection",
        "Longest time from start to page, where an alert or a monitor sees the fault.",
        _minutes,
        lambda model: _limit(model.alert_latency),
        "longest time from start to page where an alert sees the fault, in minutes",
    ),
    "alert_coverage": Lever(
        "share",
        "detection",
        "Share of incidents that an alert or a monitor sees; new alerts are as quick as those there are.",
        checks.share,
        coverage,
        "share of incidents that alerts see",
    ),
    "automation": Lever(
        "share",
        "diagnosis and fix",
        "Share of incidents whose alert has a remediation rule; a rule that fails leaves a person, later.",
        checks.share,
        automated,
        "share of incidents whose alert has a remediation rule",
    ),
    "automation_success": Lever(
        "share",
        "diagnosis and fix",
        "Chance that one attempt of a remediation rule ends the incident.",
        checks.share,
        lambda model: model.automation_success,
        "chance that one attempt of a remediation rule works",
    ),
    "flagged": Lever(
        "share",
        "fix",
        "Share of changes behind a feature flag: their incidents are fixed in seconds once diagnosed.",
        checks.share,
        flagged,
        "share of change-caused incidents that a flag ends",
    ),
    "rollback_minutes": Lever(
        "minutes",
        "fix",
        "Longest time that a rollback takes.",
        _minutes,
        lambda model: _limit(model.rollback_minutes),
        "longest rollback, in minutes",
    ),
    "diagnosis_factor": Lever(
        "times",
        "diagnosis",
        "Diagnosis takes this many times as long, for every incident (what a runbook or better telemetry may do).",
        lambda name, value: checks.finite(name, value, 0.0, 100.0),
        lambda model: model.diagnosis_factor,
        "diagnosis takes this many times as long",
    ),
    "verification_window": Lever(
        "minutes",
        "verification",
        "Longest time from the fix to confirmed health.",
        _minutes,
        lambda model: _limit(model.verification_window),
        "longest verification, in minutes",
    ),
    "responders": Lever(
        "people",
        "waiting for a person",
        "People who can each work on one incident at a time.",
        lambda name, value: checks.whole(name, value, 1, 100_000),
        lambda model: model.responders,
        "responders",
    ),
    "prevention": Lever(
        "share",
        "arrivals",
        "Share of incidents that never happen.",
        checks.share,
        lambda model: model.prevention,
        "share of incidents that never happen",
    ),
}
"""Every lever by name."""


@dataclass(frozen=True, init=False)
class Scenario:
    """The same organisation with some settings changed.

    Parameters
    ----------
    name : str
        What people call it.
    **levers : float
        Settings; `levers()` lists them.

    Examples
    --------
    >>> Scenario("Alerts within two minutes", alert_latency=2)
    Scenario('Alerts within two minutes', alert_latency=2)
    """

    name: str
    """What people call it."""
    levers: Mapping[str, float]
    """Lever → setting."""

    def __init__(self, name: str, **levers: float) -> None:
        unknown = [lever for lever in levers if lever not in LEVERS]
        if unknown:
            raise ModelError(f"scenario {name!r} has no lever {', '.join(unknown)}; levers are {', '.join(LEVERS)}")
        for lever, value in levers.items():
            LEVERS[lever].check(lever, value)
        object.__setattr__(self, "name", str(name))
        object.__setattr__(self, "levers", MappingProxyType(dict(levers)))

    def __repr__(self) -> str:
        return f"Scenario({', '.join([repr(self.name), *(f'{k}={v}' for k, v in self.levers.items())])})"

    def __hash__(self) -> int:
        return hash((self.name, tuple(sorted(self.levers.items()))))

    def __reduce__(self) -> tuple[Any, ...]:
        # A mapping proxy does not travel to other processes.
        return _again, (self.name, dict(self.levers))

    def apply(self, model: ResponseModel) -> ResponseModel:
        """Return `model` with these settings; levers that it cannot move are left alone."""
        settings: dict[str, Any] = {}
        for lever, value in self.levers.items():
            if immovable(model, lever, value):
                continue
            if lever == "flagged":
                before = flagged(model)
                settings["more_flags"] = model.more_flags + (1 - model.more_flags) * (value - before) / (1 - before)
            else:
                settings[lever] = value
        return replace(model, **settings)


def _again(name: str, settings: dict[str, float]) -> Scenario:
    return Scenario(name, **settings)


def levers() -> pd.DataFrame:
    """Return what a `Scenario` can change: lever, unit, what it moves, meaning."""
    return pd.DataFrame(
        {
            "lever": list(LEVERS),
            "unit": [lever.unit for lever in LEVERS.values()],
            "moves": [lever.moves for lever in LEVERS.values()],
            "meaning": [lever.meaning for lever in LEVERS.values()],
        }
    )


def immovable(model: ResponseModel, lever: str, value: float) -> str | None:
    """Return why `lever` has no effect on this model, or None where it has one."""
    kinds = model.types
    if lever in ("alert_latency", "alert_coverage") and all(kind.detect is None for kind in kinds):
        return "no effect: the export does not show detection (it needs started_at and detected_at)"
    if lever == "alert_coverage" and all(kind.alert is None for kind in kinds):
        return "no effect: the export does not say who noticed (it needs detected_by)"
    merged = all(kind.diagnose is None for kind in kinds)
    if lever == "automation" and model.stamps[0] == "started_at" and "detected_at" not in model.stamps:
        return "no effect: the export does not show where detection ends (it needs detected_at)"
    if lever in ("flagged", "rollback_minutes") and merged:
        return "no effect: the export does not show where diagnosis ends and the fix begins (it needs diagnosed_at)"
    if lever == "automation_success" and not automated(model):
        return "no effect on its own: no incident has a remediation rule; move automation too"
    if lever == "flagged":
        if not change_caused(model):
            return "no effect: the export does not say which incidents a change caused (it needs change_id)"
        if value <= flagged(model):
            return f"no effect: flags already end {flagged(model):.0%} of change-caused incidents"
    if lever == "rollback_minutes" and not any(path.name == "rollback" for kind in kinds for path in kind.paths):
        return "no effect: the export names no rollback (it needs fix_path)"
    if lever == "diagnosis_factor" and merged:
        return "no effect: the export does not show diagnosis (it needs diagnosed_at)"
    if lever == "verification_window" and all(kind.verify is None for kind in kinds):
        return "no effect: the export does not show verification (it needs resolved_at and verified_at)"
    if lever == "responders" and model.responders is None:
        return "no effect: nobody waits for a person in this model (fit it with responders=)"
    return None
