"""A scanned table → typed rows in a database of its own, in the lab's private folder, in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

import duckdb
import pandas as pd

from mttrlab import sql
from mttrlab.errors import LoadError
from mttrlab.lab.bulk_cells import KINDS, SURE_FROM, SURE_TO, TYPES, kept_columns, quoted, value_and_doubt
from mttrlab.lab.bulk_origin import Origin, literal
from mttrlab.sources.exports.canonical import Told, id_column_of, read_canonical, unknown_columns
from mttrlab.sources.exports.cells import from_table
from mttrlab.sources.exports.drafts import Clock, no_zone
from mttrlab.sources.exports.names import Names
from mttrlab.sources.exports.reports import Draft
from mttrlab.sources.exports.scanning import PIECE, Odd, pieces
from mttrlab.sources.exports.table import Table, count_rows, read_table

MEMORY = "900MB"
"""What DuckDB may hold while a large file is staged; beyond it goes to the private folder."""
CHUNK = 20_000
"""Records that the strict reader is given at once."""
FIRST = 200
"""Records of a larger file that are asked at once whether their stamps name a zone."""

_DTYPES = {"text": "str", "flag": "boolean", "share": "float64"}


@dataclass
class Staged:
    """What staging has counted."""

    rows: int = 0
    """Records, refused ones too."""
    told: Told = field(default_factory=Told)
    names_source: bool = False
    """Some record that the strict reader was given says what it comes from, be it refused for something else."""
    zoneless: int = 0
    """Records with a stamp that names no zone."""
    first_zoneless: tuple[int, str, str] | None = None
    """Row, column and text of the first of them."""


class Stage:
    """The staged records of one file: `quick` as DuckDB read them, `slow` as the strict reader did, `refused`."""

    def __init__(self, origin: Origin, folder: Path, timezone: ZoneInfo | None) -> None:
        self.origin, self.folder, self.timezone = origin, folder, timezone
        self.id_column = str(id_column_of(origin.names.header))
        self.kept = kept_columns(origin.names.header, self.id_column)
        self.names = list(self.kept.values())
        self.record = f"{origin.number} + {origin.first}"
        self.sure = ""
        """Which of the quick records stay: those that nothing is doubted of."""
        self.staged = Staged()
        self.path = folder / "stage.duckdb"
        self.connection = sql.connect(str(self.path))
        for statement in (
            f"SET memory_limit = '{MEMORY}'",
            f"SET allowed_directories = ['{literal(folder)}']",
            f"SET temp_directory = '{literal(folder / 'spill')}'",
            "SET enable_external_access = false",
            # Read once and thrown away: packing it would cost more than it saves.
            "SET force_compression = 'uncompressed'",
        ):
            self.connection.execute(statement)
        self.connection.execute(sql.text("lab/bulk/macros"))
        columns = ", ".join(f"{quoted(name)} {TYPES[KINDS[name]]}" for name in self.names)
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
        if self.timezone is None and self.origin.rows > CHUNK and not self.origin.typed:
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
        return self.staged

    def told(self, prefix: str = "") -> str:
        """Return the SELECT of every record that was read: its row number and the kept columns."""
        columns = ", ".join(map(quoted, self.names))
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
                read.append((name, *value_and_doubt(name, f"c{places[said]}")))
        doubts = " OR ".join(f"({doubt})" for _, _, doubt in read if doubt)
        raw = ", ".join(f"c{places[said]}" for said in self.kept)
        instants = "".join(f", i{places[said]}" for said in self.kept if said in origin.instants)
        values = ", ".join(f"{value} AS {quoted(name)}" for name, value, _ in read)
        kept = ", ".join(quoted(name) for name, _, _ in read)
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
            while found := doubted.fetchmany(CHUNK):
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
            f"SELECT {number} AS record, [{raw}] AS raw FROM (FROM ({self.origin.query}) LIMIT {FIRST})"
        ).fetchall()
        table, names = self._table([(record, cells) for record, cells in found if cells[0] != self.origin.mark])
        clock = Clock(table.name, None)
        read_canonical(from_table(table, names=names), clock, Told())
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
        clock = Clock(table.name, self.timezone)
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
    made: dict[str, Any] = {"record": pd.Series(draft.rows, dtype="int64")}
    for name in names:
        if name in draft.times:
            made[name] = pd.Series(pd.DatetimeIndex(draft.times[name].view("datetime64[us]")).tz_localize("UTC"))
        elif name in draft.columns:
            made[name] = pd.Series(list(draft.columns[name]), dtype=_DTYPES[KINDS[name]])
    return pd.DataFrame(made)


def _append(connection: duckdb.DuckDBPyConnection, table: str, rows: pd.DataFrame) -> None:
    if rows.empty:
        return
    connection.register("arriving", rows)
    try:
        connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM arriving")
    finally:
        connection.unregister("arriving")
