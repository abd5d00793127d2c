"""The settings in force: what a lever would change, as the model has it now."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from mttrlab.response import parameters
from mttrlab.response.model import ResponseModel
from mttrlab.response.noticed import seen_shares
from mttrlab.response.people import HANDS_OVER
from mttrlab.response.shares import overall
from mttrlab.schema import AlertRule

Now = Callable[[ResponseModel], Any]
"""The setting in force: a number, or the smallest and the largest of several; None: no such limit."""


def limit(most: float) -> float | None:
    """Return a longest time, or None where there is none."""
    return None if math.isinf(most) else most


def coverage(model: ResponseModel) -> float:
    """Return the share of incidents that alerts see."""
    return model.alert_coverage if model.alert_coverage is not None else overall(*seen_shares(model))


def automated(model: ResponseModel) -> float:
    """Return the share of incidents whose alert has a remediation rule."""
    if model.automation is not None:
        return model.automation
    return overall([kind.automation for kind in model.types], model.weights)


def change_caused(model: ResponseModel) -> float:
    """Return the share of incidents that a known change caused."""
    return overall([kind.change_caused for kind in model.types], model.weights)


def flagged(model: ResponseModel, only: tuple[str, ...] = ()) -> float:
    """Return the share of change-caused incidents (of `only` these types; empty: of all) that a flag fixes."""
    after_change = [
        kind.change_caused * weight if not only or kind.name in only else 0.0
        for kind, weight in zip(model.types, model.weights, strict=True)
    ]
    by_flag = [sum(p.share_changed for p in kind.paths if p.name == "flag") for kind in model.types]
    total = math.fsum(after_change)
    share = overall(by_flag, after_change) / total if total else 0.0
    return share + (1 - share) * model.more_flags


def runbooks(model: ResponseModel) -> float:
    """Return the share of incidents that a runbook answers."""
    return model.runbooks if model.runbooks is not None else overall(parameters.runbooks(model), model.weights)


def failing_changes(model: ResponseModel, only: tuple[str, ...] = ()) -> float | None:
    """Return the incidents (of `only` these types; empty: of all) that a deployment causes on average.

    None: the model knows no deployments.
    """
    if model.deployments is None:
        return None
    caused = math.fsum(kind.per_day * kind.change_caused for kind in model.types if not only or kind.name in only)
    return caused / model.deployments.per_day * model.failing_factor


def burst_share(model: ResponseModel) -> float | None:
    """Return the share of first incidents that bring others."""
    return _least(model, model.burst_share, "share")


def burst_size(model: ResponseModel) -> float | None:
    """Return how many others an incident brings on average, where it brings any."""
    return _least(model, model.burst_size, "mean")


def _least(model: ResponseModel, moved: float | None, attribute: str) -> float | None:
    """Return what holds of bursts: a lever takes them away and adds none."""
    if model.bursts is None:
        return None
    drawn: float = getattr(model.bursts, attribute)
    return drawn if moved is None else min(moved, drawn)


def of_hypotheses(attribute: str) -> Now:
    """Return what reads a chance of the hypotheses, which types may have in different ways."""
    lever = {"hit": "hypothesis_hit"}.get(attribute, attribute)

    def read(model: ResponseModel) -> Any:
        found = [getattr(kind.hypotheses, attribute) for kind in model.types if kind.hypotheses]
        moved = getattr(model, lever)
        return several(found) if moved is None or not found else moved

    return read


def longest(path: str) -> Now:
    """Return what reads the longest time of a fix."""
    return lambda model: limit(getattr(model, f"{path}_minutes"))


def success(path: str) -> Now:
    """Return what reads the chance that a fix works, which types may have in different ways."""

    def read(model: ResponseModel) -> Any:
        moved = getattr(model, f"{path}_success")
        if moved is not None:
            return moved
        found = several([way.success for kind in model.types for way in kind.paths if way.name == path])
        return 1.0 if found is None and path == "flag" else found

    return read


def pool(attribute: str) -> Now:
    """Return what reads a setting of the pools."""
    return lambda model: several([one for one in (getattr(pool, attribute) for pool in model.pools) if one is not None])


def shift_people(model: ResponseModel) -> Any:
    """Return the people in each shift of the pools."""
    return several([shift.people for pool in model.pools for shift in pool.shifts])


def hands_over(model: ResponseModel) -> Any:
    """Return whether incidents go back to the queue at the end of a shift, of the pools that have shifts."""
    return several([pool.end_of_shift == HANDS_OVER for pool in model.pools if pool.shifts])


def several(values: Sequence[float]) -> Any:
    """Return the one value, or the smallest and the largest; None: there is none."""
    found = sorted(set(values))
    return None if not found else found[0] + 0 if len(found) == 1 else (found[0] + 0, found[-1] + 0)


def of(element: str, attribute: str) -> Now:
    """Return what reads a setting of an element that a model may lack."""
    return lambda model: getattr(getattr(model, element), attribute, None)


def rules(attribute: str, lever: str) -> Now:
    """Return what reads a setting of the alert rules."""
    return lambda model: _of_detectors(model, attribute, lever, True)


def monitors(attribute: str, lever: str) -> Now:
    """Return what reads a setting of the synthetic monitors."""
    return lambda model: _of_detectors(model, attribute, lever, False)


def _of_detectors(model: ResponseModel, attribute: str, lever: str, rule: bool) -> Any:
    if model.watch is None:
        return None
    moved = getattr(model.watch, lever)
    if moved is not None:
        return moved
    those = [one for one in model.watch.detectors if isinstance(one, AlertRule) == rule]
    return several([value for one in those if (value := getattr(one, attribute)) is not None])
