"""The life of an incident as one transition function over integers. Every engine calls this very function.

`advance(now, s, x, P)` returns a command and microseconds. It compares and adds integers: no clock, no generator,
no objects, so that it is compiled as it stands. `s` is the state (it is changed), `x` its random numbers,
`P` the parameters; see `STATE`, `INCIDENT` and `PARAMETERS`. Steps are named after what has just happened.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mttrlab.response.model.responders import MOST_CALLS


def advance(now: int, s: State, x: IncidentDraws, P: Parameters) -> tuple[int, int]:  # noqa: N803 - its usual name
    """Return the next command of an incident and how long it lasts.

    Parameters
    ----------
    now : int
        Microseconds since the horizon began.
    s : record
        State: step, counters, what is held, and the stamps; changed in place.
    x : record
        Random numbers: durations in microseconds and 32-bit uniforms, drawn before the engine started.
    P : record
        Parameters: thresholds for the uniforms, limits of the loops, which elements there are.

    Returns
    -------
    tuple of int
        Command (WAIT, ASK, WORK, GIVE, DONE) and microseconds (0 but for WAIT and WORK).
    """
    step = s.step
    if step == STARTED:
        s.started = now
        s.step = DETECTED
        return WAIT, x.detect
    if step == DETECTED:
        s.detected = now
        if x.rule:
            s.step = ATTEMPTED
            return WAIT, attempt_time(s, x, P)
        return WAIT, call_next(s, x, P)
    if step == ATTEMPTED:
        ended = attempt_works(s, x, P)
        if not ended:
            u = x.u_harm[s.attempt] if s.attempt < ATTEMPTS else hash_uniform(x.hash_key, HARMS, s.attempt)
            if u < P.harm:
                s.harmed = 1
        s.attempt += 1
        if ended:
            s.automated = 1
            s.resolved = now
            return WAIT, verify_fix(s, x, P)
        if s.attempt < P.attempts:
            return WAIT, attempt_time(s, x, P)
        return WAIT, call_next(s, x, P)
    if step == UNANSWERED:
        s.level += 1
        return WAIT, call_next(s, x, P)
    if step == ANSWERED:
        s.step = READY
        if P.startup:
            hour = (now + P.day) % 86_400_000_000
            if (P.dusk <= hour or hour < P.dawn) if P.dusk > P.dawn else (P.dusk <= hour < P.dawn):
                return WAIT, P.startup
        step = READY
    if step == READY:
        s.asked = now
        # An incident that is passed on an odd number of times is with the other team now.
        s.pool = x.other if (x.transfers - s.transfers) % 2 else x.pool
        s.step = GRANTED
        if P.pooled:
            return ASK, 0
        step = GRANTED
    if step == GRANTED:
        s.waited += now - s.asked
        s.held = 0 if s.refused else s.pool + 1
        if s.acknowledged < 0:
            s.acknowledged = now
        if s.transfers < x.transfers:
            s.step = MISROUTED
            n = s.transfers if s.transfers < TRANSFERS else hash_uniform(x.hash_key, NOTICES, s.transfers) % TRANSFERS
            return WORK, x.notice[n]
        s.step = DIAGNOSED
        return WORK, x.diagnose[s.draw_index]
    if step == MISROUTED:
        s.transfers += 1
        s.step = PASSED
        if P.pooled and s.held:
            s.held = 0
            return GIVE, 0
        step = PASSED
    if step == PASSED:
        s.refused = 0
        s.step = READY
        return WAIT, P.transfer
    if step == DIAGNOSED:
        if x.noise:
            s.step = CLOSED
            s.verified = now
            step = CLOSED
        else:
            s.diagnosed = now
            s.step = FIXED
            if s.harmed == 1:
                s.harmed = 2
                return WORK, x.fix[s.draw_index] + x.harm
            return WORK, x.fix[s.draw_index]
    if step == FIXED:
        s.step = ADMITTED
        if P.pipeline >= 0 and x.deploy[s.draw_index] >= 0:
            s.pool = P.pipeline
            s.asked = now
            return ASK, 0
        step = RESOLVED
    if step == ADMITTED:
        s.queued += now - s.asked
        s.step = DEPLOYED
        return WAIT, x.deploy[s.draw_index]
    if step == DEPLOYED:
        s.step = RESOLVED
        s.pool = P.pipeline
        return GIVE, 0
    if step == RESOLVED:
        s.resolved = now
        return WORK, verify_fix(s, x, P)
    if step == CHECKED:
        # The last round counts as verified, so that a check that always fails cannot hang.
        if not s.passed and s.round + 1 < P.rounds:
            next_round(s, x)
            if s.automated:
                s.automated = 0
                return WAIT, call_next(s, x, P)
            s.step = DIAGNOSED
            return WORK, x.diagnose[s.draw_index]
        s.verified = now
        s.step = CLOSED
        step = CLOSED
    if step == CLOSED:
        s.step = REOPENED
        if s.held and P.pooled:
            s.pool = s.held - 1
            s.held = 0
            return GIVE, 0
        step = REOPENED
    if step == REOPENED:
        s.step = ENDED
        chance = P.reopen_wrong if s.wrong else P.reopen_right
        if not x.noise and not s.reopened and s.round + 1 < P.rounds and hash_uniform(x.hash_key, REOPENS, 0) < chance:
            s.reopened = 1
            s.first_resolved = s.resolved
            s.first_verified = s.verified
            next_round(s, x)
            s.automated = s.level = s.refused = 0
            return WAIT, x.reopen + call_next(s, x, P)
    return DONE, 0


# The loops within an incident's life: attempts, calls, rounds, samples. Comparisons and whole numbers alone.


FALSE_PASS = 0
REOPENS = 1
SAMPLES = 2
"""Decisions of `hash_uniform`; the samples of round r are decision `SAMPLES + r`."""
DRAW_INDEX = 64
HOLDS = 65
WORKS = 66
HARMS = 67
RUNS = 68
NOTICES = 69
"""Decisions of turns that have no column of their own."""


def hash_uniform(key: int, decision: int, n: int) -> int:
    """Return 32 bits that belong to draw `n` of a decision, for loops that no column can hold.

    The same in Python's whole numbers and in wrapping 64-bit ones.

    Examples
    --------
    >>> hash_uniform(1, 2, 3) == hash_uniform(1, 2, 3) != hash_uniform(1, 2, 4)
    True
    """
    h = (key + decision * 0x9E3779B1 + n * 0x85EBCA77) & 0xFFFFFFFF
    h = ((h ^ (h >> 16)) * 0x7FEB352D) & 0xFFFFFFFF
    h = ((h ^ (h >> 15)) * 0x846CA68B) & 0xFFFFFFFF
    return h ^ (h >> 16)


def attempt_works(s: State, x: IncidentDraws, P: Parameters) -> bool:  # noqa: N803
    """Return whether this automatic attempt works, and in time."""
    if s.attempt < ATTEMPTS:
        return bool(x.u_attempt[s.attempt] < P.success and x.run[s.attempt] <= P.timeout)
    if hash_uniform(x.hash_key, WORKS, s.attempt) >= P.success:
        return False
    return bool(P.attempt_lengths[hash_uniform(x.hash_key, RUNS, s.attempt) >> 24] <= P.timeout)


def attempt_time(s: State, x: IncidentDraws, P: Parameters) -> int:  # noqa: N803
    """Return how long an automatic attempt runs: its time where it works, else until it is given up."""
    lasts: int = P.timeout
    if attempt_works(s, x, P):
        lasts = (
            x.run[s.attempt]
            if s.attempt < ATTEMPTS
            else P.attempt_lengths[hash_uniform(x.hash_key, RUNS, s.attempt) >> 24]
        )
    return lasts


def next_round(s: State, x: IncidentDraws) -> None:
    """Begin the next round. Beyond the columns it takes one of the lengths drawn, by lot."""
    s.round += 1
    s.draw_index = s.round if s.round < ROUNDS else hash_uniform(x.hash_key, DRAW_INDEX, s.round) % ROUNDS


def call_next(s: State, x: IncidentDraws, P: Parameters) -> int:  # noqa: N803
    """Call the next person of the escalation; return until they react or the next one is called instead."""
    lasts: int = x.acknowledge[s.level]
    s.step = ANSWERED
    if s.level + 1 < P.calls and lasts > P.ack_timeout:
        s.step = UNANSWERED
        lasts = P.ack_timeout
    lasts += P.delivery
    return lasts


def verify_fix(s: State, x: IncidentDraws, P: Parameters) -> int:  # noqa: N803
    """Decide how the verification of this round ends (`s.passed`, `s.wrong`); return how long it takes."""
    s.step = CHECKED
    u = x.u_verify[s.round] if s.round < ROUNDS else hash_uniform(x.hash_key, HOLDS, s.round)
    s.wrong = 0 if u < P.verified else 1
    lasts: int = x.verify[s.draw_index]
    if not P.every:
        s.passed = 1 if not s.wrong or hash_uniform(x.hash_key, FALSE_PASS, s.round) < P.false_pass else 0
        return lasts
    healthy = P.false_pass if s.wrong else P.healthy
    samples = row = 0
    while samples < P.samples and row < P.row:
        samples += 1
        row = row + 1 if hash_uniform(x.hash_key, SAMPLES + s.round, samples) < healthy else 0
    s.passed = 1 if row == P.row else 0
    lasts = P.first + (samples - 1) * P.every
    return lasts


# The commands and the steps of an incident's life, as whole numbers: what the transition function speaks.


WAIT = 0
"""Time passes; whoever is held stays."""
ASK = 1
"""Queue for the pool `s.pool`; call again when somebody is granted, or `s.refused` is set because it has no room."""
WORK = 2
"""Time passes while a person of `s.held` works, who may be taken away and given back meanwhile."""
GIVE = 3
"""Hand one of the pool `s.pool` back; call again at once."""
DONE = 4
"""Nothing more happens to this incident."""
COMMANDS = ("WAIT", "ASK", "WORK", "GIVE", "DONE")

STARTED = 0
DETECTED = 1
ATTEMPTED = 2
UNANSWERED = 3
ANSWERED = 4
READY = 5
GRANTED = 6
MISROUTED = 7
PASSED = 8
DIAGNOSED = 9
FIXED = 10
ADMITTED = 11
DEPLOYED = 12
RESOLVED = 13
CHECKED = 14
CLOSED = 15
REOPENED = 16
ENDED = 17
STEPS = (
    "started", "detected", "attempted", "unanswered", "answered", "ready", "granted", "misrouted", "passed",
    "diagnosed", "fixed", "admitted", "deployed", "resolved", "checked", "closed", "reopened", "ended",
)  # fmt: skip

# What the transition function reads and writes: fields of the random numbers `x`, the state `s` and the parameters `P`.


MICROSECONDS = 60_000_000
"""In a minute."""

NEVER = -1
"""A stamp that there is none of."""


ROUNDS, ATTEMPTS, TRANSFERS = 5, 3, 3
"""Turns of the loops that have a column of their own; later turns go on with `transition.hash_uniform`."""

CALLS = 8
"""People called one after the other that have a column each in the record that the compiled engine takes."""

LATER = 256
"""Lengths of an automatic attempt, equally likely, for the attempts that have no column."""


def incident_dtype(calls: int = CALLS) -> np.dtype:
    """Return the record of one incident's random numbers; what each incident reads comes first."""
    return np.dtype(
        align=True,
        dtype=[
            ("at", "i8"),
            ("key", "i8"),
            ("detect", "i8"),
            ("priority", "i4"),
            ("hash_key", "u4"),
            ("parameter_set", "i4"),
            ("pool", "i4"),
            ("other", "i4"),
            ("happens", "i1"),
            ("noise", "i1"),
            ("rule", "i1"),
            ("transfers", "i1"),
            ("u_verify", "u4", (ROUNDS,)),
            ("diagnose", "i8", (ROUNDS,)),
            ("acknowledge", "i8", (calls,)),
            ("fix", "i8", (ROUNDS,)),
            ("verify", "i8", (ROUNDS,)),
            ("deploy", "i8", (ROUNDS,)),
            ("reopen", "i8"),
            ("harm", "i8"),
            ("run", "i8", (ATTEMPTS,)),
            ("notice", "i8", (TRANSFERS,)),
            ("u_attempt", "u4", (ATTEMPTS,)),
            ("u_harm", "u4", (ATTEMPTS,)),
        ],
    )


