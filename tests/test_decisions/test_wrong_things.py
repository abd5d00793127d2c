"""Things of the wrong kind, handed to any call around the response model: one sentence each that says what it needs."""

from __future__ import annotations

import math

import pandas as pd
import pytest

import mttrlab as ml
from mttrlab.decisions import default_levers, keep_baseline, refits
from mttrlab.errors import MttrlabError
from mttrlab.response import Distribution, IncidentType, ResponseModel, Scenario

MODEL = ResponseModel((IncidentType("a", 1.0, diagnose=Distribution("exponential", 30.0)),))
OTHER = ResponseModel((IncidentType("b", 1.0, diagnose=Distribution("exponential", 30.0)),))
SOME = ml.simulate(MODEL, days=60).drop(columns="replication")
STAMPS = ("detected_at", "acknowledged_at", "diagnosed_at", "resolved_at", "verified_at")

CALLS = {
    "no table": (lambda: ResponseModel.fit(None), r"a table, as lab\.incidents\(\) gives it; got None"),
    "a list": (lambda: ResponseModel.fit([1]), "incidents must be a table"),
    "another table": (lambda: ResponseModel.fit(pd.DataFrame({"a": [1]})), "lacks incident_id"),
    "nothing in it": (lambda: ResponseModel.fit(SOME.iloc[:0]), "there are no incidents"),
    "all open": (lambda: ResponseModel.fit(SOME.assign(**dict.fromkeys(STAMPS, pd.NaT))), "needs at least 5"),
    "check": (lambda: ResponseModel.fit(SOME, check="yes"), "check must be True or False; got 'yes'"),
    "people": (lambda: ResponseModel.fit(SOME, responders="many"), "a whole number or 'on call'; got 'many'"),
    "half a person": (lambda: ResponseModel.fit(SOME, responders=1.5), "responders must be a whole number; got 1.5"),
    "practices": (lambda: ResponseModel.fit(SOME, practices=5), "practices must be Practices"),
    "deployments": (lambda: ResponseModel.fit(SOME, deployments="x"), r"as lab\.deployments\(\) gives it; got 'x'"),
    "firings": (lambda: ResponseModel.fit(SOME, firings=[1]), r"as lab\.firings\(\) gives it; got \[1\]"),
    "refits of nothing": (lambda: refits(None), "incidents must be a table"),
    "refits of none": (lambda: refits(SOME.iloc[:0]), "0 of 20 resamples of the incidents can be fitted"),
    "how many refits": (lambda: refits(SOME, n="x"), "n of refits must be a whole number; got 'x'"),
    "what is compared": (lambda: ml.compare_scenarios(MODEL, {"a": 1}), "each a Scenario; got 'a'"),
    "which clock": (lambda: ml.compare_scenarios(MODEL, [], measure=["recovery"]), "measure must be one of"),
    "how sure": (lambda: ml.compare_scenarios(MODEL, [], half_width=math.nan), "half_width must be above 0"),
    "how sure, in words": (lambda: ml.compare_scenarios(MODEL, [], half_width="5%"), "half_width must be a number"),
    "a kept model": (lambda: keep_baseline(None), "model must be a ResponseModel"),
    "kept for how long": (lambda: keep_baseline(MODEL, days="x"), "days must be a number; got 'x'"),
    "kept how often": (lambda: keep_baseline(MODEL, replications=2.5), "replications must be a whole number"),
    "kept by what": (lambda: keep_baseline(MODEL, engine=None), "engine must be one of"),
    "kept by whom": (lambda: keep_baseline(MODEL, n_jobs="all"), "n_jobs must be a whole number"),
    "kept with which luck": (lambda: keep_baseline(MODEL, seed=-1, days=3), "seed must be a whole number"),
    "against what": (lambda: keep_baseline(MODEL, days=3).against("x"), "scenario must be a Scenario; got 'x'"),
    "of which type": (
        lambda: keep_baseline(MODEL, days=3).against(Scenario("x", incident_types=["z"], diagnosis_factor=0.5)),
        "has no incident type z; it has a",
    ),
    "levers of what": (lambda: default_levers(None), "model must be a ResponseModel"),
    "what if nothing": (lambda: ml.what_if(None), "baseline must be a Baseline"),
    "sliders of what": (lambda: ml.what_if_panel(None), "model must be a ResponseModel"),
    "a figure of nothing": (lambda: ml.plot_levers(pd.DataFrame()), "the table that compare_scenarios"),
    "a life of nothing": (lambda: ml.plot_life(None), "needs a response model"),
    "a story of nothing": (lambda: ml.plot_story(pd.DataFrame()), "the table that trace gives"),
    "a file of nothing": (lambda: ml.write_model(None, "x.yml"), "model must be a ResponseModel"),
    "checked against nothing": (lambda: ml.check_model(MODEL, None), "incidents must be a table"),
    "nothing checked": (lambda: ml.check_model(None, SOME), "model must be a ResponseModel"),
    "a pool of nobody": (
        lambda: ResponseModel((IncidentType("a", 1.0, pool="p"),)),
        "a is worked on by pool p; pools are none",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", CALLS)
def test_what_is_of_the_wrong_kind_gets_one_sentence(what):
    call, words = CALLS[what]
    with pytest.raises(MttrlabError, match=words) as refusal:
        call()
    assert "\n" not in str(refusal.value)


def test_refits_of_other_incidents_answer_for_what_they_have_and_are_counted():
    lever = Scenario("x", incident_types=["a"], diagnosis_factor=0.5)
    made = ml.compare_scenarios(MODEL, [lever], replications=5, days=30, refits=[OTHER] * 6)
    assert made["refits"].tolist() == [6, 0]
    assert made["saving_refit_low"].isna().tolist() == [False, True]
    assert made["saving"].iloc[1] > 0
