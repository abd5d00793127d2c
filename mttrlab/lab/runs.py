"""Simulated incidents that a lab keeps, apart from the real ones."""

from __future__ import annotations

from contextlib import AbstractContextManager, suppress
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd

from mttrlab import sql
from mttrlab.errors import QuestionError
from mttrlab.lab.bulk_cells import TYPES
from mttrlab.lab.outlets import Outlets
from mttrlab.lab.questions import ask
from mttrlab.lab.store import named
from mttrlab.schema import INCIDENT_COLUMNS

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


def _as_simulated(found: pd.DataFrame) -> pd.DataFrame:
    from mttrlab.schema import conform

    made = conform(found, INCIDENT_COLUMNS)
    made["replication"] = found["replication"].to_numpy()
    return made
