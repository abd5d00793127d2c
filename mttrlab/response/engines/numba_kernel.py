# ruff: noqa: N803, N806 - P is what the specification calls it
"""The compiled engine in machine code. `engines.compiled` loads it, and says where it is kept."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any, TypeVar

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils as _cgutils
from numba.extending import intrinsic

from mttrlab.response.engines import transition
from mttrlab.response.engines.transition import INCIDENT, PARAMETERS, STATE
from mttrlab.response.model import responders
from mttrlab.response.model.responders import FOREVER as _FOREVER

# What lies at an address: numbers to be read and written, functions to be called. A tuple of arrays would be a type
# of its own for every number of them, and a function that takes records one for every process that compiles it.


def _word(typing: Any, address: Any, i: Any) -> Any:
    def put(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(builder.gep(builder.inttoptr(args[0], ir.IntType(64).as_pointer()), [args[1]]))

    return numba.int64(numba.int64, numba.int64), put


word: Any = intrinsic(_word)
"""`word(address, i)` is number `i` of the whole ones that lie at an address."""


# Events and queues of the compiled engine: two binary heaps. `x` and `s` are the first incident's luck and state,
# `desk` the pools, as the function `desk` lays them down.


_Function = TypeVar("_Function", bound=Callable[..., Any])


_COMMON: dict[str, Any] = {"nogil": True, "error_model": "numpy", "no_rewrites": True}
_OPTIONS: dict[str, Any] = {**_COMMON, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def close(function: _Function) -> _Function:
    """Return a function that is put in place of each call."""
    made: _Function = numba.njit(**_OPTIONS, forceinline=True)(function)
    return made


def within(function: _Function) -> _Function:
    """Return a function that is written into its caller before it is compiled: one thing less to compile."""
    made: _Function = numba.njit(**_OPTIONS, inline="always")(function)
    return made


def one_kind(*arguments: Any) -> Any:
    """Return what compiles a function like `inner`, once, for these arguments; narrower numbers are widened."""
    return numba.njit(arguments, **_OPTIONS)


def inner(function: _Function) -> _Function:
    """Return a function compiled for other compiled ones alone; a door from Python would take half the time."""
    made: _Function = numba.njit(**_OPTIONS)(function)
    return made


# A plain 0 would be a type of its own, and every function that it is handed to would be compiled twice.
ROOT: Any = np.int64(0)
NOBODY: Any = np.int64(-1)
FOREVER: Any = np.int64(_FOREVER)

# What changes while a replication runs in the compiled engine: records in one piece of memory. numba hands over an
# array as eight words and looks long for the type of each place of it. A record is one word, and its fields have
# names, so the functions of this engine are given the first record of a row, and `row` finds the others. From outside
# come addresses.


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


@inner
def before(x: Any, s: Any, i: int, j: int) -> bool:
    """Return whether incident `i` comes before `j`: priority, since when it asks, number."""
    one, other = row(x, i), row(x, j)
    earlier: bool = one.key < other.key
    if one.priority != other.priority:
        earlier = one.priority < other.priority
    else:
        mine, yours = row(s, i), row(s, j)
        if mine.asked != yours.asked:
            earlier = mine.asked < yours.asked
    return earlier


def _at(dtype: np.dtype) -> Any:
    kind = numba.from_dtype(dtype)

    def found(typing: Any, address: Any) -> Any:
        def put(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.inttoptr(args[0], context.get_value_type(kind))

        return kind(address), put

    return intrinsic(found)


luck_at, state_at, plan_at, desk_at = _at(INCIDENT), _at(STATE), _at(PARAMETERS), _at(DESK)
"""`luck_at(address)` is the first of the records that lie at an address; so are the others."""


def _behind(dtype: np.dtype) -> Any:
    kind = numba.from_dtype(dtype)

    def found(typing: Any, desk: Any, where: Any, k: Any) -> Any:
        def put(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            begin = cgutils.pointer_add(builder, args[0], args[1], context.get_value_type(kind))
            return cgutils.gep(builder, begin, args[2])

        return kind(desk, where, k), put

    return intrinsic(found)


def desk(rules: np.ndarray, rows: np.ndarray, most: int) -> np.ndarray:
    """Return the memory for replications that follow each other.

    Parameters
    ----------
    rules, rows : arrays
        Pools and their steps as `responders.tables` gives them.
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


