"""A run of any size, span by span into a lab or a file, and gone on from where it stopped."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from mttrlab import __version__
from mttrlab.errors import ModelError
from mttrlab.response import memory, outcomes
from mttrlab.response.model import ResponseModel
from mttrlab.response.outcomes import Span
from mttrlab.response.parallel import each, workers
from mttrlab.response.places import Done, Place

DISK_BYTES = 150
"""Of one incident in a lab or a file, parts included; what was measured is about a third."""
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


def refuse_absurd(
    model: ResponseModel,
    days: float,
    replications: int,
    *,
    engine: str,
    n_jobs: int = 1,
    place: Place | None = None,
    layers: int = 0,
) -> None:
    """Refuse what memory or disk cannot hold, by estimate, before anything is allocated.

    Raises
    ------
    ModelError
    """
    memory.refuse_at_once(model, days, replications, n_jobs=n_jobs, engine=engine, more=memory.ROW_BYTES, layers=layers)
    expected, room = model.per_day * (1 + layers) * float(days) * replications, memory.have()
    if place is None:
        needs = expected * memory.ROW_BYTES
        if needs > room:
            raise ModelError(
                f"a table of about {expected:,.0f} incidents needs {memory.gigabytes(needs)} of memory, and "
                f"{memory.gigabytes(room)} may be taken; ask for fewer replications, or to='runs.parquet' or to=lab"
            )
        return
    free = place.room()
    if free is not None and expected * DISK_BYTES > free:
        raise ModelError(
            f"about {expected:,.0f} incidents may need {memory.gigabytes(expected * DISK_BYTES)} of disk, and there "
            f"are {memory.gigabytes(free)}; ask for fewer replications or name another place"
        )


def run_key(*decides: object) -> str:
    """Return a hash of everything that decides about the incidents of a run, this version of the model among them."""
    return hashlib.sha256("\n".join(map(repr, (__version__, *decides))).encode()).hexdigest()


def write(
    place: Place,
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
    done = place.begin(key, description, replications)
    before = sum(high - low for low, high, _ in done)
    missing = [
        span
        for low, high in gaps(done, replications)
        for span in outcomes.spans(model, days, high - low, n_jobs, first=low)
    ]
    stopped, lost = False, False
    try:
        for batch in _shown(_batches(missing, workers(n_jobs)), progress):
            made = each(work, batch, n_jobs=n_jobs, threads=engine == "compiled", split=outcomes.singles)
            for span, table in zip(made.done, made.results, strict=True):
                place.keep(span, table)
                done.append((span[0], span[1], len(table)))
            lost = lost or bool(made.lost)
            if made.interrupted:
                stopped = True
                break
        if not stopped and not lost:
            place.finish()
    except KeyboardInterrupt:
        # It may have come right after a span was kept.
        stopped, done = True, place.begin(key, description, replications)
    finished = sum(high - low for low, high, _ in done)
    why = "it was stopped" if stopped else "a process died" if lost else ""
    return LargeRun(
        place=place.name,
        run=getattr(place, "run", None),
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
