"""The question people ask: how soon would we know?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, comb, inf, nan

import numpy as np
import pandas as pd

from mttrlab.detection.alert_rules import alternatives, assumed, intervals, rule_delay, rule_ways
from mttrlab.detection.delay import Delay, Fault, Way, through_the_week
from mttrlab.detection.synthetic import mean_trials, monitor_delay, rounds_and_waits
from mttrlab.errors import QuestionError
from mttrlab.schema import WEEK_H, AlertRule, Condition, Practices, SyntheticMonitor, WeekHours, either


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


def _several(rule: Detector | Practices | Iterable[Detector], service: str | None) -> Sequence[Detector]:
    """Return the detectors that race: those of one service, and those that do not say which they watch."""
    if isinstance(rule, AlertRule | SyntheticMonitor | CustomerReports | Delay):
        return (rule,)
    try:
        every = [one for one in rule.paging() if one.failure_modes] if isinstance(rule, Practices) else list(rule)
    except TypeError:
        raise _no_detector(rule) from None
    if service is not None:
        return [one for one in every if service in getattr(one, "targets", (service,))]
    targets = [set(getattr(one, "targets", ())) for one in every]
    watched = sorted(set().union(*targets))
    if watched and not any(all(name in named for named in targets if named) for name in watched):
        listed = ", ".join(watched[:5]) + (f" and {len(watched) - 5} more" if len(watched) > 5 else "")
        raise QuestionError(f"these alerts watch {len(watched)} services ({listed}); say which: service={watched[0]!r}")
    return every


def _ways(detector: Detector, fault: Fault) -> list[Way]:
    if isinstance(detector, AlertRule):
        return rule_ways(detector, fault)
    if isinstance(detector, SyntheticMonitor):
        return [(None, monitor_delay(detector, fault))] if detector.pages else []
    if isinstance(detector, CustomerReports):
        return [(None, detector.delay(fault))]
    if isinstance(detector, Delay):
        return [(None, detector)]
    raise _no_detector(detector)


def _no_detector(thing: object) -> QuestionError:
    kinds = "an AlertRule, a SyntheticMonitor, CustomerReports or a Delay"
    return QuestionError(f"a detector must be {kinds}; got {type(thing).__name__}")


# What a question about detection is answered with: how soon, how surely, at what price in false pages.


GOAL_MINUTES = 2.0
"""The founding text: alerts that fire within two minutes of an actual problem."""


@dataclass(frozen=True, eq=False)
class DetectionDelay:
    """How soon a fault is noticed, how surely, and at what price in false pages. Minutes, unless a name ends in _s."""

    delay: Delay
    """The whole law, in seconds."""
    recall: float
    """Chance that the fault is noticed at all before it ends."""
    false_pages_per_week: float
    """NaN where no noise was given, or where it does not say."""
    goal: float = GOAL_MINUTES
    """Minutes."""
    certainty: float = 0.95
    """Chance with which the goal must be met."""
    detectors: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """What had to be assumed, in sentences."""
    hours: WeekHours | None = None
    """When any of the detectors is on; None: at all times. A fault that begins outside of them is never noticed."""

    @property
    def mean(self) -> float:
        """Mean minutes; infinite where it may never be noticed."""
        return self.delay.mean / 60

    @property
    def mean_s(self) -> float:
        """Mean seconds."""
        return self.delay.mean

    @property
    def lowest(self) -> float:
        """No detection is sooner."""
        return self.delay.lowest / 60

    @property
    def highest(self) -> float:
        """No detection is later; infinite where it may never be noticed."""
        return self.delay.highest / 60

    @property
    def median(self) -> float:
        """Median minutes."""
        return float(self.quantile(0.5)[0])

    @property
    def p90(self) -> float:
        """90th percentile, minutes."""
        return float(self.quantile(0.9)[0])

    @property
    def within_goal(self) -> float:
        """Chance of being noticed within the goal."""
        return min(float(self.cdf(self.goal)[0]), self.recall)

    @property
    def meets_goal(self) -> bool:
        """Whether the goal is met with the certainty asked for."""
        return self.within_goal >= self.certainty - 1e-9

    def cdf(self, minutes: np.ndarray | float) -> np.ndarray:
        """Return the chance of having noticed by then."""
        return self.delay.cdf(np.asarray(minutes, dtype=float) * 60)

    def quantile(self, level: np.ndarray | float) -> np.ndarray:
        """Return the minutes by which it is noticed with this chance; of uniform numbers it makes draws."""
        return self.delay.quantile(level) / 60

    def sample(self, rng: np.random.Generator, size: int) -> np.ndarray:
        """Return draws in minutes; infinite where the fault is never noticed."""
        return self.delay.sample(rng, size) / 60

    def table(self) -> pd.DataFrame:
        """Return the figures as one row."""
        return pd.DataFrame(
            [
                {
                    "detectors": ", ".join(self.detectors),
                    "recall": self.recall,
                    "hours_per_week": WEEK_H if self.hours is None else self.hours.hours_per_week,
                    "mean": self.mean,
                    "median": self.median,
                    "p90": self.p90,
                    "lowest": self.lowest,
                    "highest": self.highest,
                    "goal": self.goal,
                    "within_goal": self.within_goal,
                    "meets_goal": self.meets_goal,
                    "false_pages_per_week": self.false_pages_per_week,
                }
            ]
        )

    def __str__(self) -> str:
        who = ", ".join(self.detectors) or "nothing"
        if self.recall == 0:
            return f"{who}: never notices this fault"
        verdict = "meets" if self.meets_goal else "misses"
        typical = f"{self.delay.mean_if_ever / 60:.1f} min on average ({self.lowest:.1f} to {self._latest()})"
        hours = "" if self.hours is None else f", on for {self.hours}"
        return f"{who}: {typical}, recall {self.recall:.0%}{hours}; {verdict} the goal of {self.goal:g} min"

    def _latest(self) -> str:
        return "any" if self.highest == inf and self.hours is None else f"{self.delay.knots[-1] / 60:.1f}"


@dataclass(frozen=True)
class DetectorNoise:
    """What a normal day looks like to a detector."""

    flake: float = 0.0
    """Chance that one healthy probe (or sample, for a rule over the latest sample) looks bad."""
    error_share: float = 0.0
    """Share of requests that fail (are slow) on a normal day."""
    requests_per_s: float | None = None
    """Traffic behind the ratio of a windowed rule; None: not known."""

    def __post_init__(self) -> None:
        for name in ("flake", "error_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise QuestionError(f"{name} of the noise must lie between 0 and 1; got {getattr(self, name)!r}")
        if self.requests_per_s is not None and not self.requests_per_s > 0:
            raise QuestionError(f"requests_per_s must be above 0; got {self.requests_per_s!r}")


def detection_delay(
    rule: Detector | Practices | Iterable[Detector],
    fault: Fault | None = None,
    *,
    noise: DetectorNoise | None = None,
    goal: float = GOAL_MINUTES,
    certainty: float = 0.95,
    service: str | None = None,
) -> DetectionDelay:
    """Return how soon a fault is noticed under real settings.

    Parameters
    ----------
    rule : AlertRule, SyntheticMonitor, CustomerReports, Delay (seconds), an iterable of these, or Practices
        Several are a race, run independently: the first to notice counts. Of practices, only what pages and says
        which failure mode it watches takes part. All must watch one service, or `service` says which.
    fault : Fault, optional
        Default: every request fails, in the way the detector watches.
    noise : Noise, optional
        What a normal day looks like; without it false pages are NaN.
    goal : float
        Minutes.
    certainty : float
        Chance with which the goal must be met.
    service : str, optional
        Only what watches this service takes part.

    Returns
    -------
    DetectionDelay

    Raises
    ------
    QuestionError
        For settings that cannot be, and for rules of different services where `service` does not say which.

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
    ways = [way for one in detectors for way in _ways(one, fault)]
    if len(detectors) == 1 and isinstance(detectors[0], AlertRule):
        delay = rule_delay(detectors[0], fault)
    else:
        delay = ways[0][1] if len(ways) == 1 and ways[0][0] is None else through_the_week(ways)
    hours = either(hours for hours, _ in ways) if ways else None
    recall = delay.ever if fault.duration_s == inf else float(delay.cdf(fault.duration_s)[0])
    noisy = [one for one in detectors if isinstance(one, AlertRule | SyntheticMonitor)]
    pages = nan if noise is None else float(sum(false_pages_per_week(one, noise) for one in noisy))
    names = tuple(getattr(one, "name", "a delay") for one in detectors)
    notes = tuple(note for one in detectors if isinstance(one, AlertRule) for note in assumed(one))
    return DetectionDelay(delay, recall, pages, goal, certainty, names, notes, hours)


