"""A scanned table → typed rows in a database of its own, in the lab's private folder, in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pandas as pd

from mttrlab import sql
from mttrlab.lab.bulk_cells import KINDS, TYPES, kept_columns, quoted, value_and_doubt
from mttrlab.sources.exports.canonical import Told, from_table, id_column_of, read_canonical, unknown_columns
from mttrlab.sources.exports.drafts import Clock
from mttrlab.sources.exports.names import Names
from mttrlab.sources.exports.reports import Draft
from mttrlab.sources.exports.scanning import PIECE, Part, Scan, pieces
from mttrlab.sources.exports.table import Table, count_rows, read_table

MEMORY = "900MB"
"""What DuckDB may hold while a large file is staged; beyond it goes to the private folder."""
CHUNK = 20_000
"""Records that the strict reader is given at once."""

_LINE_END = r"\n"
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
    """The staged records of one file: `part<n>` as DuckDB read them, `slow` as the strict reader did, `refused`."""

    def __init__(self, scan: Scan, folder: Path, timezone: ZoneInfo | None) -> None:
        self.scan, self.folder, self.timezone = scan, folder, timezone
        self.id_column = str(id_column_of(scan.names.header))
        self.kept = kept_columns(scan.names.header, self.id_column)
        self.names = list(self.kept.values())
        self.parts: list[Part] = []
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
        """Read every part: plain ones by DuckDB, what it doubts and odd parts by the strict reader.

        Raises
        ------
        LoadError
            Where the strict reader refuses the file, or a stamp names no zone.
        """
        for part in self.scan.parts:
            if not (part.plain and self._read_plain(part)):
                self._read_odd(part)
            part.path.unlink()
        names = self.scan.names
        passed_over = {"", *(theirs for theirs, _ in names.passed_over)}
        self.staged.told.names = names
        self.staged.told.unknown = unknown_columns(
            (name for name in names.header if name not in passed_over), self.id_column
        )
        return self.staged

    def told(self, prefix: str = "") -> str:
        """Return the SELECT of every record that was read: its row number and the kept columns."""
        columns = ", ".join(map(quoted, self.names))
        tables = [
            f"SELECT rowid + {part.row} AS record, {columns} FROM {prefix}part{place} WHERE raw IS NULL"
            for place, part in enumerate(self.parts)
        ]
        return " UNION ALL ".join([*tables, f"SELECT record, {columns} FROM {prefix}slow"])

    def _read_plain(self, part: Part) -> bool:
        """Let DuckDB read a part; False: it did not find what we counted."""
        table = f"part{len(self.parts)}"
        cells = {name: f"c{place}" for place, name in enumerate(self.scan.names.header)}
        read = [(name, *value_and_doubt(name, cells[said])) for said, name in self.kept.items()]
        doubts = " OR ".join(f"({doubt})" for _, _, doubt in read if doubt)
        raw = ", ".join(cells[said] for said in self.kept)
        values = ", ".join(f"{value} AS {quoted(name)}" for name, value, _ in read)
        kept = ", ".join(quoted(name) for name, _, _ in read)
        columns = ", ".join(f"'{cell}': 'VARCHAR'" for cell in cells.values())
        try:
            self.connection.execute(
                f"""
                CREATE TABLE {table} AS
                SELECT {kept}, CASE WHEN {doubts} THEN [{raw}] END AS raw
                FROM (
                    SELECT {values}, {raw}
                    FROM read_csv(
                        '{literal(part.path)}', columns = {{{columns}}}, auto_detect = false, header = false,
                        delim = '{chr(self.scan.shape.delimiter)}', quote = '"', escape = '"', comment = '',
                        new_line = '{_LINE_END}', strict_mode = true,
                        max_line_size = {2 * PIECE}
                    )
                )
                """
            )
            found = self.connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]
        except duckdb.Error:
            found = -1
        if found != part.rows:
            self.connection.execute(f"DROP TABLE IF EXISTS {table}")
            return False
        self.parts.append(part)
        self.staged.rows += part.rows
        self._read_doubted(table, part)
        return True

    def _read_doubted(self, table: str, part: Part) -> None:
        doubted = self.connection.execute(
            f"SELECT rowid + {part.row}, raw FROM {table} WHERE raw IS NOT NULL ORDER BY rowid"
        )
        # The strict rows are stored through another connection, as this one is still being read.
        with self.connection.cursor() as storing:
            while found := doubted.fetchmany(CHUNK):
                rows = [[cell or "" for cell in raw] for _, raw in found]
                names = Names(tuple(self.kept), self.scan.names.utc)
                numbers = [number for number, _ in found]
                self._read_strictly(Table(self.scan.path.name, names.header, rows, numbers), names, storing)

    def _read_odd(self, part: Part) -> None:
        row = part.row
        with part.path.open("rb") as opened:
            for records in pieces(iter(lambda: opened.read(PIECE // 4), b"")):
                table = read_table(self.scan.first_line + records.decode(), self.scan.path.name)
                numbers = [number + row - 2 for number in table.numbers]
                self.staged.rows += len(numbers)
                table = Table(table.name, table.header, table.rows, numbers)
                self._read_strictly(table, self.scan.names, self.connection)
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


def literal(path: Path) -> str:
    """Return the path as it stands between quotes in SQL."""
    return str(path).replace("'", "''")
