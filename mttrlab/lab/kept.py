"""How reports are kept: a table for each set of columns that large files fill, and views of them all.

Writing an empty column costs as much as a full one, so a large file gets a table of just its own columns; whatever else
comes goes into `kept`, which has all of them. What a view can work out is not stored: an origin that is simply the
export, a population that is simply counted, and the hash of the content. `held` has all but the hash, which is dear to
plan and which only the comparison of revisions needs; `reports` has the hash as well.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from mttrlab.lab.bulk_cells import KINDS, TYPES, content_hash, quoted
from mttrlab.schema import ORIGINS, POPULATIONS, REPORT_COLUMNS, STAMPS, VERDICTS

ALL = "kept"
"""The table with every column; the names of the others begin with it."""
STORED = tuple(column.name for column in REPORT_COLUMNS if column.name != "content_hash")
"""Columns of a report that can be stored, in their order."""

_IDS = ("report_id", "load_id")
_WORDS = {
    **{f"{stamp}_verdict": VERDICTS for stamp in STAMPS},
    **{f"{stamp}_origin": ORIGINS for stamp in STAMPS},
    "population": POPULATIONS,
}
"""Columns that hold one of a few words; kept as a byte each."""


def create(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the table of all columns."""
    _make(connection, ALL, STORED)


def tables(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, ...]]:
    """Return the tables that reports are kept in, each with its columns beside the two ids."""
    found = connection.execute(
        """
        SELECT table_name, list(column_name ORDER BY column_index) AS columns
        FROM duckdb_columns()
        WHERE database_name = current_database() AND schema_name = 'main'
          AND (table_name = $1 OR regexp_full_match(table_name, $1 || '_[0-9]+'))
        GROUP BY table_name ORDER BY table_name
        """,
        [ALL],
    ).fetchall()
    return {table: tuple(name for name in columns if name not in _IDS) for table, columns in found}


def table_of(connection: duckdb.DuckDBPyConnection, filled: Sequence[str]) -> str:
    """Return the table of just these columns, made if it is not there yet."""
    wanted, there = tuple(name for name in STORED if name in filled), tables(connection)
    for table, columns in there.items():
        if columns == wanted:
            return table
    _make(connection, made := f"{ALL}_{len(there)}", wanted)
    show(connection, there | {made: wanted})
    return made


def delete(connection: duckdb.DuckDBPyConnection, condition: str, values: list | None = None) -> None:
    """Remove the reports of which the condition holds; it may speak of the ids and of what every table has."""
    for table in tables(connection):
        connection.execute(f"DELETE FROM {table} WHERE {condition}", values or [])


def show(connection: duckdb.DuckDBPyConnection, there: dict[str, tuple[str, ...]]) -> None:
    """Write the views over the tables that are there, text as text: `held`, and `reports`, which has the hash."""
    connection.execute(f"CREATE OR REPLACE VIEW held AS {view(there, hashed=False)}")
    connection.execute(f"CREATE OR REPLACE VIEW reports AS {view(there, hashed=True)}")


def view(there: dict[str, tuple[str, ...]], *, hashed: bool) -> str:
    """Return the query of a view over these tables."""
    return " UNION ALL ".join(f"SELECT {_shown(columns, hashed)} FROM {table}" for table, columns in there.items())


def _make(connection: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]) -> None:
    typed = ", ".join(f"{quoted(name)} {_type(name)}" for name in columns)
    connection.execute(f"CREATE TABLE {table} (report_id BIGINT, load_id BIGINT, {typed})")


def _type(name: str) -> str:
    words = _WORDS.get(name)
    return TYPES[KINDS[name]] if words is None else "ENUM ({})".format(", ".join(f"'{word}'" for word in words))


def _shown(columns: Sequence[str], hashed: bool) -> str:
    shown = [*_IDS]
    for column in REPORT_COLUMNS:
        name = column.name
        if name == "content_hash":
            if not hashed:
                continue
            value = content_hash(list(columns))
        else:
            value = quoted(name) if name in columns else f"CAST(NULL AS {TYPES[column.kind]})"
        if name in columns and name in _WORDS:
            value = f"CAST({value} AS VARCHAR)"
        if name == "population":
            value = f"coalesce({value}, 'counted')"
        elif name.endswith("_origin") and (stamp := name.removesuffix("_origin")) in columns:
            value = f"coalesce({value}, CASE WHEN {quoted(stamp)} IS NOT NULL THEN 'export' END)"
        shown.append(f"{value} AS {quoted(name)}")
    return ", ".join(shown)
