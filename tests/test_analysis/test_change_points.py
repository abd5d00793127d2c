from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mttrlab.analysis.trends import _gains, change_points, change_positions, split_p_value


def phases(minutes: np.ndarray, **columns: object) -> pd.DataFrame:
    at = pd.date_range("2025-01-01", periods=len(minutes), freq="3D", tz="UTC", unit="us")
    return pd.DataFrame({"recovery": minutes, "started_at": at, **columns})


@given(st.lists(st.integers(-20, 20), min_size=4, max_size=25))
def test_the_squares_that_a_split_saves_are_those_of_its_two_parts(values: list[int]) -> None:
    y = np.array(values, float)

    def squares(part: np.ndarray) -> float:
        return float(((part - part.mean()) ** 2).sum())

    saved = [squares(y) - squares(y[:k]) - squares(y[k:]) for k in range(2, len(y) - 1)]
    assert _gains(y[None, :], 2)[0] == pytest.approx(saved, abs=1e-8)


def test_segments_are_the_best_of_all() -> None:
    chance = np.random.default_rng(1)
    y = np.concatenate([chance.normal(m, 0.7, 9) for m in (0, 3, 1)])
    n = len(y)

    def score(cuts: tuple[int, ...]) -> float:
        parts = np.split(y, cuts)
        squares = sum(float(((p - p.mean()) ** 2).sum()) for p in parts)
        return float(n * np.log(squares / n) + 2 * len(cuts) * np.log(n))

    tried = [
        cuts
        for c in range(3)
        for cuts in itertools.combinations(range(5, n - 4), c)
        if all(b - a >= 5 for a, b in itertools.pairwise((0, *cuts, n)))
    ]
    assert change_positions(y, max_changes=2) == list(min(tried, key=score))


def test_the_chance_of_the_best_split_is_flat_where_nothing_changed() -> None:
    chance = np.random.default_rng(2)
    found = [split_p_value(chance.normal(0, 1, 30), permutations=99, seed=i) for i in range(300)]
    assert np.mean(np.array(found) <= 0.1) == pytest.approx(0.1, abs=0.05)
    assert np.mean(np.array(found) <= 0.5) == pytest.approx(0.5, abs=0.09)


def test_a_planted_change_is_found_with_its_size_and_date() -> None:
    chance = np.random.default_rng(3)
    minutes = np.exp(np.concatenate([chance.normal(4.2, 0.6, 80), chance.normal(3.4, 0.6, 70)]))
    frame = phases(minutes)
    found = change_points(frame)
    assert len(found) == 1
    assert found["position"][0] == pytest.approx(80, abs=5)
    assert found["at"][0] == frame["started_at"][found["position"][0]]
    assert found["ratio"][0] == pytest.approx(np.exp(-0.8), rel=0.2)
    assert found["p"][0] <= 0.002
    assert found["bic_gain"][0] > 10


def test_steady_incidents_show_no_change_and_the_order_of_rows_does_not_matter() -> None:
    chance = np.random.default_rng(4)
    frame = phases(np.exp(chance.normal(4, 1, 120)))
    assert change_points(frame).empty
    moved = phases(np.exp(np.concatenate([chance.normal(4, 0.5, 60), chance.normal(3, 0.5, 60)])))
    shuffled = moved.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(change_points(moved), change_points(shuffled))


def test_too_few_say_so() -> None:
    found = change_points(phases(np.arange(1.0, 8)))
    assert "needs 20 ended incidents, has 7" in found["note"][0]
    assert np.isnan(found["p"][0])
    assert change_positions([1.0] * 40) == []
    assert np.isnan(split_p_value([1.0] * 40))
