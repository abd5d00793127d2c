"""Simulated incidents that a lab keeps, apart from the real ones."""

from __future__ import annotations

from contextlib import suppress

import duckdb
import pandas as pd

from mttrlab import sql
from mttrlab.errors import QuestionError
from mttrlab.lab.column_types import SQL_TYPES
from mttrlab.lab.database import query_read_only
from mttrlab.schema import INCIDENT_COLUMNS, conform

_COLUMNS = ", ".join(f'"{column.name}" {SQL_TYPES[column.kind]}' for column in INCIDENT_COLUMNS)
_TABLES = (
    """CREATE TABLE IF NOT EXISTS simulations
       (run BIGINT, key VARCHAR, description VARCHAR, replications BIGINT, begun_at TIMESTAMPTZ)""",
    "CREATE TABLE IF NOT EXISTS simulated_spans (run BIGINT, low BIGINT, high BIGINT, incidents BIGINT)",
    f"CREATE TABLE IF NOT EXISTS simulated (run BIGINT, replication BIGINT, {_COLUMNS})",
)


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

    def sql(self, query: str, **parameters: object) -> pd.DataFrame:
        """Return the rows of one SELECT over `incidents`, which has a column `replication` more.

        Raises
        ------
        QuestionError
            When it writes, is more than one statement, or cannot be answered.
        """
        return query_read_only(self._connection, query, parameters)

    def incidents(self, replication: int | None = None) -> pd.DataFrame:
        """Return its incidents (of one replication), by replication and start, as `simulate` gives them."""
        rows = self.sql(
            "SELECT * FROM incidents WHERE $number IS NULL OR replication = $number ORDER BY replication, started_at",
            number=replication,
        )
        table = conform(rows, INCIDENT_COLUMNS)
        table["replication"] = rows["replication"].to_numpy()
        return table

    def __repr__(self) -> str:
        """Return which run it is."""
        return f"SimulatedRun({self.run})"


def typed_query(table: pd.DataFrame, name: str) -> tuple[pd.DataFrame, str]:
    """Return simulated incidents as DuckDB takes them quickly under `name`, and the query of all columns, typed.

    An empty column costs as much to hand over as a full one.
    """
    filled = {c.name: table[c.name] for c in INCIDENT_COLUMNS if len(table) and table[c.name].notna().any()}
    cells = []
    for column in INCIDENT_COLUMNS:
        cell = f'"{column.name}"' if column.name in filled else "NULL"
        cells.append(f'{cell}::{SQL_TYPES[column.kind]} AS "{column.name}"')
    rows = pd.DataFrame({"replication": table["replication"], **filled})
    return rows, f"SELECT replication::BIGINT AS replication, {', '.join(cells)} FROM {name}"


def simulated_runs(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Return the runs that the lab keeps; see `Lab.simulations`."""
    known = connection.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'simulations'").fetchall()
    if not known[0][0]:
        return pd.DataFrame(columns=["run", "description", "replications", "finished", "incidents", "begun_at"])
    return sql.frame(connection, sql.text("lab/simulations"))


def run_number(connection: duckdb.DuckDBPyConnection, run: int | None) -> int:
    """Return the number of a run that is there; None: the newest.

    Raises
    ------
    QuestionError
        When there is no such run.
    """
    known: list[int] = simulated_runs(connection)["run"].tolist()
    if not known:
        raise QuestionError("the lab keeps no simulated run; simulate(model, to=lab) makes one")
    if run is not None and run not in known:
        raise QuestionError(f"the lab keeps no simulated run {run!r}; it has {', '.join(map(str, known))}")
    return known[-1] if run is None else run


def open_run(
    connection: duckdb.DuckDBPyConnection, key: str, description: str, replications: int
) -> tuple[int, list[tuple[int, int, int]]]:
    """Return the number of a run, made if it is new, and which of its spans are there; see `Lab.open_run`."""
    for statement in _TABLES:
        connection.execute(statement)
    known = connection.execute("SELECT run FROM simulations WHERE key = $1", [key]).fetchall()
    if known:
        run = int(known[0][0])
        connection.execute(
            "UPDATE simulations SET replications = greatest(replications, $1) WHERE run = $2", [replications, run]
        )
    else:
        run = int(connection.execute("SELECT coalesce(max(run), 0) + 1 FROM simulations").fetchall()[0][0])
        connection.execute(
            "INSERT INTO simulations VALUES ($1, $2, $3, $4, now())", [run, key, description, replications]
        )
    spans = connection.execute(
        "SELECT low, high, incidents FROM simulated_spans WHERE run = $1 ORDER BY low", [run]
    ).fetchall()
    return run, [(int(low), int(high), int(n)) for low, high, n in spans]


def keep_span(connection: duckdb.DuckDBPyConnection, run: int, span: tuple[int, int], table: pd.DataFrame) -> None:
    """Store the incidents of some replications of a run; the caller holds the transaction."""
    rows, query = typed_query(table, "simulated_now")
    connection.register("simulated_now", rows)
    try:
        connection.execute(f"INSERT INTO simulated BY NAME SELECT {int(run)}::BIGINT AS run, * FROM ({query})")
        connection.execute("INSERT INTO simulated_spans VALUES ($1, $2, $3, $4)", [run, *span, len(table)])
    finally:
        with suppress(duckdb.Error):
            connection.unregister("simulated_now")


def forget_run(connection: duckdb.DuckDBPyConnection, run: int) -> None:
    """Remove one run; the caller holds the transaction."""
    for table in ("simulated", "simulated_spans", "simulations"):
        connection.execute(f"DELETE FROM {table} WHERE run = $1", [run])
