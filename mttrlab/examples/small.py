"""The small organisation: three months of pages, a status page, and nobody who writes the rest down."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import cache
from zoneinfo import ZoneInfo

import pandas as pd

from mttrlab.examples import large, vendors
from mttrlab.examples.incidents import Incident, unix_seconds
from mttrlab.examples.laws import NamedRandom
from mttrlab.examples.organisation import Facts, Organisation, frozen, truth_table
from mttrlab.examples.practices import monitor_of, small_practices
from mttrlab.examples.vendors import post

EXPORTED = unix_seconds("2026-07-01T07:00:00")
_MONTHS = {"2026-04": 12, "2026-05": 11, "2026-06": 12}
_PAGES = 400
_ZONE = ZoneInfo("America/Chicago")
_PAGERS = {
    "checkout": ("Checkout API", "checkout-service"),
    "website": ("web-frontend",),
    "payments": ("Payments",),
    "auth": ("Auth",),
    "search": ("search",),
    "jobs": ("background-jobs",),
}
"""What PagerDuty calls each service: checkout has two names there."""
_COMPONENTS = {"checkout": "Checkout", "website": "Website", "payments": "Payments", "auth": "Auth"}
"""What the status page calls them: a third name for checkout, another one for the website."""


@dataclass(frozen=True)
class _Role:
    """How one of the 35 incidents shows."""

    services: tuple[str, ...]
    priority: bool
    public: bool
    count: int


_ROLES = (
    _Role(("payments", "auth"), priority=True, public=True, count=10),
    _Role(("checkout", "website", "search", "jobs"), priority=True, public=False, count=15),
    # Nobody set a priority: these count because a public post on a service of the same name joins them.
    _Role(("payments", "auth"), priority=False, public=True, count=4),
    # And these have a post under another name: until aliases are set, the post counts and the page does not.
    _Role(("checkout", "website"), priority=False, public=True, count=6),
)


def _dirt(
    lived: list[tuple[Incident, _Role]], unasked: int, merged: int, posts: list[tuple[tuple[str, int], ...]]
) -> dict[str, int]:
    said = [{status for status, _ in updates} for updates in posts]
    renamed = Counter(role.public and _COMPONENTS[one.service] not in _PAGERS[one.service] for one, role in lived)
    return {
        "pages that are no incidents": unasked,
        "merged": merged,
        "incidents without a priority": sum(not role.priority for _, role in lived),
        "posts": len(posts),
        "posts under another service name": renamed[True],
        "posts without identified": sum("identified" not in statuses for statuses in said),
        "posts without monitoring": sum("monitoring" not in statuses for statuses in said),
        "open": sum(one.resolved_at is None for one, _ in lived),
    }


def _incident(place: int, month: str, role: _Role, before: list[Incident]) -> Incident:
    rng = NamedRandom((f"small/{month}/{place:02d}",))
    service = rng.one("service", role.services)
    first = unix_seconds(f"{month}-01")
    started, attempt = 0, 0
    while not started or any(
        abs(started - (one.started_at or 0)) < 3 * 3600 for one in before if one.service == service
    ):
        attempt += 1
        started = first + rng.whole(f"start {attempt}", 0, 29 * 86_400)
    opened = place in _open_places()
    if opened:
        started = EXPORTED - rng.whole("open since", 5, 9) * 3600 - (6 * 86_400 if place % 2 else 8 * 3600)
    mode, words = rng.one("fault", FAULTS)
    monitor = monitor_of(service, mode)
    said = f"[Triggered] {monitor}" if monitor else words.format(s=rng.one("pager", _PAGERS[service]))
    detected = started + round(60 * rng.minutes("detect", 6, 0.8))
    acknowledged = detected + round(60 * rng.minutes("acknowledge", 5, 0.9))
    diagnosed = acknowledged + round(60 * rng.minutes("diagnose", 26, 0.9))
    # A public incident lasts long enough for somebody to post about it.
    resolved = max(diagnosed + round(60 * rng.minutes("resolve", 14, 0.9)), detected + 32 * 60 * role.public)
    verified = resolved + round(60 * rng.minutes("verify", 9, 0.6))
    return Incident(
        key=rng.names[0],
        service=service,
        team="platform",
        severity=rng.pick("severity", {"SEV1": 0.1, "SEV2": 0.35, "SEV3": 0.55}),
        incident_type="",
        failure_mode=mode,
        title=HOSTILE.get(place) or said,
        detected_by="alert",
        fix_path=None,
        change_id=None,
        users=None,
        started_at=started,
        detected_at=detected,
        acknowledged_at=acknowledged,
        diagnosed_at=None if opened else diagnosed,
        resolved_at=None if opened else resolved,
        verified_at=None if opened else verified,
    )


def _open_places() -> tuple[int, int]:
    """Two of June that have no post, so that only their priority counts them."""
    roles = [role for role in _ROLES for _ in range(role.count)]
    order = sorted(range(len(roles)), key=lambda place: NamedRandom(("small", "order", str(place))).u("role"))
    places = [place for place in range(23, 35) if not roles[order[place]].public]
    return places[0], places[1]


def _page(one: Incident, role: _Role) -> vendors.Page:
    resolved = one.resolved_at
    if resolved is not None:
        resolved += one.rng.whole("pager closed", 5, 240)
    return vendors.Page(
        one.rng.of("page"),
        one.title,
        one.rng.one("pager", _PAGERS[one.service]),
        one.detected_at,
        one.acknowledged_at,
        resolved,
        {"SEV1": "P1", "SEV2": "P2", "SEV3": "P3"}[one.severity] if role.priority else None,
    )


# What the pager of the small organisation says.


FAULTS = (
    ("error_rate", "[FIRING:1] High5xxRate {s}"),
    ("error_rate", "{s} error rate above 5%"),
    ("latency", "[FIRING:1] SlowResponses {s} p95"),
    ("latency", "{s} p95 > 3s for 10m"),
    ("availability", "{s} is DOWN (uptime check)"),
    ("availability", "[FIRING:2] PodsNotReady {s}"),
    ("dependency", "{s}: upstream timeouts"),
)
"""Failure mode, and what tools whose rules nobody exported say of it."""

HOSTILE = {
    18: '<img src=x onerror=alert(1)> in product page, "white screen" & no stock',
    29: "=SUM(A1:A9) shown instead of the price 💸",
    34: "Card form: $amount$ is $0.00 | login_page_v2",
}
"""Titles that people pasted, by the place of the incident, each on a service that it fits."""


@cache
def small() -> Organisation:
    """Return the small organisation."""
    roles = [role for role in _ROLES for _ in range(role.count)]
    order = sorted(range(len(roles)), key=lambda place: NamedRandom(("small", "order", str(place))).u("role"))
    months = [month for month, count in _MONTHS.items() for _ in range(count)]
    lived: list[tuple[Incident, _Role]] = []
    for place, month in enumerate(months):
        lived.append((_incident(place, month, roles[order[place]], [one for one, _ in lived]), roles[order[place]]))
    lived.sort(key=lambda pair: pair[0].started_at or 0)
    incidents = [one for one, _ in lived]
    pages = {one.key: _page(one, role) for one, role in lived}
    merged = [
        replace(page, rng=page.rng.of("merged"), title=f"{page.service} error budget burn",
                created_at=page.created_at + 90, resolved_at=page.created_at + 400, acknowledged_at=None, priority=None,
                merged=True)
        for page in [pages[one.key] for one, role in lived if not role.public and one.resolved_at][:6]
    ]  # fmt: skip
    into = {extra.id: page.id for extra in merged for page in pages.values() if page.rng.of("merged") == extra.rng}
    names = {name: service for service, called in _PAGERS.items() for name in called}
    busy = {service: [one.detected_at for one in incidents if one.service == service] for service in _PAGERS}
    unasked = large.noise_pages(NamedRandom(("small", "noise")), _PAGES - len(pages) - len(merged), names,
                          (unix_seconds("2026-04-01"), EXPORTED), busy)  # fmt: skip
    listed = sorted([*pages.values(), *merged, *unasked], key=lambda page: (page.created_at, page.id))
    records = [
        vendors.pagerduty_record(page, 1 + place, "pinebox.pagerduty", into.get(page.id))
        for place, page in enumerate(listed)
    ]
    posts = {
        one.key: post(one, _COMPONENTS[one.service], one.detected_at + one.rng.whole("first post", 180, 1200),
                      EXPORTED, 0.5, 0.5)
        for one, role in lived if role.public
    }  # fmt: skip
    public = [
        vendors.statuspage_record(one, "Pinebox", _ZONE)
        for one in sorted(posts.values(), key=lambda one: (-one.updates[0][1], one.id))
    ]
    facts = Facts(
        exported_at=pd.Timestamp(EXPORTED, unit="s", tz="UTC"),
        months=tuple(_MONTHS),
        records=frozen({"small/pagerduty.json": len(records), "small/statuspage.json": len(public)}),
        dirt=frozen(_dirt(lived, len(unasked), len(merged), [one.updates for one in posts.values()])),
    )
    ids = {
        "pagerduty_id": {key: page.id for key, page in pages.items()},
        "statuspage_id": {key: one.id for key, one in posts.items()},
    }
    contents = {
        "small/pagerduty.json": vendors.pagerduty_json(records),
        "small/statuspage.json": vendors.statuspage_json(public, "Pinebox", _ZONE, EXPORTED),
        **small_practices(),
    }
    return Organisation("small", truth_table(incidents, ids, {}), facts, contents)
