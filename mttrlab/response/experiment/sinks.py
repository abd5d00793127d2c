"""A run of any size, span by span into a lab or a file, and gone on from where it stopped."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import duckdb
import pandas as pd

from mttrlab import __version__, sql
from mttrlab.errors import QuestionError, StoreError
from mttrlab.lab.lab import Lab
from mttrlab.lab.simulations import typed_query
from mttrlab.response.experiment import runs as model_runs
from mttrlab.response.experiment.parallel import each, workers
from mttrlab.response.experiment.runs import Span
from mttrlab.response.model.response_model import ResponseModel

_BATCH = 4


@dataclass(frozen=True)
class LargeRun:
    """What a run into a lab or a file did."""

    place: str
    """The lab or the file."""
    run: int | None
    """Its number in `lab.simulations()`; None: a file."""
    incidents: int
    replications: int
    """Finished ones, those of earlier calls among them."""
    wanted: int
    before: int
    """Replications that earlier calls had finished."""
    engine: str
    seed: int
    unfinished: str
    """What is missing, in a sentence; empty: nothing."""

    def __str__(self) -> str:
        """Return what there is, and what is missing."""
        run = f", run {self.run}" if self.run is not None else ""
        told = f"{self.place}{run}: {self.incidents:,} incidents in {self.replications:,} replications"
        told += f" ({self.before:,} were there)" if self.before else ""
        told += f"; engine {self.engine}, seed {self.seed}"
        return told + (f". {self.unfinished}; the same call goes on from there" if self.unfinished else ".")


def run_key(*decides: object) -> str:
    """Return a hash of everything that decides about the incidents of a run, this version of the model among them."""
    return hashlib.sha256("\n".join(map(repr, (__version__, *decides))).encode()).hexdigest()


def run_into(
    sink: Sink,
    work: Callable[[Span], pd.DataFrame],
    model: ResponseModel,
    *,
    key: str,
    description: str,
    days: float,
    replications: int,
    n_jobs: int,
    engine: str,
    seed: int,
    progress: bool,
) -> LargeRun:
    """Run what is missing of a run, keep each span as soon as it is there, and return what there is then."""
    done = sink.begin(key, description, replications)
    before = sum(high - low for low, high, _ in done)
    missing = [
        span
        for low, high in gaps(done, replications)
        for span in model_runs.replication_spans(model, days, high - low, n_jobs, first=low)
    ]
    stopped, lost = False, False
    try:
        for batch in _shown(_batches(missing, workers(n_jobs)), progress):
            made = each(work, batch, n_jobs=n_jobs, threads=engine == "compiled", split=model_runs.one_by_one)
            for span, table in zip(made.done, made.results, strict=True):
                sink.write(span, table)
                done.append((span[0], span[1], len(table)))
            lost = lost or bool(made.lost)
            if made.interrupted:
                stopped = True
                break
        if not stopped and not lost:
            sink.finish()
    except KeyboardInterrupt:
        # It may have come right after a span was kept.
        stopped, done = True, sink.begin(key, description, replications)
    finished = sum(high - low for low, high, _ in done)
    why = "it was stopped" if stopped else "a process died" if lost else ""
    return LargeRun(
        place=sink.name,
        run=getattr(sink, "run", None),
        incidents=sum(n for _, _, n in done),
        replications=finished,
        wanted=replications,
        before=before,
        engine=engine,
        seed=seed,
        unfinished=f"{finished:,} of {replications:,} replications: {why}" if why else "",
    )


def gaps(done: Done, replications: int) -> list[Span]:
    """Return the spans of replications that are missing.

    Examples
    --------
    >>> gaps([(0, 50, 9), (100, 150, 7)], 200)
    [(50, 100), (150, 200)]
    """
    found, reached = [], 0
    for low, high, _ in sorted(done):
        if low > reached:
            found.append((reached, min(low, replications)))
        reached = max(reached, high)
    return [
        *(span for span in found if span[0] < span[1]),
        *([(reached, replications)] if reached < replications else []),
    ]


def _batches(pieces: Sequence[Span], n: int) -> list[list[Span]]:
    size = 1 if n == 1 else _BATCH * n
    return [list(pieces[k : k + size]) for k in range(0, len(pieces), size)]


def _shown(batches: list[list[Span]], progress: bool) -> Iterator[list[Span]]:
    from tqdm import tqdm

    yield from tqdm(batches, desc="simulating", disable=None if progress else True)


# Where a large run goes without a frame: a lab, or a Parquet file. What is finished is kept, and gone on from.


_PART = re.compile(r"(\d+)-(\d+)-(\d+)\.parquet")

Done = list[tuple[int, int, int]]
"""(first replication, last but one, incidents) of what is finished."""


class Sink(Protocol):
    """What takes the incidents of a run, span by span."""

    name: str
    """For people."""

    def begin(self, key: str, description: str, replications: int) -> Done:
        """Open the run with this key; return what of it is there."""

    def write(self, span: Span, table: pd.DataFrame) -> None:
        """Keep a span: wholly, or not at all."""

    def finish(self) -> None:
        """Close the run: everything is there."""

    def free_bytes(self) -> int | None:
        """Return the free bytes of the disk; None: not on a disk."""


def sink_of(to: object) -> Sink:
    """Return the place that `to` names: a lab, or the path of a Parquet file."""
    if isinstance(to, Lab):
        return LabSink(to)
    if isinstance(to, (str, os.PathLike)) and Path(to).suffix.lower() == ".parquet":
        return ParquetSink(Path(to))
    given = str(to) if isinstance(to, os.PathLike) else repr(to)
    raise QuestionError(f"to= takes a Lab or the name of a new .parquet file; got {given}")


class LabSink:
    """The table `simulated` of a lab."""

    def __init__(self, lab: Lab) -> None:
        self.name = repr(lab)
        self._lab = lab
        self.run = 0

    def begin(self, key: str, description: str, replications: int) -> Done:
        """Open the run in the lab's ledger of simulations."""
        self.run, done = self._lab.open_run(key, description, replications)
        return done

    def write(self, span: Span, table: pd.DataFrame) -> None:
        """Keep a span in a transaction of its own."""
        self._lab.keep_span(self.run, span, table)

    def finish(self) -> None:
        """Nothing is left to do."""

    def free_bytes(self) -> int | None:
        """Return the free bytes beside the lab's file."""
        return None if self._lab.path is None else shutil.disk_usage(self._lab.path.absolute().parent).free


class ParquetSink:
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

    def write(self, span: Span, table: pd.DataFrame) -> None:
        """Write one part; it has its name only once it is whole."""
        half = self._parts / f"half-{os.getpid()}.tmp"
        part = self._parts / f"{span[0]:08d}-{span[1]:08d}-{len(table)}.parquet"
        with self._named(half), sql.connect() as connection:
            connection.execute("SET threads = 1")
            handed, query = typed_query(table, "part")
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

    def free_bytes(self) -> int | None:
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
