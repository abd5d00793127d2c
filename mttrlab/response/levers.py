"""What can be changed about a response: settings that people really have, and what each moves."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import pandas as pd

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


def flagged(model: ResponseModel, only: tuple[str, ...] = ()) -> float:
    """Return the share of change-caused incidents (of `only` these types; empty: of all) that a flag fixes."""
    after_change = [
        kind.change_caused * weight if not only or kind.name in only else 0.0
        for kind, weight in zip(model.types, model.weights, strict=True)
    ]
    by_flag = [sum(p.share_changed for p in kind.paths if p.name == "flag") for kind in model.types]
    total = math.fsum(after_change)
    share = overall(by_flag, after_change) / total if total else 0.0
    return share + (1 - share) * model.more_flags


def runbooks(model: ResponseModel) -> float | None:
    """Return the share of incidents that a runbook answers; None: diagnosis is not made of hypotheses."""
    if not any(kind.hypotheses and kind.per_day for kind in model.types):
        return None
    tried = [(kind.per_day, kind.hypotheses.runbook) for kind in model.types if kind.hypotheses]
    return math.fsum(rate * share for rate, share in tried) / math.fsum(rate for rate, _ in tried)


def _whole(high: int) -> Callable[[str, Any], float]:
    return lambda name, value: checks.whole(name, value, 1, high)


def _of(element: str, attribute: str) -> Callable[[ResponseModel], float | None]:
    """Return what reads a setting of an element that a model may lack."""
    return lambda model: getattr(getattr(model, element), attribute, None)


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
    "automation_attempts": Lever(
        "times",
        "diagnosis and fix",
        "Attempts of a remediation rule before a person is paged (max_auto_attempts).",
        _whole(20),
        lambda model: model.automation_attempts,
        "attempts of a remediation rule",
    ),
    "automation_timeout": Lever(
        "minutes",
        "diagnosis and fix",
        "Minutes after which an attempt of a remediation rule has failed.",
        _minutes,
        lambda model: model.automation_timeout,
        "an attempt of a remediation rule is given up after minutes",
    ),
    "verify_pass": Lever(
        "share",
        "verification",
        "Chance that a fix holds; one that does not sends the incident back to diagnosis.",
        checks.share,
        lambda model: model.verify_pass,
        "chance that a fix holds",
    ),
    "noise_cut": Lever(
        "share",
        "waiting for a person",
        "Share of the pages that are no incident that are silenced.",
        checks.share,
        lambda model: model.noise_cut,
        "share of noise pages silenced",
    ),
    "runbooks": Lever(
        "share",
        "diagnosis",
        "Share of incidents that a runbook answers: the first hypothesis is then more often the right one.",
        checks.share,
        runbooks,
        "share of incidents that a runbook answers",
    ),
    "page_delivery": Lever(
        "minutes",
        "paging",
        "Minutes from detection until the first person's device rings.",
        _minutes,
        _of("paging", "delivery"),
        "minutes until a page rings",
    ),
    "ack_timeout": Lever(
        "minutes",
        "paging",
        "Minutes after which the next level of the escalation is called.",
        _minutes,
        _of("paging", "timeout"),
        "the next level is called after minutes",
    ),
    "night_startup": Lever(
        "minutes",
        "paging",
        "Minutes from the reaction to the start of work, at night.",
        _minutes,
        _of("paging", "startup"),
        "minutes to get going at night",
    ),
    "sample_every": Lever(
        "seconds",
        "verification",
        "Seconds between the samples that confirm health.",
        lambda name, value: checks.finite(name, value, 0.0, 86_400.0, open_low=True),
        _of("verification", "every_s"),
        "seconds between samples",
    ),
    "healthy_in_a_row": Lever(
        "times",
        "verification",
        "Healthy samples in a row that confirm health.",
        _whole(1000),
        _of("verification", "in_a_row"),
        "healthy samples in a row",
    ),
    "misrouted": Lever(
        "share",
        "hand-over",
        "Share of incidents that reach the wrong team first.",
        checks.share,
        _of("routing", "wrong"),
        "share of incidents that reach the wrong team first",
    ),
    "transfer_minutes": Lever(
        "minutes",
        "hand-over",
        "Minutes from one team to the other.",
        _minutes,
        _of("routing", "transfer"),
        "minutes from one team to the other",
    ),
    "lanes": Lever(
        "lanes",
        "fix",
        "Deployments that run at a time.",
        _whole(100_000),
        _of("pipeline", "lanes"),
        "deployments at a time",
    ),
}
"""Every lever by name."""
ELEMENT = {
    "page_delivery": ("paging", "delivery"),
    "ack_timeout": ("paging", "timeout"),
    "night_startup": ("paging", "startup"),
    "sample_every": ("verification", "every_s"),
    "healthy_in_a_row": ("verification", "in_a_row"),
    "misrouted": ("routing", "wrong"),
    "transfer_minutes": ("routing", "transfer"),
    "lanes": ("pipeline", "lanes"),
}
"""Levers that are settings of an element → the element and its setting."""


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
