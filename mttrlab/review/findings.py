"""Everything the page says, as tables: asked of the lab once, in the order in which the page tells it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from mttrlab.analysis.capabilities import capability, capability_level, disagreement, held_telemetry
from mttrlab.analysis.changes import what_changed
from mttrlab.analysis.comparison import compare_periods
from mttrlab.analysis.control_charts import monthly_limits
from mttrlab.analysis.conventions import Periods, choose_periods, lead_clock, month_bounds, never_closed
from mttrlab.analysis.coverage import alert_coverage
from mttrlab.analysis.decomposition import explain_change
from mttrlab.analysis.intervals import median_interval
from mttrlab.analysis.maturity_levels import awarded_by_mean, distance_to_next, maturity, monthly_levels
from mttrlab.analysis.minimum_counts import why_withheld
from mttrlab.analysis.missing import missing_stamps
from mttrlab.analysis.outages import downtime
from mttrlab.analysis.phases import phase_durations, span_summary, spans_at_acknowledgement
from mttrlab.analysis.query import onset
from mttrlab.analysis.remediation import automation_candidates, rollback_readiness, runbook_coverage
from mttrlab.analysis.summary import clock_summary, monthly_mttr, phase_summary
from mttrlab.analysis.survival_curves import survival_quantiles
from mttrlab.analysis.untracked import unseen_firings, unseen_incidents
from mttrlab.errors import QuestionError
from mttrlab.lab.settings import Settings, WorkingHours
from mttrlab.review import phase_shares
from mttrlab.review import what_if as what_if_table
from mttrlab.review.tables import PageTable
from mttrlab.schema import CLOCK_ENDS, CLOCKS, MILESTONES, PHASES, STAMPS, Practices, Record, table_records
from mttrlab.text import format_minutes

if TYPE_CHECKING:
    from mttrlab.lab.lab import Lab


MONTHS_SHOWN = 24


@dataclass(frozen=True)
class Findings:
    """What a review knows before it says anything."""

    periods: Periods
    """Which months."""
    measure: str
    """The clock that leads."""
    proxy: bool
    """Most ends of that clock are public posts that stand in for the true times."""
    incidents: int
    """Counted incidents that began in the month."""
    still_open: int
    """Those of them that still run."""
    never_closed: int
    """Those of these that were probably never closed."""
    timed: float | None
    """Share of the closed incidents of the shown months that the clock can time; None: none is closed."""
    closed: int
    """Closed incidents of the shown months."""
    absent: tuple[str, ...]
    """Milestones that none of the shown incidents records."""
    weakest: tuple[str, float] | None
    """The milestone whose stamps are least usable among those that the sources have, and the share unusable."""
    record: str | None
    """The milestone whose stamps would show most."""
    typical: Record
    """What the first sentence rests on: `of` (the month, or three), `n`, `open`, the median, its range, the ends."""
    what_if: what_if_table.WhatIf
    """Levers, or why there are none."""
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    """Every table of the page, by name."""
    population_rule: str = ""
    """Which records count, in a sentence."""
    warnings: tuple[str, ...] = ()
    """What a reader of the numbers should know, as the lab says it."""
    data_hash: str = ""
    """What tells these data from others."""
    left_aside: tuple[str, ...] = ()
    """Names of files that are no export."""


def collect_findings(
    lab: Lab, month: str | None, *, seed: int, replications: int, days: float, left_aside: Sequence[str] = ()
) -> Findings:
    """Ask the lab everything that a review of `month` needs.

    Raises
    ------
    QuestionError
        When there is nothing to review, or the month lies outside the data.
    """
    incidents = lab.incidents()
    phases_of_all = phase_durations(incidents)
    periods = choose_periods(phases_of_all["month"], incidents["exported_at"], month)
    begun = phases_of_all["month"] <= periods.month
    known, phases = incidents[begun], phases_of_all[begun]
    months = phases["month"]
    of_month, recent = months == periods.month, months.isin(periods.quarter)
    shown = recent | months.isin(periods.earlier)
    measure = lead_clock(phases[shown] if shown.any() else phases)
    last = CLOCK_ENDS[measure][1]
    is_open = known[f"{last}_verdict"].eq("pending")
    closed = recent & ~is_open
    timed = closed & phases[measure].notna() & phases[f"{measure}_observed"].fillna(False)
    spans = phase_shares.placed_spans(known[recent])
    weakest, record = _stamps(known[closed], spans)
    divided = phase_shares.divided_at_acknowledgement(known[shown])
    if divided:
        spans = spans_at_acknowledgement(spans, phase_shares.placed(phases[recent]))
    stamps = missing_stamps(known[recent], resamples=100, seed=seed)
    practices, firings = lab.practices(), lab.firings()
    typical = [
        _median_time(phases[of_month], measure, "month"),
        _median_time(phases[recent], measure, "last three months"),
    ]
    tables = {
        "typical": pd.DataFrame(typical),
        "clocks": pd.concat(
            [_clocks(phases[of_month], "month"), _clocks(phases[recent], "quarter")], ignore_index=True
        ),
        "changes": what_changed(phases, seed=seed, events=lab.events(), until=periods.month + pd.DateOffset(months=1)),
        "months": _months(phases, measure),
        "limits": _limits(phases, measure),
        "seed": _plain_monthly_query(lab, periods),
        "phases": with_extremes(phase_summary(phases[recent]), "phase", ended_minutes(phases[recent], PHASES)),
        "dots": spans.drop(columns="incident_id"),
        "spans": with_extremes(span_summary(spans), "span", phase_shares.ended_span_minutes(spans)),
        "stamps": stamps,
        "shares": phase_shares.measured_shares(phases[recent], spans),
        "split": phase_shares.split_shares(stamps),
        "unseen": unseen_incidents(lab),
        "firings": unseen_firings(firings, known, remediated=[rule.alert for rule in practices.remediation]),
        "maturity": maturity(phases[recent], measure=measure),
        "distance": distance_to_next(phases[recent], measure=measure),
        "flapping": level_instability(phases[recent], measure, len(periods.quarter), seed),
        "worst": phase_shares.longest_incidents(
            known[of_month & ~is_open], phases[of_month & ~is_open], measure, at_acknowledgement=divided
        ),
        "open": phase_shares.longest_incidents(
            known[of_month & is_open], phases[of_month & is_open], measure, count=10, at_acknowledgement=divided
        ),
        "cost": month_cost(known[of_month], phases, periods.month, measure, lab.settings),
        "quality": verdict_counts(known[recent]),
        "population": lab.population(),
        "ambiguous": lab.ambiguous(),
        "joins": lab.joins(),
        "quarantine": lab.quarantine("all"),
        "loads": lab.loads(),
    }
    headline = tables["changes"][tables["changes"]["headline"] & (tables["changes"]["kind"] == "minutes")]
    if len(headline):
        found_in = monthly_mttr(phases, headline["measure"].iloc[0])
        tables["changed_months"] = found_in[found_in["month"] <= periods.month].tail(24).reset_index(drop=True)
    for name, before, after in (
        ("moved", periods.earlier, periods.recent),
        ("month_moved", _months_before(periods), [periods.month]),
    ):
        if before:
            pair = (phases[months.isin(before)], phases[months.isin(after)])
            tables[name] = compare_periods(*pair, measure=measure)
    if periods.earlier:
        # Incidents that automation ended, or that were fixed before diagnosed, lack no stamp: nothing is to be divided.
        judged = phases.assign(diagnosed_at_verdict=known["diagnosed_at_verdict"].array)
        pair = (judged[months.isin(periods.earlier)], judged[months.isin(periods.recent)])
        tables["change"] = explain_change(*pair, measure=measure, seed=seed)
    tables |= practice_tables(lab, practices, firings, phases, tables["maturity"], measure)
    what_if = what_if_table.try_levers(
        known,
        phases,
        practices,
        measure,
        seed=seed,
        replications=replications,
        days=days,
        deployments=lab.deployments(),
        firings=firings,
    )
    if what_if.levers is not None:
        tables["levers"] = what_if.levers
    return Findings(
        periods=periods,
        measure=measure,
        proxy=_mostly_proxies(known[shown], measure),
        incidents=int(of_month.sum()),
        still_open=int((of_month & is_open).sum()),
        never_closed=int((of_month & is_open & never_closed(phases, measure)).sum()),
        timed=float(timed.sum() / closed.sum()) if closed.any() else None,
        closed=int(closed.sum()),
        absent=tuple(m for m in MILESTONES if not known.loc[recent, f"{m}_verdict"].eq("recorded").any()),
        weakest=weakest,
        record=record,
        typical=typical[1] if why_withheld("month", typical[0]["n"]) else typical[0],
        what_if=what_if,
        tables=tables,
        population_rule=lab.population_rule(),
        warnings=(*lab.warnings(), *_undated_sentence(int(phases_of_all["month"].isna().sum()))),
        data_hash=lab.data_hash(),
        left_aside=tuple(left_aside),
    )


def _undated_sentence(undated: int) -> tuple[str, ...]:
    if not undated:
        return ()
    return (f"Counted incidents without any usable time: {undated:,}. They stand in no month.",)


def _clocks(phases: pd.DataFrame, of: str) -> pd.DataFrame:
    return with_extremes(clock_summary(phases), "measure", ended_minutes(phases, CLOCKS)).assign(of=of)


def _months(phases: pd.DataFrame, measure: str) -> pd.DataFrame:
    """The newest months, each with the level that its evidence carries; incidents without a date stand in no month."""
    months = monthly_mttr(phases, measure=measure)
    months = without_thin_numbers(months[months["month"].notna()].tail(MONTHS_SHOWN).reset_index(drop=True))
    awarded = [awarded_by_mean(phases[phases["month"] == month], measure) for month in months["month"]]
    return months.assign(maturity=pd.Series(awarded, index=months.index, dtype="str"))


def _limits(phases: pd.DataFrame, measure: str) -> pd.DataFrame:
    """The typical time of the newest months, with the limits that luck alone keeps."""
    limits = monthly_limits(phases, measure=measure)
    return limits[limits["month"].notna()].tail(MONTHS_SHOWN).reset_index(drop=True)


def _months_before(periods: Periods) -> list[pd.Timestamp]:
    return list(pd.date_range(periods.first, periods.month, freq="MS")[:-1])[-3:]


def _median_time(phases: pd.DataFrame, measure: str, of: str) -> Record:
    """How long a typical incident takes, open ones counted with their time so far."""
    known = phases[phases[measure].notna()]
    ended = known[f"{measure}_observed"].fillna(False).astype(bool)
    n = int(ended.sum())
    row = Record(of=of, n=n, open=len(known) - n, median=np.nan, median_low=np.nan, median_high=np.nan)
    row.update(shortest=known.loc[ended, measure].min(), longest=known.loc[ended, measure].max())
    if why_withheld("median", n):
        row["method"] = f"too few: n = {n}"
    elif ended.all():
        middle = median_interval(known[measure].to_numpy(float))
        row.update(median=middle.estimate, median_low=middle.low, median_high=middle.high, method=middle.method)
    else:
        found = table_records(survival_quantiles(known[measure], ended, shares=(0.5,)))[0]
        row.update(median=found["minutes"], median_low=found["low"], median_high=found["high"], method=found["method"])
    return row


def _mostly_proxies(incidents: pd.DataFrame, measure: str) -> bool:
    origins = pd.concat([incidents[f"{end}_origin"].dropna() for end in CLOCK_ENDS[measure]])
    return bool(len(origins)) and bool(origins.eq("proxy").mean() > 0.5)


def _stamps(closed: pd.DataFrame, spans: pd.DataFrame) -> tuple[tuple[str, float] | None, str | None]:
    """The weakest milestone that the sources have, and the one that would show most."""
    unusable: dict[str, float] = {}
    for stamp in MILESTONES:
        verdict = closed[f"{stamp}_verdict"]
        asked = verdict[~verdict.isin(["not_applicable", "pending"])]
        unusable[stamp] = float((asked != "recorded").mean()) if len(asked) else 0.0
    there = {stamp: share for stamp, share in unusable.items() if share < 1}
    weakest = max(there, key=lambda stamp: there[stamp]) if there else None
    hidden = dict.fromkeys(MILESTONES[1:-1], 0.0)
    for first, last, lasted in zip(spans["first_phase"], spans["last_phase"], spans["minutes"], strict=True):
        for place in range(PHASES.index(first) + 1, PHASES.index(last) + 1):
            hidden[MILESTONES[place]] += float(lasted)
    inside = max(hidden, key=lambda stamp: hidden[stamp])
    outside = max(unusable, key=lambda stamp: unusable[stamp])
    missing = hidden[inside] > 0.1 * float(spans["minutes"].sum()) > 0
    record = inside if missing else outside if unusable[outside] > 0.1 else None
    return (None if weakest is None else (weakest, there[weakest])), record


def verdict_counts(incidents: pd.DataFrame) -> pd.DataFrame:
    """Return how many incidents have each verdict: `milestone, verdict, incidents, share`."""
    rows = [
        {"milestone": stamp, "verdict": str(verdict), "incidents": int(count), "share": count / len(incidents)}
        for stamp in STAMPS
        for verdict, count in incidents[f"{stamp}_verdict"].value_counts().sort_index().items()
    ]
    return pd.DataFrame(rows, columns=["milestone", "verdict", "incidents", "share"])


def _plain_monthly_query(lab: Lab, periods: Periods) -> pd.DataFrame:
    """What the founding text's own query answers, up to the month."""
    from mttrlab import sql

    try:
        rows = lab.sql(sql.text("review/monthly_mttr"))
    except QuestionError:
        return pd.DataFrame()
    dated = pd.to_datetime(rows["month"], utc=True)
    return rows.assign(month=dated)[dated <= periods.month].sort_values("month", ignore_index=True)


