"""Small services borrow strength from the others; many services share one budget of false alarms."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import optimize

from mttrlab.analysis.reading import as_numbers
from mttrlab.errors import QuestionError

NAN = float("nan")


class Pooled(NamedTuple):
    """Several estimates of like things, seen as draws around a common level."""

    mu: float
    """Common level."""
    error: float
    """Its standard error."""
    tau2: float
    """Variance between the true values; 0: they may all be equal."""
    q: float
    """Cochran's Q."""
    weight: np.ndarray
    """Weight of each estimate on itself; the rest is the common level's."""
    shrunk: np.ndarray
    """Each estimate drawn towards the common level."""
    shrunk_error: np.ndarray
    """Standard errors of these, that of the level included."""


def pool(estimates: npt.ArrayLike, errors: npt.ArrayLike, *, method: str = "DerSimonian–Laird") -> Pooled:
    """Return estimates drawn towards their common level, the more so the less each of them knows.

    Parameters
    ----------
    estimates : array-like
        One per service: mean log minutes, or the logarithm of a ratio.
    errors : array-like
        Their standard errors, above zero.
    method : str
        "DerSimonian–Laird" (1986) or "Paule–Mandel" (1982).

    Returns
    -------
    Pooled

    Raises
    ------
    QuestionError
        When there is nothing to pool, an error is not above zero, or the method is unknown.

    Examples
    --------
    >>> found = pool([28, 8, -3, 7, -1, 1, 18, 12], [15, 10, 16, 11, 9, 11, 10, 18])
    >>> round(found.mu, 3), round(found.error, 3), round(found.q, 3), found.tau2
    (7.686, 4.072, 4.707, 0.0)
    """
    y, v = np.asarray(estimates, dtype=float), np.asarray(errors, dtype=float) ** 2
    if len(y) == 0 or len(y) != len(v) or not (np.isfinite(y).all() and (v > 0).all()):
        raise QuestionError("pool needs one estimate and one error above zero for each service")
    w = 1 / v
    q = float((w * (y - (w * y).sum() / w.sum()) ** 2).sum())
    if method == "DerSimonian–Laird":
        scale = float(w.sum() - (w**2).sum() / w.sum())
        tau2 = max(0.0, (q - (len(y) - 1)) / scale) if scale > 0 else 0.0
    elif method == "Paule–Mandel":
        tau2 = _paule_mandel(y, v)
    else:
        raise QuestionError(f"method must be 'DerSimonian–Laird' or 'Paule–Mandel'; got {method!r}")
    total = 1 / (v + tau2)
    mu = float((total * y).sum() / total.sum())
    own = tau2 / (tau2 + v)
    shrunk = own * y + (1 - own) * mu
    error2 = 1 / float(total.sum())
    return Pooled(mu, math.sqrt(error2), tau2, q, own, shrunk, np.sqrt(own * v + (1 - own) ** 2 * error2))


def _paule_mandel(y: np.ndarray, v: np.ndarray) -> float:
    def excess(tau2: float) -> float:
        w = 1 / (v + tau2)
        return float((w * (y - (w * y).sum() / w.sum()) ** 2).sum()) - (len(y) - 1)

    if excess(0.0) <= 0:
        return 0.0
    high = float(y.var() + v.max())
    while excess(high) > 0:
        high *= 2
    return float(optimize.brentq(excess, 0.0, high, xtol=1e-14))


def false_discovery(p: npt.ArrayLike) -> np.ndarray:
    """Return adjusted p: calling those at most q real makes at most the share q of the calls false.

    Parameters
    ----------
    p : array-like
        One per service; NaN stays NaN and is not counted.

    Notes
    -----
    Benjamini and Hochberg (1995).

    Examples
    --------
    >>> false_discovery([0.01, 0.04, 0.03, 0.5]).round(4).tolist()
    [0.04, 0.0533, 0.0533, 0.5]
    """
    values = as_numbers(p, "p")
    found = np.full(len(values), NAN)
    known = np.flatnonzero(np.isfinite(values))
    order = known[np.argsort(values[known], kind="stable")[::-1]]
    count = len(order)
    scaled = values[order] * count / np.arange(count, 0, -1)
    found[order] = np.minimum(np.minimum.accumulate(scaled), 1.0)
    return found
