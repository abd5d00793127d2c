"""How busy people are, and the refusal of queues that grow for ever."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from mttrlab.errors import ModelError
from mttrlab.response.capacity import behind, people_in_all
from mttrlab.response.incident_type import Face
from mttrlab.response.model import ResponseModel
from mttrlab.response.people import Pool
from mttrlab.response.ramp import MONTH_DAYS, Ramp
from mttrlab.response.work import Settings, of_one

_LANES = "deployment lane(s)"


class Load(NamedTuple):
    """How busy a pool is."""

    name: str
    people: float
    """Mean over the week."""
    busy: float
    """How many of them would be at work, on average, if nobody had to wait."""


# One model is asked of again and again: by who compares, and for every piece of its replications.
@lru_cache(maxsize=64)
def refuse_endless_queue(model: ResponseModel, days: float = math.inf) -> None:
    """Refuse a model in which people of a pool, or lanes of the pipeline, get more work than there are hours.

    Parameters
    ----------
    days : float
        Horizon: a change that fades counts as far as it is still there when the horizon ends.
    """
    found = loads(model, days)
    ends, further = ", so the queue grows for ever", ", or none to leave waiting out"
    if _fades(model) and math.isfinite(days):
        ends, further = " when the horizon ends, so the queue grows until then", ", or ask for more days"
    pools = {_named(model, pool): pool for pool in model.people}
    for one in found:
        pool = pools.get(one.name)
        # Only those who finish after their shift can make up for it, and how late they begin their last decides.
        people = people_in_all(model, pool, pressed=one.busy >= one.people) if pool else one.people
        often = one.busy / people if people > 0 else math.inf
        if one.people <= one.busy < people:
            often = behind(model) or often
        if not often < 1:
            words = f"{often:.0%} of the time" if math.isfinite(often) else "without end"
            raise ModelError(
                f"{one.people:.3g} {one.name} would be busy {words}{ends}; "
                f"give the model more {one.name.removesuffix('(s)')}s{further}"
            )
    if _may_hold_up(model, found) and (late := behind(model)):
        raise ModelError(
            f"people wait for one of {found[-1].people:g} {_LANES} and do nothing else meanwhile: together they need "
            f"{late:.0%} of the time that incidents leave them, so the queue grows for ever; give the model more "
            "people or lanes"
        )


def _may_hold_up(model: ResponseModel, found: list[Load]) -> bool:
    """Return whether people could be too few if all of them waited for lanes at once."""
    if not model.pipeline or not model.people:
        return False
    crowd = sum(pool.people + sum(shift.people for shift in pool.shifts) for pool in model.people)
    turns = max(crowd / model.pipeline.lanes - 1, 0.0)
    lanes = found[-1].busy
    return any(one.busy + lanes * turns >= one.people for one in found[:-1])


def loads(model: ResponseModel, days: float = math.inf) -> list[Load]:
    """Return how busy each pool of people is whose queue has no limit, and the lanes of the pipeline.

    Parameters
    ----------
    days : float
        Horizon, as for `refuse_endless_queue`.
    """
    people = model.people
    names = [pool.name for pool in people]
    minutes = [0.0] * len(people)
    lanes = 0.0
    for place in range(len(model.types)) if people or model.pipeline else ():
        for per_day, pool, own, changed in _groups(model, place, days):
            work = of_one(model, place, own, changed=changed)
            lanes += per_day * work.lane
            if people:
                home = names.index(pool) if pool else 0
                minutes[home] += per_day * work.home
                minutes[_other(model, names, home)] += per_day * work.other
    if model.noise:
        mine = names.index(model.noise.pool) if model.noise.pool else 0
        minutes[mine] += model.noise.per_day * (1 - model.noise_cut) * model.noise.work.mean * model.noise_factor
    made = [
        Load(_named(model, pool), pool.mean_people, spent / 1440.0)
        for pool, spent in zip(people, minutes, strict=True)
        if pool.room is None
    ]
    return [*made, Load(_LANES, float(model.pipeline.lanes), lanes / 1440.0)] if model.pipeline else made


def _named(model: ResponseModel, pool: Pool) -> str:
    return f"{pool.name}(s)" if model.pools else "responder(s)"


Group = tuple[float, str | None, dict[str, Any], bool]
"""Incidents a day, their pool, settings that they have for themselves, whether a change caused them."""


def _groups(model: ResponseModel, place: int, days: float) -> Iterator[Group]:
    """Return the incidents of a type that happen, by what decides about the work that they make."""
    kind = model.types[place]
    alike: dict[tuple[str | None, tuple[int, ...]], float] = {}
    for face in kind.faces:
        meets = tuple(_meets(model, kind.name, face))
        key = (face.pool or kind.pool, meets)
        alike[key] = alike.get(key, 0.0) + face.share
    for (pool, meets), share in alike.items():
        for chance, reached in _reached(model, meets, days):
            own = _own(model, place, reached)
            get = Settings(model, own)
            oftener = get("arrivals_factor", model.arrivals_factor) * _brought(get)
            happens = kind.per_day * share * chance * (1 - get("prevention", model.prevention)) * oftener
            yield happens * (1 - kind.change_caused), pool, own, False
            if kind.change_caused:
                stopped = get("changes_prevented", model.changes_prevented)
                changes = get("deploys_factor", model.deploys_factor) * get("failing_factor", model.failing_factor)
                yield happens * kind.change_caused * (1 - stopped) * changes, pool, own, True


def _brought(get: Settings) -> float:
    """Return how many times as many incidents there are once fewer of them bring others, or bring fewer."""
    bursts = get.model.bursts
    if bursts is None:
        return 1.0
    share, size = get.model.burst_share, get.model.burst_size
    bring = min(get("burst_share", bursts.share if share is None else share), bursts.share)
    others = bring * min(get("burst_size", bursts.mean if size is None else size), bursts.mean)
    return float((1 + others) / (1 + bursts.share * bursts.mean))


def _meets(model: ResponseModel, kind: str | None, face: Face) -> Iterator[int]:
    """Return the special settings that may hold for incidents of this type and face."""
    for k, one in enumerate(model.special):
        if (not one.incident_types or kind in one.incident_types) and (
            not one.services or face.service in one.services
        ):
            yield k


def _reached(model: ResponseModel, meets: tuple[int, ...], days: float) -> Iterator[tuple[float, list[int]]]:
    """Return each set of special settings that some of these incidents meet, and the share that does."""
    by_name: dict[str, list[int]] = {}
    for k in meets:
        by_name.setdefault(model.special[k].name, []).append(k)
    ways = []
    for mine in by_name.values():
        # Ramps of one name share their luck: whom the shorter reach has, the longer has too.
        levels = {k: 1.0 if (ramp := model.special[k].ramp) is None else _level(ramp, days) for k in mine}
        edges = sorted({0.0, 1.0, *levels.values()})
        ways.append([(b - a, [k for k in mine if levels[k] >= b]) for a, b in itertools.pairwise(edges)])
    for chosen in itertools.product(*ways):
        yield math.prod(share for share, _ in chosen), sorted(k for _, some in chosen for k in some)


def _level(ramp: Ramp, days: float) -> float:
    """Return the share of incidents that a ramp reaches for good; of one that fades, when the horizon ends."""
    faded = (1 - ramp.decay) ** max(days / MONTH_DAYS - ramp.delay - ramp.months, 0.0) if ramp.decay else 1.0
    return ramp.adoption * faded


def _fades(model: ResponseModel) -> bool:
    return any(one.ramp is not None and one.ramp.decay > 0 for one in model.special)


def _own(model: ResponseModel, place: int, reached: list[int]) -> dict[str, Any]:
    return {
        field: value[place] if isinstance(value, tuple) else value
        for k in reached
        for field, value in model.special[k].settings
    }


def _other(model: ResponseModel, names: list[str], home: int) -> int:
    """Return the pool that incidents of a pool may be passed on to."""
    if model.routing is None or model.routing.between is None:
        return home
    one, two = (names.index(name) for name in model.routing.between)
    return two if home == one else one
