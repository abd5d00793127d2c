"""What was planted in the large organisation: what fails there, how it is noticed, and how long each step takes."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TypeVar

from numpy.random import PCG64, SeedSequence


@dataclass(frozen=True)
class Lognormal:
    """Lognormal minutes. Not the distributions of the response model, on purpose: no fit is tested against itself."""

    median: float
    """Minutes."""
    sigma: float
    """Standard deviation of the logarithm."""


@dataclass(frozen=True)
class PlantedType:
    """One kind of failure."""

    name: str
    share: float
    """Share of all incidents."""
    failure_mode: str
    diagnose: Lognormal
    """Work of finding the cause, from acknowledgement on, by day and before the improvement."""
    verify: Lognormal
    """From the fix to confirmed health."""
    deployed: float
    """Share whose change is recorded."""
    fix_paths: Mapping[str, float]
    """Weights of the ways in which it is ended."""
    detected_by: Mapping[str, float]
    """Weights of who notices first."""


_MACHINES = {"alert": 0.66, "monitor": 0.16, "customer": 0.10, "person": 0.08}


_PEOPLE = {"alert": 0.40, "monitor": 0.14, "customer": 0.28, "person": 0.18}


TYPES = (
    PlantedType("bad_deployment", 0.24, "error_rate", Lognormal(27, 0.85), Lognormal(6, 0.55), 0.95,
                 {"rollback": 0.55, "flag": 0.25, "forward_fix": 0.20}, _MACHINES),
    PlantedType("database_slow", 0.16, "latency", Lognormal(50, 1.00), Lognormal(7, 0.60), 0.15,
                 {"config": 0.35, "scale": 0.30, "forward_fix": 0.35}, _MACHINES),
    PlantedType("dependency_outage", 0.14, "dependency", Lognormal(34, 0.85), Lognormal(8, 0.65), 0.0,
                 {"flag": 0.35, "config": 0.35, "forward_fix": 0.30}, _PEOPLE),
    PlantedType("capacity", 0.12, "latency", Lognormal(30, 0.80), Lognormal(6, 0.55), 0.10,
                 {"scale": 0.75, "automation": 0.15, "config": 0.10}, _MACHINES),
    PlantedType("crash_loop", 0.12, "availability", Lognormal(24, 0.85), Lognormal(5, 0.50), 0.45,
                 {"automation": 0.45, "rollback": 0.25, "forward_fix": 0.30}, _MACHINES),
    PlantedType("config_change", 0.10, "availability", Lognormal(36, 0.90), Lognormal(5, 0.50), 0.85,
                 {"config": 0.70, "rollback": 0.30}, _PEOPLE),
    PlantedType("queue_backlog", 0.08, "latency", Lognormal(32, 0.80), Lognormal(9, 0.60), 0.20,
                 {"scale": 0.50, "automation": 0.30, "forward_fix": 0.20}, _PEOPLE),
    PlantedType("certificate_expiry", 0.04, "availability", Lognormal(18, 0.65), Lognormal(5, 0.50), 0.0,
                 {"config": 0.60, "forward_fix": 0.40}, _PEOPLE),
)  # fmt: skip


DETECT = {
    "alert": Lognormal(4.0, 0.70),
    "monitor": Lognormal(6.0, 0.60),
    "customer": Lognormal(22.0, 0.65),
    "person": Lognormal(14.0, 0.75),
}
"""From the beginning of impact to somebody or something noticing, by who notices."""


ACKNOWLEDGE = Lognormal(4.0, 0.70)
"""From detection to a person at work, by day."""


FIX = {
    "flag": Lognormal(2.5, 0.50),
    "rollback": Lognormal(9.0, 0.45),
    "automation": Lognormal(3.0, 0.50),
    "config": Lognormal(18.0, 0.80),
    "scale": Lognormal(13.0, 0.70),
    "forward_fix": Lognormal(55.0, 0.90),
}
"""From diagnosis to the fix in place, by way of fixing; automation counts from detection."""


AFTERWARDS = Lognormal(80.0, 0.70)
"""From the fix to the diagnosis, where people mitigated first."""


LOADINGS = {"detect": 0.3, "diagnose": 0.7, "resolve": 0.6, "verify": 0.3}
"""Correlation of each phase's logarithm with the difficulty that the phases of one incident share."""