INCIDENT = incident_dtype()
INCIDENT_OF_MANY_CALLS = incident_dtype(MOST_CALLS)
"""For an escalation of more calls than `CALLS`; SimPy's alone."""


STAMPED = ("started", "detected", "acknowledged", "diagnosed", "resolved", "verified", "first_resolved",
           "first_verified")  # fmt: skip
COUNTED = (
    "waited", "queued", "round", "draw_index", "attempt", "level", "transfers", "automated", "harmed", "wrong",
    "passed", "reopened", "refused", "interrupted", "held", "pool", "step",
)  # fmt: skip
_ENGINE = ("asked", "since", "working", "end", "rest")

_TIMES = (*STAMPED, "waited", "queued", "asked", "since", "end", "rest")
_PLACES = ("interrupted", "held", "pool")

FIELDS = (*STAMPED, *COUNTED, *_ENGINE)
"""What is known of an incident at its end; stamps and durations are microseconds, -1 where there is no stamp."""

_WIDTHS = dict.fromkeys(_TIMES, "i8") | dict.fromkeys(_PLACES, "i4")
_BY_WIDTH = sorted(FIELDS, key=lambda name: -np.dtype(_WIDTHS.get(name, "i1")).itemsize)
STATE = np.dtype([(name, _WIDTHS.get(name, "i1")) for name in _BY_WIDTH], align=True)
"""The widest first, so that nothing is lost between them: fresh memory for states costs more than the run."""


