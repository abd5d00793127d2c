"""Where the minutes go: the length of each phase, who holds those of all and of the worst, each incident as a dot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mttrlab.errors import SchemaError
from mttrlab.figures.style import (
    BAND,
    INK,
    OTHER,
    PHASE_COLOURS,
    QUIET,
    axes,
    beside,
    counted,
    minutes_label,
    name_axis,
    name_rows,
    room_right,
    style,
    time_axis,
)
from mttrlab.schema import PHASE_RANGES, PHASES, STEP_PLACES

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


def _step_name(name: str) -> str:
    """The name of a step without its underscores; any other text as it is."""
    return name.replace("_", " ") if name in STEP_PLACES else name


def _span(name: str) -> list[str]:
    """The phases that a row holds: 'diagnose', or 'diagnose + resolve' where they merged."""
    if name in STEP_PLACES:
        return [name]
    return [phase for phase in PHASES if phase in name.replace("+", " ").replace("_", " ").split()]


def _typical_range(held: Sequence[str]) -> tuple[float, float]:
    """The minutes that phases usually take together; nothing where the founding text says none."""
    known = [PHASE_RANGES.get(phase, (0.0, 0.0)) for phase in held]
    return sum(low for low, _ in known), sum(high for _, high in known)


_FEW = 5
"""Ended incidents below which an average has no interval, and is not drawn."""


def _bars(summary: pd.DataFrame, ax: Axes | None) -> Axes:
    summary = summary.assign(mean=summary["mean"].where(summary["n"] >= _FEW))
    ax = axes(ax, height=1.3 + 0.62 * max(len(summary), 2))
    # Intervals of a few incidents can be ten times the mean: the axis follows the means, a cut interval shows an arrow.
    middles = summary[["mean", "median"]].max(axis=1)
    reach = max(2.2 * float(middles.max()), 1.0) if middles.notna().any() else 130.0
    ends = [min(high, reach) for high in summary["mean_high"]] + middles.tolist()
    edge = room_right(ax, ends)
    for row, line in summary.iterrows():
        position = float(str(row))
        held = _span(str(line["phase"]))
        low, high = _typical_range(held)
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
    name_rows(ax, map(_step_name, summary["phase"]))
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
        name_rows(ax, map(_step_name, table["phase"]))
        ax.set_xticks([])
        ax.spines["bottom"].set_visible(False)
        n = int(table["n"].max()) if len(table) and table["n"].notna().any() else 0
        name_axis(
            ax,
            x=f"share of the measured minutes of {n:,} incidents  ·  hatched: the worst tenth of them",
            rests_on=table,
        )
        return ax


# Every incident as a dot, phase by phase.


_SHORTEST = 0.1
"""A logarithmic axis has no zero: what took less than six seconds stands at its edge."""
_MOST = 2000
"""Dots in a row; of more, every second, third, … in the order of their length."""
_MARKS = {
    0.1: "0", 1: "1 min", 10: "10 min", 60: "1 h", 240: "4 h", 1440: "1 day", 10080: "1 week", 43200: "30 days",
    525600: "1 year",
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """The incidents of one phase, or of phases that a missing stamp merged."""

    name: str
    """As it stands beside the row."""
    phases: tuple[str, ...]
    """Phases that it holds."""
    minutes: np.ndarray
    """One per incident."""
    ended: np.ndarray
    """False: still running."""


def rows_of(table: pd.DataFrame) -> list[Row]:
    """Return the rows of `phase_durations` (a column per phase) or of `phase_spans` (a row per span)."""
    if "first_phase" in table:
        return _spans(table)
    rows = []
    for phase in PHASES:
        known = table[phase].to_numpy(float, na_value=np.nan) if phase in table else np.empty(0)
        flag = table.get(f"{phase}_observed") if phase in table else None
        ended = np.ones(len(known), bool) if flag is None else flag.fillna(False).to_numpy(bool)
        there = np.isfinite(known)
        rows.append(Row(phase, (phase,), known[there], ended[there]))
    return rows


def _spans(spans: pd.DataFrame) -> list[Row]:
    rows = []
    kinds = spans[["first_phase", "last_phase"]].drop_duplicates().itertuples(index=False)
    for first, last in sorted(kinds, key=lambda kind: (STEP_PLACES[kind[0]], STEP_PLACES[kind[1]], kind)):
        held = (first,) if first == last else PHASES[PHASES.index(first) : PHASES.index(last) + 1]
        these = spans[(spans["first_phase"] == first) & (spans["last_phase"] == last)]
        ended = these["observed"].fillna(False).to_numpy(bool)
        rows.append(Row(" + ".join(held), held, these["minutes"].to_numpy(float), ended))
    return rows


def draw_incidents(rows: list[Row], summary: pd.DataFrame | None, ax: Axes | None, rests_on: pd.DataFrame) -> Axes:
    """Draw the minutes of each incident and phase on a logarithmic axis over the typical ranges."""
    ax = axes(ax, height=1.4 + 0.62 * max(len(rows), 1))
    ax.set_xscale("log")
    told = {} if summary is None else _told(summary)
    for position, row in enumerate(rows):
        low, high = (max(end, _SHORTEST) for end in _typical_range(row.phases))
        ax.barh(position, high - low, left=low, height=0.86, color=BAND, zorder=0)
        order = np.argsort(row.minutes[row.ended], kind="stable")
        ended = row.minutes[row.ended][order[:: max(1, -(-len(order) // _MOST))]]
        colour = PHASE_COLOURS[row.phases[0]] if len(row.phases) == 1 else OTHER
        alpha = 0.6 if len(ended) < 300 else 0.35
        for values, look in (
            (ended, {"s": 14, "alpha": alpha, "color": colour, "linewidths": 0}),
            (np.sort(row.minutes[~row.ended]), {"s": 30, "marker": ">", "facecolors": "none", "edgecolors": INK}),
        ):
            # Golden-ratio steps spread the dots evenly and the same way every time.
            height = position + 0.68 * (np.arange(len(values)) * 0.618034 % 1 - 0.5)
            ax.scatter(np.maximum(values, _SHORTEST), height, **look)  # type: ignore[arg-type]
        if row.name in told:
            _mark(ax, position, told[row.name])
    name_rows(ax, [_label(row, row.name in told) for row in rows], width=44)
    _axis(ax, told, min((float(row.minutes.min()) for row in rows if len(row.minutes)), default=1.0), rests_on)
    return ax


def _told(summary: pd.DataFrame) -> dict[str, pd.Series]:
    name = "span" if "span" in summary else "phase"
    return {str(line[name]): line for _, line in summary.iterrows()}


def _label(row: Row, told: bool) -> str:
    running = int((~row.ended).sum())
    said = ([] if told else [counted(int(row.ended.sum()))]) + ([f"{running:,} running"] if running else [])
    name = _step_name(row.name)
    return f"{name} ({', '.join(said)})" if said else name


def _mark(ax: Axes, position: float, line: pd.Series) -> None:
    half, average = float(line["median"]), float(line["mean"])
    if half >= 0:  # not where it is not known
        for colour, width in (("white", 4.5), (INK, 2)):
            ax.plot([max(half, _SHORTEST)] * 2, [position - 0.36, position + 0.36], color=colour, linewidth=width)
    if average >= 0:
        ax.plot([max(average, _SHORTEST)], [position], "D", color=INK, markeredgecolor="white", markersize=8)
    beside(ax, position, in_words(line))


def in_words(line: pd.Series) -> str:
    """Return a row of a summary in two lines of plain words: the average, and within what time half ended."""
    n = counted(int(line["n"]))
    known = pd.notna(line["mean_low"]) and f"{minutes_label(line['mean_low'])} to {minutes_label(line['mean_high'])}"
    if pd.notna(line["mean"]) and line["n"] >= _FEW:
        average = f"average {minutes_label(line['mean'])} ({known or 'no range'})"
        return f"{average}\nhalf within {minutes_label(line['median'])}, {n}"
    if pd.notna(line["median"]):
        return f"too few for an average\nhalf within {minutes_label(line['median'])}, {n}"
    if "shortest" in line and pd.notna(line["shortest"]):
        ends = f"from {minutes_label(line['shortest'])} to {minutes_label(line['longest'])}"
        return f"too few for an average\n{ends if line['n'] > 1 else minutes_label(line['longest'])}, {n}"
    return f"none ended\n{n}" if not line["n"] else f"not known\n{n}"


def _axis(ax: Axes, told: dict[str, pd.Series], shortest: float, rests_on: pd.DataFrame) -> None:
    right = max(ax.get_xlim()[1], 130)
    left = 0.08 if shortest < 1 else 0.7
    marks = [mark for mark in _MARKS if left <= mark <= right]
    # Beside one another they must not touch.
    marks = [mark for mark in marks if len(marks) < 7 or mark not in (1, 240, 10080)]
    ax.set_xticks(marks, [_MARKS[mark] for mark in marks])
    ax.set_xticks([], minor=True)
    ax.set_xlim(left, right)
    words = "one dot per incident, on an axis of tenfold steps  ·  pale band: typical range"
    keys = ["line: half ended by then", "diamond: average"] if told else []
    name_axis(ax, x=f"{words}\n{'  ·  '.join([*keys, 'triangle: still running'])}", rests_on=rests_on)
