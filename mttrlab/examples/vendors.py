"""Files as vendors write them: the teams' trackers, PagerDuty, ServiceNow and a public status page."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from mttrlab.examples.incidents import EXPORTED, LOCAL, Entry, Incident
from mttrlab.examples.laws import NamedRandom
from mttrlab.schema import STAMPS

TRACKER_COLUMNS = (
    "incident_id", "service", "team", "severity", "incident_type", "failure_mode", "title", "url", "status",
    *STAMPS,
    "first_resolved_at", "detected_by", "fix_path", "automated", "change_id", "users", "reopened", "population",
    "updated_at", "exported_at",
)  # fmt: skip


def utc_text(at: int | None) -> str:
    """Return a time as `2026-06-03T14:22:07Z`, or nothing."""
    return "" if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def tracker_row(number: str, entry: Entry) -> dict[str, str]:
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
        **{name: utc_text(at) for name, at in entry.stamps.items()},
        "first_resolved_at": utc_text(one.first_resolved_at),
        "detected_by": one.detected_by,
        "fix_path": one.fix_path or "",
        "automated": "true" if one.fix_path == "automation" else "false",
        "change_id": one.change_id or "",
        "users": "" if one.users is None else f"{one.users:.4f}",
        "reopened": "true" if one.first_resolved_at is not None else "false",
        "population": one.population,
        "updated_at": utc_text(min(EXPORTED - 60, last + one.rng.whole("paperwork", 300, 90_000))),
        "exported_at": utc_text(EXPORTED),
    }
    if "unreadable time" in entry.marks:
        line["resolved_at"] = one.rng.one("unreadable", ["31/02/2025 25:61", "shortly after lunch"])
    return line


def older_tracker_row(line: dict[str, str]) -> dict[str, str]:
    """Return the same incident as it stood before its fix."""
    later = ("diagnosed_at", "resolved_at", "verified_at", "first_resolved_at", "fix_path")
    return line | dict.fromkeys(later, "") | {"status": "open", "reopened": "false", "updated_at": line["detected_at"]}


def tracker_csv(lines: Sequence[dict[str, str]]) -> bytes:
    """Return the file."""
    text = io.StringIO()
    writer = csv.DictWriter(text, TRACKER_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue().encode()


def _flags(line: dict[str, str]) -> dict[str, object]:
    return {name: line[name] == "true" for name in ("reopened", "automated")}


def tracker_json(lines: Sequence[dict[str, str]]) -> bytes:
    """Return the same table as a JSON array, a record a line, under the name of the supply teams' tool."""
    records: list[dict[str, object]] = []
    for line in lines:
        record: dict[str, object] = {"source": "stockroom", **line, **_flags(line)}
        record["users"] = float(line["users"]) if line["users"] else None
        records.append({name: None if value == "" else value for name, value in record.items()})
    return ("[\n" + ",\n".join(json.dumps(one, ensure_ascii=False) for one in records) + "\n]\n").encode()


# PagerDuty's REST incidents with their log entries, one incident a line inside the envelope.


_PAGERDUTY_IDS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


_PEOPLE = ("Mira Okafor", "Jonas Lindqvist", "Ana Belmonte", "Tomasz Reyes", "Priya Castellan", "Wen Halvorsen")
"""Made-up names: they are there because real exports have them, and the lab must not keep them."""


@dataclass(frozen=True)
class Page:
    """What PagerDuty holds of one page. Times are whole seconds since 1970 UTC."""

    rng: NamedRandom
    title: str
    service: str
    created_at: int
    acknowledged_at: int | None
    resolved_at: int | None
    priority: str | None = None
    automatic: bool = False
    """Whether a machine resolved it."""
    merged: bool = False
    """Whether it was merged into another one."""

    @property
    def id(self) -> str:
        """PagerDuty's id."""
        return "Q" + self.rng.token("pagerduty id", 13, _PAGERDUTY_IDS)


def _reference(rng: NamedRandom, kind: str, name: str) -> dict[str, str]:
    return {
        "id": "P" + rng.of(kind, name).token("id", 6, _PAGERDUTY_IDS),
        "type": f"{kind}_reference",
        "summary": name,
    }


