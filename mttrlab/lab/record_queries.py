"""What a lab answers about its records: tables and a hash. Nothing here writes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import duckdb
import pandas as pd

from mttrlab import sql
from mttrlab.errors import QuestionError
from mttrlab.lab.database import Moment, utc_moment
from mttrlab.schema import INCIDENT_COLUMNS, POPULATIONS, conform

if TYPE_CHECKING:
    from mttrlab.lab.settings import Settings

_PARTS = ("source", "month", "service")


def incidents_of_population(
    connection: duckdb.DuckDBPyConnection, since: Moment | None, until: Moment | None, population: str | None
) -> pd.DataFrame:
    """Return the incidents of a population that began in the time asked for; see `Lab.incidents`.

    Its attribute `longest_ended` holds the minutes of the longest counted incident of the lab that ended, and how many
    did: which open ones were probably never closed does not depend on the time asked for.
    """
    if population is not None and population not in POPULATIONS:
        raise QuestionError(f"population must be one of {', '.join(POPULATIONS)}, or None; got {population!r}")
    rows = sql.frame(
        connection,
        sql.text("lab/window"),
        since=utc_moment(since, "since"),
        until=utc_moment(until, "until"),
        population=population,
    )
    incidents = conform(rows, INCIDENT_COLUMNS)
    if len(rows):
        incidents.attrs["longest_ended"] = (float(rows["longest_ended"].iloc[0]), int(rows["all_ended"].iloc[0]))
    return incidents


def quality(connection: duckdb.DuckDBPyConnection, by: str | Sequence[str] | None) -> pd.DataFrame:
    """Return incidents and share per milestone and verdict; see `Lab.quality`."""
    parts = [] if by is None else [by] if isinstance(by, str) else list(by)
    if not set(parts) <= set(_PARTS) or len(set(parts)) < len(parts):
        raise QuestionError(f"by must be source, month or service, or several of them, got {by!r}")
    counts = sql.frame(connection, sql.text("lab/quality"), **{f"by_{part}": part in parts for part in _PARTS})
    return counts[[*parts, "milestone", "verdict", "incidents", "share"]]


def quarantine(connection: duckdb.DuckDBPyConnection, load: str | int, newest: int | None) -> pd.DataFrame:
    """Return the refused records of the newest load, of all, or of one; see `Lab.quarantine`."""
    if load not in ("last", "all") and (isinstance(load, bool) or not isinstance(load, int)):
        raise QuestionError(f"load must be 'last', 'all' or a load's number, got {load!r}")
    number = newest if load == "last" else load
    return sql.frame(
        connection,
        """
        SELECT load_id, "row", "column", value, reason FROM quarantine
        WHERE $which = 'all' OR load_id = coalesce($number, (SELECT max(load_id) FROM loads))
        ORDER BY load_id, "row"
        """,
        which="all" if load == "all" else "one",
        number=None if load == "all" else number,
    )


def loads(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Return the ledger, one row per load."""
    return sql.frame(connection, "SELECT * EXCLUDE (warnings) FROM loads ORDER BY load_id")


def ambiguous(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Return the pairs of records that may be one incident and were left apart."""
    return sql.frame(connection, sql.text("lab/ambiguous"))


def joins(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Return the records that share an incident with another one."""
    return sql.frame(connection, sql.text("lab/joins"))


def recurrences(connection: duckdb.DuckDBPyConnection, within_hours: float, duplicate_minutes: float) -> pd.DataFrame:
    """Return incidents that came back, were reopened, or may be one incident twice; see `Lab.recurrences`."""
    for name, value in (("within_hours", within_hours), ("duplicate_minutes", duplicate_minutes)):
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 10_000:
            raise QuestionError(f"{name} must be a number from 0 to 10,000, got {value!r}")
    return sql.frame(
        connection, sql.text("lab/recurrences"), within=60.0 * within_hours, apart=float(duplicate_minutes)
    )


def population(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Return how many records there are per source and population."""
    query = "SELECT source, population, count(*)::BIGINT AS records FROM records GROUP BY ALL ORDER BY ALL"
    return sql.frame(connection, query)


def exported_at(connection: duckdb.DuckDBPyConnection) -> pd.Timestamp | None:
    """Return when the newest export was taken; None: nothing is loaded."""
    newest = sql.frame(connection, "SELECT max(exported_at) AS newest FROM loads")["newest"].iloc[0]
    return None if pd.isna(newest) else newest


def data_hash(connection: duckdb.DuckDBPyConnection, settings: Settings) -> str:
    """Return a hash of all newest revisions, the practices and the settings; the order of loading is no matter."""
    mixed = sql.frame(connection, sql.text("lab/fingerprint")).iloc[0]
    stated = settings.model_dump(mode="json")
    # Where the key table lies differs between machines; what it says is in the lab.
    stated["join"]["keys"] = connection.execute("SELECT * FROM join_keys ORDER BY ALL").fetchall()
    files = connection.execute("SELECT sha256 FROM loads SEMI JOIN practices USING (load_id) ORDER BY ALL").fetchall()
    # Labs without practices keep the hash that they had.
    content = json.dumps([mixed["mixed"], int(mixed["records"]), stated, *([files] if files else [])], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()
