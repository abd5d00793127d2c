"""The life of an incident as one transition function over integers. Every engine calls this very function.

`advance(now, s, x, P)` returns a command and microseconds. It compares and adds integers: no clock, no generator,
no objects, so that it can be compiled as it stands. `s` is the state (it is changed), `x` the luck of the incident,
`P` the parameters; see `records`. Steps are named after what has just happened.
"""

from __future__ import annotations

from typing import Any

WAIT = 0
"""Time passes; no person is held."""
ASK = 1
"""Queue for a responder; call again when one is granted."""
WORK = 2
"""Time passes while a responder works."""
GIVE = 3
"""Hand the responder back; call again at once."""
DONE = 4
"""Nothing more happens to this incident."""
COMMANDS = ("WAIT", "ASK", "WORK", "GIVE", "DONE")

STARTED = 0
DETECTED = 1
ATTEMPTED = 2
PAGED = 3
GRANTED = 4
DIAGNOSED = 5
FIXED = 6
CHECKED = 7
ENDED = 8
STEPS = ("started", "detected", "attempted", "paged", "granted", "diagnosed", "fixed", "checked", "ended")


def advance(now: int, s: Any, x: Any, P: Any) -> tuple[int, int]:  # noqa: N803 - P is what the specification calls it
    """Return the next command of an incident and how long it lasts.

    Parameters
    ----------
    now : int
        Microseconds since the horizon began.
    s : record
        State: step, attempt, round, automated, held, and the stamps; changed in place.
    x : record
        Luck: durations in microseconds and 32-bit uniforms, drawn before the engine started.
    P : record
        Parameters: thresholds for the uniforms, attempts, rounds, whether responders are a pool.

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
        if x.u_rule < P.rule[x.type]:
            s.step = ATTEMPTED
            if x.u_attempt[0] < P.success and x.run[0] <= P.timeout:
                return WAIT, x.run[0]
            return WAIT, P.timeout
        s.step = PAGED
        return WAIT, x.acknowledge
    if step == ATTEMPTED:
        if x.u_attempt[s.attempt] < P.success and x.run[s.attempt] <= P.timeout:
            s.attempt += 1
            s.automated = 1
            s.resolved = now
            s.step = CHECKED
            return WAIT, x.verify[0]
        s.attempt += 1
        if s.attempt < P.attempts:
            if x.u_attempt[s.attempt] < P.success and x.run[s.attempt] <= P.timeout:
                return WAIT, x.run[s.attempt]
            return WAIT, P.timeout
        s.step = PAGED
        return WAIT, x.acknowledge
    if step == PAGED:
        s.asked = now
        s.step = GRANTED
        if P.pooled:
            return ASK, 0
        step = GRANTED
    if step == GRANTED:
        s.waited += now - s.asked
        s.held = 1
        s.acknowledged = now
        s.step = DIAGNOSED
        return WORK, x.diagnose[s.round]
    if step == DIAGNOSED:
        s.diagnosed = now
        s.step = FIXED
        return WORK, x.fix[s.round]
    if step == FIXED:
        s.resolved = now
        s.step = CHECKED
        return WORK, x.verify[s.round]
    if step == CHECKED:
        # The last round counts as verified, so that a check that always fails cannot hang.
        if s.round + 1 < P.rounds and x.u_verify[s.round] >= P.verified:
            s.round += 1
            if s.automated:
                s.automated = 0
                s.step = PAGED
                return WAIT, x.acknowledge
            s.step = DIAGNOSED
            return WORK, x.diagnose[s.round]
        s.verified = now
        s.step = ENDED
        if s.held and P.pooled:
            s.held = 0
            return GIVE, 0
    return DONE, 0
