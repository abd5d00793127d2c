"""Verification held to the founding text's five minutes, as detection is to its two."""

from __future__ import annotations

import pandas as pd

from mttrlab.errors import QuestionError, SchemaError
from mttrlab.schema import check_incidents

GOAL_MINUTES = 5.0
"""The founding text: "This should be fast — under 5 minutes"."""


def verification_goal(incidents: pd.DataFrame, within: float = GOAL_MINUTES, level: float = 0.95) -> pd.DataFrame:
    """Return how many incidents were verified within five minutes of their fix.

    Parameters
    ----------
    incidents : DataFrame
        As `lab.incidents()` gives them.
    within : float
        Minutes; at most so many is within.
    level : float

    Returns
    -------
    DataFrame
        One row for all and one per origin of the verification (`export`, `annotated`, `derived` from metrics, …):
        `origin, n, within, share, low, high` (Clopper–Pearson), `median` minutes, `left_out` (closed incidents without
        both usable stamps; in the row for all).

    Notes
    -----
    C. J. Clopper, E. S. Pearson, *The use of confidence or fiducial limits*, Biometrika 26 (1934).
    """
    if not isinstance(incidents, pd.DataFrame):
        raise SchemaError(f"expected incidents as a DataFrame; got {type(incidents).__name__}; call lab.incidents()")
    check_incidents(incidents, "resolved_at", "verified_at", "resolved_at_verdict", "verified_at_verdict")
    if isinstance(within, bool) or not isinstance(within, int | float) or not within > 0:
        raise QuestionError(f"within must be a number of minutes above 0; got {within!r}")
    usable = (incidents["resolved_at_verdict"] == "recorded") & (incidents["verified_at_verdict"] == "recorded")
    known = incidents[usable]
    minutes = (known["verified_at"] - known["resolved_at"]).dt.total_seconds() / 60
    closed = (incidents["verified_at_verdict"] != "pending").sum()
    parts = [("all", minutes), *minutes.groupby(known["verified_at_origin"], sort=True)]
    lines = []
    for origin, own in parts:
        n, hits = len(own), int((own <= within).sum())
        low, high = _bounds(hits, n, level)
        lines.append(
            {"origin": origin, "n": n, "within": hits, "share": hits / n if n else float("nan"), "low": low,
             "high": high, "median": own.median(), "left_out": int(closed - n) if origin == "all" else 0}
        )  # fmt: skip
    return pd.DataFrame(lines)


def _bounds(hits: int, n: int, level: float) -> tuple[float, float]:
    from scipy.stats import binomtest

    if not n:
        return 0.0, 1.0
    found = binomtest(hits, n).proportion_ci(level, method="exact")
    return float(found.low), float(found.high)
