"""When each incident is noticed: by an alert, a monitor, or somebody who reports it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mttrlab.response import draws
from mttrlab.response.incident_type import Face
from mttrlab.response.laws import AT_ONCE, Floats
from mttrlab.response.luck import Ints, Luck
from mttrlab.response.model import ResponseModel
from mttrlab.response.shares import lifted
from mttrlab.response.special import flat, of_each, setting
from mttrlab.response.watching import GAP, RULES, Sight, Watch

if TYPE_CHECKING:
    from mttrlab.response.records import Records

_SETTINGS = ("evaluation_s", "for_s", "scrape_s", "group_wait_s", "interval_s", "confirmations", "share")


def seen_shares(model: ResponseModel) -> tuple[list[float], list[float]]:
    """Return, per face through all types, the share of its incidents that alerts see, and the face's weight."""
    shares = [kind.seen(face) for kind in model.types for face in kind.faces]
    weights = [w * face.share for kind, w in zip(model.types, model.weights, strict=True) for face in kind.faces]
    return shares, weights


def fill(model: ResponseModel, luck: Luck, rows: draws.Rows, made: Records) -> None:
    """Write when each incident is noticed, and whether alerts did it."""
    u, chance = luck.uniform("detect"), luck.uniform("coverage")
    slow = draws.keep(luck, ("slow", model.types), lambda: draws.of_types(
        luck, rows, [k.detect or AT_ONCE for k in model.types], u))  # fmt: skip
    fast = draws.keep(luck, ("fast", model.types), lambda: draws.of_types(
        luck, rows, [k.alert or k.detect or AT_ONCE for k in model.types], u))  # fmt: skip
    reported = setting(model, made.facts, "report_minutes", model.report_minutes)
    if np.any(np.isfinite(reported)):
        slow = np.minimum(slow, reported)
    shares, weights = seen_shares(model)
    face = flat(model, made.facts)
    before = of_each(shares, face)
    after = of_each(lifted(shares, weights, model.alert_coverage), face)
    race: np.ndarray | None = None
    if model.watch is not None:
        race, fast, after = _by_settings(model, model.watch, luck, made, face, fast, after)
    wanted = setting(model, made.facts, "alert_coverage", after)
    was = chance < before
    now = was if np.array_equal(wanted, before) else chance < wanted
    # A new alert races the report that came anyway; a lost one leaves nobody earlier than it did.
    drawn = np.where(now, fast, slow)
    if now is not was:
        drawn = np.where(now == was, drawn, np.where(now, np.minimum(slow, fast), np.maximum(slow, fast)))
    covered, latest = now, setting(model, made.facts, "alert_latency", model.alert_latency)
    if race is not None:
        drawn = np.where(race, np.where(now, np.minimum(slow, fast), slow), drawn)
        covered = now & ~(race & (slow < np.minimum(fast, latest)))
    if np.any(np.isfinite(latest)):
        drawn = np.where(now, np.minimum(drawn, latest), drawn)
    made.write("detect", drawn)
    made.facts["covered"] = covered.astype(np.int64)


def _by_settings(
    model: ResponseModel, watch: Watch, luck: Luck, made: Records, face: Ints, fast: Floats, seen: Any
) -> tuple[np.ndarray, Floats, Floats]:
    """Return which incidents are a race of detectors, when alerts notice, and the share of each one's like they see.

    In a race the report of a person is a rival, not the rest.
    """
    faces = [one for kind in model.types for one in kind.faces]
    kinds = np.array([one.watch for one in faces])[face]
    closed = setting(model, made.facts, "watch.gaps_closed", watch.gaps_closed)
    filled = (kinds == GAP) & (luck.uniform("gap") < closed)
    race = (kinds == RULES) | (kinds == GAP)
    u = luck.uniform("alert")
    fast = np.where(race, np.inf, fast)
    seen = np.where(kinds == GAP, np.where(filled, watch.seen, 0.0), seen)
    for variant, mine in _variants(model, watch, made.facts):
        sights = [_sight(variant, one) for one in faces]
        distinct = [sight for sight in {id(sight): sight for sight in sights}.values() if sight is not None]
        which = np.array([next((k for k, d in enumerate(distinct) if d is sight), -1) for sight in sights])[face]
        which = np.where(mine & ((kinds == RULES) | filled), which, -1)
        for k, sight in enumerate(distinct):
            rows = np.flatnonzero(which == k)
            fast[rows] = sight.quantile(u[rows])
    return race, fast, seen


def _variants(model: ResponseModel, watch: Watch, facts: dict[str, np.ndarray]) -> list[tuple[Watch, np.ndarray]]:
    """Return the settings of detectors in force, each with the incidents that meet them."""
    everyone = np.ones(len(facts["type"]), dtype=bool)
    columns = {name: setting(model, facts, f"watch.{name}", np.nan) for name in _SETTINGS}
    columns = {name: value for name, value in columns.items() if np.ndim(value)}
    if not columns:
        return [(watch, everyone)]
    rows = np.stack([np.nan_to_num(value, nan=-1.0) for value in columns.values()], axis=1)
    found, which = np.unique(rows, axis=0, return_inverse=True)
    return [(_set(watch, columns, found[k]), which.ravel() == k) for k in range(len(found))]


def _set(watch: Watch, columns: dict[str, Any], row: Floats) -> Watch:
    own = {name: value for name, value in zip(columns, row.tolist(), strict=True) if value >= 0}
    if "confirmations" in own:
        own["confirmations"] = int(own["confirmations"])
    return replace(watch, **own)


def _sight(watch: Watch, face: Face) -> Sight | None:
    if face.watch == GAP:
        return watch.usual()
    return watch.sight(face.service, face.failure_mode) if face.watch == RULES else None
