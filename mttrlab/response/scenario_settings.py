"""What a setting of a lever means in a model: which field it sets, and to what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from mttrlab.errors import ModelError
from mttrlab.response.lever_now import failing_changes, flagged
from mttrlab.response.levers import LEVERS
from mttrlab.response.model import ResponseModel
from mttrlab.response.noticed import seen_shares
from mttrlab.response.parameters import automation, runbooks
from mttrlab.response.people import FINISHES, HANDS_OVER, Pool
from mttrlab.response.shares import lifted


def moved(model: ResponseModel, levers: Mapping[str, float], pools: tuple[str, ...] = ()) -> ResponseModel:
    """Return the model with these settings for all incidents, whether it can move them or not.

    Parameters
    ----------
    pools : tuple of str
        Whose settings those of pools are; empty: of all.
    """
    settings: dict[str, Any] = {}
    elements: dict[str, dict[str, Any]] = {}
    for lever, value in levers.items():
        element, dot, attribute = (LEVERS[lever].field or lever).partition(".")
        if dot:
            elements.setdefault(element, {})[attribute] = value
        else:
            settings[element] = _meant(model, lever, value, ())
    mine = elements.pop("pools", None)
    if mine:
        settings["pools"] = tuple(_pool(one, mine) if not pools or one.name in pools else one for one in model.pools)
    # All settings of an element at once: one by one they may contradict each other on the way.
    settings |= {element: replace(getattr(model, element), **own) for element, own in elements.items()}
    return replace(model, **settings)


def own(
    model: ResponseModel, lever: str, value: float, incident_types: tuple[str, ...], services: tuple[str, ...]
) -> tuple[str, Any]:
    """Return the field that a lever sets for some incidents alone, and its setting."""
    if not incident_types and not services and lever in _LIFTED:
        # With a ramp alone it is a share of all incidents, which no type need meet by falling.
        return LEVERS[lever].field or lever, tuple(_LIFTED[lever](model, value))
    return LEVERS[lever].field or lever, _meant(model, lever, value, incident_types)


def narrowed(model: ResponseModel, incident_types: tuple[str, ...], services: tuple[str, ...]) -> ResponseModel:
    """Return the model of these types and services alone, to ask whether anything moves them; of all where none are."""
    if not incident_types and not services:
        return model
    kinds = tuple(
        kind
        for kind in model.types
        if (not incident_types or kind.name in incident_types)
        and (not services or any(face.service in services for face in kind.faces))
        and kind.per_day
    )
    deployments = model.deployments if any(kind.change_caused for kind in kinds) else None
    # Users hit are said by type too, and move no minute.
    return replace(model, types=kinds, deployments=deployments, users=()) if kinds else model


def mistakes(lever: str, value: Any) -> list[str]:
    """Return what is wrong with one setting, in a sentence; none: nothing is."""
    if lever not in LEVERS:
        near = get_close_matches(lever, LEVERS, n=3, cutoff=0.0)
        all_of_them = f"levers(), or mttrlab simulate --levers, lists all {len(LEVERS)}"
        return [f"has no lever {lever}; the nearest are {', '.join(near)}, and {all_of_them}"]
    try:
        LEVERS[lever].check(lever, value)
    except ModelError as error:
        return [str(error)]
    return []


def _meant(model: ResponseModel, lever: str, value: float, only: tuple[str, ...]) -> float:
    """Return the setting of the model's field that a lever's value comes to."""
    if lever == "flagged":
        return _flags(model, value, only)
    if lever == "failing_changes":
        now = failing_changes(replace(model, failing_factor=1.0), only)
        return value / now if now else 1.0
    return value


def _pool(pool: Pool, settings: dict[str, Any]) -> Pool:
    changes = dict(settings)
    if "preemptive" in changes:
        changes["preemptive"] = bool(changes["preemptive"])
    if "end_of_shift" in changes:
        changes["end_of_shift"] = HANDS_OVER if changes["end_of_shift"] else FINISHES
    if "shifts" in changes:
        changes["shifts"] = tuple(replace(shift, people=changes["shifts"]) for shift in pool.shifts)
    return replace(pool, **changes)


def _flags(model: ResponseModel, value: float, only: tuple[str, ...]) -> float:
    """Return the share of the incidents not fixed by a flag so far that a flag fixes now."""
    before = flagged(model, only)
    return model.more_flags + (1 - model.more_flags) * max(value - before, 0.0) / (1 - before)


def _seen(model: ResponseModel, value: float) -> list[float]:
    faces = iter(lifted(*seen_shares(model), value))
    return [sum(next(faces) * face.share for face in kind.faces) for kind in model.types]


_LIFTED: dict[str, Callable[[ResponseModel, float], list[float]]] = {
    "alert_coverage": _seen,
    "automation": lambda model, value: automation(replace(model, automation=value)),
    "runbooks": runbooks,
}
"""Shares of all incidents that the types meet by moving as little as possible."""
