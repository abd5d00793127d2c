"""Whole laws of queues and of arrivals, not their means alone: tails of waits, second moments, counts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from mttrlab.response import Bursts, Distribution, IncidentType, Pool, ResponseModel, Shift
from mttrlab.response.engines import compiled
from mttrlab.response.engines.transition import MICROSECONDS
from mttrlab.response.experiment import runs as model_runs

DAY = 1440.0
ENGINES = [
    "simpy",
    pytest.param("compiled", marks=pytest.mark.skipif(not compiled.numba_installed(), reason="no numba")),
]


def queue(per_minute, service, **more):
    return ResponseModel((IncidentType("any", per_minute * DAY, diagnose=service),), **more)


def in_interval(model, engine, of, expected, within=1.0, share=0.2):
    """Whether a mean lies in the 99.9 % interval of replications without their first fifth, no wider than asked for."""
    replications, each = (12, 1_500) if engine == "simpy" else (60, 8_000)
    means = []
    for ended in model_runs.each_block(
        model, days=each / model.per_day, replications=replications, seed=11, engine=engine
    ):
        warm = ended.column("started") > share * ended.horizon
        values, place = of(ended)[warm], ended.records.replication[warm]
        first, last = place.min(), place.max() + 1
        counts = np.bincount(place - first, minlength=last - first)
        means += list(np.bincount(place - first, weights=values, minlength=last - first) / counts)
    half = stats.t.ppf(0.9995, len(means) - 1) * np.std(means, ddof=1) / math.sqrt(len(means))
    assert len(means) == replications
    assert engine == "simpy" or half < within * expected
    return abs(np.mean(means) - expected) <= half


def wait(ended):
    return ended.column("waited") / MICROSECONDS


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("c", "busy", "mean"), [(1, 0.6, 20.0), (3, 0.8, 30.0)])
def test_one_in_ten_waits_longer_than_the_p90_of_erlangs_exponential_tail(engine, c, busy, mean):
    load = c * busy
    terms = [load**k / math.factorial(k) for k in range(c)]
    last = load**c / math.factorial(c) / (1 - busy)
    wait_at_all = last / (sum(terms) + last)
    p90 = math.log(wait_at_all / 0.1) * mean / (c * (1 - busy))
    model = queue(load / mean, Distribution("exponential", mean), responders=c)
    assert in_interval(model, engine, lambda ended: (wait(ended) > p90).astype(float), 0.1, within=0.2)
    assert in_interval(model, engine, lambda ended: (wait(ended) > 0).astype(float), wait_at_all, within=0.02)


@pytest.mark.parametrize("engine", ENGINES)
def test_squared_waits_of_an_mg1_queue_take_the_third_moment_of_its_weibull_law(engine):
    law = Distribution("weibull", 1.6, 25.0)
    rate = 0.5 / law.mean
    second, third = (25.0**n * math.gamma(1 + n / 1.6) for n in (2, 3))
    first = rate * second / 2 / 0.5
    expected = 2 * first**2 + rate * third / 3 / 0.5
    model = queue(rate, law, responders=1)
    assert in_interval(model, engine, lambda ended: wait(ended) ** 2, expected, within=0.1)
    assert in_interval(model, engine, wait, first, within=0.03)


@pytest.mark.parametrize("engine", ENGINES)
def test_where_people_work_by_day_alone_the_rare_incident_waits_for_the_morning(engine):
    days = tuple(Shift(24 * day + 9, 24 * day + 17, 1) for day in range(7))
    model = queue(0.05 / DAY, Distribution("constant", 0.01), pools=(Pool("people", 0, days),))
    assert in_interval(model, engine, wait, 16 * 60 * 16 / 24 / 2, within=0.01, share=0.0)


def test_incidents_that_bring_others_are_as_dispersed_as_a_compound_poisson_law():
    share, size = 0.3, 4.0
    kind = IncidentType("any", 1.0, diagnose=Distribution("constant", 1.0))
    model = ResponseModel((kind,), bursts=Bursts(share, size, 30.0))
    luck = model_runs.numbers_between(model, (0, 4_000), days=200, seed=3)
    counts = np.bincount(luck.replication)
    own, squared = 1 + share * size, 1 + 2 * share * size + share * (2 * size**2 - size)
    assert counts.mean() == pytest.approx(200.0, abs=4 * counts.std() / math.sqrt(len(counts)))
    assert counts.var() / counts.mean() == pytest.approx(squared / own, rel=4 * math.sqrt(2.2 / len(counts)))


def test_counts_per_hour_of_the_week_pass_a_chi_square_against_the_profile():
    profile = 1 + 0.9 * np.sin(np.arange(168) * 2 * math.pi / 24) + 2.0 * (np.arange(168) < 40)
    kind = IncidentType("any", 1.0, diagnose=Distribution("constant", 1.0))
    model = ResponseModel((kind,), profile=tuple(profile))
    luck = model_runs.numbers_between(model, (0, 1_000), days=364, seed=5, weekday=30.0)
    hours = (luck.at // 3_600_000_000 + 30) % 168
    counts = np.bincount(hours, minlength=168)
    fair = profile / profile.sum()
    assert stats.chisquare(counts, fair * counts.sum()).pvalue > 1e-4
    assert stats.chisquare(counts, np.roll(fair, 1) * counts.sum()).pvalue < 1e-9
