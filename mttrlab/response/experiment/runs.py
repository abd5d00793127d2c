"""What became of simulated incidents: whole columns, no frame."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from mttrlab.errors import ModelError
from mttrlab.response.engines import compiled, simpy_engine
from mttrlab.response.engines.transition import MICROSECONDS
from mttrlab.response.experiment.parallel import workers
from mttrlab.response.experiment.utilization import refuse_unstable_queue
from mttrlab.response.model import validation
from mttrlab.response.model.arrays import Floats, Ints
from mttrlab.response.model.response_model import ResponseModel
from mttrlab.response.sampling import arrivals
from mttrlab.response.sampling.arrivals import draw_arrivals
from mttrlab.response.sampling.common_random_numbers import BLOCK, MICROSECONDS_PER_DAY, RandomNumbers
from mttrlab.response.sampling.parameters import calls, parameter_sets, parameters, pools
from mttrlab.response.sampling.records import Records
from mttrlab.response.sampling.service_times import path_names, sample_service_times
from mttrlab.schema import CLOCK_ENDS

ENGINES = ("auto", "simpy", "compiled")


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Incidents of some replications after their run to the end."""

    records: Records
    ends: np.ndarray
    """One record of `layout.STATE` per row of `records.x`."""
    paths: tuple[str, ...]
    """Names that `path` counts."""
    horizon: int
    """Microseconds."""

    def column(self, name: str) -> Ints:
        """Return one field of the ends, one per incident."""
        return np.asarray(self.ends[name][self.records.place], dtype=np.int64)

    def path(self) -> Ints:
        """Return which of `paths` ended each incident, -1 where none did."""
        last = self.column("draw_index")
        return np.asarray(self.records.path[np.arange(len(self.records)), last])

    def minutes(self, measure: str) -> Floats:
        """Return each incident's minutes on a clock; NaN where it was prevented."""
        first, last = (stamp.removesuffix("_at") for stamp in CLOCK_ENDS[measure])
        begin = self.records.numbers.at if first == "started" else self.column(first)
        end = self.ends[last][self.records.place]
        return np.where(end >= 0, (end - begin) / MICROSECONDS, np.nan)


def engine_name(engine: str, *models: ResponseModel) -> str:
    """Return the engine that will run these models, simpy or compiled; refuse one that does not exist or cannot."""
    if not isinstance(engine, str) or engine not in ENGINES:
        raise ModelError(f"engine must be one of {', '.join(ENGINES)}; got {engine!r}")
    reason = compiled.refusal(max(map(calls, models))) if engine != "simpy" else None
    if engine == "auto":
        return "simpy" if reason else "compiled"
    if reason:
        raise ModelError(reason)
    return engine


def engine_why(asked: str, ran: str, *models: ResponseModel) -> str:
    """Return in words which engine ran, and why."""
    if asked != "auto":
        return f"{ran}, as asked"
    if ran == "compiled":
        return "compiled; numba is there, and the stamps are SimPy's own"
    return f"simpy; {compiled.refusal(max(map(calls, models)))}"


Span = tuple[int, int]
"""Replications from the first number up to, not including, the second."""

INCIDENTS_AT_ONCE = 60_000
"""Incidents that are held in memory together, where a span of replications may be cut."""


_MANY, _LAST = 4, 3
"""Pieces for each worker from which the last ones are cut, and in how many."""


