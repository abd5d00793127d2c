"""How a merged span splits into its phases: mean shares given its length, learnt from incidents with every stamp."""

from __future__ import annotations

import numpy as np

_STEPS = 60


def _terms(minutes: np.ndarray) -> np.ndarray:
    logs = np.log(np.maximum(minutes, 1e-6))
    return np.column_stack([np.ones(len(logs)), logs, logs**2])


class Splitter:
    """Mean share of each phase as a function of the log minutes of the span that holds them.

    A fractional multinomial logit (L. Papke, J. Wooldridge, *Econometric methods for fractional response variables*,
    J. Appl. Econometrics 11, 1996): phases of zero minutes are no trouble, and the parts add up to the span.
    """

    def __init__(self, parts: np.ndarray, weight: np.ndarray | None = None) -> None:
        whole = parts.sum(axis=1)
        known = whole > 0
        parts, whole = parts[known], whole[known]
        weight = np.ones(len(whole)) if weight is None else weight[known]
        terms = _terms(whole)
        self._middle, self._scale = terms[:, 1:].mean(axis=0), np.maximum(terms[:, 1:].std(axis=0), 1e-9)
        self._slopes = _fit(self._standard(terms), parts / whole[:, None], weight)

    def _standard(self, terms: np.ndarray) -> np.ndarray:
        return np.column_stack([terms[:, 0], (terms[:, 1:] - self._middle) / self._scale])

    def shares(self, minutes: np.ndarray) -> np.ndarray:
        """Return the mean shares for spans of these lengths; each row adds up to one."""
        return _softmax(self._standard(_terms(minutes)) @ self._slopes)


def _softmax(scores: np.ndarray) -> np.ndarray:
    full = np.column_stack([scores, np.zeros(len(scores))])
    raised = np.exp(full - full.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def _fit(terms: np.ndarray, shares: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the slopes by Newton's method, with a whiff of ridge so that few incidents do not run away."""
    size, others = terms.shape[1], shares.shape[1] - 1
    slopes = np.zeros((size, others))
    ridge = 1e-3 * np.eye(size * others)
    for _ in range(_STEPS):
        expected = _softmax(terms @ slopes)[:, :-1]
        gradient = (terms.T @ ((shares[:, :-1] - expected) * weight[:, None])).T.ravel()
        bend = np.empty((others, size, others, size))
        for a in range(others):
            for b in range(others):
                curve = expected[:, a] * ((a == b) - expected[:, b]) * weight
                bend[a, :, b, :] = terms.T @ (terms * curve[:, None])
        flat = slopes.T.ravel()
        step = np.linalg.solve(bend.reshape(size * others, -1) + ridge, gradient - ridge @ flat)
        slopes = (flat + np.clip(step, -3, 3)).reshape(others, size).T
        if np.abs(step).max() < 1e-9:
            break
    return slopes


def chance_of(seen: np.ndarray, minutes: np.ndarray) -> np.ndarray:
    """Return the probability of being `seen`, given the minutes: what inverse weights are made of.

    Parameters
    ----------
    seen : ndarray of bool
    minutes : ndarray
    """
    terms = _terms(minutes)[:, :2]
    terms[:, 1] -= terms[:, 1].mean()
    shares = np.column_stack([seen, ~seen]).astype(float)
    return np.asarray(_softmax(terms @ _fit(terms, shares, np.ones(len(seen))))[:, 0])
