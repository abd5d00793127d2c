"""When incidents of the large organisation begin, and whom they hit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mttrlab.examples.incident import Incident, live, off_hours, seconds
from mttrlab.examples.laws import ARRIVAL_WEIGHTS, SEVERITIES, TYPES, USERS
from mttrlab.examples.luck import Luck
from mttrlab.examples.titles import HOSTILE, title

EXPORTED = seconds("2026-07-02T06:00:00")
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
    ("2025-10", 2): ("ledger-service", seconds("2025-10-26T00:20:00")),
    ("2026-07", 0): ("ledger-service", seconds("2026-07-02T04:40:00")),
}
"""By month and place: an incident in the hour that the office's clock shows twice, and one just before the export."""

_OPEN = {"2026-05": 1, "2026-06": 2, "2026-07": 2}


def incidents() -> list[Incident]:
    """Return every counted incident, by start; stamps later than the export are not there yet."""
    found: list[Incident] = []
    taken: dict[str, list[int]] = {service: [] for service in _SHARES}
    for month in MONTHS:
        of_month = Luck(("large", month))
        count = of_month.whole("incidents", 22, 28) if month != MONTHS[-1] else _OPEN[month]
        for place in range(count):
            found.append(_incident(Luck((f"large/{month}/{place:02d}",)), month, place, taken))
    return _hostile(sorted(found, key=lambda one: (one.started_at or 0, one.key)))


def _incident(luck: Luck, month: str, place: int, taken: dict[str, list[int]]) -> Incident:
    twin = month in TWINS and place < 2
    service = TWINS[month] if twin else luck.pick("service", _SHARES)
    if (month, place) in _FIXED:
        service, started = _FIXED[month, place]
    elif twin and place == 1:
        started = taken[service][-1] + 9 * 60
    else:
        clear = (at for at in _candidates(luck, month) if all(abs(at - other) > APART for other in taken[service]))
        started = next(clear)
    taken[service].append(started)
    kind = next(one for one in TYPES if one.name == luck.pick("type", {one.name: one.share for one in TYPES}))
    severity = luck.pick("severity", SEVERITIES)
    low, high = USERS[severity]
    detected_by, fix_path = luck.pick("detected by", kind.detected_by), luck.pick("fix path", kind.fix_paths)
    opened = place < _OPEN.get(month, 0)
    if twin:
        detected_by, fix_path = "alert", "config"
    if opened:
        detected_by, fix_path = "alert", "forward_fix"
    stamps = live(luck, kind, started, detected_by, fix_path)
    if opened:
        stamps |= {"resolved_at": None, "verified_at": None}
    if opened and place % 2:
        stamps["diagnosed_at"] = None
    known = {name: at if at is not None and at <= EXPORTED else None for name, at in stamps.items()}
    detected = known["detected_at"]
    assert detected is not None, "incidents begin long enough before the export to be noticed"
    return Incident(
        key=luck.names[0],
        service=service,
        team=TEAMS[service],
        severity=severity,
        incident_type=kind.name,
        failure_mode=kind.failure_mode,
        title=title(luck, kind.name, service),
        detected_by=detected_by,
        fix_path=fix_path if known["resolved_at"] is not None else None,
        change_id=f"CHG-{luck.whole('change', 10000, 99999)}" if luck.u("deployed") < kind.deployed else None,
        users=round(low * (high / low) ** luck.u("users"), 4),
        started_at=started,
        detected_at=detected,
        acknowledged_at=known["acknowledged_at"],
        diagnosed_at=known["diagnosed_at"],
        resolved_at=known["resolved_at"],
        verified_at=known["verified_at"],
    )


_OTHERS = {"drill": 4, "test": 3, "maintenance": 4, "cancelled": 5, "merged": 4}
_WORDS = {
    "drill": "Game day: {s} loses a zone",
    "test": "TEST please ignore",
    "maintenance": "Planned failover of {s}",
    "cancelled": "{s}: false alarm",
    "merged": "{s}: same as the incident before",
}


def others(counted: list[Incident]) -> list[Incident]:
    """Return what the tracker holds besides counted incidents, months and services away from them."""
    made: list[Incident] = []
    for population, count in _OTHERS.items():
        for place in range(count):
            luck = Luck((f"large/{population}/{place}",))
            model = luck.one("model", [one for one in counted if one.verified_at and one.service in TRACKED])
            shift = luck.whole("days", 3, 9) * 86_400
            while any(
                abs((model.started_at or 0) + shift - (one.started_at or 0)) < APART
                for one in (*counted, *made)
                if one.service == model.service
            ):
                shift += 86_400
            moved = {name: at and at + shift for name, at in vars(model).items() if name.endswith("_at")}
            words = _WORDS[population].format(s=model.service)
            made.append(replace(model, key=luck.names[0], population=population, title=words, **moved))
    return [one for one in made if (one.verified_at or 0) < EXPORTED]


def _candidates(luck: Luck, month: str) -> Iterator[int]:
    """Moments of the month, nights and weekends thinned, in the order in which they are tried."""
    first = seconds(f"{month}-01")
    year, number = int(month[:4]), int(month[5:])
    last = seconds(f"{year + number // 12}-{number % 12 + 1:02d}-01")
    if month == MONTHS[-1]:
        first, last = EXPORTED - 20 * 3600, EXPORTED - 3 * 3600
    elif month == MONTHS[-2]:
        last -= 12 * 3600
    attempt = 0
    while True:
        attempt += 1
        at = first + int(luck.u(f"start {attempt}") * (last - first))
        night, weekend = off_hours(at)
        weight = (ARRIVAL_WEIGHTS["night"] if night else 1.0) * (ARRIVAL_WEIGHTS["weekend"] if weekend else 1.0)
        if luck.u(f"keep {attempt}") < weight:
            yield at


def _hostile(found: list[Incident]) -> list[Incident]:
    """Give the hostile titles to incidents that are shown: the longest of June 2026 among them."""
    shown = [one for one in found if one.service in TRACKED]
    june = sorted(
        (one for one in shown if one.key.startswith("large/2026-06") and one.resolved_at is not None),
        key=lambda one: (one.started_at or 0) - (one.resolved_at or 0),
    )
    others = sorted((one for one in shown if one not in june), key=lambda one: one.luck.u("hostile"))
    chosen = [june[0], june[2], june[5], *others][: len(HOSTILE)]
    renamed = {one.key: words for one, words in zip(chosen, HOSTILE, strict=True)}
    return [replace(one, title=renamed.get(one.key, one.title)) for one in found]
