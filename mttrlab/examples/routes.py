"""Which tool of the large organisation hears of which incident."""

from __future__ import annotations

from mttrlab.examples.arrivals import EXPORTED, TWINS
from mttrlab.examples.incident import Incident

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


def tracked(one: Incident) -> bool:
    """Return whether the team's tracker has it."""
    return one.service not in (*DESK, PAGED_ONLY)


def paged(one: Incident) -> bool:
    """Return whether PagerDuty has it."""
    if one.service == PAGED_ONLY:
        return True
    if one.started_at is None or one.service not in PAGED or one.detected_by not in ("alert", "monitor"):
        return False
    month, _, place = one.key.removeprefix("large/").partition("/")
    if month in TWINS and place in ("00", "01"):
        return place == "00"
    return one.detected_at - one.started_at <= _FAR and one.luck.u("paged") < 0.85


def first_posts(incidents: list[Incident]) -> dict[str, int]:
    """Return when the status page first spoke of an incident, by its key; most it never mentions."""
    posts: dict[str, int] = {}
    late: list[Incident] = []
    for one in incidents:
        if one.service not in PUBLIC or one.severity not in ("SEV1", "SEV2") or one.started_at is None:
            continue
        if one.key.removeprefix("large/")[:7] in TWINS:
            continue
        at = one.detected_at + one.luck.whole("first post", 180, 1080)
        ends = one.verified_at or EXPORTED
        if at - one.started_at <= _FAR and at + 300 < ends and one.luck.u("posted") < 0.9:
            posts[one.key] = at
        elif one.resolved_at is not None and one.resolved_at - one.detected_at > 95 * 60:
            late.append(one)
    months: set[str] = set()
    for one in sorted(late, key=lambda one: one.luck.u("late post")):
        month = one.key.removeprefix("large/")[:7]
        if len(months) < LATE_POSTS and month not in months and one.key not in posts:
            months.add(month)
            posts[one.key] = one.detected_at + one.luck.whole("late by", 3900, 5100)
    return posts
