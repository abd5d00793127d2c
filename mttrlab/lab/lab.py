"""The lab: one DuckDB file that holds what the exports said, and the only object with state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import pandas as pd

from mttrlab.errors import QuestionError, StoreError
from mttrlab.lab import applying, store
from mttrlab.lab.derive import derive
from mttrlab.lab.folder import folder_files, idle_patterns, matching_files
from mttrlab.lab.ledger import Asked, columns_text, ledger
from mttrlab.lab.loading import load_files, record_frame
from mttrlab.lab.raw import kept_copies
from mttrlab.lab.recording import KINDS
from mttrlab.lab.report import FolderReport, LoadReport, together
from mttrlab.lab.runs import Runs
from mttrlab.lab.settings import FILE_NAME, Settings
from mttrlab.lab.transactions import transaction


class Lab(Runs):
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
        try:
            with store.named(self.path):
                self._settings = applying.stored_settings(self._connection)
        except StoreError:
            self._connection.close()
            raise

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
            applying.store_settings(self._connection, settings)
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
            applying.store_settings(self._connection, told)
            derive(self._connection)
        self._settings = told

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
