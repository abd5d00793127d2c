"""How reports are kept: a table for each set of columns that large files fill, and views of them all.

Writing an empty column costs as much as a full one, so a large file gets a table of just its own columns; whatever else
comes goes into `kept`, which has all of them. What a view can work out is not stored: an origin that is simply the
export, a population that is simply counted, and the hash of the content. `held` has all but the hash, which is dear to
plan and which only the comparison of revisions needs; `reports` has the hash as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pandas as pd

from mttrlab import __version__, sql
from mttrlab.errors import LoadError, StoreError
from mttrlab.lab.column_types import COLUMN_KINDS, SQL_TYPES, content_hash_sql, frame_select, sql_name
from mttrlab.lab.database import insert_if_any, unordered_insert
from mttrlab.schema import ORIGINS, POPULATIONS, REPORT_COLUMNS, STAMPS, VERDICTS
from mttrlab.text import plain

if TYPE_CHECKING:
    from mttrlab.sources.exports import Extract


MAIN_TABLE = "kept"
"""The table with every column; the names of the others begin with it."""
STORED_COLUMNS = tuple(column.name for column in REPORT_COLUMNS if column.name != "content_hash")
"""Columns of a report that can be stored, in their order."""

_IDS = ("report_id", "load_id")
_WORDS = {
    **{f"{stamp}_verdict": VERDICTS for stamp in STAMPS},
    **{f"{stamp}_origin": ORIGINS for stamp in STAMPS},
    "population": POPULATIONS,
}
"""Columns that hold one of a few words; kept as a byte each."""


def create_main_table(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the table of all columns."""
    _create_table(connection, MAIN_TABLE, STORED_COLUMNS)


def report_tables(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, ...]]:
    """Return the tables that reports are kept in, each with its columns beside the two ids."""
    found = connection.execute(
        """
        SELECT table_name, list(column_name ORDER BY column_index) AS columns
        FROM duckdb_columns()
        WHERE database_name = current_database() AND schema_name = 'main'
          AND (table_name = $1 OR regexp_full_match(table_name, $1 || '_[0-9]+'))
        GROUP BY table_name ORDER BY table_name
        """,
        [MAIN_TABLE],
    ).fetchall()
    return {table: tuple(name for name in columns if name not in _IDS) for table, columns in found}


def table_for_columns(connection: duckdb.DuckDBPyConnection, filled: Sequence[str]) -> str:
    """Return the table of just these columns, made if it is not there yet."""
    wanted, there = tuple(name for name in STORED_COLUMNS if name in filled), report_tables(connection)
    for table, columns in there.items():
        if columns == wanted:
            return table
    _create_table(connection, made := f"{MAIN_TABLE}_{len(there)}", wanted)
    create_report_views(connection, there | {made: wanted})
    return made


def delete_reports(connection: duckdb.DuckDBPyConnection, condition: str, values: list | None = None) -> None:
    """Remove the reports of which the condition holds; it may speak of the ids and of what every table has."""
    for table in report_tables(connection):
        connection.execute(f"DELETE FROM {table} WHERE {condition}", values or [])


def create_report_views(connection: duckdb.DuckDBPyConnection, there: dict[str, tuple[str, ...]]) -> None:
    """Write the views over the tables that are there, text as text: `held`, and `reports`, which has the hash."""
    connection.execute(f"CREATE OR REPLACE VIEW held AS {report_view_query(there, hashed=False)}")
    connection.execute(f"CREATE OR REPLACE VIEW reports AS {report_view_query(there, hashed=True)}")


def report_view_query(there: dict[str, tuple[str, ...]], *, hashed: bool) -> str:
    """Return the query of a view over these tables."""
    return " UNION ALL ".join(
        f"SELECT {_select_list(columns, hashed)} FROM {table}" for table, columns in there.items()
    )


def _create_table(connection: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]) -> None:
    typed = ", ".join(f"{sql_name(name)} {_type(name)}" for name in columns)
    connection.execute(f"CREATE TABLE {table} (report_id BIGINT, load_id BIGINT, {typed})")