def _log(page: Page) -> list[dict[str, object]]:
    """Entries, newest first as PagerDuty gives them."""
    person = _reference(NamedRandom(("people",)), "user", page.rng.one("responder", _PEOPLE))
    service = _reference(NamedRandom(("services",)), "service", page.service)
    happened: list[tuple[int, str, str, dict[str, str]]] = [
        (page.created_at, "trigger", "api", service),
        (page.created_at + 1, "notify", "auto", service),
    ]
    if page.acknowledged_at is not None:
        if page.acknowledged_at - page.created_at > 600:
            happened.append((page.created_at + 600, "escalate", "timeout", service))
        happened.append((page.acknowledged_at, "acknowledge", "website", person))
    if page.resolved_at is not None:
        happened.append((page.resolved_at, "resolve", "auto" if page.automatic else "website",
                         service if page.automatic else person))  # fmt: skip
    return [
        {
            "id": "R" + page.rng.token(f"{kind} entry", 25, _PAGERDUTY_IDS),
            "type": f"{kind}_log_entry",
            "created_at": utc_text(at),
            "agent": agent,
            "channel": {"type": channel},
        }
        for at, kind, channel, agent in reversed(happened)
    ]


def pagerduty_record(page: Page, number: int, account: str, merged_into: str | None = None) -> dict[str, object]:
    """Return one incident as `GET /incidents` gives it, its log entries inside."""
    ended, begun = page.resolved_at is not None, page.acknowledged_at is not None
    last = page.resolved_at or page.acknowledged_at or page.created_at
    fields: dict[str, object] = {
        "id": page.id,
        "type": "incident",
        "incident_number": number,
        "title": page.title,
        "status": "resolved" if ended else "acknowledged" if begun else "triggered",
        "urgency": "high" if page.priority or page.rng.u("urgency") < 0.5 else "low",
        "priority": page.priority and _reference(NamedRandom((account,)), "priority", page.priority),
        "service": _reference(NamedRandom(("services",)), "service", page.service),
        "created_at": utc_text(page.created_at),
        "updated_at": utc_text(last),
        "last_status_change_at": utc_text(last),
        "resolved_at": utc_text(page.resolved_at) or None,
        # PagerDuty empties this list when an incident is resolved.
        "acknowledgements": [{"at": utc_text(page.acknowledged_at)}] if begun and not ended else [],
        "html_url": f"https://{account}.example.com/incidents/{page.id}",
    }
    if page.merged and merged_into:
        fields["resolve_reason"] = {
            "type": "merge_resolve_reason",
            "incident": {"id": merged_into, "type": "incident_reference"},
        }
    return fields | {"log_entries": _log(page)}


def pagerduty_json(records: Sequence[dict[str, object]]) -> bytes:
    """Return the file: every page of the API's answer put together."""
    lines = ",\n".join(json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in records)
    head = json.dumps({"limit": 100, "offset": 0, "more": False, "total": len(records)}, separators=(",", ":"))
    return f'{head[:-1]},"incidents":[\n{lines}\n]}}\n'.encode()


# ServiceNow's audit log as CSV: a row per update, day first, no zone, question marks for nothing.


TIMER_HOURS = 120
"""ServiceNow closes a resolved incident by itself after five days."""


SERVICENOW_COLUMNS = (
    "number", "incident_state", "active", "reassignment_count", "reopen_count", "sys_mod_count", "made_sla",
    "caller_id", "opened_at", "sys_created_at", "sys_updated_at", "contact_type", "category", "short_description",
    "cmdb_ci", "impact", "urgency", "priority", "assignment_group", "assigned_to", "problem_id", "rfc", "caused_by",
    "closed_code", "resolved_at", "closed_at",
)  # fmt: skip


_PRIORITY = {"SEV1": "1 - Critical", "SEV2": "2 - High", "SEV3": "3 - Moderate", "SEV4": "4 - Low"}


_IMPACT = {"SEV1": "1 - High", "SEV2": "1 - High", "SEV3": "2 - Medium", "SEV4": "3 - Low"}


def office_time(at: int | None) -> str:
    """Return a time as the log shows it: `3/6/2026 16:22`, the wall clock of the office, to the minute."""
    if at is None:
        return "?"
    when = datetime.fromtimestamp(at, LOCAL)
    return f"{when.day}/{when.month}/{when.year} {when:%H:%M}"


