"""What levers do, and what they must not do."""

from __future__ import annotations

import math
import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mttrlab.errors import ModelError
from mttrlab.response import Distribution, FixPath, IncidentProfile, IncidentType, ResponseModel, Scenario, simulate
from mttrlab.response.experiment import runs as model_runs
from mttrlab.response.model.shares import raise_shares, weighted_share
from mttrlab.response.scenarios.applicability import reason_without_effect
from mttrlab.response.scenarios.levers import automated, coverage, flagged

ALONE = ["alert_latency", "alert_coverage", "flagged", "rollback_minutes", "diagnosis_factor", "verification_window"]
FASTER = {
    "alert_latency": 2.0,
    "alert_coverage": 0.95,
    "flagged": 0.7,
    "rollback_minutes": 3.0,
    "diagnosis_factor": 0.6,
    "verification_window": 2.0,
}


@pytest.fixture(scope="module")
def alone(rich):
    """The rich organisation with nobody ever waiting for a person."""
    return replace(rich, responders=None)


def ended(model, luck):
    return model_runs.run_model(model, luck).minutes("recovery")


@settings(max_examples=15)
@given(first=st.floats(0, 60), second=st.floats(0, 60))
def test_the_faster_of_two_alert_latencies_is_never_slower(first, second):
    kind = IncidentType(
        "a", 5.0, detect=Distribution("lognormal", 2.0, 1.0), diagnose=Distribution("lognormal", 3.0, 1.0)
    )
    model = ResponseModel((kind,))
    luck = model_runs.numbers_of_blocks(model, days=30, block=0, wanted=1, seed=1)
    low, high = (ended(Scenario("x", alert_latency=v).apply(model), luck) for v in sorted((first, second)))
    assert (low <= high).all()


@pytest.mark.parametrize("responders", [None, 1])
def test_identical_scenarios_differ_by_exactly_zero(rich, responders):
    model = replace(rich, responders=responders)
    luck = model_runs.numbers_of_blocks(model, days=365, block=0, wanted=10, seed=3)
    again = Scenario("again", diagnosis_factor=1.0, prevention=0.0).apply(model)
    np.testing.assert_array_equal(ended(model, luck), ended(again, luck))


@pytest.mark.parametrize("lever", [*ALONE, "automation", "automation_success", "prevention"])
def test_running_only_what_changed_gives_what_running_all_gives(alone, lever):
    value = FASTER.get(lever, 0.3)
    luck = model_runs.numbers_of_blocks(alone, days=365, block=0, wanted=10, seed=4)
    other = Scenario("x", **{lever: value}).apply(alone)
    whole = model_runs.run_model(other, luck)
    part = model_runs.rerun(other, luck, alone, model_runs.run_model(alone, luck))
    np.testing.assert_array_equal(whole.ends, part.ends)


def test_scaling_all_times_scales_every_incident():
    def model(k):
        kind = IncidentType(
            "a",
            1.0 / k,
            detect=Distribution("lognormal", 1.0, 1.0).scaled(k),
            diagnose=Distribution("gamma", 1.5, 20.0).scaled(k),
            paths=(FixPath("other", Distribution("weibull", 0.8, 30.0).scaled(k), 1.0, 1.0),),
            verify=Distribution("exponential", 4.0).scaled(k),
            automation=0.3,
        )
        return ResponseModel(
            (kind,),
            responders=1,
            automation_run=Distribution("constant", k),
            automation_timeout=float(k),
            verify_pass=0.8,
        )

    one, three = (
        ended(model(k), model_runs.numbers_of_blocks(model(k), days=2000 * k, block=0, wanted=1, seed=2))
        for k in (1, 3)
    )
    # Rounding to microseconds may move a stamp by one.
    np.testing.assert_allclose(three, 3 * one, atol=1e-5)


def test_prevention_takes_its_share_of_the_incidents_and_leaves_the_others(alone):
    before = simulate(alone, replications=20, seed=1)
    after = simulate(alone, replications=20, seed=1, scenario=Scenario("fewer", prevention=0.25))
    assert set(after["incident_id"]) < set(before["incident_id"])
    gone = 1 - len(after) / len(before)
    assert gone == pytest.approx(0.25, abs=4 * math.sqrt(0.1875 / len(before)))
    same = before.set_index("incident_id").loc[after["incident_id"], "verified_at"]
    assert (same.to_numpy() == after["verified_at"].to_numpy())[after["verified_at"].notna()].all()


@pytest.mark.parametrize(("lever", "value"), [("automation", 0.5), ("alert_coverage", 0.9), ("flagged", 0.6)])
def test_a_share_is_met_over_all_incidents(alone, lever, value):
    model = Scenario("x", **{lever: value}).apply(alone)
    luck = model_runs.numbers_of_blocks(model, days=3650, block=0, wanted=4, seed=3)
    run = model_runs.run_model(model, luck)
    if lever == "automation":
        tried = run.column("attempt") > 0
        assert automated(model) == value
    elif lever == "alert_coverage":
        tried = run.records.covered == 1
        assert coverage(model) == value
    else:
        assert flagged(model) == pytest.approx(value)
        person = (run.column("automated") == 0) & (run.records.changed == 1) & (run.column("round") == 0)
        tried = (run.path() == run.paths.index("flag"))[person]
    assert tried.mean() == pytest.approx(value, abs=5 * math.sqrt(value * (1 - value) / len(tried)) + 0.005)


