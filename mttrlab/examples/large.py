"""The large organisation: two years, five files, and a better diagnosis from January 2026 on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from zoneinfo import ZoneInfo

import pandas as pd

from mttrlab.examples import incidents as made_up
from mttrlab.examples import vendors
from mttrlab.examples.deployments import every_deployment, name_releases
from mttrlab.examples.incidents import (
    DESK,
    EXPORTED,
    LATE_POSTS,
    MONTHS,
    PAGED,
    PAGED_ONLY,
    PUBLIC,
    TWINS,
    Incident,
    first_posts,
    in_pagerduty,
    in_tracker,
    large_incidents,
    uncounted_incidents,
    unix_seconds,
)
from mttrlab.examples.laws import IMPROVED_FROM, IMPROVEMENT, LATE, NamedRandom
from mttrlab.examples.organisation import IDENTIFIERS, Facts, Organisation, frozen, truth_table
from mttrlab.examples.practices import large_practices
from mttrlab.examples.telemetry import telemetry_files, telemetry_truth
from mttrlab.examples.vendors import Page, maintenance, post

_COLUMNS = {
    "exports/incidents.csv": "tracker_id",
    "exports/supply.json": "tracker_id",
    "exports/pagerduty.json": "pagerduty_id",
    "exports/servicenow.csv": "servicenow_id",
    "exports/statuspage.json": "statuspage_id",
}
_REOPENED = 3

# The files of the large organisation, each with the ids it gives and the dirt it holds.


_PRIORITY = {"SEV1": "P1", "SEV2": "P2", "SEV3": "P3", "SEV4": "P4"}
_UTC = ZoneInfo("Etc/UTC")
_NOISE = 420


@dataclass(frozen=True)
class File:
    content: bytes
    records: int
    ids: dict[str, str]
    marks: Counter[str]


def of_tracker(
    entries: Sequence[made_up.Entry],
    prefix: str,
    write: Callable[[Sequence[dict[str, str]]], bytes],
    twice: int = 0,
    older: int = 0,
) -> File:
    """Return a tracker's export: `twice` records stand in it twice, `older` ones also as they stood before the fix."""
    listed = sorted(entries, key=lambda entry: (entry.incident.started_at or 0, entry.incident.key))
    lines = {entry.incident.key: vendors.tracker_row(f"{prefix}-{1001 + at}", entry) for at, entry in enumerate(listed)}
    clean = [one.incident for one in listed if not one.marks and one.incident.fix_path != "automation"]
    drawn = [one.key for one in sorted(clean, key=lambda one: one.rng.u("exported twice"))]
    rows: list[dict[str, str]] = []
    for key, line in lines.items():
        if key in drawn[twice : twice + older]:
            rows.append(vendors.older_tracker_row(line))
        rows.extend([line] * (2 if key in drawn[:twice] else 1))
    marks = Counter(entry.incident.population for entry in listed if entry.incident.population != "counted")
    marks += Counter({"identical records": twice, "older revisions": older})
    return File(write(rows), len(rows), {key: line["incident_id"] for key, line in lines.items()}, marks)


def of_pagerduty(counted: list[Incident]) -> File:
    """Return the pages: those of incidents, and more that came to nothing."""
    rng = NamedRandom(("large", "noise"))
    services = {service: service for service in (*PAGED, PAGED_ONLY)}
    busy: dict[str, list[int]] = {service: [] for service in services}
    for one in counted:
        busy.setdefault(one.service, []).append(one.detected_at)
    pages = [(one.key, _page(one)) for one in counted if in_pagerduty(one)]
    unasked = noise_pages(rng, _NOISE, services, (unix_seconds(f"{MONTHS[0]}-01"), EXPORTED), busy)
    listed = sorted([*pages, *(("", page) for page in unasked)], key=lambda pair: (pair[1].created_at, pair[1].id))
    records = [
        vendors.pagerduty_record(page, 4200 + place, "larkspur.pagerduty") for place, (_, page) in enumerate(listed)
    ]
    page_ids = [str(record["id"]) for record in records]
    again = sorted(range(len(records)), key=lambda place: NamedRandom((page_ids[place],)).u("exported twice"))[:3]
    for place in sorted(again, reverse=True):
        records.insert(place, records[place])
    ids = {key: page.id for key, page in pages}
    marks = Counter(
        {"pages that are no incidents": len(unasked), "identical records": 3, "ambiguous pages": len(TWINS)}
    )
    return File(vendors.pagerduty_json(records), len(records), ids, marks)


