"""Error budgets and how fast they burn (the arithmetic of the SRE Workbook, chapter 5)."""

from __future__ import annotations

from math import inf

from mttrlab.errors import QuestionError
from mttrlab.schema import AlertRule, Condition


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
