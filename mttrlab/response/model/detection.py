"""Detection from the settings of real rules and monitors: one race of detectors per service and failure mode."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import cached_property, lru_cache
from typing import Annotated, Any, Final, NamedTuple

import numpy as np
from pydantic import Discriminator, Tag

from mttrlab.detection import Fault, detection_delay
from mttrlab.response.model.arrays import Floats
from mttrlab.response.model.settings import DaySeconds, Number, PositiveDaySeconds, PositiveShare, Share, settings
from mttrlab.schema import FAILURE_MODES, AlertRule, SyntheticMonitor

RULES: Final = "rules"
GAP: Final = "gap"
"""How a face is watched: by settings that are known, or by nothing. Empty: not known, and history alone speaks."""

_GRID = 1000
"""Equally likely delays that stand for the whole law, and instants at which it is looked at."""

_USUAL = AlertRule(
    "a usual rule", failure_mode="availability", for_s=300.0, scrape_s=15.0, eval_s=15.0, group_wait_s=30.0
)


class DetectionDelayCurve(NamedTuple):
    """What detectors make of a fault."""

    ever: float
    """Chance that one of them would notice at all."""
    minutes: Floats
    """Minutes until the first of them does, if one does: equally likely ones, rising."""

    def quantile(self, u: Floats) -> Floats:
        """Return the minutes that a share `u` of all faults are noticed within; infinite where they never are."""
        place = np.minimum((u / self.ever * len(self.minutes)).astype(np.int64), len(self.minutes) - 1)
        return np.where(u < self.ever, self.minutes[place], np.inf)


def _which(told: object) -> str | None:
    """Return which class of detectors is meant: the one that knows every field that is named."""
    for kind in (AlertRule, SyntheticMonitor):
        if isinstance(told, kind) or (isinstance(told, dict) and set(told) <= {one.name for one in fields(kind)}):
            return kind.__name__
    return AlertRule.__name__ if isinstance(told, dict) else None


Detector = AlertRule | SyntheticMonitor
"""What can page by itself."""

_DETECTORS = Discriminator(
    _which, custom_error_type="detector", custom_error_message="must be an AlertRule or a SyntheticMonitor"
)


@settings("watching")
class DetectionSettings:
    """Rules and monitors, and settings that a lever has put in the place of theirs."""

    detectors: tuple[
        Annotated[
            Annotated[AlertRule, Tag("AlertRule")] | Annotated[SyntheticMonitor, Tag("SyntheticMonitor")], _DETECTORS
        ],
        ...,
    ] = ()
    """Everything that can page, with the settings that hold."""
    share: PositiveShare = 1.0
    """Share of requests that fail: how bad the faults are."""
    seen: Share = 1.0
    """Share of the incidents in closed gaps that alerts see."""
    evaluation_s: PositiveDaySeconds | None = None
    """Evaluation interval of every rule, seconds; None: its own."""
    for_s: DaySeconds | None = None
    """How long every rule's condition must hold, seconds; None: its own."""
    scrape_s: PositiveDaySeconds | None = None
    """Scrape interval of every rule's metrics, seconds; None: its own."""
    group_wait_s: DaySeconds | None = None
    """Wait before every rule's first notification, seconds; None: its own."""
    interval_s: PositiveDaySeconds | None = None
    """Time between the runs of every monitor, seconds; None: its own."""
    confirmations: Annotated[int, Number(1, 100)] | None = None
    """Failing runs in a row that every monitor needs; None: its own."""
    gaps_closed: Share = 0.0
    """Share of the incidents in gaps that rules as usual as the others watch now."""

    def over(self, service: str | None, failure_mode: str | None) -> tuple[AlertRule | SyntheticMonitor, ...]:
        """Return what would notice a fault of this mode at this service, settings of levers in place."""
        return tuple(
            self._set(one)
            for one in self.detectors
            if service in one.targets
            and any(mode in one.failure_modes for mode in Fault(failure_mode or "").shows_as())
        )

    def sight(self, service: str | None, failure_mode: str | None) -> DetectionDelayCurve | None:
        """Return how soon a fault of this mode at this service is noticed; None: nothing watches it."""
        if service is None or failure_mode not in FAILURE_MODES:
            return None
        if (service, failure_mode) not in self._sights:
            found = _sight(self.over(service, failure_mode), Fault(failure_mode, self.share))
            self._sights[service, failure_mode] = found
        return self._sights[service, failure_mode]

    @cached_property
    def _sights(self) -> dict[tuple[str, str], DetectionDelayCurve | None]:
        """What `sight` has answered; `updated` copies leave it behind."""
        return {}

    @cached_property
    def usual(self) -> DetectionDelayCurve:
        """How soon a gap would be noticed if it were closed: as by the middle one of the detectors there are."""
        singles = [
            found
            for one in self.detectors
            for mode in one.failure_modes[:1]
            if (found := _sight((self._set(one),), Fault(mode, self.share))) is not None
        ]
        if not singles:
            found = _sight((self._set(_USUAL),), Fault("availability", self.share))
            singles = [found] if found else [DetectionDelayCurve(1.0, np.zeros(1))]
        return sorted(singles, key=lambda one: float(one.minutes.mean()))[len(singles) // 2]

    def _set(self, one: AlertRule | SyntheticMonitor) -> AlertRule | SyntheticMonitor:
        if isinstance(one, AlertRule):
            own: dict[str, Any] = {"eval_s": self.evaluation_s, "for_s": self.for_s, "scrape_s": self.scrape_s,
                   "group_wait_s": self.group_wait_s}  # fmt: skip
            return replace(one, **{name: value for name, value in own.items() if value is not None})
        said: dict[str, Any] = {"interval_s": self.interval_s, "confirmations": self.confirmations}
        return replace(one, **{name: value for name, value in said.items() if value is not None})


def _sight(
    detectors: tuple[
        Annotated[
            Annotated[AlertRule, Tag("AlertRule")] | Annotated[SyntheticMonitor, Tag("SyntheticMonitor")], _DETECTORS
        ],
        ...,
    ],
    fault: Fault,
) -> DetectionDelayCurve | None:
    # Services often have the same settings; only what detection depends on is told apart.
    return _seen(tuple(sorted({_bare(one) for one in detectors}, key=repr)) if detectors else (), fault)


def _bare(one: AlertRule | SyntheticMonitor) -> AlertRule | SyntheticMonitor:
    if isinstance(one, AlertRule):
        return replace(one, name="", service="", also=(), expr="", source="", why="", runbook="", severity="")
    return replace(one, name="", service="", also=(), source="", note="", severity="")


@lru_cache(maxsize=4096)
def _seen(
    detectors: tuple[
        Annotated[
            Annotated[AlertRule, Tag("AlertRule")] | Annotated[SyntheticMonitor, Tag("SyntheticMonitor")], _DETECTORS
        ],
        ...,
    ],
    fault: Fault,
) -> DetectionDelayCurve | None:
    if not detectors:
        return None
    answer = detection_delay(detectors, fault)
    if answer.recall <= 0:
        return None
    delay = answer.delay
    low, high = float(delay.knots[0]), float(delay.knots[-1])
    at = np.linspace(low, high, _GRID) if high > low else np.array([low])
    # A step of the law stands at its later end, never before the earliest possible time.
    chance = np.maximum.accumulate(delay.cdf(at)) / delay.ever
    place = np.minimum(np.searchsorted(chance, (np.arange(_GRID) + 0.5) / _GRID), len(at) - 1)
    before = np.maximum(place - 1, 0)
    wanted, rise = (np.arange(_GRID) + 0.5) / _GRID, chance[place] - chance[before]
    part = np.divide(wanted - chance[before], rise, out=np.ones(_GRID), where=rise > 0)
    seconds = np.where(place > 0, at[before] + np.clip(part, 0.0, 1.0) * (at[place] - at[before]), at[place])
    return DetectionDelayCurve(answer.recall, seconds / 60)
