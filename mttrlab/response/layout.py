"""What the transition function reads and writes: fields of the luck `x`, the state `s` and the parameters `P`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mttrlab.response.people import MOST_CALLS, MOST_HANDS

NEVER = -1
"""A stamp that there is none of."""


class Sizes(NamedTuple):
    """How many turns of each loop have a column of their own."""

    rounds: int
    attempts: int
    calls: int
    hands: int


SMALL = Sizes(5, 3, 4, 3)
"""What nearly every model needs, and all that the compiled engine takes: one record, compiled once.

A process that took one kind of record from numba's cache and compiled another crashed; why is not established.
"""
LARGE = Sizes(20, 20, MOST_CALLS, MOST_HANDS)


def luck_dtype(sizes: Sizes) -> np.dtype:
    """Return the record of one incident's luck; what every incident reads comes first, so that it is read together."""
    return np.dtype(
        align=True,
        dtype=[
            ("at", "i8"),
            ("key", "i8"),
            ("priority", "i8"),
            ("happens", "i8"),
            ("plan", "i8"),
            ("noise", "i8"),
            ("pool", "i8"),
            ("other", "i8"),
            ("hands", "i8"),
            ("luck", "i8"),
            ("detect", "i8"),
            ("rule", "i8"),
            ("harm", "i8"),
            ("reopen", "i8"),
            ("acknowledge", "i8", (sizes.calls,)),
            ("diagnose", "i8", (sizes.rounds,)),
            ("fix", "i8", (sizes.rounds,)),
            ("verify", "i8", (sizes.rounds,)),
            ("u_verify", "i8", (sizes.rounds,)),
            ("deploy", "i8", (sizes.rounds,)),
            ("run", "i8", (sizes.attempts,)),
            ("u_attempt", "i8", (sizes.attempts,)),
            ("u_harm", "i8", (sizes.attempts,)),
            ("notice", "i8", (sizes.hands,)),
        ],
    )


STAMPED = ("started", "detected", "acknowledged", "diagnosed", "resolved", "verified", "first_resolved",
           "first_verified")  # fmt: skip
COUNTED = (
    "waited", "queued", "round", "attempt", "level", "hands", "automated", "harmed", "wrong", "passed", "reopened",
    "refused", "interrupted", "held", "pool", "step",
)  # fmt: skip
_ENGINE = ("asked", "since", "working", "end", "rest")

FIELDS = (*STAMPED, *COUNTED, *_ENGINE)
"""What is known of an incident at its end; stamps and durations are microseconds, -1 where there is no stamp."""

STATE = np.dtype([(name, "i8") for name in FIELDS], align=True)


class Parameters(NamedTuple):
    """`P` of the transition function: integers only."""

    success: int
    """An attempt succeeds where `u_attempt` is below."""
    harm: int
    """A failed attempt does harm where `u_harm` is below."""
    timeout: int
    """Microseconds after which an attempt has failed."""
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
    """A fix that does not hold passes (its verification, or one sample) where the tail is below."""
    every: int
    """Microseconds between samples; 0: verification is one duration."""
    first: int
    """Microseconds from the fix to the first sample that may be healthy."""
    row: int
    """Healthy samples in a row that confirm."""
    healthy: int
    """A sample is healthy where the tail is below and the fix holds."""
    samples: int
    """Samples after which a fix counts as failed."""
    reopen_wrong: int
    reopen_right: int
    """A closed incident comes back where the tail is below."""
    rounds: int
    pooled: int
    """1: a person must be asked for."""


Plans = tuple[Parameters, ...]
"""One `P` for every value of `x.plan`; they differ in what an incident meets, never in `day`, `pipeline`, `pooled`."""

PARAMETERS = np.dtype([(name, "i8") for name in Parameters._fields], align=True)


def plans_of(given: Parameters | Plans) -> Plans:
    """Return the plans: what was given, or one for all."""
    return (given,) if isinstance(given, Parameters) else given
