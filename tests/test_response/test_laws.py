"""Laws of minutes against SciPy's."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from mttrlab.errors import ModelError
from mttrlab.response import Distribution

PAIRS = [
    (Distribution("exponential", 4.0), stats.expon(scale=4.0)),
    (Distribution("lognormal", 4.25, 1.25), stats.lognorm(1.25, scale=math.exp(4.25))),
    (Distribution("gamma", 1.7, 12.0), stats.gamma(1.7, scale=12.0)),
    (Distribution("weibull", 0.71314, 419.93892), stats.weibull_min(0.71314, scale=419.93892)),
    (Distribution("loglogistic", 1.46714, 216.00393), stats.fisk(1.46714, scale=216.00393)),
]


@pytest.mark.parametrize(("law", "reference"), PAIRS, ids=lambda x: getattr(x, "family", ""))
def test_quantiles_and_means_are_those_of_scipy(law, reference):
    u = np.linspace(0.001, 0.999, 99)
    np.testing.assert_allclose(law.quantile(u), reference.ppf(u), rtol=1e-9)
    assert law.mean == pytest.approx(reference.mean(), rel=1e-9)


def test_published_means_come_out(truths):
    assert Distribution("loglogistic", 1.46714, 216.00393).mean == pytest.approx(
        truths["LL-1"]["expected"]["mean"], rel=1e-6
    )
    assert Distribution("weibull", 0.71314, 419.93892).mean == pytest.approx(
        truths["WB-1"]["expected"]["mean"], rel=1e-6
    )


def test_an_empirical_law_draws_only_what_was_seen():
    law = Distribution("empirical", 30.0, 10.0, 20.0)
    assert law.quantile([0.0, 0.33, 0.34, 0.99]).tolist() == [10.0, 10.0, 20.0, 30.0]
    assert law.mean == 20.0


def test_a_constant_is_a_constant_and_a_steep_loglogistic_has_no_mean():
    assert Distribution("constant", 3.0).quantile([0.0, 0.999]).tolist() == [3.0, 3.0]
    assert Distribution("loglogistic", 1.0, 5.0).mean == math.inf


@pytest.mark.parametrize(
    "law", [law for law, _ in PAIRS] + [Distribution("empirical", 1.0, 2.0)], ids=lambda law: law.family
)
def test_scaling_multiplies_every_quantile(law):
    u = np.linspace(0.01, 0.99, 25)
    np.testing.assert_allclose(law.scaled(3.0).quantile(u), 3 * law.quantile(u), rtol=1e-12)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Distribution("normal", 1.0, 2.0), "the family of a distribution must be one of"),
        (lambda: Distribution("lognormal", 1.0), "takes mu, sigma"),
        (lambda: Distribution("exponential", -1.0), "mean of an exponential distribution must be at least 0"),
        (lambda: Distribution("exponential", True), "must be a number"),
        (lambda: Distribution("gamma", 0.0, 1.0), "must be above 0"),
        (lambda: Distribution("lognormal", math.nan, 1.0), "must be at least -50; got nan"),
        (lambda: Distribution("constant", math.inf), "must be finite"),
        (lambda: Distribution("empirical"), "at least one observation"),
        (lambda: Distribution("lognormal", 15.0, 4.0), "no distribution of minutes"),
    ],
)
def test_what_is_no_law_is_refused_in_a_sentence(make, words):
    with pytest.raises(ModelError, match=words):
        make()
