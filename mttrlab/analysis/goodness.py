"""Does a fitted law describe the durations? Monte Carlo with the parameters estimated anew in every sample."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mttrlab.analysis.durations_fit import Evidence, best
from mttrlab.analysis.laws import PLAIN, Law, log_survival
from mttrlab.analysis.laws_quick import fit_many
from mttrlab.analysis.reading import as_numbers
from mttrlab.errors import QuestionError

_CELLS = 2_000_000  # simulated durations in all: a second or two whatever the sample size
_MOST = 5_000  # with more, any law is contradicted by differences that matter to nobody


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
        values, seen = values[known], ended[known] > 0
        order = np.lexsort((seen, values))  # no sum depends on the order in which incidents were loaded
        evidence = Evidence(values[order], seen[order])
    n = len(evidence.minutes)
    all_ended = bool(evidence.observed.all())
    if n < 5 or np.ptp(evidence.minutes) == 0:
        return Goodness(np.nan, np.nan, n, 0, f"not estimable: n = {n}")
    if family == "gamma" and not all_ended:
        return Goodness(np.nan, np.nan, n, 0, "not tested: the gamma with open incidents has no quick fit")
    chance = np.random.Generator(np.random.PCG64(seed))
    part = ""
    if n > _MOST:
        picked = np.sort(chance.choice(n, _MOST, replace=False))
        evidence = replace(evidence, minutes=evidence.minutes[picked], observed=evidence.observed[picked])
        n, part = _MOST, f"{_MOST} of {n} incidents drawn at random, "
        if np.ptp(evidence.minutes) == 0:
            return Goodness(np.nan, np.nan, n, 0, f"not estimable: n = {n}")
    law = best(family, evidence)
    rounds = min(replications, max(99, _CELLS // n))
    seen = float(_distance(family, *_values(evidence.minutes[None, :], evidence), evidence.observed[None, :])[0])
    beyond, left = 0, rounds
    while left:
        rows = min(left, max(1, 400_000 // n))
        drawn, ended = _sample(law, evidence, chance, rows)
        usable = ended.sum(axis=1) >= 2
        distance = np.full(rows, np.inf)
        distance[usable] = _distance(family, *_values(drawn[usable], evidence), ended[usable])
        beyond += int((distance >= seen).sum())
        left -= rows
    method = f"Anderson–Darling, {part}{rounds} simulated samples, parameters fitted in each"
    return Goodness(seen, (beyond + 1) / (rounds + 1), n, rounds, method)


def _values(minutes: np.ndarray, evidence: Evidence) -> tuple[np.ndarray]:
    return (np.where(minutes > 0, minutes, evidence.resolution / 4) if evidence.resolution else minutes,)


def _sample(law: Law, evidence: Evidence, chance: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray]:
    n = len(evidence.minutes)
    drawn = law.draw(chance, (rows, n))
    h = evidence.resolution
    if h:
        offset = chance.random((rows, n)) * h
        cut = np.floor((drawn + offset) / h) * h
        drawn = cut if evidence.rounding == "stamps" else np.round(drawn / h) * h
    if evidence.observed.all():
        return drawn, np.ones((rows, n), dtype=bool)
    limits = _censoring(evidence, chance, (rows, n))
    return np.minimum(drawn, limits), drawn <= limits


def _censoring(evidence: Evidence, chance: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    # Reverse Kaplan–Meier: being seen to end is what censors the moment of looking.
    order = np.lexsort((~evidence.observed, evidence.minutes))
    times, looked = evidence.minutes[order], ~evidence.observed[order]
    survive = np.cumprod(1 - looked / np.arange(len(times), 0, -1))
    place = np.searchsorted(1 - survive[looked], chance.random(size))
    return np.append(times[looked], np.inf)[place]


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
