"""Queueing models in mttrlab's terms, each as a reader would write it, against theory and through both engines.

The quick runs ask whether theory lies in the 99.9 % interval of independent replications. The long ones
(`pytest -m soak`) also ask how wide that interval is.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import pytest
from scipy import stats

import mttrlab as ml
from mttrlab.response import Distribution, IncidentProfile, IncidentType, Pool, ResponseModel
from mttrlab.response.engines import compiled
from mttrlab.response.engines.transition import MICROSECONDS
from mttrlab.response.experiment import runs as model_runs

ENGINES = [
    "simpy",
    pytest.param("compiled", marks=pytest.mark.skipif(not compiled.numba_installed(), reason="no numba")),
]
DAY = 1440.0


def queue(per_minute: float, service: Distribution, people: int | None) -> ResponseModel:
    """Poisson arrivals, one service, `people` servers in order of arrival; None: as many as are wanted (M/G/∞)."""
    return ResponseModel((IncidentType("any", per_minute * DAY, diagnose=service),), responders=people)


def hyperexponential(per_minute: float, share: float, one: float, other: float) -> ResponseModel:
    """A mixture of services is a mix of types."""
    kinds = ((share, one), (1 - share, other))
    types = tuple(
        IncidentType(f"mean {m}", per_minute * p * DAY, diagnose=Distribution("exponential", m)) for p, m in kinds
    )
    return ResponseModel(types, responders=1)


def priorities(
    per_minute: float, shares: tuple[float, ...], service: Distribution, *, preemptive: bool
) -> ResponseModel:
    """Classes are faces with a priority each, 1 first; who pre-empts is said of the pool."""
    faces = tuple(IncidentProfile(share, severity=f"sev{k}", priority=k) for k, share in enumerate(shares, start=1))
    kind = IncidentType("any", per_minute * DAY, diagnose=service, profiles=faces)
    return ResponseModel((kind,), pools=(Pool("people", 1, preemptive=preemptive),))


def loss(per_minute: float, service: Distribution, servers: int) -> ResponseModel:
    """Erlang's lost calls: no room to wait, so people from outside take who finds all at work (`refused`)."""
    kind = IncidentType("any", per_minute * DAY, diagnose=service)
    return ResponseModel((kind,), pools=(Pool("people", servers, queue_limit=0),))


def erlang_b(servers: int, load: float) -> float:
    blocked = 1.0
    for k in range(1, servers + 1):
        blocked = load * blocked / (k + load * blocked)
    return blocked


def erlang_c(servers: int, load: float) -> float:
    blocked = erlang_b(servers, load)
    return servers * blocked / (servers - load * (1 - blocked))


def second_moment(law: Distribution) -> float:
    match law.family, law.parameters:
        case "constant", (minutes,):
            return minutes**2
        case "exponential", (mean,):
            return 2 * mean**2
        case "gamma", (shape, scale):
            return shape * (shape + 1) * scale**2
        case _, (mu, sigma):
            return math.exp(2 * mu + 2 * sigma**2)
    raise AssertionError(law)


def khinchine(rate: float, law: Distribution) -> float:
    return rate * second_moment(law) / (2 * (1 - rate * law.mean))


def cobham(rate: float, shares: tuple[float, ...], law: Distribution, k: int, *, preemptive: bool) -> float:
    """Return the mean time from start to end of class `k`."""
    upto = [rate * law.mean * sum(shares[:n]) for n in range(len(shares) + 1)]
    above, among = 1 - upto[k - 1], 1 - upto[k]
    if preemptive:
        return law.mean / above + rate * sum(shares[:k]) * second_moment(law) / 2 / (above * among)
    return law.mean + rate * second_moment(law) / 2 / (above * among)


def wait(ended):
    return ended.column("waited") / MICROSECONDS


def spent(ended):
    return ended.minutes("recovery")


def of_class(k):
    return lambda ended: np.where(ended.records.priority == k, spent(ended), np.nan)


def refused(ended):
    return ended.column("refused").astype(float)


@dataclass(frozen=True)
class Case:
    name: str
    model: ResponseModel
    value: object
    expected: float
    load: float
    long: int = 4_000_000
    """Incidents of the long run."""


def mmc(rate, servers, long=4_000_000):
    expected = erlang_c(servers, rate) / (servers - rate)
    name = f"M/M/{servers}, {rate / servers:.0%} busy, wait"
    return Case(name, queue(rate, Distribution("exponential", 1.0), servers), wait, expected, rate / servers, long)


