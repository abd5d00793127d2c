"""Every published or worked case of detection delay, paging and burn rates."""

from __future__ import annotations

import json
from math import inf
from pathlib import Path

import pytest

from mttrlab.detection import Delay, Fault, acknowledgement, detection_delay
from mttrlab.detection.alert_rules import fired_in
from mttrlab.schema import AlertRule, Condition, SyntheticMonitor


@pytest.fixture(scope="module")
def cases(shared: Path) -> dict[str, dict]:
    return {case["id"]: case for case in json.loads((shared / "truth" / "known_truth.json").read_text())}


@pytest.mark.parametrize("name", ["DET-SYN-1", "DET-SYN-2"])
def test_confirmations_wait_whole_intervals(cases: dict[str, dict], name: str) -> None:
    given, expected = cases[name]["inputs"], cases[name]["expected"]
    answer = detection_delay(SyntheticMonitor("login", given["interval_s"], given["confirmations"]))
    assert answer.delay.mean == pytest.approx(expected["mean_s"], abs=1e-12)
    assert (answer.delay.lowest, answer.delay.highest) == (expected["min_s"], expected["max_s"])
    assert answer.delay.variance == pytest.approx(expected["var_s2"], abs=1e-9)
    assert answer.within_goal == expected["P_le_120s"]
    assert answer.meets_goal


def test_quick_retries_wait_seconds(cases: dict[str, dict]) -> None:
    case = cases["DET-SYN-R"]
    monitor = SyntheticMonitor("login", **case["inputs"])
    assert detection_delay(monitor).mean_s == pytest.approx(case["expected"]["mean_s"], abs=1e-12)


def test_locations_at_random_in_turn_and_by_quorum(cases: dict[str, dict]) -> None:
    case = cases["DET-LOC-2"]
    every, places = case["inputs"]["interval_s"], case["inputs"]["m"]
    answers = {
        "random_phases_mean_s": SyntheticMonitor("a", every, locations=places),
        "staggered_mean_s": SyntheticMonitor("a", every, locations=places, spread="staggered"),
        "quorum2_random_mean_s": SyntheticMonitor("a", every, locations=places, quorum=2),
    }
    for name, monitor in answers.items():
        assert detection_delay(monitor).mean_s == pytest.approx(case["expected"][name], abs=1e-9)


def test_a_check_that_misses_some_faults_needs_longer_runs(cases: dict[str, dict]) -> None:
    case = cases["DET-SENS"]
    for name, mean in case["expected"].items():
        monitor = SyntheticMonitor("a", 60, int(name[1:]), sensitivity=case["inputs"]["sens"])
        assert detection_delay(monitor).mean_s == pytest.approx(mean, abs=1e-9)


@pytest.mark.parametrize("name", ["DET-PROM-0", "DET-PROM-1"])
def test_a_prometheus_alert_waits_for_scrape_evaluation_for_and_group(cases: dict[str, dict], name: str) -> None:
    case = cases[name]
    answer = detection_delay(AlertRule("high", **case["inputs"]))
    assert answer.mean_s == pytest.approx(case["expected"]["mean_s"], abs=1e-12)
    if "max_s" in case["expected"]:
        assert answer.delay.highest == case["expected"]["max_s"]


def test_a_trailing_window_fills_in_proportion_to_the_errors(cases: dict[str, dict]) -> None:
    case = cases["DET-RATE"]
    rule = AlertRule("ratio", window_s=case["inputs"]["window_s"], threshold=case["inputs"]["theta"])
    shares = {"full_outage_s": 1.0, "err_50pct_s": 0.5, "err_10pct_s": 0.1, "err_5pct_s": 0.05, "err_4pct": 0.04}
    for name, share in shares.items():
        expected = case["expected"][name]
        found = [seconds for _, seconds in fired_in(rule, Fault(share=share))]
        assert found == ([] if expected == "never" else [pytest.approx(expected, abs=1e-12)])


def _burn_rate(slo: float, window: float, burn: float) -> AlertRule:
    condition = Condition(window, burn * (1 - slo), "share")
    return AlertRule("budget", failure_mode="error_rate", window_s=window, conditions=((condition,),))


def test_a_burn_rate_alert_fires_when_its_window_has_burnt_enough(cases: dict[str, dict]) -> None:
    case = cases["DET-BURN"]
    given, expected = case["inputs"], case["expected"]
    rule = _burn_rate(given["slo"], given["window_s"], given["burn"])
    for name, share in {"err100": 1.0, "err10": 0.1, "err1_44": 0.0144}.items():
        assert fired_in(rule, Fault(share=share)) == [(None, pytest.approx(expected[name], rel=1e-9))]


def test_a_burn_of_35_never_fires_an_alert_at_36() -> None:
    assert detection_delay(_burn_rate(0.999, 3600, 36), Fault("error_rate", share=0.035)).recall == 0


@pytest.mark.parametrize("timeout", [0.5, 5.0, 40.0])
def test_a_memoryless_acknowledgement_does_not_care_about_the_timeout(cases: dict[str, dict], timeout: float) -> None:
    given, expected = cases["PAGE-1"]["inputs"], cases["PAGE-1"]["expected"]
    answer = acknowledgement([(Delay.exponential(given["a_min"]), timeout)], repeats=inf)
    assert answer.mean == pytest.approx(expected["mean"], abs=1e-9)


@pytest.mark.parametrize(("every", "mean"), [(15, 345), (60, 390)])
def test_the_founding_texts_own_alert_misses_its_own_two_minutes(every: int, mean: float) -> None:
    rule = AlertRule("payment_error_rate > 5% for 5 minutes", for_s=300, scrape_s=every, eval_s=every, group_wait_s=30)
    answer = detection_delay(rule, Fault("error_rate"))
    assert answer.mean_s == pytest.approx(mean, abs=1e-12)
    assert answer.within_goal == 0
    assert not answer.meets_goal
    assert "misses the goal of 2 min" in str(answer)


def test_the_two_minute_goal_holds_for_two_confirmations_and_not_for_three() -> None:
    assert detection_delay(SyntheticMonitor("a", 60, 2)).meets_goal
    three = detection_delay(SyntheticMonitor("a", 60, 3))
    assert not three.meets_goal
    assert three.lowest == 2.0
