"""Minutes that people and deployment lanes spend on an incident, on average: the transition function, as a mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from mttrlab.response.elements import Verification
from mttrlab.response.incident_type import FixPath, IncidentType
from mttrlab.response.laws import Law
from mttrlab.response.levers_fix import NAMED, longest, works
from mttrlab.response.model import ResponseModel
from mttrlab.response.parameters import automation, rounds, runbooks

_UNIT = Law("constant", 1.0)
_GRID, _BOTH = 10_000, 200
"""Points of a law, and of each of two that are added up."""


class Work(NamedTuple):
    """Of one incident, on average."""

    home: float
    """Minutes of a person of the pool that the incident belongs to."""
    other: float
    """Minutes of a person of the pool that it may be passed on to."""
    lane: float
    """Minutes of a deployment lane."""


class Settings:
    """A model's settings, some of them replaced as `Special` names them."""

    def __init__(self, model: ResponseModel, own: Mapping[str, Any]) -> None:
        self.model, self._own = model, own

    def __call__(self, name: str, value: Any) -> Any:
        """Return the setting of this name; `value` where none of these incidents has its own."""
        return self._own.get(name, value)


class _Case(NamedTuple):
    """A fix that holds, or one that does not."""

    chance: float
    verify: float
    """Minutes."""
    passes: float
    comes_back: float


def of_one(model: ResponseModel, place: int, own: Mapping[str, Any], *, changed: bool) -> Work:
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
    kind, get = model.types[place], Settings(model, own)
    cases = _cases(kind, get)
    left = min(rounds(model), int(get("max_rounds", model.max_rounds))) - 1
    fix, lane = _fix(kind, get, changed)
    each = _diagnose(kind, place, get) + fix + lane + sum(one.chance * one.verify for one in cases)
    turns, returns = _turns(cases, left), _returns(cases, left)
    rule = get("automation", automation(model)[place])
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
    return Work(mine, reached * other, (turns - caught) * lane)


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


def _cases(kind: IncidentType, get: Settings) -> list[_Case]:
    model, sampled, back = get.model, get.model.verification, get.model.reopening
    holds = get("verify_pass", model.verify_pass)
    if sampled is None:
        window = get("verification_window", model.verification_window)
        minutes = limited(kind.verify, window) if kind.verify else 0.0
        ends = [(minutes, 1.0), (minutes, get("false_pass", model.false_pass))]
    else:
        own = {one.name: get(f"verification.{one.name}", getattr(sampled, one.name)) for one in fields(sampled)}
        sampled = replace(sampled, **own)
        ends = [_sampled(sampled, sampled.healthy), _sampled(sampled, sampled.false_pass)]
    returns = [get(f"reopening.{name}", getattr(back, name)) if back else 0.0 for name in ("right", "wrong")]
    return [_Case(p, *end, again) for p, end, again in zip((holds, 1 - holds), ends, returns, strict=True)]


@cache
def _sampled(how: Verification, healthy: float) -> tuple[float, float]:
    """Return mean minutes of a verification by samples, and the chance that it passes."""
    at = np.zeros(how.in_a_row)
    at[0], samples, passed = 1.0, 0.0, 0.0
    for _ in range(how.give_up):
        going = float(at.sum())
        if going < 1e-15:
            break
        samples += going
        passed += float(at[-1]) * healthy
        at = np.concatenate([[going * (1 - healthy)], at[:-1] * healthy])
    return (how.first_healthy_s + (samples - 1) * how.every_s) / 60, passed


