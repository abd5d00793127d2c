"""Which failures somebody would be told about, how soon, and what the gaps have cost."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from math import nan
from typing import Protocol, runtime_checkable

import pandas as pd

from mttrlab.analysis.phases import phase_durations
from mttrlab.analysis.query import VERDICTS_USED, Source
from mttrlab.analysis.sample import total_interval
from mttrlab.detection import GOAL_MINUTES, Fault, detection_delay
from mttrlab.errors import QuestionError, SchemaError
from mttrlab.schema import (
    FAILURE_MODES,
    UNKNOWN,
    WEEK_H,
    AlertRule,
    Practices,
    Record,
    SyntheticMonitor,
    table_records,
)
from mttrlab.validate import as_names, finite, number

SEED_MODES = FAILURE_MODES[:4]
"""The founding text's four; correctness is the lab's fifth and stands in the table only."""


class AlertCoverage(dict[str, dict[str, bool | list[str]]]):
    """The founding text's report (service → four flags and its gaps), and tables of what lies beyond it."""

    table: pd.DataFrame
    """One row per service and failure mode; gaps first, those that cost most at the top."""
    journeys: pd.DataFrame
    """One row per synthetic monitor and failure mode that its assertions would notice."""
    unknown: pd.DataFrame
    """Alerts whose failure mode nobody could read: no coverage until somebody maps them."""
    unattributed: pd.DataFrame
    """History that belongs to no row of the table: other services, or incidents of unknown failure mode."""
    unplaced: pd.DataFrame
    """Alerts that watch none of these services."""
    unheard: pd.DataFrame
    """Alerts that are sent to nobody, by their routes or for want of a handle: no coverage."""
    cells: pd.DataFrame
    """What `plot_coverage` draws: one row per service and failure mode, unknown included; `state`, `mean`, `alerts`,
    `hours_per_week`, `incidents`, `seen_by_alerts`, `minutes_lost`."""
    within: float
    """The goal, minutes."""

    def gaps(self) -> pd.DataFrame:
        """Return the rows of the table that are not covered within the goal, most expensive first."""
        return self.table[~self.table["goal_met"]].reset_index(drop=True)

    def __str__(self) -> str:
        covered, met, cells = int(self.table["covered"].sum()), int(self.table["goal_met"].sum()), len(self.table)
        counts = self.table["verdict"].value_counts()
        told = [
            (len(self.unheard), "are sent to nobody"),
            (int(counts.get("part of the week", 0)), "of the failure modes are watched for part of the week only"),
            (int(counts.get("not loaded", 0)), "are watched by alerts that are not loaded, as incidents show"),
        ]
        more = "".join(f"; {n} {words}" for n, words in told if n)
        return (
            f"{len(self)} services × {len(FAILURE_MODES)} failure modes: {covered} of {cells} have an alert, {met} are "
            f"noticed within {self.within:g} min; {len(self.unknown)} alerts are of unknown kind{more}"
        )

    def _repr_html_(self) -> str:
        return f"<p>{escape(str(self))}</p>{self.table.to_html(index=False, float_format='{:.1f}'.format)}"


