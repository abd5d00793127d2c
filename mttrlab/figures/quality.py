"""How good the stamps are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from mttrlab.figures.style import INK, axes, name_axis, name_rows, plain, style
from mttrlab.schema import STAMPS, VERDICTS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LOOK = {
    "recorded": ("#009E73", None),
    "pending": ("#56B4E9", ".."),
    "missing": ("#ffffff", "xx"),
    "not_applicable": ("#d9d9d9", None),
    "defaulted": ("#E69F00", "//"),
    "out_of_order": ("#D55E00", "\\\\"),
    "suspect": ("#CC79A7", "++"),
}


def plot_quality(quality: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw how many incidents have each verdict, milestone by milestone.

    Parameters
    ----------
    quality : DataFrame
        As `lab.quality()` gives it: `milestone`, `verdict`, `incidents`.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    with style():
        pairs = zip(quality["milestone"], quality["verdict"], quality["incidents"], strict=True)
        counts: dict[tuple[str, str], float] = {}
        for milestone, verdict, incidents in pairs:
            counts[milestone, verdict] = counts.get((milestone, verdict), 0.0) + float(incidents)
        milestones = [stamp for stamp in STAMPS if any(key[0] == stamp for key in counts)]
        ax = axes(ax, height=1.6 + 0.5 * max(len(milestones), 2))
        total = max((sum(counts.get((m, v), 0.0) for v in VERDICTS) for m in milestones), default=0.0) or 1.0
        for position, milestone in enumerate(milestones):
            left = 0.0
            for verdict in VERDICTS:
                number = counts.get((milestone, verdict), 0.0)
                if not number:
                    continue
                colour, hatch = _LOOK[verdict]
                ax.barh(
                    position, number, left=left, height=0.7, color=colour, hatch=hatch, edgecolor=INK, linewidth=0.6
                )
                if number / total > 0.045:
                    ax.text(
                        left + number / 2,
                        position,
                        f"{number:,.0f}",
                        ha="center",
                        va="center",
                        fontsize=10,
                        bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.9},
                    )
                left += number
        name_rows(ax, [milestone.removesuffix("_at") for milestone in milestones])
        present = [verdict for verdict in VERDICTS if any(counts.get((m, verdict)) for m in milestones)]
        from matplotlib.patches import Patch

        keys = [
            Patch(
                facecolor=_LOOK[v][0], hatch=_LOOK[v][1], edgecolor=INK, linewidth=0.6, label=plain(v.replace("_", " "))
            )
            for v in present
        ]
        ax.legend(
            handles=keys,
            loc="lower left",
            bbox_to_anchor=(0, 1.0),
            ncols=4,
            frameon=False,
            fontsize=10,
            handlelength=1.4,
            columnspacing=1.2,
        )
        name_axis(ax, x=f"incidents (n = {int(total):,})  ·  only recorded stamps are used for minutes")
        ax.set_xlim(0, total)
        return ax