OFF_HOURS = {"acknowledge": 2.0, "diagnose": 1.35}
"""Factors at night (22 to 7 local time) and at weekends."""


ARRIVAL_WEIGHTS = {"day": 1.0, "night": 0.45, "weekend": 0.5}
"""How likely an hour is to see an incident; a night at a weekend has both."""


HARD_SHARE, HARD_FACTOR = 0.04, 4.0
"""Share of incidents of a kind nobody has seen, and what that does to their diagnosis."""


MITIGATED_FIRST = 0.12
"""Share of rollbacks and flags that were pulled before the cause was known."""


IMPROVED_FROM, IMPROVEMENT = "2026-01-15", 0.5
"""Diagnostic runbooks, each with a report of what is unhealthy: from this day (UTC) the work of diagnosis takes this
share of what it took."""


LATE = {"storefront": "2026-03-15"}
"""Teams that took them up later, and from which day (UTC) their work is shorter."""


SEVERITIES = {"SEV1": 0.08, "SEV2": 0.27, "SEV3": 0.45, "SEV4": 0.20}


USERS = {"SEV1": (0.2, 0.9), "SEV2": (0.05, 0.4), "SEV3": (0.005, 0.08), "SEV4": (0.0005, 0.01)}
"""Range of the share of users affected, uniform in the logarithm."""


# Chance with names: every draw belongs to an incident and a decision, never to the order of drawing. Only the raw
# words of PCG64 are used. NumPy promises that a bit generator's words never change, which it does not promise of
# `Generator.random` or `lognormal`; the standard library turns the words into normal deviates, and every time is
# rounded to a second or a millisecond, so that the last bit of a logarithm does not reach a file.


T = TypeVar("T")


SEED = "24"
"""Chosen among sixty so that the sample shows the planted improvement at about its size; `data/README.md` says so."""


_NORMAL = NormalDist()


def _words(names: Iterable[str]) -> PCG64:
    digest = hashlib.sha256("\x1f".join((SEED, *names)).encode()).digest()
    return PCG64(SeedSequence([int.from_bytes(digest[at : at + 4], "little") for at in range(0, 32, 4)]))


@dataclass(frozen=True)
class NamedRandom:
    """Random numbers of one thing, such as an incident, a page or a month: each belongs to a decision by its name."""

    names: tuple[str, ...]
    """Path of names that owns it."""

    def of(self, *names: str) -> NamedRandom:
        """Return the random numbers of a part."""
        return NamedRandom((*self.names, *names))

    def u(self, decision: str) -> float:
        """Return a uniform number strictly between 0 and 1."""
        word = int(_words((*self.names, decision)).random_raw())
        return ((word >> 12) + 0.5) / 2**52

    def z(self, decision: str) -> float:
        """Return a standard normal deviate, by inversion."""
        return _NORMAL.inv_cdf(self.u(decision))

    def whole(self, decision: str, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`, both possible."""
        return low + int(self.u(decision) * (high - low + 1))

    def minutes(self, decision: str, median: float, sigma: float) -> float:
        """Return minutes from a lognormal law of this median and this standard deviation of the logarithm."""
        return median * math.exp(sigma * self.z(decision))

    def pick(self, decision: str, weights: Mapping[str, float]) -> str:
        """Return a key, each as likely as its weight says."""
        point = self.u(decision) * sum(weights.values())
        for name, weight in weights.items():
            point -= weight
            if point < 0:
                return name
        return list(weights)[-1]

    def one(self, decision: str, choices: Sequence[T]) -> T:
        """Return one of `choices`, all equally likely."""
        return choices[int(self.u(decision) * len(choices))]

    def token(self, decision: str, length: int, alphabet: str) -> str:
        """Return an identifier as vendors make them."""
        source = _words((*self.names, decision))
        return "".join(alphabet[(int(source.random_raw()) >> 11) % len(alphabet)] for _ in range(length))
