"""The loops within an incident's life: attempts, calls, rounds, samples. Comparisons and whole numbers alone."""

from __future__ import annotations

from typing import Any

from mttrlab.response.layout import ATTEMPTS, ROUNDS
from mttrlab.response.steps import ANSWERED, CHECKED, UNANSWERED

FALSE_PASS = 0
REOPENS = 1
SAMPLES = 2
"""Decisions of `tail`; the samples of round r are decision `SAMPLES + r`."""
TURN = 64
HOLDS = 65
WORKS = 66
HARMS = 67
RUNS = 68
NOTICES = 69
"""Decisions of turns that have no column of their own."""


def tail(key: int, decision: int, n: int) -> int:
    """Return 32 bits that belong to draw `n` of a decision, for loops that no column can hold.

    The same in Python's whole numbers and in wrapping 64-bit ones.

    Examples
    --------
    >>> tail(1, 2, 3) == tail(1, 2, 3) != tail(1, 2, 4)
    True
    """
    h = (key + decision * 0x9E3779B1 + n * 0x85EBCA77) & 0xFFFFFFFF
    h = ((h ^ (h >> 16)) * 0x7FEB352D) & 0xFFFFFFFF
    h = ((h ^ (h >> 15)) * 0x846CA68B) & 0xFFFFFFFF
    return h ^ (h >> 16)


def works(s: Any, x: Any, P: Any) -> bool:  # noqa: N803
    """Return whether this automatic attempt works, and in time."""
    if s.attempt < ATTEMPTS:
        return bool(x.u_attempt[s.attempt] < P.success and x.run[s.attempt] <= P.timeout)
    if tail(x.luck, WORKS, s.attempt) >= P.success:
        return False
    return bool(P.later[tail(x.luck, RUNS, s.attempt) >> 24] <= P.timeout)


def attempt(s: Any, x: Any, P: Any) -> int:  # noqa: N803
    """Return how long an automatic attempt runs: its time where it works, else until it is given up."""
    lasts: int = P.timeout
    if works(s, x, P):
        lasts = x.run[s.attempt] if s.attempt < ATTEMPTS else P.later[tail(x.luck, RUNS, s.attempt) >> 24]
    return lasts


def again(s: Any, x: Any) -> None:
    """Begin the next round. Beyond the columns it takes one of the lengths drawn, by lot."""
    s.round += 1
    s.turn = s.round if s.round < ROUNDS else tail(x.luck, TURN, s.round) % ROUNDS


def call(s: Any, x: Any, P: Any) -> int:  # noqa: N803
    """Call the next person of the escalation; return until they react or the next one is called instead."""
    lasts: int = x.acknowledge[s.level]
    s.step = ANSWERED
    if s.level + 1 < P.calls and lasts > P.ack_timeout:
        s.step = UNANSWERED
        lasts = P.ack_timeout
    lasts += P.delivery
    return lasts


def check(s: Any, x: Any, P: Any) -> int:  # noqa: N803
    """Decide how the verification of this round ends (`s.passed`, `s.wrong`); return how long it takes."""
    s.step = CHECKED
    u = x.u_verify[s.round] if s.round < ROUNDS else tail(x.luck, HOLDS, s.round)
    s.wrong = 0 if u < P.verified else 1
    lasts: int = x.verify[s.turn]
    if not P.every:
        s.passed = 1 if not s.wrong or tail(x.luck, FALSE_PASS, s.round) < P.false_pass else 0
        return lasts
    healthy = P.false_pass if s.wrong else P.healthy
    samples = row = 0
    while samples < P.samples and row < P.row:
        samples += 1
        row = row + 1 if tail(x.luck, SAMPLES + s.round, samples) < healthy else 0
    s.passed = 1 if row == P.row else 0
    lasts = P.first + (samples - 1) * P.every
    return lasts
