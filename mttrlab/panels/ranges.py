"""From where to where each lever of a model can be slid."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import NamedTuple

from mttrlab.response.model import validation
from mttrlab.response.model.distributions import Distribution
from mttrlab.response.model.response_model import ResponseModel
from mttrlab.response.scenarios.applicability import reason_without_effect
from mttrlab.response.scenarios.levers import LEVERS

_NICE = (1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 360, 480, 720, 1440, 2880, 10080)
_TOPS = {
    "times": 2.0,
    "seconds": 120.0,
    "automation_attempts": 5.0,
    "healthy_in_a_row": 20.0,
    "confirmations": 10.0,
    "page_delivery": 15.0,
    "ack_timeout": 30.0,
    "night_startup": 60.0,
    "transfer_minutes": 60.0,
    "handover_minutes": 60.0,
    "max_rounds": 10.0,
    "max_transfers": 8.0,
    "escalation_repeats": 4.0,
    "samples_most": 100.0,
}
_STEPS = {"share": 0.01, "times": 0.05, "seconds": 5.0, "incidents": 0.01}
_FINE = (0.1, 0.25, 0.5, 1.0, 5.0, 15.0)
_WHOLE = {"people", "lanes"}


class Slide(NamedTuple):
    """The range of one lever's slider."""

    lever: str
    low: float
    high: float
    step: float
    now: float
    """Where it stands: the setting in force, or the high end where there is no limit."""
    unlimited: bool
    """The high end means no limit."""
    unit: str
    words: str
    """The setting as a sentence begins."""
    alone: bool
    """Whether it can be moved for a single incident type or service."""
    of_pools: bool
    """Whether it can be moved for a single pool."""

    def holds_for(self, what: str) -> bool:
        """Return whether it can be moved for these alone: `incident_types`, `services`, `pools`; empty: for all."""
        return not what or (self.of_pools if what == "pools" else self.alone)


def slides(model: ResponseModel) -> list[Slide]:
    """Return a slide for each lever that this model can move, in the order of `levers()`.

    Parameters
    ----------
    model : ResponseModel

    Returns
    -------
    list of Slide
        A range holds the setting in force. A time without a limit ends where the model's own times hardly reach.
    """
    validation.a("model", ResponseModel, model)
    made = []
    for name, lever in LEVERS.items():
        now = lever.now(model)
        if isinstance(now, tuple):
            # Rules or monitors that differ: the slowest of them.
            now = max(now)
        high = _upper_end(model, name, lever.unit, now)
        whole = lever.whole
        step = 1.0 if whole else _STEPS.get(lever.unit) or next((s for s in _FINE if high / s <= 120), 60.0)
        low = (
            _smallest_count(model, name)
            if whole
            else 5.0
            if lever.unit == "seconds"
            else step
            if lever.open_low
            else 0.0
        )
        if name == "flagged":
            # Changes that stand behind a flag do not come out from behind it.
            low = math.ceil(100 * (now or 0.0)) / 100
        if reason_without_effect(model, name, low) and reason_without_effect(model, name, high):
            continue
        low = min(low, high if now is None else now)
        stands = high if now is None else float(now)
        made.append(
            Slide(name, low, high, step, stands, now is None, lever.unit, lever.words, lever.alone, lever.of_pools)
        )
    return made


def _smallest_count(model: ResponseModel, name: str) -> float:
    """Return the smallest whole number that this model takes."""
    if name == "pool_people" and not all(pool.shifts for pool in model.pools):
        return 1.0
    if name == "samples_most" and model.verification is not None:
        return float(model.verification.in_a_row)
    return LEVERS[name].low


def _upper_end(model: ResponseModel, name: str, unit: str, now: float | None) -> float:
    if unit == "share":
        return 1.0
    if unit == "0 or 1":
        return 1.0
    if unit in _WHOLE:
        return float((now or 1) + 5)
    if unit == "incidents":
        # Nobody limits those that wait, or what a burst brings is the most there is.
        return float(now or 20.0) * (2.0 if name == "failing_changes" else 1.0)
    top = _TOPS.get(name, _TOPS.get(unit, 0.0)) or _slowest_minutes(model, name)
    top = max(top, 2.0 * (now or 0.0))
    if name == "healthy_in_a_row" and model.verification is not None:
        return float(min(top, model.verification.max_samples))
    return float(min(next((nice for nice in _NICE if nice >= top), math.ceil(top)), LEVERS[name].high))


def _slowest_minutes(model: ResponseModel, name: str) -> float:
    """Return the minutes that nearly all draws of the laws behind a lever stay below."""
    laws: dict[str, Callable[[], Iterable[Distribution | None]]] = {
        "alert_latency": lambda: (kind.alert or kind.detect for kind in model.types),
        "verification_window": lambda: (kind.verify for kind in model.types),
        "automation_timeout": lambda: (model.automation_run,),
        "report_minutes": lambda: (kind.detect for kind in model.types),
        "try_minutes": lambda: (kind.hypotheses.minutes if kind.hypotheses else None for kind in model.types),
        "deployment_minutes": lambda: (model.pipeline.minutes if model.pipeline else None,),
        "flag_minutes": lambda: (model.flag, *(p.law for kind in model.types for p in kind.paths if p.name == "flag")),
    }
    path = name.removesuffix("_minutes")
    found = laws.get(name, lambda: (p.law for kind in model.types for p in kind.paths if p.name == path))
    known = [float(law.quantile(0.95)) for law in found() if law is not None]
    return max(known, default=60.0)
