"""Threshold alerts: window, threshold, scrape, evaluation, `for` and group wait → delay."""

from __future__ import annotations

from functools import reduce
from math import ceil, inf

from mttrlab.detection.delay import Delay, Fault, Way, by_chance
from mttrlab.errors import QuestionError
from mttrlab.schema import (
    EVALUATION_S,
    GROUP_WAIT_S,
    SCRAPE_S,
    UNKNOWN,
    WEEK_H,
    AlertRule,
    Condition,
    WeekHours,
    both,
)

_HAIR = 1e-9
"""Relative slack: 14.4 × (1 - 0.999) must not miss an error rate of 1.44 %."""


def rule_delay(rule: AlertRule, fault: Fault) -> Delay:
    """Return how long a threshold alert takes to notify, seconds.

    Parameters
    ----------
    rule : AlertRule
        Intervals that it does not say are those of Prometheus: 60 s, 60 s, and 30 s of group wait.
    fault : Fault

    Notes
    -----
    fill of the window + offsets + scrape/2 + evaluation/2 + ceil(for/evaluation) × evaluation + group wait on average,
    with scrape and evaluation at independent random phases (a rule fires at the first evaluation at which it has been
    pending for `for`: Prometheus, rules/alerting.go). A rule that is on, or heard, for part of the week notices what
    begins in those hours and nothing else.
    """
    ways = rule_ways(rule, fault)
    return by_chance([(1.0 if hours is None else hours.hours_per_week / WEEK_H, delay) for hours, delay in ways])


def rule_ways(rule: AlertRule, fault: Fault) -> list[Way]:
    """Return the delays of a rule, seconds, each with the hours in which it is the quickest; None: at all times.

    Alternatives of its condition and routes that it takes may have hours of their own.
    """
    check_rule(rule)
    scrape, evaluation, group_wait = intervals(rule)
    held = ceil(rule.for_s / evaluation - _HAIR) * evaluation if rule.for_s > 0 else 0.0
    told = rule.routed.told if rule.routed is not None and rule.routed.group_wait_s == group_wait else ()
    several = [
        (both(on, heard), filled + wait)
        for on, filled in fired_in(rule, fault)
        for wait, heard in told or [(group_wait, None if rule.routed is None else rule.routed.hours)]
    ]
    ways: list[Way] = []
    left: WeekHours | None = None
    for on, seconds in sorted(several, key=lambda way: way[1]):
        hours = both(left, on)
        if hours is None or hours.spans:
            delay = Delay.point(seconds + held + (rule.delay_s or 0.0))
            ways.append((hours, delay.plus_uniform(scrape).plus_uniform(evaluation)))
        if on is None:
            break
        left = both(left, ~on)
    return ways


def fired_in(rule: AlertRule, fault: Fault) -> list[tuple[WeekHours | None, float]]:
    """Return the seconds after which each alternative of a rule is true, and in which hours; those that ever are."""
    if not (rule.pages and can_notice(rule, fault)):
        return []
    timed = (
        (reduce(both, (one.hours for one in together), None), max(crossing(condition, fault) for condition in together))
        for together in alternatives(rule)
    )
    return [way for way in timed if way[1] < inf]


def intervals(rule: AlertRule) -> tuple[float, float, float]:
    """Return scrape interval, evaluation interval and group wait, seconds, with the defaults filled in."""
    said = (rule.scrape_s, rule.eval_s, rule.group_wait_s)
    scrape, evaluation, wait = (
        usual if value is None else value
        for value, usual in zip(said, (SCRAPE_S, EVALUATION_S, GROUP_WAIT_S), strict=True)
    )
    return scrape, evaluation, wait


def can_notice(rule: AlertRule, fault: Fault) -> bool:
    """Return whether a rule looks at what the fault disturbs; an unlabelled rule is taken at the caller's word."""
    return not fault.failure_mode or rule.failure_mode == UNKNOWN or rule.failure_mode in fault.shows_as()


