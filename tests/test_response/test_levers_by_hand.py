"""Levers worked by hand: constants and chances in, one closed form out, through both engines."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mttrlab.decisions import compare_scenarios, keep_baseline
from mttrlab.errors import ModelError
from mttrlab.response import (
    Bursts,
    Deployments,
    DiagnosisAttempts,
    Distribution,
    FixPath,
    IncidentType,
    Noise,
    Paging,
    Pipeline,
    Pool,
    Ramp,
    Reopening,
    ResponseModel,
    Routing,
    Scenario,
    Shift,
    Verification,
    read_scenarios,
    simulate,
)
from mttrlab.response.engines import compiled
from mttrlab.response.experiment import runs as model_runs
from mttrlab.response.sampling import arrivals, service_times
from mttrlab.response.scenarios.levers import LEVERS

ENGINES = [
    "simpy",
    pytest.param("compiled", marks=pytest.mark.skipif(not compiled.numba_installed(), reason="no numba")),
]
KIND = IncidentType("a", 100.0, acknowledge=Distribution("constant", 3.0), diagnose=Distribution("constant", 5.0))
FIX = FixPath("rollback", Distribution("constant", 8.0), 1.0, 1.0)
FORWARD = FixPath("forward_fix", Distribution("constant", 30.0), 0.0, 0.0)


def run(model, engine="simpy", n=4000, **levers):
    changed = Scenario("x", **levers).apply(model)
    luck = model_runs.numbers_of_blocks(changed, days=n / model.per_day, block=0, wanted=1, seed=3)
    return model_runs.run_model(changed, luck, engine)


def share(hits, expected):
    assert np.mean(hits) == pytest.approx(expected, abs=4 * math.sqrt(expected * (1 - expected) / len(hits)))


def mean(values, expected):
    assert np.mean(values) == pytest.approx(expected, abs=4 * np.std(values) / math.sqrt(len(values)))


@pytest.mark.parametrize("engine", ENGINES)
def test_as_many_come_back_as_reopening_says(engine):
    model = ResponseModel((KIND,), reopening=Reopening(Distribution("constant", 60.0), right=0.9))
    ended = run(model, engine, reopen_right=0.3)
    share(ended.column("reopened") > 0, 0.3)
    assert set(ended.minutes("recovery")) == {8.0, 8.0 + 60.0 + 8.0}


@pytest.mark.parametrize("engine", ENGINES)
def test_wrong_fixes_that_pass_come_back_as_often_as_both_chances_say(engine):
    model = ResponseModel((KIND,), verify_pass=0.5, max_rounds=2, reopening=Reopening(Distribution("constant", 60.0)))
    # Wrong in the first round (1/2), passed (0.4), back (0.25).
    ended = run(model, engine, false_pass=0.4, reopen_wrong=0.25)
    share(ended.column("reopened") > 0, 0.5 * 0.4 * 0.25)


@pytest.mark.parametrize("engine", ENGINES)
def test_rounds_are_geometric_up_to_the_most(engine):
    model = ResponseModel((KIND,), verify_pass=0.5, max_rounds=9)
    minutes = run(model, engine, max_rounds=3, verify_pass=0.6).minutes("recovery")
    for rounds, chance in ((1, 0.6), (2, 0.4 * 0.6), (3, 0.4 * 0.4)):
        share(minutes == 3.0 + 5.0 * rounds, chance)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_fix_works_as_often_as_its_lever_says_in_every_round(engine):
    model = ResponseModel((replace(KIND, paths=(replace(FIX, success=0.2), FORWARD)),))
    minutes = run(model, engine, rollback_success=0.75).minutes("recovery")
    share(minutes == 16.0, 0.75)
    share(minutes == 46.0, 0.25)
    # Each of the two is cut by its own lever.
    cut = run(model, engine, rollback_success=0.75, rollback_minutes=2, forward_fix_minutes=20).minutes("recovery")
    assert set(cut) == {10.0, 30.0}


def test_a_flag_that_does_not_work_leaves_the_fix_that_would_have_come_without_it():
    kind = replace(KIND, paths=(FIX, FORWARD), change_caused=1.0)
    minutes = run(ResponseModel((kind,)), flagged=1.0, flag_success=0.8, flag_minutes=0.25).minutes("recovery")
    share(minutes == 8.25, 0.8)
    share(minutes == 16.25, 0.2)


def test_tries_are_geometric_in_the_chance_of_a_hit():
    tried = DiagnosisAttempts(0.1, Distribution("constant", 10.0), max_attempts=12)
    model = ResponseModel((replace(KIND, hypotheses=tried),))
    tries = (run(model, hypothesis_hit=0.5, try_minutes=2).minutes("recovery") - 3.0) / 2.0
    for k in (1, 2, 3):
        share(tries == k, 0.5**k)
    mean(tries, sum(0.5**k for k in range(12)))


def test_a_runbook_helps_the_first_try_and_what_is_new_halves_every_hit():
    tried = DiagnosisAttempts(0.4, Distribution("constant", 1.0), runbook=1.0, first_hit=0.8)
    model = ResponseModel((replace(KIND, hypotheses=tried),))
    share(run(model, first_hit=0.9).minutes("recovery") == 4.0, 0.9)
    share(run(model, novel=0.5).minutes("recovery") == 4.0, 0.5 * 0.8 + 0.5 * 0.2)


def test_a_new_runbook_is_worth_its_factor():
    minutes = run(ResponseModel((KIND,)), runbooks=0.4, runbook_factor=0.2).minutes("recovery")
    share(minutes == 4.0, 0.4)
    assert set(minutes) == {4.0, 8.0}


@pytest.mark.parametrize("engine", ENGINES)
def test_samples_pass_a_wrong_fix_as_often_as_the_last_one_of_them_may(engine):
    model = ResponseModel((KIND,), verify_pass=0.0, max_rounds=2, verification=Verification(window_s=0.0))
    ended = run(model, engine, sample_false_pass=0.3, samples_most=2)
    first = ended.column("round") == 0
    share(first, 1 - 0.7**2)


@pytest.mark.parametrize("engine", ENGINES)
def test_samples_of_a_flapping_service_are_as_many_as_runs_of_healthy_ones_need(engine):
    model = ResponseModel((KIND,), verification=Verification(window_s=0.0, every_s=60.0, in_a_row=2, max_samples=1000))
    samples = run(model, engine, sample_healthy=0.5).minutes("recovery") - 8.0 + 1.0
    mean(samples, (1 - 0.5**2) / (0.5 * 0.5**2))


def test_the_window_of_a_sample_empties_as_its_lever_says():
    model = ResponseModel((KIND,), verification=Verification(every_s=60.0, window_s=600.0, threshold=0.01))
    assert set(run(model, n=50).minutes("recovery")) == {18.0}
    assert set(run(model, n=50, sample_window=120).minutes("recovery")) == {10.0}
    assert set(run(model, n=50, sample_threshold=0.65).minutes("recovery")) == {12.0}


@pytest.mark.parametrize("engine", ENGINES)
def test_hand_overs_are_as_many_as_the_chance_to_be_passed_on_again_says(engine):
    routing = Routing(1.0, 0.1, Distribution("constant", 4.0), 1.0, max_transfers=4)
    model = ResponseModel((KIND,), routing=routing)
    hands = (run(model, engine, ping_pong=0.5, max_transfers=3, notice_factor=0.5).minutes("recovery") - 8.0) / 3.0
    for k, chance in ((1, 0.5), (2, 0.25), (3, 0.25)):
        share(hands == k, chance)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_run_and_a_harm_take_as_many_times_as_long(engine):
    kind = replace(KIND, paths=(FIX,), automation=1.0)
    model = ResponseModel(
        (kind,), automation_success=1.0, automation_attempts=1, automation_timeout=4.0,
        automation_run=Distribution("constant", 3.0), automation_harm=1.0, harm=Distribution("constant", 20.0),
    )  # fmt: skip
    assert set(run(model, engine, n=50, automation_run_factor=0.5).minutes("recovery")) == {1.5}
    # Twice as long is too late: given up after four minutes, and harm is done.
    late = run(model, engine, n=50, automation_run_factor=2, harm_factor=0.5).minutes("recovery")
    assert set(late) == {4.0 + 3.0 + 5.0 + 8.0 + 10.0}


@pytest.mark.parametrize("engine", ENGINES)
def test_those_called_later_react_as_many_times_as_late_and_all_are_called_as_often(engine):
    model = ResponseModel(
        (KIND,), paging=Paging(0.0, 2.0, (Distribution("constant", 10.0), Distribution("constant", 6.0)))
    )
    assert set(run(model, engine, n=50).minutes("recovery")) == {2.0 + 6.0 + 5.0}
    assert set(run(model, engine, n=50, backup_factor=0.25).minutes("recovery")) == {2.0 + 1.5 + 5.0}
    twice = run(model, engine, n=50, escalation_repeats=2).minutes("recovery")
    assert set(twice) == {3 * 2.0 + 6.0 + 5.0}


@pytest.mark.parametrize("engine", ENGINES)
def test_noise_dulls_and_takes_as_long_as_its_levers_say(engine):
    noise = Noise(10.0, Distribution("constant", 10.0), dulled=2.0)
    model = ResponseModel((replace(KIND, per_day=1.0),), responders=50, noise=noise)
    assert set(run(model, engine, n=50, dulled=3).minutes("recovery")) == {14.0}
    ended = run(model, engine, n=50, noise_factor=2)
    pages = ended.records.x["noise"] == 1
    assert set(ended.records.x["diagnose"][pages, 0]) == {20 * 60_000_000}


def test_a_deployment_is_as_long_as_its_lever_lets_it_be():
    kind = replace(KIND, paths=(FIX,))
    model = ResponseModel((kind,), pipeline=Pipeline(1000, Distribution("constant", 10.0)))
    assert set(run(model, n=50).minutes("recovery")) == {26.0}
    assert set(run(model, n=50, deployment_minutes=4).minutes("recovery")) == {20.0}


def test_people_report_no_later_than_their_lever_says():
    kind = replace(KIND, detect=Distribution("constant", 20.0), alert=Distribution("constant", 2.0), alert_coverage=0.5)
    minutes = run(ResponseModel((kind,)), report_minutes=7).minutes("recovery")
    share(minutes == 10.0, 0.5)
    assert set(minutes) == {10.0, 15.0}


def test_bursts_shrink_to_the_share_and_the_size_that_are_said():
    model = ResponseModel((KIND,), bursts=Bursts(0.5, 4.0, 10.0))
    luck = model_runs.numbers_of_blocks(model, days=400.0, block=0, wanted=1, seed=3)
    others = ~np.isnan(arrivals.triggering_draw(luck))

    def left(**levers):
        happens = service_times.sample_service_times(Scenario("x", **levers).apply(model), luck).happens == 1
        assert happens[~others].all()
        return happens[others]

    assert left().all()
    share(left(burst_size=1.0), 0.25)
    # Bursts stay whole, so that chance is in their number: 13,000 of them, four each.
    assert left(burst_share=0.2).mean() == pytest.approx(0.4, abs=0.03)
    assert left(burst_share=0.2, burst_size=1.0).mean() == pytest.approx(0.1, abs=0.02)


def test_growth_adds_incidents_and_leaves_those_that_there_are():
    model = ResponseModel((replace(KIND, per_day=3.0),))
    before = simulate(model, days=200, replications=20, seed=1)
    for factor in (0.5, 1.5, 3.2):
        after = simulate(model, days=200, replications=20, seed=1, scenario=Scenario("x", arrivals_factor=factor))
        assert len(after) / len(before) == pytest.approx(factor, abs=0.05)
        assert not after["incident_id"].duplicated().any()
        few, many = sorted((before, after), key=len)
        same = many[many["incident_id"].isin(few["incident_id"])].reset_index(drop=True)
        pd.testing.assert_frame_equal(same, few, check_like=True)
    # Beside a scenario that needs more incidents, every other one is as it is alone.
    scenarios = [Scenario(f"{factor}", arrivals_factor=factor) for factor in (1.5, 3.2)]
    alone = [compare_scenarios(model, [one], days=100, replications=10) for one in scenarios]
    both = compare_scenarios(model, scenarios, days=100, replications=10)
    for place, one in enumerate(alone, start=1):
        pd.testing.assert_series_equal(both.iloc[place], one.iloc[1], check_names=False)
    kept = keep_baseline(model, days=100, replications=10)
    for place, scenario in enumerate(scenarios, start=1):
        row = kept.against(scenario)
        assert {name: both.iloc[place][name] for name in row} == row
    assert kept.row()["incidents"] == both["incidents"].iloc[0]


@pytest.mark.parametrize("first", [0, 3, 50, 57])
def test_grown_incidents_of_a_replication_are_the_same_whatever_is_run_beside_it(whole, first):
    luck = model_runs.numbers_between(whole, (first, first + 2), days=20.0, seed=1, layers=2)
    wide = model_runs.numbers_between(whole, (0, 60), days=20.0, seed=1, layers=3)
    mine = (wide.replication >= first) & (wide.replication < first + 2) & (arrivals.extra_layer(wide) <= 2)
    assert len(luck) == mine.sum() > 50
    begins = wide.at
    np.testing.assert_array_equal(luck.at, begins[mine])
    np.testing.assert_array_equal(luck.key, wide.key[mine])
    np.testing.assert_array_equal(arrivals.extra_layer(luck), arrivals.extra_layer(wide)[mine])
    np.testing.assert_array_equal(arrivals.triggering_draw(luck), arrivals.triggering_draw(wide)[mine])
    for decision in ("type", "fix", "growth"):
        np.testing.assert_array_equal(luck.uniform(decision), wide.uniform(decision)[mine])


def test_growth_of_one_type_by_and_by_is_its_own():
    model = ResponseModel((replace(KIND, per_day=3.0), replace(KIND, name="b", per_day=3.0)))
    twice = Scenario("x", incident_types=["b"], ramp=Ramp(12.0), arrivals_factor=2)
    before, after = (simulate(model, days=365.25, replications=40, scenario=one) for one in (None, twice))
    counts = [made["incident_type"].value_counts() for made in (before, after)]
    assert counts[0]["a"] == counts[1]["a"]
    assert counts[1]["b"] / counts[0]["b"] == pytest.approx(1.5, abs=0.03)


def test_more_deployments_and_more_failing_ones_bring_more_incidents_of_changes_alone():
    kinds = (replace(KIND, per_day=4.0, change_caused=0.5),)
    model = ResponseModel(kinds, deployments=Deployments(20.0, Distribution("exponential", 10.0)))
    assert LEVERS["failing_changes"].now(model) == pytest.approx(0.1)
    for lever, value, factor in (
        ("deploys_factor", 2.0, 2.0),
        ("failing_changes", 0.3, 3.0),
        ("failing_changes", 0.05, 0.5),
    ):
        changed = Scenario("x", **{lever: value}).apply(model)
        luck = model_runs.numbers_between(model, (0, 20), days=100.0, seed=3, layers=arrivals.extra_layers(changed))
        before, after = (service_times.sample_service_times(one, luck) for one in (model, changed))
        caused = before.changed == 1
        assert (before.happens == after.happens)[~caused].all()
        assert after.happens[caused].sum() / before.happens[caused].sum() == pytest.approx(factor, abs=0.12)
    two = replace(model, types=(kinds[0], replace(kinds[0], name="b", per_day=8.0)))
    of_one = Scenario("x", incident_types=["b"], failing_changes=0.3).apply(two)
    assert of_one.overrides[0].settings == (("failing_factor", pytest.approx(1.5)),)


def test_too_much_growth_is_refused_in_a_sentence():
    model = ResponseModel((replace(KIND, change_caused=0.5),))
    with pytest.raises(ModelError, match="incidents would begin up to 100 times as often; 21 is the most"):
        simulate(model, days=1, scenario=Scenario("x", arrivals_factor=10, deploys_factor=10))


def test_settings_of_one_pool_leave_the_others_alone_and_are_checked():
    pools = (Pool("core", 1), Pool("edge", 0, (Shift(8, 16, 1),), end_of_shift="hands over"))
    model = ResponseModel((replace(KIND, per_day=1.0),), pools=pools)
    told = "scenarios:\n- {name: A, levers: {pool_people: 3, pool_preempts: 1}, pools: [core]}\n"
    changed = read_scenarios(told)[0].apply(model)
    assert changed.pools == (replace(pools[0], people=3, preemptive=True), pools[1])
    everywhere = Scenario("x", shift_people=4, pool_hands_over=0).apply(model)
    assert everywhere.pools == (pools[0], replace(pools[1], shifts=(Shift(8, 16, 4),), end_of_shift="finishes"))
    with pytest.raises(ModelError, match="has no pool typo; it has core, edge"):
        Scenario("x", pools=["typo"], pool_people=3).apply(model)
    with pytest.raises(ModelError, match="flagged is no setting of a pool; with pools= there are pool_people, "):
        Scenario("x", pools=["core"], flagged=0.5)
    with pytest.raises(ModelError, match="pool_people holds for all incidents from the first day"):
        Scenario("x", ramp=Ramp(), pool_people=3)
    with pytest.raises(ModelError, match="pool core has nobody at any hour"):
        Scenario("x", pools=["core"], pool_people=0).apply(model)


def test_a_lever_that_needs_another_works_beside_it_and_says_so_alone():
    model = ResponseModel((replace(KIND, paths=(FIX, FORWARD)),), automation_success=0.0)
    alone, beside = Scenario("x", automation_timeout=4), Scenario("x", automation_timeout=4, automation=1.0)
    assert alone.reasons(model)["automation_timeout"].endswith("move automation too")
    assert beside.reasons(model) == {}
    assert beside.apply(model).automation_timeout == 4
    with pytest.raises(ModelError, match="move automation too"):
        simulate(model, days=1, scenario=alone)


def test_a_lever_that_moves_nothing_of_the_types_that_are_named_says_so():
    kinds = (replace(KIND, paths=(FIX, FORWARD), change_caused=0.5), replace(KIND, name="b"))
    model = ResponseModel(kinds, deployments=Deployments(20.0, Distribution("exponential", 10.0)))
    for lever, why in (
        ("rollback_minutes", "names no rollback"),
        ("failing_changes", "which incidents a change caused"),
    ):
        assert Scenario("x", incident_types=["a"], **{lever: 0.1}).reasons(model) == {}
        said = Scenario("x", incident_types=["b"], **{lever: 0.1}).reasons(model)[lever]
        assert why in said
        assert said.endswith("(of b alone)")
        assert Scenario("x", incident_types=["b"], **{lever: 0.1}).apply(model) == model
