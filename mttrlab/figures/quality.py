"""How good the stamps are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from mttrlab.figures.style import INK, axes, drawable, name_axis, name_rows, style
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
_PARTS = ("source", "service", "month")
_WIDEST = 44
"""Characters of a row's name."""


def plot_quality(quality: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw how many incidents have each verdict, milestone by milestone.

    Parameters
    ----------
    quality : DataFrame
        As `lab.quality()` gives it: `milestone`, `verdict`, `incidents`; with `source`, `service` or `month` (and
        `share`), shares of each part are drawn: a row per part, and a column per month where there are months.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    if any(part in quality for part in _PARTS):
        return _parts(quality, ax)
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
        _legend(ax, [verdict for verdict in VERDICTS if any(counts.get((m, verdict)) for m in milestones)])
        name_axis(ax, x=f"incidents ({int(total):,} in all)  ·  only recorded stamps are used for minutes")
        ax.set_xlim(0, total)
        return ax


def _parts(quality: pd.DataFrame, ax: Axes | None) -> Axes:
    named = [part for part in _PARTS if part in quality]
    parts = [part for part in named if part != "month"]
    told = quality.assign(**{part: quality[part].fillna("not said") for part in named})
    told = told.assign(milestone=pd.Categorical(told["milestone"], STAMPS, ordered=True))
    kinds = ["milestone", *parts]
    rows = [tuple(row) for row in told[kinds].drop_duplicates().sort_values(kinds).to_numpy().tolist()]
    months: list[str] = sorted(told["month"].unique()) if "month" in told else []
    with style():
        ax = axes(ax, height=1.6 + 0.4 * max(len(rows), 2))
        reached: dict[tuple, float] = {}
        told = told.assign(rank=[VERDICTS.index(verdict) for verdict in told["verdict"]]).sort_values("rank")
        for line in told.to_dict("records"):
            colour, hatch = _LOOK[line["verdict"]]
            row = rows.index(tuple(line[kind] for kind in kinds))
            column = months.index(line["month"]) if months else 0
            begun = reached.get((row, column), 0.0)
            share = float(line["share"])
            reached[row, column] = begun + share
            if months:
                # Rows run downwards, so a bar that grows upwards is drawn with a negative height.
                ax.bar(
                    column,
                    -0.8 * share,
                    bottom=row + 0.4 - 0.8 * begun,
                    width=0.8,
                    color=colour,
                    hatch=hatch,
                    edgecolor=INK,
                    linewidth=0.4,
                )
            else:
                ax.barh(row, share, left=begun, height=0.7, color=colour, hatch=hatch, edgecolor=INK, linewidth=0.4)
        numbers = told.groupby(kinds, observed=True)["incidents"].sum().to_dict()
        name_rows(ax, [_named(row, numbers[row if parts else row[0]]) for row in rows], width=_WIDEST)
        _legend(ax, [verdict for verdict in VERDICTS if (told["verdict"] == verdict).any()])
        if months:
            shown = range(0, len(months), 1 + len(months) // 25)
            ax.set_xticks(shown, [drawable(months[place], 10) for place in shown], rotation=90)
            ax.set_xlim(-0.6, len(months) - 0.4)
        else:
            ax.set_xlim(0, 1)
        name_axis(ax, x=f"{'month; height: ' if months else ''}share of the incidents (how many, in brackets)")
        return ax


def _named(row: tuple, number: float) -> str:
    """Return the name of a row and how many incidents it has; a long name loses its middle, the number nothing."""
    milestone, count = str(row[0]).removesuffix("_at"), f" ({number:,.0f})"
    left = _WIDEST - len(milestone) - len(count) - 3 * len(row[1:])
    parts = [str(part) for part in row[1:]]
    each = left // max(len(parts), 1)
    cut = [part if len(part) <= each else f"{part[: each - each // 3 - 1]}…{part[-(each // 3) :]}" for part in parts]
    return " · ".join([milestone, *cut]) + count


def _legend(ax: Axes, verdicts: list[str]) -> None:
    from matplotlib.patches import Patch

    keys = [
        Patch(
            facecolor=_LOOK[v][0], hatch=_LOOK[v][1], edgecolor=INK, linewidth=0.6, label=drawable(v.replace("_", " "))
        )
        for v in verdicts
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
