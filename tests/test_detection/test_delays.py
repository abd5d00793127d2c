"""The algebra of delays: closed forms, second routes by drawing, and what must never happen."""

from __future__ import annotations

from dataclasses import replace
from math import exp, inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mttrlab.detection import (
    CustomerReports,
    Delay,
    DetectorNoise,
    Fault,
    acknowledgement,
    detection_delay,
    fastest,
    quorum,
)
from mttrlab.detection.synthetic import mean_trials, waiting
from mttrlab.errors import QuestionError
from mttrlab.schema import AlertRule, Condition, MonitorStep, Practices, SyntheticMonitor, WeekHours

seconds = st.floats(0.5, 4000)
shares = st.floats(0.02, 1.0)


@st.composite
def monitors(draw: st.DrawFn) -> SyntheticMonitor:
    locations = draw(st.integers(1, 4))
    return SyntheticMonitor(
        "probe",
        interval_s=draw(seconds),
        confirmations=draw(st.integers(1, 3)),
        retry_interval_s=draw(st.none() | st.floats(0, 30)),
        locations=locations,
        quorum=draw(st.integers(1, locations)),
        spread=draw(st.sampled_from(["random", "staggered", "together"])),
        sensitivity=draw(shares),
    )


@st.composite
def rules(draw: st.DrawFn) -> AlertRule:
    return AlertRule(
        "rule",
        for_s=draw(st.just(0.0) | seconds),
        window_s=draw(st.just(0.0) | seconds),
        threshold=draw(st.floats(0.001, 0.9)),
        scrape_s=draw(seconds),
        eval_s=draw(seconds),
        group_wait_s=draw(st.just(0.0) | seconds),
    )


detectors = monitors() | rules()


def test_the_mean_of_a_report_racing_a_check_is_the_closed_form() -> None:
    interval, mean = 60.0, 1800.0
    race = fastest([Delay.uniform(0, interval), Delay.exponential(mean)])
    assert race.mean == pytest.approx(mean - mean**2 / interval * (1 - exp(-interval / mean)), rel=1e-10)


def test_order_statistics_of_uniforms() -> None:
    for of in (1, 3, 8):
        for needed in range(1, of + 1):
            assert quorum(Delay.uniform(0, 1), needed, of).mean == pytest.approx(needed / (of + 1), abs=1e-11)


def test_the_sum_of_two_uniforms_is_a_triangle() -> None:
    both = Delay.uniform(0, 15).plus_uniform(15)
    assert both.mean == pytest.approx(15, abs=1e-12)
    assert both.variance == pytest.approx(2 * 15**2 / 12, abs=1e-9)
    assert both.cdf(15)[0] == pytest.approx(0.5, abs=1e-12)
    assert both.quantile(0.125)[0] == pytest.approx(7.5, abs=1e-6)


def test_a_delay_that_may_never_come_has_no_mean_but_a_mean_when_it_comes() -> None:
    half = Delay.uniform(0, 60).thinned(0.5)
    assert half.mean == inf
    assert half.mean_if_ever == pytest.approx(30)
    assert half.quantile([0.25, 0.75]).tolist() == [pytest.approx(30), inf]
    assert fastest([half, Delay.point(100)]).mean == pytest.approx(0.5 * 30 + 0.5 * 100)


def test_levels_with_different_people_mix_by_who_answers() -> None:
    first, second = Delay.exponential(4), Delay.exponential(10)
    late = exp(-5 / 4)
    assert acknowledgement([(first, 5), (second, 5)]).mean == pytest.approx(4 * (1 - late) + 10 * late, rel=1e-9)


def test_somebody_unreachable_costs_exactly_the_timeout() -> None:
    assert acknowledgement([(Delay.never(), 5), (Delay.point(2), 5)]).mean == pytest.approx(7)


def test_runs_agree_with_the_closed_form_of_their_mean() -> None:
    for chance in (0.05, 0.5, 0.9, 1.0):
        for in_a_row in (1, 2, 4):
            left = waiting(chance, in_a_row, trials=20_000).left
            if left[-1] < 1e-12:
                assert left.sum() == pytest.approx(mean_trials(chance, in_a_row), rel=1e-9)


