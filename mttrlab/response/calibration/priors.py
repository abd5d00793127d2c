"""What a fit borrows because no history and no setting says it, and how much each of these is doubted."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from mttrlab.response.model.distributions import Distribution
from mttrlab.response.model.response_model import FLAG_PRIOR, RUN_PRIOR, RUNBOOK_PRIOR

COVERAGE_PRIOR = 0.61
"""Share of incidents that alerts see, where the export does not say: 29 % were reported by customers and 10 % by
internal users in Ghosh et al. (SoCC 2022)."""
COVERAGE_WEIGHT = 2.0
"""Incidents that this share is worth: as unsure as knowing nothing, for one firm's share says little of another's."""

SUCCESS_PRIOR = 0.7
"""Chance that one attempt works: an export shows the successes alone. Borrowed, and marked so."""
SUCCESS_WEIGHT = 5.0

_TIMES = {"run": math.log(3.0), "flag": math.log(3.0), "runbook": 0.4}
"""Standard deviations of the logs of borrowed times and factors."""


@dataclass(frozen=True)
class Priors:
    """The borrowed quantities of one fit: their middles, or a draw of what else they might be."""

    seen: float = COVERAGE_PRIOR
    """Share of the incidents that alerts see, of those that do not say who noticed."""
    success: float = SUCCESS_PRIOR
    """Chance that one attempt of a remediation rule works."""
    run: Distribution = RUN_PRIOR
    """Minutes of such an attempt."""
    flag: Distribution = FLAG_PRIOR
    """Minutes until a flag has taken a change away."""
    runbook: float = RUNBOOK_PRIOR
    """Diagnosis with a new runbook takes this many times as long."""

    @classmethod
    def sample(cls, chance: np.random.Generator) -> Priors:
        """Return one draw from the priors, for a refit.

        Notes
        -----
        Shares are Beta: 0.61 worth two incidents (80 % between 0.19 and 0.96, the weight of a uniform) for what alerts
        see; 0.7 worth five (0.43 to 0.92) for an attempt. Times and factors are lognormal about their middle: three
        times either way for 68 % (a run, a flag), 0.2 to 0.56 for 80 % (a runbook, never above 1). Each belongs to a
        uniform of its own, so that one more draw moves no other.
        """
        u = chance.random(5)
        z = special.ndtri(u)
        return cls(
            seen=_beta(COVERAGE_PRIOR, COVERAGE_WEIGHT, u[0]),
            success=_beta(SUCCESS_PRIOR, SUCCESS_WEIGHT, u[1]),
            run=RUN_PRIOR.scaled(math.exp(_TIMES["run"] * z[2])),
            flag=FLAG_PRIOR.scaled(math.exp(_TIMES["flag"] * z[3])),
            runbook=min(RUNBOOK_PRIOR * math.exp(_TIMES["runbook"] * z[4]), 1.0),
        )


def seen_words() -> str:
    """Return what is taken of alerts, and how unsure it is, in words."""
    low, high = (_beta(COVERAGE_PRIOR, COVERAGE_WEIGHT, q) for q in (0.1, 0.9))
    return f"{COVERAGE_PRIOR:.0%} are taken to be seen by alerts (80 % {low:.0%} to {high:.0%}; Ghosh et al. 2022)"


def _beta(mean: float, weight: float, u: float) -> float:
    # A share of exactly none or all would be certain, which a borrowed one never is.
    return float(np.clip(special.betaincinv(mean * weight, (1 - mean) * weight, u), 0.001, 0.999))


DEFAULT_PRIORS = Priors()
"""Every quantity at its middle: what a fit uses; refits draw (`Priors.sample`)."""
