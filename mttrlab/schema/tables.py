"""The words of the lab, and the columns of every table: spelled here alone, with unit and meaning of empty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from mttrlab.errors import QuestionError, SchemaError

Cell = str | float | bool | pd.Timestamp | None
"""What stands in a table."""


class Record(dict[str, Any]):
    """One row of a table, by the names of its columns."""


class Column(NamedTuple):
    """One column of a table."""

    name: str
    kind: str
    """text, time (UTC, microseconds), minutes, share (0 to 1), flag, count, or number (unit in the meaning)."""
    meaning: str
    """What it says, and what an empty cell means."""


_DTYPES: dict[str, Any] = {
    "text": "str",
    "time": "datetime64[us, UTC]",
    "minutes": "float64",
    "share": "float64",
    "flag": "boolean",
    "count": "Int64",
    "number": "float64",
}


_ABSENT: dict[str, object] = {
    "text": np.nan,
    "time": pd.NaT,
    "minutes": np.nan,
    "share": np.nan,
    "flag": pd.NA,
    "count": pd.NA,
    "number": np.nan,
}


_IDENTITY = (
    Column("incident_id", "text", "The source's id of the incident; never empty."),
    Column(
        "source", "text", "The tool that the record comes from; of joined records, the one that gives the identity."
    ),
    Column("service", "text", "The service hit, under the team's own name for it; empty: not said."),
    Column("team", "text", "The team that owned the response; empty: not said."),
    Column("severity", "text", "As the source or the severity map says; empty: not said."),
    Column("incident_type", "text", "What kind of failure, as the source or a title pattern says; empty: not known."),
    Column("failure_mode", "text", "availability, latency, error_rate or dependency; empty: not known."),
    Column("title", "text", "What people called it; never trusted as markup."),
    Column("url", "text", "Where to read about it."),
)


# The words of the lab, each spelled once.


STAMPS = ("started_at", "detected_at", "acknowledged_at", "diagnosed_at", "resolved_at", "verified_at")
"""Every time that people or tools record, in the order in which they are expected."""


_STAMPS = tuple(
    column
    for stamp in STAMPS
    for column in (
        Column(stamp, "time", "UTC; empty: see the verdict beside it."),
        Column(f"{stamp}_verdict", "text", "How good the stamp is (VERDICTS); never empty."),
        Column(f"{stamp}_origin", "text", "Where the stamp came from (ORIGINS); empty where there is no stamp."),
    )
)


_FACTS = (
    Column("first_resolved_at", "time", "The first resolution of a reopened incident; empty: never reopened."),
    Column("detected_by", "text", "alert, monitor, customer or person; empty: not said."),
    Column("fix_path", "text", "flag, rollback, automation, config, scale, forward_fix, …; empty: not said."),
    Column("change_id", "text", "The change that caused it; empty: none known."),
    Column("users", "share", "Share of users affected; empty: not said."),
    Column("reopened", "flag", "Resolved more than once; empty: the source cannot tell."),
    Column("population", "text", "counted, page, drill, test, maintenance, cancelled or merged; never empty."),
    Column("exported_at", "time", "When this row was last seen at its source: open incidents are censored here."),
)


INCIDENT_COLUMNS = _IDENTITY + _STAMPS + _FACTS
"""One row per incident, real or simulated (simulated ones add `replication`)."""


REPORT_COLUMNS = (
    Column("source", "text", "The tool that the record comes from; never empty."),
    Column("source_id", "text", "The tool's own id of the incident; never empty."),
    *_IDENTITY[2:],
    Column("services", "text", "JSON list of every service or component the record names; empty: none."),
    Column("priority", "text", "The source's priority word where it has one beside severity; empty: none."),
    Column("status", "text", "open or closed, as the source says; empty: the source has no such word."),
    *_STAMPS,
    *_FACTS,
    Column("closed_at", "time", "When the paperwork closed: never a milestone; empty: not closed or not said."),
    Column("updated_at", "time", "The source's own last change of the record; empty: not said."),
    Column("automated", "flag", "Automation ended it (empty: not said)."),
    Column("resolution_s", "minutes", "Grain of the source's clock in SECONDS: 60 for minute stamps, 0.001 for ms."),
    Column(
        "copies", "text", "JSON pairs [stamp, copied from]: known defaults; from 'timer': the tool gave up waiting."
    ),
    Column("record", "count", "Line or index of the record in its file, counted from 1."),
    Column("content_hash", "text", "Hash of what the source said; the same content has the same hash."),
)
"""One row per source record, as judged on its own: what the lab stores."""


CLOCK_ENDS = {
    "recovery": ("started_at", "verified_at"),
    "started_to_resolved": ("started_at", "resolved_at"),
    "detected_to_verified": ("detected_at", "verified_at"),
    "detected_to_resolved": ("detected_at", "resolved_at"),
}


CLOCKS = tuple(CLOCK_ENDS)
"""From the widest to the narrowest; `recovery` is the sum of the four phases."""


PHASES = ("detect", "diagnose", "resolve", "verify")


_MEASURES = PHASES + CLOCKS


PHASE_COLUMNS = (
    *(c for c in INCIDENT_COLUMNS if not c.name.endswith(("_verdict", "_origin"))),
    *(Column(m, "minutes", "Minutes; NaN where an end is unknown or its stamp is not usable.") for m in _MEASURES),
    *(
        Column(f"{m}_observed", "flag", "False: still running at exported_at, so the minutes are a lower bound.")
        for m in _MEASURES
    ),
    Column("month", "time", "First day (UTC) of the month of the first usable stamp; empty: none is usable."),
)
"""One row per incident, minutes per phase and per clock."""


SPAN_COLUMNS = (
    Column("incident_id", "text", "The incident."),
    Column("first_phase", "text", "The first phase that the span holds."),
    Column("last_phase", "text", "The last phase that the span holds; the same as the first where nothing merged."),
    Column("minutes", "minutes", "Length of the span."),
    Column("observed", "flag", "False: still running at exported_at."),
)


def table_records(table: pd.DataFrame) -> list[Record]:
    """Return the rows of a table, each by its columns' names."""
    return [Record({str(name): value for name, value in row.items()}) for row in table.to_dict("records")]


