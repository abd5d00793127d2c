"""How unequally the minutes are shared out: what the longest incidents hold of all of them."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from mttrlab.analysis.minimum_counts import minimum_count
from mttrlab.analysis.query import Source, records_basis_of_list
from mttrlab.analysis.survival_curves import durations_of
from mttrlab.validate import as_minutes, inner_share

_CELLS = 5_000_000
"""Minutes drawn at most: of very many incidents fewer resamples tell the same."""


@records_basis_of_list
def concentration(
    minutes: npt.ArrayLike | Source,
    observed: npt.ArrayLike | None = None,
    *,
    measure: str = "recovery",
    top: float = 0.1,
    level: float = 0.95,
    resamples: int = 999,
    seed: int = 0,
) -> pd.DataFrame:
    """Return the share of all minutes that the longest tenth of incidents holds, and the Gini coefficient.

    Parameters
    ----------
    minutes : array-like, DataFrame or Lab
        Minutes; or incidents, or phases as `phase_durations` gives them. Ended ones count.
    observed : array-like of bool, optional
        Of a list of minutes. False: still running.
    measure : str
        Of incidents: a phase, a clock or another measure.
    top : float
        Share of the incidents, the longest, between 0 and 1.
    level : float
        Level of the intervals.
    resamples : int
        Bootstrap samples of the intervals.
    seed : int
        Seed of these.

    Returns
    -------
    DataFrame
        One row: `n` (ended), `open` (not counted: what they will hold is not known), `minutes` (of all), `top`,
        `top_share` with `top_share_low, top_share_high`, `gini` with its ends (0: all take equally long; 1: one holds
        everything), `lognormal_share` and `lognormal_gini`: what a lognormal law with the spread of these minutes would
        give. Intervals from 20 incidents on; none where nothing is known.

    Raises
    ------
    QuestionError, SchemaError
        As for `survival`.

    Notes
    -----
    Where `top` of n is no whole number the next incident counts in part (Lorenz's curve, straight between incidents).
    C. Gini (1912), as half the mean difference over the mean, with n - 1 below.
    A lognormal law with spread sigma: Phi(sigma - z_top) and 2 Phi(sigma / sqrt 2) - 1 (J. Aitchison, J. A. C. Brown,
    *The Lognormal Distribution*, 1957, 11). Intervals are percentiles of the bootstrap; heavy tails make them short.

    Examples
    --------
    >>> found = concentration([10.0] * 9 + [110.0]).iloc[0]
    >>> round(float(found["top_share"]), 2), round(float(found["gini"]), 2)
    (0.55, 0.5)
    """
    inner_share("top", top), inner_share("level", level)
    values, flags = durations_of(minutes, observed, measure)
    every = np.asarray(values, dtype=float)
    ended = np.ones(len(every), dtype=bool) if flags is None else np.asarray(flags, dtype=bool)
    known = np.sort(as_minutes(every[ended & np.isfinite(every)]))
    n, total = len(known), float(known.sum())
    row: dict[str, float] = {"n": n, "open": int((~ended & np.isfinite(every)).sum()), "minutes": total, "top": top}
    names = ("top_share", "top_share_low", "top_share_high", "gini", "gini_low", "gini_high")
    row |= dict.fromkeys((*names, "lognormal_share", "lognormal_gini"), math.nan)
    if n > 1 and total > 0:
        share, gini = (float(value[0]) for value in _shares(known[None, :], top))
        row |= {"top_share": share, "gini": gini}
        above = known[known > 0]
        if len(above) > 1:
            sigma = float(np.log(above).std(ddof=1))
            row["lognormal_share"] = float(special.ndtr(sigma + special.ndtri(top)))
            row["lognormal_gini"] = float(2 * special.ndtr(sigma / math.sqrt(2)) - 1)
        if n >= minimum_count("adjust").needs:
            rng = np.random.Generator(np.random.PCG64(seed))
            rounds = min(resamples, max(99, _CELLS // n))
            drawn = _shares(np.sort(known[rng.integers(0, n, (rounds, n))], axis=1), top)
            for name, many in zip(("top_share", "gini"), drawn, strict=True):
                row[f"{name}_low"], row[f"{name}_high"] = np.quantile(many, [(1 - level) / 2, (1 + level) / 2])
    return pd.DataFrame([row])


def _shares(rising: np.ndarray, top: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the share of the largest and the Gini coefficient of each row of rising values."""
    n = rising.shape[1]
    total = np.maximum(rising.sum(axis=1), 1e-300)
    weight = np.clip(top * n - np.arange(n)[::-1], 0, 1)
    rank = 2 * np.arange(1, n + 1) - n - 1
    return (rising * weight).sum(axis=1) / total, (rising * rank).sum(axis=1) / ((n - 1) * total)
