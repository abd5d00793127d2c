"""A fault, and a small algebra of the delays until somebody knows it.

A delay is a survival function in polynomial pieces, so that uniforms stay exact: sums with uniforms, minima and quorums
of uniforms and fixed delays are piecewise polynomials, held as Legendre coefficients. Means and probabilities are
closed forms, not samples. Smooth laws (an exponential) are held to about 1e-12.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from math import comb, inf

import numpy as np

from mttrlab.errors import QuestionError
from mttrlab.schema import FAILURE_MODES, WEEK_MINUTES, WeekHours

_MOST_NODES = 40

_SURE = 1e-6
"""Chances that sum to 1 but for this: hours of the week are held to so many digits."""


@dataclass(frozen=True)
class Fault:
    """A failure that begins at once and stays as it is."""

    failure_mode: str = ""
    """One of FAILURE_MODES; empty: of the kind that the detector watches."""
    share: float = 1.0
    """Share of requests that fail (that are slow, for latency): the severity."""
    latency_ms: float | None = None
    """How slow the slow requests are, milliseconds; None: slower than any threshold."""
    duration_s: float = inf
    """When it ends by itself, seconds; a detector that is later has missed it."""
    hangs: bool = False
    """Whether failing requests hang until they time out."""
    baseline: float = 0.0
    """Share of requests that fail (are slow) on a normal day."""

    def __post_init__(self) -> None:
        if self.failure_mode not in ("", *FAILURE_MODES):
            modes = ", ".join(FAILURE_MODES)
            raise QuestionError(f"failure_mode must be one of {modes}, or empty; got {self.failure_mode!r}")
        for name in ("share", "baseline"):
            if not 0 <= getattr(self, name) <= 1:
                raise QuestionError(f"{name} of a fault must lie between 0 and 1; got {getattr(self, name)!r}")
        if not self.duration_s > 0:
            raise QuestionError(f"duration_s of a fault must be above 0; got {self.duration_s!r}")

    def shows_as(self) -> tuple[str, ...]:
        """Return the failure modes under which it can be seen: an outage and a failing dependency are errors too."""
        if self.failure_mode in ("availability", "dependency"):
            return (self.failure_mode, "error_rate")
        if self.failure_mode == "error_rate" and self.share == 1:
            return ("error_rate", "availability")
        return (self.failure_mode,) if self.failure_mode else FAILURE_MODES


@cache
def _rule(nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return Gauss nodes on [-1, 1] and the matrix from values there to Legendre coefficients."""
    at, weights = np.polynomial.legendre.leggauss(nodes)
    basis = np.polynomial.legendre.legvander(at, nodes - 1)
    return at, (basis * weights[:, None]).T * ((2 * np.arange(nodes) + 1) / 2)[:, None]


def _distinct(knots: np.ndarray) -> np.ndarray:
    """Sorted knots without those that rounding has set a hair apart."""
    rising = np.sort(knots)
    apart = np.diff(rising) > 1e-9 * max(1.0, abs(float(rising[-1])))
    return np.asarray(rising[np.concatenate([[True], apart])])


def _evaluate(rows: np.ndarray, knots: np.ndarray, times: np.ndarray) -> np.ndarray:
    piece = _piece(knots, times)
    at = 2 * (times - knots[piece]) / (knots[piece + 1] - knots[piece]) - 1
    return np.asarray(np.polynomial.legendre.legval(at, rows[piece].T, tensor=False))


def _length(seconds: float) -> float:
    if not (0 <= seconds < inf):
        raise QuestionError(f"a delay must be a finite number of at least 0; got {seconds!r}")
    return float(seconds)


def _piece(knots: np.ndarray, times: np.ndarray) -> np.ndarray:
    return np.searchsorted(knots, times, side="right") - 1


def _share(chance: float) -> float:
    if not 0 <= chance <= 1:
        raise QuestionError(f"a chance must lie between 0 and 1; got {chance!r}")
    return float(chance)


