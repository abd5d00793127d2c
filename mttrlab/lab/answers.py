"""What a lab answers: tables, sentences, a hash. Nothing here writes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from mttrlab import sql
from mttrlab.errors import QuestionError
from mttrlab.lab import applying
from mttrlab.lab.doubts import quality_sentence
from mttrlab.lab.notes import notes
from mttrlab.lab.practices import stored_practices
from mttrlab.lab.questions import ask, instant
from mttrlab.lab.settings import Settings
from mttrlab.lab.store import named
from mttrlab.schema import INCIDENT_COLUMNS, POPULATIONS, Practices, conform

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
        return applying.population_rule(self._settings)

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
