"""The life of an incident as one transition function over integers. Every engine calls this very function.

`advance(now, s, x, P)` returns a command and microseconds. It compares and adds integers: no clock, no generator,
no objects, so that it is compiled as it stands. `s` is the state (it is changed), `x` the luck of the incident,
`P` the parameters; see `layout`. Steps are named after what has just happened.
"""

from __future__ import annotations

from typing import Any

from mttrlab.response.layout import ATTEMPTS, HANDS
from mttrlab.response.steps import (
    ADMITTED,
    ANSWERED,
    ASK,
    ATTEMPTED,
    CHECKED,
    CLOSED,
    DEPLOYED,
    DETECTED,
    DIAGNOSED,
    DONE,
    ENDED,
    FIXED,
    GIVE,
    GRANTED,
    MISROUTED,
    PASSED,
    READY,
    REOPENED,
    RESOLVED,
    STARTED,
    UNANSWERED,
    WAIT,
    WORK,
)  # fmt: skip
from mttrlab.response.turns import HARMS, NOTICES, REOPENS, again, attempt, call, check, tail, works


def advance(now: int, s: Any, x: Any, P: Any) -> tuple[int, int]:  # noqa: N803 - P is what the specification calls it
    """Return the next command of an incident and how long it lasts.

    Parameters
    ----------
    now : int
        Microseconds since the horizon began.
    s : record
        State: step, counters, what is held, and the stamps; changed in place.
    x : record
        Luck: durations in microseconds and 32-bit uniforms, drawn before the engine started.
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
            return WAIT, attempt(s, x, P)
        return WAIT, call(s, x, P)
    if step == ATTEMPTED:
        ended = works(s, x, P)
        if not ended:
            u = x.u_harm[s.attempt] if s.attempt < ATTEMPTS else tail(x.luck, HARMS, s.attempt)
            if u < P.harm:
                s.harmed = 1
        s.attempt += 1
        if ended:
            s.automated = 1
            s.resolved = now
            return WAIT, check(s, x, P)
        if s.attempt < P.attempts:
            return WAIT, attempt(s, x, P)
        return WAIT, call(s, x, P)
    if step == UNANSWERED:
        s.level += 1
        return WAIT, call(s, x, P)
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
        s.pool = x.other if (x.hands - s.hands) % 2 else x.pool
        s.step = GRANTED
        if P.pooled:
            return ASK, 0
        step = GRANTED
    if step == GRANTED:
        s.waited += now - s.asked
        s.held = 0 if s.refused else s.pool + 1
        if s.acknowledged < 0:
            s.acknowledged = now
        if s.hands < x.hands:
            s.step = MISROUTED
            n = s.hands if s.hands < HANDS else tail(x.luck, NOTICES, s.hands) % HANDS
            return WORK, x.notice[n]
        s.step = DIAGNOSED
        return WORK, x.diagnose[s.turn]
    if step == MISROUTED:
        s.hands += 1
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
                return WORK, x.fix[s.turn] + x.harm
            return WORK, x.fix[s.turn]
    if step == FIXED:
        s.step = ADMITTED
        if P.pipeline >= 0 and x.deploy[s.turn] >= 0:
            s.pool = P.pipeline
            s.asked = now
            return ASK, 0
        step = RESOLVED
    if step == ADMITTED:
        s.queued += now - s.asked
        s.step = DEPLOYED
        return WAIT, x.deploy[s.turn]
    if step == DEPLOYED:
        s.step = RESOLVED
        s.pool = P.pipeline
        return GIVE, 0
    if step == RESOLVED:
        s.resolved = now
        return WORK, check(s, x, P)
    if step == CHECKED:
        # The last round counts as verified, so that a check that always fails cannot hang.
        if not s.passed and s.round + 1 < P.rounds:
            again(s, x)
            if s.automated:
                s.automated = 0
                return WAIT, call(s, x, P)
            s.step = DIAGNOSED
            return WORK, x.diagnose[s.turn]
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
        if not x.noise and not s.reopened and s.round + 1 < P.rounds and tail(x.luck, REOPENS, 0) < chance:
            s.reopened = 1
            s.first_resolved = s.resolved
            s.first_verified = s.verified
            again(s, x)
            s.automated = s.level = s.refused = 0
            return WAIT, x.reopen + call(s, x, P)
    return DONE, 0
