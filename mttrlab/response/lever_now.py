"""The settings in force: what a lever would change, as the model has it now."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from mttrlab.response import parameters
from mttrlab.response.model import ResponseModel
from mttrlab.response.noticed import seen_shares
from mttrlab.response.shares import overall
from mttrlab.schema import AlertRule


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


def of(element: str, attribute: str) -> Callable[[ResponseModel], Any]:
    """Return what reads a setting of an element that a model may lack."""
    return lambda model: getattr(getattr(model, element), attribute, None)


def rules(attribute: str, lever: str) -> Callable[[ResponseModel], Any]:
    """Return what reads a setting of the alert rules."""
    return lambda model: _of_detectors(model, attribute, lever, True)


def monitors(attribute: str, lever: str) -> Callable[[ResponseModel], Any]:
    """Return what reads a setting of the synthetic monitors."""
    return lambda model: _of_detectors(model, attribute, lever, False)


def _of_detectors(model: ResponseModel, attribute: str, lever: str, rule: bool) -> Any:
    if model.watch is None:
        return None
    moved = getattr(model.watch, lever)
    if moved is not None:
        return moved
    those = [one for one in model.watch.detectors if isinstance(one, AlertRule) == rule]
    values = sorted({value for one in those if (value := getattr(one, attribute)) is not None})
    return None if not values else values[0] if len(values) == 1 else (values[0], values[-1])
