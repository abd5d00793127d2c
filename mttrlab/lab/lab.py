"""The lab: one DuckDB file that holds what the exports said, and the only object with state."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import duckdb
import pandas as pd

from mttrlab.errors import QuestionError, StoreError
from mttrlab.files import new_path
from mttrlab.lab import record_queries, simulations, store, telemetry_queries, views
from mttrlab.lab.database import Moment, query_read_only, transaction
from mttrlab.lab.events import FORMAT as EVENTS
from mttrlab.lab.events import known_events, store_events
from mttrlab.lab.reports import FolderReport, LoadOptions, LoadReport, columns_as_json, combined_report, ledger_state
from mttrlab.lab.simulations import SimulatedRun
from mttrlab.lab.store import explain_errors
from mttrlab.lab.warnings import data_warnings, quality_sentence

if TYPE_CHECKING:
    from mttrlab.judge.dating import RecoveryRule
    from mttrlab.lab.settings import Settings
    from mttrlab.schema import Event, Practices

# What an act needs is imported inside it: a question should not wait for what loads, dates or records.


class Lab:
    """Incident records, judged and joined, in one DuckDB file.

    Parameters
    ----------
    path : str or Path, optional
        The lab's file, made if it is new; None: in memory, gone when closed.
    read_only : bool
        True: several processes may read at once, nothing can be written.

    Raises
    ------
    StoreError
        When the file is in use (with the PID of the process), damaged, of another version, or not a lab.

    Examples
    --------
    >>> with Lab() as lab:
    ...     len(lab.incidents())
    0
    """

    path: Path | None
    """The lab's file; None: in memory."""
    read_only: bool
    """Nothing can be written."""

    def __init__(self, path: str | Path | None = None, *, read_only: bool = False) -> None:
        self.path = None if path is None else Path(path)
        if self.path is None and read_only:
            raise StoreError("a lab in memory starts empty; give read_only=True only with a file")
        self.read_only = read_only
        self._connection = store.open_store(self.path, read_only=read_only)
        self._newest_load: int | None = None
        self._settings: Settings | None = None
        try:
            with explain_errors(self.path):
                self._settings_text = views.stored_settings(self._connection)
        except StoreError:
            self._connection.close()
            raise

    def close(self) -> None:
        """Close the file; closing twice is fine."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        """Return where the lab lives."""
        return f"Lab({str(self.path)!r})" if self.path else "Lab()"

    def _repr_html_(self) -> str:
        return self.population().to_html(index=False, escape=True, border=0)

    # What changes the lab.

    def load(
        self,
        path: str | Path,
        *,
        format: str | None = None,
        timezone: str | None = None,
        as_of: str | datetime | None = None,
        source: str | None = None,
        columns: Mapping[str, str] | None = None,
        keep_raw: bool = False,
        keep_people: bool = False,
    ) -> LoadReport:
        """Load exports, practices or telemetry, a file or all files of a pattern: wholly, or not at all.

        Parameters
        ----------
        path : str or Path
            A file, or a pattern such as `exports/*.json` or `rules/*.yml`.
        format : str, optional
            canonical, statuspage, pagerduty, servicenow, annotations, practices or telemetry; default: what the
            settings say, else recognised, each file for itself.
        timezone : str, optional
            IANA name of the zone of stamps that carry none; default: what the settings say.
        as_of : str or Timestamp, optional
            When the export was taken; default: what the file says, else its newest stamp.
        source : str, optional
            Name of the source in every table; default: what the settings say, else the format's name.
        columns : mapping, optional
            For a table of your own: the file's name of a column, and ours, such as `{"Created": "detected_at"}`;
            default: what the settings say, else the names decide.
        keep_raw : bool
            True: a private copy of each file stays in the folder `<lab>.raw`, for `rebuild`.
        keep_people : bool
            True: who annotated is stored as written, otherwise as a keyed pseudonym; and fields of logs that look
            like people or secrets are kept, otherwise they are left out, and which is said.

        Returns
        -------
        LoadReport
            Loading the same file again changes nothing and says so. A file of practices that has changed replaces what
            was read under its path before.

        Raises
        ------
        LoadError
            When a file is refused; the lab is as it was.
        """
        from mttrlab.lab.load import load_files, matching_files
        from mttrlab.lab.raw_copies import raw_copies

        self._writable()
        files = matching_files(path)
        taken = None if as_of is None else str(as_of)
        options = LoadOptions(format, timezone, taken, source, columns_as_json(columns))
        with (
            raw_copies(self.path if keep_raw else None, asked=keep_raw) as keep,
            self._transaction(str(path)),
        ):
            reports = load_files(self._connection, files, options, as_of, self.settings, keep_people=keep_people)
            keep(self._connection, files, reports)
        self._keep(reports)
        return reports[0] if len(reports) == 1 else combined_report(path, reports)

    def load_folder(self, folder: str | Path, settings: Settings | None = None) -> FolderReport:
        """Load every export of a folder, its `practices/` and its `telemetry/` under its `mttrlab.yml`: all, or none.

        Parameters
        ----------
        folder : str or Path
        settings : Settings, optional
            Default: the folder's `mttrlab.yml`, else what the lab was told before.

        Raises
        ------
        LoadError, SettingsError
            One refused file refuses the call; the lab is as it was.
        """
        from mttrlab.lab.load import folder_files, load_files, unmatched_patterns
        from mttrlab.lab.settings import FILE_NAME, Settings

        self._writable()
        written = Path(folder) / FILE_NAME
        if settings is None:
            settings = Settings.read(written) if written.is_file() else self.settings
        files = folder_files(folder, settings)
        with self._transaction(str(folder)):
            views.store_settings(self._connection, settings)
            reports = load_files(self._connection, list(files.exports), LoadOptions(), None, settings)
        self._settings = settings
        self._keep(reports)
        return FolderReport(
            folder=str(folder),
            loads=reports,
            skipped=files.skipped,
            settings=str(written) if written.is_file() else None,
            population=self.population_rule(),
            warnings=(*unmatched_patterns(folder, settings), *self.warnings()),
        )

    def record(
        self, table: pd.DataFrame, kind: str = "annotations", *, timezone: str | None = None, keep_people: bool = False
    ) -> LoadReport:
        """Keep what flows back into the lab: stamps that people corrected, or that metrics gave, or known events.

        Parameters
        ----------
        table : DataFrame
            `incident_id, milestone, time, who, why`, and `source` where two tools use one id. Rows without a time
            are left out and counted.
        kind : str
            'annotations'; 'derived': stamps that telemetry gives (`lab.derivable()`); or 'events': a table of `date,
            name` and, where it is known, `moves` (the measure that it was to move).
        timezone : str, optional
            IANA name of the zone of times that carry none; without it they are refused.
        keep_people : bool
            True: who it was is stored as written; otherwise as a keyed pseudonym.

        Returns
        -------
        LoadReport
            `changed`: incidents with a corrected stamp.

        Raises
        ------
        SchemaError
            When the table lacks a column.

        Notes
        -----
        A derived stamp stands only where nobody recorded one, and is shown as derived; annotations win over it.

        An annotation wins over every export. Of several for one stamp, the one loaded last holds, and within one
        table the row that stands last; apart from that, the order of loads does not matter, and an annotation may
        come before its incident. It is judged together with the other stamps, and where it contradicts their order
        or lies behind the export, `lab.warnings()` says so. A corrected fix or verification closes the incident.
        """
        from mttrlab.lab.annotations import RECORD_KINDS
        from mttrlab.lab.load import record_frame

        self._writable()
        if kind not in (*RECORD_KINDS, EVENTS):
            raise QuestionError(f"kind must be one of {', '.join((*RECORD_KINDS, EVENTS))}, got {kind!r}")
        if kind == EVENTS:
            with self._transaction(kind):
                report = store_events(self._connection, table, self.settings)
            self._keep((report,))
            return report
        with self._transaction(kind):
            report = record_frame(self._connection, table, timezone, keep_people=keep_people, kind=kind)
        self._keep((report,))
        return report

    @property
    def settings(self) -> Settings:
        """What the team says about its data."""
        if self._settings is None:
            self._settings = views.parsed_settings(self._settings_text)
        return self._settings

    def apply(self, settings: Settings | str | Path) -> None:
        """Hold other settings from now on; nothing needs to be loaded again.

        Parameters
        ----------
        settings : Settings, str or Path
            Settings, or the path of a `mttrlab.yml`.
        """
        from mttrlab.lab.settings import Settings

        self._writable()
        told = settings if isinstance(settings, Settings) else Settings.read(settings)
        with self._transaction("the settings"):
            views.store_settings(self._connection, told)
            views.derive(self._connection)
        self._settings = told

    # Its records.

    def incidents(
        self, since: Moment | None = None, until: Moment | None = None, population: str | None = "counted"
    ) -> pd.DataFrame:
        """Return the incidents, one a row, in the order of their first usable stamp.

        Parameters
        ----------
        since, until : str or Timestamp, optional
            First usable stamp from `since` on and before `until`; without a zone: UTC.
        population : str or None
            One of POPULATIONS; None: every record.

        Returns
        -------
        DataFrame
            INCIDENT_COLUMNS.
        """
        with explain_errors(self.path):
            rows = record_queries.incidents_of_population(self._connection, since, until, population)
        # A frame alone still knows the team's own measures and what the team did.
        rows.attrs |= {
            "measures": self.measures(), "events": self.events(), "lead_clock": self.settings.lead_clock
        }  # fmt: skip
        return rows

    def events(self) -> tuple[Event, ...]:
        """Return what the team did and when: `events:` of its settings, and what `record(kind="events")` kept."""
        return known_events(self._connection, self._said().get("events") or ())

    def measures(self) -> dict[str, tuple[str, str]]:
        """Return the team's own measures, each by its two milestones: `measures:` of its settings."""
        return {name: (ends[0], ends[1]) for name, ends in (self._said().get("measures") or {}).items()}

    def _said(self) -> dict[str, Any]:
        """Return the settings as they are stored: checked when they were told, and dear to build for two words."""
        return json.loads(self._settings_text or "{}") if self._settings is None else self._settings.model_dump()

    def sql(self, query: str, **params: object) -> pd.DataFrame:
        """Return the rows of one SELECT over `incidents`, `records`, `reports`, `loads`, `quarantine`.

        Parameters
        ----------
        query : str
            DuckDB's SQL, with `$name` parameters.
        **params
            Their values.

        Raises
        ------
        QuestionError
            When it writes, is more than one statement, or cannot be answered.

        Examples
        --------
        >>> from mttrlab.lab import Lab
        >>> with Lab() as lab:
        ...     lab.sql("SELECT count(*) AS n FROM incidents")["n"].tolist()
        [0]
        """
        return query_read_only(self._connection, query, params)

    def quality(self, by: str | Sequence[str] | None = None) -> pd.DataFrame:
        """Return how good the stamps are: incidents and share per milestone and verdict.

        Parameters
        ----------
        by : str or sequence of str, optional
            source, month or service, or several of them: split the counts by it.

        Returns
        -------
        DataFrame
            `[by, …] milestone, verdict, incidents, share` (of the incidents in the part, 0 to 1).
        """
        with explain_errors(self.path):
            return record_queries.quality(self._connection, by)

    def quality_sentence(self) -> str:
        """Return in one sentence which share of the incidents has each milestone recorded, and how many are open."""
        return quality_sentence(self.quality())

    def quarantine(self, load: str | int = "last") -> pd.DataFrame:
        """Return the refused records with their reasons.

        Parameters
        ----------
        load : str or int
            'last', 'all', or a load's number.

        Returns
        -------
        DataFrame
            `load_id, row, column, value, reason`.
        """
        with explain_errors(self.path):
            return record_queries.quarantine(self._connection, load, newest=self._newest_load)

    def loads(self) -> pd.DataFrame:
        """Return the ledger: one row per load, in their order. `loaded_at` is the clock; no number uses it."""
        with explain_errors(self.path):
            return record_queries.loads(self._connection)

    def ambiguous(self) -> pd.DataFrame:
        """Return the pairs of records that may be one incident and were left apart, each with the reason."""
        with explain_errors(self.path):
            return record_queries.ambiguous(self._connection)

    def joins(self) -> pd.DataFrame:
        """Return the records that were joined into an incident that another one leads.

        Returns
        -------
        DataFrame
            `incident_id, source` of the record that leads, `other_source_id, other_source` of the one that joined it,
            `service` and `minutes` between the two, `how`: by time, or by the key table.
        """
        with explain_errors(self.path):
            return record_queries.joins(self._connection)

    def recurrences(self, within_hours: float = 24.0, duplicate_minutes: float = 10.0) -> pd.DataFrame:
        """Return incidents that came back, were reopened, or may be one incident twice; nothing is merged.

        Parameters
        ----------
        within_hours : float
            A recurrence begins at most so long after the end of an incident of the same service and the same incident
            type (where there is none: the same words in the title, numbers aside).
        duplicate_minutes : float
            Possible duplicates are records of one source, on one service, that overlap, have nearly the same title
            and begin at most so far apart.

        Returns
        -------
        DataFrame
            `kind` (recurrence, duplicate or reopened), `incident_id, other_id` (the earlier one), `source,
            other_source, service, minutes` (apart), `reason`.
        """
        with explain_errors(self.path):
            return record_queries.recurrences(self._connection, within_hours, duplicate_minutes)

    def population(self) -> pd.DataFrame:
        """Return how many records there are per source and population."""
        with explain_errors(self.path):
            return record_queries.population(self._connection)

    def population_rule(self) -> str:
        """Return in one sentence which records count as incidents."""
        return views.population_rule(self.settings)

    def warnings(self) -> list[str]:
        """Return the sentences that a reader of the numbers should know."""
        with explain_errors(self.path):
            return data_warnings(self._connection)

    def practices(self) -> Practices:
        """Return what the team runs, of all files together: alert rules, monitors, remediation, runbooks, on-call.

        Returns
        -------
        Practices
            Empty until such files are loaded. Services have the names that the settings give them; rules over
            recording rules know their windows, whatever file those stand in.
        """
        from mttrlab.lab.practices import stored_practices

        names = [(alias, service) for service, aliases in self.settings.services.items() for alias in aliases]
        with explain_errors(self.path):
            return stored_practices(self._connection, names)

    def exported_at(self) -> pd.Timestamp | None:
        """Return when the newest export was taken; None: nothing is loaded."""
        with explain_errors(self.path):
            return record_queries.exported_at(self._connection)

    def data_hash(self) -> str:
        """Return a hash of all newest revisions, the practices and the settings; the order of loading is no matter."""
        with explain_errors(self.path):
            return record_queries.data_hash(self._connection, self.settings)

    def worksheet(self, month: str | None = None, count: int = 15) -> pd.DataFrame:
        """Return the stamps whose filling would narrow the answers most, best first.

        Parameters
        ----------
        month : str, optional
            Such as 2026-06: incidents that begin in it; default: all.
        count : int
            Rows at most.

        Returns
        -------
        DataFrame
            `incident_id, source, milestone, title, service, url, before, after` (the usable stamps around it),
            `stands` (what is there now), `gives` (the phases and clocks that it would complete), and the empty columns
            `time, who, why`. See `RANK` for the order.
        """
        from mttrlab.lab.annotations import worksheet_rows

        with explain_errors(self.path):
            return worksheet_rows(self._connection, self.settings.lead_clock, month, count)

    def annotate(self, path: str | Path = "worksheet.csv", month: str | None = None, count: int = 15) -> Path:
        """Write the worksheet as a CSV to be filled in and loaded back; text cannot act as a formula.

        Parameters
        ----------
        path : str or Path
            A file that is not there yet.
        month, count
            As for `worksheet`.

        Raises
        ------
        QuestionError
            When the file exists, or there is nothing to fill in.
        """
        from mttrlab.lab.annotations import write_worksheet

        new_path(path)
        return write_worksheet(self.worksheet(month, count), path)

    def export(self, path: str | Path, anonymise: bool = False) -> Path:
        """Write every record as a canonical table that loads back into the same incidents.

        Parameters
        ----------
        path : str or Path
            A new file; `.parquet` writes Parquet, anything else CSV. Text cannot act as a formula in a spreadsheet.
        anonymise : bool
            True: ids, services, teams, titles, urls, changes, incident types and unknown words are keyed pseudonyms
            (HMAC-SHA256 under the key of `key_path()`, outside the lab). Times stay as they are.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        QuestionError
            When the file exists.

        Notes
        -----
        The verdicts are in the table for people; loading it judges the stamps again. A copy that only the vendor's
        format gives away is then taken for a recorded stamp. Pseudonymised data is still personal data: whoever has
        the key, or knows when the incidents were, can tell them.
        """
        from mttrlab.lab.export import export_incidents

        new_path(path)
        return export_incidents(self.incidents(population=None), Path(path), anonymise=anonymise)

    # What the systems said. `since` is included and `until` not; without a zone they are UTC.

    def metrics(
        self, service: str | None = None, since: Moment | None = None, until: Moment | None = None
    ) -> pd.DataFrame:
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
        with explain_errors(self.path):
            return telemetry_queries.metrics(self._connection, service, since, until)

    def deployments(
        self, service: str | None = None, since: Moment | None = None, until: Moment | None = None
    ) -> pd.DataFrame:
        """Return deployments, oldest first: `at, service, version, status, change_id`."""
        with explain_errors(self.path):
            return telemetry_queries.deployments(self._connection, service, since, until)

    def firings(
        self, service: str | None = None, since: Moment | None = None, until: Moment | None = None
    ) -> pd.DataFrame:
        """Return firings of alerts that began in the time asked for, with or without an incident, oldest first.

        Returns
        -------
        DataFrame
            `alert, service, severity, started_at, ended_at, source, summary, key`. Pages of PagerDuty are among them
            (source `pagerduty`; their key is the page's id).
        """
        with explain_errors(self.path):
            return telemetry_queries.firings(self._connection, service, since, until)

    def logs(
        self,
        service: str | None = None,
        since: Moment | None = None,
        until: Moment | None = None,
        level: str | None = None,
    ) -> pd.DataFrame:
        """Return lines of structured logs, oldest first: `at, service, level, event, trace_id, fields` (JSON)."""
        with explain_errors(self.path):
            return telemetry_queries.log_lines(self._connection, service, since, until, level)

    def spans(
        self, service: str | None = None, since: Moment | None = None, until: Moment | None = None
    ) -> pd.DataFrame:
        """Return spans of traces that began in the time asked for, oldest first.

        Returns
        -------
        DataFrame
            `trace_id, span_id, parent_id, service, name, kind, target, start_ns, end_ns` (nanoseconds), `failed`.
        """
        with explain_errors(self.path):
            return telemetry_queries.spans(self._connection, service, since, until)

    def telemetry(self) -> pd.DataFrame:
        """Return what telemetry the lab holds: `kind, service, rows, first, last`, one row per kind and service."""
        with explain_errors(self.path):
            return telemetry_queries.telemetry(self._connection)

    def dating(
        self,
        since: Moment | None = None,
        until: Moment | None = None,
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
        from mttrlab.judge.dating import RecoveryRule
        from mttrlab.lab import recovery_times

        incidents = self.incidents(since, until)
        with explain_errors(self.path):
            return recovery_times.date_incidents(
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
        from mttrlab.lab import recovery_times

        dated = self.dating() if dated is None else dated
        return recovery_times.derivable_stamps(self.incidents(), dated)

    # Simulated incidents, which never stand among the real ones.

    def simulations(self) -> pd.DataFrame:
        """Return the simulated runs that the lab keeps, with replications wanted and finished, and incidents."""
        with explain_errors(self.path):
            return simulations.simulated_runs(self._connection)

    def simulated(self, run: int | None = None) -> SimulatedRun:
        """Return one simulated run, which answers as a lab does; its incidents never stand among the real ones.

        Parameters
        ----------
        run : int, optional
            Its number in `simulations()`; default: the newest.

        Raises
        ------
        QuestionError
            When there is no such run.
        """
        with explain_errors(self.path):
            return SimulatedRun(self._connection, simulations.run_number(self._connection, run))

    def forget_simulated(self, run: int) -> None:
        """Remove one simulated run."""
        self._writable()
        run = self.simulated(run).run
        with self._transaction(f"simulated run {run}"):
            simulations.forget_run(self._connection, run)

    def open_run(self, key: str, description: str, replications: int) -> tuple[int, list[tuple[int, int, int]]]:
        """Return the number of a run, and what of it is there: (first replication, last but one, incidents).

        Parameters
        ----------
        key : str
            Hash of everything that decides about the incidents.
        description : str
            For people.
        replications : int
            How many are wanted.
        """
        self._writable()
        with self._transaction("the simulated run"):
            return simulations.open_run(self._connection, key, description, replications)

    def keep_span(self, run: int, span: tuple[int, int], table: pd.DataFrame) -> None:
        """Keep the incidents of some replications of a run: all of them, or none."""
        self._writable()
        with self._transaction(f"simulated run {run}"):
            simulations.keep_span(self._connection, run, span, table)

    # A change is kept whole or not at all, also when the database gives up.

    def _writable(self) -> None:
        if self.read_only:
            raise StoreError(f"{self.path} is open for reading only; open it without read_only to change it")

    @contextmanager
    def _transaction(self, what: str) -> Iterator[None]:
        """Keep all of what happens inside, or nothing; after an engine that gave up, open the file again and look."""
        before = None
        try:
            with transaction(self._connection, what):
                before = ledger_state(self._connection)
                yield
        except StoreError as refusal:
            if self._revive() and ledger_state(self._connection) != before:
                raise StoreError(
                    f"{what} was stored whole, but the database stopped right after it: {refusal.__cause__}"
                ) from refusal.__cause__
            raise

    def _keep(self, reports: tuple[LoadReport, ...]) -> None:
        self._newest_load = reports[-1].load_id
        if self.path is not None:
            # The log beside the file is folded in, so that a copy of the file alone is whole. The load is already kept:
            # where this fails (a full disk), the log holds it.
            with suppress(duckdb.Error):
                self._connection.execute("CHECKPOINT")
            self._revive()

    def _revive(self) -> bool:
        """Open the file again if the database gave up, as it does when a checkpoint finds the disk full."""
        if self.path is None or not store.has_failed(self._connection):
            return False
        self._connection.close()
        self._connection = store.open_store(self.path, read_only=self.read_only)
        return True
