"""Reports of one file beside those that the lab has: new, changed, as they were, or older than what is known."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb
import pandas as pd

from mttrlab import sql
from mttrlab.errors import StoreError
from mttrlab.lab import kept
from mttrlab.lab.bulk_cells import KINDS, TYPES, as_reports, content_hash, quoted
from mttrlab.lab.ledger import supersede
from mttrlab.lab.transactions import in_any_order
from mttrlab.schema import STAMPS

if TYPE_CHECKING:
    from mttrlab.sources.exports import Extract

MANY = 50_000
"""Reports that are worth a table of just the columns that they fill."""

_NOTHING = {"new": 0, "changed": 0, "unchanged": 0, "older": 0}


@dataclass(frozen=True)
class Selected:
    """Judged reports as a query of the lab's connection."""

    query: str
    """Its columns are `filled`."""
    filled: tuple[str, ...]
    """Columns that hold anything that the lab cannot work out; the others are empty."""
    rows: int
    last: int
    """No `record` is greater."""
    sources: tuple[str, ...]
    """Every source that the reports come from."""
    apart: bool
    """No two of them have the same source and id."""


def store_frame(connection: duckdb.DuckDBPyConnection, extract: Extract, load_id: int) -> dict[str, int]:
    """Judge and store the reports of a frame, of which columns may be missing."""
    reports = extract.reports
    if reports.empty:
        return _NOTHING
    # Most columns of most sources are empty, and an empty column costs as much to hand over as a full one.
    said = reports.columns[reports.notna().any()]
    filled = {*said, *(f"{stamp}_verdict" for stamp in STAMPS)}
    ordered = tuple(name for name in kept.STORED if name in filled)
    query = f"""
        SELECT {", ".join(map(quoted, ordered))}
        FROM (WITH reports AS (SELECT {as_reports(list(said), restoring=extract.format == "canonical")} FROM arriving)
              FROM ({sql.text("judge")}))
    """
    # A reader keeps one report of an id; but an apostrophe that is taken off can make two ids one.
    sources, last = tuple(reports["source"].unique()), int(reports["record"].max())
    ids = "\n".join(["", *reports["source_id"].to_numpy()]) if extract.format == "canonical" else ""
    apart = "\n'" not in ids and not any(source.startswith("'") for source in sources)
    with registered(connection, "arriving", reports[said]):
        return store_selected(connection, Selected(query, ordered, len(reports), last, sources, apart), load_id)


def store_selected(connection: duckdb.DuckDBPyConnection, judged: Selected, load_id: int) -> dict[str, int]:
    if not judged.rows:
        return _NOTHING
    if judged.apart and not _any_known(connection, judged.sources):
        return _store_first(connection, judged, load_id)
    _stage(connection, judged)
    counts = {str(name): int(n) for name, n in sql.frame(connection, sql.text("lab/arrivals")).iloc[0].items()}
    # The same content seen again later: the record was still so at that later time.
    connection.execute(
        """DELETE FROM superseded WHERE report_id IN
           (SELECT report_id FROM reports SEMI JOIN staged USING (source, source_id))"""
    )
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE outdated AS
        SELECT report_id FROM reports JOIN staged USING (source, source_id, content_hash)
        WHERE reports.exported_at < staged.exported_at
        """
    )
    kept.delete(connection, "report_id IN (SELECT report_id FROM outdated)")
    missing = "FROM staged ANTI JOIN reports USING (source, source_id, content_hash)"
    if connection.execute(f"SELECT count(*) {missing}").fetchall()[0][0]:
        columns = ", ".join(map(quoted, judged.filled))
        table = _table(connection, judged)
        with in_any_order(connection, judged.rows >= MANY):
            connection.execute(
                f"""
                INSERT INTO {table} BY NAME
                SELECT nextval('report_ids') AS report_id, $1::BIGINT AS load_id, {columns} {missing}
                """,
                [load_id],
            )
    _check_kept(connection, counts)
    supersede(connection, "SELECT DISTINCT source, source_id FROM staged")
    for table in ("staged", "outdated"):
        connection.execute(f"DROP TABLE {table}")
    return counts


def _stage(connection: duckdb.DuckDBPyConnection, judged: Selected) -> None:
    """Put the reports beside the lab's, as table `staged`, to be compared with them."""
    empty = ", ".join(
        f"CAST(NULL AS {TYPES[KINDS[name]]}) AS {quoted(name)}"
        for name in ("updated_at", "exported_at")
        if name not in judged.filled
    )
    once = "" if judged.apart else "DISTINCT ON (source, source_id, content_hash)"
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE staged AS
        SELECT {once} *{", " + empty if empty else ""}, {content_hash(list(judged.filled))} AS content_hash
        FROM ({judged.query})
        ORDER BY record
        """
    )


def _table(connection: duckdb.DuckDBPyConnection, judged: Selected) -> str:
    return kept.table_of(connection, judged.filled) if judged.rows >= MANY else kept.ALL


def _any_known(connection: duckdb.DuckDBPyConnection, sources: tuple[str, ...]) -> bool:
    found = connection.execute("SELECT count(*) FROM held WHERE list_contains($1, source)", [list(sources)])
    return bool(found.fetchall()[0][0])


def _store_first(connection: duckdb.DuckDBPyConnection, judged: Selected, load_id: int) -> dict[str, int]:
    """Store reports of sources that the lab does not know yet: all are new, and nothing needs to be compared."""
    # The numbers are drawn at once: drawing them row by row would leave all but one thread idle.
    first = connection.execute("SELECT nextval('report_ids')").fetchall()[0][0]
    connection.execute(f"CREATE OR REPLACE SEQUENCE report_ids START WITH {first + judged.last + 1}")
    table = _table(connection, judged)
    with in_any_order(connection, judged.rows >= MANY):
        connection.execute(
            f"""
            INSERT INTO {table} BY NAME
            SELECT {first}::BIGINT + record AS report_id, {load_id}::BIGINT AS load_id,
                   {", ".join(map(quoted, judged.filled))}
            FROM ({judged.query})
            """
        )
    found = connection.execute(
        f"SELECT count(record), sum(load_id) FROM {table} WHERE load_id = $1", [load_id]
    ).fetchall()[0]
    if found != (judged.rows, judged.rows * load_id):
        raise StoreError(
            f"{judged.rows:,} incidents were handed over and {found[0]:,} can be read back; nothing was loaded, "
            "please report this with the file"
        )
    return _NOTHING | {"new": judged.rows}


def _check_kept(connection: duckdb.DuckDBPyConnection, counts: dict[str, int]) -> None:
    """Read back what was just written: an engine that loses rows must not be believed.

    Raises
    ------
    StoreError
        When fewer incidents can be read than the load counted.
    """
    told = counts["new"] + counts["changed"] + counts["unchanged"]
    staged, kept = connection.execute(
        """
        SELECT (SELECT count(*) FROM (SELECT DISTINCT source, source_id FROM staged)),
               (SELECT count(*) FROM (SELECT DISTINCT source, source_id FROM reports SEMI JOIN staged
                                      USING (source, source_id)))
        """
    ).fetchall()[0]
    if not told == staged == kept:
        raise StoreError(
            f"{told:,} incidents were counted, {staged:,} handed over and {kept:,} can be read back; nothing was "
            "loaded, please report this with the file"
        )


@contextmanager
def registered(connection: duckdb.DuckDBPyConnection, name: str, rows: pd.DataFrame) -> Iterator[None]:
    connection.register(name, rows)
    try:
        yield
    finally:
        connection.unregister(name)
