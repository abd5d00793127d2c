"""Where the cells of a large file come from: a CSV table that was parted, or a Parquet file, each as a query."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mttrlab import sql
from mttrlab.lab.bulk_cells import quoted
from mttrlab.schema import STAMPS
from mttrlab.sources.exports.canonical import id_column_of
from mttrlab.sources.exports.names import Names, settle
from mttrlab.sources.exports.opened import MAX_BYTES, open_stream
from mttrlab.sources.exports.reports import TIMES
from mttrlab.sources.exports.scanning import PIECE, Odd, Scan
from mttrlab.sources.exports.table import MAX_COLUMNS, fold

_LINE_END = r"\n"
_INSTANT = "TIMESTAMP WITH TIME ZONE"


@dataclass(frozen=True)
class Origin:
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


def of_table(scan: Scan) -> Origin:
    """Return the plain records of a CSV table, and where the odd ones are."""
    columns = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(len(scan.names.header)))
    query = f"""
        FROM read_csv(
            '{literal(scan.plain)}', columns = {{{columns}}}, auto_detect = false, header = false,
            delim = '{chr(scan.shape.delimiter)}', quote = '"', escape = '"', comment = '',
            new_line = '{_LINE_END}', strict_mode = true, max_line_size = {2 * PIECE}
        )
    """
    return Origin(
        scan.path, scan.plain, scan.sha256, scan.size, scan.rows, scan.names, query, first=2, mark=scan.mark,
        strange=scan.strange, odd=scan.odd, first_line=scan.first_line,
    )  # fmt: skip


def of_parquet(
    path: Path, folder: Path, *, least: int, format: str | None, columns: Mapping[str, str] | None = None
) -> Origin | None:
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
        connection.execute(f"SET allowed_directories = ['{literal(folder)}']; SET enable_external_access = false")
        told = connection.execute(f"DESCRIBE FROM read_parquet('{literal(copy)}')").fetchall()
        rows = connection.execute(f"SELECT num_rows FROM parquet_file_metadata('{literal(copy)}')").fetchall()[0][0]
    raw, kinds = [row[0] for row in told], [row[1] for row in told]
    names = settle(raw, columns)
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
    cells = [f"coalesce(CAST({quoted(name)} AS VARCHAR), '') AS c{place}" for place, name in enumerate(raw)]
    cells += [f"{quoted(raw[header.index(name)])} AS i{header.index(name)}" for name in instants]
    query = f"SELECT {', '.join(cells)}, file_row_number FROM read_parquet('{literal(copy)}', file_row_number = true)"
    typed = set(instants) == set(TIMES) & set(header)
    return Origin(path, copy, digest.hexdigest(), size, rows, names, query, 1, "file_row_number", instants, typed)


def literal(path: Path) -> str:
    """Return the path as it stands between quotes in SQL."""
    return str(path).replace("'", "''")
