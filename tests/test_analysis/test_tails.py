from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.tails import trusted
from mttrlab.analysis.distribution_fit import hill_index, tail_guard
from mttrlab.analysis.intervals import mean_interval


def test_the_hill_index_of_a_pareto_sample_is_its_index() -> None:
    draws = np.random.default_rng(1).pareto(1.5, 50_000) + 1
    index, k = hill_index(draws)
    assert k == 5000
    assert index == pytest.approx(1.5, abs=0.07)


def test_the_hill_index_by_hand() -> None:
    minutes = [1.0] * 45 + [10.0, 20, 40, 80, 160]
    index, k = hill_index(minutes)
    assert k == 5
    assert index == pytest.approx(5 / np.log([10, 20, 40, 80, 160]).sum())


def test_the_mean_of_the_public_recovery_times_is_not_trusted(shared: Path) -> None:
    phases = pd.read_csv(shared / "data" / "issre22" / "issre22_phases.csv")
    found = tail_guard(phases["duration_min"].dropna()).iloc[0]
    assert found.best == "loglogistic"
    assert found["shape"] == pytest.approx(1.46714, abs=1e-4)
    assert not found.mean_trusted
    assert found.use == "median"


def test_the_mean_of_a_light_tail_is_trusted_and_three_incidents_are_too_few() -> None:
    assert tail_guard(np.random.default_rng(2).gamma(3, 10, 300)).iloc[0].mean_trusted
    few = tail_guard([5.0, 9, 14]).iloc[0]
    assert few.mean_trusted is pd.NA
    assert few.sentence == "Too few to tell: 3 ended incidents."


def test_the_mean_of_a_power_law_without_a_finite_variance_is_not_trusted() -> None:
    # 93 of 100 were, before the power law itself was asked.
    assert trusted("Pareto 1.8", 60, 40) <= 0.2
    assert trusted("lognormal", 60, 40) >= 0.9
    assert trusted("Weibull 0.7", 60, 40) >= 0.9
    assert trusted("Pareto 3", 200, 20) >= 0.8


def test_a_power_law_s_mean_has_no_interval_as_tail_guard_says() -> None:
    minutes = (1 - (np.arange(200) + 0.5) / 200) ** (-1 / 1.8)
    assert not tail_guard(minutes).iloc[0].mean_trusted
    assert np.isnan(mean_interval(minutes).low)
    lighter = minutes**0.5
    assert tail_guard(lighter).iloc[0].mean_trusted
    assert mean_interval(lighter).low < lighter.mean()
