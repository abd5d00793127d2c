"""What each lever would save, and what each investment buys back: side by side."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mttrlab.errors import SchemaError
from mttrlab.figures.style import (
    INK,
    PHASE_COLOURS,
    QUIET,
    axes,
    beside,
    clock_words,
    minutes_label,
    name_axis,
    name_rows,
    style,
    time_axis,
)
from mttrlab.schema import Record, table_records

if TYPE_CHECKING:
    from matplotlib.axes import Axes


_NEEDED = {"scenario", "measure", "saving", "saving_low", "saving_high"}


def plot_levers(savings: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the minutes that each scenario saves per incident, the largest first, with the band of luck.

    Parameters
    ----------
    savings : DataFrame
        As `compare_scenarios` gives it; a row that saves nothing by definition (the baseline) is left to the caption.
        With `refits`, a line with ends shows what the fit does not know.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    if not isinstance(savings, pd.DataFrame) or not set(savings) >= _NEEDED:
        raise SchemaError("plot_levers needs the table that compare_scenarios or what_if gives")
    with style():
        table = savings[savings["scenario"].str.lower() != "baseline"]
        table = table.sort_values("saving", ascending=False, kind="stable").reset_index(drop=True)
        ax = axes(ax, height=1.5 + 0.55 * max(len(table), 2))
        refitted = "saving_refit_low" in table
        for row, line in table.iterrows():
            position = float(str(row))
            ax.plot(
                [line["saving_low"], line["saving_high"]], [position] * 2, color=PHASE_COLOURS["diagnose"], linewidth=5
            )
            if refitted and line["saving_refit_low"] <= line["saving_refit_high"]:
                ends = [line["saving_refit_low"], line["saving_refit_high"]]
                ax.plot(ends, [position] * 2, color=INK, linewidth=1.5, marker="|", markersize=11)
            ax.plot([line["saving"]], [position], "D", color=INK, markersize=7)
            band = f"{minutes_label(line['saving_low'])} to {minutes_label(line['saving_high'])}"
            beside(ax, position, f"{minutes_label(line['saving'])} ({band})")
        name_rows(ax, table["scenario"], width=40)
        ax.axvline(0, color=QUIET, linewidth=1)
        low, high = (float(table["saving_low"].min()), float(table["saving_high"].max())) if len(table) else (0.0, 1.0)
        if refitted:
            low, high = np.fmin(low, table["saving_refit_low"].min()), np.fmax(high, table["saving_refit_high"].max())
        low, high = min(low, 0.0), max(high, 1e-3)
        ax.set_xlim(low - 0.05 * (high - low), high + 0.05 * (high - low))
        time_axis(ax)
        measure = clock_words(table)
        runs = _runs(savings) if len(table) else ""
        doubt = "luck; line: 8 of 10 refits to resampled history" if refitted else "luck only"
        name_axis(ax, x=f"saved per incident, {measure}\nbar: 8 of 10 runs{runs}; {doubt}")
        return ax


def _runs(savings: pd.DataFrame) -> str:
    """Return how many runs there were, how long each, and which chance made them."""
    first = savings.iloc[0]
    said = f", {int(first['replications'])} simulated" if "replications" in savings else ""
    said += f" of {savings.attrs['days']:g} days" if said and "days" in savings.attrs else ""
    return said + (f", seed {int(first['seed'])}" if "seed" in savings else "")


# What each investment buys back, and how sure its place is.


_RANKED_COLUMNS = {
    "investment", "rival", "measure", "minutes_saved_per_year", "minutes_saved_per_year_low",
    "minutes_saved_per_year_high", "expected_low", "expected_high", "best", "per_1000",
}  # fmt: skip


def plot_ranking(ranked: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the minutes that each investment saves in a year, in the order of the ranking, with what its money buys.

    Parameters
    ----------
    ranked : DataFrame
        As `rank_investments` gives it. Thick: what is expected, for all that is not known; thin: single horizons, luck
        as well.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    if not isinstance(ranked, pd.DataFrame) or not set(ranked) >= _RANKED_COLUMNS:
        raise SchemaError("plot_ranking needs the table that rank_investments gives")
    with style():
        ax = axes(ax, height=1.7 + 0.6 * max(len(ranked), 2))
        for position, row in enumerate(table_records(ranked)):
            colour = QUIET if row["rival"] else PHASE_COLOURS["diagnose"]
            ax.plot(
                [row["minutes_saved_per_year_low"], row["minutes_saved_per_year_high"]],
                [position] * 2,
                color=colour,
                linewidth=1.5,
            )
            ends = [row["expected_low"], row["expected_high"]]
            ax.plot(ends, [position] * 2, color=colour, linewidth=6, solid_capstyle="butt")
            ax.plot([row["minutes_saved_per_year"]], [position], "D", color=INK, markersize=6)
            beside(ax, position, _words(row))
        name_rows(ax, ranked["investment"], width=34)
        ax.axvline(0, color=QUIET, linewidth=1)
        low = min([0.0, *ranked["minutes_saved_per_year_low"].dropna()])
        high = max([1e-3, *ranked["minutes_saved_per_year_high"].dropna()])
        ax.set_xlim(low - 0.04 * (high - low), high + 0.04 * (high - low))
        ax.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        name_axis(ax, x=_ranking_axis(ranked))
        return ax


def _words(row: Record) -> str:
    if row["expected_low"] != row["expected_low"]:
        return "cannot tell: see its note"
    if row["rival"]:
        price = row.get("price_to_match", math.nan)
        return f"as good at {price:,.0f} a year" if price == price else "no price told"
    best = row["best"]
    low, high = row.get("best_low", math.nan), row.get("best_high", math.nan)
    between = f" ({low:.0%} to {high:.0%})" if low == low else ""
    sure = f"P(best) {best:.0%}{between}" if best == best else "no price told"
    per = f"{row['per_1000']:,.3g} min per 1,000; " if row["per_1000"] == row["per_1000"] else ""
    return f"{per}{sure}"


def _ranking_axis(ranked: pd.DataFrame) -> str:
    users = "user-weighted " if "share of users" in str(ranked.attrs.get("weighted")) else ""
    said = f"{users}minutes saved a year, {clock_words(ranked)}"
    bands = "thick: what is expected, thin: single horizons (8 of 10 each)"
    first = ranked.iloc[0] if len(ranked) else pd.Series(dtype=object)
    runs = f"; {first['draws']:,} draws of {first['replications']:,} runs" if "draws" in ranked and len(ranked) else ""
    years = f" of {ranked.attrs['years']:g} years" if "years" in ranked.attrs and runs else ""
    seed = f", seed {first['seed']}" if "seed" in ranked and len(ranked) else ""
    return f"{said}\n{bands}{runs}{years}{seed}"
