"""What an incident of a made-up organisation is, and its life under the laws."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from mttrlab.examples.laws import (
    ACKNOWLEDGE,
    AFTERWARDS,
    ARRIVAL_WEIGHTS,
    DETECT,
    FIX,
    HARD_FACTOR,
    HARD_SHARE,
    IMPROVED_FROM,
    IMPROVEMENT,
    LATE,
    LOADINGS,
    MITIGATED_FIRST,
    OFF_HOURS,
    SEVERITIES,
    TYPES,
    USERS,
    Lognormal,
    NamedRandom,
    PlantedType,
)
from mttrlab.examples.practices import JOURNEYS, alert_of

LOCAL = ZoneInfo("Europe/Berlin")
"""Where the people of the large organisation live."""


def unix_seconds(text: str) -> int:
    """Return whole seconds since 1970 of an ISO time; without a zone it is UTC.

    Examples
    --------
    >>> unix_seconds("1970-01-02")
    86400
    """
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def off_hours(at: int) -> tuple[bool, bool]:
    """Return whether a moment is at night and whether it is at a weekend, in local time."""
    local = datetime.fromtimestamp(at, LOCAL)
    return local.hour >= 22 or local.hour < 7, local.weekday() >= 5


def live(
    rng: NamedRandom, kind: PlantedType, team: str, started: int, detected_by: str, fix_path: str
) -> dict[str, int | None]:
    """Return the stamps of an incident that begins at `started`.

    Parameters
    ----------
    rng : NamedRandom
        The incident's own.
    kind : PlantedType
    team : str
        Whose service fails.
    started : int
        Seconds since 1970 UTC.
    detected_by, fix_path : str
        Who notices, and how it ends.

    Returns
    -------
    dict
        The six stamps; None where there is none.
    """
    difficulty = rng.z("difficulty")

    def spent(phase: str, law: Lognormal, factor: float = 1.0) -> int:
        loading = LOADINGS[phase]
        deviate = loading * difficulty + math.sqrt(1 - loading**2) * rng.z(phase)
        return max(1, round(60 * factor * law.median * math.exp(law.sigma * deviate)))

    slow = any(off_hours(started))
    detected = started + spent("detect", DETECT[detected_by])
    acknowledged: int | None = None
    diagnosed: int | None = None
    if fix_path == "automation":
        resolved = detected + spent("resolve", FIX[fix_path])
    else:
        waited = rng.minutes("acknowledge", ACKNOWLEDGE.median, ACKNOWLEDGE.sigma)
        acknowledged = detected + max(1, round(60 * waited * (OFF_HOURS["acknowledge"] if slow else 1.0)))
        if mitigated_first(rng, fix_path):
            resolved = acknowledged + spent("resolve", FIX[fix_path])
            diagnosed = resolved + spent("diagnose", AFTERWARDS)
        else:
            diagnosed = acknowledged + spent("diagnose", kind.diagnose, diagnosis_factor(rng, team, started))
            resolved = diagnosed + spent("resolve", FIX[fix_path])
    return {
        "started_at": started,
        "detected_at": detected,
        "acknowledged_at": acknowledged,
        "diagnosed_at": diagnosed,
        "resolved_at": resolved,
        "verified_at": resolved + spent("verify", kind.verify),
    }


def mitigated_first(rng: NamedRandom, fix_path: str) -> bool:
    """Return whether people pulled the fix before they knew the cause."""
    return fix_path in ("rollback", "flag") and rng.u("mitigated first") < MITIGATED_FIRST


def diagnosis_factor(rng: NamedRandom, team: str, started: int) -> float:
    """Return what the hour, the improvement and novelty do to the work of diagnosis."""
    factor = OFF_HOURS["diagnose"] if any(off_hours(started)) else 1.0
    if started >= unix_seconds(LATE.get(team, IMPROVED_FROM)):
        factor *= IMPROVEMENT
    return factor * (HARD_FACTOR if rng.u("hard") < HARD_SHARE else 1.0)


# When incidents of the large organisation begin, and whom they hit.


EXPORTED = unix_seconds("2026-07-02T06:00:00")
"""When the exports of the large organisation were taken."""


MONTHS = tuple(f"{year}-{month:02d}" for year in (2024, 2025, 2026) for month in range(1, 13))[6:31]
"""July 2024 to July 2026; the last one has hardly begun."""


TEAMS = {
    "payment-service": "payments", "fraud-service": "payments", "checkout-service": "storefront",
    "user-service": "identity", "search-service": "discovery", "catalogue-service": "supply",
    "inventory-service": "supply", "notification-service": "messaging", "gateway-service": "edge",
    "reporting-service": "back-office", "ledger-service": "back-office",
}  # fmt: skip


TRACKED = tuple(service for service, team in TEAMS.items() if team not in ("edge", "back-office"))


_SHARES = {
    "payment-service": 0.17, "checkout-service": 0.17, "user-service": 0.15, "fraud-service": 0.11,
    "search-service": 0.10, "catalogue-service": 0.05, "inventory-service": 0.05, "notification-service": 0.07,
    "gateway-service": 0.05, "reporting-service": 0.04, "ledger-service": 0.04,
}  # fmt: skip


APART = 4 * 3600
"""Incidents of one service begin at least this many seconds apart, save the planted twins."""


TWINS = {"2025-03": "payment-service", "2025-11": "checkout-service", "2026-04": "payment-service"}
"""Months whose first two incidents hit the same service nine minutes apart, so that one page fits both."""


_FIXED = {
    ("2025-10", 2): ("ledger-service", unix_seconds("2025-10-26T00:20:00")),
    ("2026-07", 0): ("ledger-service", unix_seconds("2026-07-02T04:40:00")),
}
"""By month and place: an incident in the hour that the office's clock shows twice, and one just before the export."""


