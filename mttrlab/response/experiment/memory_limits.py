"""What a run will hold in memory, by estimate, and what this machine has left: what cannot be is refused at once."""

from __future__ import annotations

import math
import os
from pathlib import Path

from mttrlab.errors import ModelError
from mttrlab.response.experiment import runs as model_runs
from mttrlab.response.experiment.parallel import workers
from mttrlab.response.model.response_model import ResponseModel
from mttrlab.response.sampling.common_random_numbers import BLOCK

ROW_BYTES = 3_000
"""Of one incident as a row of a frame, and of the frames that it is put together from."""
HELD_BYTES = 2_400
"""Of one incident, or page that is none, while its replications run."""
OBJECT_BYTES = 3_200
"""What SimPy's objects add, of every one of the longest replication."""
KEPT_BYTES = 1_800
"""Of one incident, or page that is none, of a kept baseline and its last answer."""
MINUTES_BYTES = 8
"""Of one incident under one scenario, once its replication has run."""
DISK_BYTES = 150
"""Of one incident in a lab or a file, parts included; what was measured is about a third."""
_REPLICATION_BYTES = 80
_HOUR_BYTES = 48
_DEPLOYMENT_BYTES = 24
_SHARE = 0.8
_NO_LIMIT = 2**60


def free_memory() -> int:
    """Return the bytes of memory that may still be taken: of the machine, or of the container that it runs in."""
    return min(_machine(), *(_control_group(Path("/sys/fs/cgroup")) or [_NO_LIMIT]))


def _machine() -> int:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    try:
        return int(os.sysconf("SC_PHYS_PAGES")) * int(os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, OSError, ValueError):
        return 8 * 2**30


def _control_group(root: Path) -> list[int]:
    """Return what each limit of memory that containers set leaves; none where there is no limit."""
    found = []
    files = (("memory.max", "memory.current", ""), ("memory.limit_in_bytes", "memory.usage_in_bytes", "memory/"))
    for limit, usage, folder in files:
        try:
            most, taken = (int((root / folder / name).read_text()) for name in (limit, usage))
            stat = (root / folder / "memory.stat").read_text().split()
            # Pages of files that nobody needs are given back.
            spare = int(stat[stat.index("inactive_file") + 1]) if "inactive_file" in stat else 0
        except (OSError, ValueError):
            continue
        if most < _NO_LIMIT:
            found.append(max(most - taken + spare, 0))
    return found


def usable_memory() -> float:
    """Return the bytes that a run may take."""
    return free_memory() * _SHARE


def expected_rows(model: ResponseModel, days: float, layers: int = 0) -> float:
    """Return incidents, and pages that are none, of one replication on average.

    Parameters
    ----------
    layers : int
        Of further incidents that a scenario lets come, as `sampling.arrivals.layers` gives them.
    """
    return (model.per_day * (1 + layers) + (model.noise.per_day if model.noise else 0.0)) * days


def working_memory(
    model: ResponseModel, days: float, replications: int, *, n_jobs: int, engine: str, more: int = 0, layers: int = 0
) -> float:
    """Return the bytes that are held while replications run.

    Parameters
    ----------
    layers : int
        As for `expected_rows`.
    more : int
        Bytes of every incident beside.
    """
    one, block = expected_rows(model, days, layers), min(BLOCK, replications)
    held = max(one * block, min(model_runs.INCIDENTS_AT_ONCE * (1 + layers), one * replications)) * (HELD_BYTES + more)
    if engine == "simpy":
        held += one * OBJECT_BYTES
    if model.profile:
        held += days * 24 * _HOUR_BYTES
    if model.deployments:
        held += model.deployments.per_day * days * block * _DEPLOYMENT_BYTES
    return held * workers(n_jobs)


def refuse_working_memory(
    model: ResponseModel, days: float, replications: int, *, n_jobs: int, engine: str, more: int = 0, layers: int = 0
) -> float:
    """Refuse what memory cannot hold while it runs; return the bytes that this is."""
    held, room = (
        working_memory(model, days, replications, n_jobs=n_jobs, engine=engine, more=more, layers=layers),
        usable_memory(),
    )
    if held > room:
        block = min(BLOCK, replications)
        who = f" by each of {workers(n_jobs)} workers" if workers(n_jobs) > 1 else ""
        raise ModelError(
            f"{block} replication{'s' * (block > 1)} of {days:g} days hold about "
            f"{expected_rows(model, days, layers) * block:,.0f} incidents at once{who}, {gigabytes(held)} of memory, "
            f"and {gigabytes(room)} may be taken; ask for fewer days{' and more replications' if more else ''}"
            f"{' or fewer workers' if who else ''}"
        )
    return held


