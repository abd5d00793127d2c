"""A model whose queue grows for ever is named; a stable one runs. Either is worked by hand, or by another route."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest

from mttrlab.errors import ModelError
from mttrlab.response import (
    Distribution,
    FixPath,
    IncidentType,
    Pipeline,
    Pool,
    Ramp,
    ResponseModel,
    Scenario,
    Shift,
    simulate,
)
from mttrlab.response.engines import compiled, simpy_engine
from mttrlab.response.engines.transition import MICROSECONDS
from mttrlab.response.experiment import runs as model_runs
from mttrlab.response.experiment.utilization import refuse_unstable_queue, utilizations

WORKDAYS = tuple(Shift(24 * day + 9, 24 * day + 17, 1) for day in range(5))
needs_numba = pytest.mark.skipif(not compiled.numba_installed(), reason="no numba")


def one(per_day, law, **more):
    return ResponseModel((IncidentType("any", per_day, diagnose=law),), **more)


def busy(model, days=math.inf):
    return [load.busy for load in utilizations(model, days)]


def refused(model, days=math.inf):
    try:
        refuse_unstable_queue(model, days)
    except ModelError as refusal:
        return str(refusal)
    return ""


FADING = Ramp(months=1.0, decay=0.1)
SLOWER = Scenario("an upheaval that passes", ramp=FADING, diagnosis_factor=3.0)
"""One of 20 incidents a day takes 30 minutes: 42 % busy, 125 % with three times as long."""


@pytest.mark.parametrize(
    ("months", "percent"),
    [
        (1, 125.0),  # all of it there
        (2, 41.667 * (1 + 2 * 0.9)),
        (4, 41.667 * (1 + 2 * 0.9**3)),
        (13, 41.667 * (1 + 2 * 0.9**12)),
        (math.inf, 41.667),  # faded away
    ],
)
def test_a_change_that_fades_counts_as_far_as_it_is_there_when_the_horizon_ends(months, percent):
    model = SLOWER.apply(one(20.0, Distribution("exponential", 30.0), responders=1))
    assert busy(model, months * 30.4375)[0] * 100 == pytest.approx(percent, abs=0.01)
    assert bool(refused(model, months * 30.4375)) == (percent > 100)


def test_a_change_that_hardly_fades_within_the_horizon_is_not_taken_as_none():
    model = SLOWER.apply(one(20.0, Distribution("exponential", 30.0), responders=1))
    with pytest.raises(ModelError, match=r"busy 117% of the time when the horizon ends.*or ask for more days"):
        simulate(model, days=60.875)
    assert len(simulate(model, days=365)) > 6000


def test_a_remedy_that_fades_carries_an_overworked_team_as_long_as_it_holds():
    overworked = one(60.0, Distribution("constant", 30.0), responders=1)
    eased = Scenario("help", ramp=Ramp(months=0.0, decay=0.05), diagnosis_factor=0.5).apply(overworked)
    assert "busy 125% of the time, so" in refused(overworked)
    # 125 % · (1 − 0.95 ** months / 2): a hundred after 17.9 months.
    assert [bool(refused(eased, months * 30.4375)) for months in (1, 17, 18, 24)] == [False, False, True, True]


def measured(model, n, seed=3):
    """Return people and lanes at work on average, clocked in the pools themselves where nobody waits."""
    crowd = [Pool(pool.name, 100_000) for pool in model.pools]
    model = replace(model, pools=tuple(crowd), responders=None if crowd else 100_000)
    model = replace(model, pipeline=model.pipeline and replace(model.pipeline, lanes=100_000))
    held = defaultdict(int)
    ask, take, give = (getattr(simpy_engine.Pools, name) for name in ("ask", "take", "give"))

    def asks(self, p, incident, now):
        held[p] -= now
        ask(self, p, incident, now)

    def takes(self, p, incident, now):
        taken = take(self, p, incident, now)
        held[p] -= now if taken else 0
        return taken

    def gives(self, p, incident):
        held[p] += self._env.now
        give(self, p, incident)

    with pytest.MonkeyPatch.context() as patch:
        for name, clocked in (("ask", asks), ("take", takes), ("give", gives)):
            patch.setattr(simpy_engine.Pools, name, clocked)
        days = n / model.per_day
        model_runs.run_model(
            model, model_runs.numbers_of_blocks(model, days=days, block=0, wanted=1, seed=seed), "simpy"
        )
    return [held[p] / MICROSECONDS / 1440 / days for p in sorted(held)]


RAMPED = Scenario("some", ramp=Ramp(months=0, adoption=0.5), verify_pass=0.2, diagnosis_factor=2.0, flagged=0.6)
LEVERS = {
    "as it is": None,
    "one type alone": Scenario("a", incident_types=["deploy"], diagnosis_factor=3.0, prevention=0.5),
    "half of all": RAMPED,
    "many at once": Scenario("c", rollback_minutes=3.0, forward_fix_minutes=20.0, flagged=0.8, runbooks=0.9,
                             automation=0.5, automation_attempts=5, automation_harm=0.3, changes_prevented=0.5),
    "more and worse": Scenario("d", arrivals_factor=1.7, deploys_factor=1.5, burst_share=0.1, noise_factor=2.0,
                               hypothesis_hit=0.6, first_hit=0.9, novel=0.3, try_minutes=12.0, notice_factor=1.5),
    "fixes that fail": Scenario("e", flagged=0.7, flag_success=0.6, flag_minutes=0.4, rollback_success=0.5,
                                forward_fix_success=0.8, rollback_minutes=6.0, deployment_minutes=8.0,
                                harm_factor=3.0, automation_run_factor=1.5, automation_success=0.5, max_rounds=4),
    "half of some": Scenario("f", ramp=Ramp(months=0, adoption=0.6), incident_types=["capacity"], arrivals_factor=1.5,
                             verify_pass=0.4, forward_fix_success=0.3, automation_attempts=4, max_rounds=2),
}  # fmt: skip


@pytest.mark.parametrize("lever", LEVERS)
@pytest.mark.parametrize("sampled", [True, False])
def test_the_work_that_is_expected_is_the_work_that_the_engine_does(everything, lever, sampled):
    model = replace(everything, pools=tuple(replace(pool, queue_limit=None) for pool in everything.pools))
    if not sampled:
        model = replace(model, verification=None, verify_pass=0.7, false_pass=0.5)
    model = LEVERS[lever].apply(model) if LEVERS[lever] else model
    assert busy(model) == pytest.approx(measured(model, 6_000), rel=0.08)


@pytest.mark.parametrize("share", [0.6, 0.8, 0.9, 0.97, 1.0, 1.03])
@pytest.mark.parametrize(
    "law", [Distribution("lognormal", 1.0, 2.5), Distribution("loglogistic", 1.2, 10.0), Distribution("constant", 7.0)]
)
def test_heavy_tails_are_refused_from_one_on_and_not_before(law, share):
    for people in (1, 3):
        assert bool(refused(one(share * people * 1440 / law.mean, law, responders=people))) == (share >= 1)


def test_work_without_a_mean_is_named():
    endless = Distribution("loglogistic", 0.9, 10.0)
    with pytest.raises(ModelError, match=r"1 responder\(s\) would be busy without end"):
        refuse_unstable_queue(one(0.001, endless, responders=1))


def test_prevention_of_one_type_and_caps_on_a_fix_make_a_queue_end():
    fix = (FixPath("rollback", Distribution("exponential", 100.0), 1.0, 1.0),)
    release = IncidentType("release", 12.0, paths=fix, change_caused=1.0)
    model = ResponseModel((release, IncidentType("other", 3.0, diagnose=Distribution("constant", 100.0))), responders=1)
    assert busy(model)[0] * 1440 == pytest.approx(1500.0)
    # E min(X, 50) of an exponential law is m (1 − exp(−50 / m)).
    capped = 12 * 100 * (1 - math.exp(-0.5)) + 300
    assert busy(Scenario("x", rollback_minutes=50).apply(model))[0] * 1440 == pytest.approx(capped, rel=1e-4)
    for lever in ({"prevention": 0.1, "incident_types": ["release"]}, {"changes_prevented": 0.1}, {"flagged": 0.1},
                  {"rollback_minutes": 50}, {"prevention": 0.05}):  # fmt: skip
        assert refused(model)
        assert not refused(Scenario("x", **lever).apply(model)), lever


@pytest.mark.parametrize(("mean", "stable", "growing"), [(30.0, 1.05, 1.08), (240.0, 1.45, 1.52)])
def test_who_finishes_after_the_shift_works_longer_than_the_roster_says(mean, stable, growing):
    # Five ends of a shift a week, each with an exponential rest of one incident: 40 + 5 · mean / 60 hours.
    roster = Pool("team", shifts=WORKDAYS)
    assert stable < 1 + 5 * mean / 60 / 40 < growing
    for share, too_much in ((stable, False), (growing, True)):
        model = one(share * 40 / 168 * 1440 / mean, Distribution("exponential", mean), pools=(roster,))
        assert bool(refused(model)) == too_much


def test_whose_work_ends_exactly_with_the_shift_works_no_longer_when_there_is_always_more():
    day = Pool("team", shifts=WORKDAYS)
    assert "busy 110% of the time" in refused(one(11 / 7, Distribution("constant", 240.0), pools=(day,)))
    assert not refused(one(9 / 7, Distribution("constant", 240.0), pools=(day,)))


def test_hand_overs_at_the_end_of_a_shift_cost_what_they_add():
    # 40 hours a week, five of them spent on being told what is going on.
    roster = Pool("team", shifts=WORKDAYS, end_of_shift="hands over", handover_minutes=60.0)
    for hours, too_much in ((34.5, False), (35.5, True)):
        assert bool(refused(one(hours / 7 * 2, Distribution("exponential", 30.0), pools=(roster,)))) == too_much
    nothing_else = replace(roster, handover_minutes=600.0)
    assert "without end" in refused(one(0.1, Distribution("exponential", 30.0), pools=(nothing_else,)))


def closed(people, lanes, work, deploy):
    """Return incidents a minute that people get through who each work, wait for a lane and deploy, always busy."""
    chance = [1.0]
    for there in range(1, people + 1):
        chance.append(chance[-1] * (people - there + 1) / work * deploy / min(there, lanes))
    served = [p * min(there, lanes) / deploy for there, p in enumerate(chance)]
    return sum(served) / sum(chance)


@needs_numba
@pytest.mark.parametrize(("people", "lanes", "work"), [(2, 1, 30.0), (5, 2, 60.0), (1, 1, 20.0)])
def test_people_who_wait_for_each_others_deployments_get_less_done_than_either_alone(people, lanes, work):
    through = closed(people, lanes, work, 30.0) * 1440
    fix = (FixPath("rollback", Distribution("constant", 0.0), 1.0, 1.0),)

    def model(share):
        kind = IncidentType("any", share * through, diagnose=Distribution("exponential", work), paths=fix)
        return ResponseModel((kind,), responders=people, pipeline=Pipeline(lanes, Distribution("exponential", 30.0)))

    assert not any(refused(model(share)) for share in (0.6, 0.9, 0.97))
    assert refused(model(1.08))
    if people > 1:
        assert "people wait for" in refused(model(1.08))
        assert all(load.busy < load.people for load in utilizations(model(1.08)))


@needs_numba
def test_waits_grow_with_the_horizon_just_where_a_model_is_refused(monkeypatch):
    roster = Pool("team", shifts=WORKDAYS)
    monkeypatch.setattr(model_runs, "refuse_unstable_queue", lambda *_: None)
    for share, grows in ((1.2, False), (1.7, True)):
        model = one(share * 40 / 168 * 6, Distribution("exponential", 240.0), pools=(roster,))
        made = model_runs.run_model(
            model, model_runs.numbers_of_blocks(model, days=2000, block=0, wanted=6, seed=5), "compiled"
        )
        waits = [part.mean() for part in np.array_split(made.column("waited")[np.argsort(made.records.at)], 3)]
        assert bool(refused(model)) == grows
        assert (waits[2] > 2 * waits[0]) == grows
