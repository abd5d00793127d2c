"""The durations beside those that a fitted law expects."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from mttrlab.analysis.basis import says_basis_of_list
from mttrlab.analysis.durations_fit import Evidence, best
from mttrlab.analysis.laws import PLAIN
from mttrlab.analysis.reading import as_numbers
from mttrlab.errors import QuestionError

_CELLS = 2_000_000  # simulated durations in all


@says_basis_of_list
def qq_table(
    minutes: npt.ArrayLike,
    family: str = "lognormal",
    observed: npt.ArrayLike | None = None,
    *,
    level: float = 0.95,
    replications: int = 999,
    seed: int = 0,
) -> pd.DataFrame:
    """Return the durations beside those that a fitted law expects, with the band that luck alone fills.

    Parameters
    ----------
    minutes : array-like
        Durations in minutes, above zero.
    family : str
        One of the plain families.
    observed : array-like of bool, optional
        False: still running. Their place is taken by the Kaplan–Meier curve; only ended ones have a row.
    level : float
        Share of simulated samples that each row's band holds.
    replications : int
        Simulated samples.
    seed : int
        Seed of the samples.

    Returns
    -------
    DataFrame
        `share` (ended by then), `minutes, expected, low, high` (minutes), `n`; the axes of a QQ figure, best
        logarithmic.

    Raises
    ------
    QuestionError
        For a family without a quick fit, or fewer than five ended durations.
    """
    if family not in PLAIN:
        raise QuestionError(f"family must be one of {', '.join(PLAIN)}; got {family!r}")
    values = as_numbers(minutes)
    ended = np.ones(len(values), bool) if observed is None else np.asarray(observed, dtype=bool)
    usable = np.isfinite(values) & (values > 0)
    values, ended = values[usable], ended[usable]
    order = np.lexsort((~ended, values))
    values, ended = values[order], ended[order]
    if ended.sum() < 5:
        raise QuestionError(f"a QQ table needs 5 ended durations above zero; got {int(ended.sum())}")
    law = best(family, Evidence(values, ended))
    x, seen = values, ended
    n = len(x)
    survive = np.cumprod(1 - seen / np.arange(n, 0, -1))
    before = np.append(1.0, survive[:-1])
    share = np.clip(1 - (before + survive) / 2, 0.5 / n, 1 - 0.25 / n)[seen]
    chance = np.random.Generator(np.random.PCG64(seed))
    rounds = min(replications, max(99, _CELLS // n))
    # The quantiles of each simulated sample at the same shares: for complete samples its order statistics.
    drawn = np.sort(law.draw(chance, (rounds, n)), axis=1)
    place = share * n - 0.5
    below = np.clip(np.floor(place).astype(int), 0, n - 1)
    above = np.minimum(below + 1, n - 1)
    part = np.clip(place - below, 0, 1)
    found = drawn[:, below] * (1 - part) + drawn[:, above] * part
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return pd.DataFrame(
        {"share": share, "minutes": x[seen], "expected": law.quantile(share), "low": low, "high": high, "n": n}
    )
