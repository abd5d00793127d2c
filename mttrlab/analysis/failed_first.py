"""What failed first: the first unusual error of each service in the logs, and its rate against its own before."""

from __future__ import annotations

from typing import Any

import pandas as pd

from mttrlab.analysis.counts import compare_counts
from mttrlab.analysis.given import as_table, as_times
from mttrlab.analysis.reading import as_number
from mttrlab.analysis.suspects import _instant
from mttrlab.errors import QuestionError
from mttrlab.schema import ERROR_LEVELS

_COLUMNS = ("service", "first_at", "event", "new", "minutes_after_onset", "errors", "minutes", "errors_before",
            "minutes_before", "ratio", "ratio_low", "ratio_high", "p")  # fmt: skip


def failed_first(
    logs: pd.DataFrame,
    onset: Any,
    *,
    until: Any = None,
    baseline_minutes: float = 60.0,
    lead_minutes: float = 5.0,
) -> pd.DataFrame:
    """Return the services that logged errors around an onset, the one that failed first on top.

    Parameters
    ----------
    logs : DataFrame
        `at` (UTC), `service`, `level`, `event`, as `lab.logs()` gives them.
    onset : str or Timestamp
        With its zone.
    until : str or Timestamp, optional
        Default: 15 minutes after the onset.
    baseline_minutes : float
        How long before is taken as usual; less where the logs begin later.
    lead_minutes : float
        Errors count from so long before the onset, as the first of them come before the metrics show it.

    Returns
    -------
    DataFrame
        Per service `first_at` and `event` of its first error: the first whose event was no error in the baseline
        (`new`), else the first at all; `errors` in `minutes`, `errors_before` in `minutes_before`, their `ratio` per
        minute with its 95 % interval, and `p`, how often chance gives rates as far apart (exact). Services that err
        more than before (p < 0.05) or in a new way come first, by time.

    Notes
    -----
    The ratio and its interval are of two Poisson counts (`compare_counts`). Clocks of two machines may differ: an order
    within a second proves nothing.
    """
    words = ("service", "level", "event")
    logs = as_table(logs, ("at", *words), "the logs", "lab.logs()", words=words)
    logs = logs.assign(at=as_times(logs, "at")).dropna(subset=["at"])
    for name, value in (("baseline_minutes", baseline_minutes), ("lead_minutes", lead_minutes)):
        if as_number(name, value) < 0:
            raise QuestionError(f"{name} must be 0 or more; got {value!r}")
    moment = _instant(onset, "onset")
    begin = moment - pd.Timedelta(minutes=lead_minutes)
    end = moment + pd.Timedelta("15min") if until is None else _instant(until, "until")
    if logs.empty or end <= begin:
        return pd.DataFrame(columns=list(_COLUMNS))
    base = max(begin - pd.Timedelta(minutes=baseline_minutes), logs["at"].min())
    errors = logs[logs["level"].isin(ERROR_LEVELS)].assign(
        service=logs["service"].astype("object").fillna("(not said)").astype(str)
    )
    before = errors[(errors["at"] >= base) & (errors["at"] < begin)]
    after = errors[(errors["at"] >= begin) & (errors["at"] < end)].sort_values("at", kind="stable")
    length = (end - begin).total_seconds() / 60
    usual = max((begin - base).total_seconds() / 60, 0.0)
    lines: list[dict[str, Any]] = []
    for service, own in after.groupby("service", sort=True):
        earlier = before[before["service"] == service]
        fresh = own[~own["event"].isin(earlier["event"])]
        first = (fresh if len(fresh) else own).iloc[0]
        line = {
            "service": service,
            "first_at": first["at"],
            "event": first["event"],
            "new": bool(len(fresh)),
            "minutes_after_onset": (first["at"] - moment).total_seconds() / 60,
            "errors": len(own),
            "minutes": length,
            "errors_before": len(earlier),
            "minutes_before": usual,
        }
        if usual > 0:
            told = compare_counts(len(earlier), len(own), usual, length)
            line |= {"ratio": told.ratio, "ratio_low": told.low, "ratio_high": told.high, "p": told.p}
        lines.append(line)
    made = pd.DataFrame(lines, columns=list(_COLUMNS))
    if made.empty:
        return made
    unusual = made["new"] | ((made["p"] < 0.05) & (made["ratio"] > 1))
    order = made.assign(usual=~unusual.astype(bool)).sort_values(["usual", "first_at"], kind="stable").index
    return made.loc[order].reset_index(drop=True)
