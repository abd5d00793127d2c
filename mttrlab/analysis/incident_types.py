"""Which incident types come most often, and which cost most: two orders that seldom agree."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from mttrlab.analysis.query import Source, records_basis
from mttrlab.analysis.rates import rate_interval
from mttrlab.analysis.sample import frame_with_measure, minutes_so_far, total_interval
from mttrlab.errors import SchemaError
from mttrlab.schema import UNKNOWN


def type_key(name: object) -> str:
    """Return a type without what tools spell differently: case, spaces, hyphens, underscores.

    Examples
    --------
    >>> type_key("Bad deployment") == type_key("bad_deployment")
    True
    """
    return re.sub(r"[\s_\-]+", "_", str(name).strip().lower())


def timed_types(incidents: Source, measure: str) -> pd.DataFrame:
    """Return the phases with `type` (one spelling a type), `spent` (minutes so far), `ended` and `never_closed`."""
    phases = frame_with_measure(incidents, measure)
    if "incident_type" not in phases:
        raise SchemaError("the table lacks incident_type; say it in the export, or by incident_types in mttrlab.yml")
    names_given = phases["incident_type"].fillna("").astype("str").str.strip()
    keys = names_given.map(type_key)
    spelled = names_given[keys != ""].groupby(keys[keys != ""]).agg(lambda names: names.value_counts().index[0])
    types = keys.map(spelled).where(keys != "", UNKNOWN).astype("str")
    so_far = minutes_so_far(phases, measure)
    return phases.assign(
        type=types, spent=so_far["minutes"], ended=so_far["ended"], never_closed=so_far["never_closed"]
    )


@records_basis
def type_ranking(incidents: Source, measure: str = "recovery", *, level: float = 0.95) -> pd.DataFrame:
    """Return the incident types by count and by the minutes that they cost.

    Parameters
    ----------
    incidents : DataFrame or Lab
        Incidents, or their phases.
    measure : str
        A phase, a clock or another measure.
    level : float
        Of the intervals.

    Returns
    -------
    DataFrame
        One row per `incident_type` (unknown where an incident has none), most minutes first: `incidents` with
        `count_low, count_high`; `minutes`, their sum, with `low, high`; `median`; `share` of all minutes; `open`
        (counted with their time so far, so that the sum is a lower bound), but for those `never_closed` (running three
        times longer than any that ended, and a day at least); `not_timed`, how many the clock cannot see; `by_count,
        by_minutes`, the ranks.

    Raises
    ------
    QuestionError
        For a word that is no clock.

    Notes
    -----
    Intervals are for another such time: Garwood's for counts, Fay and Feuer's for sums (`total_interval`). Tools spell
    types differently; case, spaces, hyphens and underscores do not make another type.

    Examples
    --------
    >>> rows = pd.DataFrame({"incident_id": list("abc"), "incident_type": ["crash", "crash", "slow db"],
    ...                      "recovery": [5.0, 7.0, 240.0]})
    >>> type_ranking(rows)[["incident_type", "incidents", "minutes", "by_count", "by_minutes"]].values.tolist()
    [['slow db', 1, 240.0, 2, 1], ['crash', 2, 12.0, 1, 2]]
    """
    timed = timed_types(incidents, measure)
    rows = []
    for name, own in timed.groupby("type", sort=True):
        count = rate_interval(len(own), level=level)
        total = total_interval(own["spent"], level)
        done = own.loc[own["ended"], "spent"].dropna()
        rows.append(
            {
                "incident_type": name,
                "incidents": len(own),
                "count_low": count.low,
                "count_high": count.high,
                "minutes": total.estimate,
                "low": total.low,
                "high": total.high,
                "median": float(done.median()) if len(done) else np.nan,
                "open": int((~own["ended"]).sum()),
                "never_closed": int(own["never_closed"].sum()),
                "not_timed": int((own["spent"].isna() & ~own["never_closed"]).sum()),
            }
        )
    columns = ["incident_type", "incidents", "count_low", "count_high", "minutes", "low", "high", "median", "open",
               "never_closed", "not_timed"]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns)
    every = float(table["minutes"].sum())
    table.insert(8, "share", table["minutes"] / every if every > 0 else np.nan)
    for name, column in (("by_count", "incidents"), ("by_minutes", "minutes")):
        table[name] = table[column].rank(ascending=False, method="min", na_option="bottom").astype("int64")
    table["measure"] = measure
    return table.sort_values(["minutes", "incidents", "incident_type"], ascending=[False, False, True],
                             ignore_index=True)  # fmt: skip
