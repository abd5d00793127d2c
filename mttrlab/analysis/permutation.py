"""Two groups compared without a law: shuffles, ranks, and the median of pairwise differences."""

from __future__ import annotations

from itertools import chain, combinations
from math import comb
from typing import NamedTuple

import numpy as np
from scipy import special

_EXACT = 200_000
_SHUFFLES = 9_999
_LIMIT = 2_000  # incidents in both groups; above, the normal limit of the shuffle agrees to the third digit
_CHUNK = 2_000_000
_PAIRS = 1_000_000


class Shuffle(NamedTuple):
    """Answer of a permutation test."""

    p: float
    """Share of relabellings whose difference of means is at least as large."""
    method: str
    """exact, shuffles, or large-sample limit."""


def permutation_test(before: np.ndarray, after: np.ndarray, *, seed: int = 0) -> Shuffle:
    """Return how often a random relabelling gives a difference of means at least as large, either way.

    Parameters
    ----------
    before, after : array
        Minutes, or log minutes.
    seed : int
        Seed of the shuffles, where there are too many relabellings to try them all.

    Returns
    -------
    Shuffle
        `p` and the method: all relabellings up to 200,000, 9,999 shuffles up to 2,000 incidents, the normal limit
        of the permutation distribution above.

    Examples
    --------
    >>> permutation_test(np.array([10, 12, 15, 20, 90]), np.array([5, 7, 9, 14, 30])).p * 252
    106.0
    """
    pool = np.concatenate([before, after]).astype(float)
    n, k = len(pool), min(len(before), len(after))
    if k == 0:
        return Shuffle(float("nan"), "not estimable: n = 0")
    pool = pool - pool.mean()
    # The difference of means is proportional to the sum of the smaller group once the pool is centred.
    seen = abs(float((pool[: len(before)] if len(before) == k else pool[len(before) :]).sum()))
    slack = 1e-9 * max(1.0, float(np.abs(pool).sum()))
    if n <= _LIMIT and comb(n, k) <= _EXACT:
        picks = np.fromiter(chain.from_iterable(combinations(range(n), k)), dtype=np.int64)
        sums = pool[picks.reshape(-1, k)].sum(axis=1)
        return Shuffle(float((np.abs(sums) >= seen - slack).sum()) / len(sums), "exact")
    if n > _LIMIT:
        spread = np.sqrt(k * (n - k) / (n - 1) * float(np.mean(pool**2)))
        return Shuffle(float(2 * special.ndtr(-seen / spread)) if spread > 0 else 1.0, "large-sample limit")
    chance = np.random.Generator(np.random.PCG64(seed))
    extreme, left = 0, _SHUFFLES
    while left:
        rows = min(left, max(1, _CHUNK // n))
        order = np.argpartition(chance.random((rows, n)), k - 1, axis=1)[:, :k]
        extreme += int((np.abs(pool[order].sum(axis=1)) >= seen - slack).sum())
        left -= rows
    return Shuffle((extreme + 1) / (_SHUFFLES + 1), f"{_SHUFFLES} shuffles")


def rank_test(before: np.ndarray, after: np.ndarray) -> tuple[float, float]:
    """Return the Mann–Whitney U of `before` and its two-sided p (exact for small groups without ties)."""
    from scipy import stats

    if not (len(before) and len(after)):
        return float("nan"), float("nan")
    answer = stats.mannwhitneyu(before, after, alternative="two-sided", method="auto")
    return float(answer.statistic), float(answer.pvalue)


def pairwise_shift(before: np.ndarray, after: np.ndarray, level: float = 0.95) -> tuple[float, float, float]:
    """Return the median of all differences after - before, with its interval (Hodges and Lehmann 1963).

    The interval is the one that inverts the Mann–Whitney test by its normal limit; NaN where so few pairs bound none.
    """
    n, m = len(before), len(after)
    if not (n and m):
        return float("nan"), float("nan"), float("nan")
    x, y = np.sort(before.astype(float)), np.sort(after.astype(float))
    pairs = n * m
    reach = float(special.ndtri((1 + level) / 2)) * np.sqrt(pairs * (n + m + 1) / 12)
    low = int(np.floor(pairs / 2 - reach))  # 1-based rank of the lower end
    if pairs <= _PAIRS:
        differences = np.sort((y[:, None] - x[None, :]).ravel())
        middle = float(differences[(pairs - 1) // 2] + differences[pairs // 2]) / 2
        ends = (float(differences[low - 1]), float(differences[pairs - low])) if low >= 1 else (np.nan, np.nan)
        return middle, *ends
    # A sample of each group says where to look.
    few, some = (np.quantile(z, (np.arange(500) + 0.5) / 500) for z in (x, y))
    near = np.sort((some[:, None] - few[None, :]).ravel())
    ranks = ((pairs + 1) // 2, low, pairs + 1 - low)
    found = [_difference_of_rank(x, y, rank, float(near[(rank * len(near)) // (pairs + 1)])) for rank in ranks]
    return found[0], found[1], found[2]


def _difference_of_rank(x: np.ndarray, y: np.ndarray, rank: int, near: float) -> float:
    # Bisection on the value: counting pairs below it is a merge, so fifty thousand a side need no matrix.
    def reached(value: float) -> bool:
        return int(np.searchsorted(x, y - value, side="left").sum()) <= len(x) * len(y) - rank

    high, step = near, 1e-3
    while not reached(high):
        high, step = high + step, step * 4
    low, step = high - step, step * 4
    while reached(low):
        low, step = low - step, step * 4
    while high - low > 1e-10:
        middle = (low + high) / 2
        if reached(middle):
            high = middle
        else:
            low = middle
    return high
