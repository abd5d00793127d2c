"""The ratio of two periods' typical times: of ended incidents, with open ones, and the one that a verdict rests on."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from mttrlab.analysis.period_models import plain_model
from mttrlab.analysis.regression import Regression
from mttrlab.analysis.sample import Sample

NAN = float("nan")
_FIFTH = math.log(0.8)
_WELCH = ("ratio", "ratio_low", "ratio_high", "p_better", "p_fifth_better")


def unadjusted(first: Sample, second: Sample, level: float) -> tuple[dict[str, Any], Regression | None]:
    """Return the ratios of two periods as they are, and the model that counts open incidents, where there is one.

    Parameters
    ----------
    first, second : Sample
        The two periods.
    level : float
        Level of the intervals.

    Returns
    -------
    dict, Regression or None
        `ratio, ratio_low, ratio_high` (ended incidents, Welch's t on log minutes), `ratio_with_open` and its ends,
        `p_better`, `p_fifth_better`, and `based_on`: which of the two ratios the probabilities are of. Leaving out
        open incidents makes the later period look better than it is, so they count wherever there are any.
    """
    row: dict[str, Any] = welch(first.logs, second.logs, level)
    if not first.open + second.open:
        same = {f"ratio_with_open{end}": row[f"ratio{end}"] for end in ("", "_low", "_high")}
        return row | same | {"based_on": "ratio"}, None
    plain = plain_model((first, second))
    row |= ratio_columns("ratio_with_open", plain, level)
    if plain is None:
        return row | {"based_on": "ratio"}, None
    row["p_better"] = plain.chance_below("period", 0.0)
    row["p_fifth_better"] = plain.chance_below("period", _FIFTH)
    return row | {"based_on": "ratio_with_open"}, plain


def welch(before: np.ndarray, after: np.ndarray, level: float) -> dict[str, float]:
    """Return the ratio of geometric means of two lists of log minutes, with Welch's interval and probabilities."""
    n, m = len(before), len(after)
    if not (n and m):
        return dict.fromkeys(_WELCH, NAN)
    shift = float(after.mean() - before.mean())
    nothing = dict.fromkeys(_WELCH, NAN) | {"ratio": math.exp(shift)}
    if min(n, m) < 2:
        return nothing
    parts = np.array([before.var(ddof=1) / n, after.var(ddof=1) / m])
    error = math.sqrt(parts.sum())
    if not error > 1e-12:
        return nothing
    freedom = float(parts.sum() ** 2 / (parts**2 / np.array([n - 1, m - 1])).sum())
    half = float(special.stdtrit(freedom, (1 + level) / 2)) * error
    return {
        "ratio": math.exp(shift),
        "ratio_low": math.exp(shift - half),
        "ratio_high": math.exp(shift + half),
        "p_better": float(special.stdtr(freedom, -shift / error)),
        "p_fifth_better": float(special.stdtr(freedom, (_FIFTH - shift) / error)),
    }


def ratio_columns(name: str, model: Regression | None, level: float) -> dict[str, float]:
    """Return a model's ratio and its ends under `name`, NaN where there is no model."""
    if model is None:
        return {name: NAN, f"{name}_low": NAN, f"{name}_high": NAN}
    shift, low, high = model.effect("period", level)
    return {name: math.exp(shift), f"{name}_low": math.exp(low), f"{name}_high": math.exp(high)}