def _diagnose(kind: IncidentType, place: int, get: Settings) -> float:
    model = get.model
    answered = float(get("runbooks", runbooks(model, model.runbooks)[place]))
    factor = get("diagnosis_factor", model.diagnosis_factor)
    if kind.hypotheses:
        tried = kind.hypotheses
        usual = {"hit": model.hypothesis_hit, "first_hit": model.first_hit, "novel": model.novel}
        moved = {
            name: get("hypothesis_hit" if name == "hit" else name, getattr(tried, name) if value is None else value)
            for name, value in usual.items()
        }
        one = limited(tried.minutes, get("try_minutes", model.try_minutes))
        return float(one * replace(tried, minutes=_UNIT, runbook=answered, **moved).mean * factor)
    if kind.diagnose is None:
        return 0.0
    asked = model.runbooks is not None or get("runbooks", None) is not None
    more = answered - kind.runbook if asked else 0.0
    new = get("runbook_factor", model.runbook_factor)
    return float(kind.diagnose.mean * (1 + abs(more) * ((new if more > 0 else 1 / new) - 1)) * factor)


def _fix(kind: IncidentType, get: Settings, changed: bool) -> tuple[float, float]:
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
            plain = _minutes(first, second, fails, None)
            fix += share * (1 - flagged) * plain
            if flagged:
                late = plain + limited(*flag)
                fix += share * flagged * (works_too * _minutes(first, second, fails, flag) + (1 - works_too) * late)
            taken = flagged * works_too
            deployed += share * ((1 - taken) * (path.name in through) + taken * ("flag" in through))
    if not model.pipeline:
        return fix, 0.0
    return fix, deployed * limited(model.pipeline.minutes, get("deployment_minutes", model.deployment_minutes))


class _Way(NamedTuple):
    """A fix, and the longest time that it takes."""

    law: Law
    longest: float


def _way(path: FixPath, get: Settings) -> _Way:
    name = longest(path.name)
    return _Way(path.law, get(name, getattr(get.model, name)) if path.name in NAMED else np.inf)


def _success(path: FixPath, get: Settings) -> float:
    if path.name not in NAMED:
        return path.success
    moved = getattr(get.model, works(path.name))
    return float(get(works(path.name), path.success if moved is None else moved))


@cache
def _minutes(first: _Way, second: _Way | None, fails: float, flag: _Way | None) -> float:
    """Return mean minutes of a fix and of what comes after it where it fails; with a flag, of whichever is sooner."""
    if flag is None:
        return limited(*first) + (fails * limited(*second) if second else 0.0)
    made = 0.0
    for chance, after in ((1 - fails, None), (fails, second)):
        if chance:
            u = (np.arange(_BOTH if after else _GRID) + 0.5) / (_BOTH if after else _GRID)
            # Flag and fix share their luck; what comes after has its own.
            one, sooner = (np.minimum(way.law.quantile(u), way.longest)[:, None] for way in (first, flag))
            late = np.minimum(after.law.quantile(u), after.longest) if after else np.zeros(1)
            made += chance * float(np.minimum(one + late, sooner).mean())
    return made


@cache
def limited(law: Law, longest: float) -> float:
    """Return the mean minutes of a law that is cut off."""
    if np.isinf(longest):
        return law.mean
    return float(np.minimum(law.quantile((np.arange(_GRID) + 0.5) / _GRID), longest).mean())


@cache
def _in_time(run: Law, factor: float, timeout: float) -> float:
    return float(np.mean(run.quantile((np.arange(_GRID) + 0.5) / _GRID) * factor <= timeout))


def _passed_on(get: Settings) -> tuple[float, float]:
    """Return mean minutes until teams see that another should have an incident: of its own team, and of the other."""
    routing = get.model.routing
    if routing is None:
        return 0.0, 0.0
    wrong, again, most = (get(f"routing.{name}", getattr(routing, name)) for name in ("wrong", "again", "most"))
    reach = [wrong * again**k for k in range(int(most))]
    by = [0.0, 0.0]
    for hands, (here, further) in enumerate(zip(reach, [*reach[1:], 0.0], strict=True), start=1):
        for done in range(hands):
            # With an odd number of times still to be passed on it is with the other team.
            by[(hands - done) % 2] += here - further
    each = routing.notice.mean * get("notice_factor", get.model.notice_factor)
    return by[0] * each, by[1] * each


__all__ = ["Settings", "Work", "limited", "of_one"]
