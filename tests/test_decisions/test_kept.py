"""A kept baseline answers as `compare_scenarios` does; runs stop when they know enough."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mttrlab.decisions import compare_scenarios, keep_baseline
from mttrlab.response import (
    DetectionSettings,
    Distribution,
    FixPath,
    Impact,
    IncidentProfile,
    IncidentType,
    Noise,
    Paging,
    Ramp,
    Reopening,
    ResponseModel,
    Routing,
    Scenario,
)
from mttrlab.response.engines import compiled
from mttrlab.schema import AlertRule

SCENARIOS = [Scenario("a", diagnosis_factor=0.5), Scenario("b", responders=2), Scenario("c", prevention=0.2)]
ENGINES = [
    "simpy",
    pytest.param("compiled", marks=pytest.mark.skipif(not compiled.numba_installed(), reason="no numba")),
]


def organisation():
    paths = (FixPath("other", Distribution("lognormal", 3.0, 1.0), 1.0, 1.0),)
    kind = IncidentType(
        "a", 1.0, diagnose=Distribution("lognormal", 3.0, 1.0), paths=paths, verify=Distribution("constant", 3.0)
    )
    return ResponseModel((kind,), responders=1, verify_pass=0.9)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_kept_baseline_gives_the_rows_of_the_comparison_in_any_order(engine, jobs):
    table = compare_scenarios(organisation(), SCENARIOS, days=60, replications=120, seed=4, engine="simpy")
    kept = keep_baseline(organisation(), days=60, replications=120, seed=4, engine=engine, n_jobs=jobs)
    rows = {"Baseline": kept.row()} | {s.name: kept.against(s) for s in [*SCENARIOS[::-1], *SCENARIOS]}
    for name, row in rows.items():
        assert table.set_index("scenario").loc[name, list(row)].to_dict() == row


def test_replications_stop_at_the_half_width_asked_for():
    loose, tight = (
        compare_scenarios(organisation(), SCENARIOS[:1], replications=5000, seed=1, half_width=w, days=60)
        for w in (0.2, 0.02)
    )
    assert loose["replications"].iloc[0] < tight["replications"].iloc[0] <= 5000
    assert loose.attrs["half_width"] <= 0.2
    assert tight.attrs["half_width"] <= 0.02


def test_ctrl_c_keeps_the_replications_that_are_finished(monkeypatch):
    from mttrlab.decisions import compare
    from mttrlab.response.experiment import runs as model_runs

    monkeypatch.setattr(model_runs, "INCIDENTS_AT_ONCE", 1000)
    run, calls = compare._span, []

    def stopped(*given):
        calls.append(given[-1])
        if len(calls) == 3:
            raise KeyboardInterrupt
        return run(*given)

    monkeypatch.setattr(compare, "_span", stopped)
    made = compare_scenarios(organisation(), SCENARIOS[:1], days=30, replications=300)
    assert made["replications"].iloc[0] == sum(high - low for low, high in calls[:2])
    assert made.attrs["unfinished"] == f"{made['replications'].iloc[0]} of 300 replications: it was stopped"


@pytest.mark.skipif(not compiled.numba_installed(), reason="no numba")
def test_noise_that_meets_nobody_is_left_out_and_no_minute_changes():
    noisy = replace(organisation(), noise=Noise(4.0, Distribution("exponential", 20.0)))
    kept = keep_baseline(noisy, days=60, replications=60, seed=4, engine="compiled")
    left_out = sum(int((piece.skippable > 0).sum()) for piece in kept.pieces)
    assert left_out > 5_000
    moved = [Scenario("a", diagnosis_factor=3.0), Scenario("b", verify_pass=0.5), Scenario("c", noise_cut=0.5)]
    table = compare_scenarios(noisy, moved, days=60, replications=60, seed=4, engine="simpy").set_index("scenario")
    for scenario in [*moved, *moved[::-1]]:
        assert table.loc[scenario.name, list(row := kept.against(scenario))].to_dict() == row


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("before", [1.0, 1.2])
def test_a_slider_that_adds_incidents_draws_the_further_ones_alone_and_answers_as_the_comparison(engine, before):
    noisy = replace(
        organisation(), noise=Noise(2.0, Distribution("exponential", 20.0)), users=(Impact((0.1, 0.5, 1.0)),)
    )
    model = Scenario("as it is", arrivals_factor=before).apply(noisy)
    factors = [1.5, 2.5, 1.1, 1.9]
    moved = [*(Scenario(str(f), arrivals_factor=f) for f in factors), Scenario("slow", diagnosis_factor=2.0)]
    table = compare_scenarios(model, moved, days=30, replications=60, seed=4, engine="simpy").set_index("scenario")
    kept = keep_baseline(model, days=30, replications=60, seed=4, engine=engine)
    for scenario in moved:
        assert table.loc[scenario.name, list(row := kept.against(scenario))].to_dict() == row
    (own, *_), (further, *_) = kept.pieces, next(iter(kept.grown.values()))
    assert len(further.numbers.layers) == 3
    assert len(further.numbers) < sum(map(len, further.numbers.layers))
    assert further.numbers.layers[0] is (own.numbers if before == 1.0 else own.numbers.layers[0])


def _eventful():
    paths = (
        FixPath("rollback", Distribution("lognormal", 3.0, 1.0), 0.4, 0.6, success=0.8),
        FixPath("other", Distribution("lognormal", 3.5, 1.0), 0.6, 0.4),
    )
    watched = IncidentProfile(0.6, service="checkout", failure_mode="availability", watch="rules")
    kinds = tuple(
        IncidentType(
            name, rate, detect=Distribution("exponential", 20.0), alert=Distribution("exponential", 4.0),
            alert_coverage=0.5, acknowledge=Distribution("exponential", 5.0),
            diagnose=Distribution("lognormal", 3.0, 1.0), paths=paths, verify=Distribution("constant", 3.0),
            change_caused=0.4, automation=0.2, runbook=0.3,
            profiles=(watched, IncidentProfile(0.4, watch="gap")),
        )
        for name, rate in (("one", 0.5), ("two", 0.3))
    )  # fmt: skip
    rule = AlertRule("errors", service="checkout", failure_mode="availability", for_s=120.0, scrape_s=15.0, eval_s=15.0)
    return ResponseModel(
        kinds, difficulty=0.3, verify_pass=0.9, watch=DetectionSettings((rule,)), automation_success=0.7,
        automation_harm=0.5, routing=Routing(0.2, notice=Distribution("exponential", 10.0)),
        reopening=Reopening(Distribution("exponential", 60.0), 0.5, 0.05),
        paging=Paging(levels=(Distribution("exponential", 5.0),), timeout=10.0),
    )  # fmt: skip


def test_levers_for_some_asked_one_after_the_other_answer_as_if_each_were_asked_alone():
    levers = {
        "diagnosis_factor": (0.5, 0.8), "acknowledge_factor": (0.5, 0.7), "alert_latency": (2.0, 4.0),
        "alert_coverage": (0.7, 0.9), "report_minutes": (5.0, 10.0), "automation": (0.4, 0.6),
        "automation_success": (0.5, 0.9), "runbooks": (0.5, 0.8), "rollback_minutes": (5.0, 10.0),
        "rollback_success": (0.5, 1.0), "prevention": (0.1, 0.3), "verification_window": (1.0, 2.0),
        "verify_pass": (0.8, 1.0), "misrouted": (0.05, 0.4), "escalation_repeats": (2, 3), "gaps_closed": (0.3, 0.9),
        "alert_for": (30.0, 60.0), "flagged": (0.3, 0.5), "automation_run_factor": (0.5, 2.0),
        "harm_factor": (0.5, 2.0),
    }  # fmt: skip
    model, run = _eventful(), {"days": 60, "replications": 8, "seed": 2}
    kept = keep_baseline(model, **run)
    asked = [
        Scenario(name, ramp=ramp, incident_types=kinds, **{lever: value})
        for ramp, kinds, name in ((Ramp(2), (), "x"), (Ramp(1), ("two",), "x"))
        for lever, values in levers.items()
        for value in values
    ]
    assert len(asked) == 80
    for scenario in asked:
        fresh = keep_baseline(model, **run)
        assert kept.against(scenario) == fresh.against(scenario), scenario
