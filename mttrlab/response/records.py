"""Luck and a model become records of integers: what the transition function reads."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from scipy import special

from mttrlab.response.laws import Floats, Law
from mttrlab.response.luck import Ints, Luck, threshold
from mttrlab.response.model import AT_ONCE, IncidentType, ResponseModel
from mttrlab.response.shares import lifted

MICROSECONDS = 60_000_000
"""In a minute."""


class Parameters(NamedTuple):
    """`P` of the transition function: integers only."""

    rule: tuple[int, ...]
    """Per type: a remediation rule matches where `u_rule` is below."""
    success: int
    """An attempt succeeds where `u_attempt` is below."""
    timeout: int
    """Microseconds after which an attempt has failed."""
    attempts: int
    verified: int
    """A fix holds where `u_verify` is below."""
    rounds: int
    pooled: int
    """1: a responder must be asked for."""


@dataclass(frozen=True)
class Records:
    """`x` of the transition function for many incidents, as columns; two dimensions where a loop may come back."""

    at: Ints
    key: Ints
    type: Ints
    priority: Ints
    detect: Ints
    u_rule: Ints
    run: Ints
    u_attempt: Ints
    acknowledge: Ints
    diagnose: Ints
    fix: Ints
    verify: Ints
    u_verify: Ints
    path: Ints
    """Which of `paths` each round takes."""
    face: Ints
    """Which of the type's faces it shows."""
    covered: Ints
    """1: an alert or a monitor saw it first."""
    changed: Ints
    """1: a change caused it."""
    happens: Ints
    """0: prevented."""
    replication: Ints

    def __len__(self) -> int:
        return len(self.at)

    def rows(self, which: Ints) -> Records:
        """Return these rows alone."""
        return Records(**{f.name: getattr(self, f.name)[which] for f in fields(self)})


def path_names(model: ResponseModel) -> tuple[str, ...]:
    """Return the names that `Records.path` counts, `flag` first."""
    return ("flag", *sorted({path.name for kind in model.types for path in kind.paths} - {"flag"}))


def parameters(model: ResponseModel) -> Parameters:
    """Return the thresholds of `model`."""
    return Parameters(
        rule=tuple(threshold(p) for p in _automation(model)),
        success=threshold(model.automation_success),
        timeout=_microseconds(np.array([model.automation_timeout]))[0].item(),
        attempts=model.automation_attempts,
        verified=threshold(model.verify_pass),
        rounds=model.max_rounds,
        pooled=int(model.responders is not None),
    )


def realise(model: ResponseModel, luck: Luck) -> Records:
    """Return the integers that this luck means under this model.

    A duration is the law's quantile at the kept uniform, then scaled or capped by the levers, so a lever that makes a
    phase shorter makes it longer for nobody.
    """
    edges = np.cumsum(model.weights)
    kinds = np.minimum(np.searchsorted(edges, luck.uniform("type"), side="right"), len(edges) - 1).astype(np.int64)
    rows = [np.flatnonzero(kinds == t) for t in range(len(model.types))]
    rounds = model.max_rounds if model.verify_pass < 1 else 1
    attempts = range(model.automation_attempts if any(_automation(model)) else 1)
    detect, covered = _detection(model, luck, rows)
    changed = luck.uniform("change") < _per_row(len(luck), rows, [kind.change_caused for kind in model.types])
    diagnose, fix, path = _rounds(model, luck, rows, changed, rounds)
    verify = [
        np.minimum(_drawn(luck, rows, model, "verify", luck.uniform("verify", r)), model.verification_window)
        for r in range(rounds)
    ]
    face, priority = _faces(model, luck, rows)
    return Records(
        at=luck.at,
        key=luck.key,
        type=kinds,
        priority=priority,
        detect=_microseconds(detect),
        u_rule=luck.integers("rule"),
        run=_columns([model.automation_run.quantile(luck.uniform("run", a)) for a in attempts]),
        u_attempt=np.stack([luck.integers("attempt", a) for a in attempts], axis=1),
        acknowledge=_microseconds(_drawn(luck, rows, model, "acknowledge", luck.uniform("acknowledge"))),
        diagnose=_columns(diagnose),
        fix=_columns(fix),
        verify=_columns(verify),
        u_verify=np.stack([luck.integers("verified", r) for r in range(rounds)], axis=1),
        path=np.stack(path, axis=1),
        face=face,
        covered=covered.astype(np.int64),
        changed=changed.astype(np.int64),
        happens=(luck.uniform("prevention") >= model.prevention).astype(np.int64),
        replication=luck.replication,
    )


def _automation(model: ResponseModel) -> list[float]:
    return lifted([kind.automation for kind in model.types], model.weights, model.automation)


