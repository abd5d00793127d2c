"""A real Ctrl-C while a comparison runs: what is finished is kept, and is what it would have been by itself."""

from __future__ import annotations

import itertools
import os
import signal

import pandas as pd
import pytest

from mttrlab.decisions import compare_scenarios
from mttrlab.response import Distribution, FixPath, IncidentType, ResponseModel, Scenario, simulate
from mttrlab.response.engines import compiled
from mttrlab.response.experiment import runs as model_runs

pytestmark = pytest.mark.skipif(not compiled.numba_installed(), reason="no numba")

FIX = FixPath("rollback", Distribution("lognormal", 2.0, 0.6), 1.0, 1.0)
MODEL = ResponseModel(
    (IncidentType("any", 5.0, diagnose=Distribution("gamma", 1.5, 20.0), paths=(FIX,)),), responders=2
)
FASTER = [Scenario("faster", diagnosis_factor=0.5)]


@pytest.fixture
def press(monkeypatch):
    """Return what presses Ctrl-C, for real, as soon as the luck of so many pieces is asked for."""
    drawn, begun = model_runs.numbers_between, itertools.count(1)

    def after(runs):
        def counted(*given, **named):
            if next(begun) == runs:
                os.kill(os.getpid(), signal.SIGINT)
            return drawn(*given, **named)

        monkeypatch.setattr(model_runs, "numbers_between", counted)

    return after


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_keeps_the_replications_that_are_finished_and_they_are_the_first_of_all(press, jobs):
    press(4)
    made = compare_scenarios(MODEL, FASTER, replications=20_000, n_jobs=jobs)
    n = int(made["replications"].iloc[0])
    assert 0 < n < 20_000
    assert made.attrs["unfinished"] == f"{n} of 20000 replications: it was stopped"
    if jobs == 1:
        pd.testing.assert_frame_equal(made, compare_scenarios(MODEL, FASTER, replications=n))


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_keeps_the_incidents_of_the_replications_that_are_finished(press, jobs):
    press(4)
    made = simulate(MODEL, replications=1_500, n_jobs=jobs)
    n = made["replication"].nunique()
    assert 0 < n < 1_500
    assert made.attrs["unfinished"] == f"{n} of 1500 replications: it was stopped"


def test_ctrl_c_while_refits_are_asked_keeps_the_numbers_and_those_that_answered(press):
    press(6)
    made = compare_scenarios(MODEL, FASTER, replications=50, refits=[MODEL] * 2000)
    n = int(made["refits"].iloc[0])
    assert 0 < n < 2000
    assert made.attrs["unfinished"] == f"{n} of 2000 refits: it was stopped"
    assert made["replications"].iloc[0] == 50
    assert made["mean"].notna().all()
