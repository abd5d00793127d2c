from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from mttrlab.analysis.distributions import PARAMETERS, Law, fit_many, fit_one

EXAMPLES = (
    Law("lognormal", (4.25, 1.25)),
    Law("weibull", (0.71314, 419.93892)),
    Law("gamma", (0.8, 60.0)),
    Law("loglogistic", (2.4, 216.0)),
    Law("exponential", (45.0,)),
    Law("generalised gamma", (2.5, 0.6, 20.0)),
    Law("lognormal mixture", (0.7, 3.0, 0.8, 5.5, 0.5)),
)
SCIPY = {
    "lognormal": lambda v: stats.lognorm(v[1], scale=math.exp(v[0])),
    "weibull": lambda v: stats.weibull_min(v[0], scale=v[1]),
    "gamma": lambda v: stats.gamma(v[0], scale=v[1]),
    "loglogistic": lambda v: stats.fisk(v[0], scale=v[1]),
    "exponential": lambda v: stats.expon(scale=v[0]),
    "generalised gamma": lambda v: stats.gengamma(v[0], v[1], scale=v[2]),
}


def known(shared: Path, case: str) -> dict:
    return next(c for c in json.loads((shared / "truth" / "known_truth.json").read_text()) if c["id"] == case)


def test_every_family_has_an_example() -> None:
    assert {law.family for law in EXAMPLES} == set(PARAMETERS)


@pytest.mark.parametrize("law", [law for law in EXAMPLES if law.family in SCIPY], ids=lambda law: law.family)
def test_a_law_is_that_of_scipy(law: Law) -> None:
    oracle = SCIPY[law.family](law.values)
    t = np.array([0.01, 1.0, 10, 77, 300, 5000])
    assert law.logpdf(t) == pytest.approx(oracle.logpdf(t), rel=1e-9)
    assert law.logsf(t[:-1]) == pytest.approx(oracle.logsf(t[:-1]), rel=1e-8, abs=1e-15)
    assert law.quantile(np.array([0.1, 0.5, 0.9])) == pytest.approx(oracle.ppf([0.1, 0.5, 0.9]), rel=1e-9)
    assert law.mean() == pytest.approx(oracle.mean(), rel=1e-9)
    assert law.variance() == pytest.approx(oracle.var(), rel=1e-8)


@pytest.mark.parametrize("law", EXAMPLES, ids=lambda law: law.family)
def test_a_density_adds_up_to_the_law(law: Law) -> None:
    inside, _ = integrate.quad(lambda y: math.exp(float(law.logpdf(np.exp(y))) + y), -20, math.log(77.0))
    assert inside == pytest.approx(float(law.cdf(np.array(77.0))), rel=1e-6)
    assert law.cdf(law.quantile(np.array([0.05, 0.5, 0.95]))) == pytest.approx([0.05, 0.5, 0.95], rel=1e-9)
    draws = law.draw(np.random.default_rng(1), 200_000)
    assert np.median(draws) == pytest.approx(float(law.quantile(0.5)), rel=0.02)


def test_lognormal_facts(shared: Path) -> None:
    for case in ("LN-1", "LN-3"):
        truth = known(shared, case)
        law, expected = Law("lognormal", (truth["inputs"]["mu"], truth["inputs"]["sigma"])), truth["expected"]
        assert law.mean() == pytest.approx(expected["mean"], abs=1e-6)
        assert math.sqrt(law.variance()) == pytest.approx(expected["sd"], abs=1e-5)
        for share, name in ((0.05, "p05"), (0.5, "median"), (0.75, "p75"), (0.9, "p90"), (0.95, "p95"), (0.99, "p99")):
            assert float(law.quantile(share)) == pytest.approx(expected[name], abs=1e-6)
        for minutes in (15, 30, 60, 240):
            assert float(law.cdf(np.array(minutes))) == pytest.approx(expected[f"P_lt_{minutes}"], abs=1e-6)
        assert 1 - float(law.cdf(np.array(law.mean()))) == pytest.approx(expected["frac_above_mean"], abs=1e-6)


def test_log_logistic_and_weibull_facts(shared: Path) -> None:
    truth = known(shared, "LL-1")
    law = Law("loglogistic", (truth["inputs"]["shape"], truth["inputs"]["scale"]))
    assert law.mean() == pytest.approx(truth["expected"]["mean"], abs=1e-5)
    assert float(law.quantile(0.9)) == pytest.approx(truth["expected"]["p90"], abs=1e-5)
    assert law.variance() == math.inf
    assert Law("loglogistic", (0.9, 10.0)).mean() == math.inf
    truth = known(shared, "WB-1")
    law = Law("weibull", (truth["inputs"]["k"], truth["inputs"]["lam"]))
    assert [law.mean(), float(law.quantile(0.5)), float(law.quantile(0.9))] == pytest.approx(
        [truth["expected"][name] for name in ("mean", "median", "p90")], abs=1e-5
    )


@settings(max_examples=30)
@given(
    st.sampled_from(["lognormal", "weibull", "gamma", "loglogistic", "exponential"]),
    st.integers(0, 10_000),
    st.floats(0.3, 4),
)
def test_a_quick_fit_is_a_maximum(family: str, seed: int, shape: float) -> None:
    minutes = 40 * np.random.default_rng(seed).weibull(shape, 25) + 1e-6
    law = fit_one(family, minutes)
    here = law.logpdf(minutes).sum()
    for place in range(len(law.values)):
        for factor in (0.97, 1.03):
            moved = list(law.values)
            moved[place] *= factor
            assert Law(family, tuple(moved)).logpdf(minutes).sum() <= here + 1e-7


def test_many_fits_are_the_fits_one_by_one() -> None:
    chance = np.random.default_rng(2)
    minutes = np.exp(chance.normal(3, 1, (5, 40)))
    ended = chance.random((5, 40)) < 0.8
    for family in ("lognormal", "weibull", "loglogistic", "exponential"):
        together = fit_many(family, minutes, ended)
        for row in range(5):
            assert fit_one(family, minutes[row], ended[row]).values == pytest.approx(together[row], rel=1e-6)
