"""The question people ask: how soon would we know?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf, nan

from mttrlab.detection.answer import GOAL_MINUTES, DetectionDelay
from mttrlab.detection.combine import fastest
from mttrlab.detection.delay import Delay
from mttrlab.detection.fault import Fault
from mttrlab.detection.noise import Noise, false_pages_per_week
from mttrlab.detection.synthetic import monitor_delay
from mttrlab.detection.threshold import assumed, rule_delay
from mttrlab.errors import QuestionError
from mttrlab.schema import AlertRule, Practices, SyntheticMonitor


@dataclass(frozen=True)
class CustomerReports:
    """Customers as detectors: memoryless, and the later the fewer of them are hit."""

    mean_minutes: float = 30.0
    """Mean minutes until the first report when every request fails."""
    ever: float = 1.0
    """Chance that anybody reports at all."""
    name: str = "customers"

    def delay(self, fault: Fault) -> Delay:
        """Return how long until the first report, seconds."""
        if not 0 < self.mean_minutes < inf:
            raise QuestionError(f"mean_minutes must be a finite number above 0; got {self.mean_minutes!r}")
        if fault.share == 0:
            return Delay.never()
        first = Delay.exponential(60 * self.mean_minutes / fault.share)
        return first if self.ever == 1 else first.thinned(self.ever)


Detector = AlertRule | SyntheticMonitor | CustomerReports | Delay


def detection_delay(
    rule: Detector | Practices | Iterable[Detector],
    fault: Fault | None = None,
    *,
    noise: Noise | None = None,
    goal: float = GOAL_MINUTES,
    certainty: float = 0.95,
    service: str | None = None,
) -> DetectionDelay:
    """Return how soon a fault is noticed under real settings.

    Parameters
    ----------
    rule : AlertRule, SyntheticMonitor, CustomerReports, Delay (seconds), an iterable of these, or Practices
        Several are a race, run independently: the first to notice counts. Of practices, only what pages and says
        which failure mode it watches takes part.
    fault : Fault, optional
        Default: every request fails, in the way the detector watches.
    noise : Noise, optional
        What a normal day looks like; without it false pages are NaN.
    goal : float
        Minutes.
    certainty : float
        Chance with which the goal must be met.
    service : str, optional
        Of practices, only what watches this service takes part.

    Returns
    -------
    DetectionDelay

    Raises
    ------
    QuestionError
        For settings that cannot be.

    Examples
    --------
    The founding text's own alert, error rate above 5 % for 5 minutes, misses the founding text's own two minutes:

    >>> rule = AlertRule("payment_error_rate", for_s=300, scrape_s=15, eval_s=15, group_wait_s=30)
    >>> answer = detection_delay(rule)
    >>> answer.mean_s, answer.meets_goal
    (345.0, False)
    """
    if not (goal > 0 and 0 < certainty <= 1):
        raise QuestionError(f"goal must be above 0 minutes and certainty within 0 to 1; got {goal!r}, {certainty!r}")
    fault = Fault() if fault is None else fault
    detectors = _several(rule, service)
    delay = fastest([_delay(one, fault) for one in detectors]) if len(detectors) != 1 else _delay(detectors[0], fault)
    recall = delay.ever if fault.duration_s == inf else float(delay.cdf(fault.duration_s)[0])
    noisy = [one for one in detectors if isinstance(one, AlertRule | SyntheticMonitor)]
    pages = nan if noise is None else float(sum(false_pages_per_week(one, noise) for one in noisy))
    names = tuple(getattr(one, "name", "a delay") for one in detectors)
    notes = tuple(note for one in detectors if isinstance(one, AlertRule) for note in assumed(one))
    return DetectionDelay(delay, recall, pages, goal, certainty, names, notes)


def _several(rule: Detector | Practices | Iterable[Detector], service: str | None) -> Sequence[Detector]:
    if isinstance(rule, Practices):
        known = [one for one in rule.paging() if one.failure_modes]
        return [one for one in known if service is None or service in one.targets]
    if isinstance(rule, AlertRule | SyntheticMonitor | CustomerReports | Delay):
        return (rule,)
    try:
        return tuple(rule)
    except TypeError:
        raise _no_detector(rule) from None


def _delay(detector: Detector, fault: Fault) -> Delay:
    if isinstance(detector, AlertRule):
        return rule_delay(detector, fault)
    if isinstance(detector, SyntheticMonitor):
        return monitor_delay(detector, fault) if detector.pages else Delay.never()
    if isinstance(detector, CustomerReports):
        return detector.delay(fault)
    if isinstance(detector, Delay):
        return detector
    raise _no_detector(detector)


def _no_detector(thing: object) -> QuestionError:
    kinds = "an AlertRule, a SyntheticMonitor, CustomerReports or a Delay"
    return QuestionError(f"a detector must be {kinds}; got {type(thing).__name__}")
