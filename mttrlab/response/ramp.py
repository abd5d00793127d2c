"""How a change arrives: not on day one, not everywhere, and not for ever."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mttrlab.response import checks, kinds
from mttrlab.response.laws import Floats

MONTH_DAYS = 30.4375
"""Days of a month: a twelfth of a year."""


@dataclass(frozen=True)
class Ramp:
    """The share of incidents that meet the new settings, as months pass.

    Examples
    --------
    >>> Ramp(months=6).reached(np.array([0.0, 3.0, 6.0, 24.0])).tolist()
    [0.0, 0.5, 1.0, 1.0]
    """

    months: float = 6.0
    """Months until it is fully there, in a straight line; 0: at once."""
    delay: float = 0.0
    """Months before anything changes."""
    adoption: float = 1.0
    """Share of the incidents that it reaches once it is fully there."""
    decay: float = 0.0
    """Share of its reach that is lost in each month after it is fully there."""

    def __post_init__(self) -> None:
        kinds.settle(self)
        checks.finite("months of a ramp", self.months, 0.0, 1200.0)
        checks.finite("delay of a ramp", self.delay, 0.0, 1200.0)
        checks.share("adoption of a ramp", self.adoption)
        checks.share("decay of a ramp", self.decay)

    def reached(self, months: Floats) -> Floats:
        """Return the share of incidents that meet the new settings so many months after the start of the horizon."""
        since = np.asarray(months, dtype=np.float64) - self.delay
        risen = np.clip(since / self.months, 0.0, 1.0) if self.months else (since >= 0).astype(np.float64)
        kept = (1 - self.decay) ** np.maximum(since - self.months, 0.0)
        return np.asarray(self.adoption * risen * kept)
