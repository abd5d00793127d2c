"""Quantiles of many minutes, found among the few that can be the one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mttrlab.response.model.arrays import Floats

_SAMPLE = 5_000
_SURE = 4.5
"""Standard deviations of a sample's rank that the quantile is looked for on either side."""


def quantiles(values: Floats, shares: Sequence[float]) -> list[float]:
    """Return what `np.quantile(values, shares)` does, in a fraction of its time.

    Every k-th value is a sample, whose order says between which two values a quantile lies but for a few times in a
    million; only what lies between is put in order. Where the quantile is not there, NumPy looks for it.

    Source of the method: R. W. Floyd and R. L. Rivest, "Expected time bounds for selection", CACM 18 (1975) 165.

    Parameters
    ----------
    values : array
        At least one; not NaN.
    shares : sequence of float
        From 0 to 1.

    Examples
    --------
    >>> quantiles(np.array([3.0, 1.0, 2.0, 10.0, 4.0]), [0.5, 0.75])
    [3.0, 4.0]
    """
    if len(values) < 4 * _SAMPLE:
        return [float(found) for found in np.quantile(values, shares)]
    sample = np.sort(values[:: len(values) // _SAMPLE])
    return [_quantile(values, sample, share) for share in shares]


def _quantile(values: Floats, sample: Floats, share: float) -> float:
    n, m = len(values), len(sample)
    rank = share * (n - 1)
    k = int(rank)
    reach = _SURE * np.sqrt(m * share * (1 - share)) + 2
    low, high = int(share * m - reach), int(share * m + reach)
    least, most = sample[low] if low >= 0 else -np.inf, sample[high] if high < m else np.inf
    before = int(np.count_nonzero(values < least))
    inside = values[np.flatnonzero((values >= least) & (values <= most))]
    if not before <= k < before + len(inside) - 1:
        return float(np.quantile(values, share))
    inside.partition([k - before, k + 1 - before])
    one, other = inside[k - before], inside[k + 1 - before]
    part = rank - k
    # As NumPy has it, so that the last digit is the same.
    return float(one + (other - one) * part if part < 0.5 else other - (other - one) * (1 - part))