def test_a_check_that_hardly_ever_sees_the_fault_keeps_its_mean() -> None:
    monitor = SyntheticMonitor("weak", 60, 3, sensitivity=0.01)
    assert detection_delay(monitor).mean_s == pytest.approx(60 * (mean_trials(0.01, 3) - 0.5), rel=1e-6)


@pytest.mark.parametrize("spread", ["random", "staggered", "together"])
def test_two_weak_locations_that_must_agree_wait_for_the_later_one(spread: str) -> None:
    monitor = SyntheticMonitor("p", 60, locations=2, quorum=2, spread=spread, sensitivity=0.0005)
    # Two nearly memoryless waits of 2,000 rounds: the later takes one and a half times as long.
    assert detection_delay(monitor).mean_s == pytest.approx(1.5 * 60 * 2000, rel=2e-3)


@pytest.mark.parametrize("spread", ["random", "staggered", "together"])
def test_locations_that_must_agree_match_a_drawn_experiment(spread: str) -> None:
    interval, chance, in_a_row, places, needed = 60.0, 0.6, 2, 3, 2
    monitor = SyntheticMonitor(
        "p", interval, in_a_row, locations=places, quorum=needed, spread=spread, sensitivity=chance
    )
    rng = np.random.default_rng(5)
    draws = 40_000
    phase = {
        "random": rng.uniform(0, interval, (draws, places)),
        "together": np.repeat(rng.uniform(0, interval, (draws, 1)), places, axis=1),
        "staggered": rng.uniform(0, interval / places, (draws, 1)) + np.arange(places) * interval / places,
    }[spread]
    hits = rng.random((draws, places, 200)) < chance
    pairs = hits[..., 1:] & hits[..., :-1]
    noticed = np.sort(phase + interval * (pairs.argmax(axis=2) + 1), axis=1)[:, needed - 1]
    answer = detection_delay(monitor).delay
    assert answer.mean == pytest.approx(noticed.mean(), abs=4 * noticed.std() / draws**0.5)
    assert answer.cdf(150)[0] == pytest.approx((noticed <= 150).mean(), abs=0.01)


def test_draws_follow_the_law() -> None:
    answer = detection_delay(AlertRule("a", for_s=60, scrape_s=30, eval_s=15, group_wait_s=10))
    drawn = answer.sample(np.random.default_rng(1), 50_000)
    assert drawn.mean() == pytest.approx(answer.mean, abs=0.005)
    assert answer.lowest <= drawn.min()
    assert drawn.max() <= answer.highest


@settings(max_examples=60)
@given(detectors, shares)
def test_a_delay_is_never_negative_and_a_chance_stays_a_chance(detector: AlertRule, share: float) -> None:
    answer = detection_delay(detector, Fault(share=share))
    assert 0 <= answer.recall <= 1
    if answer.recall:
        assert answer.lowest >= 0
        assert answer.lowest - 1e-6 <= answer.delay.mean_if_ever / 60 <= answer.highest + 1e-6
        assert (np.diff(answer.quantile([0.0, 0.3, 0.6, 0.9])) >= 0).all()


@settings(max_examples=60)
@given(detectors, detectors, shares, st.floats(0, 5000))
def test_another_detector_never_slows_detection(one: AlertRule, other: AlertRule, share: float, at: float) -> None:
    fault = Fault(share=share)
    alone, both = detection_delay(one, fault), detection_delay([one, other], fault)
    assert both.recall >= alone.recall - 1e-12
    assert both.delay.cdf(at)[0] >= alone.delay.cdf(at)[0] - 1e-9
    assert both.mean <= alone.mean * (1 + 1e-9)


@settings(max_examples=60)
@given(detectors, shares, shares, st.floats(0, 5000))
def test_a_more_severe_fault_is_never_noticed_later(detector: AlertRule, a: float, b: float, at: float) -> None:
    mild, hard = (detection_delay(detector, Fault(share=share)) for share in sorted((a, b)))
    assert hard.delay.cdf(at)[0] >= mild.delay.cdf(at)[0] - 1e-9
    assert hard.mean <= mild.mean * (1 + 1e-6)


