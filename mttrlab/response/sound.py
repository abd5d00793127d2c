"""A model is checked before the first event: one sentence for what cannot be."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mttrlab.errors import ModelError
from mttrlab.response import checks
from mttrlab.response.laws import LONGEST
from mttrlab.schema import STAMPS

if TYPE_CHECKING:
    from mttrlab.response.incident_type import IncidentType
    from mttrlab.response.model import ResponseModel


def check(model: ResponseModel) -> None:
    """Refuse a model that cannot be simulated as described."""
    if not model.types:
        raise ModelError("a model needs at least one incident type")
    for kind in model.types:
        _check_type(kind)
    if model.per_day <= 0:
        raise ModelError("a model needs arrivals; every type has per_day 0")
    if model.responders is not None:
        checks.whole("responders", model.responders, 1, 100_000)
    checks.share("automation_success", model.automation_success)
    checks.finite("automation_timeout", model.automation_timeout)
    checks.number("automation_timeout", model.automation_timeout, 0.0, LONGEST)
    checks.whole("automation_attempts", model.automation_attempts, 1, 20)
    checks.share("automation_harm", model.automation_harm)
    checks.share("verify_pass", model.verify_pass)
    checks.share("false_pass", model.false_pass)
    _check_people(model)
    _check_deployments(model)
    _check_users(model)
    checks.whole("max_rounds", model.max_rounds, 1, 20)
    checks.number("difficulty", model.difficulty, 0.0, 0.99)
    if len(model.profile) not in (0, 168):
        raise ModelError(f"profile needs 168 numbers, one for each hour of the week; got {len(model.profile)}")
    for hour in model.profile:
        checks.finite("profile", hour)
    if model.profile and math.fsum(model.profile) <= 0:
        raise ModelError("profile must have at least one hour above 0")
    unknown = [name for name in model.stamps if name not in STAMPS]
    if unknown or not model.stamps:
        raise ModelError(f"stamps must be some of {', '.join(STAMPS)}; got {', '.join(unknown) or 'none'}")
    checks.finite("runbook_factor", model.runbook_factor, 0.0, 100.0, open_low=True)
    model.check()


def _check_users(model: ResponseModel) -> None:
    names = [kind.name for kind in model.types]
    entries = [(one.incident_type, one.severity) for one in model.users]
    for name, severity in entries:
        if name is not None and name not in names:
            known = ", ".join(map(str, names))
            raise ModelError(f"users of the type {name}: the model has no such type; it has {known}")
        if entries.count((name, severity)) > 1:
            raise ModelError(f"users of the type {name or 'any'} and severity {severity or 'any'} stand there twice")


def _check_deployments(model: ResponseModel) -> None:
    if model.deployments and not any(kind.change_caused for kind in model.types):
        raise ModelError("deployments bring the incidents that a change caused, and no type has change_caused above 0")


def _check_people(model: ResponseModel) -> None:
    names = [pool.name for pool in model.pools]
    if len(set(names)) < len(names):
        raise ModelError(f"pools need names of their own; got {', '.join(names)}")
    if names and model.responders is not None:
        raise ModelError("a model has pools or responders, not both")
    for kind in model.types:
        for name in (kind.pool, *(face.pool for face in kind.faces)):
            if name is not None and name not in names:
                raise ModelError(
                    f"{kind.name or 'a type'} is worked on by pool {name}; pools are {', '.join(names) or 'none'}"
                )
    if model.noise and model.noise.pool is not None and model.noise.pool not in names:
        raise ModelError(f"noise is answered by pool {model.noise.pool}; pools are {', '.join(names) or 'none'}")
    between = model.routing.between if model.routing else None
    for name in between or ():
        if name not in names:
            raise ModelError(f"routing passes incidents to pool {name}; pools are {', '.join(names) or 'none'}")
    if model.noise and not model.people:
        raise ModelError("noise takes people's minutes, and nobody waits for a person in this model; say responders=")


def _check_type(kind: IncidentType) -> None:
    name = kind.name or "an incident type without a name"
    checks.finite(f"per_day of {name}", kind.per_day, 0.0, 1e6)
    for field in ("alert_coverage", "automation", "change_caused", "runbook"):
        checks.share(f"{field} of {name}", getattr(kind, field))
    for path in kind.paths:
        checks.share(f"share of {path.name} in {name}", path.share)
        checks.share(f"share_changed of {path.name} in {name}", path.share_changed)
        checks.share(f"success of {path.name} in {name}", path.success)
    for face in kind.faces:
        checks.share(f"share of a face of {name}", face.share)
        checks.whole(f"priority of {name}", face.priority, 0, 1000)
        if face.seen is not None:
            checks.share(f"seen of a face of {name}", face.seen)
        if face.watch not in ("", "rules", "gap"):
            raise ModelError(f"watch of a face of {name} must be 'rules', 'gap' or empty; got {face.watch!r}")
    sums = {"faces": [f.share for f in kind.faces]}
    if kind.paths:
        sums |= {"paths": [p.share for p in kind.paths], "paths (changed)": [p.share_changed for p in kind.paths]}
    for what, shares in sums.items():
        if not np.isclose(math.fsum(shares), 1.0, atol=1e-9):
            raise ModelError(f"shares of {what} of {name} must add up to 1; they add up to {math.fsum(shares):g}")
