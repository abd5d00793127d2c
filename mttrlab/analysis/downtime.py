"""Downtime: the time in which at least one incident ran, and what is left of the error budget."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from mttrlab.analysis.basis import says_basis
from mttrlab.analysis.budget import MINUTES_PER_DAY, budget_risk_of, error_budget
from mttrlab.analysis.clocks import lead_clock
from mttrlab.analysis.counts import rate_interval
from mttrlab.analysis.doors import Source
from mttrlab.analysis.phases import phase_durations
from mttrlab.errors import QuestionError
from mttrlab.schema import CLOCK_ENDS, clock_name

OVERALL = "all services"
_COLUMNS = [
    "service", "clock", "incidents", "open", "left_out", "clipped", "since", "until", "days", "minutes", "sum_minutes",
    "weighted_minutes", "users_unknown", "availability", "slo", "budget", "budget_spent", "budget_left", "p_blown",
    "p_blown_low", "p_blown_high", "level",
]  # fmt: skip


@says_basis
def downtime(
    incidents: Source,
    slo: float = 0.999,
    *,
    clock: str | None = None,
    since: object = None,
    until: object = None,
    budget_days: float = 30.0,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return how long each service, and any service, was down, and what that means for the error budget.

    Parameters
    ----------
    incidents : DataFrame or Lab
        Incidents, or phases as `phase_durations` gives them.
    slo : float
        Availability target, such as 0.999.
    clock : str, optional
        When an incident counts as down, one of the clocks; without it the one that `lead_clock` names.
    since, until : time, optional
        The period; without them from the first start to the newest `exported_at` (or end).
    budget_days : float
        Period of the budget that `p_blown` is about.
    level : float
        Level of the interval of `p_blown`.

    Returns
    -------
    DataFrame
        First row all services together, then one per service: `incidents` in the period, `open` (running to its end),
        `left_out` (an end unknown), `clipped` (reaching over the period's ends); `minutes`, the union of the
        intervals; `sum_minutes`, the same with overlaps counted twice; `weighted_minutes`, each moment weighted by
        the largest share of users hit (`users_unknown` incidents count as 1); `availability`; `budget` minutes of the
        whole period, `budget_spent` (share), `budget_left`; `p_blown`, the probability that a period of `budget_days`
        like these exceeds its budget, with the interval that comes from the number of incidents alone.

    Raises
    ------
    QuestionError
        For an impossible target, clock or period.
    SchemaError
        When the table is no table of incidents.
    """
    error_budget(slo, budget_days)
    phases = phase_durations(incidents)
    chosen = clock_name(clock) if clock else lead_clock(phases)
    start, end = _ends(phases, chosen)
    first, last = _period(phases, start, end, since, until)
    told = pd.DataFrame(
        {
            "service": phases["service"].to_numpy() if "service" in phases else None,
            "start": start.to_numpy(),
            "end": end.to_numpy(),
            "open": phases[f"{chosen}_observed"].eq(False).fillna(False).to_numpy(dtype=bool),
            "users": phases["users"].astype("float64").to_numpy() if "users" in phases else np.nan,
        }
    )
    told = told[~((told["end"] <= _whole(first)) | (told["start"] >= _whole(last)))]
    rows = [_row(told, OVERALL, chosen, first, last, slo, budget_days, level)]
    for service in sorted(told["service"].dropna().unique()):
        of_service = told[told["service"] == service]
        rows.append(_row(of_service, str(service), chosen, first, last, slo, budget_days, level))
    return pd.DataFrame(rows, columns=_COLUMNS)


def _ends(phases: pd.DataFrame, clock: str) -> tuple[pd.Series, pd.Series]:
    """Return start and end in microseconds (float, NaN: not both known); an open incident ends at its export."""
    minutes = phases[clock].astype("float64")
    start = phases[CLOCK_ENDS[clock][0]]
    whole = pd.Series(start.dt.tz_convert(None).to_numpy("datetime64[us]").astype("int64"), index=phases.index)
    begun = whole.astype("float64").where(start.notna() & minutes.notna())
    return begun, begun + (minutes * 6e7).round()


def _whole(time: pd.Timestamp) -> float:
    return float(round(time.timestamp() * 1e6))


