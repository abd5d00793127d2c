"""The views of a lab: what its tables mean. Those that join and correct come with the first record that needs them.

Every question plans all that it looks through, so a lab in which one record is one incident looks through less.
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pandas as pd

from mttrlab import sql
from mttrlab.lab import reports
from mttrlab.lab.database import insert_if_any
from mttrlab.schema import STAMPS

if TYPE_CHECKING:
    from mttrlab.lab.settings import Settings

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


def create_all(connection: duckdb.DuckDBPyConnection, there: dict[str, tuple[str, ...]], *, joining: bool) -> None:
    """Write all views over the tables that hold reports; the caller holds the transaction.

    Parameters
    ----------
    connection : DuckDBPyConnection
    there : dict
        Those tables, with their columns.
    joining : bool
        Whether records are joined or stamps corrected.
    """
    reports.create_report_views(connection, there)
    _write(connection, _FIRST)
    _create_records_view(connection, joining=joining)
    _write(connection, _LAST)


def are_current(connection: duckdb.DuckDBPyConnection) -> bool:
    """Return whether the views of the file are those of this mttrlab."""
    return _stored_hash(connection) in (_hash(joining=False), _hash(joining=True))


def needs_joining(connection: duckdb.DuckDBPyConnection) -> bool:
    """Return whether a record is joined with another, or a stamp corrected or derived."""
    found = connection.execute(
        "SELECT EXISTS (FROM links) OR EXISTS (FROM loads WHERE format IN ('annotations', 'derived'))"
    ).fetchall()
    return bool(found[0][0])


def join_if_needed(connection: duckdb.DuckDBPyConnection) -> None:
    """Let `records` join and correct from now on, if anything needs it; the caller holds the transaction."""
    if needs_joining(connection) and _stored_hash(connection) != _hash(joining=True):
        _create_records_view(connection, joining=True)


def _create_records_view(connection: duckdb.DuckDBPyConnection, *, joining: bool) -> None:
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


def _stored_hash(connection: duckdb.DuckDBPyConnection) -> str | None:
    found = connection.execute("SELECT value FROM meta WHERE name = 'views'").fetchall()
    return str(found[0][0]) if found else None


@cache
def _hash(*, joining: bool) -> str:
    views = (*_FIRST, *(_JOINING if joining else ()), *_LAST)
    texts = [
        *([_STAMP_RANK] if joining else []),
        reports.report_view_query({reports.MAIN_TABLE: reports.STORED_COLUMNS}, hashed=True),
        _records(joining=joining),
        *(sql.text(f"lab/{view}") for view in views),
    ]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


# Settings as tables, so that the views can apply them and correcting one needs no reload.


_TABLES = ("service_names", "severity_words", "precedence", "rule", "title_patterns", "join_keys", "settings")


def store_settings(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Write the settings; the caller holds the transaction and derives again."""
    from mttrlab.lab.settings import read_keys

    for table in _TABLES:
        connection.execute(f"DELETE FROM {table}")
    names = [(alias, service) for service, aliases in settings.services.items() for alias in {service, *aliases}]
    # The key is made by the engine that will compare it.
    _insert(connection, "INSERT INTO service_names SELECT DISTINCT lower(trim($1)), $2", names)
    _insert(connection, "INSERT INTO severity_words SELECT lower(trim($1)), $2", list(settings.severity.items()))
    _insert(connection, "INSERT INTO precedence VALUES ($2, $1)", list(enumerate(settings.precedence, start=1)))
    population = settings.population
    priorities = None if population.priorities is None else [word.strip().lower() for word in population.priorities]
    _insert(
        connection,
        "INSERT INTO rule VALUES ($1, $2, $3)",
        [(population.count, priorities, settings.join.within_minutes)],
    )
    said = [
        *(("include", pattern, None) for pattern in population.include_titles),
        *(("exclude", excluded.pattern, excluded.population) for excluded in population.exclude_titles),
        *(("type", typed.pattern, typed.type) for typed in settings.incident_types),
    ]
    patterns = [(kind, place, pattern, value) for place, (kind, pattern, value) in enumerate(said, start=1)]
    _insert(connection, "INSERT INTO title_patterns VALUES ($1, $2, $3, $4)", patterns)
    _insert(connection, "INSERT INTO join_keys VALUES ($1, $2, $3)", read_keys(settings))
    _insert(connection, "INSERT INTO settings VALUES ($1)", [(settings.model_dump_json(),)])


def stored_settings(connection: duckdb.DuckDBPyConnection) -> str | None:
    """Return the settings that the lab was last told, as they are stored; None: it was told none."""
    found = connection.execute("SELECT said FROM settings").fetchall()
    return str(found[0][0]) if found else None


def parsed_settings(stored: str | None) -> Settings:
    """Return settings from what `stored_settings` gives, or the defaults."""
    from mttrlab.lab.settings import Settings

    return Settings.default() if stored is None else Settings.model_validate_json(stored)


def population_rule(settings: Settings) -> str:
    """Return in one sentence which records count as incidents."""
    population = settings.population
    named = "a priority"
    if population.priorities is not None:
        named = f"priority {' or '.join(population.priorities)}" if population.priorities else "a priority (none named)"
    minutes = f"{settings.join.within_minutes:g} minutes"
    pages = {
        "priority_or_public": f"it has {named} or joins a public post or ticket on the same service within {minutes}",
        "priority": f"it has {named}",
        "all": "it is there: every page counts",
    }[population.count]
    extra = ", or its title matches `include_titles`" if population.include_titles else ""
    apart = ", so are titles that match `exclude_titles`" if population.exclude_titles else ""
    return (
        f"A page counts as an incident if {pages}{extra}; records of other tools count; "
        f"drills, tests, maintenance, cancelled and merged records are kept apart{apart}."
    )


