"""Group laws from durations that may still be running."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize

from mttrlab.response.calibration.pooling import (
    LOGNORMAL,
    group_laws,
    lowest,
    negative_log_likelihood,
    select_family,
    shrink,
)


def test_shrinkage_is_dersimonian_and_lairds(truths):
    given, expected = truths["EB-1"]["inputs"], truths["EB-1"]["expected"]
    pooled = shrink(given["mean_log"], given["n"], given["sigma"])
    assert pooled.tau2 == pytest.approx(expected["tau2"], rel=1e-5)
    assert pooled.centre == pytest.approx(expected["mu"], rel=1e-6)
    np.testing.assert_allclose(pooled.weight, expected["weight_on_own"], rtol=1e-5)
    np.testing.assert_allclose(np.exp(pooled.means), expected["shrunk_gm_min"], rtol=1e-5)


def test_groups_that_differ_by_chance_alone_share_one_mean():
    pooled = shrink([3.0, 3.0, 3.0], [10, 20, 5], 1.0)
    assert pooled.tau2 == 0
    assert pooled.means.tolist() == [3.0, 3.0, 3.0]


def test_open_incidents_are_censored_not_dropped():
    chance = np.random.default_rng(2)
    minutes = np.exp(3.0 + 1.0 * chance.normal(size=4000))
    limit = np.exp(3.0 + 0.5 * chance.normal(size=4000))
    observed = minutes <= limit
    seen = np.minimum(minutes, limit)
    fitted = group_laws(seen, observed, np.zeros(4000, dtype=np.int64), 1)
    assert fitted.mu[0] == pytest.approx(3.0, abs=4 * 1.3 / np.sqrt(4000))
    assert fitted.sigma[0] == pytest.approx(1.0, abs=0.06)
    assert np.log(seen[observed]).mean() < 2.7
    assert (fitted.n, fitted.censored) == (observed.sum(), (~observed).sum())


def test_a_group_without_durations_gets_the_centre():
    fitted = group_laws(np.array([10.0, 20.0, 40.0]), np.ones(3, dtype=bool), np.array([0, 0, 0]), 2)
    assert np.exp(fitted.mu[1]) == pytest.approx(20.0)


def test_zeros_stand_for_a_quarter_of_a_minute():
    fitted = group_laws(np.array([0.0, 0.0]), np.ones(2, dtype=bool), np.array([0, 0]), 1)
    assert np.exp(fitted.mu[0]) == pytest.approx(0.25)


@pytest.mark.parametrize("kind", ["lognormal", "weibull", "loglogistic"])
def test_the_family_that_made_the_durations_is_found(kind):
    chance = np.random.default_rng(5)
    n = 3000
    log = {
        "lognormal": 3 + 0.8 * chance.normal(size=n),
        "weibull": 3 + 0.7 * np.log(chance.exponential(size=n)),
        "loglogistic": 3 + 0.4 * chance.logistic(size=n),
    }[kind]
    fitted = group_laws(np.exp(log), np.ones(n, dtype=bool), np.zeros(n, dtype=np.int64), 1)
    assert fitted.family.kind == kind
    assert fitted.law(0).family == kind
    for share in (0.1, 0.5, 0.9):
        assert float(fitted.law(0).quantile(share)) == pytest.approx(np.quantile(np.exp(log), share), rel=0.08)


def test_few_durations_stay_lognormal():
    residual = np.log(np.random.default_rng(1).exponential(size=40))
    assert select_family(residual, np.ones(40, dtype=bool), 1.0) is LOGNORMAL


def test_durations_that_no_family_fits_speak_for_themselves():
    chance = np.random.default_rng(3)
    minutes = np.exp(4.0 + 0.2 * chance.normal(size=900))
    minutes[:90], minutes[90:180] = 0.25, 2000.0
    fitted = group_laws(minutes, np.ones(900, dtype=bool), np.zeros(900, dtype=np.int64), 1)
    law = fitted.law(0)
    assert law.family == "empirical"
    assert law.mean == pytest.approx(minutes.mean(), rel=0.01)


@pytest.mark.parametrize("start", [(0.0, 0.0), (0.45, -0.25), (1.0, -2.0), (30.0, -20.0)])
@pytest.mark.parametrize("kind", ["weibull", "loglogistic", "valley", "slope", "steps"])
def test_the_simplex_goes_step_by_step_as_scipys(kind, start):
    rng = np.random.default_rng(3)
    residual, ended = rng.logistic(size=120), rng.random(120) < 0.8

    def of(x, y):
        known = {"valley": (1 - x) ** 2 + 100 * (y - x * x) ** 2, "slope": -x - y, "steps": round(x * x + y * y, 1)}
        return known[kind] if kind in known else negative_log_likelihood((x, y), kind, residual, ended)

    with np.errstate(all="ignore"):
        found = optimize.minimize(lambda at: of(*at.tolist()), start, method="Nelder-Mead")
        assert lowest(of, start) == (*found.x, found.fun)
