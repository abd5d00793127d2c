from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mttrlab.analysis.level_shift import (
    UnitMeans,
    best_mix_split,
    best_split,
    best_stretch,
    date_and_size,
    family,
    follow_each_other,
    guard,
    mixture_quantiles,
    random_orders,
    unit_means,
)
from mttrlab.analysis.services import pool

series = st.lists(st.floats(-5, 5), min_size=6, max_size=20)


def squares(values: np.ndarray, weight: np.ndarray) -> float:
    if not weight.sum() > 0:
        return 0.0
    return float((weight * (values - (weight * values).sum() / weight.sum()) ** 2).sum())


@given(series, st.integers(0, 2**32 - 1))
def test_the_best_split_saves_most_squares_of_all_splits(values: list[float], seed: int) -> None:
    mean = np.array(values)
    weight = np.random.default_rng(seed).uniform(0.5, 2, len(mean))
    whole = squares(mean, weight)
    saved = {k: whole - squares(mean[:k], weight[:k]) - squares(mean[k:], weight[k:]) for k in range(2, len(mean) - 1)}
    found = best_split(mean, weight)
    assert float(found.statistic) ** 2 == pytest.approx(max(saved.values()), abs=1e-9)
    assert saved[int(found.first)] == pytest.approx(max(saved.values()), abs=1e-9)


@given(series)
def test_the_best_stretch_saves_most_squares_of_all_stretches(values: list[float]) -> None:
    mean, weight = np.array(values), np.ones(len(values))
    whole = squares(mean, weight)
    saved = [0.0]
    for length in range(4, 13):
        for first in range(2, len(mean) - 1 - length):
            inside = np.zeros(len(mean), bool)
            inside[first : first + length] = True
            parts = squares(mean[inside], weight[inside]) + squares(mean[~inside], weight[~inside])
            saved.append(whole - parts)
    assert float(best_stretch(mean, weight).statistic) ** 2 == pytest.approx(max(saved), abs=1e-9)


def test_the_mix_statistic_is_the_chi_square_of_the_table() -> None:
    counts = np.random.default_rng(3).poisson(4.0, (10, 3)).astype(float)
    found = best_mix_split(counts)
    tables = [np.array([counts[:k].sum(axis=0), counts[k:].sum(axis=0)]) for k in range(2, 9)]
    values = [stats.chi2_contingency(table, correction=False).statistic for table in tables]
    assert float(found.statistic) ** 2 == pytest.approx(max(values), rel=1e-12)
    assert int(found.first) == int(np.argmax(values)) + 2


def test_the_scatter_of_months_is_that_of_dersimonian_and_laird() -> None:
    rng = np.random.default_rng(5)
    unit = np.repeat(np.arange(12), rng.integers(3, 30, 12))
    values = rng.normal(0, 1, len(unit)) + rng.normal(0, 0.6, 12)[unit]
    found = unit_means(values, unit, 12)
    n = np.bincount(unit)
    assert found.between == pytest.approx(pool(found.mean, np.sqrt(found.within / n)).tau2, rel=1e-12)


def test_months_without_incidents_weigh_nothing() -> None:
    found = unit_means(np.array([1.0, 2.0, 3.0, 9.0]), np.array([0, 0, 2, 2]), 4)
    assert found.weight[[1, 3]].tolist() == [0.0, 0.0]
    assert (found.weight[[0, 2]] > 0).all()


@given(st.floats(0.01, 100), st.floats(-50, 50))
def test_neither_unit_nor_origin_of_a_measure_changes_how_clear_a_change_is(scale: float, origin: float) -> None:
    rng = np.random.default_rng(7)
    mean, weight = rng.normal(0, 1, 15), rng.uniform(1, 3, 15)
    orders = random_orders(15, 99, 0)
    plain = family([UnitMeans(mean, weight)], orders, np.ones(1)).p
    moved = family([UnitMeans(origin + scale * mean, weight / scale**2)], orders, np.ones(1)).p
    assert plain.tolist() == moved.tolist()


