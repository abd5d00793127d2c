"""A file → its incidents, without a lab."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pandas as pd

from mttrlab.judge import judge
from mttrlab.schema import INCIDENT_COLUMNS, conform
from mttrlab.sources.exports import extract


def read(
    path: str | Path,
    *,
    format: str | None = None,
    timezone: str | None = None,
    as_of: str | datetime | None = None,
    columns: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Return the incidents of one export, each judged alone.

    Parameters
    ----------
    path : str or Path
        An export.
    format : str, optional
        canonical, statuspage, pagerduty or servicenow; default: recognised by content.
    timezone : str, optional
        IANA name of the zone of stamps that carry none.
    as_of : str or Timestamp, optional
        When the export was taken; default: what the file says, else its newest stamp.
    columns : mapping, optional
        For a table of your own: the file's name of a column, and ours, such as `{"Created": "detected_at"}`.

    Returns
    -------
    DataFrame
        INCIDENT_COLUMNS. A PagerDuty record without a priority is a page; nothing is joined or renamed, and refused
        records are not in it: `Lab.load` shows those.

    Raises
    ------
    LoadError
        When the file is refused.
    """
    found = extract(Path(path), format=format, timezone=timezone, as_of=as_of, columns=columns)
    judged = judge(found.reports)
    population = judged["population"].fillna("counted")
    if found.format == "pagerduty":
        unranked = judged["priority"].isna() & population.isin(["counted", "page"])
        population = population.mask(unranked, "page").mask(~unranked & (population == "page"), "counted")
    return conform(judged.assign(incident_id=judged["source_id"], population=population), INCIDENT_COLUMNS)
