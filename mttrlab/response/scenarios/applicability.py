"""Why a lever would change nothing in a model: what its export or its settings do not show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

import pandas as pd

from mttrlab.response.model.detection import GAP, RULES
from mttrlab.response.model.incident_types import NAMED, longest, works
from mttrlab.response.model.responders import HANDS_OVER
from mttrlab.response.model.response_model import ResponseModel
from mttrlab.response.model.settings import field_types, part_of
from mttrlab.response.scenarios.levers import LEVERS, automated, burst_share, burst_size, change_caused, flagged
from mttrlab.schema import AlertRule

_ELEMENTS = {
    "paging": "has no paging (delivery, escalation)",
    "verification": "confirms health in one span, not by samples",
    "routing": "has no wrong team (routing)",
    "pipeline": "has no deployment queue (pipeline)",
    "watch": "knows no settings of alert rules and monitors (fit it with practices=)",
    "reopening": "has no incidents that come back (reopening)",
    "noise": "has no pages that are no incident (noise)",
    "bursts": "has no incidents that bring others (bursts)",
    "deployments": "knows no deployments (fit it with deployments=)",
    "pools": "has no named people by shift (pools)",
}
_NEEDS = {
    "notice_factor": "routing", "deployment_minutes": "pipeline", "noise_cut": "noise", "noise_factor": "noise",
    "backup_factor": "paging", "burst_share": "bursts", "burst_size": "bursts", "failing_changes": "deployments",
}  # fmt: skip
"""Levers whose field is no field of an element, and the element that they need."""
_NO_CHANGES = "no effect: the export does not say which incidents a change caused (it needs change_id)"
_PATHS = {named(path): path for path in NAMED for named in (longest, works)}


def reason_without_effect(model: ResponseModel, lever: str, value: float) -> str | None:
    """Return why `lever` has no effect on this model, or None where it has one."""
    if lever in ("changes_prevented", "deploys_factor", "failing_changes") and not change_caused(model):
        return _NO_CHANGES
    element, dot, _ = LEVERS[lever].field.partition(".")
    needed = element if dot else _NEEDS.get(lever)
    if needed and not getattr(model, needed):
        return f"no effect: this model {_ELEMENTS[needed]}"
    for why in (_arriving, _noticing, _reaching, _working, _fixing, _ending):
        reason = why(model, lever, value)
        if reason:
            return reason
    return None


def _arriving(model: ResponseModel, lever: str, value: float) -> str | None:
    if lever == "burst_share" and value >= (now := burst_share(model) or 0.0):
        return f"no effect: {now:.0%} of the first incidents bring others, and a lever only takes them away"
    if lever == "burst_size" and value >= (now := burst_size(model) or 0.0):
        return f"no effect: a burst brings {now:g} others already, and a lever only takes them away"
    return None


def _noticing(model: ResponseModel, lever: str, value: float) -> str | None:
    kinds = model.types
    if LEVERS[lever].field.startswith("watch."):
        return _unwatched(model, lever)
    if lever in ("alert_latency", "alert_coverage", "report_minutes") and all(kind.detect is None for kind in kinds):
        return "no effect: the export does not show detection (it needs started_at and detected_at)"
    if lever in ("alert_coverage", "report_minutes") and all(kind.alert is None for kind in kinds):
        return "no effect: the export does not say who noticed (it needs detected_by)"
    return None


def _unwatched(model: ResponseModel, lever: str) -> str | None:
    """Return why a setting of detectors has no effect on a model that knows them."""
    assert model.watch is not None
    faces = [face for kind in model.types for face in kind.profiles]
    if lever == "gaps_closed":
        found = any(face.watch == GAP for face in faces)
        return None if found else "no effect: no incident of the history fell into a coverage gap"
    watching = [
        one for face in faces if face.watch == RULES for one in model.watch.over(face.service, face.failure_mode)
    ]
    rule = lever not in ("monitor_interval", "confirmations")
    if any(isinstance(one, AlertRule) == rule for one in watching):
        return None
    what = "alert rule" if rule else "synthetic monitor"
    return f"no effect: no {what} watches any failure of the history"


def _reaching(model: ResponseModel, lever: str, value: float) -> str | None:
    unknown = all(kind.acknowledge is None for kind in model.types) and not (model.paging and model.paging.levels)
    if lever in ("acknowledge_factor", "backup_factor", "dulled") and unknown:
        return "no effect: the export does not show who reacted when (it needs acknowledged_at)"
    if lever == "backup_factor" and model.paging and model.paging.calls == 1:
        return "no effect on its own: nobody is called after the first one; move escalation_repeats too"
    if lever == "responders" and model.pools:
        return "no effect: people come from pools by shift in this model (move pool_people or shift_people)"
    if lever == "responders" and model.responders is None:
        return "no effect: nobody waits for a person in this model (fit it with responders=)"
    if lever in ("shift_people", "pool_hands_over", "handover_minutes") and not any(one.shifts for one in model.pools):
        return "no effect: no pool of this model has shifts"
    hands_over = any(one.shifts and one.end_of_shift == HANDS_OVER for one in model.pools)
    if lever == "handover_minutes" and not hands_over:
        return "no effect on its own: who works at the end of a shift finishes; move pool_hands_over too"
    return None


def _working(model: ResponseModel, lever: str, value: float) -> str | None:
    kinds = model.types
    if lever == "automation" and model.stamps[0] == "started_at" and "detected_at" not in model.stamps:
        return "no effect: the export does not show where detection ends (it needs detected_at)"
    if lever != "automation" and (lever.startswith("automation_") or lever == "harm_factor") and not automated(model):
        return "no effect on its own: no incident has a remediation rule; move automation too"
    if lever == "harm_factor" and not model.automation_harm:
        return "no effect on its own: no failed attempt does harm; move automation_harm too"
    if lever == "automation_harm" and not model.harm.mean:
        return "no effect: harm of a failed attempt takes no minutes in this model"
    if lever in ("diagnosis_factor", "runbooks", "runbook_factor") and _merged(model):
        return "no effect: the export does not show diagnosis (it needs diagnosed_at)"
    if lever == "runbook_factor" and all(kind.hypotheses for kind in kinds):
        return "no effect: diagnosis is hypotheses tried in turn in this model (move first_hit)"
    if lever == "runbook_factor" and model.runbooks is None:
        return "no effect on its own: no runbook is new; move runbooks too"
    tried = lever in ("first_hit", "hypothesis_hit", "novel", "try_minutes")
    if tried and not any(kind.hypotheses for kind in kinds):
        return "no effect: diagnosis has one law in this model, no hypotheses (move diagnosis_factor)"
    return None


def _fixing(model: ResponseModel, lever: str, value: float) -> str | None:
    path = _PATHS.get(lever)
    if (lever == "flagged" or path) and _merged(model):
        return "no effect: the export does not show where diagnosis ends and the fix begins (it needs diagnosed_at)"
    if lever == "flagged" and not change_caused(model):
        return _NO_CHANGES
    if lever == "flagged" and value <= flagged(model):
        return f"no effect: flags already end {flagged(model):.0%} of change-caused incidents"
    ways = [(kind, way) for kind in model.types for way in kind.paths if way.name == path]
    there = bool(ways)
    if path == "flag" and not there and not model.more_flags:
        return "no effect on its own: no flag ends an incident; move flagged too"
    if path and path != "flag" and not there:
        return f"no effect: the export names no {path.replace('_', ' ')} (it needs fix_path)"
    if there and path and lever == works(path) and all(kind.fallback(way) is None for kind, way in ways):
        return "no effect: no other fix comes after it where it does not work"
    return None


def _ending(model: ResponseModel, lever: str, value: float) -> str | None:
    if lever == "verification_window" and model.verification is not None:
        return "no effect: health is confirmed by samples in this model (move sample_every or healthy_in_a_row)"
    if lever == "verification_window" and all(kind.verify is None for kind in model.types):
        return "no effect: the export does not show verification (it needs resolved_at and verified_at)"
    if lever == "false_pass" and model.verification is not None:
        return "no effect: health is confirmed by samples in this model (move sample_false_pass)"
    hold = all(one >= 1 for one in _hold(model))
    if lever in ("false_pass", "sample_false_pass") and hold:
        return "no effect on its own: every fix holds; move verify_pass too"
    if lever == "reopen_wrong" and hold:
        return "no effect on its own: every fix holds; move verify_pass too"
    if lever == "max_rounds" and hold and model.reopening is None and _certain(model):
        return "no effect on its own: every fix holds at once; move verify_pass too"
    sampled = model.verification
    if lever in ("sample_window", "sample_threshold") and sampled is not None and sampled.error < sampled.threshold:
        return "no effect: the error rate before the fix counts as healthy already in this model"
    return None


def _hold(model: ResponseModel) -> list[float]:
    """Return every chance that a fix holds in this model, those of single types and services among them."""
    own = [value for one in model.overrides for field, value in one.settings if field == "verify_pass"]
    return [model.verify_pass, *(value for value in own if not isinstance(value, tuple))]


def _certain(model: ResponseModel) -> bool:
    return model.verification is None or model.verification.healthy >= 1


def _merged(model: ResponseModel) -> bool:
    return all(kind.diagnose is None and kind.hypotheses is None for kind in model.types)


def has_effect(model: ResponseModel, lever: str) -> bool:
    """Return whether some value of `lever` has an effect on this model."""
    return any(reason_without_effect(model, lever, end) is None for end in (LEVERS[lever].low, LEVERS[lever].high))


# Every setting of a model, and what moves it: its levers, or a sentence why people cannot.


_NAME = "It is a name, not a quantity."
_FAULT = "It is the fault's own: people meet it and do not choose it."
_MIX = "It is the mix that the world brings; prevention for single types or services moves a part of it."
_HOURS = "It moves when incidents begin, and a scenario meets the same incidents at the same moments."
_WHO = "It names who answers: change the model and compare the two."
_BOUND = "It is a bound of the simulation, which no practice sets."
_SHIFT = "It is an hour of a schedule: change the pool's shifts and compare the two models."

REASONS: dict[str, str] = {
    "ResponseModel.difficulty": _FAULT,
    "ResponseModel.profile": _HOURS,
    "ResponseModel.stamps": "It says what an export shows, not how an organisation works.",
    "ResponseModel.start": "It is the first day of the horizon; simulate(start=) says it.",
    "ResponseModel.overrides": "It holds what scenarios of single types, services or ramps have set.",
    "ResponseModel.sources": "It says where the parts of the model came from.",
    "ResponseModel.verdict": "It says how well the model stood its check.",
    "IncidentType.name": _NAME,
    "IncidentType.pool": _WHO,
    "FixPath.name": _NAME,
    "FixPath.share": "Which fix a fault needs that no change caused is the fault's own.",
    "IncidentProfile.share": _MIX,
    "IncidentProfile.service": _NAME,
    "IncidentProfile.team": _NAME,
    "IncidentProfile.severity": _NAME,
    "IncidentProfile.failure_mode": _NAME,
    "IncidentProfile.priority": "It is the rank of a severity; pool_preempts says what a higher one may do.",
    "IncidentProfile.pool": _WHO,
    "DiagnosisAttempts.max_attempts": _BOUND,
    "Verification.error": _FAULT,
    "Reopening.after": "When a fault comes back is the fault's own; reopen_wrong and reopen_right say how often.",
    "Bursts.within": "How close together incidents of one cause begin is the cause's own.",
    "Impact.shares": "How many users an incident hits moves no minute of it: it says how much a minute weighs.",
    "Impact.incident_type": _NAME,
    "Impact.severity": _NAME,
    "Shift.begin": _SHIFT,
    "Shift.end": _SHIFT,
    "Pool.name": _NAME,
    "Paging.night": "It is when people sleep.",
    "Routing.between": _WHO,
    "Noise.pool": _WHO,
    "Pipeline.paths": "It names the fixes that need a deployment; flagged takes changes out of their queue.",
    "DetectionSettings.detectors": "It holds rules and monitors, each with settings of its own that levers replace.",
    "DetectionSettings.seen": "A closed gap is seen as often as what is watched already; history says how often.",
    "Deployments.after": "How soon a change shows what it broke is the fault's own.",
    "Deployments.hours": _HOURS,
    "Deployments.weekends": _HOURS,
}
"""Settings without a lever, as `Class.field`, and why people cannot move them."""


def what_moves() -> pd.DataFrame:
    """Return every setting of a model with the levers that move it, or why it has none.

    Returns
    -------
    DataFrame
        `setting` as `Class.field`, in the order of the model; `levers`, their names; `why_none`, a sentence where
        there is none. What only a lever sets (`ResponseModel.alert_latency`) is in it too.

    Examples
    --------
    >>> table = what_moves().set_index("setting")
    >>> table.loc["Paging.timeout", "levers"], table.loc["ResponseModel.difficulty", "why_none"]
    ('ack_timeout', "It is the fault's own: people meet it and do not choose it.")
    """
    moved = moving()
    rows = [(name, ", ".join(moved.get(name, ())), REASONS.get(name, "")) for name in settings_of()]
    return pd.DataFrame(rows, columns=["setting", "levers", "why_none"]).astype("str")


def settings_of(kind: type = ResponseModel) -> Iterator[str]:
    """Yield every setting of a model and its parts as `Class.field`, a part's after those of what holds it."""
    parts = []
    for one in fields(kind):
        name = f"{kind.__name__}.{one.name}"
        part = None if name in REASONS else part_of(field_types(kind)[one.name])
        if part is None:
            yield name
        else:
            parts.append(part)
    for part in parts:
        yield from settings_of(part)


def moving() -> dict[str, list[str]]:
    """Return the levers of each setting that has any."""
    made: dict[str, list[str]] = {}
    for name, lever in LEVERS.items():
        element, dot, attribute = (lever.field or name).partition(".")
        part, field = part_of(field_types(ResponseModel)[element]) if dot else None, attribute or element
        holder = part or ResponseModel
        own = () if part_of(field_types(holder)[field]) else (f"{holder.__name__}.{field}",)
        for setting in (*own, *lever.settings):
            made.setdefault(setting, []).append(name)
    return made
