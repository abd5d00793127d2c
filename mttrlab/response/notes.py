"""Where each part of a fitted model came from."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from mttrlab.response.pooling import GroupLaws


class Note(NamedTuple):
    """One line about one part of a model."""

    element: str
    """The part: arrivals, detect, diagnose, …"""
    source: str
    """fitted, prior (borrowed, not from the export), left out, or check."""
    n: int
    """Incidents that speak about it."""
    sentence: str
    """What was done, with its numbers."""


def table(notes: tuple[Note, ...]) -> pd.DataFrame:
    """Return the notes as a table: element, source, n, sentence."""
    frame = pd.DataFrame(list(notes), columns=list(Note._fields))
    return frame.astype({"element": "str", "source": "str", "n": "int64", "sentence": "str"})


def span_note(step: str, begin: str, end: str, fitted: GroupLaws, zeros: int = 0, forgotten: int = 0) -> Note:
    """Return what was fitted for one span, in a sentence."""
    middle, low, high = fitted.geometric_mean
    sentence = (
        f"{begin} to {end}, {fitted.family.kind} per type: geometric mean {middle:.3g} minutes "
        f"(95 % {low:.3g} to {high:.3g}) over all types; {fitted.censored} still running, counted as such"
    )
    if zeros:
        sentence += f"; {zeros} of zero length stand for a quarter of a minute"
    if forgotten:
        sentence += f"; {forgotten} open three times longer than any that ended are left out as likely never closed"
    return Note(step, "fitted", fitted.n, sentence + ".")