def empty(columns: tuple[Column, ...]) -> pd.DataFrame:
    """Return a table of these columns with no rows.

    Parameters
    ----------
    columns : tuple of Column

    Returns
    -------
    DataFrame
        Typed as every table of that kind is.

    Examples
    --------
    >>> empty(SPAN_COLUMNS).columns.tolist()
    ['incident_id', 'first_phase', 'last_phase', 'minutes', 'observed']
    """
    return pd.DataFrame({c.name: pd.Series(dtype=_DTYPES[c.kind]) for c in columns})


def conform(frame: pd.DataFrame, columns: tuple[Column, ...]) -> pd.DataFrame:
    """Return `frame` with exactly these columns, in this order and of these types; absent ones are empty.

    Parameters
    ----------
    frame : DataFrame
        Any subset of the columns; others are left out. Times must carry a zone.
    columns : tuple of Column

    Returns
    -------
    DataFrame
        A new frame; the caller's is untouched.

    Raises
    ------
    SchemaError
        When a column cannot hold what the frame has, or a time has no zone.
    """
    made: dict[str, pd.Series] = {}
    for column in columns:
        dtype = _DTYPES[column.kind]
        if column.name not in frame:
            made[column.name] = pd.Series(_ABSENT[column.kind], index=frame.index, dtype=dtype)
            continue
        values = frame[column.name]
        if values.ndim > 1:
            raise SchemaError(f"the table has the column {column.name!r} twice; keep one")
        if column.kind == "time" and isinstance(values.dtype, np.dtype) and values.dtype.kind == "M":
            raise SchemaError(f"{column.name} has no time zone; localise it (tz_localize) before handing it over")
        try:
            made[column.name] = values.astype(dtype)
        except (TypeError, ValueError) as error:
            raise SchemaError(f"{column.name} must be {column.kind}; {str(error)[:120]}") from None
    # Without a copy: what is written to one frame never shows in the other.
    return pd.DataFrame(made, index=frame.index, copy=False)


def check_incidents(incidents: pd.DataFrame, *needed: str) -> None:
    """Refuse a frame that is no incidents table.

    Parameters
    ----------
    incidents : DataFrame
    *needed : str
        Columns that the question needs beside `incident_id`.

    Raises
    ------
    SchemaError
        Naming the missing columns and what gives them.
    """
    missing = [name for name in ("incident_id", *needed) if name not in incidents]
    if missing:
        raise SchemaError(
            f"the table lacks {', '.join(missing)}; pass a table of incidents as lab.incidents() or ml.read() gives it"
        )