def mg1(rate, law, long=8_000_000):
    return Case(f"M/G/1, {law}, wait", queue(rate, law, 1), wait, khinchine(rate, law), rate * law.mean, long)


SHARES = (0.2, 0.3, 0.5)
MONTH = 43_200.0
SKEWED = Distribution("lognormal", 4.25, 1.25)
MIXED = (0.4, 0.3, 0.5, 3.0)
CASES = [
    mmc(0.5, 1, 8_000_000),
    mmc(0.8, 1, 20_000_000),
    mmc(0.9, 1, 16_000_000),
    mmc(1.5, 2, 20_000_000),
    mmc(2.0, 3, 20_000_000),
    mmc(7.5, 10, 64_000_000),
    mg1(0.7, Distribution("constant", 1.0)),
    mg1(0.7, Distribution("gamma", 3.0, 1 / 3)),
    mg1(0.6, Distribution("lognormal", -0.3, 0.8), 16_000_000),
    Case(
        "M/H2/1, two types, wait",
        hyperexponential(*MIXED),
        wait,
        MIXED[0] * 2 * (0.3 * 0.5**2 + 0.7 * 3.0**2) / (2 * (1 - MIXED[0] * (0.3 * 0.5 + 0.7 * 3.0))),
        MIXED[0] * 2.25,
        24_000_000,
    ),
    *(
        Case(
            f"Cobham, {'pre-emptive, ' if preemptive else ''}class {k}, start to end",
            priorities(0.75, SHARES, law, preemptive=preemptive),
            of_class(k),
            cobham(0.75, SHARES, law, k, preemptive=preemptive),
            0.75,
            16_000_000,
        )
        for preemptive, law in ((False, Distribution("exponential", 1.0)), (True, Distribution("gamma", 2.0, 0.5)))
        for k in (1, 2, 3)
    ),
    Case("Erlang B, 3 lines, load 2", loss(2.0, Distribution("exponential", 1.0), 3), refused, erlang_b(3, 2.0), 0.67),
    Case("Erlang B, 10 lines, load 8", loss(8.0, Distribution("lognormal", -0.5, 1.0), 10), refused, erlang_b(10, 8.0),
         0.8, 8_000_000),
    Case("M/G/∞, start to end", queue(3.0, SKEWED, None), spent, SKEWED.mean, 0.0),
    *(
        Case(f"{n} a month, {SKEWED}, wait", queue(n / MONTH, SKEWED, 1), wait, khinchine(n / MONTH, SKEWED), 0.07,
             88_000_000)
        for n in (20, 40, 80)
    ),
]  # fmt: skip


def interval(case, engine, replications, each, warm, seeds=(7,)):
    """Return mean and half-width (99.9 %) of independent replications, each without its first `warm` incidents."""
    means = []
    days = each / case.model.per_day
    for seed in seeds:
        for ended in model_runs.each_block(case.model, days=days, replications=replications, seed=seed, engine=engine):
            values, kept = case.value(ended), ended.records.key >= warm
            for r in np.unique(ended.records.replication):
                means.append(np.nanmean(values[kept & (ended.records.replication == r)]))
            little(ended)
    half = stats.t.ppf(0.9995, len(means) - 1) * np.std(means, ddof=1) / math.sqrt(len(means))
    return float(np.mean(means)), float(half)


def little(ended):
    """Incidents there, over time, are arrivals times their time: walked through event by event, of one replication."""
    mine = ended.records.replication == ended.records.replication[0]
    begin, end = ended.column("started")[mine], ended.column("verified")[mine]
    moments = np.concatenate([begin, end])
    order = np.argsort(moments, kind="stable")
    there = np.cumsum(np.repeat([1, -1], len(begin))[order])
    assert there[-1] == 0
    assert there.min() >= 0
    assert int(np.sum(there[:-1] * np.diff(moments[order]))) == int(np.sum(end - begin))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_theory_lies_in_the_interval_of_the_replications(case, engine):
    replications, each = (12, 1_200) if engine == "simpy" else (24, 4_000)
    mean, half = interval(case, engine, replications, each, 300)
    assert abs(mean - case.expected) <= half


