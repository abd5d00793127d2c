"""Files of telemetry in the lab: one table a kind of signal, each row with the number of its load."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from mttrlab import __version__, sql
from mttrlab.errors import LoadError, StoreError
from mttrlab.files import file_sha256
from mttrlab.lab import database
from mttrlab.lab.reports import LoadOptions, LoadReport, forget_same_file
from mttrlab.schema import MEASURES, METRIC_COLUMNS, empty
from mttrlab.sources.exports.reading import MAX_BYTES, Opened, fold, head, header_of, open_stream
from mttrlab.sources.telemetry import KINDS, Telemetry, read_telemetry, recognise
from mttrlab.sources.telemetry.metrics import ALIASES, SERVICES, read_rows, unit_notes
from mttrlab.sources.telemetry.reading import TIMES, Collector, quoted

FORMAT = "telemetry"
"""In the ledger's column `format`; its `source` says which format of telemetry."""
SIGNAL_TABLES = {
    "metrics": "metric_samples",
    "deployments": "deployed",
    "firings": "fired",
    "logs": "log_lines",
    "spans": "trace_spans",
}
"""The table of each kind."""
_ORDER = {
    "metrics": '"at"',
    "logs": '"at"',
    "spans": "start_ns",
    "deployments": '"at"',
    "firings": "started_at",
}


def is_telemetry(file: Path) -> bool:
    """Return whether a file's content says that it is telemetry."""
    return file.is_file() and recognise(file) is not None


def load_telemetry(
    connection: duckdb.DuckDBPyConnection, file: Path, booked: Path, options: LoadOptions, *, keep_people: bool = False
) -> LoadReport:
    """Keep what a file of telemetry says; the caller holds the transaction.

    Raises
    ------
    LoadError
        When it is refused; rows of it that cannot be read are quarantined instead.
    """
    if options.timezone is None and not keep_people:
        large = load_large_metrics(connection, file)
        if large is not None:
            known = _known(connection, large.sha256, options, keep_people, booked)
            return known or _store(connection, large, options, booked, staged=True, keep_people=False)
    try:
        sha256 = file_sha256(file)
    except OSError as error:
        raise LoadError(f"{file}: cannot be read ({(error.strerror or 'error').lower()}); check the file") from None
    known = _known(connection, sha256, options, keep_people, booked)
    if known is not None:
        return known
    found = read_telemetry(file, timezone=options.timezone, keep_people=keep_people)
    return _store(connection, found, options, booked, staged=False, keep_people=keep_people)


def _known(
    connection: duckdb.DuckDBPyConnection, sha256: str, options: LoadOptions, keep_people: bool, booked: Path
) -> LoadReport | None:
    found = connection.execute(
        """
        SELECT load_id, source, "rows", accepted, quarantined, duplicates, unchanged + "new", warnings FROM loads
        WHERE sha256 = $1 AND format = $2 AND timezone IS NOT DISTINCT FROM $3 AND people = $4
        ORDER BY load_id LIMIT 1
        """,
        [sha256, FORMAT, options.timezone, keep_people],
    ).fetchall()
    if not found:
        return None
    load_id, kind, rows, accepted, quarantined, duplicates, stored, warnings = found[0]
    notes = json.loads(warnings)
    return LoadReport(
        path=str(booked),
        format=FORMAT,
        rows=rows,
        accepted=accepted,
        quarantined=quarantined,
        duplicates=duplicates,
        new=0,
        changed=0,
        unchanged=stored,
        warnings=("this file was loaded before; nothing changed", *notes),
        load_id=load_id,
        kind=kind,
        contents=((KINDS[kind], stored),),
    )


