"""What the month cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mttrlab.review import cost
from mttrlab.review.periods import run_name

if TYPE_CHECKING:
    from mttrlab.review.review import Review


def fill(review: Review) -> dict[str, Any] | None:
    """Return what the section names; None where nothing has a cost."""
    found = review.findings
    if not len(found.tables["cost"]):
        return None
    return {
        "clock": found.clock.replace("_", " "),
        "cost_table": cost.shown(found.tables["cost"], run_name([found.periods.month])),
    }