def _type(name: str) -> str:
    words = _WORDS.get(name)
    return (
        SQL_TYPES[COLUMN_KINDS[name]] if words is None else "ENUM ({})".format(", ".join(f"'{word}'" for word in words))
    )


def _select_list(columns: Sequence[str], hashed: bool) -> str:
    shown = [*_IDS]
    for column in REPORT_COLUMNS:
        name = column.name
        if name == "content_hash":
            if not hashed:
                continue
            value = content_hash_sql(list(columns))
        else:
            value = sql_name(name) if name in columns else f"CAST(NULL AS {SQL_TYPES[column.kind]})"
        if name in columns and name in _WORDS:
            value = f"CAST({value} AS VARCHAR)"
        if name == "population":
            value = f"coalesce({value}, 'counted')"
        elif name.endswith("_origin") and (stamp := name.removesuffix("_origin")) in columns:
            value = f"coalesce({value}, CASE WHEN {sql_name(stamp)} IS NOT NULL THEN 'export' END)"
        shown.append(f"{value} AS {sql_name(name)}")
    return ", ".join(shown)


# Reports of one file beside those that the lab has: new, changed, as they were, or older than what is known.


OWN_TABLE_FROM = 50_000
"""Reports that are worth a table of just the columns that they fill."""

_NO_COUNTS = {"new": 0, "changed": 0, "unchanged": 0, "older": 0}


@dataclass(frozen=True)
class JudgedReports:
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
        return _NO_COUNTS
    # Most columns of most sources are empty, and an empty column costs as much to hand over as a full one.
    said = reports.columns[reports.notna().any()]
    filled = {*said, *(f"{stamp}_verdict" for stamp in STAMPS)}
    ordered = tuple(name for name in STORED_COLUMNS if name in filled)
    query = f"""
        SELECT {", ".join(map(sql_name, ordered))}
        FROM (WITH reports AS (SELECT {frame_select(list(said), restoring=extract.format == "canonical")} FROM arriving)
              FROM ({sql.text("judge")}))
    """
    # A reader keeps one report of an id; but an apostrophe that is taken off can make two ids one.
    sources, last = tuple(reports["source"].unique()), int(reports["record"].max())
    ids = "\n".join(["", *reports["source_id"].to_numpy()]) if extract.format == "canonical" else ""
    apart = "\n'" not in ids and not any(source.startswith("'") for source in sources)
    with registered(connection, "arriving", reports[said]):
        return store_judged(connection, JudgedReports(query, ordered, len(reports), last, sources, apart), load_id)


def store_judged(connection: duckdb.DuckDBPyConnection, judged: JudgedReports, load_id: int) -> dict[str, int]:
    if not judged.rows:
        return _NO_COUNTS
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
    delete_reports(connection, "report_id IN (SELECT report_id FROM outdated)")
    missing = "FROM staged ANTI JOIN reports USING (source, source_id, content_hash)"
    if connection.execute(f"SELECT count(*) {missing}").fetchall()[0][0]:
        columns = ", ".join(map(sql_name, judged.filled))
        table = _table(connection, judged)
        with unordered_insert(connection, judged.rows >= OWN_TABLE_FROM):
            connection.execute(
                f"""
                INSERT INTO {table} BY NAME
                SELECT nextval('report_ids') AS report_id, $1::BIGINT AS load_id, {columns} {missing}
                """,
                [load_id],
            )
    _check_stored(connection, counts)
    supersede(connection, "SELECT DISTINCT source, source_id FROM staged")
    for table in ("staged", "outdated"):
        connection.execute(f"DROP TABLE {table}")
    return counts


