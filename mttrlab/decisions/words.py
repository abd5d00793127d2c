"""What a scenario changes, and what must be said beside its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from mttrlab.response.calibration.priors import seen_words
from mttrlab.response.model.response_model import ResponseModel
from mttrlab.response.scenarios.investment import Estimate, Investment
from mttrlab.response.scenarios.levers import LEVERS
from mttrlab.response.scenarios.scenario import Scenario


def what(model: ResponseModel, scenario: Scenario) -> str:
    """Return the settings that a scenario changes, from and to."""
    ranges = scenario.ranges if isinstance(scenario, Investment) else {}
    parts = scenario.parts
    said = [_part(model, part, ranges) for part in parts]
    if scenario.ramp is not None:
        said = [words if part.ramp else f"{words}, from the first day" for words, part in zip(said, parts, strict=True)]
    return "; and ".join(said)


def _part(model: ResponseModel, scenario: Scenario, ranges: Mapping[str, Estimate]) -> str:
    said = []
    for lever, value in scenario.levers.items():
        now = LEVERS[lever].now(_seen(model, scenario))
        between = f" ({_shown(lever, (ranges[lever].low, ranges[lever].high))})" if lever in ranges else ""
        said.append(f"{LEVERS[lever].words}: {_shown(lever, now)} → {_shown(lever, value)}{between}")
    only = ", ".join((*scenario.incident_types, *scenario.services, *scenario.pools))
    words = ("; ".join(said) or "as it is") + (f" (of {only} alone)" if only else "")
    if scenario.ramp is None:
        return words
    ramp = scenario.ramp
    late = f" from month {ramp.delay:g} on" if ramp.delay else ""
    lost = f", {ramp.decay:.0%} of it lost in each month after" if ramp.decay else ""
    return f"{words}; reaching {ramp.adoption:.0%} of them within {ramp.months:g} months{late}{lost}"


def _seen(model: ResponseModel, scenario: Scenario) -> Any:
    """Return what the settings in force are read from: of the pools that a scenario names, these alone."""
    if not scenario.pools:
        return model
    return SimpleNamespace(pools=[pool for pool in model.pools if pool.name in scenario.pools])


def _shown(lever: str, value: Any) -> str:
    if value is None:
        return "no limit" if LEVERS[lever].unit == "minutes" else "none"
    if LEVERS[lever].unit == "0 or 1" and not isinstance(value, tuple):
        return "yes" if value else "no"
    unit = {"minutes": " min", "seconds": " s"}.get(LEVERS[lever].unit, "")
    if isinstance(value, tuple):
        if LEVERS[lever].unit == "share":
            return f"{value[0]:.0%} to {value[1]:.0%}"
        return f"{value[0]:g} to {value[1]:g}{unit}"
    return f"{value:.0%}" if LEVERS[lever].unit == "share" else f"{value:g}{unit}"


def note(model: ResponseModel, scenario: Scenario) -> str:
    """Return why a lever had no effect, and what was borrowed."""
    reasons = scenario.reasons(model)
    moved = {lever: value for part in scenario.parts for lever, value in part.levers.items()}
    said = [f"{lever}: {why}" if len(moved) > 1 else why for lever, why in reasons.items()]
    borrowed = {note.element for note in model.sources if note.source == "prior"}
    if moved.get("automation", 0) > 0:
        said.append(
            f"borrowed, not from the export: an attempt works {model.automation_success:.0%} of the time, "
            f"{model.automation_attempts} attempt{'s' if model.automation_attempts > 1 else ''} at most"
        )
    if "runbooks" in moved and any(kind.hypotheses is None for kind in model.types):
        said.append(
            f"borrowed, not from the export: a new runbook makes diagnosis {model.runbook_factor:.2g} times as long"
        )
    if "alert_latency" in moved and "alert coverage" in borrowed and not said:
        said.append(f"borrowed, not from the export: of the incidents that do not say who noticed, {seen_words()}")
    if "flagged" in moved and not any(p.name == "flag" for kind in model.types for p in kind.paths) and not said:
        said.append(f"borrowed, not from the export: a flag takes {model.flag.mean:g} minutes")
    return "; ".join(said)
