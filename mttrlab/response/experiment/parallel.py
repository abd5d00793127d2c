"""Pieces of work, on threads or processes: what is finished is kept, whatever happens to the rest."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from mttrlab.errors import ModelError
from mttrlab.response.model import validation

if TYPE_CHECKING:
    from joblib.externals.loky import ProcessPoolExecutor

P = TypeVar("P")
"""A piece of work."""
R = TypeVar("R")
"""What comes of it."""

MOST_WORKERS = 10_000


class Finished(NamedTuple, Generic[P, R]):
    """What came of the pieces."""

    results: list[R]
    """Of the pieces that were finished, in their order."""
    done: list[P]
    """These pieces."""
    lost: list[P]
    """Pieces that ended the process that worked on them, twice."""
    interrupted: bool
    """Whether the user stopped it."""


def workers(n_jobs: int) -> int:
    """Return how many workers `n_jobs` means here: -1 is one per processor, as for joblib; refuse what means none."""
    validation.whole("n_jobs", n_jobs, -MOST_WORKERS, MOST_WORKERS)
    if n_jobs == 0:
        raise ModelError("n_jobs must be a number of workers, or -1 for one per processor; got 0")
    return n_jobs if n_jobs > 0 else max((os.cpu_count() or 1) + 1 + n_jobs, 1)


def each(
    function: Callable[[P], R],
    pieces: Sequence[P],
    *,
    n_jobs: int = 1,
    threads: bool = False,
    progress: str = "",
    split: Callable[[P], Sequence[P]] | None = None,
) -> Finished[P, R]:
    """Return what `function` gives for each piece.

    Parameters
    ----------
    n_jobs : int
        Workers, as for joblib; a backend set by `joblib.parallel_config` (Dask, Ray) is used as it is.
    threads : bool
        Threads instead of processes, where nothing else is set.
    progress : str
        Label of a bar; empty: none.
    split : callable, optional
        Smaller pieces of one that ended its process, so that less is lost.
    """
    results: dict[int, R] = {}
    lost: dict[int, P] = {}
    interrupted = False
    try:
        for place, result in _shown(_made(function, pieces, n_jobs, threads), len(pieces), progress):
            results[place] = result
    except BrokenProcessPool:
        again = [place for place in range(len(pieces)) if place not in results]
        return _one_by_one(function, pieces, results, again, split)
    except KeyboardInterrupt:
        interrupted = True
    done = sorted(results)
    return Finished([results[k] for k in done], [pieces[k] for k in done], list(lost.values()), interrupted)


def _made(function: Callable[[P], R], pieces: Sequence[P], n_jobs: int, threads: bool) -> Iterable[tuple[int, R]]:
    if n_jobs == 1 or len(pieces) < 2:
        return ((place, function(piece)) for place, piece in enumerate(pieces))
    from joblib import Parallel, delayed
    from joblib.parallel import ThreadingBackend, get_active_backend

    if threads and isinstance(get_active_backend(prefer="threads")[0], ThreadingBackend):
        return _threaded(function, pieces, workers(n_jobs))
    calls = [delayed(_numbered)(function, place, piece) for place, piece in enumerate(pieces)]
    prefer = "threads" if threads else None
    try:
        made: Iterable[tuple[int, R]] = Parallel(n_jobs=n_jobs, prefer=prefer, return_as="generator_unordered")(calls)
    except ValueError:
        # Ray's backend for joblib gives nothing before all is done, so what is kept is kept batch by batch.
        size = 4 * workers(n_jobs)
        batches = (calls[low : low + size] for low in range(0, len(calls), size))
        return itertools.chain.from_iterable(Parallel(n_jobs=n_jobs, prefer=prefer)(batch) for batch in batches)
    return made


def _threaded(function: Callable[[P], R], pieces: Sequence[P], n: int) -> Iterator[tuple[int, R]]:
    """Yield results as they come; joblib looks for them every ten milliseconds."""
    with ThreadPoolExecutor(n) as pool:
        places: dict[Future[R], int] = {}
        try:
            for place, piece in enumerate(pieces):
                places[pool.submit(function, piece)] = place
            for done in as_completed(list(places)):
                yield places.pop(done), done.result()
        except KeyboardInterrupt:
            # No thread can be stopped in the middle of a piece: what those under way give is kept as well.
            pool.shutdown(cancel_futures=True)
            for done, place in places.items():
                if not done.cancelled():
                    yield place, done.result()
            raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _numbered(function: Callable[[P], R], place: int, piece: P) -> tuple[int, R]:
    return place, function(piece)


def _shown(made: Iterable[tuple[int, R]], total: int, progress: str) -> Iterator[tuple[int, R]]:
    if not progress:
        yield from made
        return
    from tqdm import tqdm

    yield from tqdm(made, desc=progress, total=total)


def _one_by_one(
    function: Callable[[P], R],
    pieces: Sequence[P],
    results: dict[int, R],
    again: list[int],
    split: Callable[[P], Sequence[P]] | None,
) -> Finished[P, R]:
    """Go on after a process has died: the pieces that are missing, each alone; what kills again is split, then lost."""
    found: list[tuple[int, P, R]] = [(place, pieces[place], result) for place, result in results.items()]
    lost: list[P] = []
    with _Alone(function) as alone:
        for place in again:
            if result := alone.run(pieces[place]):
                found.append((place, pieces[place], *result))
                continue
            for part in split(pieces[place]) if split else ():
                if result := alone.run(part):
                    found.append((place, part, *result))
                else:
                    lost.append(part)
            if not split:
                lost.append(pieces[place])
    found.sort(key=lambda one: one[0])
    return Finished([one[2] for one in found], [one[1] for one in found], lost, False)


class _Alone(Generic[P, R]):
    """A process for pieces that may end it. It is not joblib's own, which later calls would find without its parts."""

    def __init__(self, function: Callable[[P], R]) -> None:
        self.function = function
        self.pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> _Alone[P, R]:
        return self

    def __exit__(self, *raised: object) -> None:
        if self.pool is not None:
            self.pool.shutdown()

    def run(self, piece: P) -> tuple[R] | None:
        """Return what the function gives for a piece, alone in a tuple; None: the process has died."""
        if self.pool is None:
            from joblib.externals.loky import ProcessPoolExecutor

            self.pool = ProcessPoolExecutor(max_workers=1)
        try:
            return (self.pool.submit(self.function, piece).result(),)
        except BrokenProcessPool:
            self.pool = None
            return None
