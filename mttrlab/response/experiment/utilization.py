"""How busy people are, and the refusal of queues that grow for ever."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import fields
from functools import cache, lru_cache, partial
from typing import NamedTuple

import numpy as np

from mttrlab.errors import ModelError
from mttrlab.response.engines import compiled, simpy_engine
from mttrlab.response.engines.transition import MICROSECONDS
from mttrlab.response.model import responders
from mttrlab.response.model.arrays import Floats
from mttrlab.response.model.distributions import Distribution
from mttrlab.response.model.incident_types import NAMED, FixPath, IncidentProfile, IncidentType, longest, works
from mttrlab.response.model.responders import HANDS_OVER, Pool
from mttrlab.response.model.response_model import MONTH_DAYS, Ramp, ResponseModel
from mttrlab.response.model.settings import updated
from mttrlab.response.model.shares import automation_shares, runbook_shares
from mttrlab.response.model.workflow import Verification
from mttrlab.response.sampling import arrivals
from mttrlab.response.sampling.arrivals import draw_arrivals
from mttrlab.response.sampling.common_random_numbers import MICROSECONDS_PER_DAY
from mttrlab.response.sampling.parameters import calls, parameter_sets, pools, rounds
from mttrlab.response.sampling.records import Records
from mttrlab.response.sampling.service_times import sample_service_times

_LANES = "deployment lane(s)"


class Utilization(NamedTuple):
    """How busy a pool is."""

    name: str
    people: float
    """Mean over the week."""
    busy: float
    """How many of them would be at work, on average, if nobody had to wait."""


def _may_hold_up(model: ResponseModel, found: list[Utilization]) -> bool:
    """Return whether people could be too few if all of them waited for lanes at once."""
    if not model.pipeline or not model.people:
        return False
    crowd = sum(pool.people + sum(shift.people for shift in pool.shifts) for pool in model.people)
    turns = max(crowd / model.pipeline.lanes - 1, 0.0)
    lanes = found[-1].busy
    return any(one.busy + lanes * turns >= one.people for one in found[:-1])


def utilizations(model: ResponseModel, days: float = math.inf) -> list[Utilization]:
    """Return how busy each pool of people is whose queue has no limit, and the lanes of the pipeline.

    Parameters
    ----------
    days : float
        Horizon, as for `refuse_unstable_queue`.
    """
    people = model.people
    names = [pool.name for pool in people]
    minutes = [0.0] * len(people)
    lanes = 0.0
    for place in range(len(model.types)) if people or model.pipeline else ():
        for per_day, pool, own, changed in _groups(model, place, days):
            work = expected_workload(model, place, own, changed=changed)
            lanes += per_day * work.lane
            if people:
                home = names.index(pool) if pool else 0
                minutes[home] += per_day * work.home
                minutes[_other(model, names, home)] += per_day * work.other
    if model.noise:
        mine = names.index(model.noise.pool) if model.noise.pool else 0
        minutes[mine] += model.noise.per_day * (1 - model.noise_cut) * model.noise.work.mean * model.noise_factor
    made = [
        Utilization(_named(model, pool), pool.mean_people, spent / 1440.0)
        for pool, spent in zip(people, minutes, strict=True)
        if pool.queue_limit is None
    ]
    return [*made, Utilization(_LANES, float(model.pipeline.lanes), lanes / 1440.0)] if model.pipeline else made


def _named(model: ResponseModel, pool: Pool) -> str:
    return f"{pool.name}(s)" if model.pools else "responder(s)"


Group = tuple[float, str | None, dict[str, float], bool]
"""Incidents a day, their pool, settings that they have for themselves, whether a change caused them."""


def _groups(model: ResponseModel, place: int, days: float) -> Iterator[Group]:
    """Return the incidents of a type that happen, by what decides about the work that they make."""
    kind = model.types[place]
    alike: dict[tuple[str | None, tuple[int, ...]], float] = {}
    for face in kind.profiles:
        meets = tuple(_meets(model, kind.name, face))
        key = (face.pool or kind.pool, meets)
        alike[key] = alike.get(key, 0.0) + face.share
    for (pool, meets), share in alike.items():
        for chance, reached in _reached(model, meets, days):
            own = _own(model, place, reached)
            get = Resolved(model, own)
            oftener = get("arrivals_factor", model.arrivals_factor) * _brought(get)
            happens = kind.per_day * share * chance * (1 - get("prevention", model.prevention)) * oftener
            yield happens * (1 - kind.change_caused), pool, own, False
            if kind.change_caused:
                stopped = get("changes_prevented", model.changes_prevented)
                changes = get("deploys_factor", model.deploys_factor) * get("failing_factor", model.failing_factor)
                yield happens * kind.change_caused * (1 - stopped) * changes, pool, own, True


def _brought(get: Resolved) -> float:
    """Return how many times as many incidents there are once fewer of them bring others, or bring fewer."""
    bursts = get.model.bursts
    if bursts is None:
        return 1.0
    share, size = get.model.burst_share, get.model.burst_size
    bring = min(get("burst_share", bursts.share if share is None else share), bursts.share)
    others = bring * min(get("burst_size", bursts.mean if size is None else size), bursts.mean)
    return float((1 + others) / (1 + bursts.share * bursts.mean))


def _meets(model: ResponseModel, kind: str | None, face: IncidentProfile) -> Iterator[int]:
    """Return the special settings that may hold for incidents of this type and face."""
    for k, one in enumerate(model.overrides):
        if (not one.incident_types or kind in one.incident_types) and (
            not one.services or face.service in one.services
        ):
            yield k


def _reached(model: ResponseModel, meets: tuple[int, ...], days: float) -> Iterator[tuple[float, list[int]]]:
    """Return each set of special settings that some of these incidents meet, and the share that does."""
    by_name: dict[str, list[int]] = {}
    for k in meets:
        by_name.setdefault(model.overrides[k].name, []).append(k)
    ways = []
    for mine in by_name.values():
        # Ramps of one name share their random numbers: whom the shorter reach has, the longer has too.
        levels = {k: 1.0 if (ramp := model.overrides[k].ramp) is None else _level(ramp, days) for k in mine}
        edges = sorted({0.0, 1.0, *levels.values()})
        ways.append([(b - a, [k for k in mine if levels[k] >= b]) for a, b in itertools.pairwise(edges)])
    for chosen in itertools.product(*ways):
        yield math.prod(share for share, _ in chosen), sorted(k for _, some in chosen for k in some)


def _level(ramp: Ramp, days: float) -> float:
    """Return the share of incidents that a ramp reaches for good; of one that fades, when the horizon ends."""
    faded = (1 - ramp.decay) ** max(days / MONTH_DAYS - ramp.delay - ramp.months, 0.0) if ramp.decay else 1.0
    return ramp.adoption * faded


def _fades(model: ResponseModel) -> bool:
    return any(one.ramp is not None and one.ramp.decay > 0 for one in model.overrides)


def _own(model: ResponseModel, place: int, reached: list[int]) -> dict[str, float]:
    return {
        field: value[place] if isinstance(value, tuple) else value
        for k in reached
        for field, value in model.overrides[k].settings
    }


def _other(model: ResponseModel, names: list[str], home: int) -> int:
    """Return the pool that incidents of a pool may be passed on to."""
    if model.routing is None or model.routing.between is None:
        return home
    one, two = (names.index(name) for name in model.routing.between)
    return two if home == one else one


# Minutes that people and deployment lanes spend on an incident, on average: the transition function, as a mean.


_UNIT = Distribution("constant", 1.0)
_GRID, _BOTH = 10_000, 200
"""Points of a law, and of each of two that are added up."""


class Workload(NamedTuple):
    """Of one incident, on average."""

    home: float
    """Minutes of a person of the pool that the incident belongs to."""
    other: float
    """Minutes of a person of the pool that it may be passed on to."""
    lane: float
    """Minutes of a deployment lane."""


class Resolved:
    """A model's settings, some of them replaced as `Override` names them."""

    def __init__(self, model: ResponseModel, own: Mapping[str, float]) -> None:
        self.model, self._own = model, own

    def __call__(self, name: str, value: float) -> float:
        """Return the setting of this name; `value` where none of these incidents has its own."""
        return self._own.get(name, value)

    def has_own(self, name: str) -> bool:
        """Return whether these incidents have this setting for themselves."""
        return name in self._own


