"""The incident command center: what a screen would have shown at any minute of a past incident."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mttrlab.lab.database import Moment
from mttrlab.lab.lab import Lab
from mttrlab.review.incident import IncidentRef, find_incident, moment_asked_for, onset_word, recorded_onset
from mttrlab.review.wording import text_or_empty
from mttrlab.schema import MEASURES, NEEDED_FILES, Record, table_records

if TYPE_CHECKING:
    from matplotlib.figure import Figure


NOW, LOOK = pd.Timedelta("60s"), pd.Timedelta("15min")
TREND, BASELINE, LEAD = pd.Timedelta("60min"), pd.Timedelta("60min"), pd.Timedelta("5min")
_DAY, _STALE = pd.Timedelta("24h"), pd.Timedelta("10min")
_UNITS = {"error_rate": "%", "latency_p95": "ms", "throughput": "req/s"}


@dataclass(frozen=True)
class CommandCenter:
    """What stands on the screen."""

    incident_id: str
    title: str
    service: str
    severity: str
    at: pd.Timestamp
    """The moment that is shown, UTC."""
    minutes: float
    """Since `began`; negative before it."""
    began: str
    """onset, or the first stamp that stands in for it, such as detected."""
    headline: pd.DataFrame
    """`measure, unit, value, baseline, change, detail`, one row a measure; NaN: no data."""
    baseline: str
    """What the changes are held against."""
    trend: pd.DataFrame
    """`at, error_rate, latency_p95, throughput` of all services together, by the minute, up to the moment."""
    services: pd.DataFrame
    """`service, error_rate` (percent, the last 15 minutes, weighed by requests where they are known), `samples`."""
    deployments: pd.DataFrame
    """The last five of the day before."""
    alerts: pd.DataFrame
    """What fires at the moment, the most severe first."""
    missing: dict[str, str]
    """Panels without data, and which file would fill each."""

    @property
    def alt(self) -> str:
        """What the figure shows, in words for those who cannot see it."""
        parts = [
            f"{line['measure'].replace('_', ' ')} {number_with_change(line)}" for line in table_records(self.headline)
        ]
        worst = [f"{line['service']} {line['error_rate']:.1f} %" for line in table_records(self.services.head(4))]
        news = [f"{line['at']:%H:%M} {line['service']} {text_or_empty(line['version'])}"
                for line in table_records(self.deployments)]  # fmt: skip
        alerts = [f"[{text_or_empty(line['severity'])}] {line['alert']}" for line in table_records(self.alerts)]
        return (
            f"Command center of {self.incident_id} ({self.service}) at {self.at:%Y-%m-%d %H:%M} UTC: "
            f"{', '.join(parts)}; error rate by service: {', '.join(worst) or 'no data'}; "
            f"recent deployments: {', '.join(news) or 'none'}; active alerts: {', '.join(alerts) or 'none'}."
        )

    def __str__(self) -> str:
        return self.alt


def number_with_change(line: Record) -> str:
    """Return a number of the headline with its change, as the founding drawing writes them."""
    value, baseline, change = line["value"], line["baseline"], line["change"]
    if pd.isna(value):
        return "no data"
    shown = {"error_rate": f"{value:.1f}%", "latency_p95": f"{value:.0f}ms", "throughput": f"{value:.0f} req/s"}
    text = shown[line["measure"]]
    if pd.isna(change):
        return f"{text} (no baseline)"
    arrow = "↑" if change > 0 else "↓"
    if line["measure"] == "error_rate":
        before = f"{baseline:.1f}%" if baseline >= 0.05 else "0"
        return f"{text} (as before)" if abs(change) < 0.05 else f"{text} ({arrow} from {before})"
    if abs(change) < 0.05 * max(baseline, 1e-9):
        return text
    unit = "ms" if line["measure"] == "latency_p95" else ""
    return f"{text} ({arrow} {abs(change):.0f}{unit})"


def center(lab: Lab, incident_id: IncidentRef, at: Moment | None = None) -> CommandCenter:
    """Return the tables of the command center; see `command_center`."""
    incident = find_incident(lab, incident_id)
    when = moment_asked_for(incident, at)
    began = recorded_onset(incident)
    rows = lab.metrics(since=when - TREND - LOOK, until=when)
    base_until = min(began - LEAD, when - NOW)
    usual = _all_services(lab.metrics(since=base_until - BASELINE, until=base_until))
    held = set(lab.telemetry()["kind"])
    missing = {}
    if rows.empty:
        missing["metrics"] = f"No metrics up to {when:%H:%M}. To fill it, load {_file('metrics')}."
    deployments = lab.deployments(since=when - _DAY, until=when + pd.Timedelta("1us")).tail(5).iloc[::-1]
    if deployments.empty:
        none = "None in the 24 hours before."
        missing["deployments"] = none if "deployments" in held else f"No data. To fill it, load {_file('deployments')}."
    fired = lab.firings(since=when - pd.Timedelta("30D"), until=when + pd.Timedelta("1us"))
    active = fired[fired["ended_at"].isna() | (fired["ended_at"] > when)]
    if active.empty:
        missing["alerts"] = "None is firing." if "firings" in held else f"No data. To fill it, load {_file('firings')}."
    return CommandCenter(
        incident_id=str(incident["incident_id"]),
        title=text_or_empty(incident["title"]),
        service=text_or_empty(incident["service"]),
        severity=text_or_empty(incident["severity"]),
        at=when,
        minutes=(when - began).total_seconds() / 60,
        began=onset_word(incident),
        headline=_headline(rows, usual, when),
        baseline=(
            f"median of the minutes {base_until - BASELINE:%H:%M} to {base_until:%H:%M}"
            if len(usual) else "no metrics in the hour before, so no change is shown"
        ),
        trend=_all_services(rows[rows["at"] >= when - TREND]),
        services=_by_service(rows[rows["at"] >= when - LOOK]),
        deployments=deployments.reset_index(drop=True),
        alerts=active.assign(rank=active["severity"].map(_rank))
        .sort_values(["rank", "started_at"], kind="stable").drop(columns="rank").reset_index(drop=True),
        missing=missing,
    )  # fmt: skip


def command_center(lab: Lab, incident_id: IncidentRef, at: Moment | None = None) -> Figure:
    """Return the incident command center as it would have stood on the screen at one moment.

    Parameters
    ----------
    lab : Lab
    incident_id : str or row of `lab.incidents()`
    at : str or Timestamp, optional
        Any minute; without a zone UTC. Default: the acknowledgement, else the detection, else the first stamp.

    Returns
    -------
    Figure
        Error rate, p95 and throughput of all services with their change, error rate by service over 15 minutes, recent
        deployments, active alerts. A panel without data says which file would fill it. `get_label()` is the same in
        words.

    Raises
    ------
    QuestionError

    Notes
    -----
    Error rates of several services are weighed by their requests where throughput is known; the p95 is that of the
    slowest service, as percentiles cannot be added up; throughput is summed. Each number is of the last 60 seconds
    (where these hold no sample, of the last ten minutes, and says so), its change is held against the median minute of
    the hour that ends five minutes before the onset.
    """
    from mttrlab import figures

    seen = center(lab, incident_id, at)
    words = [number_with_change(line) for line in table_records(seen.headline)]
    tables = {name: getattr(seen, name) for name in seen.__dataclass_fields__}
    figure = figures.plot_command_center({**tables, "words": words, "needed": _file("metrics")})
    figure.set_label(seen.alt)
    return figure


def _headline(rows: pd.DataFrame, usual: pd.DataFrame, when: pd.Timestamp) -> pd.DataFrame:
    now = rows[rows["at"] >= when - NOW]
    detail = ""
    if now.empty and len(rows) and rows["at"].max() >= when - _STALE:
        now = rows[rows["at"] > rows["at"].max() - NOW]
        detail = f"as of {rows['at'].max():%H:%M:%S}"
    value = _whole_system(now)
    slowest = now.groupby("service")["latency_p95"].max()
    lines = []
    for measure in MEASURES:
        baseline = float(usual[measure].median()) if len(usual) else np.nan
        words = detail
        if measure == "latency_p95" and slowest.notna().sum() > 1:
            words = f"slowest: {slowest.idxmax()}" + (f", {detail}" if detail else "")
        lines.append({"measure": measure, "unit": _UNITS[measure], "value": value[measure], "baseline": baseline,
                      "change": value[measure] - baseline, "detail": words})  # fmt: skip
    return pd.DataFrame(lines)


def _whole_system(rows: pd.DataFrame) -> dict[str, float]:
    """Return the three measures of all services together."""
    if rows.empty:
        return dict.fromkeys(MEASURES, np.nan)
    own = rows.groupby("service").agg({"error_rate": "mean", "latency_p95": "max", "throughput": "mean"})
    known = own.dropna(subset=["error_rate"])
    weights = known["throughput"].to_numpy()
    weighed = len(known) and not np.isnan(weights).any() and weights.sum() > 0
    errors = np.average(known["error_rate"], weights=weights) if weighed else known["error_rate"].mean()
    busy = own["throughput"].dropna()
    return {
        "error_rate": float(errors),
        "latency_p95": float(own["latency_p95"].max()),
        "throughput": float(busy.sum()) if len(busy) else np.nan,
    }


def _all_services(rows: pd.DataFrame) -> pd.DataFrame:
    """Return all services together, by the minute."""
    if rows.empty:
        return pd.DataFrame(columns=["at", *MEASURES])
    minute = rows["at"].dt.floor("min")
    own = rows.groupby([minute, "service"]).agg({"error_rate": "mean", "latency_p95": "max", "throughput": "mean"})
    own["asked"] = own["throughput"].where(own["error_rate"].notna())
    own["failed"] = own["error_rate"] * own["throughput"]
    whole = own.groupby(level=0).agg(
        failed=("failed", "sum"), asked=("asked", "sum"), mean=("error_rate", "mean"),
        latency_p95=("latency_p95", "max"), throughput=("throughput", "sum"),
        known=("asked", "count"), said=("error_rate", "count"),
    )  # fmt: skip
    weighed = (whole["known"] == whole["said"]) & (whole["asked"] > 0)
    errors = (whole["failed"] / whole["asked"]).where(weighed, whole["mean"])
    made = pd.DataFrame({"at": whole.index, "error_rate": errors})
    made["latency_p95"] = whole["latency_p95"]
    made["throughput"] = whole["throughput"].where(own["throughput"].groupby(level=0).count() > 0)
    return made.reset_index(drop=True)


def _by_service(rows: pd.DataFrame) -> pd.DataFrame:
    lines = []
    for service, own in rows.groupby("service", sort=True):
        known = own.dropna(subset=["error_rate"])
        asked = known["throughput"].fillna(0.0)
        rate = np.average(known["error_rate"], weights=asked) if asked.sum() else known["error_rate"].mean()
        lines.append({"service": service, "error_rate": float(rate), "samples": len(known)})
    made = pd.DataFrame(lines, columns=["service", "error_rate", "samples"])
    return made.sort_values(["error_rate", "service"], ascending=[False, True], kind="stable", ignore_index=True)


_RANKS = {word: place for place, words in enumerate((
    ("p1", "sev1", "critical", "page", "high"), ("p2", "sev2", "error", "major"), ("p3", "sev3", "warning", "minor"),
    ("p4", "sev4", "info", "low", "none"))) for word in words}  # fmt: skip


def _rank(severity: object) -> int:
    return _RANKS.get(str(severity).lower(), 2)


def _file(kind: str) -> str:
    return NEEDED_FILES[kind].partition(": ")[2]
