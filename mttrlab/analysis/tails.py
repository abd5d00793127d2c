"""Is an average of these durations worth anything, or do single incidents decide it?"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from mttrlab.analysis.basis import says_basis_of_list
from mttrlab.analysis.durations import evidence_of, fit_durations
from mttrlab.analysis.moments import REJECTED_BELOW, lognormal_p, power_sums

_TOP = 0.1
_CLEAR = 2.0
"""Difference of AICc from which one law is called better than the next."""


def hill_index(minutes: npt.ArrayLike, top: float = _TOP) -> tuple[float, int]:
    """Return the Hill estimate of the tail index from the longest durations, and how many these are.

    Parameters
    ----------
    minutes : array-like
        Ended durations in minutes, above zero.
    top : float
        Share of the durations that count as the tail.

    Returns
    -------
    tuple of float and int
        Below 2 the variance is not finite, below 1 not even the mean; NaN with fewer than five in the tail.

    Notes
    -----
    B. M. Hill, "A simple general approach to inference about the tail of a distribution", Ann. Statist. 3, 1975.
    """
    x = np.sort(np.asarray(minutes, dtype=float))
    k = int(top * len(x))
    if k < 5:
        return math.nan, k
    logs = np.log(x[-k:] / x[-k - 1])
    return (float(1 / logs.mean()) if logs.mean() > 0 else math.inf), k


@says_basis_of_list
def tail_guard(minutes: npt.ArrayLike, observed: npt.ArrayLike | None = None, *, level: float = 0.95) -> pd.DataFrame:
    """Return whether the mean of these durations can be trusted.

    Parameters
    ----------
    minutes : array-like
        Durations in minutes.
    observed : array-like of bool, optional
        False: still running.
    level : float
        Level of the interval of the tail index.

    Returns
    -------
    DataFrame
        One row: `n, open, best` (best of lognormal, weibull, gamma, loglogistic), `shape` (of the log-logistic),
        `tail_index, tail_low, tail_high, tail_n` (Hill, ended durations), `mean_trusted`, `use` (what to show),
        `sentence`.

    Notes
    -----
    Not trusted where the log-logistic describes the durations clearly best (AICc by 2) with a shape below 2, or the
    interval of the tail index lies wholly below 2 and a lognormal is ruled out: the variance is then not finite.
    """
    evidence, _ = evidence_of(minutes, observed)
    fits = fit_durations(
        evidence.minutes,
        evidence.observed,
        families=("lognormal", "weibull", "gamma", "loglogistic"),
        replications=0,
    )
    n, open_ = int(fits["n"].iloc[0]), int(fits["open"].iloc[0])
    index, k = hill_index(evidence.minutes[evidence.observed])
    half = float(special.ndtri((1 + level) / 2)) / math.sqrt(k) if k else math.nan
    law = fits.iloc[0]
    known = not math.isnan(law["aicc"])
    shape = fits.loc[fits["family"] == "loglogistic", "parameters"].iloc[0].get("shape", math.nan)
    logs = power_sums(evidence.minutes[evidence.observed])
    clearly = (
        known and law["family"] == "loglogistic" and float(fits["aicc"].sort_values().iloc[1] - law["aicc"]) >= _CLEAR
    )
    # The longest tenth of a lognormal with the usual spread looks like a power law too: it must be ruled out first.
    heavy = (clearly and shape < 2) or (index * (1 + half) < 2 and bool(lognormal_p(logs)[0] < REJECTED_BELOW))
    trusted: object = (not heavy) if known else pd.NA
    sentence = (
        "Single incidents decide the average here, and the next long one may move it by any amount; "
        "the middle value and the time within which nine in ten end hold better."
        if heavy
        else ("The average of these incidents is worth showing." if known else f"Too few to tell: {n} ended incidents.")
    )
    return pd.DataFrame(
        [
            {
                "n": n,
                "open": open_,
                "best": law["family"] if known else "",
                "shape": shape,
                "tail_index": index,
                "tail_low": index * (1 - half),
                "tail_high": index * (1 + half),
                "tail_n": k,
                "mean_trusted": trusted,
                "use": "median" if heavy or not known else "mean",
                "sentence": sentence,
            }
        ]
    )