class _Case(NamedTuple):
    """A fix that holds, or one that does not."""

    chance: float
    verify: float
    """Minutes."""
    passes: float
    comes_back: float


def expected_workload(model: ResponseModel, place: int, own: Mapping[str, float], *, changed: bool) -> Workload:
    """Return the mean minutes that one incident of a type takes.

    Parameters
    ----------
    place : int
        Which type.
    own : mapping
        Settings that these incidents have in place of the model's: field → setting.
    changed : bool
        Whether a change caused them.
    """
    kind, get = model.types[place], Resolved(model, own)
    cases = _cases(kind, get)
    left = min(rounds(model), int(get("max_rounds", model.max_rounds))) - 1
    fix, lane = _fix(kind, get, changed)
    each = _diagnose(kind, place, get) + fix + lane + sum(one.chance * one.verify for one in cases)
    turns, returns = _turns(cases, left), _returns(cases, left)
    rule = get("automation", automation_shares(model)[place])
    works = get("automation_success", model.automation_success) * _in_time(
        model.automation_run,
        get("automation_run_factor", model.automation_run_factor),
        get("automation_timeout", model.automation_timeout),
    )
    tries = int(get("automation_attempts", model.automation_attempts))
    harm = get("automation_harm", model.automation_harm)
    fails = (1 - works) ** tries
    # Of those that automation has ended, some come back to a person.
    caught = rule * (1 - fails)
    reached = 1 - caught * (1 - returns)
    harmed = rule * fails * (1 - (1 - harm) ** tries)
    harmed += rule * returns * sum((1 - works) ** k * works * (1 - (1 - harm) ** k) for k in range(tries))
    harmed *= model.harm.mean * get("harm_factor", model.harm_factor)
    home, other = _passed_on(get)
    mine = (turns - caught) * each + harmed + reached * home
    return Workload(mine, reached * other, (turns - caught) * lane)


