"""What phases and milestones are called on the page."""

from __future__ import annotations

import pandas as pd

from mttrlab.schema import Cell

PHASE_WORDS = {
    "detect": "noticing",
    "diagnose": "finding the cause",
    "resolve": "fixing",
    "verify": "confirming the recovery",
    "acknowledge": "answering",
    "acknowledged_to_resolved": "finding and fixing",
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


def text_or_empty(value: Cell) -> str:
    """Return a cell of a table as text; empty where nothing is known."""
    return "" if pd.isna(value) else str(value)
