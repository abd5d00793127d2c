"""Threshold alerts: window, threshold, scrape, evaluation, `for` and group wait → delay."""

from __future__ import annotations

from math import ceil, inf

from mttrlab.detection.delay import Delay
from mttrlab.detection.fault import Fault
from mttrlab.errors import QuestionError
from mttrlab.schema import EVALUATION_S, GROUP_WAIT_S, SCRAPE_S, UNKNOWN, AlertRule, Condition

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
    fill of the window + scrape/2 + evaluation/2 + ceil(for/evaluation) × evaluation + group wait on average, with
    scrape and evaluation at independent random phases (a rule fires at the first evaluation at which it has been
    pending for `for`: Prometheus, rules/alerting.go).
    """
    check_rule(rule)
    if not (rule.pages and can_notice(rule, fault)):
        return Delay.never()
    filled = seconds_to_condition(rule, fault)
    if filled == inf:
        return Delay.never()
    scrape, evaluation, group_wait = intervals(rule)
    held = ceil(rule.for_s / evaluation - _HAIR) * evaluation if rule.for_s > 0 else 0.0
    fixed = Delay.point(filled + held + group_wait + rule.delay_s)
    return fixed.plus_uniform(scrape).plus_uniform(evaluation)


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


def seconds_to_condition(rule: AlertRule, fault: Fault) -> float:
    """Return the seconds after which the rule's condition is true; infinite where it never gets there."""
    return min(max(crossing(condition, fault) for condition in together) for together in alternatives(rule))


def crossing(condition: Condition, fault: Fault) -> float:
    """Return the seconds after which a trailing window holds enough of the fault: W × θ / err for a plain share.

    Examples
    --------
    >>> crossing(Condition(300, 0.05, "share"), Fault(share=0.10))
    150.0
    >>> crossing(Condition(300, 0.05, "share"), Fault(share=0.04))
    inf
    """
    window, threshold = condition.window_s, condition.threshold
    if condition.kind == "any" or (condition.kind == "instant" and threshold is None):
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
    for name, value in {**numbers, "delay_s": rule.delay_s}.items():
        if not 0 <= value < inf:
            raise QuestionError(f"alert {rule.name!r}: {name} must be a finite number of at least 0; got {value!r}")
    if not 0 < evaluation < inf:
        raise QuestionError(f"alert {rule.name!r}: eval_s must be a finite number above 0; got {evaluation!r}")


# Error budgets and how fast they burn (the arithmetic of the SRE Workbook, chapter 5).


def burn_for(budget: float, window_hours: float, period_hours: float = 720.0) -> float:
    """Return the burn rate that spends this share of the budget within a window.

    Parameters
    ----------
    budget : float
        Share of the period's error budget.
    window_hours, period_hours : float
        Hours; 720 are thirty days.

    Examples
    --------
    >>> round(burn_for(0.02, 1), 9), round(burn_for(0.05, 6), 9), round(burn_for(0.10, 72), 9)
    (14.4, 6.0, 1.0)
    """
    _above_zero(budget=budget, window_hours=window_hours, period_hours=period_hours)
    return budget * period_hours / window_hours


def budget_spent(burn: float, hours: float, period_hours: float = 720.0) -> float:
    """Return the share of the period's budget that is gone after burning so long.

    Examples
    --------
    >>> round(budget_spent(14.4, 1), 9)
    0.02
    """
    _above_zero(burn=burn, hours=hours, period_hours=period_hours)
    return burn * hours / period_hours


def budget_lasts(burn: float, period_hours: float = 720.0) -> float:
    """Return the hours until a burn rate has spent the whole budget.

    Examples
    --------
    >>> round(budget_lasts(1000) * 60, 9)
    43.2
    """
    _above_zero(period_hours=period_hours)
    return period_hours / burn if burn > 0 else inf


def burn_rate_rule(
    name: str, slo: float, windows: tuple[tuple[float, float], ...], short: float = 1 / 12, **settings: object
) -> AlertRule:
    """Return a multi-window burn-rate alert.

    Parameters
    ----------
    name : str
    slo : float
        Objective, such as 0.999.
    windows : tuple of (window in seconds, burn rate)
        Any of them pages.
    short : float
        Length of the short window that must agree, as a share of the long one; 0 for none.
    **settings
        Further fields of AlertRule (`for_s`, `service`, …).

    Examples
    --------
    >>> rule = burn_rate_rule("budget", 0.999, ((3600, 14.4), (21600, 6)))
    >>> [[condition.window_s for condition in pair] for pair in rule.conditions]
    [[3600, 300.0], [21600, 1800.0]]
    """
    if not 0 < slo < 1:
        raise QuestionError(f"slo must lie between 0 and 1, such as 0.999; got {slo!r}")
    pairs = []
    for window, burn in windows:
        _above_zero(window=window, burn=burn)
        theta = burn * (1 - slo)
        long = Condition(window, theta, "share")
        pairs.append((long, Condition(window * short, theta, "share")) if short else (long,))
    fields: dict = {"failure_mode": "error_rate", "window_s": max(w for w, _ in windows), **settings}
    return AlertRule(name, conditions=tuple(pairs), **fields)


def _above_zero(**numbers: float) -> None:
    for name, value in numbers.items():
        if not (value > 0 and value < inf):
            raise QuestionError(f"{name} must be a finite number above 0; got {value!r}")
