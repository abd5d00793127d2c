"""Which maturity level the incidents earn, how far the next one is, and why a month's own level jumps about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mttrlab.review import evidence
from mttrlab.review.periods import run_name
from mttrlab.review.sentences import awarded, flapping, next_level

if TYPE_CHECKING:
    from mttrlab.review.review import Review


def fill(review: Review) -> dict[str, Any]:
    """Return what the section names."""
    found = review.findings
    tables, recent = found.tables, run_name(found.periods.quarter)
    clock = found.clock.replace("_", " ")
    distance = tables["distance"]
    said = (next_level(tables["maturity"], distance), flapping(tables["flapping"]))
    return {
        "recent": recent,
        "said": awarded(tables["maturity"]),
        "lines": [line for line in said if line],
        "maturity_table": evidence.maturity(tables["maturity"], f"Maturity of {recent}, clock {clock}"),
        "distance_table": evidence.distance(distance) if distance["cut_needed"].notna().any() else None,
    }
