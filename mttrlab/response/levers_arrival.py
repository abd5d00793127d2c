"""Levers on how often incidents begin, and on how soon somebody knows."""

from __future__ import annotations

from mttrlab.response import lever_now as now
from mttrlab.response.lever import HIGHER, LOWER, Lever, minutes, seconds, share, times, whole
from mttrlab.response.lever_now import of

MOST_TIMES = 10.0
"""Times as often as now that incidents may come: each whole time is drawn as incidents of its own."""

ARRIVAL: dict[str, Lever] = {
    "prevention": share(
        "arrivals", "Share of incidents that never happen.", lambda model: model.prevention,
        "share of incidents that never happen", shortens=HIGHER, settings=("IncidentType.per_day",),
    ),
    "changes_prevented": share(
        "arrivals",
        "Share of the incidents that a change caused that never happen (smaller changes, staged rollouts that stop).",
        lambda model: model.changes_prevented, "share of change-caused incidents that never happen", shortens=HIGHER,
        settings=("IncidentType.change_caused",),
    ),
    "arrivals_factor": times(
        "arrivals", "Incidents begin this many times as often (growth of traffic, of services, of teams).",
        lambda model: model.arrivals_factor, "incidents begin this many times as often", "", MOST_TIMES,
        settings=("IncidentType.per_day",),
    ),
    "deploys_factor": times(
        "arrivals",
        "People deploy this many times as often; deployments fail as often as now, so the incidents that changes cause "
        "come as much more often.",
        lambda model: model.deploys_factor, "deployments this many times as often", "", MOST_TIMES,
        settings=("Deployments.per_day",),
    ),
    "failing_changes": times(
        "arrivals", "Incidents that a deployment causes, on average (the change failure rate, where each causes one).",
        now.failing_changes, "incidents per deployment", "failing_factor", 100.0, unit="incidents",
    ),
    "burst_share": share(
        "arrivals", "Share of the first incidents that bring others (less of a common cause: cells, bulkheads).",
        now.burst_share, "share of first incidents that bring others", shortens=LOWER, settings=("Bursts.share",),
    ),
    "burst_size": times(
        "arrivals", "How many others an incident brings, on average, where it brings any.", now.burst_size,
        "others that an incident of a burst brings", "", 1000.0, unit="incidents", settings=("Bursts.mean",),
    ),
}  # fmt: skip

DETECTION: dict[str, Lever] = {
    "evaluation_interval": seconds(
        "detection", "Seconds between two evaluations of every alert rule.", now.rules("eval_s", "evaluation_s"),
        "alert rules are evaluated every", "watch.evaluation_s", 86_400.0, open_low=True,
        unless="for: is rounded up to whole intervals, by less than one of them; halved, they never make it longer",
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
        shortens=LOWER,
    ),
    "gaps_closed": share(
        "detection", "Share of the incidents that no alert watches which an alert as usual as the others watches then.",
        of("watch", "gaps_closed"), "share of coverage gaps closed", "watch.gaps_closed", shortens=HIGHER,
        settings=("Face.watch",),
    ),
    "failing_requests": share(
        "detection",
        "Share of the requests that fail during a fault (staged rollouts and cells lower it: fewer users suffer, and "
        "alert rules notice later).",
        of("watch", "share"), "share of requests that fail", "watch.share", open_low=True, shortens=HIGHER,
    ),
    "alert_latency": minutes(
        "detection", "Longest time from start to page, where an alert or a monitor sees the fault.",
        lambda model: now.limit(model.alert_latency),
        "longest time from start to page where an alert sees the fault", settings=("IncidentType.alert",),
    ),
    "alert_coverage": share(
        "detection", "Share of incidents that an alert or a monitor sees; new alerts are as quick as those there are.",
        now.coverage, "share of incidents that alerts see", shortens=HIGHER,
        settings=("IncidentType.alert_coverage", "Face.seen"),
    ),
    "report_minutes": minutes(
        "detection", "Longest time from start to a report of people, where no alert sees the fault.",
        lambda model: now.limit(model.report_minutes), "longest time until people report",
        settings=("IncidentType.detect",),
    ),
}  # fmt: skip
