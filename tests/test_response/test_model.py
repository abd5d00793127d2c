"""A model is checked before the first event."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from mttrlab.decisions import compare_scenarios
from mttrlab.errors import ModelError
from mttrlab.response import (
    Distribution,
    FixPath,
    IncidentProfile,
    IncidentType,
    Ramp,
    ResponseModel,
    Scenario,
    Verification,
    simulate,
)
from mttrlab.response.experiment.utilization import refuse_unstable_queue, utilizations


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("responders", True, "responders must be a whole number"),
        ("responders", 1.5, "responders must be a whole number"),
        ("responders", 0, "responders must be a whole number from 1"),
        ("automation_attempts", 1000, "automation_attempts must be a whole number from 1 to 20"),
        ("automation_success", 1.2, "automation_success must be from 0 to 1"),
        ("automation_timeout", math.inf, "automation_timeout must be from 0 to .*; got inf"),
        ("verify_pass", False, "verify_pass must be a number"),
        ("verify_pass", math.nan, "verify_pass must be"),
        ("max_rounds", 0, "max_rounds must be"),
        ("difficulty", 1.0, "difficulty must be"),
        ("profile", (1.0, 2.0), "profile needs 168 numbers"),
        ("stamps", ("closed_at",), "stamps must be some of"),
        ("prevention", -0.1, "prevention must be"),
        ("types", (), "at least one incident type"),
    ],
)
def test_settings_that_cannot_be_are_refused(four_phases, field, value, words):
    with pytest.raises(ModelError, match=words):
        replace(four_phases, **{field: value})


def test_shares_of_paths_and_faces_add_up_to_one():
    path = FixPath("other", Distribution("constant", 1.0), 0.9, 1.0)
    with pytest.raises(ModelError, match=r"shares of paths of a must add up to 1; they add up to 0\.9"):
        ResponseModel((IncidentType("a", 1.0, paths=(path,)),))
    with pytest.raises(ModelError, match="shares of profiles of a"):
        ResponseModel((IncidentType("a", 1.0, profiles=(IncidentProfile(0.5),)),))


def test_a_model_without_arrivals_is_refused():
    with pytest.raises(ModelError, match="every type has per_day 0"):
        ResponseModel((IncidentType("a", 0.0),))


def test_a_model_is_frozen(four_phases):
    with pytest.raises(FrozenInstanceError):
        four_phases.responders = 3


def test_whole_numbers_of_numpy_count_as_whole(four_phases):
    assert replace(four_phases, responders=np.int64(2)).responders == 2


def test_a_queue_that_grows_for_ever_is_named_not_run():
    kind = IncidentType("a", 20.0, diagnose=Distribution("constant", 100.0))
    with pytest.raises(ModelError, match=r"1 responder\(s\) would be busy 139% of the time"):
        simulate(ResponseModel((kind,), responders=1))


def test_a_verification_that_always_fails_ends_after_the_last_round():
    kind = IncidentType("a", 1.0, diagnose=Distribution("constant", 10.0), verify=Distribution("constant", 1.0))
    made = simulate(ResponseModel((kind,), verify_pass=0.0, max_rounds=4), days=30, seed=1)
    closed = made[made["verified_at_verdict"] == "recorded"]
    assert len(closed) > 10
    assert set((closed["verified_at"] - closed["started_at"]).dt.total_seconds() / 60) == {44.0}


def automated_and_rare(busy):
    """One responder, `busy` of the time if automation did nothing; most incidents have a rule that mostly works."""
    often = IncidentType("often", 10.0, diagnose=Distribution("constant", busy * 144.0), automation=0.8)
    rare = IncidentType("rare", 0.1, diagnose=Distribution("constant", 10.0))
    return ResponseModel((often, rare), responders=1, automation_success=0.9)


def test_more_automation_is_not_refused_for_the_queue_that_it_shortens():
    model = automated_and_rare(1.2)
    made = compare_scenarios(model, [Scenario("more", automation=0.9)], days=50, replications=10)
    assert made["saving"].iloc[1] > 0
    (_, _, before), (_, _, after) = (
        utilizations(model)[0],
        utilizations(Scenario("more", automation=0.9).apply(model))[0],
    )
    assert after < before < 0.3


@pytest.mark.parametrize(
    ("how", "named"),
    [
        ({"incident_types": ["often"], "diagnosis_factor": 10.0}, True),
        ({"incident_types": ["often"], "automation_success": 0.0}, True),
        ({"incident_types": ["rare"], "diagnosis_factor": 10.0}, False),
        ({"ramp": Ramp(6), "diagnosis_factor": 10.0}, True),
        ({"ramp": Ramp(6, adoption=0.1), "diagnosis_factor": 10.0}, False),
    ],
)
def test_a_queue_that_a_change_of_some_incidents_lets_grow_for_ever_is_named(how, named):
    changed = Scenario("x", **how).apply(automated_and_rare(1.2))
    if named:
        with pytest.raises(ModelError, match="the queue grows for ever"):
            refuse_unstable_queue(changed)
    else:
        refuse_unstable_queue(changed)


def test_no_sample_is_below_a_threshold_of_nought_and_one_at_the_threshold_is_not_healthy():
    with pytest.raises(ModelError, match="threshold of verification must be above 0"):
        Verification(threshold=0.0)
    # A tenth times seven tenths is a little less than 0.07 in floats.
    assert Verification(error=0.1, threshold=0.07, window_s=100.0).first_healthy_s == 60.0
    assert Verification(error=0.07, threshold=0.07).first_healthy_s == 30.0
