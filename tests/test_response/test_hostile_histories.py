"""Histories that nobody would wish for: a model or one sentence, and what was borrowed is said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mttrlab.decisions import compare_scenarios, default_levers
from mttrlab.errors import ModelError
from mttrlab.response import ResponseModel

STAMPS = ["started_at", "detected_at", "diagnosed_at", "resolved_at", "verified_at"]


def without(incidents, *stamps, verdict="missing", rows=slice(None)):
    changed = incidents.copy()
    for stamp in stamps:
        changed.loc[rows, stamp] = pd.NaT
        changed.loc[rows, f"{stamp}_verdict"] = verdict
    return changed


def cut(incidents, grain):
    return incidents.assign(**{stamp: incidents[stamp].dt.floor(grain) for stamp in STAMPS})


def at_once(incidents):
    return incidents.assign(**dict.fromkeys(STAMPS, incidents["started_at"]))


def automated(incidents):
    ended = incidents.assign(fix_path="automation", detected_by="alert")
    return without(ended, "diagnosed_at", verdict="not_applicable")


def one_of_three(incidents):
    named = incidents.assign(service=np.array(["a", "b", "c"])[np.arange(len(incidents)) % 3])
    return without(named, "started_at", "diagnosed_at", "verified_at", rows=named.index[named["service"] != "a"])


def before_it_began(incidents):
    return incidents.assign(detected_at=incidents["started_at"] - pd.Timedelta(minutes=5))


@pytest.mark.parametrize(
    ("made", "shown", "borrowed"),
    [
        (at_once, 5, "alert coverage"),
        (lambda h: cut(h, "min"), 5, "alert coverage"),
        (lambda h: cut(h, "5min"), 5, "alert coverage"),
        (lambda h: cut(h, "h"), 5, "alert coverage"),
        (automated, 4, "detect otherwise"),
        (one_of_three, 2, "automation"),
        (before_it_began, 4, "automation"),
        (lambda h: h.assign(incident_type=[f"t{k}" for k in range(len(h))]), 5, "alert coverage"),
        (lambda h: h.drop(columns=["incident_type", "service", "severity"]), 5, "alert coverage"),
    ],
    ids=["zero", "minutes", "five", "hours", "automated", "one of three", "before", "types", "bare"],
)
def test_a_hostile_history_gives_a_model_that_says_what_it_borrowed(history, made, shown, borrowed):
    model = ResponseModel.fit(made(history(60, seed=1)), check=False)
    assert len(model.stamps) == shown
    assert borrowed in set(model.notes.loc[model.notes["source"] == "prior", "element"])
    told = compare_scenarios(model, default_levers(model), replications=4, days=60, engine="simpy")
    assert np.isfinite(told["mean"]).all()
    assert np.isfinite(told["saving"]).all()


def test_where_all_ended_by_automation_an_attempt_works_as_often_as_that_needs(history):
    model = ResponseModel.fit(automated(history(60, seed=1)), check=False)
    # 60.5 of 61 caught by two attempts, each of which is in time 95 times in 100.
    assert model.automation_success == pytest.approx((1 - (0.5 / 61) ** 0.5) / 0.95, abs=0.002)
    assert "an attempt works 9" in " ".join(model.notes["sentence"])


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (lambda h: h.head(0), "there are no incidents, so there is nothing to fit"),
        (lambda h: h.head(1), r"only 1 incident\(s\) have ended"),
        (lambda h: without(h, "resolved_at", "verified_at", verdict="pending"), r"only 0 incident\(s\) have ended"),
        (lambda h: h.assign(population="page"), r"60 record\(s\) are pages, drills and the like"),
    ],
)
def test_too_little_is_one_sentence(history, made, why):
    with pytest.raises(ModelError, match=why):
        ResponseModel.fit(made(history(60, seed=1)))
