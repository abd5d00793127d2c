from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from mttrlab.analysis import mean_interval, median_interval, quantile_interval
from mttrlab.analysis.intervals import (
    BOOTSTRAP,
    lognormal_bounds,
    lognormal_p,
    mean_bounds,
    power_sums,
    probability_below,
    quantile_ranks,
)
from mttrlab.errors import QuestionError, SchemaError


@pytest.fixture(scope="session")
def truth(shared: Path) -> dict[str, dict[str, Any]]:
    cases = json.loads((shared / "truth" / "known_truth.json").read_text(encoding="utf-8"))
    return {case["id"]: case for case in cases}


def lognormal(n: int, mu: float = 4.25, sigma: float = 1.25) -> np.ndarray:
    """Minutes at the middle quantiles of a lognormal: as regular a sample as there can be."""
    return np.exp(stats.norm.ppf((np.arange(n) + 0.5) / n) * sigma + mu)


def test_the_mean_interval_is_that_of_a_million_posterior_draws() -> None:
    minutes = lognormal(12)
    logs = np.log(minutes)
    generator = np.random.default_rng(5)
    variance = logs.var(ddof=1) * 11 / generator.chisquare(11, 1_000_000)
    means = np.exp(logs.mean() + generator.standard_normal(1_000_000) * np.sqrt(variance / 12) + variance / 2)
    found = mean_interval(minutes)
    np.testing.assert_allclose([found.low, found.high], np.quantile(means, [0.025, 0.975]), rtol=0.01)
    assert found.estimate == pytest.approx(minutes.mean())
    assert (found.n, found.method) == (12, "lognormal")


def test_the_p90_interval_is_the_exact_tolerance_bound_of_the_noncentral_t() -> None:
    minutes = lognormal(20)
    logs = np.log(minutes)
    shift = stats.norm.ppf(0.9) * math.sqrt(20)
    ends = stats.nct.ppf([0.025, 0.975], 19, shift) * logs.std(ddof=1) / math.sqrt(20) + logs.mean()
    found = quantile_interval(minutes, 0.9)
    np.testing.assert_allclose([found.low, found.high], np.exp(ends), rtol=1e-5)
    assert found.method == "lognormal"


def test_the_modified_cox_interval_agrees_at_a_hundred() -> None:
    minutes = lognormal(100)
    mean, variance = np.log(minutes).mean(), np.log(minutes).var(ddof=1)
    # U. Olsson, "Confidence intervals for the mean of a log-normal distribution", J. Stat. Educ. 13 (2005).
    reach = stats.t.ppf(0.975, 99) * math.sqrt(variance / 100 + variance**2 / (2 * 99))
    expected = np.exp(mean + variance / 2 + np.array([-reach, reach]))
    found = mean_interval(minutes)
    np.testing.assert_allclose([found.low, found.high], expected, rtol=0.06)


def test_the_posterior_of_the_median_is_students_t(truth: dict[str, Any]) -> None:
    case = truth["MAT-1"]
    n, mean, sd = (case["inputs"][k] for k in ("n", "mean_log", "sd_log"))
    for limit in (15, 30, 60, 240):
        expected = case["expected"][f"P_med_lt_{limit}"]
        assert probability_below(limit, n, mean, sd, 0.5) == pytest.approx(expected, abs=1e-6)
    assert probability_below(60, n, mean, sd, "mean") == pytest.approx(0.044, abs=0.001)


def test_bounds_turn_the_probability_round() -> None:
    low, high = lognormal_bounds(np.array([7, 40]), np.array([3.0, 4.0]), np.array([1.4, 0.6]), "mean", 0.9)
    for n, mu, sd, a, b in ((7, 3.0, 1.4, low[0], high[0]), (40, 4.0, 0.6, low[1], high[1])):
        assert probability_below(a, n, mu, sd) == pytest.approx(0.05, abs=1e-9)
        assert probability_below(b, n, mu, sd) == pytest.approx(0.95, abs=1e-9)


@pytest.mark.parametrize("quantile", [0.5, 0.75, 0.9, 0.95, 0.99])
def test_upper_bounds_exist_from_the_published_sizes(quantile: float, truth: dict[str, Any]) -> None:
    needed = truth["OS-1"]["expected"][str(quantile)]
    assert 1 - quantile**needed >= 0.95 > 1 - quantile ** (needed - 1)
    smallest = truth["OS-2"]["expected"].get(str(quantile))
    if smallest:
        low, _ = quantile_ranks(np.arange(1, 400), quantile, 0.95)
        assert int(np.flatnonzero(low)[0]) + 1 == smallest
        assert (low[smallest - 1 :] > 0).all()