def _page(one: Incident) -> vendors.Page:
    resolved = one.resolved_at
    if resolved is not None:
        resolved = min(EXPORTED - 1, resolved + one.rng.whole("pager closed", 5, 420))
    return vendors.Page(
        one.rng.of("page"),
        # People who write nothing but pages rename them.
        one.title if one.service == PAGED_ONLY else made_up.page_title(one),
        one.service,
        one.detected_at - one.rng.whole("typed late", 0, 40),
        one.acknowledged_at,
        resolved,
        _PRIORITY[one.severity],
        automatic=one.fix_path == "automation",
    )


def of_servicenow(counted: list[Incident]) -> File:
    """Return the audit log of the internal services."""
    desk = [one for one in counted if one.service in DESK]
    rows: list[dict[str, str]] = []
    ids: dict[str, str] = {}
    for place, one in enumerate(desk):
        made = vendors.servicenow_log(12001 + 7 * place, one)
        ids[one.key] = made[0]["number"]
        rows.extend(made)
    spare = [one for one in desk if one.resolved_at is not None and one.resolved_at < EXPORTED - 30 * 86_400]
    for place, one in enumerate(sorted(spare, key=lambda one: one.rng.u("cancelled"))[:2]):
        later = {name: at and at + 9 * 86_400 for name, at in made_up.stamps_of(one).items()}
        false_alarm = replace(one, key=f"{one.key}/false alarm", title=f"{one.service}: false alarm", **later)  # type: ignore[arg-type]
        rows.extend(vendors.servicenow_log(13900 + place, false_alarm, cancelled=True))
    marks = Counter({"cancelled": 2, "ambiguous local times": 1})
    marks["closed by timer"] = len({row["number"] for row in rows if row["incident_state"] == "Closed"})
    return File(vendors.servicenow_csv(rows), len(rows), ids, marks)


def of_statuspage(counted: list[Incident], first: dict[str, int]) -> File:
    """Return the public page."""
    posts = [
        (one.key, post(one, PUBLIC[one.service], first[one.key], EXPORTED, 0.65, 0.85))
        for one in counted
        if one.key in first
    ]
    planned = [
        maintenance(counted[150 * place], component, unix_seconds(f"202{5 + place // 2}-0{3 + place}-11T02:00"))
        for place, component in enumerate(sorted(PUBLIC.values()))
    ]
    listed = [*(one for _, one in posts), *planned]
    listed.sort(key=lambda one: (-one.updates[0][1], one.id))
    records = [vendors.statuspage_record(one, "Larkspur", _UTC) for one in listed]
    marks = Counter({"maintenance": len(planned), "posts too late to join": LATE_POSTS})
    return File(
        vendors.statuspage_json(records, "Larkspur", _UTC, EXPORTED),
        len(records),
        {key: one.id for key, one in posts},
        marks,
    )


# The settings that the large organisation has written for its exports.


SETTINGS = """\
# What the lab must know about these exports and cannot see in them.
sources:
  servicenow.csv:
    format: servicenow
    timezone: Europe/Berlin   # the log shows the office's wall clock and does not say so
services:
  payment-service: [Payments]
  checkout-service: [Checkout]
  user-service: [Accounts and login]
severity:
  P1: SEV1
  P2: SEV2
  P3: SEV3
  P4: SEV4
  1 - Critical: SEV1
  2 - High: SEV2
  3 - Moderate: SEV3
  4 - Low: SEV4
  critical: SEV1
  major: SEV2
  minor: SEV3
incident_types:
  - {pattern: "certificate", type: certificate_expiry}
  - {pattern: "release|deploy", type: bad_deployment}
  - {pattern: "config", type: config_change}
  - {pattern: "database|slow quer", type: database_slow}
  - {pattern: "upstream|provider|third party", type: dependency_outage}
  - {pattern: "capacity|saturated|pool exhausted", type: capacity}
  - {pattern: "crash|OOMKilled", type: crash_loop}
  - {pattern: "queue|backlog|delayed", type: queue_backlog}
join:
  within_minutes: 30
slo: 0.999
events:   # what the teams did and when: named where a change is found near it
  - {date: "2026-01-15", name: "diagnostic runbooks", moves: acknowledged_to_diagnosed}
price_of_a_minute: 85.0
currency: EUR
practices: ../practices   # rules, monitors, runbooks: what the teams run
telemetry: ../telemetry   # metrics, deployments, firings, logs: what the systems said
working_hours: {timezone: Europe/Berlin, days: [mon, tue, wed, thu, fri], start: "09:00", end: "18:00"}
"""

# Pages that are no incidents: most of what a pager says.


_TITLES = (
    "[FIRING] {s} disk usage > 80 %",
    "[FIRING] {s} p99 latency > 2s for 1m",
    "{s}: pod restarted",
    "{s} synthetic check failed from 1 of 6 locations",
    "[FIRING] {s} queue age > 60s",
    "{s}: certificate expires in 21 days",
    "{s} health check flapping",
)
CLEAR = 70 * 60
"""A page that is noise begins at least this many seconds from an incident of its service."""


