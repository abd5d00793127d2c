"""More incidents than a baseline has: whole layers of them, each drawn as the baseline was, from streams of its own.

An organisation with 1.5 times as many incidents meets all those of the baseline, and half of one more layer. What
happens to the baseline's is the same whatever the number of layers, and a layer is the same whatever lies on it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from mttrlab.errors import ModelError
from mttrlab.response.model import deployments
from mttrlab.response.model.arrays import Floats, Ints
from mttrlab.response.model.response_model import ResponseModel
from mttrlab.response.model.settings import updated
from mttrlab.response.model.workflow import Bursts
from mttrlab.response.sampling import random_streams
from mttrlab.response.sampling.common_random_numbers import BLOCK, MICROSECONDS_PER_DAY, Block, RandomNumbers
from mttrlab.response.sampling.overrides import largest
from mttrlab.response.sampling.random_streams import in_order, stream

MAX_LAYERS = 20


def extra_layers(*models: ResponseModel) -> int:
    """Return how many layers of further incidents these models need at most.

    Raises
    ------
    ModelError
        When incidents would come too many times as often.
    """
    needed = 0
    for factor in map(largest_factor, models):
        if factor > MAX_LAYERS + 1:
            raise ModelError(f"incidents would begin up to {factor:g} times as often; {MAX_LAYERS + 1} is the most")
        needed = max(needed, int(np.ceil(factor - 1e-12)) - 1)
    return needed


def largest_factor(model: ResponseModel) -> float:
    """Return how many times as often as in the baseline incidents begin at most."""
    changes = largest(model, "deploys_factor", model.deploys_factor) * largest(
        model, "failing_factor", model.failing_factor
    )
    return largest(model, "arrivals_factor", model.arrivals_factor) * max(changes, 1.0)


@dataclass
class LayeredRandomNumbers(RandomNumbers):
    """The random numbers of a baseline and of layers of further incidents, in one order."""

    layers: tuple[RandomNumbers, ...] = ()
    """The baseline's first."""
    order: Ints | None = None
    """Incidents of all layers, one layer behind the other, by replication and arrival."""

    def uniform(self, decision: str, part: int = 0) -> Floats:
        """Return the kept uniforms of a decision, one per incident."""
        if (decision, part) not in self.cache:
            whole = self.joined(lambda one: one.uniform(decision, part))
            whole.setflags(write=False)
            self.cache[decision, part] = whole
        return np.asarray(self.cache[decision, part])

    def _turns(self, decision: str, turns: int) -> Floats:
        return np.stack([self.uniform(decision, part) for part in range(turns)])

    def joined(self, of: Callable[[RandomNumbers], np.ndarray]) -> np.ndarray:
        """Return a column of all layers in the common order."""
        return np.asarray(np.concatenate([of(one) for one in self.layers])[self.order])


def with_extra_layers(
    base: RandomNumbers, count: int, draw: Callable[[int], RandomNumbers], factor: float = np.inf, own: int = 1
) -> RandomNumbers:
    """Return a baseline's random numbers with so many layers of further incidents.

    Parameters
    ----------
    base : RandomNumbers
        Without further incidents, or with fewer layers of them, which are taken over as they are.
    draw : callable
        The random numbers of the same replications, without noise, from a seed.
    factor : float, optional
        Incidents of further layers that do not happen where there are so many times as many are left out.
    own : int
        Layers of the baseline itself, which stay whole.
    """
    there = base.layers if isinstance(base, LayeredRandomNumbers) else (base,)
    if count < len(there) and factor == np.inf:
        return base
    whole = (*there, *(draw(_seed(base.seed, k)) for k in range(len(there), count + 1)))
    replication, at = (np.concatenate([getattr(one, name) for one in whole]) for name in ("replication", "at"))
    order = np.lexsort((at, replication))
    if factor < np.inf:
        happens = [np.ones(len(one), dtype=bool) if k < own else one.uniform("growth") < factor - k
                   for k, one in enumerate(whole)]  # fmt: skip
        order = order[np.concatenate(happens)[order]]
    return LayeredRandomNumbers(
        seed=base.seed,
        blocks=base.blocks,
        replication=replication[order],
        key=np.concatenate(_keys(whole))[order],
        at=at[order],
        horizon=base.horizon,
        week=base.week,
        noise_at=base.noise_at,
        noise_replication=base.noise_replication,
        skip=base.skip,
        noise_skip=base.noise_skip,
        first=base.first,
        layers=whole,
        order=order,
    )


def extra_layer(numbers: RandomNumbers) -> Ints | int:
    """Return which layer each incident is of; 0: the baseline's own."""
    if not isinstance(numbers, LayeredRandomNumbers):
        return 0
    return np.repeat(np.arange(len(numbers.layers)), [len(one) for one in numbers.layers])[numbers.order]


