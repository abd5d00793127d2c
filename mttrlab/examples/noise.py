"""Pages that are no incidents: most of what a pager says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mttrlab.examples.luck import Luck
from mttrlab.examples.pagerduty import Page

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


def pages(
    luck: Luck,
    count: int,
    services: Mapping[str, str],
    between: tuple[int, int],
    busy: Mapping[str, Sequence[int]],
) -> list[Page]:
    """Return `count` pages that came to nothing.

    Parameters
    ----------
    luck : Luck
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
        own = luck.of(str(place))
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