def test_a_monitor_sees_what_its_assertions_ask_for() -> None:
    quick = MonitorStep("home", load_time_ms=2000)
    monitor = SyntheticMonitor("home", steps=(quick,))
    assert detection_delay(monitor, Fault("latency")).recall == 1
    assert detection_delay(monitor, Fault("latency", latency_ms=1500)).recall == 0
    assert detection_delay(monitor, Fault("correctness")).recall == 0
    assert detection_delay(monitor, Fault("availability")).recall == 1


def test_a_service_that_hangs_costs_the_timeout_of_every_try() -> None:
    monitor = SyntheticMonitor("a", 60, 2, retry_interval_s=10, timeout_s=20)
    assert detection_delay(monitor, Fault(hangs=True)).mean_s == pytest.approx(30 + 10 + 2 * 20)


def test_a_fault_that_ends_early_can_be_missed() -> None:
    answer = detection_delay(SyntheticMonitor("a", 60), Fault(duration_s=15))
    assert answer.recall == pytest.approx(0.25)


def test_both_windows_of_a_burn_rate_pair_must_fill() -> None:
    long, short = (Condition(window, 0.0144, "share") for window in (3600, 300))
    alone = AlertRule("b", window_s=3600, conditions=((long,),), scrape_s=0, eval_s=1e-9, group_wait_s=0)
    rule = replace(alone, conditions=((long, short),))
    assert detection_delay(rule, Fault(share=0.2)).mean == pytest.approx(detection_delay(alone, Fault(share=0.2)).mean)


def test_customers_beat_an_alert_that_never_fires() -> None:
    answer = detection_delay([AlertRule("r", window_s=300, threshold=0.5), CustomerReports(20)], Fault(share=0.1))
    assert answer.mean == pytest.approx(200)


def test_idle_rules_and_rules_about_something_else_notice_nothing() -> None:
    for rule in (
        AlertRule("Watchdog", always_firing=True),
        AlertRule("series", recording=True),
        AlertRule("slow", failure_mode="latency"),
    ):
        assert detection_delay(rule, Fault("availability")).recall == 0
    assert detection_delay(Practices(), Fault()).recall == 0


def test_what_had_to_be_assumed_is_said() -> None:
    (defaults, opaque, unknown) = detection_delay(AlertRule("r", window_s=300)).notes
    assert "scrape_s 60, eval_s 60, group_wait_s 30" in defaults
    assert "its window is counted whole" in opaque
    assert "failure mode is unknown" in unknown
    said = AlertRule("r", failure_mode="latency", scrape_s=15, eval_s=15, group_wait_s=0)
    assert detection_delay(said).notes == ()


def test_of_practices_only_what_watches_the_service_and_says_what_for_takes_part() -> None:
    rules = (
        AlertRule("mine", "pay", "error_rate", for_s=60, scrape_s=15, eval_s=15, group_wait_s=0),
        AlertRule("another's", "web", "error_rate", scrape_s=15, eval_s=15, group_wait_s=0),
        AlertRule("unknown", "pay", scrape_s=15, eval_s=15, group_wait_s=0),
    )
    answer = detection_delay(Practices(alerts=rules), Fault("error_rate"), service="pay")
    assert answer.detectors == ("mine",)
    assert answer.mean_s == pytest.approx(75)


def test_a_quantile_near_zero_of_a_law_that_begins_flat() -> None:
    # The sum of two uniforms has F(t) = t²/2 at first.
    both = Delay.uniform(0, 1).plus_uniform(1)
    levels = np.array([1e-8, 1e-4, 0.02, 0.5])
    assert both.quantile(levels) == pytest.approx(np.sqrt(2 * levels), abs=1e-5)


