"""A large canonical table or Parquet file → the lab, with the result of the strict route and not its price.

The file is cut into parts and counted by us; DuckDB reads what every reader must read alike; the strict reader gets the
rest, record by record or piece by piece. Where anything about the file as a whole is in doubt, it gets all of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pandas as pd

from mttrlab import sql
from mttrlab.errors import LoadError
from mttrlab.lab import database
from mttrlab.lab.column_types import (
    COLUMN_KINDS,
    SQL_TYPES,
    SURE_FROM,
    SURE_TO,
    canonical_select,
    content_hash_sql,
    report_columns,
    sql_name,
    value_and_doubt_sql,
)
from mttrlab.lab.database import STAGED_PREFIX
from mttrlab.lab.reports import STORED_COLUMNS, JudgedReports, LoadOptions, LoadReport, known_load, store_extract
from mttrlab.schema import STAMPS, empty
from mttrlab.sources.exports import Extract
from mttrlab.sources.exports.canonical import TableNotes, id_column_of, is_tools, read_canonical, unknown_columns
from mttrlab.sources.exports.columns import Names, advised, from_table, settle_columns
from mttrlab.sources.exports.extracts import NOTHING, as_of_instant
from mttrlab.sources.exports.large_tables import PIECE, Odd, Scan, is_large_table, pieces, scan_table
from mttrlab.sources.exports.reading import MAX_BYTES, MAX_COLUMNS, Table, count_rows, fold, open_stream, read_table
from mttrlab.sources.exports.records import (
    COLUMNS,
    DISAGREE,
    OLDER,
    TIMES,
    Draft,
    NoZoneError,
    TimestampReader,
    no_zone,
    short_value,
)
from mttrlab.sources.exports.timestamps import zone

LARGE_FROM = 50_000
"""Records from which a file is loaded this way; a smaller one is read by the strict reader as fast."""


def load_large(
    connection: duckdb.DuckDBPyConnection,
    file: Path,
    options: LoadOptions,
    as_of: str | datetime | None,
    least: int | None = None,
) -> LoadReport | None:
    """Load a canonical CSV table of at least `least` records; the caller holds the transaction.

    Parameters
    ----------
    connection : DuckDBPyConnection
        The lab's; it may read in its private folder, which is made for the load and removed after it.
    file : Path
    options : LoadOptions
    as_of : str or Timestamp, optional
    least : int, optional
        Default: LEAST.

    Returns
    -------
    LoadReport or None
        None: nothing was written, and the strict route has the word.
    """
    least = LARGE_FROM if least is None else least
    if database.staging_folder_of(connection) is None:
        return None
    try:
        with database.make_staging_folder(connection) as folder:
            origin = _cell_source(file, folder, least, options)
            if origin is None:
                return None
            known = known_load(connection, file, origin.sha256, options)
            if known is not None:
                return known
            return _load(connection, folder, origin, options, as_of)
    except NoZoneError:
        # Which zone is meant decides what every row says: no other reader would know it.
        raise
    except (LoadError, OSError):
        # The strict route says it in its own words.
        return None


def _cell_source(file: Path, folder: Path, least: int, options: LoadOptions) -> CellSource | None:
    if is_large_table(file, least, options.format, options.column_names):
        scan = scan_table(file, folder, least=least, format=options.format, columns=options.column_names)
        return None if scan is None else csv_source(scan)
    try:
        return parquet_source(file, folder, least=least, format=options.format, columns=options.column_names)
    except duckdb.Error:
        return None


def _load(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    origin: CellSource,
    options: LoadOptions,
    as_of: str | datetime | None,
) -> LoadReport | None:
    timezone = zone(options.timezone, origin.path.name) if options.timezone else None
    taken = as_of_instant(as_of, origin.path.name, timezone)
    stage = Stage(origin, folder, timezone)
    try:
        staged = stage.read()
        if staged.first_zoneless is not None:
            raise no_zone(origin.path.name, staged.first_zoneless, staged.zoneless)
        whole = file_facts(stage)
    except duckdb.Error:
        # What the engine could not stage, the strict reader may read.
        return None
    finally:
        stage.close()
    if whole.accepted + len(whole.quarantine) + whole.duplicates != staged.rows:
        return None
    if staged.told.channels or not is_tools(whole.sources, origin.names.header):
        # Whether the sources are tools is a question to the whole file.
        return None
    extract = _extract(origin, options, whole, staged.rows, staged.told.sentences(), taken)
    name = f"{STAGED_PREFIX}{len(connection.execute('SELECT 1 FROM duckdb_databases()').fetchall())}"
    # It can be let go only after the transaction, which does so.
    connection.execute(f"ATTACH '{sql_literal(stage.path)}' AS {name} (READ_ONLY)")
    return store_extract(connection, extract, _judged(stage, name, whole, options, taken), options)


def _extract(
    origin: CellSource, options: LoadOptions, whole: FileFacts, rows: int, warnings: list[str], taken: int | None
) -> Extract:
    if not whole.accepted:
        warnings = [*warnings, NOTHING]
    newest, told_by = whole.newest, "the newest stamp"
    if taken is not None:
        newest, told_by = taken, "as_of"
    elif whole.has_own:
        told_by = "the file"
        if not whole.blank_exported or (newest is not None and (whole.own_exported or 0) > newest):
            newest = whole.own_exported
    exported = pd.Series([newest if whole.accepted else None], dtype="Int64").pipe(pd.to_datetime, unit="us", utc=True)
    return Extract(
        path=origin.path,
        format="canonical",
        source=options.source or "canonical",
        sha256=origin.sha256,
        size=origin.size,
        rows=rows,
        reports=empty(COLUMNS),
        quarantine=whole.quarantine,
        accepted=whole.accepted,
        duplicates=whole.duplicates,
        exported_at=exported[0],
        exported_at_from=told_by,
        warnings=tuple(warnings),
    )


def _judged(stage: Stage, name: str, whole: FileFacts, options: LoadOptions, taken: int | None) -> JudgedReports:
    """Return the query of the judged reports, in the lab's connection."""
    kept = [column for column in stage.names if taken is None or column != "exported_at"]
    if not whole.has_source and "source" in kept:
        kept.remove("source")
    seen = whole.newest if taken is None else taken
    source = "canonical" if whole.has_source else options.source or "canonical"
    constants = {
        "source": "'" + source.replace("'", "''") + "'",
        "exported_at": "NULL" if seen is None else f"timezone('UTC', make_timestamp({seen}::BIGINT))",
        "resolution_s": f"{whole.grain!r}::DOUBLE",
    }
    dropped = f" ANTI JOIN {name}.dropped USING (record)" if whole.has_dropped else ""
    told = f"({stage.told(name + '.')}) AS told{dropped}"
    query = f"WITH reports AS (SELECT {canonical_select(kept, constants)} FROM {told}) FROM ({sql.text('judge')})"
    last = stage.origin.first + stage.origin.rows
    filled = {*kept, "source", "exported_at", "resolution_s", "record", *(f"{stamp}_verdict" for stamp in STAMPS)}
    ordered = tuple(column for column in STORED_COLUMNS if column in filled)
    query = f"SELECT {', '.join(map(sql_name, ordered))} FROM ({query})"
    return JudgedReports(query, ordered, whole.accepted, last, whole.sources or (source,), whole.apart)