MILESTONES = ("started_at", "detected_at", "diagnosed_at", "resolved_at", "verified_at")
"""The stamps that begin or end a phase. `acknowledged_at` ends none."""


PHASE_ENDS = {
    "detect": ("started_at", "detected_at"),
    "diagnose": ("detected_at", "diagnosed_at"),
    "resolve": ("diagnosed_at", "resolved_at"),
    "verify": ("resolved_at", "verified_at"),
}


STEP_PLACES = dict(zip(PHASES, range(len(PHASES)), strict=True)) | {"acknowledge": 1, "acknowledged_to_resolved": 2}
"""Where each step of an incident stands: the four phases, and two that need no diagnosis."""
PHASE_RANGES = {"detect": (0.0, 30.0), "diagnose": (10.0, 120.0), "resolve": (5.0, 60.0), "verify": (2.0, 10.0)}
"""Typical minutes per phase as the founding text prints them (`reducing-mttr`): a reference band, not a norm."""


LEVELS = (("Elite", 15.0), ("Advanced", 30.0), ("Intermediate", 60.0), ("Basic", 240.0))
"""Maturity levels and the minutes that MTTR must stay strictly below, best first."""


NO_LEVEL = "no level"
"""Four hours and more: the founding table has no name for it."""


VERDICTS = (
    "recorded",  # somebody or something stamped it
    "pending",  # the incident is still open and has not come this far
    "missing",  # closed, and nobody stamped it
    "not_applicable",  # automation ended the incident, so nobody diagnosed it
    "defaulted",  # the vendor copied another stamp
    "out_of_order",  # earlier than a milestone that must come before it
    "suspect",  # an auto-close timer, an implausible date
)


ORIGINS = (
    "export",  # the source's own stamp
    "proxy",  # a public post stands in for the true time
    "annotated",  # corrected by people
    "derived",  # computed from telemetry
    "simulated",  # born in the response model
)


POPULATIONS = ("counted", "page", "drill", "test", "maintenance", "cancelled", "merged")


MEASURE_ENDS = {
    **PHASE_ENDS,
    "acknowledge": ("detected_at", "acknowledged_at"),
    "acknowledged_to_diagnosed": ("acknowledged_at", "diagnosed_at"),
    "acknowledged_to_resolved": ("acknowledged_at", "resolved_at"),
    **CLOCK_ENDS,
}
"""What can be measured by name: the phases, the steps around the acknowledgement, the clocks."""


class Event(NamedTuple):
    """Something the team did on a day, and what it was to move."""

    at: pd.Timestamp
    """UTC."""
    name: str
    moves: str = ""
    """The measure it was to move; empty: not said."""

    def meant_for(self, measure: str) -> bool:
        """Return whether it was to move this measure, by name or as a part of it."""
        if self.moves == measure:
            return True
        return {self.moves, measure} <= {"diagnose", "acknowledged_to_diagnosed"}


def measure_ends(measure: object, own: Mapping[str, Sequence[str]] | None = None) -> tuple[str, str]:
    """Return the two stamps that a measure lies between.

    Parameters
    ----------
    measure : str
        A name of `MEASURE_ENDS`, one of `own`, or two milestones as "acknowledged_to_verified".
    own : mapping, optional
        The team's names and their stamps.

    Raises
    ------
    QuestionError
        For any other word; the sentence lists the names.

    Examples
    --------
    >>> measure_ends("diagnose"), measure_ends("started_to_acknowledged")
    (('detected_at', 'diagnosed_at'), ('started_at', 'acknowledged_at'))
    """
    own = own or {}
    if isinstance(measure, str):
        if measure in MEASURE_ENDS:
            return MEASURE_ENDS[measure]
        if measure in own:
            first, last = own[measure]
            return first, last
        first, last = (f"{end}_at" for end in [*measure.split("_to_"), ""][:2])
        if first in STAMPS and last in STAMPS and STAMPS.index(first) < STAMPS.index(last):
            return first, last
    raise QuestionError(
        f"measure must be one of {', '.join((*MEASURE_ENDS, *own))}, or two milestones in their order, such as "
        f"started_to_acknowledged; got {measure!r}"
    )