def max_comparable(
    model: ResponseModel,
    days: float,
    replications: int,
    scenarios: int,
    *,
    n_jobs: int,
    engine: str,
    fewest: int,
    layers: int = 0,
) -> int:
    """Return how many of these replications memory holds under all scenarios; refuse fewer than `fewest`.

    Parameters
    ----------
    scenarios : int
        How many, the baseline apart.
    """
    left = usable_memory() - refuse_working_memory(
        model, days, replications, n_jobs=n_jobs, engine=engine, layers=layers
    )
    # The minutes of all of them; each worker puts those of one together, and in order, and in a row per replication.
    incidents, together = model.per_day * (1 + layers) * days, 3 * min(workers(n_jobs), scenarios + 1)
    each = (scenarios + 1 + together) * incidents * MINUTES_BYTES + (scenarios + 1) * _REPLICATION_BYTES
    most = int(left / each)
    if min(most, replications) < fewest:
        raise ModelError(
            f"{_counted(scenarios, 'scenario')} beside the baseline over {_counted(fewest, 'replication')} of {days:g} "
            f"days, about {incidents * fewest:,.0f} incidents, need {gigabytes(each * fewest)} of memory, and "
            f"{gigabytes(left)} may be taken; ask for "
            + (f"at most {_round(most):,} replications" if most >= 1 else "fewer days")
            + ", or fewer scenarios at a time"
        )
    return min(most, replications)


def refuse_kept(model: ResponseModel, days: float, replications: int, *, engine: str, layers: int = 0) -> None:
    """Refuse a kept baseline that memory cannot hold."""
    expected, room = expected_rows(model, days, layers) * replications, usable_memory()
    needs = expected * KEPT_BYTES + (expected_rows(model, days, layers) * OBJECT_BYTES if engine == "simpy" else 0.0)
    if needs > room:
        raise ModelError(
            f"a kept baseline of {_counted(replications, 'replication')} of {days:g} days, about {expected:,.0f} "
            f"incidents, needs {gigabytes(needs)} of memory, and {gigabytes(room)} may be taken; ask for fewer "
            "replications or days, or use compare_scenarios, which keeps their minutes alone"
        )
    refuse_working_memory(model, days, replications, n_jobs=1, engine=engine, layers=layers)


def refuse_table(
    model: ResponseModel, days: float, replications: int, *, n_jobs: int, engine: str, layers: int = 0
) -> None:
    """Refuse a table that memory cannot hold, by estimate, before anything is allocated."""
    refuse_working_memory(model, days, replications, n_jobs=n_jobs, engine=engine, more=ROW_BYTES, layers=layers)
    expected, room = _incidents(model, days, replications, layers), usable_memory()
    needs = expected * ROW_BYTES
    if needs > room:
        raise ModelError(
            f"a table of about {expected:,.0f} incidents needs {gigabytes(needs)} of memory, and "
            f"{gigabytes(room)} may be taken; ask for fewer replications, or to='runs.parquet' or to=lab"
        )


def refuse_large_run(
    model: ResponseModel,
    days: float,
    replications: int,
    *,
    n_jobs: int,
    engine: str,
    layers: int = 0,
    free: int | None,
) -> None:
    """Refuse a run into a lab or a file that memory or disk cannot hold, by estimate.

    Parameters
    ----------
    free : int or None
        Bytes of the disk; None: not on a disk.
    """
    refuse_working_memory(model, days, replications, n_jobs=n_jobs, engine=engine, more=ROW_BYTES, layers=layers)
    needs = _incidents(model, days, replications, layers) * DISK_BYTES
    if free is not None and needs > free:
        raise ModelError(
            f"about {needs / DISK_BYTES:,.0f} incidents may need {gigabytes(needs)} of disk, and there "
            f"are {gigabytes(free)}; ask for fewer replications or name another place"
        )


def _incidents(model: ResponseModel, days: float, replications: int, layers: int) -> float:
    return model.per_day * (1 + layers) * float(days) * replications


def gigabytes(size: float) -> str:
    """Return a size as people read it.

    Examples
    --------
    >>> gigabytes(3 * 2**30), gigabytes(5e6)
    ('3.0 GB', '5 MB')
    """
    return f"{size / 2**30:,.1f} GB" if size >= 2**29 else f"{math.ceil(size / 2**20):,} MB"


def _counted(n: int, word: str) -> str:
    return f"{n:,} {word}{'s' * (n != 1)}"


def _round(n: int) -> int:
    """Return two leading digits of a number, never more than it."""
    step = int(10 ** max(len(str(n)) - 2, 0))
    return n // step * step
