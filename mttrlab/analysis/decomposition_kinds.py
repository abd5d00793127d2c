"""A change taken apart further: by kind of incident, and into how many and how long."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from mttrlab.analysis.basis import says_basis
from mttrlab.analysis.decomposition_parts import parts_of, periods, tables
from mttrlab.analysis.reading import as_number
from mttrlab.errors import QuestionError

NAN = float("nan")


@says_basis
def explain_kinds(
    before: pd.DataFrame, after: pd.DataFrame, clock: str = "recovery", *, by: str = "incident_type"
) -> pd.DataFrame:
    """Return what each kind of incident contributes to the change of the mean.

    Parameters
    ----------
    before, after, clock, by
        As for `explain_change`.

    Returns
    -------
    DataFrame
        One row per kind, largest contribution first: the column named by `by`, `clock, n_before, n_after, share_before,
        share_after, mean_before, mean_after` (minutes; NaN where the period has none), `mix` (minutes, through its
        share: negative where a slow kind got rarer or a quick one commoner), `within` (minutes, through its speed),
        `both`. Each column of minutes adds up to that part of `explain_change`.

    Raises
    ------
    QuestionError
        For a clock or a column that does not exist.
    """
    first, second, kinds, _ = periods(before, after, clock, by)
    n, m = len(first.kinds), len(second.kinds)
    if min(n, m) == 0:
        columns = [by, "clock", "n_before", "n_after", "share_before", "share_after", "mean_before", "mean_after"]
        return pd.DataFrame(columns=[*columns, "mix", "within", "both"])
    old = tables(first, len(kinds), np.arange(n)[None, :])
    new = tables(second, len(kinds), np.arange(m)[None, :])
    parts = parts_of(old, new)
    shares = old[0][0] / n, new[0][0] / m
    with np.errstate(invalid="ignore"):
        means = old[1][0].sum(axis=1) / old[0][0], new[1][0].sum(axis=1) / new[0][0]
    # Shares add up to one, so the common level may be taken off: what remains is what this kind's share does.
    mix = parts["mix"][0] - (shares[1] - shares[0]) * parts["means"].mean()
    within = parts["within"][0].sum(axis=1)
    table = pd.DataFrame(
        {
            by: kinds,
            "clock": clock,
            "n_before": old[0][0].astype(int),
            "n_after": new[0][0].astype(int),
            "share_before": shares[0],
            "share_after": shares[1],
            "mean_before": means[0],
            "mean_after": means[1],
            "mix": mix,
            "within": within,
            "both": mix + within,
        }
    )
    table = table[(table["n_before"] + table["n_after"]) > 0]
    return table.iloc[np.argsort(-np.abs(table["both"].to_numpy()), kind="stable")].reset_index(drop=True)


def explain_downtime(
    count_before: float, mean_before: float, count_after: float, mean_after: float
) -> dict[str, float]:
    """Return what more or fewer incidents, and longer or shorter ones, did to the total minutes.

    Parameters
    ----------
    count_before, count_after : float
        Incidents in two periods of equal length, or incidents a month.
    mean_before, mean_after : float
        Mean minutes.

    Returns
    -------
    dict
        `total` (minutes, after less before), `count, duration` (Shapley: the mean over both orders of change),
        `count_lmdi, duration_lmdi` (logarithmic mean divisia index; NaN where something is zero).

    Raises
    ------
    QuestionError
        When a count or a mean is negative.

    Examples
    --------
    >>> explain_downtime(20, 60, 15, 70)["count"], explain_downtime(20, 60, 15, 70)["duration"]
    (-325.0, 175.0)
    """
    given = (count_before, mean_before, count_after, mean_after)
    if not min(as_number("each count and each mean", value) for value in given) >= 0:
        raise QuestionError("counts and mean minutes must be zero or more")
    old, new = count_before * mean_before, count_after * mean_after
    found = {
        "total": new - old,
        "count": (count_after - count_before) * (mean_before + mean_after) / 2,
        "duration": (mean_after - mean_before) * (count_before + count_after) / 2,
        "count_lmdi": NAN,
        "duration_lmdi": NAN,
    }
    if min(old, new) > 0:
        weight = old if math.isclose(old, new) else (new - old) / math.log(new / old)
        found["count_lmdi"] = weight * math.log(count_after / count_before)
        found["duration_lmdi"] = weight * math.log(mean_after / mean_before)
    return found
