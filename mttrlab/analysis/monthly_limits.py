"""Which months differ by more than their few incidents explain?"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from mttrlab.analysis.sample import sample_of, starts_of, with_clocks
from mttrlab.analysis.thresholds import threshold, withheld

NAN = float("nan")


def monthly_limits(incidents: pd.DataFrame, clock: str = "recovery") -> pd.DataFrame:
    """Return the typical time of each month with the limits that luck alone keeps, given its count.

    Parameters
    ----------
    incidents : DataFrame
        Incidents, or phases as `phase_durations` gives them, with their times.
    clock : str
        One of the clocks.

    Returns
    -------
    DataFrame
        `month` (of the clock's first stamp, UTC), `n` (ended), `open, typical` (geometric mean, minutes), `centre, low,
        high` (minutes; three standard errors for that month's count), `signal` ("longer than usual", "shorter than
        usual" or empty), `note` where limits are withheld.

    Raises
    ------
    QuestionError
        For a word that is no clock.
    SchemaError
        When the frame is no table of incidents.

    Notes
    -----
    The spread is pooled within months, so a change of level does not widen the limits that should show it.
    """
    frame = with_clocks(incidents, clock)
    sample = sample_of(frame, clock)
    times = starts_of(frame, clock, sample.rows)
    rows = pd.DataFrame(
        {
            "month": times.dt.tz_convert("UTC").dt.tz_localize(None).dt.to_period("M").array,
            "log": np.where(sample.observed, np.log(sample.minutes), np.nan),
            "open": ~sample.observed,
        }
    ).dropna(subset="month")
    grouped = rows.groupby("month")
    table = grouped.agg(n=("log", "count"), open=("open", "sum"), typical=("log", "mean"), spread=("log", "var"))
    ended = int(table["n"].sum())
    freedom = float((table["n"] - 1).clip(lower=0).sum())
    enough = ended >= threshold("control_limits").needs and freedom > 0
    within = float((table["spread"].fillna(0) * (table["n"] - 1).clip(lower=0)).sum())
    sigma = math.sqrt(within / freedom) if enough else NAN
    centre = float((table["typical"].fillna(0) * table["n"]).sum()) / ended if enough else NAN
    half = 3 * sigma / np.sqrt(table["n"].where(table["n"] > 0))
    high, low = table["typical"] > centre + half, table["typical"] < centre - half
    return pd.DataFrame(
        {
            "month": pd.PeriodIndex(table.index).to_timestamp().tz_localize("UTC").as_unit("us"),
            "n": table["n"].to_numpy(),
            "open": table["open"].to_numpy(),
            "typical": np.exp(table["typical"].to_numpy()),
            "centre": math.exp(centre),
            "low": np.exp(centre - half.to_numpy()),
            "high": np.exp(centre + half.to_numpy()),
            "signal": np.where(high, "longer than usual", np.where(low, "shorter than usual", "")),
            "note": withheld("control_limits", ended) if not enough else "",
        }
    )