class State:
    """`s` of the transition function. Values of the class until they are set: most are never touched."""

    step = STARTED
    started = detected = acknowledged = diagnosed = resolved = verified = NEVER
    first_resolved = first_verified = asked = NEVER
    waited = queued = round = draw_index = attempt = level = transfers = 0
    automated = harmed = wrong = passed = reopened = refused = 0
    interrupted = held = pool = since = working = end = rest = 0


Turns = Sequence[int]
"""One number for each turn of a loop."""


class IncidentDraws(NamedTuple):
    """`x` of the transition function: the random numbers of one incident, see `incident_dtype`."""

    at: int
    key: int
    priority: int
    noise: int
    parameter_set: int
    pool: int
    other: int
    transfers: int
    hash_key: int
    detect: int
    rule: int
    harm: int
    reopen: int
    acknowledge: Turns
    diagnose: Turns
    fix: Turns
    verify: Turns
    u_verify: Turns
    deploy: Turns
    run: Turns
    u_attempt: Turns
    u_harm: Turns
    notice: Turns


class Parameters(NamedTuple):
    """`P` of the transition function: integers only."""

    success: int
    """An attempt succeeds where `u_attempt` is below."""
    harm: int
    """A failed attempt does harm where `u_harm` is below."""
    timeout: int
    """Microseconds after which an attempt has failed."""
    attempt_lengths: tuple[int, ...]
    """`LATER` equally likely lengths of an attempt, microseconds."""
    attempts: int
    calls: int
    """People called at most, one after the other."""
    ack_timeout: int
    """Microseconds after which the next one is called."""
    delivery: int
    """Microseconds from a call to the ringing."""
    startup: int
    """Microseconds from the reaction to the start of work, at night."""
    dusk: int
    dawn: int
    """Microseconds of the day (UTC) at which night begins and ends."""
    day: int
    """Microseconds since Monday 00:00 UTC at which the horizon begins."""
    transfer: int
    """Microseconds from one team to another."""
    pipeline: int
    """The pool of deployment lanes; -1: fixes need none."""
    verified: int
    """A fix holds where `u_verify` is below."""
    false_pass: int
    """A fix that does not hold passes (its verification, or one sample) where `hash_uniform` is below."""
    every: int
    """Microseconds between samples; 0: verification is one duration."""
    first: int
    """Microseconds from the fix to the first sample that may be healthy."""
    row: int
    """Healthy samples in a row that confirm."""
    healthy: int
    """A sample is healthy where `hash_uniform` is below and the fix holds."""
    samples: int
    """Samples after which a fix counts as failed."""
    reopen_wrong: int
    reopen_right: int
    """A closed incident comes back where `hash_uniform` is below."""
    rounds: int
    pooled: int
    """1: a person must be asked for."""


ParameterSets = tuple[Parameters, ...]
"""One `P` for every value of `x.parameter_set`. They differ in what an incident meets, never in `day`, `pipeline`
and `pooled`."""

PARAMETERS = np.dtype(
    [(name, "i8", (LATER,)) if name == "attempt_lengths" else (name, "i8") for name in Parameters._fields], align=True
)
