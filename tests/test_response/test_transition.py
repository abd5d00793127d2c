"""The life of an incident, step by step, worked by hand."""

from __future__ import annotations

from itertools import product
from types import SimpleNamespace

import pytest

from mttrlab.response.engines.simpy_engine import State
from mttrlab.response.engines.transition import ASK, DONE, GIVE, SAMPLES, WAIT, WORK, Parameters, advance, hash_uniform
from mttrlab.response.sampling.common_random_numbers import as_threshold

ALWAYS = 2**32
PLAIN = Parameters(
    success=2**31, harm=0, timeout=10, attempt_lengths=tuple(range(256)), attempts=2, calls=1, ack_timeout=5,
    delivery=0, startup=0, dusk=0, dawn=0,
    day=0, transfer=0, pipeline=-1, verified=ALWAYS, false_pass=0, every=0, first=0, row=1, healthy=ALWAYS, samples=1,
    reopen_wrong=0, reopen_right=0, rounds=2, pooled=0,
)  # fmt: skip


def luck(**changes):
    base = {
        "noise": 0, "pool": 0, "other": 1, "transfers": 0, "hash_key": 7, "detect": 5, "rule": 0, "harm": 100,
        "reopen": 50,
        "run": (3, 3), "u_attempt": (0, 0), "u_harm": (0, 0), "acknowledge": (2, 3, 4), "diagnose": (30, 31),
        "fix": (15, 16), "verify": (4, 4), "u_verify": (0, 0), "deploy": (-1, -1), "notice": (6, 6),
    }  # fmt: skip
    return SimpleNamespace(**(base | changes))


def settings(**changes):
    return PLAIN._replace(**changes)


def live(x, p):
    """Run one incident alone; return its state and the commands."""
    now, s, commands = 0, State(), []
    while not commands or commands[-1][0] != DONE:
        command, lasts = advance(now, s, x, p)
        commands.append((command, lasts))
        now += lasts
    return s, commands


def test_a_person_detects_diagnoses_fixes_and_verifies():
    s, commands = live(luck(), settings())
    assert (s.started, s.detected, s.acknowledged, s.diagnosed, s.resolved, s.verified) == (0, 5, 7, 37, 52, 56)
    assert commands == [(WAIT, 5), (WAIT, 2), (WORK, 30), (WORK, 15), (WORK, 4), (DONE, 0)]


def test_with_a_pool_a_responder_is_asked_for_and_handed_back():
    _, commands = live(luck(), settings(pooled=1))
    assert [c for c, _ in commands] == [WAIT, WAIT, ASK, WORK, WORK, WORK, GIVE, DONE]


def test_an_attempt_that_works_ends_it_without_a_person():
    s, commands = live(luck(rule=1), settings())
    assert (s.automated, s.resolved, s.verified, s.acknowledged, s.diagnosed) == (1, 8, 12, -1, -1)
    assert all(c != WORK for c, _ in commands)


def test_attempts_that_fail_take_their_timeout_and_leave_a_person_later():
    s, _ = live(luck(rule=1, u_attempt=(2**31, 2**31)), settings())
    assert (s.automated, s.attempt, s.acknowledged, s.verified) == (0, 2, 5 + 10 + 10 + 2, 27 + 30 + 15 + 4)


def test_a_run_longer_than_the_timeout_has_failed():
    s, _ = live(luck(rule=1, run=(11, 3)), settings())
    assert (s.automated, s.attempt, s.resolved) == (1, 2, 5 + 10 + 3)


def test_a_fix_that_does_not_hold_goes_back_to_diagnosis():
    s, _ = live(luck(u_verify=(2**32 - 1, 0)), settings(verified=2**31))
    assert (s.round, s.diagnosed, s.resolved, s.verified) == (1, 56 + 31, 56 + 31 + 16, 56 + 31 + 16 + 4)


def test_an_automatic_fix_that_does_not_hold_brings_a_person():
    s, commands = live(luck(rule=1, u_verify=(2**32 - 1, 0)), settings(verified=2**31, pooled=1))
    assert (s.automated, s.round, s.acknowledged, s.verified) == (0, 1, 14, 14 + 31 + 16 + 4)
    assert [c for c, _ in commands].count(ASK) == [c for c, _ in commands].count(GIVE) == 1


@pytest.mark.parametrize("name", ["REM-p0.7-s1-t1-n2", "REM-p0.9-s1-t1-n2", "REM-p0.7-s1-t1-n3"])
def test_automation_has_its_closed_form_exactly(truths, name):
    case = truths[name]
    p, n = case["inputs"]["p"], case["inputs"]["max_attempts"]
    minute, human = 60_000_000, 30 * 60_000_000
    rule = settings(success=as_threshold(p), timeout=minute, attempts=n)
    mean = people = 0.0
    for hits in product((True, False), repeat=n):
        u = tuple(0 if hit else 2**32 - 1 for hit in hits)
        x = luck(
            rule=1, detect=0, acknowledge=(0,), run=(minute,) * n, u_attempt=u, u_harm=u, diagnose=(human,), fix=(0,),
            verify=(0,),
        )  # fmt: skip
        s, _ = live(x, rule)
        weight = 1.0
        for hit in hits:
            weight *= p if hit else 1 - p
        mean += weight * s.verified / minute
        people += weight * (1 - s.automated)
    assert mean == pytest.approx(case["expected"]["mean"], rel=1e-9)
    assert people == pytest.approx(case["expected"]["P_human"], rel=1e-9)


