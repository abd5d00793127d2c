"""One ask, or what to record before one can be made."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from mttrlab.review.words import STAMP_WORDS, between, part, several

_CHECKED = {
    "Passed": "the model has passed its check on months not seen",
    "Failed": "the model has failed its check on months not seen",
    "Too few to tell": "too few incidents to check the model on months not seen",
}


def ask(
    lever: Mapping[str, Any] | None,
    record: str | None,
    closed: bool = True,
    typical: float = math.inf,
    unlike: bool = False,
) -> str:
    """Return one ask with its range, or what to record before one can be made.

    Parameters
    ----------
    lever : mapping or None
        The row of `compare_scenarios` with the largest saving that luck does not undo; None: there is none.
    record : str or None
        The stamp that would show most; None where every stamp is there.
    closed : bool
        Whether any incident has ended.
    typical : float
        Minutes that a typical incident takes at most; a larger saving is an average that long ones carry.
    unlike : bool
        The simulation does not repeat the history that it was fitted to.

    Examples
    --------
    >>> ask({"scenario": "Flags on half the changes", "saving_low": 7.0, "saving_high": 12.0}, None)
    'Flags on half the changes: this would save between 7 and 12 minutes per incident (not yet checked against history; luck only).'
    >>> ask(None, "diagnosed_at")
    'No ask yet: record when the cause is found.'
    """  # noqa: E501
    if lever is not None:
        name = in_letters(str(lever["scenario"]))
        range_ = between(lever["saving_low"], lever["saving_high"])
        borrowed = "; partly on borrowed figures" if "borrowed" in str(lever.get("note", "")) else ""
        mostly = " on average, most of it in the longest ones" if lever["saving_low"] > typical else ""
        return f"{name}: this would save {range_} per incident{mostly} ({_checked(lever)}; luck only{borrowed})."
    if not closed:
        return f"No ask yet: record {STAMP_WORDS['resolved_at']}, or export the incidents that have ended."
    why = "the simulation does not repeat this history; " if unlike else ""
    if record is None:
        return f"No ask yet: {why}keep recording as now."
    return f"No ask yet: {why}record {STAMP_WORDS[record]}."


def _checked(lever: Mapping[str, Any]) -> str:
    word = str(lever.get("checked", "")).partition(":")[0]
    return _CHECKED.get(word, "not yet checked against history")


def in_full(checked: str) -> str:
    """Return the verdict on months not seen as a line of its own, in plain words."""
    said = _checked({"checked": checked})
    return f"{said[:1].upper()}{said[1:]}; luck only"


def in_letters(name: str) -> str:
    """Return a name with its percentages and small whole numbers in letters.

    Examples
    --------
    >>> in_letters("Alerts within 2 minutes"), in_letters("Rules for 23% of incidents")
    ('Alerts within two minutes', 'Rules for about a quarter of incidents')
    """
    return " ".join(_in_letters(word) for word in name.split(" "))


def _in_letters(word: str) -> str:
    figure = word.removesuffix("%")
    if not (figure.isascii() and figure.isdigit() and len(figure) <= 3):
        return word
    if figure != word:
        return part(int(figure) / 100)
    return several(int(figure))
