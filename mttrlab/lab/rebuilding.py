"""A lab built again from the files that its ledger names, beside the old one; swapped in when everything is there."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from mttrlab import sql
from mttrlab.errors import LoadError, StoreError
from mttrlab.files import file_sha256
from mttrlab.lab import views
from mttrlab.lab.annotations import RECORDED
from mttrlab.lab.database import transaction
from mttrlab.lab.events import EVENTS_TABLE
from mttrlab.lab.lab import Lab
from mttrlab.lab.load import reload
from mttrlab.lab.raw_copies import raw_folder
from mttrlab.lab.settings import Settings
from mttrlab.lab.store import open_ledger
from mttrlab.lab.views import derive
from mttrlab.schema import Record, table_records
from mttrlab.text import plain

_CARRIED_TABLES = ("annotations", "quarantine", "known_events")
"""What recorded loads wrote, which no file tells."""


@dataclass(frozen=True)
class RebuildReport:
    """What `rebuild` did."""

    path: str
    """The new lab."""
    loads: int
    """Loads that are in it."""
    left_out: tuple[str, ...]
    """A sentence for each load that is not."""
    old: str | None
    """Where the old lab is kept; None: it is where it was, or nothing of it is left out."""

    def __str__(self) -> str:
        """Return what was built, what is left out, and where the old lab is."""
        told = [f"{plain(self.path)}: built again from {self.loads:,} {'load' if self.loads == 1 else 'loads'}."]
        told += [f"  left out: {plain(sentence)}" for sentence in self.left_out]
        if self.old:
            told.append(f"The old lab is kept as {plain(self.old)}.")
        return "\n".join(told)


def rebuild(path: str | Path, out: str | Path | None = None, *, partial: bool = False) -> RebuildReport:
    """Build a lab again from the files that its ledger names.

    Parameters
    ----------
    path : str or Path
        The lab. It is only read until the new one is whole.
    out : str or Path, optional
        Where the new lab goes; default: in the place of the old one.
    partial : bool
        True: leave out what is missing or has changed, and say so; the old lab is then kept beside the new one.

    Returns
    -------
    RebuildReport

    Raises
    ------
    StoreError
        When the old lab cannot be read, or a file is missing or has changed and `partial` is not said; the sentence
        names each of them, and the old lab is as it was.
    """
    path = Path(path)
    target = path if out is None else Path(out)
    if out is not None and target.exists():
        raise StoreError(f"{target} exists already and is left as it is; remove it or name another file")
    if target == path and _old_path(path).exists():
        raise StoreError(f"{_old_path(path)} exists already; remove it or move it away first")
    ledger, settings, recorded = _read(path)
    files, trouble = _files(ledger, path)
    if trouble and not partial:
        raise StoreError(
            f"{path} cannot be built again: {'; '.join(trouble)}; bring the files back, or leave them out (--partial)"
        )
    fresh = target.with_name(f".{target.name}.{os.getpid()}.rebuilding")
    try:
        loads, failed = _build(fresh, ledger, files, settings, recorded, partial=partial)
        left_out = (*trouble, *failed)
        old = _swap(path, fresh, target, keep=bool(left_out))
    finally:
        for rest in (fresh, Path(f"{fresh}.wal")):
            with suppress(FileNotFoundError):
                rest.unlink()
    return RebuildReport(str(target), loads, left_out, None if old is None else str(old))


def _read(path: Path) -> tuple[list[Record], Settings, dict[str, pd.DataFrame]]:
    with open_ledger(path) as connection:
        try:
            loads = sql.frame(connection, "SELECT * FROM loads ORDER BY load_id")
            settings = views.parsed_settings(views.stored_settings(connection))
            tables = {row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
            recorded = {
                table: sql.frame(connection, f"SELECT * FROM {table}") for table in _CARRIED_TABLES if table in tables
            }
        except (duckdb.Error, ValueError) as error:
            raise StoreError(f"{path}: its ledger cannot be read ({plain(str(error).splitlines()[0], 120)})") from None
    ledger = [Record({k: None if pd.isna(v) else v for k, v in line.items()}) for line in table_records(loads)]
    return ledger, settings, recorded


def _files(ledger: list[Record], path: Path) -> tuple[dict[int, Path], list[str]]:
    """Return the file of each load, the original or its kept copy, and a sentence for each that is not there."""
    found: dict[int, Path] = {}
    trouble = []
    for line in ledger:
        if line["path"] == RECORDED:
            continue
        original, copy = Path(line["path"]), raw_folder(path) / line["sha256"]
        for place in (original, copy):
            with suppress(OSError):
                if place.is_file() and file_sha256(place) == line["sha256"]:
                    found[line["load_id"]] = place
                    break
        else:
            state = "has changed since it was loaded" if original.is_file() else "is missing"
            trouble.append(f"{original} {state}")
    return found, trouble


def _build(
    fresh: Path,
    ledger: list[Record],
    files: dict[int, Path],
    settings: Settings,
    recorded: dict[str, pd.DataFrame],
    *,
    partial: bool,
) -> tuple[int, list[str]]:
    done, failed = 0, []
    with Lab(fresh) as lab:
        connection = lab._connection
        with transaction(connection, "the settings"):
            views.store_settings(connection, settings)
        for line in ledger:
            try:
                with transaction(connection, line["name"]):
                    if line["path"] == RECORDED:
                        _carry_over(connection, line, recorded)
                    elif line["load_id"] in files:
                        reload(connection, files[line["load_id"]], line)
                    else:
                        continue
                done += 1
            except LoadError as refusal:
                if not partial:
                    raise StoreError(f"{line['path']} is refused by this version: {refusal}") from None
                failed.append(f"{line['path']} is refused by this version: {refusal}")
        with transaction(connection, "what follows from the loads"):
            derive(connection)
        connection.execute("CHECKPOINT")
    return done, failed


def _carry_over(connection: duckdb.DuckDBPyConnection, line: Record, recorded: dict[str, pd.DataFrame]) -> None:
    """Write a recorded load as the old lab has it."""
    number = int(connection.execute("SELECT coalesce(max(load_id), 0) + 1 FROM loads").fetchall()[0][0])
    booked = pd.DataFrame([{name: value for name, value in line.items() if value is not None} | {"load_id": number}])
    own = {table: rows[rows["load_id"] == line["load_id"]].assign(load_id=number) for table, rows in recorded.items()}
    for table, rows in {"loads": booked, **own}.items():
        if rows.empty:
            continue
        if table == "known_events":
            connection.execute(EVENTS_TABLE)
        connection.register("carried", rows)
        try:
            connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM carried")
        finally:
            connection.unregister("carried")


def _old_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.old")


def _swap(path: Path, fresh: Path, target: Path, *, keep: bool) -> Path | None:
    """Put the new lab into its place; the old one is moved aside first, and removed when nothing of it is left out."""
    if target != path:
        fresh.replace(target)
        return None
    old = _old_path(path)
    # Moved together, as the log of last writes belongs to the old file and would damage the new one.
    path.replace(old)
    with suppress(FileNotFoundError):
        Path(f"{path}.wal").replace(f"{old}.wal")
    fresh.replace(path)
    if keep:
        return old
    for rest in (old, Path(f"{old}.wal")):
        with suppress(FileNotFoundError):
            rest.unlink()
    return None
