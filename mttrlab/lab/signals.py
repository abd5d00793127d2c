"""What the systems said, asked of a lab: metrics, deployments, firings, logs, spans; and what follows for stamps."""

from __future__ import annotations

from typing import Any

import pandas as pd

from mttrlab import sql
from mttrlab.errors import QuestionError
from mttrlab.judge.episodes import RecoveryRule
from mttrlab.lab import dating
from mttrlab.lab.answers import Answers
from mttrlab.lab.questions import instant, micros
from mttrlab.lab.store import named
from mttrlab.schema import DEPLOYMENT_COLUMNS, FIRING_COLUMNS, LOG_COLUMNS, METRIC_COLUMNS, TRACE_COLUMNS, conform


class Signals(Answers):
    """The questions about telemetry. `since` is included and `until` not; without a zone they are UTC."""

    def metrics(self, service: str | None = None, since: Any = None, until: Any = None) -> pd.DataFrame:
        """Return metrics of services, one row per service and instant.

        Parameters
        ----------
        service : str, optional
            Under the team's own name; None: all.
        since, until : str or Timestamp, optional

        Returns
        -------
        DataFrame
            `service, at, error_rate` (percent), `latency_p95` (ms), `throughput` (requests per second); NaN: no data.
            `verify_service_recovery` takes it as it is.
        """
        found = self._frame(
            sql.text("lab/metric_range"),
            since=_micros(since, "since"),
            until=_micros(until, "until"),
            names=None if service is None else self._stored_names(service),
        )
        return conform(found, METRIC_COLUMNS)

    def deployments(self, service: str | None = None, since: Any = None, until: Any = None) -> pd.DataFrame:
        """Return deployments, oldest first: `at, service, version, status, change_id`."""
        return conform(self._between("deployments", "at", service, since, until), DEPLOYMENT_COLUMNS)

    def firings(self, service: str | None = None, since: Any = None, until: Any = None) -> pd.DataFrame:
        """Return firings of alerts that began in the time asked for, with or without an incident, oldest first.

        Returns
        -------
        DataFrame
            `alert, service, severity, started_at, ended_at, source, summary, key`. Pages of PagerDuty are among them
            (source `pagerduty`; their key is the page's id).
        """
        return conform(self._between("firings", "started_at", service, since, until), FIRING_COLUMNS)

    def logs(
        self, service: str | None = None, since: Any = None, until: Any = None, level: str | None = None
    ) -> pd.DataFrame:
        """Return lines of structured logs, oldest first: `at, service, level, event, trace_id, fields` (JSON)."""
        found = self._between("logs", "at", service, since, until)
        found = found if level is None else found[found["level"] == level].reset_index(drop=True)
        return conform(found, LOG_COLUMNS[:-1])

    def spans(self, service: str | None = None, since: Any = None, until: Any = None) -> pd.DataFrame:
        """Return spans of traces that began in the time asked for, oldest first.

        Returns
        -------
        DataFrame
            `trace_id, span_id, parent_id, service, name, kind, target, start_ns, end_ns` (nanoseconds), `failed`.
        """
        begin, end = _micros(since, "since"), _micros(until, "until")
        found = self._frame(
            """
            SELECT * FROM spans
            WHERE start_ns >= coalesce(1000 * $since::BIGINT, 0)
              AND start_ns < coalesce(1000 * $until::BIGINT, 9223372036854775807)
              AND ($service::VARCHAR IS NULL OR service = $service)
            ORDER BY start_ns, trace_id, span_id
            """,
            since=begin,
            until=end,
            service=service,
        )
        return conform(found, TRACE_COLUMNS)

    def telemetry(self) -> pd.DataFrame:
        """Return what telemetry the lab holds: `kind, service, rows, first, last`, one row per kind and service."""
        return self._frame(sql.text("lab/telemetry_held"))

    def dating(
        self,
        since: Any = None,
        until: Any = None,
        *,
        rule: RecoveryRule | None = None,
        before_minutes: float = 120.0,
        after_minutes: float = 60.0,
    ) -> pd.DataFrame:
        """Return when the metrics say that each incident began and that health was confirmed.

        Parameters
        ----------
        since, until : str or Timestamp, optional
            Of the incidents' first stamps.
        rule : RecoveryRule, optional
            Default: the founding text's limits and times, three checks in a row.
        before_minutes, after_minutes : float
            How far to look before the first stamp, and after the fix.

        Returns
        -------
        DataFrame
            One row per counted incident: `incident_id, source, service, onset_at, onset_after` (the last good check),
            `onset_status, healthy_from, recovered_at` (the check that confirms), `recovered_status, founding_at` (the
            founding text's rule: first good check within five minutes of the fix), `checks, known, reason`.

        See Also
        --------
        mttrlab.judge.dating.date_checks : what the statuses mean.
        """
        for name, minutes in (("before_minutes", before_minutes), ("after_minutes", after_minutes)):
            if isinstance(minutes, bool) or not isinstance(minutes, int | float) or not 0 < minutes <= 10_080:
                raise QuestionError(f"{name} must be a number above 0, of at most a week of minutes; got {minutes!r}")
        incidents = self.incidents(since, until)
        with named(self.path):
            return dating.date_incidents(
                self._connection, incidents, rule or RecoveryRule(), before_minutes, after_minutes
            )

    def derivable(self, dated: pd.DataFrame | None = None) -> pd.DataFrame:
        """Return the stamps that metrics can give where nobody recorded one: a table for `record(…, kind="derived")`.

        Parameters
        ----------
        dated : DataFrame, optional
            As `dating` gives it; default: of all incidents, with its defaults.

        Returns
        -------
        DataFrame
            `incident_id, source, milestone` (started_at or verified_at), `time, who, why`.
        """
        dated = self.dating() if dated is None else dated
        return dating.derivable(self.incidents(), dated)

    def _between(self, view: str, column: str, service: str | None, since: Any, until: Any) -> pd.DataFrame:
        return self._frame(
            f"""
            SELECT * FROM {view}
            WHERE ($since::TIMESTAMPTZ IS NULL OR "{column}" >= $since::TIMESTAMPTZ)
              AND ($until::TIMESTAMPTZ IS NULL OR "{column}" < $until::TIMESTAMPTZ)
              AND ($service::VARCHAR IS NULL OR service = $service)
            ORDER BY "{column}", ALL
            """.replace(", ALL", f", {'alert' if view == 'firings' else 'service'}"),
            since=instant(since, "since"),
            until=instant(until, "until"),
            service=service,
        )

    def _stored_names(self, service: str) -> list[str]:
        """Return what the files of metrics call a service."""
        found = self._frame(
            """
            SELECT DISTINCT s.service FROM metric_series AS s
            LEFT JOIN service_names AS n ON n.key = lower(trim(s.service))
            WHERE coalesce(n.service, trim(s.service)) = $service
            """,
            service=service,
        )
        return [str(name) for name in found["service"]]


def _micros(when: Any, name: str) -> int | None:
    moment = instant(when, name)
    return None if moment is None else micros(moment)
