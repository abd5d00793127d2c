"""One simulated incident, told line by line on its own time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mttrlab.errors import SchemaError
from mttrlab.figures.style import INK, PHASE_COLOURS, QUIET, axes, minutes, name_axis, name_rows, style, time_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes

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
                right + longest * 0.008, place, minutes(right - left), va="center", fontsize=9.5, color=INK,
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
