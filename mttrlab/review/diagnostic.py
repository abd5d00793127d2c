"""The founding text's diagnostic report in thirty seconds, from what the lab has stored."""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape

import pandas as pd

from mttrlab.judge.recovery import ERROR_RATE, LATENCY_P95
from mttrlab.lab.database import Moment
from mttrlab.lab.lab import Lab
from mttrlab.review.incident import IncidentRef, find_incident, moment_asked_for
from mttrlab.schema import ERROR_LEVELS, NEEDED_FILES
from mttrlab.text import plain

SECTIONS = ("Service Health", "Recent Errors (last 100)", "Database Connectivity", "Recent Deployments", "Pod Status",
            "External Dependencies")  # fmt: skip
"""As the founding script prints them."""
_DATABASE = r"(?i)postgres|mysql|mariadb|mongo|redis|cassandra|dynamo|oracle|sqlserver|\bsql\b|database|\bdb\b|deadlock"
_POD = r"(?i)crashloop|\bpod|oomkill|container|restart|evict|not.?ready"
_TELLING = ("error_type", "error_code", "error_message", "error", "exception")
_LINES, _TAIL = 200, 20


@dataclass(frozen=True)
class DiagnosticReport:
    """The sections as a table, and as the text that the script prints."""

    service: str
    at: pd.Timestamp
    rows: pd.DataFrame
    """`section, at, item, value`."""

    def table(self) -> pd.DataFrame:
        """Return `section, at, item, value`, one row per finding; a section without data says what would fill it."""
        return self.rows.copy()

    def __str__(self) -> str:
        """Return the report as text, one section after the other."""
        told = [f"=== {plain(self.service, 60)} Diagnostic Report ==="]
        told.append(f"Generated: {self.at:%a %b %e %H:%M:%S UTC %Y}")
        for section in SECTIONS:
            told += ["", f"--- {section} ---"]
            for line in self.rows[self.rows["section"] == section].to_dict("records"):
                clock = "" if pd.isna(line["at"]) else f"{line['at']:%H:%M:%S} "
                value = f": {plain(line['value'], 160)}" if line["value"] else ""
                told.append(f"{clock}{plain(line['item'], 80)}{value}")
        return "\n".join(told)

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"


def diagnostic_report(lab: Lab, incident_id: IncidentRef, at: Moment | None = None) -> DiagnosticReport:
    """Return the diagnostic report of the incident's service at one moment.

    Parameters
    ----------
    lab : Lab
    incident_id : str or row of `lab.incidents()`
    at : str or Timestamp, optional
        Default: the acknowledgement, else the detection.

    Returns
    -------
    DiagnosticReport
        Service health, the last errors (20 of them, among the last 200 lines), database connectivity, recent
        deployments, pod status and external dependencies: `.table()`, and as text.

    Raises
    ------
    QuestionError

    Notes
    -----
    Stored data cannot open a connection: database connectivity is what logs and spans said of databases in the quarter
    of an hour before, pods are those that log lines name (`pod`) and alerts on them, dependencies what spans called.
    """
    incident = find_incident(lab, incident_id)
    when = moment_asked_for(incident, at)
    service = "" if pd.isna(incident["service"]) else str(incident["service"])
    lines = lab.logs(service or None, until=when + pd.Timedelta("1us"), since=when - pd.Timedelta("6h"))
    spans = lab.spans(service or None, since=when - pd.Timedelta("15min"), until=when)
    parts = {
        SECTIONS[0]: _health(lab, service, when),
        SECTIONS[1]: _errors(lines),
        SECTIONS[2]: _database(lines[lines["at"] >= when - pd.Timedelta("15min")], spans),
        SECTIONS[3]: _deployments(lab, service, when),
        SECTIONS[4]: _pods(lab, service, lines, when),
        SECTIONS[5]: _dependencies(spans),
    }
    rows = [(section, *line) for section in SECTIONS for line in parts[section]]
    made = pd.DataFrame(rows, columns=["section", "at", "item", "value"])
    made["at"] = pd.to_datetime(made["at"], utc=True).dt.as_unit("us")
    return DiagnosticReport(service or str(incident["incident_id"]), when, made)


Line = tuple[object, str, str]


def _no_data(*kinds: str) -> list[Line]:
    return [(pd.NaT, "no data", "; or ".join(f"load {NEEDED_FILES[kind]}" for kind in kinds))]


