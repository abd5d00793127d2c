"""What each lever would save, side by side."""

from __future__ import annotations

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
    minutes,
    name_axis,
    name_rows,
    style,
    time_axis,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


_NEEDED = {"scenario", "clock", "saving", "saving_low", "saving_high"}


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
            band = f"{minutes(line['saving_low'])} to {minutes(line['saving_high'])}"
            beside(ax, position, f"{minutes(line['saving'])} ({band})")
        name_rows(ax, table["scenario"], width=40)
        ax.axvline(0, color=QUIET, linewidth=1)
        low, high = (float(table["saving_low"].min()), float(table["saving_high"].max())) if len(table) else (0.0, 1.0)
        if refitted:
            low, high = np.fmin(low, table["saving_refit_low"].min()), np.fmax(high, table["saving_refit_high"].max())
        low, high = min(low, 0.0), max(high, 1e-3)
        ax.set_xlim(low - 0.05 * (high - low), high + 0.05 * (high - low))
        time_axis(ax)
        clock = clock_words(table)
        runs = _runs(savings) if len(table) else ""
        doubt = "luck; line: 8 of 10 refits to resampled history" if refitted else "luck only"
        name_axis(ax, x=f"saved per incident, {clock}\nbar: 8 of 10 runs{runs}; {doubt}")
        return ax


def _runs(savings: pd.DataFrame) -> str:
    """Return how many runs there were, how long each, and which chance made them."""
    first = savings.iloc[0]
    said = f", {int(first['replications'])} simulated" if "replications" in savings else ""
    said += f" of {savings.attrs['days']:g} days" if said and "days" in savings.attrs else ""
    return said + (f", seed {int(first['seed'])}" if "seed" in savings else "")
