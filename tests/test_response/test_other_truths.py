"""Known answers with other parameters, each by a formula of its own, asked through the calls that strangers use."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import integrate, stats

import mttrlab as ml
from mttrlab.response import (
    Distribution,
    FixPath,
    IncidentProfile,
    IncidentType,
    Paging,
    Pool,
    Ramp,
    Recording,
    Reopening,
    ResponseModel,
    Routing,
    Scenario,
    Verification,
)
from mttrlab.response.engines import compiled

ENGINES = [
    "simpy",
    pytest.param("compiled", marks=pytest.mark.skipif(not compiled.numba_installed(), reason="no numba")),
]
RUNS = {"simpy": 10, "compiled": 20}
"""Replications of each engine."""


def one(per_day, law, **more):
    return ResponseModel((IncidentType("any", per_day, diagnose=law),), **more)


def minutes(runs, begin="started_at", end="verified_at"):
    return (runs[end] - runs[begin]).dt.total_seconds() / 60


def near(runs, values, expected):
    """Whether a mean lies in the 99.9 % interval of the replications, each without its beginning and its end."""
    begin = runs["started_at"].min()
    days = (runs["started_at"] - begin).dt.total_seconds() / 86_400
    kept = values[days.between(0.2 * days.max(), 0.9 * days.max())]
    means = kept.groupby(runs["replication"]).mean()
    half = max(stats.t.ppf(0.9995, len(means) - 1) * means.std() / math.sqrt(len(means)), 1e-9)
    assert len(means) >= 10
    return means.mean() == pytest.approx(expected, abs=half)


def run(model, engine, **more):
    incidents = 700 if engine == "simpy" else 1_500
    return ml.simulate(model, days=incidents / model.per_day, replications=RUNS[engine], engine=engine, seed=31, **more)


def erlang_c(c, load):
    terms = [load**k / math.factorial(k) for k in range(c)]
    last = load**c / math.factorial(c) * c / (c - load)
    return last / (sum(terms) + last)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("c", "busy", "mean"), [(1, 0.35, 12.0), (2, 0.6, 45.0), (4, 0.7, 8.0)])
def test_waits_of_other_mmc_queues(engine, c, busy, mean):
    rate = c * busy / mean
    runs = run(one(rate * 1440, Distribution("exponential", mean), responders=c), engine)
    chance = erlang_c(c, rate * mean)
    waited = minutes(runs, "detected_at", "acknowledged_at")
    assert near(runs, waited, chance * mean / (c - rate * mean))
    assert near(runs, (waited > 0).astype(float), chance)
    assert near(runs, (waited > mean).astype(float), chance * math.exp(-(c - rate * mean)))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "law",
    [
        Distribution("weibull", 2.0, 30.0),
        Distribution("empirical", 5.0, 10.0, 60.0),
        Distribution("lognormal", 3.0, 0.6),
        Distribution("constant", 7),
    ],
)
def test_waits_of_other_mg1_queues(engine, law):
    busy = 0.55
    # The moments are integrals of the quantile function, not of the law's own formulas.
    first, second = (integrate.quad(lambda u, k=k: float(law.quantile(u)) ** k, 0, 1, limit=400)[0] for k in (1, 2))
    if law.family == "empirical":
        first, second = np.mean(law.parameters), np.mean(np.square(law.parameters))
    rate = busy / first
    runs = run(one(rate * 1440, law, responders=1), engine)
    assert near(runs, minutes(runs, "detected_at", "acknowledged_at"), rate * second / 2 / (1 - busy))
    # Pasta: who arrives finds somebody at work as often as somebody is at work.
    assert near(runs, (minutes(runs, "detected_at", "acknowledged_at") > 0).astype(float), busy)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("shares", "c"), [((0.4, 0.6), 1), ((0.1, 0.2, 0.3, 0.4), 1), ((0.25, 0.35, 0.4), 3)])
def test_cobhams_waits_with_two_to_four_classes_and_several_servers(engine, shares, c):
    mean, busy = 20.0, 0.7
    rate = c * busy / mean
    faces = tuple(IncidentProfile(share, severity=f"sev{k}", priority=k) for k, share in enumerate(shares, start=1))
    kind = IncidentType("any", rate * 1440, diagnose=Distribution("exponential", mean), profiles=faces)
    runs = run(ResponseModel((kind,), responders=c), engine)
    waited = minutes(runs, "detected_at", "acknowledged_at")
    upto = np.concatenate([[0.0], np.cumsum(shares)]) * busy
    for k in range(1, len(shares) + 1):
        expected = erlang_c(c, rate * mean) * mean / c / ((1 - upto[k - 1]) * (1 - upto[k]))
        assert near(runs, waited.where(runs["severity"] == f"sev{k}"), expected), k


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("lines", "load"), [(1, 0.8), (2, 3.0), (6, 4.0)])
def test_erlang_b_is_read_from_the_table_where_nobody_may_wait(engine, lines, load):
    mean = 30.0
    kind = IncidentType("any", load / mean * 1440, diagnose=Distribution("gamma", 2.0, mean / 2))
    model = ResponseModel((kind,), pools=(Pool("team", lines, queue_limit=0),))
    runs = run(model, engine)
    weights = [load**k / math.factorial(k) for k in range(lines + 1)]
    # Nobody waits; those who come while all are at work are more at a time than there are people.
    assert minutes(runs, "detected_at", "acknowledged_at").max() == 0
    assert near(runs, _beyond(runs, lines), weights[-1] / sum(weights))


def _beyond(runs, lines):
    """Return 1.0 for incidents that found all of the team at work: replayed from the table by hand."""
    found = np.zeros(len(runs))
    for _, mine in runs.groupby("replication"):
        ends: list = []
        for row in mine[["started_at", "verified_at"]].itertuples():
            ends = [end for end in ends if end > row.started_at]
            if len(ends) >= lines:
                found[row.Index] = 1.0
            elif row.verified_at == row.verified_at:
                ends.append(row.verified_at)
    return runs["started_at"].notna().astype(float) * found


@pytest.mark.parametrize("engine", ENGINES)
def test_incidents_there_at_a_time_are_poisson_where_nobody_waits_and_little_holds(engine):
    law = Distribution("loglogistic", 3.0, 40.0)
    runs = run(one(60.0, law), engine)
    expected = 60.0 / 1440 * 40.0 * (math.pi / 3) / math.sin(math.pi / 3)
    begin = runs["started_at"].min().normalize()
    moments = np.arange(3, 11) * 86_400 + 7_200
    there = []
    for _, mine in runs.groupby("replication"):
        from_, to = ((mine[c] - begin).dt.total_seconds().to_numpy() for c in ("started_at", "verified_at"))
        there += [int(((from_ <= at) & ~(to <= at)).sum()) for at in moments]
    n = len(there)
    assert np.mean(there) == pytest.approx(expected, abs=4 * math.sqrt(expected / n))
    assert np.var(there) == pytest.approx(expected, rel=5 * math.sqrt(2 / n))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("p", "s", "t", "n", "h", "m"),
    [(0.5, 2.0, 5.0, 1, 60.0, 1.0), (0.25, 0.5, 3.0, 5, 20.0, 0.6), (0.0, 1.0, 2.0, 3, 45.0, 1.0),
     (1.0, 4.0, 9.0, 2, 45.0, 1.0)],
)  # fmt: skip
def test_other_chains_of_automatic_attempts(engine, p, s, t, n, h, m):
    kind = IncidentType("any", 400.0, diagnose=Distribution("exponential", h), automation=m)
    model = ResponseModel(
        (kind,),
        automation_success=p,
        automation_run=Distribution("constant", s),
        automation_timeout=t,
        automation_attempts=n,
    )
    q = 1 - p
    chain = sum(p * q**k * (k * t + s) for k in range(n)) + q**n * (n * t + h)
    runs = run(model, engine)
    assert near(runs, minutes(runs), m * chain + (1 - m) * h)
    assert near(runs, (runs["fix_path"] == "automation").astype(float), m * (1 - q**n))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("kept", "grain"), [(0.0, 0.0), (0.2, 1.0)])
def test_recorded_mttr_rises_while_the_true_one_falls(engine, kept, grain):
    # A third of the incidents is quick (10 minutes by a person), and automation ends only those, at once.
    quick = IncidentType("quick", 100.0, diagnose=Distribution("exponential", 10.0), automation=1.0)
    slow = IncidentType("slow", 50.0, diagnose=Distribution("exponential", 90.0))
    model = ResponseModel((quick, slow), automation_success=1.0, automation_run=Distribution("constant", 0.5))
    none = Scenario("none", automation=0.0)
    true, recorded = (run(model, engine, recording=how) for how in (None, Recording(automated=kept, grain=grain)))
    before = run(model, engine, scenario=none)
    assert near(before, minutes(before), (2 * 10 + 90) / 3)
    assert near(true, minutes(true), (2 * 0.5 + 90) / 3)
    if not grain:
        assert near(recorded, minutes(recorded), 90.0)
        assert (recorded["fix_path"] != "automation").all()
    share = kept * 2 / (kept * 2 + 1)
    assert near(recorded, (recorded["fix_path"] == "automation").astype(float), share)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("mean", "timeout", "levels"), [(9.0, 3.0, 2), (2.0, 10.0, 4)])
def test_a_memoryless_acknowledgement_is_unmoved_by_other_timeouts(engine, mean, timeout, levels):
    law = Distribution("exponential", mean)
    model = one(300.0, Distribution("constant", 1.0), paging=Paging(0.0, timeout, (law,) * levels))
    runs = run(model, engine)
    assert near(runs, minutes(runs, "detected_at", "acknowledged_at"), mean)


@pytest.mark.parametrize("engine", ENGINES)
def test_levels_of_other_speeds_and_a_delivery(engine):
    # First level 6 minutes on average, after 4 the second with 3; each page needs one minute more to be delivered.
    model = one(
        300.0,
        Distribution("constant", 1.0),
        paging=Paging(1.0, 4.0, (Distribution("exponential", 6.0), Distribution("exponential", 3.0))),
    )
    late = math.exp(-4 / 6)
    runs = run(model, engine)
    expected = 6 * (1 - late) + 1 + late * (1 + 3)
    assert near(runs, minutes(runs, "detected_at", "acknowledged_at"), expected)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("s", "k", "every"), [(0.9, 3, 20.0), (0.6, 2, 45.0), (1.0, 4, 15.0)])
def test_runs_of_healthy_samples_of_other_lengths(engine, s, k, every):
    how = Verification(every_s=every, window_s=0.0, healthy=s, in_a_row=k, max_samples=10_000)
    runs = run(one(300.0, Distribution("constant", 2.0), verification=how), engine)
    samples = k if s == 1 else (1 - s**k) / ((1 - s) * s**k)
    assert near(runs, minutes(runs, "resolved_at", "verified_at"), (samples - 1) * every / 60)


def test_other_pre_fix_error_rates_empty_the_window_when_they_should():
    for error, seconds in ((0.5, 60.0), (0.02, 60.0), (0.0199, 30.0), (0.0101, 30.0), (0.0099, 0.0)):
        assert Verification(error=error).first_healthy_s == seconds, error
    # 300 s window, samples each 60 s, threshold 5 %: 20 % falls below it once less than a quarter of it is left.
    assert Verification(every_s=60.0, window_s=300.0, threshold=0.05, error=0.2).first_healthy_s == 240.0


@pytest.mark.parametrize("engine", ENGINES)
def test_rounds_that_fail_come_back_as_often_as_a_geometric_law_says(engine):
    work = one(200.0, Distribution("exponential", 15.0), verify_pass=0.6, max_rounds=20)
    runs = run(work, engine)
    assert near(runs, minutes(runs), 15.0 * (1 - 0.4**20) / 0.6)
    right_back = Reopening(Distribution("constant", 30.0), right=0.25)
    runs = run(one(200.0, Distribution("exponential", 15.0), reopening=right_back, max_rounds=2), engine)
    assert near(runs, minutes(runs), 15.0 + 0.25 * (30.0 + 15.0))


@pytest.mark.parametrize("engine", ENGINES)
def test_passing_an_incident_to_and_fro_takes_as_long_as_a_markov_chain_until_it_is_absorbed(engine):
    routing = Routing(0.4, 0.5, Distribution("exponential", 6.0), 2.0, max_transfers=8)
    runs = run(one(200.0, Distribution("constant", 10.0), routing=routing), engine)
    assert near(runs, minutes(runs), 10.0 + 0.4 * (1 - 0.5**8) / 0.5 * 8.0)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_flag_against_a_rollback_of_any_length(engine):
    rollback, fix = Distribution("lognormal", 2.0, 0.4), Distribution("lognormal", 4.0, 0.5)
    paths = (FixPath("rollback", rollback, 0.0, 0.8), FixPath("forward_fix", fix, 1.0, 0.2))
    kind = IncidentType("release", 60.0, diagnose=Distribution("constant", 5.0), paths=paths, change_caused=0.5)
    model = ResponseModel((kind,), flag=Distribution("constant", 0.25))
    lognormal = {law: math.exp(law.parameters[0] + law.parameters[1] ** 2 / 2) for law in (rollback, fix)}
    change = 0.8 * lognormal[rollback] + 0.2 * lognormal[fix]
    made = ml.compare_scenarios(
        model, [Scenario("flags", flagged=0.6)], days=20, replications=RUNS[engine], engine=engine, seed=4
    )
    assert made["mean"].iloc[0] == pytest.approx(5 + 0.5 * change + 0.5 * lognormal[fix], rel=0.04)
    assert made["saving"].iloc[1] == pytest.approx(0.5 * 0.6 * (change - 0.25), rel=0.06)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_ramp_saves_half_of_the_whole_while_it_rises(engine):
    model = one(20.0, Distribution("exponential", 30.0))
    rises = Scenario("ramp", ramp=Ramp(months=6.0), diagnosis_factor=0.5)
    made = ml.compare_scenarios(model, [rises], days=6 * 30.4375, replications=4, engine=engine)
    assert made["saving"].iloc[1] == pytest.approx(0.5 * 0.5 * 30.0, rel=0.04)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("k", [0.01, 60.0, 1440.0])
def test_all_times_k_times_as_long_make_mttr_k_times_as_long(engine, k):
    def model(scale):
        paths = (FixPath("rollback", Distribution("lognormal", 2.0, 0.6).scaled(scale), 0.5, 0.5),
                 FixPath("forward_fix", Distribution("weibull", 1.2, 30.0).scaled(scale), 0.5, 0.5))  # fmt: skip
        detect, diagnose = (
            Distribution("gamma", 2.0, 3.0).scaled(scale),
            Distribution("exponential", 20.0).scaled(scale),
        )
        acknowledge, verify = (
            Distribution("exponential", 4.0).scaled(scale),
            Distribution("constant", 5.0).scaled(scale),
        )
        kind = IncidentType("any", 20.0 / scale, detect, None, acknowledge, diagnose, paths, verify)
        return ResponseModel((kind,), responders=2, verify_pass=0.8)

    faster = [Scenario("x", diagnosis_factor=0.5)]
    plain, scaled = (
        ml.compare_scenarios(model(scale), faster, days=30.0 * scale, replications=10, engine=engine, seed=2)
        for scale in (1.0, k)
    )
    for number in ("mean", "median", "p90", "saving", "mean_low", "p90_high"):
        assert scaled[number].iloc[1] == pytest.approx(k * plain[number].iloc[1], rel=1e-4), number
    assert scaled["incidents"].tolist() == plain["incidents"].tolist()
    assert plain["saving"].iloc[1] > 5


@pytest.mark.parametrize("engine", ENGINES)
def test_limits_no_incidents_one_incident_no_time_one_person(engine):
    nothing = ml.simulate(one(1e-9, Distribution("constant", 5.0)), days=10, replications=3, engine=engine)
    assert nothing.empty
    assert ml.monthly_mttr(nothing).empty
    compared = ml.compare_scenarios(
        one(1e-9, Distribution("constant", 5.0)), [Scenario("x", prevention=0.5)], engine=engine
    )
    assert compared["incidents"].tolist() == [0.0, 0.0]
    assert compared["minutes_saved_per_year"].tolist() == [0.0, 0.0]
    at_once = ml.simulate(one(50.0, Distribution("constant", 0.0), responders=1), days=10, engine=engine)
    assert minutes(at_once).eq(0).all()
    assert len(at_once) > 300
    alone = next(
        runs for seed in range(60)
        if len(runs := ml.simulate(one(0.1, Distribution("constant", 42.0)), days=10, engine=engine, seed=seed)) == 1
    )  # fmt: skip
    assert minutes(alone).tolist() == [42.0]
    assert ml.monthly_mttr(alone.assign(incident_type="any"))["n"].sum() == 1
    # One person, all at once: the last of a crowd waits for all before.
    crowd = replace(one(1.0, Distribution("constant", 10.0), responders=1), bursts=ml.response.Bursts(1.0, 30.0, 0.0))
    runs = ml.simulate(crowd, days=300, engine=engine, seed=3)
    waited = minutes(runs, "detected_at", "acknowledged_at")
    together = runs.groupby("started_at").size()
    first = together.index[0]
    assert sorted(waited[runs["started_at"] == first]) == [10.0 * k for k in range(together.iloc[0])]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("p", [0.0, 1.0])
def test_all_chances_nought_or_one(engine, p):
    paths = (FixPath("rollback", Distribution("constant", 3.0), p, 1 - p, success=p),
             FixPath("forward_fix", Distribution("constant", 8.0), 1 - p, p))  # fmt: skip
    kind = IncidentType("any", 40.0, detect=Distribution("constant", 7.0), alert=Distribution("constant", 1.0),
                        diagnose=Distribution("constant", 20.0), paths=paths, verify=Distribution("constant", 2.0),
                        alert_coverage=p, automation=p, change_caused=p, runbook=p)  # fmt: skip
    model = ResponseModel((kind,), verify_pass=p, false_pass=p, automation_success=p, automation_harm=p, max_rounds=3)
    runs = ml.simulate(model, days=30, engine=engine)
    # Nought: seen late, three rounds of diagnosis, fix (the forward fix) and a check that never passes. One: a rule.
    expected = 7 + 3 * (20 + 8 + 2) if p == 0 else 1 + 1 + 2
    assert minutes(runs).dropna().unique().tolist() == [expected]
