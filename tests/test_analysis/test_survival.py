from __future__ import annotations

import json
import math
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mttrlab.analysis.survival_curves import survival, survival_quantiles
from mttrlab.errors import QuestionError

MINUTES = [12, 25, 31, 47, 60, 75, 90, 120, 180, 240]
OBSERVED = [True, True, True, True, False, True, False, True, False, True]


def test_the_curve_worked_by_hand(shared: Path) -> None:
    case = next(c for c in json.loads((shared / "truth" / "known_truth.json").read_text()) if c["id"] == "KM-2")
    table = survival(MINUTES, OBSERVED).set_index("minutes")
    for minutes, expected in case["expected"]["S"].items():
        assert table.survival[float(minutes)] == pytest.approx(float(expected.split("=")[1]), abs=1e-6)
    assert table["at_risk"].tolist() == [10, 9, 8, 7, 5, 3, 1]
    assert table["open"].tolist() == [0, 0, 0, 0, 1, 1, 1]
    middle = survival_quantiles(MINUTES, OBSERVED).iloc[0]
    assert middle["minutes"] == case["expected"]["median"]
    assert (middle["n"], middle["open"]) == (7, 3)


@given(st.lists(st.tuples(st.integers(1, 30), st.booleans()), min_size=2, max_size=40))
def test_the_curve_and_its_ends_are_those_of_scipy(found: list[tuple[int, bool]]) -> None:
    minutes, observed = np.array([f[0] for f in found], float), np.array([f[1] for f in found])
    table = survival(minutes, observed)
    if not observed.any():
        assert table.empty
        return
    oracle = stats.ecdf(stats.CensoredData.right_censored(minutes, ~observed)).sf
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # scipy warns where the survival is 1 or 0
        ends = oracle.confidence_interval(0.95, method="log-log")
    for row in table.itertuples():
        assert row.survival == pytest.approx(float(oracle.evaluate(row.minutes)), abs=1e-12)
        if 0 < row.survival < 1:
            assert row.low == pytest.approx(float(ends.low.evaluate(row.minutes)), abs=1e-9)
            assert row.high == pytest.approx(float(ends.high.evaluate(row.minutes)), abs=1e-9)


@given(st.lists(st.integers(1, 500), min_size=1, max_size=60))
def test_without_open_incidents_the_median_is_the_median(minutes: list[int]) -> None:
    found = survival_quantiles(minutes, shares=(0.5,)).iloc[0]
    assert found["minutes"] == pytest.approx(float(np.median(minutes)))


def test_the_interval_of_the_median_covers_what_it_promises() -> None:
    chance = np.random.default_rng(1)
    hits = 0
    for _ in range(500):
        minutes, limit = chance.exponential(100, 40), chance.uniform(0, 400, 40)
        row = survival_quantiles(np.minimum(minutes, limit), minutes <= limit, shares=(0.5,)).iloc[0]
        hits += row["low"] <= 100 * math.log(2) <= row["high"]
    assert hits / 500 == pytest.approx(0.95, abs=0.03)


def test_open_incidents_in_a_thirty_day_window_bias_the_closed_mean_and_not_the_curve() -> None:
    # Times of days, looked at for thirty: those still open are the long ones.
    chance = np.random.default_rng(2)
    start, hours = chance.uniform(0, 720, 40_000), np.exp(chance.normal(3.5, 1.2, 40_000))
    left = 720 - start
    ended = hours <= left
    assert hours[ended].mean() < 0.85 * np.minimum(hours, 720).mean()
    row = survival_quantiles(np.minimum(hours, left), ended, shares=(0.5,)).iloc[0]
    assert row["minutes"] == pytest.approx(math.exp(3.5), rel=0.03)


def test_what_the_curve_does_not_reach_is_not_made_up() -> None:
    row = survival_quantiles([10, 20, 30, 40], [True, False, False, False], shares=(0.9,)).iloc[0]
    assert math.isnan(row["minutes"])
    assert row["method"] == "not estimable: 3 of 4 incidents are still open"
    assert survival([], []).empty


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(QuestionError, match="zero or more"):
        survival([-1.0])
    with pytest.raises(QuestionError, match="one entry per duration"):
        survival([1.0, 2], [True])
    with pytest.raises(QuestionError, match="level must lie"):
        survival([1.0, 2], level=1)


def test_open_incidents_that_outlast_all_that_ended_are_counted_beside_the_curve() -> None:
    table = survival([10, 20, 30, 500, 700], [True, False, True, False, False])
    assert table["minutes"].tolist() == [10, 30]
    assert table["open"].tolist() == [0, 1]
    assert table["open_later"].tolist() == [2, 2]
    assert table["longest"].tolist() == [700, 700]


def test_an_upper_end_that_the_curve_does_not_reach_is_said() -> None:
    found = survival_quantiles([5, 50, 300, 20, 30, 40, 10, 20], [True] * 4 + [False] * 4, shares=(0.5,)).iloc[0]
    assert found["high"] == math.inf
    assert found["method"] == "Kaplan–Meier; upper end not reached"