def test_p_is_how_often_months_in_random_order_show_as_much() -> None:
    rng = np.random.default_rng(11)
    orders = random_orders(24, 199, 1)
    calls = [
        family([UnitMeans(rng.normal(0, 1, 24), np.ones(24)) for _ in range(6)], orders, np.ones(6)).p.min() <= 0.1
        for _ in range(300)
    ]
    # Six measures, one rate of false alarms for all: 10 % of 300 within 2.6 standard errors.
    assert 0.055 <= np.mean(calls) <= 0.145


def test_a_clear_change_does_not_hide_another() -> None:
    rng = np.random.default_rng(14)
    step = np.where(np.arange(24) < 12, 0.0, 3.0)
    measures = [UnitMeans(rng.normal(0, 1, 24) + shift * step, np.ones(24)) for shift in (3.0, 1.0, 0.0)]
    p = family(measures, random_orders(24, 499, 2), np.ones(3)).p
    assert p[0] <= 0.01
    assert p[1] <= 0.01
    assert p[2] > 0.05


def test_months_that_follow_each_other_make_a_statistic_smaller() -> None:
    rng = np.random.default_rng(17)
    alike = []
    for follows in (0.0, 0.8):
        found = []
        for _ in range(40):
            e = rng.normal(0, 1, 24)
            for j in range(1, 24):
                e[j] += follows * e[j - 1]
            found.append(UnitMeans(e, np.ones(24)))
        alike.append(follow_each_other(found))
    assert guard(alike[0]) < 1.1 < guard(alike[1])


def test_a_step_is_dated_between_its_neighbours_and_measured() -> None:
    rng = np.random.default_rng(19)
    times = np.sort(rng.uniform(0, 20, 400))
    values = np.where(times < 12.3, 4.0, 3.3) + rng.normal(0, 0.05, 400)
    found = date_and_size(values, times, times.astype(int), 20)
    assert found is not None
    assert found.low <= 12.3 <= found.high
    assert found.high - found.low < 0.5
    assert found.size == pytest.approx(-0.7, abs=0.02)
    assert found.size_low < -0.7 < found.size_high


def test_the_size_at_a_sure_date_is_that_of_generalised_least_squares() -> None:
    # Months scatter: the second route writes the covariance of all incidents down.
    rng = np.random.default_rng(23)
    times = np.sort(rng.uniform(0, 12, 150))
    unit = times.astype(int)
    values = np.where(times < 6.0, 0.0, 8.0) + rng.normal(0, 0.4, 12)[unit] + rng.normal(0, 0.5, 150)
    found = date_and_size(values, times, unit, 12)
    assert found is not None
    rest = values - found.size * (times >= found.at)
    levels = unit_means(rest, unit, 12)
    cover = levels.within * np.eye(150) + levels.between * (unit[:, None] == unit)
    design = np.column_stack([np.ones(150), times >= found.at])
    inverse = np.linalg.inv(cover)
    beta = np.linalg.solve(design.T @ inverse @ design, design.T @ inverse @ values)
    assert found.size == pytest.approx(beta[1], abs=0.05)


def test_values_without_differences_have_no_date() -> None:
    assert date_and_size(np.ones(20), np.linspace(0, 9.9, 20), np.arange(20) // 2, 10) is None


def test_a_mixture_has_the_quantiles_of_its_distribution_function() -> None:
    middle, error, chance = np.array([0.0, 3.0]), np.array([1.0, 0.5]), np.array([0.3, 0.7])
    (q,) = mixture_quantiles(middle, error, chance, 5.0, (0.2,))
    assert float((chance * stats.t.cdf((q - middle) / error, 5)).sum()) == pytest.approx(0.2, abs=1e-9)
    assert mixture_quantiles(np.zeros(1), np.ones(1), np.ones(1), math.inf, (0.975,))[0] == pytest.approx(1.959964)
