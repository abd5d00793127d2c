"""Two habits of failing, side by side: short and often against long and seldom."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from mttrlab.analysis.budget import MINUTES_PER_DAY, error_budget
from mttrlab.errors import QuestionError

_EVERY = {
    "day": (365, 1.0),
    "week": (52, 7.0),
    "month": (12, 30.0),
    "quarter": (4, 91.25),
    "year": (1, 365.0),
}
"""How often in a year, and every how many days."""


def outage_arithmetic(
    short: float = 2.0,
    short_every: str = "week",
    long: float = 240.0,
    long_every: str = "month",
    *,
    slo: float = 0.999,
    days: float = 30.0,
) -> pd.DataFrame:
    """Return what two habits of failing cost in a year, side by side.

    Parameters
    ----------
    short, long : float
        Minutes of one outage.
    short_every, long_every : str
        day, week, month, quarter or year.
    slo : float
        Availability target.
    days : float
        Period of the error budget.

    Returns
    -------
    DataFrame
        Two rows, `outage` (short, long): `minutes, every, per_year, minutes_per_year`, `availability` over 365 days,
        `budget` (minutes), `budget_spent` (share of it in one period), `times_the_other` (yearly minutes), and
        `equal_at`, the minutes of one such outage that would cost as much as the other habit.

    Raises
    ------
    QuestionError
        When minutes are not positive, or a word is no such time.

    Notes
    -----
    The founding text calls "a 2-minute outage every week" and "a 4-hour outage once a month" similar in total: 104
    minutes a year against 2,880.

    Examples
    --------
    >>> round(float(outage_arithmetic().loc[1, "times_the_other"]), 1)
    27.7
    """
    budget = error_budget(slo, days)
    for minutes in (short, long):
        if not isinstance(minutes, (int, float)) or not 0 < minutes < math.inf:
            raise QuestionError(f"minutes of an outage must be positive; got {minutes!r}")
    for every in (short_every, long_every):
        if every not in _EVERY:
            raise QuestionError(f"an outage comes every {', '.join(_EVERY)}; got {every!r}")
    table = pd.DataFrame(
        {
            "outage": ["short", "long"],
            "minutes": [float(short), float(long)],
            "every": [short_every, long_every],
            "per_year": [_EVERY[short_every][0], _EVERY[long_every][0]],
        }
    )
    yearly = table["minutes"] * table["per_year"]
    other = yearly[::-1].to_numpy()
    apart = np.array([_EVERY[short_every][1], _EVERY[long_every][1]])
    return table.assign(
        minutes_per_year=yearly,
        availability=1 - yearly / (365 * MINUTES_PER_DAY),
        budget=budget,
        budget_spent=table["minutes"] * days / apart / budget,
        times_the_other=yearly / other,
        equal_at=other / table["per_year"],
    )
