"""Every incident as a dot, phase by phase."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mttrlab.figures.style import BAND, INK, PHASE_COLOURS, axes, name_axis, name_rows
from mttrlab.schema import PHASE_RANGES, PHASES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SHORTEST = 0.1
"""A logarithmic axis has no zero: what took less than six seconds stands at its edge."""
_MARKS = {0.1: "0", 1: "1 min", 10: "10 min", 60: "1 h", 240: "4 h", 1440: "1 day", 10080: "1 week"}


def draw_incidents(phases: pd.DataFrame, ax: Axes | None) -> Axes:
    """Draw the minutes of each incident and phase on a logarithmic axis over the typical ranges."""
    ax = axes(ax, height=1.3 + 0.62 * len(PHASES))
    ax.set_xscale("log")
    names = []
    for position, phase in enumerate(PHASES):
        low, high = PHASE_RANGES[phase]
        low = max(low, _SHORTEST)
        ax.barh(position, high - low, left=low, height=0.86, color=BAND, zorder=0)
        known = phases[phase].to_numpy(float) if phase in phases else np.empty(0)
        flag = phases.get(f"{phase}_observed")
        ended = np.ones(len(known), bool) if flag is None else flag.fillna(False).to_numpy(bool)
        ended, known = ended[~np.isnan(known)], known[~np.isnan(known)]
        # Golden-ratio steps spread the dots evenly and the same way every time.
        height = position + 0.68 * (np.arange(len(known)) * 0.618034 % 1 - 0.5)
        minutes = np.maximum(known, _SHORTEST)
        ax.scatter(minutes[ended], height[ended], s=14, alpha=0.6, color=PHASE_COLOURS[phase], linewidths=0)
        ax.scatter(minutes[~ended], height[~ended], s=30, marker=">", facecolors="none", edgecolors=INK)
        still = f", {int((~ended).sum()):,} running" if not ended.all() else ""
        names.append(f"{phase} (n = {int(ended.sum()):,}{still})")
    name_rows(ax, names, width=40)
    left, right = ax.get_xlim()
    ax.set_xticks(list(_MARKS), list(_MARKS.values()))
    ax.set_xticks([], minor=True)
    ax.set_xlim(max(left, 0.08), max(right, 130))
    name_axis(ax, x="one dot per incident, logarithmic  ·  pale band: typical range  ·  triangle: still running")
    return ax
