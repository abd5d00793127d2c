"""What a question about detection is answered with: how soon, how surely, at what price in false pages."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np
import pandas as pd

from mttrlab.detection.delay import Delay

GOAL_MINUTES = 2.0
"""The founding text: alerts that fire within two minutes of an actual problem."""


@dataclass(frozen=True, eq=False)
class DetectionDelay:
    """How soon a fault is noticed, how surely, and at what price in false pages. Minutes, unless a name ends in _s."""

    delay: Delay
    """The whole law, in seconds."""
    recall: float
    """Chance that the fault is noticed at all before it ends."""
    false_pages_per_week: float
    """NaN where no noise was given, or where it does not say."""
    goal: float = GOAL_MINUTES
    """Minutes."""
    certainty: float = 0.95
    """Chance with which the goal must be met."""
    detectors: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """What had to be assumed, in sentences."""

    @property
    def mean(self) -> float:
        """Mean minutes; infinite where it may never be noticed."""
        return self.delay.mean / 60

    @property
    def mean_s(self) -> float:
        """Mean seconds."""
        return self.delay.mean

    @property
    def lowest(self) -> float:
        """No detection is sooner."""
        return self.delay.lowest / 60

    @property
    def highest(self) -> float:
        """No detection is later; infinite where it may never be noticed."""
        return self.delay.highest / 60

    @property
    def median(self) -> float:
        """Median minutes."""
        return float(self.quantile(0.5)[0])

    @property
    def p90(self) -> float:
        """90th percentile, minutes."""
        return float(self.quantile(0.9)[0])

    @property
    def within_goal(self) -> float:
        """Chance of being noticed within the goal."""
        return min(float(self.cdf(self.goal)[0]), self.recall)

    @property
    def meets_goal(self) -> bool:
        """Whether the goal is met with the certainty asked for."""
        return self.within_goal >= self.certainty - 1e-9

    def cdf(self, minutes: np.ndarray | float) -> np.ndarray:
        """Return the chance of having noticed by then."""
        return self.delay.cdf(np.asarray(minutes, dtype=float) * 60)

    def quantile(self, level: np.ndarray | float) -> np.ndarray:
        """Return the minutes by which it is noticed with this chance; of uniform numbers it makes draws."""
        return self.delay.quantile(level) / 60

    def sample(self, rng: np.random.Generator, size: int) -> np.ndarray:
        """Return draws in minutes; infinite where the fault is never noticed."""
        return self.delay.sample(rng, size) / 60

    def table(self) -> pd.DataFrame:
        """Return the figures as one row."""
        return pd.DataFrame(
            [
                {
                    "detectors": ", ".join(self.detectors),
                    "recall": self.recall,
                    "mean": self.mean,
                    "median": self.median,
                    "p90": self.p90,
                    "lowest": self.lowest,
                    "highest": self.highest,
                    "goal": self.goal,
                    "within_goal": self.within_goal,
                    "meets_goal": self.meets_goal,
                    "false_pages_per_week": self.false_pages_per_week,
                }
            ]
        )

    def __str__(self) -> str:
        who = ", ".join(self.detectors) or "nothing"
        if self.recall == 0:
            return f"{who}: never notices this fault"
        verdict = "meets" if self.meets_goal else "misses"
        typical = f"{self.delay.mean_if_ever / 60:.1f} min on average ({self.lowest:.1f} to {self._latest()})"
        return f"{who}: {typical}, recall {self.recall:.0%}; {verdict} the goal of {self.goal:g} min"

    def _latest(self) -> str:
        return "any" if self.highest == inf else f"{self.highest:.1f}"
