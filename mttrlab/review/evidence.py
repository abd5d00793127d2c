"""Tables of how sure the page is: levels with their chances, what moved the mean, what missing stamps do to it."""

from __future__ import annotations

from math import isfinite

import pandas as pd

from mttrlab.review.rows import Shown, count, ranged
from mttrlab.review.words import lines, minutes

_CHANCES = ("p_elite", "p_advanced", "p_intermediate", "p_basic", "p_no_level")


def maturity(table: pd.DataFrame, caption: str) -> Shown:
    """Return, by mean, median and P90, the level that the evidence carries and how likely each level is."""
    rows = tuple(
        (
            str(line["statistic"]),
            count(line["n"]),
            count(line["open"]),
            ranged(line["minutes"], line["low"], line["high"], line["method"]),
            str(line["awarded"]),
            *(chance(line[name]) for name in _CHANCES),
        )
        for line in lines(table)
    )
    heads = ("level by", "n", "still open", "minutes (range)", "what the evidence carries", "Elite", "Advanced",
             "Intermediate", "Basic", "no level")  # fmt: skip
    return Shown(caption, heads, rows, (0, 4))


def distance(table: pd.DataFrame) -> Shown:
    """Return what each phase would have to give, alone, to bring the average to the next level."""
    rows = tuple(
        (
            str(line["phase"]),
            count(line["n"]),
            minutes(line["mean"]),
            "alone it cannot" if line["cut_needed"] >= 1 else f"{line['cut_needed']:.0%}",
        )
        for line in lines(table)
    )
    first = table.iloc[0]
    caption = f"To {first['next_level']}, {minutes(float(first['to_next']))} away: what each phase alone would give"
    return Shown(caption, ("phase", "n with every stamp", "mean", "cut needed"), rows)


def chance(value: float) -> str:
    """Return a probability as a percentage that is never quite sure.

    Examples
    --------
    >>> chance(0.0004), chance(0.0), chance(0.8), chance(0.9996), chance(float("nan"))
    ('< 1%', '< 1%', '80%', '> 99%', '–')
    """
    if not isfinite(value):
        return "–"
    if value < 0.005:
        return "< 1%"
    return "> 99%" if value >= 0.995 else f"{value:.0%}"


def change(table: pd.DataFrame, caption: str) -> Shown:
    """Return the parts of a changed mean; they add up to the last row."""
    names = {"mix": "other kinds of incident", "not split": "steps that no stamp tells apart", "total": "in all"}
    rows = tuple(
        (names.get(str(line["part"]), str(line["part"])), signed(line["minutes"], line["low"], line["high"]))
        for line in lines(table)
        # A part that no incident shows did not move, and no luck could move it.
        if line["part"] == "total"
        or max(abs(line[name]) for name in ("minutes", "low", "high") if isfinite(line[name])) > 1e-9
    )
    return Shown(caption, ("what changed", "minutes of the mean (range)"), rows)


def signed(value: float, low: float, high: float) -> str:
    """Return a difference in minutes with its sign and its range.

    Examples
    --------
    >>> signed(-12.0, -20.5, 3.0), signed(4.0, float("nan"), float("nan"))
    ('−12 min (−20 min to +3 min)', '+4 min (no range)')
    """
    if not isfinite(value):
        return "–"
    said = [f"{'−' if end < 0 else '+'}{minutes(abs(end))}" for end in (value, low, high) if isfinite(end)]
    return f"{said[0]} ({said[1]} to {said[2]})" if len(said) == 3 else f"{said[0]} (no range)"


def stamps(table: pd.DataFrame, caption: str) -> Shown:
    """Return the mean of each phase by three ways of dealing with missing stamps."""
    rows = tuple(
        (
            str(line["phase"]),
            count(line["measured"]),
            count(line["merged"]),
            minutes(line["mean_available"]),
            count(line["n_complete"]),
            minutes(line["mean_complete"]),
            ranged(line["mean_estimated"], line["mean_low"], line["mean_high"], line["method"]),
        )
        for line in lines(table)
    )
    heads = ("phase", "n measured", "n merged", "mean of the measured", "n with every stamp", "mean of these",
             "mean with merged spans split (range)")  # fmt: skip
    return Shown(caption, heads, rows)
