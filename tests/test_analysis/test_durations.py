from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mttrlab.analysis.distribution_fit import fit_durations
from mttrlab.errors import QuestionError

MINUTES = [12, 25, 31, 47, 60, 75, 90, 120, 180, 240]
OBSERVED = [True, True, True, True, False, True, False, True, False, True]


def known(shared: Path, case: str) -> dict:
    return next(c for c in json.loads((shared / "truth" / "known_truth.json").read_text()) if c["id"] == case)


@pytest.mark.parametrize("n", [12, 25, 60])
def test_the_generalised_gamma_is_never_less_likely_than_the_laws_that_it_contains(n: int) -> None:
    minutes = np.exp(np.random.default_rng(n).normal(3, 1, n))
    families = ("lognormal", "weibull", "gamma", "generalised gamma")
    found = fit_durations(minutes, families=families, replications=0).set_index("family")["loglik"]
    assert found["generalised gamma"] >= found[["lognormal", "weibull", "gamma"]].max() - 2e-3


def test_ten_incidents_with_three_still_open(shared: Path) -> None:
    expected = known(shared, "CENS-1")["expected"]
    fits = fit_durations(MINUTES, OBSERVED, replications=0).set_index("family")
    assert fits.parameters["lognormal"]["mu"] == pytest.approx(expected["lognormal"]["mu"], abs=1e-4)
    assert fits.parameters["lognormal"]["sigma"] == pytest.approx(expected["lognormal"]["sigma"], abs=1e-4)
    assert fits.loglik["lognormal"] == pytest.approx(expected["lognormal"]["loglik"], abs=1e-4)
    assert fits["mean"]["lognormal"] == pytest.approx(expected["lognormal"]["mean"], abs=1e-2)
    assert fits["median"]["lognormal"] == pytest.approx(expected["lognormal"]["median"], abs=1e-2)
    assert fits.parameters["weibull"]["shape"] == pytest.approx(expected["weibull"]["k"], abs=1e-4)
    assert fits.parameters["weibull"]["scale"] == pytest.approx(expected["weibull"]["lam"], abs=1e-2)
    assert fits.loglik["weibull"] == pytest.approx(expected["weibull"]["loglik"], abs=1e-4)
    assert fits["mean"]["exponential"] == pytest.approx(expected["exponential"]["mean"], abs=1e-4)
    assert fits.loglik["exponential"] == pytest.approx(expected["exponential"]["loglik"], abs=1e-4)
    # The log-logistic that lifelines and scipy give for these incidents.
    assert fits.parameters["loglogistic"]["scale"] == pytest.approx(81.031, abs=1e-2)
    assert fits.parameters["loglogistic"]["shape"] == pytest.approx(1.48497, abs=1e-4)
    assert (fits["n"] == 7).all()
    assert (fits["open"] == 3).all()


def test_the_public_post_mortems_choose_these_laws(shared: Path) -> None:
    phases = pd.read_csv(shared / "data" / "issre22" / "issre22_phases.csv")
    expected = {
        "ttd_min": ("lognormal", 502.325),
        "tti_min": ("lognormal", 404.302),
        "ttm_min": ("loglogistic", 1326.927),
        "duration_min": ("loglogistic", 4974.233),
    }
    for column, (family, aicc) in expected.items():
        fits = fit_durations(phases[column].dropna(), replications=0)
        assert fits.family[0] == family
        assert fits.aicc[0] == pytest.approx(aicc, abs=1e-3)
    assert phases["ttd_min"].mean() == pytest.approx(16.914, abs=1e-3)
    assert phases["tti_min"].mean() == pytest.approx(77.837, abs=1e-3)
    last = fits.set_index("family")
    assert last.aicc["lognormal"] == pytest.approx(4983.377, abs=1e-3)
    assert not last.variance_finite["loglogistic"]
    assert last.mean_finite["loglogistic"]
    assert "use the median" in last.note["loglogistic"]


def test_weights_add_up_and_the_best_comes_first() -> None:
    fits = fit_durations(np.exp(np.random.default_rng(1).normal(4, 1, 150)), replications=0)
    assert fits.delta[0] == 0
    assert fits.weight.sum() == pytest.approx(1)
    assert fits.weight.is_monotonic_decreasing
    assert {"generalised gamma", "lognormal mixture"} <= set(fits.family)


