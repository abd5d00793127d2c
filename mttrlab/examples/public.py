"""What the status page of an organisation says of an incident, and when."""

from __future__ import annotations

from mttrlab.examples.incident import Incident
from mttrlab.examples.statuspage import Post

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
