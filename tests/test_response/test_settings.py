"""Settings that people really have replace fitted delays, and the fit says where history disagrees."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mttrlab.detection import Fault, detection_delay
from mttrlab.errors import ModelError
from mttrlab.response import Scenario, simulate
from mttrlab.response.experiment import runs as model_runs
from mttrlab.response.model.response_model import ResponseModel
from mttrlab.response.scenarios.applicability import reason_without_effect
from mttrlab.response.scenarios.levers import LEVERS
from mttrlab.schema import (
    AlertRule,
    ChangePath,
    MonitorStep,
    OnCallLevel,
    OnCallSchedule,
    Practices,
    RemediationRule,
    Runbook,
    SyntheticMonitor,
)

RULE = AlertRule("CheckoutErrors", "checkout", "error_rate", for_s=300.0, scrape_s=15.0, eval_s=15.0, group_wait_s=30.0)
JOURNEY = SyntheticMonitor("pay", 60.0, 2, service="payment", steps=(MonitorStep(status=200),))
PRACTICES = Practices(
    alerts=(RULE,),
    monitors=(JOURNEY,),
    remediation=(
        RemediationRule("CheckoutErrors", "restart", max_auto_attempts=3, timeout_s=120.0),
        RemediationRule("Elsewhere", "scale", max_auto_attempts=3, timeout_s=120.0),
    ),
    runbooks=(Runbook("deploys", incident_types=("deploy",), diagnosis_minutes=5.0),),
    change_paths=(
        ChangePath("flags", "flag", low_minutes=0.2, likely_minutes=0.5, high_minutes=1.0),
        ChangePath("fail over", "failover", low_minutes=5.0, likely_minutes=7.0, high_minutes=10.0, success=0.9),
    ),
    on_call=(
        OnCallSchedule(
            "core", "Europe/Berlin",
            (OnCallLevel("first", 1, 5.0, ack_minutes=4.0), OnCallLevel("second", 2, 10.0, ack_minutes=6.0)), repeats=1,
        ),
    ),
)  # fmt: skip
SERVICES = ("checkout", "payment", "search")


@pytest.fixture(scope="module")
def past(history) -> pd.DataFrame:
    """Incidents on three services, of which rules watch two; alerts are as slow as their settings say on one."""
    made = history(n=900)
    chance = np.random.default_rng(3)
    made["service"] = np.array(SERVICES)[np.arange(900) % 3]
    made["failure_mode"] = np.where(made["service"] == "checkout", "error_rate", "availability")
    seen = (chance.random(900) < 0.7) & (made["service"] != "search")
    made["detected_by"] = np.where(seen, "alert", "customer")
    slow = np.exp(chance.normal(3.0, 0.5, 900))
    detect = np.where(made["service"] == "checkout", chance.uniform(5.5, 6.0, 900), slow)
    detect = np.where(seen, detect, np.exp(chance.normal(3.2, 0.6, 900)))
    shift = pd.to_timedelta(detect, unit="min") - (made["detected_at"] - made["started_at"])
    for stamp in ("detected_at", "diagnosed_at", "resolved_at", "verified_at"):
        made[stamp] = (made[stamp] + shift).dt.as_unit("us")
    ack = made["detected_at"] + pd.to_timedelta(chance.exponential(2.0, 900), unit="min")
    made["acknowledged_at"] = np.minimum(ack, made["diagnosed_at"]).dt.as_unit("us")
    made["acknowledged_at_verdict"] = "recorded"
    made["fix_path"] = np.where(np.arange(900) % 100 == 0, "failover", "forward_fix")
    return made


@pytest.fixture(scope="module")
def fitted(past) -> ResponseModel:
    """The model of these incidents and these settings."""
    return ResponseModel.fit(past, practices=PRACTICES)


def told(model, element, source):
    notes = model.notes
    return " | ".join(notes[(notes["element"] == element) & (notes["source"] == source)]["sentence"])


def faces(model):
    return {(face.service, face.watch) for kind in model.types for face in kind.profiles}


def test_rules_say_how_soon_alerts_notice_and_history_how_often(fitted):
    assert faces(fitted) == {("checkout", "rules"), ("payment", "rules"), ("search", "gap")}
    assert "2 of 3 pairs" in told(fitted, "detect by settings", "practices")
    assert "nothing watches 1 (300 incidents)" in told(fitted, "detect by settings", "practices")
    made = simulate(fitted, days=2000, seed=5, engine="simpy")
    minutes = (made["detected_at"] - made["started_at"]).dt.total_seconds() / 60
    mine = made["service"] == "checkout"
    alone = made["detected_by"] == "alert"
    delay = detection_delay(RULE, Fault("error_rate"))
    assert minutes[mine & alone].between(delay.lowest, delay.highest).all()
    assert alone[mine].mean() == pytest.approx(0.7, abs=0.06)
    assert not alone[made["service"] == "search"].any()


def test_where_settings_and_history_disagree_it_is_said(fitted):
    said = told(fitted, "detect by settings", "disagreement")
    assert "payment, availability, seen by alerts, every request failing: settings say" in said
    assert "alerts come later than their settings" in said
    assert "checkout" not in said
    assert "people take longer than the runbook says" in told(fitted, "runbooks", "disagreement")
    assert "people react sooner than the schedule says" in told(fitted, "paging", "disagreement")


def test_settings_of_repair_are_those_of_the_practices(fitted):
    assert (fitted.automation_attempts, fitted.automation_timeout) == (3, 2.0)
    assert "no loaded alert is called Elsewhere" in told(fitted, "automation by settings", "practices")
    assert max(kind.automation for kind in fitted.types) == pytest.approx(0.7 / 3, abs=0.03)
    assert {kind.name: kind.runbook for kind in fitted.types} == {"deploy": 1.0, "database": 0.0}
    assert float(fitted.flag.quantile(0.5)) == pytest.approx(0.5)
    failover = next(path for path in fitted.types[0].paths if path.name == "failover")
    assert float(failover.law.quantile(0.5)) == pytest.approx(7.0)
    assert failover.success == 0.9
    assert fitted.paging is not None
    assert (fitted.paging.timeout, fitted.paging.calls) == (5.0, 4)
    first, second = fitted.paging.levels
    assert second.mean == pytest.approx(1.5 * first.mean)


def test_every_kind_of_setting_says_whether_it_was_taken(past):
    kinds = {"detect by settings", "automation by settings", "runbooks", "change paths", "paging"}
    notes = ResponseModel.fit(past, practices=PRACTICES, check=False).notes
    assert kinds <= set(notes.loc[notes["source"] == "practices", "element"])
    notes = ResponseModel.fit(past, practices=Practices(), check=False).notes
    assert kinds <= set(notes.loc[notes["source"] == "left out", "element"])
    assert "practices" not in set(notes["source"])
    notes = ResponseModel.fit(past, check=False).notes
    assert "No settings were given" in told(ResponseModel.fit(past, check=False), "settings", "left out")
    assert not kinds & set(notes["element"])


def test_reactions_are_as_slow_as_history_shows_and_levels_keep_their_order(past, fitted):
    made = simulate(fitted, days=3000, seed=5, engine="simpy")
    minutes = (made["acknowledged_at"] - made["detected_at"]).dt.total_seconds() / 60
    known = (past["acknowledged_at"] - past["detected_at"]).dt.total_seconds() / 60
    by_hand = made["fix_path"] != "automation"
    # Attempts of a rule come before the page; incidents without one show the reaction alone.
    assert minutes[by_hand & (made["service"] == "search")].mean() == pytest.approx(known.mean(), rel=0.12)


def test_people_on_call_come_from_the_schedule_only_when_asked(past, fitted):
    assert fitted.people == ()
    model = ResponseModel.fit(past, practices=PRACTICES, responders="on call")
    assert [(pool.name, pool.mean_people) for pool in model.people] == [("core", 1.0)]
    office = OnCallLevel("first", 2, 5.0, days=("mon", "sun"), start="22:00", end="06:00", ack_minutes=4.0)
    night = replace(PRACTICES, on_call=(OnCallSchedule("n", "Europe/Berlin", (office,), services=("checkout",)),
                                        OnCallSchedule("rest", levels=(OnCallLevel("x"),))))  # fmt: skip
    model = ResponseModel.fit(past, practices=night, responders="on call")
    shifts = [(shift.begin, shift.end, shift.people) for shift in model.people[0].shifts]
    # Berlin is an hour ahead of UTC when this horizon begins; Sunday night ends on Monday.
    assert shifts in ([(21, 29, 2), (165, 168, 2), (0, 5, 2)], [(20, 28, 2), (164, 168, 2), (0, 4, 2)])
    assert {face.pool for kind in model.types for face in kind.profiles} == {"n", "rest"}
    with pytest.raises(ModelError, match="needs practices with an on-call schedule"):
        ResponseModel.fit(past, responders="on call")
    with pytest.raises(ModelError, match="whole number or 'on call'; got 'two'"):
        ResponseModel.fit(past, responders="two")


DETECTION = {"evaluation_interval": 5.0, "alert_for": 60.0, "scrape_interval": 5.0, "group_wait": 0.0,
             "monitor_interval": 15.0, "confirmations": 1, "gaps_closed": 1.0}  # fmt: skip


@pytest.mark.parametrize("lever", list(DETECTION))
def test_a_faster_setting_makes_no_incident_longer_and_moves_what_it_watches_alone(fitted, lever):
    assert reason_without_effect(fitted, lever, DETECTION[lever]) is None
    luck = model_runs.numbers_of_blocks(fitted, days=400, block=0, wanted=4, seed=3)
    changed = Scenario("x", **{lever: DETECTION[lever]}).apply(fitted)
    before, after = (model_runs.run_model(model, luck).minutes("recovery") for model in (fitted, changed))
    assert (after <= before + 1e-9).all()
    assert LEVERS[lever].now(changed) == DETECTION[lever]
    service = np.array([f.service for kind in fitted.types for f in kind.profiles])
    records = model_runs.run_model(fitted, luck).records
    place = np.cumsum([0, *(len(kind.profiles) for kind in fitted.types)])[records.type] + records.face
    mine = {"monitor_interval": "payment", "confirmations": "payment", "gaps_closed": "search"}.get(lever, "checkout")
    moved = after != before
    assert moved.any()
    assert set(service[place][moved]) == {mine}


def test_the_for_of_a_rule_is_worth_what_its_closed_form_says(fitted):
    only = replace(fitted, automation=0.0)
    luck = model_runs.numbers_of_blocks(only, days=3000, block=0, wanted=2, seed=3)
    changed = Scenario("x", services=["checkout"], alert_for=60.0).apply(only)
    before, after = (model_runs.run_model(model, luck) for model in (only, changed))
    gained = (before.column("detected") - after.column("detected"))[before.records.covered == 1] / 60e6
    mine = gained[gained != 0]
    wanted = detection_delay(RULE).mean - detection_delay(replace(RULE, for_s=60.0)).mean
    # A report that came before the alert was not gained from in full.
    assert np.median(mine) == pytest.approx(wanted, abs=0.1)
    assert len(mine) > 100


def test_a_setting_of_one_service_leaves_the_others_alone(fitted):
    luck = model_runs.numbers_of_blocks(fitted, days=200, block=0, wanted=4, seed=3)
    changed = Scenario("x", services=["payment"], alert_for=60.0, confirmations=1).apply(fitted)
    before, after = (model_runs.run_model(model, luck) for model in (fitted, changed))
    service = np.array([f.service for kind in fitted.types for f in kind.profiles])
    place = np.cumsum([0, *(len(k.profiles) for k in fitted.types)])[before.records.type] + before.records.face
    moved = before.column("detected") != after.column("detected")
    assert set(service[place][moved]) == {"payment"}


def test_rules_for_other_services_and_no_practices_at_all_leave_history_as_it_is(past):
    other = Practices(alerts=(replace(RULE, service="warehouse"),))
    alone, with_other, with_none = (ResponseModel.fit(past, practices=p) for p in (None, other, Practices()))
    assert "watch warehouse; no incident names such a service" in told(with_other, "detect by settings", "left out")
    assert with_other.watch is None
    assert [kind.alert for kind in with_other.types] == [kind.alert for kind in alone.types]
    assert alone.types == with_none.types
    assert "no effect: this model knows no settings" in str(reason_without_effect(alone, "alert_for", 60.0))
    with pytest.raises(ModelError, match="practices must be Practices"):
        ResponseModel.fit(past, practices={"alerts": []})


def test_alerts_that_history_saw_where_no_rule_is_loaded_keep_history(past):
    part = Practices(alerts=(RULE,))
    model = ResponseModel.fit(past, practices=part)
    assert ("payment", "") in faces(model)
    assert "some rules are not loaded" in told(model, "detect by settings", "disagreement")


def test_without_acknowledgement_the_schedule_is_left_out_and_says_why(past):
    model = ResponseModel.fit(past.drop(columns=["acknowledged_at", "acknowledged_at_verdict"]), practices=PRACTICES)
    assert model.paging is None
    assert "the time to diagnose already holds it" in told(model, "paging", "left out")


def test_absurd_practices_are_taken_or_refused_in_a_sentence(past):
    never = Practices(alerts=(replace(RULE, threshold=2.0, window_s=60.0),))
    assert ResponseModel.fit(past, practices=never).per_day > 0
    slow = Practices(alerts=(replace(RULE, for_s=10 * 86_400.0),))
    model = ResponseModel.fit(past, practices=slow)
    assert "alerts come sooner than their settings" in told(model, "detect by settings", "disagreement")
    mars = Practices(on_call=(OnCallSchedule("m", "Mars/Olympus", (OnCallLevel("p", ack_minutes=1.0),)),))
    with pytest.raises(ModelError, match="there is no time zone 'Mars/Olympus'"):
        ResponseModel.fit(past, practices=mars, responders="on call")
    assert math.isfinite(model.per_day)