def _stage(connection: duckdb.DuckDBPyConnection, judged: JudgedReports) -> None:
    """Put the reports beside the lab's, as table `staged`, to be compared with them."""
    empty = ", ".join(
        f"CAST(NULL AS {SQL_TYPES[COLUMN_KINDS[name]]}) AS {sql_name(name)}"
        for name in ("updated_at", "exported_at")
        if name not in judged.filled
    )
    once = "" if judged.apart else "DISTINCT ON (source, source_id, content_hash)"
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE staged AS
        SELECT {once} *{", " + empty if empty else ""}, {content_hash_sql(list(judged.filled))} AS content_hash
        FROM ({judged.query})
        ORDER BY record
        """
    )


def _table(connection: duckdb.DuckDBPyConnection, judged: JudgedReports) -> str:
    return table_for_columns(connection, judged.filled) if judged.rows >= OWN_TABLE_FROM else MAIN_TABLE


def _any_known(connection: duckdb.DuckDBPyConnection, sources: tuple[str, ...]) -> bool:
    found = connection.execute("SELECT count(*) FROM held WHERE list_contains($1, source)", [list(sources)])
    return bool(found.fetchall()[0][0])


def _store_first(connection: duckdb.DuckDBPyConnection, judged: JudgedReports, load_id: int) -> dict[str, int]:
    """Store reports of sources that the lab does not know yet: all are new, and nothing needs to be compared."""
    # The numbers are drawn at once: drawing them row by row would leave all but one thread idle.
    first = connection.execute("SELECT nextval('report_ids')").fetchall()[0][0]
    connection.execute(f"CREATE OR REPLACE SEQUENCE report_ids START WITH {first + judged.last + 1}")
    table = _table(connection, judged)
    with unordered_insert(connection, judged.rows >= OWN_TABLE_FROM):
        connection.execute(
            f"""
            INSERT INTO {table} BY NAME
            SELECT {first}::BIGINT + record AS report_id, {load_id}::BIGINT AS load_id,
                   {", ".join(map(sql_name, judged.filled))}
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
    return _NO_COUNTS | {"new": judged.rows}


def _check_stored(connection: duckdb.DuckDBPyConnection, counts: dict[str, int]) -> None:
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


# The one way to write reports: with the refused rows of their file and its line in the ledger.


def store_extract(
    connection: duckdb.DuckDBPyConnection, extract: Extract, judged: JudgedReports | None, options: LoadOptions
) -> LoadReport:
    """Write one file's reports, refused rows and ledger line; the caller holds the transaction.

    Parameters
    ----------
    connection : DuckDBPyConnection
    extract : Extract
    judged : Selected, optional
        Its reports, judged, where they are no frame; None: those of `extract` are judged.
    options : LoadOptions

    Raises
    ------
    LoadError
        When the counts do not add up to the records of the file.
    """
    refused = len(extract.quarantine)
    if extract.accepted + refused + extract.duplicates != extract.rows:
        raise LoadError(
            f"{extract.path}: {extract.rows} records, but {extract.accepted} accepted + {refused} quarantined + "
            f"{extract.duplicates} duplicates; nothing was loaded, report this with the file"
        )
    notes = [*extract.warnings, *forget_same_file(connection, extract.sha256, extract.path.name)]
    why = refusal_sentence(extract.quarantine)
    notes += [why] if why else []
    load_id = connection.execute("SELECT coalesce(max(load_id), 0) + 1 FROM loads").fetchall()[0][0]
    counts = store_frame(connection, extract, load_id) if judged is None else store_judged(connection, judged, load_id)
    if counts["older"]:
        notes.append(
            f"{counts['older']:,} incidents are older here than what the lab has; kept as history, the newer holds"
        )
    with registered(connection, "refused", extract.quarantine):
        insert_if_any(
            connection,
            "quarantine",
            'SELECT $1::BIGINT, "row", "column", value::VARCHAR, reason FROM refused ORDER BY "row"',
            [load_id],
        )
    connection.execute(
        """
        INSERT INTO loads VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
            $17::TIMESTAMPTZ, $18, $19, now(), $20, false, $21)
        """,
        [
            load_id,
            # The ledger must find the file again from anywhere.
            str(extract.path.absolute()),
            extract.path.name,
            extract.sha256,
            extract.size,
            extract.format,
            extract.source,
            options.timezone,
            options.as_of,
            extract.rows,
            extract.accepted,
            refused,
            extract.duplicates,
            counts["new"],
            counts["changed"],
            counts["unchanged"],
            None if pd.isna(extract.exported_at) else extract.exported_at.isoformat(),
            extract.exported_at_from,
            json.dumps(notes),
            __version__,
            options.columns,
        ],
    )
    return LoadReport(
        path=str(extract.path),
        format=extract.format,
        rows=extract.rows,
        accepted=extract.accepted,
        quarantined=refused,
        duplicates=extract.duplicates,
        new=counts["new"],
        changed=counts["changed"],
        unchanged=counts["unchanged"],
        warnings=tuple(notes),
        load_id=load_id,
    )


