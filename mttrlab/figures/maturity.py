"""How likely each maturity level is, as a strip."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from mttrlab.errors import SchemaError
from mttrlab.figures.style import (
    LEVEL_COLOURS,
    QUIET,
    axes,
    beside,
    counted,
    minutes_label,
    name_axis,
    name_rows,
    style,
)
from mttrlab.schema import LEVELS, NO_LEVEL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PLAIN = {"mean": "average", "median": "half end within", "P90": "nine in ten end within"}
_CHANCES = ("p_elite", "p_advanced", "p_intermediate", "p_basic", "p_no_level")


def plot_maturity(maturity: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw, for mean, median and P90, how likely each level is, and the level that the evidence carries.

    Parameters
    ----------
    maturity : DataFrame
        As `maturity` gives it: `statistic, minutes, n, awarded`, and the probability of each level.
    ax : Axes, optional

    Returns
    -------
    Axes
        One strip per statistic, its width shared out among the levels.

    Raises
    ------
    SchemaError
        When the table is none of `maturity`.
    """
    if not {"statistic", "awarded", *_CHANCES} <= set(maturity):
        raise SchemaError("plot_maturity needs the table that maturity gives")
    with style():
        table = maturity.reset_index(drop=True)
        ax = axes(ax, height=1.9 + 0.62 * max(len(table), 1))
        names = [*(name for name, _ in LEVELS), NO_LEVEL]
        for row, line in table.iterrows():
            position, left = float(str(row)), 0.0
            known = bool(pd.notna(line["p_elite"]))
            if not known:
                ax.barh(position, 1, height=0.56, color="white", edgecolor=QUIET, hatch="..", linewidth=0.6)
            for name, column, colour in zip(names, _CHANCES, LEVEL_COLOURS, strict=True):
                chance = float(line[column])
                if not chance > 0:
                    continue
                ax.barh(position, chance, left=left, height=0.56, color=colour, edgecolor="white")
                if chance > 0.09:
                    dark = colour in (LEVEL_COLOURS[0], LEVEL_COLOURS[1], LEVEL_COLOURS[-1])
                    words = f"{name}\n{chance:.0%}" if chance < 0.995 else f"{name}\nsure"
                    ax.text(left + chance / 2, position, words, ha="center", va="center", fontsize=9,
                            color="white" if dark else "black", linespacing=1.05)  # fmt: skip
                left += chance
            at = minutes_label(float(line["minutes"])) if pd.notna(line["minutes"]) else "not known"
            beside(ax, position, f"{line['awarded']}\n{at}, {counted(int(line['n']))}")
        name_rows(ax, [_PLAIN.get(str(line), str(line)) for line in table["statistic"]])
        ax.set_xlim(0, 1)
        ax.set_xticks([0, 0.2, 0.5, 0.8, 1], ["0", "1 in 5", "even", "4 in 5", "sure"])
        ax.axvline(0.8, color=QUIET, linewidth=0.8, linestyle=":")
        _key(ax, names)
        name_axis(ax, x="how likely each level is  ·  right: what the evidence carries", rests_on=table)
        return ax


def _key(ax: Axes, names: list[str]) -> None:
    from matplotlib.patches import Patch

    limits = [*(f"{name} < {minutes_label(limit)}" for name, limit in LEVELS), NO_LEVEL]
    keys = [Patch(facecolor=c, label=label) for c, label in zip(LEVEL_COLOURS, limits, strict=True)]
    ax.legend(
        handles=keys, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=len(names), frameon=False, fontsize=9,
        handlelength=1.1, columnspacing=1.0,
    )  # fmt: skip
