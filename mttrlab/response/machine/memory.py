"""What changes while a replication runs in the compiled engine: records in one piece of memory.

numba hands over an array as eight words and looks long for the type of each place of it. A record is one word, and its
fields have names, so the functions of this engine are given the first record of a row, and `row` finds the others. From
outside come addresses.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numba.core import cgutils as _cgutils
from numba.extending import intrinsic

from mttrlab.response.layout import LUCK, PARAMETERS, STATE

# numba gives its tools no types.
cgutils: Any = _cgutils


def _whole(*names: str) -> np.dtype:
    return np.dtype([(name, "i8") for name in names], align=True)


DESK = _whole(
    "events", "soonest", "dirty", "changes", "arrives", "settling", "pools", "alive", "serving", "stage", "heap"
)
"""Events waiting; when the first of them is; whether a pool must settle; the next change of a shift; the next arrival;
whether pools are settling now; how many pools there are; incidents under way; which pool settles (all: none); how far
that one is (not begun, granting, cutting the queue); where the events lie, in bytes from here."""

POOL = _whole(
    "people", "used", "waiting", "change", "settle", "steps", "count", "preemptive", "hands_over", "handover", "room",
    "queue", "hold",
)  # fmt: skip
"""People, at work, waiting, next change of its shift, whether to settle; where its steps lie, how many there are; its
rules; where its queue and those who are worked on lie, in bytes from the desk."""

EVENT, STEP, PLACE = _whole("at", "who"), _whole("time", "people"), _whole("who")

POOLS: Any = np.int64(DESK.itemsize)
"""Where the pools lie, in bytes from the desk."""


def _row(typing: Any, one: Any, k: Any) -> Any:
    def put(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return cgutils.gep(builder, args[0], args[1])

    return one(one, k), put


row: Any = intrinsic(_row)
"""`row(one, k)` is the record that lies `k` places behind `one`."""


def _at(dtype: np.dtype) -> Any:
    kind = numba.from_dtype(dtype)

    def found(typing: Any, address: Any) -> Any:
        def put(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.inttoptr(args[0], context.get_value_type(kind))

        return kind(address), put

    return intrinsic(found)


luck_at, state_at, plan_at, desk_at = _at(LUCK), _at(STATE), _at(PARAMETERS), _at(DESK)
"""`luck_at(address)` is the first of the records that lie at an address; so are the others."""


def _behind(dtype: np.dtype) -> Any:
    kind = numba.from_dtype(dtype)

    def found(typing: Any, desk: Any, where: Any, k: Any) -> Any:
        def put(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            begin = cgutils.pointer_add(builder, args[0], args[1], context.get_value_type(kind))
            return cgutils.gep(builder, begin, args[2])

        return kind(desk, where, k), put

    return intrinsic(found)


pool_of, event, step, place = _behind(POOL), _behind(EVENT), _behind(STEP), _behind(PLACE)
"""`event(desk, where, k)` is event `k` of those that begin `where` bytes behind the desk; so are the others."""


def desk(rules: np.ndarray, rows: np.ndarray, most: int) -> np.ndarray:
    """Return the memory for replications that follow each other.

    Parameters
    ----------
    rules, rows : arrays
        Pools and their steps as `shifts.tables` gives them.
    most : int
        Incidents of the longest replication.
    """
    pools, wide = len(rules), np.dtype("i8").itemsize
    steps = int(POOLS) + pools * POOL.itemsize
    heap = steps + len(rows) * wide
    queues = heap + most * EVENT.itemsize
    size = queues + 2 * most * pools * PLACE.itemsize
    # Memory that is never touched costs nothing, so the longest replication's worth is asked for at once.
    made = np.empty(-(-size // DESK.itemsize), DESK)
    words = made.view(np.int64)
    words[: heap // wide] = 0
    words[steps // wide : heap // wide] = rows
    made["pools"][:1], made["heap"][:1] = pools, heap
    for p, (begins, *rule) in enumerate(rules.tolist()):
        mine = words[(int(POOLS) + p * POOL.itemsize) // wide :][: POOL.itemsize // wide].view(POOL)
        mine["steps"] = steps + begins * wide
        for name, value in zip(("count", "preemptive", "hands_over", "handover", "room"), rule, strict=True):
            mine[name] = value
        mine["queue"] = queues + 2 * most * p * PLACE.itemsize
        mine["hold"] = queues + (2 * p + 1) * most * PLACE.itemsize
    return made
