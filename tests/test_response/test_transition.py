"""The life of an incident, step by step, worked by hand."""

from __future__ import annotations

from itertools import product
from types import SimpleNamespace

import pytest

from mttrlab.response.luck import threshold
from mttrlab.response.simpy_engine import State
from mttrlab.response.transition import ASK, DONE, GIVE, WAIT, WORK, advance


def luck(**changes):
    base = {
        "type": 0, "detect": 5, "u_rule": 2**31, "run": (3, 3), "u_attempt": (0, 0), "acknowledge": 2,
        "diagnose": (30, 31), "fix": (15, 16), "verify": (4, 4), "u_verify": (0, 0),
    }  # fmt: skip
    return SimpleNamespace(**(base | changes))


def settings(**changes):
    base = {"rule": (0,), "success": 2**31, "timeout": 10, "attempts": 2, "verified": 2**32, "rounds": 2, "pooled": 0}
    return SimpleNamespace(**(base | changes))


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
    s, commands = live(luck(), settings(rule=(2**32,)))
    assert (s.automated, s.resolved, s.verified, s.acknowledged, s.diagnosed) == (1, 8, 12, -1, -1)
    assert all(c != WORK for c, _ in commands)


def test_attempts_that_fail_take_their_timeout_and_leave_a_person_later():
    s, _ = live(luck(u_attempt=(2**31, 2**31)), settings(rule=(2**32,)))
    assert (s.automated, s.attempt, s.acknowledged, s.verified) == (0, 2, 5 + 10 + 10 + 2, 27 + 30 + 15 + 4)


def test_a_run_longer_than_the_timeout_has_failed():
    s, _ = live(luck(run=(11, 3)), settings(rule=(2**32,)))
    assert (s.automated, s.attempt, s.resolved) == (1, 2, 5 + 10 + 3)


def test_a_fix_that_does_not_hold_goes_back_to_diagnosis():
    s, _ = live(luck(u_verify=(2**32 - 1, 0)), settings(verified=2**31))
    assert (s.round, s.diagnosed, s.resolved, s.verified) == (1, 56 + 31, 56 + 31 + 16, 56 + 31 + 16 + 4)


def test_an_automatic_fix_that_does_not_hold_brings_a_person():
    s, commands = live(luck(u_verify=(2**32 - 1, 0)), settings(rule=(2**32,), verified=2**31, pooled=1))
    assert (s.automated, s.round, s.acknowledged, s.verified) == (0, 1, 14, 14 + 31 + 16 + 4)
    assert [c for c, _ in commands].count(ASK) == [c for c, _ in commands].count(GIVE) == 1


@pytest.mark.parametrize("name", ["REM-p0.7-s1-t1-n2", "REM-p0.9-s1-t1-n2", "REM-p0.7-s1-t1-n3"])
def test_automation_has_its_closed_form_exactly(truths, name):
    case = truths[name]
    p, n = case["inputs"]["p"], case["inputs"]["max_attempts"]
    minute, human = 60_000_000, 30 * 60_000_000
    rule = settings(rule=(2**32,), success=threshold(p), timeout=minute, attempts=n)
    mean = people = 0.0
    for hits in product((True, False), repeat=n):
        u = tuple(0 if hit else 2**32 - 1 for hit in hits)
        x = luck(detect=0, acknowledge=0, run=(minute,) * n, u_attempt=u, diagnose=(human,), fix=(0,), verify=(0,))
        s, _ = live(x, rule)
        weight = 1.0
        for hit in hits:
            weight *= p if hit else 1 - p
        mean += weight * s.verified / minute
        people += weight * (1 - s.automated)
    assert mean == pytest.approx(case["expected"]["mean"], rel=1e-9)
    assert people == pytest.approx(case["expected"]["P_human"], rel=1e-9)
