"""Which fix ends each round of an incident, how long it takes, and whether it needs a deployment."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mttrlab.response import columns, draws
from mttrlab.response.incident_type import IncidentType
from mttrlab.response.laws import Floats
from mttrlab.response.layout import ROUNDS
from mttrlab.response.levers_fix import NAMED, longest, works
from mttrlab.response.luck import Ints, Luck
from mttrlab.response.model import ResponseModel
from mttrlab.response.parameters import rounds
from mttrlab.response.people import Pipeline
from mttrlab.response.special import Facts, setting

if TYPE_CHECKING:
    from mttrlab.response.records import Records


def path_names(model: ResponseModel) -> tuple[str, ...]:
    """Return the names that the fact `path` counts, `flag` first."""
    return ("flag", *sorted({path.name for kind in model.types for path in kind.paths} - {"flag"}))


def settings(model: ResponseModel) -> tuple[object, ...]:
    """Return the settings of levers that act on fixes."""
    moved = (getattr(model, one(name)) for name in NAMED for one in (longest, works))
    return model.more_flags, model.deployment_minutes, *moved


Cuts = list[tuple[int, Any]]
"""Which of `path_names`, and the minutes that it takes at most: one number, or one per incident."""


class Fixes(NamedTuple):
    """One round's fixes as the types have them, one per incident; or those of all rounds, one row each."""

    minutes: Floats
    path: Ints
    """Which of `path_names`."""


def fill(model: ResponseModel, luck: Luck, rows: draws.Rows, made: Records) -> None:
    """Write each round's fix, its path and its deployment."""
    changed = draws.changed(model, luck, made.facts["type"])
    names = path_names(model)
    cuts = _cuts(model, names, made.facts)
    longest_deployment = setting(model, made.facts, "deployment_minutes", model.deployment_minutes)
    each, paths, deployed = [], [], []
    turns = min(rounds(model), ROUNDS)
    all_drawn: Fixes = draws.keep(luck, ("fixes", turns, model.types, model.difficulty), partial(
        _drawn, model, luck, rows, changed, names, turns))  # fmt: skip
    rows_of = list(all_drawn.path)
    for r in range(turns):
        drawn = Fixes(all_drawn.minutes[r], rows_of[r])
        minutes = _worked(model, luck, rows, names, r, made.facts, drawn, cuts)
        minutes, path = _flagged(model, luck, r, made.facts, changed, minutes, drawn.path)
        if model.pipeline is not None:
            deployed.append(_deployments(model.pipeline, luck, path, names, r, longest_deployment))
        each.append(minutes)
        paths.append(path)
    made.put("deploy", *(deployed if model.pipeline else [-1] * ROUNDS))
    made.write("fix", *each)
    # As drawn, where no lever sends anybody another way.
    same = all(path is row for path, row in zip(paths, rows_of, strict=True))
    made.facts["path"] = (all_drawn.path if same else np.stack(paths)).T
    made.facts["changed"] = changed.astype(np.int64)


def _drawn(
    model: ResponseModel, luck: Luck, rows: draws.Rows, changed: np.ndarray, names: tuple[str, ...], turns: int
) -> Fixes:
    """Return all rounds' fixes before levers."""
    u_path, u_fix = luck.uniforms("path", turns), draws.shared(model.difficulty, luck, "fix", turns)
    each = (
        _of_kind(kind, u_path[:, mine], u_fix[:, mine], changed[mine], names)
        for kind, mine in zip(model.types, rows, strict=True)
    )
    if len(model.types) == 1:
        return next(each)
    drawn = Fixes(np.empty(u_fix.shape), np.empty(u_fix.shape, dtype=np.int64))
    for mine, own in zip(rows, each, strict=True):
        drawn.minutes[:, mine], drawn.path[:, mine] = own
    return drawn


def _of_kind(kind: IncidentType, u_path: Floats, u_fix: Floats, changed: np.ndarray, names: tuple[str, ...]) -> Fixes:
    """Return the fixes of incidents of one type: 0 minutes, and no path, where it has none."""
    if not kind.paths:
        return Fixes(np.zeros(u_fix.shape), np.full(u_fix.shape, -1))
    ways = _choice(kind, u_path, changed)
    # Path by path in one piece of memory: fewer and longer steps.
    order, ends = columns.grouped(ways.reshape(-1), len(kind.paths))
    minutes = u_fix.reshape(-1)[order]
    for way, low, high in zip(kind.paths, [0, *ends], ends, strict=False):
        columns.minutes(way.law, minutes[low:high], out=minutes[low:high])
    back = np.empty(len(minutes))
    back[order] = minutes
    return Fixes(back.reshape(ways.shape), np.array([names.index(way.name) for way in kind.paths])[ways])


class _Ways(NamedTuple):
    """What types say of their paths, by type and name."""

    success: Floats
    """Chance that it works."""
    after: Ints
    """Which of `path_names` comes after it where it does not work; -1: none does."""


