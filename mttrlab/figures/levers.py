"""What each lever would save, side by side; and one comparison in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from mttrlab.figures.style import (
    INK,
    PHASE_COLOURS,
    QUIET,
    axes,
    beside,
    clock_words,
    minutes,
    name_axis,
    name_rows,
    style,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_levers(savings: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the minutes that each scenario saves per incident, the largest first, with the band of luck.

    Parameters
    ----------
    savings : DataFrame
        As `compare_scenarios` gives it; a row that saves nothing by definition (the baseline) is left to the caption.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    with style():
        table = savings[savings["scenario"].str.lower() != "baseline"]
        table = table.sort_values("saving", ascending=False, kind="stable").reset_index(drop=True)
        ax = axes(ax, height=1.5 + 0.55 * max(len(table), 2))
        for row, line in table.iterrows():
            position = float(str(row))
            ax.plot(
                [line["saving_low"], line["saving_high"]], [position] * 2, color=PHASE_COLOURS["diagnose"], linewidth=5
            )
            ax.plot([line["saving"]], [position], "D", color=INK, markersize=7)
            band = f"{minutes(line['saving_low'])} to {minutes(line['saving_high'])}"
            beside(ax, position, f"{minutes(line['saving'])} ({band})")
        name_rows(ax, table["scenario"], width=40)
        ax.axvline(0, color=QUIET, linewidth=1)
        low, high = (float(table["saving_low"].min()), float(table["saving_high"].max())) if len(table) else (0.0, 1.0)
        low, high = min(low, 0.0), max(high, 1e-3)
        ax.set_xlim(low - 0.05 * (high - low), high + 0.05 * (high - low))
        clock = clock_words(table)
        runs = (
            f", {int(table['replications'].iloc[0])} simulated years" if "replications" in table and len(table) else ""
        )
        name_axis(ax, x=f"minutes saved per incident, {clock}\nbar: 8 of 10 runs{runs}; luck only")
        return ax


def plot_comparison(comparison: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw a ratio of two periods with its band, in plain words.

    Parameters
    ----------
    comparison : DataFrame
        One row, or one per `group`: `ratio`, `ratio_low`, `ratio_high`, `n_before`, `n_after`, perhaps `clock`.
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
            ax.plot(
                [line["ratio_low"], line["ratio_high"]], [position] * 2, color=PHASE_COLOURS["diagnose"], linewidth=5
            )
            ax.plot([line["ratio"]], [position], "D", color=INK, markersize=8)
            said = f"took {line['ratio']:.2g} × as long ({line['ratio_low']:.2g} to {line['ratio_high']:.2g})"
            counts = f"{int(line['n_before'])} incidents before, {int(line['n_after'])} after"
            ax.annotate(
                f"{said}  ·  {counts}",
                (line["ratio"], position),
                xytext=(0, 10),
                textcoords="offset points",
                ha="center",
                fontsize=10,
                bbox={"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": "none"},
            )
            edges += [float(line["ratio_low"]), float(line["ratio_high"])]
        groups = table["group"] if "group" in table else [""] * len(table)
        name_rows(ax, groups)
        if "group" not in table:
            ax.set_yticks([])
        ax.axvline(1, color=QUIET, linewidth=1, linestyle="--")
        known = [edge for edge in edges if edge == edge and edge > 0]
        ax.set_xlim(min(known) / 1.5, max(known) * 1.5)
        marks = [m for m in (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 10.0) if min(known) / 1.5 <= m <= max(known) * 1.5]
        words = {0.5: "half as long", 1.0: "no change", 2.0: "twice as long"}
        ax.set_xticks(marks, [words.get(m, f"{m:g} ×") for m in marks])
        ax.set_xticks([], minor=True)
        name_axis(ax, x=f"typical time of an incident after, against before (clock: {clock_words(table)})")
        return ax