@inner
def rise(desk: Any, k: int, at: int, j: int) -> None:
    """Put incident `j` with its next event into place `k` of the heap, or further up."""
    while k > 0:
        up = (k - 1) >> 1
        above = event(desk, desk.heap, up)
        if above.at <= at:
            break
        here = event(desk, desk.heap, k)
        here.at = above.at
        here.who = above.who
        k = up
    here = event(desk, desk.heap, k)
    here.at = at
    here.who = j
    if k == 0:
        desk.soonest = at


@inner
def remove(desk: Any, k: int) -> None:
    """Take the event in place `k` away."""
    last = desk.events - 1
    desk.events = last
    moved = event(desk, desk.heap, last)
    at, j = moved.at, moved.who
    while True:
        down = 2 * k + 1
        if down >= last:
            break
        below = event(desk, desk.heap, down)
        if down + 1 < last:
            other = row(below, 1)
            if other.at < below.at:
                below = other
                down += 1
        if below.at >= at:
            break
        here = event(desk, desk.heap, k)
        here.at = below.at
        here.who = below.who
        if k == 0:
            desk.soonest = below.at
        k = down
    rise(desk, k, at, j)
    if last == 0:
        desk.soonest = FOREVER


@inner
def climb(x: Any, s: Any, desk: Any, pool: Any, k: int, j: int) -> None:
    """Put incident `j` into place `k` of a pool's queue, or further up."""
    while k > 0:
        up = (k - 1) >> 1
        above = place(desk, pool.queue, up).who
        if not before(x, s, j, above):
            break
        here = place(desk, pool.queue, k)
        here.who = above
        k = up
    here = place(desk, pool.queue, k)
    here.who = j


@inner
def join(x: Any, s: Any, desk: Any, pool: Any, j: int) -> None:
    """Put incident `j` into a pool's queue."""
    k = pool.waiting
    pool.waiting = k + 1
    climb(x, s, desk, pool, k, j)


@inner
def leave(x: Any, s: Any, desk: Any, pool: Any, k: int) -> None:
    """Take the incident in place `k` of a pool's queue away."""
    last = pool.waiting - 1
    pool.waiting = last
    j = place(desk, pool.queue, last).who
    while True:
        down = 2 * k + 1
        if down >= last:
            break
        below = place(desk, pool.queue, down).who
        if down + 1 < last:
            other = place(desk, pool.queue, down + 1).who
            if before(x, s, other, below):
                below = other
                down += 1
        if not before(x, s, below, j):
            break
        here = place(desk, pool.queue, k)
        here.who = below
        k = down
    climb(x, s, desk, pool, k, j)


pool_of, event, step, place = _behind(POOL), _behind(EVENT), _behind(STEP), _behind(PLACE)
"""`event(desk, where, k)` is event `k` of those that begin `where` bytes behind the desk; so are the others."""


# How pools settle in the compiled engine: who is sent home, who is granted, who finds no room. The rules are those
# of `simpy_engine`.


@inner
def _worst(x: Any, s: Any, desk: Any, pool: Any) -> int:
    """Return the least urgent incident that a person of the pool works on now; -1: none."""
    worst: int = NOBODY
    for k in range(pool.used):
        j = place(desk, pool.hold, k).who
        if row(s, j).working and (worst < 0 or before(x, s, worst, j)):
            worst = j
    return worst


@within
def _resume(now: int, j: int, s: Any, desk: Any) -> None:
    """Let incident `j` go on with the rest of what was interrupted."""
    sj = row(s, j)
    if sj.refused:
        sj.held = 0
    sj.waited += now - sj.since
    sj.end = now + sj.rest
    sj.rest = 0
    sj.working = 1 if sj.held else 0
    rise(desk, desk.events, sj.end, j)
    desk.events += 1