def alert_coverage(
    services: Iterable[object] | None,
    alerts: Practices | pd.DataFrame | Iterable[object],
    within: float = GOAL_MINUTES,
    *,
    incidents: Source | None = None,
    severity: float = 1.0,
    certainty: float = 0.95,
) -> AlertCoverage:
    """Return which failure modes of which services are alerted on, how soon, and the gaps by what they have cost.

    Parameters
    ----------
    services : iterable or None
        Names, or objects with `name`. None: every service that had an incident or has an alert.
    alerts : Practices, DataFrame, or iterable
        Practices as `read_practices` or `lab.practices()` give them; alert rules and synthetic monitors; the founding
        text's objects with `targets` and `type`; or a table with `service` and `failure_mode` (and, optionally,
        `name`, `for_s`, `window_s`, `threshold`, `scrape_s`, `eval_s`, `group_wait_s`).
    within : float
        Minutes within which a failure should be known.
    incidents : DataFrame or Lab, optional
        History, to order the gaps by the minutes between start and detection that lie behind them.
    severity : float
        Share of requests that fail in the fault that is asked about. 1, the hardest fault there is: what is late for
        that is late for everything.
    certainty : float
        Chance with which the goal must be met.

    Returns
    -------
    AlertCoverage
        Equal to the founding text's dictionary; `.table` has `service, failure_mode, covered, alerts, fastest, mean,
        p90, within_goal, goal_met, verdict, hours_per_week, on, incidents, minutes_lost, lost_low, lost_high,
        not_dated, seen_by_alerts`: minutes, chances, and counts. `mean` and `p90` are of the fastest alert; NaN where
        nothing covers, or where the alert's settings are not known. Where every alert is on for part of the week only,
        the verdict says so, `hours_per_week` and `on` say when, `mean` and `p90` are of those hours, and `within_goal`
        counts all others as missed. Where no alert is loaded although alerts saw incidents (`seen_by_alerts`), the
        verdict is "not loaded". The interval of the minutes lost is for another such time (`total_interval`, 95 %).

    Raises
    ------
    QuestionError, SchemaError
        For services without a name and alerts without a target.

    Examples
    --------
    >>> rule = AlertRule("PaymentErrors", "payment-service", "error_rate", for_s=300, scrape_s=15, eval_s=15)
    >>> report = alert_coverage(["payment-service"], [rule])
    >>> report["payment-service"]["gaps"]
    ['availability_alert', 'latency_alert', 'dependency_alert']
    >>> report.gaps()["failure_mode"].tolist()
    ['availability', 'latency', 'error_rate', 'dependency', 'correctness']
    """
    finite("within", within, 0, open_low=True), number("severity", severity, 0, 1, open_low=True)
    alerts = alerts if isinstance(alerts, Practices | pd.DataFrame) else as_names(alerts, "alerts")
    every = alerts_of(alerts)
    watching = [one for one in every if can_page(one)]
    unheard = unheard_of(alerts)
    lost = minutes_lost(incidents) if incidents is not None else None
    wanted = _services([*watching, *unheard], lost) if services is None else as_names(services, "services")
    names = list(dict.fromkeys(service_name(service) for service in wanted))
    report = AlertCoverage()
    rows: list[dict[str, object]] = []
    for name in names:
        own = [one for one in watching if watches(one, name)]
        by_mode = {mode: [one for one in own if mode in modes_of(one)] for mode in FAILURE_MODES}
        flags = {f"{mode}_alert": bool(by_mode[mode]) for mode in SEED_MODES}
        report[name] = {**flags, "gaps": [key for key, there in flags.items() if not there]}
        cells = [_cell(name, mode, by_mode[mode], within, severity, certainty) for mode in FAILURE_MODES]
        silent = {mode for one in unheard if watches(one, name) for mode in modes_of(one)}
        for cell in cells:
            if cell["verdict"] == "no alert" and cell["failure_mode"] in silent:
                cell["verdict"] = "sent to nobody"
        rows += cells
    report.table = _ordered(pd.DataFrame(rows, columns=_COLUMNS), lost)
    report.unattributed = _elsewhere(lost, report.table)
    report.journeys = _journeys(watching, within, severity, certainty)
    report.unknown = _listed([one for one in watching if not modes_of(one)])
    report.unplaced = _listed([one for one in watching if not any(watches(one, name) for name in names)])
    report.unheard = _listed(unheard).assign(why=[_silence(rule) for rule in unheard])
    report.cells = map_cells(report.table, [one for one in watching if not modes_of(one)], lost, names)
    report.within = within
    for table in (report.table, report.cells):
        table.attrs.update(measure="detect", verdicts=VERDICTS_USED)
    return report


def _services(alerts: Sequence[Alert], lost: pd.DataFrame | None) -> list[str]:
    """Services with history first, those that lost most on top; then what alerts watch besides."""
    known: list[str] = []
    if lost is not None:
        sums = lost.groupby("service")["minutes_lost"].sum().sort_values(ascending=False, kind="stable")
        known = [str(name) for name in sums.index if str(name)]
    named = (one.targets for one in alerts)
    watched = sorted({name for each in named for name in ([each] if isinstance(each, str) else each)})
    return [*known, *watched]


_COLUMNS = [
    "service", "failure_mode", "covered", "alerts", "fastest", "mean", "p90", "within_goal", "goal_met", "verdict",
    "hours_per_week", "on",
]  # fmt: skip


