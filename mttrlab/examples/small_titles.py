"""What the pager of the small organisation says."""

from __future__ import annotations

FAULTS = (
    ("error_rate", "[FIRING:1] High5xxRate {s}"),
    ("error_rate", "{s} error rate above 5%"),
    ("latency", "[FIRING:1] SlowResponses {s} p95"),
    ("latency", "{s} p95 > 3s for 10m"),
    ("availability", "{s} is DOWN (uptime check)"),
    ("availability", "[FIRING:2] PodsNotReady {s}"),
    ("dependency", "{s}: upstream timeouts"),
)
"""Failure mode, and the title that goes with it."""

HOSTILE = {
    24: '<img src=x onerror=alert(1)> in product page, "white screen" & no stock',
    29: "=SUM(A1:A9) shown instead of the price 💸",
    33: "Card form: $amount$ is $0.00 | login_page_v2",
}
"""Titles that people pasted, by the place of the incident."""
