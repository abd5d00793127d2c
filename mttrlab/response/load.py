"""How busy people are, and the refusal of queues that grow for ever."""

from __future__ import annotations

import numpy as np

from mttrlab.errors import ModelError
from mttrlab.response.incident_type import IncidentType
from mttrlab.response.model import ResponseModel
from mttrlab.response.parameters import automation, rounds


def refuse_endless_queue(model: ResponseModel) -> None:
    """Refuse a model in which people of a pool, or lanes of the pipeline, get more work than there are hours."""
    for name, people, busy in loads(model):
        if not busy < people:
            raise ModelError(
                f"{people:g} {name} would be busy {busy / people:.0%} of the time, so the queue grows for ever; "
                f"give the model more {name.removesuffix('(s)')}s, or none to leave waiting out"
            )


def loads(model: ResponseModel) -> list[tuple[str, float, float]]:
    """Return, per pool without limited room, its name, people (mean over the week) and how many would be at work.

    An upper bound: nobody waits, and the last round counts as often as verification fails.
    """
    made = []
    turns = [_turns(model, place) for place in range(len(model.types))]
    work = [_work(model, place) * turns[place] for place in range(len(model.types))]
    for p, pool in enumerate(model.people):
        mine = [_share_of(kind, pool.name, p == 0) for kind in model.types]
        rows = zip(model.types, mine, work, strict=True)
        minutes = sum(_rate(model, kind) * share * own for kind, share, own in rows if share)
        if model.noise and (model.noise.pool == pool.name or (model.noise.pool is None and p == 0)):
            minutes += model.noise.per_day * (1 - model.noise_cut) * model.noise.work.mean
        if pool.room is None:
            made.append(("responder(s)" if not model.pools else f"{pool.name}(s)", pool.mean_people, minutes / 1440.0))
    if model.pipeline:
        pairs = zip(model.types, turns, strict=True)
        through = sum(_rate(model, kind) * _deployed(model, kind) * again for kind, again in pairs)
        minutes = through * model.pipeline.minutes.mean
        made.append(("deployment lane(s)", float(model.pipeline.lanes), minutes / 1440.0))
    return made


def _setting(model: ResponseModel, place: int, name: str, value: float) -> float:
    """Return a setting of a type's incidents on average, every ramp fully there; a change that fades is none."""
    kind = model.types[place]
    for one in model.special:
        if one.incident_types and kind.name not in one.incident_types:
            continue
        reached = one.ramp.adoption * (one.ramp.decay == 0) if one.ramp else 1.0
        reached *= sum(face.share for face in kind.faces if not one.services or face.service in one.services)
        for field, own in one.settings:
            if field == name:
                value += reached * ((own[place] if isinstance(own, tuple) else own) - value)
    return value


def _turns(model: ResponseModel, place: int) -> float:
    """Return the rounds of an incident of this type on average, the last counted as often as verification fails."""
    # A wrong fix costs another round, whether its verification finds it or it reopens; a right one only if it reopens.
    right = model.reopening.right if model.reopening else 0.0
    holds = _setting(model, place, "verify_pass", model.verify_pass)
    again = (1 - holds) + holds * right
    return sum(min(again, 1.0) ** r for r in range(rounds(model)))


def _rate(model: ResponseModel, kind: IncidentType) -> float:
    """Return a type's incidents a day, less those that are prevented."""
    return kind.per_day * (1 - model.prevention) * (1 - kind.change_caused * model.changes_prevented)


def _share_of(kind: IncidentType, pool: str, first: bool) -> float:
    """Return the share of a type's incidents that a pool works on."""
    named = ((face.pool or kind.pool, face.share) for face in kind.faces)
    return sum(share for name, share in named if name == pool or (name is None and first))


def _work(model: ResponseModel, place: int) -> float:
    """Return a person's mean minutes on one round of an incident of this type."""
    kind = model.types[place]
    fix = sum(path.law.mean * _share(kind, path.share, path.share_changed) for path in kind.paths)
    diagnose = kind.hypotheses.mean if kind.hypotheses else kind.diagnose.mean if kind.diagnose else 0.0
    diagnose *= _setting(model, place, "diagnosis_factor", model.diagnosis_factor)
    verify = min(kind.verify.mean, model.verification_window) if kind.verify else 0.0
    if model.verification:
        verify = model.verification.mean_minutes
    caught = _setting(model, place, "automation", automation(model)[place]) * _caught(model, place)
    wrong = _setting(model, place, "routing.wrong", model.routing.wrong) if model.routing else 0.0
    passed_on = wrong * model.routing.notice.mean if model.routing else 0.0
    deploy = model.pipeline.minutes.mean * _deployed(model, kind) if model.pipeline else 0.0
    return (1 - caught) * (diagnose + fix + verify + passed_on + deploy)


def _share(kind: IncidentType, plain: float, changed: float) -> float:
    return (1 - kind.change_caused) * plain + kind.change_caused * changed


def _deployed(model: ResponseModel, kind: IncidentType) -> float:
    through = model.pipeline.paths if model.pipeline else ()
    return sum(_share(kind, path.share, path.share_changed) for path in kind.paths if path.name in through)


def _caught(model: ResponseModel, place: int) -> float:
    run = model.automation_run
    in_time = float(np.mean(run.quantile((np.arange(1000) + 0.5) / 1000) <= model.automation_timeout))
    works = _setting(model, place, "automation_success", model.automation_success)
    return float(1 - (1 - works * in_time) ** model.automation_attempts)
