"""Choosing under doubt: how likely each choice is the best, what a wrong one costs, what it is worth to know more."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import special

from mttrlab.response.model.arrays import Floats

_LEVEL = 0.95


class Worth(NamedTuple):
    """What is known of one choice, or of all; each with the ends of a 95 % interval, of the number of draws alone."""

    value: float
    low: float
    high: float


def chance_best(values: Floats) -> list[Worth]:
    """Return how likely each choice is the best.

    Parameters
    ----------
    values : array
        One row for each draw of what is not known, one column for each choice: what it then brings.

    Notes
    -----
    Equal ones share the draw. Interval of Wilson (1927).

    Examples
    --------
    >>> [round(one.value, 2) for one in chance_best(np.array([[1.0, 2.0], [3.0, 2.0], [1.0, 2.0], [2.0, 2.0]]))]
    [0.38, 0.62]
    """
    first = values == values.max(axis=1, keepdims=True)
    shares = (first / first.sum(axis=1, keepdims=True)).mean(axis=0)
    n, z = len(values), float(special.ndtri((1 + _LEVEL) / 2))
    made = []
    for p in shares.tolist():
        middle, half = (p + z**2 / (2 * n)), z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
        made.append(Worth(p, max((middle - half) / (1 + z**2 / n), 0.0), min((middle + half) / (1 + z**2 / n), 1.0)))
    return made


def regret(values: Floats) -> list[Worth]:
    """Return what each choice loses on average against the one that would have been the best.

    Notes
    -----
    The expected opportunity loss; that of the best choice is the expected value of perfect information (Raiffa,
    Schlaifer, *Applied Statistical Decision Theory*, 1961).

    Examples
    --------
    >>> [one.value for one in regret(np.array([[1.0, 2.0], [3.0, 2.0]]))]
    [0.5, 0.5]
    """
    return [_mean(values.max(axis=1) - column) for column in values.T]


def finding_out(values: Floats, known: Sequence[Floats]) -> list[Worth]:
    """Return what it is worth to learn everything about one choice's own numbers before choosing.

    Parameters
    ----------
    values : array
        As for `chance_best`.
    known : sequence of array
        For each choice its own unknown numbers, one row for each draw; no column: it has none, and learning is worth
        nothing.

    Notes
    -----
    The expected value of partial perfect information: mean over draws of the best choice once a choice's value is
    replaced by what its own numbers explain of it, less the best without. What they explain is a quadratic regression
    (Strong, Oakley, Brennan, *Medical Decision Making* 34, 2014), so that what several choices do not know in common
    (the fit) is not counted for one of them.
    """
    middle = values.mean(axis=0)
    now = int(middle.argmax())
    made = []
    for place, numbers in enumerate(known):
        if not numbers.size or len(middle) < 2:
            made.append(Worth(0.0, 0.0, 0.0))
            continue
        # Against the best of the others: what both do not know falls out.
        other = int(np.where(np.arange(len(middle)) == place, -np.inf, middle).argmax())
        others = middle[other]
        explained = others + _explained(values[:, place] - values[:, other], numbers)
        made.append(_mean(np.maximum(explained, others) - (explained if place == now else others)))
    return made


def _explained(values: Floats, numbers: Floats) -> Floats:
    """Return what a quadratic regression on numbers of a draw says of its value."""
    spread = numbers.std(axis=0)
    centred = (numbers - numbers.mean(axis=0))[:, spread > 0] / spread[spread > 0]
    k = centred.shape[1]
    terms = [np.ones(len(values)), *centred.T]
    if len(values) > 3 * (1 + 2 * k + k * (k - 1) // 2):
        terms += [centred[:, i] * centred[:, j] for i in range(k) for j in range(i, k)]
    design = np.stack(terms, axis=1)
    found, *_ = np.linalg.lstsq(design, values, rcond=None)
    return np.asarray(design @ found)


def _mean(values: Floats) -> Worth:
    middle = float(values.mean())
    half = float(special.ndtri((1 + _LEVEL) / 2) * values.std() / np.sqrt(len(values)))
    return Worth(middle, middle - half, middle + half)
