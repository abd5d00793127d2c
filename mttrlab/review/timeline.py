"""The merged story of one incident: its stamps, alerts, deployments, logs, metrics and what people wrote."""

from __future__ import annotations

from typing import Any

import pandas as pd

from mttrlab.lab import Lab
from mttrlab.review.one_incident import end, find, onset
from mttrlab.schema import ERROR_LEVELS, STAMPS

KINDS = ("stamp", "metrics", "alert", "deployment", "log", "people")
BEFORE, AFTER = pd.Timedelta("60min"), pd.Timedelta("30min")
_WORDS = {
    "started_at": "impact began", "detected_at": "detected", "acknowledged_at": "acknowledged",
    "diagnosed_at": "cause identified", "resolved_at": "fix in place", "verified_at": "confirmed healthy",
}  # fmt: skip
_COLUMNS = ("at", "minutes", "kind", "service", "what", "detail")


def timeline(lab: Lab, incident_id: Any) -> pd.DataFrame:
    """Return the story of an incident as a table, in the order of time.

    Parameters
    ----------
    lab : Lab
    incident_id : str or row of `lab.incidents()`

    Returns
    -------
    DataFrame
        `at` (UTC), `minutes` since the impact began (the first stamp, where nobody says), `kind` (stamp, metrics,
        alert, deployment, log, people), `service`, `what`, `detail`. Stamps of any verdict are in it, with the verdict
        where it is not recorded; of log errors the first of each event, with how many there were. Deployments from an
        hour before, everything else from half an hour before to half an hour after.

    Raises
    ------
    QuestionError
        When there is no such incident, or it has no stamp.
    """
    incident = find(lab, incident_id)
    began, ended = onset(incident), end(incident)
    rows = [
        *_stamps(incident), *_metrics(lab, incident), *_alerts(lab, began, ended), *_deployments(lab, began, ended),
        *_logs(lab, began, ended), *_people(lab, incident),
    ]  # fmt: skip
    made = pd.DataFrame(rows, columns=["at", "kind", "service", "what", "detail"])
    made["at"] = pd.to_datetime(made["at"], utc=True).dt.as_unit("us")
    made["minutes"] = (made["at"] - began).dt.total_seconds() / 60
    place = {kind: n for n, kind in enumerate(("deployment", "metrics", "log", "alert", "stamp", "people"))}
    order = made.assign(place=made["kind"].map(place)).sort_values(["at", "place"], kind="stable").index
    told = made.loc[order, list(_COLUMNS)].reset_index(drop=True)
    told.attrs["incident"] = f"{incident['incident_id']} ({_word(incident['service'])})"
    return told


def _stamps(incident: pd.Series) -> list[tuple]:
    made = []
    for name in STAMPS:
        if pd.notna(incident[name]):
            verdict, origin = incident[f"{name}_verdict"], incident[f"{name}_origin"]
            detail = "" if verdict == "recorded" else f"{verdict.replace('_', ' ')}, used for no duration"
            source = "" if origin == "export" else f"{origin}"
            made.append((incident[name], "stamp", _word(incident["service"]), _WORDS[name],
                         ", ".join(filter(None, (source, detail)))))  # fmt: skip
    return made


def _metrics(lab: Lab, incident: pd.Series) -> list[tuple]:
    first = min(incident[name] for name in STAMPS if pd.notna(incident[name]))
    dated = lab.dating(since=first - pd.Timedelta("1s"), until=first + pd.Timedelta("1s"))
    own = dated[(dated["incident_id"] == incident["incident_id"]) & (dated["source"] == incident["source"])]
    made = []
    for line in own.to_dict("records"):
        if pd.notna(line["onset_at"]):
            words = "first sample beyond the limits"
            made.append((line["onset_at"], "metrics", line["service"], words, line["reason"]))
        if pd.notna(line["recovered_at"]):
            made.append((line["recovered_at"], "metrics", line["service"], "healthy, confirmed", line["reason"]))
    return made


def _alerts(lab: Lab, began: pd.Timestamp, ended: pd.Timestamp) -> list[tuple]:
    made = []
    for line in lab.firings(since=began - pd.Timedelta("30min"), until=ended + AFTER).to_dict("records"):
        severity = f"[{line['severity']}] " if pd.notna(line["severity"]) else ""
        detail = f"{line['source']}, still firing" if pd.isna(line["ended_at"]) else (
            f"{line['source']}, until {line['ended_at']:%H:%M:%S}")  # fmt: skip
        made.append((line["started_at"], "alert", _word(line["service"]), f"{severity}{line['alert']}", detail))
    return made


def _deployments(lab: Lab, began: pd.Timestamp, ended: pd.Timestamp) -> list[tuple]:
    made = []
    for line in lab.deployments(since=began - BEFORE, until=ended + AFTER).to_dict("records"):
        detail = ", ".join(_word(line[name]) for name in ("status", "change_id") if pd.notna(line[name]))
        what = f"deployed {_word(line['version'])}".strip()
        made.append((line["at"], "deployment", line["service"], what, detail))
    return made


def _logs(lab: Lab, began: pd.Timestamp, ended: pd.Timestamp) -> list[tuple]:
    lines = lab.logs(since=began - pd.Timedelta("30min"), until=ended + AFTER)
    errors = lines[lines["level"].isin(ERROR_LEVELS)]
    made = []
    for (service, event), own in errors.groupby([errors["service"].fillna(""), "event"], sort=True):
        many = "" if len(own) == 1 else f"{len(own):,} times until {own['at'].iloc[-1]:%H:%M:%S}"
        made.append((own["at"].iloc[0], "log", service, str(event), many))
    return made


def _people(lab: Lab, incident: pd.Series) -> list[tuple]:
    told = lab.sql(
        """
        SELECT a.stamp, a."time", a.who, a.why FROM annotations AS a JOIN loads USING (load_id)
        WHERE loads.format = 'annotations' AND a.incident_id = $id AND (a.source IS NULL OR a.source = $source)
        ORDER BY a.load_id, a."row"
        """,
        id=incident["incident_id"],
        source=incident["source"],
    )
    return [
        (line["time"], "people", "", f"{_word(line['who']) or 'somebody'} set {line['stamp']}", _word(line["why"]))
        for line in told.to_dict("records")
    ]


def _word(value: Any) -> str:
    return "" if pd.isna(value) else str(value)
