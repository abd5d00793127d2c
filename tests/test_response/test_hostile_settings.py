"""Whatever people put into a setting: it works, or one named sentence says why not."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest
from pydantic.dataclasses import is_pydantic_dataclass

from mttrlab.decisions import compare_scenarios, keep_baseline
from mttrlab.errors import ModelError, MttrlabError
from mttrlab.refusals import shown
from mttrlab.response import (
    Deployments,
    DetectionSettings,
    Distribution,
    FixPath,
    IncidentProfile,
    IncidentType,
    Pool,
    Ramp,
    Recording,
    ResponseModel,
    Scenario,
    Shift,
    Verification,
    simulate,
    trace,
)
from mttrlab.response.scenarios.levers import LEVERS

HOSTILE = [
    None, "", "x", b"x", [], {}, (), [1], ("x",), (None,), (-5.0, 99.0), ("a", None), {"a": 1}, 1j, object(),
    Distribution, Distribution("constant", 1.0), True, np.bool_(True), math.nan, math.inf, -math.inf, -1, -0.5, 0, 0.5,
    2.5, 1e18, 1e308,
    10**30, 10**400, np.float64("nan"), np.float32(0.5), np.int64(2), np.array([1.0]), np.array(0.5), pd.NA, pd.NaT,
]  # fmt: skip


def survives(call):
    """Whatever it is: it works, or it is refused by name and on one line."""
    try:
        return call()
    except MttrlabError as refusal:
        assert "\n" not in str(refusal)
        assert len(str(refusal)) < 800
        return None


def runnable(model, **how):
    return simulate(model, days=3, engine="simpy", **how)


def test_every_field_of_every_element_takes_a_value_or_says_why_not(everything):
    model = replace(everything, watch=DetectionSettings(), deployments=Deployments(3.0, Distribution("constant", 5.0)))
    elements = [
        getattr(model, one.name) for one in fields(model) if is_pydantic_dataclass(type(getattr(model, one.name)))
    ]
    parts = [model.types[0].hypotheses, *model.pools, *model.pools[0].shifts, *elements]
    assert len(parts) > 12
    for part in [*parts, Ramp(), Recording()]:
        for one in fields(part):
            for value in HOSTILE:
                survives(lambda part=part, name=one.name, value=value: hash(replace(part, **{name: value})))


def test_every_field_of_a_type_its_paths_and_faces_is_checked_with_the_model(everything):
    deploy, other = everything.types
    path, face = deploy.paths[0], deploy.profiles[0]
    for part, held in (
        (deploy, lambda one: one),
        (path, lambda one: replace(deploy, paths=(one, *deploy.paths[1:]))),
        (face, lambda one: replace(deploy, profiles=(one, deploy.profiles[1]))),
    ):
        for one in fields(part):
            for value in HOSTILE:
                survives(
                    lambda part=part, held=held, name=one.name, value=value: hash(
                        replace(everything, types=(held(replace(part, **{name: value})), other))
                    )
                )


def test_every_field_of_a_model_takes_a_value_that_runs_or_says_why_not(everything):
    for one in fields(everything):
        for value in HOSTILE:
            made = survives(lambda name=one.name, value=value: replace(everything, **{name: value}))
            if made is not None and made != everything:
                survives(lambda made=made: runnable(made))


def test_every_argument_of_a_run_is_taken_or_refused(everything):
    faster = [Scenario("x", diagnosis_factor=0.5)]
    arguments = ["days", "replications", "seed", "engine", "n_jobs", "progress"]
    for value in HOSTILE:
        for name in [*arguments, "model", "scenario", "start", "recording"]:
            given = {"model": everything, "days": 3, name: value}
            survives(lambda given=given: simulate(**given))
        for name in [*arguments, "model", "scenarios", "measure", "half_width", "refits"]:
            given = {"model": everything, "scenarios": faster, "days": 3, "replications": 2, name: value}
            survives(lambda given=given: compare_scenarios(**given))
        survives(lambda value=value: compare_scenarios(everything, [value], days=3, replications=2))
        for name in ("incident", "replication", "model", "days", "seed", "scenario", "start"):
            given = {"model": everything, "days": 3, name: value}
            survives(lambda given=given: trace(**given))
        for name in ("name", "incident_types", "services", "ramp", "diagnosis_factor", "responders", "no_lever"):
            given = {"name": "x", name: value}
            survives(lambda given=given: Scenario(**given))


ONE = IncidentType("a", 1.0, diagnose=Distribution("constant", 5.0))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: IncidentType("a", 1.0, detect=5), r"detect of a must be a Distribution, such as .*; got 5"),
        (lambda: ResponseModel((IncidentType("a", "often"),)), "per_day of a must be a number; got 'often'"),
        (lambda: ResponseModel(ONE), r"^types must be a list, such as \[one, other\]; got IncidentType"),
        (lambda: ResponseModel((ONE, "b")), "entry 2 of types must be an IncidentType; got 'b'"),
        (lambda: ResponseModel((ONE,), pools=Pool("p", 1)), "^pools must be a list"),
        (lambda: ResponseModel((ONE,), paging=5.0), "^paging must be a Paging; got 5"),
        (lambda: ResponseModel((ONE,), profile=168), "^profile must be a list.*; got 168"),
        (lambda: ResponseModel((ONE,), automation_timeout=1e18), "automation_timeout must be from 0 to"),
        (lambda: ResponseModel((ONE,), automation_success=10**400), "automation_success is too large a number"),
        (lambda: Pool("p", 1.5), "people of p must be a whole number; got 1.5"),
        (lambda: Pool("p", shifts=(Shift(0, 8, 1), None)), "entry 2 of shifts of p must be a Shift; got None"),
        (lambda: Distribution(["constant"], 1.0), "the family of a distribution must be a text"),
        (lambda: Scenario("x", services=7, diagnosis_factor=0.5), "services must be a list of names; got 7"),
        (lambda: Scenario(None, diagnosis_factor=0.5), "a scenario's name must be a text; got None"),
        (lambda: simulate(None), r"model must be a ResponseModel, as ResponseModel.fit\(incidents\) gives; got None"),
        (lambda: simulate(ResponseModel((ONE,)), scenario="faster"), "scenario must be a Scenario; got 'faster'"),
        (lambda: simulate(ResponseModel((ONE,)), n_jobs=0), "n_jobs must be a number of workers, or -1"),
        (lambda: simulate(ResponseModel((ONE,)), start=1.5), "start must be a date such as 2026-01-01; got 1.5"),
        (lambda: compare_scenarios(ResponseModel((ONE,)), Scenario("x", prevention=0.5)), "scenarios must be a list"),
        (lambda: compare_scenarios(ResponseModel((ONE,)), None), "scenarios must be a list, each a Scenario; got None"),
        (lambda: compare_scenarios(ResponseModel((ONE,)), [], n_jobs=1.5), "n_jobs must be a whole number; got 1.5"),
        (lambda: trace(ResponseModel((ONE,)), days=1e-6), "none begins within"),
    ],
)  # fmt: skip
def test_common_slips_get_their_own_sentence(call, words):
    with pytest.raises(ModelError, match=words):
        call()


def test_lists_and_numbers_of_other_libraries_mean_the_same():
    plain = ResponseModel((ONE,), responders=2, profile=(1.0,) * 168)
    other = ResponseModel([replace(ONE, per_day=np.float32(1))], responders=np.int64(2), profile=[1] * 168)
    assert other == plain
    assert hash(other) == hash(plain)
    assert type(other.responders) is int
    assert type(other.types[0].per_day) is float


def test_a_generator_of_scenarios_is_as_good_as_a_list():
    model = ResponseModel((ONE,))
    made = compare_scenarios(model, (Scenario(f"{f}", diagnosis_factor=f) for f in (0.5, 0.2)), days=9, replications=3)
    assert made["scenario"].tolist() == ["Baseline", "0.5", "0.2"]


def test_every_processor_may_share_a_kept_baseline():
    kept = keep_baseline(ResponseModel((ONE,)), days=100, replications=1000, n_jobs=-1)
    one = keep_baseline(ResponseModel((ONE,)), days=100, replications=1000)
    faster = Scenario("x", diagnosis_factor=0.5)
    assert kept.against(faster) == pytest.approx(one.against(faster))


def test_samples_that_are_never_healthy_end_after_the_last_round():
    never = Verification(healthy=0.0, in_a_row=2, max_samples=4)
    for engine in ("simpy", "auto"):
        made = simulate(ResponseModel((ONE,), verification=never, max_rounds=3), days=30, engine=engine)
        assert made["verified_at_verdict"].eq("recorded").mean() > 0.9


def test_a_value_is_shown_on_one_short_line():
    assert shown("a\nb" * 100).endswith("…")
    assert "\n" not in shown(np.zeros((50, 50)))
    assert len(shown(IncidentProfile(1.0))) <= 80
    assert FixPath("flag", Distribution("constant", 1), 1, 1).share == 1.0


def test_every_lever_takes_a_value_or_says_why_not(whole, spanned):
    took = 0
    for model in (whole, spanned):
        for lever in LEVERS:
            for value in HOSTILE:
                moved = survives(lambda lever=lever, value=value: Scenario("x", **{lever: value}))
                if moved is not None:
                    took += survives(lambda moved=moved, model=model: hash(moved.apply(model))) is not None
    assert took > 2 * 3 * len(LEVERS)


def test_what_a_scenario_makes_of_a_model_is_a_model_that_a_person_could_have_given(whole, spanned):
    for model in (whole, spanned):
        for name, lever in LEVERS.items():
            for value in (lever.low, lever.high, (lever.low + lever.high) / 2):
                moved = survives(lambda name=name, value=value: Scenario("x", **{name: value}).apply(model))  # noqa: B023
                if moved is not None:
                    assert replace(moved) == moved, name


def test_a_model_is_shown_in_a_few_lines(whole):
    said = repr(Scenario("x", alert_latency=2.0).apply(whole)).splitlines()
    assert len(said) < 8
    assert max(map(len, said)) < 200
    assert "alert_latency=2.0" in said[-2]
    assert said[-1].strip() == "not yet checked against history"
