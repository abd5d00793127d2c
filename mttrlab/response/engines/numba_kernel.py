# ruff: noqa: N803, N806 - P is what the specification calls it
"""The event loop around the transition function, in machine code. `engines.compiled` loads it, and says where it lies.

The rules are those of `simpy_engine`: at each instant all events first, then pools settle. What differs is that an
incident whose next event is the earliest goes on without a queue. `run_replications` is the loop; what it calls
follows it, from the outside in: incidents, pools, queues, memory. At the end everything is compiled, once for each set
of sources.

`x`, `s` and `P` are the first records of the incidents' random numbers, of their states and of the parameter sets;
`sim` is what changes while a replication runs. All are addresses to the machine, and records with names to the reader.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from types import FunctionType, ModuleType
from typing import Any, TypeVar

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils as _cgutils
from numba.core.types import Type
from numba.core.typing.templates import Signature
from numba.extending import intrinsic

from mttrlab.response.engines import transition
from mttrlab.response.engines.transition import INCIDENT, PARAMETERS, STATE
from mttrlab.response.model import responders

Function = TypeVar("Function", bound=Callable[..., object])
Record = np.record
"""A record in memory: its fields have names, and the machine hands it over as one word."""

_COMMON: dict[str, Any] = {"nogil": True, "error_model": "numpy", "no_rewrites": True}
_OPTIONS: dict[str, Any] = {**_COMMON, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def inner(function: Function) -> Function:
    """Return a function compiled for other compiled ones alone; a door from Python would take half the time."""
    made: Function = numba.njit(**_OPTIONS)(function)
    return made


def within(function: Function) -> Function:
    """Return a function that is written into its only caller before it is compiled: one thing less to compile."""
    made: Function = numba.njit(**_OPTIONS, inline="always")(function)
    return made


def close(function: Function) -> Function:
    """Return a function that is put in place of each call."""
    made: Function = numba.njit(**_OPTIONS, forceinline=True)(function)
    return made


def int64(value: int) -> int:
    """Return a number of 64 bits: a plain one would be a type of its own, and what takes it compiled once more."""
    return np.int64(value)  # type: ignore[return-value]


FIRST, NOBODY, FOREVER = int64(0), int64(-1), int64(responders.FOREVER)
ASK, DONE, GIVE, WORK = (int64(one) for one in (transition.ASK, transition.DONE, transition.GIVE, transition.WORK))


# The loop.


def run_replications(
    incidents: int, states: int, settings: int, memory: int, bounds: int, replications: int, skippable: int
) -> None:
    """Fill the states of the incidents; replication r is rows `bounds[r]` to `bounds[r + 1]`.

    All but `replications` say where something lies.

    Parameters
    ----------
    incidents, states : records
        `x` and `s`, see `INCIDENT` and `STATE` of `transition`.
    settings : records
        `P`, one for every `x.parameter_set`.
    memory : records
        As `new_simulation` gives it.
    bounds : whole numbers
    replications : int
    skippable : whole numbers
        0, or per row an instant: where nothing is under way when it begins and nothing begins before that instant,
        it is left out, and its state stays as it is. 0: it is never left out.
    """
    x, s, P, sim = incident_at(incidents), state_at(states), parameters_at(settings), simulation_at(memory)
    for r in range(replications):
        high = word(bounds, r + 1)
        _reset(sim)
        i = _next_arrival(word(bounds, r), high, x, s, sim)
        now = _next_instant(sim)
        while now != FOREVER:
            if sim.shift_change == now:
                _change_shifts(now, P.day, sim)
            while True:
                if sim.arrival == now:
                    j = i
                    i = _next_arrival(i + 1, high, x, s, sim)
                    if skippable and not sim.under_way and 0 < word(skippable, j) <= sim.arrival:
                        continue
                    _reset_state(row(s, j))
                    sim.under_way += 1
                elif sim.soonest == now:
                    j = event(sim, sim.heap, FIRST).who
                    remove_event(sim, FIRST)
                elif sim.unsettled or sim.settling:
                    j = next_served(now, x, s, sim)
                    if j < 0:
                        break
                else:
                    break
                now = go(now, j, x, s, P, sim)
            now = _next_instant(sim)


@within
def _reset(sim: Record) -> None:
    """Clear what the replication before has left."""
    sim.events = sim.unsettled = sim.settling = sim.under_way = sim.stage = 0
    sim.soonest = FOREVER
    sim.serving = sim.pools
    for p in range(sim.pools):
        pool = pool_of(sim, POOLS, p)
        pool.used = pool.waiting = pool.settle = 0
        pool.shift_change = FOREVER
        pool.people = step(sim, pool.steps, FIRST).people
    find_shift_change(sim)


@inner
def _next_arrival(i: int, high: int, x: Record, s: Record, sim: Record) -> int:
    """Return the next incident from `i` that happens."""
    while i < high:
        xi = row(x, i)
        if xi.happens:
            sim.arrival = xi.at
            return i
        _reset_state(row(s, i))
        i += 1
    sim.arrival = FOREVER
    return high


@within
def _next_instant(sim: Record) -> int:
    """Return when something happens next."""
    now: int = sim.arrival
    if sim.soonest < now:
        now = sim.soonest
    if sim.shift_change < now:
        now = sim.shift_change
    return now


# One incident: it does what the transition function says until something else comes first.


@inner
def _reset_state(sj: Record) -> None:
    sj.started = sj.detected = sj.acknowledged = sj.diagnosed = sj.resolved = sj.verified = -1
    sj.first_resolved = sj.first_verified = sj.asked = -1
    sj.waited = sj.queued = sj.attempt = sj.level = sj.transfers = sj.draw_index = 0
    # NumPy's records have a method of that name.
    sj.round = 0  # type: ignore[assignment, method-assign]
    sj.automated = sj.harmed = sj.wrong = sj.passed = sj.reopened = sj.refused = 0
    sj.interrupted = sj.held = sj.pool = sj.step = sj.since = sj.working = sj.end = sj.rest = 0


@within
def go(now: int, j: int, x: Record, s: Record, P: Record, sim: Record) -> int:
    """Let incident `j` do what it does at this instant, and later ones as long as nothing else happens first."""
    xj, sj = row(x, j), row(s, j)
    Pj = row(P, xj.parameter_set)
    sj.working = 0
    # Nothing that this incident does before it comes back here changes these.
    first = sim.arrival
    if sim.soonest < first:
        first = sim.soonest
    while True:
        command, lasts = advance(now, sj, xj, Pj)
        if lasts > 0:
            at = now + lasts
            if at < first and at < sim.shift_change and not sim.unsettled and not sim.settling:
                now = at
                continue
            if command == WORK and sj.held:
                sj.working = 1
                sj.end = at
            put_event(sim, sim.events, at, j)
            sim.events += 1
            return now
        if command == ASK:
            pool = pool_of(sim, POOLS, sj.pool)
            if pool.count > 1 and pool.shift_change == FOREVER:
                read_shift(now, Pj.day, sim, pool)
            alone = now < first and not sim.unsettled and not sim.settling
            if alone and not pool.waiting and pool.used < pool.people:
                hold(sim, pool, j)
                continue
            sj.since = now
            sj.rest = 0
            join_queue(x, s, sim, pool, j)
            pool.settle = sim.unsettled = 1
            return now
        if command == GIVE:
            pool = pool_of(sim, POOLS, sj.pool)
            release(sim, pool, j)
            if pool.waiting:
                pool.settle = sim.unsettled = 1
        elif command == DONE:
            sim.under_way -= 1
            return now


@within
def _resume(now: int, j: int, s: Record, sim: Record) -> None:
    """Let incident `j` go on with the rest of what was interrupted."""
    sj = row(s, j)
    if sj.refused:
        sj.held = 0
    sj.waited += now - sj.since
    sj.end = now + sj.rest
    sj.rest = 0
    sj.working = 1 if sj.held else 0
    put_event(sim, sim.events, sj.end, j)
    sim.events += 1


# How pools settle: who is sent home, who is granted, who finds no room. The rules are those of `simpy_engine`.


@inner
def next_served(now: int, x: Record, s: Record, sim: Record) -> int:
    """Return the next incident that begins because pools settle now; -1: they have settled.

    Pools settle in their order: first those off shift go home, then people are granted, then the queue is cut. It goes
    on where the last call stopped, so that incidents begin at one place of the program: each more would hold the whole
    transition function once more, and take its time to compile.
    """
    nobody: int = NOBODY
    while True:
        if sim.serving == sim.pools:
            if not sim.unsettled:
                sim.settling = 0
                return nobody
            sim.settling = 1
            sim.unsettled = sim.serving = sim.stage = 0
        pool = pool_of(sim, POOLS, sim.serving)
        j: int = NOBODY
        if sim.stage == 0 and pool.settle:
            pool.settle = 0
            sim.stage = 1
            _send_home(now, x, s, sim, pool)
        if sim.stage == 1:
            j = _grant(now, x, s, sim, pool)
            if j < 0:
                sim.stage = 2
        if sim.stage == 2:
            j = _turn_away(x, s, sim, pool)
        if j < 0:
            sim.stage = 0
            sim.serving += 1
        elif row(s, j).rest:
            _resume(now, j, s, sim)
        else:
            return j


@within
def _send_home(now: int, x: Record, s: Record, sim: Record, pool: Record) -> None:
    """Send home those who are no longer on shift, the least urgent work first."""
    while pool.hands_over and pool.used > pool.people:
        j = _least_urgent(x, s, sim, pool)
        if j < 0:
            break
        _preempt(now, j, pool.handover, x, s, sim, pool)


@within
def _grant(now: int, x: Record, s: Record, sim: Record, pool: Record) -> int:
    """Return the incident that gets a person now; -1: none."""
    nobody: int = NOBODY
    if not pool.waiting:
        return nobody
    j: int = place(sim, pool.queue, FIRST).who
    if pool.used >= pool.people:
        worst = _least_urgent(x, s, sim, pool) if pool.preemptive else NOBODY
        if worst < 0 or row(x, worst).priority <= row(x, j).priority:
            return nobody
        _preempt(now, worst, FIRST, x, s, sim, pool)
    leave_queue(x, s, sim, pool, FIRST)
    hold(sim, pool, j)
    return j


@within
def _turn_away(x: Record, s: Record, sim: Record, pool: Record) -> int:
    """Return the incident for which there is no room to wait; -1: there is."""
    j: int = NOBODY
    if pool.waiting > pool.queue_limit:
        last = FIRST
        j = place(sim, pool.queue, FIRST).who
        for k in range(1, pool.waiting):
            other = place(sim, pool.queue, k).who
            if before(x, s, j, other):
                last = k
                j = other
        leave_queue(x, s, sim, pool, last)
        sj = row(s, j)
        sj.refused = 1
    return j


@inner
def _preempt(now: int, j: int, longer: int, x: Record, s: Record, sim: Record, pool: Record) -> None:
    """Take the person away from incident `j`, which goes back to the queue with the rest of its work."""
    sj = row(s, j)
    sj.rest = sj.end - now + longer
    sj.working = 0
    sj.since = now
    sj.interrupted += 1
    k = FIRST
    while event(sim, sim.heap, k).who != j:
        k += 1
    remove_event(sim, k)
    release(sim, pool, j)
    join_queue(x, s, sim, pool, j)


@inner
def _least_urgent(x: Record, s: Record, sim: Record, pool: Record) -> int:
    """Return the least urgent incident that a person of the pool works on now; -1: none."""
    worst: int = NOBODY
    for k in range(pool.used):
        j = place(sim, pool.held, k).who
        if row(s, j).working and (worst < 0 or before(x, s, worst, j)):
            worst = j
    return worst


@inner
def hold(sim: Record, pool: Record, j: int) -> None:
    """Give a person to incident `j`."""
    if pool.preemptive or pool.hands_over:
        here = place(sim, pool.held, pool.used)
        here.who = j
    pool.used += 1


@inner
def release(sim: Record, pool: Record, j: int) -> None:
    """Take the person back."""
    pool.used -= 1
    if pool.preemptive or pool.hands_over:
        here = place(sim, pool.held, FIRST)
        while here.who != j:
            here = row(here, 1)
        here.who = place(sim, pool.held, pool.used).who


# Shifts.


@within
def _change_shifts(now: int, week: int, sim: Record) -> None:
    """Shifts begin or end; an idle pool stops looking at the clock."""
    for p in range(sim.pools):
        pool = pool_of(sim, POOLS, p)
        if pool.shift_change == now:
            if pool.used or pool.waiting:
                read_shift(now, week, sim, pool)
                pool.settle = sim.unsettled = 1
            else:
                pool.shift_change = FOREVER
    find_shift_change(sim)


@inner
def read_shift(now: int, week: int, sim: Record, pool: Record) -> None:
    """Read how many people of a pool are at work, and when that changes."""
    people, change = people_at(now, week, pool.count, step(sim, pool.steps, FIRST))
    pool.people = people
    pool.shift_change = change
    find_shift_change(sim)


@inner
def find_shift_change(sim: Record) -> None:
    """Find the next change of any shift that somebody depends on."""
    sim.shift_change = FOREVER
    for p in range(sim.pools):
        pool = pool_of(sim, POOLS, p)
        if pool.shift_change < sim.shift_change:
            sim.shift_change = pool.shift_change


# Two binary heaps: events by their instant, and each pool's queue by urgency.


@inner
def put_event(sim: Record, k: int, at: int, j: int) -> None:
    """Put incident `j` with its next event into place `k` of the heap, or further up."""
    while k > 0:
        up = (k - 1) >> 1
        above = event(sim, sim.heap, up)
        if above.at <= at:
            break
        here = event(sim, sim.heap, k)
        here.at = above.at
        here.who = above.who
        k = up
    here = event(sim, sim.heap, k)
    here.at = at
    here.who = j
    if k == 0:
        sim.soonest = at


@inner
def remove_event(sim: Record, k: int) -> None:
    """Take the event in place `k` away."""
    last = sim.events - 1
    sim.events = last
    moved = event(sim, sim.heap, last)
    at, j = moved.at, moved.who
    while True:
        down = 2 * k + 1
        if down >= last:
            break
        below = event(sim, sim.heap, down)
        if down + 1 < last:
            other = row(below, 1)
            if other.at < below.at:
                below = other
                down += 1
        if below.at >= at:
            break
        here = event(sim, sim.heap, k)
        here.at = below.at
        here.who = below.who
        if k == 0:
            sim.soonest = below.at
        k = down
    put_event(sim, k, at, j)
    if last == 0:
        sim.soonest = FOREVER


@inner
def join_queue(x: Record, s: Record, sim: Record, pool: Record, j: int) -> None:
    """Put incident `j` into a pool's queue."""
    k = pool.waiting
    pool.waiting = k + 1
    _put_in_queue(x, s, sim, pool, k, j)


