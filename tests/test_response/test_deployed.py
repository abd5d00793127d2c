"""Deployments from history: incidents tied to them by the change that they name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mttrlab.decisions import compare_scenarios
from mttrlab.errors import ModelError, SchemaError
from mttrlab.response import ResponseModel, Scenario, simulate
from mttrlab.response.calibration import arrivals


def fitted(incidents, deployments):
    return ResponseModel.fit(incidents, deployments=deployments, check=False)


def note(model, element="deployments"):
    return model.notes.set_index("element").loc[element]


@pytest.fixture(scope="module")
def organisation(planted):
    """Two deployments each weekday at 9 to 17 o'clock for two years; every eighth brings an incident 20 minutes on."""
    chance = np.random.default_rng(6)
    days = pd.date_range("2024-01-01", periods=730, tz="UTC")
    days = days[days.day_of_week < 5].repeat(2)
    at = days + pd.to_timedelta(chance.uniform(9, 17, len(days)), "h")
    deployments = pd.DataFrame(
        {"at": at.sort_values(), "service": "checkout", "change_id": [f"c{k}" for k in range(len(at))]}
    )
    failed = deployments.iloc[::8].iloc[:130]
    late = pd.to_timedelta(20 * np.exp(0.5 * chance.normal(size=len(failed))), "min")
    begins = pd.DatetimeIndex(failed["at"]) + late
    stamps = ("started_at", "detected_at", "diagnosed_at", "resolved_at", "verified_at")
    incidents = planted.copy()
    rows = incidents.index[: len(failed)]
    shift = begins - pd.DatetimeIndex(incidents.loc[rows, "started_at"])
    for stamp in stamps:
        incidents.loc[rows, stamp] = (pd.DatetimeIndex(incidents.loc[rows, stamp]) + shift).as_unit("us")
    incidents["change_id"] = None
    incidents.loc[rows, "change_id"] = failed["change_id"].to_numpy()
    return incidents, deployments


def test_rate_hours_and_delay_of_deployments_come_back(organisation):
    _, deployments = organisation
    model = fitted(*organisation)
    assert model.deployments.per_day == pytest.approx(len(deployments) / 729, rel=0.01)
    low, high = model.deployments.hours
    assert (low, high) in {(9.0, 17.0), (9.0, 16.0), (10.0, 17.0)}
    assert not model.deployments.weekends
    assert float(model.deployments.after.quantile(0.5)) == pytest.approx(20, rel=0.15)
    said = note(model)
    assert said["n"] == 130
    assert "on weekdays" in said["sentence"]
    assert "(95 % 9 to 9, and 17 to 17), which hold 1044 of 1044 (100%, 95 % 100% to 100%)" in said["sentence"]
    assert note(model, "failing changes")["sentence"].startswith("129 of 1043 deployments")
    assert "12.37% (95 % 10.43% to 14.52%)" in note(model, "failing changes")["sentence"]
    made = simulate(model, days=56, replications=20, seed=3)
    caused = made[made["change_id"].notna()]
    hour = caused["started_at"].dt.hour
    assert ((hour >= 9) & (hour < 19)).mean() > 0.95
    assert (caused["started_at"].dt.day_of_week < 5).all()


def test_fewer_failing_changes_save_their_own_incidents_alone(organisation):
    model = fitted(*organisation)
    half = Scenario("Half of the failing changes", changes_prevented=0.5)
    told = compare_scenarios(model, [half, Scenario("All", changes_prevented=1.0)], replications=60)
    share = sum(kind.change_caused * w for kind, w in zip(model.types, model.weights, strict=True))
    assert told["incidents"][2] / told["incidents"][0] == pytest.approx(1 - share, abs=0.01)
    assert told["incidents"][1] / told["incidents"][0] == pytest.approx(1 - share / 2, abs=0.01)
    assert "share of change-caused incidents that never happen: 0% → 50%" in told["what"][1]
    only = simulate(model, days=365, replications=3, scenario=Scenario("All", changes_prevented=1.0))
    assert only["change_id"].isna().all()


def test_what_history_cannot_tell_is_said_in_one_sentence(organisation, planted):
    incidents, deployments = organisation
    for table, history, why in [
        (deployments.head(3), incidents, "3 deployment(s) are loaded, too few to fit"),
        (deployments, planted, "Fewer than 5 incidents name a change"),
        (deployments.assign(change_id=None), incidents, "the change of 0 incident(s) is among 1044 deployments"),
        (deployments.assign(at=deployments["at"] + pd.Timedelta(days=900)), incidents, "130 began before the"),
    ]:
        model = fitted(history, table)
        assert model.deployments is None
        assert note(model)["source"] == "left out"
        assert why.lower() in note(model)["sentence"].lower()
        assert "begin at any hour" in note(model)["sentence"]
    assert "deployments" not in set(fitted(incidents, None).notes["element"])
    with pytest.raises(SchemaError, match=r"the deployments lack change_id; pass lab.deployments\(\)"):
        fitted(incidents, deployments.drop(columns="change_id"))
    with pytest.raises(ModelError, match="no effect: the export does not say which incidents a change caused"):
        simulate(fitted(planted, None), scenario=Scenario("x", changes_prevented=0.5))


def test_hours_of_few_deployments_that_thin_out_are_hardly_known_and_say_so():
    chance = np.random.default_rng(3)
    days = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(chance.integers(0, 5, 400), "D")

    def hours(n):
        return arrivals._hours(pd.DatetimeIndex(days[:n] + pd.to_timedelta(chance.triangular(7, 13, 19, n), "h")))

    few, many = hours(30), hours(400)
    for found in (few, many):
        assert found.begins[0] <= found.begin <= found.begins[1]
        assert found.ends[0] <= found.end <= found.ends[1]
        assert found.held >= 0.9 * found.n
    assert few.begins[1] - few.begins[0] >= 2
    assert many.begins[1] - many.begins[0] <= 2