def _cell(
    service: str, mode: str, alerts: Sequence[Alert], within: float, severity: float, certainty: float
) -> dict[str, object]:
    fault = Fault(mode, severity)
    known = [one for one in alerts if isinstance(one, AlertRule | SyntheticMonitor)]
    asked = [(detection_delay(one, fault, goal=within, certainty=certainty), name_of(one)) for one in known]
    able = [(answer, name) for answer, name in asked if answer.recall > 0]
    cell: dict[str, object] = {
        "service": service, "failure_mode": mode, "covered": bool(alerts), "alerts": len(alerts),
        "hours_per_week": float(WEEK_H) if alerts else 0.0, "on": "",
    }  # fmt: skip
    if able:
        # An alert that is on all week goes before quicker ones that sleep: they leave the other hours to it.
        best, name = min(able, key=lambda pair: (pair[0].hours is not None, pair[0].delay.mean_if_ever, pair[1]))
        if best.hours is not None and len(able) > 1:
            best = detection_delay(known, fault, goal=within, certainty=certainty, service=service)
        on = {} if best.hours is None else {"hours_per_week": best.hours.hours_per_week, "on": str(best.hours)}
        verdict = "in time" if best.meets_goal else "late" if best.hours is None else "part of the week"
        p90 = float(best.quantile(0.9 * best.delay.ever)[0]) if on else best.p90
        times = {"mean": best.delay.mean_if_ever / 60, "p90": p90, "within_goal": best.within_goal}
        return {**cell, "fastest": name, **times, "goal_met": best.meets_goal, "verdict": verdict, **on}
    silent = len(known) == len(alerts)
    verdict = "no alert" if not alerts else "never fires for this fault" if silent else "delay not known"
    times = {"mean": nan, "p90": nan, "within_goal": 0.0 if silent else nan}
    return {**cell, "fastest": name_of(alerts[0]) if alerts else "", **times, "goal_met": False, "verdict": verdict}


def _ordered(table: pd.DataFrame, lost: pd.DataFrame | None) -> pd.DataFrame:
    """Gaps first, and among them those with the most minutes behind them; else as asked."""
    table = table.astype({"covered": bool, "goal_met": bool, "alerts": "int64"})
    order = pd.RangeIndex(len(table))
    if lost is None:
        lost = pd.DataFrame(columns=LOST)
        table = table.merge(lost.astype({"minutes_lost": "float64"}), on=["service", "failure_mode"], how="left")
    else:
        table = table.merge(lost, on=["service", "failure_mode"], how="left")
        nothing = {"incidents": 0, "minutes_lost": 0.0, "lost_low": 0.0, "not_dated": 0, "seen_by_alerts": 0}
        table = table.fillna(nothing)
    floats = dict.fromkeys(("minutes_lost", "lost_low", "lost_high"), "float64")
    table = table.astype({"incidents": "Int64", "not_dated": "Int64", "seen_by_alerts": "Int64", **floats})
    seen = table["seen_by_alerts"].fillna(0)
    # A few may be alerts of another kind that happened to see it.
    blind = (table["verdict"] == "no alert") & (seen > 0) & ((seen >= _SEEN) | (2 * seen >= table["incidents"]))
    table["verdict"] = table["verdict"].mask(blind, "not loaded")
    ranked = table.assign(_gap=~table["goal_met"], _lost=table["minutes_lost"].fillna(0.0), _order=order)
    ranked = ranked.sort_values(["_gap", "_lost", "_order"], ascending=[False, False, True], ignore_index=True)
    return ranked.drop(columns=["_gap", "_lost", "_order"])


def _elsewhere(lost: pd.DataFrame | None, table: pd.DataFrame) -> pd.DataFrame:
    if lost is None:
        return pd.DataFrame(columns=LOST)
    asked = pd.MultiIndex.from_frame(table[["service", "failure_mode"]])
    there = pd.MultiIndex.from_frame(lost[["service", "failure_mode"]]).isin(asked)
    return lost[~there].sort_values("minutes_lost", ascending=False, kind="stable", ignore_index=True)