def _turns(cases: list[_Case], left: int, *, reopened: bool = False) -> float:
    """Return the rounds of an incident on average, `left` of them after this one at most."""
    if not left:
        return 1.0
    again = _turns(cases, left - 1, reopened=reopened)
    back = 0.0 if reopened else _turns(cases, left - 1, reopened=True)
    return 1.0 + sum(
        one.chance * ((1 - one.passes) * again + (0.0 if reopened else one.passes * one.comes_back) * back)
        for one in cases
    )


def _returns(cases: list[_Case], left: int) -> float:
    """Return the chance that a round is not the last."""
    return sum(one.chance * (1 - one.passes + one.passes * one.comes_back) for one in cases) if left else 0.0


def _cases(kind: IncidentType, get: Resolved) -> list[_Case]:
    model, sampled, back = get.model, get.model.verification, get.model.reopening
    holds = get("verify_pass", model.verify_pass)
    if sampled is None:
        window = get("verification_window", model.verification_window)
        minutes = limited(kind.verify, window) if kind.verify else 0.0
        ends = [(minutes, 1.0), (minutes, get("false_pass", model.false_pass))]
    else:
        own = {one.name: get(f"verification.{one.name}", getattr(sampled, one.name)) for one in fields(sampled)}
        sampled = updated(sampled, **own)
        ends = [_sampled(sampled, sampled.healthy), _sampled(sampled, sampled.false_pass)]
    returns = [get(f"reopening.{name}", getattr(back, name)) if back else 0.0 for name in ("right", "wrong")]
    return [_Case(p, *end, again) for p, end, again in zip((holds, 1 - holds), ends, returns, strict=True)]


