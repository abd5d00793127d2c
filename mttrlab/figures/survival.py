"""How long incidents last, those still open ticked where they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mttrlab.errors import SchemaError
from mttrlab.figures.style import (
    BAND,
    INK,
    MARK,
    PHASE_COLOURS,
    QUIET,
    TIME_MARKS,
    axes,
    minutes_label,
    name_axis,
    nothing,
    style,
)
from mttrlab.schema import LEVELS

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_survival(survival: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the share of incidents that last longer, with its band; open incidents are ticks on the curve.

    Parameters
    ----------
    survival : DataFrame
        As `survival` gives it: `minutes, at_risk, ended, open, survival, low, high`.
    ax : Axes, optional

    Returns
    -------
    Axes
        Minutes on a logarithmic axis; the limits of the maturity levels are marked.

    Raises
    ------
    SchemaError
        When the table is none of `survival`.
    """
    if not {"minutes", "survival", "open", "low", "high"} <= set(survival):
        raise SchemaError("plot_survival needs the table that survival gives")
    with style():
        ax = axes(ax, height=4.2)
        ax.set_xscale("log")
        table = survival.reset_index(drop=True)
        if table.empty:
            nothing(ax, _none_ended(survival))
            ax.set_yticks([])
            name_axis(ax, x="time since the clock began", y="share that lasts longer", rests_on=survival)
            return ax
        times = np.maximum(table["minutes"].to_numpy(float), 0.1)
        first = max(0.1, float(times.min()) / 2) if len(times) else 1.0
        at, height = np.r_[first, times], np.r_[1.0, table["survival"].to_numpy(float)]
        _levels(ax, at, height)
        low, high = (np.r_[1.0, table[end].ffill().to_numpy(float)] for end in ("low", "high"))
        ax.fill_between(at, low, high, step="post", color=PHASE_COLOURS["diagnose"], alpha=0.18, linewidth=0)
        ax.step(at, height, where="post", color=PHASE_COLOURS["diagnose"], linewidth=2)
        _ticks(ax, at, height, table)
        for share, words in ((0.5, "half"), (0.1, "nine in ten")):
            reached = np.flatnonzero(height <= share + 1e-12)
            if len(reached):
                ax.plot([at[reached[0]]], [share], "o", color=INK, markersize=5)
                ax.annotate(f"{words} ended within {minutes_label(float(at[reached[0]]))}", (at[reached[0]], share),
                            xytext=(8, 4), textcoords="offset points", fontsize=10)  # fmt: skip
        later = int(table["open_later"].iloc[0]) if "open_later" in table and len(table) else 0
        longest = float(table["longest"].iloc[0]) if later else float(times.max()) if len(times) else 240.0
        if later:
            ax.plot([at[-1], longest], [height[-1]] * 2, color=PHASE_COLOURS["diagnose"], linewidth=2)
            _row_of_ticks(ax, at[-1], longest, height[-1], later)
        _axes(ax, first, longest)
        ended, still = int(table["ended"].sum()), int(table["open"].sum()) + later
        name_axis(
            ax, x=f"time since the clock began, in tenfold steps  ·  {ended:,} ended, tick: still open ({still:,})",
            y="share that lasts longer", rests_on=table,
        )  # fmt: skip
        return ax


def _none_ended(survival: pd.DataFrame) -> str:
    still = int(survival.attrs.get("open", 0))
    if not still:
        return "no incident can be timed on this clock"
    longest = minutes_label(float(survival.attrs["longest"]))
    if still == 1:
        return f"the only incident is still open, for {longest} so far"
    return f"none of these {still:,} incidents has ended: all are still open, the longest for {longest}"


def _levels(ax: Axes, at: np.ndarray, height: np.ndarray) -> None:
    for name, limit in LEVELS:
        ax.axvline(limit, color=BAND, linewidth=1.4, zorder=0)
        # Where the curve is not: below it while most still last, above it once most have ended.
        low = height[np.searchsorted(at, limit, side="right") - 1] > 0.4
        ax.annotate(
            f"below: {name}", (limit, 0.03 if low else 0.97), xycoords=("data", "axes fraction"), xytext=(-3, 0),
            textcoords="offset points", rotation=90, ha="right", va="bottom" if low else "top", fontsize=8.5,
            color=QUIET,
        )  # fmt: skip


def _ticks(ax: Axes, at: np.ndarray, height: np.ndarray, table: pd.DataFrame) -> None:
    """Open incidents left the curve between two rows: ticked on the step before."""
    for row in np.flatnonzero(table["open"].to_numpy() > 0):
        _row_of_ticks(ax, at[row], at[row + 1], height[row], int(table["open"].iloc[row]))


def _row_of_ticks(ax: Axes, left: float, right: float, height: float, count: int) -> None:
    places = np.exp(np.linspace(np.log(left), np.log(right), count + 2))[1:-1]
    ax.plot(places, [height] * count, "|", color=MARK, markersize=9, markeredgewidth=1.6)


def _axes(ax: Axes, first: float, last: float) -> None:
    marks = [mark for mark in TIME_MARKS if first <= mark <= last * 1.3]
    # Over many tenfold steps the names of near marks would touch.
    marks = [mark for mark in marks if len(marks) <= 6 or mark != 30]
    ax.set_xticks(marks, [minutes_label(mark).replace("7 days", "1 week") for mark in marks])
    ax.set_xticks([], minor=True)
    ax.set_xlim(first, last * 1.3)
    ax.set_ylim(0, 1.02)
    ax.set_yticks([0, 0.1, 0.25, 0.5, 0.75, 1], ["none", "1 in 10", "1 in 4", "half", "3 in 4", "all"])
    ax.grid(axis="y")
