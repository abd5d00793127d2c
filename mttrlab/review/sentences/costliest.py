"""Which phase costs most."""

from __future__ import annotations

import pandas as pd

from mttrlab.review.words import PHASE_WORDS, lines, listed, part
from mttrlab.schema import PHASES


def costliest(shares: pd.DataFrame) -> str:
    """Return which phase costs most, in all incidents and in the worst ones.

    Parameters
    ----------
    shares : DataFrame
        `phase` (or merged phases, "diagnose + resolve"), `share`, `share_of_tail` (NaN where not known).

    Examples
    --------
    >>> costliest(pd.DataFrame({"phase": ["detect", "diagnose"], "share": [0.2, 0.52], "share_of_tail": [0.1, 0.66]}))
    'Finding the cause costs most: about half of the minutes, and about two thirds in the worst incidents.'
    >>> costliest(pd.DataFrame({"phase": ["diagnose + resolve"], "share": [1.0], "share_of_tail": [1.0]}))
    'All measured minutes are one block, finding the cause and fixing: no stamp in between tells them apart.'
    """
    known = [line for line in lines(shares) if pd.notna(line["share"])]
    if not known:
        return "Where the minutes went cannot be told: no incident has two usable stamps."
    top = max(known, key=lambda line: line["share"])
    name = phase_words(str(top["phase"]))
    if len(known) == 1:
        apart = (
            ": no stamp in between tells them apart" if "+" in str(top["phase"]) else ", the only phase that is stamped"
        )
        return f"All measured minutes are one block, {name}{apart}."
    cost = "costs" if "+" not in str(top["phase"]) else "cost"
    said = f"{name[0].upper()}{name[1:]} {cost} most: {part(top['share'])} of the minutes"
    tail = [line for line in known if pd.notna(line["share_of_tail"])]
    if tail:
        worst = max(tail, key=lambda line: line["share_of_tail"])
        if worst["phase"] == top["phase"]:
            same = part(worst["share_of_tail"]) == part(top["share"])
            said += (
                ", also in the worst incidents"
                if same
                else f", and {part(worst['share_of_tail'])} in the worst incidents"
            )
        else:
            block = " (not told apart by a stamp)" if "+" in str(worst["phase"]) else ""
            said += f", but in the worst incidents it is {phase_words(str(worst['phase']))}{block}"
    return said + "."


def phase_words(phase: str) -> str:
    """Return phases, merged or not, in words.

    Examples
    --------
    >>> phase_words("diagnose + resolve")
    'finding the cause and fixing'
    """
    return listed([PHASE_WORDS[name] for name in PHASES if name in phase.split(" + ")])
