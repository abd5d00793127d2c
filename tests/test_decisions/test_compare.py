"""Scenarios side by side, paired by luck."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mttrlab.decisions import compare_scenarios, keep_baseline
from mttrlab.errors import ModelError, QuestionError
from mttrlab.response import Distribution, FixPath, Impact, IncidentType, ResponseModel, Scenario, simulate
from mttrlab.response.engines import compiled

needs_numba = pytest.mark.skipif(not compiled.numba_installed(), reason="no numba")

COLUMNS = [
    "scenario", "measure", "incidents", "incidents_low", "incidents_high", "mean", "mean_low", "mean_high", "median",
    "median_low", "median_high", "p90", "p90_low", "p90_high", "saving", "saving_low", "saving_high",
    "minutes_saved_per_year", "minutes_saved_per_year_low", "minutes_saved_per_year_high", "replications", "seed",
    "checked", "what", "note",
]  # fmt: skip


def organisation(**changes):
    paths = (
        FixPath("rollback", Distribution("lognormal", 2.0, 0.6), 0.2, 0.8),
        FixPath("forward_fix", Distribution("lognormal", 3.5, 0.9), 0.8, 0.2),
    )
    kind = IncidentType(
        "deploy",
        per_day=0.5,
        detect=Distribution("lognormal", 2.0, 0.8),
        alert=Distribution("lognormal", 1.5, 0.6),
        diagnose=Distribution("lognormal", 3.4, 1.0),
        paths=paths,
        verify=Distribution("lognormal", 2.0, 0.5),
        alert_coverage=0.7,
        change_caused=0.6,
    )
    return replace(ResponseModel((kind,)), **changes)


@pytest.fixture(scope="module")
def table():
    return compare_scenarios(
        organisation(),
        [
            Scenario("Nothing"),
            Scenario("Half the diagnosis", diagnosis_factor=0.5),
            Scenario("Fewer", prevention=0.1),
            Scenario("More people", responders=3),
        ],
        replications=60,
        days=200,
        seed=3,
    ).set_index("scenario")


def test_the_first_row_is_the_baseline_and_every_what_if_says_whether_it_is_checked(table):
    whole = table.reset_index()
    assert whole.columns.tolist() == COLUMNS
    assert whole["scenario"].iloc[0] == "Baseline"
    assert set(whole["checked"]) == {"not yet checked against history; luck only"}
    assert set(whole["measure"]) == {"recovery"}


def test_the_baseline_is_what_simulate_gives(table):
    # A horizon's end cuts incidents off in the table of incidents, so all of them are compared on a quiet one.
    made = simulate(organisation(), replications=60, days=200, seed=3)
    assert table.loc["Baseline", "incidents"] == pytest.approx(len(made) / 60)
    minutes = (made["verified_at"] - made["started_at"]).dt.total_seconds() / 60
    assert table.loc["Baseline", "median"] == pytest.approx(minutes.median(), rel=0.01)


def test_an_identical_scenario_saves_exactly_nothing(table):
    row = table.loc["Nothing"]
    saved = [
        "saving",
        "saving_low",
        "saving_high",
        "minutes_saved_per_year",
        "minutes_saved_per_year_low",
        "minutes_saved_per_year_high",
    ]
    assert (row[saved] == 0).all()
    assert row["mean"] == table.loc["Baseline", "mean"]


def test_half_the_diagnosis_saves_half_its_mean(table):
    row, base = table.loc["Half the diagnosis"], table.loc["Baseline"]
    assert row["saving"] == pytest.approx(0.5 * Distribution("lognormal", 3.4, 1.0).mean, rel=0.05)
    assert row["saving"] == pytest.approx(base["mean"] - row["mean"], rel=1e-9)
    assert row["minutes_saved_per_year"] == pytest.approx(row["saving"] * base["incidents"] * 365 / 200, rel=1e-9)
    assert row["saving_low"] < row["saving"] < row["saving_high"]


def test_a_prevented_incident_saves_all_its_minutes(table):
    row, base = table.loc["Fewer"], table.loc["Baseline"]
    assert row["incidents"] == pytest.approx(0.9 * base["incidents"], rel=0.03)
    spent = base["mean"] * base["incidents"] - row["mean"] * row["incidents"]
    assert row["saving"] * base["incidents"] == pytest.approx(spent, rel=1e-9)


def test_a_lever_that_the_model_cannot_move_saves_nothing_and_says_why(table):
    row = table.loc["More people"]
    assert row["saving"] == 0
    assert row["note"] == "no effect: nobody waits for a person in this model (fit it with responders=)"


def test_settings_are_told_from_and_to(table):
    assert table.loc["Fewer", "what"] == "share of incidents that never happen: 0% → 10%"
    made = compare_scenarios(organisation(), [Scenario("x", alert_latency=2)], replications=1, days=10)
    assert made["what"].iloc[1].endswith("sees the fault: no limit → 2 min")


def test_the_numbers_are_the_same_for_any_number_of_processes():
    model = organisation(responders=1)
    scenarios = [Scenario("Two", responders=2), Scenario("Rules", automation=0.5)]
    one = compare_scenarios(model, scenarios, replications=110, days=60, seed=4)
    two = compare_scenarios(model, scenarios, replications=110, days=60, seed=4, n_jobs=2)
    pd.testing.assert_frame_equal(one, two)


def test_automation_saves_what_its_closed_form_says(shared):
    import json

    cases = json.loads((shared / "truth" / "known_truth.json").read_text())
    case = next(c for c in cases if c["id"] == "REM-p0.7-s1-t1-n2")
    kind = IncidentType("any", 20.0, diagnose=Distribution("exponential", case["inputs"]["human_mean_min"]))
    made = compare_scenarios(ResponseModel((kind,)), [Scenario("Rules for all", automation=1.0)], replications=4)
    n = made["incidents"].iloc[0] * 4
    expected = case["expected"]["mean"]
    assert made["mean"].iloc[1] == pytest.approx(expected, abs=4 * 13 / math.sqrt(n))
    assert made["saving"].iloc[1] == pytest.approx(30 - expected, abs=4 * 35 / math.sqrt(n))
    assert "borrowed, not from the export" in made["note"].iloc[1]


def test_a_second_responder_is_plain_when_paired():
    kind = IncidentType("any", 20 / 30, diagnose=Distribution("lognormal", 4.25, 1.25))
    made = compare_scenarios(ResponseModel((kind,), responders=1), [Scenario("Two", responders=2)], replications=50)
    assert 15 < made["saving"].iloc[1] < 45
    assert made["saving_low"].iloc[1] > 0


def test_the_clock_is_the_widest_that_the_model_shows_and_others_are_refused():
    model = organisation(stamps=("detected_at", "diagnosed_at", "resolved_at"))
    assert set(compare_scenarios(model, [], replications=1, days=30)["measure"]) == {"detected_to_resolved"}
    with pytest.raises(QuestionError, match="the model cannot show recovery; its export carries detected_to_resolved"):
        compare_scenarios(model, [], measure="recovery")
    with pytest.raises(QuestionError, match="measure must be one of"):
        compare_scenarios(model, [], measure="mttr")


def test_two_scenarios_of_one_name_are_refused():
    with pytest.raises(ModelError, match="scenarios need names of their own"):
        compare_scenarios(organisation(), [Scenario("a"), Scenario("a")])


def test_a_scenario_that_overloads_the_responders_is_refused_before_anything_runs():
    model = organisation(responders=1)
    with pytest.raises(ModelError, match="the queue grows for ever"):
        compare_scenarios(model, [Scenario("slow", diagnosis_factor=100.0)])


def test_horizons_without_incidents_are_empty_not_errors():
    made = compare_scenarios(organisation(), [Scenario("x", prevention=1.0)], replications=3, days=0.0001)
    assert made["incidents"].tolist() == [0.0, 0.0]
    assert np.isnan(made["mean"]).all()
    assert made["minutes_saved_per_year"].tolist() == [0.0, 0.0]


def test_every_number_has_a_band_that_holds_eight_of_ten_replications():
    model, faster = organisation(), Scenario("faster", diagnosis_factor=0.5)
    made = compare_scenarios(model, [faster], replications=150, days=90, seed=3)
    for row, scenario in enumerate((None, faster)):
        runs = simulate(model, replications=150, days=90, seed=3, scenario=scenario)
        minutes = (runs["verified_at"] - runs["started_at"]).dt.total_seconds() / 60
        # What would be verified after the horizon is pending in the table, and counts in the comparison.
        known = minutes.groupby(runs["replication"])
        each = {"median": known.median(), "p90": known.quantile(0.9), "incidents": runs.groupby("replication").size()}
        for name, of in each.items():
            band = made[[f"{name}_low", f"{name}_high"]].iloc[row].to_numpy()
            np.testing.assert_allclose(band, of.quantile([0.1, 0.9]), rtol=0.03)
            assert made[f"{name}_low"].iloc[row] < made[name].iloc[row] < made[f"{name}_high"].iloc[row]


def test_a_lever_for_one_type_is_moved_where_users_are_known_by_type():
    model = organisation()
    other = replace(model.types[0], name="database")
    hit = tuple(Impact((0.1, 0.4), incident_type=name) for name in ("deploy", "database"))
    known = replace(model, types=(*model.types, other), users=hit)
    one = Scenario("one", incident_types=["deploy"], diagnosis_factor=0.5)
    made = compare_scenarios(known, [one], replications=3, days=60)
    assert made["saving"].iloc[1] > 0
    assert made["saving"].equals(compare_scenarios(replace(known, users=()), [one], replications=3, days=60)["saving"])


@pytest.mark.parametrize("engine", ["simpy", pytest.param("compiled", marks=needs_numba)])
def test_minutes_saved_count_with_the_share_of_users_hit_by_hand(engine):
    # A type that hits all users saves 20 minutes an incident, another that hits a tenth of them 50.
    def kind(name, minutes):
        return IncidentType(name, 0.5, diagnose=Distribution("constant", minutes))

    users = (Impact((1.0,), "all"), Impact((0.1,), "few"))
    model = ResponseModel((kind("all", 40.0), kind("few", 100.0)), users=users)
    half = Scenario("half", diagnosis_factor=0.5)
    only = [Scenario(name, incident_types=[name], diagnosis_factor=0.5) for name in ("all", "few")]
    run = {"days": 365, "replications": 40, "seed": 3, "engine": engine}
    table = compare_scenarios(model, [half, *only], **run).set_index("scenario")
    whole, weighted = table["minutes_saved_per_year"], table["user_minutes_saved_per_year"]
    assert weighted["Baseline"] == 0
    assert weighted["all"] == pytest.approx(whole["all"])
    assert weighted["few"] == pytest.approx(whole["few"] / 10)
    assert weighted["half"] == pytest.approx(whole["all"] + whole["few"] / 10)
    assert (
        keep_baseline(model, **run).against(half)["user_minutes_saved_per_year_low"]
        == table["user_minutes_saved_per_year_low"]["half"]
    )
    nobody = compare_scenarios(ResponseModel((kind("all", 40.0),)), [half], **run)
    assert "user_minutes_saved_per_year" not in nobody


def test_a_further_incident_costs_its_users_their_minutes():
    model = ResponseModel((IncidentType("a", 1.0, diagnose=Distribution("constant", 60.0)),), users=(Impact((0.25,)),))
    row = compare_scenarios(model, [Scenario("growth", arrivals_factor=1.5)], days=365, replications=40, seed=3).iloc[1]
    assert row["user_minutes_saved_per_year"] == pytest.approx(row["minutes_saved_per_year"] / 4)
    assert row["user_minutes_saved_per_year"] < 0