# How often a detector pages although nothing is wrong.


WEEK_S = 604_800.0


def false_pages_per_week(detector: AlertRule | SyntheticMonitor, noise: DetectorNoise) -> float:
    """Return how many pages a week a detector sends with nothing wrong; NaN where the noise does not say.

    Notes
    -----
    Pages are counted as beginnings of runs of bad results. Successive probes are independent; windows of a rule that
    do not overlap are independent, and counts in them are Poisson. A quorum of locations at random phases is bounded
    from above by the chance that enough of them are in a bad run at once.
    """
    if isinstance(detector, SyntheticMonitor):
        return _of_monitor(detector, noise)
    if not detector.pages:
        return 0.0
    on = 1.0 if detector.hours is None else detector.hours.hours_per_week / WEEK_H
    asked = ([one for one in together if one.kind != "hours"] for together in alternatives(detector))
    return on * sum(min((_of_condition(detector, one, noise) for one in each), default=nan) for each in asked)


def _of_monitor(monitor: SyntheticMonitor, noise: DetectorNoise) -> float:
    rounds, waits = rounds_and_waits(monitor)
    bad = noise.flake ** (len(waits) + 1)
    runs = WEEK_S / monitor.interval_s
    if bad == 0:
        return 0.0
    if monitor.quorum == 1 and monitor.spread != "together":
        return monitor.locations * runs / mean_trials(bad, rounds)
    if monitor.spread == "together":
        bad = _at_least(monitor.quorum, monitor.locations, bad)
        return runs / mean_trials(bad, rounds)
    return runs * _at_least(monitor.quorum, monitor.locations, bad**rounds)


def _of_condition(rule: AlertRule, condition: Condition, noise: DetectorNoise) -> float:
    _, evaluation, _ = intervals(rule)
    if condition.kind == "instant":
        held = 1 + (ceil(rule.for_s / evaluation - 1e-9) if rule.for_s > 0 else 0)
        return WEEK_S / evaluation / mean_trials(noise.flake, held)
    if condition.threshold is None or noise.requests_per_s is None or condition.kind in ("any", "all", "opaque"):
        return nan
    from scipy.special import pdtrc

    bound = {"quantile": 1 - condition.quantile, "good": 1 - condition.threshold}.get(
        condition.kind, condition.threshold
    )
    requests = noise.requests_per_s * condition.window_s
    block = max(condition.window_s, evaluation)
    exceeds = float(pdtrc(int(bound * requests), requests * noise.error_share))
    return WEEK_S / block / mean_trials(exceeds, 1 + ceil(rule.for_s / block - 1e-9) if rule.for_s > 0 else 1)


def _at_least(needed: int, of: int, chance: float) -> float:
    return sum(comb(of, j) * chance**j * (1 - chance) ** (of - j) for j in range(needed, of + 1))