# The ledger of loads: what was loaded before, under which options, and taking one back.


TELEMETRY_TABLES = ("metric_samples", "metric_series", "deployed", "fired", "log_lines", "trace_spans")
"""Where loads of telemetry are kept."""


def ledger_state(connection: duckdb.DuckDBPyConnection) -> list[tuple]:
    """Return what tells one state of the ledger from another."""
    return connection.execute("SELECT load_id, sha256, loaded_at::VARCHAR FROM loads ORDER BY load_id").fetchall()


@dataclass(frozen=True)
class LoadOptions:
    """What the caller said about a file; with the hash of the file, it names a load."""

    format: str | None = None
    timezone: str | None = None
    as_of: str | None = None
    source: str | None = None
    columns: str | None = None
    """JSON object: the file's name of a column, and ours; as the ledger keeps it."""

    @property
    def column_names(self) -> dict[str, str] | None:
        """What was said of the columns."""
        return json.loads(self.columns) if self.columns else None


def columns_as_json(columns: Mapping[str, str] | None) -> str | None:
    """Return what was said of the columns as the ledger keeps it; None: nothing."""
    return json.dumps(dict(sorted(columns.items())), ensure_ascii=False) if columns else None


def known_load(
    connection: duckdb.DuckDBPyConnection, path: Path, sha256: str, options: LoadOptions
) -> LoadReport | None:
    """Return what an earlier load of this content under these options did, with nothing new; None: not loaded."""
    found = connection.execute(
        """
        SELECT load_id, format, "rows", accepted, quarantined, duplicates, "new" + changed + unchanged, warnings
        FROM loads
        WHERE sha256 = $1 AND coalesce($2, format) = format AND timezone IS NOT DISTINCT FROM $3
          AND as_of IS NOT DISTINCT FROM $4 AND ($5 IS NULL OR source = $5) AND "columns" IS NOT DISTINCT FROM $6
        ORDER BY load_id LIMIT 1
        """,
        [sha256, options.format, options.timezone, options.as_of, options.source, options.columns],
    ).fetchall()
    if not found:
        return None
    load_id, format_name, rows, accepted, quarantined, duplicates, incidents, warnings = found[0]
    return LoadReport(
        path=str(path),
        format=format_name,
        rows=rows,
        accepted=accepted,
        quarantined=quarantined,
        duplicates=duplicates,
        new=0,
        changed=0,
        unchanged=incidents,
        warnings=("this file was loaded before; nothing changed", *json.loads(warnings)),
        load_id=load_id,
    )


def forget_same_file(connection: duckdb.DuckDBPyConnection, sha256: str, name: str) -> list[str]:
    """Take back an earlier load of the same content under other options: a correction, not a second witness."""
    earlier = [
        row[0]
        for row in connection.execute(
            "SELECT load_id FROM loads WHERE sha256 = $1 AND name = $2", [sha256, name]
        ).fetchall()
    ]
    if not earlier:
        return []
    for load_id in earlier:
        delete_reports(connection, "load_id = $1", [load_id])
        for table in ("annotations", *TELEMETRY_TABLES, "quarantine", "loads"):
            connection.execute(f"DELETE FROM {table} WHERE load_id = $1", [load_id])
    connection.execute("DELETE FROM superseded")
    supersede(connection, "SELECT source, source_id FROM reports")
    return ["the same file was loaded before with other options; this load replaces that one"]


