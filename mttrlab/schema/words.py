"""The words of the lab, each spelled once."""

from __future__ import annotations

from mttrlab.errors import QuestionError

STAMPS = ("started_at", "detected_at", "acknowledged_at", "diagnosed_at", "resolved_at", "verified_at")
"""Every time that people or tools record, in the order in which they are expected."""

MILESTONES = ("started_at", "detected_at", "diagnosed_at", "resolved_at", "verified_at")
"""The stamps that begin or end a phase. `acknowledged_at` ends none."""

PHASES = ("detect", "diagnose", "resolve", "verify")

PHASE_ENDS = {
    "detect": ("started_at", "detected_at"),
    "diagnose": ("detected_at", "diagnosed_at"),
    "resolve": ("diagnosed_at", "resolved_at"),
    "verify": ("resolved_at", "verified_at"),
}

CLOCK_ENDS = {
    "recovery": ("started_at", "verified_at"),
    "started_to_resolved": ("started_at", "resolved_at"),
    "detected_to_verified": ("detected_at", "verified_at"),
    "detected_to_resolved": ("detected_at", "resolved_at"),
}
CLOCKS = tuple(CLOCK_ENDS)
"""From the widest to the narrowest; `recovery` is the sum of the four phases."""

PHASE_RANGES = {"detect": (0.0, 30.0), "diagnose": (10.0, 120.0), "resolve": (5.0, 60.0), "verify": (2.0, 10.0)}
"""Typical minutes per phase as the founding text prints them (`reducing-mttr`): a reference band, not a norm."""

LEVELS = (("Elite", 15.0), ("Advanced", 30.0), ("Intermediate", 60.0), ("Basic", 240.0))
"""Maturity levels and the minutes that MTTR must stay strictly below, best first."""

NO_LEVEL = "no level"
"""Four hours and more: the founding table has no name for it."""

VERDICTS = (
    "recorded",  # somebody or something stamped it
    "pending",  # the incident is still open and has not come this far
    "missing",  # closed, and nobody stamped it
    "not_applicable",  # automation ended the incident, so nobody diagnosed it
    "defaulted",  # the vendor copied another stamp
    "out_of_order",  # earlier than a milestone that must come before it
    "suspect",  # an auto-close timer, an implausible date
)
ORIGINS = (
    "export",  # the source's own stamp
    "proxy",  # a public post stands in for the true time
    "annotated",  # corrected by people
    "derived",  # computed from telemetry
    "simulated",  # born in the response model
)
POPULATIONS = ("counted", "page", "drill", "test", "maintenance", "cancelled", "merged")


def clock_name(clock: str) -> str:
    """Return `clock` if it is one of `CLOCKS`.

    Raises
    ------
    QuestionError
        For any other word; the sentence lists the clocks.
    """
    if not isinstance(clock, str) or clock not in CLOCK_ENDS:
        raise QuestionError(f"clock must be one of {', '.join(CLOCKS)}; got {clock!r}")
    return clock
