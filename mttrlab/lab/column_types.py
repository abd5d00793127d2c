"""Columns of a canonical table as SQL: only what every reader must read alike; any doubt is the strict reader's."""

from __future__ import annotations

from mttrlab.schema import ORIGINS, POPULATIONS, REPORT_COLUMNS, STAMPS
from mttrlab.sources.exports.canonical import FLAG_WORDS, STATUS_WORDS
from mttrlab.sources.exports.columns import IDS, NAMES
from mttrlab.sources.exports.records import COLUMNS, SAID, TIMES

# How DuckDB keeps each kind of column.
SQL_TYPES = {
    "text": "VARCHAR",
    "time": "TIMESTAMPTZ",
    "minutes": "DOUBLE",
    "share": "DOUBLE",
    "flag": "BOOLEAN",
    "count": "BIGINT",
    "number": "DOUBLE",
}
SURE_FROM, SURE_TO = "TIMESTAMPTZ '1971-01-01 00:00:00+00'", "TIMESTAMPTZ '2200-01-01 00:00:00+00'"
"""Instants from the one and before the other are read alike by everybody; so says the macro `sure_stamp` too."""
COLUMN_KINDS = {column.name: column.kind for column in REPORT_COLUMNS}

_WORDS = frozenset(name for name, kind in COLUMN_KINDS.items() if kind == "text") - {
    "content_hash",
    "population",
    "status",
    "copies",
    *(f"{stamp}_origin" for stamp in STAMPS),
}
"""Columns of free text."""


_OWN_LIST = r'\["[A-Za-z0-9]([A-Za-z0-9 _./-]*[A-Za-z0-9])?"\]'
"""A list of one plain name, which reads the same however it is read."""


def report_columns(header: tuple[str, ...], id_column: str) -> dict[str, str]:
    """Return the columns that are kept, as a report calls them, by the names of the file."""
    kept = {id_column: "source_id"}
    return kept | {name: name for name in NAMES if name in header and name not in IDS}


def value_and_doubt_sql(name: str, cell: str) -> tuple[str, str]:
    """Return what the cell says, and whether that is in doubt; `name` is the report's."""
    filled = f"({cell} <> '')"
    if name == "source_id":
        return cell, f"coalesce(NOT is_tidy({cell}), true)"
    if name == "source":
        return f"nullif({cell}, '')", f"{filled} AND NOT is_tidy({cell})"
    if name == "services":
        # A list as we write it ourselves; every other spelling is the strict reader's.
        return f"nullif({cell}, '')", f"{filled} AND NOT coalesce(regexp_full_match({cell}, '{_OWN_LIST}'), false)"
    if name in TIMES:
        value = f"sure_stamp(stamp_of({cell}))"
    elif COLUMN_KINDS[name] == "flag":
        value = _words_case(cell, {word: str(flag).lower() for word, flag in FLAG_WORDS.items()}, quoted=False)
    elif name == "users":
        value = f"share_of({cell})"
    elif name == "population":
        value = _words_case(cell, {word: word for word in POPULATIONS})
    elif name == "status":
        value = _words_case(cell, STATUS_WORDS)
    elif name.endswith("_origin"):
        value = _words_case(cell, {word: word for word in ORIGINS})
    else:
        return f"nullif({cell}, '')", ""
    return value, f"{filled} AND {sql_name(name)} IS NULL"


def _words_case(cell: str, words: dict[str, str], *, quoted: bool = True) -> str:
    meanings: dict[str, list[str]] = {}
    for word, meaning in words.items():
        meanings.setdefault(meaning, []).append(f"'{word}'")
    branches = " ".join(
        f"WHEN word_of({cell}) IN ({', '.join(said)}) THEN " + (f"'{meaning}'" if quoted else meaning)
        for meaning, said in meanings.items()
    )
    return f"CASE {branches} END"


def sql_name(name: str) -> str:
    """Return the name as SQL quotes it."""
    return '"' + name.replace('"', '""') + '"'


def content_hash_sql(kept: list[str]) -> str:
    """Return the hash that `sources.exports.reports.hashes` makes, over these columns."""
    spelled: list[str] = []
    gap = ""
    for place, name in enumerate(SAID):
        gap += "" if place == 0 else "-"
        if name in kept:
            if gap:
                spelled.append(f"repeat(chr(0), {len(gap)})")
            spelled.append(_hashed_text(name))
            gap = ""
    if gap:
        spelled.append(f"repeat(chr(0), {len(gap)})")
    return f"left(md5(concat({', '.join(spelled)})), 16)"


def _hashed_text(name: str) -> str:
    column = sql_name(name)
    if name in TIMES:
        return f"epoch_us({column})"
    if name == "users":
        return f"CAST(floor({column} * 1e15) AS BIGINT)"
    if name == "population":
        return f"nullif({column}, 'counted')"
    if name.endswith("_origin"):
        return f"nullif({column}, 'export')"
    if COLUMN_KINDS[name] == "flag":
        return f"CASE WHEN {column} THEN 'True' WHEN NOT {column} THEN 'False' END"
    return column


def canonical_select(kept: list[str], constants: dict[str, str]) -> str:
    """Return the list of a SELECT that makes reports of the kept columns: everything but the verdicts.

    Parameters
    ----------
    kept : list of str
    constants : dict
        SQL of what the whole file says: `source`, `exported_at` (used where a row says nothing), `resolution_s`.
    """
    made = {name: f"restored({sql_name(name)})" if name in _WORDS else sql_name(name) for name in kept}
    for stamp in STAMPS:
        if stamp in kept:
            given = f"coalesce({stamp}_origin, 'export')" if f"{stamp}_origin" in kept else "'export'"
            made[f"{stamp}_origin"] = f"CASE WHEN {stamp} IS NOT NULL THEN {given} END"
    made["population"] = "coalesce(population, 'counted')" if "population" in kept else "'counted'"
    for name in ("source", "exported_at"):
        made[name] = f"coalesce({made[name]}, {constants[name]})" if name in kept else constants[name]
    made |= {"record": "record", "resolution_s": constants["resolution_s"]}
    return ", ".join(
        f"CAST({made.get(column.name, 'NULL')} AS {SQL_TYPES[column.kind]}) AS {sql_name(column.name)}"
        for column in COLUMNS
    )


def frame_select(said: list[str], *, restoring: bool) -> str:
    """Return the list of a SELECT that makes reports of these columns, the others empty.

    Parameters
    ----------
    said : list of str
        Columns that are there.
    restoring : bool
        Take off the apostrophes that a table for spreadsheets has before what looks like a formula.
    """
    made = {name: f"restored({sql_name(name)})" if restoring and name in _WORDS else sql_name(name) for name in said}
    return ", ".join(
        f"CAST({made.get(column.name, 'NULL')} AS {SQL_TYPES[column.kind]}) AS {sql_name(column.name)}"
        for column in COLUMNS
    )
