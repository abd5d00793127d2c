"""The months beside one another, and beside the plain query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mttrlab.review import rows

if TYPE_CHECKING:
    from mttrlab.review.review import Review

_OPEN = 12
"""Months that stand open; older ones are one click below."""


def fill(review: Review) -> dict[str, Any]:
    """Return what the section names."""
    found = review.findings
    months, seed, clock = found.tables["months"], found.tables["seed"], found.clock.replace("_", " ")
    newest, older = months.tail(_OPEN), months.iloc[:-_OPEN]
    return {
        "month_table": rows.months(newest, seed, clock, found.periods.month),
        "older_table": rows.months(older, seed, clock, found.periods.month) if len(older) else None,
    }
