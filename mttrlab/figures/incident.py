"""One incident on its own time: its story, a simulated one line by line, and the command center at a minute of it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from mttrlab.errors import SchemaError
from mttrlab.figures.style import (
    BAND,
    INK,
    MARK,
    OTHER,
    PHASE_COLOURS,
    QUIET,
    axes,
    drawable,
    minutes_label,
    name_axis,
    name_rows,
    style,
    time_axis,
)
from mttrlab.figures.style import minutes_label as length

if TYPE_CHECKING:
    from matplotlib.axes import Axes


_MARKS = {
    "stamp": ("D", INK), "metrics": ("s", PHASE_COLOURS["resolve"]), "alert": ("^", MARK),
    "deployment": ("P", PHASE_COLOURS["diagnose"]), "log": ("o", PHASE_COLOURS["detect"]), "people": ("v", OTHER),
}  # fmt: skip
MOST = 30


def plot_timeline(timeline: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the story of one incident.

    Parameters
    ----------
    timeline : DataFrame
        As `mttrlab.timeline` gives it. Of more than 30 events the stamps stay and the least telling log lines and
        alerts go; the axis says how many.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    with style():
        shown = _chosen(timeline)
        ax = axes(ax, height=1.4 + 0.34 * max(len(shown), 3))
        span = max(float(shown["minutes"].max() - shown["minutes"].min()), 1.0) if len(shown) else 1.0
        stamps = shown[shown["kind"] == "stamp"]
        if len(stamps) > 1:
            ax.axvspan(stamps["minutes"].min(), stamps["minutes"].max(), color=BAND, zorder=0)
        for place, line in enumerate(shown.to_dict("records")):
            mark, colour = _MARKS.get(line["kind"], ("o", QUIET))
            ax.plot([line["minutes"]], [place], mark, color=colour, markersize=8, zorder=3)
            service = f"{drawable(line['service'], 24)}: " if line["service"] and line["kind"] != "stamp" else ""
            words = f"{line['at']:%H:%M:%S}  {line['kind']} · {service}{drawable(line['what'], 46)}"
            weight = "bold" if line["kind"] == "stamp" else "normal"
            ax.annotate(words, (1.02, place), xycoords=("axes fraction", "data"), va="center", fontsize=10,
                        weight=weight)  # fmt: skip
        if len(shown):
            ax.set_xlim(shown["minutes"].min() - 0.04 * span, shown["minutes"].max() + 0.04 * span)
        ax.set_ylim(max(len(shown), 1) - 0.4, -0.6)
        ax.set_yticks([])
        ax.spines["left"].set_visible(False)
        ax.grid(axis="x")
        time_axis(ax, 5)
        left = len(timeline) - len(shown)
        more = f"; {left} more events are in the table" if left else ""
        name_axis(ax, x=f"since the impact began (UTC beside){more}")
        title = drawable(timeline.attrs.get("incident", ""), 60) if timeline.attrs.get("incident") else "One incident"
        ax.set_title(title, parse_math=False)
        return ax


def _chosen(timeline: pd.DataFrame) -> pd.DataFrame:
    if len(timeline) <= MOST:
        return timeline
    worth = timeline["kind"].map({"stamp": 0, "metrics": 1, "people": 2, "deployment": 3, "alert": 4, "log": 5})
    near = timeline["minutes"].abs()
    kept = timeline.assign(worth=worth, near=near).sort_values(["worth", "near"], kind="stable").index[:MOST]
    return timeline.loc[sorted(kept)]


# One simulated incident, told line by line on its own time.


_ENDS_WITH = {
    "detected": "detect",
    "fixed": "resolve",
    "admitted": "resolve",
    "deployed": "resolve",
    "resolved": "resolve",
    "checked": "verify",
    "closed": "verify",
    "reopened": "",
    "ended": "",
}
"""The step that ends a stretch of time → the phase that the stretch belongs to; every other step ends diagnosis."""


def plot_story(trace: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the story of one incident: a line for each thing that happened, a bar for the time it took.

    Parameters
    ----------
    trace : DataFrame
        As `trace(model, …)` gives it.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    if not isinstance(trace, pd.DataFrame) or not {"at", "minute", "minutes", "after", "command", "what"} <= set(trace):
        raise SchemaError("plot_story needs the table that trace gives: trace(model, 3)")
    with style():
        if ax is None:
            ax = axes(None, height=1.4 + 0.36 * max(len(trace), 3))
            ax.figure.set_size_inches(12.5, ax.figure.get_size_inches()[1])  # type: ignore[union-attr]
        begin = trace["minute"].to_numpy(float)
        ends = np.append(begin[1:], begin[-1:] + trace["minutes"].to_numpy(float)[-1:])
        after = [*trace["after"].tolist()[1:], "ended"]
        longest = float(ends[-1]) if len(ends) else 1.0
        seen: list[str] = []
        for place, (left, right, step) in enumerate(zip(begin, ends, after, strict=True)):
            queued = trace["command"].iloc[place] == "ASK"
            back = trace["after"].iloc[place] == "reopened"
            phase = "wait for somebody" if queued else "closed" if back else _ENDS_WITH.get(step, "diagnose")
            colour = PHASE_COLOURS.get(phase, QUIET)
            if right <= left:
                ax.plot([left], [place], "o", color=QUIET, markersize=5)
                continue
            name = phase if phase and phase not in seen else None
            seen.append(phase)
            ax.barh(
                place, right - left, left=left, height=0.62, color="none" if queued else colour, label=name,
                edgecolor=colour, hatch="////" if queued else None,
            )  # fmt: skip
            ax.text(
                right + longest * 0.008, place, minutes_label(right - left), va="center", fontsize=9.5, color=INK,
                parse_math=False,
            )  # fmt: skip
        # The bar is the wait that the second sentence speaks of.
        name_rows(ax, [str(what).partition(" Then a wait")[0] for what in trace["what"]], width=72)
        ax.set_xlim(0, (longest or 1.0) * 1.1)
        time_axis(ax)
        started = trace["at"].iloc[0].strftime("%Y-%m-%d %H:%M") if len(trace) else "?"
        name_axis(ax, x=f"since the fault began, {started} UTC\none simulated incident; bar: time that passes")
        if seen:
            legend = ax.legend(loc="upper right", fontsize=9.5, frameon=False)
            for text in legend.get_texts():
                text.set_parse_math(False)
        return ax


# The incident command center on one sheet, large enough for a projector.


_TITLES = {"error_rate": "Error rate", "latency_p95": "Latency (p95)", "throughput": "Throughput"}
_COLOURS = {"error_rate": "#D55E00", "latency_p95": "#0072B2", "throughput": "#009E73"}
_MOST_SERVICES, _MOST_ALERTS = 8, 6
_ALERT_WIDTH = 58
"""Letters that fit on a line of the panel."""
_PANEL = "#f5f4f1"


class Sheet(Figure):
    """A figure that a notebook shows by itself, whether or not anything has drawn there before."""

    def _repr_png_(self) -> bytes:
        held = io.BytesIO()
        self.savefig(held, format="png", dpi=80)
        return held.getvalue()


def plot_command_center(seen: Mapping[str, Any]) -> Figure:
    """Draw the command center.

    Parameters
    ----------
    seen : mapping
        As `mttrlab.review.command_center.center` finds it, with `words`, the three headlines.

    Returns
    -------
    Figure
        13.3 by 7.5 inches, as a slide is.
    """
    with style():
        figure = Sheet(figsize=(13.33, 7.5), facecolor="white")
        grid = figure.add_gridspec(
            3, 6, left=0.035, right=0.965, top=0.83, bottom=0.035, hspace=0.42, wspace=0.25,
            height_ratios=(1.15, 1.25, 0.85),
        )  # fmt: skip
        _head(figure, seen)
        for place, line in enumerate(seen["headline"].to_dict("records")):
            _number(figure.add_subplot(grid[0, 2 * place : 2 * place + 2]), line, seen["words"][place], seen)
        _bars(figure.add_subplot(grid[1, :]), seen)
        _list(figure.add_subplot(grid[2, :3]), "Recent deployments", _deployments(seen), seen["missing"], "deployments")
        _list(figure.add_subplot(grid[2, 3:]), "Active alerts", _alerts(seen), seen["missing"], "alerts")
    return figure


def _head(figure: Figure, seen: Mapping[str, Any]) -> None:
    minutes = seen["minutes"]
    since = f"{length(abs(minutes))} {'after' if minutes >= 0 else 'before'} {drawable(seen['began'], 20)}"
    words = [drawable(seen[name], 40) for name in ("severity", "service", "incident_id") if seen[name]]
    figure.text(0.035, 0.955, "INCIDENT COMMAND CENTER", fontsize=20, weight="bold", va="center")
    figure.text(0.965, 0.955, f"{seen['at']:%Y-%m-%d %H:%M} UTC · {since}", fontsize=16, ha="right", va="center")
    title = drawable(seen["title"], 70) if seen["title"] else ""
    figure.text(0.035, 0.91, " · ".join([*words, *([title] if title else [])]), fontsize=14, color=QUIET, va="center")


def _panel(ax: Axes, title: str) -> None:
    ax.set_facecolor(_PANEL)
    ax.set_title(title, fontsize=14, weight="bold", color=INK, pad=6)
    for side in ax.spines.values():
        side.set_visible(False)
    ax.set_xticks([])
    ax.set_yticks([])


def _number(ax: Axes, line: Mapping[str, Any], words: str, seen: Mapping[str, Any]) -> None:
    _panel(ax, _TITLES[line["measure"]])
    value, _, change = words.partition(" (")
    if words == "no data":
        _empty(ax, seen["missing"].get("metrics") or f"No data of this measure. To fill it, load {seen['needed']}.", 42)
        return
    ax.text(0.04, 0.83, value, transform=ax.transAxes, fontsize=28, weight="bold", va="center", color=INK)
    if change:
        ax.text(0.97, 0.83, f"({change}", transform=ax.transAxes, fontsize=16, va="center", ha="right", color=INK)
    trend = seen["trend"]
    known = trend[trend[line["measure"]].notna()] if len(trend) else trend
    if len(known) > 1:
        ax.plot(known["at"], known[line["measure"]], color=_COLOURS[line["measure"]], linewidth=2.2)
        low, high = float(known[line["measure"]].min()), float(known[line["measure"]].max())
        room = (high - low) or max(abs(high), 1.0)
        ax.set_ylim(low - 0.75 * room, high + 1.55 * room)
        ax.set_xlim(seen["at"] - pd.Timedelta("61min"), seen["at"] + pd.Timedelta("1min"))
        onset = seen["at"] - pd.Timedelta(minutes=seen["minutes"])
        if 0 < seen["minutes"] < 60:
            ax.axvline(onset, ymin=0.16, ymax=0.62, color=INK, linewidth=1.3, linestyle=(0, (4, 3)))
            ax.annotate(drawable(seen["began"], 20), (onset, 0.16), xycoords=("data", "axes fraction"), fontsize=10.5,
                        va="top", ha="center")  # fmt: skip
    ax.text(0.04, 0.05, "last 60 min", transform=ax.transAxes, fontsize=10.5, color=QUIET, va="bottom")
    if line["detail"]:
        # Under the number, where no neighbour stands beside it however long the name is.
        ax.text(
            0.04, 0.665, drawable(line["detail"], 44), transform=ax.transAxes, fontsize=10.5, color=QUIET, va="center"
        )


def _bars(ax: Axes, seen: Mapping[str, Any]) -> None:
    _panel(ax, "Error rate by service (last 15 min)")
    table = seen["services"]
    table = table[table["error_rate"].notna()]
    if table.empty:
        _empty(ax, seen["missing"].get("metrics") or f"No data. To fill it, load {seen['needed']}.", 120)
        return
    shown = table.head(_MOST_SERVICES)
    top = max(float(shown["error_rate"].max()), 1.0)
    for place, line in enumerate(shown.to_dict("records")):
        hit = line["service"] == seen["service"]
        ax.barh(place, line["error_rate"], height=0.62, color=MARK if line["error_rate"] >= 1 else "#9a9a9a")
        ax.annotate(f" {line['error_rate']:.1f}%", (line["error_rate"], place), va="center", fontsize=14, weight="bold")
        ax.annotate(drawable(line["service"], 30), (0, place), xytext=(-8, 0), textcoords="offset points", va="center",
                    ha="right", fontsize=14, weight="bold" if hit else "normal")  # fmt: skip
    ax.set_xlim(-0.30 * top, 1.12 * top)
    ax.set_ylim(max(len(shown), 4) - 0.4, -0.6)
    ax.axvline(0, color=QUIET, linewidth=1)
    rest = len(table) - len(shown)
    more = f"{rest} more services below {shown['error_rate'].iloc[-1]:.1f}%. " if rest else ""
    note = f"{more}Changes are held against the {drawable(seen['baseline'], 80)}."
    ax.text(0.995, -0.03, note, transform=ax.transAxes, ha="right", va="top", fontsize=10.5, color=QUIET)


def _deployments(seen: Mapping[str, Any]) -> list[str]:
    made = []
    for line in seen["deployments"].to_dict("records"):
        today = line["at"].date() == seen["at"].date()
        status = "" if pd.isna(line["status"]) else str(line["status"])
        usual = status.lower() in ("", "succeeded", "success", "deployed", "complete", "completed", "ok")
        version = "" if pd.isna(line["version"]) else drawable(line["version"], 24)
        measure = f"{line['at']:%H:%M}" if today else f"{line['at']:%d %b %H:%M}"
        made.append(
            f"{measure}  {drawable(line['service'], 28)} {version}" + ("" if usual else f" ({drawable(status, 14)})")
        )
    return made


def _alerts(seen: Mapping[str, Any]) -> list[str]:
    rows = seen["alerts"].to_dict("records")
    made = []
    for line in rows[:_MOST_ALERTS]:
        severity = "" if pd.isna(line["severity"]) else f"[{drawable(line['severity'], 10)}] "
        service = f" · {drawable(line['service'], 24)}" if not pd.isna(line["service"]) else ""
        since = f" · for {length((seen['at'] - line['started_at']).total_seconds() / 60)}"
        name = f"{severity}{drawable(line['alert'], 52)}"
        told = next((more for more in (f"{service}{since}", since) if len(name + more) <= _ALERT_WIDTH), "")
        made.append(f"{name}{told}")
    return [*made, f"and {len(rows) - _MOST_ALERTS} more"] if len(rows) > _MOST_ALERTS else made


def _list(ax: Axes, title: str, lines: list[str], missing: Mapping[str, str], name: str) -> None:
    _panel(ax, title)
    if not lines:
        _empty(ax, missing.get(name, "None."), 66)
        return
    size = 14 if len(lines) <= 5 else 12
    for place, words in enumerate(lines):
        ax.text(0.02, 0.88 - 0.78 * place / max(len(lines) - 1, 4), words, transform=ax.transAxes, fontsize=size,
                va="center", family=["DejaVu Sans"])  # fmt: skip


def _empty(ax: Axes, sentence: str, width: int) -> None:
    import textwrap

    ax.text(0.03, 0.5, "\n".join(textwrap.wrap(sentence, width)), transform=ax.transAxes, fontsize=12, color=QUIET,
            va="center", linespacing=1.4)  # fmt: skip