def _journeys(alerts: Sequence[Alert], within: float, severity: float, certainty: float) -> pd.DataFrame:
    rows = []
    for monitor in alerts:
        if not isinstance(monitor, SyntheticMonitor):
            continue
        for mode in monitor.failure_modes:
            answer = detection_delay(monitor, Fault(mode, severity), goal=within, certainty=certainty)
            rows.append(
                {
                    "journey": monitor.name,
                    "failure_mode": mode,
                    "steps": len(monitor.steps),
                    "asserted_by": ", ".join(step.name for step in monitor.steps if mode in step.failure_modes),
                    "mean": answer.mean,
                    "p90": answer.p90,
                    "within_goal": answer.within_goal,
                    "goal_met": answer.meets_goal,
                }
            )
    columns = ["journey", "failure_mode", "steps", "asserted_by", "mean", "p90", "within_goal", "goal_met"]
    return pd.DataFrame(rows, columns=columns)


def _listed(alerts: Sequence[Alert]) -> pd.DataFrame:
    rows = [
        {
            "alert": name_of(one),
            "service": ", ".join(map(str, getattr(one, "targets", ()) or ())),
            "failure_mode": ", ".join(modes_of(one)) or getattr(one, "failure_mode", UNKNOWN),
            "why": str(getattr(one, "why", "") or ""),
            "source": str(getattr(one, "source", "") or ""),
        }
        for one in alerts
    ]
    return pd.DataFrame(rows, columns=["alert", "service", "failure_mode", "why", "source"])


# What each way of failing has cost before anybody knew.


LOST = ["service", "failure_mode", "incidents", "minutes_lost", "lost_low", "lost_high", "not_dated", "seen_by_alerts"]
"""Columns of `minutes_lost`."""


_SEEN = 5
"""Incidents that alerts saw, from which on there must be such an alert; half of the incidents are enough too."""


def minutes_lost(incidents: Source) -> pd.DataFrame:
    """Return the minutes between start and detection, summed per service and failure mode.

    Parameters
    ----------
    incidents : DataFrame or Lab
        Incidents, or their phases.

    Returns
    -------
    DataFrame
        `service, failure_mode` (unknown where an incident does not say), `incidents`, `minutes_lost` (of those whose
        start and detection are known) with `lost_low` and `lost_high` (95 %, `total_interval`), `not_dated`, how many
        are not, and `seen_by_alerts`, how many an alert or a monitor noticed first.
    """
    phases = phase_durations(incidents)
    mode = phases["failure_mode"]
    mode = mode.where(mode.isin(FAILURE_MODES), UNKNOWN).astype("str")
    rows = pd.DataFrame({"service": phases["service"], "failure_mode": mode, "detect": phases["detect"]})
    by = phases["detected_by"] if "detected_by" in phases else pd.Series(None, index=phases.index, dtype="str")
    rows["seen"] = by.isin(("alert", "monitor"))
    each = rows.groupby(["service", "failure_mode"], sort=True)
    grouped = each["detect"]
    result = grouped.agg(incidents="size", not_dated=lambda d: int(d.isna().sum())).reset_index()
    result["seen_by_alerts"] = each["seen"].sum().to_numpy(dtype="int64")
    totals = [total_interval(lost) for _, lost in grouped]
    for at, (name, values) in enumerate(
        {
            "minutes_lost": [one.estimate for one in totals],
            "lost_low": [one.low for one in totals],
            "lost_high": [one.high for one in totals],
        }.items(),
        start=3,
    ):
        result.insert(at, name, pd.Series(values, dtype="float64"))
    return result


# Services and alerts in whatever form people have them.


def _silence(rule: AlertRule) -> str:
    if rule.manager == "datadog":
        return "its message has no @-handle (a notification rule may add one)"
    return "its route goes to a receiver that notifies nobody, or is muted all week"


_SETTINGS = ("for_s", "window_s", "threshold", "scrape_s", "eval_s", "group_wait_s")


def alerts_of(alerts: Practices | pd.DataFrame | Iterable[object]) -> list[Alert]:
    """Return the alerts in whatever form they came.

    Raises
    ------
    QuestionError, SchemaError
        For things that are no alerts, and tables without the columns.
    """
    if isinstance(alerts, Practices):
        return list(alerts.paging())
    if isinstance(alerts, pd.DataFrame):
        return _from_table(alerts)
    result: list[Alert] = []
    for one in alerts:
        if isinstance(one, Practices):
            result += one.paging()
        elif isinstance(one, Alert):
            result.append(one)
        else:
            raise QuestionError(f"an alert must have targets and type, or be an AlertRule; got {type(one).__name__}")
    return result


