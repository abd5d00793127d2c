"""A large canonical table or Parquet file → the lab, with the result of the strict route and not its price.

The file is cut into parts and counted by us; DuckDB reads what every reader must read alike; the strict reader gets the
rest, record by record or piece by piece. Where anything about the file as a whole is in doubt, it gets all of it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from mttrlab import sql
from mttrlab.errors import LoadError
from mttrlab.lab import private
from mttrlab.lab.bulk_cells import quoted, report_of
from mttrlab.lab.bulk_origin import Origin, literal, of_parquet, of_table
from mttrlab.lab.bulk_stage import Stage
from mttrlab.lab.bulk_whole import Whole, look_at_whole
from mttrlab.lab.kept import STORED
from mttrlab.lab.ledger import Asked, known_load
from mttrlab.lab.report import LoadReport
from mttrlab.lab.revisions import Selected
from mttrlab.lab.transactions import STAGED
from mttrlab.lab.writing import store_extract
from mttrlab.schema import STAMPS, empty
from mttrlab.sources.exports import Extract
from mttrlab.sources.exports.drafts import NoZoneError, no_zone
from mttrlab.sources.exports.extracts import NOTHING, as_of_instant
from mttrlab.sources.exports.reports import COLUMNS
from mttrlab.sources.exports.scanning import is_large_table, scan_table
from mttrlab.sources.exports.stamps import zone

LEAST = 50_000
"""Records from which a file is loaded this way; a smaller one is read by the strict reader as fast."""


def load_large(
    connection: duckdb.DuckDBPyConnection, file: Path, asked: Asked, as_of: Any, least: int | None = None
) -> LoadReport | None:
    """Load a canonical CSV table of at least `least` records; the caller holds the transaction.

    Parameters
    ----------
    connection : DuckDBPyConnection
        The lab's; it may read in its private folder, which is made for the load and removed after it.
    file : Path
    asked : Asked
    as_of : str or Timestamp, optional
    least : int, optional
        Default: LEAST.

    Returns
    -------
    LoadReport or None
        None: nothing was written, and the strict route has the word.
    """
    least = LEAST if least is None else least
    if private.of(connection) is None:
        return None
    try:
        with private.made(connection) as folder:
            origin = _origin(file, folder, least, asked)
            if origin is None:
                return None
            known = known_load(connection, file, origin.sha256, asked)
            if known is not None:
                return known
            return _load(connection, folder, origin, asked, as_of)
    except NoZoneError:
        # Which zone is meant decides what every row says: no other reader would know it.
        raise
    except (LoadError, OSError):
        # The strict route says it in its own words.
        return None


def _origin(file: Path, folder: Path, least: int, asked: Asked) -> Origin | None:
    if is_large_table(file, least, asked.format, asked.named):
        scan = scan_table(file, folder, least=least, format=asked.format, columns=asked.named)
        return None if scan is None else of_table(scan)
    try:
        return of_parquet(file, folder, least=least, format=asked.format, columns=asked.named)
    except duckdb.Error:
        return None


def _load(
    connection: duckdb.DuckDBPyConnection, folder: Path, origin: Origin, asked: Asked, as_of: Any
) -> LoadReport | None:
    timezone = zone(asked.timezone, origin.path.name) if asked.timezone else None
    taken = as_of_instant(as_of, origin.path.name, timezone)
    stage = Stage(origin, folder, timezone)
    try:
        staged = stage.read()
        if staged.first_zoneless is not None:
            raise no_zone(origin.path.name, staged.first_zoneless, staged.zoneless)
        whole = look_at_whole(stage)
    except duckdb.Error:
        # What the engine could not stage, the strict reader may read.
        return None
    finally:
        stage.close()
    if whole.accepted + len(whole.quarantine) + whole.duplicates != staged.rows:
        return None
    extract = _extract(origin, asked, whole, staged.rows, staged.told.sentences(), taken)
    name = f"{STAGED}{len(connection.execute('SELECT 1 FROM duckdb_databases()').fetchall())}"
    # It can be let go only after the transaction, which does so.
    connection.execute(f"ATTACH '{literal(stage.path)}' AS {name} (READ_ONLY)")
    return store_extract(connection, extract, _judged(stage, name, whole, asked, taken), asked)


def _extract(origin: Origin, asked: Asked, whole: Whole, rows: int, warnings: list[str], taken: int | None) -> Extract:
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
        source=asked.source or "canonical",
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


def _judged(stage: Stage, name: str, whole: Whole, asked: Asked, taken: int | None) -> Selected:
    """Return the query of the judged reports, in the lab's connection."""
    kept = [column for column in stage.names if taken is None or column != "exported_at"]
    if not whole.has_source and "source" in kept:
        kept.remove("source")
    seen = whole.newest if taken is None else taken
    source = "canonical" if whole.has_source else asked.source or "canonical"
    constants = {
        "source": "'" + source.replace("'", "''") + "'",
        "exported_at": "NULL" if seen is None else f"timezone('UTC', make_timestamp({seen}::BIGINT))",
        "resolution_s": f"{whole.grain!r}::DOUBLE",
    }
    dropped = f" ANTI JOIN {name}.dropped USING (record)" if whole.has_dropped else ""
    told = f"({stage.told(name + '.')}) AS told{dropped}"
    query = f"WITH reports AS (SELECT {report_of(kept, constants)} FROM {told}) FROM ({sql.text('judge')})"
    last = stage.origin.first + stage.origin.rows
    filled = {*kept, "source", "exported_at", "resolution_s", "record", *(f"{stamp}_verdict" for stamp in STAMPS)}
    ordered = tuple(column for column in STORED if column in filled)
    query = f"SELECT {', '.join(map(quoted, ordered))} FROM ({query})"
    return Selected(query, ordered, whole.accepted, last, whole.sources or (source,), whole.apart)
