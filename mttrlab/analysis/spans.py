"""Spans: phases, merged where a milestone between them is missing."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mttrlab.analysis.basis import says_basis
from mttrlab.analysis.doors import Source, is_lab, opened
from mttrlab.analysis.phases import judged_stamps
from mttrlab.schema import PHASES, SPAN_COLUMNS, conform


@says_basis
def phase_spans(incidents: Source) -> pd.DataFrame:
    """Return the spans between neighbouring usable milestones of each incident.

    Parameters
    ----------
    incidents : DataFrame or Lab
        Incidents, as for `phase_durations`.

    Returns
    -------
    DataFrame
        One row per span, in the order of the incidents: `incident_id, first_phase, last_phase` (different where a
        milestone between them is missing, or the fix came before the diagnosis), `minutes`, `observed` (False: still
        running at `exported_at`). `replication` is kept where the frame has one. The spans of an incident add up to
        the time from its first usable milestone to its last, or to `exported_at` while it is open.

    Raises
    ------
    SchemaError
        When the table is no table of incidents.

    Examples
    --------
    >>> rows = pd.DataFrame({
    ...     "incident_id": ["a"], "detected_at": pd.to_datetime(["2026-01-05 10:00Z"]),
    ...     "resolved_at": pd.to_datetime(["2026-01-05 10:42Z"]),
    ... })
    >>> phase_spans(rows).values.tolist()
    [['a', 'diagnose', 'resolve', 42.0, True]]
    """
    if is_lab(incidents, "a table of incidents"):
        with opened(incidents, "incidents") as door:
            rows = door.ask("analysis/spans")
        return conform(rows.sort_values(["incident_id", "place"], ignore_index=True), SPAN_COLUMNS)
    assert isinstance(incidents, pd.DataFrame)
    with opened(judged_stamps(incidents), "incidents") as door:
        rows = door.ask("analysis/spans")
    rows = rows.sort_values(["row", "place"], ignore_index=True)
    spans = conform(rows, SPAN_COLUMNS)
    if "replication" in incidents:
        spans["replication"] = incidents["replication"].to_numpy()[rows["row"].to_numpy(dtype=int)]
    return spans


def span_name(first_phase: str, last_phase: str) -> str:
    """Return the phases that a span holds, in words.

    Examples
    --------
    >>> span_name("diagnose", "resolve")
    'diagnose + resolve'
    >>> span_name("verify", "verify")
    'verify'
    """
    return " + ".join(PHASES[PHASES.index(first_phase) : PHASES.index(last_phase) + 1])


@says_basis
def span_summary(spans: pd.DataFrame) -> pd.DataFrame:
    """Return how long each kind of span takes: what an export without the middle stamps can still say.

    Parameters
    ----------
    spans : DataFrame
        As `phase_spans` returns it.

    Returns
    -------
    DataFrame
        One row per pair of `first_phase, last_phase` in the order of the phases: `span` in words
        ("diagnose + resolve"), `n` (ended), `open`, `mean, median, p90` in minutes of the ended spans, `minutes`
        (their sum) and `share` of all ended minutes. Shares add up to one.

    Raises
    ------
    SchemaError
        When the table has no spans.
    """
    from mttrlab.analysis.intervals import mean_interval, median_interval
    from mttrlab.schema import empty

    spans = conform(spans, SPAN_COLUMNS) if len(spans.columns) else empty(SPAN_COLUMNS)
    made = []
    for (first, last), rows in spans.groupby(["first_phase", "last_phase"], observed=True):
        ended = np.sort(rows.loc[rows["observed"].fillna(True).astype(bool), "minutes"].to_numpy())
        mean, median = mean_interval(ended), median_interval(ended)
        made.append(
            {
                "first_phase": first,
                "last_phase": last,
                "span": span_name(str(first), str(last)),
                "n": len(ended),
                "open": len(rows) - len(ended),
                "mean": mean.estimate,
                "mean_low": mean.low,
                "mean_high": mean.high,
                "mean_method": mean.method,
                "median": median.estimate,
                "median_low": median.low,
                "median_high": median.high,
                "p90": float(np.quantile(ended, 0.9)) if len(ended) else np.nan,
                "minutes": round(ended.sum() * 60_000_000) / 60_000_000,
            }
        )
    table = pd.DataFrame(made, columns=_SUMMARY)
    place = [(PHASES.index(f), PHASES.index(s)) for f, s in zip(table["first_phase"], table["last_phase"], strict=True)]
    table = table.iloc[sorted(range(len(table)), key=lambda i: place[i])].reset_index(drop=True)
    return table.assign(share=table["minutes"] / table["minutes"].sum())


_SUMMARY = [
    "first_phase", "last_phase", "span", "n", "open", "mean", "mean_low", "mean_high", "mean_method", "median",
    "median_low", "median_high", "p90", "minutes",
]  # fmt: skip