def _insert(connection: duckdb.DuckDBPyConnection, statement: str, rows: list) -> None:
    # executemany refuses an empty list.
    if rows:
        connection.executemany(statement, rows)


# What follows from all reports and the settings and is dear to find: timers, titles, and who is one incident.


def derive(connection: duckdb.DuckDBPyConnection) -> None:
    """Write again what the views lean on; the caller holds the transaction."""
    for table in ("fuller", "timers", "titled", "pairs", "links", "rejudged", "annotated"):
        connection.execute(f"DELETE FROM {table}")
    if connection.execute("SELECT count(*) FROM superseded").fetchall()[0][0]:
        insert_if_any(connection, "fuller", sql.text("lab/fuller"))
    reports, several = connection.execute(
        "SELECT count(*), coalesce(min(source) <> max(source), false) FROM held"
    ).fetchall()[0]
    if reports >= _FEWEST_FOR_TIMERS:
        connection.execute(f"INSERT INTO timers {sql.text('lab/timers')}")
    _read_titles(connection)
    if several or _keyed(connection):
        _join(connection)
    join_if_needed(connection)
    settle_annotations(connection)
    judge_again(connection)


_FEWEST_FOR_TIMERS = 20
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


# Verdicts that depend on more than one record: of stamps that came together, and of stamps that people corrected.


def settle_annotations(connection: duckdb.DuckDBPyConnection) -> None:
    """Find which incident each annotation means; those that mean none are refused until their incident is loaded.

    So an annotation may come before its incident, and the order of files does not matter.
    """
    told = "SELECT count(*) FROM loads WHERE format IN ('annotations', 'derived')"
    if not connection.execute(told).fetchall()[0][0]:
        return
    insert_if_any(connection, "annotated", sql.text("lab/annotated"))
    connection.execute(
        """DELETE FROM quarantine WHERE (load_id, "row") IN (SELECT (load_id, "row") FROM annotations)"""
    )
    insert_if_any(
        connection,
        "quarantine",
        f"""SELECT load_id, "row", 'incident_id' AS "column", left(incident_id, 80) AS value, reason
            FROM ({sql.text("lab/strays")}) ORDER BY load_id, "row" """,
    )
    for statement in (
        """UPDATE loads SET quarantined = refused.n, accepted = loads."rows" - loads.duplicates - refused.n
           FROM (SELECT l.load_id, count(q.load_id) AS n FROM loads AS l LEFT JOIN quarantine AS q USING (load_id)
                 GROUP BY l.load_id) AS refused
           WHERE loads.format IN ('annotations', 'derived') AND refused.load_id = loads.load_id""",
        """UPDATE loads SET changed = touched.n
           FROM (SELECT l.load_id, count(DISTINCT a.report_id) AS n
                 FROM loads AS l LEFT JOIN annotated AS a USING (load_id) GROUP BY l.load_id) AS touched
           WHERE loads.format IN ('annotations', 'derived') AND touched.load_id = loads.load_id""",
    ):
        connection.execute(statement)


def judge_again(connection: duckdb.DuckDBPyConnection) -> None:
    """Judge stamps that came from different records or from people: each was right alone, together they may not be.

    A stamp that people gave is never a vendor's copy. Stamps that were out of order or implausible beside what it
    replaces get a second chance; copies and timers stay what they are. An annotated fix or verification closes the
    incident.
    """
    several = "SELECT (SELECT count(*) FROM links) + (SELECT count(*) FROM annotated)"
    if not connection.execute(several).fetchall()[0][0]:
        return
    from mttrlab.judge import judge

    rows = sql.frame(connection, sql.text("lab/second_look"))
    if rows.empty:
        return
    annotated = rows["annotated"].to_numpy(dtype=bool)
    read = pd.DataFrame({"exported_at": rows["exported_at"]})
    given = {stamp: rows[f"{stamp}_given"].notna().to_numpy() for stamp in STAMPS}
    for stamp in STAMPS:
        verdict = rows[f"{stamp}_verdict"]
        again = (
            annotated
            & verdict.isin(["out_of_order", "suspect"]).to_numpy()
            & ~rows[f"{stamp}_timer"].to_numpy(dtype=bool)
        )
        read[stamp] = rows[stamp].where((verdict == "recorded").to_numpy() | again | given[stamp])
    verdicts = rows[[f"{stamp}_verdict" for stamp in STAMPS]]
    ended = given["resolved_at"] | given["verified_at"]
    pending = (verdicts == "pending").any(axis=1).to_numpy()
    read["status"] = pd.Series(np.where(pending & ~ended, "open", "closed"), dtype="str").where(annotated)
    read["automated"] = pd.Series((rows["diagnosed_at_verdict"] == "not_applicable").to_numpy(), dtype="boolean")
    read["detected_at_origin"] = rows["detected_at_origin"].where(annotated & ~given["detected_at"])
    judged = judge(read)
    changes = []
    for stamp in STAMPS:
        before, after = rows[f"{stamp}_verdict"], judged[f"{stamp}_verdict"]
        # What was not shown to the judge keeps its verdict, unless it is absent and people have spoken.
        asked = read[stamp].notna() | (rows[stamp].isna() & annotated)
        changes.append(
            pd.DataFrame({"report_id": rows["report_id"], "stamp": stamp, "verdict": after})[asked & (after != before)]
        )
    found = pd.concat(changes, ignore_index=True)
    if found.empty:
        return
    connection.register("changes", found)
    try:
        connection.execute("INSERT INTO rejudged SELECT report_id, stamp, verdict FROM changes")
    finally:
        connection.unregister("changes")