@inner
def leave_queue(x: Record, s: Record, sim: Record, pool: Record, k: int) -> None:
    """Take the incident in place `k` of a pool's queue away."""
    last = pool.waiting - 1
    pool.waiting = last
    j = place(sim, pool.queue, last).who
    while True:
        down = 2 * k + 1
        if down >= last:
            break
        below = place(sim, pool.queue, down).who
        if down + 1 < last:
            other = place(sim, pool.queue, down + 1).who
            if before(x, s, other, below):
                below = other
                down += 1
        if not before(x, s, below, j):
            break
        here = place(sim, pool.queue, k)
        here.who = below
        k = down
    _put_in_queue(x, s, sim, pool, k, j)


@inner
def _put_in_queue(x: Record, s: Record, sim: Record, pool: Record, k: int, j: int) -> None:
    """Put incident `j` into place `k` of a pool's queue, or further up."""
    while k > 0:
        up = (k - 1) >> 1
        above = place(sim, pool.queue, up).who
        if not before(x, s, j, above):
            break
        here = place(sim, pool.queue, k)
        here.who = above
        k = up
    here = place(sim, pool.queue, k)
    here.who = j


@inner
def before(x: Record, s: Record, i: int, j: int) -> bool:
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


# Memory: what changes while a replication runs, as records in one piece. numba hands over an array as eight words and
# looks long for the type of each place of it; a record is one word. Functions are given the first record of a row, and
# `row` finds the others.


