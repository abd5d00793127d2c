"""Elements worked by hand: constants in, one number out, through both engines."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mttrlab.response import (
    Distribution,
    FixPath,
    IncidentType,
    Noise,
    Paging,
    Reopening,
    ResponseModel,
    Scenario,
    simulate,
)
from mttrlab.response.engines import compiled
from mttrlab.response.engines.transition import MICROSECONDS
from mttrlab.response.experiment import runs as model_runs

ENGINES = [
    "simpy",
    pytest.param("compiled", marks=pytest.mark.skipif(not compiled.numba_installed(), reason="no numba")),
]
KIND = IncidentType("a", 100.0, acknowledge=Distribution("constant", 3.0), diagnose=Distribution("constant", 5.0))


def run(model, engine, n=4000):
    luck = model_runs.numbers_of_blocks(model, days=n / model.per_day, block=0, wanted=1, seed=3)
    return model_runs.run_model(model, luck, engine)


def share(hits, expected):
    assert hits.mean() == pytest.approx(expected, abs=4 * math.sqrt(expected * (1 - expected) / len(hits)))


@pytest.mark.parametrize("engine", ENGINES)
def test_at_night_a_person_needs_the_start_up_time_and_by_day_none(engine):
    ended = run(ResponseModel((KIND,), paging=Paging(startup=10.0, night=(22.0, 6.0))), engine)
    reacts = (ended.column("detected") / MICROSECONDS + 3.0) / 60 % 24
    night = (reacts >= 22) | (reacts < 6)
    np.testing.assert_array_equal(ended.minutes("recovery"), np.where(night, 18.0, 8.0))
    share(night, 1 / 3)


@pytest.mark.parametrize("engine", ENGINES)
def test_noise_dulls_people_by_its_factor(engine):
    noise = Noise(10.0, Distribution("constant", 1.0), dulled=2.0)
    ended = run(ResponseModel((KIND,), responders=50, noise=noise), engine)
    assert set(ended.minutes("recovery").tolist()) == {11.0}


@pytest.mark.parametrize("engine", ENGINES)
def test_harm_of_automation_adds_to_the_fix_of_the_person_who_comes_after(engine):
    fixed = replace(KIND, paths=(FixPath("other", Distribution("constant", 2.0), 1.0, 1.0),), automation=1.0)
    model = ResponseModel(
        (fixed,), automation_success=0.0, automation_attempts=2, automation_timeout=4.0, automation_harm=1.0,
        automation_run=Distribution("constant", 1.0), harm=Distribution("constant", 20.0),
    )  # fmt: skip
    # Two attempts that time out, the reaction, the diagnosis, the fix; and the harm, once however often it was done.
    without = 2 * 4.0 + 3.0 + 5.0 + 2.0
    assert set(run(replace(model, automation_harm=0.0), engine).minutes("recovery").tolist()) == {without}
    assert set(run(model, engine).minutes("recovery").tolist()) == {without + 20.0}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_fix_that_does_not_work_costs_its_time_and_the_forward_fix_comes_after_it(engine):
    paths = (
        FixPath("rollback", Distribution("constant", 8.0), 1.0, 1.0, success=0.75),
        FixPath("config", Distribution("constant", 90.0), 0.0, 0.0),
        FixPath("forward_fix", Distribution("constant", 30.0), 0.0, 0.0),
    )
    minutes = run(ResponseModel((replace(KIND, paths=paths),)), engine).minutes("recovery")
    assert set(minutes.tolist()) == {16.0, 46.0}
    share(minutes == 46.0, 0.25)


@pytest.mark.parametrize("engine", ENGINES)
def test_as_many_incidents_come_back_as_reopening_says(engine):
    ended = run(ResponseModel((KIND,), reopening=Reopening(Distribution("constant", 60.0), right=0.3)), engine)
    share(ended.column("reopened") > 0, 0.3)


@pytest.mark.parametrize("engine", ENGINES)
def test_shared_difficulty_is_the_correlation_of_diagnosis_and_fix(engine):
    kind = replace(
        KIND,
        diagnose=Distribution("lognormal", 3.0, 1.0),
        paths=(FixPath("other", Distribution("lognormal", 2.0, 0.7), 1.0, 1.0),),
    )
    ended = run(ResponseModel((kind,), difficulty=0.6), engine)
    diagnose = np.log(ended.column("diagnosed") - ended.column("acknowledged"))
    fix = np.log(ended.column("resolved") - ended.column("diagnosed"))
    assert np.corrcoef(diagnose, fix)[0, 1] == pytest.approx(0.6, abs=0.05)


def test_the_mix_of_types_comes_out_as_it_went_in():
    types = tuple(replace(KIND, name=name, per_day=rate) for name, rate in (("a", 6.0), ("b", 3.0), ("c", 1.0)))
    made = simulate(ResponseModel(types), days=300, seed=2)["incident_type"]
    for name, expected in (("a", 0.6), ("b", 0.3), ("c", 0.1)):
        share((made == name).to_numpy(), expected)


def test_four_processes_give_the_incidents_of_one(rich):
    wanted = {"days": 10, "replications": 200, "seed": 7, "engine": "simpy"}
    pd.testing.assert_frame_equal(simulate(rich, **wanted, n_jobs=4), simulate(rich, **wanted))


@pytest.mark.parametrize("path", ["rollback", "failover", "scale", "config", "forward_fix", "migration"])
def test_each_fix_path_is_cut_by_its_own_lever_alone(path):
    names = ("rollback", "failover", "scale", "config", "forward_fix", "migration")
    paths = tuple(FixPath(name, Distribution("constant", 30.0), 1 / 6, 1 / 6) for name in names)
    model = ResponseModel((replace(KIND, paths=paths),))
    ended = run(Scenario("x", **{f"{path}_minutes": 4.0}).apply(model), "simpy", n=600)
    mine = np.array(ended.paths)[ended.path()] == path
    assert 50 < mine.sum() < 150
    np.testing.assert_array_equal(ended.minutes("recovery"), np.where(mine, 12.0, 38.0))
