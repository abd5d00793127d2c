"""The coverage of every service and failure mode as one map, with what is unknown in a column of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from mttrlab.analysis.coverage_inputs import watches
from mttrlab.schema import FAILURE_MODES, UNKNOWN

STATES = ("in time", "late", "delay not known", "never fires for this fault", "no alert", "to be mapped", "nothing")
"""From the best to the worst, and for the unknown column: alerts that nobody could read, or none of them."""


def map_cells(
    table: pd.DataFrame, unknown: Sequence[Any], lost: pd.DataFrame | None, services: Sequence[str]
) -> pd.DataFrame:
    """Return one row per service and failure mode, in the order of the services and of the modes.

    Parameters
    ----------
    table : DataFrame
        Of `alert_coverage`.
    unknown : sequence
        Alerts whose failure mode nobody could read.
    lost : DataFrame or None
        Of `minutes_lost`; None: no history was given.
    services : sequence of str

    Returns
    -------
    DataFrame
        `service, failure_mode` (unknown is one), `state` (one of STATES), `mean` (minutes), `alerts`, `incidents`,
        `minutes_lost` (NaN without history).
    """
    columns = ["service", "failure_mode", "verdict", "mean", "alerts", "incidents", "minutes_lost"]
    known = table[columns].rename(columns={"verdict": "state"})
    rows = []
    for name in services:
        n = sum(watches(one, name) for one in unknown)
        own = None if lost is None else lost[(lost["service"] == name) & (lost["failure_mode"] == UNKNOWN)]
        behind = {
            "incidents": pd.NA if own is None else int(own["incidents"].sum()),
            "minutes_lost": float("nan") if own is None else float(own["minutes_lost"].sum()),
        }
        state = "to be mapped" if n else "nothing"
        rows.append(
            {"service": name, "failure_mode": UNKNOWN, "state": state, "mean": float("nan"), "alerts": n, **behind}
        )
    other = pd.DataFrame(rows, columns=list(known)).astype(dict(known.dtypes))
    every = pd.concat([known, other], ignore_index=True) if len(known) else other
    place = {name: at for at, name in enumerate(services)}
    modes = {mode: at for at, mode in enumerate((*FAILURE_MODES, UNKNOWN))}
    keys = every["service"].map(place) * len(modes) + every["failure_mode"].map(modes)
    return every.loc[keys.sort_values(kind="stable").index].reset_index(drop=True)