@cache
def _sampled(how: Verification, healthy: float) -> tuple[float, float]:
    """Return mean minutes of a verification by samples, and the chance that it passes."""
    at = np.zeros(how.in_a_row)
    at[0], samples, passed = 1.0, 0.0, 0.0
    for _ in range(how.max_samples):
        going = float(at.sum())
        if going < 1e-15:
            break
        samples += going
        passed += float(at[-1]) * healthy
        at = np.concatenate([[going * (1 - healthy)], at[:-1] * healthy])
    return (how.first_healthy_s + (samples - 1) * how.every_s) / 60, passed


def _diagnose(kind: IncidentType, place: int, get: Resolved) -> float:
    model = get.model
    answered = float(get("runbooks", runbook_shares(model, model.runbooks)[place]))
    factor = get("diagnosis_factor", model.diagnosis_factor)
    if kind.hypotheses:
        tried = kind.hypotheses
        usual = {"hit": model.hypothesis_hit, "first_hit": model.first_hit, "novel": model.novel}
        moved = {
            name: get("hypothesis_hit" if name == "hit" else name, getattr(tried, name) if value is None else value)
            for name, value in usual.items()
        }
        one = limited(tried.minutes, get("try_minutes", model.try_minutes))
        return float(one * updated(tried, minutes=_UNIT, runbook=answered, **moved).mean * factor)
    if kind.diagnose is None:
        return 0.0
    asked = model.runbooks is not None or get.has_own("runbooks")
    more = answered - kind.runbook if asked else 0.0
    new = get("runbook_factor", model.runbook_factor)
    return float(kind.diagnose.mean * (1 + abs(more) * ((new if more > 0 else 1 / new) - 1)) * factor)


def _fix(kind: IncidentType, get: Resolved, changed: bool) -> tuple[float, float]:
    """Return mean minutes of a round's fix, and of the deployment that it needs."""
    model = get.model
    more = get("more_flags", model.more_flags) if changed else 0.0
    works_too = get(works("flag"), 1.0 if model.flag_success is None else model.flag_success)
    flag = _Way(model.flag, get(longest("flag"), model.flag_minutes))
    through = model.pipeline.paths if model.pipeline else ()
    fix = deployed = 0.0
    for path in kind.paths:
        share = path.share_changed if changed else path.share
        if share:
            after = kind.fallback(path)
            fails = 1 - _success(path, get) if after else 0.0
            first, second = _way(path, get), _way(after, get) if after else None
            flagged = more if path.name != "flag" else 0.0
            plain = _fix_minutes(first, second, fails, None)
            fix += share * (1 - flagged) * plain
            if flagged:
                late = plain + limited(*flag)
                fix += share * flagged * (works_too * _fix_minutes(first, second, fails, flag) + (1 - works_too) * late)
            taken = flagged * works_too
            deployed += share * ((1 - taken) * (path.name in through) + taken * ("flag" in through))
    if not model.pipeline:
        return fix, 0.0
    return fix, deployed * limited(model.pipeline.minutes, get("deployment_minutes", model.deployment_minutes))


class _Way(NamedTuple):
    """A fix, and the longest time that it takes."""

    law: Distribution
    longest: float


def _way(path: FixPath, get: Resolved) -> _Way:
    name = longest(path.name)
    return _Way(path.law, get(name, getattr(get.model, name)) if path.name in NAMED else np.inf)


def _success(path: FixPath, get: Resolved) -> float:
    if path.name not in NAMED:
        return path.success
    moved = getattr(get.model, works(path.name))
    return float(get(works(path.name), path.success if moved is None else moved))


