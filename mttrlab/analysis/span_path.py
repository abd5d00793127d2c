"""The path of spans that holds the latency: time of their own on the critical path of the slowest traces."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from mttrlab.analysis.given import as_table
from mttrlab.analysis.reading import as_numbers
from mttrlab.errors import QuestionError, SchemaError

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
    lines: list[dict[str, Any]] = []
    for trace, own in spans.groupby("trace_id", sort=True):
        lines += _path(str(trace), own)
    return pd.DataFrame(lines, columns=["trace_id", "depth", "service", "name", "target", "self_ms", "trace_ms"])


def _path(trace: str, own: pd.DataFrame) -> list[dict[str, Any]]:
    made: dict[str, _Span] = {}
    children: dict[str | None, list[_Span]] = defaultdict(list)
    rows = own.reindex(columns=[*_NEEDED, "target"]).to_dict("records")
    known = {row["span_id"] for row in rows}
    for row in rows:
        service, name, target = ("" if pd.isna(row[key]) else str(row[key]) for key in ("service", "name", "target"))
        span = _Span(str(row["span_id"]), service, name, target, int(row["start_ns"]), int(row["end_ns"]))
        made[span.own] = span
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
        {"trace_id": trace, "depth": depths[one], "service": made[one].service, "name": made[one].name,
         "target": made[one].target, "self_ms": spent[one] / 1e6, "trace_ms": (root.end - root.start) / 1e6}
        for one in sorted(spent, key=lambda one: (depths[one], made[one].start, one))
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
    if isinstance(slowest, bool) or not isinstance(slowest, int) or slowest < 1:
        raise QuestionError(f"slowest must be a whole number from 1 on; got {slowest!r}")
    steps = critical_path(spans)
    lengths = steps.groupby("trace_id")["trace_ms"].first().sort_values(ascending=False, kind="stable")
    chosen = steps[steps["trace_id"].isin(lengths.index[:slowest])]
    made = _means(chosen, "self_ms")
    total = made["self_ms"].sum()
    made["share"] = made["self_ms"] / total if total else 0.0
    if before is not None:
        usual = _means(critical_path(before), "before_ms").drop(columns="traces")
        made = made.merge(usual, on=["service", "name", "target"], how="left")
        if len(usual):
            made["before_ms"] = made["before_ms"].fillna(0.0)
        made["grew_ms"] = made["self_ms"] - made["before_ms"]
    return made.sort_values(["self_ms", "service", "name"], ascending=[False, True, True], ignore_index=True)


def _means(steps: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return the time of each step per trace: traces that do not pass there count as none."""
    traces = max(steps["trace_id"].nunique(), 1)
    grouped = steps.groupby(["service", "name", "target"], sort=True)
    made = grouped.agg(traces=("trace_id", "nunique"), total=("self_ms", "sum")).reset_index()
    return made.assign(**{column: made["total"] / traces}).drop(columns="total")
