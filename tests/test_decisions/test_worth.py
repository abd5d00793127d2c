"""Choosing under doubt, against the closed forms of decision theory."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from mttrlab.decisions.value_of_information import chance_best, finding_out, regret

N = 40_000


def normal(seed, n=N):
    return special.ndtri((np.random.default_rng(seed).permutation(n) + 0.5) / n)


def test_two_choices_whose_difference_is_normal_have_the_published_chance_loss_and_value_of_knowing():
    # A against B with a difference of mean 10 and sd 30: P(A best) .630559, losses 7.627083 and 17.627083 (unit normal
    # loss integral; Raiffa, Schlaifer, 1961).
    values = np.stack([10 + 30 * normal(1), np.zeros(N)], axis=1)
    best, losses = chance_best(values), regret(values)
    assert best[0].value == pytest.approx(0.630559, abs=1e-4)
    assert best[0].low < 0.630559 < best[0].high
    assert [loss.value for loss in losses] == pytest.approx([7.627083, 17.627083], abs=2e-3)
    known = finding_out(values, [normal(1)[:, None], np.empty((N, 0))])
    # All that is not known is A's: finding that out is knowing everything.
    assert known[0].value == pytest.approx(7.627083, abs=2e-3)
    assert known[1] == (0.0, 0.0, 0.0)


def test_what_two_choices_do_not_know_is_parted_between_them():
    a, b = normal(1), normal(2)
    values = np.stack([5 + 20 * a, 30 * b], axis=1)
    of_a, of_b = finding_out(values, [a[:, None], b[:, None]])

    def loss(mean, sd):
        return sd * (stats.norm.pdf(mean / sd) - mean / sd * stats.norm.sf(mean / sd))

    everything = min(one.value for one in regret(values))
    assert of_a.value == pytest.approx(loss(5, 20), rel=0.02)
    assert of_b.value == pytest.approx(loss(5, 30), rel=0.02)
    assert everything == pytest.approx(loss(5, np.hypot(20, 30)), rel=0.02)


def test_what_choices_do_not_know_in_common_is_not_counted_for_one_of_them():
    own, common = normal(1), normal(2)
    values = np.stack([1 + own + 40 * common, 40 * common], axis=1)
    assert finding_out(values, [own[:, None], np.empty((N, 0))])[0].value == pytest.approx(0.0833, abs=0.01)


def test_intervals_hold_the_truth_at_their_rate():
    held = loss_held = 0
    for seed in range(400):
        values = np.stack([10 + 30 * np.random.default_rng(seed).normal(size=200), np.zeros(200)], axis=1)
        best, loss = chance_best(values)[0], regret(values)[0]
        held += best.low <= 0.630559 <= best.high
        loss_held += loss.low <= 7.627083 <= loss.high
    # 95 %, and 4 standard errors of 400.
    assert abs(held / 400 - 0.95) < 0.044
    assert abs(loss_held / 400 - 0.95) < 0.044


@given(st.lists(st.lists(st.integers(-100, 100), min_size=3, max_size=3), min_size=2, max_size=30))
def test_chances_add_up_and_no_choice_loses_less_than_the_best_one(rows):
    values = np.array(rows, dtype=float)
    assert sum(one.value for one in chance_best(values)) == pytest.approx(1.0)
    losses = [one.value for one in regret(values)]
    assert min(losses) == pytest.approx(losses[int(values.mean(axis=0).argmax())])
    assert min(losses) >= 0
