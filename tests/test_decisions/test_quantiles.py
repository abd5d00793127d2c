"""Quantiles found among the few that can be the one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mttrlab.decisions import baseline
from mttrlab.decisions.baseline import quantiles

SHARES = [0.0, 0.1, 0.5, 0.9, 0.999, 1.0]


def of_kind(kind, n, seed):
    chance = np.random.default_rng(seed)
    match kind:
        case "skewed":
            return chance.lognormal(3.0, 2.0, n)
        case "tied":
            return np.floor(chance.exponential(3.0, n))
        case "sorted":
            return np.sort(chance.random(n))
        case "periodic":
            # Every k-th value is of one kind, so that the sample says nothing of the others.
            return np.where(np.arange(n) % max(n // baseline._SAMPLE, 1) == 0, 1e6, 1.0) + chance.random(n)
    return np.full(n, 7.0)


@given(
    st.sampled_from(["skewed", "tied", "sorted", "periodic", "constant"]),
    st.sampled_from([1, 2, 7, 19_999, 20_000, 33_333, 90_001]),
    st.integers(0, 1000),
)
def test_quantiles_are_those_of_numpy_to_the_last_digit(kind, n, seed):
    values = of_kind(kind, n, seed)
    before = values.copy()
    assert quantiles(values, SHARES) == np.quantile(values, SHARES).tolist()
    np.testing.assert_array_equal(values, before)


def test_few_values_are_put_in_order(monkeypatch):
    values = np.random.default_rng(1).lognormal(3.0, 1.0, 400_000)
    expected = np.quantile(values, [0.5, 0.9]).tolist()
    monkeypatch.setattr(np, "quantile", lambda *given: pytest.fail("all values were put in order"))
    assert quantiles(values, [0.5, 0.9]) == expected
