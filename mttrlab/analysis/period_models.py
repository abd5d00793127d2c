"""The period as a coefficient: two periods in one regression, with open incidents, with the mix held."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mttrlab.analysis.regression import Regression, dummies, fit, independent
from mttrlab.analysis.sample import Sample
from mttrlab.analysis.thresholds import threshold, withheld


def plain_model(samples: tuple[Sample, Sample]) -> Regression | None:
    """Return the model of log minutes on the period alone, or None where too few ended."""
    if min(s.n for s in samples) < 2:
        return None
    logs, observed, period = _stacked(samples)
    return fit(logs, observed, np.column_stack([np.ones(len(period)), period]), ("constant", "period"))


def _stacked(samples: tuple[Sample, Sample]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    logs = np.log(np.concatenate([s.minutes for s in samples]))
    observed = np.concatenate([s.observed for s in samples])
    return logs, observed, np.repeat([0.0, 1.0], [len(s.minutes) for s in samples])


def _mixed_model(
    frames: tuple[pd.DataFrame, pd.DataFrame], samples: tuple[Sample, Sample], adjust: tuple[str, ...]
) -> tuple[Regression | None, str]:
    """Return the model of log minutes on the period and the mix, or None and why there is none."""
    if min(s.n for s in samples) < 2:
        return None, "too few"
    logs, observed, period = _stacked(samples)
    constant = np.ones(len(period))
    mix, names = dummies(
        pd.concat([f.iloc[s.rows][list(adjust)] for f, s in zip(frames, samples, strict=True)], ignore_index=True),
        adjust,
    )
    # Judged on ended incidents alone: a level that is only ever open determines no effect.
    kept = independent(np.column_stack([constant, mix])[observed])[1:] - 1
    mix, names = mix[:, kept], tuple(names[i] for i in kept)
    if len(independent(np.column_stack([constant, mix, period])[observed])) < mix.shape[1] + 2:
        return None, "the two periods share no levels"
    design = np.column_stack([constant, mix, period])
    return fit(logs, observed, design, ("constant", *names, "period")), "too few"


def adjusted_model(
    frames: tuple[pd.DataFrame, pd.DataFrame], samples: tuple[Sample, Sample], adjust: tuple[str, ...]
) -> tuple[Regression | None, tuple[str, ...], list[str]]:
    """Return the model with the mix held, the columns that it holds, and what could not be held and why."""
    lacking = tuple(c for c in adjust if any(c not in f or f[c].isna().all() for f in frames))
    used = tuple(c for c in adjust if c not in lacking)
    notes = [f"not adjusted for {', '.join(lacking)}: the column is empty in a period"] if lacking else []
    ended = sum(s.n for s in samples)
    if not used:
        return None, (), notes
    if ended < threshold("adjust").needs:
        return None, (), [*notes, "the adjusted ratio " + withheld("adjust", ended)]
    model, why = _mixed_model(frames, samples, used)
    if model is None:
        return None, (), [*notes, f"no adjusted ratio: {why} of {' and '.join(used)}"]
    return model, used, notes
