"""What would help: levers tried in the simulation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mttrlab.review import rows
from mttrlab.review.findings import Findings
from mttrlab.review.sentences import in_full
from mttrlab.review.words import lines

if TYPE_CHECKING:
    from mttrlab.review.review import Review


def fill(review: Review) -> dict[str, Any]:
    """Return what the section names."""
    found = review.findings
    tried = found.tables.get("levers")
    model = found.what_if.model
    return {
        "month": found.periods.name,
        "unchecked": "" if tried is None else in_full(str(tried["checked"].iloc[0])),
        "unlike": found.what_if.unlike,
        "lever_clock": "" if tried is None else str(tried["clock"].iloc[0]).replace("_", " "),
        "what_if_days": found.what_if.days,
        "lever_table": None if tried is None else rows.levers(tried),
        "lever_notes": _notes(found),
        "why_no_levers": found.what_if.why,
        "model_table": None if model is None else rows.plain(model, "Where each part of the model came from", 40),
    }


def _notes(found: Findings) -> list[str]:
    if found.what_if.levers is None or "note" not in found.what_if.levers:
        return []
    noted = found.what_if.levers[found.what_if.levers["note"].ne("")]
    return [f"{line['scenario']}: {line['note']}." for line in lines(noted)]
