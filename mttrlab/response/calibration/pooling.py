"""Log means of groups with censoring, shrunk towards each other where a group has few incidents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

from mttrlab.errors import ModelError
from mttrlab.response.model.arrays import Floats, Ints
from mttrlab.response.model.distributions import Distribution
from mttrlab.response.model.provenance import Note

SHORTEST = 0.25
"""Minutes that a duration of zero stands for: a quarter of the grain of most clocks."""

_ROUNDS = 60
_PRIOR_DEGREES = 20.0


class Shrunk(NamedTuple):
    """Group means after partial pooling."""

    centre: float
    tau2: float
    """Variance between groups beyond chance."""
    weight: Floats
    """Weight on each group's own mean, 0 to 1."""
    means: Floats


@dataclass(frozen=True)
class GroupLaws:
    """Laws of several groups: one family, log means and spreads of their own."""

    mu: Floats
    """Log mean per group, after shrinkage."""
    sigma: Floats
    """Log spread per group, pulled towards the common one."""
    spread: float
    """Log spread of all, within groups."""
    n: int
    """Durations that ended."""
    censored: int
    """Durations still running."""
    geometric_mean: tuple[float, float, float]
    """Of all, with its 95 % interval, minutes."""
    family: Family
    """What the log residuals follow."""
    residual: Floats
    """Each duration's normal score within its group (censored ones at their expected value)."""

    def law(self, group: int) -> Distribution:
        """Return the law of one group."""
        # Residuals kept as they are have the common spread in them; another would stretch their tail.
        sigma = self.spread if self.family.kind == "empirical" else float(self.sigma[group])
        return self.family.law(float(self.mu[group]), sigma)


def shrink(means: npt.ArrayLike, counts: npt.ArrayLike, sigma: float) -> Shrunk:
    """Return group means on the log scale, pulled towards each other (DerSimonian and Laird).

    Parameters
    ----------
    means : array
        Mean log minutes per group.
    counts : array
        Durations per group.
    sigma : float
        Common log spread.

    Examples
    --------
    >>> [round(float(m), 2) for m in shrink([3.2, 4.1, 4.9], [40, 12, 3], 1.2).means]
    [3.25, 4.06, 4.4]
    """
    mean, count = np.asarray(means, dtype=np.float64), np.asarray(counts, dtype=np.float64)
    if len(mean) == 1 or sigma == 0:
        return Shrunk(float(np.average(mean, weights=count)), 0.0, np.ones(len(mean)), mean)
    precision = count / sigma**2
    grand = np.average(mean, weights=precision)
    q = float(np.sum(precision * (mean - grand) ** 2))
    spare = float(precision.sum() - np.sum(precision**2) / precision.sum())
    tau2 = max(0.0, (q - (len(mean) - 1)) / spare) if spare > 0 else 0.0
    centre = float(np.average(mean, weights=1 / (1 / precision + tau2)))
    weight = tau2 / (tau2 + 1 / precision)
    return Shrunk(centre, tau2, weight, weight * mean + (1 - weight) * centre)


