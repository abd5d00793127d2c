"""Elements of the model against closed forms, through both engines."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from mttrlab.response import (
    Bursts,
    DiagnosisAttempts,
    Distribution,
    IncidentType,
    Noise,
    Paging,
    Pool,
    Recording,
    ResponseModel,
    Routing,
    Verification,
    simulate,
)
from mttrlab.response.engines import compiled
from mttrlab.response.engines.transition import MICROSECONDS
from mttrlab.response.experiment import runs as model_runs

ENGINES = [
    "simpy",
    pytest.param("compiled", marks=pytest.mark.skipif(not compiled.numba_installed(), reason="no numba")),
]


def run(model, engine, n=20_000, seed=1):
    luck = model_runs.numbers_of_blocks(model, days=n / model.per_day, block=0, wanted=1, seed=seed)
    return model_runs.run_model(model, luck, engine)


def near(values, expected, errors=4.0):
    assert values.mean() == pytest.approx(expected, abs=errors * values.std() / math.sqrt(len(values)))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("timeout", [1.0, 5.0])
def test_a_memoryless_acknowledgement_is_unmoved_by_the_timeout(truths, engine, timeout):
    case = truths["PAGE-1"]
    person = Distribution("exponential", case["inputs"]["a_min"])
    kind = IncidentType("a", 100.0, diagnose=Distribution("constant", 1.0))
    ended = run(ResponseModel((kind,), paging=Paging(timeout=timeout, levels=(person, person))), engine)
    near((ended.column("acknowledged") - ended.column("detected")) / MICROSECONDS, case["expected"]["mean"])
    assert ended.column("level").mean() == pytest.approx(math.exp(-timeout / 4.0), abs=0.02)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_founding_texts_verification_takes_its_window(truths, engine):
    case = truths["VER-1"]
    kind = IncidentType("a", 100.0, diagnose=Distribution("constant", 1.0))
    for error, seconds in zip(case["inputs"]["pre_fix_error"], case["expected"]["seconds"], strict=True):
        ended = run(ResponseModel((kind,), verification=Verification(error=error)), engine, n=50)
        assert set((ended.column("verified") - ended.column("resolved")).tolist()) == {seconds * 1_000_000}


@pytest.mark.parametrize("engine", ENGINES)
def test_healthy_samples_in_a_row_take_the_length_of_a_run(engine):
    s, k = 0.8, 3
    rule = Verification(every_s=60.0, window_s=0.0, healthy=s, in_a_row=k, max_samples=10_000)
    ended = run(
        ResponseModel((IncidentType("a", 100.0, diagnose=Distribution("constant", 1.0)),), verification=rule), engine
    )
    near((ended.column("verified") - ended.column("resolved")) / MICROSECONDS + 1, (1 - s**k) / ((1 - s) * s**k))


@pytest.mark.parametrize("engine", ENGINES)
def test_without_room_to_wait_erlangs_share_goes_elsewhere(truths, engine):
    case = truths["ERLB"]
    servers, load = case["inputs"]["c"], case["inputs"]["a"]
    kind = IncidentType("a", load * 1440.0, diagnose=Distribution("exponential", 1.0))
    ended = run(ResponseModel((kind,), pools=(Pool("people", servers, queue_limit=0),)), engine, n=40_000)
    batches = np.array([part.mean() for part in np.array_split(ended.column("refused"), 40)])
    near(batches, case["expected"]["B"])
    assert ended.column("waited").max() == 0


@pytest.mark.parametrize("engine", ENGINES)
def test_without_people_open_incidents_are_poisson_whatever_the_law(engine):
    kind = IncidentType("a", 1440.0, diagnose=Distribution("lognormal", 0.5, 1.0))
    ended = run(ResponseModel((kind,)), engine, n=60_000)
    begin, end = ended.column("started"), ended.column("verified")
    looks = np.arange(1000, 59_000, 20) * MICROSECONDS
    there = np.searchsorted(np.sort(begin), looks) - np.searchsorted(np.sort(end), looks)
    expected = Distribution("lognormal", 0.5, 1.0).mean
    assert there.mean() == pytest.approx(expected, rel=0.05)
    assert there.var() == pytest.approx(expected, rel=0.12)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_wait_of_one_responder_is_khinchines(engine):
    rate, work = 0.6, Distribution("lognormal", -0.5, 1.0)
    kind = IncidentType("a", rate * 1440, diagnose=work)
    waited = run(ResponseModel((kind,), responders=1), engine, n=60_000).column("waited")[2000:] / MICROSECONDS
    second = math.exp(2 * -0.5 + 2)
    batches = np.array([part.mean() for part in np.array_split(waited, 30)])
    near(batches, rate * second / (2 * (1 - rate * work.mean)))


@pytest.mark.parametrize("engine", ENGINES)
def test_hypotheses_take_their_geometric_mean_number(engine):
    tried = DiagnosisAttempts(0.4, Distribution("exponential", 10.0), runbook=0.5, first_hit=0.9, novel=0.2)
    ended = run(ResponseModel((IncidentType("a", 100.0, hypotheses=tried),)), engine)
    near(ended.minutes("recovery"), tried.mean)


@pytest.mark.parametrize("engine", ENGINES)
def test_ping_pong_between_teams_has_markovs_number_of_hand_overs(engine):
    wrong, again, most = 0.3, 0.5, 3
    routing = Routing(wrong, again, Distribution("exponential", 6.0), transfer=4.0, max_transfers=most)
    kind = IncidentType("a", 100.0, diagnose=Distribution("constant", 1.0))
    ended = run(ResponseModel((kind,), routing=routing), engine)
    hands = sum(wrong * again**k for k in range(most))
    near(ended.column("transfers"), hands)
    near(ended.minutes("recovery"), 1.0 + 10.0 * hands)


def test_recorded_mttr_rises_while_the_true_one_falls():
    kind = IncidentType("a", 40.0, diagnose=Distribution("exponential", 30.0), automation=1.0)
    model = ResponseModel((kind,))

    def mttr(**how):
        made = simulate(model, days=365, replications=2, seed=5, **how)
        return ((made["verified_at"] - made["started_at"]).dt.total_seconds() / 60).dropna()

    near(mttr(), 4.0)
    near(mttr(recording=Recording(automated=0.0)), 32.0)


def test_an_export_may_cut_stamps_down_to_minutes(four_phases):
    made = simulate(four_phases, days=100, recording=Recording(grain=1.0))
    assert len(made) > 50
    assert (made["detected_at"].dropna().dt.second == 0).all()


def test_bursts_keep_the_rate_and_spread_the_counts():
    kind = IncidentType("a", 1.0, diagnose=Distribution("constant", 1.0))
    model = ResponseModel((kind,), bursts=Bursts(0.2, 3.0, 30.0))
    luck = model_runs.numbers_of_blocks(model, days=365, block=0, wanted=50, seed=2, blocks=20)
    counts = np.bincount(luck.replication)
    near(counts, 365.0)
    assert counts.var() / counts.mean() > 1.8


def test_noise_without_pages_is_the_baseline_and_pages_make_people_wait(rich):
    base = model_runs.numbers_of_blocks(rich, days=365, block=0, wanted=5, seed=1)
    before = model_runs.run_model(rich, base).minutes("recovery")
    silent = replace(rich, noise=Noise(0.0, Distribution("exponential", 30.0)))
    loud = replace(rich, noise=Noise(8.0, Distribution("exponential", 30.0)))
    after = [
        model_runs.run_model(m, model_runs.numbers_of_blocks(m, days=365, block=0, wanted=5, seed=1))
        for m in (silent, loud)
    ]
    np.testing.assert_array_equal(after[0].minutes("recovery"), before)
    assert after[1].minutes("recovery").mean() > before.mean() + 1
    assert len(after[1].records) == len(before)


def test_a_reopened_incident_keeps_its_first_resolution(everything):
    made = simulate(everything, days=365, replications=5, seed=2)
    again = made[made["reopened"].fillna(False) & made["resolved_at"].notna()]
    assert len(again) > 20
    assert (again["first_resolved_at"] < again["resolved_at"]).all()
    assert made.loc[~made["reopened"], "first_resolved_at"].isna().all()
