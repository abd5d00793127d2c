"""Maximum-likelihood fits of many samples at once: what a Monte Carlo needs a thousand times."""

from __future__ import annotations

import numpy as np
from scipy import special

from mttrlab.analysis.laws import Law

_STEPS = 50
LOCATION_SCALE = ("lognormal", "weibull", "loglogistic")
"""Families whose logarithm has a location and a scale."""


def fit_many(family: str, minutes: np.ndarray, observed: np.ndarray | None = None) -> np.ndarray:
    """Return the fitted parameters of every row.

    Parameters
    ----------
    family : str
        A plain family; with open incidents any but the gamma.
    minutes : array
        One sample per row, above zero.
    observed : array of bool, optional
        False: the minutes are a lower bound.

    Returns
    -------
    array
        One row of parameters per sample, in the order of `PARAMETERS`.

    Notes
    -----
    For a density and a survival that are log-concave in log minutes the likelihood is concave in (location / scale,
    1 / scale), so Newton steps that never lose likelihood reach the one maximum.
    """
    ended = np.ones(minutes.shape, dtype=bool) if observed is None else observed
    if family == "exponential":
        return np.asarray(minutes.sum(axis=1) / ended.sum(axis=1))[:, None]
    if family == "gamma":
        return _gamma(minutes)
    logs = np.log(minutes)
    if family == "lognormal" and ended.all():
        return np.column_stack([logs.mean(axis=1), logs.std(axis=1)])
    location, scale = _location_scale(family, logs, ended)
    if family == "lognormal":
        return np.column_stack([location, scale])
    return np.column_stack([1 / scale, np.exp(location)])


def _gamma(minutes: np.ndarray) -> np.ndarray:
    mean = minutes.mean(axis=1)
    gap = np.maximum(np.log(mean) - np.log(minutes).mean(axis=1), 1e-12)
    shape = (3 - gap + np.sqrt((gap - 3) ** 2 + 24 * gap)) / (12 * gap)
    for _ in range(_STEPS):
        # Newton in 1/shape (Minka 2002, "Estimating a gamma distribution").
        slope = np.log(shape) - special.digamma(shape) - gap
        new = 1 / (1 / shape + slope / (shape**2 * (1 / shape - special.polygamma(1, shape))))
        moved = np.abs(new - shape) / shape
        shape = np.where(new > 0, new, shape / 2)
        if moved.max() < 1e-13:
            break
    return np.column_stack([shape, mean / shape])


def _terms(family: str, z: np.ndarray, ended: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    # Log-likelihood of each standardised log minute, with its first two derivatives.
    if family == "weibull":
        e = np.exp(np.minimum(z, 700))
        return np.where(ended, z, 0) - e, np.where(ended, 1 - e, -e), -e
    if family == "loglogistic":
        p, weight = special.expit(z), np.where(ended, 2.0, 1.0)
        return np.where(ended, z, 0) - weight * np.logaddexp(0, z), ended - weight * p, -weight * p * (1 - p)
    tail = special.log_ndtr(-z)
    mills = np.exp(np.where(ended, 0, -0.5 * z**2 - 0.5 * np.log(2 * np.pi) - tail))
    return (
        np.where(ended, -0.5 * z**2, tail),
        np.where(ended, -z, -mills),
        np.where(ended, -1.0, -mills * (mills - z)),
    )


def _location_scale(family: str, logs: np.ndarray, ended: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    centre = logs.mean(axis=1, keepdims=True)
    spread = np.maximum(logs.std(axis=1, keepdims=True), 1e-9)
    y = (logs - centre) / spread
    count = ended.sum(axis=1)
    shift, rate = np.zeros(len(y)), np.ones(len(y))

    def value(shift: np.ndarray, rate: np.ndarray) -> np.ndarray:
        z = rate[:, None] * y - shift[:, None]
        return np.asarray(_terms(family, z, ended)[0].sum(axis=1) + count * np.log(np.maximum(rate, 1e-300)))

    here = value(shift, rate)
    for _ in range(_STEPS):
        _, first, second = _terms(family, rate[:, None] * y - shift[:, None], ended)
        g = np.stack([-first.sum(axis=1), (first * y).sum(axis=1) + count / rate])
        a, b = second.sum(axis=1), -(second * y).sum(axis=1)
        c = (second * y**2).sum(axis=1) - count / rate**2
        determinant = a * c - b * b
        step = np.stack([b * g[1] - c * g[0], b * g[0] - a * g[1]]) / determinant
        size = np.ones(len(y))
        for _ in range(40):
            new_rate = rate + size * step[1]
            there = np.where(new_rate > 0, value(shift + size * step[0], np.maximum(new_rate, 1e-300)), -np.inf)
            worse = there < here - 1e-12 * np.abs(here)
            if not worse.any():
                break
            size = np.where(worse, size / 2, size)
        shift, rate = shift + size * step[0], rate + size * step[1]
        gained, here = there - here, there
        if (np.abs(gained) <= 1e-13 * np.maximum(1, np.abs(here))).all():
            break
    return (centre + spread * (shift / rate)[:, None])[:, 0], spread[:, 0] / rate


def fit_one(family: str, minutes: np.ndarray, observed: np.ndarray | None = None) -> Law:
    """Return the fitted law of one sample."""
    rows = fit_many(family, minutes[None, :], None if observed is None else observed[None, :])
    return Law(family, tuple(float(v) for v in rows[0]))