@given(
    shares=st.lists(st.floats(0, 1), min_size=1, max_size=6),
    target=st.floats(0, 1),
    data=st.data(),
)
def test_lifted_shares_meet_the_target_and_none_falls_when_it_rises(shares, target, data):
    raw = data.draw(st.lists(st.floats(0.1, 1), min_size=len(shares), max_size=len(shares)))
    weights = [w / sum(raw) for w in raw]
    after = raise_shares(shares, weights, target)
    assert weighted_share(after, weights) == pytest.approx(target, abs=1e-9)
    assert all(0 <= s <= 1 for s in after)
    if target >= weighted_share(shares, weights):
        assert all(b >= a - 1e-12 for a, b in zip(shares, after, strict=True))


def test_an_unknown_lever_is_refused_with_the_list():
    wanted = (
        r"no lever alert_latancy; the nearest are alert_latency, .* levers\(\), or mttrlab simulate --levers, lists"
    )
    with pytest.raises(ModelError, match=wanted):
        Scenario("x", alert_latancy=0.7)


@pytest.mark.parametrize(
    ("lever", "value"),
    [
        ("alert_latency", -1),
        ("automation", 1.5),
        ("flagged", True),
        ("responders", 1.5),
        ("diagnosis_factor", math.nan),
    ],
)
def test_a_setting_that_cannot_be_is_refused(lever, value):
    with pytest.raises(ModelError, match=lever):
        Scenario("x", **{lever: value})


def test_a_lever_that_the_export_cannot_show_says_which_field_would():
    bare = ResponseModel((IncidentType("a", 1.0, paths=(FixPath("other", Distribution("constant", 9.0), 1.0, 1.0),)),))
    for lever, value, field in [
        ("alert_latency", 2, "started_at and detected_at"),
        ("diagnosis_factor", 0.5, "diagnosed_at"),
        ("verification_window", 5, "verified_at"),
        ("flagged", 0.5, "diagnosed_at"),
        ("rollback_minutes", 5, "diagnosed_at"),
        ("responders", 2, "responders="),
    ]:
        reason = reason_without_effect(bare, lever, value)
        assert reason.startswith("no effect")
        assert field in reason
        with pytest.raises(ModelError, match="no effect"):
            simulate(bare, scenario=Scenario("x", **{lever: value}))


MORE = {
    "automation_attempts": 3, "automation_timeout": 3.0, "verify_pass": 0.95, "noise_cut": 0.5, "runbooks": 0.9,
    "automation_harm": 0.0, "acknowledge_factor": 0.5, "forward_fix_minutes": 10.0,
    "page_delivery": 0.1, "ack_timeout": 2.0, "night_startup": 0.0, "sample_every": 10.0, "healthy_in_a_row": 1,
    "misrouted": 0.05, "transfer_minutes": 1.0, "lanes": 3,
}  # fmt: skip


def test_settings_of_elements_that_a_model_lacks_have_no_effect_and_say_why(four_phases):
    for lever, value in MORE.items():
        if lever not in ("verify_pass", "runbooks"):
            assert reason_without_effect(four_phases, lever, value).startswith("no effect")


def test_a_scenario_for_one_type_leaves_the_others_alone(alone):
    luck = model_runs.numbers_of_blocks(alone, days=365, block=0, wanted=20, seed=3)
    only = Scenario("x", incident_types=["capacity"], diagnosis_factor=0.5, automation=1.0)
    before, after = model_runs.run_model(alone, luck), model_runs.run_model(only.apply(alone), luck)
    capacity = before.records.type == 1
    np.testing.assert_array_equal(before.ends[~capacity], after.ends[~capacity])
    assert (after.column("attempt")[capacity] > 0).all()
    assert after.minutes("recovery")[capacity].mean() < before.minutes("recovery")[capacity].mean()


def test_a_scenario_for_one_service_hits_its_incidents_alone(alone):
    faces = (IncidentProfile(0.4, service="checkout"), IncidentProfile(0.6, service="search"))
    model = replace(alone, types=tuple(replace(kind, profiles=faces) for kind in alone.types))
    luck = model_runs.numbers_of_blocks(model, days=365, block=0, wanted=20, seed=3)
    fewer = Scenario("x", services=["checkout"], prevention=1.0).apply(model)
    run = model_runs.run_model(fewer, luck)
    np.testing.assert_array_equal(run.records.happens == 0, run.records.face == 0)


def test_a_scenario_for_a_type_that_is_not_there_names_those_that_are(alone):
    with pytest.raises(ModelError, match="the model has no incident type typo; it has deploy, capacity"):
        Scenario("x", incident_types=["typo"], prevention=0.1).apply(alone)
    with pytest.raises(ModelError, match="responders holds for all incidents"):
        Scenario("x", incident_types=["deploy"], responders=2)


def test_scenarios_are_values():
    one = Scenario("x", automation=0.5)
    assert one == Scenario("x", automation=0.5) != Scenario("x", automation=0.6)
    assert pickle.loads(pickle.dumps(one)) == one
    assert {one: 1}[Scenario("x", automation=0.5)] == 1
