"""How long incidents took, month by month, and which maturity level that comes to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from mttrlab.errors import SchemaError
from mttrlab.figures.style import (
    BAND,
    INK,
    LEVEL_COLOURS,
    LIMITS,
    MARK,
    QUIET,
    axes,
    beside,
    counted,
    minutes_label,
    name_axis,
    name_rows,
    nothing,
    style,
)
from mttrlab.schema import CLOCKS, LEVELS, NO_LEVEL

if TYPE_CHECKING:
    from matplotlib.axes import Axes


_PLAIN = {"geometric_mean": "typical time", "mean": "average time", "median": "time within which half ended"}


def plot_months(
    months: pd.DataFrame,
    *,
    statistic: str | None = None,
    reviewed: str | None = None,
    changes: pd.DataFrame | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw one statistic of every month with its range, the number of incidents below, open ones marked.

    Parameters
    ----------
    months : DataFrame
        As `monthly_mttr` gives it, or `monthly_limits`: then with the limits that luck alone keeps, and the months
        outside them ringed.
    statistic : str, optional
        `mean`, `median` or `typical`; default: the one of the last two that the table has.
    reviewed : str, optional
        The month to point at, as 2026-06.
    changes : DataFrame, optional
        As `what_changed` gives it: the levels before and after each change of this measure, with its date and what the
        team did and when.
    ax : Axes, optional

    Returns
    -------
    Axes
        Minutes on a logarithmic axis.

    Raises
    ------
    SchemaError
        When the table has no such statistic.
    """
    if statistic is None:
        statistic = "geometric_mean" if "geometric_mean" in months else "median"
    if statistic not in months:
        raise SchemaError(f"plot_months can draw mean, median or geometric_mean; this table has no {statistic!r}")
    with style():
        ax = axes(ax, height=4.0)
        table = months.reset_index(drop=True)
        ax.set_yscale("log")
        keys = [pd.Timestamp(month).strftime("%Y-%m") for month in table["month"]]
        if reviewed in keys:
            ax.axvspan(keys.index(reviewed) - 0.5, keys.index(reviewed) + 0.5, color=BAND, zorder=0)
        limited = (
            statistic == "geometric_mean" and {"centre", "low", "high"} <= set(table) and table["low"].notna().any()
        )
        if limited:
            _limits(ax, table)
        for row, line in table.iterrows():
            place = float(str(row))
            colour = MARK if keys[int(place)] == reviewed else INK
            if pd.isna(line[statistic]):
                continue
            low, high = line[f"{statistic}_low"], line[f"{statistic}_high"]
            if pd.notna(low) and pd.notna(high):
                # An upper end that is not known runs out of the picture.
                ax.plot([place, place], [max(low, 0.1), min(max(high, 0.1), 1e9)], color=colour, linewidth=1.6)
            whole = colour if pd.notna(low) else "white"
            marker = "o" if colour == INK else "D"
            ax.plot([place], [max(line[statistic], 0.1)], marker, color=colour, markerfacecolor=whole, markersize=6)
        if not table[statistic].notna().any():
            nothing(ax, "none of these months has an incident that ended on this clock", keep_marks=True)
        _scale(ax, table, statistic)
        if changes is not None and keys:
            _draw_changes(ax, changes, str(table["measure"].iloc[0]), keys)
        _name_months(ax, table, keys)
        name_axis(ax, y="time")
        shown = f"{keys[0]} to {keys[-1]}, months of UTC" if keys else "no month"
        below = "below each month: its incidents  ·  triangle: of which still open"
        luck = (
            "\ngrey: where luck alone would keep a month of so many incidents  ·  ring: outside it" if limited else ""
        )
        if changes is not None:
            luck += "\norange: level before and after a change  ·  grey: 95 % sure that it came here"
        name = _PLAIN.get(statistic, statistic)
        name_axis(ax, x=f"{shown}  ·  dot: {name}, line: its range\n{below}{luck}", rests_on=table)
        return ax


def _draw_changes(ax: Axes, changes: pd.DataFrame, measure: str, keys: list[str]) -> None:
    """Draw the levels before and after each change of a measure, the doubt of its date, and known events."""

    def place(day: pd.Timestamp) -> float:
        month = day.strftime("%Y-%m")
        found = keys.index(month) if month in keys else (-0.5 if month < keys[0] else len(keys) - 0.5)
        return found - 0.5 + (day.day - 1) / day.days_in_month if month in keys else found

    rows = changes[(changes["measure"] == measure) & (changes["by"] == "") & changes["at"].notna()].sort_values("at")
    ends = [-0.5, *(place(day) for day in rows["at"]), len(keys) - 0.5]
    for number, (_, row) in enumerate(rows.iterrows()):
        if pd.notna(row["at_low"]):
            ax.axvspan(place(row["at_low"]), place(row["at_high"]), color=LIMITS, linewidth=0, zorder=0.4)
        levels = [(ends[number], ends[number + 1], row["before"])] if number == 0 else []
        for left, right, level in [*levels, (ends[number + 1], ends[number + 2], row["after"])]:
            ax.plot([left, right], [level, level], color=MARK, linewidth=2.2, zorder=3)
            first = number == 0 and left == ends[0]
            ax.annotate(
                minutes_label(level), (left if first else right, level), xytext=(3 if first else -3, 6),
                textcoords="offset points", ha="left" if first else "right", color=MARK, fontweight="bold", zorder=4,
                bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 1},
            )  # fmt: skip
    for event in changes.attrs.get("known_events", ()):
        if keys[0] <= event.at.strftime("%Y-%m") <= keys[-1]:
            ax.axvline(place(event.at), color=QUIET, linewidth=1.2, linestyle=":", zorder=2)
            ax.annotate(
                event.name, (place(event.at), 1.0), xycoords=("data", "axes fraction"), xytext=(4, -4),
                textcoords="offset points", va="top", fontsize=9, color=QUIET,
            )  # fmt: skip


