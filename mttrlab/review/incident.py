"""One incident of a lab, found by its id, and the moment at which it is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from difflib import get_close_matches

import pandas as pd

from mttrlab.analysis.root_cause import failed_first, span_path, suspects
from mttrlab.errors import QuestionError
from mttrlab.lab.database import Moment
from mttrlab.lab.lab import Lab
from mttrlab.review.wording import text_or_empty
from mttrlab.schema import ERROR_LEVELS, INCIDENT_COLUMNS, STAMPS, conform, table_records

IncidentRef = str | pd.Series | Mapping[str, object]
"""An id, or a row of `lab.incidents()`."""


def find_incident(lab: Lab, incident_id: IncidentRef) -> pd.Series:
    """Return the record of an incident.

    Parameters
    ----------
    lab : Lab
    incident_id : str or mapping
        An id, or a row of `lab.incidents()`.

    Raises
    ------
    QuestionError
        When there is none of that id, or several tools use it.
    """
    source = None
    if isinstance(incident_id, pd.Series | Mapping):
        source = incident_id.get("source")
        incident_id = str(incident_id.get("incident_id"))
    found = conform(
        lab.sql(
            "SELECT * FROM records WHERE incident_id = $id AND ($source::VARCHAR IS NULL OR source = $source)",
            id=str(incident_id),
            source=source,
        ),
        INCIDENT_COLUMNS,
    )
    if len(found) == 1:
        return found.iloc[0]
    if len(found):
        raise QuestionError(
            f"{incident_id!r} is an id in {', '.join(found['source'])}; pass the row of lab.incidents() that is meant"
        )
    known = [str(one) for one in lab.sql("SELECT incident_id FROM records ORDER BY incident_id LIMIT 20000").iloc[:, 0]]
    near = get_close_matches(str(incident_id), known, 3) or known[:3]
    hint = f"; did you mean {', '.join(near)}?" if near else "; load an export first"
    raise QuestionError(f"there is no incident {str(incident_id)[:60]!r} in the lab{hint}")


def usable_stamp(incident: pd.Series, name: str) -> pd.Timestamp | None:
    """Return a stamp that durations can use; None: there is none."""
    usable = incident[f"{name}_verdict"] == "recorded" and pd.notna(incident[name])
    return incident[name] if usable else None


def recorded_onset(incident: pd.Series) -> pd.Timestamp:
    """Return when the impact began, as far as the record says: its start, else its first usable stamp.

    Raises
    ------
    QuestionError
        When the incident has no stamp at all.
    """
    for name in STAMPS:
        found = usable_stamp(incident, name)
        if found is not None:
            return found
    rest = [incident[name] for name in STAMPS if pd.notna(incident[name])]
    if not rest:
        raise QuestionError(f"{incident['incident_id']!r} has no stamp; nobody can tell when it was")
    return pd.Timestamp(min(rest))


def onset_word(incident: pd.Series) -> str:
    """Return what `onset` stands on: the start, or in words the first stamp that stands in for it."""
    found = next((name for name in STAMPS if usable_stamp(incident, name) is not None), "started_at")
    return "onset" if found == "started_at" else found.removesuffix("_at")


def last_known_time(incident: pd.Series) -> pd.Timestamp:
    """Return the last usable stamp; of an open incident, when the export was taken."""
    found = [at for name in STAMPS if (at := usable_stamp(incident, name)) is not None]
    if incident["resolved_at_verdict"] == "pending" and pd.notna(incident["exported_at"]):
        return pd.Timestamp(max([incident["exported_at"], *found]))
    return max(found) if found else recorded_onset(incident)


def moment_asked_for(incident: pd.Series, at: Moment | None) -> pd.Timestamp:
    """Return the moment that is asked for; by default that of the acknowledgement, else of the detection.

    Raises
    ------
    QuestionError
    """
    if at is None:
        for name in ("acknowledged_at", "detected_at"):
            found = usable_stamp(incident, name)
            if found is not None:
                return found
        return recorded_onset(incident)
    asked = None
    if isinstance(at, str) or hasattr(at, "isoformat"):
        with suppress(TypeError, ValueError):
            asked = pd.Timestamp(at)
    if asked is None or pd.isna(asked):
        raise QuestionError(f"at must be a time such as 2026-03-01T14:35:00Z; got {str(at)[:60]!r}")
    return (asked.tz_localize("UTC") if asked.tzinfo is None else asked.tz_convert("UTC")).as_unit("us")


# Suspects, first failures and the slow path of one incident of a lab: its onset put to the analysis.


def incident_onset(lab: Lab, incident_id: IncidentRef) -> pd.Timestamp:
    """Return when the impact began: the recorded start, else what metrics say, else the first stamp."""
    incident = find_incident(lab, incident_id)
    if incident["started_at_verdict"] == "recorded":
        return pd.Timestamp(incident["started_at"])
    first = recorded_onset(incident)
    dated = lab.dating(since=first - pd.Timedelta("1d"), until=first + pd.Timedelta("1d"))
    own = dated[(dated["incident_id"] == incident["incident_id"]) & (dated["source"] == incident["source"])]
    known = own["onset_at"].dropna()
    return pd.Timestamp(known.iloc[0]) if len(known) else first


def incident_suspects(lab: Lab, incident_id: IncidentRef, within_minutes: float = 60.0) -> pd.DataFrame:
    """Return the deployments shortly before the incident's onset; see `mttrlab.suspects`."""
    incident = find_incident(lab, incident_id)
    return suspects(
        lab.deployments(),
        incident_onset(lab, incident_id),
        service=None if pd.isna(incident["service"]) else incident["service"],
        change_id=None if pd.isna(incident["change_id"]) else incident["change_id"],
        within_minutes=within_minutes,
    )


