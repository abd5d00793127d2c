"""What the mean and the P90 of a small month may be, by the shape of durations that all months of the firm share."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import special

from mttrlab.analysis.intervals import MIN_ENDED, heavy_tailed, power_sums

RESIDUALS = 100
"""Minutes of all months together from which their shape is known well enough."""
SHAPE = "the firm's shape"
LONG_TAIL = "the firm's shape, long tail"
"""The longest tenth is continued as a power law, which may have no mean: then the upper end is infinite."""
_TOP = 0.1
_NO_MEAN = 0.98
"""Hill index of the logarithms from which the mean of a power law is not known to be finite."""


def pooled_shape_bounds(
    months: Sequence[np.ndarray], level: float = 0.95, *, resamples: int = 399, seed: int = 0
) -> pd.DataFrame:
    """Return the ends of the mean and the P90 of each month, by the shape that the months share.

    Parameters
    ----------
    months : sequence of ndarray
        Minutes above zero of the ended incidents of each month.
    level : float
        Level of the intervals.
    resamples : int
        Resamples of whole months.
    seed : int
        Seed of the resamples.

    Returns
    -------
    DataFrame
        One row per month: `mean_low, mean_high, p90_low, p90_high` (minutes; an upper end of the mean may be infinite)
        and `method`. NaN and an empty method below five minutes in the month, or below 100 in all.

    Notes
    -----
    The level of a month is its own mean log, the shape is that of the residuals of all months around theirs. A resample
    draws months with replacement, and from their residuals P as many as the month has, of mean e; with c the month's
    own mean log the mean is c + log(mean exp P) - e and the P90 is c + (90 % point of P) - e: what the month's own few
    incidents do to c, and how well the shape is known, both count. Around a mean of few, residuals are nearer to normal
    than durations are: so the ends lie as much further out as those of Student's t. Where the residuals have a long
    tail (`heavy_tailed`) the largest tenth of P is continued as a power law with its Hill index (B. M. Hill, Ann.
    Statist. 3, 1975). The shape is taken to be the same in all months; their levels are not. Resampling whole clusters:
    A. C. Davison and D. V. Hinkley, *Bootstrap Methods and their Application* (1997), 3.8. Measured:
    `benchmarks/months.md`.

    Examples
    --------
    >>> months = [np.exp(np.linspace(2.0, 5.0, 12) + k / 10) for k in range(10)]
    >>> [round(end) for end in pooled_shape_bounds(months).iloc[0, :4]]
    [28, 98, 64, 226]
    """
    ends = ("mean_low", "mean_high", "p90_low", "p90_high")
    table = pd.DataFrame(np.nan, index=range(len(months)), columns=list(ends)).assign(method="")
    logs = [np.sort(np.log(minutes)) for minutes in months]
    usable = [place for place, x in enumerate(logs) if len(x) > 1]
    sizes = np.array([len(logs[place]) for place in usable])
    if sizes.sum() < RESIDUALS:
        return table
    centres = np.array([logs[place].mean() for place in usable])
    residuals = np.concatenate(
        [(logs[place] - c) * math.sqrt(n / (n - 1)) for place, c, n in zip(usable, centres, sizes, strict=True)]
    )
    long_tail = bool(heavy_tailed(power_sums(np.exp(residuals)))[0])
    order = np.argsort(residuals, kind="stable")
    values, owner = residuals[order], np.repeat(np.arange(len(usable)), sizes)[order]
    starts = np.cumsum(sizes) - sizes
    rng = np.random.Generator(np.random.PCG64(seed))
    means, tails = np.empty((resamples, len(usable))), np.empty((resamples, len(usable)))
    for row in range(resamples):
        weight = np.bincount(rng.integers(0, len(usable), len(usable)), minlength=len(usable))[owner]
        upto = np.cumsum(weight)
        drawn = values[np.searchsorted(upto, rng.integers(0, upto[-1], len(values)), side="right")]
        own = np.add.reduceat(drawn, starts) / sizes
        p90 = values[np.searchsorted(upto, (1 - _TOP) * upto[-1])]
        means[row] = _log_mean(values, weight, p90 if long_tail else math.inf) - own
        tails[row] = p90 - own
    rank = max(math.floor((resamples + 1) * (1 - level) / 2), 1)
    wider = special.stdtrit(sizes - 1.0, (1 + level) / 2) / special.ndtri((1 + level) / 2)
    for name, drawn in (("mean", means), ("p90", tails)):
        drawn.sort(axis=0)
        middle = np.where(np.isfinite(drawn[resamples // 2]), drawn[resamples // 2], drawn[rank - 1])
        for end, at in (("low", drawn[rank - 1]), ("high", drawn[-rank])):
            table.loc[usable, f"{name}_{end}"] = np.exp(centres + middle + wider * (at - middle))
    table.loc[usable, "method"] = LONG_TAIL if long_tail else SHAPE
    few = [place for place, x in enumerate(logs) if len(x) < MIN_ENDED]
    table.loc[few, list(ends)], table.loc[few, "method"] = np.nan, ""
    return table


def _log_mean(values: np.ndarray, weight: np.ndarray, tail_from: float) -> float:
    """Return the logarithm of the mean of exp(values), what lies above `tail_from` as a power law."""
    above = values > tail_from
    total, body = weight.sum(), float((weight * np.exp(values))[~above].sum())
    if not (weight * above).any():
        return math.log(body / total)
    hill = float((weight * (values - tail_from))[above].sum() / weight[above].sum())
    if hill >= _NO_MEAN:
        return math.inf
    return math.log(body / total + weight[above].sum() / total * math.exp(tail_from) / (1 - hill))