def test_an_unanswered_call_goes_to_the_next_level_after_its_timeout():
    s, commands = live(luck(acknowledge=(9, 8, 4)), settings(calls=3, ack_timeout=5, delivery=1))
    assert [lasts for command, lasts in commands if command == WAIT] == [5, 6, 6, 5]
    assert (s.level, s.acknowledged) == (2, 22)


def test_the_last_person_called_is_never_relieved():
    s, _ = live(luck(acknowledge=(9, 80)), settings(calls=2, ack_timeout=5))
    assert s.acknowledged == 5 + 5 + 80


def test_at_night_people_need_a_start_up_time():
    hour = 3_600_000_000
    night = settings(startup=10, dusk=22 * hour, dawn=6 * hour, day=23 * hour)
    assert live(luck(), night)[0].acknowledged == 17
    assert live(luck(), night._replace(day=12 * hour))[0].acknowledged == 7


def test_an_incident_of_another_team_is_worked_on_handed_back_and_passed_on():
    s, commands = live(luck(transfers=1), settings(pooled=1, transfer=40))
    assert [c for c, _ in commands] == [WAIT, WAIT, ASK, WORK, GIVE, WAIT, ASK, WORK, WORK, WORK, GIVE, DONE]
    assert (s.acknowledged, s.diagnosed, s.transfers) == (7, 7 + 6 + 40 + 30, 1)


def test_a_fix_that_needs_a_deployment_queues_for_it_while_its_person_waits():
    s, commands = live(luck(deploy=(8, 8)), settings(pooled=1, pipeline=1))
    assert [c for c, _ in commands] == [WAIT, WAIT, ASK, WORK, WORK, ASK, WAIT, GIVE, WORK, GIVE, DONE]
    assert (s.diagnosed, s.resolved, s.pool) == (37, 37 + 15 + 8, 0)


def test_healthy_samples_in_a_row_confirm():
    s, _ = live(luck(), settings(every=30, first=60, row=3, samples=10))
    assert s.verified - s.resolved == 60 + 2 * 30


def test_samples_that_stay_unhealthy_send_the_incident_back_to_diagnosis():
    s, _ = live(luck(), settings(every=30, first=60, samples=4, healthy=0))
    assert (s.round, s.verified) == (1, 52 + 60 + 90 + 31 + 16 + 60 + 90)


def test_an_unhealthy_sample_begins_the_row_again():
    x = luck()
    drawn = [hash_uniform(x.hash_key, SAMPLES, n) for n in range(1, 200)]
    limit = as_threshold(0.7)
    row = next(n for n in range(3, 200) if all(u < limit for u in drawn[n - 3 : n]))
    s, _ = live(x, settings(every=30, row=3, samples=200, healthy=limit))
    assert row > 3
    assert s.verified - s.resolved == (row - 1) * 30


def test_a_wrong_fix_that_passes_comes_back_and_its_first_resolution_is_kept():
    x = luck(u_verify=(ALWAYS - 1, 0))
    s, commands = live(x, settings(verified=2**31, false_pass=ALWAYS, reopen_wrong=ALWAYS, pooled=1))
    assert (s.reopened, s.first_resolved, s.first_verified) == (1, 52, 56)
    assert s.verified == 56 + 50 + 2 + 31 + 16 + 4
    assert [c for c, _ in commands].count(GIVE) == 2


def test_a_failed_attempt_that_does_harm_makes_the_fix_longer_once():
    s, _ = live(luck(rule=1, u_attempt=(2**31, 2**31)), settings(harm=ALWAYS))
    assert s.resolved - s.diagnosed == 15 + 100


def test_noise_takes_a_person_and_leaves_no_diagnosis():
    s, commands = live(luck(noise=1), settings(pooled=1))
    assert [c for c, _ in commands] == [WAIT, WAIT, ASK, WORK, GIVE, DONE]
    assert (s.diagnosed, s.resolved) == (-1, -1)


def test_the_tail_is_uniform():
    draws = [hash_uniform(key, 3, n) for key in range(0, 2**32, 2**26) for n in range(200)]
    assert abs(sum(draws) / len(draws) / 2**32 - 0.5) < 4 / (12 * len(draws)) ** 0.5
    bits = [sum(d >> b & 1 for d in draws) / len(draws) for b in range(32)]
    assert all(abs(bit - 0.5) < 5 * 0.5 / len(draws) ** 0.5 for bit in bits)
