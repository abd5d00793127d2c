"""Better, worse or cannot tell."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from mttrlab.review.words import fraction, how_long, longer_or_shorter


def moved(comparison: Mapping[str, Any] | None, before: str, after: str, held: int = 3) -> str:
    """Return better, worse or cannot tell, and what it would take to tell.

    Parameters
    ----------
    comparison : mapping or None
        A row of `compare_periods`; None where the data hold no earlier month.
    before, after : str
        Names of the two periods.
    held : int
        Months of the later period.
    """
    if comparison is None:
        return f"Better or worse cannot be told: {after} is all that the data hold."
    if comparison["verdict"] != "cannot tell":
        return _told(comparison, before, after)
    start = f"Better or worse than {before} cannot be told for {after}"
    fewest = min(comparison["n_before"], comparison["n_after"])
    if not fewest:
        none = comparison["n_before"] + comparison["n_after"] == 0
        return f"{start}: {'neither has an' if none else 'one of the two has no'} incident that can be timed."
    smallest, ratio = comparison["smallest_change"], comparison[str(comparison["based_on"])]
    if math.isnan(smallest) or not math.isfinite(ratio):
        return f"{start}: there are too few incidents."
    visible = (
        f"only a cut by {fraction(smallest)} or more would show" if smallest < 0.92 else "hardly any cut would show"
    )
    seen = longer_or_shorter(ratio)
    months = comparison["months_until_visible"]
    if seen == "about the same":
        return f"{start}: they were about as long, and with so few incidents {visible}."
    if months <= held:
        return f"{start}: those that can be timed were {seen}, but they are so few that luck alone can do that."
    if math.isnan(months):
        return f"{start}: they were {seen}, which luck alone can do, and with so few incidents {visible}."
    return (
        f"{start}: incidents were {seen}, which luck alone can do, "
        f"and telling a change of that size needs {how_long(months)} on each side."
    )


def _told(comparison: Mapping[str, Any], before: str, after: str) -> str:
    lead = str(comparison["based_on"])
    ends = sorted((comparison[f"{lead}_low"], comparison[f"{lead}_high"]), key=lambda r: abs(math.log(r)))
    near, far = (longer_or_shorter(ratio) for ratio in ends)
    word = str(comparison["verdict"]).capitalize()
    if near == far:
        return f"{word}: incidents of {after} were {near} against {before}, and luck alone hardly explains it."
    least = "a little" if near == "about the same" else near.removeprefix("more than ")
    return (
        f"{word}: against {before}, incidents of {after} were at least {least}, perhaps {far}, "
        "and luck alone hardly explains it."
    )
