"""More incidents than a baseline has: whole layers of them, each drawn as the baseline was, with luck of its own.

An organisation with 1.5 times as many incidents meets all those of the baseline, and half of one more layer. What
happens to the baseline's is the same whatever the number of layers, and a layer is the same whatever lies on it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from mttrlab.errors import ModelError
from mttrlab.response.laws import Floats
from mttrlab.response.luck import Ints, Luck
from mttrlab.response.model import ResponseModel
from mttrlab.response.special import most
from mttrlab.response.streams import stream

MOST_LAYERS = 20


@dataclass
class Grown(Luck):
    """The luck of a baseline and of layers of further incidents, in one order."""

    layers: tuple[Luck, ...] = ()
    """The baseline's first."""
    order: Ints | None = None
    """Incidents of all layers, one layer behind the other, by replication and arrival."""

    def uniform(self, decision: str, part: int = 0) -> Floats:
        """Return the kept uniforms of a decision, one per incident."""
        if (decision, part) not in self.kept:
            whole = self.joined(lambda one: one.uniform(decision, part))
            whole.setflags(write=False)
            self.kept[decision, part] = whole
        return np.asarray(self.kept[decision, part])

    def _turns(self, decision: str, turns: int) -> Floats:
        return np.stack([self.uniform(decision, part) for part in range(turns)])

    def joined(self, of: Callable[[Luck], np.ndarray]) -> np.ndarray:
        """Return a column of all layers in the common order."""
        return np.asarray(np.concatenate([of(one) for one in self.layers])[self.order])


def layers(*models: ResponseModel) -> int:
    """Return how many layers of further incidents these models need at most.

    Raises
    ------
    ModelError
        When incidents would come too many times as often.
    """
    needed = 0
    for model in models:
        changes = most(model, "deploys_factor", model.deploys_factor) * most(
            model, "failing_factor", model.failing_factor
        )
        factor = most(model, "arrivals_factor", model.arrivals_factor) * max(changes, 1.0)
        if factor > MOST_LAYERS + 1:
            raise ModelError(f"incidents would begin up to {factor:g} times as often; {MOST_LAYERS + 1} is the most")
        needed = max(needed, int(np.ceil(factor - 1e-12)) - 1)
    return needed


def grown(base: Luck, count: int, draw: Callable[[int], Luck]) -> Luck:
    """Return a baseline's luck with so many layers of further incidents.

    Parameters
    ----------
    base : Luck
        Without further incidents, or with fewer layers of them, which are taken over as they are.
    draw : callable
        The luck of the same replications, without noise, from a seed.
    """
    there = base.layers if isinstance(base, Grown) else (base,)
    if count < len(there):
        return base
    whole = (*there, *(draw(_seed(base.seed, k)) for k in range(len(there), count + 1)))
    replication, at = (np.concatenate([getattr(one, name) for one in whole]) for name in ("replication", "at"))
    order = np.lexsort((at, replication))
    return Grown(
        seed=base.seed,
        parts=base.parts,
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


def layer(luck: Luck) -> Ints | int:
    """Return which layer each incident is of; 0: the baseline's own."""
    if not isinstance(luck, Grown):
        return 0
    return np.repeat(np.arange(len(luck.layers)), [len(one) for one in luck.layers])[luck.order]


def spread(luck: Luck, base: Luck, values: Floats) -> Floats:
    """Return a number of each incident of `base` at its place in `luck`, which has more layers; NaN for the others."""
    made = np.full(len(luck), np.nan)
    made[layer(luck) < (len(base.layers) if isinstance(base, Grown) else 1)] = values
    return made


def cause(luck: Luck) -> Floats:
    """Return, per incident that another one brought, the draw that decided whether that one brings any; else NaN."""
    if isinstance(luck, Grown):
        return luck.joined(cause)
    columns = []
    for part in luck.parts:
        bring = stream(luck.seed, "burst", part.block).random(part.firsts)
        column = np.full(part.firsts, np.nan)
        if len(part.order):
            column = np.concatenate([column, bring[part.cause]])[part.order]
        columns.append(column)
    return np.concatenate(columns)[luck.skip :]


def _seed(seed: int, number: int) -> int:
    """Return the seed of a layer."""
    return int(stream(seed, "layer", number).integers(2**62))


def _keys(whole: tuple[Luck, ...]) -> list[Ints]:
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
    return replace(model, noise=None) if model.noise else model
