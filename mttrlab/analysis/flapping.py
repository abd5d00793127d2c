"""Why a level taken from a bare monthly mean jumps about while nothing changes."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from mttrlab.analysis.levels import maturity_level
from mttrlab.errors import QuestionError
from mttrlab.schema import LEVELS, NO_LEVEL


def monthly_levels(
    incidents_per_month: int, mu: float, sigma: float, *, months: int = 20_000, seed: int = 0
) -> pd.DataFrame:
    """Return how often a bare monthly mean shows each level though nothing changes: why levels flap.

    Parameters
    ----------
    incidents_per_month : int
    mu, sigma : float
        Mean and standard deviation of the log minutes.
    months : int
        Months drawn.
    seed : int

    Returns
    -------
    DataFrame
        One row per level: `level, months` (share of months that show it), `is_true` (the level of the true mean), and
        `differs`, the share of months whose level is not the one of the month before.

    Raises
    ------
    QuestionError
        When there are no incidents, or sigma is not positive.

    Examples
    --------
    >>> flapping = monthly_levels(10, 3.0254, 1.25)
    >>> flapping.loc[flapping["is_true"], "level"].item()
    'Intermediate'
    """
    if incidents_per_month < 1 or months < 2 or not sigma > 0 or not math.isfinite(mu):
        raise QuestionError("incidents_per_month must be at least 1, months at least 2 and sigma above 0")
    generator = np.random.default_rng(seed)
    means = np.exp(generator.normal(mu, sigma, (months, incidents_per_month))).mean(axis=1)
    shown = np.searchsorted([limit for _, limit in LEVELS], means, side="right")
    names = [*(name for name, _ in LEVELS), NO_LEVEL]
    truth = maturity_level(math.exp(mu + sigma**2 / 2))
    return pd.DataFrame(
        {
            "level": names,
            "months": [float((shown == i).mean()) for i in range(len(names))],
            "is_true": [name == truth for name in names],
            "differs": float((shown[1:] != shown[:-1]).mean()),
        }
    )
