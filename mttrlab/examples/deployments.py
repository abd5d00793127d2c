"""What the large organisation deployed: its releases, those that broke something, and the way back from them."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from mttrlab.examples.incidents import EXPORTED, MONTHS, TEAMS, Incident, unix_seconds
from mttrlab.examples.laws import NamedRandom

EVERY_DAYS = 10
"""A service is deployed about so often, beside the deployments that caused an incident."""

_CHANGES = ("bad_deployment", "config_change")
"""Types that a deployment always causes, whether its change was recorded or not."""


@dataclass(frozen=True)
class Deployment:
    """One line of the table. `at`: seconds since 1970."""

    at: int
    service: str
    version: str
    status: str
    change_id: str = ""
    broke: str = ""
    """Key of the incident that it caused."""


def every_deployment(counted: Sequence[Incident]) -> list[Deployment]:
    """Return every deployment by time, the causes of incidents and the rollbacks that ended them among them."""
    made: list[Deployment] = []
    for service in TEAMS:
        mine = [one for one in counted if one.service == service]
        made += _numbered([*_regular(service, mine), *_caused(mine)], mine)
    return sorted(made, key=lambda one: (one.at, one.service))


def name_releases(counted: Sequence[Incident], made: Sequence[Deployment]) -> list[Incident]:
    """Return the incidents with the version that broke them in the titles that speak of one."""
    versions = {one.broke: one.version for one in made if one.broke}
    return [replace(one, title=one.title.replace("{v}", versions.get(one.key, ""))) for one in counted]


def live_version(made: Sequence[Deployment], service: str, at: int) -> str:
    """Return the version of a service that runs at a moment: of the last deployment that succeeded."""
    ran = [one for one in made if one.service == service and one.status == "succeeded"]
    return ran[bisect_right([one.at for one in ran], at) - 1].version


def _moment(one: Incident) -> int:
    """Return when the change that broke it went live."""
    return (one.started_at or one.detected_at) - one.rng.whole("deployed before", 60, 1500)


def _changed(one: Incident) -> bool:
    return one.change_id is not None or one.incident_type in _CHANGES or one.fix_path == "rollback"


def _caused(mine: Sequence[Incident]) -> list[Deployment]:
    return [
        Deployment(_moment(one), one.service, "", "succeeded",
                   one.change_id or f"CHG-{one.rng.whole('change', 10000, 99999)}", one.key)
        for one in mine if _changed(one)
    ]  # fmt: skip


def _regular(service: str, mine: Sequence[Incident]) -> list[Deployment]:
    """Nobody deploys anything else between the change that breaks a service and its fix."""
    held = [(_moment(one), one.resolved_at or one.started_at or 0) for one in mine if _changed(one)]
    own = NamedRandom(("large", "deployments", service))
    made: list[Deployment] = []
    at, n = unix_seconds(f"{MONTHS[0]}-01"), 0
    while True:
        at += max(3600, round(-86_400 * EVERY_DAYS * math.log(own.u(f"gap {n}"))))
        if at >= EXPORTED:
            return made
        status = "failed" if own.u(f"failed {n}") < 0.04 else "succeeded"
        if not any(first <= at <= last for first, last in held):
            made.append(Deployment(at, service, "", status, f"CHG-{own.whole(f'change {n}', 10000, 99999)}"))
        n += 1


def _numbered(made: Sequence[Deployment], mine: Sequence[Incident]) -> list[Deployment]:
    """Return a service's deployments with versions, and the rollbacks that bring back the version of before."""
    rolled = {one.key: one.resolved_at for one in mine if one.fix_path == "rollback" and one.resolved_at is not None}
    found: list[Deployment] = []
    for number, one in enumerate(sorted(made, key=lambda one: one.at), start=1):
        ran = [before for before in found if before.at <= one.at and before.status == "succeeded"]
        good = max(ran, key=lambda before: before.at).version if ran else "v2.0.0"
        found.append(replace(one, version=f"v2.{number // 10}.{number % 10}"))
        if one.broke in rolled:
            found.append(Deployment(rolled[one.broke], one.service, good, "succeeded"))
    return found