def supersede(connection: duckdb.DuckDBPyConnection, touched: str) -> None:
    """List the older revisions among the records that the query `touched` names (source, source_id)."""
    insert_if_any(
        connection,
        "superseded",
        sql.text("lab/superseded").replace("WITH several", f"WITH touched AS ({touched}), several", 1),
    )


# What a load did: a sentence and a table.


_COUNTS = ("rows", "accepted", "quarantined", "duplicates", "new", "changed", "unchanged")


@dataclass(frozen=True)
class LoadReport:
    """What one `lab.load` did. Records are counted in the file, incidents in the lab."""

    path: str
    """File, or pattern of files."""
    format: str
    """Format of the file; several are joined by a plus sign."""
    rows: int
    """Records in the file."""
    accepted: int
    """Records that became incidents or part of one."""
    quarantined: int
    """Records refused, each with a reason."""
    duplicates: int
    """Records that say exactly what another one says."""
    new: int
    """Incidents that the lab did not know."""
    changed: int
    """Incidents that it knew with other content; the older revision is kept."""
    unchanged: int
    """Incidents that it knew just so."""
    warnings: tuple[str, ...] = ()
    """Sentences that a reader of the numbers should know."""
    load_id: int | None = None
    """Number in the ledger; None for a pattern of files."""
    files: tuple[LoadReport, ...] = ()
    """The single files of a pattern."""
    kind: str = ""
    """What a file is that is no export of incidents, such as prometheus rules."""
    contents: tuple[tuple[str, int], ...] = ()
    """What is in such a file, in plural words, with counts; records, new, changed and unchanged are then of these."""
    joined: int = 0
    """Records of it that are one incident with a record of another file; `lab.joins()` lists them."""

    def __str__(self) -> str:
        """Return the report as a sentence, with a line for each warning."""
        parts = [part for part in (self._incidents(), self._contents()) if part]
        told = f"{plain(self.path, 200)} ({plain(self.kind, 60) or self.format}): {' '.join(parts)}"
        return "\n".join([told, *(f"  note: {plain(warning)}" for warning in self.warnings)])

    def _incidents(self) -> str:
        rows = [report for report in self.files or (self,) if not report.kind]
        if not rows:
            return ""
        n = {name: sum(getattr(report, name) for report in rows) for name in _COUNTS}
        joined = sum(report.joined for report in rows)
        what = "1 record is" if joined == 1 else f"{joined:,} records are"
        told = f"; {what} one incident with another file's (lab.joins() lists them)" if joined else ""
        return (
            f"{n['rows']:,} records: {n['accepted']:,} accepted, "
            f"{n['quarantined']:,} quarantined, {n['duplicates']:,} duplicates; "
            f"incidents: {n['new']:,} new, {n['changed']:,} changed, {n['unchanged']:,} unchanged{told}."
        )

    def _contents(self) -> str:
        rows = [report for report in self.files or (self,) if report.kind]
        if not rows:
            return ""
        parts = [f"{n:,} {word if n != 1 else word[:-1]}" for word, n in self.contents]
        held = ", ".join(parts or ["nothing that the lab uses"])
        n = {name: sum(getattr(report, name) for report in rows) for name in _COUNTS}
        return f"{held}; {n['new']:,} new, {n['changed']:,} changed, {n['unchanged']:,} unchanged."

    def table(self) -> pd.DataFrame:
        """Return one row per file, with the counts."""
        names = [
            f.name for f in fields(self) if f.name not in {"warnings", "files", "load_id", "kind", "contents", "joined"}
        ]
        return pd.DataFrame([{n: getattr(report, n) for n in names} for report in self.files or (self,)])

    def _repr_html_(self) -> str:
        notes = "".join(f"<li>{escape(plain(warning))}</li>" for warning in self.warnings)
        shown = self.table().to_html(index=False, escape=True, border=0)
        return shown + (f"<ul>{notes}</ul>" if notes else "")


