"""Downtime: the time in which at least one incident ran, and what is left of the error budget."""

from __future__ import annotations

import math
from datetime import datetime

import numpy as np
import pandas as pd

from mttrlab.analysis.conventions import MINUTES_PER_DAY, lead_clock, never_closed, still_open
from mttrlab.analysis.phases import phase_durations
from mttrlab.analysis.query import Source, records_basis
from mttrlab.analysis.rates import rate_interval
from mttrlab.errors import QuestionError
from mttrlab.schema import CLOCK_ENDS, STAMPS, clock_name
from mttrlab.validate import finite, inner_share

OVERALL = "all services"
_COLUMNS = [
    "service", "measure", "incidents", "open", "left_out", "clipped", "since", "until", "days", "minutes",
    "sum_minutes", "weighted_minutes", "users_unknown", "availability", "slo", "budget", "budget_spent", "budget_left",
    "budget_spent_weighted", "p_blown", "p_blown_low", "p_blown_high", "level", "never_closed", "note",
]  # fmt: skip


def _ends(phases: pd.DataFrame, measure: str) -> tuple[pd.Series, pd.Series]:
    """Return start and end in microseconds (float, NaN: not both known); an open incident ends at its export."""
    minutes = phases[measure].astype("float64")
    start = phases[CLOCK_ENDS[measure][0]]
    whole = pd.Series(start.dt.tz_convert(None).to_numpy("datetime64[us]").astype("int64"), index=phases.index)
    begun = whole.astype("float64").where(start.notna() & minutes.notna())
    return begun, begun + (minutes * 6e7).round()


def _micros(times: pd.Series) -> pd.Series:
    whole = pd.Series(times.dt.tz_convert(None).to_numpy("datetime64[us]").astype("int64"), index=times.index)
    return whole.astype("float64").where(times.notna())


def _whole(time: pd.Timestamp) -> float:
    return float(round(time.timestamp() * 1e6))


def _period(
    phases: pd.DataFrame, start: pd.Series, end: pd.Series, since: str | datetime | None, until: str | datetime | None
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


def _moment(value: str | datetime | None, name: str) -> pd.Timestamp | None:
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
    timed: pd.DataFrame,
    name: str,
    measure: str,
    first: pd.Timestamp,
    last: pd.Timestamp,
    slo: float,
    budget_days: float,
    level: float,
) -> dict[str, object]:
    left, right = _whole(first), _whole(last)
    known = timed[timed["start"].notna() & ~timed["never_closed"]]
    start, end = known["start"].to_numpy().clip(left, right), known["end"].to_numpy().clip(left, right)
    clipped = (start != known["start"].to_numpy()) | (end != known["end"].to_numpy())
    days = (right - left) / 6e7 / MINUTES_PER_DAY
    never = int(timed["never_closed"].sum())
    left_out = len(timed) - len(known) - never
    nothing = bool(len(timed)) and not len(known)
    minutes = math.nan if nothing else covered(start, end, np.ones(len(start)))
    weighted = math.nan if nothing else covered(start, end, known["users"].fillna(1.0).to_numpy())
    budget = error_budget(slo, days)
    blown = minutes >= budget
    risk = (1.0, 1.0, 1.0) if blown else _risk((end - start) / 6e7, days, slo, budget_days, level)
    return {
        "service": name,
        "measure": measure,
        "incidents": len(timed),
        "open": int(timed["open"].sum()),
        "left_out": left_out,
        "clipped": int(clipped.sum()),
        "since": first,
        "until": last,
        "days": days,
        "minutes": minutes,
        "sum_minutes": math.nan if nothing else float((end - start).sum() / 6e7),
        "weighted_minutes": weighted,
        "users_unknown": int(known["users"].isna().sum()),
        "availability": 1 - minutes / MINUTES_PER_DAY / days,
        "slo": slo,
        "budget": budget,
        "budget_spent": minutes / budget,
        "budget_left": budget - minutes,
        "budget_spent_weighted": weighted / budget,
        **dict(zip(("p_blown", "p_blown_low", "p_blown_high"), risk, strict=True)),
        "level": level,
        "never_closed": never,
        "note": _note(timed, measure, left_out, never),
    }


