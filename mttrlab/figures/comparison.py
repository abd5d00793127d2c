"""Two periods compared, in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from mttrlab.figures.style import INK, PHASE_COLOURS, QUIET, axes, name_axis, name_rows, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_comparison(comparison: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw a ratio of two periods with its band, in plain words.

    Parameters
    ----------
    comparison : DataFrame
        As `compare_periods` gives it: one row, or one per `group`, with `ratio`, `ratio_low`, `ratio_high`,
        `n_before`, `n_after`, perhaps `clock`, and `based_on`, the ratio that its verdict rests on.
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
            ax.plot([low, high], [position] * 2, color=PHASE_COLOURS["diagnose"], linewidth=5)
            ax.plot([ratio], [position], "D", color=INK, markersize=8)
            said = f"took {_taking(ratio)} ({_words(low)} to {_words(high)})"
            ax.annotate(
                f"{said}  ·  {counts}",
                (ratio, position),
                xytext=(0, 10),
                textcoords="offset points",
                ha="center",
                fontsize=10,
                bbox={"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": "none"},
            )
            edges += [float(low), float(high)]
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


def _taking(ratio: float) -> str:
    said = _words(ratio)
    return "about the same time" if said == "the same" else said if "×" in said else f"{said} time"
