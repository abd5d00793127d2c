"""The compiled engine: the very same transition function through numba, kept on disk between sessions."""

from __future__ import annotations

import gc
import hashlib
import importlib
import logging
import os
import platform
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, TypeVar

import numpy as np

from mttrlab.errors import ModelError
from mttrlab.response.engines.transition import CALLS, LUCK, PARAMETERS, STATE, Parameters, Plans, plans_of
from mttrlab.response.model import responders
from mttrlab.response.model.responders import Pool

_LOG = logging.getLogger("mttrlab")
_SOURCES = (
    "engines/numba_columns.py",
    "engines/numba_kernel.py",
    "engines/transition.py",
    "model/responders.py",
    "sampling/random_streams.py",
)
"""What machine code is made from, in the folder of the room."""

_OPTIONS = "nogil=True, fastmath=False"


def available() -> bool:
    """Return whether numba is there to compile with."""
    try:
        return importlib.util.find_spec("numba") is not None
    except (ImportError, ValueError):
        # A hidden module: an entry of None in sys.modules.
        return False


def refusal(calls: int = 1) -> str | None:
    """Return why the compiled engine cannot run a model whose escalation calls so many people, or None: it can."""
    if available():
        if calls <= CALLS:
            return None
        return f"engine 'compiled' cannot run {calls} calls of an escalation (at most {CALLS}); use engine='simpy'"
    return "engine 'compiled' needs numba, which is not installed; install mttrlab[fast], or use engine='simpy'"


def run(
    x: np.ndarray,
    P: Parameters | Plans,  # noqa: N803
    bounds: np.ndarray,
    pools: tuple[Pool, ...],
    ends: np.ndarray | None = None,
    calm: np.ndarray | None = None,
) -> np.ndarray:
    """Return what `simpy_engine.run` returns, every stamp the same.

    Parameters
    ----------
    ends : array of records, optional
        Written over; fresh memory would take longer than the run.
    calm : array of int, optional
        Rows that need not run where they are alone, as `runs.calm` gives them.

    Raises
    ------
    ModelError
        Where numba is not installed.
    """
    desk = prepared(x.dtype, P, pools, bounds)
    ends = np.empty(len(x), dtype=STATE) if ends is None else ends
    x, leave = np.ascontiguousarray(x), 0 if calm is None else address(calm)
    _kernel().run(address(x), address(ends), *desk.addresses(), len(bounds) - 1, leave)
    return ends


class Prepared(NamedTuple):
    """What the engine is given besides incidents: of one model, for one thread at a time."""

    settings: np.ndarray
    desk: np.ndarray
    bounds: np.ndarray

    def addresses(self) -> tuple[int, int, int]:
        """Return where each of them lies."""
        return address(self.settings), address(self.desk), address(self.bounds)


def prepared(
    dtype: np.dtype,
    P: Parameters | Plans,  # noqa: N803
    pools: tuple[Pool, ...],
    bounds: np.ndarray,
) -> Prepared:
    """Return what the engine is given besides incidents; refuse records of another type than it takes."""
    reason = refusal()
    if reason is None and dtype != LUCK:
        reason = f"engine 'compiled' takes {CALLS} calls of an escalation at most; use engine='simpy'"
    if reason:
        raise ModelError(reason)
    desk = _kernel().desk(*responders.tables(pools), int(np.diff(bounds).max(initial=1)))
    return Prepared(_settings(plans_of(P)), desk, np.ascontiguousarray(bounds, dtype=np.int64))


def address(memory: np.ndarray) -> int:
    """Return where an array lies."""
    return int(memory.ctypes.data)


@lru_cache(maxsize=256)
def _settings(plans: Plans) -> np.ndarray:
    """Return plans as records; made once for all spans, as Python's lock is held meanwhile."""
    return np.array([tuple(one) for one in plans], dtype=PARAMETERS)


def cache_folder() -> Path:
    """Return the folder of machine code for exactly these sources, options and versions.

    numba's own cache looks at one file's date and would miss an edit of a callee in another.
    """
    here = Path(__file__).parents[1]
    said = [here.joinpath(name).read_bytes() for name in _SOURCES]
    said += [f"{name} {version(name)}".encode() for name in ("numba", "llvmlite", "numpy")]
    said += [sys.version.encode(), platform.machine().encode(), _OPTIONS.encode()]
    return _base() / hashlib.sha256(b"\0".join(said)).hexdigest()[:16]


