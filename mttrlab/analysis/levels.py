"""The levels themselves: of a number of minutes, of what is likely of one, and the next better one."""

from __future__ import annotations

import math

import numpy as np

from mttrlab.errors import QuestionError
from mttrlab.schema import LEVELS, NO_LEVEL

AWARD = 0.8
"""Probability that must lie behind a level before it is awarded."""


def maturity_level(minutes: float) -> str:
    """Return the maturity level of a number of minutes; thresholds are strict.

    Parameters
    ----------
    minutes : float

    Returns
    -------
    str
        Elite (< 15), Advanced (< 30), Intermediate (< 60), Basic (< 240), or "no level": four hours and more have no
        name. "unknown" for NaN.

    Raises
    ------
    QuestionError
        When minutes are negative or no number.

    Examples
    --------
    >>> [maturity_level(m) for m in (14.999, 15, 60, 240)]
    ['Elite', 'Advanced', 'Basic', 'no level']
    """
    if isinstance(minutes, bool) or not isinstance(minutes, (int, float, np.integer, np.floating)):
        raise QuestionError(f"minutes must be a number; got {minutes!r}")
    if math.isnan(minutes):
        return "unknown"
    if minutes < 0:
        raise QuestionError(f"minutes must not be negative; got {minutes:g}")
    return next((name for name, below in LEVELS if minutes < below), NO_LEVEL)


def next_better(minutes: float) -> tuple[str, float]:
    """Return the next better level and its limit in minutes; no name and NaN where there is none.

    Examples
    --------
    >>> next_better(60), next_better(14)
    (('Intermediate', 60.0), ('', nan))
    """
    better = [(who, limit) for who, limit in LEVELS if not minutes < limit]
    return better[-1] if better else ("", math.nan)


def award(below: np.ndarray | list[float]) -> str:
    """Return the level that the evidence carries, or a range of levels.

    Parameters
    ----------
    below : sequence of float
        Probability that the true value lies below the limit of each of `LEVELS`, best first.

    Examples
    --------
    >>> award([0.00001, 0.018, 0.802, 1.0])
    'Intermediate'
    >>> award([0.0, 0.02, 0.5, 1.0])
    'Basic–Intermediate'
    >>> award([float("nan")] * 4)
    'too few to tell'
    """
    if np.isnan(below).any():
        return "too few to tell"
    names = [name for name, _ in LEVELS]
    reached = next((name for name, p in zip(names, below, strict=True) if p >= AWARD), NO_LEVEL)
    possible = next((name for name, p in zip(names, below, strict=True) if p > 1 - AWARD), NO_LEVEL)
    return reached if reached == possible else f"{reached}–{possible}"
