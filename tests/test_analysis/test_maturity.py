from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from benchmarks.levels import median_levels
from mttrlab.analysis import distance_to_next, maturity, maturity_level, monthly_levels
from mttrlab.analysis.intervals import probability_below
from mttrlab.analysis.maturity_levels import award, by_share, probabilities_below
from mttrlab.errors import QuestionError
from mttrlab.schema import NO_LEVEL

CHANCES = ["p_elite", "p_advanced", "p_intermediate", "p_basic", "p_no_level"]


def recovery(minutes: np.ndarray | list[float]) -> pd.DataFrame:
    return pd.DataFrame({"incident_id": [str(i) for i in range(len(minutes))], "recovery": minutes})


def with_logs(n: int, mean: float, sd: float) -> np.ndarray:
    """Minutes whose logarithms have exactly this mean and standard deviation."""
    z = stats.norm.ppf((np.arange(n) + 0.5) / n)
    return np.exp(mean + sd * (z - z.mean()) / z.std(ddof=1))


def test_thresholds_are_strict_and_four_hours_have_no_name(shared: Path) -> None:
    cases = json.loads((shared / "truth" / "known_truth.json").read_text(encoding="utf-8"))
    case = next(case for case in cases if case["id"] == "MAT-3")
    levels = [maturity_level(minutes) for minutes in case["inputs"]["values_min"]]
    assert levels[:-1] == case["expected"]["level"][:-1]
    assert levels[-1] == NO_LEVEL


def test_one_set_of_incidents_earns_three_levels() -> None:
    table = maturity(recovery(with_logs(200, 3.0, 1.2))).set_index("statistic")
    assert table["maturity"].tolist() == ["Intermediate", "Advanced", "Basic"]
    assert table["awarded"].tolist() == ["Intermediate", "Advanced", "Basic"]


def test_median_and_mean_have_the_known_probabilities() -> None:
    minutes = with_logs(24, 3.9, 1.1)
    table = maturity(recovery(minutes)).set_index("statistic")
    median, mean = table.loc["median"], table.loc["mean"]
    # Of the lognormal law; the median's level takes the share of incidents below the limit, whatever their law.
    assert probability_below(60, 24, 3.9, 1.1, 0.5) == pytest.approx(0.802158, abs=1e-6)
    assert probability_below(15, 24, 3.9, 1.1, 0.5) == pytest.approx(1.1e-5, abs=1e-6)
    under = int((minutes < 60).sum())
    assert median[["p_elite", "p_advanced", "p_intermediate"]].sum() == pytest.approx(
        stats.beta.sf(0.5, under + 0.5, 24 - under + 0.5)
    )
    assert median["odds_method"] == "share below the limit"
    assert mean[["p_elite", "p_advanced", "p_intermediate"]].sum() == pytest.approx(0.044, abs=0.001)
    assert mean["awarded"] == "Basic"
    assert mean["next_level"] == "Intermediate"
    assert mean["to_next"] == pytest.approx(mean["minutes"] - 60)


def test_the_share_rule_of_the_median_needs_no_law_and_the_p90_has_it_from_29() -> None:
    # 18 of 40 under 30 minutes and 22 of them far above: the geometric mean, 31, says nothing about either clump.
    minutes = np.r_[np.linspace(5, 20, 18), np.linspace(62, 90, 22)]
    below, method = probabilities_below(minutes, [15, 30, 60, 240], "median")
    assert method == "share below the limit"
    assert below[1] == below[2] == pytest.approx(stats.beta.sf(0.5, 18.5, 22.5))
    assert probabilities_below(with_logs(28, 3, 1), [60], "P90")[1] == "lognormal"
    assert probabilities_below(with_logs(29, 3, 1), [60], "P90")[1] == "share below the limit"


def test_open_incidents_enter_the_share_by_kaplan_and_meier() -> None:
    # By hand: ends at 10, 20, 40; open at 15. Survival at 30: 3/4 · 1/2 = 3/8; Greenwood 1/(4·3) + 1/(2·1) = 7/12.
    minutes, ended = np.array([10.0, 15, 20, 40]), np.array([True, False, True, True])
    n = (5 / 8) / (3 / 8 * 7 / 12)
    assert by_share(minutes, ended, [30], 0.5)[0] == pytest.approx(stats.beta.sf(0.5, n * 5 / 8 + 0.5, n * 3 / 8 + 0.5))
    everything_ended = by_share(minutes, np.ones(4, bool), [30], 0.5)[0]
    assert everything_ended == pytest.approx(stats.beta.sf(0.5, 3.5, 1.5))
    assert by_share(minutes, ended, [30], 0.5)[0] < everything_ended


@pytest.mark.parametrize("name", ["lognormal", "mixture", "Weibull 0.7"])
def test_a_level_by_the_median_is_right_four_times_in_five(name: str) -> None:
    found = median_levels(name, 40, 300)
    given = found[found["given"]]
    assert len(given) / len(found) >= 0.60 - 2.6 * math.sqrt(0.24 / 300)
    assert given["right"].mean() >= 0.80 - 2.6 * math.sqrt(0.16 / len(given))


def test_where_the_evidence_is_thin_a_range_is_awarded() -> None:
    table = maturity(recovery(with_logs(8, 4.0, 1.3))).set_index("statistic")
    assert table.loc["mean", "awarded"] == "no level–Basic"
    few = maturity(recovery([10.0, 20, 400]))
    assert few["awarded"].tolist() == ["too few to tell"] * 3
    assert few[CHANCES].isna().all().all()
    assert maturity(recovery([]))["maturity"].tolist() == ["unknown"] * 3


