"""Control chart of the months: which differ by more than their few incidents explain?"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from scipy import special

from mttrlab.analysis.conventions import still_open
from mttrlab.analysis.minimum_counts import minimum_count, why_withheld
from mttrlab.analysis.phases import phase_durations
from mttrlab.analysis.query import onset, records_basis
from mttrlab.analysis.sample import sample_of, with_measure

NAN = float("nan")


def _periods(times: pd.Series) -> pd.Series:
    return pd.Series(times.dt.tz_convert("UTC").dt.tz_localize(None).dt.to_period("M").array)


@records_basis
def monthly_limits(incidents: pd.DataFrame, measure: str = "recovery") -> pd.DataFrame:
    """Return the typical time of each month with the limits of normal variation, given its count.

    Parameters
    ----------
    incidents : DataFrame
        Incidents, or phases as `phase_durations` gives them, with their times.
    measure : str
        A phase, a clock or another measure.

    Returns
    -------
    DataFrame
        `month` (of the first known stamp, UTC; those between the first and the last that had none too), `incidents`,
        `n` (ended and timed on this clock), `open`, `geometric_mean` (of the ended, minutes) with
        `geometric_mean_low, geometric_mean_high` (its 95 % interval from that month alone), `centre,
        low, high` (minutes; three standard errors for that month's count), `signal` ("longer than usual", "shorter
        than usual" or empty), `measure`, `note` where limits are withheld.

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
    frame = with_measure(incidents, measure)
    if measure not in incidents:
        frame = frame.assign(month=phase_durations(incidents)["month"].array)
    sample = sample_of(frame, measure)
    times = frame["month"] if "month" in frame else onset(frame)
    rows = pd.DataFrame({"month": _periods(times), "log": np.nan, "open": still_open(frame, measure).to_numpy()})
    rows.loc[sample.rows, "log"] = np.where(sample.observed, np.log(sample.minutes), np.nan)
    rows = rows.dropna(subset="month").sort_values(["month", "log", "open"], kind="stable")
    table = rows.groupby("month").agg(
        incidents=("open", "size"), n=("log", "count"), open=("open", "sum"), geometric_mean=("log", "mean"),
        spread=("log", "var"),
    )  # fmt: skip
    if len(table):
        table = table.reindex(pd.period_range(table.index.min(), table.index.max(), freq="M"))
    counts = table[["incidents", "n", "open"]].fillna(0).astype("int64")
    n = counts["n"]
    ended = int(n.sum())
    freedom = float((n - 1).clip(lower=0).sum())
    enough = ended >= minimum_count("control_limits").needs and freedom > 0
    within = float((table["spread"].fillna(0) * (n - 1).clip(lower=0)).sum())
    sigma = math.sqrt(within / freedom) if enough else NAN
    centre = float((table["geometric_mean"].fillna(0) * n).sum()) / ended if enough else NAN
    half = 3 * sigma / np.sqrt(n.where(n > 0))
    own = special.stdtrit(np.maximum(n - 1, 1), 0.975) * np.sqrt(table["spread"] / n.where(n > 1))
    high, low = table["geometric_mean"] > centre + half, table["geometric_mean"] < centre - half
    return pd.DataFrame(
        {
            "month": pd.PeriodIndex(table.index, freq="M").to_timestamp().tz_localize("UTC").as_unit("us"),
            **{name: counts[name].to_numpy() for name in counts},
            "geometric_mean": np.exp(table["geometric_mean"].to_numpy(dtype=float)),
            "geometric_mean_low": np.exp((table["geometric_mean"] - own).to_numpy(dtype=float)),
            "geometric_mean_high": np.exp((table["geometric_mean"] + own).to_numpy(dtype=float)),
            "centre": math.exp(centre),
            "low": np.exp(centre - half.to_numpy(dtype=float)),
            "high": np.exp(centre + half.to_numpy(dtype=float)),
            "signal": np.where(high, "longer than usual", np.where(low, "shorter than usual", "")),
            "measure": measure,
            "note": why_withheld("control_limits", ended) if not enough else "",
        }
    )