_OPEN = {"2026-05": 1, "2026-06": 2, "2026-07": 2}


@dataclass(frozen=True)
class Incident:
    """One true incident. Times are whole seconds since 1970 UTC; None: it never happened, or not yet."""

    key: str
    service: str
    team: str
    severity: str
    incident_type: str
    failure_mode: str
    title: str
    detected_by: str
    fix_path: str | None
    change_id: str | None
    users: float | None
    started_at: int | None
    detected_at: int
    acknowledged_at: int | None
    diagnosed_at: int | None
    resolved_at: int | None
    verified_at: int | None
    first_resolved_at: int | None = None
    population: str = "counted"

    @property
    def rng(self) -> NamedRandom:
        """The random numbers that belong to this incident."""
        return NamedRandom((self.key,))

    @property
    def open(self) -> bool:
        """Whether it had no fix when the exports were taken."""
        return self.resolved_at is None


def large_incidents() -> list[Incident]:
    """Return every counted incident, by start; stamps later than the export are not there yet."""
    found: list[Incident] = []
    taken: dict[str, list[int]] = {service: [] for service in _SHARES}
    for month in MONTHS:
        of_month = NamedRandom(("large", month))
        count = of_month.whole("incidents", 22, 28) if month != MONTHS[-1] else _OPEN[month]
        for place in range(count):
            found.append(_incident(NamedRandom((f"large/{month}/{place:02d}",)), month, place, taken))
    return _hostile(sorted(found, key=lambda one: (one.started_at or 0, one.key)))


