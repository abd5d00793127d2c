"""Deployments near the onset of an incident, with how often chance alone would put one there."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from mttrlab.analysis.counts import rate_interval
from mttrlab.analysis.given import as_table, as_times
from mttrlab.analysis.reading import as_number
from mttrlab.errors import QuestionError

_COLUMNS = ("at", "service", "version", "status", "change_id", "minutes_before", "own", "named", "deployments", "days",
            "chance", "chance_low", "chance_high")  # fmt: skip


def suspects(
    deployments: pd.DataFrame,
    onset: Any,
    *,
    service: str | None = None,
    change_id: str | None = None,
    within_minutes: float = 60.0,
    since: Any = None,
    until: Any = None,
) -> pd.DataFrame:
    """Return the deployments shortly before an onset, the least likely by chance first.

    Parameters
    ----------
    deployments : DataFrame
        `at` (UTC), `service`, `version`, `status`, `change_id`, as `lab.deployments()` gives them: all that are known,
        as their rate says what chance does.
    onset : str or Timestamp
        When the impact began, with its zone.
    service : str, optional
        The service that was hit: its own deployments are held against its own rate, all others against that of all.
    change_id : str, optional
        The change that people named; it stands first, as `named`.
    within_minutes : float
        How far back to look.
    since, until : str or Timestamp, optional
        The time that the deployments cover; default: from the first to the last of them.

    Returns
    -------
    DataFrame
        The deployments, and for each `minutes_before` the onset, `own` (of the service), `named`, the `deployments` and
        `days` behind the rate, and `chance`: how often a moment picked at random has one of that kind at least as near
        before it, with its 95 % interval. NaN where no time is covered.

    Raises
    ------
    SchemaError, QuestionError

    Notes
    -----
    With n deployments in T minutes and one L minutes before, chance = 1 − exp(−n L / T): deployments that come
    independently at a steady rate (Poisson). The suspect itself is counted in n, so the chance is rather too high than
    too low. The interval is Garwood's for the rate. Incidents in working hours, when most deployments are, meet one
    more often than this says.

    Examples
    --------
    >>> days = pd.to_datetime(["2026-03-01T00:00Z", "2026-03-05T11:50Z", "2026-03-11T00:00Z"])
    >>> table = pd.DataFrame({"at": days, "service": "pay", "version": ["1", "2", "3"]})
    >>> found = suspects(table, "2026-03-05T12:00Z", service="pay")
    >>> found["version"].tolist(), found["minutes_before"].tolist(), found["chance"].round(6).tolist()
    (['2'], [10.0], [0.002081])
    """
    given = as_table(deployments, ("at", "service"), "the deployments", "lab.deployments()")
    moment = _instant(onset, "onset")
    if not as_number("within_minutes", within_minutes) > 0:
        raise QuestionError(f"within_minutes must be above 0; got {within_minutes!r}")
    given = given.assign(at=as_times(given, "at"))
    rows = given.reindex(columns=["at", "service", "version", "status", "change_id"]).dropna(subset=["at"])
    if rows.empty:
        return pd.DataFrame(columns=list(_COLUMNS))
    first = rows["at"].min() if since is None else _instant(since, "since")
    last = rows["at"].max() if until is None else _instant(until, "until")
    covered = rows[(rows["at"] >= first) & (rows["at"] <= last)]
    minutes = (last - first).total_seconds() / 60
    lag = (moment - rows["at"]).dt.total_seconds() / 60
    near = rows.assign(minutes_before=lag)[(lag >= 0) & (lag <= within_minutes)]
    lines = []
    for said in near.to_dict("records"):
        own = said["service"] == service
        n = int((covered["service"] == service).sum()) if own else len(covered)
        chances = [math.nan] * 3
        if minutes > 0:
            rate = rate_interval(n, minutes)
            chances = [-math.expm1(-value * said["minutes_before"]) for value in rate[:3]]
        named = change_id is not None and said["change_id"] == change_id
        line = {**said, "own": own, "named": named, "deployments": n, "days": minutes / 1440}
        lines.append({**line, "chance": chances[0], "chance_low": chances[1], "chance_high": chances[2]})
    made = pd.DataFrame(lines, columns=list(_COLUMNS))
    order = ["named", "chance", "minutes_before"]
    return made.sort_values(order, ascending=[False, True, True], kind="stable", ignore_index=True)


def _instant(when: Any, name: str) -> pd.Timestamp:
    try:
        moment = pd.Timestamp(when)
    except (TypeError, ValueError):
        raise QuestionError(f"{name} must be a time such as 2026-03-01T12:00:00Z; got {when!r}") from None
    if pd.isna(moment) or moment.tzinfo is None:
        raise QuestionError(f"{name} must be a time with its zone, such as 2026-03-01T12:00:00Z; got {when!r}")
    return moment.tz_convert("UTC")