def alternatives(rule: AlertRule) -> tuple[tuple[Condition, ...], ...]:
    """Return the comparisons of a rule: alternatives of comparisons that must hold together."""
    if rule.conditions:
        return rule.conditions
    if rule.window_s <= 0:
        return ((Condition(0.0, rule.threshold),),)
    kind = "opaque" if rule.threshold is None else "share"
    return ((Condition(rule.window_s, rule.threshold, kind),),)


def crossing(condition: Condition, fault: Fault) -> float:
    """Return the seconds after which a trailing window holds enough of the fault: offset + W × θ / err for a share.

    Examples
    --------
    >>> crossing(Condition(300, 0.05, "share"), Fault(share=0.10))
    150.0
    >>> crossing(Condition(300, 0.05, "share"), Fault(share=0.04))
    inf
    """
    return condition.offset_s + _filled(condition, fault)


def _filled(condition: Condition, fault: Fault) -> float:
    window, threshold = condition.window_s, condition.threshold
    if condition.kind == "clients":
        return inf
    if condition.kind in ("any", "hours") or (condition.kind == "instant" and threshold is None):
        return 0.0
    if condition.kind in ("all", "opaque"):
        return window
    if condition.kind == "instant":
        return 0.0 if threshold is None or not 0 < threshold < 1 or _reaches(fault.share, threshold) else inf
    if condition.kind == "quantile":
        slow_enough = fault.latency_ms is None or threshold is None or fault.latency_ms > 1000 * threshold
        return _linear(window, 1 - condition.quantile, fault) if slow_enough else inf
    if threshold is None:
        return window
    return _linear(window, 1 - threshold if condition.kind == "good" else threshold, fault)


def _linear(window: float, threshold: float, fault: Fault) -> float:
    """The window's mean goes straight from the baseline to the fault's level; when does it meet the threshold?"""
    if fault.baseline >= threshold:
        return 0.0
    if not _reaches(fault.share, threshold):
        return inf
    return min(window * (threshold - fault.baseline) / (fault.share - fault.baseline), window)


def _reaches(level: float, threshold: float) -> bool:
    return level >= threshold * (1 - _HAIR)


def assumed(rule: AlertRule) -> tuple[str, ...]:
    """Return what the rule leaves open and had to be assumed, in sentences."""
    usual = {"scrape_s": SCRAPE_S, "eval_s": EVALUATION_S, "group_wait_s": GROUP_WAIT_S}
    silent = [f"{name} {value:g}" for name, value in usual.items() if getattr(rule, name) is None]
    opaque = any(one.kind == "opaque" and one.window_s > 0 for together in alternatives(rule) for one in together)
    unsure = rule.routed.unsure if rule.routed is not None else ()
    sentences = (
        (rule.hours is not None, f"{rule.name}: on for {rule.hours}; what begins in other hours it never tells"),
        (bool(unsure), f"{rule.name}: its route depends on {', '.join(unsure)}, which its rule does not say"),
        (bool(silent), f"{rule.name}: settings that no file says are those of Prometheus ({', '.join(silent)})"),
        (opaque, f"{rule.name}: how far the quantity moves cannot be read, so its window is counted whole"),
        (rule.failure_mode == UNKNOWN, f"{rule.name}: its failure mode is unknown; taken to watch this fault"),
    )
    return tuple(sentence for holds, sentence in sentences if holds)


def check_rule(rule: AlertRule) -> None:
    """Refuse settings that no rule engine could run."""
    scrape, evaluation, wait = intervals(rule)
    numbers = {"for_s": rule.for_s, "window_s": rule.window_s, "scrape_s": scrape, "group_wait_s": wait}
    for name, value in {**numbers, "delay_s": rule.delay_s or 0.0}.items():
        if not 0 <= value < inf:
            raise QuestionError(f"alert {rule.name!r}: {name} must be a finite number of at least 0; got {value!r}")
    if not 0 < evaluation < inf:
        raise QuestionError(f"alert {rule.name!r}: eval_s must be a finite number above 0; got {evaluation!r}")