def spread_over_layers(numbers: RandomNumbers, base: RandomNumbers, values: Floats, own: int) -> Floats:
    """Return a number of each incident of the first `own` layers of `base` at its place in `numbers`; else NaN."""
    made = np.full(len(numbers), np.nan)
    made[extra_layer(numbers) < own] = values[np.broadcast_to(extra_layer(base) < own, len(base))]
    return made


def triggering_draw(numbers: RandomNumbers) -> Floats:
    """Return, per incident that another one brought, the draw that decided whether that one brings any; else NaN."""
    if isinstance(numbers, LayeredRandomNumbers):
        return numbers.joined(triggering_draw)
    columns = []
    for part in numbers.blocks:
        bring = stream(numbers.seed, "burst", part.block).random(part.primary)
        column = np.full(part.primary, np.nan)
        if len(part.order):
            column = np.concatenate([column, bring[part.cause]])[part.order]
        columns.append(column)
    return np.concatenate(columns)[numbers.skip :]


def _seed(seed: int, number: int) -> int:
    """Return the seed of a layer."""
    return int(stream(seed, "layer", number).integers(2**62))


def _keys(whole: tuple[RandomNumbers, ...]) -> list[Ints]:
    """Return each layer's numbers of incidents: behind those of the layers before, replication by replication."""
    first, last = whole[0].first, whole[0].first + whole[0].replications
    before = np.zeros(last - first, dtype=np.int64)
    made = []
    for one in whole:
        place = one.replication - first
        made.append(one.key + before[place])
        before += np.bincount(place, minlength=last - first)
    return made


def without_noise(model: ResponseModel) -> ResponseModel:
    """Return the model whose arrivals a layer draws."""
    return updated(model, noise=None) if model.noise else model


# When incidents arrive, and pages that are none: drawn before any engine starts, block by block of replications.


_HOUR = 3_600_000_000


def draw_arrivals(
    model: ResponseModel,
    *,
    days: float,
    block: int,
    replications: int,
    seed: int,
    weekday: float = 0.0,
    blocks: int = 1,
    skip: int = 0,
) -> RandomNumbers:
    """Return the incidents of one block of replications, or of several that follow each other.

    Parameters
    ----------
    model : ResponseModel
        Only its arrivals matter: rates, hour-of-week profile, deployments, bursts, noise.
    days : float
        Horizon.
    block : int
        Number of the first block.
    replications : int
        How many of the last block's replications are wanted, at most `BLOCK`; the others' draws are skipped, not moved.
    seed : int
    weekday : float
        Hours since Monday 00:00 UTC at which the horizon begins.
    blocks : int
        How many blocks.
    skip : int
        Replications of the first block that are not wanted.
    """
    horizon = round(days * MICROSECONDS_PER_DAY)
    times, cumulative = _clock(model, horizon, weekday)
    wanted = [*[BLOCK] * (blocks - 1), replications]
    block_numbers = range(block, block + blocks)

    def when(u: Floats) -> Floats:
        begins = np.interp(u * cumulative[-1], cumulative, times)
        return np.asarray(np.minimum(begins, horizon - 1, out=begins))

    brought = model.bursts.share * model.bursts.mean if model.bursts else 0.0
    rate = model.per_day / (1 + brought) * cumulative[-1]
    sizes, at, replication, key = _instants(seed, ("arrivals", "arrival_time"), rate, block_numbers, wanted, when)
    parts = [Block(b, n, int(size)) for b, n, size in zip(block_numbers, wanted, sizes, strict=True)]
    if model.deployments or model.bursts:
        cuts = np.cumsum(sizes)[:-1]
        whole = zip(parts, np.split(at, cuts), np.split(replication, cuts), strict=True)
        made = [_block(model, part, begins, whose, horizon, seed, weekday) for part, begins, whose in whole]
        parts = [m[0] for m in made]
        at, replication = (np.concatenate([m[k] for m in made]) for k in (1, 2))
        key = _numbered(replication)
    noise_at = noise_replication = np.empty(0, dtype=np.int64)
    if model.noise:
        rate = model.noise.per_day * horizon / MICROSECONDS_PER_DAY
        pages, noise_at, noise_replication, _ = _instants(
            seed, ("noise", "noise_time"), rate, block_numbers, wanted, lambda u: u * horizon
        )
        parts = [replace(part, noise=int(n)) for part, n in zip(parts, pages, strict=True)]
    first = block * BLOCK + skip
    before, noise_before = (int(np.searchsorted(of, first)) for of in (replication, noise_replication))
    return RandomNumbers(
        seed=seed,
        blocks=tuple(parts),
        replication=replication[before:],
        key=key[before:],
        at=at[before:],
        horizon=horizon,
        week=round(weekday * _HOUR),
        noise_at=noise_at[noise_before:],
        noise_replication=noise_replication[noise_before:],
        skip=before,
        noise_skip=noise_before,
        first=first,
    )


