"""The large organisation: two years, four tools, and a better diagnosis from January 2026 on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import cache
from zoneinfo import ZoneInfo

import pandas as pd

from mttrlab.examples import dirt, noise, pagerduty, servicenow, statuspage, titles, tracker
from mttrlab.examples.arrivals import EXPORTED, MONTHS, incidents, others
from mttrlab.examples.incident import Incident, seconds
from mttrlab.examples.laws import IMPROVED_FROM, IMPROVEMENT
from mttrlab.examples.luck import Luck
from mttrlab.examples.organisation import Facts, Organisation, frozen, truth_table
from mttrlab.examples.public import maintenance, post
from mttrlab.examples.routes import DESK, PAGED, PAGED_ONLY, PUBLIC, first_posts, paged, tracked
from mttrlab.examples.settings import SETTINGS

_PRIORITY = {"SEV1": "P1", "SEV2": "P2", "SEV3": "P3", "SEV4": "P4"}
_UTC = ZoneInfo("Etc/UTC")
_NOISE, _TWICE, _OLDER, _REOPENED = 420, 6, 8, 3


@dataclass(frozen=True)
class _File:
    content: bytes
    records: int
    ids: dict[str, str]
    marks: Counter[str]


@cache
def large() -> Organisation:
    """Return the large organisation."""
    counted = dirt.reopen(incidents(), _REOPENED)
    everything = sorted([*counted, *others(counted)], key=lambda one: (one.started_at or 0, one.key))
    posts = first_posts(counted)
    elsewhere = {one.key for one in counted if paged(one)} | set(posts)
    entries = dirt.entries([one for one in counted if tracked(one)], elsewhere)
    files = {
        "exports/incidents.csv": _tracker(entries, [one for one in everything if one.population != "counted"]),
        "exports/pagerduty.json": _pagerduty(counted),
        "exports/servicenow.csv": _servicenow(counted),
        "exports/statuspage.json": _statuspage(counted, posts),
    }
    marks = {entry.incident.key: entry.marks for entry in entries}
    columns = ("tracker_id", "pagerduty_id", "servicenow_id", "statuspage_id")
    planted: Counter[str] = Counter(mark for words in marks.values() for mark in words)
    for file in files.values():
        planted += file.marks
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
        timer_hours={"exports/incidents.csv": dirt.TIMER_HOURS, "exports/servicenow.csv": servicenow.TIMER_HOURS},
        zones={"exports/servicenow.csv": "Europe/Berlin"},
    )
    ids = {column: file.ids for column, file in zip(columns, files.values(), strict=True)}
    contents = {name: file.content for name, file in files.items()}
    contents["exports/mttrlab.yml"] = SETTINGS.encode()
    return Organisation("large", truth_table(everything, ids, marks), facts, contents)


def _tracker(entries: list[dirt.Entry], extra: list[Incident]) -> _File:
    listed = [*entries, *(dirt.Entry(one, dirt.stamps_of(one), ()) for one in extra)]
    listed.sort(key=lambda entry: (entry.incident.started_at or 0, entry.incident.key))
    lines = {entry.incident.key: tracker.row(f"INC-{1001 + place}", entry) for place, entry in enumerate(listed)}
    clean = [entry for entry in entries if not entry.marks and entry.incident.fix_path != "automation"]
    drawn = sorted(clean, key=lambda entry: entry.incident.luck.u("exported twice"))
    twice = {entry.incident.key for entry in drawn[:_TWICE]}
    revised = {entry.incident.key for entry in drawn[_TWICE : _TWICE + _OLDER]}
    rows: list[dict[str, str]] = []
    for key, line in lines.items():
        if key in revised:
            rows.append(tracker.older(line))
        rows.extend([line] * (2 if key in twice else 1))
    kinds = Counter(entry.incident.population for entry in listed if entry.incident.population != "counted")
    marks = Counter({"identical records": _TWICE, "older revisions": _OLDER}) + kinds
    return _File(tracker.table(rows), len(rows), {key: line["incident_id"] for key, line in lines.items()}, marks)


def _pagerduty(counted: list[Incident]) -> _File:
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
    marks = Counter({"pages that are no incidents": len(unasked), "identical records": 3, "ambiguous pages": 3})
    return _File(pagerduty.envelope(records), len(records), ids, marks)


def _page(one: Incident) -> pagerduty.Page:
    resolved = one.resolved_at
    if resolved is not None:
        resolved = min(EXPORTED - 1, resolved + one.luck.whole("pager closed", 5, 420))
    return pagerduty.Page(
        one.luck.of("page"),
        titles.alert(one.failure_mode, one.service),
        one.service,
        one.detected_at - one.luck.whole("typed late", 0, 40),
        one.acknowledged_at,
        resolved,
        _PRIORITY[one.severity],
        automatic=one.fix_path == "automation",
    )


def _servicenow(counted: list[Incident]) -> _File:
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
    return _File(servicenow.table(rows), len(rows), ids, marks)


def _statuspage(counted: list[Incident], first: dict[str, int]) -> _File:
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
    marks = Counter({"maintenance": len(planned), "posts too late to join": 3})
    return _File(
        statuspage.envelope(records, "Larkspur", _UTC, EXPORTED),
        len(records),
        {key: one.id for key, one in posts},
        marks,
    )