@pytest.mark.parametrize(
    ("n", "quantile"), [(6, 0.5), (7, 0.5), (24, 0.5), (101, 0.5), (29, 0.9), (60, 0.9), (300, 0.9)]
)
def test_order_statistics_keep_their_level_and_no_narrower_pair_does_on_its_side(n: int, quantile: float) -> None:
    low, high = (int(rank[0]) for rank in quantile_ranks(np.array([n]), quantile, 0.95))
    held = stats.binom.cdf(high - 1, n, quantile) - stats.binom.cdf(low - 1, n, quantile)
    assert held >= 0.95
    if quantile**n < 0.025:
        assert stats.binom.cdf(low, n, quantile) > 0.025
        assert stats.binom.sf(high - 2, n, quantile) > 0.025


def test_the_median_of_ten_lies_between_the_second_and_the_ninth() -> None:
    found = median_interval(range(10, 110, 10))
    assert (found.estimate, found.low, found.high) == (55, 20, 90)
    few = median_interval([1, 2, 3, 4, 5])
    assert math.isnan(few.low)
    assert few.method == "not estimable: n = 5"


def test_quantiles_are_continuous_as_in_sql(truth: dict[str, Any]) -> None:
    expected = truth["Q-1"]["expected"]
    assert quantile_interval([10, 20, 30, 40]).estimate == expected["p90_cont"]
    assert median_interval([10, 20, 30, 40]).estimate == expected["median_cont"]


def test_below_29_the_p90_is_the_lognormals_where_that_fits_and_nothing_where_it_does_not() -> None:
    assert quantile_interval(lognormal(28)).method == "lognormal"
    assert quantile_interval(lognormal(29)).method == "order statistics"
    two_heaps = np.r_[np.full(13, 10.0), np.full(13, 1000.0)] * np.linspace(1, 1.02, 26)
    refused = quantile_interval(two_heaps)
    assert math.isnan(refused.low)
    assert refused.method == "not estimable: n = 26, the lognormal does not fit"


def test_where_the_logs_are_not_normal_the_mean_falls_back_to_the_bootstrap_and_says_so() -> None:
    minutes = stats.gamma.ppf((np.arange(120) + 0.5) / 120, 0.4) * 60
    found = mean_interval(minutes)
    assert found.method == BOOTSTRAP
    reference = stats.bootstrap((minutes,), np.mean, method="BCa", rng=np.random.default_rng(1), n_resamples=20_000)
    interval = reference.confidence_interval
    np.testing.assert_allclose([found.low, found.high], [interval.low, interval.high], rtol=0.02)


def test_the_check_of_normal_logs_is_dagostinos() -> None:
    generator = np.random.default_rng(3)
    for n in (20, 50, 400):
        logs = generator.gamma(2.0, size=n)
        expected = stats.normaltest(logs).pvalue
        assert lognormal_p(power_sums(np.exp(logs)))[0] == pytest.approx(expected, rel=1e-6)
    small = generator.gamma(2.0, size=12)
    assert lognormal_p(power_sums(np.exp(small)))[0] == pytest.approx(stats.skewtest(small).pvalue, rel=1e-6)
    assert np.isnan(lognormal_p(power_sums(np.exp(small[:7])))[0])


def test_zeros_are_counted_and_shrink_the_mean() -> None:
    minutes = lognormal(30)
    found, with_zeros = mean_interval(minutes), mean_interval(np.r_[minutes, 0.0, 0.0])
    assert with_zeros.method == "lognormal, 2 zero"
    assert with_zeros.high == pytest.approx(found.high * 30 / 32)
    assert with_zeros.estimate == pytest.approx(minutes.sum() / 32)
    assert mean_interval(np.r_[minutes, np.zeros(20)]).method == BOOTSTRAP


@pytest.mark.parametrize("minutes", [[], [5.0], [1.0, 2.0, 3.0, 4.0], [7.0] * 12, [0.0] * 12])
def test_too_few_or_equal_minutes_have_no_mean_interval_and_say_why(minutes: list[float]) -> None:
    found = mean_interval(minutes)
    assert math.isnan(found.low)
    assert math.isnan(found.high)
    assert found.method.startswith("not estimable")
    assert found.n == len(minutes)


def test_unknown_minutes_are_left_out() -> None:
    assert mean_interval([10.0, math.nan, 20.0]).n == 2


