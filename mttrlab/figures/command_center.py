"""The incident command center on one sheet, large enough for a projector."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd
from matplotlib.figure import Figure

from mttrlab.figures.style import INK, MARK, QUIET, plain, style
from mttrlab.figures.style import minutes as length

if TYPE_CHECKING:
    from matplotlib.axes import Axes

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
    since = f"{length(abs(minutes))} {'after' if minutes >= 0 else 'before'} {plain(seen['began'], 20)}"
    words = [plain(seen[name], 40) for name in ("severity", "service", "incident_id") if seen[name]]
    figure.text(0.035, 0.955, "INCIDENT COMMAND CENTER", fontsize=20, weight="bold", va="center")
    figure.text(0.965, 0.955, f"{seen['at']:%Y-%m-%d %H:%M} UTC · {since}", fontsize=16, ha="right", va="center")
    title = plain(seen["title"], 70) if seen["title"] else ""
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
            ax.annotate(plain(seen["began"], 20), (onset, 0.16), xycoords=("data", "axes fraction"), fontsize=10.5,
                        va="top", ha="center")  # fmt: skip
    ax.text(0.04, 0.05, "last 60 min", transform=ax.transAxes, fontsize=10.5, color=QUIET, va="bottom")
    if line["detail"]:
        # Under the number, where no neighbour stands beside it however long the name is.
        ax.text(0.04, 0.665, plain(line["detail"], 44), transform=ax.transAxes, fontsize=10.5, color=QUIET, va="center")


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
        ax.annotate(plain(line["service"], 30), (0, place), xytext=(-8, 0), textcoords="offset points", va="center",
                    ha="right", fontsize=14, weight="bold" if hit else "normal")  # fmt: skip
    ax.set_xlim(-0.30 * top, 1.12 * top)
    ax.set_ylim(max(len(shown), 4) - 0.4, -0.6)
    ax.axvline(0, color=QUIET, linewidth=1)
    rest = len(table) - len(shown)
    more = f"{rest} more services below {shown['error_rate'].iloc[-1]:.1f}%. " if rest else ""
    note = f"{more}Changes are held against the {plain(seen['baseline'], 80)}."
    ax.text(0.995, -0.03, note, transform=ax.transAxes, ha="right", va="top", fontsize=10.5, color=QUIET)


def _deployments(seen: Mapping[str, Any]) -> list[str]:
    made = []
    for line in seen["deployments"].to_dict("records"):
        today = line["at"].date() == seen["at"].date()
        status = "" if pd.isna(line["status"]) else str(line["status"])
        usual = status.lower() in ("", "succeeded", "success", "deployed", "complete", "completed", "ok")
        version = "" if pd.isna(line["version"]) else plain(line["version"], 24)
        clock = f"{line['at']:%H:%M}" if today else f"{line['at']:%d %b %H:%M}"
        made.append(f"{clock}  {plain(line['service'], 28)} {version}" + ("" if usual else f" ({plain(status, 14)})"))
    return made


def _alerts(seen: Mapping[str, Any]) -> list[str]:
    rows = seen["alerts"].to_dict("records")
    made = []
    for line in rows[:_MOST_ALERTS]:
        severity = "" if pd.isna(line["severity"]) else f"[{plain(line['severity'], 10)}] "
        service = f" · {plain(line['service'], 24)}" if not pd.isna(line["service"]) else ""
        since = f" · for {length((seen['at'] - line['started_at']).total_seconds() / 60)}"
        name = f"{severity}{plain(line['alert'], 52)}"
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
