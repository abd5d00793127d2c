"""The files of the large organisation, each with the ids it gives and the dirt it holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from mttrlab.examples import dirt, noise, pagerduty, servicenow, statuspage, titles
from mttrlab.examples import tracker as trackers
from mttrlab.examples.arrivals import EXPORTED, MONTHS, TWINS
from mttrlab.examples.incident import Incident, seconds
from mttrlab.examples.luck import Luck
from mttrlab.examples.public import maintenance, post
from mttrlab.examples.routes import DESK, LATE_POSTS, PAGED, PAGED_ONLY, PUBLIC, paged

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
    entries: Sequence[dirt.Entry],
    prefix: str,
    write: Callable[[Sequence[dict[str, str]]], bytes],
    twice: int = 0,
    older: int = 0,
) -> File:
    """Return a tracker's export: `twice` records stand in it twice, `older` ones also as they stood before the fix."""
    listed = sorted(entries, key=lambda entry: (entry.incident.started_at or 0, entry.incident.key))
    lines = {entry.incident.key: trackers.row(f"{prefix}-{1001 + at}", entry) for at, entry in enumerate(listed)}
    clean = [one.incident for one in listed if not one.marks and one.incident.fix_path != "automation"]
    drawn = [one.key for one in sorted(clean, key=lambda one: one.luck.u("exported twice"))]
    rows: list[dict[str, str]] = []
    for key, line in lines.items():
        if key in drawn[twice : twice + older]:
            rows.append(trackers.older(line))
        rows.extend([line] * (2 if key in drawn[:twice] else 1))
    marks = Counter(entry.incident.population for entry in listed if entry.incident.population != "counted")
    marks += Counter({"identical records": twice, "older revisions": older})
    return File(write(rows), len(rows), {key: line["incident_id"] for key, line in lines.items()}, marks)


def of_pagerduty(counted: list[Incident]) -> File:
    """Return the pages: those of incidents, and more that came to nothing."""
    luck = Luck(("large", "noise"))
    services = {service: service for service in (*PAGED, PAGED_ONLY)}
    busy: dict[str, list[int]] = {service: [] for service in services}
    for one in counted:
        busy.setdefault(one.service, []).append(one.detected_at)
    pages = [(one.key, _page(one)) for one in counted if paged(one)]
    unasked = noise.pages(luck, _NOISE, services, (seconds(f"{MONTHS[0]}-01"), EXPORTED), busy)
    listed = sorted([*pages, *(("", page) for page in unasked)], key=lambda pair: (pair[1].created_at, pair[1].id))
    records = [pagerduty.record(page, 4200 + place, "larkspur.pagerduty") for place, (_, page) in enumerate(listed)]
    again = sorted(range(len(records)), key=lambda place: Luck((records[place]["id"],)).u("exported twice"))[:3]
    for place in sorted(again, reverse=True):
        records.insert(place, records[place])
    ids = {key: page.id for key, page in pages}
    marks = Counter(
        {"pages that are no incidents": len(unasked), "identical records": 3, "ambiguous pages": len(TWINS)}
    )
    return File(pagerduty.envelope(records), len(records), ids, marks)


def _page(one: Incident) -> pagerduty.Page:
    resolved = one.resolved_at
    if resolved is not None:
        resolved = min(EXPORTED - 1, resolved + one.luck.whole("pager closed", 5, 420))
    return pagerduty.Page(
        one.luck.of("page"),
        # People who write nothing but pages rename them.
        one.title if one.service == PAGED_ONLY else titles.alert(one.failure_mode, one.service),
        one.service,
        one.detected_at - one.luck.whole("typed late", 0, 40),
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
        made = servicenow.log(12001 + 7 * place, one)
        ids[one.key] = made[0]["number"]
        rows.extend(made)
    spare = [one for one in desk if one.resolved_at is not None and one.resolved_at < EXPORTED - 30 * 86_400]
    for place, one in enumerate(sorted(spare, key=lambda one: one.luck.u("cancelled"))[:2]):
        later = {name: at and at + 9 * 86_400 for name, at in dirt.stamps_of(one).items()}
        false_alarm = replace(one, key=f"{one.key}/false alarm", title=f"{one.service}: false alarm", **later)  # type: ignore[arg-type]
        rows.extend(servicenow.log(13900 + place, false_alarm, cancelled=True))
    marks = Counter({"cancelled": 2, "ambiguous local times": 1})
    marks["closed by timer"] = len({row["number"] for row in rows if row["incident_state"] == "Closed"})
    return File(servicenow.table(rows), len(rows), ids, marks)


def of_statuspage(counted: list[Incident], first: dict[str, int]) -> File:
    """Return the public page."""
    posts = [
        (one.key, post(one, PUBLIC[one.service], first[one.key], EXPORTED, 0.65, 0.85))
        for one in counted
        if one.key in first
    ]
    planned = [
        maintenance(counted[150 * place], component, seconds(f"202{5 + place // 2}-0{3 + place}-11T02:00"))
        for place, component in enumerate(sorted(PUBLIC.values()))
    ]
    listed = [*(one for _, one in posts), *planned]
    listed.sort(key=lambda one: (-one.updates[0][1], one.id))
    records = [statuspage.record(one, "Larkspur", _UTC) for one in listed]
    marks = Counter({"maintenance": len(planned), "posts too late to join": LATE_POSTS})
    return File(
        statuspage.envelope(records, "Larkspur", _UTC, EXPORTED),
        len(records),
        {key: one.id for key, one in posts},
        marks,
    )