def _store(
    connection: duckdb.DuckDBPyConnection,
    found: Telemetry,
    options: LoadOptions,
    booked: Path,
    *,
    staged: bool,
    keep_people: bool,
) -> LoadReport:
    if found.accepted + len(found.quarantine) + found.duplicates != found.rows:
        raise LoadError(
            f"{found.path.name}: {found.rows:,} records, but {found.accepted:,} accepted + "
            f"{len(found.quarantine):,} quarantined + {found.duplicates:,} duplicates; nothing was loaded, report this "
            "with the file"
        )
    notes = [*found.warnings, *forget_same_file(connection, found.sha256, booked.name)]
    load_id = int(connection.execute("SELECT coalesce(max(load_id), 0) + 1 FROM loads").fetchall()[0][0])
    stored = _write(connection, found, load_id, staged=staged)
    if not found.quarantine.empty:
        connection.register("refused", found.quarantine)
        try:
            connection.execute(
                'INSERT INTO quarantine SELECT $1, "row", "column", value, reason FROM refused ORDER BY "row"',
                [load_id],
            )
        finally:
            connection.unregister("refused")
    line: dict[str, object] = {
        "load_id": load_id, "path": str(booked.absolute()), "name": booked.name, "sha256": found.sha256,
        "size": found.size, "format": FORMAT, "source": found.format, "timezone": options.timezone, "rows": found.rows,
        "accepted": found.accepted, "quarantined": len(found.quarantine), "duplicates": found.duplicates,
        "new": stored, "changed": 0, "unchanged": 0, "warnings": json.dumps(notes),
        "version": __version__, "people": keep_people,
    }  # fmt: skip
    names = ", ".join(f'"{name}"' for name in line)
    places = ", ".join(f"${place}" for place in range(1, len(line) + 1))
    connection.execute(f"INSERT INTO loads ({names}, loaded_at) VALUES ({places}, now())", list(line.values()))
    return LoadReport(
        path=str(booked),
        format=FORMAT,
        rows=found.rows,
        accepted=found.accepted,
        quarantined=len(found.quarantine),
        duplicates=found.duplicates,
        new=stored,
        changed=0,
        unchanged=0,
        warnings=tuple(notes),
        load_id=load_id,
        kind=found.format,
        contents=((found.kind, stored),),
    )


def _write(connection: duckdb.DuckDBPyConnection, found: Telemetry, load_id: int, *, staged: bool) -> int:
    """Write the rows in the order in which they are asked for, and return how many there are."""
    table, order = SIGNAL_TABLES[found.kind], _ORDER[found.kind]
    if not staged:
        rows = found.table
        if rows.empty:
            return 0
        if found.kind == "metrics":
            rows = rows.assign(at=rows["at"].astype("int64"))
        connection.register("arriving", rows)
    try:
        for where in _parts(connection, found.kind):
            connection.execute(
                f"INSERT INTO {table} BY NAME SELECT {load_id}::BIGINT AS load_id, * FROM arriving "
                f"{where[0]} ORDER BY {order}",
                where[1],
            )
    finally:
        if staged:
            connection.execute("DROP TABLE IF EXISTS temp.arriving")
        else:
            connection.unregister("arriving")
    stored = int(connection.execute(f"SELECT count(*) FROM {table} WHERE load_id = $1", [load_id]).fetchall()[0][0])
    if found.kind == "metrics" and stored:
        connection.execute(
            """
            INSERT INTO metric_series
            SELECT load_id, service, count(*), min("at"), max("at") FROM metric_samples WHERE load_id = $1
            GROUP BY ALL ORDER BY service
            """,
            [load_id],
        )
    return stored


def _parts(connection: duckdb.DuckDBPyConnection, kind: str) -> list[tuple[str, list[str]]]:
    """Return the parts in which rows are sorted: one service is sorted by a number, which is cheaper than by name."""
    if kind != "metrics":
        return [("", [])]
    services = connection.execute("SELECT DISTINCT service FROM arriving ORDER BY service").fetchall()
    return [("WHERE service = $1", [service]) for (service,) in services]


# A large table of metrics → a staged table, with the result of the strict reader and not its price. DuckDB reads
# what every reader must read alike; each row that it doubts, and each instant that stands twice, goes to the strict
# reader. Where the file as a whole is in doubt, the strict reader gets all of it.


LARGE_FROM = 2_000_000
"""Bytes from which a table of metrics is loaded this way; a smaller one is read by the strict reader as fast."""
_PLAIN_NUMBER = r"\d{1,15}(\.\d{1,25})?([eE][+-]?\d{1,2})?"
_DROP_STAGED = "DROP TABLE IF EXISTS temp.arriving"
MAX_STRICT_ROWS = 200_000
"""With more doubtful rows than this the strict reader gets all of the file."""


@dataclass(frozen=True)
class _Columns:
    """Which column says what."""

    reader: str
    """How DuckDB opens the private copy."""
    time: str
    service: str
    measures: dict[str, str]
    typed: bool
    """Parquet: columns have types of their own."""
    first_row: int
    """Row number of the first record as a spreadsheet shows it."""


def load_large_metrics(connection: duckdb.DuckDBPyConnection, file: Path) -> Telemetry | None:
    """Stage a large table of metrics in wide form as the temporary table `arriving`.

    Parameters
    ----------
    connection : DuckDBPyConnection
        The lab's; it may read in its private folder, which is made for the load and removed after it.
    file : Path

    Returns
    -------
    Telemetry or None
        Its `table` is empty: the rows are in `arriving`. None: nothing was staged, and the strict reader has the word.
    """
    with suppress(OSError, LoadError, StoreError, duckdb.Error):
        if not LARGE_FROM <= file.stat().st_size <= MAX_BYTES or recognise(file) != "metrics":
            return None
        with database.make_staging_folder(connection) as folder:
            return _stage(connection, file, folder)
    return None


