"""What the transition function reads and writes: fields of the luck `x`, the state `s` and the parameters `P`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mttrlab.response.people import MOST_CALLS

MICROSECONDS = 60_000_000
"""In a minute."""

NEVER = -1
"""A stamp that there is none of."""


ROUNDS, ATTEMPTS, HANDS = 5, 3, 3
"""Turns of the loops that have a column of their own; later turns go on with `transition.tail`."""

CALLS = 8
"""People called one after the other that have a column each in the record that the compiled engine takes."""

LATER = 256
"""Lengths of an automatic attempt, equally likely, for the attempts that have no column."""

MINUTES, UNIFORM, WHOLE, FLAG, CONSTANT = range(5)
"""What a column of a record is made from: minutes (it gets whole microseconds), uniforms (32-bit integers), whole
numbers, whether or not, one number for all."""


def luck_dtype(calls: int = CALLS) -> np.dtype:
    """Return the record of one incident's luck; what every incident reads comes first, so that it is read together."""
    return np.dtype(
        align=True,
        dtype=[
            ("at", "i8"),
            ("key", "i8"),
            ("detect", "i8"),
            ("priority", "i4"),
            ("luck", "u4"),
            ("plan", "i4"),
            ("pool", "i4"),
            ("other", "i4"),
            ("happens", "i1"),
            ("noise", "i1"),
            ("rule", "i1"),
            ("hands", "i1"),
            ("u_verify", "u4", (ROUNDS,)),
            ("diagnose", "i8", (ROUNDS,)),
            ("acknowledge", "i8", (calls,)),
            ("fix", "i8", (ROUNDS,)),
            ("verify", "i8", (ROUNDS,)),
            ("deploy", "i8", (ROUNDS,)),
            ("reopen", "i8"),
            ("harm", "i8"),
            ("run", "i8", (ATTEMPTS,)),
            ("notice", "i8", (HANDS,)),
            ("u_attempt", "u4", (ATTEMPTS,)),
            ("u_harm", "u4", (ATTEMPTS,)),
        ],
    )


LUCK = luck_dtype()
LONG = luck_dtype(MOST_CALLS)
"""For an escalation of more calls than `CALLS`; SimPy's alone."""


STAMPED = ("started", "detected", "acknowledged", "diagnosed", "resolved", "verified", "first_resolved",
           "first_verified")  # fmt: skip
COUNTED = (
    "waited", "queued", "round", "turn", "attempt", "level", "hands", "automated", "harmed", "wrong", "passed",
    "reopened", "refused", "interrupted", "held", "pool", "step",
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


class Parameters(NamedTuple):
    """`P` of the transition function: integers only."""

    success: int
    """An attempt succeeds where `u_attempt` is below."""
    harm: int
    """A failed attempt does harm where `u_harm` is below."""
    timeout: int
    """Microseconds after which an attempt has failed."""
    later: tuple[int, ...]
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

PARAMETERS = np.dtype(
    [(name, "i8", (LATER,)) if name == "later" else (name, "i8") for name in Parameters._fields], align=True
)


def lies(dtype: np.dtype, name: str) -> tuple[int, int]:
    """Return where in a record a field begins, and how many bytes each number of it has."""
    assert dtype.fields is not None
    kind, offset = dtype.fields[name][:2]
    return offset, kind.base.itemsize


def plans_of(given: Parameters | Plans) -> Plans:
    """Return the plans: what was given, or one for all."""
    return (given,) if isinstance(given, Parameters) else given
