"""Which law do the durations follow, and what does it say of the mean, the median and the worst tenth?"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from mttrlab.analysis.distributions import (
    PARAMETERS,
    PLAIN,
    WIDE,
    Evidence,
    Law,
    fit_many,
    from_unbounded,
    log_survival,
    maximum_likelihood,
    to_unbounded,
)
from mttrlab.analysis.intervals import REJECTED_BELOW, lognormal_p, power_sums
from mttrlab.analysis.minimum_counts import minimum_count, why_withheld
from mttrlab.analysis.query import records_basis_of_list
from mttrlab.errors import QuestionError
from mttrlab.schema import Record
from mttrlab.validate import as_numbers, inner_share

NAN = float("nan")
_MAX_RATIO_OF_ENDS = 100.0  # a mean known to no better than this factor is not known
_MAX_FOR_WIDE = 20_000  # their search takes minutes beyond, unless asked for by name
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


def _row(family: str, evidence: Evidence, left_out: int, level: float, replications: int, seed: int) -> Record:
    n, total = int(evidence.observed.sum()), len(evidence.minutes)
    columns = ("loglik", "aicc", "delta", "weight", *(m + end for m in _MEASURES for end in ("", "_low", "_high")))
    row = Record(family=family, n=n, open=total - n, left_out=left_out, parameters={})
    row |= dict.fromkeys(columns, NAN) | {"mean_finite": pd.NA, "variance_finite": pd.NA}
    row |= {"goodness_p": NAN, "goodness_method": "", "note": ""}
    if n < minimum_count("distribution").needs:
        return Record(row, note=why_withheld("distribution", n))
    if np.ptp(evidence.minutes) == 0:
        return Record(row, note="not estimable: all durations are equal")
    law = maximum_likelihood(family, evidence)
    k = len(law.values)
    loglik = evidence.loglik(law)
    row["parameters"] = law.parameters
    row["loglik"] = loglik
    row["aicc"] = 2 * k - 2 * loglik + (2 * k * (k + 1) / (total - k - 1) if total > k + 1 else math.inf)
    row |= _measures(law, evidence, level)
    row["mean_finite"], row["variance_finite"] = math.isfinite(law.mean()), math.isfinite(law.variance())
    if not row["variance_finite"]:
        row["note"] = "single incidents dominate the mean: its spread has no limit under this law; use the median"
    elif not row["mean_high"] < _MAX_RATIO_OF_ENDS * row["mean_low"]:
        row["note"] = "these incidents do not determine the mean of this law; use the median"
    if replications:
        goodness = goodness_of_fit(evidence, family, replications=replications, seed=seed)
        row["goodness_p"], row["goodness_method"] = goodness.p, goodness.method
    return row


def _measures(law: Law, evidence: Evidence, level: float) -> dict[str, float]:
    at = to_unbounded(law)
    hessian = _curvature(lambda x: -evidence.loglik(from_unbounded(law.family, x)), at)
    try:
        covariance = np.linalg.inv(hessian)
    except np.linalg.LinAlgError:
        covariance = np.full(hessian.shape, NAN)
    reach = float(special.ndtri((1 + level) / 2))
    result: dict[str, float] = {}
    for name, measure in _MEASURES.items():
        value = measure(law)
        result |= {name: value, f"{name}_low": NAN, f"{name}_high": NAN}
        if not math.isfinite(value):
            continue
        steps = np.eye(len(at)) * 1e-4
        ends = [
            (measure(from_unbounded(law.family, at + s)), measure(from_unbounded(law.family, at - s))) for s in steps
        ]
        slope = np.array([math.log(up / down) / 2e-4 if math.isfinite(up + down) else NAN for up, down in ends])
        variance = float(slope @ covariance @ slope)
        if variance > 0:
            result[f"{name}_low"] = value * math.exp(-reach * math.sqrt(variance))
            log_high = math.log(value) + reach * math.sqrt(variance)
            result[f"{name}_high"] = math.exp(log_high) if log_high < 700 else math.inf
    return result


def _curvature(loss: Callable[[np.ndarray], float], at: np.ndarray) -> np.ndarray:
    steps = np.diag(1e-3 * np.maximum(1.0, np.abs(at) / 10))
    hessian = np.empty((len(at), len(at)))
    with np.errstate(all="ignore"):
        for i, a in enumerate(steps):
            for j, b in enumerate(steps[: i + 1]):
                value = loss(at + a + b) - loss(at + a - b) - loss(at - a + b) + loss(at - a - b)
                hessian[i, j] = hessian[j, i] = value / (4 * a[i] * b[j])
    return np.where(np.isfinite(hessian), hessian, 0.0)


# Does a fitted law describe the durations? Monte Carlo with the parameters estimated anew in every sample.


_MAX_SIMULATED = 2_000_000  # simulated durations in all: a second or two whatever the sample size
_MAX_TESTED = 5_000  # with more, any law is contradicted by differences that matter to nobody


class Goodness(NamedTuple):
    """Answer of a goodness-of-fit test."""

    statistic: float
    """Anderson–Darling distance between the durations and the fitted law."""
    p: float
    """Share of samples from the fitted law that lie at least as far from their own fit."""
    n: int
    """Durations tested."""
    replications: int
    """Simulated samples."""
    method: str
    """What was done, or why nothing was."""


def goodness_of_fit(
    minutes: npt.ArrayLike | Evidence,
    family: str = "lognormal",
    observed: npt.ArrayLike | None = None,
    *,
    replications: int = 999,
    seed: int = 0,
) -> Goodness:
    """Return whether the durations contradict a law whose parameters are estimated from them.

    Parameters
    ----------
    minutes : array-like or Evidence
        Durations in minutes, above zero.
    family : str
        One of the plain families.
    observed : array-like of bool, optional
        False: still running.
    replications : int
        Simulated samples; fewer where the sample is large (two million durations in all). Of more than 5,000
        durations that many are drawn at random and tested.
    seed : int
        Seed of the samples.

    Returns
    -------
    Goodness
        `statistic, p, n, replications, method`.

    Raises
    ------
    QuestionError
        For a family without a quick fit.

    Notes
    -----
    The parameters are fitted again in each simulated sample, because a plain Kolmogorov–Smirnov table is for known
    parameters and would hardly ever reject (Lilliefors 1967). With open incidents the distance is taken from the
    Kaplan–Meier curve, and simulated incidents are censored as the real ones were (reverse Kaplan–Meier). Rounded
    durations are simulated from the fit that knows of the rounding, and rounded alike.

    Examples
    --------
    >>> draws = np.exp(np.random.default_rng(1).normal(4, 1.2, 200))
    >>> goodness_of_fit(draws).p > 0.05 > goodness_of_fit(draws, "exponential").p
    True
    """
    if family not in PLAIN:
        return Goodness(np.nan, np.nan, 0, 0, f"not tested: {family} has no quick fit")
    if isinstance(minutes, Evidence):
        evidence = minutes
    else:
        values = as_numbers(minutes)
        ended = np.ones(len(values)) if observed is None else as_numbers(observed, "observed")
        if len(ended) != len(values):
            raise QuestionError(f"observed must have one entry per duration; got {len(ended)} for {len(values)}")
        known = np.isfinite(values) & np.isfinite(ended)
        if not (values[known] > 0).all():
            raise QuestionError("goodness_of_fit needs minutes above zero; leave zeros out or give their resolution")
        values, is_ended = values[known], ended[known] > 0
        order = np.lexsort((is_ended, values))  # no sum depends on the order in which incidents were loaded
        evidence = Evidence(values[order], is_ended[order])
    n = len(evidence.minutes)
    all_ended = bool(evidence.observed.all())
    if n < 5 or np.ptp(evidence.minutes) == 0:
        return Goodness(np.nan, np.nan, n, 0, f"not estimable: n = {n}")
    if family == "gamma" and not all_ended:
        return Goodness(np.nan, np.nan, n, 0, "not tested: the gamma with open incidents has no quick fit")
    rng = np.random.Generator(np.random.PCG64(seed))
    part = ""
    if n > _MAX_TESTED:
        picked = np.sort(rng.choice(n, _MAX_TESTED, replace=False))
        evidence = replace(evidence, minutes=evidence.minutes[picked], observed=evidence.observed[picked])
        n, part = _MAX_TESTED, f"{_MAX_TESTED} of {n} incidents drawn at random, "
        if np.ptp(evidence.minutes) == 0:
            return Goodness(np.nan, np.nan, n, 0, f"not estimable: n = {n}")
    law = maximum_likelihood(family, evidence)
    rounds = min(replications, max(99, _MAX_SIMULATED // n))
    observed_distance = float(
        _distance(family, *_values(evidence.minutes[None, :], evidence), evidence.observed[None, :])[0]
    )
    beyond, left = 0, rounds
    while left:
        rows = min(left, max(1, 400_000 // n))
        samples, ended = _sample(law, evidence, rng, rows)
        usable = ended.sum(axis=1) >= 2
        distance = np.full(rows, np.inf)
        distance[usable] = _distance(family, *_values(samples[usable], evidence), ended[usable])
        beyond += int((distance >= observed_distance).sum())
        left -= rows
    method = f"Anderson–Darling, {part}{rounds} simulated samples, parameters fitted in each"
    return Goodness(observed_distance, (beyond + 1) / (rounds + 1), n, rounds, method)


def _values(minutes: np.ndarray, evidence: Evidence) -> tuple[np.ndarray]:
    return (np.where(minutes > 0, minutes, evidence.resolution / 4) if evidence.resolution else minutes,)


def _sample(law: Law, evidence: Evidence, rng: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray]:
    n = len(evidence.minutes)
    samples = law.draw(rng, (rows, n))
    h = evidence.resolution
    if h:
        offset = rng.random((rows, n)) * h
        cut = np.floor((samples + offset) / h) * h
        samples = cut if evidence.rounding == "stamps" else np.round(samples / h) * h
    if evidence.observed.all():
        return samples, np.ones((rows, n), dtype=bool)
    limits = _censoring(evidence, rng, (rows, n))
    return np.minimum(samples, limits), samples <= limits


def _censoring(evidence: Evidence, rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    # Reverse Kaplan–Meier: being seen to end is what censors the moment of looking.
    order = np.lexsort((~evidence.observed, evidence.minutes))
    times, open_ = evidence.minutes[order], ~evidence.observed[order]
    survive = np.cumprod(1 - open_ / np.arange(len(times), 0, -1))
    place = np.searchsorted(1 - survive[open_], rng.random(size))
    return np.append(times[open_], np.inf)[place]


def _distance(family: str, minutes: np.ndarray, ended: np.ndarray) -> np.ndarray:
    fitted = fit_many(family, minutes, None if ended.all() else ended)
    order = np.argsort(minutes, axis=1, kind="stable")
    x, seen = np.take_along_axis(minutes, order, axis=1), np.take_along_axis(ended, order, axis=1)
    n = x.shape[1]
    log_s = np.minimum(log_survival(family, x, *(fitted[:, [i]] for i in range(fitted.shape[1]))), -1e-300)
    log_f = np.log(np.maximum(-np.expm1(log_s), 1e-300))
    if seen.all():
        odd = 2 * np.arange(1, n + 1) - 1
        return np.asarray(-n - (odd * (log_f + np.maximum(log_s, -690)[:, ::-1])).sum(axis=1) / n)
    survive = np.cumprod(1 - seen / np.arange(n, 0, -1), axis=1)
    before = np.concatenate([np.ones((len(x), 1)), survive[:, :-1]], axis=1)
    gap = -np.expm1(log_s) - (1 - (before + survive) / 2)
    return np.asarray(n * ((before - survive) * gap**2 * np.exp(-log_f - np.maximum(log_s, -690))).sum(axis=1))


@records_basis_of_list
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
        families = PLAIN + (WIDE if minimum_count("wide_distribution").needs <= n <= _MAX_FOR_WIDE else ())
    inner_share("level", level)
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


# The durations beside those that a fitted law expects.


_MAX_SIMULATED_QQ = 2_000_000  # simulated durations in all


@records_basis_of_list
def qq_table(
    minutes: npt.ArrayLike,
    family: str = "lognormal",
    observed: npt.ArrayLike | None = None,
    *,
    level: float = 0.95,
    replications: int = 999,
    seed: int = 0,
) -> pd.DataFrame:
    """Return the durations beside those that a fitted law expects, with the band that luck alone fills.

    Parameters
    ----------
    minutes : array-like
        Durations in minutes, above zero.
    family : str
        One of the plain families.
    observed : array-like of bool, optional
        False: still running. Their place is taken by the Kaplan–Meier curve; only ended ones have a row.
    level : float
        Share of simulated samples that each row's band holds.
    replications : int
        Simulated samples.
    seed : int
        Seed of the samples.

    Returns
    -------
    DataFrame
        `quantile` (share ended by then), `minutes, expected, low, high` (minutes), `n`; the axes of a QQ figure, best
        logarithmic.

    Raises
    ------
    QuestionError
        For a family without a quick fit, or fewer than five ended durations.
    """
    if family not in PLAIN:
        raise QuestionError(f"family must be one of {', '.join(PLAIN)}; got {family!r}")
    values = as_numbers(minutes)
    ended = np.ones(len(values), bool) if observed is None else np.asarray(observed, dtype=bool)
    usable = np.isfinite(values) & (values > 0)
    values, ended = values[usable], ended[usable]
    order = np.lexsort((~ended, values))
    values, ended = values[order], ended[order]
    if ended.sum() < 5:
        raise QuestionError(f"a QQ table needs 5 ended durations above zero; got {int(ended.sum())}")
    law = maximum_likelihood(family, Evidence(values, ended))
    x, is_ended = values, ended
    n = len(x)
    survive = np.cumprod(1 - is_ended / np.arange(n, 0, -1))
    before = np.append(1.0, survive[:-1])
    share = np.clip(1 - (before + survive) / 2, 0.5 / n, 1 - 0.25 / n)[is_ended]
    rng = np.random.Generator(np.random.PCG64(seed))
    rounds = min(replications, max(99, _MAX_SIMULATED_QQ // n))
    # The quantiles of each simulated sample at the same shares: for complete samples its order statistics.
    samples = np.sort(law.draw(rng, (rounds, n)), axis=1)
    place = share * n - 0.5
    below = np.clip(np.floor(place).astype(int), 0, n - 1)
    above = np.minimum(below + 1, n - 1)
    part = np.clip(place - below, 0, 1)
    at_shares = samples[:, below] * (1 - part) + samples[:, above] * part
    low, high = np.quantile(at_shares, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return pd.DataFrame(
        {"quantile": share, "minutes": x[is_ended], "expected": law.quantile(share), "low": low, "high": high, "n": n}
    )


# Is an average of these durations worth anything, or do single incidents decide it?


_TOP = 0.1
_EXPONENTIAL_AT_FIVE = 1.094
"""Stephens' 5 % point of the distance between logarithms and an exponential law with their mean."""
_CLEAR_DIFFERENCE = 2.0
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