def replication_spans(
    model: ResponseModel, days: float, replications: int, n_jobs: int = 1, first: int = 0
) -> list[Span]:
    """Return the pieces of work: whole blocks of replications, few enough incidents each, several for each worker.

    Parameters
    ----------
    first : int
        Number of the first replication.
    """
    validation.whole("replications", replications, 1, 10_000_000)
    days = validation.finite("days", days, open_low=True, high=1_000_000.0)
    blocks = -(-replications // BLOCK)
    fit = max(int(INCIDENTS_AT_ONCE / max(model.per_day * days * BLOCK, 1.0)), 1)
    # As many pieces for every worker, as long as each other, so that nobody waits for the last.
    turns = -(-blocks // (fit * workers(n_jobs)))
    pieces = min(turns * workers(n_jobs), blocks)
    # The last piece of every worker is cut again, so that they end together.
    fine = _LAST if turns >= _MANY and workers(n_jobs) > 1 else 1
    long = max(pieces - workers(n_jobs), 0)
    steps = [*range(0, fine * long, fine), *range(fine * long, fine * pieces + 1)]
    edges = sorted({k * blocks // (fine * pieces) * BLOCK for k in steps})
    return [(first + low, first + min(high, replications)) for low, high in itertools.pairwise(edges)]


def one_by_one(span: Span) -> list[Span]:
    """Return the replications of a span, one by one."""
    return [(k, k + 1) for k in range(*span)]


def numbers_between(
    model: ResponseModel,
    span: Span,
    *,
    days: float,
    seed: int,
    weekday: float = 0.0,
    layers: int | None = None,
    base: RandomNumbers | None = None,
    factor: float = np.inf,
) -> RandomNumbers:
    """Return the random numbers of a span of replications, the same whatever the span.

    Parameters
    ----------
    layers : int, optional
        Layers of further incidents, as `sampling.arrivals.layers` gives them; default those that this model needs.
    base : RandomNumbers, optional
        Of the same span with fewer layers: only those that it has not are drawn.
    factor : float, optional
        Further incidents that do not happen where there are so many times as many are left out.
    """
    block, skip = divmod(span[0], BLOCK)
    last, rest = divmod(span[1] - 1, BLOCK)
    return numbers_of_blocks(
        model, days=days, block=block, wanted=rest + 1, seed=seed, weekday=weekday, blocks=last - block + 1, skip=skip,
        layers=layers, base=base, factor=factor,
    )  # fmt: skip


def numbers_of_blocks(
    model: ResponseModel,
    *,
    days: float,
    block: int,
    wanted: int,
    seed: int,
    weekday: float = 0.0,
    blocks: int = 1,
    skip: int = 0,
    layers: int | None = None,
    base: RandomNumbers | None = None,
    factor: float = np.inf,
) -> RandomNumbers:
    """Return the random numbers of one block or several, for `run_model` under any scenario of the same model."""
    days = validation.finite("days", days, open_low=True, high=1_000_000.0)
    seed = validation.whole("seed", seed, 0, 2**63)
    wanted_of = partial(
        draw_arrivals, days=days, block=block, replications=wanted, weekday=weekday, blocks=blocks, skip=skip
    )  # fmt: skip
    own = arrivals.extra_layers(model)
    count = own if layers is None else layers
    bare = arrivals.without_noise(model)
    drawn = wanted_of(model, seed=seed) if base is None else base
    return arrivals.with_extra_layers(drawn, count, lambda other: wanted_of(bare, seed=other), factor, own + 1)


def run_model(
    model: ResponseModel,
    numbers: RandomNumbers,
    engine: str = "simpy",
    like: Outcomes | None = None,
    *,
    over: bool = False,
    skippable: np.ndarray | None = None,
) -> Outcomes:
    """Return what becomes of these incidents under `model`.

    Parameters
    ----------
    engine : str
        simpy or compiled.
    like : Outcomes, optional
        Of the same random numbers under another model, whose columns are taken over where the settings are the same.
    over : bool
        Write over the memory of `like`, which is lost.
    skippable : array, optional
        Noise that the compiled engine may leave out where it is alone, as `isolated_noise` gives it.
    """
    refuse_unstable_queue(model, numbers.horizon / MICROSECONDS_PER_DAY)
    records = sample_service_times(model, numbers, None if like is None else like.records, over=over)
    limits, people = parameter_sets(model, numbers.week), pools(model)
    if engine == "compiled":
        ends = compiled.run_compiled(
            records.x, limits, records.bounds, people, like.ends if over and like else None, skippable
        )
    else:
        ends = simpy_engine.run_simpy(records.x, limits, records.bounds, people)
    return Outcomes(records, ends, path_names(model), numbers.horizon)


def rerun(
    model: ResponseModel, numbers: RandomNumbers, baseline: ResponseModel, before: Outcomes, engine: str = "simpy"
) -> Outcomes:
    """Return the same as `run_model(model, numbers)`, with SimPy running only incidents that differ.

    Without a pool incidents do not meet, so one whose record is as it was in the baseline ends as it did.
    """
    then, now = (parameter_sets(each, numbers.week) for each in (baseline, model))
    if engine != "simpy" or pools(model) or pools(baseline) or then != now or len(before.ends) != len(numbers):
        return run_model(model, numbers, engine, before)
    records = sample_service_times(model, numbers, before.records)
    if records.x.dtype != before.records.x.dtype:
        return run_model(model, numbers, engine)
    rows = np.flatnonzero(records.x != before.records.x)
    ends = before.ends.copy()
    replication = numbers.replication[rows] - numbers.first
    bounds = np.searchsorted(replication, np.arange(numbers.replications + 1))
    ends[rows] = simpy_engine.run_simpy(records.x[rows], now, bounds, ())
    return Outcomes(records, ends, path_names(model), numbers.horizon)


def each_block(
    model: ResponseModel, *, days: float, replications: int, seed: int, weekday: float = 0.0, engine: str = "simpy"
) -> Iterator[Outcomes]:
    """Run span after span of replications; what is finished may be thrown away before the next."""
    for span in replication_spans(model, days, replications):
        yield run_model(model, numbers_between(model, span, days=days, seed=seed, weekday=weekday), engine)


# Pages that are no incident and meet none: a what-if need not run them again.


_MEET = ("calls", "ack_timeout", "delivery", "startup", "dusk", "dawn", "day", "pooled")
"""Parameters that a page that is no incident meets."""


def isolated_noise(before: Outcomes) -> Ints:
    """Return, per row of the records, the instant after the end of a noise page that nothing else overlapped; else 0.

    Such a page takes a person whom nobody wants and is in no table. Under other settings of the incidents it is the
    same again wherever it is alone again, which the engine sees when it begins.
    """
    x, ends, bounds = before.records.x, before.ends, before.records.bounds
    happens = x["happens"] == 1
    rows = np.flatnonzero(happens)
    over = np.where(ends["verified"] >= 0, ends["verified"], x["at"])[rows]
    begins = x["at"][rows]
    replication = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))[rows]
    # Each replication has a clock of its own: they are laid behind each other.
    apart = int(max(over.max(initial=0), begins.max(initial=0))) + 1
    begins, over = begins + replication * apart, over + replication * apart
    latest = np.concatenate([[-1], np.maximum.accumulate(over)[:-1]]) if len(over) else over
    following = np.append(begins[1:], np.iinfo(np.int64).max)
    alone = (x["noise"][rows] == 1) & (latest < begins) & (over < following)
    made = np.zeros(len(x), dtype=np.int64)
    made[rows[alone]] = ends["verified"][rows[alone]] + 1
    return made


def noise_unchanged(baseline: ResponseModel, changed: ResponseModel) -> bool:
    """Return whether a noise page that is alone lives as it did in the baseline."""
    one, other = (parameters(model) for model in (baseline, changed))
    same = all(getattr(one, name) == getattr(other, name) for name in _MEET)
    return (
        same
        and baseline.noise == changed.noise
        and baseline.noise_factor == changed.noise_factor
        and baseline.paging == changed.paging
        and baseline.types == changed.types
        and pools(baseline) == pools(changed)
    )
