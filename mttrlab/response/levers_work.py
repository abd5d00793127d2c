"""Levers on finding the cause, and on what machines do before a person is called."""

from __future__ import annotations

from mttrlab.response import lever_now as now
from mttrlab.response.lever import HIGHER, LOWER, Lever, minutes, share, times, whole

_FAILS = "an attempt that fails takes its time, and the person comes later"

DIAGNOSIS: dict[str, Lever] = {
    "runbooks": share(
        "diagnosis", "Share of incidents that a runbook answers: what is diagnosed without one takes a third of it.",
        now.runbooks, "share of incidents that a runbook answers", shortens=HIGHER,
        unless="a new runbook makes diagnosis longer (runbook_factor above 1)",
        settings=("IncidentType.runbook", "Hypotheses.runbook"),
    ),
    "runbook_factor": times(
        "diagnosis", "Diagnosis takes this many times as long where a runbook is new, and one law says how long.",
        lambda model: model.runbook_factor, "diagnosis with a new runbook takes this many times as long", open_low=True,
    ),
    "first_hit": share(
        "diagnosis", "Chance that the first hypothesis is right where a runbook answers.",
        now.of_hypotheses("first_hit"), "chance that the first hypothesis is right with a runbook", shortens=HIGHER,
        settings=("Hypotheses.first_hit",),
    ),
    "hypothesis_hit": share(
        "diagnosis", "Chance that a hypothesis is the right one.", now.of_hypotheses("hit"),
        "chance that a hypothesis is right", shortens=HIGHER, open_low=True, settings=("Hypotheses.hit",),
    ),
    "novel": share(
        "diagnosis", "Share of incidents of a kind not seen before: no runbook helps, and a hit is half as likely.",
        now.of_hypotheses("novel"), "share of incidents of a kind not seen before", shortens=LOWER,
        settings=("Hypotheses.novel",),
    ),
    "try_minutes": minutes(
        "diagnosis", "Longest time that trying one hypothesis takes.", lambda model: now.limit(model.try_minutes),
        "longest try of a hypothesis", settings=("Hypotheses.minutes",),
    ),
    "diagnosis_factor": times(
        "diagnosis",
        "Diagnosis takes this many times as long, for every incident (what better telemetry may do to each try).",
        lambda model: model.diagnosis_factor, "diagnosis takes this many times as long",
        settings=("IncidentType.diagnose", "Hypotheses.minutes"),
    ),
}  # fmt: skip

AUTOMATION: dict[str, Lever] = {
    "automation": share(
        "diagnosis and fix",
        "Share of incidents whose alert has a remediation rule; a rule that fails leaves a person, later.",
        now.automated, "share of incidents whose alert has a remediation rule", unless=_FAILS,
        settings=("IncidentType.automation",),
    ),
    "automation_success": share(
        "diagnosis and fix", "Chance that one attempt of a remediation rule ends the incident.",
        lambda model: model.automation_success, "chance that one attempt of a remediation rule works", shortens=HIGHER,
    ),
    "automation_attempts": whole(
        "diagnosis and fix", "Attempts of a remediation rule before a person is paged (max_auto_attempts).", 20,
        lambda model: model.automation_attempts, "attempts of a remediation rule", unless=_FAILS,
    ),
    "automation_timeout": minutes(
        "diagnosis and fix", "Minutes after which an attempt of a remediation rule has failed.",
        lambda model: model.automation_timeout, "an attempt of a remediation rule is given up after", shortens="",
        unless="given up sooner, an attempt that would have worked fails; later, one that fails takes longer",
    ),
    "automation_run_factor": times(
        "diagnosis and fix", "A run of a remediation rule takes this many times as long.",
        lambda model: model.automation_run_factor, "a run of a remediation rule takes this many times as long",
        settings=("ResponseModel.automation_run",),
    ),
    "automation_harm": share(
        "diagnosis and fix", "Chance that a failed attempt of a remediation rule does harm.",
        lambda model: model.automation_harm, "chance that a failed attempt does harm", shortens=LOWER,
    ),
    "harm_factor": times(
        "diagnosis and fix", "Harm of a failed attempt adds this many times as many minutes to the fix.",
        lambda model: model.harm_factor, "harm of a failed attempt takes this many times as long",
        settings=("ResponseModel.harm",),
    ),
}  # fmt: skip
