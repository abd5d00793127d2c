"""Deployments: a table with time, service, version, status, change_id."""

from __future__ import annotations

from mttrlab.sources.exports.reading import Opened
from mttrlab.sources.telemetry.reading import Collector, Telemetry, first_of, instant_of, needed, records_of, word_of

TIMES = ("time", "at", "deployed_at", "finished_at", "completed_at", "timestamp", "created_at")
SERVICES = ("service", "service_name", "app", "application", "deployment")
VERSIONS = ("version", "revision", "tag", "image", "release", "sha", "commit")
STATUSES = ("status", "state", "result")
CHANGES = ("change_id", "change", "deployment_id", "pr", "pull_request")


def read_deployments(opened: Opened, timezone: str | None) -> Telemetry:
    """Return the deployments of a table (CSV, JSON, JSON lines, Parquet)."""
    into = Collector(opened, timezone)
    known: dict[tuple, dict] = {}
    for row, said in records_of(opened, into):
        at = instant_of(said, row, into, TIMES)
        service = needed(into, row, said, SERVICES) if at is not None else None
        if at is None or service is None:
            continue
        made = {
            "at": at,
            "service": service,
            "version": word_of(first_of(said, VERSIONS)[1]),
            "status": word_of(first_of(said, STATUSES)[1]),
            "change_id": word_of(first_of(said, CHANGES)[1]),
        }
        key = (at, service, made["version"])
        if key not in known:
            known[key] = made
            into.made.append(made)
        elif known[key] == made:
            into.duplicates += 1
        else:
            into.refuse(row, "status", made["status"], "another row says something else of the same deployment")
    return into.result("deployments", "deployments")
