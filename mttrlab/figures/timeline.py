"""The story of one incident, a line an event, over the minutes since it began."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from mttrlab.figures.style import BAND, INK, MARK, OTHER, PHASE_COLOURS, QUIET, axes, name_axis, plain, style, time_axis

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
            service = f"{plain(line['service'], 24)}: " if line["service"] and line["kind"] != "stamp" else ""
            words = f"{line['at']:%H:%M:%S}  {line['kind']} · {service}{plain(line['what'], 46)}"
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
        title = plain(timeline.attrs.get("incident", ""), 60) if timeline.attrs.get("incident") else "One incident"
        ax.set_title(title, parse_math=False)
        return ax


def _chosen(timeline: pd.DataFrame) -> pd.DataFrame:
    if len(timeline) <= MOST:
        return timeline
    worth = timeline["kind"].map({"stamp": 0, "metrics": 1, "people": 2, "deployment": 3, "alert": 4, "log": 5})
    near = timeline["minutes"].abs()
    kept = timeline.assign(worth=worth, near=near).sort_values(["worth", "near"], kind="stable").index[:MOST]
    return timeline.loc[sorted(kept)]
