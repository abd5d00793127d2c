"""Minutes of incidents that go through the engine some replications at a time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mttrlab.response import Law, Noise, Scenario
from mttrlab.response.engines import compiled
from mttrlab.response.experiment import runs as model_runs
from mttrlab.schema import CLOCK_ENDS

pytestmark = pytest.mark.skipif(not compiled.available(), reason="no numba")

LEVERS = Scenario("x", diagnosis_factor=0.5, prevention=0.3, alert_latency=1.0)


@pytest.fixture(params=[True, False], ids=["machine code", "numpy"])
def columns(request, monkeypatch):
    compiled.load()
    compiled._load("columns")
    if not request.param:
        monkeypatch.setattr(compiled, "columns", lambda numbers=0: None)


@pytest.fixture(params=["quiet", "noisy"])
def model(request, rich):
    noise = Noise(0.5, Law("exponential", 10.0))
    return replace(rich, noise=noise if request.param == "noisy" else None)


@pytest.mark.parametrize("together", [1, 40, 1_000_000])
@pytest.mark.parametrize("clock", ["recovery", "detected_to_resolved"])
def test_minutes_are_those_of_a_run_that_keeps_everything(columns, model, clock, together, monkeypatch):
    monkeypatch.setattr(model_runs, "TOGETHER", together)
    luck = model_runs.luck_between(model, (30, 130), days=60, seed=3)
    assert len(luck) > 200
    records = None
    for one in (model, LEVERS.apply(model), model):
        now, records = model_runs.minutes(one, luck, clock, records)
        whole = model_runs.run(one, luck, "compiled")
        np.testing.assert_array_equal(now, whole.minutes(clock))
        np.testing.assert_array_equal(records.facts["path"], whole.records.facts["path"])
    assert np.isnan(model_runs.minutes(LEVERS.apply(model), luck, clock)[0]).any()


def test_every_clock_is_read_between_its_own_stamps(columns, rich):
    luck = model_runs.luck_between(rich, (0, 50), days=60, seed=4)
    run = model_runs.run(rich, luck, "compiled")
    for clock in CLOCK_ENDS:
        np.testing.assert_array_equal(model_runs.minutes(rich, luck, clock)[0], run.minutes(clock))


def test_a_span_in_which_nothing_happens_has_no_minutes(columns, model):
    luck = model_runs.luck_between(replace(model, noise=None), (0, 3), days=1e-6, seed=1)
    assert not len(luck)
    assert model_runs.minutes(replace(model, noise=None), luck, "recovery")[0].tolist() == []
