"""What a team runs: who would be told of a failure, what gaps have cost, what answers it, what can be taken back."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pandas as pd

from mttrlab.errors import SchemaError
from mttrlab.figures.style import (
    BAND,
    INK,
    MARK,
    QUIET,
    axes,
    beside,
    counted,
    drawable,
    minutes_label,
    name_axis,
    name_rows,
    nothing,
    style,
    time_axis,
)
from mttrlab.schema import Record, table_records

if TYPE_CHECKING:
    from matplotlib.axes import Axes


_LOOKS: dict[str, tuple[str, str, str]] = {
    # face, hatch, ink: dark for good, light for late, hatched for nothing; apart in grey print as well
    "in time": ("#08519c", "", "white"),
    "part of the week": ("#9ecae1", "", INK),
    "late": ("#fdae6b", "", INK),
    "delay not known": ("#fee6ce", "", INK),
    "never fires for this fault": ("white", "////", INK),
    "not loaded": ("#fee6ce", "..", INK),
    "sent to nobody": ("white", "////", INK),
    "no alert": ("white", "////", INK),
    "to be mapped": (BAND, "", INK),
    "nothing": ("white", "", QUIET),
}
_MODES = {"availability": "availability", "latency": "latency", "error_rate": "error rate", "dependency": "dependency",
          "correctness": "correctness", "unknown": "unknown"}  # fmt: skip


def plot_coverage(cells: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw which failure mode of which service is noticed, and how soon.

    Parameters
    ----------
    cells : DataFrame
        `.cells` of what `alert_coverage` gives: `service, failure_mode, state, mean, alerts, hours_per_week, incidents,
        seen_by_alerts, minutes_lost`.
    ax : Axes, optional

    Returns
    -------
    Axes
        One row per service, one column per failure mode; in each cell the mean minutes to a page, and below them the
        minutes that history lost there.

    Raises
    ------
    SchemaError
        When the table is no map of coverage.
    """
    needed = {"service", "failure_mode", "state", "mean", "alerts", "hours_per_week", "incidents", "seen_by_alerts"}
    if not needed | {"minutes_lost"} <= set(cells):
        raise SchemaError("plot_coverage needs the cells of alert_coverage: ml.alert_coverage(...).cells")
    from matplotlib.patches import Patch, Rectangle

    with style():
        services = list(dict.fromkeys(cells["service"]))
        modes = [mode for mode in _MODES if mode in set(cells["failure_mode"])]
        ax = axes(ax, height=1.7 + 0.52 * max(len(services), 1))
        for cell in table_records(cells):
            row, column = services.index(cell["service"]), modes.index(str(cell["failure_mode"]))
            face, hatch, ink = _LOOKS[str(cell["state"])]
            ax.add_patch(
                Rectangle((column - 0.47, row - 0.46), 0.94, 0.92, facecolor=face, hatch=hatch, edgecolor="#c9c4ba",
                          linewidth=0.8)
            )  # fmt: skip
            lost = cell["minutes_lost"]
            partly = cell["state"] == "part of the week"
            below = [f"{float(cell['hours_per_week']):.3g} of 168 h"] if partly else []
            below += [f"{minutes_label(float(lost))} lost"] if pd.notna(lost) and lost > 0 else []
            box = {"boxstyle": "round,pad=0.12", "facecolor": "white", "edgecolor": "none"} if hatch else None
            lift = 0.1 + 0.07 * len(below) if below else 0.0
            ax.text(column, row - lift, _said(cell), ha="center", va="center", fontsize=10.5, color=ink, bbox=box,
                    fontweight="bold" if cell["state"] == "in time" else "normal")  # fmt: skip
            if below:
                at, size = row + 0.2 + 0.02 * len(below), 8.5 if len(below) == 1 else 7.5
                ax.text(column, at, "\n".join(below), ha="center", va="center", fontsize=size, color=ink, bbox=box)
        name_rows(ax, services)
        ax.set_xlim(-0.5, len(modes) - 0.5)
        ax.set_xticks(range(len(modes)), [_MODES[mode] for mode in modes])
        ax.xaxis.tick_top()
        ax.tick_params(axis="x", length=0)
        for side in ("top", "bottom"):
            ax.spines[side].set_visible(False)
        words = {
            "in time": "within the goal, 95 % sure", "part of the week": "on for part of the week",
            "late": "later than the goal", "not loaded": "seen by alerts that are not loaded",
            "no alert": "no alert, or sent to nobody", "to be mapped": "alerts of unknown kind",
        }  # fmt: skip
        usual = ("in time", "late", "no alert", "to be mapped")
        shown = {s: w for s, w in words.items() if s in usual or s in set(cells["state"])}
        keys = [
            Patch(facecolor=_LOOKS[s][0], hatch=_LOOKS[s][1], edgecolor="#c9c4ba", label=w) for s, w in shown.items()
        ]
        ax.legend(handles=keys, loc="upper left", bbox_to_anchor=(-0.1, -0.02), ncols=4 if len(keys) < 5 else 3,
                  frameon=False, fontsize=9.5, columnspacing=1.3, handlelength=1.6)  # fmt: skip
        if cells["minutes_lost"].notna().any():
            told = "minutes lost: from start to detection, where both stamps are recorded"
            ax.set_xlabel(told, labelpad=34 if len(keys) < 5 else 52, parse_math=False)
        return ax


