"""The lab: one DuckDB file that holds what the exports said, and the only object with state."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from mttrlab.errors import QuestionError
from mttrlab.lab import applying
from mttrlab.lab.derive import derive
from mttrlab.lab.folder import folder_files, idle_patterns, matching_files
from mttrlab.lab.ledger import Asked, columns_text
from mttrlab.lab.loading import load_files, record_frame
from mttrlab.lab.raw import kept_copies
from mttrlab.lab.recording import KINDS
from mttrlab.lab.report import FolderReport, LoadReport, together
from mttrlab.lab.session import Session
from mttrlab.lab.settings import FILE_NAME, Settings


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
