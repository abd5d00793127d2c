"""What people and machines of the large organisation write into title fields."""

from __future__ import annotations

from mttrlab.examples.luck import Luck

_TITLES = {
    "bad_deployment": (
        "{s}: errors after release {v}",
        "{s} returns 500 since deploy of {v}",
        "Release {v} of {s} fails for some users",
    ),
    "database_slow": (
        "{s} slow: database CPU at {n} %",
        "{s}: lock waits on primary database",
        "{s}: p95 latency over {n}0 ms, slow queries",
    ),
    "dependency_outage": (
        "{s}: upstream provider is failing",
        "{s}: time-outs towards external provider",
        "Third party down, {s} degraded",
    ),
    "capacity": (
        "{s}: out of capacity at peak",
        "{s} saturated, {n} % CPU on all pods",
        "{s}: connection pool exhausted under load",
    ),
    "crash_loop": (
        "{s} pods crash-looping",
        "{s}: pods OOMKilled, restarts climbing",
        "{s} crash loop in one zone",
    ),
    "config_change": (
        "{s}: wrong config value rolled out",
        "{s} unavailable after config change",
        "{s}: feature toggle config broke routing",
    ),
    "queue_backlog": (
        "{s}: queue depth over {n}k",
        "{s}: consumers fall behind, backlog grows",
        "{s}: messages delayed by {n} minutes",
    ),
    "certificate_expiry": (
        "{s}: TLS certificate expired",
        "{s}: certificate not trusted by clients",
        "{s}: handshake failures, expired certificate",
    ),
}

_ALERTS = {
    "error_rate": "[FIRING] {s} 5xx ratio > 5 % for 5m",
    "latency": "[FIRING] {s} p95 latency > 1s for 5m",
    "availability": "[FIRING] {s} target down for 2m",
    "dependency": "[FIRING] {s} upstream errors > 10 % for 5m",
}

HOSTILE = (
    'Checkout <b>down</b> & customers "on fire"',
    "=cmd|' /C calc'!A0",
    "Prices shown as $total$ instead of 12.99 in cart_summary",
    "🔥 search returns nothing 🔍, 404s everywhere",
    "</title><script>alert('incident')</script> in product names broke the catalogue feed",
    'Refunds failing; see runbook at C:\\runbooks\\refunds, "section 4"\nsecond line pasted from chat',
    "Zahlung für Bücher schlägt fehl – ‏إعادة محاولة‏ – 支払いエラー",
    "Follow-up " + "of the follow-up " * 24 + "of Tuesday's latency problem",
    "+49 30 000000 (support line) unreachable from the order page",
    "{{ incident.title }} %s ${jndi:none} NULL",
)
"""Titles as people really paste them: markup, formulas, mathematics, emoji, line breaks, other scripts, no end."""


def title(luck: Luck, incident_type: str, service: str) -> str:
    """Return what a person calls an incident of this type."""
    version = f"v{luck.whole('major', 2, 4)}.{luck.whole('minor', 0, 31)}.{luck.whole('patch', 0, 9)}"
    words = luck.one("title", _TITLES[incident_type])
    return words.format(s=service, v=version, n=luck.whole("number", 71, 98))


def alert(failure_mode: str, service: str) -> str:
    """Return what the alert rule calls it."""
    return _ALERTS[failure_mode].format(s=service)
