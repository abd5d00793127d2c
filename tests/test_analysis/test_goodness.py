from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from mttrlab.analysis.distribution_fit import goodness_of_fit
from mttrlab.analysis.distributions import Evidence
from mttrlab.errors import QuestionError


def test_the_test_agrees_with_that_of_scipy() -> None:
    minutes = np.exp(np.random.default_rng(1).normal(4, 1.2, 60))
    for family, law in (("lognormal", stats.lognorm), ("weibull", stats.weibull_min)):
        oracle = stats.goodness_of_fit(law, minutes, known_params={"loc": 0}, statistic="ad", n_mc_samples=300, rng=1)
        found = goodness_of_fit(minutes, family)
        assert found.statistic == pytest.approx(oracle.statistic, rel=1e-4)
        assert found.p == pytest.approx(oracle.pvalue, abs=0.08)


@pytest.mark.parametrize("kind", ["complete", "open", "rounded"])
def test_a_true_law_is_contradicted_as_rarely_as_promised(kind: str) -> None:
    chance = np.random.default_rng(3)
    low = 0
    for round_ in range(150):
        minutes = np.exp(chance.normal(3, 1, 40))
        ended = np.ones(40, bool)
        if kind == "open":
            limit = chance.exponential(80, 40)
            minutes, ended = np.minimum(minutes, limit), minutes <= limit
        evidence = Evidence(
            np.round(minutes / 5) * 5 if kind == "rounded" else minutes, ended, 5.0 * (kind == "rounded"), "minutes"
        )
        low += goodness_of_fit(evidence, replications=99, seed=round_).p <= 0.1
    assert low / 150 == pytest.approx(0.1, abs=0.075)


def test_a_false_law_is_contradicted() -> None:
    chance = np.random.default_rng(4)
    minutes = np.exp(chance.normal(4, 1.25, 200))
    assert goodness_of_fit(minutes, "exponential").p < 0.01
    limit = chance.exponential(200, 200)
    assert goodness_of_fit(np.minimum(minutes, limit), "exponential", minutes <= limit).p < 0.05


def test_what_cannot_be_tested_says_why() -> None:
    assert "no quick fit" in goodness_of_fit([1.0, 2, 3, 4, 5, 6], "lognormal mixture").method
    assert "open incidents" in goodness_of_fit([1.0, 2, 3, 4, 5, 6], "gamma", [True] * 5 + [False]).method
    assert goodness_of_fit([1.0, 2]).method == "not estimable: n = 2"
    with pytest.raises(QuestionError, match="above zero"):
        goodness_of_fit([0.0, 1, 2, 3, 4, 5])


def test_a_part_of_very_many_durations_is_tested_and_said_so() -> None:
    found = goodness_of_fit(np.exp(np.random.default_rng(7).normal(4, 1, 20_000)), replications=99)
    assert found.n == 5000
    assert "5000 of 20000 incidents drawn at random" in found.method
    assert found.p > 0.01
