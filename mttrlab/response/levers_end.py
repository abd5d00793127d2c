"""Levers on how health is confirmed, and on incidents that come back."""

from __future__ import annotations

from mttrlab.response import lever_now as now
from mttrlab.response.lever import HIGHER, LOWER, Lever, minutes, seconds, share, whole
from mttrlab.response.lever_now import of

_PAPER = "a wrong fix that passes ends the incident sooner on paper, and it may come back"
_BACK = "where incidents come back: one that passes sooner has rounds left to come back in"

VERIFICATION: dict[str, Lever] = {
    "verification_window": minutes(
        "verification", "Longest time from the fix to confirmed health.",
        lambda model: now.limit(model.verification_window), "longest verification", settings=("IncidentType.verify",),
    ),
    "verify_pass": share(
        "verification", "Chance that a fix holds; one that does not sends the incident back to diagnosis.",
        lambda model: model.verify_pass, "chance that a fix holds", shortens=HIGHER, unless=_BACK,
    ),
    "false_pass": share(
        "verification", "Chance that a fix which does not hold passes its verification.",
        lambda model: model.false_pass, "chance that a wrong fix passes", unless=_PAPER,
    ),
    "max_rounds": whole(
        "verification", "Rounds of diagnosis, fix and verification after which an incident is closed whatever it says.",
        20, lambda model: model.max_rounds, "rounds of diagnosis, fix and verification at most", shortens=LOWER,
    ),
    "sample_every": seconds(
        "verification", "Seconds between the samples that confirm health.", of("verification", "every_s"),
        "time between samples", "verification.every_s", 86_400.0, open_low=True,
        unless="the first sample after the window has emptied falls later, by less than an interval; halved, it never "
        "does",
    ),
    "healthy_in_a_row": whole(
        "verification", "Healthy samples in a row that confirm health.", 1000, of("verification", "in_a_row"),
        "healthy samples in a row", "verification.in_a_row", shortens=LOWER, unless=_BACK,
    ),
    "sample_window": seconds(
        "verification", "Seconds that a sample looks back: it still holds errors from before the fix.",
        of("verification", "window_s"), "a sample looks back", "verification.window_s",
    ),
    "sample_threshold": share(
        "verification", "A sample is healthy where the error rate of its window is below.",
        of("verification", "threshold"), "healthy is an error rate below", "verification.threshold", open_low=True,
        shortens=HIGHER,
    ),
    "sample_healthy": share(
        "verification", "Chance that a sample is healthy where the fix holds (flapping checks lower it).",
        of("verification", "healthy"), "chance that a sample of a healthy service is healthy", "verification.healthy",
        shortens=HIGHER, unless=_BACK,
    ),
    "sample_false_pass": share(
        "verification", "Chance that a sample is healthy where the fix does not hold.",
        of("verification", "false_pass"), "chance that a sample of a sick service is healthy",
        "verification.false_pass", unless=_PAPER,
    ),
    "samples_most": whole(
        "verification", "Samples after which the fix counts as failed.", 10_000, of("verification", "give_up"),
        "samples before a fix counts as failed", "verification.give_up",
        unless="given up sooner, a fix that holds may be done again; later, one that does not is found later",
    ),
    "reopen_wrong": share(
        "reopening", "Chance that an incident comes back whose fix was wrong and passed its verification.",
        of("reopening", "wrong"), "chance to come back where the fix was wrong", "reopening.wrong", shortens=LOWER,
    ),
    "reopen_right": share(
        "reopening", "Chance that an incident comes back whose fix was right.", of("reopening", "right"),
        "chance to come back where the fix was right", "reopening.right", shortens=LOWER,
    ),
}  # fmt: skip
