"""Which law do the durations follow, and what does it say of the mean, the median and the worst tenth?"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from mttrlab.analysis.basis import says_basis_of_list
from mttrlab.analysis.durations_fit import Evidence, best, bound, free
from mttrlab.analysis.goodness import goodness_of_fit
from mttrlab.analysis.laws import PARAMETERS, PLAIN, WIDE, Law
from mttrlab.analysis.reading import as_numbers, share_between
from mttrlab.analysis.thresholds import threshold, withheld
from mttrlab.errors import QuestionError

NAN = float("nan")
_LOOSE = 100.0  # a mean known to no better than this factor is not known
_WIDE_AT_MOST = 20_000  # their search takes minutes beyond, unless asked for by name
_MEASURES: dict[str, Callable[[Law], float]] = {
    "mean": lambda law: law.mean(),
    "median": lambda law: float(law.quantile(0.5)),
    "p90": lambda law: float(law.quantile(0.9)),
}


def evidence_of(
    minutes: npt.ArrayLike,
    observed: npt.ArrayLike | None = None,
    *,
    resolution: float | None = None,
    rounding: str = "stamps",
) -> tuple[Evidence, int]:
    """Return the usable durations and how many are left out.

    Raises
    ------
    QuestionError
        When the arrays differ in length, the grain is negative or `rounding` is unknown.
    """
    values = as_numbers(minutes)
    ended = np.ones(len(values)) if observed is None else as_numbers(observed, "observed")
    if len(ended) != len(values):
        raise QuestionError(f"observed must have one entry per duration; got {len(ended)} for {len(values)}")
    if rounding not in ("stamps", "minutes"):
        raise QuestionError(f"rounding must be 'stamps' or 'minutes'; got {rounding!r}")
    grain = 0.0 if resolution is None else float(resolution)
    if not (math.isfinite(grain) and grain >= 0):
        raise QuestionError(f"resolution must be minutes, 0 or more; got {resolution}")
    usable = np.isfinite(values) & np.isfinite(ended) & ((values > 0) | ((grain > 0) & (values == 0) & (ended > 0)))
    values, seen = values[usable], ended[usable] > 0
    order = np.lexsort((seen, values))  # no sum depends on the order in which incidents were loaded
    return Evidence(values[order], seen[order], grain, rounding), int((~usable).sum())


@says_basis_of_list
def fit_durations(
    minutes: npt.ArrayLike,
    observed: npt.ArrayLike | None = None,
    *,
    resolution: float | None = None,
    rounding: str = "stamps",
    families: tuple[str, ...] | None = None,
    level: float = 0.95,
    replications: int = 199,
    seed: int = 0,
) -> pd.DataFrame:
    """Return how well each law describes the durations, best first.

    Parameters
    ----------
    minutes : array-like
        Durations in minutes.
    observed : array-like of bool, optional
        False: still running, so the minutes are a lower bound.
    resolution : float, optional
        Grain of the minutes, where stamps are rounded: 1 for minute stamps, 5 for times noted by hand. Zeros are
        then durations shorter than the grain; without it they are left out and counted.
    rounding : str
        "stamps": each end was cut or rounded to the grain; "minutes": the duration itself was.
    families : tuple of str, optional
        Default: lognormal, weibull, gamma, loglogistic, exponential; from 100 to 20,000 ended
        incidents also the generalised gamma and a mixture of two lognormals.
    level : float
        Level of the intervals.
    replications : int
        Simulated samples of the goodness-of-fit test; 0 leaves it out.
    seed : int
        Seed of these samples.

    Returns
    -------
    DataFrame
        One row per family: `family, n` (ended), `open, left_out, parameters, loglik, aicc, delta` (to the best),
        `weight` (Akaike); `mean, median, p90` in minutes with `_low` and `_high`; `mean_finite, variance_finite`;
        `goodness_p` (small: the law is contradicted) and `goodness_method`; `note`.

    Raises
    ------
    QuestionError
        When an argument makes no sense.

    Notes
    -----
    Maximum likelihood with open incidents censored on the right and rounded ones by the probability of their grain.
    AICc of Hurvich and Tsai (1989), n being all incidents. Intervals by the delta method on the logarithm. Families
    within 2 of the best describe the data as well: show both.

    Examples
    --------
    >>> minutes = [12, 25, 31, 47, 60, 75, 90, 120, 180, 240]
    >>> observed = [True, True, True, True, False, True, False, True, False, True]
    >>> fits = fit_durations(minutes, observed, families=("lognormal",), replications=0)
    >>> {name: round(value, 4) for name, value in fits.parameters[0].items()}
    {'mu': 4.3852, 'sigma': 1.1089}
    """
    evidence, left_out = evidence_of(minutes, observed, resolution=resolution, rounding=rounding)
    n = int(evidence.observed.sum())
    if families is None:
        families = PLAIN + (WIDE if threshold("wide_distribution").needs <= n <= _WIDE_AT_MOST else ())
    share_between("level", level)
    unknown = [family for family in families if family not in PARAMETERS]
    if unknown:
        raise QuestionError(f"families must be among {', '.join(PARAMETERS)}; got {unknown[0]!r}")
    rows = [_row(family, evidence, left_out, level, replications, seed) for family in families]
    table = pd.DataFrame(rows)
    table = table.sort_values("aicc", kind="stable", ignore_index=True)
    table["delta"] = table["aicc"] - table["aicc"].min()
    likelihood = np.exp(-table["delta"] / 2)
    table["weight"] = likelihood / likelihood.sum()
    return table


def _row(family: str, evidence: Evidence, left_out: int, level: float, replications: int, seed: int) -> dict[str, Any]:
    n, total = int(evidence.observed.sum()), len(evidence.minutes)
    columns = ("loglik", "aicc", "delta", "weight", *(m + end for m in _MEASURES for end in ("", "_low", "_high")))
    row: dict[str, Any] = {"family": family, "n": n, "open": total - n, "left_out": left_out, "parameters": {}}
    row |= dict.fromkeys(columns, NAN) | {"mean_finite": pd.NA, "variance_finite": pd.NA}
    row |= {"goodness_p": NAN, "goodness_method": "", "note": ""}
    if n < threshold("distribution").needs:
        return row | {"note": withheld("distribution", n)}
    if np.ptp(evidence.minutes) == 0:
        return row | {"note": "not estimable: all durations are equal"}
    law = best(family, evidence)
    k = len(law.values)
    loglik = evidence.loglik(law)
    row["parameters"] = law.parameters
    row["loglik"] = loglik
    row["aicc"] = 2 * k - 2 * loglik + (2 * k * (k + 1) / (total - k - 1) if total > k + 1 else math.inf)
    row |= _measures(law, evidence, level)
    row["mean_finite"], row["variance_finite"] = math.isfinite(law.mean()), math.isfinite(law.variance())
    if not row["variance_finite"]:
        row["note"] = "single incidents dominate the mean: its spread has no limit under this law; use the median"
    elif not row["mean_high"] < _LOOSE * row["mean_low"]:
        row["note"] = "these incidents do not determine the mean of this law; use the median"
    if replications:
        found = goodness_of_fit(evidence, family, replications=replications, seed=seed)
        row["goodness_p"], row["goodness_method"] = found.p, found.method
    return row


def _measures(law: Law, evidence: Evidence, level: float) -> dict[str, float]:
    at = free(law)
    bend = _curvature(lambda x: -evidence.loglik(bound(law.family, x)), at)
    try:
        covariance = np.linalg.inv(bend)
    except np.linalg.LinAlgError:
        covariance = np.full(bend.shape, NAN)
    reach = float(special.ndtri((1 + level) / 2))
    found: dict[str, float] = {}
    for name, measure in _MEASURES.items():
        value = measure(law)
        found |= {name: value, f"{name}_low": NAN, f"{name}_high": NAN}
        if not math.isfinite(value):
            continue
        steps = np.eye(len(at)) * 1e-4
        ends = [(measure(bound(law.family, at + s)), measure(bound(law.family, at - s))) for s in steps]
        slope = np.array([math.log(up / down) / 2e-4 if math.isfinite(up + down) else NAN for up, down in ends])
        variance = float(slope @ covariance @ slope)
        if variance > 0:
            found[f"{name}_low"] = value * math.exp(-reach * math.sqrt(variance))
            log_high = math.log(value) + reach * math.sqrt(variance)
            found[f"{name}_high"] = math.exp(log_high) if log_high < 700 else math.inf
    return found


def _curvature(loss: Callable[[np.ndarray], float], at: np.ndarray) -> np.ndarray:
    steps = np.diag(1e-3 * np.maximum(1.0, np.abs(at) / 10))
    bend = np.empty((len(at), len(at)))
    with np.errstate(all="ignore"):
        for i, a in enumerate(steps):
            for j, b in enumerate(steps[: i + 1]):
                value = loss(at + a + b) - loss(at + a - b) - loss(at - a + b) + loss(at - a - b)
                bend[i, j] = bend[j, i] = value / (4 * a[i] * b[j])
    return np.where(np.isfinite(bend), bend, 0.0)
