"""Which failures somebody would be told about, how soon, and what the gaps have cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from math import nan
from typing import Any

import pandas as pd

from mttrlab.analysis.basis import VERDICTS_USED
from mttrlab.analysis.coverage_history import LOST, minutes_lost
from mttrlab.analysis.coverage_inputs import (
    alerts_of,
    can_page,
    modes_of,
    name_of,
    service_name,
    unheard_of,
    watches,
)
from mttrlab.analysis.coverage_map import map_cells
from mttrlab.analysis.doors import Source
from mttrlab.analysis.given import as_names
from mttrlab.analysis.reading import as_number
from mttrlab.detection import GOAL_MINUTES, Fault, detection_delay
from mttrlab.errors import QuestionError
from mttrlab.schema import FAILURE_MODES, UNKNOWN, AlertRule, Practices, SyntheticMonitor

SEED_MODES = FAILURE_MODES[:4]
"""The founding text's four; correctness is the lab's fifth and stands in the table only."""


class AlertCoverage(dict[str, dict[str, Any]]):
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
    """Alerts that the alert manager's routes send to nobody: no coverage."""
    cells: pd.DataFrame
    """What `plot_coverage` draws: one row per service and failure mode, unknown included; `state`, `mean`, `alerts`,
    `incidents`, `minutes_lost`."""
    within: float
    """The goal, minutes."""

    def gaps(self) -> pd.DataFrame:
        """Return the rows of the table that are not covered within the goal, most expensive first."""
        return self.table[~self.table["goal_met"]].reset_index(drop=True)

    def __str__(self) -> str:
        covered, met, cells = int(self.table["covered"].sum()), int(self.table["goal_met"].sum()), len(self.table)
        silent = f"; {len(self.unheard)} are sent to nobody" if len(self.unheard) else ""
        return (
            f"{len(self)} services × {len(FAILURE_MODES)} failure modes: {covered} of {cells} have an alert, {met} are "
            f"noticed within {self.within:g} min; {len(self.unknown)} alerts are of unknown kind{silent}"
        )

    def _repr_html_(self) -> str:
        return f"<p>{escape(str(self))}</p>{self.table.to_html(index=False, float_format='{:.1f}'.format)}"


def alert_coverage(
    services: Iterable[Any] | None,
    alerts: Practices | pd.DataFrame | Iterable[Any],
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
        p90, within_goal, goal_met, verdict, incidents, minutes_lost, lost_low, lost_high, not_dated`: minutes, chances,
        and counts. `mean` and `p90` are of the fastest alert; NaN where nothing covers, or where the alert's settings
        are not known. The interval of the minutes lost is for another such time (`total_interval`, 95 %).

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
    if not (as_number("within", within) > 0 and 0 < as_number("severity", severity) <= 1):
        raise QuestionError(f"within must be above 0 minutes and severity in 0 to 1; got {within!r} and {severity!r}")
    alerts = alerts if isinstance(alerts, Practices | pd.DataFrame) else as_names(alerts, "alerts")
    every = alerts_of(alerts)
    watching = [one for one in every if can_page(one)]
    lost = minutes_lost(incidents) if incidents is not None else None
    wanted = _services(watching, lost) if services is None else as_names(services, "services")
    names = list(dict.fromkeys(service_name(service) for service in wanted))
    report = AlertCoverage()
    rows: list[dict[str, Any]] = []
    for name in names:
        own = [one for one in watching if watches(one, name)]
        by_mode = {mode: [one for one in own if mode in modes_of(one)] for mode in FAILURE_MODES}
        flags: dict[str, Any] = {f"{mode}_alert": bool(by_mode[mode]) for mode in SEED_MODES}
        report[name] = {**flags, "gaps": [key for key, there in flags.items() if not there]}
        rows += [_cell(name, mode, by_mode[mode], within, severity, certainty) for mode in FAILURE_MODES]
    report.table = _ordered(pd.DataFrame(rows, columns=_COLUMNS), lost)
    report.unattributed = _elsewhere(lost, report.table)
    report.journeys = _journeys(watching, within, severity, certainty)
    report.unknown = _listed([one for one in watching if not modes_of(one)])
    report.unplaced = _listed([one for one in watching if not any(watches(one, name) for name in names)])
    unheard = _listed(unheard_of(alerts))
    report.unheard = unheard.assign(why="its route goes to a receiver that notifies nobody")
    report.cells = map_cells(report.table, [one for one in watching if not modes_of(one)], lost, names)
    report.within = within
    for told in (report.table, report.cells):
        told.attrs.update(clock="detect", verdicts=VERDICTS_USED)
    return report


def _services(alerts: Sequence[Any], lost: pd.DataFrame | None) -> list[str]:
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
]  # fmt: skip


def _cell(
    service: str, mode: str, alerts: Sequence[Any], within: float, severity: float, certainty: float
) -> dict[str, Any]:
    fault = Fault(mode, severity)
    known = [one for one in alerts if isinstance(one, AlertRule | SyntheticMonitor)]
    asked = [(detection_delay(one, fault, goal=within, certainty=certainty), name_of(one)) for one in known]
    able = [(answer, name) for answer, name in asked if answer.recall > 0]
    cell: dict[str, Any] = {"service": service, "failure_mode": mode, "covered": bool(alerts), "alerts": len(alerts)}
    if able:
        best, name = min(able, key=lambda pair: (pair[0].delay.mean_if_ever, pair[1]))
        verdict = "in time" if best.meets_goal else "late"
        times = {"mean": best.delay.mean_if_ever / 60, "p90": best.p90, "within_goal": best.within_goal}
        return {**cell, "fastest": name, **times, "goal_met": best.meets_goal, "verdict": verdict}
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
        table = table.fillna({"incidents": 0, "minutes_lost": 0.0, "lost_low": 0.0, "not_dated": 0})
    floats = dict.fromkeys(("minutes_lost", "lost_low", "lost_high"), "float64")
    table = table.astype({"incidents": "Int64", "not_dated": "Int64", **floats})
    ranked = table.assign(_gap=~table["goal_met"], _lost=table["minutes_lost"].fillna(0.0), _order=order)
    ranked = ranked.sort_values(["_gap", "_lost", "_order"], ascending=[False, False, True], ignore_index=True)
    return ranked.drop(columns=["_gap", "_lost", "_order"])


def _elsewhere(lost: pd.DataFrame | None, table: pd.DataFrame) -> pd.DataFrame:
    if lost is None:
        return pd.DataFrame(columns=LOST)
    asked = pd.MultiIndex.from_frame(table[["service", "failure_mode"]])
    there = pd.MultiIndex.from_frame(lost[["service", "failure_mode"]]).isin(asked)
    return lost[~there].sort_values("minutes_lost", ascending=False, kind="stable", ignore_index=True)


def _journeys(alerts: Sequence[Any], within: float, severity: float, certainty: float) -> pd.DataFrame:
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


def _listed(alerts: Sequence[Any]) -> pd.DataFrame:
    rows = [
        {
            "alert": name_of(one),
            "service": ", ".join(map(str, getattr(one, "targets", ()) or ())),
            "failure_mode": ", ".join(modes_of(one)) or UNKNOWN,
            "why": str(getattr(one, "why", "") or ""),
            "source": str(getattr(one, "source", "") or ""),
        }
        for one in alerts
    ]
    return pd.DataFrame(rows, columns=["alert", "service", "failure_mode", "why", "source"])
