"""The first screen: which sentence stands where, and the few figures in it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mttrlab.review import sentences as say
from mttrlab.review import shares
from mttrlab.review.findings import Findings
from mttrlab.review.periods import run_name
from mttrlab.review.words import lines


@dataclass(frozen=True)
class Sentence:
    """One sentence of the first screen."""

    label: str
    """What it answers."""
    pieces: tuple[str, ...]
    """The sentence; in several pieces where it stands as a strip."""

    @property
    def text(self) -> str:
        """The sentence as a line."""
        return " ".join(self.pieces)


def compose(found: Findings) -> tuple[list[Sentence], dict[str, float]]:
    """Return the five sentences and the figures that stand in them."""
    periods = found.periods
    month = f"{periods.month:%B}"
    ends = say.clock_ends(found.clock, found.proxy)
    whose = "a typical one" if found.typical["of"] == "month" else f"a typical one of {run_name(periods.quarter)}"
    typical = say.typical_time(found.typical, found.typical["shortest"], found.typical["longest"], whose=whose)
    happened = say.happened(month, found.incidents, found.still_open, typical, ends, periods.complete)
    moved = lines(found.tables["moved"])[0] if "moved" in found.tables else None
    recent = run_name(periods.recent)
    earlier = run_name(periods.earlier) if periods.earlier else ""
    best = found.what_if.best
    low, high = found.typical["median_low"], found.typical["median_high"]
    if math.isnan(low) or math.isnan(high):
        low, high = found.typical["shortest"], found.typical["longest"]
    weakest, unusable = found.weakest or (None, 0.0)
    said = [
        Sentence("What happened", tuple(happened)),
        Sentence("Trend", (say.moved(moved, earlier, recent, len(periods.recent)),)),
        Sentence("Costliest", (say.costliest(shares.apart(found.tables)),)),
        Sentence("Ask", (say.ask(best, found.record, found.closed > 0, high, bool(found.what_if.unlike)),)),
        Sentence("Data", (say.trust(found.timed, weakest, unusable, list(found.absent)),)),
    ]
    numbers: dict[str, float] = {"incidents": found.incidents, "still_open": found.still_open}
    if typical:
        numbers |= {"typical_low": low, "typical_high": high}
    if best is not None:
        numbers |= {"saving_low": best["saving_low"], "saving_high": best["saving_high"]}
    return said, numbers