def _ways(model: ResponseModel, names: tuple[str, ...]) -> _Ways:
    # One name more: an incident without a path is at place -1.
    success, after = np.ones((len(model.types), len(names) + 1)), np.full((len(model.types), len(names) + 1), -1)
    for t, kind in enumerate(model.types):
        for way in kind.paths:
            success[t, names.index(way.name)] = way.success
            then = kind.fallback(way)
            if then is not None:
                after[t, names.index(way.name)] = names.index(then.name)
    return _Ways(success, after)


def _worked(
    model: ResponseModel,
    luck: Luck,
    rows: draws.Rows,
    names: tuple[str, ...],
    r: int,
    facts: Facts,
    drawn: Fixes,
    cuts: Cuts,
) -> Floats:
    """Return the minutes of fixes, each with the one that comes after it where it does not work."""
    minutes = _cut(cuts, drawn.path, drawn.minutes)
    ways = draws.keep(luck, ("ways", model.types), partial(_ways, model, names))
    kind = facts["type"]
    chance = ways.success[kind, drawn.path] if np.any(ways.success < 1) else np.float64(1.0)
    for name in NAMED:
        if name in names:
            moved = getattr(model, works(name))
            value = setting(model, facts, works(name), chance if moved is None else moved)
            if value is not chance:
                chance = np.where(drawn.path == names.index(name), value, chance)
    if not np.any(chance < 1):
        return minutes
    after = ways.after[kind, drawn.path]
    later = draws.keep(luck, ("fallback", r, model.types), partial(_fallback, model, luck, rows, names, r, drawn))
    failed = (after >= 0) & (luck.uniform("path works", r) >= chance)
    return np.where(failed, minutes + _cut(cuts, after, later), minutes)


def _fallback(
    model: ResponseModel, luck: Luck, rows: draws.Rows, names: tuple[str, ...], r: int, drawn: Fixes
) -> Floats:
    """Return the minutes of the fix that comes after each one, should it not work."""
    u, minutes = luck.uniform("fallback", r), np.zeros(len(luck))
    everyone = np.arange(len(luck))
    for kind, mine in zip(model.types, rows, strict=True):
        which = everyone[mine]
        for way in kind.paths:
            after = kind.fallback(way)
            if after is not None:
                taken = which[drawn.path[which] == names.index(way.name)]
                minutes[taken] = columns.minutes(after.law, u[taken])
    return minutes


def _cuts(model: ResponseModel, names: tuple[str, ...], facts: Facts) -> Cuts:
    """Return which fixes have a longest time, and which."""
    limits = [
        (names.index(name), setting(model, facts, longest(name), getattr(model, longest(name))))
        for name in NAMED
        if name in names
    ]
    return [(path, most) for path, most in limits if np.any(np.isfinite(most))]


def _cut(cuts: Cuts, path: Ints, minutes: Floats) -> Floats:
    """Return minutes of fixes, none longer than its lever lets it be."""
    for which, most in cuts:
        minutes = np.where(path == which, np.minimum(minutes, most), minutes)
    return minutes


def _flagged(
    model: ResponseModel, luck: Luck, r: int, facts: Facts, changed: np.ndarray, minutes: Floats, path: Ints
) -> tuple[Floats, Ints]:
    """Return minutes and paths once flags take some changes away that other fixes ended so far."""
    more = setting(model, facts, "more_flags", model.more_flags)
    if not np.any(more):
        return minutes, path
    flagged = changed & (path != 0) & (luck.uniform("flag", r) < more)
    u = draws.shared(model.difficulty, luck, "fix", min(rounds(model), ROUNDS))[r]
    flag = np.minimum(columns.minutes(model.flag, u), setting(model, facts, longest("flag"), model.flag_minutes))
    chance = setting(model, facts, works("flag"), 1.0 if model.flag_success is None else model.flag_success)
    if np.any(chance < 1):
        # Its time is spent, and the fix that would have come without it comes after it.
        failed = flagged & (luck.uniform("flag works", r) >= chance)
        minutes, flagged = np.where(failed, minutes + flag, minutes), flagged & ~failed
    return np.where(flagged, np.minimum(minutes, flag), minutes), np.where(flagged, 0, path)


def _choice(kind: IncidentType, u: Floats, changed: np.ndarray) -> Ints:
    shares, after_change = ([path.share for path in kind.paths], [path.share_changed for path in kind.paths])
    plain = draws.place(shares, u)
    if shares == after_change or not changed.any():
        return plain
    return np.where(changed, draws.place(after_change, u), plain)


def _deployments(
    pipeline: Pipeline, luck: Luck, path: Ints, names: tuple[str, ...], r: int, most: Floats | float
) -> Ints:
    through = np.isin(path, [names.index(name) for name in pipeline.paths if name in names])
    minutes = draws.keep(
        luck, ("deploy", r, pipeline.minutes), lambda: columns.minutes(pipeline.minutes, luck.uniform("deploy", r))
    )
    return np.where(through, columns.microseconds(np.minimum(minutes, most)), -1)