def test_open_incidents_count_with_their_time_so_far() -> None:
    true = with_logs(400, 3.6, 1.0)
    watched = np.quantile(true, 0.75)
    rows = recovery(np.minimum(true, watched)).assign(recovery_observed=true <= watched)
    table = maturity(rows).set_index("statistic")
    assert set(table["open"]) == {100}
    assert set(table["never_closed"]) == {0}
    # The truth: median 36.6, mean 60.3, P90 131.8; the ended alone would give a mean below 35.
    assert table.loc["median", "minutes"] == pytest.approx(np.exp(3.6), rel=0.03)
    assert table.loc["mean", "minutes"] == pytest.approx(np.exp(4.1), rel=0.1)
    assert table.loc["P90", "minutes"] == pytest.approx(np.exp(3.6 + 1.2816), rel=0.1)
    assert (table["low"] < table["minutes"]).all() and (table["minutes"] < table["high"]).all()
    assert table[CHANCES].sum(axis=1).tolist() == pytest.approx([1, 1, 1])
    assert true[true <= watched].mean() < 35


def test_open_incidents_never_make_a_level_look_better() -> None:
    ended = with_logs(40, 3.3, 0.8)
    plain = maturity(recovery(ended)).set_index("statistic")
    more = recovery(np.r_[ended, [50.0, 60, 90]]).assign(recovery_observed=[True] * 40 + [False] * 3)
    told = maturity(more).set_index("statistic")
    better = CHANCES[:2]
    for statistic in ("mean", "median", "P90"):
        assert told.loc[statistic, better].sum() <= plain.loc[statistic, better].sum() + 1e-9
        assert told.loc[statistic, "minutes"] >= plain.loc[statistic, "minutes"]


def test_a_mean_that_single_incidents_decide_earns_no_level_and_points_to_the_median() -> None:
    p = (np.arange(4000) + 0.5) / 4000
    table = maturity(recovery(np.exp(3.0 + np.log(p / (1 - p)) / 1.4))).set_index("statistic")
    assert table.loc["mean", "awarded"] == "see the median"
    assert table.loc["mean", ["low", "high", "p_elite"]].isna().all()
    assert "use the median" in table.loc["mean", "method"]
    assert table.loc["median", "awarded"] == "Advanced"


def test_an_incident_that_nobody_closed_earns_no_level() -> None:
    rows = recovery([12.0, 25, 31, 47, 75, 120, 5000]).assign(recovery_observed=[True] * 6 + [False])
    table = maturity(rows)
    assert set(table["open"]) == set(table["never_closed"]) == {1}
    assert set(table["n"]) == {6}
    assert table.loc[0, "minutes"] == pytest.approx(310 / 6)


def test_where_the_lognormal_is_rejected_the_probabilities_come_from_the_incidents_themselves() -> None:
    minutes = np.r_[with_logs(60, 2.5, 0.2), with_logs(12, 6.5, 0.2)]
    below, method = probabilities_below(minutes, [15, 30, 60, 240], "P90")
    assert method == "share below the limit"
    assert below[3] == pytest.approx(stats.beta.sf(0.9, 60.5, 12.5))
    mean, how = probabilities_below(minutes, [15, 30, 60, 240], "mean")
    assert how.startswith("BCa")
    assert (np.diff(mean) >= 0).all()
    assert mean[3] > 0.99


@settings(max_examples=40)
@given(st.lists(st.floats(0.5, 2000), min_size=5, max_size=80))
def test_probabilities_of_the_levels_add_up_to_one(minutes: list[float]) -> None:
    table = maturity(recovery(minutes))
    told = table[~table["odds_method"].str.startswith("not")]
    np.testing.assert_allclose(told[CHANCES].sum(axis=1), 1, atol=1e-9)
    assert (told[CHANCES] >= -1e-12).all().all()


def test_an_award_needs_four_chances_in_five_on_both_sides() -> None:
    assert award([0.0, 0.1, 0.8, 1.0]) == "Intermediate"
    assert award([0.0, 0.1, 0.79, 1.0]) == "Basic–Intermediate"
    assert award([0.0, 0.25, 0.9, 1.0]) == "Intermediate–Advanced"
    assert award([0.0, 0.0, 0.0, 0.1]) == NO_LEVEL
    assert award([0.9, 1.0, 1.0, 1.0]) == "Elite"


def test_the_distance_to_the_next_level_is_shown_phase_by_phase() -> None:
    rows = pd.DataFrame({"detect": [5.0, 15], "diagnose": [30.0, 60], "resolve": [10.0, 30], "verify": [5.0, 5]})
    table = distance_to_next(rows).set_index("phase")
    assert set(table["next_level"]) == {"Intermediate"}
    assert table["to_next"].tolist() == [20] * 4
    assert table["cut_needed"].tolist() == pytest.approx([2, 20 / 45, 1, 4])
    assert distance_to_next(rows / 100)["cut_needed"].isna().all()


def test_a_bare_monthly_mean_flaps_between_levels_though_nothing_changes() -> None:
    mu = math.log(45) - 1.25**2 / 2
    table = monthly_levels(10, mu, 1.25, months=40_000)
    assert table.loc[table["is_true"], "months"].item() == pytest.approx(0.51, abs=0.015)
    assert table["differs"].iloc[0] == pytest.approx(0.63, abs=0.015)
    assert table["months"].sum() == pytest.approx(1)


def test_bad_questions_are_refused() -> None:
    with pytest.raises(QuestionError, match="minutes must be a number"):
        maturity_level("15")  # type: ignore[arg-type]
    with pytest.raises(QuestionError, match="not be negative"):
        maturity_level(-1.0)
    with pytest.raises(QuestionError, match="measure must be one of"):
        maturity(recovery([1.0]), measure="mttr")
    with pytest.raises(QuestionError, match="at least 1"):
        monthly_levels(0, 3, 1)
