"""Where the minutes go: the length of each phase, and who holds the minutes of all and of the worst."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from mttrlab.errors import SchemaError
from mttrlab.figures.incidents import draw_incidents, in_words, rows_of
from mttrlab.figures.style import (
    BAND,
    INK,
    OTHER,
    PHASE_COLOURS,
    QUIET,
    axes,
    beside,
    name_axis,
    name_rows,
    room_right,
    style,
    time_axis,
)
from mttrlab.schema import PHASE_RANGES, PHASES

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_phases(phases: pd.DataFrame, *, summary: pd.DataFrame | None = None, ax: Axes | None = None) -> Axes:
    """Draw how long each phase takes, over the typical range that the founding text prints.

    Parameters
    ----------
    phases : DataFrame
        Minutes per incident (`phase_durations`) or per span (`phase_spans`): one dot per incident on a logarithmic
        axis. Or a summary (`phase_summary`, `span_summary`): a bar of the average with its range, a tick at the
        time within which half ended.
    summary : DataFrame, optional
        With minutes per incident or span: the summary of the same rows, to be marked and written beside them.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    SchemaError
        When the table is neither.
    """
    with style():
        if "first_phase" in phases or any(phase in phases for phase in PHASES):
            return draw_incidents(rows_of(phases), summary, ax, phases)
        if "span" in phases:
            return _bars(phases.reset_index(drop=True).assign(phase=phases["span"].to_list()), ax)
        if "phase" in phases:
            return _bars(phases.reset_index(drop=True), ax)
    raise SchemaError("plot_phases needs a column `phase` (phase_summary) or the phases' minutes (phase_durations)")


def _span(name: str) -> list[str]:
    """The phases that a row holds: 'diagnose', or 'diagnose + resolve' where they merged."""
    return [phase for phase in PHASES if phase in name.replace("+", " ").replace("_", " ").split()]


def _bars(summary: pd.DataFrame, ax: Axes | None) -> Axes:
    ax = axes(ax, height=1.3 + 0.62 * max(len(summary), 2))
    # Intervals of a few incidents can be ten times the mean: the axis follows the means, a cut interval shows an arrow.
    middles = summary[["mean", "median"]].max(axis=1)
    reach = max(2.2 * float(middles.max()), 1.0) if middles.notna().any() else 130.0
    ends = [min(high, reach) for high in summary["mean_high"]] + middles.tolist()
    edge = room_right(ax, ends)
    for row, line in summary.iterrows():
        position = float(str(row))
        held = _span(str(line["phase"]))
        low = sum(PHASE_RANGES[phase][0] for phase in held)
        high = sum(PHASE_RANGES[phase][1] for phase in held)
        ax.barh(position, high - low, left=low, height=0.86, color=BAND, zorder=0)
        if pd.isna(line["mean"]):
            beside(ax, position, in_words(line))
            _middle(ax, position, line["median"])
            continue
        colour = PHASE_COLOURS[held[0]] if len(held) == 1 else OTHER
        ax.barh(
            position, line["mean"], height=0.46, color=colour, hatch="//" if len(held) > 1 else None, edgecolor="white"
        )
        _interval(ax, position, line["mean_low"], line["mean_high"], edge)
        _middle(ax, position, line["median"])
        beside(ax, position, in_words(line))
    name_rows(ax, summary["phase"])
    time_axis(ax)
    name_axis(
        ax,
        x="time  ·  bar: average with its range, black tick: half ended by then, pale band: typical range",
        rests_on=summary,
    )
    return ax


def _middle(ax: Axes, position: float, median: float) -> None:
    if not median >= 0:  # also where it is not known
        return
    for colour, width in (("white", 4.5), (INK, 2)):
        ax.plot([median] * 2, [position - 0.34, position + 0.34], color=colour, linewidth=width)


def _interval(ax: Axes, position: float, low: float, high: float, edge: float) -> None:
    if not low <= high:  # also where either is not known
        return
    ax.plot([low, min(high, edge)], [position, position], color=INK, linewidth=1.4)
    ax.plot([low], [position], "|", color=INK, markersize=8)
    ax.plot([min(high, edge)], [position], "|" if high <= edge else ">", color=INK, markersize=8 if high <= edge else 5)


def plot_bottleneck(bottleneck: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw each phase's share of all minutes beside its share of the minutes of the worst tenth.

    Parameters
    ----------
    bottleneck : DataFrame
        As `bottleneck` gives it: `phase`, `n`, `share`, `share_of_tail` (between 0 and 1).
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    with style():
        table = bottleneck.reset_index(drop=True)
        ax = axes(ax, height=1.3 + 0.62 * max(len(table), 2))
        room_right(ax, [float(value) for value in pd.concat([table["share"], table["share_of_tail"]])], 0.3)
        for row, line in table.iterrows():
            position = float(str(row))
            held = _span(str(line["phase"]))
            colour = PHASE_COLOURS[held[0]] if len(held) == 1 else OTHER
            for offset, column, words, hatch in (
                (-0.2, "share", "of all minutes", None),
                (0.2, "share_of_tail", "of the worst tenth's minutes", "////"),
            ):
                if pd.isna(line[column]):
                    ax.text(0, position + offset, f" {words}: not known", va="center", fontsize=9.5, color=QUIET)
                    continue
                fill = colour if hatch is None else "white"
                ax.barh(position + offset, line[column], height=0.36, color=fill, edgecolor=colour, hatch=hatch)
                said = f" {line[column]:.0%} {words}"
                ax.text(line[column], position + offset, said, va="center", fontsize=9.5)
        name_rows(ax, table["phase"])
        ax.set_xticks([])
        ax.spines["bottom"].set_visible(False)
        n = int(table["n"].max()) if len(table) and table["n"].notna().any() else 0
        name_axis(
            ax,
            x=f"share of the measured minutes of {n:,} incidents  ·  hatched: the worst tenth of them",
            rests_on=table,
        )
        return ax
