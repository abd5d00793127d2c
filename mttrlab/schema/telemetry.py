"""The columns of what the systems said: metrics, deployments, alert firings, log lines, spans of traces."""

from __future__ import annotations

from mttrlab.schema.tables import Column

MEASURES = ("error_rate", "latency_p95", "throughput")
"""What is measured of a service: percent of requests, milliseconds, requests per second."""

METRIC_COLUMNS = (
    Column("service", "text", "The service, under the team's own name for it; never empty."),
    Column("at", "time", "UTC; a sample stands for the time that begins here; never empty."),
    Column("error_rate", "number", "PERCENT of requests that failed, 0 to 100; empty: no data."),
    Column("latency_p95", "number", "MILLISECONDS that 95 of 100 requests stay below; empty: no data."),
    Column("throughput", "number", "Requests per SECOND; empty: no data."),
)
"""One row per service and instant."""

DEPLOYMENT_COLUMNS = (
    Column("at", "time", "UTC, when it reached production; never empty."),
    Column("service", "text", "The service that was deployed; never empty."),
    Column("version", "text", "As the source says; empty: not said."),
    Column("status", "text", "succeeded, failed, rolled_back, … as the source says; empty: not said."),
    Column("change_id", "text", "The change behind it; empty: none known."),
)
"""One row per deployment."""

FIRING_COLUMNS = (
    Column("alert", "text", "The alert's name, or a page's title; never empty."),
    Column("service", "text", "The service that the alert's labels name; empty: they name none."),
    Column("severity", "text", "As the source says; empty: not said."),
    Column("started_at", "time", "UTC, when it fired (after its `for`); never empty."),
    Column("ended_at", "time", "UTC; empty: still firing when the file was taken, or the end is not in it."),
    Column("source", "text", "alertmanager, pagerduty, or the table's own word; never empty."),
    Column("summary", "text", "What the alert says in words; empty: nothing."),
    Column("key", "text", "What tells this alert from others of its name (its fingerprint); empty: none."),
)
"""One row per firing of an alert, with or without an incident."""

LOG_COLUMNS = (
    Column("at", "time", "UTC; never empty."),
    Column("service", "text", "The service that wrote it; empty: not said."),
    Column("level", "text", "debug, info, warning, error or critical; empty: not said."),
    Column("event", "text", "What happened; never empty."),
    Column("trace_id", "text", "The trace that it belongs to; empty: not said."),
    Column("fields", "text", "JSON object of the other fields; those that look like people or secrets are left out."),
    Column("hash", "text", "Hash of the line; the same line has the same hash."),
)
"""One row per line of a structured log."""

ERROR_LEVELS = ("error", "critical")
"""Levels that count as errors."""

TRACE_COLUMNS = (
    Column("trace_id", "text", "The trace; never empty."),
    Column("span_id", "text", "The span; never empty."),
    Column("parent_id", "text", "The span that called it; empty: a root."),
    Column("service", "text", "`service.name` of its resource; empty: not said."),
    Column("name", "text", "The operation."),
    Column("kind", "text", "server, client, internal, producer or consumer; empty: not said."),
    Column("target", "text", "What it called: `peer.service`, `db.system` or the like; empty: not said."),
    Column("start_ns", "count", "NANOSECONDS since 1970 UTC; never empty."),
    Column("end_ns", "count", "NANOSECONDS since 1970 UTC, never before the start; never empty."),
    Column("failed", "flag", "Its status says error; empty: unset."),
)
"""One row per span of a trace."""

TELEMETRY = {
    "metrics": METRIC_COLUMNS,
    "deployments": DEPLOYMENT_COLUMNS,
    "firings": FIRING_COLUMNS,
    "logs": LOG_COLUMNS,
    "spans": TRACE_COLUMNS,
}
"""The tables of telemetry by name."""

NEEDED_FILES = {
    "metrics": "metrics: a table with time, service, error_rate (percent), latency_p95 (ms), throughput (req/s), "
    "or a Prometheus range query",
    "deployments": "deployments: a table with time, service, version, status, change_id",
    "firings": "alert firings: an Alertmanager log (JSON lines) or a PagerDuty export",
    "logs": "structured logs: JSON lines with timestamp, level, event, service",
    "spans": "traces: OTLP JSON (resourceSpans)",
}
"""Which file would fill each table, in words."""
