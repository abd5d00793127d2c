from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from mttrlab.analysis.distributions import Law
from mttrlab.analysis.power import apparent_change
from mttrlab.errors import QuestionError

# sigma, n per period, true reduction -> share of pairs whose mean looks worse (100,000 pairs each).
GRID = {
    (1.00, 10, 0.1): 0.419,
    (1.00, 50, 0.2): 0.188,
    (1.25, 5, 0.5): 0.229,
    (1.25, 10, 0.2): 0.375,
    (1.25, 25, 0.1): 0.412,
    (1.25, 50, 0.3): 0.154,
    (1.25, 100, 0.2): 0.192,
    (1.50, 10, 0.5): 0.216,
    (1.50, 100, 0.1): 0.380,
}


@pytest.fixture(scope="module")
def company(shared: Path) -> np.ndarray:
    """Minutes of the moment-matched stand-in for company A."""
    return np.loadtxt(shared / "truth" / "davidovic_matched_A.csv", comments="#")


def test_company_a_improves_by_a_tenth_and_looks_worse_in_38_of_100(company: np.ndarray) -> None:
    # Setting one: the 173 incidents of 2019 are split in halves.
    row = apparent_change(company, 86, 87, reduction=0.1, better_by=15, draws=60_000, seed=20210319).iloc[0]
    assert row.looks_worse == pytest.approx(0.38, abs=0.015)
    assert row.looks_better == pytest.approx(0.49, abs=0.015)


def test_company_a_changes_nothing_and_looks_half_an_hour_better_in_19_of_100(company: np.ndarray) -> None:
    # Setting two: 173 incidents on each side, a year against a year.
    row = apparent_change(company, 173, 173, better_by=30, draws=60_000, seed=20210319).iloc[0]
    assert row.looks_better == pytest.approx(0.19, abs=0.01)


def test_the_two_settings_are_not_one(company: np.ndarray) -> None:
    halves = apparent_change(company, 86, 87, better_by=30, draws=20_000, seed=1).iloc[0]
    years = apparent_change(company, 173, 173, reduction=0.1, draws=20_000, seed=1).iloc[0]
    assert halves.looks_better == pytest.approx(0.26, abs=0.015)
    assert years.looks_worse < 0.35


def test_ranges_of_the_published_tables(company: np.ndarray) -> None:
    for n, half in ((50, 104), (500, 33)):
        row = apparent_change(company, n, n, draws=20_000, seed=2).iloc[0]
        assert (row.high - row.low) / 2 == pytest.approx(half, rel=0.04)
    row = apparent_change(company, 50, 50, statistic="sum", draws=20_000, seed=2).iloc[0]
    assert (row.high - row.low) / 120 == pytest.approx(87, rel=0.04)
    row = apparent_change(company, 50, 50, statistic="geometric mean", draws=20_000, seed=2).iloc[0]
    assert (row.high - row.low) / 2 == pytest.approx(24.5, rel=0.07)


def test_the_analytic_range_of_the_report_is_exact_to_the_minute() -> None:
    z = stats.norm.ppf(0.95)
    for total, expected in ((100, (104.0, 99.0, 135.9)), (1000, (32.9, 31.3, 43.0))):
        for sd, half in zip((316, 301, 413), expected, strict=True):
            assert z * math.sqrt(2 / (total / 2)) * sd == pytest.approx(half, abs=0.1)


@pytest.mark.parametrize(("sigma", "n", "reduction"), list(GRID))
def test_the_lognormal_grid(sigma: float, n: int, reduction: float) -> None:
    row = apparent_change(Law("lognormal", (0.0, sigma)), n, n, reduction=reduction, draws=60_000, seed=12345).iloc[0]
    assert row.looks_worse == pytest.approx(GRID[sigma, n, reduction], abs=0.006)


def test_the_geometric_mean_has_the_closed_form() -> None:
    for sigma, n, reduction, expected in ((1.25, 10, 0.2, 0.3449), (1.25, 100, 0.1, 0.2756), (1.5, 10, 0.3, 0.2975)):
        exact = stats.norm.cdf(math.log1p(-reduction) / (sigma * math.sqrt(2 / n)))
        assert exact == pytest.approx(expected, abs=1e-4)
        row = apparent_change(
            Law("lognormal", (4.0, sigma)), n, n, reduction=reduction, statistic="geometric mean", draws=40_000
        ).iloc[0]
        assert row.looks_worse == pytest.approx(exact, abs=0.008)


def test_nothing_changed_and_the_mean_looks_a_fifth_better() -> None:
    for n, expected in ((10, 0.377), (100, 0.191)):
        row = apparent_change(Law("lognormal", (0.0, 1.25)), n, n, better_by_share=0.2, draws=60_000, seed=3).iloc[0]
        assert row.looks_better == pytest.approx(expected, abs=0.006)
    row = apparent_change(
        Law("lognormal", (0.0, 1.25)), 25, 25, reduction=0.2, statistic="median", draws=60_000, seed=3
    ).iloc[0]
    assert row.looks_worse == pytest.approx(0.305, abs=0.006)


def test_powers_of_a_published_study_of_incident_durations() -> None:
    # Benninghoff 2025: LN(4.25, 1.25), Welch's t on logs, success: lower geometric mean and p < 0.05.
    chance = np.random.default_rng(5)
    for n, reduction, published in ((100, 0.1, 0.0884), (100, 0.25, 0.3754), (100, 0.5, 0.9736), (1000, 0.1, 0.4743)):
        trials = 4000 if n < 1000 else 2000
        before = chance.normal(4.25, 1.25, (trials, n))
        after = chance.normal(4.25 + math.log1p(-reduction), 1.25, (trials, n))
        answer = stats.ttest_ind(before, after, axis=1, equal_var=False)
        power = ((answer.pvalue < 0.05) & (answer.statistic > 0)).mean()
        assert power == pytest.approx(published, abs=0.015 + 2 * math.sqrt(published * (1 - published) / trials))


def test_the_same_seed_gives_the_same_numbers_and_nonsense_is_refused() -> None:
    law = Law("weibull", (0.7, 60.0))
    assert apparent_change(law, 9, 9, seed=4).equals(apparent_change(law, 9, 9, seed=4))
    with pytest.raises(QuestionError, match="statistic must be one of"):
        apparent_change(law, 9, 9, statistic="mode")
    with pytest.raises(QuestionError, match="n_before must be a whole number from 1 on; got 0"):
        apparent_change(law, 0, 9)
    with pytest.raises(QuestionError, match="minutes must be"):
        apparent_change([], 9, 9)