def _of_words(*names: str) -> np.dtype:
    return np.dtype([(name, "i8") for name in names], align=True)


SIMULATION = _of_words(
    "events", "soonest", "unsettled", "shift_change", "arrival", "settling", "pools", "under_way", "serving", "stage",
    "heap",
)  # fmt: skip
"""Events waiting; when the first of them is; whether a pool must settle; the next change of a shift; the next arrival;
whether pools are settling now; how many pools there are; incidents under way; which pool settles (all: none); how far
that one is (not begun, granting, cutting the queue); where the events lie, in bytes from here."""

POOL = _of_words(
    "people", "used", "waiting", "shift_change", "settle", "steps", "count", "preemptive", "hands_over", "handover",
    "queue_limit", "queue", "held",
)  # fmt: skip
"""People, at work, waiting, next change of its shift, whether to settle; where its steps lie, how many there are; its
rules; where its queue and those who are worked on lie, in bytes from the simulation."""

EVENT, STEP, PLACE = _of_words("at", "who"), _of_words("time", "people"), _of_words("who")

POOLS = int64(SIMULATION.itemsize)
"""Where the pools lie, in bytes from the simulation."""


def new_simulation(rules: np.ndarray, rows: np.ndarray, most: int) -> np.ndarray:
    """Return the memory for replications that follow each other.

    Parameters
    ----------
    rules, rows : arrays
        Pools and their steps as `responders.tables` gives them.
    most : int
        Incidents of the longest replication.
    """
    pools, wide = len(rules), np.dtype("i8").itemsize
    steps = SIMULATION.itemsize + pools * POOL.itemsize
    heap = steps + len(rows) * wide
    queues = heap + most * EVENT.itemsize
    size = queues + 2 * most * pools * PLACE.itemsize
    # Memory that is never touched costs nothing, so the longest replication's worth is asked for at once.
    made = np.empty(-(-size // SIMULATION.itemsize), SIMULATION)
    words = made.view(np.int64)
    words[: heap // wide] = 0
    words[steps // wide : heap // wide] = rows
    made["pools"][:1], made["heap"][:1] = pools, heap
    for p, (begins, *rule) in enumerate(rules.tolist()):
        mine = words[(SIMULATION.itemsize + p * POOL.itemsize) // wide :][: POOL.itemsize // wide].view(POOL)
        mine["steps"] = steps + begins * wide
        for name, value in zip(("count", "preemptive", "hands_over", "handover", "queue_limit"), rule, strict=True):
            mine[name] = value
        mine["queue"] = queues + 2 * most * p * PLACE.itemsize
        mine["held"] = queues + (2 * p + 1) * most * PLACE.itemsize
    return made


# numba gives its tools no types.
cgutils: Any = _cgutils
Context = Any
Emit = Callable[[Context, ir.IRBuilder, Sequence[ir.Value]], ir.Value]
"""What writes LLVM's instructions, given the values that a function is called with."""


def _instructions(returns: Callable[..., Signature], emit: Emit) -> Callable[..., Any]:
    """Return a function of machine code that is written in LLVM's instructions.

    Parameters
    ----------
    returns : callable
        The signature for the types of the arguments.
    """

    def found(typing: object, *arguments: Type) -> tuple[Signature, Callable[..., ir.Value]]:
        return returns(*arguments), lambda context, builder, signature, args: emit(context, builder, args)

    # numba looks here for how many there are.
    first = inspect.Parameter("typing", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    arguments = inspect.signature(returns).parameters.values()
    found.__signature__ = inspect.Signature([first, *arguments])  # type: ignore[attr-defined]
    made: Callable[..., Any] = intrinsic(found)
    return made


def _record_at(dtype: np.dtype) -> Callable[..., Any]:
    kind = numba.from_dtype(dtype)
    return _instructions(
        lambda address: kind(address),
        lambda context, builder, args: builder.inttoptr(args[0], context.get_value_type(kind)),
    )


def _behind(dtype: np.dtype) -> Callable[..., Any]:
    kind = numba.from_dtype(dtype)

    def emit(context: Context, builder: ir.IRBuilder, args: Sequence[ir.Value]) -> ir.Value:
        begin = cgutils.pointer_add(builder, args[0], args[1], context.get_value_type(kind))
        return cgutils.gep(builder, begin, args[2])

    return _instructions(lambda sim, where, k: kind(sim, where, k), emit)


incident_at, state_at, parameters_at, simulation_at = map(_record_at, (INCIDENT, STATE, PARAMETERS, SIMULATION))
"""`incident_at(address)` is the first of the records that lie at an address; so are the others."""

pool_of, event, step, place = map(_behind, (POOL, EVENT, STEP, PLACE))
"""`event(sim, where, k)` is event `k` of those that begin `where` bytes behind the simulation; so are the others."""

row = _instructions(lambda one, k: one(one, k), lambda context, builder, args: cgutils.gep(builder, args[0], args[1]))
"""`row(one, k)` is the record that lies `k` places behind `one`."""

word = _instructions(
    lambda address, i: numba.int64(address, i),
    lambda context, builder, args: builder.load(
        builder.gep(builder.inttoptr(args[0], ir.IntType(64).as_pointer()), [args[1]])
    ),
)
"""`word(address, i)` is number `i` of the whole ones that lie at an address."""


# The transition function compiled, and with it the loop.


def _names(module: ModuleType) -> dict[str, Any]:
    """Return what a module's functions find by name: each plain number would be a type of its own, looked up alone."""
    return {name: np.int64(value) if type(value) is int else value for name, value in vars(module).items()}


def _compiled(function: Callable[..., object], names: dict[str, Any], wrap: Callable[..., Any]) -> Any:
    """Return a function compiled that finds `names`, and is found by its own name among them."""
    assert isinstance(function, FunctionType)
    made = names[function.__name__] = wrap(FunctionType(function.__code__, names, function.__name__))
    return made


_TRANSITION = _names(transition)

# One kind of number, to which narrower ones are widened, so that it is compiled once.
_compiled(transition.hash_uniform, _TRANSITION, numba.njit((numba.uint32, numba.int64, numba.int64), **_OPTIONS))

for _callee in (
    transition.attempt_works,
    transition.attempt_time,
    transition.next_round,
    transition.call_next,
    transition.verify_fix,
):
    _compiled(_callee, _TRANSITION, inner)

advance = _compiled(transition.advance, _TRANSITION, close)
people_at = _compiled(responders.people_at, {**_names(responders), "step": row}, inner)

# Addresses, and one kind of record behind each: this is compiled once. numba names a record type in machine code by a
# number that it got in the process that compiled it. Code for another record, compiled beside code from the cache, may
# carry the same names, and the linker then mixes the two: a crash.
_FOR_PYTHON: dict[str, Any] = {**_COMMON, "cache": True, "no_cfunc_wrapper": True}
_ADDRESSES: Any = numba.void(*[numba.int64] * 7)
run_replications = numba.njit(_ADDRESSES, **_FOR_PYTHON)(run_replications)
