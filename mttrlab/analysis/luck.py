"""How often a number looks better or worse when the truth is known: what a bare monthly mean is worth."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

from mttrlab.analysis.laws import Law
from mttrlab.analysis.reading import as_number, as_numbers
from mttrlab.errors import QuestionError

_CELLS = 4_000_000
_STATISTICS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "mean": lambda x: np.asarray(x.mean(axis=1)),
    "median": lambda x: np.asarray(np.median(x, axis=1)),
    "geometric mean": lambda x: np.asarray(np.exp(np.log(x).mean(axis=1))),
    "p90": lambda x: np.asarray(np.quantile(x, 0.9, axis=1)),
    "p95": lambda x: np.asarray(np.quantile(x, 0.95, axis=1)),
    "sum": lambda x: np.asarray(x.sum(axis=1)),
}


def apparent_change(
    minutes: npt.ArrayLike | Law,
    n_before: int,
    n_after: int,
    *,
    reduction: float = 0.0,
    better_by: float = 0.0,
    better_by_share: float = 0.0,
    statistic: str = "mean",
    level: float = 0.9,
    draws: int = 10_000,
    seed: int = 0,
) -> pd.DataFrame:
    """Return how a statistic of two periods differs by luck, the true change being known.

    Parameters
    ----------
    minutes : array-like or Law
        Durations to draw from with replacement, or a law.
    n_before, n_after : int
        Incidents in each period. State them both: half of a year's incidents on each side is another question than
        a year's incidents on each side.
    reduction : float
        True reduction of every duration of the second period, 0 to below 1.
    better_by : float
        Minutes by which the second period must look better to be counted in `looks_better`.
    better_by_share : float
        The same as a share of the first period.
    statistic : str
        "mean", "median", "geometric mean", "p90", "p95" or "sum".
    level : float
        Level of the range of the difference.
    draws : int
        Pairs of periods.
    seed : int
        Seed of the draws.

    Returns
    -------
    DataFrame
        One row: `statistic, n_before, n_after, reduction, better_by, better_by_share`; `looks_worse, looks_better`
        (shares of the pairs); `low, high` (minutes, first less second); `level, draws, seed`.

    Raises
    ------
    QuestionError
        When an argument makes no sense.

    Notes
    -----
    The procedure of S. Davidovič, *Incident Metrics in SRE* (2021).

    Examples
    --------
    >>> found = apparent_change(Law("lognormal", (4.2, 1.25)), 20, 20, reduction=0.25)
    >>> round(float(found["looks_worse"][0]), 2)
    0.29
    """
    if statistic not in _STATISTICS:
        raise QuestionError(f"statistic must be one of {', '.join(_STATISTICS)}; got {statistic!r}")
    if any(as_number("each count", n) != int(n) for n in (n_before, n_after, draws)):
        raise QuestionError(f"counts and draws must be whole numbers; got {n_before!r}, {n_after!r} and {draws!r}")
    if min(n_before, n_after, draws) < 1 or not 0 <= reduction < 1 or not 0 < level < 1:
        raise QuestionError("counts and draws must be 1 or more, reduction 0 to below 1, level between 0 and 1")
    if isinstance(minutes, Law):
        law, values = minutes, np.empty(0)
    else:
        law, values = None, np.sort(as_numbers(minutes))
        if len(values) == 0 or not np.isfinite(values).all() or (values < 0).any():
            raise QuestionError("minutes must be a law, or one finite duration or more, none below zero")
    chance = np.random.Generator(np.random.PCG64(seed))
    measure = _STATISTICS[statistic]

    def drawn(size: tuple[int, int]) -> np.ndarray:
        if law is None:
            return np.asarray(values[chance.integers(0, len(values), size)])
        if law.family == "lognormal":
            return np.exp(chance.normal(law.parameters["mu"], law.parameters["sigma"], size))
        return law.draw(chance, size)

    pieces = []
    rows = max(1, _CELLS // (n_before + n_after))
    for done in range(0, draws, rows):
        size = min(rows, draws - done)
        pieces.append((measure(drawn((size, n_before))), measure(drawn((size, n_after))) * (1 - reduction)))
    before, after = (np.concatenate(part) for part in zip(*pieces, strict=True))
    difference = before - after
    low, high = np.quantile(difference, [(1 - level) / 2, (1 + level) / 2])
    return pd.DataFrame(
        [
            {
                "statistic": statistic,
                "n_before": n_before,
                "n_after": n_after,
                "reduction": reduction,
                "better_by": better_by,
                "better_by_share": better_by_share,
                "looks_worse": float((difference < 0).mean()),
                # No difference at all looks neither better nor worse.
                "looks_better": float(((difference >= better_by + better_by_share * before) & (difference > 0)).mean()),
                "low": float(low),
                "high": float(high),
                "level": level,
                "draws": draws,
                "seed": seed,
            }
        ]
    )
