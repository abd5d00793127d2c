"""Burn rates, paging, alerts and verification once more, by another route: seconds counted, clocks and dice thrown."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

import numpy as np
import pytest

from mttrlab.detection import Delay, Fault, acknowledgement, detection_delay
from mttrlab.detection.alert_rules import fired_in
from mttrlab.detection.synthetic import mean_trials
from mttrlab.judge.recovery import ReplayClock, verify_service_recovery
from mttrlab.schema import AlertRule, Condition

DRAWS = 40_000


def _close(seen: np.ndarray, mean: float) -> bool:
    """Whether a mean lies within four standard errors of what was drawn."""
    return bool(abs(seen.mean() - mean) < 4 * seen.std() / np.sqrt(len(seen)) + 1e-9)


@pytest.mark.parametrize(
    ("slo", "windows", "short", "share"),
    [
        (0.999, ((3600, 14.4), (21_600, 6.0)), 1 / 12, 0.02),
        (0.99, ((1800, 10.0),), 0.0, 0.25),
        (0.995, ((7200, 4.0), (3600, 30.0)), 1 / 6, 0.08),
        (0.9, ((600, 2.0),), 1 / 2, 0.9),
        (0.999, ((3600, 36.0),), 0.0, 0.03),
    ],
)
def test_a_burn_rate_fires_in_the_second_in_which_its_windows_hold_enough_errors(
    slo: float, windows: tuple[tuple[float, float], ...], short: float, share: float
) -> None:
    before = int(max(window for window, _ in windows))
    errors = np.concatenate([np.zeros(before), np.full(before, share)])
    held = np.concatenate([[0.0], np.cumsum(errors)])

    def over(window: float, burn: float) -> np.ndarray:
        length = round(window)
        mean = (held[before : 2 * before + 1] - held[before - length : 2 * before + 1 - length]) / length
        return np.asarray(mean >= burn * (1 - slo) * (1 - 1e-9))

    fires = np.any([over(w, b) & (over(w * short, b) if short else True) for w, b in windows], axis=0)
    counted = float(np.argmax(fires)) if fires.any() else inf
    lengths = [(window, window * short) if short else (window,) for window, _ in windows]
    pairs = [
        tuple(Condition(length, burn * (1 - slo), "share") for length in pair)
        for pair, (_, burn) in zip(lengths, windows, strict=True)
    ]
    rule = AlertRule("budget", failure_mode="error_rate", window_s=before, conditions=tuple(pairs))
    found = min((seconds for _, seconds in fired_in(rule, Fault("error_rate", share=share))), default=inf)
    assert counted == inf == found or counted - 1 <= found <= counted + 1e-6


@pytest.mark.parametrize(
    ("levels", "repeats"),
    [
        ([("memoryless", 4.0, 5.0)], inf),
        ([("memoryless", 7.0, 1.5), ("memoryless", 2.0, 10.0)], 2),
        ([("even", 12.0, 5.0), ("even", 6.0, 4.0)], inf),
        ([("even", 30.0, 3.0), ("memoryless", 4.0, 6.0), ("even", 8.0, 5.0)], 0),
    ],
)
def test_an_escalation_takes_as_long_as_its_calls_thrown_one_by_one(
    levels: Sequence[tuple[str, float, float]], repeats: float
) -> None:
    rng = np.random.default_rng(11)
    people = {
        "memoryless": lambda minutes: (Delay.exponential(minutes), lambda n: rng.exponential(minutes, n)),
        "even": lambda minutes: (Delay.uniform(0, minutes), lambda n: rng.uniform(0, minutes, n)),
    }
    made = [(*people[kind](minutes), timeout) for kind, minutes, timeout in levels]
    answered = np.full(DRAWS, np.nan)
    begun, calls = 0.0, 0
    most = (1 + repeats) * len(levels)
    while np.isnan(answered).any() and calls < most:
        _, draw, timeout = made[calls % len(made)]
        waiting = np.isnan(answered)
        takes = draw(waiting.sum())
        calls += 1
        takes[(takes >= timeout) & (calls < most)] = np.nan  # the next level is called, and this one stays away
        answered[waiting] = begun + takes
        begun += timeout
    answer = acknowledgement([(law, timeout) for law, _, timeout in made], repeats=repeats)
    assert _close(answered, answer.mean)
    for minutes in (2.0, 6.0, 15.0):
        assert _close((answered <= minutes).astype(float), float(answer.cdf(minutes)[0]))


@pytest.mark.parametrize(
    ("scrape", "evaluation", "held", "wait"), [(15, 15, 300, 30), (30, 60, 90, 10), (10, 7, 0, 0), (60, 20, 50, 5)]
)
def test_an_alert_notifies_when_two_clocks_of_any_phase_say_so(
    scrape: float, evaluation: float, held: float, wait: float
) -> None:
    rng = np.random.default_rng(3)
    rule = AlertRule("ratio", "pay", "error_rate", for_s=held, window_s=300, threshold=0.05, scrape_s=scrape,
                     eval_s=evaluation, group_wait_s=wait)  # fmt: skip
    true_from = 300 * 0.05 / 0.2
    scraped = rng.uniform(0, scrape, DRAWS)
    scraped += np.ceil((true_from - scraped) / scrape) * scrape
    looked = rng.uniform(0, evaluation, DRAWS)
    looked += np.ceil((scraped - looked) / evaluation) * evaluation
    pending = looked.copy()
    while (late := looked - pending < held - 1e-6).any():
        looked[late] += evaluation
    answer = detection_delay(rule, Fault("error_rate", share=0.2))
    assert _close(looked + wait, answer.mean_s)
    assert _close((looked + wait <= 120).astype(float), answer.within_goal)


@pytest.mark.parametrize(("chance", "in_a_row"), [(0.8, 3), (0.5, 2), (0.95, 5)])
def test_a_run_of_healthy_checks_takes_as_many_as_the_dice_do(chance: float, in_a_row: int) -> None:
    thrown = np.random.default_rng(9).random((4_000, 400)) < chance
    runs = np.lib.stride_tricks.sliding_window_view(thrown, in_a_row, axis=1).all(axis=2)
    assert _close(np.argmax(runs, axis=1) + in_a_row, mean_trials(chance, in_a_row))


@pytest.mark.parametrize("case", range(12))
def test_verification_confirms_at_the_check_at_which_the_window_of_raw_requests_is_clean(case: int) -> None:
    rng = np.random.default_rng(case)
    window, step, healthy = int(rng.choice([30, 60, 120])), int(rng.choice([10, 30, 45])), int(rng.integers(1, 4))
    limit, before, left = rng.choice([0.5, 1.0, 2.0]), rng.uniform(0, 0.3), rng.uniform(0, 0.012)
    asked = rng.integers(50, 200, 1200)
    failed = rng.binomial(asked, np.where(np.arange(1200) < 300, before, left))
    rate = [100 * failed[300 + t - window : 300 + t].sum() / asked[300 + t - window : 300 + t].sum()
            for t in range(0, 600, step)]  # fmt: skip
    good = [one < limit for one in rate]
    done = [n for n in range(len(good)) if n + 1 >= healthy and all(good[n + 1 - healthy : n + 1])]
    clock = ReplayClock(0)

    def live(service: str, window_seconds: int) -> dict[str, float]:
        now = 300 + int(clock.now())
        past = slice(now - window_seconds, now)
        return {"error_rate": 100 * float(failed[past].sum() / asked[past].sum()), "latency_p95": 100.0}

    seen = verify_service_recovery("pay", live, clock=clock, check_duration_minutes=10, interval_s=step,
                                   window_s=window, healthy=healthy, error_rate=float(limit))  # fmt: skip
    assert bool(seen) == bool(done)
    assert not done or seen.seconds == done[0] * step
