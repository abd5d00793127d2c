"""Better or worse, and what moved the average."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mttrlab.analysis import change_explained
from mttrlab.review import evidence, rows
from mttrlab.review.findings import Findings
from mttrlab.review.periods import run_name
from mttrlab.review.words import lines

if TYPE_CHECKING:
    from mttrlab.review.review import Review


def fill(review: Review) -> dict[str, Any]:
    """Return what the section names."""
    found = review.findings
    tables, periods = found.tables, found.periods
    changed = "change" in tables and bool(tables["change"]["minutes"].notna().any())
    clock = found.clock.replace("_", " ")
    return {
        "comparison": f"{run_name(periods.recent)} against {run_name(periods.earlier)}" if periods.earlier else "",
        "month_apart": len(periods.recent) > 1,
        "said": str(tables["moved"]["sentence"].iloc[0]) if "moved" in tables else "",
        "compared": _compared(found),
        "notes": _notes(found),
        "change_said": change_explained(tables["change"]) if changed else "",
        "change_table": evidence.change(tables["change"], f"What moved the mean, clock {clock}") if changed else None,
    }


def _compared(found: Findings) -> rows.Shown | None:
    periods, said = found.periods, []
    if "moved" in found.tables:
        row = lines(found.tables["moved"])[0]
        said.append(rows.compared(row, run_name(periods.earlier), run_name(periods.recent)))
    if "month_moved" in found.tables and len(periods.recent) > 1:
        row = lines(found.tables["month_moved"])[0]
        said.append(rows.compared(row, "the months before it", f"{periods.month:%B} alone"))
    if not said:
        return None
    heads = ("periods", "n before", "n after", "typical before", "typical after", "ratio (range)", "verdict")
    caption = "Typical times (geometric means) of ended incidents; the ratio counts open ones with their time so far"
    return rows.Shown(caption, heads, tuple(said), (0, 6))


def _notes(found: Findings) -> list[str]:
    names = {"moved": "Of these months", "month_moved": f"Of {found.periods.month:%B} alone"}
    if len(found.periods.recent) == 1:
        del names["month_moved"]
    notes = {said: str(found.tables[name]["note"].iloc[0]) for name, said in names.items() if name in found.tables}
    return [f"{said}: {note}" for said, note in notes.items() if note]