def _stage(connection: duckdb.DuckDBPyConnection, file: Path, folder: Path) -> Telemetry | None:
    start = head(file)
    parquet = start[:4] == b"PAR1"
    copy = folder / ("metrics.parquet" if parquet else "metrics.csv")
    copied = _copy(file, copy, parquet)
    if copied is None:
        return None
    digest, size, lines = copied
    shape = _parquet(connection, copy) if parquet else _csv(start, copy)
    if shape is None:
        return None
    numbered = f'(SELECT row_number() OVER () + {shape.first_row - 1} AS "row", * FROM {shape.reader})'
    read = _expressions(shape)
    connection.execute(
        f'CREATE OR REPLACE TEMP TABLE arriving AS SELECT {read.service} AS service, {read.at} AS "at", '
        + ", ".join(f"{read.measures.get(name, 'NULL')}::DOUBLE AS {name}" for name in MEASURES)
        + f" FROM {shape.reader} WHERE NOT ({read.odd})"
    )
    rows = int(connection.execute(f"SELECT count(*) FROM {shape.reader}").fetchall()[0][0])
    if not parquet and rows != lines:
        connection.execute(_DROP_STAGED)
        return None
    twice = 'SELECT service, "at" FROM arriving GROUP BY ALL HAVING count(*) > 1'
    connection.execute(f"CREATE OR REPLACE TEMP TABLE twice AS {twice}")
    plain = int(connection.execute("SELECT count(*) FROM arriving").fetchall()[0][0])
    doubled = int(connection.execute("SELECT count(*) FROM twice").fetchall()[0][0])
    into = Collector(Opened(file, b"", digest, size))
    into.records = rows
    if plain < rows or doubled:
        if rows - plain > MAX_STRICT_ROWS or doubled > MAX_STRICT_ROWS:
            connection.execute(_DROP_STAGED)
            return None
        pair = f'({read.service}, {read.at}) IN (SELECT (service, "at") FROM twice)'
        cells = ", ".join(f"CAST({quoted(name)} AS VARCHAR) AS c{n}" for n, name in enumerate(_columns(shape)))
        odd = connection.execute(
            f'SELECT "row", {cells} FROM {numbered} WHERE ({read.odd}) OR {pair} ORDER BY "row"'
        ).fetchall()
        connection.execute('DELETE FROM arriving WHERE (service, "at") IN (SELECT (service, "at") FROM twice)')
        names = ["time", "service", *shape.measures]
        samples = read_rows(((row, dict(zip(names, said, strict=True))) for row, *said in odd), into)
        _add(connection, samples)
    silent = int(
        connection.execute(
            f"SELECT count(*) FROM arriving WHERE {' AND '.join(f'{name} IS NULL' for name in MEASURES)}"
        ).fetchall()[0][0]
    )
    into.notes += unit_notes(_summary(connection), silent)
    refused = pd.DataFrame(sorted(into.refused), columns=["row", "column", "value", "reason"])
    return Telemetry(
        path=file, format="metrics", kind="metrics", sha256=digest, size=size, rows=rows,
        table=empty(METRIC_COLUMNS), quarantine=refused, accepted=rows - len(refused) - into.duplicates,
        duplicates=into.duplicates, warnings=tuple(into.notes),
    )  # fmt: skip


def _copy(file: Path, copy: Path, parquet: bool) -> tuple[str, int, int] | None:
    """Copy and hash the file; return its hash, its bytes and its lines under the header, None where it is not plain."""
    digest, size, breaks, last = hashlib.sha256(), 0, 0, b""
    with open_stream(file) as (stream, told), copy.open("xb") as target:
        while block := stream.read(1 << 22):
            digest.update(block)
            size += len(block)
            if not parquet:
                if b'"' in block or b"\0" in block or b"\r" in block or b"\n\n" in last + block:
                    return None
                breaks += block.count(b"\n")
                last = block[-1:]
            target.write(block)
        if size != told:
            return None
    return digest.hexdigest(), size, breaks - (last == b"\n")


def _csv(start: bytes, copy: Path) -> _Columns | None:
    line = start.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].decode("utf-8")
    delimiter, cells = header_of(line)
    names = list(map(fold, cells))
    columns = ", ".join(f"'c{n}': 'VARCHAR'" for n in range(len(names)))
    place = str(copy).replace("'", "''")
    reader = (
        f"read_csv('{place}', auto_detect = false, header = false, skip = 1, delim = '{delimiter}', quote = '', "
        f"escape = '', null_padding = false, nullstr = '', new_line = '\\n', columns = {{{columns}}})"
    )
    return _shape(reader, names, {name: f"c{n}" for n, name in enumerate(names)}, typed=False, first_row=2)