def test_bad_questions_are_refused_in_one_sentence() -> None:
    with pytest.raises(QuestionError, match="level must lie between 0 and 1, both excluded; got 95"):
        mean_interval([1.0, 2.0], level=95)
    with pytest.raises(QuestionError, match="quantile must lie between"):
        quantile_interval([1.0, 2.0], 90)
    with pytest.raises(SchemaError, match="minutes must be finite"):
        median_interval([1.0, math.inf])
    with pytest.raises(SchemaError, match="list of numbers"):
        mean_interval(["a"])


@settings(max_examples=40)
@given(
    st.lists(st.floats(0.01, 1e4), min_size=5, max_size=60),
    st.floats(0.1, 100),
)
def test_intervals_scale_with_the_minutes_and_hold_their_estimate(minutes: list[float], factor: float) -> None:
    for ask in (mean_interval, median_interval, quantile_interval):
        found, scaled = ask(minutes), ask(np.array(minutes) * factor)
        assert scaled.estimate == pytest.approx(found.estimate * factor, rel=1e-6)
        if found.method == scaled.method and not math.isnan(found.low):
            assert scaled.low == pytest.approx(found.low * factor, rel=1e-4)
            assert scaled.high == pytest.approx(found.high * factor, rel=1e-4)
        if not math.isnan(found.low) and ask is not quantile_interval:
            assert found.low <= found.estimate * (1 + 1e-9)
            assert found.estimate <= found.high * (1 + 1e-9)


def test_many_groups_at_once_are_the_groups_one_by_one() -> None:
    import pandas as pd

    samples = [lognormal(n, 3.0 + n / 50, 0.5 + n / 100) for n in (5, 9, 17, 60)]
    together = mean_bounds(pd.concat([power_sums(s) for s in samples], ignore_index=True), 0.95)
    for row, sample in zip(together.itertuples(), samples, strict=True):
        alone = mean_interval(sample)
        assert (row.low, row.high) == (pytest.approx(alone.low), pytest.approx(alone.high))


def coverage(n: int, replications: int, seed: int) -> tuple[float, float]:
    """Share of samples whose lognormal intervals hold the true mean and the true P90."""
    generator = np.random.default_rng(seed)
    logs = generator.normal(4.25, 1.25, (replications, n))
    size, mean, sd = np.full(replications, n), logs.mean(axis=1), logs.std(axis=1, ddof=1)
    held = []
    for target, true in (("mean", 4.25 + 1.25**2 / 2), (0.9, 4.25 + 1.25 * stats.norm.ppf(0.9))):
        low, high = lognormal_bounds(size, mean, sd, target, 0.95)
        held.append(float(((np.log(low) <= true) & (true <= np.log(high))).mean()))
    return held[0], held[1]


@pytest.mark.parametrize("n", [10, 50])
def test_the_lognormal_intervals_cover_what_they_say(n: int, truth: dict[str, Any]) -> None:
    expected = truth["COV-1"]["expected"][str(n)]
    mean, p90 = coverage(n, 600, seed=n)
    assert mean == pytest.approx(expected["gci"], abs=0.03)
    assert p90 == pytest.approx(expected["p90_gci"], abs=0.03)


@pytest.mark.soak
def test_the_whole_coverage_study_comes_out_as_published(root: Path) -> None:
    import importlib.util

    spec = importlib.util.spec_from_file_location("coverage_study", root / "benchmarks" / "coverage.py")
    assert spec is not None
    assert spec.loader is not None
    study = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(study)
    table = study.coverage(2000)
    for name, published in study.PUBLISHED.items():
        for n, value in zip(study.SIZES, published, strict=True):
            if value is not None:
                assert table.loc[name, n] == pytest.approx(value, abs=0.03), (name, n)


def test_where_the_variance_is_not_finite_the_mean_has_no_interval_but_a_reason(shared: Path) -> None:
    phases = pd.read_csv(shared / "data" / "issre22" / "issre22_phases.csv")
    found = mean_interval(phases["duration_min"].dropna())
    assert np.isnan(found.low) and np.isnan(found.high)
    assert found.estimate == pytest.approx(584.2, abs=0.1)
    assert found.method == "not estimable: single long incidents decide the average; use the median"


def test_a_lognormal_hardly_ever_passes_for_a_tail_without_a_variance_and_a_log_logistic_often_does() -> None:
    generator = np.random.default_rng(3)
    made = {"lognormal": generator.normal(4, 1.25, (400, 300)), "loglogistic": generator.logistic(4, 0.7, (400, 300))}
    share = {
        name: np.mean(["use the median" in mean_interval(np.exp(logs)).method for logs in rows])
        for name, rows in made.items()
    }
    assert share["lognormal"] <= 0.02
    assert share["loglogistic"] > 0.25
