"""The views of a lab: what its tables mean. Those that join and correct come with the first record that needs them.

Every question plans all that it looks through, so a lab in which one record is one incident looks through less.
"""

from __future__ import annotations

import hashlib
from functools import cache

import duckdb

from mttrlab import sql
from mttrlab.lab import kept

# In the order in which they build on each other.
_FIRST = ("latest", "settled")
_JOINING = ("merged", "mending", "corrected")
_LAST = ("incidents", "metrics", "deployments", "firings", "logs", "spans")
_STAMP_RANK = """
CREATE OR REPLACE MACRO stamp_rank(verdict, origin) AS
    10 * list_position(
        ['recorded', 'not_applicable', 'defaulted', 'out_of_order', 'suspect', 'missing', 'pending'], verdict)
    + CASE origin WHEN 'annotated' THEN 0 WHEN 'proxy' THEN 2 ELSE 1 END
"""


def install(connection: duckdb.DuckDBPyConnection, there: dict[str, tuple[str, ...]], *, joining: bool) -> None:
    """Write all views over the tables that hold reports; the caller holds the transaction.

    Parameters
    ----------
    connection : DuckDBPyConnection
    there : dict
        Those tables, with their columns.
    joining : bool
        Whether records are joined or stamps corrected.
    """
    kept.show(connection, there)
    _write(connection, _FIRST)
    _show_records(connection, joining=joining)
    _write(connection, _LAST)


def known(connection: duckdb.DuckDBPyConnection) -> bool:
    """Return whether the views of the file are those of this mttrlab."""
    return _said(connection) in (_hash(joining=False), _hash(joining=True))


def needs_joining(connection: duckdb.DuckDBPyConnection) -> bool:
    """Return whether a record is joined with another, or a stamp corrected or derived."""
    found = connection.execute(
        "SELECT EXISTS (FROM links) OR EXISTS (FROM loads WHERE format IN ('annotations', 'derived'))"
    ).fetchall()
    return bool(found[0][0])


def show_joined(connection: duckdb.DuckDBPyConnection) -> None:
    """Let `records` join and correct from now on, if anything needs it; the caller holds the transaction."""
    if needs_joining(connection) and _said(connection) != _hash(joining=True):
        _show_records(connection, joining=True)


def _show_records(connection: duckdb.DuckDBPyConnection, *, joining: bool) -> None:
    if joining:
        connection.execute(_STAMP_RANK)
        _write(connection, _JOINING)
    connection.execute(f"CREATE OR REPLACE VIEW records AS {_records(joining=joining)}")
    connection.execute("DELETE FROM meta WHERE name = 'views'")
    connection.execute("INSERT INTO meta VALUES ('views', $1)", [_hash(joining=joining)])


def _records(*, joining: bool) -> str:
    alone = sql.text("lab/alone")
    return f"{alone}\nUNION ALL\nSELECT * FROM (\n{sql.text('lab/mended')}\n)" if joining else alone


def _write(connection: duckdb.DuckDBPyConnection, views: tuple[str, ...]) -> None:
    for view in views:
        connection.execute(f"CREATE OR REPLACE VIEW {view} AS {sql.text(f'lab/{view}')}")


def _said(connection: duckdb.DuckDBPyConnection) -> str | None:
    found = connection.execute("SELECT value FROM meta WHERE name = 'views'").fetchall()
    return str(found[0][0]) if found else None


@cache
def _hash(*, joining: bool) -> str:
    views = (*_FIRST, *(_JOINING if joining else ()), *_LAST)
    texts = [
        *([_STAMP_RANK] if joining else []),
        kept.view({kept.ALL: kept.STORED}, hashed=True),
        _records(joining=joining),
        *(sql.text(f"lab/{view}") for view in views),
    ]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()