def _incident(rng: NamedRandom, month: str, place: int, taken: dict[str, list[int]]) -> Incident:
    twin = month in TWINS and place < 2
    service = TWINS[month] if twin else rng.pick("service", _SHARES)
    if (month, place) in _FIXED:
        service, started = _FIXED[month, place]
    elif twin and place == 1:
        started = taken[service][-1] + 9 * 60
    else:
        clear = (at for at in _candidates(rng, month) if all(abs(at - other) > APART for other in taken[service]))
        started = next(clear)
    taken[service].append(started)
    kind = next(one for one in TYPES if one.name == rng.pick("type", {one.name: one.share for one in TYPES}))
    severity = rng.pick("severity", SEVERITIES)
    low, high = USERS[severity]
    detected_by, fix_path = rng.pick("detected by", kind.detected_by), rng.pick("fix path", kind.fix_paths)
    opened = place < _OPEN.get(month, 0)
    if twin:
        detected_by, fix_path = "alert", "config"
    if opened:
        detected_by, fix_path = "alert", "forward_fix"
    detected_by = _able_to_notice(rng, kind, service, detected_by)
    stamps = live(rng, kind, TEAMS[service], started, detected_by, fix_path)
    if opened:
        stamps |= {"resolved_at": None, "verified_at": None}
    if opened and place % 2:
        stamps["diagnosed_at"] = None
    known = {name: at if at is not None and at <= EXPORTED else None for name, at in stamps.items()}
    detected = known["detected_at"]
    assert detected is not None, "incidents begin long enough before the export to be noticed"
    return Incident(
        key=rng.names[0],
        service=service,
        team=TEAMS[service],
        severity=severity,
        incident_type=kind.name,
        failure_mode=kind.failure_mode,
        title=title(rng, kind.name, service),
        detected_by=detected_by,
        fix_path=fix_path if known["resolved_at"] is not None else None,
        change_id=f"CHG-{rng.whole('change', 10000, 99999)}" if rng.u("deployed") < kind.deployed else None,
        users=round(low * (high / low) ** rng.u("users"), 4),
        started_at=started,
        detected_at=detected,
        acknowledged_at=known["acknowledged_at"],
        diagnosed_at=known["diagnosed_at"],
        resolved_at=known["resolved_at"],
        verified_at=known["verified_at"],
    )


def _able_to_notice(rng: NamedRandom, kind: PlantedType, service: str, detected_by: str) -> str:
    """Return who notices: without an alert for it a journey does, and where nothing watches people do."""
    alert, journey = alert_of(service, kind.failure_mode), service in JOURNEYS
    if service in DESK or (detected_by == "alert" and alert is None and not journey):
        people = {name: kind.detected_by[name] for name in ("customer", "person")}
        return detected_by if detected_by in people else rng.pick("told by", people)
    return "monitor" if detected_by == "alert" and alert is None else detected_by


_OTHERS = {"drill": 4, "test": 3, "maintenance": 4, "cancelled": 5, "merged": 4}


_WORDS = {
    "drill": "Game day: {s} loses a zone",
    "test": "TEST please ignore",
    "maintenance": "Planned failover of {s}",
    "cancelled": "{s}: false alarm",
    "merged": "{s}: same as the incident before",
}


def uncounted_incidents(counted: list[Incident]) -> list[Incident]:
    """Return what the tracker holds besides counted incidents, months and services away from them."""
    made: list[Incident] = []
    for population, count in _OTHERS.items():
        for place in range(count):
            rng = NamedRandom((f"large/{population}/{place}",))
            model = rng.one("model", [one for one in counted if one.verified_at and one.service in TRACKED])
            shift = rng.whole("days", 3, 9) * 86_400
            while any(
                abs((model.started_at or 0) + shift - (one.started_at or 0)) < APART
                for one in (*counted, *made)
                if one.service == model.service
            ):
                shift += 86_400
            moved = {name: at and at + shift for name, at in vars(model).items() if name.endswith("_at")}
            words = _WORDS[population].format(s=model.service)
            made.append(replace(model, key=rng.names[0], population=population, title=words, change_id=None, **moved))
    return [one for one in made if (one.verified_at or 0) < EXPORTED]


def _candidates(rng: NamedRandom, month: str) -> Iterator[int]:
    """Moments of the month, nights and weekends thinned, in the order in which they are tried."""
    first = unix_seconds(f"{month}-01")
    year, number = int(month[:4]), int(month[5:])
    last = unix_seconds(f"{year + number // 12}-{number % 12 + 1:02d}-01")
    if month == MONTHS[-1]:
        first, last = EXPORTED - 20 * 3600, EXPORTED - 3 * 3600
    elif month == MONTHS[-2]:
        last -= 12 * 3600
    attempt = 0
    while True:
        attempt += 1
        at = first + int(rng.u(f"start {attempt}") * (last - first))
        night, weekend = off_hours(at)
        weight = (ARRIVAL_WEIGHTS["night"] if night else 1.0) * (ARRIVAL_WEIGHTS["weekend"] if weekend else 1.0)
        if rng.u(f"keep {attempt}") < weight:
            yield at