def group_laws(minutes: Floats, observed: npt.NDArray[np.bool_], group: Ints, groups: int) -> GroupLaws:
    """Return the laws of groups from durations that may still be running.

    Parameters
    ----------
    minutes : array
        Durations; zeros stand for a quarter of a minute.
    observed : array of bool
        False where the duration is still running.
    group : array of int
        Group of each, from 0.
    groups : int
        Number of groups; a group without durations gets the centre.

    Notes
    -----
    Expectation-maximisation for right-censored normal logs with one mean per group and a common spread; then the
    means are shrunk (`shrink`) and each group's own variance is pulled to the common one with 20 prior degrees. From
    50 ended durations on, the residuals may turn out Weibull or log-logistic (`select_family`).
    """
    y = np.log(np.maximum(minutes, SHORTEST))
    size = np.bincount(group, minlength=groups).astype(np.float64)
    filled = size > 0
    mean, sigma = np.full(groups, y.mean()), max(float(y.std()), 1e-6)
    expected, spread = y.copy(), np.zeros(len(y))
    late = ~observed
    for _ in range(_ROUNDS):
        if late.any():
            z = (y[late] - mean[group[late]]) / sigma
            hazard = np.exp(-z * z / 2 - 0.5 * np.log(2 * np.pi) - special.log_ndtr(-z))
            expected[late] = mean[group[late]] + sigma * hazard
            spread[late] = sigma**2 * np.maximum(0.0, 1 + z * hazard - hazard**2)
        total = np.bincount(group, weights=expected, minlength=groups)
        before, mean = (
            (mean, sigma),
            np.divide(total, size, out=np.full(groups, total.sum() / size.sum()), where=filled),
        )
        squares = (expected - mean[group]) ** 2 + spread
        spare = max(len(y) - int(filled.sum()), 1)
        sigma = max(float(np.sqrt(squares.sum() / spare)), 1e-6)
        if np.allclose(before[0], mean, atol=1e-10) and abs(before[1] - sigma) < 1e-10:
            break
    ended = np.bincount(group[observed], minlength=groups).astype(np.float64)
    known = np.flatnonzero(filled)
    # A running duration says less about a mean than an ended one; half a count keeps a group of them from zero.
    pooled = shrink(mean[known], np.maximum(ended[known], 0.5), sigma)
    mu = np.full(groups, pooled.centre)
    mu[known] = pooled.means
    own = np.bincount(group, weights=squares, minlength=groups)
    degrees = np.maximum(size - 1, 0)
    scale = np.where(size > 1, own / np.maximum(size, 1) * np.maximum(size, 1) / np.maximum(degrees, 1), 0.0)
    variance = (_PRIOR_DEGREES * sigma**2 + degrees * scale) / (_PRIOR_DEGREES + degrees)
    return GroupLaws(
        mu=mu,
        sigma=np.sqrt(variance),
        spread=sigma,
        n=int(observed.sum()),
        censored=int(late.sum()),
        geometric_mean=_interval(expected, int(observed.sum())),
        family=select_family((y - mean[group]) / sigma, observed, sigma),
        residual=(expected - mean[group]) / sigma,
    )


def share_interval(k: int, n: int) -> tuple[float, float]:
    """Return the exact 95 % interval of a share of which `k` of `n` were seen.

    C. J. Clopper, E. S. Pearson, *The use of confidence or fiducial limits*, Biometrika 26 (1934).

    Examples
    --------
    >>> [round(end, 4) for end in share_interval(0, 10)]
    [0.0, 0.3085]
    """
    low = float(special.betaincinv(k, n - k + 1, 0.025)) if k else 0.0
    high = float(special.betaincinv(k + 1, n - k, 0.975)) if k < n else 1.0
    return low, high


def _interval(logs: Floats, n: int) -> tuple[float, float, float]:
    centre = float(logs.mean())
    half = float(special.stdtrit(max(n - 1, 1), 0.975)) * float(logs.std()) / np.sqrt(max(n - 1, 1))
    return float(np.exp(centre)), float(np.exp(centre - half)), float(np.exp(centre + half))


# Which family the residuals of log durations follow: lognormal, Weibull or log-logistic, with censoring.


ENOUGH = 50
"""Ended durations below which a family cannot be told from another, and the lognormal stands."""

CLEARLY = 2.0
"""Log-likelihood by which another family must beat the lognormal."""

PLENTY = 200
"""Ended durations from which on they may speak for themselves, where no family comes near their mean."""

_FAR = 0.15
"""A family whose mean is off by more than this (in logs) is not near."""

_STEEPEST = 1.2
"""A log-logistic shape below this has a mean that a few draws decide; it is no candidate."""