def _said(cell: Record) -> str:
    state = str(cell["state"])
    if state in ("in time", "late", "part of the week"):
        return minutes_label(float(cell["mean"]))
    if state == "not loaded":
        return f"{int(cell['seen_by_alerts']):,} of {int(cell['incidents']):,} seen"
    if state == "nothing":
        return _times(int(cell["incidents"]), "incident") if pd.notna(cell["incidents"]) and cell["incidents"] else ""
    n = int(cell["alerts"])
    known = {"delay not known": "delay ?", "never fires for this fault": "never fires", "no alert": "no alert",
             "sent to nobody": "to nobody", "nothing": ""}  # fmt: skip
    return known.get(state, f"{_times(n, 'alert')} ?")


def _times(n: int, word: str) -> str:
    return f"{n:,} {word}{'s' * (n != 1)}"


def plot_gaps(gaps: pd.DataFrame, *, top: int = 12, ax: Axes | None = None) -> Axes:
    """Draw what the gaps of alert coverage have cost, the most expensive on top.

    Parameters
    ----------
    gaps : DataFrame
        As `alert_coverage(...).gaps()` gives them: `service, failure_mode, verdict, mean, incidents, minutes_lost,
        lost_low, lost_high`.
    top : int
        Bars at most.
    ax : Axes, optional

    Returns
    -------
    Axes
        Minutes between start and detection, summed, with their 95 % interval.

    Raises
    ------
    SchemaError
        When the table is none of gaps, or no history was given.
    """
    if not {"service", "failure_mode", "verdict", "minutes_lost", "lost_low", "lost_high"} <= set(gaps):
        raise SchemaError("plot_gaps needs the gaps of alert_coverage: ml.alert_coverage(...).gaps()")
    if len(gaps) and gaps["minutes_lost"].isna().all():
        raise SchemaError("plot_gaps needs history: ml.alert_coverage(services, alerts, incidents=lab).gaps()")
    with style():
        rows = gaps[gaps["minutes_lost"] > 0].head(top).reset_index(drop=True)
        ax = axes(ax, height=1.5 + 0.44 * max(len(rows), 1))
        for at, row in enumerate(rows.to_dict("records")):
            face, hatch, _ = _LOOKS[row["verdict"]]
            ax.barh(at, row["minutes_lost"], height=0.6, color=face, hatch=hatch, edgecolor=QUIET, linewidth=0.8)
            ax.plot([row["lost_low"], row["lost_high"]], [at, at], color=MARK, linewidth=1.6)
            late = f"{row['verdict']}, {minutes_label(row['mean'])}" if row["verdict"] == "late" else row["verdict"]
            words = f"{late}  ·  {_times(int(row['incidents']), 'incident')}"
            ax.annotate(words, (1.01, at), xycoords=("axes fraction", "data"), va="center", fontsize=9.5)
        if not len(rows):
            nothing(ax, "no gap has cost a known minute")
        names = [
            f"{drawable(row.service, 24)} · {_MODES.get(str(row.failure_mode), row.failure_mode)}"
            for row in rows.itertuples()
        ]
        name_rows(ax, names, width=40)
        ax.set_xlim(left=0)
        ax.grid(axis="x")
        words = "minutes between start and detection, all incidents of the exports  ·  line: where luck may put it"
        name_axis(ax, x=words, rests_on=rows)
        return ax


# What answers an incident: runbooks by the minutes behind them, and whether each kind of change can be taken back.


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
            told = f"  ·  reviewed {drawable(row['reviewed'], 10)}" if row["reviewed"] else ""
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
            _cell(ax, 1, at, drawable(row["rehearsed"], 10) if row["rehearsed"] else "never", fresh)
            _cell(ax, 2, at, minutes_label(float(row["likely_minutes"])) if pd.notna(row["likely_minutes"]) else "?")
            _cell(ax, 3, at, f"{int(row['incidents']):,}" if pd.notna(row["incidents"]) else "?")
            beside(ax, at, "\n".join(textwrap.wrap(drawable(row["gap"] or "ready", 60), 26)))
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
