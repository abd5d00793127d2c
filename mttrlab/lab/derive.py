"""What follows from all reports and the settings and is dear to find: timers, titles, and who is one incident."""

from __future__ import annotations

import duckdb

from mttrlab import sql
from mttrlab.lab import views
from mttrlab.lab.rejudging import judge_again, settle_annotations
from mttrlab.lab.transactions import insert_found


def derive(connection: duckdb.DuckDBPyConnection) -> None:
    """Write again what the views lean on; the caller holds the transaction."""
    for table in ("fuller", "timers", "titled", "pairs", "links", "rejudged", "annotated"):
        connection.execute(f"DELETE FROM {table}")
    if connection.execute("SELECT count(*) FROM superseded").fetchall()[0][0]:
        insert_found(connection, "fuller", sql.text("lab/fuller"))
    reports, several = connection.execute(
        "SELECT count(*), coalesce(min(source) <> max(source), false) FROM held"
    ).fetchall()[0]
    if reports >= _SPIKE:
        connection.execute(f"INSERT INTO timers {sql.text('lab/timers')}")
    _read_titles(connection)
    if several or _keyed(connection):
        _join(connection)
    views.show_joined(connection)
    settle_annotations(connection)
    judge_again(connection)


_SPIKE = 20
"""No timer is seen in fewer reports (`lab/timers`), and planning to look for one is dear where there are few."""


def _keyed(connection: duckdb.DuckDBPyConnection) -> bool:
    return bool(connection.execute("SELECT count(*) > 0 FROM join_keys").fetchall()[0][0])


def _read_titles(connection: duckdb.DuckDBPyConnection) -> None:
    patterns = connection.execute("SELECT place, pattern FROM title_patterns ORDER BY place").fetchall()
    if not patterns:
        return
    # One pass per pattern: a constant pattern is compiled once, a joined one for every title. All in one statement, as
    # an INSERT of no rows before a large one loses rows (`insert_found`).
    hits = " UNION ALL ".join(
        f"SELECT report_id, ${2 * n + 1}::BIGINT AS place FROM latest WHERE regexp_matches(title, ${2 * n + 2}, 'i')"
        for n in range(len(patterns))
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE title_hits AS {hits}", [value for pattern in patterns for value in pattern]
    )
    connection.execute(f"INSERT INTO titled {sql.text('lab/titled')}")
    connection.execute("DROP TABLE title_hits")


def _join(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(f"CREATE OR REPLACE TEMP TABLE key_edges AS {sql.text('lab/key_edges')}")
    _label(connection, "SELECT a_id, b_id FROM key_edges")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE keyed AS {sql.text('lab/keyed')}")
    connection.execute("CREATE OR REPLACE TEMP TABLE key_label AS SELECT * FROM label")
    connection.execute(f"INSERT INTO pairs {sql.text('lab/pairs')}")
    edges = "SELECT a_id, b_id FROM key_edges UNION ALL SELECT a_id, b_id FROM pairs WHERE decision = 'join'"
    _label(connection, edges)
    connection.execute(sql.text("lab/chains"))
    _label(connection, edges)
    connection.execute(f"INSERT INTO links {sql.text('lab/members')}")
    for table in ("key_edges", "keyed", "key_label", "label"):
        connection.execute(f"DROP TABLE {table}")


def _label(connection: duckdb.DuckDBPyConnection, edges: str) -> None:
    """Give every record that an edge touches the smallest report_id of its connected group, as table `label`."""
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE both_ways AS
        WITH edge AS ({edges}) SELECT a_id, b_id FROM edge UNION SELECT b_id, a_id FROM edge
        """
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE label AS SELECT a_id AS report_id, a_id AS label FROM both_ways GROUP BY a_id"
    )
    while True:
        moved = connection.execute(
            """
            UPDATE label SET label = near.lowest
            FROM (
                SELECT e.a_id, min(l.label) AS lowest
                FROM both_ways AS e JOIN label AS l ON l.report_id = e.b_id
                GROUP BY e.a_id
            ) AS near
            WHERE near.a_id = label.report_id AND near.lowest < label.label
            """
        ).fetchall()
        if not moved or moved[0][0] == 0:
            break
    connection.execute("DROP TABLE both_ways")
