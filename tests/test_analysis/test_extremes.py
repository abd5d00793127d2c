"""What nobody expects: nothing, one, equal, endless, negative, words. A right answer or one sentence, never a fault."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mttrlab import analysis
from mttrlab.errors import MttrlabError, QuestionError, SchemaError

LISTS: dict[str, list[float]] = {
    "none": [],
    "one": [5.0],
    "two": [5.0, 9.0],
    "equal": [7.0] * 12,
    "zeros": [0.0] * 12,
    "one enormous": [5.0, 6, 7, 8, 9, 10, 11, 12, 13, 1e8],
    "unknown": [np.nan] * 8,
    "endless": [1.0, np.inf, 3, 4, 5, 6],
    "negative": [1.0, -2, 3, 4, 5, 6],
}
OF_LISTS: list[Callable[..., Any]] = [
    analysis.mean_interval, analysis.median_interval, analysis.quantile_interval, analysis.survival,
    analysis.survival_quantiles, analysis.restricted_mean, analysis.tail_guard, analysis.qq_table,
    lambda x: analysis.fit_durations(x, replications=0),
    lambda x: analysis.goodness_of_fit(x, replications=19), lambda x: analysis.apparent_change(x, 5, 5, draws=10),
]  # fmt: skip


def frame(minutes: list[float], running: bool = False) -> pd.DataFrame:
    at = pd.Timestamp("2026-03-27", tz="UTC") + pd.to_timedelta(np.arange(len(minutes)), unit="D")
    names = [f"i{i}" for i in range(len(minutes))]
    return pd.DataFrame({
        "incident_id": names, "started_at": pd.Series(at).astype("datetime64[us, UTC]"),
        "recovery": np.asarray(minutes, float), "service": "s", "severity": "x", "incident_type": "t",
        "recovery_observed": pd.array([not running] * len(minutes), dtype="boolean"),
    })  # fmt: skip


@pytest.mark.parametrize("minutes", LISTS.values(), ids=LISTS.keys())
def test_every_estimator_of_a_list_answers_or_says_why_not(minutes: list[float]) -> None:
    for estimator in OF_LISTS:
        try:
            estimator(minutes)
        except MttrlabError as said:
            assert 10 < len(str(said)) < 200


@pytest.mark.parametrize("words", [["a"] * 6, [[1.0, 2], [3, 4]], "minutes", None], ids=["words", "grid", "text", "no"])
def test_what_is_no_list_of_numbers_is_named_as_such(words: object) -> None:
    for estimator in OF_LISTS:
        with pytest.raises(SchemaError, match="must be a list of numbers"):
            estimator(words)


@pytest.mark.parametrize("minutes", [LISTS[k] for k in ("none", "one", "equal", "zeros", "one enormous", "unknown")])
@pytest.mark.parametrize("running", [False, True])
def test_every_estimator_of_a_table_answers_or_says_why_not(minutes: list[float], running: bool) -> None:
    told, other = frame(minutes, running), frame([3.0, 9, 27, 40, 8, 5, 70, 12])
    for one, two in ((told, other), (other, told)):
        compared = analysis.compare_periods(one, two).iloc[0]
        assert compared["verdict"] in ("better", "worse", "cannot tell")
        assert "nan" not in compared["sentence"]
        explained = analysis.explain_change(one, two, draws=19)["minutes"]
        assert explained.isna().all() or explained.iloc[:-1].sum() == pytest.approx(explained.iloc[-1])
        analysis.compare_services(one, two)
    for estimator in (
        analysis.trend, analysis.change_points, analysis.monthly_limits, analysis.pool_services, analysis.maturity,
    ):  # fmt: skip
        assert isinstance(estimator(told), pd.DataFrame)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: analysis.trend(frame([3.0, 9]).astype({"started_at": str})), "started_at must hold times with a zone"),
        (lambda: analysis.change_points(pd.DataFrame({"recovery": ["a", "b"]})), "recovery must be a list of numbers"),
        (lambda: analysis.maturity(pd.DataFrame({"recovery": ["a", "b"]})), "recovery must be a list of numbers"),
        (lambda: analysis.phase_summary(frame([3.0]), by=3), "by= takes different names"),
        (lambda: analysis.unseen_phases(["recovery"]), "measure must be one of"),
        (lambda: analysis.pool_services(frame([3.0]), level=95), "level must lie between 0 and 1"),
        (lambda: analysis.compare_periods(frame([3.0]), frame([4.0]), level="x"), "level must lie between 0 and 1"),
        (lambda: analysis.unseen_incidents("export.csv"), "expected the table of records"),
        (lambda: analysis.verification_goal(None), "expected incidents as a DataFrame"),
        (lambda: analysis.survival(frame([3.0])["started_at"]), "must be a list of numbers"),
        (lambda: analysis.false_discovery("p"), "must be a list of numbers"),
        (lambda: analysis.total_interval({"a": 1}), "must be a list of numbers"),
        (lambda: analysis.fit_durations([1e300] * 3 + [1.0] * 9), "between 1e-09 and 1e[+]09; got 1e[+]300"),
        (lambda: analysis.incidents_needed("a"), "reduction must lie between 0 and 1"),
        (lambda: analysis.smallest_change("x"), "n must be a number"),
        (lambda: analysis.apparent_change([1.0, 2], 5, 2.5), "n_after must be a whole number; got 2.5"),
    ],
    ids=range(16),
)
def test_the_wrong_kind_of_value_is_named(ask: Callable[[], object], said: str) -> None:
    with pytest.raises(MttrlabError, match=said):
        ask()


def test_negative_minutes_are_refused_and_never_pass_for_zero() -> None:
    for estimator in (analysis.mean_interval, analysis.median_interval):
        with pytest.raises(SchemaError, match="zero or more; got -2"):
            estimator([1.0, -2, 3, 4, 5, 6])


def test_equal_minutes_have_no_signal_and_no_interval() -> None:
    assert "all are equal" in analysis.mean_interval([7.0] * 12).method
    assert analysis.apparent_change([7.0] * 5, 5, 5, draws=10).loc[0, ["looks_better", "looks_worse"]].tolist() == [
        0,
        0,
    ]


def test_a_fitted_interval_that_does_not_hold_what_was_seen_is_not_shown() -> None:
    found = analysis.quantile_interval([1.0] * 3 + [2.0] * 9)
    assert found.estimate == 2.0
    assert np.isnan(found.low) or found.low <= 2.0 <= found.high
    assert "does not hold what was seen" in found.method


def test_levels_and_horizons_that_make_no_sense_are_refused() -> None:
    for estimator in (analysis.restricted_mean, analysis.survival, analysis.survival_quantiles, analysis.fit_durations):
        with pytest.raises(QuestionError, match="level must lie between 0 and 1"):
            estimator([1.0, 2, 3, 4, 5, 6], level=95)
    with pytest.raises(QuestionError, match="horizon"):
        analysis.restricted_mean([1.0, 2], horizon=np.inf)
    one = analysis.restricted_mean([5.0]).iloc[0]
    assert (one["mean"], np.isnan(one["low"]), "n = 1" in one["method"]) == (5.0, True, True)


def test_incidents_in_both_periods_and_periods_in_the_wrong_order_are_said() -> None:
    early, late = frame([3.0, 9, 27, 40, 8, 5, 70, 12]), frame([3.0, 9, 27, 40, 8, 5, 70, 12])
    late["started_at"] += pd.Timedelta(days=90)
    assert "8 incidents stand in both periods" in analysis.compare_periods(early, late)["note"][0]
    late["incident_id"] += "b"
    assert "both periods" not in analysis.compare_periods(early, late)["note"][0]
    assert "begins after the second" in analysis.compare_periods(late, early)["note"][0]
