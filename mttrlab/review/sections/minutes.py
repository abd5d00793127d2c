"""Where the minutes went: shares and lengths of the phases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from mttrlab.review import definitions, evidence, rows, shares
from mttrlab.review.periods import run_name
from mttrlab.review.sentences import clock_ends

if TYPE_CHECKING:
    from mttrlab.review.review import Review


def fill(review: Review) -> dict[str, Any]:
    """Return what the section names."""
    found = review.findings
    tables, periods = found.tables, found.periods
    recent, clock = run_name(periods.quarter), found.clock.replace("_", " ")
    merged = shares.merged(tables["shares"])
    stamps = tables["stamps"]
    shown = [rows.share_rows(tables["shares"], f"Shares of the measured minutes, {recent}")]
    if merged:
        if len(tables["split"]):
            shown.append(rows.share_rows(tables["split"], f"Shares with merged spans split, {recent}"))
        caption = f"Spans between neighbouring usable stamps, {recent}"
        shown.append(rows.durations(tables["spans"], "span", caption))
    shown += [
        rows.durations(tables["phases"], "phase", f"Each phase, {recent}"),
        rows.middles(tables["typical"], clock),
        rows.durations(_clocks(tables["clocks"], "month"), "clock", f"The four clocks, {periods.name}"),
        rows.durations(_clocks(tables["clocks"], "quarter"), "clock", f"The four clocks, {recent}"),
    ]
    if merged:
        shown.append(evidence.stamps(stamps, f"Means of the phases where stamps are missing, {recent}"))
    notes = [str(said) for said, held in zip(stamps["sentence"], stamps["merged"], strict=True) if held]
    return {
        "recent": recent,
        "clock": clock,
        "ends": clock_ends(found.clock, found.proxy),
        "proxy": found.proxy,
        "unseen": definitions.unseen(found),
        "merged": merged,
        "split": merged and len(tables["split"]) > 0,
        "tables": shown,
        "notes": notes if merged else [],
    }


def _clocks(clocks: pd.DataFrame, of: str) -> pd.DataFrame:
    return clocks[clocks["of"] == of]
