"""The longest incidents of the month, and those still open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mttrlab.review.sentences import clock_ends
from mttrlab.review.words import lines

if TYPE_CHECKING:
    from mttrlab.review.review import Review


def fill(review: Review) -> dict[str, Any]:
    """Return what the section names."""
    found = review.findings
    return {
        "month": found.periods.name,
        "worst": lines(found.tables["worst"]),
        "open": lines(found.tables["open"]),
        "ends": clock_ends(found.clock, found.proxy),
    }