@within
def _turned_away(x: Any, s: Any, desk: Any, pool: Any) -> int:
    """Return the incident for which there is no room to wait; -1: there is."""
    j: int = NOBODY
    if pool.waiting > pool.room:
        last = ROOT
        j = place(desk, pool.queue, ROOT).who
        for k in range(1, pool.waiting):
            other = place(desk, pool.queue, k).who
            if before(x, s, j, other):
                last = k
                j = other
        leave(x, s, desk, pool, last)
        sj = row(s, j)
        sj.refused = 1
    return j


# One incident in the compiled engine: it does what the transition function says until something else comes first.


ASK, DONE, GIVE, WORK = (np.int64(one) for one in (transition.ASK, transition.DONE, transition.GIVE, transition.WORK))


def _names(module: ModuleType) -> dict[str, Any]:
    """Return what a module's functions find by name: each plain number would be a type of its own, looked up alone."""
    return {name: np.int64(value) if type(value) is int else value for name, value in vars(module).items()}


def _taken(function: Any, names: dict[str, Any], wrap: Any) -> Any:
    """Return a function compiled that finds `names`, and is found by its own name among them."""
    made = wrap(FunctionType(function.__code__, names, function.__name__))
    names[function.__name__] = made
    return made


_LIFE = {**_names(transition), **_names(transition)}

_taken(transition.hash_uniform, _LIFE, one_kind(numba.uint32, numba.int64, numba.int64))


for _callee in (
    transition.attempt_works,
    transition.attempt_time,
    transition.next_round,
    transition.call_next,
    transition.verify_fix,
):
    _taken(_callee, _LIFE, inner)


advance: Any = _taken(transition.advance, _LIFE, close)
people_at: Any = _taken(responders.people_at, {**_names(responders), "step": row}, inner)


@inner
def next_change(desk: Any) -> None:
    """Find the next change of any shift that somebody depends on."""
    desk.changes = FOREVER
    for p in range(desk.pools):
        pool = pool_of(desk, POOLS, p)
        if pool.change < desk.changes:
            desk.changes = pool.change


@inner
def look(now: int, week: int, desk: Any, pool: Any) -> None:
    """Read how many people of a pool are at work, and when that changes."""
    people, change = people_at(now, week, pool.count, step(desk, pool.steps, ROOT))
    pool.people = people
    pool.change = change
    next_change(desk)


@inner
def hold(desk: Any, pool: Any, j: int) -> None:
    """Give a person to incident `j`."""
    if pool.preemptive or pool.hands_over:
        here = place(desk, pool.hold, pool.used)
        here.who = j
    pool.used += 1


@inner
def release(desk: Any, pool: Any, j: int) -> None:
    """Take the person back."""
    pool.used -= 1
    if pool.preemptive or pool.hands_over:
        here = place(desk, pool.hold, ROOT)
        while here.who != j:
            here = row(here, 1)
        here.who = place(desk, pool.hold, pool.used).who


@inner
def _take(now: int, j: int, longer: int, x: Any, s: Any, desk: Any, pool: Any) -> None:
    """Take the person away from incident `j`, which goes back to the queue with the rest of its work."""
    sj = row(s, j)
    sj.rest = sj.end - now + longer
    sj.working = 0
    sj.since = now
    sj.interrupted += 1
    k = ROOT
    while event(desk, desk.heap, k).who != j:
        k += 1
    remove(desk, k)
    release(desk, pool, j)
    join(x, s, desk, pool, j)


@within
def _relieve(now: int, x: Any, s: Any, desk: Any, pool: Any) -> None:
    """Send home those who are no longer on shift, the least urgent work first."""
    while pool.hands_over and pool.used > pool.people:
        j = _worst(x, s, desk, pool)
        if j < 0:
            break
        _take(now, j, pool.handover, x, s, desk, pool)


