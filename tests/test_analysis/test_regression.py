from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from mttrlab.analysis.regression import dummies, fit_censored_lognormal, independent


def test_a_model_without_covariates_is_the_censored_lognormal(shared: object) -> None:
    minutes = np.array([12, 25, 31, 47, 60, 75, 90, 120, 180, 240.0])
    observed = np.array([1, 1, 1, 1, 0, 1, 0, 1, 0, 1], dtype=bool)
    found = fit_censored_lognormal(np.log(minutes), observed, np.ones((10, 1)), ("constant",))
    assert found is not None
    assert found.coefficients[0] == pytest.approx(4.38516, abs=1e-4)
    assert found.sigma / np.sqrt(7 / 6) == pytest.approx(1.10893, abs=1e-4)
    assert found.loglik - np.log(minutes[observed]).sum() == pytest.approx(-40.53118, abs=1e-4)


def test_a_censored_regression_is_the_maximum_that_a_blind_search_finds() -> None:
    chance = np.random.default_rng(4)
    group = np.repeat([0.0, 1.0], 60)
    truth = 3 + 0.5 * group + chance.normal(0, 1, 120)
    limit = chance.normal(4, 0.5, 120)
    observed = truth <= limit
    logs = np.minimum(truth, limit)
    design = np.column_stack([np.ones(120), group])
    found = fit_censored_lognormal(logs, observed, design, ("constant", "period"))
    assert found is not None

    def loss(at: np.ndarray) -> float:
        middle, sigma = design @ at[:2], np.exp(at[2])
        seen = stats.norm.logpdf(logs, middle, sigma)[observed].sum()
        return -float(seen + stats.norm.logsf(logs, middle, sigma)[~observed].sum())

    blind = optimize.minimize(loss, [3.0, 0.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-11})
    assert found.coefficients == pytest.approx(blind.x[:2], abs=1e-5)
    assert found.loglik == pytest.approx(-blind.fun, abs=1e-8)
    steps = np.eye(3) * 1e-4
    bend = np.array(
        [
            [
                loss(blind.x + a + b) - loss(blind.x + a - b) - loss(blind.x - a + b) + loss(blind.x - a - b)
                for b in steps
            ]
            for a in steps
        ]
    ) / (4e-8)
    ended = observed.sum()
    expected = np.sqrt(np.linalg.inv(bend)[1, 1] * ended / (ended - 2))
    assert found.errors[1] == pytest.approx(expected, rel=1e-3)


def test_rare_levels_join_and_empty_cells_are_a_level() -> None:
    frame = pd.DataFrame({"severity": ["P1"] * 9 + ["P2"] * 6 + ["P3", "P4", None, None, None, None, None]})
    columns, names = dummies(frame, ("severity",))
    assert names == ("severity: P2", "severity: not said", "severity: other")
    assert columns.sum(axis=0).tolist() == [6, 5, 2]


def test_a_column_that_repeats_others_is_found() -> None:
    one = np.array([1.0, 1, 1, 1])
    a, b = np.array([1.0, 1, 0, 0]), np.array([0.0, 0, 1, 1])
    assert independent(np.column_stack([one, a, b])).tolist() == [0, 1]


def test_equal_times_and_too_few_have_no_model() -> None:
    assert fit_censored_lognormal(np.zeros(5), np.ones(5, bool), np.ones((5, 1)), ("constant",)) is None
    assert fit_censored_lognormal(np.zeros(1), np.ones(1, bool), np.ones((1, 1)), ("constant",)) is None
