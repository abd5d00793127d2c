"""The SimPy engine against queueing theory and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from mttrlab.response import Distribution, IncidentProfile, IncidentType, ResponseModel
from mttrlab.response.engines.transition import MICROSECONDS
from mttrlab.response.experiment import runs as model_runs

N = 40_000


def queue(per_minute, service, responders, *, seed=1, n=N):
    """Return the outcomes of one long run of a plain queue."""
    kind = IncidentType("any", per_minute * 1440, diagnose=service)
    model = ResponseModel((kind,), responders=responders)
    return model_runs.run_model(
        model, model_runs.numbers_of_blocks(model, days=n / kind.per_day, block=0, wanted=1, seed=seed)
    )


def waits(ended, warm_up=1000):
    """Return minutes of waiting for a person, in order of arrival."""
    return ended.column("waited")[warm_up:] / MICROSECONDS


def batch_interval(values, level=0.99, batches=30):
    """Return the batch-means interval of a mean."""
    means = np.array([batch.mean() for batch in np.array_split(values, batches)])
    half = stats.t.ppf((1 + level) / 2, batches - 1) * means.std(ddof=1) / math.sqrt(batches)
    return means.mean() - half, means.mean() + half


def holds(interval, value):
    return interval[0] <= value <= interval[1]


@pytest.mark.parametrize("name", ["MMC-0.5-1-1", "MMC-1.5-1-2", "MMC-2-1-3"])
def test_waits_of_an_mmc_queue_are_erlangs(truths, name):
    case = truths[name]
    given, expected = case["inputs"], case["expected"]
    ended = queue(given["lam"], Distribution("exponential", 1 / given["mu"]), given["c"])
    minutes = waits(ended)
    assert holds(batch_interval(minutes), expected["Wq"])
    assert holds(batch_interval((minutes > 0).astype(float)), expected["erlangC"])
    assert holds(batch_interval((minutes > 1).astype(float)), expected["P_wait_gt_1"])
    assert holds(batch_interval(ended.minutes("recovery")[1000:]), expected["W"])


def test_waits_of_an_md1_queue_are_half_as_long(truths):
    case = truths["MD1-1"]
    ended = queue(case["inputs"]["lam"], Distribution("constant", case["inputs"]["D"]), 1)
    assert holds(batch_interval(waits(ended)), case["expected"]["Wq"])


def test_one_responder_seven_percent_busy_still_makes_28_minutes_of_waiting():
    rate, work = 20 / 43_200, Distribution("lognormal", 4.25, 1.25)
    second_moment = math.exp(2 * 4.25 + 2 * 1.25**2)
    khinchine = rate * second_moment / (2 * (1 - rate * work.mean))
    assert khinchine == pytest.approx(27.9, abs=0.1)
    interval = batch_interval(waits(queue(rate, work, 1, seed=4, n=100_000)))
    assert holds(interval, khinchine)
    assert interval[1] - interval[0] < 10


def test_the_urgent_wait_less_as_cobham_says():
    rate, mean = 0.7, 1.0
    faces = (IncidentProfile(0.3, severity="sev1", priority=1), IncidentProfile(0.7, severity="sev2", priority=2))
    kind = IncidentType("any", rate * 1440, diagnose=Distribution("exponential", mean), profiles=faces)
    model = ResponseModel((kind,), responders=1)
    ended = model_runs.run_model(
        model, model_runs.numbers_of_blocks(model, days=N / kind.per_day, block=0, wanted=1, seed=8)
    )
    minutes, urgent = waits(ended), ended.records.priority[1000:] == 1
    residual = rate * mean**2
    assert holds(batch_interval(minutes[urgent]), residual / (1 - 0.3 * rate))
    assert holds(batch_interval(minutes[~urgent]), residual / ((1 - 0.3 * rate) * (1 - rate)))


def test_littles_law_holds_in_the_run_itself():
    ended = queue(1.5, Distribution("exponential", 1.0), 2, n=5000)
    asked = ended.column("asked")
    granted = asked + ended.column("waited")
    # A second route: walk through the events and add up the queue's length over time.
    moments = np.concatenate([asked, granted])
    steps = np.concatenate([np.ones(len(asked)), -np.ones(len(granted))])
    order = np.argsort(moments, kind="stable")
    area = float(np.sum(np.cumsum(steps[order])[:-1] * np.diff(moments[order])))
    assert area == pytest.approx(float(ended.column("waited").sum()), rel=1e-12)
    assert area > 0


def test_responders_never_work_on_more_incidents_than_there_are_of_them(rich):
    ended = model_runs.run_model(rich, model_runs.numbers_of_blocks(rich, days=2000, block=0, wanted=1, seed=2))
    held = ended.column("acknowledged") >= 0
    begin, end = ended.column("acknowledged")[held], ended.column("verified")[held]
    order = np.argsort(begin)
    assert (begin[order][1:] >= np.maximum.accumulate(end[order])[:-1]).all()
    assert ended.column("waited").sum() > 0


@pytest.mark.parametrize("name", ["REM-p0.7-s1-t1-n2", "REM-p0.9-s1-t1-n2", "REM-p0.7-s1-t1-n3", "REM-MATCH"])
def test_automation_and_a_person_after_it_take_the_closed_form(truths, name):
    given, expected = truths[name]["inputs"], truths[name]["expected"]
    human = given.get("human_mean_min", given.get("h"))
    kind = IncidentType("any", 1000.0, diagnose=Distribution("exponential", human), automation=given.get("m", 1.0))
    model = ResponseModel(
        (kind,), automation_success=given["p"], automation_attempts=given.get("max_attempts", given.get("n"))
    )
    ended = model_runs.run_model(model, model_runs.numbers_of_blocks(model, days=60, block=0, wanted=1, seed=3))
    minutes, people = ended.minutes("recovery"), ended.column("automated") == 0
    assert minutes.mean() == pytest.approx(expected["mean"], abs=4 * minutes.std() / math.sqrt(len(minutes)))
    if "P_human" in expected:
        p = expected["P_human"]
        assert people.mean() == pytest.approx(p, abs=4 * math.sqrt(p * (1 - p) / len(people)))


def test_without_contention_phases_add_up_and_their_sum_has_the_known_quantiles(four_phases, truths):
    luck = model_runs.numbers_of_blocks(four_phases, days=365, block=0, wanted=50, seed=1)
    ended = model_runs.run_model(four_phases, luck)
    records = ended.records
    total = records.detect + records.diagnose[:, 0] + records.fix[:, 0] + records.verify[:, 0]
    np.testing.assert_array_equal(ended.column("verified") - ended.column("started"), total)
    many = np.concatenate(
        [o.minutes("recovery") for o in model_runs.each_block(four_phases, days=3650, replications=25, seed=1)]
    )
    one, two = truths["PH-1"]["expected"], truths["PH-2"]["expected"]
    assert many.mean() == pytest.approx(one["mean"], abs=4 * one["sd"] / math.sqrt(len(many)))
    assert np.median(many) == pytest.approx(two["median"], rel=0.015)
    assert np.quantile(many, 0.9) == pytest.approx(two["p90"], rel=0.025)
    assert (many < 60).mean() == pytest.approx(two["P_lt_60"], abs=0.01)


def test_pairing_by_luck_shrinks_the_variance_as_known(four_phases, truths):
    expected = truths["CRN-1"]["expected"]
    from mttrlab.response import Scenario

    luck = model_runs.numbers_of_blocks(four_phases, days=36_500, block=0, wanted=3, seed=6)
    faster = Scenario("diagnosis", diagnosis_factor=0.7).apply(four_phases)
    before = model_runs.run_model(four_phases, luck)
    after = model_runs.rerun(faster, luck, four_phases, before)
    saved = before.minutes("recovery") - after.minutes("recovery")
    whole = len(saved) // 200 * 200
    paired = saved[:whole].reshape(-1, 200).mean(axis=1)
    alone = [o.minutes("recovery")[:whole].reshape(-1, 200).mean(axis=1) for o in (before, after)]
    independent = np.sqrt(alone[0].var() + alone[1].var())
    assert paired.mean() == pytest.approx(expected["true_diff"], abs=4 * expected["sd_crn"] / math.sqrt(len(paired)))
    assert paired.std() == pytest.approx(expected["sd_crn"], rel=0.12)
    assert independent == pytest.approx(expected["sd_indep"], rel=0.12)


@pytest.mark.soak
def test_pairing_by_luck_shrinks_the_variance_as_known_in_ten_thousand_replications(four_phases, truths, capsys):
    from mttrlab.response import Scenario

    expected = truths["CRN-1"]["expected"]
    faster = Scenario("diagnosis", diagnosis_factor=0.7).apply(four_phases)
    saved, one, other = [], [], []
    for seed in range(10):
        luck = model_runs.numbers_of_blocks(four_phases, days=245_000, block=0, wanted=1, seed=seed)
        before, after = (
            model_runs.run_model(model, luck, "compiled").minutes("recovery") for model in (four_phases, faster)
        )
        for found, values in ((saved, before - after), (one, before), (other, after)):
            found.append(values[:200_000].reshape(1000, 200).mean(axis=1))
    paired = np.concatenate(saved)
    independent = math.sqrt(np.concatenate(one).var() + np.concatenate(other).var())
    ratio = independent**2 / paired.var()
    with capsys.disabled():
        print(f"\n{len(paired)} replications: {paired.mean():.3f} {paired.std():.4f} {independent:.4f} {ratio:.2f}")
    assert paired.mean() == pytest.approx(expected["true_diff"], abs=4 * expected["sd_crn"] / 100)
    assert paired.std() == pytest.approx(expected["sd_crn"], rel=0.05)
    assert independent == pytest.approx(expected["sd_indep"], rel=0.05)
    assert ratio == pytest.approx(expected["variance_ratio"], rel=0.05)


def test_a_memoryless_acknowledgement_takes_its_mean(truths):
    mean = truths["PAGE-1"]["inputs"]["a_min"]
    kind = IncidentType(
        "any", 1000.0, acknowledge=Distribution("exponential", mean), diagnose=Distribution("constant", 1.0)
    )
    model = ResponseModel((kind,))
    ended = model_runs.run_model(model, model_runs.numbers_of_blocks(model, days=20, block=0, wanted=1, seed=3))
    minutes = (ended.column("acknowledged") - ended.column("detected")) / MICROSECONDS
    assert minutes.mean() == pytest.approx(truths["PAGE-1"]["expected"]["mean"], abs=4 * mean / math.sqrt(len(minutes)))
