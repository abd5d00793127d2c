"""Log lines and traces of one incident, in the shapes of the founding text: structlog's JSON lines and OTLP."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from mttrlab.examples.incident import Incident
from mttrlab.examples.luck import Luck

_EVENTS = {
    "fraud-service": ("fraud.score", "ModelVersionError", "model.load.failed"),
    "payment-service": ("payment.processing", "TimeoutError", "payment.processing.failed"),
    "checkout-service": ("checkout.order", "UpstreamError", "checkout.order.failed"),
}
"""What each service does, its error, and the event of the error."""
_LAGS = {"fraud-service": 4, "payment-service": 37, "checkout-service": 55}
"""Seconds after the onset at which each begins to fail: the first is the cause."""
FAILS_FIRST, HOLDS_LATENCY = "fraud-service", ("fraud-service", "score.model")
"""What the log and the traces are made to show."""


def log_lines(one: Incident, beside: Sequence[str]) -> list[str]:
    """Return the log around the incident: now and then a success, errors while it lasts, and a usual one before."""
    started, resolved = one.started_at or 0, one.resolved_at or 0
    rows: list[tuple[float, dict]] = []
    for service in (one.service, *beside):
        does, error, event = _EVENTS[service]
        own = Luck((one.key, "log", service))
        for at in range(started - 3600, resolved + 600, 240):
            rows.append((at + own.u(f"ok {at}"), {
                "request_id": own.token(f"id {at}", 8, "0123456789abcdef"),
                "user_id": f"u-{own.whole(f'u {at}', 100, 999)}",
                "duration_ms": own.whole(f"took {at}", 40, 160), "pod": f"{service}-{own.whole(f'pod {at}', 1, 3)}",
                "event": f"{does}.succeeded", "level": "info", "service": service, "version": "2.4.1",
            }))  # fmt: skip
        for at in range(started + _LAGS[service], resolved, 150):
            rows.append((at + own.u(f"bad {at}") / 2, {
                "request_id": own.token(f"bad id {at}", 8, "0123456789abcdef"), "error_type": error,
                "error_code": "E42",
                "error_message": f"{error} while {does}", "pod": f"{service}-{own.whole(f'bad pod {at}', 1, 3)}",
                "event": event, "level": "error", "service": service, "version": "2.4.2",
            }))  # fmt: skip
    # One service errs now and then without any incident.
    for at in range(started - 3500, resolved, 900):
        rows.append((at, {"event": "cache.refresh.failed", "level": "error", "service": "checkout-service"}))
    rows.sort(key=lambda pair: (pair[0], json.dumps(pair[1])))
    return [json.dumps({**said, "timestamp": _iso(at)}) for at, said in rows]


def traces(one: Incident) -> list[str]:
    """Return traces of a checkout, an OTLP document a line: eight of before, eight of while it lasts."""
    started, resolved = one.started_at or 0, one.resolved_at or 0
    made = []
    for n in range(16):
        own = Luck((one.key, "trace", str(n)))
        bad = n >= 8
        at = own.whole("at", started + 120, resolved - 60) if bad else own.whole("at", started - 3300, started - 300)
        model = own.whole("model", 900, 1500) if bad else own.whole("model", 20, 40)
        made.append((at, json.dumps(_trace(own, at, model, bad), separators=(",", ":"))))
    return [text for _, text in sorted(made)]


def _trace(own: Luck, at: int, model: int, bad: bool) -> dict:
    trace = own.token("trace", 32, "0123456789abcdef")
    ids = [own.token(f"span {n}", 16, "0123456789abcdef") for n in range(5)]
    base = at * 10**9 + own.whole("nano", 0, 999_999_999)
    # Milliseconds from the start: checkout waits for payment, payment for fraud and then for its database.
    layout = (
        ("checkout-service", "POST /orders", 0, None, 0, model + 95, 2, ""),
        ("payment-service", "charge", 1, 0, 12, model + 85, 2, ""),
        ("fraud-service", "score", 2, 1, 18, model + 40, 2, ""),
        ("fraud-service", "score.model", 3, 2, 24, model + 34, 1, ""),
        ("payment-service", "INSERT payments", 4, 1, model + 44, model + 78, 3, "postgresql"),
    )
    resources = []
    for service, name, n, parent, begin, end, kind, system in layout:
        span = {
            "traceId": trace, "spanId": ids[n], "parentSpanId": "" if parent is None else ids[parent], "name": name,
            "kind": kind, "startTimeUnixNano": str(base + begin * 10**6), "endTimeUnixNano": str(base + end * 10**6),
            "status": {"code": 2 if bad and n == 3 else 0},
        }  # fmt: skip
        if system:
            span["attributes"] = [{"key": "db.system", "value": {"stringValue": system}}]
        about = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
        resources.append({"resource": about, "scopeSpans": [{"spans": [span]}]})
    return {"resourceSpans": resources}


def _iso(at: float) -> str:
    return datetime.fromtimestamp(round(at, 3), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