@pytest.mark.soak
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_theory_lies_in_the_interval_and_the_interval_is_narrow(case, capsys):
    # Four million incidents at a time, so that the longest run fits into memory.
    each = 100_000
    seeds = range(7, 7 + -(-case.long // 4_000_000))
    mean, half = interval(case, "compiled", 40, each, each // 20, seeds)
    with capsys.disabled():
        print(f"\n| {case.name} | {case.expected:.4f} | {mean:.4f} | ±{half / case.expected:.2%} | {case.long:,} |")
    assert abs(mean - case.expected) <= half
    assert half / case.expected <= (0.02 if case.load > 0.8 else 0.01)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_most_urgent_who_may_interrupt_wait_for_each_other_alone_to_the_microsecond(engine):
    model = priorities(0.75, SHARES, Distribution("gamma", 2.0, 0.5), preemptive=True)
    for ended in model_runs.each_block(model, days=4_000 / model.per_day, replications=3, seed=7, engine=engine):
        for begin, end in itertools.pairwise(ended.records.bounds):
            urgent = ended.records.x["priority"][begin:end] == 1
            at, work = (ended.records.x[name][begin:end][urgent] for name in ("at", "diagnose"))
            done = np.cumsum(work[:, 0])
            # Lindley's recursion: each begins when it comes, or when the one before it ends.
            done += np.maximum.accumulate(at - (done - work[:, 0]))
            np.testing.assert_array_equal(ended.ends["verified"][begin:end][urgent], done)
            assert (done - at > work[:, 0]).sum() > 50


def minutes(runs, begin, end):
    return (runs[end] - runs[begin]).dt.total_seconds() / 60


@pytest.mark.parametrize("engine", ENGINES)
def test_a_queue_is_read_from_the_table_of_simulated_incidents(engine):
    model = queue(1.5, Distribution("exponential", 1.0), 2)
    runs = ml.simulate(model, days=1, replications=20, seed=3, engine=engine)
    # Nobody takes time to acknowledge here, so the wait for a person is all there is between these stamps.
    waited = minutes(runs, "detected_at", "acknowledged_at").groupby(runs["replication"]).mean()
    half = stats.t.ppf(0.9995, 19) * waited.std() / math.sqrt(20)
    assert waited.mean() == pytest.approx(9 / 7, abs=half)
    assert runs.attrs["engine"] == engine


def test_a_second_responder_makes_the_wait_of_28_minutes_a_third_of_one():
    one, two = (
        interval(Case("", queue(20 / MONTH, SKEWED, people), wait, 0.0, 0.07), "compiled", 40, 20_000, 300)[0]
        for people in (1, 2)
    )
    assert one == pytest.approx(27.9, rel=0.15)
    assert two == pytest.approx(0.3, abs=0.15)


@pytest.mark.parametrize("engine", ENGINES)
def test_all_times_twice_as_long_make_every_wait_twice_as_long(engine):
    work = Distribution("exponential", 3.0)
    plain, slow = queue(0.25, work, 1), queue(0.125, work.scaled(2.0), 1)
    one, two = (
        model_runs.run_model(model, model_runs.numbers_of_blocks(model, days=days, block=0, wanted=4, seed=5), engine)
        for model, days in ((plain, 5.0), (slow, 10.0))
    )
    # Whole microseconds: what rounding leaves adds up over the incidents that wait for each other.
    np.testing.assert_allclose(wait(two), 2 * wait(one), atol=len(one.records) * 2 / MICROSECONDS)
    assert np.median(np.abs(two.column("waited") - 2 * one.column("waited"))) <= 8
    assert one.column("waited").max() > 10 * MICROSECONDS


def test_on_whole_minutes_all_times_three_times_as_long_are_exactly_so():
    kind = IncidentType("any", 200.0, diagnose=Distribution("constant", 5.0))
    model = ResponseModel((kind,), responders=1)
    luck = model_runs.numbers_of_blocks(model, days=30, block=0, wanted=2, seed=5)
    before = model_runs.run_model(model, luck)
    from mttrlab.response.engines import simpy_engine
    from mttrlab.response.sampling.parameters import parameter_sets, pools

    x = before.records.x.copy()
    x["at"] *= 3
    x["diagnose"] *= 3
    after = simpy_engine.run_simpy(x, parameter_sets(model), before.records.bounds, pools(model))
    for stamp in ("started", "acknowledged", "verified", "waited"):
        np.testing.assert_array_equal(after[stamp], 3 * before.ends[stamp])
    assert before.ends["waited"].max() > 0
