"""How much work people get through where the week, or a deployment that others wait for, decides with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache, partial

import numpy as np

from mttrlab.response import compiled, growth, shifts, simpy_engine
from mttrlab.response.arriving import draw
from mttrlab.response.laws import Floats
from mttrlab.response.layout import MICROSECONDS
from mttrlab.response.luck import MICROSECONDS_PER_DAY
from mttrlab.response.model import ResponseModel
from mttrlab.response.parameters import calls, plans, pools
from mttrlab.response.people import HANDS_OVER, Pool
from mttrlab.response.realising import realise
from mttrlab.response.records import Records

_SAMPLE = 20_000
_WEEK_MINUTES = 10_080.0
_MARGIN = 1.02
"""What a sample of incidents may lack before people are said to fall behind, beside its standard error."""


def people_in_all(model: ResponseModel, pool: Pool, *, pressed: bool = True) -> float:
    """Return how many people's work a pool gets through if it is never idle.

    Who finishes after the end of a shift works longer than the roster says; a hand-over costs what it adds.

    Parameters
    ----------
    pressed : bool
        Whether it matters how long people work after their shift: a sample of incidents tells.
    """
    ends = list(_ends(pool))
    if not ends:
        return pool.mean_people
    if pool.end_of_shift == HANDS_OVER:
        return pool.mean_people - sum(n for n, _ in ends) * pool.handover_minutes / _WEEK_MINUTES
    minutes = _minutes(model, pool.name) if pressed else np.empty(0)
    if not len(minutes) or not minutes.sum():
        return pool.mean_people
    # The rest of what somebody is in the middle of, until the next shift has to wait for it.
    late = (
        n * float((np.minimum(minutes, gap) * minutes - np.minimum(minutes, gap) ** 2 / 2).sum()) for n, gap in ends
    )
    return pool.mean_people + sum(late) / float(minutes.sum()) / _WEEK_MINUTES


def _ends(pool: Pool) -> Iterator[tuple[int, float]]:
    """Return for every end of a shift how many go, and the minutes until more people come."""
    steps = shifts.steps(pool)
    week = shifts.WEEK
    for k, one in enumerate(steps):
        before = steps[k - 1].people
        if one.people < before:
            later = [*steps[k + 1 :], *(shifts.Step(s.time + week, s.people) for s in steps)]
            last, gap = one.people, week
            for then in later:
                if then.people > last:
                    gap = then.time - one.time
                    break
                last = then.people
            yield before - one.people, gap / MICROSECONDS


@lru_cache(maxsize=32)
def _minutes(model: ResponseModel, pool: str) -> Floats:
    """Return minutes that people of a pool work on each incident of a sample, where nobody waits."""
    crowd = tuple(Pool(one.name, 100_000) for one in model.pools)
    lanes = replace(model.pipeline, lanes=100_000) if model.pipeline else None
    records, ends = _run(replace(model, pools=crowd, pipeline=lanes, noise=None), at_once=False)
    names = [one.name for one in model.pools]
    mine = (ends["acknowledged"] >= 0) & (records.x["pool"] == names.index(pool)) & (ends["reopened"] == 0)
    return np.asarray((ends["verified"] - ends["acknowledged"])[mine] / MICROSECONDS)


@lru_cache(maxsize=32)
def behind(model: ResponseModel) -> float | None:
    """Return how many times as long as its arrivals lasted people and lanes are busy with a sample of incidents.

    None: they get through it in time. Who waits for a lane does nothing else, so people and lanes that have time
    enough, each alone, may lack it together; the throughput of all incidents at once tells (the saturation rule of
    Baccelli and Foss, 1995).
    """
    records, ends = _run(model, at_once=True)
    days = _days(model)
    worst = 0.0
    for p, pool in enumerate(model.people):
        mine = (records.x["pool"] == p) & (records.x["noise"] == 0) & (records.x["happens"] == 1)
        mine &= ends["acknowledged"] >= 0
        if pool.room is not None or mine.sum() < 1000:
            continue
        work = (records.x["diagnose"][mine, 0] + records.x["fix"][mine, 0] + records.x["verify"][mine, 0]).astype(float)
        slack = _MARGIN + 3 * float(work.std() / max(work.mean(), 1.0) / np.sqrt(mine.sum()))
        # The last few incidents leave people idle, however many there are.
        through = float(np.quantile(ends["verified"][mine], 0.95)) / 0.95 / MICROSECONDS_PER_DAY
        if through > slack * days:
            worst = max(worst, through / days)
    return worst or None


def _days(model: ResponseModel) -> float:
    return _SAMPLE / model.per_day


def _run(model: ResponseModel, *, at_once: bool) -> tuple[Records, np.ndarray]:
    one = partial(draw, days=_days(model), block=0, replications=1)
    bare = growth.without_noise(model)
    luck = growth.grown(one(model, seed=0), growth.layers(model), lambda seed: one(bare, seed=seed))
    records = realise(model, luck)
    if at_once:
        records.x["at"] = 0
    limits, people = plans(model), pools(model)
    if compiled.refusal(calls(model)) is None:
        return records, compiled.run(records.x, limits, records.bounds, people)
    return records, simpy_engine.run(records.x, limits, records.bounds, people)