def unheard_of(alerts: Practices | pd.DataFrame | Iterable[object]) -> list[AlertRule]:
    """Return the alerts that an alert manager sends to nobody."""
    if isinstance(alerts, Practices):
        return list(alerts.unheard())
    if isinstance(alerts, pd.DataFrame):
        return []
    return [rule for one in alerts if isinstance(one, Practices) for rule in one.unheard()]


@runtime_checkable
class Alert(Protocol):
    """Anything that says what it watches; its `name`, its `type` and whether it `pages` are asked where it has them."""

    @property
    def targets(self) -> str | Collection[str]:
        """The services that it watches, or one of them."""


@dataclass(frozen=True)
class PlainAlert:
    """An alert of which only name, target and kind are known."""

    name: str
    targets: tuple[str, ...]
    type: str
    why: str = ""


def _from_table(table: pd.DataFrame) -> list[Alert]:
    if not table.columns.is_unique:
        raise SchemaError("the table of alerts has a column twice; keep one")
    missing = [name for name in ("service", "failure_mode") if name not in table]
    if missing:
        raise SchemaError(f"the table of alerts lacks {', '.join(missing)}; name the service and failure mode of each")
    return [_from_row(row, n) for n, row in enumerate(table_records(table), start=1)]


def _from_row(row: Record, n: int) -> AlertRule | PlainAlert:
    text = str(row["failure_mode"]).strip()
    mode, why = (text, "") if text in FAILURE_MODES else (UNKNOWN, f"the table says {text[:40]!r}")
    name, service = str(row.get("name", f"alert {n}")), str(row["service"])
    settings = {}
    for column in _SETTINGS:
        if column in row and not pd.isna(row[column]):
            try:
                settings[column] = float(row[column])
            except (TypeError, ValueError):
                raise SchemaError(
                    f"{column} of {name!r} in the table of alerts is no number: {row[column]!r}"
                ) from None
    if not settings:
        return PlainAlert(name, (service,), mode, why)
    return AlertRule(
        name, service, mode, why=why,
        for_s=settings.get("for_s", 0.0), window_s=settings.get("window_s", 0.0), threshold=settings.get("threshold"),
        scrape_s=settings.get("scrape_s"), eval_s=settings.get("eval_s"), group_wait_s=settings.get("group_wait_s"),
    )  # fmt: skip


def service_name(service: object) -> str:
    """Return the name of a service: itself, or what it has."""
    name = service if isinstance(service, str) else getattr(service, "name", None)
    if not isinstance(name, str):
        raise QuestionError(f"a service must be a name, or have one; got {type(service).__name__}")
    return name


def watches(alert: Alert, service: str) -> bool:
    """Return whether an alert watches a service."""
    targets = alert.targets
    return targets == service if isinstance(targets, str) else service in targets


def modes_of(alert: Alert) -> tuple[str, ...]:
    """Return the failure modes an alert watches; none where unknown."""
    if isinstance(alert, AlertRule | SyntheticMonitor):
        return alert.failure_modes
    kind = getattr(alert, "type", None)
    return (kind,) if kind in FAILURE_MODES else ()


def name_of(alert: Alert) -> str:
    """Return the name of an alert."""
    return str(getattr(alert, "name", "") or "an alert")


def can_page(alert: Alert) -> bool:
    """Return whether an alert can page; what does not say can."""
    return bool(getattr(alert, "pages", True))


# The coverage of every service and failure mode as one map, with what is unknown in a column of its own.


STATES = (
    "in time", "part of the week", "late", "delay not known", "never fires for this fault", "not loaded",
    "sent to nobody", "no alert", "to be mapped", "nothing",
)  # fmt: skip
"""From the best to the worst, and for the unknown column: alerts that nobody could read, or none of them."""


