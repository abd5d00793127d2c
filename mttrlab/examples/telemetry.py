"""What the systems of the large organisation said: four incidents, every deployment, a quarter's firings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pandas as pd

from mttrlab.examples.deployments import Deployment, live_version
from mttrlab.examples.incidents import EXPORTED, TEAMS, Incident, unix_seconds
from mttrlab.examples.laws import NamedRandom
from mttrlab.examples.practices import alert_of
from mttrlab.examples.vendors import utc_text

FIRINGS_FROM = unix_seconds("2026-04-01")


REPLAYED = {
    "large/2026-06/05": ("payment-service", "checkout-service"),
    "large/2026-06/17": ("payment-service", "gateway-service"),
    "large/2026-06/24": ("catalogue-service",),
    "large/2026-06/11": (),
}
"""Incidents with metrics, by key, and the services beside the one that was hit."""


STORY = "large/2026-06/05"
"""The one with logs and traces too."""


PROMETHEUS = "large/2026-06/11"
"""The one whose metrics are answers of Prometheus."""


RULE_WAITS = 395
"""Seconds from the onset of 8 % errors until a rule on more than 5 % in two minutes, held for five, fires."""


HEALS = 40
"""Seconds from the fix to the last failed request."""


_SHAPES = {"error_rate": (8.4, 1240), "latency": (0.4, 1460), "availability": (31.0, 610), "dependency": (5.2, 980)}
"""Percent and milliseconds at the height of a failure mode."""


_REMEDIED = ("payment-service-pod-crashlooping", "cache-memory-high", "queue-depth-critical")


_WATCHED = {"payment-service-pod-crashlooping": "payment-service", "queue-depth-critical": "notification-service"}
"""Whom the rules of these watch."""


_NOISE = ("NodeFilesystemFillingUp", "CertificateExpiresSoon", "PodRestartedOnce", "SlowQueryBurst")


_SEVERITIES = {"SEV1": "P1", "SEV2": "P2", "SEV3": "P3"}


@dataclass(frozen=True)
class MetricSample:
    """One line of the metrics. `at`: seconds since 1970."""

    at: int
    service: str
    error_rate: float
    latency_p95: float
    throughput: float


def telemetry_files(counted: Sequence[Incident], deployed: Sequence[Deployment]) -> dict[str, bytes]:
    """Return the files, by path relative to the folder of all examples."""
    by_key = {one.key: one for one in counted}
    table: list[MetricSample] = []
    for key in REPLAYED:
        if key != PROMETHEUS:
            table += samples(by_key[key])
    queried = samples(by_key[PROMETHEUS])
    lines = ["time,service,error_rate,latency_p95,throughput"]
    lines += [f"{utc_text(s.at)},{s.service},{s.error_rate:g},{s.latency_p95:g},{s.throughput:g}"
              for s in sorted(table, key=lambda s: (s.at, s.service))]  # fmt: skip
    story = by_key[STORY]
    return {
        "telemetry/metrics.csv": _text(lines),
        "telemetry/prometheus.json": _prometheus(queried),
        "telemetry/deployments.csv": _text(
            [
                "time,service,version,status,change_id",
                *(f"{utc_text(d.at)},{d.service},{d.version},{d.status},{d.change_id}" for d in deployed),
            ]
        ),
        "telemetry/alertmanager.jsonl": _text(_firings(counted)),
        "telemetry/logs.jsonl": _text(written_lines(story, REPLAYED[STORY], deployed)),
        "telemetry/traces.jsonl": _text(traces(story)),
    }


def telemetry_truth(counted: Sequence[Incident]) -> pd.DataFrame:
    """Return what the telemetry was made from: `incident_id, service, onset, healthy` (the last failed request)."""
    by_key = {one.key: one for one in counted}
    chosen = [by_key[key] for key in REPLAYED]
    rows = [(one.key, one.service, one.started_at, (one.resolved_at or 0) + HEALS) for one in chosen]
    made = pd.DataFrame(rows, columns=["incident_id", "service", "onset", "healthy"])
    for name in ("onset", "healthy"):
        made[name] = pd.to_datetime(made[name], unit="s", utc=True).dt.as_unit("us")
    return made


def samples(one: Incident) -> list[MetricSample]:
    """Return the metrics around an incident: an hour before to a quarter of an hour after, every 30 seconds."""
    started, resolved = one.started_at or 0, one.resolved_at or 0
    ends = (one.verified_at or resolved) + 900
    errors, slow = _SHAPES[one.failure_mode]
    made = []
    for place, service in enumerate((one.service, *REPLAYED[one.key])):
        own = NamedRandom((one.key, "metrics", service))
        asked = own.whole("traffic", 60, 140)
        for at in range(started - 3900 - started % 30, ends, 30 if place == 0 else 60):
            rng = own.of(str(at))
            # The services beside it are hit by a part: they wait for the one that fails.
            part = 1.0 if place == 0 else 0.35 / place
            hit = part * _height(at, started, resolved)
            made.append(
                MetricSample(at, service,
                       round(0.02 + 0.1 * rng.u("error") + hit * errors * (0.9 + 0.2 * rng.u("errors")), 2),
                       round(180 + 60 * rng.u("slow") + hit * slow * (0.92 + 0.16 * rng.u("slower"))),
                       round(asked * (1 - 0.25 * hit) * (0.95 + 0.1 * rng.u("asked")), 1))
            )  # fmt: skip
    return made


def _height(at: int, started: int, resolved: int) -> float:
    """Return how much of the failure there is in the half minute that begins at `at`: share of time that it is on."""
    return max(0.0, min(at + 30, resolved + HEALS) - max(at, started)) / 30


def _prometheus(rows: Sequence[MetricSample]) -> bytes:
    series = []
    for name, measure, factor in (("service:error_ratio", "error_rate", 0.01),
                                  ("service:request_duration_p95_seconds", "latency_p95", 0.001),
                                  ("service:requests_per_second", "throughput", 1.0)):  # fmt: skip
        values = [[one.at, f"{factor * getattr(one, measure):.6g}"] for one in rows]
        series.append({"metric": {"__name__": name, "service": rows[0].service}, "values": values})
    answer = {"status": "success", "data": {"resultType": "matrix", "result": series}}
    return (json.dumps(answer, separators=(",", ":")) + "\n").encode()


def _firings(counted: Sequence[Incident]) -> list[str]:
    made: list[tuple[int, dict]] = []
    for one in counted:
        rule = alert_of(one.service, one.failure_mode)
        if rule is not None and one.detected_by == "alert" and one.detected_at >= FIRINGS_FROM:
            # The page follows the firing.
            at = max(one.started_at or 0, one.detected_at - one.rng.whole("fired before", 31, 45))
        elif rule is not None and one.key == STORY:
            # A journey saw it first; its errors are beyond the rule's threshold, so the alert follows.
            at = (one.started_at or 0) + RULE_WAITS
        else:
            continue
        severity = _SEVERITIES.get(one.severity, "P3")
        ended = one.resolved_at
        if ended is None and one.detected_at < EXPORTED - 2 * 86_400:
            # Nobody closed the incident; its alert has ended all the same.
            ended = one.detected_at + round(60 * one.rng.minutes("alert ended", 90, 0.7))
        made.append((at, _alert(rule.name, one.service, severity, at, ended, one.rng, rule.summary)))
    busy = {(one.service, (one.started_at or one.detected_at) // 14_400) for one in counted}
    for n in range(64):
        own = NamedRandom(("large", "firing", str(n)))
        at = own.whole("at", FIRINGS_FROM, EXPORTED - 7200)
        name = own.one("name", (*_REMEDIED, *_NOISE))
        service = _WATCHED.get(name) or own.one("service", tuple(TEAMS))
        if any((service, at // 14_400 + near) in busy for near in (-1, 0, 1)):
            continue
        lasts = own.whole("lasts", 70, 420) if name in _REMEDIED else own.whole("noise", 120, 5400)
        made.append((at, _alert(name, service, "P3", at, at + lasts, own, f"{service}: {name}, ended by itself")))
    made.sort(key=lambda pair: (pair[0], json.dumps(pair[1])))
    return [json.dumps({"version": "4", "status": alert["status"], "receiver": "pager", "alerts": [alert]},
                       separators=(",", ":")) for _, alert in made]  # fmt: skip


def _alert(name: str, service: str, severity: str, at: int, ends: int | None, rng: NamedRandom, words: str) -> dict:
    moment = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return {
        "status": "firing" if ends is None else "resolved",
        "labels": {"alertname": name, "service": service, "severity": severity},
        "annotations": {"summary": words},
        "startsAt": f"{moment}.{rng.whole('nanoseconds', 0, 999_999_999):09d}Z",
        "endsAt": "0001-01-01T00:00:00Z" if ends is None else utc_text(ends),
        "fingerprint": rng.token("fingerprint", 16, "0123456789abcdef"),
    }


def _text(lines: Sequence[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode()


# Log lines and traces of one incident, in the shapes of the founding text: structlog's JSON lines and OTLP.


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


def written_lines(one: Incident, beside: Sequence[str], deployed: Sequence[Deployment]) -> list[str]:
    """Return the log around the incident: now and then a success, errors while it lasts, and a usual one before.

    Every line says the version that is live at that moment.
    """
    started, resolved = one.started_at or 0, one.resolved_at or 0
    rows: list[tuple[float, dict]] = []
    for service in (one.service, *beside):
        does, error, event = _EVENTS[service]
        own = NamedRandom((one.key, "log", service))
        for at in range(started - 3600, resolved + 600, 240):
            rows.append((at + own.u(f"ok {at}"), {
                "request_id": own.token(f"id {at}", 8, "0123456789abcdef"),
                "user_id": f"u-{own.whole(f'u {at}', 100, 999)}",
                "duration_ms": own.whole(f"took {at}", 40, 160), "pod": f"{service}-{own.whole(f'pod {at}', 1, 3)}",
                "event": f"{does}.succeeded", "level": "info", "service": service,
                "version": live_version(deployed, service, at),
            }))  # fmt: skip
        for at in range(started + _LAGS[service], resolved, 150):
            rows.append((at + own.u(f"bad {at}") / 2, {
                "request_id": own.token(f"bad id {at}", 8, "0123456789abcdef"), "error_type": error,
                "error_code": "E42",
                "error_message": f"{error} while {does}", "pod": f"{service}-{own.whole(f'bad pod {at}', 1, 3)}",
                "event": event, "level": "error", "service": service, "version": live_version(deployed, service, at),
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
        own = NamedRandom((one.key, "trace", str(n)))
        bad = n >= 8
        at = own.whole("at", started + 120, resolved - 60) if bad else own.whole("at", started - 3300, started - 300)
        model = own.whole("model", 900, 1500) if bad else own.whole("model", 20, 40)
        made.append((at, json.dumps(_trace(own, at, model, bad), separators=(",", ":"))))
    return [text for _, text in sorted(made)]


def _trace(own: NamedRandom, at: int, model: int, bad: bool) -> dict:
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