def incident_failed_first(lab: Lab, incident_id: IncidentRef) -> pd.DataFrame:
    """Return which service failed first in the logs around the incident; see `mttrlab.failed_first`."""
    began = incident_onset(lab, incident_id)
    until = max(last_known_time(find_incident(lab, incident_id)), began + pd.Timedelta("15min"))
    return failed_first(lab.logs(since=began - pd.Timedelta("90min"), until=until), began, until=until)


def incident_span_path(lab: Lab, incident_id: IncidentRef, slowest: int = 20) -> pd.DataFrame:
    """Return where the slowest traces of the incident spend their time, against the hour before it."""
    began = incident_onset(lab, incident_id)
    until = max(last_known_time(find_incident(lab, incident_id)), began + pd.Timedelta("1min"))
    before = lab.spans(since=began - pd.Timedelta("60min"), until=began)
    return span_path(lab.spans(since=began, until=until), before if len(before) else None, slowest=slowest)


# The merged story of one incident: its stamps, alerts, deployments, logs, metrics and what people wrote.


BEFORE, AFTER = pd.Timedelta("60min"), pd.Timedelta("30min")
_WORDS = {
    "started_at": "impact began", "detected_at": "detected", "acknowledged_at": "acknowledged",
    "diagnosed_at": "cause identified", "resolved_at": "fix in place", "verified_at": "confirmed healthy",
}  # fmt: skip
_COLUMNS = ("at", "minutes", "kind", "service", "what", "detail")


def timeline(lab: Lab, incident_id: IncidentRef) -> pd.DataFrame:
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
    incident = find_incident(lab, incident_id)
    began, ended = recorded_onset(incident), last_known_time(incident)
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
    told.attrs["incident"] = f"{incident['incident_id']} ({text_or_empty(incident['service'])})"
    return told


def _stamps(incident: pd.Series) -> list[tuple]:
    made = []
    for name in STAMPS:
        if pd.notna(incident[name]):
            verdict, origin = incident[f"{name}_verdict"], incident[f"{name}_origin"]
            detail = "" if verdict == "recorded" else f"{verdict.replace('_', ' ')}, used for no duration"
            source = "" if origin == "export" else f"{origin}"
            made.append((incident[name], "stamp", text_or_empty(incident["service"]), _WORDS[name],
                         ", ".join(filter(None, (source, detail)))))  # fmt: skip
    return made


def _metrics(lab: Lab, incident: pd.Series) -> list[tuple]:
    first = min(incident[name] for name in STAMPS if pd.notna(incident[name]))
    dated = lab.dating(since=first - pd.Timedelta("1s"), until=first + pd.Timedelta("1s"))
    own = dated[(dated["incident_id"] == incident["incident_id"]) & (dated["source"] == incident["source"])]
    made = []
    for line in table_records(own):
        if pd.notna(line["onset_at"]):
            words = "first sample beyond the limits"
            made.append((line["onset_at"], "metrics", line["service"], words, line["reason"]))
        if pd.notna(line["recovered_at"]):
            made.append((line["recovered_at"], "metrics", line["service"], "healthy, confirmed", line["reason"]))
    return made


def _alerts(lab: Lab, began: pd.Timestamp, ended: pd.Timestamp) -> list[tuple]:
    made = []
    for line in table_records(lab.firings(since=began - pd.Timedelta("30min"), until=ended + AFTER)):
        severity = f"[{line['severity']}] " if pd.notna(line["severity"]) else ""
        detail = f"{line['source']}, still firing" if pd.isna(line["ended_at"]) else (
            f"{line['source']}, until {line['ended_at']:%H:%M:%S}")  # fmt: skip
        made.append((line["started_at"], "alert", text_or_empty(line["service"]), f"{severity}{line['alert']}", detail))
    return made


def _deployments(lab: Lab, began: pd.Timestamp, ended: pd.Timestamp) -> list[tuple]:
    made = []
    for line in table_records(lab.deployments(since=began - BEFORE, until=ended + AFTER)):
        detail = ", ".join(text_or_empty(line[name]) for name in ("status", "change_id") if pd.notna(line[name]))
        what = f"deployed {text_or_empty(line['version'])}".strip()
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
        (
            line["time"],
            "people",
            "",
            f"{text_or_empty(line['who']) or 'somebody'} set {line['stamp']}",
            text_or_empty(line["why"]),
        )
        for line in table_records(told)
    ]