def _hostile(found: list[Incident]) -> list[Incident]:
    """Give the hostile titles to short incidents that they fit."""
    short = [
        one for one in found
        if one.service in TRACKED and one.resolved_at is not None and one.resolved_at - (one.started_at or 0) < SHORT
    ]  # fmt: skip
    renamed: dict[str, str] = {}
    for service, failure_mode, words in HOSTILE:
        fits = (
            one for one in short
            if service in ("", one.service) and failure_mode in ("", one.failure_mode) and one.key not in renamed
        )  # fmt: skip
        renamed[min(fits, key=lambda one: one.rng.u("hostile")).key] = words
    return [replace(one, title=renamed.get(one.key, one.title)) for one in found]


# What the tracker of the large organisation holds of a true incident: real life spoils some stamps.


TIMER_HOURS = 24
"""Where nobody confirms health, the tracker of these teams stamps `verified_at` itself after so many hours."""


TIMED = ("inventory-service", "catalogue-service")


_DAY = 86_400


_PLANTED = {
    "started copied from detected": 28,
    "acknowledged copied from detected": 10,
    "verified copied from resolved": 14,
    "verified a day early": 5,
    "detected a day late": 4,
    "acknowledged before detected": 6,
    "resolved in the future": 2,
    "detected missing": 6,
    "unreadable time": 2,
}
"""Records of the tracker with each kind of dirt; a record has at most one of these."""


_ALONE = (
    "verified copied from resolved",
    "verified a day early",
    "detected a day late",
    "resolved in the future",
    "detected missing",
    "unreadable time",
)
"""Kinds that fall on incidents that no other tool has: the records still meet, and no other stamp hides the dirt."""


_MISSING = {
    "started_at": (0.05, 0.05),
    "acknowledged_at": (0.06, 0.12),
    "diagnosed_at": (0.08, 0.24),
    "verified_at": (0.05, 0.14),
}
"""Chance that nobody stamped it: of long incidents, and of those fixed within 40 minutes."""


@dataclass(frozen=True)
class Entry:
    """One incident as the tracker holds it."""

    incident: Incident
    stamps: dict[str, int | None]
    """What the tracker says; seconds since 1970 UTC."""
    marks: tuple[str, ...]
    """What is wrong with it, in words."""


def entries(incidents: list[Incident], elsewhere: Collection[str]) -> list[Entry]:
    """Return the tracker's records, one for each incident.

    Parameters
    ----------
    incidents : list of Incident
        Those that the tracker has.
    elsewhere : collection of str
        Keys of incidents that another tool has too. Their first stamps are kept, so that the records still meet.

    Returns
    -------
    list of Entry
        In the order given.
    """
    spoiled = {one.key: _spoil(one, kind) for kind, keys in _chosen(incidents, elsewhere) for one in keys}
    return [spoiled.get(one.key) or _forget(one) for one in incidents]


def _chosen(incidents: list[Incident], elsewhere: Collection[str]) -> list[tuple[str, list[Incident]]]:
    pool = [
        one
        for one in incidents
        if one.verified_at is not None and one.acknowledged_at is not None and one.diagnosed_at is not None
        and one.diagnosed_at < (one.resolved_at or 0) and one.service not in TIMED and one.first_resolved_at is None
    ]  # fmt: skip
    chosen: list[tuple[str, list[Incident]]] = []
    for kind, count in _PLANTED.items():
        allowed = [one for one in pool if kind not in _ALONE or one.key not in elsewhere]
        drawn = sorted((one.rng.u(kind), place) for place, one in enumerate(allowed))
        found = [allowed[place] for _, place in drawn[:count]]
        chosen.append((kind, found))
        pool = [one for one in pool if one not in found]
    return chosen


def stamps_of(one: Incident) -> dict[str, int | None]:
    """Return the six true stamps."""
    return {
        "started_at": one.started_at,
        "detected_at": one.detected_at,
        "acknowledged_at": one.acknowledged_at,
        "diagnosed_at": one.diagnosed_at,
        "resolved_at": one.resolved_at,
        "verified_at": one.verified_at,
    }