def first_time(delay: Delay, level: np.ndarray) -> np.ndarray:
    """Return the shortest time by which the delay has ended with each chance; infinite where it never has."""
    wanted = 1 - level
    if delay.ever == 0:
        return np.full(wanted.shape, inf)
    times, values = _outline(delay)
    # The first outline point that is low enough; values fall, searchsorted wants them to rise.
    first = np.searchsorted(-values, -(wanted + _HAIR), side="left")
    answer = np.where(wanted < 1 - delay.ever - _HAIR, inf, float(delay.knots[-1]))
    found = first < len(values)
    answer[found] = times[first[found]]
    inner = found & (first % _POINTS > 0)
    if inner.any():
        answer[inner] = _between(delay, times, values, first[inner], wanted[inner])
    return answer


@dataclass(frozen=True, eq=False)
class Delay:
    """How long something takes that may never come; seconds, unless the caller counts in something else."""

    knots: np.ndarray
    """Where the pieces meet, rising; before the first the survival is 1."""
    pieces: np.ndarray
    """Legendre coefficients of the survival function, one row per piece."""
    ever: float = 1.0
    """Chance that it comes at all."""

    @classmethod
    def point(cls, at: float, ever: float = 1.0) -> Delay:
        """Return a fixed delay.

        Examples
        --------
        >>> Delay.point(30.0).mean
        30.0
        """
        return cls(np.array([_length(at)]), np.empty((0, 1)), _share(ever))

    @classmethod
    def never(cls) -> Delay:
        """Return the delay of what never comes."""
        return cls.point(0.0, 0.0)

    @classmethod
    def uniform(cls, low: float, high: float) -> Delay:
        """Return a delay that lies anywhere between two ends.

        Examples
        --------
        >>> Delay.uniform(0, 60).mean
        30.0
        """
        return cls.point(low).plus_uniform(high - low)

    @classmethod
    def exponential(cls, mean: float) -> Delay:
        """Return a memoryless delay."""
        knots = _length(mean) * np.array([0, 0.5, 1, 2, 4, 7, 10, 14, 18, 23, 28, 34, 40])
        return cls.from_survival(lambda at: np.exp(-at / mean), knots, nodes=20)

    @classmethod
    def from_survival(
        cls, survival: Callable[[np.ndarray], np.ndarray], knots: Iterable[float], nodes: int, ever: float = 1.0
    ) -> Delay:
        """Return the delay with this survival function.

        Parameters
        ----------
        survival : callable
            P(delay > t) for an array of times.
        knots : iterable of float
            Where it bends or jumps; after the last it is 1 - `ever`.
        nodes : int
            Its degree between two knots, plus one.
        ever : float
            Chance that it comes at all.
        """
        places = _distinct(np.fromiter(knots, dtype=float))
        at, to_coefficients = _rule(min(max(nodes, 1), _MOST_NODES))
        middle, half = (places[1:] + places[:-1]) / 2, np.diff(places) / 2
        values = survival((middle[:, None] + half[:, None] * at).ravel()).reshape(len(middle), len(at))
        return cls(places, values @ to_coefficients.T, ever)

    @property
    def nodes(self) -> int:
        """Degree between two knots, plus one."""
        return int(self.pieces.shape[1])

    @property
    def lowest(self) -> float:
        """No delay is shorter."""
        return float(self.knots[0]) if self.ever else inf

    @property
    def highest(self) -> float:
        """No delay is longer; infinite where it may never come."""
        return float(self.knots[-1]) if self.ever == 1 else inf

    @property
    def mean(self) -> float:
        """Mean; infinite where it may never come."""
        return self.mean_if_ever if self.ever == 1 else inf

    @property
    def mean_if_ever(self) -> float:
        """Mean of the times at which it comes."""
        if self.ever == 0:
            return inf
        area = float(np.diff(self.knots) @ (self.pieces[:, 0] - (1 - self.ever))) / self.ever
        return float(self.knots[0]) + area

    @property
    def variance(self) -> float:
        """Variance; infinite where it may never come."""
        if self.ever < 1:
            return inf
        width, start = np.diff(self.knots), self.knots[0]
        middle = (self.knots[1:] + self.knots[:-1]) / 2 - start
        slope = self.pieces[:, 1] if self.nodes > 1 else np.zeros(len(width))
        second = 2 * float(width @ (middle * self.pieces[:, 0] + width * slope / 6))
        return max(second - (self.mean - float(start)) ** 2, 0.0)

    def survival(self, at: np.ndarray | float) -> np.ndarray:
        """Return P(delay > t)."""
        times = np.atleast_1d(np.asarray(at, dtype=float))
        inside = (times >= self.knots[0]) & (times < self.knots[-1])
        left = np.where(times < self.knots[0], 1.0, 1 - self.ever)
        if inside.any():
            left[inside] = np.clip(self._inside(times[inside]), 0.0, 1.0)
        return left

    def cdf(self, at: np.ndarray | float) -> np.ndarray:
        """Return P(delay <= t)."""
        return np.asarray(1 - self.survival(at))

    def quantile(self, level: np.ndarray | float) -> np.ndarray:
        """Return the shortest time by which it has come with this chance; infinite beyond `ever`.

        Given uniform numbers, these are draws.
        """

        return first_time(self, np.atleast_1d(np.asarray(level, dtype=float)))

    def sample(self, rng: np.random.Generator, size: int) -> np.ndarray:
        """Return `size` draws; infinite where it never comes."""
        return self.quantile(rng.random(size))

    def plus(self, extra: float) -> Delay:
        """Return this delay and a fixed one after it."""
        return Delay(self.knots + _length(extra), self.pieces, self.ever)

    def plus_uniform(self, width: float) -> Delay:
        """Return this delay and, independent of it, a wait that lies anywhere in 0 to `width`."""
        if _length(width) == 0:
            return self
        knots = np.concatenate([self.knots, self.knots + width])

        def moving_mean(at: np.ndarray) -> np.ndarray:
            return np.asarray((self._area(at) - self._area(at - width)) / width)

        return Delay.from_survival(moving_mean, knots, self.nodes + 1, self.ever)

    def thinned(self, chance: float) -> Delay:
        """Return the delay of what comes, when it comes at all, with this chance only."""
        pieces = self.pieces * _share(chance)
        pieces[:, 0] += 1 - chance
        # A knot of nothing would be a jump of nothing: where the chance is 0 it never comes.
        return Delay(self.knots, pieces, self.ever * chance) if chance else Delay.never()

    def _inside(self, times: np.ndarray) -> np.ndarray:
        return _evaluate(self.pieces, self.knots, times)

    def _area(self, times: np.ndarray) -> np.ndarray:
        """Integral of the survival function from 0."""
        width = np.diff(self.knots)
        start = self.knots[0]
        reached = np.concatenate([[start], start + np.cumsum(width * self.pieces[:, 0])])
        area = np.where(times < start, times, reached[-1] + (times - self.knots[-1]) * (1 - self.ever))
        inside = (times >= start) & (times < self.knots[-1])
        if inside.any():
            within = times[inside]
            piece = _piece(self.knots, within)
            rising = np.polynomial.legendre.legint(self.pieces, lbnd=-1, axis=1) * (width / 2)[:, None]
            area[inside] = reached[piece] + _evaluate(rising, self.knots, within)
        return area