def servicenow_log(number: int, one: Incident, cancelled: bool = False) -> list[dict[str, str]]:
    """Return the rows of one incident, oldest first.

    The log repeats the final `resolved_at` and `closed_at` in every row, as the real one does.
    """
    closed = one.resolved_at + TIMER_HOURS * 3600 if one.resolved_at is not None else None
    if closed is not None and closed > EXPORTED:
        closed = None
    created = one.detected_at + 60 * one.rng.whole("typing", 1, 7)
    states: list[tuple[str, int]] = [("New", created)]
    if one.acknowledged_at is not None:
        states.append(("Active", max(one.acknowledged_at, created)))
    waits = one.acknowledged_at is not None and one.resolved_at is not None and one.rng.u("waits") < 0.25
    if waits:
        middle = ((one.acknowledged_at or 0) + (one.resolved_at or 0)) // 2
        states.append((one.rng.one("waits for", ["Awaiting Vendor", "Awaiting User Info"]), max(middle, created)))
    if one.resolved_at is not None:
        states.append(("Canceled" if cancelled else "Resolved", max(one.resolved_at, created)))
    if closed is not None and not cancelled:
        states.append(("Closed", closed))
    person = one.rng.whole("resolver", 1, 40)
    same = {
        "number": f"INC{number:07d}",
        "reassignment_count": str(one.rng.whole("reassigned", 0, 3)),
        "reopen_count": "0",
        "made_sla": "true" if (one.resolved_at or EXPORTED) - one.detected_at < 8 * 3600 else "false",
        "caller_id": f"Caller {one.rng.whole('caller', 100, 999)}",
        "opened_at": office_time(one.detected_at),
        "sys_created_at": office_time(created),
        "contact_type": "Phone" if one.detected_by in ("customer", "person") else "Event",
        "category": one.incident_type.replace("_", " "),
        "short_description": one.title,
        "cmdb_ci": one.service,
        "impact": _IMPACT[one.severity],
        "urgency": _IMPACT[one.severity],
        "priority": _PRIORITY[one.severity],
        "assignment_group": one.team,
        "assigned_to": f"Resolver {person}",
        "problem_id": "?",
        "rfc": one.change_id or "?",
        "caused_by": one.change_id or "?",
        "closed_code": "?" if one.resolved_at is None else f"code {one.rng.whole('code', 5, 9)}",
        "resolved_at": "?" if cancelled else office_time(one.resolved_at),
        "closed_at": office_time(closed),
    }
    return [
        same
        | {
            "incident_state": state,
            "active": "false" if state in ("Closed", "Canceled") else "true",
            "sys_mod_count": str(place),
            "sys_updated_at": office_time(at),
        }
        for place, (state, at) in enumerate(states)
    ]


