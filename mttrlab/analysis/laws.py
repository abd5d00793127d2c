"""Laws of durations: density, survival, quantiles, moments, draws. Minutes throughout."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy import special

_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)

PLAIN = ("lognormal", "weibull", "gamma", "loglogistic", "exponential")
WIDE = ("generalised gamma", "lognormal mixture")

PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "lognormal": ("mu", "sigma"),
    "weibull": ("shape", "scale"),
    "gamma": ("shape", "scale"),
    "loglogistic": ("shape", "scale"),
    "exponential": ("scale",),
    "generalised gamma": ("shape", "power", "scale"),
    "lognormal mixture": ("share", "mu", "sigma", "mu_second", "sigma_second"),
}


@dataclass(frozen=True)
class Law:
    """One law with its parameters."""

    family: str
    """One of `PARAMETERS`."""
    values: tuple[float, ...]
    """In the order of `PARAMETERS`; scales in minutes, `mu` and `sigma` of log minutes."""

    @property
    def parameters(self) -> dict[str, float]:
        """Values by name."""
        return dict(zip(PARAMETERS[self.family], self.values, strict=True))

    def logpdf(self, minutes: np.ndarray) -> np.ndarray:
        """Logarithm of the density per minute."""
        return np.asarray(_LOGPDF[self.family](np.asarray(minutes, dtype=float), *self.values))

    def logsf(self, minutes: np.ndarray) -> np.ndarray:
        """Logarithm of the probability to last longer."""
        return np.asarray(_LOGSF[self.family](np.asarray(minutes, dtype=float), *self.values))

    def cdf(self, minutes: np.ndarray) -> np.ndarray:
        """Probability to have ended by then."""
        return np.asarray(-np.expm1(self.logsf(minutes)))

    def quantile(self, share: np.ndarray | float) -> np.ndarray:
        """Minutes within which that share has ended."""
        share = np.asarray(share, dtype=float)
        if self.family == "lognormal mixture":
            return _bisect(self, share)
        return np.asarray(_QUANTILE[self.family](share, *self.values))

    def mean(self) -> float:
        """Mean minutes; infinite where the tail is that heavy."""
        return self._moment(1)

    def variance(self) -> float:
        """Variance in square minutes; infinite where the tail is that heavy."""
        mean = self._moment(1)
        return self._moment(2) - mean**2 if math.isfinite(mean) else math.inf

    def draw(self, chance: np.random.Generator, size: int | tuple[int, ...]) -> np.ndarray:
        """Minutes drawn at random."""
        if self.family == "gamma":
            shape, scale = self.values
            return np.asarray(chance.gamma(np.float64(shape), np.float64(scale), size))
        return self.quantile(chance.random(size))

    def _moment(self, k: int) -> float:
        v = self.values
        if self.family == "lognormal":
            return _exp(k * v[0] + (k * v[1]) ** 2 / 2)
        if self.family == "lognormal mixture":
            one, two = Law("lognormal", v[1:3]), Law("lognormal", v[3:5])
            return v[0] * one._moment(k) + (1 - v[0]) * two._moment(k)
        if self.family == "loglogistic":
            angle = math.pi * k / v[0]
            return v[1] ** k * angle / math.sin(angle) if v[0] > k else math.inf
        shape, power, scale = {
            "weibull": (1.0, v[0], v[-1]),
            "gamma": (v[0], 1.0, v[-1]),
            "exponential": (1.0, 1.0, v[-1]),
            "generalised gamma": (v[0], v[1] if len(v) > 1 else 1.0, v[-1]),
        }[self.family]
        if shape + k / power <= 0:
            return math.inf
        return _exp(k * math.log(scale) + float(special.gammaln(shape + k / power) - special.gammaln(shape)))


def _exp(log: float) -> float:
    return math.exp(log) if log < 700 else math.inf


def log_survival(family: str, minutes: np.ndarray, *values: np.ndarray | float) -> np.ndarray:
    """Return the logarithm of the survival of a family; the parameters may be arrays that broadcast."""
    return np.asarray(_LOGSF[family](minutes, *values))


def _log_normal(t: np.ndarray, mu: float, sigma: float) -> np.ndarray:
    y = np.log(t)
    return np.asarray(-0.5 * ((y - mu) / sigma) ** 2 - np.log(sigma) - _HALF_LOG_2PI - y)


def _log_gengamma(t: np.ndarray, shape: float, power: float, scale: float) -> np.ndarray:
    y = np.log(t / scale)
    return np.asarray(
        np.log(power) - np.log(scale) + (power * shape - 1) * y - np.exp(power * y) - special.gammaln(shape)
    )


def _log_upper_gamma(shape: float, x: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        exact = np.log(special.gammaincc(shape, x))
        # Far out the function underflows; its leading term does not.
        far = (shape - 1) * np.log(np.maximum(x, 1e-300)) - x - special.gammaln(shape)
    return np.where(np.isfinite(exact), exact, far)


def _log_logistic(t: np.ndarray, shape: float, scale: float) -> np.ndarray:
    y = shape * np.log(t / scale)
    return np.asarray(np.log(shape) + y - np.log(t) - 2 * np.logaddexp(0, y))


def _mixed(one: Callable, t: np.ndarray, v: tuple[float, ...]) -> np.ndarray:
    return np.asarray(np.logaddexp(math.log(v[0]) + one(t, v[1], v[2]), math.log1p(-v[0]) + one(t, v[3], v[4])))


def _normal_sf(t: np.ndarray, mu: float, sigma: float) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.asarray(special.log_ndtr(-(np.log(t) - mu) / sigma))


def _logistic_sf(t: np.ndarray, shape: float, scale: float) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.asarray(-np.logaddexp(0, shape * np.log(t / scale)))


_LOGPDF: Mapping[str, Callable[..., np.ndarray]] = {
    "lognormal": _log_normal,
    "weibull": lambda t, shape, scale: _log_gengamma(t, 1.0, shape, scale),
    "gamma": lambda t, shape, scale: _log_gengamma(t, shape, 1.0, scale),
    "loglogistic": _log_logistic,
    "exponential": lambda t, scale: -np.log(scale) - t / scale,
    "generalised gamma": _log_gengamma,
    "lognormal mixture": lambda t, *v: _mixed(_log_normal, t, v),
}
_LOGSF: Mapping[str, Callable[..., np.ndarray]] = {
    "lognormal": _normal_sf,
    "weibull": lambda t, shape, scale: -((t / scale) ** shape),
    "gamma": lambda t, shape, scale: _log_upper_gamma(shape, t / scale),
    "loglogistic": _logistic_sf,
    "exponential": lambda t, scale: -t / scale,
    "generalised gamma": lambda t, shape, power, scale: _log_upper_gamma(shape, (t / scale) ** power),
    "lognormal mixture": lambda t, *v: _mixed(_normal_sf, t, v),
}
_QUANTILE: Mapping[str, Callable[..., np.ndarray]] = {
    "lognormal": lambda p, mu, sigma: np.exp(mu + sigma * special.ndtri(p)),
    "weibull": lambda p, shape, scale: scale * (-np.log1p(-p)) ** (1 / shape),
    "gamma": lambda p, shape, scale: scale * special.gammaincinv(shape, p),
    "loglogistic": lambda p, shape, scale: scale * np.exp(special.logit(p) / shape),
    "exponential": lambda p, scale: -scale * np.log1p(-p),
    "generalised gamma": lambda p, shape, power, scale: scale * special.gammaincinv(shape, p) ** (1 / power),
}


def _bisect(law: Law, share: np.ndarray) -> np.ndarray:
    _, mu, sigma, mu_second, sigma_second = law.values
    z = special.ndtri(share)
    ends = np.stack([mu + sigma * z, mu_second + sigma_second * z])
    low, high = ends.min(axis=0), ends.max(axis=0)  # the quantile lies between those of the two parts
    for _ in range(60):
        middle = (low + high) / 2
        below = law.cdf(np.exp(middle)) < share
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray(np.exp((low + high) / 2))
