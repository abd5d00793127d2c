"""Settings of single types or services, and changes that arrive by and by: every setting, in both engines alike."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from mttrlab.decisions import compare_scenarios
from mttrlab.errors import ModelError
from mttrlab.response import Ramp, Scenario
from mttrlab.response.engines import compiled, simpy_engine
from mttrlab.response.engines.transition import COUNTED, STAMPED
from mttrlab.response.experiment import runs as model_runs
from mttrlab.response.sampling.overrides import MAX_OWN_PARAMETERS
from mttrlab.response.sampling.parameters import parameter_sets, pools
from mttrlab.response.sampling.service_times import sample_service_times

OWN = {"verify_pass": 1.0, "automation_attempts": 1, "ack_timeout": 1.0, "sample_every": 300.0}


@pytest.mark.skipif(not compiled.numba_installed(), reason="numba is not installed (the extra 'fast')")
def test_engines_agree_where_every_incident_has_settings_of_its_own(everything):
    model = everything
    for place, lever in enumerate(["verify_pass", "automation_attempts", "ack_timeout", "sample_every"]):
        only = {"incident_types": ["capacity"]} if place % 2 else {"ramp": Ramp(2.0, adoption=0.7, decay=0.1)}
        model = Scenario(lever, **only, **{lever: OWN[lever]}).apply(model)
    records = sample_service_times(model, model_runs.numbers_of_blocks(model, days=120, block=0, wanted=20, seed=5))
    given = records.x, parameter_sets(model), records.bounds, pools(model)
    assert len(given[1]) == 16
    assert len(np.unique(records.x["parameter_set"])) == 8
    reference, compared = simpy_engine.run_simpy(*given), compiled.run_compiled(*given)
    assert [name for name in (*STAMPED, *COUNTED) if (reference[name] != compared[name]).any()] == []


def test_a_change_arrives_in_a_straight_line_stays_and_fades():
    ramp = Ramp(months=6, delay=2, adoption=0.8, decay=0.5)
    assert ramp.fraction_reached(np.array([0, 2, 5, 8, 9, 10.0])).tolist() == pytest.approx([0, 0, 0.4, 0.8, 0.4, 0.2])
    assert Ramp(months=0).fraction_reached(np.array([0.0, 9.0])).tolist() == [1.0, 1.0]
    assert Ramp().fraction_reached(np.array([0.0])).tolist() == [0.0]


def test_before_it_begins_a_change_moves_nothing_and_in_the_end_everything(four_phases):
    luck = model_runs.numbers_of_blocks(four_phases, days=720, block=0, wanted=20, seed=3)
    late = Scenario("late", ramp=Ramp(months=6, delay=6), diagnosis_factor=0.5).apply(four_phases)
    at_once = Scenario("at once", diagnosis_factor=0.5).apply(four_phases)
    before, after, full = (model_runs.run_model(m, luck).minutes("recovery") for m in (four_phases, late, at_once))
    month = luck.at / 86_400_000_000 / 30.4375
    assert (before == after)[month < 6].all()
    assert (after == full)[month > 12].all()
    middle = (month > 8.5) & (month < 9.5)
    assert (after != before)[middle].mean() == pytest.approx(0.5, abs=0.1)


def test_whom_a_change_reaches_is_luck_of_its_own_and_does_not_depend_on_the_setting(four_phases):
    luck = model_runs.numbers_of_blocks(four_phases, days=365, block=0, wanted=20, seed=3)
    before = model_runs.run_model(four_phases, luck).minutes("recovery")

    def reached(name, factor):
        changed = Scenario(name, ramp=Ramp(0, adoption=0.5), diagnosis_factor=factor).apply(four_phases)
        return model_runs.run_model(changed, luck).minutes("recovery") != before

    assert (reached("a", 0.5) == reached("a", 0.2)).all()
    assert (reached("a", 0.5) != reached("b", 0.5)).any()


def test_a_share_of_all_incidents_lowers_no_type_while_it_arrives(rich):
    luck = model_runs.numbers_of_blocks(rich, days=365, block=0, wanted=40, seed=3)
    made = sample_service_times(Scenario("x", ramp=Ramp(0), automation=0.3).apply(rich), luck)
    assert made.rule[made.type == 1].mean() == pytest.approx(0.4, abs=0.03)
    assert made.rule.mean() == pytest.approx(0.3, abs=0.02)


def test_a_ramp_over_the_year_saves_half_of_the_whole(four_phases):
    slow = Scenario("ramp", ramp=Ramp(months=12), diagnosis_factor=0.5)
    table = compare_scenarios(four_phases, [slow, Scenario("at once", diagnosis_factor=0.5)], days=365.25, seed=7)
    saved = table["minutes_saved_per_year"]
    assert saved[1] / saved[2] == pytest.approx(0.5, abs=0.02)
    assert "reaching 100% of them within 12 months" in table["what"][1]


def test_what_holds_for_all_has_no_ramp_and_too_many_groups_are_refused(everything):
    with pytest.raises(ModelError, match="lanes holds for all incidents"):
        Scenario("x", ramp=Ramp(), lanes=2)
    with pytest.raises(ModelError, match="ramp must be a Ramp"):
        Scenario("x", ramp=6, diagnosis_factor=0.5)
    with pytest.raises(ModelError, match="adoption of a ramp must be from 0 to 1; got 2"):
        Ramp(adoption=2)
    model = everything
    for place in range(MAX_OWN_PARAMETERS + 1):
        model = Scenario(f"s{place}", incident_types=["deploy"], verify_pass=0.9).apply(model)
    with pytest.raises(ModelError, match="11 groups of incidents"):
        parameter_sets(model)


def test_a_scenario_with_a_ramp_is_a_value():
    one = Scenario("x", ramp=Ramp(3), diagnosis_factor=0.5)
    assert pickle.loads(pickle.dumps(one)) == one
    assert hash(one) == hash(Scenario("x", ramp=Ramp(3), diagnosis_factor=0.5))
    assert "ramp=Ramp(months=3" in repr(one)