@cache
def limited(law: Distribution, longest: float) -> float:
    """Return the mean minutes of a law that is cut off."""
    if np.isinf(longest):
        return law.mean
    return float(np.minimum(law.quantile((np.arange(_GRID) + 0.5) / _GRID), longest).mean())


@cache
def _fix_minutes(first: _Way, second: _Way | None, fails: float, flag: _Way | None) -> float:
    """Return mean minutes of a fix and of what comes after it where it fails; with a flag, of whichever is sooner."""
    if flag is None:
        return limited(*first) + (fails * limited(*second) if second else 0.0)
    made = 0.0
    for chance, after in ((1 - fails, None), (fails, second)):
        if chance:
            u = (np.arange(_BOTH if after else _GRID) + 0.5) / (_BOTH if after else _GRID)
            # Flag and fix share a random number; what comes after has its own.
            one, sooner = (np.minimum(way.law.quantile(u), way.longest)[:, None] for way in (first, flag))
            late = np.minimum(after.law.quantile(u), after.longest) if after else np.zeros(1)
            made += chance * float(np.minimum(one + late, sooner).mean())
    return made


@cache
def _in_time(run: Distribution, factor: float, timeout: float) -> float:
    return float(np.mean(run.quantile((np.arange(_GRID) + 0.5) / _GRID) * factor <= timeout))


def _passed_on(get: Resolved) -> tuple[float, float]:
    """Return mean minutes until teams see that another should have an incident: of its own team, and of the other."""
    routing = get.model.routing
    if routing is None:
        return 0.0, 0.0
    names = ("wrong", "again", "max_transfers")
    wrong, again, most = (get(f"routing.{name}", getattr(routing, name)) for name in names)
    reach = [wrong * again**k for k in range(int(most))]
    by = [0.0, 0.0]
    for transfers, (here, further) in enumerate(zip(reach, [*reach[1:], 0.0], strict=True), start=1):
        for done in range(transfers):
            # With an odd number of times still to be passed on it is with the other team.
            by[(transfers - done) % 2] += here - further
    each = routing.notice.mean * get("notice_factor", get.model.notice_factor)
    return by[0] * each, by[1] * each


# How much work people get through where the week, or a deployment that others wait for, decides with them.


_SAMPLE = 20_000
_WEEK_MINUTES = 10_080.0
_MARGIN = 1.02
"""What a sample of incidents may lack before people are said to fall behind, beside its standard error."""


def effective_people(model: ResponseModel, pool: Pool, *, pressed: bool = True) -> float:
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
    minutes = _incident_minutes(model, pool.name) if pressed else np.empty(0)
    if not len(minutes) or not minutes.sum():
        return pool.mean_people
    # The rest of what somebody is in the middle of, until the next shift has to wait for it.
    late = (
        n * float((np.minimum(minutes, gap) * minutes - np.minimum(minutes, gap) ** 2 / 2).sum()) for n, gap in ends
    )
    return pool.mean_people + sum(late) / float(minutes.sum()) / _WEEK_MINUTES


def _ends(pool: Pool) -> Iterator[tuple[int, float]]:
    """Return for every end of a shift how many go, and the minutes until more people come."""
    steps = responders.steps(pool)
    week = responders.WEEK
    for k, one in enumerate(steps):
        before = steps[k - 1].people
        if one.people < before:
            later = [*steps[k + 1 :], *(responders.Step(s.time + week, s.people) for s in steps)]
            last, gap = one.people, week
            for then in later:
                if then.people > last:
                    gap = then.time - one.time
                    break
                last = then.people
            yield before - one.people, gap / MICROSECONDS


def _days(model: ResponseModel) -> float:
    return _SAMPLE / model.per_day


