"""Where a large run goes without a frame: a lab, or a Parquet file. What is finished is kept, and gone on from."""

from __future__ import annotations

import json
import os
import re
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import duckdb
import pandas as pd

from mttrlab import sql
from mttrlab.errors import QuestionError, StoreError
from mttrlab.lab import Lab
from mttrlab.lab.lab import handed_over
from mttrlab.response.outcomes import Span

_PART = re.compile(r"(\d+)-(\d+)-(\d+)\.parquet")

Done = list[tuple[int, int, int]]
"""(first replication, last but one, incidents) of what is finished."""


class Place(Protocol):
    """What takes the incidents of a run, span by span."""

    name: str
    """For people."""

    def begin(self, key: str, description: str, replications: int) -> Done:
        """Open the run with this key; return what of it is there."""

    def keep(self, span: Span, table: pd.DataFrame) -> None:
        """Keep a span: wholly, or not at all."""

    def finish(self) -> None:
        """Close the run: everything is there."""

    def room(self) -> int | None:
        """Return the free bytes of the disk; None: not on a disk."""


def place_of(to: object) -> Place:
    """Return the place that `to` names: a lab, or the path of a Parquet file."""
    if isinstance(to, Lab):
        return InLab(to)
    if isinstance(to, (str, os.PathLike)) and Path(to).suffix.lower() == ".parquet":
        return InParquet(Path(to))
    given = str(to) if isinstance(to, os.PathLike) else repr(to)
    raise QuestionError(f"to= takes a Lab or the name of a new .parquet file; got {given}")


class InLab:
    """The table `simulated` of a lab."""

    def __init__(self, lab: Lab) -> None:
        self.name = repr(lab)
        self._lab = lab
        self.run = 0

    def begin(self, key: str, description: str, replications: int) -> Done:
        """Open the run in the lab's ledger of simulations."""
        self.run, done = self._lab.open_run(key, description, replications)
        return done

    def keep(self, span: Span, table: pd.DataFrame) -> None:
        """Keep a span in a transaction of its own."""
        self._lab.keep_span(self.run, span, table)

    def finish(self) -> None:
        """Nothing is left to do."""

    def room(self) -> int | None:
        """Return the free bytes beside the lab's file."""
        return None if self._lab.path is None else shutil.disk_usage(self._lab.path.absolute().parent).free


class InParquet:
    """A Parquet file, put together at the end from one part for each span, in a hidden folder beside it."""

    def __init__(self, path: Path) -> None:
        if path.exists():
            raise QuestionError(f"{path} exists already and is left as it is; remove it or name another file")
        if not path.absolute().parent.is_dir():
            raise QuestionError(f"{path.parent} is no folder; make it first")
        self.name = str(path)
        self._path = path
        self._parts = path.with_name(f".{path.name}.parts")

    def begin(self, key: str, description: str, replications: int) -> Done:
        """Make the folder of parts, or go on with the one that is there."""
        told = self._parts / "run.json"
        try:
            self._parts.mkdir(exist_ok=True)
            if not told.exists():
                _write_whole(told, json.dumps({"key": key, "description": description}).encode())
            said = json.loads(told.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise StoreError(f"{self._parts} cannot be used ({error}); remove it or name another file") from None
        if not isinstance(said, dict) or said.get("key") != key:
            raise QuestionError(
                f"{self._parts} holds the unfinished file of another run ({said.get('description', '?')}); "
                "make that call again to finish it, remove the folder, or name another file"
                if isinstance(said, dict)
                else f"{self._parts} is not of mttrlab; name another file"
            )
        found = [_PART.fullmatch(part.name) for part in self._parts.iterdir()]
        return sorted((int(f[1]), int(f[2]), int(f[3])) for f in found if f)

    def keep(self, span: Span, table: pd.DataFrame) -> None:
        """Write one part; it has its name only once it is whole."""
        half = self._parts / f"half-{os.getpid()}.tmp"
        part = self._parts / f"{span[0]:08d}-{span[1]:08d}-{len(table)}.parquet"
        with self._named(half), sql.connect() as connection:
            connection.execute("SET threads = 1")
            handed, query = handed_over(table, "part")
            connection.register("part", handed)
            connection.sql(query).write_parquet(str(half), compression="zstd")
            half.replace(part)

    def finish(self) -> None:
        """Put the parts together, by replication, and remove them."""
        half = self._parts / f"half-{os.getpid()}.tmp"
        names = sorted(str(part) for part in self._parts.iterdir() if _PART.fullmatch(part.name))
        with self._named(half), sql.connect() as connection:
            # One thread writes the same bytes every time, and holds one group of rows.
            connection.execute("SET threads = 1")
            connection.read_parquet(names).write_parquet(str(half), compression="zstd")
            half.replace(self._path)
        shutil.rmtree(self._parts, ignore_errors=True)

    def room(self) -> int | None:
        """Return the free bytes beside the file."""
        return shutil.disk_usage(self._path.absolute().parent).free

    def _named(self, half: Path) -> _Named:
        return _Named(self.name, half)


class _Named:
    """Turns what the disk or the database could not do into a sentence, and leaves no half file."""

    def __init__(self, name: str, half: Path) -> None:
        self._name, self._half = name, half

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is None:
            return
        with suppress(OSError):
            self._half.unlink()
        if isinstance(error, RuntimeError) and "interrupted" in str(error).lower():
            raise KeyboardInterrupt from None
        if isinstance(error, (OSError, duckdb.Error)):
            reason = " ".join(str(error).split())[:160]
            raise StoreError(
                f"{self._name} could not be written ({reason}); finished replications are kept: "
                "make room and make the same call again"
            ) from None


def _write_whole(path: Path, content: bytes) -> None:
    half = path.with_suffix(".half")
    half.write_bytes(content)
    half.replace(path)