def _instants(
    seed: int,
    decisions: tuple[str, str],
    mean: float,
    block_numbers: range,
    wanted: list[int],
    when: Callable[[Floats], Floats],
) -> tuple[Ints, Ints, Ints, Ints]:
    """Return how many each block has, and instants by replication, with their replications and numbers within these.

    Parameters
    ----------
    decisions : tuple of str
        Streams of how many, and of when.
    mean : float
        How many a replication has.
    wanted : list of int
        Replications of each block.
    when : callable
        Microseconds of the horizon for each uniform.
    """
    many, late = decisions
    each = [stream(seed, many, b).poisson(mean, BLOCK)[:n] for b, n in zip(block_numbers, wanted, strict=True)]
    sizes = np.array([n.sum() for n in each], dtype=np.int64)
    n = np.concatenate(each)
    # Each replication is a row that is sorted alone: one long sort takes three times as long.
    begins = in_order(when(random_streams.uniform(seed, late, 0, block_numbers, sizes)), n)
    return sizes, *random_streams.arrivals(begins, n, block_numbers[0] * BLOCK)


def _block(
    model: ResponseModel, part: Block, at: Ints, replication: Ints, horizon: int, seed: int, weekday: float
) -> tuple[Block, Ints, Ints]:
    """Return the incidents of one block, moved by deployments, and with those that they bring."""
    block = part.block
    if model.deployments and len(at):
        at = deployments.align_to_deployments(
            model.deployments, at, replication, _caused(model, block, len(at), seed),
            wanted=(block * BLOCK, part.replications, BLOCK), horizon=horizon, week=round(weekday * _HOUR),
            stream=partial(stream, seed, block=block),
        )  # fmt: skip
        if not model.bursts:
            order = np.lexsort((at, replication))
            part, at = replace(part, order=order), at[order]
    if model.bursts:
        part, at, replication = _with_others(model.bursts, part, at, replication, horizon, seed)
    return part, at, replication


def _caused(model: ResponseModel, block: int, n: int, seed: int) -> np.ndarray:
    """Return which incidents a change caused: the very draws that `fixes` and `draws` compare."""
    edges = np.cumsum(model.weights)
    kind = np.minimum(np.searchsorted(edges, stream(seed, "type", block).random(n), side="right"), len(edges) - 1)
    share = np.array([one.change_caused for one in model.types])[kind]
    return np.asarray(stream(seed, "change", block).random(n) < share)


def _with_others(
    bursts: Bursts, part: Block, at: Ints, replication: Ints, horizon: int, seed: int
) -> tuple[Block, Ints, Ints]:
    """Return the incidents with those that they bring, by replication and arrival."""
    bring = stream(seed, "burst", part.block).random(len(at)) < bursts.share
    u = stream(seed, "burst_size", part.block).random(len(at))
    more = 1 + (np.log1p(-u) / np.log1p(-1 / bursts.mean) if bursts.mean > 1 else np.zeros(len(u)))
    cause = np.repeat(np.arange(len(at)), np.where(bring, np.minimum(more, 1e4), 0).astype(np.int64))
    late = stream(seed, "burst_delay", part.block).random(len(cause)) * bursts.within * 60_000_000
    begins = at[cause] + late.astype(np.int64)
    inside = begins < horizon
    cause, begins = cause[inside], begins[inside]
    at, whose = np.concatenate([at, begins]), np.concatenate([replication, replication[cause]])
    order = np.lexsort((at, whose))
    return replace(part, secondary=len(cause), cause=cause, order=order), at[order], whose[order]


def _numbered(replication: Ints) -> Ints:
    if not len(replication):
        return replication
    first = np.flatnonzero(np.diff(replication, prepend=replication[0] - 1))
    return np.arange(len(replication)) - np.repeat(first, np.diff(first, append=len(replication)))


def _clock(model: ResponseModel, horizon: int, weekday: float) -> tuple[Floats, Floats]:
    """Return times (microseconds) and the mean days' worth of arrivals until each."""
    if not model.profile:
        return np.array([0.0, horizon]), np.array([0.0, horizon / MICROSECONDS_PER_DAY])
    weights = np.asarray(model.profile) / np.mean(model.profile)
    edges = np.arange(int(weekday), int(weekday + horizon / _HOUR) + 2, dtype=np.float64)
    since = np.concatenate([[0.0], np.cumsum(weights[edges[:-1].astype(np.int64) % 168])]) / 24.0
    times = np.clip((edges - weekday) * _HOUR, 0.0, float(horizon))
    worth = np.interp(times / _HOUR + weekday, edges, since)
    return times, worth - worth[0]
