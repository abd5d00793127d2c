"""A public status page in the v2 envelope of Statuspage, one incident a line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from mttrlab.examples.incidents import Incident
from mttrlab.examples.laws import Luck

_IDS = "0123456789bcdfghjklmnpqrstvwxyz"
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

    luck: Luck
    name: str
    impact: str
    component: str
    updates: tuple[tuple[str, int], ...]
    """Status and moment, oldest first."""

    @property
    def id(self) -> str:
        """Statuspage's id."""
        return self.luck.token("statuspage id", 12, _IDS)


def _shown(luck: Luck, at: int, zone: ZoneInfo) -> str:
    local = datetime.fromtimestamp(at, zone)
    offset = local.strftime("%z")
    ending = "Z" if zone.key == "Etc/UTC" else f"{offset[:3]}:{offset[3:]}"
    return f"{local:%Y-%m-%dT%H:%M:%S}.{luck.whole(f'ms {at}', 0, 999):03d}{ending}"


def record(post: Post, page: str, zone: ZoneInfo) -> dict[str, Any]:
    """Return one incident as the v2 API gives it, its updates newest first."""
    luck, bad = post.luck, _STATES[post.impact]
    component = {"id": Luck((page, post.component)).token("component", 12, _IDS), "name": post.component}
    first = {status: _shown(luck, at, zone) for status, at in reversed(post.updates)}
    updates: list[dict[str, Any]] = []
    for place, (status, at) in enumerate(post.updates):
        healthy = status in ("resolved", "completed")
        shown = _shown(luck, at, zone)
        updates.append({
            "id": luck.token(f"update {place}", 12, _IDS),
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
    begun = _shown(luck, post.updates[0][1], zone)
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
        "shortlink": f"https://stspg.example.com/{luck.token('shortlink', 10, _IDS)}",
        "page_id": Luck((page,)).token("page", 12, _IDS),
        "components": [component],
        "incident_updates": updates[::-1],
    }


def envelope(records: Sequence[dict[str, Any]], page: str, zone: ZoneInfo, exported: int) -> bytes:
    """Return the file: `GET /api/v2/incidents.json`, all pages put together."""
    head = {
        "id": Luck((page,)).token("page", 12, _IDS),
        "name": page,
        "url": f"https://status.{page.lower()}.example.com",
        "time_zone": zone.key,
        "updated_at": _shown(Luck((page,)), exported, zone),
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
    luck = one.luck.of("post")
    updates = [("investigating", first)]

    def told(status: str, at: int | None, chance: float, low: int, high: int) -> None:
        if at is not None and luck.u(status) < chance:
            moment = at + luck.whole(f"{status} after", low, high)
            if updates[-1][1] < moment <= exported:
                updates.append((status, moment))

    if one.diagnosed_at is not None and (one.resolved_at is None or one.diagnosed_at < one.resolved_at):
        told("identified", one.diagnosed_at, identified, 60, 420)
    told("monitoring", one.resolved_at, monitoring, 40, 300)
    if one.verified_at is not None:
        told("resolved", max(one.verified_at, updates[-1][1]), 1.0, 60, 780)
    name = _NAMES[one.failure_mode].format(c=component)
    return Post(luck, name, IMPACTS[one.severity], component, tuple(updates))


def maintenance(post_luck_of: Incident, component: str, begins: int) -> Post:
    """Return a planned maintenance: announced three days before, two hours long."""
    updates = (("scheduled", begins - 3 * 86_400), ("in_progress", begins), ("completed", begins + 7_200))
    return Post(post_luck_of.luck.of("maintenance"), f"Planned maintenance of {component}", "maintenance", component,
                updates)  # fmt: skip
