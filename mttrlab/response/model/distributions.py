"""How long something takes, as a law of minutes: a quantile for every kept uniform."""

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
from mttrlab.refusals import shown
from mttrlab.response.model import validation
from mttrlab.response.model.arrays import Floats

LONGEST = 100 * 365.25 * 1440.0
"""A century in minutes: no single duration is longer. `Law` refuses laws that pass it once in a thousand draws."""

PARAMETERS: dict[str, tuple[str, ...]] = {
    "constant": ("minutes",),
    "exponential": ("mean",),
    "lognormal": ("mu", "sigma"),
    "gamma": ("shape", "scale"),
    "weibull": ("shape", "scale"),
    "loglogistic": ("shape", "scale"),
}
"""Parameters of each family, in the order in which they are given."""


@dataclass(frozen=True, init=False)
class Law:
    """A distribution of minutes.

    Parameters
    ----------
    kind : str
        constant(minutes), exponential(mean), lognormal(mu, sigma of the log), gamma(shape, scale),
        weibull(shape, scale), loglogistic(shape, scale) or empirical(observed minutes …).
    *parameters : float
        In minutes, but `mu`, `sigma` (of the natural log of minutes) and shapes.

    Examples
    --------
    >>> round(Law("lognormal", 4.25, 1.25).mean, 2)
    153.12
    >>> float(Law("exponential", 4.0).quantile(0.5).round(3))
    2.773
    """

    kind: str
    """Name of the family."""
    parameters: tuple[float, ...]
    """Its parameters, in the order of the family's signature."""

    def __init__(self, kind: str, *parameters: float) -> None:
        object.__setattr__(self, "kind", kind)
        object.__setattr__(self, "parameters", _checked(kind, parameters))
        if not float(self._quantile(np.asarray(0.999))) <= LONGEST:
            raise ModelError(f"{self} reaches beyond a century once in a thousand draws; it is no law of minutes")

    def __str__(self) -> str:
        if self.kind == "empirical":
            return f"empirical({len(self.parameters)} observations)"
        return f"{self.kind}({', '.join(f'{p:.4g}' for p in self.parameters)})"

    @property
    def mean(self) -> float:
        """Mean, minutes; infinite for a log-logistic law of shape 1 or less."""
        match self.kind, self.parameters:
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
        raise ModelError(f"unknown law {self.kind}")  # pragma: no cover

    def quantile(self, u: npt.ArrayLike) -> Floats:
        """Return the minutes that a share `u` of the draws stays below; never above a century."""
        made = self._quantile(np.asarray(u, dtype=np.float64))
        return np.minimum(made, LONGEST, out=made)[()]

    def scaled(self, factor: float) -> Law:
        """Return the law of `factor` times these minutes."""
        factor = validation.finite("factor", factor, open_low=True)
        match self.kind, self.parameters:
            case "lognormal", (mu, sigma):
                return Law("lognormal", mu + math.log(factor), sigma)
            case ("gamma" | "weibull" | "loglogistic") as kind, (shape, scale):
                return Law(kind, shape, scale * factor)
        return Law(self.kind, *(p * factor for p in self.parameters))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return how a field of settings takes one, and how it is written to a file."""
        return core_schema.no_info_plain_validator_function(
            _read, serialization=core_schema.plain_serializer_function_ser_schema(_plain)
        )

    def _quantile(self, u: Floats) -> Floats:
        with np.errstate(over="ignore", divide="ignore"):
            return np.asarray(_quantiles(self.kind, self.parameters, u), dtype=np.float64)


def _quantiles(kind: str, parameters: tuple[float, ...], u: Floats) -> Floats:
    if kind == "constant":
        return np.full_like(u, parameters[0])
    if kind == "exponential":
        made = np.asarray(np.log1p(-u))
        made *= -parameters[0]
        return made
    if kind == "empirical":
        # The inverse of the step function: a draw is always a value that was seen.
        place = np.minimum((u * len(parameters)).astype(np.int64), len(parameters) - 1)
        return np.asarray(parameters, dtype=np.float64)[place]
    first, second = parameters
    if kind == "lognormal":
        # In place: each step in fresh memory takes longer than its arithmetic.
        made = np.asarray(special.ndtri(u))
        made *= second
        made += first
        return np.asarray(np.exp(made, out=made))
    if kind == "gamma":
        return np.asarray(second * special.gammaincinv(first, u), dtype=np.float64)
    if kind == "weibull":
        return second * (-np.log1p(-u)) ** (1 / first)
    return second * (u / (1 - u)) ** (1 / first)


def _checked(kind: str, parameters: tuple[float, ...]) -> tuple[float, ...]:
    validation.a("the name of a law", str, kind)
    if kind == "empirical":
        if not parameters:
            raise ModelError("an empirical law needs at least one observation")
        return tuple(sorted(validation.finite("an observed duration", p) for p in parameters))
    if kind not in PARAMETERS:
        raise ModelError(f"a law must be one of {', '.join([*PARAMETERS, 'empirical'])}; got {kind!r}")
    names = PARAMETERS[kind]
    if len(parameters) != len(names):
        raise ModelError(f"a {kind} law takes {', '.join(names)}; got {len(parameters)} number(s)")
    low = {"mu": -50.0}
    positive = {"shape", "scale"}
    return tuple(
        validation.finite(f"{name} of a {kind} law", value, low.get(name, 0.0), open_low=name in positive)
        for name, value in zip(names, parameters, strict=True)
    )


AT_ONCE = Law("constant", 0.0)
"""The law of a step that the model does not hold."""


_EXAMPLES = "such as Law('lognormal', 2.1, 0.8), in a file {lognormal: {mu: 2.1, sigma: 0.8}} or {constant: 5}"


def _read(told: object) -> Law:
    """Return a law, or the one that plain values of a file say."""
    if isinstance(told, Law):
        return told
    if not isinstance(told, Mapping) or len(told) != 1:
        raise ModelError(f"must be a Law, {_EXAMPLES}; got {shown(told)}")
    ((kind, own),) = told.items()
    if kind != "empirical" and kind not in PARAMETERS:
        raise ModelError(f"knows no law {kind}; there are {', '.join([*PARAMETERS, 'empirical'])}")
    if kind == "empirical":
        return Law(kind, *(own if isinstance(own, Sequence) else [own]))
    if isinstance(own, Mapping):
        if kind == "lognormal" and set(own) == {"median", "sigma"}:
            median = validation.finite("median of a lognormal law", own["median"], open_low=True)
            own = {"mu": math.log(median), "sigma": own["sigma"]}
        if set(own) != set(PARAMETERS[kind]):
            raise ModelError(
                f"is a {kind} law, which takes {', '.join(PARAMETERS[kind])}; got {', '.join(map(str, own))}"
            )
        own = [own[name] for name in PARAMETERS[kind]]
    return Law(kind, *(own if isinstance(own, list) else [own]))


def _plain(law: Law) -> dict[str, object]:
    """Return a law as a file says it."""
    if law.kind == "empirical":
        return {law.kind: list(law.parameters)}
    return {law.kind: dict(zip(PARAMETERS[law.kind], law.parameters, strict=True))}
