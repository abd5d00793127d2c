from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from mttrlab.analysis import comparison
from mttrlab.analysis.comparison import pairwise_shift, permutation_test, rank_test

VALUES = st.lists(st.integers(-50, 50).map(float), min_size=2, max_size=7)


@settings(max_examples=25)
@given(VALUES, VALUES)
def test_small_groups_agree_with_every_relabelling_of_scipy(before: list[float], after: list[float]) -> None:
    def difference(x: np.ndarray, y: np.ndarray, axis: int) -> np.ndarray:
        return np.abs(np.mean(x, axis=axis) - np.mean(y, axis=axis))

    oracle = stats.permutation_test(
        (before, after), difference, vectorized=True, n_resamples=np.inf, alternative="greater"
    )
    found = permutation_test(np.array(before), np.array(after))
    assert found.method == "exact"
    assert found.p == pytest.approx(oracle.pvalue, abs=1e-9)


def test_permutations_and_the_large_sample_limit_agree() -> None:
    chance = np.random.default_rng(1)
    before, after = chance.normal(0, 1, 900), chance.normal(0.08, 1, 1000)
    shuffled = permutation_test(before, after, seed=1)
    assert shuffled.method == "9999 permutations"
    spread = np.concatenate([before, after]).std(ddof=1) * np.sqrt(1 / 900 + 1 / 1000)
    limit = 2 * stats.norm.sf(abs(before.mean() - after.mean()) / spread)
    assert shuffled.p == pytest.approx(limit, abs=0.02)
    more = np.concatenate([before, before]), np.concatenate([after, after])
    assert permutation_test(*more).method == "large-sample limit"
    spread = np.concatenate(more).std(ddof=1) * np.sqrt(1 / 1800 + 1 / 2000)
    assert permutation_test(*more).p == pytest.approx(
        2 * stats.norm.sf(abs(before.mean() - after.mean()) / spread), rel=1e-6
    )


def test_the_pairwise_shift_of_large_groups_is_that_of_the_matrix() -> None:
    chance = np.random.default_rng(2)
    before, after = chance.normal(0, 1, 1400), chance.normal(0.3, 1, 1200)
    differences = np.sort((after[:, None] - before[None, :]).ravel())
    middle, low, high = pairwise_shift(before, after)
    assert middle == pytest.approx(differences[1400 * 600 - 1], abs=1e-9)
    reach = stats.norm.ppf(0.975) * np.sqrt(1400 * 1200 * 2601 / 12)
    rank = int(1400 * 1200 / 2 - reach)
    assert low == pytest.approx(differences[rank - 1], abs=1e-9)
    assert high == pytest.approx(differences[-rank], abs=1e-9)


def test_the_interval_of_the_shift_covers_what_it_promises() -> None:
    chance = np.random.default_rng(3)
    covered = 0
    for _ in range(600):
        _, low, high = pairwise_shift(chance.exponential(1, 15), chance.exponential(1, 20) + 0.5)
        covered += low <= 0.5 <= high
    assert covered / 600 == pytest.approx(0.95, abs=0.03)


def test_empty_groups_have_no_answer_and_say_why() -> None:
    none = np.array([])
    assert permutation_test(none, np.array([1.0])).method == "not estimable: n = 0"
    assert np.isnan(rank_test(none, none)[1])
    assert np.isnan(pairwise_shift(none, none)[0])
    assert comparison._MAX_RELABELLINGS >= 11440  # sixteen incidents, seven of them before: tried one by one
