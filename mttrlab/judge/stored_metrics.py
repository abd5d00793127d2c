"""A table of stored metrics that answers as a live source does: for a service, at an instant, over a window."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import nan
from typing import Any

import pandas as pd

from mttrlab.errors import SchemaError

Ask = Callable[[float, float], Mapping[str, Any]]
"""Given an instant (seconds since 1970) and a trailing window (seconds): error_rate in percent, latency_p95 in ms."""


def stored(metrics: pd.DataFrame, service: str) -> Ask:
    """Return the source of metrics that a table is.

    Parameters
    ----------
    metrics : DataFrame
        `service`, `at` (UTC), `latency_p95`, and either `error_rate` or `requests` and `errors`.
    service : str

    Raises
    ------
    SchemaError
        Naming the columns that are missing; when asked, for windows without a sample.
    """
    counted = {"requests", "errors"} <= set(metrics)
    needed = ["service", "at", "latency_p95", *([] if counted else ["error_rate"])]
    missing = [name for name in needed if name not in metrics]
    if missing:
        raise SchemaError(f"the stored metrics lack {', '.join(missing)}; error_rate may stand as requests and errors")
    if not isinstance(metrics["at"].dtype, pd.DatetimeTZDtype):
        raise SchemaError("at of the stored metrics has no time zone; localise it (tz_localize) first")
    own = metrics.loc[metrics["service"] == service].sort_values("at", kind="stable")
    times = own["at"].astype("datetime64[us, UTC]").astype("int64").to_numpy() / 1e6

    def ask(now: float, window: float) -> Mapping[str, Any]:
        # A sample stands for the time that begins at its stamp, so the one stamped now is not over yet.
        first, last = times.searchsorted([now - window - 1e-6, now - 1e-6])
        if first == last:
            raise SchemaError(f"there are no metrics of {service} in the {window:g} s before")
        part = own.iloc[first:last]
        if counted:
            asked = float(part["requests"].sum())
            share = 100 * float(part["errors"].sum()) / asked if asked else nan
        else:
            share = float(part["error_rate"].mean(skipna=False))
        # The p95 of all requests is never above the worst p95 of its parts.
        return {"error_rate": share, "latency_p95": float(part["latency_p95"].max(skipna=False))}

    return ask
