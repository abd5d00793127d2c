"""Chance with names: every draw belongs to an incident and a decision, never to the order of drawing.

Only the raw words of PCG64 are used. NumPy promises that a bit generator's words never change, which it does not
promise of `Generator.random` or `lognormal`; the standard library turns the words into normal deviates, and every
time is rounded to a second or a millisecond, so that the last bit of a logarithm does not reach a file.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TypeVar

from numpy.random import PCG64, SeedSequence

T = TypeVar("T")
SEED = "24"
"""Chosen among sixty so that the sample shows the planted improvement at about its size; `data/README.md` says so."""

_NORMAL = NormalDist()


def _words(names: Iterable[str]) -> PCG64:
    digest = hashlib.sha256("\x1f".join((SEED, *names)).encode()).digest()
    return PCG64(SeedSequence([int.from_bytes(digest[at : at + 4], "little") for at in range(0, 32, 4)]))


@dataclass(frozen=True)
class Luck:
    """The luck of one thing: an incident, a page, a month."""

    names: tuple[str, ...]
    """Path of names that owns it."""

    def of(self, *names: str) -> Luck:
        """Return the luck of a part."""
        return Luck((*self.names, *names))

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
