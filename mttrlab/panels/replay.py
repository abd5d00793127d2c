"""The replay: a slider over the minutes of one incident, with the command center below. Thin, around that function."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pandas as pd

from mttrlab.lab.lab import Lab
from mttrlab.panels.sliders import import_widgets
from mttrlab.review import command_center
from mttrlab.review.incident import IncidentRef, find_incident, last_known_time, moment_asked_for, recorded_onset

if TYPE_CHECKING:
    from ipywidgets import VBox
    from matplotlib.figure import Figure

BEFORE, AFTER = 10, 10
"""Minutes before the onset and after the end that the slider reaches."""
_LONGEST = 1440


def replay_panel(lab: Lab, incident_id: IncidentRef, *, every: int = 1) -> VBox:
    """Return a slider over the minutes of an incident, with its command center below.

    Parameters
    ----------
    lab : Lab
    incident_id : str or row of `lab.incidents()`
    every : int
        Minutes from one step of the slider to the next.

    Returns
    -------
    ipywidgets.VBox
        Show it as the last line of a notebook cell. `panel.figure_at(minutes)` is what it shows: the figure of
        `command_center` at so many minutes after the onset. The slider follows when it is let go.

    Raises
    ------
    QuestionError
        Where ipywidgets is missing, or there is no such incident.
    """
    w = import_widgets()
    incident = find_incident(lab, incident_id)
    began = recorded_onset(incident)
    last = min((last_known_time(incident) - began).total_seconds() / 60, _LONGEST)
    first = round((moment_asked_for(incident, None) - began).total_seconds() / 60)
    top = int(last) + AFTER
    slider = w.IntSlider(
        value=min(max(first, -BEFORE), top), min=-BEFORE, max=top, step=every, description="minute",
        continuous_update=False, layout={"width": "60em"},
    )  # fmt: skip
    picture = w.Image(format="png", layout={"width": "100%", "max_width": "1200px"})
    words = w.HTML()

    def figure_at(minutes: float) -> Figure:
        return command_center(lab, incident, began + pd.Timedelta(minutes=minutes))

    def show(_: object = None) -> None:
        from html import escape

        figure = figure_at(slider.value)
        held = io.BytesIO()
        figure.savefig(held, format="png", dpi=90)
        picture.value = held.getvalue()
        words.value = f"<small>{escape(str(figure.get_label()))}</small>"

    slider.observe(show, names="value")
    show()
    panel = w.VBox([slider, picture, words])
    panel.figure_at = figure_at
    panel.slider = slider
    return panel
