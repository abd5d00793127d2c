"""Settings as tables, so that the views can apply them and correcting one needs no reload."""

from __future__ import annotations

import duckdb

from mttrlab.lab.settings import Settings, read_keys

_TABLES = ("service_names", "severity_words", "precedence", "rule", "title_patterns", "join_keys", "settings")


def store_settings(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Write the settings; the caller holds the transaction and derives again."""
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


def stored_settings(connection: duckdb.DuckDBPyConnection) -> Settings:
    """Return the settings that the lab was last told, or the defaults."""
    found = connection.execute("SELECT said FROM settings").fetchall()
    return Settings.model_validate_json(found[0][0]) if found else Settings.default()


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
