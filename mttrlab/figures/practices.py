"""What answers an incident: runbooks by the minutes behind them, and whether each kind of change can be taken back."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pandas as pd

from mttrlab.errors import SchemaError
from mttrlab.figures.style import (
    INK,
    MARK,
    QUIET,
    axes,
    beside,
    counted,
    minutes,
    name_axis,
    name_rows,
    plain,
    style,
    time_axis,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_EDGE = "#c9c4ba"
_ANSWERS = (
    # face, hatch and words, from the best on: dark, light, hatched, so that they stay apart in grey print
    ("#08519c", "", "diagnosis runs by itself"),
    ("#9ecae1", "", "runbook is written only"),
    ("white", "////", "nothing is written"),
)
_BACK = ("documented", "rehearsed", "likely takes", "incidents\nended so")


def plot_runbooks(books: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw which of the top incident types a runbook answers, by the minutes that they take.

    Parameters
    ----------
    books : DataFrame
        As `runbook_coverage` gives it: `incident_type, incidents, minutes, low, high, written, automated, reviewed`.
    ax : Axes, optional

    Returns
    -------
    Axes
        One bar per type in its rank, as long as its minutes, with their 95 % interval; cut into the shares that an
        automated diagnosis, a written runbook alone, and nothing answers.

    Raises
    ------
    SchemaError
        When the table is none of runbooks.
    """
    if not {"incident_type", "incidents", "minutes", "low", "high", "written", "automated", "reviewed"} <= set(books):
        raise SchemaError("plot_runbooks needs the table of runbook_coverage: ml.runbook_coverage(lab, practices)")
    from matplotlib.patches import Patch

    with style():
        rows = books.reset_index(drop=True)
        ax = axes(ax, height=1.7 + 0.44 * max(len(rows), 1))
        for at, row in enumerate(rows.to_dict("records")):
            begin = 0.0
            parts = (row["automated"], row["written"] - row["automated"], 1 - row["written"])
            for share, (face, hatch, _) in zip(parts, _ANSWERS, strict=True):
                length = max(share, 0.0) * row["minutes"]
                ax.barh(at, length, left=begin, height=0.62, color=face, hatch=hatch, edgecolor=_EDGE, linewidth=0.8)
                begin += length
            ax.plot([row["low"], row["high"]], [at, at], color=MARK, linewidth=1.6)
            told = f"  ·  reviewed {plain(row['reviewed'], 10)}" if row["reviewed"] else ""
            beside(ax, at, counted(int(row["incidents"])) + told)
        name_rows(ax, [str(name).replace("_", " ") for name in rows["incident_type"]])
        ax.set_xlim(left=0)
        time_axis(ax)
        ax.grid(axis="x")
        name_axis(ax, x="time of all incidents of the type; line: 95 % interval for another such time")
        keys = [Patch(facecolor=face, hatch=hatch, edgecolor=_EDGE, label=words) for face, hatch, words in _ANSWERS]
        ax.legend(handles=keys, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3, frameon=False, fontsize=9.5,
                  columnspacing=1.3, handlelength=1.6)  # fmt: skip
        return ax


def plot_rollback(readiness: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw whether each kind of change can be taken back by something documented and rehearsed.

    Parameters
    ----------
    readiness : DataFrame
        As `rollback_readiness` gives it: `change, path, documented, rehearsed, likely_minutes, incidents, ready, gap`.
    ax : Axes, optional

    Returns
    -------
    Axes
        One row per way back, and per kind of change without one: dark where it holds, hatched where it does not; how
        long it takes; how many incidents of history ended so; the gap in words.

    Raises
    ------
    SchemaError
        When the table is none of readiness.
    """
    needed = {"change", "path", "documented", "rehearsed", "likely_minutes", "incidents", "ready", "gap"}
    if not needed <= set(readiness):
        raise SchemaError("plot_rollback needs the table of rollback_readiness: ml.rollback_readiness(practices, lab)")
    with style():
        rows = readiness.reset_index(drop=True)
        ax = axes(ax, height=1.2 + 0.5 * max(len(rows), 1))
        for at, row in enumerate(rows.to_dict("records")):
            fresh = bool(row["rehearsed"]) and "rehearsed" not in str(row["gap"])
            _cell(ax, 0, at, "yes" if row["documented"] else "no", bool(row["documented"]))
            _cell(ax, 1, at, plain(row["rehearsed"], 10) if row["rehearsed"] else "never", fresh)
            _cell(ax, 2, at, minutes(float(row["likely_minutes"])) if pd.notna(row["likely_minutes"]) else "?")
            _cell(ax, 3, at, f"{int(row['incidents']):,}" if pd.notna(row["incidents"]) else "?")
            beside(ax, at, "\n".join(textwrap.wrap(plain(row["gap"] or "ready", 60), 26)))
        several = rows["change"].duplicated(keep=False)
        names = rows["change"].where(~several, rows["path"])
        name_rows(ax, [str(name)[:1].upper() + str(name)[1:] for name in names], width=32)
        ax.set_xlim(-0.5, len(_BACK) - 0.5)
        ax.set_xticks(range(len(_BACK)), _BACK)
        ax.xaxis.tick_top()
        ax.tick_params(axis="x", length=0)
        for side in ("top", "bottom", "left"):
            ax.spines[side].set_visible(False)
        return ax


def _cell(ax: Axes, column: int, row: int, words: str, holds: bool | None = None) -> None:
    from matplotlib.patches import Rectangle

    face, hatch = {True: ("#08519c", ""), False: ("white", "////"), None: ("white", "")}[holds]
    ax.add_patch(
        Rectangle((column - 0.47, row - 0.42), 0.94, 0.84, facecolor=face, hatch=hatch, edgecolor=_EDGE, linewidth=0.8)
    )
    box = {"boxstyle": "round,pad=0.12", "facecolor": "white", "edgecolor": "none"} if hatch else None
    ink = "white" if holds else INK if holds is False else QUIET
    ax.text(column, row, words, ha="center", va="center", fontsize=10, color=ink, bbox=box)
