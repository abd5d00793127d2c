"""Incidents that a change caused begin after deployments."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mttrlab.errors import ModelError
from mttrlab.response import Bursts, Deployments, Distribution, IncidentType, ResponseModel, simulate
from mttrlab.response.engines import compiled
from mttrlab.response.experiment import runs as model_runs

HOUR, DAY, WEEK = 3_600_000_000, 86_400_000_000, 604_800_000_000
KINDS = (
    IncidentType("release", 1.0, diagnose=Distribution("exponential", 20.0), change_caused=0.8),
    IncidentType("disk", 1.0, diagnose=Distribution("exponential", 20.0)),
)
MODEL = ResponseModel(KINDS)
OFFICE = Deployments(4.0, Distribution("constant", 0.0))


def made(model, weekday=0.0, days=70):
    return model_runs.run_model(
        model, model_runs.numbers_of_blocks(model, days=days, block=0, wanted=40, seed=3, weekday=weekday)
    )


@pytest.mark.parametrize("weekday", [0.0, 61.5])
def test_what_a_change_caused_begins_when_people_deploy_and_the_rest_as_before(weekday):
    plain, linked = made(MODEL, weekday), made(replace(MODEL, deployments=OFFICE), weekday)
    caused = linked.records.changed == 1
    at = (linked.records.numbers.at + round(weekday * HOUR)) % WEEK
    assert 0.3 < caused.mean() < 0.5
    assert (at[caused] // DAY < 5).all()
    assert ((at[caused] % DAY >= 9 * HOUR) & (at[caused] % DAY <= 17 * HOUR)).all()
    assert len(linked.records) == len(plain.records)
    np.testing.assert_array_equal(
        np.sort(linked.records.numbers.at[~caused]), np.sort(plain.records.numbers.at[plain.records.changed == 0])
    )
    for r in range(40):
        assert (np.diff(linked.records.numbers.at[linked.records.replication == r]) >= 0).all()


def test_the_incident_keeps_its_own_luck_when_it_is_moved():
    plain, linked = made(MODEL), made(replace(MODEL, deployments=OFFICE))
    np.testing.assert_array_equal(np.sort(linked.minutes("recovery")), np.sort(plain.minutes("recovery")))


def test_few_deployments_bring_incidents_in_crowds():
    rare = replace(MODEL, deployments=Deployments(0.05, Distribution("constant", 0.0)))
    ended = made(rare, days=365)
    starts = ended.records.numbers.at[(ended.records.changed == 1) & (ended.records.replication == 0)]
    # Some 290 incidents of 18 deployments.
    assert len(np.unique(starts)) < 40 < 150 < len(starts)


def test_deployments_come_as_often_as_they_should_and_after_them_the_delay():
    assert OFFICE.worth(2 * WEEK, 0) == pytest.approx(56.0)
    assert replace(OFFICE, weekends=True).worth(WEEK, 5 * HOUR) == pytest.approx(28.0)
    assert OFFICE.worth(2 * DAY, 5 * DAY) == 0.0
    late = made(replace(MODEL, deployments=replace(OFFICE, after=Distribution("constant", 120.0))))
    caused = late.records.changed == 1
    hour = late.records.numbers.at[caused] % DAY / HOUR
    # The few that would begin after the horizon stay where they were.
    assert ((hour >= 11) & (hour <= 19)).mean() > 0.99


def test_they_bring_others_along_and_both_engines_agree():
    crowded = replace(MODEL, deployments=OFFICE, bursts=Bursts(0.3, 2.0, 30.0), responders=3)
    reference = simulate(crowded, days=30, replications=10, seed=3, engine="simpy")
    assert reference["started_at"].is_monotonic_increasing or len(reference) > 500
    if compiled.numba_installed():
        assert simulate(crowded, days=30, replications=10, seed=3, engine="compiled").equals(reference)
    parts = [simulate(crowded, days=30, replications=60, seed=3, n_jobs=jobs) for jobs in (1, 2)]
    assert parts[0].equals(parts[1])


def test_what_cannot_be_is_refused_in_a_sentence():
    with pytest.raises(ModelError, match="no type has change_caused above 0"):
        ResponseModel((KINDS[1],), deployments=OFFICE)
    with pytest.raises(ModelError, match="hours of deployments must be from earlier to later"):
        Deployments(1.0, Distribution("constant", 0.0), hours=(17.0, 9.0))
    with pytest.raises(ModelError, match="per_day of deployments must be above 0"):
        Deployments(0.0, Distribution("constant", 0.0))