@dataclass(frozen=True)
class FolderReport:
    """What `lab.load_folder` did."""

    folder: str
    """The folder."""
    loads: tuple[LoadReport, ...]
    """One per export, in the order of their names."""
    skipped: tuple[str, ...]
    """Names of files that are no export."""
    settings: str | None
    """The settings file; None: there is none, and the defaults hold."""
    population: str
    """The rule that says which records count, in plain words."""
    warnings: tuple[str, ...]
    """Sentences that a reader of the numbers should know."""

    def __str__(self) -> str:
        """Return the loads, what was left aside, the rule and the warnings, a line each."""
        kinds = dict.fromkeys(load.format for load in self.loads if load.kind)
        lines = [str(load) for load in self.loads if not load.kind]
        for kind in kinds:
            several = tuple(load for load in self.loads if load.kind and load.format == kind)
            lines.append(str(combined_report(f"{len(several)} files", several)))
        if self.skipped:
            lines.append(f"Not an export, left aside: {', '.join(plain(name, 80) for name in self.skipped)}.")
        lines.append(
            f"Settings: {plain(self.settings)}." if self.settings else "No mttrlab.yml here: the defaults hold."
        )
        lines.append(self.population)
        told = [(note, Path(load.path).name) for load in self.loads for note in load.warnings]
        loaded = {said for note, name in told for said in (note, _with_file_name(name, note))}
        lines += [f"  note: {plain(warning)}" for warning in self.warnings if warning not in loaded]
        return "\n".join(lines)

    def table(self) -> pd.DataFrame:
        """Return one row per file that was loaded."""
        return pd.concat([load.table() for load in self.loads], ignore_index=True) if self.loads else pd.DataFrame()

    def _repr_html_(self) -> str:
        return f"{self.table().to_html(index=False, escape=True, border=0)}<pre>{escape(str(self))}</pre>"


_VALUE = r""" (?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")(?= )"""


def refusal_sentence(quarantine: pd.DataFrame) -> str | None:
    """Return in a sentence how many records were refused, the commonest reason and its first row; None: none was."""
    if quarantine.empty:
        return None
    told = (quarantine["column"].fillna("") + " " + quarantine["reason"]).str.strip()
    # The value of a second bad cell stands in the reason; the reason is the same without it.
    kinds = told.str.replace(_VALUE, "", regex=True)
    alike = kinds == kinds.value_counts(sort=False).idxmax()
    said = told[alike]
    common = said.iloc[0] if (said == said.iloc[0]).all() else kinds[alike].iloc[0]
    first = int(quarantine.loc[alike, "row"].iloc[0])
    n, same = len(quarantine), int(alike.sum())
    records = "1 record is" if n == 1 else f"{n:,} records are"
    many = "" if same == n else f"{same:,} of them as "
    return (
        f"{records} kept aside: {many}{plain(common, 160)} (first: row {first:,}); "
        "lab.quarantine() or mttrlab quality --quarantine lists them"
    )


def combined_report(path: str | Path, reports: tuple[LoadReport, ...]) -> LoadReport:
    """Return one report over the files of a pattern."""
    counts = {name: sum(getattr(report, name) for report in reports) for name in _COUNTS}
    held: dict[str, int] = {}
    for report in reports:
        for word, n in report.contents:
            held[word] = held.get(word, 0) + n
    formats = " + ".join(sorted({report.format for report in reports}))
    notes = tuple(dict.fromkeys(_with_file_name(Path(r.path).name, note) for r in reports for note in r.warnings))
    return LoadReport(
        path=str(path),
        format=formats,
        warnings=notes,
        files=reports,
        contents=tuple(sorted(held.items(), key=lambda pair: -pair[1])),
        **counts,
    )


def _with_file_name(name: str, note: str) -> str:
    return note if note.startswith(name) else f"{name}: {note}"
