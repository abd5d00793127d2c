"""Why a lever would change nothing in a model: what its export or its settings do not show."""

from __future__ import annotations

from mttrlab.response.lever_now import automated, change_caused, flagged
from mttrlab.response.levers import LEVERS
from mttrlab.response.model import ResponseModel
from mttrlab.response.watching import GAP, RULES
from mttrlab.schema import AlertRule

_ELEMENTS = {
    "paging": "has no paging (delivery, escalation)",
    "verification": "confirms health in one span, not by samples",
    "routing": "has no wrong team (routing)",
    "pipeline": "has no deployment queue (pipeline)",
    "watch": "knows no settings of alert rules and monitors (fit it with practices=)",
}
_PATHS = {f"{name}_minutes": name for name in ("rollback", "failover", "scale", "config", "forward_fix", "migration")}


def immovable(model: ResponseModel, lever: str, value: float) -> str | None:
    """Return why `lever` has no effect on this model, or None where it has one."""
    kinds = model.types
    element, dot, _ = LEVERS[lever].field.partition(".")
    if dot and getattr(model, element) is None:
        return f"no effect: this model {_ELEMENTS[element]}"
    if element == "watch":
        return _unwatched(model, lever)
    if lever == "noise_cut" and model.noise is None:
        return "no effect: this model has no pages that are no incident (noise)"
    if lever in ("automation_attempts", "automation_timeout", "automation_harm") and not automated(model):
        return "no effect on its own: no incident has a remediation rule; move automation too"
    if lever in ("alert_latency", "alert_coverage") and all(kind.detect is None for kind in kinds):
        return "no effect: the export does not show detection (it needs started_at and detected_at)"
    if lever == "alert_coverage" and all(kind.alert is None for kind in kinds):
        return "no effect: the export does not say who noticed (it needs detected_by)"
    merged = all(kind.diagnose is None and kind.hypotheses is None for kind in kinds)
    if lever == "automation" and model.stamps[0] == "started_at" and "detected_at" not in model.stamps:
        return "no effect: the export does not show where detection ends (it needs detected_at)"
    if (lever == "flagged" or lever in _PATHS) and merged:
        return "no effect: the export does not show where diagnosis ends and the fix begins (it needs diagnosed_at)"
    if lever == "automation_success" and not automated(model):
        return "no effect on its own: no incident has a remediation rule; move automation too"
    if lever in ("flagged", "changes_prevented") and not change_caused(model):
        return "no effect: the export does not say which incidents a change caused (it needs change_id)"
    if lever == "flagged" and value <= flagged(model):
        return f"no effect: flags already end {flagged(model):.0%} of change-caused incidents"
    if lever in _PATHS and not any(path.name == _PATHS[lever] for kind in kinds for path in kind.paths):
        return f"no effect: the export names no {_PATHS[lever].replace('_', ' ')} (it needs fix_path)"
    unknown = all(kind.acknowledge is None for kind in kinds) and not (model.paging and model.paging.levels)
    if lever == "acknowledge_factor" and unknown:
        return "no effect: the export does not show who reacted when (it needs acknowledged_at)"
    if lever in ("diagnosis_factor", "runbooks") and merged:
        return "no effect: the export does not show diagnosis (it needs diagnosed_at)"
    if lever == "verification_window" and model.verification is not None:
        return "no effect: health is confirmed by samples in this model (move sample_every or healthy_in_a_row)"
    if lever == "verification_window" and all(kind.verify is None for kind in kinds):
        return "no effect: the export does not show verification (it needs resolved_at and verified_at)"
    if lever == "responders" and model.pools:
        return "no effect: people come from pools by shift in this model (change its pools)"
    if lever == "responders" and model.responders is None:
        return "no effect: nobody waits for a person in this model (fit it with responders=)"
    return None


def _unwatched(model: ResponseModel, lever: str) -> str | None:
    """Return why a setting of detectors has no effect on a model that knows them."""
    assert model.watch is not None
    faces = [face for kind in model.types for face in kind.faces]
    if lever == "gaps_closed":
        found = any(face.watch == GAP for face in faces)
        return None if found else "no effect: no incident of the history fell into a coverage gap"
    rule = lever not in ("monitor_interval", "confirmations")
    watching = (
        one for face in faces if face.watch == RULES for one in model.watch.over(face.service, face.failure_mode)
    )
    if any(isinstance(one, AlertRule) == rule for one in watching):
        return None
    what = "alert rule" if rule else "synthetic monitor"
    return f"no effect: no {what} watches any failure of the history"