def _health(lab: Lab, service: str, when: pd.Timestamp) -> list[Line]:
    rows = lab.metrics(service or None, since=when - pd.Timedelta("60s"), until=when)
    if rows.empty:
        return _no_data("metrics")
    errors, slow, asked = rows["error_rate"].mean(), rows["latency_p95"].max(), rows["throughput"].mean()
    known = pd.notna(errors) and pd.notna(slow)
    state = "unknown" if not known else "healthy" if errors < ERROR_RATE and slow < LATENCY_P95 else "unhealthy"
    shown = [("status", f"{state} (limits: error rate < {ERROR_RATE:g} %, p95 < {LATENCY_P95:g} ms)")]
    for name, value, unit in (("error rate", errors, " %"), ("p95", slow, " ms"), ("throughput", asked, " req/s")):
        shown.append((name, "no data" if pd.isna(value) else f"{value:.4g}{unit}"))
    return [(pd.NaT, name, value) for name, value in shown]


def _errors(lines: pd.DataFrame) -> list[Line]:
    if lines.empty:
        return _no_data("logs")
    recent = lines.tail(_LINES)
    errors = recent[recent["level"].isin(ERROR_LEVELS)].tail(_TAIL)
    if errors.empty:
        return [(pd.NaT, f"none among the last {len(recent)} lines", "")]
    return [(line["at"], line["event"], _telling_fields(line["fields"])) for line in errors.to_dict("records")]


def _telling_fields(said: object) -> str:
    told = _log_fields(said)
    return " ".join(f"{key}={told[key]}" for key in _TELLING if key in told)


def _log_fields(said: object) -> dict[str, object]:
    found = json.loads(said) if isinstance(said, str) else {}
    return found if isinstance(found, dict) else {}


def _database(lines: pd.DataFrame, spans: pd.DataFrame) -> list[Line]:
    if lines.empty and spans.empty:
        return _no_data("spans", "logs")
    made: list[Line] = []
    operations = spans["target"].fillna("") + " " + spans["name"].fillna("")
    called = spans[operations.str.contains(_DATABASE, regex=True)]
    for target, own in called.groupby(called["target"].fillna(called["name"]), sort=True):
        made.append((pd.NaT, str(target), _call_summary(own)))
    text = lines["event"].fillna("") + " " + lines["fields"].fillna("")
    troubled = lines[lines["level"].isin(ERROR_LEVELS) & text.str.contains(_DATABASE, regex=True)]
    if len(troubled):
        last = troubled.iloc[-1]
        words = _telling_fields(last["fields"]) or str(last["event"])
        made.append((last["at"], f"{len(troubled)} errors that speak of a database, the last", words))
    return made or [(pd.NaT, "no call to a database and no error that speaks of one in 15 min", "")]


def _call_summary(own: pd.DataFrame) -> str:
    lengths = (own["end_ns"] - own["start_ns"]).astype(float) / 1e6
    failed = int(own["failed"].fillna(False).astype(bool).sum())
    return f"{len(own)} calls, {failed} failed, median {lengths.median():.4g} ms, slowest {lengths.max():.4g} ms"


def _deployments(lab: Lab, service: str, when: pd.Timestamp) -> list[Line]:
    found = lab.deployments(service or None, until=when + pd.Timedelta("1us")).tail(5).iloc[::-1]
    if found.empty:
        return _no_data("deployments")
    return [
        (pd.NaT, f"{line['at']:%Y-%m-%d %H:%M}", " ".join(str(line[name]) for name in ("version", "status", "change_id")
                                                           if pd.notna(line[name])))
        for line in found.to_dict("records")
    ]  # fmt: skip


def _pods(lab: Lab, service: str, lines: pd.DataFrame, when: pd.Timestamp) -> list[Line]:
    fired = lab.firings(service or None, since=when - pd.Timedelta("24h"), until=when + pd.Timedelta("1us"))
    alerts = fired[fired["alert"].str.contains(_POD, regex=True)]
    made: list[Line] = [
        (line["started_at"], f"alert {line['alert']}",
         "firing" if pd.isna(line["ended_at"]) or line["ended_at"] > when else f"ended {line['ended_at']:%H:%M:%S}")
        for line in alerts.to_dict("records")
    ]  # fmt: skip
    recent = lines.tail(2000)
    pods = recent["fields"].map(lambda said: _log_fields(said).get("pod"))
    for pod, own in recent.groupby(pods, sort=True):
        errors = int(own["level"].isin(ERROR_LEVELS).sum())
        made.append((own["at"].iloc[-1], f"pod {pod}", f"{len(own)} lines, {errors} errors, last heard then"))
    if made:
        return made
    hint = "log lines with a `pod` field, or alerts on pods, would fill this"
    return [(pd.NaT, "no data" if lines.empty and fired.empty else "nothing about pods", hint)]


def _dependencies(spans: pd.DataFrame) -> list[Line]:
    if spans.empty:
        return _no_data("spans")
    called = spans[spans["target"].notna() & ~spans["target"].fillna("").str.contains(_DATABASE, regex=True)]
    made: list[Line] = [
        (pd.NaT, str(target), _call_summary(own)) for target, own in called.groupby("target", sort=True)
    ]
    return made or [(pd.NaT, "no call to another system in 15 min", "")]