def _period(
    phases: pd.DataFrame, start: pd.Series, end: pd.Series, since: object, until: object
) -> tuple[pd.Timestamp, pd.Timestamp]:
    first, last = _moment(since, "since"), _moment(until, "until")
    if first is None and start.notna().any():
        first = pd.Timestamp(int(start.min()), unit="us", tz="UTC")
    if last is None:
        if "exported_at" in phases and phases["exported_at"].notna().any():
            last = pd.Timestamp(phases["exported_at"].max())
        elif end.notna().any():
            last = pd.Timestamp(int(end.max()), unit="us", tz="UTC")
    if first is None or last is None:
        raise QuestionError("no incident has both ends of the clock, so there is no period; pass since= and until=")
    if not first < last:
        raise QuestionError(f"since= must lie before until=; got {first} and {last}")
    return first, last


def _moment(value: Any, name: str) -> pd.Timestamp | None:
    if value is None:
        return None
    try:
        time = pd.Timestamp(value)
    except (TypeError, ValueError):
        raise QuestionError(f"{name}= must be a time, such as 2026-06-01; got {value!r}") from None
    if pd.isna(time):
        raise QuestionError(f"{name}= must be a time, such as 2026-06-01; got {value!r}")
    return time.tz_localize("UTC") if time.tzinfo is None else time.tz_convert("UTC")


def _row(
    told: pd.DataFrame,
    name: str,
    clock: str,
    first: pd.Timestamp,
    last: pd.Timestamp,
    slo: float,
    budget_days: float,
    level: float,
) -> dict[str, Any]:
    left, right = _whole(first), _whole(last)
    known = told[told["start"].notna()]
    start, end = known["start"].to_numpy().clip(left, right), known["end"].to_numpy().clip(left, right)
    clipped = (start != known["start"].to_numpy()) | (end != known["end"].to_numpy())
    days = (right - left) / 6e7 / MINUTES_PER_DAY
    minutes = covered(start, end, np.ones(len(start)))
    budget = error_budget(slo, days)
    risk = _risk((end - start) / 6e7, days, slo, budget_days, level)
    return {
        "service": name,
        "clock": clock,
        "incidents": len(told),
        "open": int(told["open"].sum()),
        "left_out": len(told) - len(known),
        "clipped": int(clipped.sum()),
        "since": first,
        "until": last,
        "days": days,
        "minutes": minutes,
        "sum_minutes": float((end - start).sum() / 6e7),
        "weighted_minutes": covered(start, end, known["users"].fillna(1.0).to_numpy()),
        "users_unknown": int(known["users"].isna().sum()),
        "availability": 1 - minutes / MINUTES_PER_DAY / days,
        "slo": slo,
        "budget": budget,
        "budget_spent": minutes / budget,
        "budget_left": budget - minutes,
        **dict(zip(("p_blown", "p_blown_low", "p_blown_high"), risk, strict=True)),
        "level": level,
    }


def _risk(minutes: np.ndarray, days: float, slo: float, budget_days: float, level: float) -> tuple[float, float, float]:
    if not len(minutes):
        return math.nan, math.nan, math.nan
    budget = error_budget(slo, budget_days)
    rate = rate_interval(len(minutes), days / budget_days, level)
    estimate, low, high = (
        budget_risk_of(each, budget, minutes, steps=500) for each in (rate.estimate, rate.low, rate.high)
    )
    return estimate, low, high


def covered(start: np.ndarray, end: np.ndarray, weight: np.ndarray) -> float:
    """Return the minutes covered by intervals, each moment weighted by the largest weight running.

    Parameters
    ----------
    start, end : ndarray
        Microseconds.
    weight : ndarray
        0 to 1; all 1 gives the union.

    Examples
    --------
    >>> hour = 3_600_000_000.0
    >>> covered(np.array([0, 1 * hour]), np.array([2 * hour, 3 * hour]), np.array([1.0, 0.5]))
    150.0
    """
    total = 0.0
    # From the heaviest down: what a heavier one covers already is not covered again.
    for each in np.unique(weight)[::-1]:
        lighter = weight[weight < each].max(initial=0.0)
        total += _union(start[weight >= each], end[weight >= each]) * float(each - lighter)
    return total / 6e7


def _union(start: np.ndarray, end: np.ndarray) -> float:
    if not len(start):
        return 0.0
    order = np.argsort(start, kind="stable")
    start, end = start[order], end[order]
    reached = np.concatenate([[start[0]], np.maximum.accumulate(end)[:-1]])
    return float(np.maximum(end - np.maximum(start, reached), 0).sum())
