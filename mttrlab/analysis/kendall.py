"""Direction of a few values in order, by ranks and by the median of slopes."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

from mttrlab.analysis.reading import as_series

NAN = float("nan")


class MannKendall(NamedTuple):
    """Answer of the Mann–Kendall test for a direction."""

    s: float
    """Pairs that rise less pairs that fall."""
    variance: float
    """Of `s`, corrected for ties."""
    z: float
    """Standardised, with continuity correction."""
    p: float
    """How often an order without direction shows as much, either way."""
    tau: float
    """`s` as a share of all pairs."""


def mann_kendall(values: npt.ArrayLike) -> MannKendall:
    """Return whether values in order rise or fall, whatever their law (Mann 1945, Kendall 1975).

    Examples
    --------
    >>> mann_kendall([3, 2, 1]).s
    -3.0
    """
    y = as_series(values)
    n = len(y)
    if n < 3:
        return MannKendall(NAN, NAN, NAN, NAN, NAN)
    s = float(sum(np.sign(y[i + 1 :] - y[i]).sum() for i in range(n - 1)))
    _, ties = np.unique(y, return_counts=True)
    variance = (n * (n - 1) * (2 * n + 5) - float((ties * (ties - 1) * (2 * ties + 5)).sum())) / 18
    z = (s - np.sign(s)) / math.sqrt(variance) if variance > 0 else 0.0
    return MannKendall(s, variance, float(z), float(2 * special.ndtr(-abs(z))), s / (n * (n - 1) / 2))


def theil_sen(
    values: npt.ArrayLike, times: npt.ArrayLike | None = None, *, level: float = 0.95
) -> tuple[float, float, float]:
    """Return the median of all slopes between two points, with its interval (Theil 1950, Sen 1968).

    Parameters
    ----------
    values : array-like
        One per time.
    times : array-like, optional
        Default 0, 1, 2, …
    level : float
        Level of the interval.

    Returns
    -------
    tuple of three floats
        Slope per unit of time, low, high; NaN with fewer than three points.
    """
    y = as_series(values)
    x = np.arange(len(y), dtype=float) if times is None else np.asarray(times, dtype=float)
    if len(y) < 3:
        return NAN, NAN, NAN
    first, second = np.triu_indices(len(y), 1)
    apart = x[second] != x[first]
    slopes = np.sort((y[second] - y[first])[apart] / (x[second] - x[first])[apart])
    half = float(special.ndtri((1 + level) / 2)) * math.sqrt(mann_kendall(y).variance)
    low = max(round((len(slopes) - half) / 2) - 1, 0)
    high = min(round((len(slopes) + half) / 2), len(slopes) - 1)
    return float(np.median(slopes)), float(slopes[low]), float(slopes[high])