@settings(max_examples=60)
@given(detectors, st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_a_quantile_is_the_first_time_that_is_likely_enough(detector: AlertRule, levels: list[float]) -> None:
    delay = detection_delay(detector, Fault(share=0.7)).delay
    for level, at in zip(levels, delay.quantile(levels), strict=True):
        if np.isfinite(at):
            assert delay.cdf(at)[0] >= level - 1e-9
            before = at - 1e-5 * max(at, 1.0)
            assert before < delay.lowest or delay.cdf(before)[0] <= level + 1e-9
        else:
            assert delay.ever <= level


def test_confirmations_buy_quiet() -> None:
    noise = DetectorNoise(flake=0.01)
    once = detection_delay(SyntheticMonitor("a", 60), noise=noise).false_pages_per_week
    twice = detection_delay(SyntheticMonitor("a", 60, 2), noise=noise).false_pages_per_week
    assert once == pytest.approx(10_080 * 0.01)
    assert twice == pytest.approx(10_080 / mean_trials(0.01, 2))
    assert np.isnan(detection_delay(SyntheticMonitor("a", 60)).false_pages_per_week)


def test_false_pages_of_a_ratio_are_the_poisson_tail_of_its_window() -> None:
    from scipy.stats import poisson

    rule = AlertRule("ratio", window_s=300, threshold=0.05, eval_s=60)
    noise = DetectorNoise(error_share=0.03, requests_per_s=2)
    expected = 604_800 / 300 * poisson.sf(30, 18)
    assert detection_delay(rule, noise=noise).false_pages_per_week == pytest.approx(expected)


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda: detection_delay(SyntheticMonitor("a", 0)), "monitor 'a': interval_s must be above 0; got 0"),
        (lambda: detection_delay(SyntheticMonitor("a", locations=2, quorum=3)), "quorum must be between 1 and"),
        (lambda: detection_delay(SyntheticMonitor("a", confirmations=0)), "confirmations must be at least 1"),
        (lambda: detection_delay(SyntheticMonitor("a", spread="near")), "random, staggered or together"),
        (lambda: detection_delay(AlertRule("r", eval_s=0)), "alert 'r': eval_s must be a finite number above 0"),
        (lambda: detection_delay(AlertRule("r", for_s=-1)), "for_s must be a finite number of at least 0; got -1"),
        (lambda: detection_delay(3), "a detector must be an AlertRule"),  # type: ignore[arg-type]
        (lambda: detection_delay(["rule"]), "got str"),  # type: ignore[list-item]
        (lambda: detection_delay(AlertRule("r"), goal=0), "goal must be above 0"),
        (lambda: Fault("slow"), "failure_mode must be one of availability"),
        (lambda: Fault(share=1.5), "share of a fault must lie between 0 and 1"),
        (lambda: Delay.point(float("nan")), "a delay must be a finite number"),
        (lambda: acknowledgement([]), "at least one level"),
        (lambda: DetectorNoise(flake=2), "flake of the noise must lie"),
    ],
)
def test_settings_that_cannot_be_are_refused_with_a_sentence(ask, sentence: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(QuestionError, match=sentence.replace("(", r"\(")):
        ask()


def test_alerts_of_different_services_do_not_race_each_other() -> None:
    rules = (
        AlertRule("a", "pay", "error_rate", for_s=60),
        AlertRule("b", "cart", "error_rate"),
        AlertRule("c", "pay", "error_rate", also=("cart",), for_s=600),
    )
    for several in (Practices(alerts=rules), list(rules)):
        with pytest.raises(QuestionError, match=r"watch 2 services \(cart, pay\); say which: service='cart'"):
            detection_delay(several, Fault("error_rate"))
        assert detection_delay(several, Fault("error_rate"), service="pay").detectors == ("a", "c")
    assert detection_delay([rules[0], rules[2], CustomerReports()]).detectors == ("a", "c", "customers")


def test_an_evaluation_behind_the_clock_is_late_by_that() -> None:
    plain, late = (detection_delay(AlertRule("a", delay_s=seconds)).mean_s for seconds in (None, 90.0))
    assert late - plain == pytest.approx(90)
    offset = AlertRule("a", conditions=((Condition(300, 0.05, "share", offset_s=900),),))
    assert detection_delay(offset).mean_s == pytest.approx(900 + 15 + 60 + 30)


def test_a_rule_that_sleeps_pages_falsely_in_its_hours_only() -> None:
    noise = DetectorNoise(flake=0.01)
    half = WeekHours(((0, 5040, 1.0),))
    always, part = (
        AlertRule("a", conditions=((*hours, Condition()),)) for hours in ((), (Condition(kind="hours", hours=half),))
    )
    plain, sleeps = (detection_delay(rule, noise=noise).false_pages_per_week for rule in (always, part))
    assert 0 < sleeps == pytest.approx(plain / 2)