def _limits(ax: Axes, table: pd.DataFrame) -> None:
    """Draw each month's limits as a step of its own: they widen where incidents are few."""
    for row, line in table.iterrows():
        place = float(str(row))
        if pd.isna(line["low"]):
            continue
        ax.fill_between([place - 0.5, place + 0.5], line["low"], line["high"], color=LIMITS, linewidth=0, zorder=0.5)
        if line.get("signal"):
            at = [place], [line["geometric_mean"]]
            ax.plot(*at, "o", color=MARK, markersize=15, markeredgewidth=1.6, markerfacecolor="none")
    ax.axhline(float(table["centre"].iloc[0]), color=QUIET, linewidth=1, linestyle="--")


def _scale(ax: Axes, table: pd.DataFrame, statistic: str) -> None:
    held = [statistic, f"{statistic}_low", f"{statistic}_high"]
    values = pd.concat([table[name] for name in held if name in table]).dropna()
    known = table[statistic].dropna()
    low, high = (float(values.min()), float(values.max())) if len(values) else (10.0, 240.0)
    if len(known):
        # An interval that reaches to nothing, or a hundredfold, must not flatten the months themselves.
        low, high = max(low, float(known.min()) / 4, 0.5), max(min(high, float(known.max()) * 4), 1.0)
    ax.set_ylim(low / 1.6, high * 1.6)
    marks = [m for m in (1, 5, 15, 30, 60, 120, 240, 480, 1440, 4320, 10080, 43200) if low / 1.6 <= m <= high * 1.6]
    ax.set_yticks(marks, [minutes_label(m).replace("1.0 days", "1 day") for m in marks])
    ax.set_yticks([], minor=True)
    ax.grid(axis="y")
    # The levels are of whole incidents: a phase earns none.
    measure = str(table["measure"].iloc[0]) if "measure" in table and len(table) else "recovery"
    for name, limit in LEVELS if measure in CLOCKS else ():
        if low / 1.6 < limit < high * 1.6:
            ax.annotate(
                f"below: {name}",
                (1.0, limit),
                xycoords=("axes fraction", "data"),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=9,
                color=QUIET,
            )


def _name_months(ax: Axes, table: pd.DataFrame, keys: list[str]) -> None:
    labels = []
    for place, key in enumerate(keys):
        month = pd.Timestamp(f"{key}-01")
        year = f"\n{month.year}" if place == 0 or month.month == 1 else "\n"
        line = table.iloc[place]
        name = month.strftime("%b") if len(keys) <= 26 else month.strftime("%b")[0]
        labels.append(f"{name}{year}\n{int(line['incidents']):,}")
    every = max(1, -(-len(keys) // 26))
    # Counted back from the newest month, so that the newest is always named.
    shown = [place for place in range(len(keys)) if (len(keys) - 1 - place) % every == 0]
    if every > 1:
        for before, place in zip([None, *shown], shown, strict=False):
            if before is None or keys[before][:4] != keys[place][:4]:
                name, _, count = labels[place].split("\n")
                labels[place] = f"{name}\n{keys[place][:4]}\n{count}"
            else:
                labels[place] = "\n\n".join(labels[place].split("\n")[::2])
    ax.set_xticks(shown, [labels[place] for place in shown], fontsize=9 if len(shown) <= 14 else 8)
    ax.set_xlim(-0.6, len(keys) - 0.4)
    ax.tick_params(axis="x", length=0)
    for place in range(len(keys)):
        if int(table.iloc[place]["open"]):
            ax.plot([place], [0.025], "^", color=MARK, transform=ax.get_xaxis_transform(), markersize=7)
            ax.annotate(
                f"{int(table.iloc[place]['open'])}",
                (place, 0.025),
                xycoords=("data", "axes fraction"),
                xytext=(0, 5),
                textcoords="offset points",
                ha="center",
                va="bottom",
                fontsize=9,
            )


_STATISTICS = {"mean": "average", "median": "half end within", "P90": "nine in ten end within"}
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
        name_rows(ax, [_STATISTICS.get(str(line), str(line)) for line in table["statistic"]])
        ax.set_xlim(0, 1)
        ax.set_xticks([0, 0.2, 0.5, 0.8, 1], ["0", "1 in 5", "even", "4 in 5", "sure"])
        ax.axvline(0.8, color=QUIET, linewidth=0.8, linestyle=":")
        _key_of_levels(ax, names)
        name_axis(ax, x="how likely each level is  ·  right: what the evidence carries", rests_on=table)
        return ax


def _key_of_levels(ax: Axes, names: list[str]) -> None:
    from matplotlib.patches import Patch

    limits = [*(f"{name} < {minutes_label(limit)}" for name, limit in LEVELS), NO_LEVEL]
    keys = [Patch(facecolor=c, label=label) for c, label in zip(LEVEL_COLOURS, limits, strict=True)]
    ax.legend(
        handles=keys, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=len(names), frameon=False, fontsize=9,
        handlelength=1.1, columnspacing=1.0,
    )  # fmt: skip