def clock_name(measure: object) -> str:
    """Return `measure` if it is one of `CLOCKS`.

    Raises
    ------
    QuestionError
        For any other word; the sentence lists the clocks.
    """
    if not isinstance(measure, str) or measure not in CLOCK_ENDS:
        raise QuestionError(f"measure must be one of {', '.join(CLOCKS)}; got {measure!r}")
    return measure


# The columns of what the systems said: metrics, deployments, alert firings, log lines, spans of traces.


MEASURES = ("error_rate", "latency_p95", "throughput")
"""What is measured of a service: percent of requests, milliseconds, requests per second."""


METRIC_COLUMNS = (
    Column("service", "text", "The service, under the team's own name for it; never empty."),
    Column("at", "time", "UTC; a sample stands for the time that begins here; never empty."),
    Column("error_rate", "number", "PERCENT of requests that failed, 0 to 100; empty: no data."),
    Column("latency_p95", "number", "MILLISECONDS that 95 of 100 requests stay below; empty: no data."),
    Column("throughput", "number", "Requests per SECOND; empty: no data."),
)
"""One row per service and instant."""


DEPLOYMENT_COLUMNS = (
    Column("at", "time", "UTC, when it reached production; never empty."),
    Column("service", "text", "The service that was deployed; never empty."),
    Column("version", "text", "As the source says; empty: not said."),
    Column("status", "text", "succeeded, failed, rolled_back, … as the source says; empty: not said."),
    Column("change_id", "text", "The change behind it; empty: none known."),
)
"""One row per deployment."""


FIRING_COLUMNS = (
    Column("alert", "text", "The alert's name, or a page's title; never empty."),
    Column("service", "text", "The service that the alert's labels name; empty: they name none."),
    Column("severity", "text", "As the source says; empty: not said."),
    Column("started_at", "time", "UTC, when it fired (after its `for`); never empty."),
    Column("ended_at", "time", "UTC; empty: still firing when the file was taken, or the end is not in it."),
    Column("source", "text", "alertmanager, pagerduty, or the table's own word; never empty."),
    Column("summary", "text", "What the alert says in words; empty: nothing."),
    Column("key", "text", "What tells this alert from others of its name (its fingerprint); empty: none."),
)
"""One row per firing of an alert, with or without an incident."""


LOG_COLUMNS = (
    Column("at", "time", "UTC; never empty."),
    Column("service", "text", "The service that wrote it; empty: not said."),
    Column("level", "text", "debug, info, warning, error or critical; empty: not said."),
    Column("event", "text", "What happened; never empty."),
    Column("trace_id", "text", "The trace that it belongs to; empty: not said."),
    Column("fields", "text", "JSON object of the other fields; those that look like people or secrets are left out."),
    Column("hash", "text", "Hash of the line; the same line has the same hash."),
)
"""One row per line of a structured log."""


ERROR_LEVELS = ("error", "critical")
"""Levels that count as errors."""


TRACE_COLUMNS = (
    Column("trace_id", "text", "The trace; never empty."),
    Column("span_id", "text", "The span; never empty."),
    Column("parent_id", "text", "The span that called it; empty: a root."),
    Column("service", "text", "`service.name` of its resource; empty: not said."),
    Column("name", "text", "The operation."),
    Column("kind", "text", "server, client, internal, producer or consumer; empty: not said."),
    Column("target", "text", "What it called: `peer.service`, `db.system` or the like; empty: not said."),
    Column("start_ns", "count", "NANOSECONDS since 1970 UTC; never empty."),
    Column("end_ns", "count", "NANOSECONDS since 1970 UTC, never before the start; never empty."),
    Column("failed", "flag", "Its status says error; empty: unset."),
)
"""One row per span of a trace."""


TELEMETRY = {
    "metrics": METRIC_COLUMNS,
    "deployments": DEPLOYMENT_COLUMNS,
    "firings": FIRING_COLUMNS,
    "logs": LOG_COLUMNS,
    "spans": TRACE_COLUMNS,
}
"""The tables of telemetry by name."""


NEEDED_FILES = {
    "metrics": "metrics: a table with time, service, error_rate (percent), latency_p95 (ms), throughput (req/s), "
    "or a Prometheus range query",
    "deployments": "deployments: a table with time, service, version, status, change_id",
    "firings": "alert firings: an Alertmanager log (JSON lines) or a PagerDuty export",
    "logs": "structured logs: JSON lines with timestamp, level, event, service",
    "spans": "traces: OTLP JSON (resourceSpans)",
}
"""Which file would fill each table, in words."""
