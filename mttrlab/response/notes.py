"""Where each part of a fitted model came from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import special

from mttrlab.response.laws import Floats
from mttrlab.response.pooling import SHORTEST, GroupLaws


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


def disagreement(
    notes: list[Note], element: str, what: str, settings: Floats, history: Floats, words: tuple[str, str]
) -> bool:
    """Add a note where history's geometric mean and the settings' own do not go together; return whether they do not.

    Parameters
    ----------
    settings : array
        Minutes that the settings mean, equally likely.
    history : array
        Minutes that were recorded.
    words : tuple of str
        What it means where history is longer, and where it is shorter.
    """
    logs = np.log(np.maximum(history, SHORTEST))
    n = len(logs)
    half = float(special.stdtrit(n - 1, 0.975)) * float(logs.std(ddof=1)) / np.sqrt(n)
    low, middle, high = (float(np.exp(logs.mean() + k * half)) for k in (-1, 0, 1))
    told = float(np.exp(np.log(np.maximum(settings, SHORTEST)).mean()))
    if low <= told <= high:
        return False
    sentence = (
        f"{what}: settings say {told:.3g} minutes typically, history {middle:.3g} (n = {n}, 95 % {low:.3g} to "
        f"{high:.3g}); {words[0] if told < low else words[1]}."
    )
    notes.append(Note(element, "disagreement", n, sentence))
    return True
