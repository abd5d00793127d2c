"""Deployments near the onset of an incident, with how often chance alone would put one there."""

from __future__ import annotations

import math
from collections import defaultdict
from datetime import datetime
from typing import NamedTuple

import numpy as np
import pandas as pd

from mttrlab.analysis.rates import compare_counts, rate_interval
from mttrlab.errors import QuestionError, SchemaError
from mttrlab.schema import ERROR_LEVELS
from mttrlab.validate import as_numbers, as_table, as_times, finite, whole

_COLUMNS = ("at", "service", "version", "status", "change_id", "minutes_before", "own", "named", "deployments", "days",
            "chance", "chance_low", "chance_high")  # fmt: skip


def suspects(
    deployments: pd.DataFrame,
    onset: str | datetime,
    *,
    service: str | None = None,
    change_id: str | None = None,
    within_minutes: float = 60.0,
    since: str | datetime | None = None,
    until: str | datetime | None = None,
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
    table = as_table(deployments, ("at", "service"), "the deployments", "lab.deployments()")
    moment = _instant(onset, "onset")
    finite("within_minutes", within_minutes, 0, open_low=True)
    table = table.assign(at=as_times(table, "at"))
    rows = table.reindex(columns=["at", "service", "version", "status", "change_id"]).dropna(subset=["at"])
    if rows.empty:
        return pd.DataFrame(columns=list(_COLUMNS))
    first = rows["at"].min() if since is None else _instant(since, "since")
    last = rows["at"].max() if until is None else _instant(until, "until")
    covered = rows[(rows["at"] >= first) & (rows["at"] <= last)]
    minutes = (last - first).total_seconds() / 60
    lag = (moment - rows["at"]).dt.total_seconds() / 60
    near = rows.assign(minutes_before=lag)[(lag >= 0) & (lag <= within_minutes)]
    lines = []
    for deployment in near.to_dict("records"):
        own = deployment["service"] == service
        n = int((covered["service"] == service).sum()) if own else len(covered)
        chances = [math.nan] * 3
        if minutes > 0:
            rate = rate_interval(n, minutes)
            chances = [-math.expm1(-value * deployment["minutes_before"]) for value in rate[:3]]
        named = change_id is not None and deployment["change_id"] == change_id
        line = {**deployment, "own": own, "named": named, "deployments": n, "days": minutes / 1440}
        lines.append({**line, "chance": chances[0], "chance_low": chances[1], "chance_high": chances[2]})
    result = pd.DataFrame(lines, columns=list(_COLUMNS))
    order = ["named", "chance", "minutes_before"]
    return result.sort_values(order, ascending=[False, True, True], kind="stable", ignore_index=True)


def _instant(when: str | datetime, name: str) -> pd.Timestamp:
    try:
        moment = pd.Timestamp(when)
    except (TypeError, ValueError):
        raise QuestionError(f"{name} must be a time such as 2026-03-01T12:00:00Z; got {when!r}") from None
    if pd.isna(moment) or moment.tzinfo is None:
        raise QuestionError(f"{name} must be a time with its zone, such as 2026-03-01T12:00:00Z; got {when!r}")
    return moment.tz_convert("UTC")


# What failed first: the first unusual error of each service in the logs, and its rate against its own before.


_FAILED_COLUMNS = ("service", "first_at", "event", "new", "minutes_after_onset", "errors", "minutes", "errors_before",
            "minutes_before", "ratio", "ratio_low", "ratio_high", "p")  # fmt: skip


def failed_first(
    logs: pd.DataFrame,
    onset: str | datetime,
    *,
    until: str | datetime | None = None,
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
        finite(name, value, 0)
    moment = _instant(onset, "onset")
    begin = moment - pd.Timedelta(minutes=lead_minutes)
    end = moment + pd.Timedelta("15min") if until is None else _instant(until, "until")
    if logs.empty or end <= begin:
        return pd.DataFrame(columns=list(_FAILED_COLUMNS))
    base = max(begin - pd.Timedelta(minutes=baseline_minutes), logs["at"].min())
    errors = logs[logs["level"].isin(ERROR_LEVELS)].assign(
        service=logs["service"].astype("object").fillna("(not said)").astype(str)
    )
    before = errors[(errors["at"] >= base) & (errors["at"] < begin)]
    after = errors[(errors["at"] >= begin) & (errors["at"] < end)].sort_values("at", kind="stable")
    length = (end - begin).total_seconds() / 60
    usual = max((begin - base).total_seconds() / 60, 0.0)
    lines: list[dict[str, object]] = []
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
            compared = compare_counts(len(earlier), len(own), usual, length)
            line |= {"ratio": compared.ratio, "ratio_low": compared.low, "ratio_high": compared.high, "p": compared.p}
        lines.append(line)
    result = pd.DataFrame(lines, columns=list(_FAILED_COLUMNS))
    if result.empty:
        return result
    unusual = result["new"] | ((result["p"] < 0.05) & (result["ratio"] > 1))
    order = result.assign(usual=~unusual.astype(bool)).sort_values(["usual", "first_at"], kind="stable").index
    return result.loc[order].reset_index(drop=True)


# The path of spans that holds the latency: time of their own on the critical path of the slowest traces.


_NEEDED = ("trace_id", "span_id", "parent_id", "service", "name", "start_ns", "end_ns")


class _Span(NamedTuple):
    own: str
    service: str
    name: str
    target: str
    start: int
    end: int


def critical_path(spans: pd.DataFrame) -> pd.DataFrame:
    """Return the steps of each trace's critical path, with the time that each holds itself.

    Parameters
    ----------
    spans : DataFrame
        `trace_id, span_id, parent_id, service, name, start_ns, end_ns` (nanoseconds), as `lab.spans()` gives them.

    Returns
    -------
    DataFrame
        `trace_id, depth, service, name, target, self_ms, trace_ms`, one row per span on the path. The `self_ms` of a
        trace add up to `trace_ms`.

    Notes
    -----
    From the end of the longest root backwards: the child that ended last is what its parent waited for; what no child
    covers is the parent's own. Children are cut to their parent's time, as clocks differ. A span whose parent is
    missing is a root; spans that only call each other in a circle have no root and are left out.
    """
    spans = as_table(spans, _NEEDED, "the spans", "lab.spans()", words=("trace_id", "span_id", "parent_id"))
    for name in ("start_ns", "end_ns"):
        if not np.isfinite(as_numbers(spans[name], name)).all():
            raise SchemaError(f"{name} of the spans must be whole nanoseconds in every row; leave the others out")
    lines: list[dict[str, object]] = []
    for trace, own in spans.groupby("trace_id", sort=True):
        lines += _path(str(trace), own)
    return pd.DataFrame(lines, columns=["trace_id", "depth", "service", "name", "target", "self_ms", "trace_ms"])


def _path(trace: str, own: pd.DataFrame) -> list[dict[str, object]]:
    by_id: dict[str, _Span] = {}
    children: dict[str | None, list[_Span]] = defaultdict(list)
    rows = own.reindex(columns=[*_NEEDED, "target"]).to_dict("records")
    known = {row["span_id"] for row in rows}
    for row in rows:
        service, name, target = ("" if pd.isna(row[key]) else str(row[key]) for key in ("service", "name", "target"))
        span = _Span(str(row["span_id"]), service, name, target, int(row["start_ns"]), int(row["end_ns"]))
        by_id[span.own] = span
        children[row["parent_id"] if row["parent_id"] in known else None].append(span)
    if not children[None]:
        return []
    root = max(children[None], key=lambda span: (span.end - span.start, span.own))
    spent: dict[str, int] = {}
    depths: dict[str, int] = {}
    waiting: list[tuple[_Span, int, int, int]] = [(root, root.start, root.end, 0)]
    while waiting:
        span, begin, cursor, depth = waiting.pop()
        depths[span.own] = depth
        spent.setdefault(span.own, 0)
        for child in sorted(children[span.own], key=lambda one: (one.end, one.own), reverse=True):
            start, end = max(child.start, begin), min(child.end, cursor)
            if child.own in depths or end <= start or end <= begin:
                continue
            spent[span.own] += cursor - end
            waiting.append((child, start, end, depth + 1))
            cursor = start
        spent[span.own] += cursor - begin
    return [
        {"trace_id": trace, "depth": depths[one], "service": by_id[one].service, "name": by_id[one].name,
         "target": by_id[one].target, "self_ms": spent[one] / 1e6, "trace_ms": (root.end - root.start) / 1e6}
        for one in sorted(spent, key=lambda one: (depths[one], by_id[one].start, one))
    ]  # fmt: skip


def span_path(spans: pd.DataFrame, before: pd.DataFrame | None = None, *, slowest: int = 20) -> pd.DataFrame:
    """Return where the slowest traces spend their time, the step that holds most of it on top.

    Parameters
    ----------
    spans : DataFrame
        Of the time in question; see `critical_path`.
    before : DataFrame, optional
        Spans of a usual time, to tell what grew.
    slowest : int
        How many traces, the slowest first.

    Returns
    -------
    DataFrame
        `service, name, target, traces` (among the slowest, that pass here), `self_ms` (mean over the slowest traces),
        `share` (of their time, 0 to 1; adds up to 1), and with `before` also `before_ms` (mean over all its traces) and
        `grew_ms`.
    """
    slowest = whole("slowest", slowest, 1)
    steps = critical_path(spans)
    lengths = steps.groupby("trace_id")["trace_ms"].first().sort_values(ascending=False, kind="stable")
    chosen = steps[steps["trace_id"].isin(lengths.index[:slowest])]
    result = _means(chosen, "self_ms")
    total = result["self_ms"].sum()
    result["share"] = result["self_ms"] / total if total else 0.0
    if before is not None:
        usual = _means(critical_path(before), "before_ms").drop(columns="traces")
        result = result.merge(usual, on=["service", "name", "target"], how="left")
        if len(usual):
            result["before_ms"] = result["before_ms"].fillna(0.0)
        result["grew_ms"] = result["self_ms"] - result["before_ms"]
    return result.sort_values(["self_ms", "service", "name"], ascending=[False, True, True], ignore_index=True)


def _means(steps: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return the time of each step per trace: traces that do not pass there count as none."""
    traces = max(steps["trace_id"].nunique(), 1)
    grouped = steps.groupby(["service", "name", "target"], sort=True)
    result = grouped.agg(traces=("trace_id", "nunique"), total=("self_ms", "sum")).reset_index()
    return result.assign(**{column: result["total"] / traces}).drop(columns="total")
