"""How good the data are: verdicts, what was left apart, what was refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from mttrlab.review import definitions, rows
from mttrlab.review.periods import run_name

if TYPE_CHECKING:
    from mttrlab.review.review import Review


def fill(review: Review) -> dict[str, Any]:
    """Return what the section names."""
    found = review.findings
    tables, notes = found.tables, found.notes
    told = [definitions.untaken(found), definitions.alone(found), *definitions.unknowable(found), *notes["warnings"]]
    ambiguous, refused = tables["ambiguous"], tables["quarantine"]
    return {
        "population_rule": notes["population"],
        "population_table": rows.population(tables["population"]),
        "recent": run_name(found.periods.quarter),
        "verdict_table": rows.verdicts(tables["quality"]) if len(tables["quality"]) else None,
        "told": [line for line in told if line],
        "left_aside": notes["left_aside"],
        "ambiguous_table": rows.plain(ambiguous, "Pairs that may be one incident, left apart")
        if len(ambiguous)
        else None,
        "quarantine_table": rows.plain(refused, "Records refused, with the reason") if len(refused) else None,
        "load_table": rows.plain(_loads(tables["loads"]), "Files loaded", 40),
    }


def _loads(loads: pd.DataFrame) -> pd.DataFrame:
    # What differs from run to run (when it was loaded, from which folder) has no place on a page that is compared.
    wanted = [
        c
        for c in ("name", "format", "source", "rows", "accepted", "quarantined", "duplicates", "exported_at")
        if c in loads
    ]
    return loads[wanted]