def _base() -> Path:
    own = os.environ.get("NUMBA_CACHE_DIR")
    if own:
        return Path(own)
    home = os.environ.get("XDG_CACHE_HOME") or (str(Path.home() / ".cache") if os.environ.get("HOME") else "")
    if home:
        wanted = Path(home) / "mttrlab"
        try:
            wanted.mkdir(parents=True, exist_ok=True)
        except OSError:
            pass
        else:
            if os.access(wanted, os.W_OK):
                return wanted
    return Path(tempfile.gettempdir()) / f"mttrlab-{os.getuid() if hasattr(os, 'getuid') else 'user'}"


_WORTH = 20_000_000
"""Numbers drawn in one process after which machine code for columns is compiled; the first call is not kept waiting."""

_LOADING = threading.Lock()
_LOADED: dict[str, ModuleType] = {}
_DRAWN: list[int] = []


def columns(numbers: int = 0) -> ModuleType | None:
    """Return the machine code that fills columns of luck, where the engine is in use and the code is there.

    Parameters
    ----------
    numbers : int
        How many are to be drawn. What is not compiled yet is compiled once enough were.
    """
    if "columns" not in _LOADED and "kernel" in _LOADED and numbers:
        _DRAWN.append(numbers)
        if sum(_DRAWN) >= _WORTH:
            _load("columns")
    return _LOADED.get("columns")


def load() -> None:
    """Load the engine, compiling it where that was never done."""
    _kernel()


def _kernel() -> ModuleType:
    if "kernel" not in _LOADED:
        folder = cache_folder()
        if not any(folder.rglob("*.nbi")):
            _LOG.log(_level(), "Compiling the simulator, once and for some seconds; it is kept in %s", folder)
        _load("kernel")
        if any(folder.rglob("numba_columns.rows*.nbi")):
            _load("columns")
    return _LOADED["kernel"]


def _load(name: str) -> None:
    from numba import config

    # numba's settings are set by name when it is imported; no type says so.
    settings: Any = config
    with _LOADING, paused():
        if name in _LOADED:
            return
        begin, before = time.perf_counter(), settings.CACHE_DIR
        # Read by numba where the functions are decorated; other users of numba keep their own folder.
        settings.CACHE_DIR = str(cache_folder())
        try:
            _LOADED[name] = roomy(importlib.import_module)(f"mttrlab.response.engines.numba_{name}")
        finally:
            settings.CACHE_DIR = before
        _LOG.info("The compiled engine's %s is loaded after %.1f s", name, time.perf_counter() - begin)


def _level() -> int:
    """Return how loud to be: a person who waits in front of a screen is told, a log file is not filled."""
    watched = "ipykernel" in sys.modules or bool(sys.stderr and sys.stderr.isatty())
    return logging.WARNING if watched else logging.INFO


# Room on Python's stack, for work that calls many small functions.


_Made = TypeVar("_Made")

_WORDS = 40_000


def roomy(function: Callable[..., _Made]) -> Callable[..., _Made]:
    """Return a function that does the same with room on the stack for all that it calls.

    Python asks the system for its stack in pieces of 16 kB, and gives a piece back as soon as the call that began it
    returns. Where a loop happens to stand at the end of a piece, every call of the loop asks and gives back: compiling
    the engine took a fifth longer for it, at some depths. A frame that says that it needs much is given a large piece,
    whose rest the frames above it use. Memory that nobody touches costs nothing.

    Examples
    --------
    >>> roomy(max)(1, 3)
    3
    """

    def run(*given: Any, **named: Any) -> _Made:
        return function(*given, **named)

    run.__code__ = run.__code__.replace(co_stacksize=_WORDS)
    return run


# Python's garbage collector, kept out of work that makes many objects and hardly any circles.


@contextmanager
def paused() -> Iterator[None]:
    """Look for no circles meanwhile: with a large program around it, looking takes longer than the work itself."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


@lru_cache(maxsize=1)
def entry() -> int:
    """Return the address by which machine code calls the engine."""
    made = _kernel().run.overloads
    (one,) = made.values()
    return int(one.library.get_pointer_to_function(one.fndesc.llvm_cfunc_wrapper_name))