def _spoil(one: Incident, kind: str) -> Entry:
    stamps = stamps_of(one)
    assert one.resolved_at is not None and one.verified_at is not None
    changes: dict[str, dict[str, int | None]] = {
        "started copied from detected": {"started_at": one.detected_at},
        "acknowledged copied from detected": {"acknowledged_at": one.detected_at},
        "verified copied from resolved": {"verified_at": one.resolved_at},
        "verified a day early": {"verified_at": one.verified_at - _DAY},
        "detected a day late": {"detected_at": one.detected_at + _DAY},
        "acknowledged before detected": {"acknowledged_at": one.detected_at - one.rng.whole("early", 60, 600)},
        "resolved in the future": {"resolved_at": one.resolved_at + 10 * 365 * _DAY},
        "detected missing": {"detected_at": None},
        "unreadable time": {},
    }
    return Entry(one, stamps | changes[kind], (kind,))


def _forget(one: Incident) -> Entry:
    stamps = stamps_of(one)
    if one.resolved_at is None:
        return Entry(one, stamps, ("open",))
    marks: list[str] = []
    short = one.resolved_at - one.detected_at < 40 * 60
    for stamp, chances in _MISSING.items():
        if stamps[stamp] is not None and one.rng.u(f"forgotten {stamp}") < chances[short]:
            stamps[stamp] = None
            marks.append(f"{stamp.removesuffix('_at')} missing")
    timed = one.resolved_at + TIMER_HOURS * 3600
    if one.service in TIMED and timed < EXPORTED and one.rng.u("nobody confirmed") < 0.7:
        stamps["verified_at"] = timed
        marks = [*(mark for mark in marks if mark != "verified missing"), "verified by timer"]
    return Entry(one, stamps, tuple(marks))


def reopen(incidents: list[Incident], count: int) -> list[Incident]:
    """Return the incidents with `count` of them fixed once too early, and again later."""
    able = [one for one in incidents if one.resolved_at is not None and one.verified_at is not None and one.started_at]
    able = [one for one in able if (one.verified_at or 0) < EXPORTED - _DAY and one.fix_path in ("config", "scale")]
    for one in sorted(able, key=lambda one: one.rng.u("reopened"))[:count]:
        assert one.resolved_at is not None and one.verified_at is not None
        later = one.rng.whole("again after", 2400, 7200)
        again = replace(
            one,
            first_resolved_at=one.resolved_at,
            resolved_at=one.resolved_at + later,
            verified_at=one.verified_at + later,
        )
        incidents = [again if other.key == one.key else other for other in incidents]
    return incidents


# Which tool of the large organisation hears of which incident.


DESK = ("reporting-service", "ledger-service")
"""Internal services whose incidents live in ServiceNow alone."""


PAGED_ONLY = "gateway-service"
"""A service whose team writes nothing but pages."""


PAGED = ("payment-service", "fraud-service", "checkout-service", "search-service")
"""Services of the tracker that page through PagerDuty."""


PUBLIC = {"payment-service": "Payments", "checkout-service": "Checkout", "user-service": "Accounts and login"}
"""Services with a component on the public status page, and what it is called there."""


LATE_POSTS = 3
"""Posts so late that no rule of thirty minutes finds their incident."""


_FAR = 25 * 60


def in_tracker(one: Incident) -> bool:
    """Return whether the team's tracker has it."""
    return one.service not in (*DESK, PAGED_ONLY)


def in_pagerduty(one: Incident) -> bool:
    """Return whether PagerDuty has it."""
    if one.service == PAGED_ONLY:
        return True
    if one.started_at is None or one.service not in PAGED or one.detected_by not in ("alert", "monitor"):
        return False
    month, _, place = one.key.removeprefix("large/").partition("/")
    if month in TWINS and place in ("00", "01"):
        return place == "00"
    return one.detected_at - one.started_at <= _FAR and one.rng.u("paged") < 0.85


