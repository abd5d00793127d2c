"""Where each part of a fitted model came from."""

from __future__ import annotations

from dataclasses import astuple, fields
from typing import Annotated

import pandas as pd

from mttrlab.response.model.settings import Number, Text, settings


@settings("a note")
class Note:
    """One line about one part of a model."""

    element: Text
    """The part: arrivals, detect, diagnose, …"""
    source: Text
    """fitted, practices (settings that people have), prior (borrowed, from neither), left out, disagreement (between
    settings and history), by hand, or check."""
    n: Annotated[int, Number(0, 10**12)]
    """Incidents that speak about it."""
    sentence: Text
    """What was done, with its numbers."""


def table(notes: tuple[Note, ...]) -> pd.DataFrame:
    """Return the notes as a table: element, source, n, sentence."""
    frame = pd.DataFrame([astuple(note) for note in notes], columns=[one.name for one in fields(Note)])
    return frame.astype({"element": "str", "source": "str", "n": "int64", "sentence": "str"})
