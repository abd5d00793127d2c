"""Planted truth comes back, and what an export cannot show is said."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from mttrlab.errors import ModelError, SchemaError
from mttrlab.response import ResponseModel, simulate


def note(model, element):
    rows = model.notes[model.notes["element"] == element]
    assert len(rows) == 1, model.notes
    return rows.iloc[0]


def blank(incidents, *stamps, verdict="missing"):
    changed = incidents.copy()
    for stamp in stamps:
        changed[stamp] = pd.NaT
        changed[f"{stamp}_verdict"] = verdict
    return changed


def test_planted_laws_and_rates_are_recovered(planted):
    model = ResponseModel.fit(planted)
    kinds = {kind.name: kind for kind in model.types}
    n = planted["incident_type"].value_counts()
    assert model.per_day * 730 == pytest.approx(800, rel=0.06)
    for name, median in (("deploy", 30), ("database", 60)):
        kind = kinds[name]
        planted_laws = [
            (kind.detect, 5, 1.0),
            (kind.diagnose, median, 1.0),
            (kind.paths[0].law, 15, 0.9),
            (kind.verify, 4, 0.5),
        ]
        for law, middle, spread in planted_laws:
            assert law.family == "lognormal"
            mu, sigma = law.parameters
            assert mu == pytest.approx(math.log(middle), abs=4 * spread / math.sqrt(n[name]))
            assert sigma == pytest.approx(spread, abs=4 * spread / math.sqrt(2 * n[name]))


def test_intervals_hold_the_planted_mean_at_about_their_rate(history):
    held = 0
    for seed in range(20):
        model = ResponseModel.fit(history(120, seed=seed), check=False)
        sentence = note(model, "detect")["sentence"]
        low, high = (float(x) for x in sentence.split("(95 % ")[1].split(")")[0].split(" to "))
        held += low <= 5.0 <= high
    # Of 20 intervals of 95 %, fewer than 16 would be seen in three of a thousand such studies.
    assert 16 <= held <= 20


def test_every_part_says_where_it_came_from(planted):
    model = ResponseModel.fit(planted)
    assert model.notes.columns.tolist() == ["element", "source", "n", "sentence"]
    assert set(model.notes["source"]) <= {"fitted", "prior", "left out", "check"}
    assert note(model, "acknowledge")["source"] == "left out"
    assert note(model, "automation")["source"] == "prior"
    assert "already holds it" in note(model, "waiting for a person")["sentence"]
    assert model.stamps == ("started_at", "detected_at", "diagnosed_at", "resolved_at", "verified_at")


def test_the_simulated_clock_is_near_the_history_it_was_fitted_to(planted):
    model = ResponseModel.fit(planted)
    real = (planted["verified_at"] - planted["started_at"]).dt.total_seconds() / 60
    made = simulate(model, replications=20)
    again = (made["verified_at"] - made["started_at"]).dt.total_seconds() / 60
    assert again.median() == pytest.approx(real.median(), rel=0.08)
    assert again.mean() == pytest.approx(real.mean(), rel=0.08)
    assert again.quantile(0.9) == pytest.approx(real.quantile(0.9), rel=0.1)
    assert "recovery" in note(model, "back-test")["sentence"]


def test_open_incidents_do_not_make_the_model_faster(history):
    incidents = history(1500, seed=4)
    cut = incidents["started_at"].iloc[-1] + pd.Timedelta(hours=12)
    # Every incident is seen 60 minutes after its diagnosis: the long fixes are still running.
    incidents["exported_at"] = np.minimum(incidents["diagnosed_at"] + pd.Timedelta(minutes=20), cut)
    late = incidents["resolved_at"] > incidents["exported_at"]
    for stamp in ("resolved_at", "verified_at"):
        gone = incidents[stamp] > incidents["exported_at"]
        incidents.loc[gone, stamp] = pd.NaT
        incidents.loc[gone, f"{stamp}_verdict"] = "pending"
    assert late.mean() > 0.3
    model = ResponseModel.fit(incidents)
    mu, _ = model.types[0].paths[0].law.parameters[:2]
    assert mu == pytest.approx(math.log(15), abs=0.12)
    assert f"{late.sum()} still running" in note(model, "fix")["sentence"]


def test_an_incident_never_closed_is_left_out_and_counted(planted):
    incidents = planted.copy()
    for stamp in ("diagnosed_at", "resolved_at", "verified_at"):
        incidents.loc[:2, stamp] = pd.NaT
        incidents.loc[:2, f"{stamp}_verdict"] = "pending"
    model = ResponseModel.fit(incidents)
    assert "3 open far longer than any that ended are left out" in note(model, "diagnose")["sentence"]


def test_without_onset_and_verification_the_model_holds_the_seeds_clock(planted):
    model = ResponseModel.fit(blank(planted, "started_at", "verified_at"))
    assert model.stamps == ("detected_at", "diagnosed_at", "resolved_at")
    assert note(model, "detect")["source"] == note(model, "verify")["source"] == "left out"
    made = simulate(model, replications=20)
    assert made["started_at"].isna().all()
    minutes = (made["resolved_at"] - made["detected_at"]).dt.total_seconds() / 60
    real = (planted["resolved_at"] - planted["detected_at"]).dt.total_seconds() / 60
    assert minutes.mean() == pytest.approx(real.mean(), rel=0.08)


def test_without_a_diagnosis_the_two_phases_are_one_span(planted):
    model = ResponseModel.fit(blank(planted, "diagnosed_at"))
    assert "diagnosed_at" not in model.stamps
    assert all(kind.diagnose is None for kind in model.types)
    assert "detected_at to resolved_at" in note(model, "fix")["sentence"]
    made = simulate(model, replications=20)
    assert set(made.loc[made["verified_at"].notna(), "diagnosed_at_verdict"]) == {"missing"}
    minutes = (made["verified_at"] - made["started_at"]).dt.total_seconds() / 60
    real = (planted["verified_at"] - planted["started_at"]).dt.total_seconds() / 60
    assert minutes.mean() == pytest.approx(real.mean(), rel=0.08)


def test_without_a_resolution_fix_and_verification_are_one_span(planted):
    model = ResponseModel.fit(blank(planted, "resolved_at"))
    assert model.stamps == ("started_at", "detected_at", "diagnosed_at", "verified_at")
    assert all(kind.verify is None for kind in model.types)
    assert "diagnosed_at to verified_at" in note(model, "fix")["sentence"]


def test_fixing_before_diagnosing_is_one_span_that_still_counts(history):
    incidents = history(1000, seed=9)
    first = np.arange(1000) % 4 == 0
    incidents.loc[first, "diagnosed_at"] = incidents.loc[first, "resolved_at"] + pd.Timedelta(minutes=30)
    model = ResponseModel.fit(incidents)
    assert "250 of 1000 incidents" in note(model, "diagnose and fix")["sentence"]
    made = simulate(model, replications=20)
    minutes = (made["resolved_at"] - made["detected_at"]).dt.total_seconds() / 60
    real = (incidents["resolved_at"] - incidents["detected_at"]).dt.total_seconds() / 60
    assert minutes.median() == pytest.approx(real.median(), rel=0.08)


def test_acknowledgement_splits_waiting_from_work(planted):
    incidents = planted.copy()
    incidents["acknowledged_at"] = incidents["detected_at"] + (incidents["diagnosed_at"] - incidents["detected_at"]) / 4
    incidents["acknowledged_at_verdict"] = "recorded"
    model = ResponseModel.fit(incidents)
    kinds = {kind.name: kind for kind in model.types}
    work = float(kinds["deploy"].diagnose.quantile(0.5))
    assert float(kinds["deploy"].acknowledge.quantile(0.5)) == pytest.approx(work / 3, rel=0.02)
    assert "acknowledgement holds it" in note(model, "waiting for a person")["sentence"]


def test_responders_are_modelled_only_when_asked_and_with_a_warning(planted):
    assert ResponseModel.fit(planted).responders is None
    model = ResponseModel.fit(planted, responders=2)
    assert model.responders == 2
    assert "counted twice" in note(model, "waiting for a person")["sentence"]


def test_who_noticed_gives_alerts_a_law_and_a_coverage(planted):
    incidents = planted.copy()
    quick = np.random.default_rng(1).random(len(incidents)) < 0.7
    incidents["detected_by"] = np.where(quick, "alert", "customer")
    early = incidents["started_at"] + (incidents["detected_at"] - incidents["started_at"]) / 4
    incidents["detected_at"] = incidents["detected_at"].where(~quick, early)
    model = ResponseModel.fit(incidents)
    for kind in model.types:
        assert kind.alert_coverage == pytest.approx(0.7, abs=0.06)
        assert float(kind.alert.quantile(0.5)) == pytest.approx(1.25, rel=0.25)
        assert float(kind.detect.quantile(0.5)) == pytest.approx(5, rel=0.3)


def test_unknown_alert_coverage_is_borrowed_and_marked(planted):
    model = ResponseModel.fit(planted)
    assert note(model, "alert coverage")["source"] == "prior"
    assert {kind.alert_coverage for kind in model.types} == {0.61}
    assert "every refit draws another share" in note(model, "alert coverage")["sentence"]


def test_fix_paths_have_shares_and_laws_of_their_own(planted):
    incidents = planted.copy()
    rolled = np.random.default_rng(1).random(len(incidents)) < 0.4
    incidents["fix_path"] = np.where(rolled, "rollback", "forward_fix")
    incidents["change_id"] = np.where(rolled, "c1", None)
    shorter = incidents["diagnosed_at"] + (incidents["resolved_at"] - incidents["diagnosed_at"]) / 3
    incidents["resolved_at"] = incidents["resolved_at"].where(~rolled, shorter)
    model = ResponseModel.fit(incidents)
    for kind in model.types:
        ways = {path.name: path for path in kind.paths}
        assert set(ways) == {"rollback", "forward_fix"}
        assert kind.change_caused == pytest.approx(0.4, abs=0.07)
        assert ways["rollback"].share_changed > 0.98
        assert ways["forward_fix"].share > 0.98
        assert float(ways["rollback"].law.quantile(0.5)) == pytest.approx(5, rel=0.25)


def test_automation_in_history_is_reproduced(planted):
    incidents = planted.copy()
    auto = np.random.default_rng(1).random(len(incidents)) < 0.3
    incidents["fix_path"] = np.where(auto, "automation", "forward_fix")
    incidents["diagnosed_at"] = incidents["diagnosed_at"].where(~auto)
    incidents["diagnosed_at_verdict"] = np.where(auto, "not_applicable", "recorded")
    ended = incidents["detected_at"] + pd.Timedelta(minutes=2)
    incidents["resolved_at"] = incidents["resolved_at"].where(~auto, ended)
    incidents["verified_at"] = incidents["verified_at"].where(~auto, ended + pd.Timedelta(minutes=4))
    model = ResponseModel.fit(incidents)
    made = simulate(model, replications=20)
    closed = made[made["verified_at"].notna()]
    assert (closed["fix_path"] == "automation").mean() == pytest.approx(auto.mean(), abs=0.03)
    assert note(model, "automation")["source"] == "fitted"
    assert "borrowed" in note(model, "automation")["sentence"]


def test_shared_difficulty_is_found(history):
    incidents = history(900, seed=3)
    hard = np.random.default_rng(8).normal(size=900)
    chance = np.random.default_rng(9)
    work = [np.exp(3 + math.sqrt(0.5) * hard + math.sqrt(0.5) * chance.normal(size=900)) for _ in range(2)]
    incidents["diagnosed_at"] = incidents["detected_at"] + pd.to_timedelta(work[0], "min")
    incidents["resolved_at"] = incidents["diagnosed_at"] + pd.to_timedelta(work[1], "min")
    incidents["verified_at"] = incidents["resolved_at"] + pd.Timedelta(minutes=4)
    assert ResponseModel.fit(incidents).difficulty == pytest.approx(0.5, abs=0.1)
    assert ResponseModel.fit(history(900, seed=3)).difficulty == 0.0


def test_pages_and_drills_are_left_out_and_counted(planted):
    incidents = planted.copy()
    incidents["population"] = np.where(np.arange(len(incidents)) < 100, "page", "counted")
    sentence = note(ResponseModel.fit(incidents), "arrivals")["sentence"]
    assert sentence.startswith("700 incidents")
    assert "100 records that are no incidents are left out" in sentence


def test_only_recorded_stamps_are_used(planted):
    incidents = planted.copy()
    incidents["verified_at"] = incidents["verified_at"] + pd.Timedelta(days=5)
    incidents["verified_at_verdict"] = "suspect"
    assert "verified_at" not in ResponseModel.fit(incidents).stamps


def test_rare_types_borrow_from_the_others(history):
    incidents = history(500, seed=2)
    incidents.loc[:1, "incident_type"] = "once"
    for stamp in ("diagnosed_at", "resolved_at", "verified_at"):
        incidents.loc[:1, stamp] = incidents.loc[:1, stamp] + pd.Timedelta(hours=40)
    kinds = {kind.name: kind for kind in ResponseModel.fit(incidents).types}
    raw = 40 * 60
    assert 45 < float(kinds["once"].diagnose.quantile(0.5)) < raw


def test_too_little_history_is_refused_in_a_sentence(planted):
    with pytest.raises(ModelError, match=r"only 4 incident\(s\) have ended .* needs at least 5"):
        ResponseModel.fit(planted.head(4))
    with pytest.raises(ModelError, match="no incident has a usable stamp"):
        ResponseModel.fit(blank(planted, "started_at", "detected_at", "diagnosed_at", "resolved_at", "verified_at"))
    with pytest.raises(SchemaError, match="incident_id"):
        ResponseModel.fit(pd.DataFrame({"a": [1]}))


def test_a_frame_without_verdicts_is_taken_at_its_word(planted):
    plain = planted[[name for name in planted if not name.endswith("_verdict") and name != "exported_at"]]
    assert ResponseModel.fit(plain).types[0].diagnose == ResponseModel.fit(planted).types[0].diagnose


def test_fitting_leaves_the_callers_table_alone(planted):
    before = planted.copy(deep=True)
    ResponseModel.fit(planted)
    pd.testing.assert_frame_equal(planted, before)