def map_cells(
    table: pd.DataFrame, unknown: Sequence[Alert], lost: pd.DataFrame | None, services: Sequence[str]
) -> pd.DataFrame:
    """Return one row per service and failure mode, in the order of the services and of the modes.

    Parameters
    ----------
    table : DataFrame
        Of `alert_coverage`.
    unknown : sequence
        Alerts whose failure mode nobody could read.
    lost : DataFrame or None
        Of `minutes_lost`; None: no history was given.
    services : sequence of str

    Returns
    -------
    DataFrame
        `service, failure_mode` (unknown is one), `state` (one of STATES), `mean` (minutes), `alerts`, `hours_per_week`,
        `incidents`, `seen_by_alerts`, `minutes_lost` (NaN without history).
    """
    columns = [
        "service", "failure_mode", "verdict", "mean", "alerts", "hours_per_week", "incidents", "seen_by_alerts",
        "minutes_lost",
    ]  # fmt: skip
    known = table[columns].rename(columns={"verdict": "state"})
    rows = []
    for name in services:
        n = sum(watches(one, name) for one in unknown)
        own = None if lost is None else lost[(lost["service"] == name) & (lost["failure_mode"] == UNKNOWN)]
        behind = {
            "hours_per_week": float("nan"),
            "incidents": pd.NA if own is None else int(own["incidents"].sum()),
            "seen_by_alerts": pd.NA if own is None else int(own["seen_by_alerts"].sum()),
            "minutes_lost": float("nan") if own is None else float(own["minutes_lost"].sum()),
        }
        state = "to be mapped" if n else "nothing"
        rows.append(
            {"service": name, "failure_mode": UNKNOWN, "state": state, "mean": float("nan"), "alerts": n, **behind}
        )
    other = pd.DataFrame(rows, columns=list(known)).astype(dict(known.dtypes))
    every = pd.concat([known, other], ignore_index=True) if len(known) else other
    place = {name: at for at, name in enumerate(services)}
    modes = {mode: at for at, mode in enumerate((*FAILURE_MODES, UNKNOWN))}
    keys = every["service"].map(place) * len(modes) + every["failure_mode"].map(modes)
    return every.loc[keys.sort_values(kind="stable").index].reset_index(drop=True)


# Which way each alert goes through the alert manager: who is told, and how long the first notification waits.


_ROUTE_COLUMNS = [
    "alert", "service", "severity", "receiver", "group_wait_s", "group_interval_s", "repeat_s", "pages",
    "hours_per_week", "on", "unsure",
]  # fmt: skip


def alert_routes(practices: Practices) -> pd.DataFrame:
    """Return the route that each alert takes.

    Parameters
    ----------
    practices : Practices
        As `lab.practices()` or `read_practices` give them, the Alertmanager's configuration among them.

    Returns
    -------
    DataFrame
        One row per alert whose way is known (the alert manager's routes, Grafana's policies, the handles of a Datadog
        message): `alert, service, severity, receiver`; `group_wait_s` (before
        the first notification of a group, which is in every detection delay), `group_interval_s` (before a further
        alert of a group that has notified already), `repeat_s`; `pages`: whether any receiver that it reaches notifies
        somebody; `hours_per_week` and `on`: when it does, of the 168 hours of the week (empty: always); `unsure`:
        matchers on labels that the rule does not give and only its time series may have, so that another route may be
        taken. Empty where no file of routes is loaded.

    Examples
    --------
    >>> from mttrlab.schema import Matcher, MonitoringSettings, Route
    >>> root = Route("tickets", routes=(Route("pager", (Matcher("severity", "=", "page"),), group_wait_s=5.0),))
    >>> alerts = (AlertRule("Down", severity="page"), AlertRule("Slow"))
    >>> routes = alert_routes(Practices(alerts=alerts, settings=MonitoringSettings(routing=root)))
    >>> routes[["alert", "receiver", "group_wait_s"]].values.tolist()
    [['Down', 'pager', 5.0], ['Slow', 'tickets', 30.0]]
    """
    settled = (*practices.paging(), *practices.unheard())
    rows = [
        {
            "alert": rule.name, "service": ", ".join(rule.targets), "severity": rule.severity,
            "receiver": ", ".join(rule.routed.receivers), "group_wait_s": rule.group_wait_s,
            "group_interval_s": rule.routed.group_interval_s, "repeat_s": rule.routed.repeat_s,
            "pages": not rule.routed.silent, **_told_when(rule), "unsure": ", ".join(rule.routed.unsure),
        }
        for rule in settled
        if isinstance(rule, AlertRule) and rule.routed is not None
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=_ROUTE_COLUMNS)


def _told_when(rule: AlertRule) -> dict[str, object]:
    """When an alert is on and somebody is told."""
    if rule.routed is None or rule.routed.silent:
        return {"hours_per_week": 0.0, "on": ""}
    hours = rule.hours
    return {"hours_per_week": float(WEEK_H) if hours is None else hours.hours_per_week, "on": str(hours or "")}
