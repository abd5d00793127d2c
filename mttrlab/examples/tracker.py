"""The teams' own trackers: the canonical table as CSV, and as JSON under a source name of its own."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime

from mttrlab.examples.incidents import EXPORTED, Entry
from mttrlab.schema import STAMPS

COLUMNS = (
    "incident_id", "service", "team", "severity", "incident_type", "failure_mode", "title", "url", "status",
    *STAMPS,
    "first_resolved_at", "detected_by", "fix_path", "automated", "change_id", "users", "reopened", "population",
    "updated_at", "exported_at",
)  # fmt: skip


def stamp(at: int | None) -> str:
    """Return a time as `2026-06-03T14:22:07Z`, or nothing."""
    return "" if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def row(number: str, entry: Entry) -> dict[str, str]:
    """Return one line of the table."""
    one = entry.incident
    known = (one.detected_at, one.diagnosed_at, one.resolved_at, one.verified_at, entry.stamps["verified_at"])
    last = max(at for at in known if at is not None)
    line = {
        "incident_id": number,
        "service": one.service,
        "team": one.team,
        "severity": one.severity,
        "incident_type": one.incident_type,
        "failure_mode": one.failure_mode,
        "title": one.title,
        "url": f"https://tracker.larkspur.example.com/incidents/{number}",
        "status": "open" if one.resolved_at is None else "closed",
        **{name: stamp(at) for name, at in entry.stamps.items()},
        "first_resolved_at": stamp(one.first_resolved_at),
        "detected_by": one.detected_by,
        "fix_path": one.fix_path or "",
        "automated": "true" if one.fix_path == "automation" else "false",
        "change_id": one.change_id or "",
        "users": "" if one.users is None else f"{one.users:.4f}",
        "reopened": "true" if one.first_resolved_at is not None else "false",
        "population": one.population,
        "updated_at": stamp(min(EXPORTED - 60, last + one.luck.whole("paperwork", 300, 90_000))),
        "exported_at": stamp(EXPORTED),
    }
    if "unreadable time" in entry.marks:
        line["resolved_at"] = one.luck.one("unreadable", ["31/02/2025 25:61", "shortly after lunch"])
    return line


def older(line: dict[str, str]) -> dict[str, str]:
    """Return the same incident as it stood before its fix."""
    later = ("diagnosed_at", "resolved_at", "verified_at", "first_resolved_at", "fix_path")
    return line | dict.fromkeys(later, "") | {"status": "open", "reopened": "false", "updated_at": line["detected_at"]}


def table(lines: Sequence[dict[str, str]]) -> bytes:
    """Return the file."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue().encode()


def _flags(line: dict[str, str]) -> dict[str, object]:
    return {name: line[name] == "true" for name in ("reopened", "automated")}


def array(lines: Sequence[dict[str, str]]) -> bytes:
    """Return the same table as a JSON array, a record a line, under the name of the supply teams' tool."""
    records: list[dict[str, object]] = []
    for line in lines:
        record: dict[str, object] = {"source": "stockroom", **line, **_flags(line)}
        record["users"] = float(line["users"]) if line["users"] else None
        records.append({name: None if value == "" else value for name, value in record.items()})
    return ("[\n" + ",\n".join(json.dumps(one, ensure_ascii=False) for one in records) + "\n]\n").encode()