@within
def _granted(now: int, x: Any, s: Any, desk: Any, pool: Any) -> int:
    """Return the incident that gets a person now; -1: none."""
    nobody: int = NOBODY
    if not pool.waiting:
        return nobody
    j: int = place(desk, pool.queue, ROOT).who
    if pool.used >= pool.people:
        worst = _worst(x, s, desk, pool) if pool.preemptive else NOBODY
        if worst < 0 or row(x, worst).priority <= row(x, j).priority:
            return nobody
        _take(now, worst, ROOT, x, s, desk, pool)
    leave(x, s, desk, pool, ROOT)
    hold(desk, pool, j)
    return j


@inner
def served(now: int, x: Any, s: Any, desk: Any) -> int:
    """Return the next incident that begins because pools settle now; -1: they have settled.

    Pools settle in their order: first those off shift go home, then people are granted, then the queue is cut. It goes
    on where the last call stopped, so that incidents begin at one place of the program: each more would hold the whole
    transition function once more, and take its time to compile.
    """
    nobody: int = NOBODY
    while True:
        if desk.serving == desk.pools:
            if not desk.dirty:
                desk.settling = 0
                return nobody
            desk.settling = 1
            desk.dirty = desk.serving = desk.stage = 0
        pool = pool_of(desk, POOLS, desk.serving)
        j: int = NOBODY
        if desk.stage == 0 and pool.settle:
            pool.settle = 0
            desk.stage = 1
            _relieve(now, x, s, desk, pool)
        if desk.stage == 1:
            j = _granted(now, x, s, desk, pool)
            if j < 0:
                desk.stage = 2
        if desk.stage == 2:
            j = _turned_away(x, s, desk, pool)
        if j < 0:
            desk.stage = 0
            desk.serving += 1
        elif row(s, j).rest:
            _resume(now, j, s, desk)
        else:
            return j


@within
def go(now: int, j: int, x: Any, s: Any, P: Any, desk: Any) -> int:
    """Let incident `j` do what it does at this instant, and later ones as long as nothing else happens first."""
    xj, sj = row(x, j), row(s, j)
    Pj = row(P, xj.parameter_set)
    sj.working = 0
    # Nothing that this incident does before it comes back here changes these.
    first = desk.arrives
    if desk.soonest < first:
        first = desk.soonest
    while True:
        command, lasts = advance(now, sj, xj, Pj)
        if lasts > 0:
            at = now + lasts
            if at < first and at < desk.changes and not desk.dirty and not desk.settling:
                now = at
                continue
            if command == WORK and sj.held:
                sj.working = 1
                sj.end = at
            rise(desk, desk.events, at, j)
            desk.events += 1
            return now
        if command == ASK:
            pool = pool_of(desk, POOLS, sj.pool)
            if pool.count > 1 and pool.change == FOREVER:
                look(now, Pj.day, desk, pool)
            alone = now < first and not desk.dirty and not desk.settling
            if alone and not pool.waiting and pool.used < pool.people:
                hold(desk, pool, j)
                continue
            sj.since = now
            sj.rest = 0
            join(x, s, desk, pool, j)
            pool.settle = desk.dirty = 1
            return now
        if command == GIVE:
            pool = pool_of(desk, POOLS, sj.pool)
            release(desk, pool, j)
            if pool.waiting:
                pool.settle = desk.dirty = 1
        elif command == DONE:
            desk.alive -= 1
            return now


# The event loop around the transition function, compiled. Imported through `compiled`, which sets where it is kept.
# The rules are those of `simpy_engine`: at each instant all events first, then pools settle. What differs is only that
# an incident whose next event is the earliest goes on without a queue.


_SIGNATURE: Any = numba.void(*[numba.int64] * 7)
"""Addresses, and one kind of record behind each: this is compiled once.

numba names a record type in machine code by a number that it got in the process that compiled it. Code for another
record, compiled beside code from the cache, may carry the same names, and the linker then mixes the two: a crash.
"""