# What stands beside the maturity level: the way to the next one, and how a month's own level jumps about.


_SAMPLED_INCIDENTS = 2_000_000
"""Incidents drawn to see how the level of a bare monthly average jumps about."""


def level_instability(phases: pd.DataFrame, measure: str, months: int, seed: int) -> pd.DataFrame:
    """Return how often the level of a bare monthly average shows each level though nothing changes.

    Parameters
    ----------
    phases : DataFrame
        The incidents of some months, as `phase_durations` gives them.
    measure : str
    months : int
        How many months.
    seed : int

    Returns
    -------
    DataFrame
        As `monthly_levels` gives it, with `incidents`, the timed ones of a month; empty where they are too few to
        tell how they spread.
    """
    known = phases.loc[phases[f"{measure}_observed"].fillna(False).astype(bool), measure]
    logs = np.sort(np.log(known[known > 0].to_numpy(float)))
    spread = float(logs.std(ddof=1)) if len(logs) > 1 else 0.0
    if why_withheld("mean", len(logs)) or not spread > 1e-9:
        return pd.DataFrame(columns=["maturity", "months", "is_true", "differs", "incidents"])
    a_month = max(round(len(logs) / months), 1)
    drawn = min(20_000, max(_SAMPLED_INCIDENTS // a_month, 200))
    levels = monthly_levels(a_month, float(logs.mean()), spread, months=drawn, seed=seed)
    return levels.assign(incidents=a_month)


# What the teams run, held against what happened: the tables behind the page's section on practices.


def practice_tables(
    lab: Lab, practices: Practices, firings: pd.DataFrame, known: pd.DataFrame, outcome: pd.DataFrame, measure: str
) -> dict[str, pd.DataFrame]:
    """Return coverage, gaps, runbooks, ways back, automation and capability; nothing where no practices are loaded.

    Parameters
    ----------
    lab : Lab
    practices : Practices
        What the lab's teams run.
    firings : DataFrame
        What the lab says has fired.
    known : DataFrame
        Phases of all incidents up to the month of the review: what the gaps have cost.
    outcome : DataFrame
        As `maturity` gives it for the last three months: what stands beside the capability.
    measure : str
        The clock that leads the review.
    """
    if not any(len(held) for held in vars(practices).values() if isinstance(held, tuple)):
        return {}
    report = alert_coverage(None, practices, incidents=known)
    held = capability(practices, known, held_telemetry(lab), coverage=report)
    capable = capability_level(held)
    beside = outcome.assign(
        capability=capable, disagreement=[disagreement(str(word), capable) for word in outcome["awarded"]]
    )
    named = known["incident_type"].notna().any()
    fired = firings if len(firings) else None
    return {
        "coverage": report.cells,
        "gaps": report.gaps(),
        "capability": held,
        "capable": beside[["statistic", "awarded", "capability", "disagreement"]],
        "runbooks": runbook_coverage(known, practices, measure=measure) if named else pd.DataFrame(),
        "rollback": rollback_readiness(practices, known),
        "automation": automation_candidates(known, practices, fired) if named else pd.DataFrame(),
    }


# What a month cost: the error budget, money where a minute has a price, and starts when nobody should be at work.


_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def month_cost(
    incidents: pd.DataFrame, phases: pd.DataFrame, month: pd.Timestamp, measure: str, settings: Settings
) -> pd.DataFrame:
    """Return what a month cost, in minutes, in budget and, where a minute has a price, in money.

    Parameters
    ----------
    incidents : DataFrame
        The incidents that began in the month.
    phases : DataFrame
        All incidents, as `phase_durations` gives them.
    month : Timestamp
        First moment of the month, UTC.
    measure : str
        The clock that says when an incident runs.
    settings : Settings
        Service level objective, price of a minute, working hours.

    Returns
    -------
    DataFrame
        `what, value, n, how`: in plain words, each with the incidents behind it. Nothing of minutes where no incident
        of the table has ended: whether the open ones still run then nobody can say.

    Notes
    -----
    Minutes and budget are those of `downtime` over the month: overlaps once, cut at its ends, open incidents until the
    export, those probably never closed left out. For the price each ended incident that began in it counts whole.
    """
    rows: list[tuple[str, str, int, str]] = []
    ended = phases[phases[f"{measure}_observed"].fillna(False).astype(bool) & phases[measure].notna()]
    if len(ended):
        since, until = month_bounds([month], phases["exported_at"])
        down = table_records(downtime(phases, settings.slo, measure=measure, since=since, until=until))[0]
        n, unknown = int(down["incidents"]), int(down["users_unknown"])
        left = int(down["left_out"]) + int(down["never_closed"])
        least = f"; at least, as {left} of {n} are left out" if left else ""
        if n > left:
            how = f"overlaps count once, within the month{least}"
            rows = [("with an incident running", format_minutes(down["minutes"]), n, how)]
            budget = f"of the budget of {format_minutes(down['budget'])}"
            objective = f"objective {settings.slo:.6g}; "
            if unknown < n - left:
                how = "each moment by the largest share of users hit"
                how += f"; {unknown} of {n} do not say, and count as all users" if unknown else ""
                rows.append(("weighted by users", format_minutes(down["weighted_minutes"]), n, how))
                rows.append((budget, share_or_times(down["budget_spent_weighted"]), n, objective + how))
                budget = "of the budget, all users"
            how = f"{objective}as if every incident were a full outage{least}"
            rows.append((budget, share_or_times(down["budget_spent"]), n, how))
        of_month = ended[ended["month"] == month]
        if settings.price_of_a_minute is not None and len(of_month):
            money = float(of_month[measure].sum()) * settings.price_of_a_minute
            how = f"minutes of every ended incident at {settings.price_of_a_minute:,.6g} {settings.currency} each"
            rows.append(("at the price of a minute", f"{money:,.0f} {settings.currency}", len(of_month), how))
    if len(incidents):
        outside = ~at_work(onset(incidents), settings.working_hours)
        hours = settings.working_hours
        how = f"{', '.join(hours.days)} {hours.start} to {hours.end} {hours.timezone}"
        rows.append(("began outside working hours", f"{int(outside.sum())} of {len(incidents)}", len(incidents), how))
    return pd.DataFrame(rows, columns=["what", "value", "n", "how"])


def share_or_times(share: float) -> str:
    """Return a share of a budget as people say it.

    Examples
    --------
    >>> share_or_times(0.67), share_or_times(12.4)
    ('67%', '12 × it')
    """
    return f"{share:.0%}" if share < 2 else f"{share:.2g} × it"


def at_work(moments: pd.Series, hours: WorkingHours) -> pd.Series:
    """Return whether each moment lies in the working hours of the team's own zone.

    Examples
    --------
    >>> moments = pd.Series(pd.to_datetime(["2026-06-01T07:30:00Z", "2026-06-06T10:00:00Z"]))
    >>> at_work(moments, WorkingHours(timezone="Europe/Berlin")).tolist()
    [True, False]
    """
    local = moments.dt.tz_convert(ZoneInfo(hours.timezone))
    clock = local.dt.strftime("%H:%M")
    day = local.dt.day_of_week.map(dict(enumerate(_DAYS))).isin(hours.days)
    within = (clock >= hours.start) & (clock < hours.end)
    if hours.end <= hours.start:
        within = (clock >= hours.start) | (clock < hours.end)
    return pd.Series(day & within)


def cost_table(table: pd.DataFrame, month: str) -> PageTable:
    """Return the table as the page shows it."""
    rows = tuple((str(r["what"]), str(r["value"]), f"{r['n']:,}", str(r["how"])) for r in table_records(table))
    return PageTable(f"What {month} cost", ("", "", "incidents", "how it is counted"), rows, texts=(0, 3))


# Too few for a number: the best weaker statement stands in its place, with the reason.


def with_extremes(summary: pd.DataFrame, name: str, minutes: dict[str, pd.Series]) -> pd.DataFrame:
    """Return `summary` with each number that its n cannot carry replaced.

    Parameters
    ----------
    summary : DataFrame
        Rows with `n, mean, median` and their ranges, as `phase_summary`, `clock_summary` or `span_summary` give them.
    name : str
        The column that names the rows.
    minutes : dict of str to Series
        The ended minutes of each row, by that name.

    Returns
    -------
    DataFrame
        With `shortest, longest`; a mean or a median of too few is NaN and its method says why.
    """
    made = summary.copy()
    ended = [minutes.get(str(row), pd.Series(dtype=float)) for row in made[name]]
    made["shortest"] = [float(each.min()) if len(each) else np.nan for each in ended]
    made["longest"] = [float(each.max()) if len(each) else np.nan for each in ended]
    made["median_method"] = ""
    return without_thin_numbers(made)


def without_thin_numbers(table: pd.DataFrame) -> pd.DataFrame:
    """Return `table` without the means and medians that their n cannot carry."""
    made = table.copy()
    counts = made["n"].astype(int)
    for statistic in ("mean", "median"):
        few = pd.Series([bool(why_withheld(statistic, n)) for n in counts], index=made.index, dtype=bool)
        made.loc[few, [statistic, f"{statistic}_low", f"{statistic}_high"]] = np.nan
        if f"{statistic}_method" in made:
            why = [f"too few: n = {n}" for n in counts[few]]
            made.loc[few, f"{statistic}_method"] = pd.Series(why, index=counts[few].index, dtype="str")
    return made


def ended_minutes(phases: pd.DataFrame, measures: tuple[str, ...]) -> dict[str, pd.Series]:
    """Return the ended minutes of each phase or clock."""
    return {
        name: phases.loc[phases[f"{name}_observed"].fillna(False).astype(bool) & phases[name].notna(), name]
        for name in measures
    }
