"""Suspects, first failures and the slow path of one incident of a lab: its onset put to the analysis."""

from __future__ import annotations

from typing import Any

import pandas as pd

from mttrlab.analysis import failed_first, span_path, suspects
from mttrlab.lab import Lab
from mttrlab.review.one_incident import end, find, onset


def incident_onset(lab: Lab, incident_id: Any) -> pd.Timestamp:
    """Return when the impact began: the recorded start, else what metrics say, else the first stamp."""
    incident = find(lab, incident_id)
    if incident["started_at_verdict"] == "recorded":
        return pd.Timestamp(incident["started_at"])
    first = onset(incident)
    dated = lab.dating(since=first - pd.Timedelta("1d"), until=first + pd.Timedelta("1d"))
    own = dated[(dated["incident_id"] == incident["incident_id"]) & (dated["source"] == incident["source"])]
    known = own["onset_at"].dropna()
    return pd.Timestamp(known.iloc[0]) if len(known) else first


def incident_suspects(lab: Lab, incident_id: Any, within_minutes: float = 60.0) -> pd.DataFrame:
    """Return the deployments shortly before the incident's onset; see `mttrlab.suspects`."""
    incident = find(lab, incident_id)
    return suspects(
        lab.deployments(),
        incident_onset(lab, incident_id),
        service=None if pd.isna(incident["service"]) else incident["service"],
        change_id=None if pd.isna(incident["change_id"]) else incident["change_id"],
        within_minutes=within_minutes,
    )


def incident_failed_first(lab: Lab, incident_id: Any) -> pd.DataFrame:
    """Return which service failed first in the logs around the incident; see `mttrlab.failed_first`."""
    began = incident_onset(lab, incident_id)
    until = max(end(find(lab, incident_id)), began + pd.Timedelta("15min"))
    return failed_first(lab.logs(since=began - pd.Timedelta("90min"), until=until), began, until=until)


def incident_span_path(lab: Lab, incident_id: Any, slowest: int = 20) -> pd.DataFrame:
    """Return where the slowest traces of the incident spend their time, against the hour before it."""
    began = incident_onset(lab, incident_id)
    until = max(end(find(lab, incident_id)), began + pd.Timedelta("1min"))
    before = lab.spans(since=began - pd.Timedelta("60min"), until=began)
    return span_path(lab.spans(since=began, until=until), before if len(before) else None, slowest=slowest)
