"""Laws of durations: density, survival, quantiles, moments, draws. Minutes throughout."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
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

    def draw(self, rng: np.random.Generator, size: int | tuple[int, ...]) -> np.ndarray:
        """Minutes drawn at random."""
        if self.family == "gamma":
            shape, scale = self.values
            return np.asarray(rng.gamma(np.float64(shape), np.float64(scale), size))
        return self.quantile(rng.random(size))

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


# Maximum-likelihood fits of many samples at once: what a Monte Carlo needs a thousand times.


_STEPS = 50


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
    sd = np.maximum(logs.std(axis=1, keepdims=True), 1e-9)
    y = (logs - centre) / sd
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
    return (centre + sd * (shift / rate)[:, None])[:, 0], sd[:, 0] / rate


def fit_one(family: str, minutes: np.ndarray, observed: np.ndarray | None = None) -> Law:
    """Return the fitted law of one sample."""
    rows = fit_many(family, minutes[None, :], None if observed is None else observed[None, :])
    return Law(family, tuple(float(v) for v in rows[0]))


# Maximum likelihood of any law for exact, rounded and still running durations.


_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)


@dataclass(frozen=True)
class Evidence:
    """What is known of each duration."""

    minutes: np.ndarray
    """Minutes; with a resolution, as recorded, zeros included."""
    observed: np.ndarray
    """False: the minutes are a lower bound."""
    resolution: float = 0.0
    """Grain of the minutes; 0: exact."""
    rounding: str = "stamps"
    """"stamps": both ends were cut to the grain; "minutes": the duration was rounded to the nearest grain."""

    def loglik(self, law: Law) -> float:
        """Return the log-likelihood (of the density where exact, of the grain's probability where rounded)."""
        open_, ended = self.minutes[~self.observed], self.minutes[self.observed]
        total = float(law.logsf(open_).sum()) if len(open_) else 0.0
        if not self.resolution:
            return total + float(law.logpdf(ended).sum())
        return total + float(np.log(np.maximum(self._grain(law, ended), 1e-300)).sum())

    def _grain(self, law: Law, recorded: np.ndarray) -> np.ndarray:
        values, counts = np.unique(recorded, return_inverse=True)
        h = self.resolution
        if self.rounding == "minutes":
            low, high = np.maximum(values - h / 2, 0), values + h / 2
            with np.errstate(divide="ignore"):
                # From survival, whose logarithm keeps its digits in the tail.
                probability = np.exp(law.logsf(low)) * -np.expm1(law.logsf(high) - law.logsf(low))
            return np.asarray(probability)[counts]
        # Two stamps cut to the grain: a duration d is recorded as r with probability 1 - |d - r| / h.
        probability = np.zeros(len(values))
        for start, end in ((values - h, values), (values, values + h)):
            left = np.maximum(start, 0)
            half = (end - left) / 2
            at = (left + half)[:, None] + half[:, None] * _NODES
            usable = half > 0
            weight = 1 - np.abs(at - values[:, None]) / h
            density = np.zeros_like(at)
            density[usable] = np.exp(law.logpdf(at[usable]))
            probability += half * (density * weight * _WEIGHTS).sum(axis=1)
        return probability[counts]


def to_unbounded(law: Law) -> np.ndarray:
    """Return the parameters on the whole real line."""
    return np.array([_loosen(name, value) for name, value in law.parameters.items()])


def from_unbounded(family: str, at: Sequence[float] | np.ndarray) -> Law:
    """Return the law of unbounded parameters."""
    return Law(family, tuple(_tighten(n, float(v)) for n, v in zip(PARAMETERS[family], at, strict=True)))


def _loosen(name: str, value: float) -> float:
    if name.startswith("mu"):
        return value
    return float(special.logit(value)) if name == "share" else float(np.log(value))


def _tighten(name: str, value: float) -> float:
    if name.startswith("mu"):
        return value
    return float(np.clip(special.expit(value), 1e-6, 1 - 1e-6)) if name == "share" else float(np.exp(min(value, 200)))


def maximum_likelihood(family: str, evidence: Evidence) -> Law:
    """Return the law of a family that makes the evidence most likely."""
    starts = _starts(family, evidence)
    exact = evidence.resolution == 0
    if exact and (family not in ("gamma", "generalised gamma", "lognormal mixture")):
        return starts[0]
    if exact and family == "gamma" and evidence.observed.all():
        return starts[0]

    # Imported here: most questions fit nothing, and the import takes as long as their answer.
    from scipy import optimize

    sd_logs = float(np.log(np.maximum(evidence.minutes, max(evidence.resolution / 4, 1e-12))).std())

    def loss(at: np.ndarray) -> float:
        if family == "lognormal mixture" and not _sound(at, sd_logs):
            return 1e300
        with np.errstate(all="ignore"):
            value = -evidence.loglik(from_unbounded(family, at))
        return value if np.isfinite(value) else 1e300

    lowest: tuple[float, np.ndarray] | None = None
    for start in starts:
        answer = optimize.minimize(
            loss,
            to_unbounded(start),
            method="Nelder-Mead",
            options={"xatol": 1e-8, "fatol": 1e-9, "maxiter": 4000, "maxfev": 4000, "adaptive": True},
        )
        if lowest is None or answer.fun < lowest[0] - 1e-9:
            lowest = (float(answer.fun), answer.x)
    assert lowest is not None
    return from_unbounded(family, lowest[1])


def _sound(at: np.ndarray, sd_logs: float) -> bool:
    # A part that shrinks onto one incident would be infinitely likely, and say nothing.
    share, widths = special.expit(at[0]), np.exp(np.clip(at[[2, 4]], -50, 50))
    return bool(0.02 <= share <= 0.98 and (widths > 0.1 * sd_logs).all() and (widths < 2 * sd_logs).all())


def _starts(family: str, evidence: Evidence) -> list[Law]:
    positive = evidence.minutes > 0
    floor = evidence.resolution / 4
    minutes = np.where(positive, evidence.minutes, floor)[positive | (floor > 0)]
    observed = evidence.observed[positive | (floor > 0)]
    if family == "gamma":
        return [fit_one("gamma", minutes)]
    if family == "generalised gamma":
        weibull, gamma = fit_one("weibull", minutes, observed), fit_one("gamma", minutes)
        normal = fit_one("lognormal", minutes, observed)
        # A large shape is close to the lognormal, its limit; few incidents may ask for a very large one.
        near_lognormal = [(shape, 1 / (normal.values[1] * np.sqrt(shape))) for shape in (8.0, 2000.0)]
        return [
            Law(family, (1.0, *weibull.values)),
            Law(family, (gamma.values[0], 1.0, gamma.values[1])),
            *(
                Law(family, (s, power, float(np.exp(normal.values[0] - np.log(s) / power))))
                for s, power in near_lognormal
            ),
        ]
    if family == "lognormal mixture":
        return [_em(minutes, observed, split) for split in (0.1, 0.3, 0.5, 0.7, 0.9)]
    return [fit_one(family, minutes, observed)]


def _em(minutes: np.ndarray, observed: np.ndarray, split: float) -> Law:
    # Open incidents enter as ended: the search that follows uses their true likelihood.
    del observed
    y = np.sort(np.log(minutes))
    belongs = (np.arange(len(y)) < split * len(y)).astype(float) * 0.98 + 0.01
    min_sigma = 0.11 * float(y.std())
    share, means, sigmas = split, (0.0, 0.0), (1.0, 1.0)
    for _ in range(200):
        weights = np.stack([belongs, 1 - belongs])
        total = weights.sum(axis=1)
        share = float(np.clip(total[0] / len(y), 0.03, 0.97))
        middles = (weights * y).sum(axis=1) / total
        spreads = np.sqrt((weights * (y - middles[:, None]) ** 2).sum(axis=1) / total)
        means = (float(middles[0]), float(middles[1]))
        sigmas = (max(float(spreads[0]), min_sigma), max(float(spreads[1]), min_sigma))
        parts = [
            np.log(w) - 0.5 * ((y - m) / s) ** 2 - np.log(s)
            for w, m, s in zip((share, 1 - share), means, sigmas, strict=True)
        ]
        new = np.exp(parts[0] - np.logaddexp(*parts))
        if np.abs(new - belongs).max() < 1e-6:
            break
        belongs = new
    return Law("lognormal mixture", (share, means[0], sigmas[0], means[1], sigmas[1]))
