"""Where each part of a fitted model came from."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd


class Note(NamedTuple):
    """One line about one part of a model."""

    element: str
    """The part: arrivals, detect, diagnose, …"""
    source: str
    """fitted, practices (settings that people have), prior (borrowed, from neither), left out, disagreement (between
    settings and history), by hand, or check."""
    n: int
    """Incidents that speak about it."""
    sentence: str
    """What was done, with its numbers."""


def table(notes: tuple[Note, ...]) -> pd.DataFrame:
    """Return the notes as a table: element, source, n, sentence."""
    frame = pd.DataFrame(list(notes), columns=list(Note._fields))
    return frame.astype({"element": "str", "source": "str", "n": "int64", "sentence": "str"})