def _parquet(connection: duckdb.DuckDBPyConnection, copy: Path) -> _Columns | None:
    place = str(copy).replace("'", "''")
    reader = f"read_parquet('{place}')"
    told = connection.execute(f"DESCRIBE SELECT * FROM {reader}").fetchall()
    names = [fold(row[0]) for row in told]
    made = _shape(reader, names, dict(zip(names, (row[0] for row in told), strict=True)), typed=True, first_row=1)
    types = {row[0]: row[1] for row in told}
    if made is None or types[made.time] != "TIMESTAMP WITH TIME ZONE" or types[made.service] != "VARCHAR":
        return None
    numbers = {"DOUBLE", "FLOAT", "BIGINT", "INTEGER"}
    return made if all(types[column] in numbers for column in made.measures.values()) else None


def _shape(reader: str, names: list[str], raw: dict[str, str], *, typed: bool, first_row: int) -> _Columns | None:
    if max(Counter(names).values(), default=2) > 1:
        return None
    time = next((name for name in TIMES if name in names), None)
    service = next((name for name in SERVICES if name in names), None)
    known = [(ALIASES.get(name, name), raw[name]) for name in names if ALIASES.get(name, name) in MEASURES]
    if time is None or service is None or not known or len(dict(known)) < len(known):
        return None
    return _Columns(reader, raw[time], raw[service], dict(known), typed, first_row)


def _columns(shape: _Columns) -> list[str]:
    return [shape.time, shape.service, *shape.measures.values()]


@dataclass(frozen=True)
class _CellQueries:
    """How each cell is read, and which rows only the strict reader can read."""

    at: str
    service: str
    measures: dict[str, str]
    odd: str


def _expressions(shape: _Columns) -> _CellQueries:
    time, service = quoted(shape.time), quoted(shape.service)
    if shape.typed:
        at = f"epoch_us({time})"
        odd = [f"{time} IS NULL", f"{time} < TIMESTAMPTZ '1970-01-01 00:00:00+00'",
               f"{time} >= TIMESTAMPTZ '2201-01-01 00:00:00+00'"]  # fmt: skip
        cells = {name: f"{quoted(raw)}::DOUBLE" for name, raw in shape.measures.items()}
    else:
        at = f"epoch_us(TRY_CAST({time} AS TIMESTAMPTZ))"
        iso = r"(19[789]\d|20\d\d|21\d\d)-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)"
        odd = [f"NOT regexp_full_match({time}, '{iso}')", f"{at} IS NULL", f"{time} IS NULL"]
        cells = {name: f"TRY_CAST({quoted(raw)} AS DOUBLE)" for name, raw in shape.measures.items()}
        odd += [
            f"({quoted(raw)} IS NOT NULL AND NOT regexp_full_match({quoted(raw)}, '{_PLAIN_NUMBER}'))"
            for raw in shape.measures.values()
        ]
    odd += [f"{service} IS NULL", f"trim({service}) = ''", f"trim({service}) <> {service}"]
    odd += [f"{cell} < 0" + (f" OR {cell} > 100" if name == "error_rate" else "") for name, cell in cells.items()]
    measures = {name: f"CASE WHEN isfinite({cell}) THEN {cell} END" for name, cell in cells.items()}
    return _CellQueries(at, service, measures, " OR ".join(f"coalesce(({one}), false)" for one in odd))


def _add(connection: duckdb.DuckDBPyConnection, table: pd.DataFrame) -> None:
    if table.empty:
        return
    connection.register("strictly_read", table)
    try:
        connection.execute("INSERT INTO arriving BY NAME SELECT * FROM strictly_read")
    finally:
        connection.unregister("strictly_read")


def _summary(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Return what the notes on units need. Only a series that begins at its least and ends at its most is walked."""
    parts = ["service", "count(*) AS n"]
    for name in MEASURES:
        parts += [
            f"max({name}) AS {name}_max",
            f"count({name}) AS {name}_n",
            f'arg_max({name}, "at") < max({name}) OR arg_min({name}, "at") > min({name}) AS {name}_falls',
            f"approx_count_distinct({name}) AS {name}_kinds",
        ]
    seen = sql.frame(connection, f"SELECT {', '.join(parts)} FROM arriving GROUP BY service ORDER BY service")
    for name in ("error_rate", "throughput"):
        for place in seen.index[~seen[f"{name}_falls"].fillna(True).astype(bool)]:
            fell = connection.execute(
                f"""SELECT coalesce(bool_or({name} < before), false) FROM (
                    SELECT {name}, lag({name}) OVER (ORDER BY "at") AS before FROM arriving
                    WHERE service = $1 AND {name} IS NOT NULL)""",
                [seen.loc[place, "service"]],
            ).fetchall()[0][0]
            seen.loc[place, f"{name}_falls"] = bool(fell)
    return seen
