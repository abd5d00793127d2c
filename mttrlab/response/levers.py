"""What can be changed about a response: settings that people really have, and what each moves."""

from __future__ import annotations

import pandas as pd

from mttrlab.response import lever_now as now
from mttrlab.response.lever import Lever, figure, minutes, seconds, share, whole
from mttrlab.response.lever_now import of

LEVERS: dict[str, Lever] = {
    "prevention": share(
        "arrivals", "Share of incidents that never happen.", lambda model: model.prevention,
        "share of incidents that never happen",
    ),
    "changes_prevented": share(
        "arrivals",
        "Share of the incidents that a change caused that never happen (smaller changes, staged rollouts that stop).",
        lambda model: model.changes_prevented, "share of change-caused incidents that never happen",
    ),
    "evaluation_interval": seconds(
        "detection", "Seconds between two evaluations of every alert rule.", now.rules("eval_s", "evaluation_s"),
        "alert rules are evaluated every", "watch.evaluation_s", 86_400.0, open_low=True,
    ),
    "alert_for": seconds(
        "detection", "Seconds that every alert rule's condition must hold (for:).", now.rules("for_s", "for_s"),
        "an alert's condition must hold for", "watch.for_s",
    ),
    "scrape_interval": seconds(
        "detection", "Seconds between two scrapes of the metrics behind every alert rule.",
        now.rules("scrape_s", "scrape_s"), "metrics are scraped every", "watch.scrape_s",
        86_400.0, open_low=True,
    ),
    "group_wait": seconds(
        "detection", "Seconds that the first notification of every alert waits for others.",
        now.rules("group_wait_s", "group_wait_s"), "the first notification waits", "watch.group_wait_s",
    ),
    "monitor_interval": seconds(
        "detection", "Seconds between two runs of every synthetic monitor.", now.monitors("interval_s", "interval_s"),
        "synthetic monitors run every", "watch.interval_s", 86_400.0, open_low=True,
    ),
    "confirmations": whole(
        "detection", "Failing runs in a row that every synthetic monitor needs to page.", 100,
        now.monitors("confirmations", "confirmations"), "failing runs in a row before a page", "watch.confirmations",
    ),
    "gaps_closed": share(
        "detection", "Share of the incidents that no alert watches which an alert as usual as the others watches then.",
        of("watch", "gaps_closed"), "share of coverage gaps closed", "watch.gaps_closed",
    ),
    "alert_latency": minutes(
        "detection", "Longest time from start to page, where an alert or a monitor sees the fault.",
        lambda model: now.limit(model.alert_latency),
        "longest time from start to page where an alert sees the fault",
    ),
    "alert_coverage": share(
        "detection", "Share of incidents that an alert or a monitor sees; new alerts are as quick as those there are.",
        now.coverage, "share of incidents that alerts see",
    ),
    "page_delivery": minutes(
        "paging", "Minutes from detection until the first person's device rings.", of("paging", "delivery"),
        "a page rings after", "paging.delivery", 10_080.0,
    ),
    "ack_timeout": minutes(
        "paging", "Minutes after which the next level of the escalation is called.", of("paging", "timeout"),
        "the next level is called after", "paging.timeout", 10_080.0, open_low=True,
    ),
    "night_startup": minutes(
        "paging", "Minutes from the reaction to the start of work, at night.", of("paging", "startup"),
        "getting going at night takes", "paging.startup", 1440.0,
    ),
    "acknowledge_factor": figure(
        "times", "paging", "People take this many times as long to react to a page.", 0.0, 100.0,
        lambda model: model.acknowledge_factor, "reacting to a page takes this many times as long",
    ),
    "responders": whole(
        "waiting for a person", "People who can each work on one incident at a time.", 100_000,
        lambda model: model.responders, "responders", unit="people", alone=False,
    ),
    "noise_cut": share(
        "waiting for a person", "Share of the pages that are no incident that are silenced.",
        lambda model: model.noise_cut, "share of noise pages silenced", alone=False,
    ),
    "misrouted": share(
        "hand-over", "Share of incidents that reach the wrong team first.", of("routing", "wrong"),
        "share of incidents that reach the wrong team first", "routing.wrong",
    ),
    "transfer_minutes": minutes(
        "hand-over", "Minutes from one team to the other.", of("routing", "transfer"),
        "passing on to the other team takes", "routing.transfer", 10_080.0,
    ),
    "runbooks": share(
        "diagnosis", "Share of incidents that a runbook answers: what is diagnosed without one takes a third of it.",
        now.runbooks, "share of incidents that a runbook answers",
    ),
    "diagnosis_factor": figure(
        "times", "diagnosis",
        "Diagnosis takes this many times as long, for every incident (what better telemetry may do to each try).",
        0.0, 100.0, lambda model: model.diagnosis_factor, "diagnosis takes this many times as long",
    ),
    "automation": share(
        "diagnosis and fix",
        "Share of incidents whose alert has a remediation rule; a rule that fails leaves a person, later.",
        now.automated, "share of incidents whose alert has a remediation rule",
    ),
    "automation_success": share(
        "diagnosis and fix", "Chance that one attempt of a remediation rule ends the incident.",
        lambda model: model.automation_success, "chance that one attempt of a remediation rule works",
    ),
    "automation_attempts": whole(
        "diagnosis and fix", "Attempts of a remediation rule before a person is paged (max_auto_attempts).", 20,
        lambda model: model.automation_attempts, "attempts of a remediation rule",
    ),
    "automation_timeout": minutes(
        "diagnosis and fix", "Minutes after which an attempt of a remediation rule has failed.",
        lambda model: model.automation_timeout, "an attempt of a remediation rule is given up after",
    ),
    "automation_harm": share(
        "diagnosis and fix", "Chance that a failed attempt of a remediation rule does harm.",
        lambda model: model.automation_harm, "chance that a failed attempt does harm",
    ),
    "flagged": share(
        "fix", "Share of changes behind a feature flag: their incidents are fixed in seconds once diagnosed.",
        now.flagged, "share of change-caused incidents that a flag ends", "more_flags",
    ),
    "rollback_minutes": minutes(
        "fix", "Longest time that a rollback takes.", lambda model: now.limit(model.rollback_minutes),
        "longest rollback",
    ),
    "failover_minutes": minutes(
        "fix", "Longest time that a failover takes.", lambda model: now.limit(model.failover_minutes),
        "longest failover",
    ),
    "scale_minutes": minutes(
        "fix", "Longest time that scaling up takes.", lambda model: now.limit(model.scale_minutes),
        "longest scaling",
    ),
    "config_minutes": minutes(
        "fix", "Longest time that a change of configuration takes.", lambda model: now.limit(model.config_minutes),
        "longest change of configuration",
    ),
    "forward_fix_minutes": minutes(
        "fix", "Longest time that a forward fix takes.", lambda model: now.limit(model.forward_fix_minutes),
        "longest forward fix",
    ),
    "migration_minutes": minutes(
        "fix", "Longest time that reversing a database migration takes.",
        lambda model: now.limit(model.migration_minutes), "longest reversal of a migration",
    ),
    "lanes": whole(
        "fix", "Deployments that run at a time.", 100_000, of("pipeline", "lanes"), "deployments at a time",
        "pipeline.lanes", unit="lanes", alone=False,
    ),
    "verification_window": minutes(
        "verification", "Longest time from the fix to confirmed health.",
        lambda model: now.limit(model.verification_window), "longest verification",
    ),
    "verify_pass": share(
        "verification", "Chance that a fix holds; one that does not sends the incident back to diagnosis.",
        lambda model: model.verify_pass, "chance that a fix holds",
    ),
    "sample_every": seconds(
        "verification", "Seconds between the samples that confirm health.", of("verification", "every_s"),
        "time between samples", "verification.every_s", 86_400.0, open_low=True,
    ),
    "healthy_in_a_row": whole(
        "verification", "Healthy samples in a row that confirm health.", 1000, of("verification", "in_a_row"),
        "healthy samples in a row", "verification.in_a_row",
    ),
}  # fmt: skip
"""Every lever by name, in the order of an incident's life."""


def levers() -> pd.DataFrame:
    """Return what a `Scenario` can change.

    Returns
    -------
    DataFrame
        `lever`; `unit`; `low` and `high`, the values it takes; `moves`, the part of an incident's life that it acts
        on; `alone`, whether it can be moved for single incident types or services, and with a ramp; `meaning`.
    """
    every = list(LEVERS.values())
    return pd.DataFrame(
        {
            "lever": list(LEVERS),
            "unit": [lever.unit for lever in every],
            "low": [lever.low for lever in every],
            "high": [lever.high for lever in every],
            "moves": [lever.moves for lever in every],
            "alone": [lever.alone for lever in every],
            "meaning": [lever.meaning for lever in every],
        }
    )