# Where the cells of a large file come from: a CSV table that was parted, or a Parquet file, each as a query.


_LINE_END = r"\n"
_INSTANT = "TIMESTAMP WITH TIME ZONE"


@dataclass(frozen=True)
class CellSource:
    """A large file, copied into the private folder, whose cells are a query."""

    path: Path
    """The file as the user knows it."""
    copy: Path
    """What the query reads."""
    sha256: str
    size: int
    rows: int
    """Records that the file says it has, or that we counted."""
    names: Names
    """The columns under our names, in the file's order."""
    query: str
    """Cells as text: `c0`, `c1` and so on, in the order of the header."""
    first: int
    """Row number of the first record, as people see it."""
    number: str = "rowid"
    """Where in the file a record stands, counted from 0; rowid: the staged records have that order."""
    instants: tuple[str, ...] = ()
    """Columns that hold instants already: `i` and their place in the header."""
    typed: bool = False
    """Every time is an instant: reading it again costs less than keeping it."""
    mark: str | None = None
    """The id of records that stand in `strange`; None: there are none."""
    strange: Path | None = None
    odd: tuple[Odd, ...] = ()
    first_line: str = ""
    """The header of a table, as it stands there."""


def csv_source(scan: Scan) -> CellSource:
    """Return the plain records of a CSV table, and where the odd ones are."""
    columns = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(len(scan.names.header)))
    query = f"""
        FROM read_csv(
            '{sql_literal(scan.plain)}', columns = {{{columns}}}, auto_detect = false, header = false,
            delim = '{chr(scan.shape.delimiter)}', quote = '"', escape = '"', comment = '',
            new_line = '{_LINE_END}', strict_mode = true, max_line_size = {2 * PIECE}
        )
    """
    return CellSource(
        scan.path, scan.plain, scan.sha256, scan.size, scan.rows, scan.names, query, first=2, mark=scan.mark,
        strange=scan.strange, odd=scan.odd, first_line=scan.first_line,
    )  # fmt: skip


