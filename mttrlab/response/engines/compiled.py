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
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from mttrlab.errors import ModelError
from mttrlab.response.engines.transition import (
    CALLS,
    INCIDENT,
    PARAMETERS,
    STATE,
    ParameterSets,
)
from mttrlab.response.model import responders
from mttrlab.response.model.responders import Pool

_LOG = logging.getLogger("mttrlab")
_SOURCES = (
    "engines/numba_kernel.py",
    "engines/transition.py",
    "model/responders.py",
)
"""What machine code is made from, in the folder of the room."""

_OPTIONS = "nogil=True, fastmath=False"


def numba_installed() -> bool:
    """Return whether numba is there to compile with."""
    try:
        return importlib.util.find_spec("numba") is not None
    except (ImportError, ValueError):
        # A hidden module: an entry of None in sys.modules.
        return False


def refusal(calls: int = 1) -> str | None:
    """Return why the compiled engine cannot run a model whose escalation calls so many people, or None: it can."""
    if numba_installed():
        if calls <= CALLS:
            return None
        return f"engine 'compiled' cannot run {calls} calls of an escalation (at most {CALLS}); use engine='simpy'"
    return "engine 'compiled' needs numba, which is not installed; install mttrlab[fast], or use engine='simpy'"


def run_compiled(
    x: np.ndarray,
    P: ParameterSets,  # noqa: N803
    bounds: np.ndarray,
    pools: tuple[Pool, ...],
    ends: np.ndarray | None = None,
    skippable: np.ndarray | None = None,
) -> np.ndarray:
    """Return what `simpy_engine.run_simpy` returns, every stamp the same.

    Parameters
    ----------
    ends : array of records, optional
        Written over; fresh memory would take longer than the run.
    skippable : array of int, optional
        Rows that need not run where they are alone, as `runs.isolated_noise` gives them.

    Raises
    ------
    ModelError
        Where numba is not installed.
    """
    reason = refusal()
    if reason is None and x.dtype != INCIDENT:
        reason = f"engine 'compiled' takes {CALLS} calls of an escalation at most; use engine='simpy'"
    if reason:
        raise ModelError(reason)
    kernel = _kernel()
    simulation = kernel.new_simulation(*responders.tables(pools), int(np.diff(bounds).max(initial=1)))
    settings, bounds = _settings(P), np.ascontiguousarray(bounds, dtype=np.int64)
    ends = np.empty(len(x), dtype=STATE) if ends is None else ends
    x, leave = np.ascontiguousarray(x), 0 if skippable is None else _address(skippable)
    kernel.run_replications(*map(_address, (x, ends, settings, simulation, bounds)), len(bounds) - 1, leave)
    return ends


def _address(memory: np.ndarray) -> int:
    """Return where an array lies."""
    return int(memory.ctypes.data)


@lru_cache(maxsize=256)
def _settings(sets: ParameterSets) -> np.ndarray:
    """Return parameter sets as records; made once for all spans, as Python's lock is held meanwhile."""
    return np.array([tuple(one) for one in sets], dtype=PARAMETERS)


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


_LOADING = threading.Lock()


@lru_cache(maxsize=1)
def _kernel() -> ModuleType:
    """Return the module of machine code, compiled where that was never done."""
    # numba's settings are set by name when it is imported; no type says so.
    from numba import config

    settings: Any = config
    folder = cache_folder()
    if not any(folder.rglob("*.nbi")):
        _LOG.log(_level(), "Compiling the simulator, once and for some seconds; it is kept in %s", folder)
    with _LOADING, gc_paused():
        begin, before = time.perf_counter(), settings.CACHE_DIR
        # Read by numba where the functions are decorated; other users of numba keep their own folder.
        settings.CACHE_DIR = str(folder)
        try:
            kernel = importlib.import_module("mttrlab.response.engines.numba_kernel")
        finally:
            settings.CACHE_DIR = before
        _LOG.info("The compiled engine is loaded after %.1f s", time.perf_counter() - begin)
    return kernel


def _level() -> int:
    """Return how loud to be: a person who waits in front of a screen is told, a log file is not filled."""
    watched = "ipykernel" in sys.modules or bool(sys.stderr and sys.stderr.isatty())
    return logging.WARNING if watched else logging.INFO


# Python's garbage collector, kept out of work that makes many objects and hardly any circles.


@contextmanager
def gc_paused() -> Iterator[None]:
    """Look for no circles meanwhile: with a large program around it, looking takes longer than the work itself."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
