"""What a lab answers about telemetry: metrics, deployments, firings, logs, spans.

`since` is included and `until` not; without a zone they are UTC.
"""

from __future__ import annotations

import duckdb
import pandas as pd

from mttrlab import sql
from mttrlab.lab.database import Moment, epoch_microseconds, utc_moment
from mttrlab.schema import (
    DEPLOYMENT_COLUMNS,
    FIRING_COLUMNS,
    LOG_COLUMNS,
    METRIC_COLUMNS,
    TRACE_COLUMNS,
    conform,
)


def metrics(
    connection: duckdb.DuckDBPyConnection, service: str | None, since: Moment | None, until: Moment | None
) -> pd.DataFrame:
    """Return metrics of services, one row per service and instant; see `Lab.metrics`."""
    rows = sql.frame(
        connection,
        sql.text("lab/metric_range"),
        since=_micros(since, "since"),
        until=_micros(until, "until"),
        names=None if service is None else _stored_names(connection, service),
    )
    return conform(rows, METRIC_COLUMNS)


def deployments(
    connection: duckdb.DuckDBPyConnection, service: str | None, since: Moment | None, until: Moment | None
) -> pd.DataFrame:
    """Return deployments, oldest first."""
    return conform(_between(connection, "deployments", "at", service, since, until), DEPLOYMENT_COLUMNS)


def firings(
    connection: duckdb.DuckDBPyConnection, service: str | None, since: Moment | None, until: Moment | None
) -> pd.DataFrame:
    """Return firings of alerts that began in the time asked for, oldest first."""
    return conform(_between(connection, "firings", "started_at", service, since, until), FIRING_COLUMNS)


def log_lines(
    connection: duckdb.DuckDBPyConnection,
    service: str | None,
    since: Moment | None,
    until: Moment | None,
    level: str | None,
) -> pd.DataFrame:
    """Return lines of structured logs, oldest first."""
    rows = _between(connection, "logs", "at", service, since, until)
    rows = rows if level is None else rows[rows["level"] == level].reset_index(drop=True)
    return conform(rows, LOG_COLUMNS[:-1])


def spans(
    connection: duckdb.DuckDBPyConnection, service: str | None, since: Moment | None, until: Moment | None
) -> pd.DataFrame:
    """Return spans of traces that began in the time asked for, oldest first."""
    rows = sql.frame(
        connection,
        """
        SELECT * FROM spans
        WHERE start_ns >= coalesce(1000 * $since::BIGINT, 0)
          AND start_ns < coalesce(1000 * $until::BIGINT, 9223372036854775807)
          AND ($service::VARCHAR IS NULL OR service = $service)
        ORDER BY start_ns, trace_id, span_id
        """,
        since=_micros(since, "since"),
        until=_micros(until, "until"),
        service=service,
    )
    return conform(rows, TRACE_COLUMNS)


def telemetry(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Return what telemetry the lab holds, one row per kind and service."""
    return sql.frame(connection, sql.text("lab/telemetry_held"))


def _between(
    connection: duckdb.DuckDBPyConnection,
    view: str,
    column: str,
    service: str | None,
    since: Moment | None,
    until: Moment | None,
) -> pd.DataFrame:
    return sql.frame(
        connection,
        f"""
        SELECT * FROM {view}
        WHERE ($since::TIMESTAMPTZ IS NULL OR "{column}" >= $since::TIMESTAMPTZ)
          AND ($until::TIMESTAMPTZ IS NULL OR "{column}" < $until::TIMESTAMPTZ)
          AND ($service::VARCHAR IS NULL OR service = $service)
        ORDER BY "{column}", {"alert" if view == "firings" else "service"}
        """,
        since=utc_moment(since, "since"),
        until=utc_moment(until, "until"),
        service=service,
    )


def _stored_names(connection: duckdb.DuckDBPyConnection, service: str) -> list[str]:
    """Return what the files of metrics call a service."""
    rows = connection.execute(
        """
        SELECT DISTINCT s.service FROM metric_series AS s
        LEFT JOIN service_names AS n ON n.key = lower(trim(s.service))
        WHERE coalesce(n.service, trim(s.service)) = $1
        """,
        [service],
    ).fetchall()
    return [str(name) for (name,) in rows]


def _micros(when: Moment | None, name: str) -> int | None:
    moment = utc_moment(when, name)
    return None if moment is None else epoch_microseconds(moment)
