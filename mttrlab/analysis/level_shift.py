"""One change of level in a series of months: whether there is one, when it came, how large it is.

Months, not incidents, are what chance reorders: months that scatter together (a bad release, a hard season) would
make any test of single incidents call changes that are none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import special

LEAST_UNITS = 2
"""Months (or weeks) on either side of a split."""
LEAST_WEIGHT = 0.02
"""Share of all weight on either side of a split."""
STRETCH_UNITS = (4, 12)
"""Shortest and longest stretch that may have its own level before things return."""


@dataclass(frozen=True)
class UnitMeans:
    """One measure, month by month (or week by week)."""

    mean: np.ndarray
    """Mean of each unit; anything where the weight is 0."""
    weight: np.ndarray
    """Inverse variance of the mean; 0 without an incident."""
    within: float = 1.0
    """Variance of one value within a unit."""
    between: float = 0.0
    """Variance of the units' true means around a common level."""


def unit_means(values: np.ndarray, unit: np.ndarray, units: int) -> UnitMeans:
    """Return the means of the units, weighted by how well each is known.

    Parameters
    ----------
    values : ndarray
        One per incident.
    unit : ndarray of int
        Unit of each incident, from 0.
    units : int
        Units in the window.

    Notes
    -----
    Variance between the units by R. DerSimonian and N. Laird, *Meta-analysis in clinical trials*, Controlled Clinical
    Trials 7 (1986).
    """
    n, mean, within = _within(values, unit, units)
    if not within > 1e-18:
        return UnitMeans(mean, np.where(n > 0, 1.0, 0.0), 1.0, 0.0)
    between = _between(mean, n, within)
    weight = np.where(n > 0, 1 / (between + within / np.maximum(n, 1)), 0.0)
    return UnitMeans(mean, weight, within, between)