def _run(model: ResponseModel, *, at_once: bool) -> tuple[Records, np.ndarray]:
    one = partial(draw_arrivals, days=_days(model), block=0, replications=1)
    bare = arrivals.without_noise(model)
    numbers = arrivals.with_extra_layers(
        one(model, seed=0), arrivals.extra_layers(model), lambda seed: one(bare, seed=seed)
    )
    records = sample_service_times(model, numbers)
    if at_once:
        records.x["at"] = 0
    limits, people = parameter_sets(model), pools(model)
    if compiled.refusal(calls(model)) is None:
        return records, compiled.run_compiled(records.x, limits, records.bounds, people)
    return records, simpy_engine.run_simpy(records.x, limits, records.bounds, people)


@lru_cache(maxsize=32)
def _incident_minutes(model: ResponseModel, pool: str) -> Floats:
    """Return minutes that people of a pool work on each incident of a sample, where nobody waits."""
    crowd = tuple(Pool(one.name, 100_000) for one in model.pools)
    lanes = updated(model.pipeline, lanes=100_000) if model.pipeline else None
    records, ends = _run(updated(model, pools=crowd, pipeline=lanes, noise=None), at_once=False)
    names = [one.name for one in model.pools]
    mine = (ends["acknowledged"] >= 0) & (records.x["pool"] == names.index(pool)) & (ends["reopened"] == 0)
    return np.asarray((ends["verified"] - ends["acknowledged"])[mine] / MICROSECONDS)


@lru_cache(maxsize=32)
def backlog(model: ResponseModel) -> float | None:
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
        if pool.queue_limit is not None or mine.sum() < 1000:
            continue
        work = (records.x["diagnose"][mine, 0] + records.x["fix"][mine, 0] + records.x["verify"][mine, 0]).astype(float)
        slack = _MARGIN + 3 * float(work.std() / max(work.mean(), 1.0) / np.sqrt(mine.sum()))
        # The last few incidents leave people idle, however many there are.
        through = float(np.quantile(ends["verified"][mine], 0.95)) / 0.95 / MICROSECONDS_PER_DAY
        if through > slack * days:
            worst = max(worst, through / days)
    return worst or None


def refuse_unstable_queue(model: ResponseModel, days: float = math.inf) -> None:
    """Refuse a model in which people of a pool, or lanes of the pipeline, get more work than there are hours.

    Parameters
    ----------
    days : float
        Horizon: a change that fades counts as far as it is still there when the horizon ends.
    """
    if model.people or model.pipeline:
        _refuse_unstable_queue(model, days)


# One model is asked of again and again: by who compares, and for every piece of its replications.
@lru_cache(maxsize=64)
def _refuse_unstable_queue(model: ResponseModel, days: float) -> None:
    found = utilizations(model, days)
    ends, further = ", so the queue grows for ever", ", or none to leave waiting out"
    if _fades(model) and math.isfinite(days):
        ends, further = " when the horizon ends, so the queue grows until then", ", or ask for more days"
    pools = {_named(model, pool): pool for pool in model.people}
    for one in found:
        pool = pools.get(one.name)
        # Only those who finish after their shift can make up for it, and how late they begin their last decides.
        people = effective_people(model, pool, pressed=one.busy >= one.people) if pool else one.people
        often = one.busy / people if people > 0 else math.inf
        if one.people <= one.busy < people:
            often = backlog(model) or often
        if not often < 1:
            words = f"{often:.0%} of the time" if math.isfinite(often) else "without end"
            raise ModelError(
                f"{one.people:.3g} {one.name} would be busy {words}{ends}; "
                f"give the model more {one.name.removesuffix('(s)')}s{further}"
            )
    if _may_hold_up(model, found) and (late := backlog(model)):
        raise ModelError(
            f"people wait for one of {found[-1].people:g} {_LANES} and do nothing else meanwhile: together they need "
            f"{late:.0%} of the time that incidents leave them, so the queue grows for ever; give the model more "
            "people or lanes"
        )
