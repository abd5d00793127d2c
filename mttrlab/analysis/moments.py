"""Counts and power sums of minutes and of their logarithms: all that the parametric intervals need of a group."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mttrlab.analysis.reading import as_numbers
from mttrlab.errors import QuestionError, SchemaError

SUMS = ("n", "positive", "log1", "log2", "log3", "log4", "sum1", "sum2", "sum3")
"""Counts, and sums of powers: of the logarithms of minutes above zero, and of the minutes."""
REJECTED_BELOW = 0.01
"""p-value below which logarithms do not pass for normal."""


def checked_level(level: float) -> float:
    """Return `level` if it lies between 0 and 1.

    Raises
    ------
    QuestionError
        Otherwise.
    """
    if not isinstance(level, (int, float)) or not 0 < level < 1:
        raise QuestionError(f"level must lie between 0 and 1, such as 0.95; got {level!r}")
    return float(level)


def checked_minutes(minutes: object) -> np.ndarray:
    """Return `minutes` as an array of floats without the unknown ones (NaN).

    Raises
    ------
    SchemaError
        When they are no numbers, infinite, or negative.
    """
    values = as_numbers(minutes)
    if np.isinf(values).any():
        raise SchemaError("minutes must be finite; leave unknown ones empty")
    if (values < 0).any():
        raise SchemaError(f"minutes must be zero or more; got {np.nanmin(values):g}")
    return np.asarray(values[~np.isnan(values)])


def power_sums(minutes: np.ndarray) -> pd.DataFrame:
    """Return one row of `SUMS`: what `analysis/spread.sql` gives per group, of one list of minutes."""
    above = minutes[minutes > 0]
    logs = np.log(above)
    powers = [float((logs**k).sum()) for k in (1, 2, 3, 4)]
    row = [len(minutes), len(above), *powers, *((minutes**k).sum() for k in (1, 2, 3))]
    return pd.DataFrame([row], columns=list(SUMS), dtype=float)


def log_mean(sums: pd.DataFrame) -> np.ndarray:
    """Return the mean logarithm of the minutes above zero; NaN where there are none."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return (sums["log1"] / sums["positive"]).to_numpy(dtype=float)


def log_sd(sums: pd.DataFrame) -> np.ndarray:
    """Return the standard deviation of the logarithms (n − 1 below); NaN below two."""
    n = sums["positive"].to_numpy(dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        centred = sums["log2"].to_numpy(dtype=float) - sums["log1"].to_numpy(dtype=float) ** 2 / n
        variance = np.where(n > 1, centred / (n - 1), np.nan)
        # What is left of equal minutes after subtracting is rounding.
        return np.sqrt(np.where(np.abs(variance) < 1e-15, 0.0, np.maximum(variance, 0.0)))


def lognormal_p(sums: pd.DataFrame) -> np.ndarray:
    """Return how well the logarithms pass for normal: the p-value of D'Agostino's tests.

    Returns
    -------
    ndarray
        Below 8 minutes NaN: too few to tell. Below 20 skewness alone, from there skewness and kurtosis (K²).

    Notes
    -----
    From power sums alone, so that it is the same for a frame and inside a lab. R. B. D'Agostino, E. S. Pearson,
    *Tests for departure from normality*, Biometrika 60 (1973).
    """
    from scipy import special

    n = sums["positive"].to_numpy(dtype=float)
    skewness, kurtosis, usable = _shape(sums)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        z_skewness, z_kurtosis = _z_of_skewness(skewness, n), _z_of_kurtosis(kurtosis, n)
        p = np.where(n < 20, 2 * special.ndtr(-np.abs(z_skewness)), special.chdtrc(2, z_skewness**2 + z_kurtosis**2))
    return np.where((n >= 8) & usable, p, np.nan)


def heavy_tailed(sums: pd.DataFrame) -> np.ndarray:
    """Return where the logarithms look like those of a law whose variance is not finite.

    Notes
    -----
    The log-logistic with a shape below 2 has logarithms that are symmetric, with a kurtosis of 4.2 and a standard
    deviation above pi / sqrt(12) = 0.907. So: a deviation above that, a kurtosis above the normal's by more than
    chance (one-sided, 0.01), and no left skewness to account for it.
    """
    n = sums["positive"].to_numpy(dtype=float)
    skewness, kurtosis, _ = _shape(sums)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        z_skewness, z_kurtosis = _z_of_skewness(skewness, n), _z_of_kurtosis(kurtosis, n)
        heavy = (z_kurtosis > 2.326) & (z_skewness > -1.96) & (log_sd(sums) > np.pi / np.sqrt(12))
    return np.asarray((n >= 20) & heavy)


def _shape(sums: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return skewness and kurtosis of the logarithms, and where they vary enough to have any."""
    n = sums["positive"].to_numpy(dtype=float)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        m1, m2, m3, m4 = (sums[f"log{k}"].to_numpy(dtype=float) / n for k in (1, 2, 3, 4))
        variance = m2 - m1**2
        # Of logarithms that hardly differ the higher powers are rounding.
        usable = variance > 1e-6 * np.maximum(m2, 1e-9)
        skewness = (m3 - 3 * m1 * m2 + 2 * m1**3) / variance**1.5
        kurtosis = (m4 - 4 * m1 * m3 + 6 * m1**2 * m2 - 3 * m1**4) / variance**2
    return skewness, kurtosis, usable


def _z_of_skewness(skewness: np.ndarray, n: np.ndarray) -> np.ndarray:
    y = skewness * np.sqrt((n + 1) * (n + 3) / (6 * (n - 2)))
    beta = 3 * (n**2 + 27 * n - 70) * (n + 1) * (n + 3) / ((n - 2) * (n + 5) * (n + 7) * (n + 9))
    w2 = -1 + np.sqrt(2 * (beta - 1))
    return np.asarray(np.arcsinh(y / np.sqrt(2 / (w2 - 1))) / np.sqrt(0.5 * np.log(w2)))


def _z_of_kurtosis(kurtosis: np.ndarray, n: np.ndarray) -> np.ndarray:
    variance = 24 * n * (n - 2) * (n - 3) / ((n + 1) ** 2 * (n + 3) * (n + 5))
    x = (kurtosis - 3 * (n - 1) / (n + 1)) / np.sqrt(variance)
    skew = 6 * (n**2 - 5 * n + 2) / ((n + 7) * (n + 9)) * np.sqrt(6 * (n + 3) * (n + 5) / (n * (n - 2) * (n - 3)))
    a = 6 + 8 / skew * (2 / skew + np.sqrt(1 + 4 / skew**2))
    below = 1 + x * np.sqrt(2 / (a - 4))
    cubed = np.sign(below) * np.cbrt((1 - 2 / a) / np.abs(below))
    return np.asarray((1 - 2 / (9 * a) - cubed) / np.sqrt(2 / (9 * a)))
