"""The lab: one DuckDB file that holds what the exports said, and the only object with state."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import pandas as pd

from mttrlab import sql
from mttrlab.errors import LoadError, QuestionError, StoreError
from mttrlab.judge import judge
from mttrlab.lab import applying, store, writing
from mttrlab.lab.derive import derive
from mttrlab.lab.folder import file_settings, folder_files, matching_files
from mttrlab.lab.notes import notes
from mttrlab.lab.questions import ask, instant
from mttrlab.lab.report import FolderReport, LoadReport, together
from mttrlab.lab.settings import FILE_NAME, Settings
from mttrlab.schema import INCIDENT_COLUMNS, POPULATIONS, conform
from mttrlab.sources.exports import extract


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

    def __init__(self, path: str | Path | None = None, *, read_only: bool = False) -> None:
        self.path = None if path is None else Path(path)
        if self.path is None and read_only:
            raise StoreError("a lab in memory starts empty; give read_only=True only with a file")
        self.read_only = read_only
        self._connection = store.open_store(self.path, read_only=read_only)
        self._last: int | None = None
        self._settings = applying.stored_settings(self._connection)

    # Loading ---------------------------------------------------------------------------------------------------

    def load(
        self,
        path: str | Path,
        *,
        format: str | None = None,
        timezone: str | None = None,
        as_of: Any = None,
        source: str | None = None,
    ) -> LoadReport:
        """Load an export, or all files of a pattern: wholly, or not at all.

        Parameters
        ----------
        path : str or Path
            A file, or a pattern such as `exports/*.json`.
        format : str, optional
            canonical, statuspage, pagerduty or servicenow; default: what the settings say, else recognised.
        timezone : str, optional
            IANA name of the zone of stamps that carry none; default: what the settings say.
        as_of : str or Timestamp, optional
            When the export was taken; default: what the file says, else its newest stamp.
        source : str, optional
            Name of the source in every table; default: what the settings say, else the format's name.

        Returns
        -------
        LoadReport
            Loading the same file again changes nothing and says so.

        Raises
        ------
        LoadError
            When a file is refused; the lab is as it was.
        """
        self._writable()
        files = matching_files(path)
        asked = writing.Asked(format, timezone, None if as_of is None else str(as_of), source)
        with writing.transaction(self._connection, str(path)):
            reports = self._load_files(files, asked, as_of, self._settings)
        self._keep(reports)
        return reports[0] if len(reports) == 1 else together(path, reports)

    def load_folder(self, folder: str | Path, settings: Settings | None = None) -> FolderReport:
        """Load every export of a folder under its `mttrlab.yml`: all of them, or none.

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
        with writing.transaction(self._connection, str(folder)):
            applying.store_settings(self._connection, settings)
            reports = self._load_files(list(files.exports), writing.Asked(), None, settings)
        self._settings = settings
        self._keep(reports)
        return FolderReport(
            folder=str(folder),
            loads=reports,
            skipped=files.skipped,
            settings=str(written) if written.is_file() else None,
            population=self.population_rule(),
            warnings=tuple(self.warnings()),
        )

    def _load_files(
        self, files: list[Path], asked: writing.Asked, as_of: Any, settings: Settings
    ) -> tuple[LoadReport, ...]:
        reports = tuple(self._load_file(file, asked, as_of, settings) for file in files)
        derive(self._connection)
        return reports

    def _load_file(self, file: Path, asked: writing.Asked, as_of: Any, settings: Settings) -> LoadReport:
        said = file_settings(file, settings)
        asked = writing.Asked(
            asked.format or said.format, asked.timezone or said.timezone, asked.as_of, asked.source or said.source
        )
        sha256 = _sha256(file)
        known = writing.known_load(self._connection, file, sha256, asked)
        if known is not None:
            return known
        try:
            found = extract(file, format=asked.format, timezone=asked.timezone, as_of=as_of, source=asked.source)
        except LoadError as refusal:
            raise _with_place_for_zone(refusal, file, asked) from None
        return writing.store_extract(self._connection, found, judge(found.reports), asked)

    def _keep(self, reports: tuple[LoadReport, ...]) -> None:
        self._last = reports[-1].load_id
        if self.path is not None:
            # The log beside the file is folded in, so that a copy of the file alone is whole. The load is already kept:
            # where this fails (a full disk), the log holds it.
            with suppress(duckdb.Error):
                self._connection.execute("CHECKPOINT")

    # Settings --------------------------------------------------------------------------------------------------

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
        with writing.transaction(self._connection, "the settings"):
            applying.store_settings(self._connection, told)
            derive(self._connection)
        self._settings = told

    # Questions -------------------------------------------------------------------------------------------------

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
        found = sql.frame(
            self._connection,
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
        >>> with Lab() as lab:
        ...     lab.sql("SELECT count(*) AS n FROM incidents")["n"].tolist()
        [0]
        """
        return ask(self._connection, query, params)

    def quality(self, by: str | None = None) -> pd.DataFrame:
        """Return how good the stamps are: incidents and share per milestone and verdict.

        Parameters
        ----------
        by : str, optional
            source, month or service: split the counts by it.

        Returns
        -------
        DataFrame
            `[by,] milestone, verdict, incidents, share` (of the incidents in the part, 0 to 1).
        """
        if by not in (None, "source", "month", "service"):
            raise QuestionError(f"by must be source, month or service, got {by!r}")
        counts = sql.frame(self._connection, sql.text("lab/quality"), by=by or "all")
        return counts.drop(columns="part") if by is None else counts.rename(columns={"part": by})

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
        return sql.frame(
            self._connection,
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
        return sql.frame(self._connection, "SELECT * EXCLUDE (warnings) FROM loads ORDER BY load_id")

    def ambiguous(self) -> pd.DataFrame:
        """Return the pairs of records that may be one incident and were left apart, each with the reason."""
        return sql.frame(self._connection, sql.text("lab/ambiguous"))

    def population(self) -> pd.DataFrame:
        """Return how many records there are per source and population."""
        return sql.frame(
            self._connection,
            "SELECT source, population, count(*)::BIGINT AS records FROM records GROUP BY ALL ORDER BY ALL",
        )

    def population_rule(self) -> str:
        """Return in one sentence which records count as incidents."""
        return applying.population_rule(self._settings)

    def warnings(self) -> list[str]:
        """Return the sentences that a reader of the numbers should know."""
        return notes(self._connection)

    def practices(self) -> list[Any]:
        """Return what the team runs (rules, monitors, runbooks); empty until such files are loaded."""
        return []

    def exported_at(self) -> pd.Timestamp | None:
        """Return when the newest export was taken; None: nothing is loaded."""
        newest = sql.frame(self._connection, "SELECT max(exported_at) AS newest FROM loads")["newest"].iloc[0]
        return None if pd.isna(newest) else newest

    def data_hash(self) -> str:
        """Return a hash of all newest revisions and the settings; the order of loading does not matter."""
        mixed = sql.frame(self._connection, sql.text("lab/fingerprint")).iloc[0]
        said = self._settings.model_dump(mode="json")
        # Where the key table lies differs between machines; what it says is in the lab.
        said["join"]["keys"] = self._connection.execute("SELECT * FROM join_keys ORDER BY ALL").fetchall()
        told = json.dumps([mixed["mixed"], int(mixed["records"]), said], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()

    # Living with it --------------------------------------------------------------------------------------------

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


def _sha256(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise LoadError(f"{file}: cannot be read ({error.strerror}); check the file") from None


def _with_place_for_zone(refusal: LoadError, file: Path, asked: writing.Asked) -> LoadError:
    if asked.timezone is None and "timezone=" in str(refusal):
        return LoadError(
            f"{refusal}; or, in {FILE_NAME}, under sources: '{file.name}': write timezone: and an IANA name "
            "such as Europe/Lisbon"
        )
    return refusal
