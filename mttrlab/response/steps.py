"""The commands and the steps of an incident's life, as whole numbers: what the transition function speaks."""

from __future__ import annotations

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