class Family(NamedTuple):
    """A law of standardised log residuals."""

    kind: str
    loc: float
    scale: float
    points: tuple[float, ...] = ()
    """The residuals themselves, where no family fits."""

    def law(self, mu: float, sigma: float) -> Distribution:
        """Return the law of minutes whose log residuals, with mean `mu` and spread `sigma`, follow this family."""
        place, width = mu + sigma * self.loc, sigma * self.scale
        if self.kind == "empirical":
            return Distribution("empirical", *np.exp(mu + sigma * np.array(self.points)))
        if self.kind == "lognormal":
            return Distribution("lognormal", place, width)
        return Distribution(self.kind, 1 / width, float(np.exp(place)))


LOGNORMAL = Family("lognormal", 0.0, 1.0)


def select_family(residual: Floats, observed: npt.NDArray[np.bool_], spread: float) -> Family:
    """Return the family that these residuals follow, the lognormal unless another is clearly better.

    Parameters
    ----------
    residual : array
        Log minutes less the group's mean, over the common spread.
    observed : array of bool
        False where the duration was still running.
    spread : float
        The common spread of log minutes.
    """
    if observed.sum() < ENOUGH or spread < 1e-3:
        return LOGNORMAL
    ended = np.sort(residual[observed])
    best, most = LOGNORMAL, -negative_log_likelihood((0.0, 0.0), "lognormal", residual, observed) + CLEARLY
    for kind, start in (("weibull", (0.45, np.log(0.78))), ("loglogistic", (0.0, np.log(0.55)))):

        def unlikely(x: float, y: float, kind: str = kind) -> float:
            return negative_log_likelihood((x, y), kind, residual, observed)

        place, log_scale, least = lowest(unlikely, start)
        scale = float(np.exp(log_scale))
        if kind == "loglogistic" and 1 / (scale * spread) < _STEEPEST:
            continue
        if -least > most:
            best, most = Family(kind, place, scale), -least
    if len(ended) >= PLENTY and len(ended) >= 0.95 * len(residual) and _misses(best, ended, spread):
        # At most a thousand values: evenly spaced ranks keep the shape, and a law stays small.
        kept = ended if len(ended) <= 1000 else np.quantile(ended, (np.arange(1000) + 0.5) / 1000)
        return Family("empirical", 0.0, 1.0, tuple(kept.tolist()))
    return best


def _misses(family: Family, ended: Floats, spread: float) -> bool:
    """Return whether the family's mean is far from the mean of the durations themselves."""
    ranks = (np.arange(20_000) + 0.5) / 20_000
    try:
        made = float(family.law(0.0, spread).quantile(ranks).mean())
    except ModelError:
        return True
    return bool(abs(np.log(made / np.exp(spread * ended).mean())) > _FAR)


_CALLS = 400
"""Calls of a function after which its lowest point so far stands."""

_NEAR = 1e-4
"""Distance, and difference of values, below which the corners of a simplex are one point."""


_Corner = tuple[float, float, float]
"""A point, and the value there."""


class _SpentError(Exception):
    """The function has been called `_CALLS` times."""


