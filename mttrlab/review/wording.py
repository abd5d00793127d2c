"""What phases and milestones are called on the page, and rows of tables by name."""

from __future__ import annotations

from typing import Any

import pandas as pd

PHASE_WORDS = {
    "detect": "noticing",
    "diagnose": "finding the cause",
    "resolve": "fixing",
    "verify": "confirming the recovery",
}
END_WORDS = {
    "started_at": "start of impact",
    "detected_at": "detection",
    "acknowledged_at": "acknowledgement",
    "diagnosed_at": "diagnosis",
    "resolved_at": "the fix",
    "verified_at": "confirmed recovery",
}
STAMP_WORDS = {
    "started_at": "when the impact starts",
    "detected_at": "when the impact is noticed",
    "acknowledged_at": "when somebody takes the page",
    "diagnosed_at": "when the cause is found",
    "resolved_at": "when the fix is in place",
    "verified_at": "when the recovery is confirmed",
}


def row_dicts(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table, each by its columns' names."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]
