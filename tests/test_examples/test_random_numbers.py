"""Chance that belongs to names."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from scipy import stats

from mttrlab.examples.laws import SEED, NamedRandom


def test_a_draw_is_the_first_word_of_pcg64_under_the_hashed_names() -> None:
    digest = hashlib.sha256(f"{SEED}\x1fa\x1fb".encode()).digest()
    words = np.frombuffer(digest, dtype="<u4").tolist()
    by_numpy = np.random.Generator(np.random.PCG64(np.random.SeedSequence(words))).random()
    assert NamedRandom(("a",)).u("b") == pytest.approx(by_numpy, abs=2**-51)


def test_draws_depend_on_their_names_alone() -> None:
    first = [NamedRandom(("x", str(n))).u("start") for n in range(50)]
    again = [NamedRandom(("x",)).of(str(n)).u("start") for n in reversed(range(50))]
    assert first == again[::-1]
    assert len(set(first)) == 50


def test_names_cannot_be_glued_together_differently() -> None:
    assert NamedRandom(("ab",)).u("c") != NamedRandom(("a",)).u("bc")


def test_uniform_and_normal_draws_follow_their_laws() -> None:
    rng = NamedRandom(("laws",))
    assert stats.kstest([rng.u(str(n)) for n in range(4000)], "uniform").pvalue > 0.01
    assert stats.kstest([rng.z(str(n)) for n in range(4000)], "norm").pvalue > 0.01


def test_choices_come_as_often_as_their_weights_say() -> None:
    rng = NamedRandom(("weights",))
    drawn = [rng.pick(str(n), {"a": 1.0, "b": 3.0}) for n in range(4000)]
    # Standard error of the share is 0.007.
    assert drawn.count("b") / 4000 == pytest.approx(0.75, abs=0.025)


def test_whole_numbers_reach_both_ends() -> None:
    rng = NamedRandom(("dice",))
    assert {rng.whole(str(n), 1, 6) for n in range(200)} == {1, 2, 3, 4, 5, 6}
