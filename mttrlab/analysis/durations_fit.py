"""Maximum likelihood of any law for exact, rounded and still running durations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from mttrlab.analysis.laws import PARAMETERS, Law
from mttrlab.analysis.laws_quick import fit_one

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
                chance = np.exp(law.logsf(low)) * -np.expm1(law.logsf(high) - law.logsf(low))
            return np.asarray(chance)[counts]
        # Two stamps cut to the grain: a duration d is recorded as r with probability 1 - |d - r| / h.
        chance = np.zeros(len(values))
        for start, end in ((values - h, values), (values, values + h)):
            left = np.maximum(start, 0)
            half = (end - left) / 2
            at = (left + half)[:, None] + half[:, None] * _NODES
            usable = half > 0
            weight = 1 - np.abs(at - values[:, None]) / h
            density = np.zeros_like(at)
            density[usable] = np.exp(law.logpdf(at[usable]))
            chance += half * (density * weight * _WEIGHTS).sum(axis=1)
        return chance[counts]


def free(law: Law) -> np.ndarray:
    """Return the parameters on the whole real line."""
    return np.array([_loosen(name, value) for name, value in law.parameters.items()])


def bound(family: str, at: Sequence[float] | np.ndarray) -> Law:
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


def best(family: str, evidence: Evidence) -> Law:
    """Return the law of a family that makes the evidence most likely."""
    starts = _starts(family, evidence)
    exact = evidence.resolution == 0
    if exact and (family not in ("gamma", "generalised gamma", "lognormal mixture")):
        return starts[0]
    if exact and family == "gamma" and evidence.observed.all():
        return starts[0]

    spread = float(np.log(np.maximum(evidence.minutes, max(evidence.resolution / 4, 1e-12))).std())

    def loss(at: np.ndarray) -> float:
        if family == "lognormal mixture" and not _sound(at, spread):
            return 1e300
        with np.errstate(all="ignore"):
            value = -evidence.loglik(bound(family, at))
        return value if np.isfinite(value) else 1e300

    found: tuple[float, np.ndarray] | None = None
    for start in starts:
        answer = optimize.minimize(
            loss,
            free(start),
            method="Nelder-Mead",
            options={"xatol": 1e-8, "fatol": 1e-9, "maxiter": 4000, "maxfev": 4000, "adaptive": True},
        )
        if found is None or answer.fun < found[0] - 1e-9:
            found = (float(answer.fun), answer.x)
    assert found is not None
    return bound(family, found[1])


def _sound(at: np.ndarray, spread: float) -> bool:
    # A part that shrinks onto one incident would be infinitely likely, and say nothing.
    share, widths = special.expit(at[0]), np.exp(np.clip(at[[2, 4]], -50, 50))
    return bool(0.02 <= share <= 0.98 and (widths > 0.1 * spread).all() and (widths < 2 * spread).all())


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
        near = [(shape, 1 / (normal.values[1] * np.sqrt(shape))) for shape in (8.0, 2000.0)]
        return [
            Law(family, (1.0, *weibull.values)),
            Law(family, (gamma.values[0], 1.0, gamma.values[1])),
            *(Law(family, (s, power, float(np.exp(normal.values[0] - np.log(s) / power)))) for s, power in near),
        ]
    if family == "lognormal mixture":
        return [_em(minutes, observed, split) for split in (0.1, 0.3, 0.5, 0.7, 0.9)]
    return [fit_one(family, minutes, observed)]


def _em(minutes: np.ndarray, observed: np.ndarray, split: float) -> Law:
    # Open incidents enter as ended: the search that follows uses their true likelihood.
    del observed
    y = np.sort(np.log(minutes))
    belongs = (np.arange(len(y)) < split * len(y)).astype(float) * 0.98 + 0.01
    least = 0.11 * float(y.std())
    share, means, sigmas = split, (0.0, 0.0), (1.0, 1.0)
    for _ in range(200):
        weights = np.stack([belongs, 1 - belongs])
        total = weights.sum(axis=1)
        share = float(np.clip(total[0] / len(y), 0.03, 0.97))
        middles = (weights * y).sum(axis=1) / total
        spreads = np.sqrt((weights * (y - middles[:, None]) ** 2).sum(axis=1) / total)
        means = (float(middles[0]), float(middles[1]))
        sigmas = (max(float(spreads[0]), least), max(float(spreads[1]), least))
        parts = [
            np.log(w) - 0.5 * ((y - m) / s) ** 2 - np.log(s)
            for w, m, s in zip((share, 1 - share), means, sigmas, strict=True)
        ]
        new = np.exp(parts[0] - np.logaddexp(*parts))
        if np.abs(new - belongs).max() < 1e-6:
            break
        belongs = new
    return Law("lognormal mixture", (share, means[0], sigmas[0], means[1], sigmas[1]))