def _power_law(minutes: np.ndarray) -> tuple[float, float]:
    """Return the AICc and the index of a power law from the shortest duration on; infinite where it does not pass."""
    n, shortest = len(minutes), float(minutes.min())
    logs = np.sort(np.log(minutes / shortest))
    mean = float(logs.mean())
    if n < 8 or not mean > 0:
        return math.inf, math.inf
    law, upto = -np.expm1(-logs / mean), np.arange(1, n + 1) / n
    distance = float(np.maximum(upto - law, law - upto + 1 / n).max())
    if (distance - 0.2 / n) * (math.sqrt(n) + 0.26 + 0.5 / math.sqrt(n)) > _EXPONENTIAL_AT_FIVE:
        return math.inf, math.inf
    loglik = -n * math.log(mean) - float(np.log(minutes).sum()) - n
    return -2 * loglik + 4 + 12 / (n - 3), 1 / mean


@records_basis_of_list
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
    interval of the tail index lies wholly below 2 and a lognormal is ruled out: the variance is then not finite. Not
    trusted either where a power law from the shortest duration on describes all of them clearly best, passes for it
    (M. A. Stephens, *EDF statistics for goodness of fit*, J. Am. Stat. Assoc. 69, 1974) and its index is not known to
    be above 2. Measured: `benchmarks/tails.md`.
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
        known
        and law["family"] == "loglogistic"
        and float(fits["aicc"].sort_values().iloc[1] - law["aicc"]) >= _CLEAR_DIFFERENCE
    )
    # The longest tenth of a lognormal with the usual spread looks like a power law too: it must be ruled out first.
    heavy = (clearly and shape < 2) or (index * (1 + half) < 2 and bool(lognormal_p(logs)[0] < REJECTED_BELOW))
    if known and not heavy:
        aicc, whole = _power_law(evidence.minutes[evidence.observed])
        likely = float(fits["aicc"].min() - aicc) >= _CLEAR_DIFFERENCE and not open_
        heavy = likely and whole * (1 - float(special.ndtri((1 + level) / 2)) / math.sqrt(n)) < 2
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
