"""Which fix ends each round of an incident, how long it takes, and whether it needs a deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mttrlab.response import draws
from mttrlab.response.incident_type import FixPath, IncidentType
from mttrlab.response.laws import Floats
from mttrlab.response.layout import ROUNDS
from mttrlab.response.luck import Ints, Luck
from mttrlab.response.model import ResponseModel
from mttrlab.response.parameters import rounds
from mttrlab.response.special import setting

if TYPE_CHECKING:
    from mttrlab.response.records import Records


def path_names(model: ResponseModel) -> tuple[str, ...]:
    """Return the names that the fact `path` counts, `flag` first."""
    return ("flag", *sorted({path.name for kind in model.types for path in kind.paths} - {"flag"}))


LIMITED = ("rollback", "failover", "scale", "config", "forward_fix", "migration")
"""Fixes whose longest time is a lever: the field `<fix>_minutes`."""


def longest(model: ResponseModel) -> tuple[float, ...]:
    """Return the longest time of each of `LIMITED`, minutes."""
    return tuple(getattr(model, f"{name}_minutes") for name in LIMITED)


def fill(model: ResponseModel, luck: Luck, rows: draws.Rows, made: Records) -> None:
    """Write each round's fix, its path and its deployment."""
    changed = luck.uniform("change") < np.array([kind.change_caused for kind in model.types])[made.facts["type"]]
    names = path_names(model)
    limits = {
        names.index(name): setting(model, made.facts, f"{name}_minutes", most)
        for name, most in zip(LIMITED, longest(model), strict=True)
        if name in names
    }
    more = setting(model, made.facts, "more_flags", model.more_flags)
    paths = []
    for r in range(min(rounds(model), ROUNDS)):
        drawn, path = _drawn(model, luck, rows, changed, names, r)
        minutes = drawn
        for name, most in limits.items():
            if np.any(np.isfinite(most)):
                minutes = np.where(path == name, np.minimum(minutes, most), minutes)
        if np.any(more):
            flagged = changed & (path != 0) & (luck.uniform("flag", r) < more)
            u = draws.shared(model.difficulty, luck, "fix", r)
            minutes = np.where(flagged, np.minimum(minutes, model.flag.quantile(u)), minutes)
            path = np.where(flagged, 0, path)
        made.x["fix"][made.place, r] = draws.microseconds(minutes)
        made.x["deploy"][made.place, r] = _deployments(model, luck, path, names, r)
        paths.append(path)
    made.facts["path"] = np.stack(paths, axis=1)
    made.facts["changed"] = changed.astype(np.int64)


def _drawn(
    model: ResponseModel, luck: Luck, rows: draws.Rows, changed: np.ndarray, names: tuple[str, ...], r: int
) -> tuple[Floats, Ints]:
    """Return minutes and path of a round before levers."""

    def make() -> tuple[Floats, Ints]:
        u_path, u_fix = luck.uniform("path", r), draws.shared(model.difficulty, luck, "fix", r)
        minutes, path = np.zeros(len(luck)), np.full(len(luck), -1, dtype=np.int64)
        everyone = np.arange(len(luck))
        for kind, mine in zip(model.types, rows, strict=True):
            which = everyone[mine]
            ways = _choice(kind, u_path[which], changed[which])
            for p, way in enumerate(kind.paths):
                taken = which[ways == p]
                path[taken] = names.index(way.name)
                minutes[taken] = way.law.quantile(u_fix[taken])
                if way.success < 1:
                    _fallen_back(kind, way, luck, r, taken, minutes)
        return minutes, path

    return draws.keep(luck, ("fixes", r, model.types, model.difficulty), make)  # type: ignore[no-any-return]


def _fallen_back(kind: IncidentType, way: FixPath, luck: Luck, r: int, taken: Ints, minutes: Floats) -> None:
    """Add the fix that comes after one which did not work; its time is spent either way."""
    failed = taken[luck.uniform("path works", r)[taken] >= way.success]
    after = kind.fallback(way)
    if after is not None:
        minutes[failed] += after.law.quantile(luck.uniform("fallback", r)[failed])


def _choice(kind: IncidentType, u: Floats, changed: np.ndarray) -> Ints:
    if not kind.paths:
        return np.full(len(u), -1, dtype=np.int64)
    last = len(kind.paths) - 1
    plain = np.searchsorted(np.cumsum([p.share for p in kind.paths]), u, side="right")
    after_change = np.searchsorted(np.cumsum([p.share_changed for p in kind.paths]), u, side="right")
    return np.minimum(np.where(changed, after_change, plain), last).astype(np.int64)


def _deployments(model: ResponseModel, luck: Luck, path: Ints, names: tuple[str, ...], r: int) -> Ints | int:
    if model.pipeline is None:
        return -1
    through = np.isin(path, [names.index(name) for name in model.pipeline.paths if name in names])
    minutes = draws.keep(luck, ("deploy", r, model.pipeline), lambda: draws.microseconds(
        model.pipeline.minutes.quantile(luck.uniform("deploy", r))))  # type: ignore[union-attr]  # fmt: skip
    return np.where(through, minutes, -1)