def _within(values: np.ndarray, unit: np.ndarray, units: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Return the count and the mean of each unit, and the variance of a value within its unit."""
    n = np.bincount(unit, minlength=units).astype(float)
    mean = np.bincount(unit, values, units) / np.maximum(n, 1)
    freedom = max(float(np.maximum(n - 1, 0).sum()), 1.0)
    return n, mean, float(((values - mean[unit]) ** 2).sum()) / freedom


def _between(mean: np.ndarray, n: np.ndarray, within: float, used: int = 1) -> float:
    """Return the variance between units; `used`: levels that were fitted to them."""
    w = n / within
    total = float(w.sum())
    excess = float((w * (mean - float((w * mean).sum()) / total) ** 2).sum()) - (int((n > 0).sum()) - used)
    scale = total - float((w**2).sum()) / total
    return max(0.0, excess / scale) if scale > 0 else 0.0


def means_of_counts(counts: np.ndarray) -> UnitMeans:
    """Return counts of incidents as a series of one variance (F. J. Anscombe, Biometrika 35, 1948)."""
    return UnitMeans(2 * np.sqrt(counts + 3 / 8), np.ones(len(counts)))


class Found(NamedTuple):
    """The clearest split or stretch of a series, and how clear it is."""

    statistic: np.ndarray
    """Square root of what it explains; 0 where no place is allowed."""
    first: np.ndarray
    """First unit of the other level."""
    last: np.ndarray
    """First unit after it; the number of units where it lasts to the end."""


def best_split(mean: np.ndarray, weight: np.ndarray) -> Found:
    """Return the clearest split of each series; the last axis is time.

    Examples
    --------
    >>> found = best_split(np.array([1.0, 1, 1, 3, 3, 3]), np.ones(6))
    >>> int(found.first), round(float(found.statistic) ** 2, 6)
    (3, 6.0)
    """
    units = mean.shape[-1]
    total, centred = _centred(mean, weight)
    low = np.cumsum(weight, axis=-1)[..., LEAST_UNITS - 1 : units - LEAST_UNITS]
    sums = np.cumsum(centred, axis=-1)[..., LEAST_UNITS - 1 : units - LEAST_UNITS]
    return _clearest_split(_gain(sums, low, total), units)


def best_stretch(mean: np.ndarray, weight: np.ndarray) -> Found:
    """Return the clearest stretch with a level of its own, between two units at least on either side."""
    units = mean.shape[-1]
    total, centred = _centred(mean, weight)
    zero = np.zeros((*mean.shape[:-1], 1))
    weights = np.concatenate([zero, np.cumsum(weight, axis=-1)], axis=-1)
    sums = np.concatenate([zero, np.cumsum(centred, axis=-1)], axis=-1)
    shortest, longest = STRETCH_UNITS
    pairs = [
        (first, first + length)
        for length in range(shortest, longest + 1)
        for first in range(LEAST_UNITS, units - LEAST_UNITS - length + 1)
    ]
    first, last = np.array(pairs, dtype=int).reshape(-1, 2).T
    inside, moved = weights[..., last] - weights[..., first], sums[..., last] - sums[..., first]
    return _clearest(_gain(moved, inside, total), first, last, units)


def best_mix_split(counts: np.ndarray) -> Found:
    """Return the split after which other kinds happen: chi-square of (before, after) by kind; axes are time, kind."""
    units = counts.shape[-2]
    before = np.cumsum(counts, axis=-2)[..., LEAST_UNITS - 1 : units - LEAST_UNITS, :]
    whole = counts.sum(axis=-2)[..., None, :]
    n, total = before.sum(axis=-1), whole.sum(axis=-1)
    after = total - n
    # Of a table of two rows: sum over kinds of (a m - b n)^2 / ((a + b) n m).
    apart = before * after[..., None] - (whole - before) * n[..., None]
    scale = whole * n[..., None] * after[..., None]
    chi = (apart**2 / np.maximum(scale, 1e-300)).sum(axis=-1)
    return _clearest_split(np.where(_heavy(n, total), chi, 0.0), units)


def _centred(mean: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the whole weight, and each unit's weighted distance from the common level."""
    total = weight.sum(axis=-1, keepdims=True)
    return total, weight * (mean - (weight * mean).sum(axis=-1, keepdims=True) / np.maximum(total, 1e-300))


def _heavy(part: np.ndarray, total: np.ndarray) -> np.ndarray:
    """Return whether a part and the rest both weigh enough to have a level."""
    return np.asarray((part >= LEAST_WEIGHT * total) & (total - part >= LEAST_WEIGHT * total))


def _gain(moved: np.ndarray, part: np.ndarray, total: np.ndarray) -> np.ndarray:
    """Return the squares that a level of its own saves for a part of this weight, 0 where it weighs too little."""
    return np.where(_heavy(part, total), moved**2 * total / np.maximum(part * (total - part), 1e-300), 0.0)


def _clearest_split(gain: np.ndarray, units: int) -> Found:
    first = np.arange(gain.shape[-1]) + LEAST_UNITS
    return _clearest(gain, first, np.full(len(first), units), units)


def _clearest(gain: np.ndarray, first: np.ndarray, last: np.ndarray, units: int) -> Found:
    """Return the place with the largest gain, of the places that begin and end so; the last axis is the place."""
    if not len(first):
        nothing = np.zeros(gain.shape[:-1])
        return Found(nothing, nothing.astype(int), nothing.astype(int) + units)
    chosen = gain.argmax(axis=-1)
    largest = np.take_along_axis(gain, chosen[..., None], axis=-1)[..., 0]
    return Found(np.sqrt(largest), first[chosen], last[chosen])


Series = UnitMeans | np.ndarray
"""Means of a measure, or counts of kinds (units by kinds)."""


def random_orders(units: int, permutations: int, seed: int) -> np.ndarray:
    """Return orders of the units, one a row; all measures are put into the same orders."""
    rng = np.random.default_rng(seed)
    return rng.permuted(np.broadcast_to(np.arange(units), (permutations, units)), axis=1)


def follow_each_other(series: Sequence[UnitMeans]) -> float:
    """Return how much neighbouring months resemble each other, after each series' best split.

    Mean over the series of the correlation of neighbouring months' rests, corrected for its bias (3.5 / months).
    """
    found = []
    for one in series:
        units = len(one.mean)
        known = one.weight > 0
        if known.sum() < 4:
            continue
        first = int(best_split(one.mean, one.weight).first)
        rest = np.zeros(units)
        for part in (np.arange(units) < first, np.arange(units) >= first):
            weight = one.weight * part
            if weight.sum() > 0:
                rest[part] = one.mean[part] - float((weight * one.mean).sum() / weight.sum())
        pairs = known[1:] & known[:-1]
        square = float((rest[known] ** 2).mean())
        if square > 1e-18 and pairs.any():
            found.append(float((rest[1:] * rest[:-1])[pairs].mean()) / square + 3.5 / units)
    return float(np.mean(found)) if found else 0.0


def guard(correlation: float) -> float:
    """Return by what a statistic is divided where months follow each other: 1 where they do not."""
    return math.sqrt(1 + 4 * max(0.0, correlation - 0.09))


class Called(NamedTuple):
    """What a family of series says together."""

    found: list[Found]
    """The clearest place of each."""
    p: np.ndarray
    """How often chance shows as clear a change in any measure of the family; stepped down, one per series."""


def family(series: Sequence[Series], orders: np.ndarray, shrink: np.ndarray, *, stretch: bool = False) -> Called:
    """Return the clearest change of each series and how often whole months in random order show as clear a one.

    Parameters
    ----------
    series : sequence
        Means or counts over the same units.
    orders : ndarray
        As `random_orders` gives them.
    shrink : ndarray
        By what each series' own statistic is divided (`guard`); the random orders are not.
    stretch : bool
        Look for a stretch with its own level instead of a split.

    Notes
    -----
    P. H. Westfall and S. S. Young, *Resampling-Based Multiple Testing* (1993), on each statistic less its mean over
    the orders, in their standard deviations: measures of few incidents count as much as those of many.
    """

    def ask(one: Series, order: np.ndarray | None) -> Found:
        if isinstance(one, UnitMeans):
            mean, weight = (a if order is None else a[order] for a in (one.mean, one.weight))
            return (best_stretch if stretch else best_split)(mean, weight)
        return best_mix_split(one if order is None else one[order])

    found = [ask(one, None) for one in series]
    if not series:
        return Called([], np.zeros(0))
    chance = np.column_stack([ask(one, orders).statistic for one in series])
    middle, spread = chance.mean(axis=0), np.maximum(chance.std(axis=0), 1e-12)
    z = (np.array([float(one.statistic) for one in found]) / shrink - middle) / spread
    by_chance = (chance - middle) / spread
    ranked = np.argsort(-z, kind="stable")
    p = np.empty(len(z))
    least = 0.0
    for place, chosen in enumerate(ranked):
        rivals = by_chance[:, ranked[place:]].max(axis=1)
        least = max(least, float((rivals >= z[chosen] - 1e-9).sum() + 1) / (len(orders) + 1))
        p[chosen] = least
    return Called(found, p)


@dataclass(frozen=True)
class LevelShift:
    """When a level changed and by how much."""

    at: float
    """Most likely time, in the unit of the times given."""
    low: float
    high: float
    """95 % of the probability lies between these."""
    size: float
    """Middle of the change of the mean."""
    size_low: float
    size_high: float
    """95 % interval of the change, its date being unknown."""


_GRID = 600


def date_and_size(values: np.ndarray, times: np.ndarray, unit: np.ndarray, units: int) -> LevelShift | None:
    """Return when the mean of the values changed once, and by how much, with 95 % intervals.

    Parameters
    ----------
    values : ndarray
        One per incident, such as log minutes with the mix held.
    times : ndarray
        When each began, in units since the window began.
    unit : ndarray of int
        Unit of each, from 0.
    units : int
        Units in the window.

    Returns
    -------
    LevelShift or None
        None where the values do not differ.

    Notes
    -----
    Generalised least squares of a level, a change and an effect of each month, on a grid of 600 dates; the date is
    drawn from exp(likelihood ratio / 2) times the standard error of the change, the change from a mixture over the
    dates. Variances come from the rests around the best date, twice.
    """
    n = np.bincount(unit, minlength=units).astype(float)
    if len(values) < 8 or not np.ptp(values) > 1e-12:
        return None
    sums = np.bincount(unit, values, units)
    grid = np.linspace(0, units, _GRID + 1)[1:-1]
    order = np.lexsort((times, unit))
    # After a date within unit j: all of the later units, and of unit j those that began after it.
    late = np.zeros((len(grid), units))
    late_sums = np.zeros((len(grid), units))
    ends = np.cumsum(n).astype(int)
    for j in range(units):
        rows = order[ends[j] - int(n[j]) : ends[j]]
        begun = np.searchsorted(times[rows], grid, side="left")
        tail = np.concatenate([np.cumsum(values[rows][::-1])[::-1], [0.0]])
        late[:, j], late_sums[:, j] = len(rows) - begun, tail[begun]
    share = late.sum(axis=1) / n.sum()
    after = late.sum(axis=1)
    known = np.flatnonzero(n > 0)
    allowed = (np.minimum(share, 1 - share) >= LEAST_WEIGHT) & (after >= 4) & (n.sum() - after >= 4)
    allowed &= (grid >= 1) & (grid <= units - 1)
    if not allowed.any() or len(known) < 3:
        return None
    place = int(np.flatnonzero(allowed)[len(np.flatnonzero(allowed)) // 2])
    step, between, within = 0.0, 0.0, float(values.var()) + 1e-12
    for round_ in range(3):
        if round_:
            within, between = _variances(values - step * (times >= grid[place]), unit, units)
        weight = 1 / (within + n * between)
        ones = float((n * weight).sum())
        cross = (late * weight).sum(axis=1)
        square = (late - between * late**2 * weight).sum(axis=1) / within
        left = float((sums * weight).sum())
        right = (late_sums - between * late * sums * weight).sum(axis=1) / within
        information = np.where(allowed, square - cross**2 / ones, 1.0)
        change = (right - cross * left / ones) / information
        ratio = np.where(allowed, change**2 * information, -np.inf)
        place = int(np.argmax(ratio))
        step = float(change[place])
    error = np.sqrt(1 / information)
    logs = np.where(allowed, ratio / 2 + np.log(error), -np.inf)
    chance = np.exp(logs - logs.max())
    chance /= chance.sum()
    change = np.where(allowed, change, step)
    inside = most_likely(chance)
    earliest, latest = grid[inside.min()], grid[inside.max()]
    before, behind = times[times < earliest], times[times >= latest]
    freedom = float(len(known) - 2) if between > 0 else float(len(values) - 2)
    low, middle, high = mixture_quantiles(change, error, chance, freedom, (0.025, 0.5, 0.975))
    return LevelShift(
        float(grid[place]),
        float(before.max()) if len(before) else 0.0,
        float(behind.min()) if len(behind) else float(units),
        middle,
        low,
        high,
    )


def _variances(values: np.ndarray, unit: np.ndarray, units: int) -> tuple[float, float]:
    n, mean, within = _within(values, unit, units)
    within = max(within, 1e-12)
    return within, _between(mean, n, within, used=2)


def most_likely(chance: np.ndarray, level: float = 0.95) -> np.ndarray:
    """Return the fewest places that hold this much of the probability, the likeliest first.

    Examples
    --------
    >>> most_likely(np.array([0.04, 0.6, 0.36])).tolist()
    [1, 2]
    """
    ranked = np.argsort(-chance, kind="stable")
    return ranked[: int(np.searchsorted(np.cumsum(chance[ranked]), level)) + 1]


def mixture_quantiles(
    middle: np.ndarray, error: np.ndarray, chance: np.ndarray, freedom: float, wanted: tuple[float, ...]
) -> tuple[float, ...]:
    """Return quantiles of a mixture of t distributions, by bisection.

    Parameters
    ----------
    middle, error, chance : ndarray
        Centre, scale and probability of each part.
    freedom : float
        Degrees of freedom of all parts; infinite: normal.
    wanted : tuple of float
        Between 0 and 1.

    Examples
    --------
    >>> one = np.ones(1)
    >>> [round(x, 3) for x in mixture_quantiles(one, one, one, math.inf, (0.025, 0.5))]
    [-0.96, 1.0]
    """
    used = chance > 1e-6 * chance.max()
    middle, error, chance = middle[used], error[used], chance[used] / chance[used].sum()
    targets = np.array(wanted)
    reach = float(special.ndtri(1 - 1e-9)) if math.isinf(freedom) else float(special.stdtrit(freedom, 1 - 1e-7))
    low = np.full(len(targets), float((middle - reach * error).min()))
    high = np.full(len(targets), float((middle + reach * error).max()))
    for _ in range(44):
        at = (low + high) / 2
        away = (at[:, None] - middle) / error
        below = ((special.ndtr(away) if math.isinf(freedom) else special.stdtr(freedom, away)) * chance).sum(axis=1)
        low, high = np.where(below < targets, at, low), np.where(below < targets, high, at)
    return tuple(float(x) for x in (low + high) / 2)
