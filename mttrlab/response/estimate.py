"""A number that nobody knows exactly: the lowest, the likely and the highest that it can be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any, NamedTuple

from scipy import special

from mttrlab.errors import ModelError
from mttrlab.response import kinds

_WORDS = "a number, or three: the lowest, the likely and the highest"


class Estimate(NamedTuple):
    """Three numbers that people can say of what they do not know."""

    low: float
    likely: float
    high: float

    def quantile(self, u: float) -> float:
        """Return the value that a share `u` of what is held possible lies below.

        Notes
        -----
        PERT (Malcolm, Roseboom, Clark, Fazar, *Operations Research* 7, 1959): a beta distribution from `low` to `high`
        with its mode at `likely` and its mean at (low + 4 likely + high) / 6.

        Examples
        --------
        >>> [round(Estimate(0.0, 0.5, 1.0).quantile(u), 3) for u in (0.0, 0.1, 0.5, 1.0)]
        [0.0, 0.247, 0.5, 1.0]
        """
        width = self.high - self.low
        if not width:
            return self.likely
        # A width beyond the largest number has no middle to speak of, and bounds of settings are far below.
        a, b = 1 + 4 * ((self.likely - self.low) / width), 1 + 4 * ((self.high - self.likely) / width)
        return float(min(max(self.low + width * float(special.betaincinv(a, b, u)), self.low), self.high))

    @property
    def mean(self) -> float:
        """What is expected: (low + 4 likely + high) / 6."""
        return (self.low + 4 * self.likely + self.high) / 6


def estimate(name: str, value: Any, check: Callable[[str, Any], Any]) -> Any:
    """Return a checked number, or a checked `Estimate`; refuse anything else in a sentence.

    Parameters
    ----------
    name : str
        What it is, for the sentence.
    value : number or sequence of three
    check : callable
        Of name and value; raises `ModelError` for a value that cannot be.
    """
    if isinstance(value, Real):
        check(name, value)
        return value
    if isinstance(value, (str, bytes)) or not isinstance(value, Sequence) or len(value) != 3:
        raise ModelError(f"{name} must be {_WORDS}; got {kinds.shown(value)}")
    for one in value:
        check(name, one)
    low, likely, high = map(float, value)
    if not low <= likely <= high:
        raise ModelError(
            f"{name} must go from the lowest over the likely to the highest; got {low:g}, {likely:g}, {high:g}"
        )
    return Estimate(low, likely, high)