def parquet_source(
    path: Path, folder: Path, *, least: int, format: str | None, columns: Mapping[str, str] | None = None
) -> CellSource | None:
    """Copy a Parquet file of at least `least` records into `folder`; None: it is none, or the strict reader's.

    Raises
    ------
    LoadError, OSError
        Where the file cannot be read.
    duckdb.Error
        Where it is damaged.
    """
    if format not in (None, "canonical") or not least <= path.stat().st_size <= MAX_BYTES:
        return None
    copy = folder / "plain.parquet"
    digest = hashlib.sha256()
    with open_stream(path) as (stream, size), copy.open("xb") as copied:
        block = stream.read(PIECE)
        if not block.startswith(b"PAR1"):
            copy.unlink()
            return None
        while block:
            digest.update(block)
            copied.write(block)
            block = stream.read(PIECE)
    if copy.stat().st_size != size:
        return None
    with sql.connect() as connection:
        connection.execute(f"SET allowed_directories = ['{sql_literal(folder)}']; SET enable_external_access = false")
        told = connection.execute(f"DESCRIBE FROM read_parquet('{sql_literal(copy)}')").fetchall()
        rows = connection.execute(f"SELECT num_rows FROM parquet_file_metadata('{sql_literal(copy)}')").fetchall()[0][0]
    raw, kinds = [row[0] for row in told], [row[1] for row in told]
    names = settle_columns(raw, columns)
    header = names.header
    if (
        len(set(map(fold, raw))) < len(raw)
        or len(set(header)) < len(header)
        or len(header) > MAX_COLUMNS
        or rows < least
    ):
        return None
    if id_column_of(header) is None or not any(stamp in header for stamp in STAMPS):
        return None
    of_kind = dict(zip(header, kinds, strict=True))
    instants = tuple(name for name in TIMES if of_kind.get(name) == _INSTANT)
    cells = [f"coalesce(CAST({sql_name(name)} AS VARCHAR), '') AS c{place}" for place, name in enumerate(raw)]
    cells += [f"{sql_name(raw[header.index(name)])} AS i{header.index(name)}" for name in instants]
    query = (
        f"SELECT {', '.join(cells)}, file_row_number FROM read_parquet('{sql_literal(copy)}', file_row_number = true)"
    )
    typed = set(instants) == set(TIMES) & set(header)
    return CellSource(path, copy, digest.hexdigest(), size, rows, names, query, 1, "file_row_number", instants, typed)


def sql_literal(path: Path) -> str:
    """Return the path as it stands between quotes in SQL."""
    return str(path).replace("'", "''")


# A scanned table → typed rows in a database of its own, in the lab's private folder, in bounded memory.


MEMORY_LIMIT = "900MB"
"""What DuckDB may hold while a large file is staged; beyond it goes to the private folder."""
CHUNK_ROWS = 20_000
"""Records that the strict reader is given at once."""
ZONE_CHECK_ROWS = 200
"""Records of a larger file that are asked at once whether their stamps name a zone."""

