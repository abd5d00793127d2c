"""Two periods compared, in plain words, and what moved the average between them, as a bridge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from mttrlab.errors import SchemaError
from mttrlab.figures.style import (
    INK,
    MARK,
    OTHER,
    PHASE_COLOURS,
    QUIET,
    axes,
    beside,
    counted,
    minutes_label,
    name_axis,
    name_rows,
    nothing,
    style,
    time_axis,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_comparison(comparison: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw a ratio of two periods with its band, in plain words.

    Parameters
    ----------
    comparison : DataFrame
        As `compare_periods` gives it: one row, or one per `group`, with `ratio`, `ratio_low`, `ratio_high`,
        `n_before`, `n_after`, perhaps `measure`, and `based_on`, the ratio that its verdict rests on.
    ax : Axes, optional

    Returns
    -------
    Axes
        Ratios on a logarithmic axis: half as long and twice as long stand equally far from no change.
    """
    with style():
        table = comparison.reset_index(drop=True)
        ax = axes(ax, height=1.6 + 0.6 * max(len(table), 1))
        ax.set_xscale("log")
        edges = [0.5, 2.0]
        for row, line in table.iterrows():
            position = float(str(row))
            lead = str(line.get("based_on", "ratio"))
            ratio, low, high = line[lead], line[f"{lead}_low"], line[f"{lead}_high"]
            counts = f"{int(line['n_before']):,} incidents before, {int(line['n_after']):,} after"
            if not low <= high:  # also where either is not known
                box = {"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": "none"}
                ax.text(1, position, f"cannot tell: {counts}", ha="center", va="center", bbox=box)
                continue
            # One-sided: the end that is not asked for runs out of the picture.
            left, right = (low if low > 0 else ratio / 100), min(high, ratio * 100)
            ax.plot([left, right], [position] * 2, color=PHASE_COLOURS["diagnose"], linewidth=5)
            ax.plot([ratio], [position], "D", color=INK, markersize=8)
            held = "like for like " if lead == "adjusted_ratio" else ""
            said = f"{held}took {_taking(ratio)} ({_span(low, high)})"
            ax.annotate(
                f"{said}  ·  {counts}",
                (ratio, position),
                xytext=(0, 10),
                textcoords="offset points",
                ha="center",
                fontsize=10,
                bbox={"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": "none"},
            )
            edges += [float(end) for end in (low, high) if 0 < end < float("inf")]
        groups = table["group"] if "group" in table else [""] * len(table)
        name_rows(ax, groups)
        if "group" not in table:
            ax.set_yticks([])
        ax.axvline(1, color=QUIET, linewidth=1, linestyle="--")
        known = [edge for edge in edges if edge == edge and edge > 0]
        ax.set_xlim(min(known) / 1.5, max(known) * 1.5)
        marks = [m for m in (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 10.0) if min(known) / 1.5 <= m <= max(known) * 1.5]
        words = {0.5: "half as long", 1.0: "no change", 2.0: "twice as long"}
        if max(known) / min(known) > 20:
            # Over so many tenfold steps the words would touch.
            words, marks = {1.0: "no change"}, [m for m in marks if m not in (0.5, 2.0)]
        ax.set_xticks(marks, [words.get(m, f"{m:g} ×") for m in marks])
        ax.set_xticks([], minor=True)
        name_axis(ax, x="typical time of an incident after, against before", rests_on=table)
        return ax


def _words(ratio: float) -> str:
    percent = round(100 * (ratio - 1))
    if ratio >= 2:
        return f"{ratio:.1f} × as long" if ratio < 100 else "over 100 × as long"
    return "the same" if not percent else f"{abs(percent)} % {'less' if percent < 0 else 'more'}"


def _span(low: float, high: float) -> str:
    if low > 0 and high < float("inf"):
        return f"{_words(low)} to {_words(high)}"
    end, outwards = (high, high < 1) if low == 0 else (low, low > 1)
    return f"at {'least' if outwards else 'most'} {_words(end)}"


def _taking(ratio: float) -> str:
    said = _words(ratio)
    return "about the same time" if said == "the same" else said if "×" in said else f"{said} time"


# What moved the average from one period to the next, as a bridge.


_WORDS = {"mix": "other kinds of incident", "not split": "steps not told apart"}


def plot_change(change: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw how the mean of one period became that of the next: other kinds of incident, then phase by phase.

    Parameters
    ----------
    change : DataFrame
        As `explain_change` gives it: `part` (the last is "total"), `minutes, low, high, mean_before, mean_after,
        n_before, n_after, measure`.
    ax : Axes, optional

    Returns
    -------
    Axes
        Each part starts where the one above it ended, so that the parts visibly add up.

    Raises
    ------
    SchemaError
        When the table is none of `explain_change`.
    """
    if not {"part", "minutes", "mean_before", "mean_after"} <= set(change):
        raise SchemaError("plot_change needs the table that explain_change gives")
    with style():
        parts = change[(change["part"] != "total") & ~_nothing(change)].reset_index(drop=True)
        ax = axes(ax, height=1.5 + 0.52 * (len(parts) + 2))
        whole = change.iloc[-1]
        at = float(whole["mean_before"])
        ax.barh(0, at, height=0.5, color=QUIET)
        beside(ax, 0, f"{minutes_label(at)}, {counted(int(whole['n_before']))}" if at == at else "not known")
        for row, line in parts.iterrows():
            position, moved = float(str(row)) + 1, float(line["minutes"])
            if moved != moved:
                beside(ax, position, "not known")
                continue
            colour = PHASE_COLOURS.get(str(line["part"]), OTHER)
            hatch = None if str(line["part"]) in PHASE_COLOURS else "//"
            ax.barh(position, moved, left=at, height=0.5, color=colour, hatch=hatch, edgecolor="white")
            ax.plot([at, at], [position - 1, position + 0.25], color=QUIET, linewidth=0.8)
            if line["low"] <= line["high"]:
                ax.plot([at + line["low"], at + line["high"]], [position] * 2, color=INK, linewidth=1.3)
            at += moved
            beside(ax, position, _said(line))
        last = len(parts) + 1
        ax.barh(last, whole["mean_after"], height=0.5, color=MARK)
        ax.plot([at, at], [last - 1, last + 0.25], color=QUIET, linewidth=0.8)
        after = float(whole["mean_after"])
        beside(ax, last, f"{minutes_label(after)}, {counted(int(whole['n_after']))}" if after == after else "not known")
        names = [_WORDS.get(str(part), str(part)) for part in parts["part"]]
        name_rows(ax, ["average before", *names, "average after"])
        if not (at == at and after == after):
            nothing(ax, "no incident of both periods has ended on this clock")
        low, high = ax.get_xlim()
        ax.set_xlim(min(low, 0.0), high * 1.02)
        if at == at and after == after:
            time_axis(ax, most=5)
        name_axis(ax, x="average time  ·  line: where luck may put each part", rests_on=change)
        return ax


def _nothing(change: pd.DataFrame) -> pd.Series:
    """Parts that no incident shows: nothing moved, and no luck could move it."""
    return change[["minutes", "low", "high"]].fillna(0.0).abs().max(axis=1) < 1e-9


def _said(line: pd.Series) -> str:
    moved = _signed(line["minutes"])
    if not line["low"] <= line["high"]:  # also where either is not known
        return moved
    return f"{moved} ({_signed(line['low'])} to {_signed(line['high'])})"


def _signed(change: float) -> str:
    """Return a change with its sign; what is nothing when written has none."""
    said = minutes_label(abs(change))
    return said if said == "0 min" else f"{'+' if change > 0 else '−'}{said}"