@pytest.mark.parametrize(
    ("family", "values"), [("lognormal", (2.0, 0.963)), ("weibull", (0.9, 12.0)), ("gamma", (0.8, 14.0))]
)
def test_stamps_cut_to_five_minutes_give_the_law_back(family: str, values: tuple[float, float]) -> None:
    from mttrlab.analysis.distributions import Law

    chance = np.random.default_rng(4)
    true = Law(family, values).draw(chance, 4000)
    start = chance.uniform(0, 5, 4000)
    recorded = 5 * (np.floor((start + true) / 5) - np.floor(start / 5))
    fits = fit_durations(recorded, resolution=5, families=(family,), replications=0)
    exact = fit_durations(true, families=(family,), replications=0)
    for name, value in exact.parameters[0].items():
        assert fits.parameters[0][name] == pytest.approx(value, rel=0.06)
    assert fits.left_out[0] == 0
    assert fits["n"][0] == 4000


def test_durations_rounded_to_five_minutes_give_the_spread_back_and_dropping_zeros_does_not() -> None:
    true = np.exp(np.random.default_rng(5).normal(2, 0.963, 5000))
    rounded = 5 * np.round(true / 5)
    known_grain = fit_durations(rounded, resolution=5, rounding="minutes", families=("lognormal",), replications=0)
    without = fit_durations(rounded, families=("lognormal",), replications=0)
    assert known_grain.parameters[0]["sigma"] == pytest.approx(np.log(true).std(), abs=0.02)
    assert without.parameters[0]["sigma"] < 0.8
    assert without.left_out[0] == (rounded == 0).sum()


def test_a_two_part_mixture_is_found() -> None:
    chance = np.random.default_rng(6)
    minutes = np.exp(np.where(chance.random(600) < 0.7, chance.normal(2, 0.4, 600), chance.normal(5, 0.5, 600)))
    fits = fit_durations(minutes, replications=0)
    assert fits.family[0] == "lognormal mixture"
    found = fits.parameters[0]
    assert sorted([found["mu"], found["mu_second"]]) == pytest.approx([2, 5], abs=0.15)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    chance = np.random.default_rng(7)
    hits = {"median": 0, "p90": 0}
    truth = {"median": math.exp(4), "p90": math.exp(4 + 1.2816)}
    for _ in range(300):
        minutes, limit = np.exp(chance.normal(4, 1, 80)), chance.exponential(200, 80)
        row = fit_durations(np.minimum(minutes, limit), minutes <= limit, families=("lognormal",), replications=0).iloc[
            0
        ]
        for name in hits:
            hits[name] += row[f"{name}_low"] <= truth[name] <= row[f"{name}_high"]
    for count in hits.values():
        assert count / 300 == pytest.approx(0.94, abs=0.03)


def test_too_few_and_equal_durations_say_so() -> None:
    assert "needs 5 ended incidents, has 3" in fit_durations([3.0, 5, 9]).note[0]
    assert "all durations are equal" in fit_durations([7.0] * 9).note[0]
    assert "has 0" in fit_durations([]).note[0]


def test_closed_only_bias_of_the_exponential_window(shared: Path) -> None:
    # Arrivals uniform over the window, cut at its end: closed ones alone are a fifth too short, all of them are not.
    case = known(shared, "CENS-2")
    chance = np.random.default_rng(8)
    mean, window = case["inputs"]["m_h"] * 60, case["inputs"]["W_h"] * 60
    left, hours = chance.uniform(0, window, 200_000), chance.exponential(mean, 200_000)
    ended = hours <= left
    assert hours[ended].mean() / mean - 1 == pytest.approx(case["expected"]["bias_pct"] / 100, abs=0.006)
    fits = fit_durations(np.minimum(hours, left), ended, families=("exponential",), replications=0)
    assert fits["mean"][0] == pytest.approx(mean, rel=0.01)


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(QuestionError, match="families must be among"):
        fit_durations([1, 2, 3, 4, 5, 6], families=("pareto",))
    with pytest.raises(QuestionError, match="one entry per duration"):
        fit_durations([1, 2], [True])
    with pytest.raises(QuestionError, match="resolution must be"):
        fit_durations([1, 2], resolution=-1)
    with pytest.raises(QuestionError, match="rounding must be"):
        fit_durations([1, 2], resolution=1, rounding="up")
