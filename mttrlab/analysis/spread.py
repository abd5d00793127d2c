"""The numbers of each group, asked of the engine: the bare ones, and those with intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mttrlab.analysis.bounds import contradicted, mean_bounds, quantile_bounds
from mttrlab.analysis.doors import Door
from mttrlab.analysis.intervals import EXACT
from mttrlab.analysis.moments import SUMS
from mttrlab.analysis.ranks import quantile_ranks

_US = 6e7
_MARGIN = 4
"""Ranks on either side of where the normal approximation of the binomial puts an end."""
_HALF = {"large": 0.04, "huge": 0.0125}
"""Least share of such a group that is sorted on either side of its median and its P90 (`analysis/spread.sql`)."""


def bare(door: Door, by: list[str], step: tuple[str, str]) -> pd.DataFrame:
    """Return `place, n, open, mean, median, p90, max` of each group and measure, without intervals."""
    wide = door.ask("analysis/summary", step, by=by)
    numbers = ["n", "open", "sum", "quantiles", "max"]
    parts = [
        wide[[*by, *(f"{number}_{place}" for number in numbers)]].set_axis([*by, *numbers], axis="columns")
        for place in (1, 2, 3, 4)
    ]
    table = pd.concat([part.assign(place=place) for place, part in enumerate(parts, 1)], ignore_index=True)
    middle = [held if isinstance(held, (list, np.ndarray)) else (np.nan, np.nan) for held in table["quantiles"]]
    median, p90 = np.array(middle, dtype=float).reshape(-1, 2).T
    return _with_minutes(table, by, median, p90)


def spread(door: Door, by: list[str], step: tuple[str, str], level: float) -> pd.DataFrame:
    """Return the columns of `bare` with intervals and how they were found, and shares among incidents with all four."""
    found = door.ask("analysis/spread", step, by=by, **sizes_from(level))
    n = found["n"].to_numpy(dtype=np.int64)
    minutes = _Near(found)
    # The middle two, and the two around the P90.
    middle = (minutes.at((n + 1) // 2) + minutes.at(np.minimum(n // 2 + 1, n))) / 2
    low, high = minutes.at(np.minimum((n - 1) * 9 // 10 + 1, n)), minutes.at(np.minimum((n - 1) * 9 // 10 + 2, n))
    table = _with_minutes(found, by, middle, low + (n - 1) * 9 % 10 / 10 * (high - low))
    longest = table["max"].to_numpy(dtype=float)
    powers = {"sum1": found["sum"].astype(float) / _US, "sum2": found["square"] * longest**2}
    sums = found.assign(**powers, sum3=found["cube"] * longest**3)[list(SUMS)].astype(float).fillna(0.0)
    mean = mean_bounds(sums, level)
    ends = {}
    for name, quantile in (("median", 0.5), ("p90", 0.9)):
        sizes, place = np.unique(n, return_inverse=True)
        for end, ranks in zip(("low", "high"), quantile_ranks(sizes, quantile, level), strict=True):
            ends[f"{name}_{end}"] = minutes.at(ranks[place]) / _US
    exact = np.isfinite(ends["p90_low"])
    method = np.full(len(found), EXACT, dtype=object)
    if not exact.all():
        fitted = quantile_bounds(sums.loc[~exact].reset_index(drop=True), 0.9, level)
        fitted = contradicted(fitted, table.loc[~exact, "p90"].to_numpy(dtype=float))
        ends["p90_low"][~exact], ends["p90_high"][~exact] = fitted["low"], fitted["high"]
        method[~exact] = fitted["method"]
    held, of_tail = (found.groupby(by, dropna=False)[name].transform("sum") for name in ("whole", "tail"))
    made = table.assign(
        share=(found["whole"] / held).to_numpy(dtype=float),
        share_of_tail=(found["tail"] / of_tail).to_numpy(dtype=float),
        share_n=found["complete"].to_numpy(dtype="int64"),
        **mean.add_prefix("mean_"),
        **ends,
        p90_method=method,
    )
    return made.astype({"mean_method": "str", "p90_method": "str"})


def reach_of(level: float) -> float:
    """Return how many standard errors an interval of this level reaches."""
    from scipy import special

    return float(special.ndtri((1 + level) / 2))


def _margin(reach: float) -> int:
    # The skewness of the binomial moves a rank by (z² − 1) (1 − 2q) / 6: more the higher the level.
    return _MARGIN + int(np.ceil(reach**2 / 6))


def sizes_from(level: float) -> dict[str, int]:
    """Return from which sizes all ranks that intervals of this level ask for lie as near as `_HALF` says."""
    reach = reach_of(level)
    # half * n >= reach * sqrt(n) / 2 + the margin on both sides, solved for the root of n.
    roots = {
        name: (reach / 2 + np.sqrt(reach**2 / 4 + 8 * half * _margin(reach))) / (2 * half)
        for name, half in _HALF.items()
    }
    return {name: int(np.ceil(root**2)) for name, root in roots.items()}


def _with_minutes(found: pd.DataFrame, by: list[str], median: np.ndarray, p90: np.ndarray) -> pd.DataFrame:
    table = found[[*by, "place", "n", "open"]].astype({"n": "int64", "open": "int64"})
    with np.errstate(invalid="ignore"):
        mean = found["sum"].to_numpy(dtype=float, na_value=np.nan) / _US / table["n"].to_numpy()
    longest = found["max"].to_numpy(dtype=float, na_value=np.nan) / _US
    return table.assign(mean=mean, median=median / _US, p90=p90 / _US, max=longest)


class _Near:
    """The microseconds around the median and the P90 of each group, found by their rank."""

    def __init__(self, found: pd.DataFrame) -> None:
        nothing = np.empty(0, dtype=np.int64)
        lists = [near if isinstance(near, np.ndarray) else nothing for near in found["near"]]
        sizes = np.array([len(near) for near in lists], dtype=np.int64)
        self._first = np.cumsum(sizes) - sizes
        self._values = np.concatenate([*lists, nothing]).astype(np.int64, copy=False)
        for first, size in zip(self._first, sizes, strict=True):
            self._values[first : first + size].sort()
        self._under, self._until, below = (found[name].to_numpy(np.int64) for name in ("under", "until", "below"))
        self._gap = np.maximum(below - self._until, 0)

    def at(self, ranks: np.ndarray) -> np.ndarray:
        """Return the microseconds of these ranks, one per group; NaN where the rank is 0."""
        place = self._first + ranks - 1 - self._under - np.where(ranks > self._until, self._gap, 0)
        known = np.flatnonzero(ranks > 0)
        values = np.full(len(ranks), np.nan)
        values[known] = self._values[place[known]]
        return values