def noise_pages(
    rng: NamedRandom,
    count: int,
    services: Mapping[str, str],
    between: tuple[int, int],
    busy: Mapping[str, Sequence[int]],
) -> list[Page]:
    """Return `count` pages that came to nothing.

    Parameters
    ----------
    rng : NamedRandom
    count : int
    services : mapping
        What PagerDuty calls a service, and which service it is.
    between : (int, int)
        First and last second; the last page is a few minutes before the end, and the last three are still open.
    busy : mapping
        Moments around which a service has an incident.
    """
    first, last = between
    made: list[Page] = []
    for place in range(count):
        own = rng.of(str(place))
        newest = place >= count - 3
        name, at = "", 0
        for attempt in range(1000):
            name = own.one(f"service {attempt}", sorted(services))
            at = last - own.whole(f"recent {attempt}", 120, 1500) if newest else own.whole(f"at {attempt}", first, last)
            if newest or (
                at < last - 3600 and all(abs(at - moment) > CLEAR for moment in busy.get(services[name], ()))
            ):
                break
        human = own.u("human") < 0.15
        acknowledged = at + own.whole("acknowledged", 60, 540) if human else None
        resolved = (acknowledged or at) + own.whole("resolved", 45, 840)
        if newest:
            acknowledged, resolved = None, 0
        title = own.one("title", _TITLES).format(s=name)
        made.append(Page(own, title, name, at, acknowledged, resolved or None, automatic=not human))
    return made


@cache
def large() -> Organisation:
    """Return the large organisation."""
    counted = made_up.reopen(large_incidents(), _REOPENED)
    deployed = every_deployment(counted)
    counted = name_releases(counted, deployed)
    everything = sorted([*counted, *uncounted_incidents(counted)], key=lambda one: (one.started_at or 0, one.key))
    posts = first_posts(counted)
    elsewhere = {one.key for one in counted if in_pagerduty(one)} | set(posts)
    entries = made_up.entries([one for one in counted if in_tracker(one)], elsewhere)
    marks = {entry.incident.key: entry.marks for entry in entries}
    listed = [
        *entries,
        *(made_up.Entry(one, made_up.stamps_of(one), ()) for one in everything if one.population != "counted"),
    ]
    supply = [entry for entry in listed if entry.incident.service in made_up.TIMED]
    main = [entry for entry in listed if entry.incident.service not in made_up.TIMED]
    files = {
        "exports/incidents.csv": of_tracker(main, "INC", vendors.tracker_csv, twice=6, older=8),
        "exports/supply.json": of_tracker(supply, "STK", vendors.tracker_json, twice=1, older=2),
        "exports/pagerduty.json": of_pagerduty(counted),
        "exports/servicenow.csv": of_servicenow(counted),
        "exports/statuspage.json": of_statuspage(counted, posts),
    }
    planted: Counter[str] = Counter(mark for words in marks.values() for mark in words)
    for file in files.values():
        planted += file.marks
    planted["open"] = sum(one.open for one in counted)
    planted["reopened"] = sum(one.first_resolved_at is not None for one in counted)
    planted["fixed before diagnosed"] = sum(
        one.diagnosed_at is not None and one.resolved_at is not None and one.diagnosed_at > one.resolved_at
        for one in counted
    )
    facts = Facts(
        exported_at=pd.Timestamp(EXPORTED, unit="s", tz="UTC"),
        months=MONTHS[:-1],
        records=frozen({name: file.records for name, file in files.items()}),
        dirt=frozen(dict(sorted(planted.items()))),
        improved_from=pd.Timestamp(IMPROVED_FROM, tz="UTC"),
        improvement=IMPROVEMENT,
        improved_late={team: pd.Timestamp(day, tz="UTC") for team, day in LATE.items()},
        timer_hours={"exports/supply.json": made_up.TIMER_HOURS, "exports/servicenow.csv": vendors.TIMER_HOURS},
        zones={"exports/servicenow.csv": "Europe/Berlin"},
        telemetry=telemetry_truth(counted),
    )
    ids = {
        column: {
            key: name for path, file in files.items() if _COLUMNS[path] == column for key, name in file.ids.items()
        }
        for column in IDENTIFIERS
    }
    contents = {name: file.content for name, file in files.items()}
    contents["exports/mttrlab.yml"] = SETTINGS.encode()
    contents |= large_practices()
    contents |= telemetry_files(counted, deployed)
    return Organisation("large", truth_table(everything, ids, marks), facts, contents)
