"""Lognormal regression by maximum likelihood, open incidents censored on the right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from mttrlab.validate import check_words

_STEPS = 60
_RARE = 5  # a level with fewer incidents joins "other": its own effect would only follow single incidents


@dataclass(frozen=True)
class Regression:
    """A fitted model of log minutes."""

    names: tuple[str, ...]
    """One per coefficient."""
    coefficients: np.ndarray
    """Effects on log minutes."""
    errors: np.ndarray
    """Standard errors."""
    sigma: float
    """Spread of log minutes around the model."""
    freedom: float
    """Degrees of freedom: ended incidents less coefficients."""
    loglik: float
    """Log-likelihood of the log minutes."""

    def effect(self, name: str, level: float) -> tuple[float, float, float]:
        """Return a coefficient and its interval."""
        place = self.names.index(name)
        value, error = float(self.coefficients[place]), float(self.errors[place])
        half = float(special.stdtrit(self.freedom, (1 + level) / 2)) * error
        return value, value - half, value + half

    def probability_below(self, name: str, bound: float) -> float:
        """Return the probability that a coefficient lies below a bound."""
        place = self.names.index(name)
        away = (bound - float(self.coefficients[place])) / float(self.errors[place])
        return float(special.stdtr(self.freedom, away))


def _product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    # Not the BLAS: its sums depend on the number of threads.
    return np.asarray(np.einsum("ni,nj->ij", left, right))


def fit_censored_lognormal(
    logs: np.ndarray, observed: np.ndarray, design: np.ndarray, names: tuple[str, ...]
) -> Regression | None:
    """Return the model of log minutes, or None where the ended incidents do not determine it.

    Parameters
    ----------
    logs : array
        Log minutes; of open incidents, of the minutes so far.
    observed : array of bool
        False: open.
    design : array
        One row per incident, one column per coefficient, of full rank.
    names : tuple of str
        Names of the columns.

    Notes
    -----
    Olsen's parameters (coefficients and logs divided by sigma), in which the likelihood is concave (R. J. Olsen,
    "Note on the uniqueness of the maximum likelihood estimator for the Tobit model", Econometrica 46, 1978).
    Standard errors carry the factor n / (n - coefficients), which makes the uncensored case the usual regression.
    """
    ended = int(observed.sum())
    width = design.shape[1]
    if ended <= width or np.linalg.matrix_rank(_product(design[observed], design[observed])) < width:
        return None
    centre = float(logs[observed].mean())
    y = logs - centre
    start = np.linalg.solve(
        _product(design[observed], design[observed]), np.einsum("ni,n->i", design[observed], y[observed])
    )
    spread = float(np.sqrt(np.mean((y[observed] - (design[observed] * start).sum(axis=1)) ** 2)))
    if not spread > 1e-9:
        return None
    place = np.append(start / spread, 1 / spread)
    reach = np.column_stack([design, -y])
    # Ended incidents enter through their sums of products alone; only open ones are visited in each step.
    products, late = _product(reach[observed], reach[observed]), reach[~observed]

    def value(at: np.ndarray) -> float:
        if at[-1] <= 0:
            return -np.inf
        seen = ended * (np.log(at[-1]) - 0.5 * np.log(2 * np.pi)) - 0.5 * float(at @ products @ at)
        return float(seen + special.log_ndtr((late * at).sum(axis=1)).sum())

    here = value(place)
    for _ in range(_STEPS):
        e = -(late * place).sum(axis=1)
        mills = np.exp(-0.5 * e**2 - 0.5 * np.log(2 * np.pi) - special.log_ndtr(-e))
        slope = np.einsum("ni,n->i", late, mills) - products @ place
        slope[-1] += ended / place[-1]
        bend = products + _product(late * (mills * (mills - e))[:, None], late)
        bend[-1, -1] += ended / place[-1] ** 2
        step = np.linalg.solve(bend, slope)
        size = 1.0
        while (there := value(place + size * step)) < here and size > 1e-8:
            size /= 2
        place, gained, here = place + size * step, there - here, there
        if abs(gained) < 1e-12 * max(1.0, abs(here)):
            break
    sigma = 1 / place[-1]
    # From Olsen's parameters back to coefficients: beta = gamma * sigma.
    jacobian = np.column_stack([np.eye(width) * sigma, -place[:-1] * sigma**2])
    covariance = jacobian @ np.linalg.inv(bend) @ jacobian.T
    freedom = float(ended - width)
    inflate = np.sqrt(ended / freedom)
    coefficients = place[:-1] * sigma
    constant = names.index("constant") if "constant" in names else None
    if constant is not None:
        coefficients[constant] += centre
    return Regression(
        names, coefficients, np.sqrt(np.diag(covariance)) * inflate, float(sigma * inflate), freedom, here
    )


def dummies(frame: pd.DataFrame, columns: tuple[str, ...]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return indicator columns of the frame's levels, the commonest level left out as the reference.

    Levels with fewer than five incidents are put together as "other"; an empty cell is the level "not said".
    """
    blocks: list[np.ndarray] = []
    names: list[str] = []
    for column in columns:
        check_words(frame[column])
        codes, levels = pd.factorize(frame[column])
        words = np.array([*(str(level) for level in levels), "not said"], dtype=object)
        counts = np.bincount(codes[codes >= 0], minlength=len(words))
        counts[-1] = (codes < 0).sum()
        codes = np.where(codes < 0, len(words) - 1, codes)
        words[counts < _RARE] = "other"
        # Sorted by count, then by name, so that the order of rows does not choose the reference.
        sizes = {str(word): int(counts[words == word].sum()) for word in words}
        ordered = sorted((word for word in sizes if sizes[word]), key=lambda word: (-sizes[word], word))
        for word in ordered[1:]:
            blocks.append((words == word)[codes].astype(float))
            names.append(f"{column}: {word}")
    return (np.column_stack(blocks) if blocks else np.empty((len(frame), 0))), tuple(names)


def independent(columns: np.ndarray) -> np.ndarray:
    """Return the positions of columns that are no combination of those before them."""
    kept: list[int] = []
    basis: list[np.ndarray] = []
    for place in range(columns.shape[1]):
        rest = columns[:, place].astype(float)
        size = float(np.sqrt((rest**2).sum()))
        for _ in range(2):  # twice: once is not enough against rounding
            for direction in basis:
                rest = rest - direction * float((direction * rest).sum())
        left = float(np.sqrt((rest**2).sum()))
        if left > 1e-8 * max(size, 1.0):
            kept.append(place)
            basis.append(rest / left)
    return np.array(kept, dtype=int)
