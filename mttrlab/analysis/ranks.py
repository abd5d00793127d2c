"""Which two of the sorted minutes enclose a quantile, whatever law they follow."""

from __future__ import annotations

import numpy as np


def quantile_ranks(n: np.ndarray, quantile: float, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the ranks (from 1) of the sorted values that enclose a quantile; 0 where no two do.

    Parameters
    ----------
    n : ndarray of int
        Sizes of the samples.
    quantile : float
        0 to 1.
    level : float
        Least probability that the interval holds the quantile.

    Notes
    -----
    Both tails get (1 − level)/2. Where the largest value leaves more than that above, it is the upper end and the
    lower tail gets what is left (and the other way round), so the P90 has a 95 % interval from n = 29 and the median
    from n = 6: 1 − q**n − (1 − q)**n >= level.

    Examples
    --------
    >>> [int(rank[0]) for rank in quantile_ranks(np.array([10]), 0.5, 0.95)]
    [2, 9]
    >>> [int(rank[0]) for rank in quantile_ranks(np.array([28]), 0.9, 0.95)]
    [0, 0]
    """
    from scipy import special

    n = np.asarray(n, dtype=np.int64)
    tail = 1 - level
    all_below = float(quantile) ** n
    all_above = (1 - float(quantile)) ** n
    above = np.where(all_below > tail / 2, all_below, np.where(all_above > tail / 2, tail - all_above, tail / 2))
    below = np.where(all_below > tail / 2, tail - all_below, np.where(all_above > tail / 2, all_above, tail / 2))
    exists = (all_below + all_above <= tail * (1 + 1e-12)) & (n > 0)
    size = np.maximum(n, 1)
    chance = np.clip(below, 0, 1)
    low = _first_count(chance, size, quantile)
    # It is the first count whose probability reaches the tail; the rank may use it only where it is no more.
    low = np.where(special.bdtr(low, size, quantile) <= chance * (1 + 1e-9), low + 1, low)
    high = _first_count(np.clip(1 - above * (1 + 1e-9), 0, 1), size, quantile) + 1
    exists &= (low >= 1) & (high <= n)
    return np.where(exists, low, 0).astype(int), np.where(exists, high, 0).astype(int)


def _first_count(chance: np.ndarray, size: np.ndarray, quantile: float) -> np.ndarray:
    """Return the first count whose binomial probability reaches `chance` (scipy.stats takes a second to import)."""
    from scipy import special

    count = np.ceil(special.bdtrik(chance, size, quantile))
    before = np.maximum(count - 1, 0)
    return np.asarray(np.where(special.bdtr(before, size, quantile) >= chance, before, count))
