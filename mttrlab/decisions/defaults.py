"""The what-ifs that a review shows without being asked: settings that this model can move."""

from __future__ import annotations

from mttrlab.response.model import validation
from mttrlab.response.model.incident_types import IncidentType
from mttrlab.response.model.response_model import ResponseModel
from mttrlab.response.scenarios.applicability import immovable
from mttrlab.response.scenarios.levers import automated, flagged
from mttrlab.response.scenarios.scenario import Scenario

ALERT_MINUTES = 2.0
VERIFY_MINUTES = 5.0
ROLLBACK_MINUTES = 5.0
CHANGES_STOPPED = 0.25
_OFTEN = 6.0
"""Times a year that a named type must come back to count as predictable."""


def default_levers(model: ResponseModel) -> list[Scenario]:
    """Return the scenarios of the monthly review that this model can move.

    Alerts within two minutes, remediation rules on half of the predictable incidents (those of named types that come
    back at least six times a year; a quarter of all where no type is named), flags on half the changes, rollback and
    verification within five minutes, one in four of the changes that would fail stopped before users meet it, one more
    responder where people wait, and one incident in ten prevented.

    Parameters
    ----------
    model : ResponseModel

    Returns
    -------
    list of Scenario
    """
    validation.a("model", ResponseModel, model)
    wanted = [Scenario("Alerts within 2 minutes", alert_latency=ALERT_MINUTES)]
    half = round(0.5 * _predictable(model), 3)
    if half > automated(model):
        wanted.append(Scenario(f"Remediation rules for {half:.0%} of incidents", automation=half))
    if flagged(model) < 0.5:
        wanted.append(Scenario("Flags on half the changes", flagged=0.5))
    if any(_slow(kind) for kind in model.types):
        wanted.append(Scenario("Rollback within 5 minutes", rollback_minutes=ROLLBACK_MINUTES))
    if any(kind.verify and float(kind.verify.quantile(0.9)) > VERIFY_MINUTES for kind in model.types):
        wanted.append(Scenario("Verified within 5 minutes", verification_window=VERIFY_MINUTES))
    wanted.append(Scenario("One failing change in four stopped", changes_prevented=CHANGES_STOPPED))
    if model.responders is not None:
        wanted.append(Scenario("One more responder", responders=model.responders + 1))
    wanted.append(Scenario("One incident in ten prevented", prevention=0.1))
    return [
        scenario
        for scenario in wanted
        if not any(immovable(model, lever, value) for lever, value in scenario.levers.items())
    ]


def _predictable(model: ResponseModel) -> float:
    named = [kind for kind in model.types if kind.name]
    if not named:
        return 0.5
    back = [kind.per_day for kind in named if kind.per_day * 365 >= _OFTEN]
    return sum(back) / model.per_day


def _slow(kind: IncidentType) -> bool:
    return any(path.name == "rollback" and float(path.law.quantile(0.9)) > ROLLBACK_MINUTES for path in kind.paths)
