"""One incident of a lab, found by its id, and the moment at which it is looked at."""

from __future__ import annotations

from contextlib import suppress
from difflib import get_close_matches
from typing import Any

import pandas as pd

from mttrlab.errors import QuestionError
from mttrlab.lab import Lab
from mttrlab.schema import INCIDENT_COLUMNS, STAMPS, conform


def find(lab: Lab, incident_id: Any) -> pd.Series:
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
    if not isinstance(incident_id, str) and hasattr(incident_id, "get"):
        incident_id, source = incident_id.get("incident_id"), incident_id.get("source")
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


def stamp(incident: pd.Series, name: str) -> pd.Timestamp | None:
    """Return a stamp that durations can use; None: there is none."""
    usable = incident[f"{name}_verdict"] == "recorded" and pd.notna(incident[name])
    return incident[name] if usable else None


def onset(incident: pd.Series) -> pd.Timestamp:
    """Return when the impact began, as far as the record says: its start, else its first usable stamp.

    Raises
    ------
    QuestionError
        When the incident has no stamp at all.
    """
    for name in STAMPS:
        found = stamp(incident, name)
        if found is not None:
            return found
    rest = [incident[name] for name in STAMPS if pd.notna(incident[name])]
    if not rest:
        raise QuestionError(f"{incident['incident_id']!r} has no stamp; nobody can tell when it was")
    return pd.Timestamp(min(rest))


def first_word(incident: pd.Series) -> str:
    """Return what `onset` stands on: the start, or in words the first stamp that stands in for it."""
    found = next((name for name in STAMPS if stamp(incident, name) is not None), "started_at")
    return "onset" if found == "started_at" else found.removesuffix("_at")


def end(incident: pd.Series) -> pd.Timestamp:
    """Return the last usable stamp; of an open incident, when the export was taken."""
    found = [at for name in STAMPS if (at := stamp(incident, name)) is not None]
    if incident["resolved_at_verdict"] == "pending" and pd.notna(incident["exported_at"]):
        return pd.Timestamp(max([incident["exported_at"], *found]))
    return max(found) if found else onset(incident)


def moment(incident: pd.Series, at: Any) -> pd.Timestamp:
    """Return the moment that is asked for; by default that of the acknowledgement, else of the detection.

    Raises
    ------
    QuestionError
    """
    if at is None:
        for name in ("acknowledged_at", "detected_at"):
            found = stamp(incident, name)
            if found is not None:
                return found
        return onset(incident)
    asked = None
    if isinstance(at, str) or hasattr(at, "isoformat"):
        with suppress(TypeError, ValueError):
            asked = pd.Timestamp(at)
    if asked is None or pd.isna(asked):
        raise QuestionError(f"at must be a time such as 2026-03-01T14:35:00Z; got {str(at)[:60]!r}")
    return (asked.tz_localize("UTC") if asked.tzinfo is None else asked.tz_convert("UTC")).as_unit("us")
