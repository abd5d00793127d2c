from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from mttrlab.analysis.trends import trend
from mttrlab.errors import QuestionError

DAY = pd.Timedelta(days=1)
MONTH = 365.25 / 12


def phases(
    minutes: np.ndarray, days: np.ndarray, observed: np.ndarray | None = None, **columns: object
) -> pd.DataFrame:
    at = pd.Timestamp("2025-01-01", tz="UTC") + pd.to_timedelta(days, unit="D")
    frame = pd.DataFrame({"recovery": minutes, "started_at": at.as_unit("us"), **columns})
    frame["recovery_observed"] = pd.array(np.ones(len(frame), bool) if observed is None else observed, dtype="boolean")
    return frame


def test_the_slope_is_that_of_ordinary_regression_on_logs() -> None:
    chance = np.random.default_rng(1)
    days = np.sort(chance.uniform(0, 365, 120))
    minutes = np.exp(4.2 - 0.001 * days + chance.normal(0, 1, 120))
    found = trend(phases(minutes, days)).iloc[0]
    oracle = stats.linregress((days - days[0]) / MONTH, np.log(minutes))
    assert math.log(found.per_month) == pytest.approx(oracle.slope, rel=1e-6)
    half = stats.t.ppf(0.975, 118) * oracle.stderr
    assert math.log(found.per_month_high) == pytest.approx(oracle.slope + half, rel=1e-6)
    assert math.log(found.per_year) == pytest.approx(12 * oracle.slope, rel=1e-6)


def test_twelve_monthly_values_by_logarithm(shared: Path) -> None:
    case = next(c for c in json.loads((shared / "truth" / "known_truth.json").read_text()) if c["id"] == "MK-1")
    y = np.array(case["inputs"]["y"], float)
    # Two incidents a month, so that there are enough for a trend; the slope is the same.
    found = trend(phases(np.repeat(y, 2), np.repeat(np.arange(12) * MONTH + 3, 2))).iloc[0]
    assert 100 * (found.per_month - 1) == pytest.approx(case["expected"]["log_ols_pct_per_month"], abs=1e-4)
    assert found.kendall_s == case["expected"]["S"]
    assert 100 * (found.sen_per_month - 1) == pytest.approx(case["expected"]["log_sen_pct_per_month"], abs=1e-6)
    assert found.months_used == 12


def test_half_the_time_after_a_year_is_seen_as_often_as_theory_says() -> None:
    chance = np.random.default_rng(2)
    days = (np.arange(120) + 0.5) / 120 * 12 * MONTH
    seen = 0
    for _ in range(300):
        minutes = np.exp(4.25 + math.log(0.5) * np.arange(120) / 120 + chance.normal(0, 1.25, 120))
        seen += trend(phases(minutes, days)).iloc[0].verdict != "cannot tell"
    assert seen / 300 == pytest.approx(0.47, abs=0.08)


def test_open_incidents_at_the_end_do_not_pass_for_improvement() -> None:
    chance = np.random.default_rng(3)
    days = np.sort(chance.uniform(0, 30, 600))
    minutes = np.exp(chance.normal(8, 1.5, 600))
    left = (30.5 - days) * 1440
    ended = minutes <= left
    found = trend(phases(np.minimum(minutes, left), days, ended)).iloc[0]
    closed_only = trend(phases(minutes, days)[ended]).iloc[0]
    assert closed_only.verdict == "better"
    assert found.verdict == "cannot tell"
    assert found.open == (~ended).sum()


def test_a_change_of_mix_is_not_a_trend() -> None:
    chance = np.random.default_rng(4)
    days = np.sort(chance.uniform(0, 365, 400))
    slow = chance.random(400) < 1 - days / 400
    minutes = np.exp(3 + 2 * slow + chance.normal(0, 0.6, 400))
    frame = phases(minutes, days, incident_type=np.where(slow, "slow", "quick"))
    assert trend(frame).iloc[0].verdict == "better"
    held = trend(frame, adjust=("incident_type",)).iloc[0]
    assert held.verdict == "cannot tell"
    assert held.adjusted_for == "incident_type"


def test_a_trend_that_cannot_be_known_says_why() -> None:
    few = trend(phases(np.arange(1.0, 6), np.arange(5.0))).iloc[0]
    assert few.verdict == "cannot tell"
    assert "needs 20 ended incidents, has 5" in few.note
    timeless = trend(pd.DataFrame({"recovery": np.arange(1.0, 40)})).iloc[0]
    assert "39 incidents carry no time" in timeless.note
    assert timeless.sentence.startswith("Cannot tell")
    equal = trend(phases(np.full(30, 7.0), np.arange(30.0))).iloc[0]
    assert "exactly equal times" in equal.note
    with pytest.raises(QuestionError, match="level must lie"):
        trend(phases(np.arange(1.0, 6), np.arange(5.0)), level=2)


def test_no_sentence_uses_a_statistical_term() -> None:
    chance = np.random.default_rng(5)
    days = np.sort(chance.uniform(0, 365, 200))
    for slope in (-0.01, 0, 0.01):
        told = trend(phases(np.exp(4 + slope * days + chance.normal(0, 1, 200)), days)).iloc[0].sentence.lower()
        assert not [t for t in ("trend", "slope", "log", "p-value", "signif", "interval", "mean", "ratio") if t in told]


def test_records_that_nobody_closed_do_not_bend_the_trend() -> None:
    chance = np.random.default_rng(6)
    days = np.sort(chance.uniform(0, 365, 100))
    frame = phases(np.exp(chance.normal(4, 1, 100)), days)
    lost = phases(np.array([90_000.0]), np.array([360.0]), np.array([False]))
    found = trend(pd.concat([frame, lost], ignore_index=True)).iloc[0]
    assert found.per_month == pytest.approx(trend(frame).iloc[0].per_month)
    assert "probably never closed" in found.note
