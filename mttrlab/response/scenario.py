"""The same organisation with some settings changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from mttrlab.errors import ModelError
from mttrlab.response.levers import ELEMENT, LEVERS, automated, change_caused, flagged, runbooks
from mttrlab.response.model import ResponseModel, Special

ALONE = {
    "alert_latency", "alert_coverage", "automation", "flagged", "rollback_minutes", "diagnosis_factor",
    "verification_window", "prevention",
}  # fmt: skip
"""Levers that can be moved for single incident types or services."""


@dataclass(frozen=True, init=False)
class Scenario:
    """The same organisation with some settings changed.

    Parameters
    ----------
    name : str
        What people call it.
    incident_types, services : sequence of str, optional
        Change the settings for incidents of these types and services alone; a share is then a share of these.
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
    incident_types: tuple[str, ...]
    """Empty: all."""
    services: tuple[str, ...]
    """Empty: all."""

    def __init__(
        self, name: str, *, incident_types: Sequence[str] = (), services: Sequence[str] = (), **levers: float
    ) -> None:
        unknown = [lever for lever in levers if lever not in LEVERS]
        if unknown:
            raise ModelError(f"scenario {name!r} has no lever {', '.join(unknown)}; levers are {', '.join(LEVERS)}")
        for lever, value in levers.items():
            LEVERS[lever].check(lever, value)
        only = [lever for lever in levers if lever not in ALONE] if incident_types or services else []
        if only:
            raise ModelError(
                f"scenario {name!r}: {', '.join(only)} holds for all incidents; "
                f"for single types or services there are {', '.join(sorted(ALONE))}"
            )
        object.__setattr__(self, "name", str(name))
        object.__setattr__(self, "levers", MappingProxyType(dict(levers)))
        object.__setattr__(self, "incident_types", _names("incident_types", incident_types))
        object.__setattr__(self, "services", _names("services", services))

    def __repr__(self) -> str:
        only = {k: list(getattr(self, k)) for k in ("incident_types", "services") if getattr(self, k)}
        return f"Scenario({', '.join([repr(self.name), *(f'{k}={v}' for k, v in {**only, **self.levers}.items())])})"

    def __hash__(self) -> int:
        return hash((self.name, tuple(sorted(self.levers.items())), self.incident_types, self.services))

    def __reduce__(self) -> tuple[Any, ...]:
        # A mapping proxy does not travel to other processes.
        return _again, (self.name, dict(self.levers), self.incident_types, self.services)

    def apply(self, model: ResponseModel) -> ResponseModel:
        """Return `model` with these settings; levers that it cannot move are left alone."""
        moved = {lever: value for lever, value in self.levers.items() if not immovable(model, lever, value)}
        if self.incident_types or self.services:
            self._insist_on_names(model)
            fields = dict(_field(model, lever, value, self.incident_types) for lever, value in moved.items())
            special = Special(tuple(fields.items()), self.incident_types, self.services)
            return replace(model, special=(*model.special, special)) if fields else model
        settings: dict[str, Any] = {}
        for lever, value in moved.items():
            if lever == "runbooks":
                settings["types"] = tuple(
                    replace(k, hypotheses=replace(k.hypotheses, runbook=value)) if k.hypotheses else k
                    for k in model.types
                )
            elif lever in ELEMENT:
                element, attribute = ELEMENT[lever]
                settings[element] = replace(settings.get(element, getattr(model, element)), **{attribute: value})
            else:
                field, own = _field(model, lever, value, ())
                settings[field] = own
        return replace(model, **settings)

    def insist(self, model: ResponseModel) -> None:
        """Refuse a lever that this model cannot move."""
        for lever, value in self.levers.items():
            reason = immovable(model, lever, value)
            if reason:
                raise ModelError(f"scenario {self.name!r} moves {lever}: {reason}")

    def _insist_on_names(self, model: ResponseModel) -> None:
        kinds = [str(kind.name) for kind in model.types]
        services = sorted({str(face.service) for kind in model.types for face in kind.faces})
        for what, wanted, known in (
            ("incident type", self.incident_types, kinds),
            ("service", self.services, services),
        ):
            missing = [name for name in wanted if name not in known]
            if missing:
                raise ModelError(
                    f"scenario {self.name!r}: the model has no {what} {', '.join(missing)}; it has {', '.join(known)}"
                )


def _names(what: str, names: Sequence[str]) -> tuple[str, ...]:
    if isinstance(names, str):
        raise ModelError(f"{what} must be a list of names; got {names!r}")
    return tuple(str(name) for name in names)


def _again(
    name: str, settings: dict[str, float], incident_types: tuple[str, ...], services: tuple[str, ...]
) -> Scenario:
    return Scenario(name, incident_types=incident_types, services=services, **settings)


def _field(model: ResponseModel, lever: str, value: float, only: tuple[str, ...]) -> tuple[str, float]:
    """Return the field of the model that a lever sets, and its value."""
    if lever != "flagged":
        return lever, value
    before = flagged(model, only)
    return "more_flags", model.more_flags + (1 - model.more_flags) * max(value - before, 0.0) / (1 - before)


_ELEMENTS = {
    "paging": "has no paging (delivery, escalation)",
    "verification": "confirms health in one span, not by samples",
    "routing": "has no wrong team (routing)",
    "pipeline": "has no deployment queue (pipeline)",
}


def immovable(model: ResponseModel, lever: str, value: float) -> str | None:
    """Return why `lever` has no effect on this model, or None where it has one."""
    kinds = model.types
    if lever in ELEMENT and getattr(model, ELEMENT[lever][0]) is None:
        return f"no effect: this model {_ELEMENTS[ELEMENT[lever][0]]}"
    if lever == "noise_cut" and model.noise is None:
        return "no effect: this model has no pages that are no incident (noise)"
    if lever == "runbooks" and runbooks(model) is None:
        return "no effect: diagnosis is not made of hypotheses in this model"
    if lever in ("automation_attempts", "automation_timeout") and not automated(model):
        return "no effect on its own: no incident has a remediation rule; move automation too"
    if lever in ("alert_latency", "alert_coverage") and all(kind.detect is None for kind in kinds):
        return "no effect: the export does not show detection (it needs started_at and detected_at)"
    if lever == "alert_coverage" and all(kind.alert is None for kind in kinds):
        return "no effect: the export does not say who noticed (it needs detected_by)"
    merged = all(kind.diagnose is None and kind.hypotheses is None for kind in kinds)
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
    if lever == "verification_window" and model.verification is not None:
        return "no effect: health is confirmed by samples in this model (move sample_every or healthy_in_a_row)"
    if lever == "verification_window" and all(kind.verify is None for kind in kinds):
        return "no effect: the export does not show verification (it needs resolved_at and verified_at)"
    if lever == "responders" and model.pools:
        return "no effect: people come from pools by shift in this model (change its pools)"
    if lever == "responders" and model.responders is None:
        return "no effect: nobody waits for a person in this model (fit it with responders=)"
    return None