def lowest(of: Callable[[float, float], float], start: tuple[float, float]) -> tuple[float, float, float]:
    """Return where a function of two numbers is lowest, and how low.

    J. A. Nelder, R. Mead, *A simplex method for function minimization*, Computer Journal 7 (1965). Step by step as
    `scipy.optimize.minimize` goes, which is dear to load, and to call, for two numbers.

    Examples
    --------
    >>> [round(float(one), 3) for one in lowest(lambda x, y: (x - 1) ** 2 + (y + 2) ** 2 + 3, (0.5, -1.0))]
    [1.0, -2.0, 3.0]
    """
    calls = 0

    def value(x: float, y: float) -> _Corner:
        nonlocal calls
        if calls >= _CALLS:
            raise _SpentError
        calls += 1
        return x, y, of(x, y)

    def beyond(best: _Corner, middle: _Corner, worst: _Corner, far: float) -> _Corner:
        x, y = (best[0] + middle[0]) / 2, (best[1] + middle[1]) / 2
        return value((1 + far) * x - far * worst[0], (1 + far) * y - far * worst[1])

    x, y = start
    corners = [value(x, y), value(1.05 * x if x else 0.00025, y), value(x, 1.05 * y if y else 0.00025)]
    while True:
        # NumPy's own order of equal ones, as SciPy has it.
        order: list[int] = np.argsort([corner[2] for corner in corners]).tolist()
        best, middle, worst = (corners[k] for k in order)
        corners = [best, middle, worst]
        apart = max(abs(other[k] - best[k]) for other in (middle, worst) for k in (0, 1))
        near = apart <= _NEAR and max(abs(best[2] - middle[2]), abs(best[2] - worst[2])) <= _NEAR
        if near or calls >= _CALLS:
            return best
        try:
            mirrored = beyond(best, middle, worst, 1.0)
            if mirrored[2] < best[2]:
                further = beyond(best, middle, worst, 2.0)
                corners[2] = further if further[2] < mirrored[2] else mirrored
            elif mirrored[2] < middle[2]:
                corners[2] = mirrored
            else:
                outside = mirrored[2] < worst[2]
                nearer = beyond(best, middle, worst, 0.5 if outside else -0.5)
                if nearer[2] <= mirrored[2] if outside else nearer[2] < worst[2]:
                    corners[2] = nearer
                else:
                    for k, (x, y, _) in enumerate((middle, worst), start=1):
                        corners[k] = value(best[0] + 0.5 * (x - best[0]), best[1] + 0.5 * (y - best[1]))
        except _SpentError:
            continue


def negative_log_likelihood(
    at: Sequence[float] | Floats, kind: str, residual: Floats, observed: npt.NDArray[np.bool_]
) -> float:
    """Return minus the log-likelihood of a family at this location and log scale, with censoring."""
    loc, log_scale = at
    z = (residual - loc) / np.exp(log_scale)
    with np.errstate(over="ignore"):
        if kind == "lognormal":
            density, survival = -z * z / 2 - 0.5 * np.log(2 * np.pi), special.log_ndtr(-z)
        elif kind == "weibull":
            hazard = np.exp(z)
            density, survival = z - hazard, -hazard
        else:
            survival = special.log_expit(-z)
            density = special.log_expit(z) + survival
    return -float(np.sum(np.where(observed, density - log_scale, survival)))


def span_note(step: str, begin: str, end: str, fitted: GroupLaws, zeros: int = 0, never_closed: int = 0) -> Note:
    """Return what was fitted for one span, in a sentence."""
    middle, low, high = fitted.geometric_mean
    sentence = (
        f"{begin} to {end}, {fitted.family.kind} per type: geometric mean {middle:.3g} minutes "
        f"(95 % {low:.3g} to {high:.3g}) over all types; {fitted.censored} still running, counted as such"
    )
    if zeros:
        sentence += f"; {zeros} of zero length stand for a quarter of a minute"
    if never_closed:
        sentence += f"; {never_closed} open far longer than any that ended are left out as probably never closed"
    return Note(step, "fitted", fitted.n, sentence + ".")


def note_disagreement(
    notes: list[Note], element: str, what: str, settings: Floats, history: Floats, words: tuple[str, str]
) -> bool:
    """Add a note where history's geometric mean and the settings' own do not go together; return whether they do not.

    Parameters
    ----------
    settings : array
        Minutes that the settings mean, equally likely.
    history : array
        Minutes that were recorded.
    words : tuple of str
        What it means where history is longer, and where it is shorter.
    """
    logs = np.log(np.maximum(history, SHORTEST))
    n = len(logs)
    half = float(special.stdtrit(n - 1, 0.975)) * float(logs.std(ddof=1)) / np.sqrt(n)
    low, middle, high = (float(np.exp(logs.mean() + k * half)) for k in (-1, 0, 1))
    told = float(np.exp(np.log(np.maximum(settings, SHORTEST)).mean()))
    if low <= told <= high:
        return False
    sentence = (
        f"{what}: settings say {told:.3g} minutes typically, history {middle:.3g} (n = {n}, 95 % {low:.3g} to "
        f"{high:.3g}); {words[0] if told < low else words[1]}."
    )
    notes.append(Note(element, "disagreement", n, sentence))
    return True
