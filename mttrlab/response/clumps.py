"""Two clumps of detection delays, quick and slow: how many alerts saw, where no export says who noticed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import special

from mttrlab.response.families import choose, cost
from mttrlab.response.laws import Floats, Law
from mttrlab.response.luck import Ints
from mttrlab.response.pooling import SHORTEST

ENOUGH = 40
"""Delays below which two clumps cannot be told from one."""
QUICK = 15.0
"""Minutes: the quick clump's median must be below it to be taken for alerts (70 % of automatic detections took at most
10 minutes in public post-mortems: Li et al., ISSRE 2022)."""
_CLEARLY = 6.0
"""What two clumps must gain in BIC over one law per type (strong evidence: Kass and Raftery, 1995)."""
_APART = 2.0
"""Distance of the middles, in common spreads, from which on two clumps show (Ashman et al., 1994)."""
_SMALLEST = 0.1
_ROUNDS = 300


class Clumps(NamedTuple):
    """A quick and a slow clump of delays."""

    quick: Law
    slow: Law
    member: Floats
    """Each delay's chance to be of the quick clump."""
    share: float
    """Of the quick clump."""
    low: float
    """95 % interval of the share, with the clumps' own place taken as known; refits doubt that too."""
    high: float
    gain: float
    """In BIC over one law per type."""


def find(minutes: Floats, group: Ints, groups: int) -> Clumps | None:
    """Return two clumps of delays, or None where one law per type says as much.

    Parameters
    ----------
    minutes : array
        Delays that ended.
    group : array of int
        Type of each: slow types beside quick ones are no clumps.

    Notes
    -----
    Two lognormal laws for all, each type with its own shares, by expectation-maximisation; against one law per type
    (lognormal, Weibull or log-logistic, common spread). Two are taken where BIC says so by six, the middles are two
    spreads apart (Ashman's D), each holds a tenth, the quick one's median is below 15 minutes, as alerts are, and no
    single delay is more than half of it.
    """
    n = len(minutes)
    if n < ENOUGH:
        return None
    y = np.log(np.maximum(minutes, SHORTEST))
    if y.std() < 1e-3:
        return None
    grid, stamped = np.unique(minutes, return_counts=True)
    size = np.bincount(group, minlength=groups).astype(np.float64)
    split = _best_split(y)
    member = (y <= split).astype(np.float64)
    before = -np.inf
    for _ in range(_ROUNDS):
        mass = np.array([member.sum(), n - member.sum()])
        if mass.min() < 1.0:
            return None
        centre = np.array([(member * y).sum(), ((1 - member) * y).sum()]) / mass
        squares = (member * (y - centre[0]) ** 2).sum(), ((1 - member) * (y - centre[1]) ** 2).sum()
        # A clump of equal stamps would have no spread and an endless likelihood.
        spread = np.sqrt(np.maximum(np.array(squares) / mass, 0.05**2))
        share = (np.bincount(group, weights=member, minlength=groups) + 0.5) / (size + 1.0)
        mine = share[group]
        a = np.log(mine) + _normal(y, centre[0], spread[0])
        b = np.log1p(-mine) + _normal(y, centre[1], spread[1])
        total = np.logaddexp(a, b)
        member, now = np.exp(a - total), float(total.sum())
        if abs(now - before) < 1e-8:
            break
        before = now
    if centre[0] > centre[1]:
        member, centre, spread = 1 - member, centre[::-1], spread[::-1]
    whole = float(member.mean())
    apart = np.sqrt(2.0) * (centre[1] - centre[0]) / np.sqrt((spread**2).sum())
    gain = 2 * (now - _one_law(y, group, groups)) - np.log(n) * 3
    if gain < _CLEARLY or apart < _APART or not _SMALLEST <= whole <= 1 - _SMALLEST or centre[0] > np.log(QUICK):
        return None
    quick = minutes[member > 0.5]
    if stamped[np.isin(grid, quick)].max(initial=0) > 0.5 * len(quick):
        # Stamps cut down to five minutes or an hour leave one delay, most often none at all, that stands apart.
        return None
    # What each delay says of the share: less than a whole incident, where the clumps overlap (observed information).
    f, g = _normal(y, centre[0], spread[0]), _normal(y, centre[1], spread[1])
    score = (np.exp(f) - np.exp(g)) / (whole * np.exp(f) + (1 - whole) * np.exp(g))
    error = 1 / np.sqrt((score**2).sum()) * float(special.ndtri(0.975))
    return Clumps(
        Law("lognormal", float(centre[0]), float(spread[0])), Law("lognormal", float(centre[1]), float(spread[1])),
        member, whole, max(whole - error, 0.0), min(whole + error, 1.0), float(gain),
    )  # fmt: skip


def _best_split(y: Floats) -> float:
    """Return the log delay that parts the sorted ones into two with the least squares (Fisher's break)."""
    z = np.sort(y)
    k = np.arange(1, len(z))
    left, right = np.cumsum(z)[:-1], z.sum() - np.cumsum(z)[:-1]
    between = left**2 / k + right**2 / (len(z) - k)
    return float(z[int(np.argmax(between))])


def _one_law(y: Floats, group: Ints, groups: int) -> float:
    """Return the log-likelihood of one law per type, of the best family; two parameters beyond a mean per type fewer
    than the clumps have."""
    size = np.maximum(np.bincount(group, minlength=groups), 1)
    residual = y - (np.bincount(group, weights=y, minlength=groups) / size)[group]
    sigma = max(float(np.sqrt((residual**2).mean())), 1e-6)
    family = choose(residual / sigma, np.ones(len(y), dtype=bool), sigma)
    best = -cost(np.zeros(2), "lognormal", residual / sigma, np.ones(len(y), dtype=bool))
    if family.kind in ("weibull", "loglogistic"):
        place = (family.loc, np.log(family.scale))
        best = max(best, -cost(place, family.kind, residual / sigma, np.ones(len(y), dtype=bool)))
    return best - len(y) * float(np.log(sigma))


def _normal(y: Floats, centre: float, spread: float) -> Floats:
    z = (y - centre) / spread
    return np.asarray(-z * z / 2 - 0.5 * np.log(2 * np.pi) - np.log(spread))