def first_posts(incidents: list[Incident]) -> dict[str, int]:
    """Return when the status page first spoke of an incident, by its key; most it never mentions."""
    posts: dict[str, int] = {}
    late: list[Incident] = []
    for one in incidents:
        if one.service not in PUBLIC or one.severity not in ("SEV1", "SEV2") or one.started_at is None:
            continue
        if one.key.removeprefix("large/")[:7] in TWINS:
            continue
        at = one.detected_at + one.rng.whole("first post", 180, 1080)
        ends = one.verified_at or EXPORTED
        if at - one.started_at <= _FAR and at + 300 < ends and one.rng.u("posted") < 0.9:
            posts[one.key] = at
        elif one.resolved_at is not None and one.resolved_at - one.detected_at > 95 * 60:
            late.append(one)
    months: set[str] = set()
    for one in sorted(late, key=lambda one: one.rng.u("late post")):
        month = one.key.removeprefix("large/")[:7]
        if len(months) < LATE_POSTS and month not in months and one.key not in posts:
            months.add(month)
            posts[one.key] = one.detected_at + one.rng.whole("late by", 3900, 5100)
    return posts


# What people and machines of the large organisation write into title fields.


_TITLES = {
    "bad_deployment": (
        "{s}: errors after release {v}",
        "{s} returns 500 since deploy of {v}",
        "Release {v} of {s} fails for some users",
    ),
    "database_slow": (
        "{s} slow: database CPU at {n} %",
        "{s}: lock waits on primary database",
        "{s}: p95 latency over {n}0 ms, slow queries",
    ),
    "dependency_outage": (
        "{s}: upstream provider is failing",
        "{s}: time-outs towards external provider",
        "Third party down, {s} degraded",
    ),
    "capacity": (
        "{s}: out of capacity at peak",
        "{s} saturated, {n} % CPU on all pods",
        "{s}: connection pool exhausted under load",
    ),
    "crash_loop": (
        "{s} pods crash-looping",
        "{s}: pods OOMKilled, restarts climbing",
        "{s} crash loop in one zone",
    ),
    "config_change": (
        "{s}: wrong config value rolled out",
        "{s} unavailable after config change",
        "{s}: feature toggle config broke routing",
    ),
    "queue_backlog": (
        "{s}: queue depth over {n}k",
        "{s}: consumers fall behind, backlog grows",
        "{s}: messages delayed by {n} minutes",
    ),
    "certificate_expiry": (
        "{s}: TLS certificate expired",
        "{s}: certificate not trusted by clients",
        "{s}: handshake failures, expired certificate",
    ),
}


HOSTILE = (
    ("checkout-service", "availability", 'Checkout <b>down</b> & customers "on fire"'),
    ("", "", "=cmd|' /C calc'!A0"),
    ("checkout-service", "error_rate", "Prices shown as $total$ instead of 12.99 in cart_summary"),
    ("search-service", "error_rate", "🔥 search returns nothing 🔍, 404s everywhere"),
    ("catalogue-service", "error_rate",
     "</title><script>alert('incident')</script> in product names broke the catalogue feed"),
    ("payment-service", "error_rate",
     'Refunds failing; see runbook at C:\\runbooks\\refunds, "section 4"\nsecond line pasted from chat'),
    ("payment-service", "error_rate", "Zahlung für Bücher schlägt fehl – ‏إعادة محاولة‏ – 支払いエラー"),
    ("", "latency", "Follow-up " + "of the follow-up " * 24 + "of Tuesday's latency problem"),
    ("checkout-service", "dependency", "+49 30 000000 (support line) unreachable from the order page"),
    ("", "", "{{ incident.title }} %s ${jndi:none} NULL"),
)  # fmt: skip
"""Service, failure mode and title as people really paste them: markup, formulas, mathematics, emoji, line breaks,
other scripts, no end. Each goes to an incident that it fits."""

SHORT = 40 * 60
"""Hostile titles stand on incidents that were over this many seconds after they began: no list leads with them."""


def title(rng: NamedRandom, incident_type: str, service: str) -> str:
    """Return what a person calls an incident of this type; `{v}` stands where the version goes that broke it."""
    words = rng.one("title", _TITLES[incident_type])
    return words.format(s=service, v="{v}", n=rng.whole("number", 71, 98))


def page_title(one: Incident) -> str:
    """Return what the pager says: the summary of the alert, or the step of the journey that failed."""
    alert = alert_of(one.service, one.failure_mode)
    by_alert = one.detected_by == "alert" and alert is not None
    return f"[FIRING] {alert.summary if by_alert and alert else JOURNEYS[one.service] + ' failed'}"