def servicenow_csv(rows: Sequence[dict[str, str]]) -> bytes:
    """Return the file."""
    text = io.StringIO()
    writer = csv.DictWriter(text, SERVICENOW_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


# A public status page in the v2 envelope of Statuspage, one incident a line.


_STATUSPAGE_IDS = "0123456789bcdfghjklmnpqrstvwxyz"


_BODIES = {
    "investigating": "We are investigating reports of problems with {c}.",
    "identified": "The cause has been identified and a fix is being prepared.",
    "monitoring": "A fix is in place; we are monitoring the results.",
    "resolved": "This incident has been resolved.",
    "scheduled": "We will carry out maintenance of {c}.",
    "in_progress": "Maintenance of {c} is in progress.",
    "completed": "The maintenance has been completed.",
}


_STATES = {"critical": "major_outage", "major": "partial_outage", "minor": "degraded_performance",
           "maintenance": "under_maintenance"}  # fmt: skip


@dataclass(frozen=True)
class Post:
    """What the public page says of one incident. Times are whole seconds since 1970 UTC."""

    rng: NamedRandom
    name: str
    impact: str
    component: str
    updates: tuple[tuple[str, int], ...]
    """Status and moment, oldest first."""

    @property
    def id(self) -> str:
        """Statuspage's id."""
        return self.rng.token("statuspage id", 12, _STATUSPAGE_IDS)


def _shown(rng: NamedRandom, at: int, zone: ZoneInfo) -> str:
    local = datetime.fromtimestamp(at, zone)
    offset = local.strftime("%z")
    ending = "Z" if zone.key == "Etc/UTC" else f"{offset[:3]}:{offset[3:]}"
    return f"{local:%Y-%m-%dT%H:%M:%S}.{rng.whole(f'ms {at}', 0, 999):03d}{ending}"


def statuspage_record(post: Post, page: str, zone: ZoneInfo) -> dict[str, object]:
    """Return one incident as the v2 API gives it, its updates newest first."""
    rng, bad = post.rng, _STATES[post.impact]
    component = {
        "id": NamedRandom((page, post.component)).token("component", 12, _STATUSPAGE_IDS),
        "name": post.component,
    }
    first = {status: _shown(rng, at, zone) for status, at in reversed(post.updates)}
    updates: list[dict[str, object]] = []
    for place, (status, at) in enumerate(post.updates):
        healthy = status in ("resolved", "completed")
        shown = _shown(rng, at, zone)
        updates.append({
            "id": rng.token(f"update {place}", 12, _STATUSPAGE_IDS),
            "status": status,
            "body": _BODIES[status].format(c=post.component),
            "created_at": shown,
            "updated_at": shown,
            "display_at": shown,
            "affected_components": [{
                "code": component["id"],
                "name": post.component,
                "old_status": "operational" if place == 0 else bad,
                "new_status": "operational" if healthy else bad,
            }],
        })  # fmt: skip
    begun = _shown(rng, post.updates[0][1], zone)
    return {
        "id": post.id,
        "name": post.name,
        "status": post.updates[-1][0],
        "impact": post.impact,
        "created_at": begun,
        "started_at": begun,
        "updated_at": updates[-1]["display_at"],
        "monitoring_at": first.get("monitoring"),
        "resolved_at": first.get("resolved", first.get("completed")),
        "shortlink": f"https://stspg.example.com/{rng.token('shortlink', 10, _STATUSPAGE_IDS)}",
        "page_id": NamedRandom((page,)).token("page", 12, _STATUSPAGE_IDS),
        "components": [component],
        "incident_updates": updates[::-1],
    }


def statuspage_json(records: Sequence[dict[str, object]], page: str, zone: ZoneInfo, exported: int) -> bytes:
    """Return the file: `GET /api/v2/incidents.json`, all pages put together."""
    head = {
        "id": NamedRandom((page,)).token("page", 12, _STATUSPAGE_IDS),
        "name": page,
        "url": f"https://status.{page.lower()}.example.com",
        "time_zone": zone.key,
        "updated_at": _shown(NamedRandom((page,)), exported, zone),
    }
    lines = ",\n".join(json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in records)
    start = json.dumps({"page": head}, separators=(",", ":"))[:-1]
    return f'{start},"incidents":[\n{lines}\n]}}\n'.encode()


# What the status page of an organisation says of an incident, and when.


_NAMES = {
    "error_rate": "Elevated error rates in {c}",
    "latency": "{c}: slow responses",
    "availability": "{c} unavailable",
    "dependency": "{c} degraded by a third party",
}


IMPACTS = {"SEV1": "critical", "SEV2": "major", "SEV3": "minor", "SEV4": "minor"}


def post(one: Incident, component: str, first: int, exported: int, identified: float, monitoring: float) -> Post:
    """Return the public record of an incident.

    Parameters
    ----------
    one : Incident
    component : str
        What the page calls the service.
    first : int
        When the page first spoke of it.
    exported : int
        What comes later is not there.
    identified, monitoring : float
        Chance that somebody posted that the cause was known, and that the fix was in place.
    """
    rng = one.rng.of("post")
    updates = [("investigating", first)]

    def told(status: str, at: int | None, chance: float, low: int, high: int) -> None:
        if at is not None and rng.u(status) < chance:
            moment = at + rng.whole(f"{status} after", low, high)
            if updates[-1][1] < moment <= exported:
                updates.append((status, moment))

    if one.diagnosed_at is not None and (one.resolved_at is None or one.diagnosed_at < one.resolved_at):
        told("identified", one.diagnosed_at, identified, 60, 420)
    told("monitoring", one.resolved_at, monitoring, 40, 300)
    if one.verified_at is not None:
        told("resolved", max(one.verified_at, updates[-1][1]), 1.0, 60, 780)
    name = _NAMES[one.failure_mode].format(c=component)
    return Post(rng, name, IMPACTS[one.severity], component, tuple(updates))


def maintenance(model: Incident, component: str, begins: int) -> Post:
    """Return a planned maintenance: announced three days before, two hours long."""
    updates = (("scheduled", begins - 3 * 86_400), ("in_progress", begins), ("completed", begins + 7_200))
    return Post(model.rng.of("maintenance"), f"Planned maintenance of {component}", "maintenance", component,
                updates)  # fmt: skip