# From a chance to the time by which something has come: the inverse of a delay's law.


_POINTS = 33
"""Outline points of a piece."""


_HAIR = 1e-13
"""Rounding of a chance."""


_SHARP = 1e-12
"""Relative width of a bracket that is an answer."""


def _outline(delay: Delay) -> tuple[np.ndarray, np.ndarray]:
    """Return times and survival at both ends of each piece and between them, never rising."""
    at = np.linspace(-1, 1, _POINTS)
    values = delay.pieces @ np.polynomial.legendre.legvander(at, delay.nodes - 1).T
    middle, half = (delay.knots[1:] + delay.knots[:-1]) / 2, np.diff(delay.knots) / 2
    times = (middle[:, None] + half[:, None] * at).ravel()
    return times, np.minimum.accumulate(np.clip(values.ravel(), 0.0, 1.0))


def _between(delay: Delay, times: np.ndarray, values: np.ndarray, first: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return where survival falls to what is wanted, just before outline points of their pieces (by halves)."""
    piece = first // _POINTS
    rows, start, width = delay.pieces[piece].T, delay.knots[piece], np.diff(delay.knots)[piece]
    low, high = times[first - 1], times[first]
    over, under = values[first - 1] - wanted, values[first] - wanted
    for turn in range(24):
        steep = over - under
        share = np.where(steep > 0, over / np.where(steep > 0, steep, 1.0), 1.0)
        # Every other turn halves the bracket: false position crawls where the law begins flat.
        middle = low + (np.clip(share, 0.0, 1.0) if turn % 2 == 0 else 0.5) * (high - low)
        value = np.polynomial.legendre.legval(2 * (middle - start) / width - 1, rows, tensor=False) - wanted
        late = value > _HAIR
        # The end that stays counts half, or one side would never move (the Illinois rule).
        over, under = np.where(late, value, over / 2), np.where(late, under / 2, value)
        low, high = np.where(late, middle, low), np.where(late, high, middle)
    # Where false position keeps one side, the bracket is still wide: halve it until the answer is sharp.
    while (wide := np.flatnonzero(high - low > _SHARP * np.maximum(high, 1.0))).size:
        middle = (low[wide] + high[wide]) / 2
        inside = 2 * (middle - start[wide]) / width[wide] - 1
        late = np.polynomial.legendre.legval(inside, rows[:, wide], tensor=False) - wanted[wide] > _HAIR
        low[wide], high[wide] = np.where(late, middle, low[wide]), np.where(late, high[wide], middle)
    return np.asarray(high)


# Several delays made into one: the first of them, enough of them, or one of them by chance.


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


def by_chance(parts: Sequence[tuple[float, Delay]]) -> Delay:
    """Return the delay that is each of several with its chance; with what is left of 1 it never comes.

    Examples
    --------
    >>> by_chance([(0.25, Delay.point(10)), (0.75, Delay.point(30))]).mean
    25.0
    """
    running = [(chance, delay) for chance, delay in parts if chance * delay.ever > 0]
    if len(running) < 2:
        return running[0][1].thinned(running[0][0]) if running else Delay.never()
    ever = float(sum(chance * delay.ever for chance, delay in running))
    ever = 1.0 if ever > 1 - _SURE else ever

    def not_yet(at: np.ndarray) -> np.ndarray:
        return np.asarray(1 - sum(chance * delay.cdf(at) for chance, delay in running))

    knots = np.concatenate([delay.knots for _, delay in running])
    return Delay.from_survival(not_yet, knots, max(delay.nodes for _, delay in running), ever)


Way = tuple[WeekHours | None, Delay]
"""A delay, and the hours in which it may begin; None: at all times."""


def through_the_week(parts: Sequence[Way]) -> Delay:
    """Return the delay of whichever comes first, where each is there in its own hours of the week only.

    What they notice begins at any minute of the week alike.
    """
    if all(hours is None for hours, _ in parts):
        return fastest([delay for _, delay in parts])
    there = np.stack([np.ones(WEEK_MINUTES) if hours is None else hours.minutes() for hours, _ in parts])
    patterns, minutes = np.unique(there, axis=1, return_counts=True)
    mixed = []
    for shares, n in zip(patterns.T, minutes, strict=True):
        # Hours that depend on the date are there in a share of the weeks.
        able = [delay.thinned(share) if share < 1 else delay for share, (_, delay) in zip(shares, parts, strict=True)]
        mixed.append((n / WEEK_MINUTES, fastest(able)))
    return by_chance(mixed)


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
