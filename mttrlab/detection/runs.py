"""How many trials pass until enough of them fail in a row, and the delays that follow from a schedule."""

from __future__ import annotations

from math import comb

import numpy as np

from mttrlab.detection.delay import Delay
from mttrlab.errors import QuestionError

_TRIALS = 600
"""Trials followed one by one; a longer tail is geometric to every digit that matters."""


def mean_trials(chance: float, in_a_row: int) -> float:
    """Return the mean number of trials until `in_a_row` of them succeed in a row: (1-s^k)/((1-s)s^k).

    Examples
    --------
    >>> round(mean_trials(0.8, 2), 6)
    2.8125
    """
    if chance <= 0:
        return np.inf
    if chance >= 1:
        return float(in_a_row)
    # (1-s^k)/(1-s) is 1 + s + ... + s^(k-1), which does not cancel near s = 1.
    return float(sum(chance**power for power in range(in_a_row)) / chance**in_a_row)


def waiting(chance: float, in_a_row: int, trials: int = _TRIALS) -> np.ndarray:
    """Return P(more than n trials are needed) for n = 0, 1, …

    Parameters
    ----------
    chance : float
        Of one trial.
    in_a_row : int
        Successes in a row that end the wait.
    trials : int
        Last n.
    """
    if not 0 <= chance <= 1:
        raise QuestionError(f"the chance that a run fails must lie between 0 and 1; got {chance!r}")
    if in_a_row < 1:
        raise QuestionError(f"confirmations must be at least 1; got {in_a_row!r}")
    left = np.ones(max(trials, in_a_row) + 1)
    left[in_a_row] = 1 - chance**in_a_row
    begin = (1 - chance) * chance**in_a_row
    for n in range(in_a_row + 1, len(left)):
        left[n] = max(left[n - 1] - begin * left[n - in_a_row - 1], 0.0)
    return left


def on_a_schedule(left: np.ndarray, step: float) -> Delay:
    """Return the delay of a trial count whose trials come every `step` seconds, the first anywhere in a step.

    Parameters
    ----------
    left : array
        P(more than n trials are needed), as `waiting` gives it; a tail that is left over falls geometrically.
    step : float
        Seconds between trials.
    """
    if float(left[-1]) >= 1:
        return Delay.never()
    first = int(np.argmax(left < 1)) - 1
    done = np.flatnonzero(left <= 1e-15)
    last = int(done[0]) if len(done) else len(left) - 1
    times = step * np.arange(first, last + 1)
    knots, remaining = times, left[last]
    if remaining > 1e-15:
        fall = 1 - left[last] / left[last - 1]
        # Chosen so that the smooth tail holds the same area as the stairs that it stands for.
        mean = step * (1 / fall - 0.5)
        knots = np.append(times, times[-1] + mean * np.array([0.5, 1, 2, 4, 7, 10, 14, 18, 23, 28, 34, 40]))

    def survival(at: np.ndarray) -> np.ndarray:
        stairs = np.asarray(np.interp(at, times, left[first : last + 1]))
        if remaining <= 1e-15:
            return stairs
        tail = remaining * np.exp(-np.maximum(at - times[-1], 0.0) / mean)
        return np.asarray(np.where(at > times[-1], tail, stairs))

    return Delay.from_survival(survival, knots, 2 if remaining <= 1e-15 else 20)


def together(left: np.ndarray, needed: int, of: int) -> np.ndarray:
    """Return P(more than n rounds are needed) when `of` locations try in the same instant and `needed` must agree."""
    return np.asarray(sum(comb(of, j) * (1 - left) ** j * left ** (of - j) for j in range(needed)))


def staggered(left: np.ndarray, needed: int, of: int) -> np.ndarray:
    """Return P(more than n slots are needed) when `of` locations take turns, one slot after the other."""
    rounds = len(left) - 1
    answer = np.zeros(rounds * of + 1)
    for slot in range(len(answer)):
        # After so many slots, `extra` locations have had one turn more than the others.
        full, extra = divmod(slot, of)
        ahead, behind = 1 - left[min(full + 1, rounds)], 1 - left[full]
        answer[slot] = _fewer(needed, [(ahead, extra), (behind, of - extra)])
        if answer[slot] <= 1e-15:
            break
    return answer


def _fewer(needed: int, groups: list[tuple[float, int]]) -> float:
    """Return P(fewer than `needed` locations have noticed), given chance and size of each group."""
    counts = np.array([1.0])
    for chance, size in groups:
        binomial = np.array([comb(size, j) * chance**j * (1 - chance) ** (size - j) for j in range(size + 1)])
        counts = np.convolve(counts, binomial)
    return float(counts[:needed].sum())
