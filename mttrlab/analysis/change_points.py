"""When did the level of the durations change, if it did?"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pandas as pd

from mttrlab.analysis.basis import says_basis
from mttrlab.analysis.reading import as_series
from mttrlab.analysis.sample import sample_of, starts_of, with_clocks
from mttrlab.analysis.thresholds import threshold, withheld
from mttrlab.errors import QuestionError

_COLUMNS = (
    "clock", "position", "at", "n_before", "n_after", "typical_before", "typical_after", "ratio", "bic_gain", "p",
    "note",
)  # fmt: skip
_CELLS = 4_000_000


def split(values: npt.ArrayLike, *, least: int = 2) -> tuple[int, float, float]:
    """Return where one change of level fits best, and the squares left without and with it.

    Parameters
    ----------
    values : array-like
        In order of time; of durations, their logarithms.
    least : int
        Fewest values on either side.

    Returns
    -------
    tuple
        Position (values before the change), sum of squares around one level, and around two.

    Raises
    ------
    QuestionError
        When there are fewer than twice `least` values.

    Examples
    --------
    >>> split([1, 1, 1, 5, 5, 5])
    (3, 24.0, 0.0)
    """
    y = as_series(values)
    if len(y) < 2 * least:
        raise QuestionError(f"a change needs {2 * least} values or more; got {len(y)}")
    gains = _gains(y[None, :], least)[0]
    k = int(np.argmax(gains))
    whole = float(((y - y.mean()) ** 2).sum())
    return k + least, whole, max(whole - float(gains[k]), 0.0)


def _gains(rows: np.ndarray, least: int) -> np.ndarray:
    # Squares that a split after k values saves: (sum of the first k, centred)^2 * n / (k (n - k)).
    n = rows.shape[1]
    sums = np.cumsum(rows - rows.mean(axis=1, keepdims=True), axis=1)[:, least - 1 : n - least]
    k = np.arange(least, n - least + 1)
    return np.asarray(sums**2 * n / (k * (n - k)))


def split_p(values: npt.ArrayLike, *, least: int = 2, shuffles: int = 999, seed: int = 0) -> float:
    """Return how often the same values in random order show as clear a change of level.

    Parameters
    ----------
    values : array-like
        In order of time.
    least : int
        Fewest values on either side.
    shuffles : int
        Random orders; fewer where there are many values (four million in all, 99 at least).
    seed : int
        Seed of the orders.
    """
    y = as_series(values)
    if len(y) < 2 * least or not np.ptp(y) > 0:
        return float("nan")
    chance = np.random.Generator(np.random.PCG64(seed))
    rounds = min(shuffles, max(99, _CELLS // len(y)))
    seen = float(_gains(y[None, :], least).max())
    slack = 1e-9 * max(seen, 1e-300)
    beyond, left = 0, rounds
    while left:
        rows = min(left, max(1, 500_000 // len(y)))
        orders = chance.permuted(np.broadcast_to(y, (rows, len(y))), axis=1)
        beyond += int((_gains(orders, least).max(axis=1) >= seen - slack).sum())
        left -= rows
    return (beyond + 1) / (rounds + 1)


def segments(values: npt.ArrayLike, *, most: int = 5, least: int = 5) -> list[int]:
    """Return the positions of the changes that BIC asks for, by exhaustive search.

    Parameters
    ----------
    values : array-like
        In order of time.
    most : int
        Most changes looked for.
    least : int
        Fewest values in a segment.

    Notes
    -----
    Least squares over all segmentations (Bellman's recursion), `n ln(squares / n) + 2 c ln n` for c changes: each
    brings a level and a position.
    """
    y = as_series(values)
    n = len(y)
    if n < 2 * least or not np.ptp(y) > 0:
        return []
    y = y - y.mean()
    first = np.concatenate([[0.0], np.cumsum(y)])
    second = np.concatenate([[0.0], np.cumsum(y**2)])
    ends = np.arange(n + 1)

    def cost(end: int) -> np.ndarray:
        # Squares of every segment start..end around its own level; infinite where it is too short.
        size = end - ends[:end]
        value = second[end] - second[:end] - (first[end] - first[:end]) ** 2 / size
        return np.where(size >= least, np.maximum(value, 0.0), np.inf)

    best = np.full((most + 1, n + 1), np.inf)
    back = np.zeros((most + 1, n + 1), dtype=int)
    best[0, least:] = [float(cost(e)[0]) for e in range(least, n + 1)]
    for end in range(2 * least, n + 1):
        piece = cost(end)
        for c in range(1, most + 1):
            total = best[c - 1, :end] + piece
            back[c, end] = int(np.argmin(total))
            best[c, end] = total[back[c, end]]
    floor = 1e-12 * max(float(second[-1]), 1e-300)
    score = [n * math.log(max(best[c, n], floor) / n) + 2 * c * math.log(n) for c in range(most + 1)]
    chosen = int(np.argmin(score))
    found: list[int] = []
    end = n
    for c in range(chosen, 0, -1):
        end = int(back[c, end])
        found.append(end)
    return found[::-1]


@says_basis
def change_points(
    incidents: pd.DataFrame, clock: str = "recovery", *, most: int = 5, shuffles: int = 999, seed: int = 0
) -> pd.DataFrame:
    """Return when the typical time of incidents changed, as far as the incidents carry it.

    Parameters
    ----------
    incidents : DataFrame
        Incidents, or phases as `phase_durations` gives them, with their times.
    clock : str
        One of the clocks.
    most : int
        Most changes looked for.
    shuffles : int
        Random orders behind `p`.
    seed : int
        Seed of these orders.

    Returns
    -------
    DataFrame
        One row per change: `clock`, `position` (incidents before it), `at` (time of the first incident after it),
        `n_before, n_after` (of the stretches on both sides), `typical_before, typical_after` (geometric means,
        minutes), `ratio`, `bic_gain` (of this change alone, among its neighbours), `p` (how often a random order of
        the two stretches shows as clear a change), `note`. No rows: no change that BIC asks for; too few incidents:
        one row of NaN with the reason. Only ended incidents, of the latest 5,000.

    Raises
    ------
    QuestionError
        For a word that is no clock.
    SchemaError
        When the frame is no table of incidents.
    """
    frame = with_clocks(incidents, clock)
    sample = sample_of(frame, clock)
    times = starts_of(frame, clock, sample.rows[sample.observed])
    dated = times.notna().to_numpy()
    order = np.argsort(times[dated].to_numpy(), kind="stable")[-5000:]
    logs, at = sample.logs[dated][order], times[dated].iloc[order].reset_index(drop=True)
    n = len(logs)
    if n < threshold("change_point").needs:
        empty = dict.fromkeys(_COLUMNS, float("nan")) | {"clock": clock, "at": pd.NaT}
        return pd.DataFrame([empty | {"n_before": n, "n_after": 0, "note": withheld("change_point", n)}])
    found = segments(logs, most=most)
    rows = []
    for before, here, after in zip([0, *found], found, [*found[1:], n], strict=False):
        one, two, both = logs[before:here], logs[here:after], logs[before:after]
        apart = float(((one - one.mean()) ** 2).sum() + ((two - two.mean()) ** 2).sum())
        whole = float(((both - both.mean()) ** 2).sum())
        gain = len(both) * math.log(whole / max(apart, 1e-12 * whole)) - 2 * math.log(len(both))
        p = split_p(both, least=5, shuffles=shuffles, seed=seed)
        typical = math.exp(float(one.mean())), math.exp(float(two.mean()))
        values = (clock, here, at[here], len(one), len(two), *typical, typical[1] / typical[0], gain, p, "")
        rows.append(dict(zip(_COLUMNS, values, strict=True)))
    return pd.DataFrame(rows, columns=list(_COLUMNS))