def _note(timed: pd.DataFrame, measure: str, left_out: int, never: int) -> str:
    """Return what the numbers leave out, and what would make them known; empty: nothing."""
    if not left_out + never:
        return ""
    told = []
    if left_out:
        begin, end = CLOCK_ENDS[measure]
        unknown = timed[timed["start"].isna()]
        parts = {begin: bool(unknown["no_start"].any()), end: bool(unknown["no_end"].any())}
        lacking = " and ".join(stamp for stamp, lacks in parts.items() if lacks) or f"both ends of {measure}"
        others = [clock for clock in CLOCK_ENDS if clock != measure and unknown[clock].all()]
        way = f", or measure={others[0]} asked," if others else ""
        told.append(f"{left_out} of {len(timed)} left out: {lacking} recorded{way} would make them known")
    if never:
        told.append(f"{never} of {len(timed)} probably never closed: left out; its end, recorded, would make it known")
    if left_out + never == len(timed):
        return "not known: " + "; ".join(told)
    return "availability at most, minutes at least: " + "; ".join(told)


def _risk(minutes: np.ndarray, days: float, slo: float, budget_days: float, level: float) -> tuple[float, float, float]:
    if not len(minutes):
        return math.nan, math.nan, math.nan
    budget = error_budget(slo, budget_days)
    rate = rate_interval(len(minutes), days / budget_days, level)
    estimate, low, high = (
        budget_risk(each, budget, minutes, steps=500) for each in (rate.estimate, rate.low, rate.high)
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


# Error budgets: how many minutes there are, and how likely they are blown.


def error_budget(slo: float, days: float = 30.0) -> float:
    """Return the minutes of downtime that an availability target leaves in a period.

    Parameters
    ----------
    slo : float
        Target between 0 and 1, such as 0.999.
    days : float
        Length of the period.

    Raises
    ------
    QuestionError
        When the target is not between 0 and 1, or the period not positive.

    Examples
    --------
    >>> round(error_budget(0.999), 3), round(error_budget(0.9995), 3)
    (43.2, 21.6)
    """
    inner_share("slo", slo), finite("days", days, 0, open_low=True)
    return (1 - slo) * days * MINUTES_PER_DAY


def budget_risk(incidents: float, budget: float, minutes: np.ndarray, *, steps: int = 2000) -> float:
    """Return the probability that a period's downtime exceeds the budget, for durations like those seen.

    Parameters
    ----------
    incidents : float
        Mean number of incidents in the period.
    budget : float
        Minutes.
    minutes : ndarray
        Durations seen, each as likely as the other.

    Raises
    ------
    QuestionError
        When a number is negative, or there are no durations.
    """
    finite("incidents", incidents, 0), finite("budget", budget, 0, open_low=True)
    durations = np.asarray(minutes, dtype=float)
    if not len(durations) or (durations < 0).any():
        raise QuestionError("minutes must hold at least one duration, and none below zero")
    places = np.rint(durations * steps / budget) if budget > 0 else np.where(durations > 0, np.inf, 0.0)
    inside = places[places <= steps].astype(int)
    return _blown(incidents, np.bincount(inside, minlength=steps + 1) / len(durations))


def _blown(incidents: float, mass: np.ndarray) -> float:
    """Return 1 − P(sum <= last place) for a Poisson number of terms with this mass per place."""
    # In logs of the first term: with many incidents exp(-incidents) alone would be no number.
    scale = -incidents * (1 - mass[0])
    if scale < -700:
        return 1.0 if incidents * (mass * np.arange(len(mass))).sum() > len(mass) else math.nan
    weighted = incidents * np.arange(len(mass)) * mass
    total = np.zeros(len(mass))
    total[0] = math.exp(scale)
    for place in range(1, len(mass)):
        total[place] = weighted[1 : place + 1] @ total[place - 1 :: -1][:place] / place
    # Rounding leaves half of the last place outside the budget.
    return float(min(max(1 - total[:-1].sum() - total[-1] / 2, 0.0), 1.0))


@records_basis
def downtime(
    incidents: Source,
    slo: float = 0.999,
    *,
    measure: str | None = None,
    since: str | datetime | None = None,
    until: str | datetime | None = None,
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
    measure : str, optional
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
        `left_out` (an end unknown), `never_closed` (probably: no minutes of theirs count), `clipped` (reaching over the
        period's ends); `minutes`, the union of the intervals; `sum_minutes`, the same with overlaps counted twice;
        `weighted_minutes`, each moment weighted by the largest share of users hit (`users_unknown` incidents count as
        1); `availability`; `budget` minutes of the whole period, `budget_spent` (share), `budget_left`,
        `budget_spent_weighted` (share, of the weighted minutes); `p_blown`, the probability that a period of
        `budget_days` like these exceeds its budget, with the interval that comes from the number of incidents alone,
        and 1 where this period has spent its own; `note`, what was left out and what would make it known: then
        `minutes` are at least those, `availability` at most that, and nothing is known (NaN) where every incident is
        left out.

    Raises
    ------
    QuestionError
        For an impossible target, clock or period.
    SchemaError
        When the table is no table of incidents.
    """
    error_budget(slo, budget_days)
    phases = phase_durations(incidents)
    chosen = clock_name(measure) if measure else lead_clock(phases)
    start, end = _ends(phases, chosen)
    begin, close = CLOCK_ENDS[chosen]
    seen = phases[[stamp for stamp in STAMPS if stamp in phases]]
    first, last = _period(phases, start, end, since, until)
    timed = pd.DataFrame(
        {
            "service": phases["service"].to_numpy() if "service" in phases else None,
            "start": start.to_numpy(),
            "end": end.to_numpy(),
            "open": still_open(phases, chosen).to_numpy(),
            "never_closed": never_closed(phases, chosen).to_numpy(),
            "first": _micros(seen.min(axis=1)).to_numpy(),
            "last": _micros(seen.max(axis=1)).to_numpy(),
            "no_start": phases[begin].isna().to_numpy() if begin in phases else True,
            "no_end": phases[close].isna().to_numpy() if close in phases else True,
            **{clock: phases[clock].notna().to_numpy() for clock in CLOCK_ENDS},
            "users": phases["users"].astype("float64").to_numpy() if "users" in phases else np.nan,
        }
    )
    # What lacks an end of the clock is asked about where its other stamps lie.
    begun, ended = timed["start"].fillna(timed["first"]), timed["end"].fillna(timed["last"])
    outside = (begun >= _whole(last)) | (ended <= _whole(first)) & ((begun < _whole(first)) | timed["start"].notna())
    if since is None:
        # The first start that is known makes the period; nothing is left out without a word because of that.
        outside &= timed["start"].notna() | (begun >= _whole(last))
    timed = timed[~outside]
    rows = [_row(timed, OVERALL, chosen, first, last, slo, budget_days, level)]
    for service in sorted(timed["service"].dropna().unique()):
        of_service = timed[timed["service"] == service]
        rows.append(_row(of_service, str(service), chosen, first, last, slo, budget_days, level))
    return pd.DataFrame(rows, columns=_COLUMNS)


# Two habits of failing, side by side: short and often against long and seldom.


_EVERY = {
    "day": (365, 1.0),
    "week": (52, 7.0),
    "month": (12, 30.0),
    "quarter": (4, 91.25),
    "year": (1, 365.0),
}
"""How often in a year, and every how many days."""


def outage_arithmetic(
    short: float = 2.0,
    short_every: str = "week",
    long: float = 240.0,
    long_every: str = "month",
    *,
    slo: float = 0.999,
    days: float = 30.0,
) -> pd.DataFrame:
    """Return what two habits of failing cost in a year, side by side.

    Parameters
    ----------
    short, long : float
        Minutes of one outage.
    short_every, long_every : str
        day, week, month, quarter or year.
    slo : float
        Availability target.
    days : float
        Period of the error budget.

    Returns
    -------
    DataFrame
        Two rows, `outage` (short, long): `minutes, every, per_year, minutes_per_year`, `availability` over 365 days,
        `budget` (minutes), `budget_spent` (share of it in one period), `times_the_other` (yearly minutes), and
        `equal_at`, the minutes of one such outage that would cost as much as the other habit.

    Raises
    ------
    QuestionError
        When minutes are not positive, or a word is no such time.

    Notes
    -----
    The founding text calls "a 2-minute outage every week" and "a 4-hour outage once a month" similar in total: 104
    minutes a year against 2,880.

    Examples
    --------
    >>> round(float(outage_arithmetic().loc[1, "times_the_other"]), 1)
    27.7
    """
    budget = error_budget(slo, days)
    finite("short", short, 0, open_low=True), finite("long", long, 0, open_low=True)
    for every in (short_every, long_every):
        if every not in _EVERY:
            raise QuestionError(f"an outage comes every {', '.join(_EVERY)}; got {every!r}")
    table = pd.DataFrame(
        {
            "outage": ["short", "long"],
            "minutes": [float(short), float(long)],
            "every": [short_every, long_every],
            "per_year": [_EVERY[short_every][0], _EVERY[long_every][0]],
        }
    )
    yearly = table["minutes"] * table["per_year"]
    other = yearly[::-1].to_numpy()
    apart = np.array([_EVERY[short_every][1], _EVERY[long_every][1]])
    return table.assign(
        minutes_per_year=yearly,
        availability=1 - yearly / (365 * MINUTES_PER_DAY),
        budget=budget,
        budget_spent=table["minutes"] * days / apart / budget,
        times_the_other=yearly / other,
        equal_at=other / table["per_year"],
    )
