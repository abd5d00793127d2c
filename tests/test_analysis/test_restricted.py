from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mttrlab.analysis.survival_curves import restricted_mean
from mttrlab.errors import QuestionError

MINUTES = [12, 25, 31, 47, 60, 75, 90, 120, 180, 240]
OBSERVED = [True, True, True, True, False, True, False, True, False, True]


def test_the_area_worked_by_hand(shared: Path) -> None:
    case = next(c for c in json.loads((shared / "truth" / "known_truth.json").read_text()) if c["id"] == "KM-2")
    assert restricted_mean(MINUTES, OBSERVED, horizon=120)["mean"][0] == pytest.approx(case["expected"]["rmst_120"])
    whole = restricted_mean(MINUTES, OBSERVED, horizon=240)["mean"][0]
    assert whole == pytest.approx(case["expected"]["mean_if_tail_closed"])
    # Past the longest, which ended, nothing is added.
    assert restricted_mean(MINUTES, OBSERVED, horizon=1000)["mean"][0] == pytest.approx(whole)


@given(st.lists(st.integers(1, 500), min_size=2, max_size=50), st.integers(1, 600))
def test_without_open_incidents_it_is_the_mean_of_the_shortened_times(minutes: list[int], horizon: int) -> None:
    found = restricted_mean(minutes, horizon=horizon).iloc[0]
    assert found["mean"] == pytest.approx(np.minimum(minutes, horizon).mean())


def test_its_spread_without_open_incidents_is_that_of_a_mean() -> None:
    minutes = np.random.default_rng(1).exponential(60, 400)
    found = restricted_mean(minutes, horizon=240).iloc[0]
    half = 1.959964 * np.minimum(minutes, 240).std() / math.sqrt(400)
    assert (found["high"] - found["low"]) / 2 == pytest.approx(half, rel=1e-3)


def test_its_interval_covers_what_it_promises() -> None:
    chance = np.random.default_rng(2)
    truth = 60 * (1 - math.exp(-2))
    hits = 0
    for _ in range(500):
        minutes, limit = chance.exponential(60, 80), chance.uniform(60, 400, 80)
        found = restricted_mean(np.minimum(minutes, limit), minutes <= limit, horizon=120).iloc[0]
        hits += found["low"] <= truth <= found["high"]
    assert hits / 500 == pytest.approx(0.95, abs=0.03)


def test_a_horizon_that_nobody_reached_has_no_mean() -> None:
    found = restricted_mean([10, 20, 30], [True, True, False], horizon=240).iloc[0]
    assert math.isnan(found["mean"])
    assert found["method"].startswith("not estimable: nobody was watched for 240 minutes")
    assert restricted_mean([]).method[0] == "not estimable: n = 0"
    with pytest.raises(QuestionError, match="horizon must be"):
        restricted_mean([1.0], horizon=0)
