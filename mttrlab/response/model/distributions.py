"""How long something takes, as a distribution of minutes: a quantile for every kept uniform."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema
from scipy import special

from mttrlab.errors import ModelError
from mttrlab.refusals import shown, with_article
from mttrlab.response.model import validation
from mttrlab.response.model.arrays import Floats

LONGEST = 100 * 365.25 * 1440.0
"""A century in minutes: no single duration is longer. `Distribution` refuses what passes it once in 1,000 draws."""

PARAMETERS: dict[str, tuple[str, ...]] = {
    "constant": ("minutes",),
    "exponential": ("mean",),
    "lognormal": ("mu", "sigma"),
    "gamma": ("shape", "scale"),
    "weibull": ("shape", "scale"),
    "loglogistic": ("shape", "scale"),
}
"""Parameters of each family, in the order in which they are given."""

_FAMILIES = (*PARAMETERS, "empirical")


@dataclass(frozen=True, init=False)
class Distribution:
    """A distribution of minutes.

    Parameters
    ----------
    family : str
        constant(minutes), exponential(mean), lognormal(mu, sigma of the log), gamma(shape, scale),
        weibull(shape, scale), loglogistic(shape, scale) or empirical(observed minutes …).
    *parameters : float
        In minutes, but `mu`, `sigma` (of the natural log of minutes) and shapes.

    Examples
    --------
    >>> round(Distribution("lognormal", 4.25, 1.25).mean, 2)
    153.12
    >>> float(Distribution("exponential", 4.0).quantile(0.5).round(3))
    2.773
    """

    family: str
    """Name of the family."""
    parameters: tuple[float, ...]
    """Its parameters, in the order of the family's signature."""

    def __init__(self, family: str, *parameters: float) -> None:
        object.__setattr__(self, "family", family)
        object.__setattr__(self, "parameters", _checked(family, parameters))
        if not float(self._quantile(np.asarray(0.999))) <= LONGEST:
            raise ModelError(f"{self} passes a century once in 1,000 draws; it is no distribution of minutes")

    def __str__(self) -> str:
        if self.family == "empirical":
            return f"empirical({len(self.parameters)} observations)"
        return f"{self.family}({', '.join(f'{p:.4g}' for p in self.parameters)})"

    @property
    def mean(self) -> float:
        """Mean, minutes; infinite for a log-logistic one of shape 1 or less."""
        match self.family, self.parameters:
            case "lognormal", (mu, sigma):
                return math.exp(mu + sigma * sigma / 2)
            case "gamma", (shape, scale):
                return shape * scale
            case "weibull", (shape, scale):
                return scale * math.gamma(1 + 1 / shape)
            case "loglogistic", (shape, scale):
                return scale * (math.pi / shape) / math.sin(math.pi / shape) if shape > 1 else math.inf
            case "empirical", values:
                return math.fsum(values) / len(values)
            case _, (minutes,):
                return minutes
        raise ModelError(f"unknown family {self.family}")  # pragma: no cover

    def quantile(self, u: npt.ArrayLike) -> Floats:
        """Return the minutes that a share `u` of the draws stays below; never above a century."""
        made = self._quantile(np.asarray(u, dtype=np.float64))
        return np.minimum(made, LONGEST, out=made)[()]

    def scaled(self, factor: float) -> Distribution:
        """Return the distribution of `factor` times these minutes."""
        factor = validation.finite("factor", factor, open_low=True)
        match self.family, self.parameters:
            case "lognormal", (mu, sigma):
                return Distribution("lognormal", mu + math.log(factor), sigma)
            case ("gamma" | "weibull" | "loglogistic") as family, (shape, scale):
                return Distribution(family, shape, scale * factor)
        return Distribution(self.family, *(p * factor for p in self.parameters))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return how a field of settings takes one, and how it is written to a file."""
        return core_schema.no_info_plain_validator_function(
            _read, serialization=core_schema.plain_serializer_function_ser_schema(_plain)
        )

    def _quantile(self, u: Floats) -> Floats:
        with np.errstate(over="ignore", divide="ignore"):
            return np.asarray(_quantiles(self.family, self.parameters, u), dtype=np.float64)


def _quantiles(family: str, parameters: tuple[float, ...], u: Floats) -> Floats:
    if family == "constant":
        return np.full_like(u, parameters[0])
    if family == "exponential":
        made = np.asarray(np.log1p(-u))
        made *= -parameters[0]
        return made
    if family == "empirical":
        # The inverse of the step function: a draw is always a value that was seen.
        place = np.minimum((u * len(parameters)).astype(np.int64), len(parameters) - 1)
        return np.asarray(parameters, dtype=np.float64)[place]
    first, second = parameters
    if family == "lognormal":
        # In place: each step in fresh memory takes longer than its arithmetic.
        made = np.asarray(special.ndtri(u))
        made *= second
        made += first
        return np.asarray(np.exp(made, out=made))
    if family == "gamma":
        return np.asarray(second * special.gammaincinv(first, u), dtype=np.float64)
    if family == "weibull":
        return second * (-np.log1p(-u)) ** (1 / first)
    return second * (u / (1 - u)) ** (1 / first)


_TOLD = {
    family: tuple(f"{name} of {with_article(family)} distribution" for name in names)
    for family, names in PARAMETERS.items()
}


def _checked(family: str, parameters: tuple[float, ...]) -> tuple[float, ...]:
    validation.a("the family of a distribution", str, family)
    if family == "empirical":
        if not parameters:
            raise ModelError("an empirical distribution needs at least one observation")
        return tuple(sorted(validation.finite("an observed duration", p) for p in parameters))
    if family not in PARAMETERS:
        raise ModelError(f"the family of a distribution must be one of {', '.join(_FAMILIES)}; got {family!r}")
    names = PARAMETERS[family]
    if len(parameters) != len(names):
        count = len(parameters)
        raise ModelError(f"{with_article(family)} distribution takes {', '.join(names)}; got {count} number(s)")
    low = {"mu": -50.0}
    positive = {"shape", "scale"}
    return tuple(
        validation.finite(told, value, low.get(name, 0.0), open_low=name in positive)
        for name, told, value in zip(names, _TOLD[family], parameters, strict=True)
    )


ZERO = Distribution("constant", 0.0)
"""The distribution of a step that the model does not hold."""


_EXAMPLES = "such as Distribution('lognormal', 2.1, 0.8), in a file {lognormal: {mu: 2.1, sigma: 0.8}} or {constant: 5}"


def _read(told: object) -> Distribution:
    """Return a distribution, or the one that plain values of a file say."""
    if isinstance(told, Distribution):
        return told
    if not isinstance(told, Mapping) or len(told) != 1:
        raise ModelError(f"must be a Distribution, {_EXAMPLES}; got {shown(told)}")
    ((family, own),) = told.items()
    if family != "empirical" and family not in PARAMETERS:
        raise ModelError(f"knows no family {family}; there are {', '.join(_FAMILIES)}")
    if family == "empirical":
        return Distribution(family, *(own if isinstance(own, Sequence) else [own]))
    if isinstance(own, Mapping):
        if family == "lognormal" and set(own) == {"median", "sigma"}:
            median = validation.finite("median of a lognormal distribution", own["median"], open_low=True)
            own = {"mu": math.log(median), "sigma": own["sigma"]}
        if set(own) != set(PARAMETERS[family]):
            raise ModelError(
                f"is {with_article(family)} distribution, which takes {', '.join(PARAMETERS[family])}; "
                f"got {', '.join(map(str, own))}"
            )
        own = [own[name] for name in PARAMETERS[family]]
    return Distribution(family, *(own if isinstance(own, list) else [own]))


def _plain(distribution: Distribution) -> dict[str, object]:
    """Return a distribution as a file says it."""
    if distribution.family == "empirical":
        return {distribution.family: list(distribution.parameters)}
    return {distribution.family: dict(zip(PARAMETERS[distribution.family], distribution.parameters, strict=True))}
