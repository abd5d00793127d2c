"""The what-ifs that a review shows unasked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mttrlab.decisions import compare_scenarios, default_levers
from mttrlab.response import Distribution, FixPath, IncidentType, ResponseModel

PATHS = (
    FixPath("rollback", Distribution("lognormal", 2.0, 0.6), 0.2, 0.8),
    FixPath("forward_fix", Distribution("lognormal", 3.5, 0.9), 0.8, 0.2),
)
FULL = IncidentType(
    "deploy",
    per_day=0.5,
    detect=Distribution("lognormal", 2.0, 0.8),
    diagnose=Distribution("lognormal", 3.4, 1.0),
    paths=PATHS,
    verify=Distribution("lognormal", 2.0, 0.5),
    change_caused=0.6,
)


def settings(model):
    return {lever: value for scenario in default_levers(model) for lever, value in scenario.levers.items()}


def test_a_full_export_gets_every_lever():
    assert settings(ResponseModel((FULL,), responders=2)) == {
        "alert_latency": 2.0,
        "automation": 0.5,
        "flagged": 0.5,
        "rollback_minutes": 5.0,
        "verification_window": 5.0,
        "changes_prevented": 0.25,
        "responders": 3,
        "prevention": 0.1,
    }


def test_a_bare_export_gets_what_it_can_move_alone():
    bare = IncidentType(None, per_day=0.5, paths=(FixPath("other", Distribution("lognormal", 4.0, 1.0), 1.0, 1.0),))
    model = ResponseModel((bare,), stamps=("detected_at", "resolved_at"))
    assert settings(model) == {"automation": 0.25, "prevention": 0.1}


def test_what_is_already_reached_is_not_proposed():
    quick = replace(FULL, verify=Distribution("constant", 2.0), automation=0.9)
    assert not {"verification_window", "automation"} & set(settings(ResponseModel((quick,))))


def test_types_that_hardly_come_back_are_not_predictable():
    rare = replace(FULL, name="rare", per_day=1 / 365)
    model = ResponseModel((replace(FULL, per_day=3 / 365), rare))
    assert "automation" not in settings(model)


@pytest.mark.parametrize("responders", [None, 2])
def test_every_default_lever_saves_something(responders):
    model = ResponseModel((FULL,), responders=responders)
    made = compare_scenarios(model, default_levers(model), replications=20)
    assert (made["saving"].iloc[1:] > 0).all()
    assert not made["note"].str.startswith("no effect").any()