def _detection(model: ResponseModel, luck: Luck, rows: list[Ints]) -> tuple[Floats, np.ndarray]:
    u, seen = luck.uniform("detect"), luck.uniform("coverage")
    before = [kind.alert_coverage for kind in model.types]
    after = lifted(before, model.weights, model.alert_coverage)
    minutes, covered = np.zeros(len(luck)), np.zeros(len(luck), dtype=bool)
    for t, (kind, mine) in enumerate(zip(model.types, rows, strict=True)):
        slow = (kind.detect or AT_ONCE).quantile(u[mine])
        fast = (kind.alert or kind.detect or AT_ONCE).quantile(u[mine])
        was, now = seen[mine] < before[t], seen[mine] < after[t]
        # A new alert races the report that came anyway; a lost one leaves nobody earlier than it did.
        drawn = np.where(was, np.where(now, fast, np.maximum(slow, fast)), np.where(now, np.minimum(slow, fast), slow))
        minutes[mine] = np.where(now, np.minimum(drawn, model.alert_latency), drawn)
        covered[mine] = now
    return minutes, covered


def _rounds(
    model: ResponseModel, luck: Luck, rows: list[Ints], changed: np.ndarray, rounds: int
) -> tuple[list[Floats], list[Floats], list[Ints]]:
    names = path_names(model)
    diagnose, fix, paths = [], [], []
    for r in range(rounds):
        hard = _shared(model.difficulty, luck, r)
        diagnose.append(
            _drawn(luck, rows, model, "diagnose", hard(luck.uniform("diagnose", r))) * model.diagnosis_factor
        )
        u_path, u_fix = luck.uniform("path", r), hard(luck.uniform("fix", r))
        minutes, path = np.zeros(len(luck)), np.zeros(len(luck), dtype=np.int64)
        for kind, mine in zip(model.types, rows, strict=True):
            chosen = _choice(kind, u_path[mine], changed[mine])
            for p, way in enumerate(kind.paths):
                taken = mine[chosen == p]
                path[taken] = names.index(way.name)
                drawn = way.law.quantile(u_fix[taken])
                minutes[taken] = np.minimum(drawn, model.rollback_minutes) if way.name == "rollback" else drawn
        flagged = changed & (path != 0) & (luck.uniform("flag", r) < model.more_flags)
        if model.more_flags:
            minutes = np.where(flagged, np.minimum(minutes, model.flag.quantile(u_fix)), minutes)
            path[flagged] = 0
        fix.append(minutes)
        paths.append(path)
    return diagnose, fix, paths


def _choice(kind: IncidentType, u: Floats, changed: np.ndarray) -> Ints:
    if not kind.paths:
        return np.full(len(u), -1, dtype=np.int64)
    last = len(kind.paths) - 1
    plain = np.searchsorted(np.cumsum([p.share for p in kind.paths]), u, side="right")
    after_change = np.searchsorted(np.cumsum([p.share_changed for p in kind.paths]), u, side="right")
    return np.minimum(np.where(changed, after_change, plain), last).astype(np.int64)


def _shared(correlation: float, luck: Luck, part: int):  # type: ignore[no-untyped-def]
    """Return what turns a phase's own uniform into one that shares the incident's difficulty."""
    if not correlation:
        return lambda u: u
    common = np.sqrt(correlation) * special.ndtri(luck.uniform("difficulty", part))
    return lambda u: special.ndtr(common + np.sqrt(1 - correlation) * special.ndtri(u))


def _faces(model: ResponseModel, luck: Luck, rows: list[Ints]) -> tuple[Ints, Ints]:
    face, priority = np.zeros(len(luck), dtype=np.int64), np.zeros(len(luck), dtype=np.int64)
    u = luck.uniform("face")
    for kind, mine in zip(model.types, rows, strict=True):
        edges = np.cumsum([f.share for f in kind.faces])
        face[mine] = np.minimum(np.searchsorted(edges, u[mine], side="right"), len(edges) - 1)
        priority[mine] = np.array([f.priority for f in kind.faces])[face[mine]]
    return face, priority


def _drawn(luck: Luck, rows: list[Ints], model: ResponseModel, phase: str, u: Floats) -> Floats:
    minutes = np.zeros(len(luck))
    for kind, mine in zip(model.types, rows, strict=True):
        law: Law | None = getattr(kind, phase)
        if law is not None:
            minutes[mine] = law.quantile(u[mine])
    return minutes


def _per_row(n: int, rows: list[Ints], values: list[float]) -> Floats:
    spread = np.zeros(n)
    for mine, value in zip(rows, values, strict=True):
        spread[mine] = value
    return spread


def _microseconds(minutes: Floats) -> Ints:
    return np.rint(minutes * MICROSECONDS).astype(np.int64)


def _columns(parts: list[Floats]) -> Ints:
    return _microseconds(np.stack(parts, axis=1))
