"""From a chance to the time by which something has come: the inverse of a delay's law."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mttrlab.detection.delay import Delay

_POINTS = 33
"""Outline points of a piece."""
_HAIR = 1e-13
"""Rounding of a chance."""
_SHARP = 1e-12
"""Relative width of a bracket that is an answer."""


def first_time(delay: Delay, level: np.ndarray) -> np.ndarray:
    """Return the shortest time by which the delay has ended with each chance; infinite where it never has."""
    wanted = 1 - level
    if delay.ever == 0:
        return np.full(wanted.shape, inf)
    times, values = _outline(delay)
    # The first outline point that is low enough; values fall, searchsorted wants them to rise.
    first = np.searchsorted(-values, -(wanted + _HAIR), side="left")
    answer = np.where(wanted < 1 - delay.ever - _HAIR, inf, float(delay.knots[-1]))
    found = first < len(values)
    answer[found] = times[first[found]]
    inner = found & (first % _POINTS > 0)
    if inner.any():
        answer[inner] = _between(delay, times, values, first[inner], wanted[inner])
    return answer


def _outline(delay: Delay) -> tuple[np.ndarray, np.ndarray]:
    """Return times and survival at both ends of each piece and between them, never rising."""
    at = np.linspace(-1, 1, _POINTS)
    values = delay.pieces @ np.polynomial.legendre.legvander(at, delay.nodes - 1).T
    middle, half = (delay.knots[1:] + delay.knots[:-1]) / 2, np.diff(delay.knots) / 2
    times = (middle[:, None] + half[:, None] * at).ravel()
    return times, np.minimum.accumulate(np.clip(values.ravel(), 0.0, 1.0))


def _between(delay: Delay, times: np.ndarray, values: np.ndarray, first: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return where survival falls to what is wanted, just before outline points of their pieces (by halves)."""
    piece = first // _POINTS
    rows, start, width = delay.pieces[piece].T, delay.knots[piece], np.diff(delay.knots)[piece]
    low, high = times[first - 1], times[first]
    over, under = values[first - 1] - wanted, values[first] - wanted
    for turn in range(24):
        steep = over - under
        share = np.where(steep > 0, over / np.where(steep > 0, steep, 1.0), 1.0)
        # Every other turn halves the bracket: false position crawls where the law begins flat.
        middle = low + (np.clip(share, 0.0, 1.0) if turn % 2 == 0 else 0.5) * (high - low)
        value = np.polynomial.legendre.legval(2 * (middle - start) / width - 1, rows, tensor=False) - wanted
        late = value > _HAIR
        # The end that stays counts half, or one side would never move (the Illinois rule).
        over, under = np.where(late, value, over / 2), np.where(late, under / 2, value)
        low, high = np.where(late, middle, low), np.where(late, high, middle)
    # Where false position keeps one side, the bracket is still wide: halve it until the answer is sharp.
    while (wide := np.flatnonzero(high - low > _SHARP * np.maximum(high, 1.0))).size:
        middle = (low[wide] + high[wide]) / 2
        inside = 2 * (middle - start[wide]) / width[wide] - 1
        late = np.polynomial.legendre.legval(inside, rows[:, wide], tensor=False) - wanted[wide] > _HAIR
        low[wide], high[wide] = np.where(late, middle, low[wide]), np.where(late, high[wide], middle)
    return np.asarray(high)
