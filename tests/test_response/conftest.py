"""Organisations that the tests of the response model share."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mttrlab.response import (
    Bursts,
    Deployments,
    DetectionSettings,
    DiagnosisAttempts,
    Distribution,
    FixPath,
    IncidentProfile,
    IncidentType,
    Noise,
    Paging,
    Pipeline,
    Pool,
    Reopening,
    ResponseModel,
    Routing,
    Shift,
    Verification,
)
from mttrlab.response.model.incident_types import NAMED
from mttrlab.schema import AlertRule, MonitorStep, SyntheticMonitor


@pytest.fixture(scope="session")
def truths(shared: Path) -> dict[str, dict]:
    """Known answers by id."""
    return {case["id"]: case for case in json.loads((shared / "truth" / "known_truth.json").read_text())}


@pytest.fixture(scope="session")
def four_phases() -> ResponseModel:
    """Four independent lognormal phases (PH-1 of the known answers), nobody waits for a person."""
    kind = IncidentType(
        name="any",
        per_day=300 / 365,
        detect=Distribution("lognormal", math.log(5), 1.0),
        diagnose=Distribution("lognormal", math.log(30), 1.0),
        paths=(FixPath("other", Distribution("lognormal", math.log(15), 0.9), 1.0, 1.0),),
        verify=Distribution("lognormal", math.log(4), 0.5),
    )
    return ResponseModel((kind,))


@pytest.fixture(scope="session")
def rich() -> ResponseModel:
    """Two types, all elements on: automation, paths, failing verification, difficulty, one responder."""
    paths = (
        FixPath("flag", Distribution("lognormal", 0.5, 0.5), 0.0, 0.2),
        FixPath("rollback", Distribution("lognormal", 2.0, 0.6), 0.1, 0.6),
        FixPath("forward_fix", Distribution("weibull", 0.9, 40.0), 0.9, 0.2),
    )
    deploy = IncidentType(
        name="deploy",
        per_day=0.6,
        detect=Distribution("lognormal", 2.5, 0.8),
        alert=Distribution("lognormal", 1.2, 0.5),
        acknowledge=Distribution("exponential", 4.0),
        diagnose=Distribution("gamma", 1.5, 20.0),
        paths=paths,
        verify=Distribution("lognormal", 1.5, 0.4),
        alert_coverage=0.6,
        change_caused=0.9,
    )
    capacity = IncidentType(
        name="capacity",
        per_day=0.3,
        detect=Distribution("lognormal", 2.0, 0.8),
        alert=Distribution("lognormal", 1.0, 0.5),
        acknowledge=Distribution("exponential", 4.0),
        diagnose=Distribution("loglogistic", 2.5, 15.0),
        paths=paths,
        verify=Distribution("lognormal", 1.5, 0.4),
        alert_coverage=0.8,
        automation=0.4,
        change_caused=0.1,
    )
    return ResponseModel((deploy, capacity), responders=1, verify_pass=0.8, difficulty=0.4, max_rounds=3)


@pytest.fixture(scope="session")
def everything(rich: ResponseModel) -> ResponseModel:
    """Every element at once: two teams by shift, escalation, noise, deployments, samples, reopening, bursts."""
    deploy, capacity = rich.types
    urgent = (IncidentProfile(0.3, severity="sev1", priority=1), IncidentProfile(0.7, severity="sev2", priority=2))
    types = (
        replace(
            deploy,
            profiles=urgent,
            pool="product",
            hypotheses=DiagnosisAttempts(0.4, Distribution("exponential", 10.0), 0.5),
        ),
        replace(capacity, profiles=urgent, pool="platform"),
    )
    day = Shift(8, 20, 1)
    return replace(
        rich,
        types=types,
        responders=None,
        pools=(
            Pool("product", 1, (day, Shift(32, 44, 2)), preemptive=True, end_of_shift="hands over", handover_minutes=5),
            Pool("platform", 1, queue_limit=3),
        ),
        paging=Paging(1.0, 5.0, (Distribution("exponential", 4.0), Distribution("exponential", 6.0)), startup=10.0),
        routing=Routing(
            0.3, 0.4, Distribution("exponential", 8.0), 5.0, max_transfers=3, between=("product", "platform")
        ),
        noise=Noise(2.0, Distribution("exponential", 15.0), pool="platform"),
        pipeline=Pipeline(1, Distribution("exponential", 10.0)),
        verification=Verification(healthy=0.8, in_a_row=3, false_pass=0.3),
        reopening=Reopening(Distribution("exponential", 300.0), right=0.1),
        bursts=Bursts(0.2, 3.0, 20.0),
        automation_harm=0.5,
        harm=Distribution("exponential", 20.0),
    )


@pytest.fixture(scope="session")
def whole(everything) -> ResponseModel:
    """Every element and every fix, on services that rules and a monitor watch, with gaps; pools of people."""
    detectors = (
        AlertRule("errors", "shop", "error_rate", for_s=120.0, scrape_s=15.0, eval_s=30.0, group_wait_s=20.0),
        SyntheticMonitor("pay", 60.0, 2, service="pay", steps=(MonitorStep(status=200),)),
    )
    watch = DetectionSettings(detectors, share=0.5, seen=0.9)
    law = Distribution("exponential", 12.0)
    names = (*NAMED, "other")
    paths = tuple(FixPath(name, law, 1 / 8, 1 / 8, 1.0 if name == "other" else 0.7) for name in names)
    days = tuple(Shift(24 * day + 8, 24 * day + 20, 1) for day in range(7))
    faces = (
        IncidentProfile(0.3, "shop", severity="sev1", failure_mode="error_rate", priority=1, watch="rules"),
        IncidentProfile(0.2, "pay", severity="sev2", failure_mode="availability", priority=2, watch="rules"),
        IncidentProfile(0.2, "search", severity="sev2", failure_mode="latency", priority=2, watch="gap"),
        IncidentProfile(0.3, "other", severity="sev2", priority=2),
    )
    deploy, capacity = (replace(kind, paths=paths, profiles=faces, automation=0.5) for kind in everything.types)
    deploy = replace(deploy, hypotheses=replace(deploy.hypotheses, novel=0.2))
    return replace(
        everything,
        types=(deploy, capacity),
        pools=(replace(everything.pools[0], people=0, shifts=days), everything.pools[1]),
        watch=watch,
        paging=replace(everything.paging, repeats=2),
        noise=replace(everything.noise, dulled=1.5),
        verification=replace(everything.verification, threshold=0.3, window_s=120.0, false_pass=0.5),
        reopening=replace(everything.reopening, wrong=0.9),
        deployments=Deployments(5.0, Distribution("exponential", 30.0)),
        verify_pass=0.7,
    )


@pytest.fixture(scope="session")
def spanned(whole) -> ResponseModel:
    """The same with responders, health confirmed in one span, and runbooks that some incidents have already."""
    kinds = tuple(
        replace(kind, pool=None, runbook=0.2, profiles=(IncidentProfile(1.0, "shop"),)) for kind in whole.types
    )
    noise, routing = replace(whole.noise, pool=None), replace(whole.routing, between=None)
    return replace(
        whole, types=kinds, pools=(), responders=4, noise=noise, routing=routing, verification=None, false_pass=0.3,
        runbooks=0.5,
    )  # fmt: skip


def _history(n: int = 800, seed: int = 11, days: float = 730.0) -> pd.DataFrame:
    """Return incidents made without the simulator: two types, planted laws, all stamps recorded."""
    chance = np.random.default_rng(seed)
    kind = chance.choice(["deploy", "database"], n, p=[0.6, 0.4])
    slow = np.where(kind == "database", 2.0, 1.0)
    phases = {
        "detected_at": np.exp(math.log(5) + 1.0 * chance.normal(size=n)),
        "diagnosed_at": np.exp(math.log(30) + np.log(slow) + 1.0 * chance.normal(size=n)),
        "resolved_at": np.exp(math.log(15) + 0.9 * chance.normal(size=n)),
        "verified_at": np.exp(math.log(4) + 0.5 * chance.normal(size=n)),
    }
    moment = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(np.sort(chance.uniform(0, days * 1440, n)), "min")
    incidents = pd.DataFrame({"incident_id": [f"i{k}" for k in range(n)], "incident_type": kind})
    incidents["started_at"] = moment.as_unit("us")
    for stamp, minutes in phases.items():
        moment = moment + pd.to_timedelta(minutes, "min")
        incidents[stamp] = moment.as_unit("us")
    incidents["exported_at"] = pd.Timestamp("2024-01-01", tz="UTC") + pd.Timedelta(days=days + 30)
    for stamp in ("started_at", *phases):
        incidents[f"{stamp}_verdict"] = "recorded"
    incidents["severity"] = chance.choice(["sev1", "sev2"], n)
    incidents["service"] = "checkout"
    return incidents


@pytest.fixture(scope="session")
def planted() -> pd.DataFrame:
    """Eight hundred incidents of `history`."""
    return _history()


@pytest.fixture(scope="session")
def history() -> Callable[..., pd.DataFrame]:
    """What makes incidents without the simulator: two types, planted laws, all stamps recorded."""
    return _history
