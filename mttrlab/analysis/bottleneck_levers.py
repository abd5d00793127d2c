"""What acts on the bottleneck of each phase: the founding text's words, and the levers of the response model."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mttrlab.analysis.doors import Source
from mttrlab.analysis.phases import phase_durations
from mttrlab.analysis.totals import minutes_so_far, total_interval

_LEVERS: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    ("detect", "alert latency", ("alert_latency",), "shorter `for`, evaluation and scrape intervals; narrower windows"),
    ("detect", "monitoring gaps", ("alert_coverage",), "alerts and journeys where nobody is told today"),
    ("diagnose", "observability quality", ("diagnosis_factor",), "logs, metrics and traces that shorten each try"),
    (
        "diagnose",
        "on-call expertise",
        ("runbooks", "responders", "misrouted", "night_startup"),
        "what the expert knows, written down; a second responder; the right team first; who works at night",
    ),
    (
        "resolve",
        "change process speed",
        ("flagged", "rollback_minutes", "lanes"),
        "flags, rollbacks of one command, more deployments at a time",
    ),
    (
        "resolve",
        "automation",
        ("automation", "automation_success", "automation_attempts", "automation_timeout"),
        "remediation rules for what comes back and is always fixed alike",
    ),
    (
        "verify",
        "monitoring feedback loops",
        ("verification_window", "sample_every", "healthy_in_a_row", "verify_pass"),
        "samples more often, and as many in a row as flapping demands",
    ),
)


def bottleneck_levers(incidents: Source | None = None) -> pd.DataFrame:
    """Return the founding text's bottlenecks with the levers that act on them.

    Parameters
    ----------
    incidents : DataFrame or Lab, optional
        History: the minutes behind each phase.

    Returns
    -------
    DataFrame
        `phase, bottleneck, lever` (a name of `ml.levers()`, to be used in a `Scenario`), `how`; with history also
        `minutes` of the phase, summed, with `low, high`, and `n` (what nobody ever closed is left out).

    Examples
    --------
    >>> table = bottleneck_levers()
    >>> table.loc[table["bottleneck"] == "on-call expertise", "lever"].tolist()
    ['runbooks', 'responders', 'misrouted', 'night_startup']
    """
    rows = [
        {"phase": phase, "bottleneck": bottleneck, "lever": lever, "how": how}
        for phase, bottleneck, levers, how in _LEVERS
        for lever in levers
    ]
    table = pd.DataFrame(rows)
    if incidents is None:
        return table
    phases = phase_durations(incidents)
    spent = {
        name: total_interval(minutes_so_far(phases, name)["minutes"])
        for name in dict.fromkeys(table["phase"])
        if name in phases
    }
    for column, part in (("minutes", "estimate"), ("low", "low"), ("high", "high"), ("n", "n")):
        table[column] = [getattr(spent[name], part) if name in spent else np.nan for name in table["phase"]]
    return table