def _for_python(function: _Function) -> _Function:
    """Return a function compiled for Python, for one kind of arguments, and kept on disk."""
    options: dict[str, Any] = {**_COMMON, "cache": True, "no_cfunc_wrapper": True}
    wrap: Callable[[_Function], _Function] = numba.njit(_SIGNATURE, **options)
    return wrap(function)


@within
def _turn(now: int, week: int, desk: Any) -> None:
    """Shifts begin or end; an idle pool stops looking at the clock."""
    for p in range(desk.pools):
        pool = pool_of(desk, POOLS, p)
        if pool.change == now:
            if pool.used or pool.waiting:
                look(now, week, desk, pool)
                pool.settle = desk.dirty = 1
            else:
                pool.change = FOREVER
    next_change(desk)


@inner
def _fresh(sj: Any) -> None:
    sj.started = sj.detected = sj.acknowledged = sj.diagnosed = sj.resolved = sj.verified = -1
    sj.first_resolved = sj.first_verified = sj.asked = -1
    sj.waited = sj.queued = sj.round = sj.attempt = sj.level = sj.transfers = sj.draw_index = 0
    sj.automated = sj.harmed = sj.wrong = sj.passed = sj.reopened = sj.refused = 0
    sj.interrupted = sj.held = sj.pool = sj.step = sj.since = sj.working = sj.end = sj.rest = 0


@inner
def _next(i: int, high: int, x: Any, s: Any, desk: Any) -> int:
    """Return the next incident from `i` that happens."""
    while i < high:
        xi = row(x, i)
        if xi.happens:
            desk.arrives = xi.at
            return i
        _fresh(row(s, i))
        i += 1
    desk.arrives = FOREVER
    return high


@within
def _begin(desk: Any) -> None:
    """Clear what the replication before has left."""
    desk.events = desk.dirty = desk.settling = desk.alive = desk.stage = 0
    desk.soonest = FOREVER
    desk.serving = desk.pools
    for p in range(desk.pools):
        pool = pool_of(desk, POOLS, p)
        pool.used = pool.waiting = pool.settle = 0
        pool.change = FOREVER
        pool.people = step(desk, pool.steps, ROOT).people
    next_change(desk)


@within
def _instant(desk: Any) -> int:
    """Return when something happens next."""
    now: int = desk.arrives
    if desk.soonest < now:
        now = desk.soonest
    if desk.changes < now:
        now = desk.changes
    return now


@_for_python
def run(incidents: int, states: int, settings: int, memory: int, bounds: int, replications: int, calm: int) -> None:
    """Fill the states of the incidents; replication r is rows `bounds[r]` to `bounds[r + 1]`.

    All but `replications` say where something lies.

    Parameters
    ----------
    incidents, states : records
        `x` and `s`, see `LUCK` and `STATE` of `transition`.
    settings : records
        `P`, one for every `x.parameter_set`.
    memory : records
        As `desk` gives it.
    bounds : whole numbers
    replications : int
    calm : whole numbers
        0, or per row an instant: where nothing is under way when it begins and nothing begins before that instant,
        it is left out, and its state stays as it is. 0: it is never left out.
    """
    x, s, P, desk = luck_at(incidents), state_at(states), plan_at(settings), desk_at(memory)
    for r in range(replications):
        high = word(bounds, r + 1)
        _begin(desk)
        i = _next(word(bounds, r), high, x, s, desk)
        now = _instant(desk)
        while now != FOREVER:
            if desk.changes == now:
                _turn(now, P.day, desk)
            while True:
                if desk.arrives == now:
                    j = i
                    i = _next(i + 1, high, x, s, desk)
                    if calm and not desk.alive and 0 < word(calm, j) <= desk.arrives:
                        continue
                    _fresh(row(s, j))
                    desk.alive += 1
                elif desk.soonest == now:
                    j = event(desk, desk.heap, ROOT).who
                    remove(desk, ROOT)
                elif desk.dirty or desk.settling:
                    j = served(now, x, s, desk)
                    if j < 0:
                        break
                else:
                    break
                now = go(now, j, x, s, P, desk)
            now = _instant(desk)
