"""The lab: one DuckDB file that holds what the exports said, and the only object with state."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import duckdb
import pandas as pd

from mttrlab import sql
from mttrlab.errors import QuestionError, StoreError
from mttrlab.judge.episodes import RecoveryRule
from mttrlab.lab import recovery_times, store, views
from mttrlab.lab.annotations import KINDS
from mttrlab.lab.column_types import TYPES
from mttrlab.lab.database import ask, instant, micros, transaction
from mttrlab.lab.export import anonymised, canonical, free_place, local_pseudonyms, write_canonical, write_csv
from mttrlab.lab.load import folder_files, idle_patterns, load_files, matching_files, record_frame
from mttrlab.lab.practices import stored_practices
from mttrlab.lab.raw_copies import kept_copies
from mttrlab.lab.reports import Asked, FolderReport, LoadReport, columns_text, ledger, together
from mttrlab.lab.settings import FILE_NAME, Settings
from mttrlab.lab.store import named
from mttrlab.lab.views import derive
from mttrlab.lab.warnings import notes, quality_sentence
from mttrlab.schema import (
    DEPLOYMENT_COLUMNS,
    FIRING_COLUMNS,
    INCIDENT_COLUMNS,
    LOG_COLUMNS,
    METRIC_COLUMNS,
    POPULATIONS,
    TRACE_COLUMNS,
    Practices,
    conform,
)

# What a lab answers: tables, sentences, a hash. Nothing here writes.


_PARTS = ("source", "month", "service")


class Answers:
    """The questions that can be put to a lab."""

    path: Path | None
    """The lab's file; None: in memory."""
    _connection: duckdb.DuckDBPyConnection
    _settings: Settings
    _last: int | None
    """Number of the newest load in this session; None: none yet."""

    def _frame(self, query: str, **parameters: Any) -> pd.DataFrame:
        with named(self.path):
            return sql.frame(self._connection, query, **parameters)

    def incidents(self, since: Any = None, until: Any = None, population: str | None = "counted") -> pd.DataFrame:
        """Return the incidents, one a row, in the order of their first known stamp.

        Parameters
        ----------
        since, until : str or Timestamp, optional
            First known stamp from `since` on and before `until`; without a zone: UTC.
        population : str or None
            One of POPULATIONS; None: every record.

        Returns
        -------
        DataFrame
            INCIDENT_COLUMNS.
        """
        if population is not None and population not in POPULATIONS:
            raise QuestionError(f"population must be one of {', '.join(POPULATIONS)}, or None; got {population!r}")
        found = self._frame(
            sql.text("lab/window"),
            since=instant(since, "since"),
            until=instant(until, "until"),
            population=population,
        )
        return conform(found, INCIDENT_COLUMNS)

    def sql(self, query: str, **params: Any) -> pd.DataFrame:
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
        return ask(self._connection, query, params)

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
        parts = [] if by is None else [by] if isinstance(by, str) else list(by)
        if not set(parts) <= set(_PARTS) or len(set(parts)) < len(parts):
            raise QuestionError(f"by must be source, month or service, or several of them, got {by!r}")
        asked = {f"by_{part}": part in parts for part in _PARTS}
        counts = self._frame(sql.text("lab/quality"), **asked)
        return counts[[*parts, "milestone", "verdict", "incidents", "share"]]

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
        if load not in ("last", "all") and (isinstance(load, bool) or not isinstance(load, int)):
            raise QuestionError(f"load must be 'last', 'all' or a load's number, got {load!r}")
        number = self._last if load == "last" else load
        return self._frame(
            """
            SELECT load_id, "row", "column", value, reason FROM quarantine
            WHERE $which = 'all' OR load_id = coalesce($number, (SELECT max(load_id) FROM loads))
            ORDER BY load_id, "row"
            """,
            which="all" if load == "all" else "one",
            number=None if load == "all" else number,
        )

    def loads(self) -> pd.DataFrame:
        """Return the ledger: one row per load, in their order. `loaded_at` is the clock; no number uses it."""
        return self._frame("SELECT * EXCLUDE (warnings) FROM loads ORDER BY load_id")

    def ambiguous(self) -> pd.DataFrame:
        """Return the pairs of records that may be one incident and were left apart, each with the reason."""
        return self._frame(sql.text("lab/ambiguous"))

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
        for name, value in (("within_hours", within_hours), ("duplicate_minutes", duplicate_minutes)):
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 10_000:
                raise QuestionError(f"{name} must be a number from 0 to 10,000, got {value!r}")
        return self._frame(sql.text("lab/recurrences"), within=60.0 * within_hours, apart=float(duplicate_minutes))

    def population(self) -> pd.DataFrame:
        """Return how many records there are per source and population."""
        return self._frame(
            "SELECT source, population, count(*)::BIGINT AS records FROM records GROUP BY ALL ORDER BY ALL",
        )

    def population_rule(self) -> str:
        """Return in one sentence which records count as incidents."""
        return views.population_rule(self._settings)

    def warnings(self) -> list[str]:
        """Return the sentences that a reader of the numbers should know."""
        with named(self.path):
            return notes(self._connection)

    def practices(self) -> Practices:
        """Return what the team runs, of all files together: alert rules, monitors, remediation, runbooks, on-call.

        Returns
        -------
        Practices
            Empty until such files are loaded. Services have the names that the settings give them; rules over
            recording rules know their windows, whatever file those stand in.
        """
        names = [(alias, service) for service, aliases in self._settings.services.items() for alias in aliases]
        with named(self.path):
            return stored_practices(self._connection, names)

    def exported_at(self) -> pd.Timestamp | None:
        """Return when the newest export was taken; None: nothing is loaded."""
        newest = self._frame("SELECT max(exported_at) AS newest FROM loads")["newest"].iloc[0]
        return None if pd.isna(newest) else newest

    def data_hash(self) -> str:
        """Return a hash of all newest revisions, the practices and the settings; the order of loading is no matter."""
        mixed = self._frame(sql.text("lab/fingerprint")).iloc[0]
        said = self._settings.model_dump(mode="json")
        # Where the key table lies differs between machines; what it says is in the lab.
        with named(self.path):
            said["join"]["keys"] = self._connection.execute("SELECT * FROM join_keys ORDER BY ALL").fetchall()
            files = self._connection.execute(
                "SELECT sha256 FROM loads SEMI JOIN practices USING (load_id) ORDER BY ALL"
            ).fetchall()
        # Labs without practices keep the hash that they had.
        told = json.dumps([mixed["mixed"], int(mixed["records"]), said, *([files] if files else [])], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()


# Simulated incidents that a lab keeps, apart from the real ones.


_COLUMNS = ", ".join(f'"{column.name}" {TYPES[column.kind]}' for column in INCIDENT_COLUMNS)
_TABLES = (
    """CREATE TABLE IF NOT EXISTS simulations
       (run BIGINT, key VARCHAR, description VARCHAR, replications BIGINT, begun_at TIMESTAMPTZ)""",
    "CREATE TABLE IF NOT EXISTS simulated_spans (run BIGINT, low BIGINT, high BIGINT, incidents BIGINT)",
    f"CREATE TABLE IF NOT EXISTS simulated (run BIGINT, replication BIGINT, {_COLUMNS})",
)


def handed_over(table: pd.DataFrame, name: str) -> tuple[pd.DataFrame, str]:
    """Return simulated incidents as DuckDB takes them quickly under `name`, and the query of all columns, typed.

    An empty column costs as much to hand over as a full one.
    """
    made = {c.name: table[c.name] for c in INCIDENT_COLUMNS if len(table) and table[c.name].notna().any()}
    cells = []
    for column in INCIDENT_COLUMNS:
        cell = f'"{column.name}"' if column.name in made else "NULL"
        cells.append(f'{cell}::{TYPES[column.kind]} AS "{column.name}"')
    handed = pd.DataFrame({"replication": table["replication"], **made})
    return handed, f"SELECT replication::BIGINT AS replication, {', '.join(cells)} FROM {name}"


class SimulatedRun:
    """The incidents of one simulated run, as a lab answers: `sql` over `incidents`, inside the database.

    Whatever takes a lab takes this: `monthly_mttr(lab.simulated())`.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, run: int) -> None:
        self.run = run
        """Its number in `lab.simulations()`."""
        # A view of this cursor alone: what the lab itself calls incidents stays as it is.
        self._connection = connection.cursor()
        for statement in sql.HARDENING:
            self._connection.execute(statement)
        self._connection.execute(
            f"CREATE TEMP VIEW incidents AS SELECT * EXCLUDE (run) FROM main.simulated WHERE run = {int(run)}"
        )

    def sql(self, query: str, **parameters: Any) -> pd.DataFrame:
        """Return the rows of one SELECT over `incidents`, which has a column `replication` more.

        Raises
        ------
        QuestionError
            When it writes, is more than one statement, or cannot be answered.
        """
        return ask(self._connection, query, parameters)

    def incidents(self, replication: int | None = None) -> pd.DataFrame:
        """Return its incidents (of one replication), by replication and start, as `simulate` gives them."""
        found = self.sql(
            "SELECT * FROM incidents WHERE $number IS NULL OR replication = $number ORDER BY replication, started_at",
            number=replication,
        )
        return _as_simulated(found)

    def __repr__(self) -> str:
        """Return which run it is."""
        return f"SimulatedRun({self.run})"


def _as_simulated(found: pd.DataFrame) -> pd.DataFrame:
    from mttrlab.schema import conform

    made = conform(found, INCIDENT_COLUMNS)
    made["replication"] = found["replication"].to_numpy()
    return made


# What a lab writes beside itself: the worksheet for people, and its incidents as one table.


RANK = (
    "Ranked by the incident's known minutes, times one over the observations (+ 1) of each phase or clock that the "
    "stamp would give: long incidents, and phases that few others show, come first."
)
"""Why a worksheet has the order that it has."""
_TO_FILL = ("time", "who", "why")


# What the systems said, asked of a lab: metrics, deployments, firings, logs, spans; and what follows for stamps.


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
        dated = self.dating() if dated is None else dated
        return recovery_times.derivable(self.incidents(), dated)

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


class Outlets(Signals):
    """The tables that leave a lab as files."""

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
        if month is not None and not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
            raise QuestionError(f"month must be such as 2026-06, got {month!r}")
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise QuestionError(f"count must be a whole number from 1 on, got {count!r}")
        lead = self._settings.lead_clock
        found = self._frame(sql.text("lab/worksheet"), lead=lead, month=month, count=count)
        return found.assign(**dict.fromkeys(_TO_FILL, ""))

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
        free_place(path)
        sheet = self.worksheet(month, count)
        if sheet.empty:
            raise QuestionError("no stamp is missing that would give a phase or a clock to an incident")
        return write_csv(path, list(sheet.columns), sheet.astype(str).to_numpy().tolist())

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
        free_place(path)
        table = canonical(self.incidents(population=None))
        return write_canonical(anonymised(table, local_pseudonyms()) if anonymise else table, Path(path))


class Runs(Outlets):
    """What a lab knows of simulated incidents. `incidents()` never has any of them."""

    if TYPE_CHECKING:

        def _writable(self) -> None: ...
        def _transaction(self, what: str) -> AbstractContextManager[None]: ...

    def simulations(self) -> pd.DataFrame:
        """Return the simulated runs that the lab keeps, with replications wanted and finished, and incidents."""
        if not self._has_runs():
            return pd.DataFrame(columns=["run", "description", "replications", "finished", "incidents", "begun_at"])
        return self._frame(sql.text("lab/simulations"))

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
        known = self.simulations()["run"].tolist()
        if not known:
            raise QuestionError("the lab keeps no simulated run; simulate(model, to=lab) makes one")
        if run is not None and run not in known:
            raise QuestionError(f"the lab keeps no simulated run {run!r}; it has {', '.join(map(str, known))}")
        with named(self.path):
            return SimulatedRun(self._connection, known[-1] if run is None else run)

    def forget_simulated(self, run: int) -> None:
        """Remove one simulated run."""
        self._writable()
        run = self.simulated(run).run
        with self._transaction(f"simulated run {run}"):
            for table in ("simulated", "simulated_spans", "simulations"):
                self._connection.execute(f"DELETE FROM {table} WHERE run = $1", [run])

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
            for statement in _TABLES:
                self._connection.execute(statement)
            found = self._connection.execute("SELECT run FROM simulations WHERE key = $1", [key]).fetchall()
            if found:
                run = int(found[0][0])
                self._connection.execute(
                    "UPDATE simulations SET replications = greatest(replications, $1) WHERE run = $2",
                    [replications, run],
                )
            else:
                numbers = self._connection.execute("SELECT coalesce(max(run), 0) + 1 FROM simulations").fetchall()
                run = int(numbers[0][0])
                self._connection.execute(
                    "INSERT INTO simulations VALUES ($1, $2, $3, $4, now())", [run, key, description, replications]
                )
            done = self._connection.execute(
                "SELECT low, high, incidents FROM simulated_spans WHERE run = $1 ORDER BY low", [run]
            ).fetchall()
        return run, [(int(low), int(high), int(n)) for low, high, n in done]

    def keep_span(self, run: int, span: tuple[int, int], table: pd.DataFrame) -> None:
        """Keep the incidents of some replications of a run: all of them, or none."""
        self._writable()
        handed, query = handed_over(table, "simulated_now")
        with self._transaction(f"simulated run {run}"):
            self._connection.register("simulated_now", handed)
            try:
                self._connection.execute(
                    f"INSERT INTO simulated BY NAME SELECT {int(run)}::BIGINT AS run, * FROM ({query})"
                )
                self._connection.execute(
                    "INSERT INTO simulated_spans VALUES ($1, $2, $3, $4)", [run, *span, len(table)]
                )
            finally:
                with suppress(duckdb.Error):
                    self._connection.unregister("simulated_now")

    def _has_runs(self) -> bool:
        found = self._frame("SELECT count(*) AS n FROM duckdb_tables() WHERE table_name = 'simulations'")
        return bool(found["n"].iloc[0])


# A lab's file while it is open: a change is kept whole or not at all, also when the database gives up.


class Session(Runs):
    """A file that answers, and that can be changed where it was not opened for reading only."""

    def __init__(self, path: str | Path | None = None, *, read_only: bool = False) -> None:
        self.path = None if path is None else Path(path)
        if self.path is None and read_only:
            raise StoreError("a lab in memory starts empty; give read_only=True only with a file")
        self.read_only = read_only
        self._connection = store.open_store(self.path, read_only=read_only)
        self._last: int | None = None
        try:
            with store.named(self.path):
                self._settings = views.stored_settings(self._connection)
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

    def _writable(self) -> None:
        if self.read_only:
            raise StoreError(f"{self.path} is open for reading only; open it without read_only to change it")

    @contextmanager
    def _transaction(self, what: str) -> Iterator[None]:
        """Keep all of what happens inside, or nothing; after an engine that gave up, open the file again and look."""
        before = None
        try:
            with transaction(self._connection, what):
                before = ledger(self._connection)
                yield
        except StoreError as refusal:
            if self._revive() and ledger(self._connection) != before:
                raise StoreError(
                    f"{what} was stored whole, but the database stopped right after it: {refusal.__cause__}"
                ) from refusal.__cause__
            raise

    def _keep(self, reports: tuple[LoadReport, ...]) -> None:
        self._last = reports[-1].load_id
        if self.path is not None:
            # The log beside the file is folded in, so that a copy of the file alone is whole. The load is already kept:
            # where this fails (a full disk), the log holds it.
            with suppress(duckdb.Error):
                self._connection.execute("CHECKPOINT")
            self._revive()

    def _revive(self) -> bool:
        """Open the file again if the database gave up, as it does when a checkpoint finds the disk full."""
        if self.path is None or not store.gave_up(self._connection):
            return False
        self._connection.close()
        self._connection = store.open_store(self.path, read_only=self.read_only)
        return True


class Lab(Session):
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

    def load(
        self,
        path: str | Path,
        *,
        format: str | None = None,
        timezone: str | None = None,
        as_of: Any = None,
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
        self._writable()
        files = matching_files(path)
        taken = None if as_of is None else str(as_of)
        asked = Asked(format, timezone, taken, source, columns_text(columns))
        with (
            kept_copies(self.path if keep_raw else None, asked=keep_raw) as keep,
            self._transaction(str(path)),
        ):
            reports = load_files(self._connection, files, asked, as_of, self._settings, keep_people=keep_people)
            keep(self._connection, files, reports)
        self._keep(reports)
        return reports[0] if len(reports) == 1 else together(path, reports)

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
        self._writable()
        written = Path(folder) / FILE_NAME
        if settings is None:
            settings = Settings.read(written) if written.is_file() else self._settings
        files = folder_files(folder, settings)
        with self._transaction(str(folder)):
            views.store_settings(self._connection, settings)
            reports = load_files(self._connection, list(files.exports), Asked(), None, settings)
        self._settings = settings
        self._keep(reports)
        return FolderReport(
            folder=str(folder),
            loads=reports,
            skipped=files.skipped,
            settings=str(written) if written.is_file() else None,
            population=self.population_rule(),
            warnings=(*idle_patterns(folder, settings), *self.warnings()),
        )

    def record(
        self, table: pd.DataFrame, kind: str = "annotations", *, timezone: str | None = None, keep_people: bool = False
    ) -> LoadReport:
        """Keep what flows back into the lab: stamps that people corrected, or that metrics gave.

        Parameters
        ----------
        table : DataFrame
            `incident_id, milestone, time, who, why`, and `source` where two tools use one id. Rows without a time
            are left out and counted.
        kind : str
            'annotations', or 'derived': stamps that telemetry gives (`lab.derivable()`).
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
        self._writable()
        if kind not in KINDS:
            raise QuestionError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")
        with self._transaction(kind):
            report = record_frame(self._connection, table, timezone, keep_people=keep_people, kind=kind)
        self._keep((report,))
        return report

    @property
    def settings(self) -> Settings:
        """What the team says about its data."""
        return self._settings

    def apply(self, settings: Settings | str | Path) -> None:
        """Hold other settings from now on; nothing needs to be loaded again.

        Parameters
        ----------
        settings : Settings, str or Path
            Settings, or the path of a `mttrlab.yml`.
        """
        self._writable()
        told = settings if isinstance(settings, Settings) else Settings.read(settings)
        with self._transaction("the settings"):
            views.store_settings(self._connection, told)
            derive(self._connection)
        self._settings = told


def _micros(when: Any, name: str) -> int | None:
    moment = instant(when, name)
    return None if moment is None else micros(moment)
