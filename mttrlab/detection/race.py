"""Several delays made into one: the first of them, enough of them, or one of them by chance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import comb, inf

import numpy as np

from mttrlab.detection.delay import Delay
from mttrlab.errors import QuestionError


def fastest(delays: Sequence[Delay]) -> Delay:
    """Return the delay of whichever comes first, all independent of each other.

    Examples
    --------
    Two probes at random phases of a minute see an outage after a third of it:

    >>> round(fastest([Delay.uniform(0, 60)] * 2).mean, 9)
    20.0
    """
    running = [delay for delay in delays if delay.ever > 0]
    if not running:
        return Delay.never()
    end = min((float(d.knots[-1]) for d in running if d.ever == 1), default=inf)
    knots = np.concatenate([d.knots for d in running])
    knots = np.append(knots[knots < end], min(end, knots.max()))
    ever = 1 - float(np.prod([1 - d.ever for d in running]))

    def nobody_yet(at: np.ndarray) -> np.ndarray:
        return np.asarray(np.prod([d.survival(at) for d in running], axis=0))

    return Delay.from_survival(nobody_yet, knots, sum(d.nodes - 1 for d in running) + 1, ever)


def mixture(parts: Sequence[tuple[float, Delay]]) -> Delay:
    """Return the delay that is each part with its chance; the chances add up to 1.

    Examples
    --------
    >>> round(mixture([(0.8, Delay.point(2)), (0.2, Delay.point(30))]).mean, 9)
    7.6
    """
    total = sum(chance for chance, _ in parts)
    if any(chance < 0 for chance, _ in parts) or abs(total - 1) > 1e-9:
        raise QuestionError(f"the chances of a mixture must add up to 1; got {total:g}")
    kept = [(chance, delay) for chance, delay in parts if chance > 0]
    come = [delay for _, delay in kept if delay.ever > 0]
    if not come:
        return Delay.never()

    def still_out(at: np.ndarray) -> np.ndarray:
        return np.asarray(sum(chance * delay.survival(at) for chance, delay in kept))

    # A part that never comes has a knot at 0 that means nothing.
    knots = np.concatenate([delay.knots for delay in come])
    ever = 1.0 if all(d.ever == 1 for _, d in kept) else float(sum(chance * delay.ever for chance, delay in kept))
    return Delay.from_survival(_never_before(still_out, kept), knots, max(d.nodes for d in come), ever)


def _never_before(
    still_out: Callable[[np.ndarray], np.ndarray], kept: Sequence[tuple[float, Delay]]
) -> Callable[[np.ndarray], np.ndarray]:
    """A part that never comes survives throughout, whatever its knot says."""
    lost = sum(chance for chance, delay in kept if delay.ever == 0)
    early = [(chance, delay) for chance, delay in kept if delay.ever > 0]
    if not lost:
        return still_out
    return lambda at: np.asarray(lost + sum(chance * delay.survival(at) for chance, delay in early))


def quorum(delay: Delay, needed: int, of: int) -> Delay:
    """Return when `needed` of `of` independent copies have come.

    Examples
    --------
    >>> round(quorum(Delay.uniform(0, 60), 2, 2).mean, 9)
    40.0
    """
    if not 1 <= needed <= of:
        raise QuestionError(f"a quorum must be between 1 and the number of locations ({of}); got {needed}")

    def too_few(at: np.ndarray) -> np.ndarray:
        out = delay.survival(at)
        return np.asarray(sum(comb(of, n) * (1 - out) ** n * out ** (of - n) for n in range(needed)))

    ever = 1.0 if delay.ever == 1 else 1 - float(too_few(np.array([inf]))[0])
    return Delay.from_survival(too_few, delay.knots, (delay.nodes - 1) * of + 1, ever)