_DTYPES = {"text": "str", "flag": "boolean", "share": "float64"}


@dataclass
class Staged:
    """What staging has counted."""

    rows: int = 0
    """Records, refused ones too."""
    told: TableNotes = field(default_factory=TableNotes)
    names_source: bool = False
    """Some record that the strict reader was given says what it comes from, be it refused for something else."""
    zoneless: int = 0
    """Records with a stamp that names no zone."""
    first_zoneless: tuple[int, str, str] | None = None
    """Row, column and text of the first of them."""


class Stage:
    """The staged records of one file: `quick` as DuckDB read them, `slow` as the strict reader did, `refused`."""

    def __init__(self, origin: CellSource, folder: Path, timezone: ZoneInfo | None) -> None:
        self.origin, self.folder, self.timezone = origin, folder, timezone
        self.id_column = str(id_column_of(origin.names.header))
        self.kept = report_columns(origin.names.header, self.id_column)
        self.names = list(self.kept.values())
        self.record = f"{origin.number} + {origin.first}"
        self.sure = ""
        """Which of the quick records stay: those that nothing is doubted of."""
        self.staged = Staged()
        self.path = folder / "stage.duckdb"
        self.connection = sql.connect(str(self.path))
        for statement in (
            f"SET memory_limit = '{MEMORY_LIMIT}'",
            f"SET allowed_directories = ['{sql_literal(folder)}']",
            f"SET temp_directory = '{sql_literal(folder / 'spill')}'",
            "SET enable_external_access = false",
            # Read once and thrown away: packing it would cost more than it saves.
            "SET force_compression = 'uncompressed'",
        ):
            self.connection.execute(statement)
        self.connection.execute(sql.text("lab/bulk/macros"))
        columns = ", ".join(f"{sql_name(name)} {SQL_TYPES[COLUMN_KINDS[name]]}" for name in self.names)
        self.connection.execute(f"CREATE TABLE slow (record BIGINT, {columns})")
        self.connection.execute('CREATE TABLE refused ("row" BIGINT, "column" VARCHAR, value VARCHAR, reason VARCHAR)')

    def close(self) -> None:
        """Close the database; closing twice is fine."""
        self.connection.close()

    def read(self) -> Staged:
        """Read the records: plain ones by DuckDB, odd ones and what it doubts by the strict reader.

        Raises
        ------
        LoadError
            Where the strict reader refuses the file, or DuckDB does not find what we counted.
        """
        if self.timezone is None and self.origin.rows > CHUNK_ROWS and not self.origin.typed:
            self._refuse_early()
        self._read_plain()
        if self.origin.strange is not None:
            with self.origin.strange.open("rb") as opened:
                for odd in self.origin.odd:
                    self._read_odd(odd, opened)
        names = self.origin.names
        passed_over = {"", *(theirs for theirs, _ in names.passed_over)}
        self.staged.told.names = names
        self.staged.told.unknown = unknown_columns(
            (name for name in names.header if name not in passed_over), self.id_column
        )
        self.staged.told.advised = advised(dict.fromkeys(self.staged.told.unknown), names.header, names.read_as)
        return self.staged

    def told(self, prefix: str = "") -> str:
        """Return the SELECT of every record that was read: its row number and the kept columns."""
        columns = ", ".join(map(sql_name, self.names))
        return (
            f"SELECT {self.record} AS record, {columns} FROM {prefix}quick {self.sure} "
            f"UNION ALL SELECT record, {columns} FROM {prefix}slow"
        )

    def _read_plain(self) -> None:
        origin = self.origin
        places = {name: place for place, name in enumerate(origin.names.header)}
        read = []
        for said, name in self.kept.items():
            if said in origin.instants:
                instant = f"i{places[said]}"
                # Said as a range, so that the engine sees from the file's own statistics that nothing is beyond it.
                read.append((name, instant, f"{instant} < {SURE_FROM} OR {instant} >= {SURE_TO}"))
            else:
                read.append((name, *value_and_doubt_sql(name, f"c{places[said]}")))
        doubts = " OR ".join(f"({doubt})" for _, _, doubt in read if doubt)
        raw = ", ".join(f"c{places[said]}" for said in self.kept)
        instants = "".join(f", i{places[said]}" for said in self.kept if said in origin.instants)
        values = ", ".join(f"{value} AS {sql_name(name)}" for name, value, _ in read)
        kept = ", ".join(sql_name(name) for name, _, _ in read)
        number = "" if origin.number == "rowid" else f", {origin.number}"
        # A view is read several times, and then asks for texts only where there is a doubt.
        told = f"[{raw}] AS raw, coalesce({doubts}, false) AS doubted"
        if not origin.typed:
            told = f"CASE WHEN {doubts} THEN [{raw}] END AS raw"
        self.connection.execute(
            f"""
            CREATE {"VIEW" if origin.typed else "TABLE"} quick AS
            SELECT {kept}, {told}{number}
            FROM (SELECT {values}, {raw}{instants}{number} FROM ({origin.query}))
            """
        )
        found = self.connection.execute("SELECT count(*) FROM quick").fetchall()[0][0]
        if found != self.origin.rows:
            raise LoadError(f"{self.origin.path.name}: {self.origin.rows:,} rows, of which {found:,} were read")
        self.staged.rows = found - sum(odd.rows for odd in self.origin.odd)
        self._read_doubted()
        if not self.origin.typed:
            self.origin.copy.unlink()

    def _read_doubted(self) -> None:
        doubt = "doubted" if self.origin.typed else "raw IS NOT NULL"
        if not self.connection.execute(f"SELECT count(*) FROM quick WHERE {doubt}").fetchall()[0][0]:
            return
        self.sure = f"WHERE NOT ({doubt})"
        query = f"""SELECT {self.record} AS record, raw FROM quick
                    WHERE {doubt} AND raw[1] IS DISTINCT FROM $1 ORDER BY record"""
        doubted = self.connection.execute(query, [self.origin.mark])
        # The strict rows are stored through another connection, as this one is still being read.
        with self.connection.cursor() as storing:
            while found := doubted.fetchmany(CHUNK_ROWS):
                self._read_strictly(*self._table(found), storing)

    def _table(self, found: list[tuple[int, list[str | None]]]) -> tuple[Table, Names]:
        rows = [[cell or "" for cell in raw] for _, raw in found]
        names = Names(tuple(self.kept), self.origin.names.utc)
        return Table(self.origin.path.name, names.header, rows, [number for number, _ in found]), names

    def _refuse_early(self) -> None:
        """Refuse a file of which the first records name no zone: the rest need not be read."""
        places = {name: place for place, name in enumerate(self.origin.names.header)}
        raw = ", ".join(f"c{places[said]}" for said in self.kept)
        number = self.record if self.origin.number != "rowid" else f"row_number() OVER () - 1 + {self.origin.first}"
        found = self.connection.execute(
            f"SELECT {number} AS record, [{raw}] AS raw FROM (FROM ({self.origin.query}) LIMIT {ZONE_CHECK_ROWS})"
        ).fetchall()
        table, names = self._table([(record, cells) for record, cells in found if cells[0] != self.origin.mark])
        clock = TimestampReader(table.name, None)
        read_canonical(from_table(table, names=names), clock, TableNotes())
        if clock.zoneless:
            rows = {row for row, _, _ in clock.zoneless}
            raise no_zone(table.name, min(clock.zoneless, key=lambda zoneless: zoneless[0]), len(rows), at_least=True)

    def _read_odd(self, odd: Odd, opened: BinaryIO) -> None:
        opened.seek(odd.start)
        row = odd.row
        blocks = iter(lambda: opened.read(min(PIECE // 4, odd.start + odd.size - opened.tell())), b"")
        for records in pieces(blocks):
            table = read_table(self.origin.first_line + records.decode(), self.origin.path.name)
            numbers = [number + row - 2 for number in table.numbers]
            self.staged.rows += len(numbers)
            table = Table(table.name, table.header, table.rows, numbers)
            self._read_strictly(table, self.origin.names, self.connection)
            row += count_rows(records.decode())

    def _read_strictly(self, table: Table, names: Names, storing: duckdb.DuckDBPyConnection) -> None:
        clock = TimestampReader(table.name, self.timezone)
        cells = from_table(table, names=names)
        self.staged.names_source = self.staged.names_source or any(cells.columns.get("source", ()))
        draft, faults = read_canonical(cells, clock, self.staged.told)
        if clock.zoneless:
            first = min(clock.zoneless, key=lambda found: found[0])
            if self.staged.first_zoneless is None or first[0] < self.staged.first_zoneless[0]:
                self.staged.first_zoneless = first
            self.staged.zoneless += len({row for row, _, _ in clock.zoneless})
        _append(storing, "slow", _frame(draft, self.names))
        lines = pd.DataFrame(faults.lines(), columns=["row", "column", "value", "reason"])
        _append(storing, "refused", lines)


def _frame(draft: Draft, names: list[str]) -> pd.DataFrame:
    made: dict[str, pd.Series] = {"record": pd.Series(draft.rows, dtype="int64")}
    for name in names:
        if name in draft.times:
            made[name] = pd.Series(pd.DatetimeIndex(draft.times[name].view("datetime64[us]")).tz_localize("UTC"))
        elif name in draft.columns:
            made[name] = pd.Series(list(draft.columns[name]), dtype=_DTYPES[COLUMN_KINDS[name]])
    return pd.DataFrame(made)


def _append(connection: duckdb.DuckDBPyConnection, table: str, rows: pd.DataFrame) -> None:
    if rows.empty:
        return
    connection.register("arriving", rows)
    try:
        connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM arriving")
    finally:
        connection.unregister("arriving")


# What can only be said of a staged file as a whole: repeats, the newest stamp, the grain of its clock.


_YEAR = 366 * 86_400_000_000


@dataclass(frozen=True)
class FileFacts:
    """A staged file, ready to be stored."""

    accepted: int
    duplicates: int
    quarantine: pd.DataFrame
    newest: int | None
    """The newest believable stamp, in microseconds."""
    has_own: bool
    """Some record says itself when it was exported."""
    own_exported: int | None
    """The latest of those, in microseconds."""
    blank_exported: bool
    """Some accepted record does not."""
    has_source: bool
    """Some record says itself what it comes from."""
    grain: float
    sources: tuple[str, ...]
    """What the records say that they come from; empty: they do not."""
    apart: bool
    """No text of an id or a source can turn into another's when it is stored."""
    has_dropped: bool
    """Some records do not stay: table `dropped`."""


def file_facts(stage: Stage) -> FileFacts:
    """Tell duplicates from contradictions (`dropped` has what does not stay), and look at every stamp once."""
    connection = stage.connection
    sources: tuple[str, ...] = ()
    if "source" in stage.names:
        found = connection.execute(f"SELECT DISTINCT source FROM ({stage.told()}) WHERE source IS NOT NULL").fetchall()
        sources = tuple(sorted({"canonical", *(row[0] for row in found)})) if found or stage.staged.names_source else ()
    duplicates, dropped, quoted = _drop_repeats(stage, among=" || coalesce(source, '')" if sources else "")
    told = f"({stage.told()}) AS told ANTI JOIN dropped USING (record)" if dropped else f"({stage.told()})"
    times = [f"epoch_us({name})" for name in TIMES if name in stage.names]
    stamps = [f"epoch_us({name})" for name in STAMPS if name in stage.names]
    listed = ", ".join(times)
    own = "exported_at" in stage.names
    step = _likely_step(connection, told, stamps)
    accepted, newest, finer, own_exported, own_count = connection.execute(
        f"""
        SELECT count(*), max(CASE
                WHEN greatest({listed}) - least({listed}) <= {_YEAR} THEN greatest({listed})
                ELSE list_max(list_filter([{listed}], lambda s:
                    abs(s - list_sort(list_filter([{listed}], lambda o: o IS NOT NULL))[
                        (len(list_filter([{listed}], lambda o: o IS NOT NULL)) + 1) // 2]) <= {_YEAR}))
            END), coalesce(bool_or({_off(stamps, step)}), false),
            {"max(epoch_us(exported_at)), count(exported_at)" if own else "NULL, 0"}
        FROM {told}
        """
    ).fetchall()[0]
    quarantine = sql.frame(connection, 'SELECT "row", "column", value, reason FROM refused ORDER BY "row"')
    return FileFacts(
        accepted=accepted,
        duplicates=duplicates,
        quarantine=quarantine.astype({"row": "int64", "column": "str", "value": "str", "reason": "str"}),
        newest=newest,
        has_own=own_count > 0,
        own_exported=own_exported,
        blank_exported=own_count < accepted,
        has_source=bool(sources),
        sources=sources,
        apart=not quoted,
        grain=_grain(connection, told, stamps, step) if finer else step / 1e6,
        has_dropped=dropped > 0,
    )


_STEPS = (60_000_000, 1_000_000, 1_000, 1)


def _off(stamps: list[str], step: int) -> str:
    return " OR ".join(f"{stamp} % {step} <> 0" for stamp in stamps)


def _likely_step(connection: duckdb.DuckDBPyConnection, told: str, stamps: list[str]) -> int:
    """Return the coarsest step, in microseconds, on which the milestones of the first records lie."""
    off = ", ".join(f"count_if({_off(stamps, step)})" for step in _STEPS)
    found = connection.execute(f"SELECT {off} FROM (FROM {told} LIMIT 1000)").fetchall()[0]
    return next(step for step, count in zip(_STEPS, found, strict=True) if not count)


def _grain(connection: duckdb.DuckDBPyConnection, told: str, stamps: list[str], likely: int) -> float:
    """Return the coarsest step, in seconds, on which every milestone lies, where that is finer than the likely one."""
    for step in _STEPS[_STEPS.index(likely) + 1 :]:
        if not connection.execute(f"SELECT 1 FROM {told} WHERE {_off(stamps, step)} LIMIT 1").fetchall():
            return step / 1e6
    return 1e-6


def _drop_repeats(stage: Stage, among: str) -> tuple[int, int, bool]:
    """Refuse what contradicts itself.

    Returns
    -------
    tuple of int, int, bool
        How many duplicates there are, how many records do not stay, and whether some id, or what stands `among` with
        it, has an apostrophe.
    """
    connection = stage.connection
    named = "coalesce(source, 'canonical')" if "source" in stage.names else "NULL::VARCHAR"
    key = f"source_id, {named}"
    # Eight bytes a record, sorted: most files repeat no id, and the ids themselves need not be grouped to know it.
    found = connection.execute(
        f"SELECT hash({key}) AS h, contains(source_id{among}, chr(39)) AS quoted FROM ({stage.told()})"
    ).fetchnumpy()
    keys, quoted = np.asarray(found["h"]), bool(np.any(found["quoted"]))
    keys.sort()
    repeated = np.unique(keys[1:][keys[1:] == keys[:-1]])
    if len(repeated) == 0:
        return 0, 0, quoted
    connection.register("repeated", pd.DataFrame({"h": repeated}))
    updated = "epoch_us(updated_at)" if "updated_at" in stage.names else "NULL::BIGINT"
    connection.execute(
        f"""
        CREATE TABLE candidates AS
        SELECT record, {named} AS source, source_id, {content_hash_sql(stage.names)} AS hash, {updated} AS updated
        FROM ({stage.told()}) SEMI JOIN repeated ON hash({key}) = repeated.h
        """
    )
    connection.unregister("repeated")
    connection.execute(f"CREATE TABLE dropped AS {sql.text('lab/bulk/fates')}")
    connection.create_function("shorten", short_value, ["VARCHAR"], "VARCHAR")
    connection.execute(
        """
        INSERT INTO refused
        SELECT record, $1, shorten(source_id), if(fate = 'older', $2, $3) FROM dropped WHERE fate <> 'duplicate'
        """,
        [stage.id_column, OLDER, DISAGREE],
    )
    counted = connection.execute("SELECT count(*) FILTER (WHERE fate = 'duplicate'), count(*) FROM dropped").fetchall()
    return int(counted[0][0]), int(counted[0][1]), quoted
