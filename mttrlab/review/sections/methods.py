"""Definitions, and what this page rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mttrlab.review import definitions

if TYPE_CHECKING:
    from mttrlab.review.review import Review


def fill(review: Review) -> dict[str, Any]:
    """Return what the section names."""
    periods = review.findings.periods
    return {
        "terms": definitions.terms(),
        "month_key": review.month,
        "complete": periods.complete,
        "quiet": periods.quiet,
        "window": review.window,
        "facts": review.facts,
    }
