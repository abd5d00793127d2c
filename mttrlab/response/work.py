"""Minutes that people and deployment lanes spend on an incident, on average: the transition function, as a mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from mttrlab.response.elements import Hypotheses, Verification
from mttrlab.response.fixes import LIMITED
from mttrlab.response.incident_type import FixPath, IncidentType
from mttrlab.response.laws import AT_ONCE, Law
from mttrlab.response.model import ResponseModel
from mttrlab.response.parameters import automation, rounds, runbooks

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
    cases, left = _cases(kind, get), rounds(model) - 1
    fix, lane = _fix(kind, get, changed)
    each = _diagnose(kind, place, get) + fix + lane + sum(one.chance * one.verify for one in cases)
    turns, returns = _turns(cases, left), _returns(cases, left)
    rule = get("automation", automation(model)[place])
    works = get("automation_success", model.automation_success) * _in_time(
        model.automation_run, get("automation_timeout", model.automation_timeout)
    )
    tries, harm = (
        int(get("automation_attempts", model.automation_attempts)),
        get("automation_harm", model.automation_harm),
    )
    fails = (1 - works) ** tries
    # Of those that automation has ended, some come back to a person.
    caught = rule * (1 - fails)
    reached = 1 - caught * (1 - returns)
    harmed = rule * fails * (1 - (1 - harm) ** tries)
    harmed += rule * returns * sum((1 - works) ** k * works * (1 - (1 - harm) ** k) for k in range(tries))
    home, other = _passed_on(get)
    mine = (turns - caught) * each + harmed * model.harm.mean + reached * home
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
    model = get.model
    holds = get("verify_pass", model.verify_pass)
    false_pass = get("false_pass", model.false_pass)
    back = (model.reopening.right, model.reopening.wrong) if model.reopening else (0.0, 0.0)
    if model.verification is None:
        window = get("verification_window", model.verification_window)
        minutes = limited(kind.verify, window) if kind.verify else 0.0
        ends = [(minutes, 1.0), (minutes, false_pass)]
    else:
        sampled = replace(
            model.verification,
            every_s=get("verification.every_s", model.verification.every_s),
            in_a_row=get("verification.in_a_row", model.verification.in_a_row),
        )
        ends = [_sampled(sampled, sampled.healthy), _sampled(sampled, sampled.false_pass)]
    chances = (holds, 1 - holds)
    return [_Case(p, *end, again) for p, end, again in zip(chances, ends, back, strict=True)]


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
        return float(_hypotheses(kind.hypotheses, answered) * factor)
    if kind.diagnose is None:
        return 0.0
    asked = model.runbooks is not None or get("runbooks", None) is not None
    more = answered - kind.runbook if asked else 0.0
    new = model.runbook_factor if more > 0 else 1 / model.runbook_factor
    return float(kind.diagnose.mean * (1 + abs(more) * (new - 1)) * factor)


@cache
def _hypotheses(tried: Hypotheses, answered: float) -> float:
    return replace(tried, runbook=answered).mean


def _fix(kind: IncidentType, get: Settings, changed: bool) -> tuple[float, float]:
    """Return mean minutes of a round's fix, and of the deployment that it needs."""
    model = get.model
    more = get("more_flags", model.more_flags) if changed else 0.0
    through = model.pipeline.paths if model.pipeline else ()
    fix = deployed = 0.0
    for path in kind.paths:
        share = path.share_changed if changed else path.share
        if not share:
            continue
        longest = np.inf
        if path.name in LIMITED:
            longest = get(f"{path.name}_minutes", getattr(model, f"{path.name}_minutes"))
        flagged = more if path.name != "flag" else 0.0
        after = kind.fallback(path) if path.success < 1 else None
        plain = _path(path, after, longest, None)
        fix += share * ((1 - flagged) * plain + flagged * _path(path, after, longest, model.flag) if flagged else plain)
        deployed += share * ((1 - flagged) * (path.name in through) + flagged * ("flag" in through))
    return fix, deployed * model.pipeline.minutes.mean if model.pipeline else 0.0


@cache
def _path(path: FixPath, after: FixPath | None, longest: float, flag: Law | None) -> float:
    """Return mean minutes of a fix: what comes after one that fails, its longest time, a flag that may be sooner."""
    fails = 1 - path.success if after else 0.0
    if np.isinf(longest) and flag is None:
        return path.law.mean + (fails * after.law.mean if after else 0.0)
    made = 0.0
    for chance, second in ((1 - fails, None), (fails, after)):
        if chance:
            u = (np.arange(_BOTH if second else _GRID) + 0.5) / (_BOTH if second else _GRID)
            minutes = path.law.quantile(u)[:, None] + (second.law.quantile(u) if second else np.zeros(1))
            minutes = np.minimum(minutes, longest)
            made += chance * float(np.minimum(minutes, flag.quantile(u)[:, None] if flag else np.inf).mean())
    return made


@cache
def limited(law: Law, longest: float) -> float:
    """Return the mean minutes of a law that is cut off."""
    if np.isinf(longest):
        return law.mean
    return float(np.minimum(law.quantile((np.arange(_GRID) + 0.5) / _GRID), longest).mean())


@cache
def _in_time(run: Law, timeout: float) -> float:
    return float(np.mean(run.quantile((np.arange(_GRID) + 0.5) / _GRID) <= timeout))


def _passed_on(get: Settings) -> tuple[float, float]:
    """Return mean minutes until teams see that another should have an incident: of its own team, and of the other."""
    routing = get.model.routing
    if routing is None:
        return 0.0, 0.0
    wrong = get("routing.wrong", routing.wrong)
    reach = [wrong * routing.again**k for k in range(routing.most)]
    by = [0.0, 0.0]
    for hands, (here, further) in enumerate(zip(reach, [*reach[1:], 0.0], strict=True), start=1):
        for done in range(hands):
            # With an odd number of times still to be passed on it is with the other team.
            by[(hands - done) % 2] += (here - further) * routing.notice.mean
    return by[0], by[1]


__all__ = ["AT_ONCE", "Settings", "Work", "limited", "of_one"]
