"""Are incidents getting shorter over time?"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from mttrlab.analysis.comparison import change_in_words, taking
from mttrlab.analysis.minimum_counts import incidents as in_words
from mttrlab.analysis.minimum_counts import minimum_count, why_withheld
from mttrlab.analysis.query import records_basis
from mttrlab.analysis.regression import dummies, fit_censored_lognormal, independent
from mttrlab.analysis.sample import drop_never_closed, months_of, sample_of, starts_of, with_measure
from mttrlab.schema import Record
from mttrlab.validate import as_series, inner_share

NAN = float("nan")


def _ratio(log: float) -> float:
    return math.exp(min(log, 700.0))


def _monthly(times: pd.Series, logs: np.ndarray, level: float) -> dict[str, float]:
    names = ("kendall_s", "kendall_tau", "kendall_p", "sen_per_month", "sen_per_month_low", "sen_per_month_high")
    number = (times.dt.year * 12 + times.dt.month).to_numpy()
    means = pd.Series(logs).groupby(number).mean()
    result: dict[str, float] = {"months_used": len(means)} | dict.fromkeys(names, NAN)
    if len(means) < minimum_count("monthly_trend").needs:
        return result
    kendall = mann_kendall(means.to_numpy())
    slopes = theil_sen(means.to_numpy(), means.index.to_numpy(dtype=float), level=level)
    answers = (kendall.s, kendall.tau, kendall.p, *(_ratio(slope) for slope in slopes))
    return result | dict(zip(names, answers, strict=True))


def _sentence(row: Record) -> str:
    counts = in_words(row["n"]) + (f", {row['open']} still open" if row["open"] else "")
    if math.isnan(row["per_month"]):
        return f"Cannot tell where this is going: {counts} are too few or carry no times."
    # Over what was seen, not over a year that nobody has seen yet.
    months = min(12.0, row["months"])
    whole, low, high = (_ratio(math.log(row["per_month" + end]) * months) for end in ("", "_low", "_high"))
    over = "a year" if months == 12 else f"{months:.0f} months" if months >= 1.5 else "this time"
    span = f"somewhere between {change_in_words(low)} and {change_in_words(high)}; {counts}"
    if row["verdict"] == "cannot tell":
        return f"Cannot tell where this is going: {taking(whole)} after {over}, but luck could do that ({span})."
    word = "Getting better" if row["verdict"] == "better" else "Getting worse"
    return f"{word}: after {over} a typical incident takes {taking(whole)} ({span})."


# Direction of a few values in order, by ranks and by the median of slopes.


class MannKendall(NamedTuple):
    """Answer of the Mann–Kendall test for a direction."""

    s: float
    """Pairs that rise less pairs that fall."""
    variance: float
    """Of `s`, corrected for ties."""
    z: float
    """Standardised, with continuity correction."""
    p: float
    """How often an order without direction shows as much, either way."""
    tau: float
    """`s` as a share of all pairs."""


def mann_kendall(values: npt.ArrayLike) -> MannKendall:
    """Return whether values in order rise or fall, whatever their distribution (Mann 1945, Kendall 1975).

    Examples
    --------
    >>> mann_kendall([3, 2, 1]).s
    -3.0
    """
    y = as_series(values)
    n = len(y)
    if n < 3:
        return MannKendall(NAN, NAN, NAN, NAN, NAN)
    s = float(sum(np.sign(y[i + 1 :] - y[i]).sum() for i in range(n - 1)))
    _, ties = np.unique(y, return_counts=True)
    variance = (n * (n - 1) * (2 * n + 5) - float((ties * (ties - 1) * (2 * ties + 5)).sum())) / 18
    z = (s - np.sign(s)) / math.sqrt(variance) if variance > 0 else 0.0
    return MannKendall(s, variance, float(z), float(2 * special.ndtr(-abs(z))), s / (n * (n - 1) / 2))


def theil_sen(
    values: npt.ArrayLike, times: npt.ArrayLike | None = None, *, level: float = 0.95
) -> tuple[float, float, float]:
    """Return the median of all slopes between two points, with its interval (Theil 1950, Sen 1968).

    Parameters
    ----------
    values : array-like
        One per time.
    times : array-like, optional
        Default 0, 1, 2, …
    level : float
        Level of the interval.

    Returns
    -------
    tuple of three floats
        Slope per unit of time, low, high; NaN with fewer than three points.
    """
    y = as_series(values)
    x = np.arange(len(y), dtype=float) if times is None else np.asarray(times, dtype=float)
    if len(y) < 3:
        return NAN, NAN, NAN
    first, second = np.triu_indices(len(y), 1)
    apart = x[second] != x[first]
    slopes = np.sort((y[second] - y[first])[apart] / (x[second] - x[first])[apart])
    half = float(special.ndtri((1 + level) / 2)) * math.sqrt(mann_kendall(y).variance)
    low = max(round((len(slopes) - half) / 2) - 1, 0)
    high = min(round((len(slopes) + half) / 2), len(slopes) - 1)
    return float(np.median(slopes)), float(slopes[low]), float(slopes[high])


@records_basis
def trend(
    incidents: pd.DataFrame,
    measure: str = "recovery",
    *,
    adjust: tuple[str, ...] = (),
    level: float = 0.95,
) -> pd.DataFrame:
    """Return whether incidents get shorter or longer over time, incident by incident.

    Parameters
    ----------
    incidents : DataFrame
        Incidents, or phases as `phase_durations` gives them, with their times.
    measure : str
        A phase, a clock or another measure.
    adjust : tuple of str
        Columns whose mix is held: `("severity", "incident_type")`.
    level : float
        Level of the intervals.

    Returns
    -------
    DataFrame
        One row: `measure, level, n` (ended), `open, months` (spanned); `per_month, per_month_low, per_month_high`
        (ratio of typical times a month apart; 0.95: five percent less each month), `per_year` and its ends;
        `p_better` (probability that times fall), `verdict` ("better", "worse" or "cannot tell"); of the monthly
        typical times: `months_used, kendall_s, kendall_tau, kendall_p, sen_per_month` and its ends (ratio);
        `adjusted_for, sentence, note`.

    Raises
    ------
    QuestionError
        For a clock or a level that does not exist.
    SchemaError
        When the frame is no table of incidents.

    Notes
    -----
    Lognormal regression of every incident on its time, open ones censored. Monthly summaries see a change less
    often: with ten incidents a month and half the time after a year in 25 to 35 of 100 cases, against 47 here.
    """
    inner_share("level", level)
    frame = with_measure(incidents, measure)
    (sample,) = drop_never_closed(sample_of(frame, measure))
    times = starts_of(frame, measure, sample.rows)
    months = months_of(times)
    dated = np.isfinite(months)
    row = Record(measure=measure, level=level, n=int((sample.observed & dated).sum()))
    row |= {"open": int((~sample.observed & dated).sum()), "months": float(months[dated].max()) if dated.any() else NAN}
    ratios = [name + end for name in ("per_month", "per_year") for end in ("", "_low", "_high")]
    row |= dict.fromkeys(ratios, NAN) | {"p_better": NAN, "verdict": "cannot tell"}
    notes = []
    if sample.unknown:
        notes.append(f"{sample.unknown} of {in_words(sample.incidents)} lack a usable end of this clock")
    if sample.not_positive:
        notes.append(f"{in_words(sample.not_positive)} of zero or negative minutes left out")
    if sample.never_closed:
        notes.append(
            f"left out: {in_words(sample.never_closed)} open far longer than any that ended, probably never closed"
        )
    if not dated.all():
        timeless = int((~dated).sum())
        notes.append(f"{in_words(timeless)} {'carries' if timeless == 1 else 'carry'} no time")
    used: tuple[str, ...] = ()
    if row["n"] < minimum_count("trend").needs:
        notes.append("a trend " + why_withheld("trend", row["n"]))
    else:
        used = tuple(column for column in adjust if column in frame and frame[column].notna().any())
        design = np.column_stack([np.ones(int(dated.sum())), months[dated]])
        if used:
            mix, _ = dummies(frame.iloc[sample.rows[dated]].reset_index(drop=True), used)
            design = np.column_stack([design, mix])
            design = design[:, independent(design[sample.observed[dated]])]
        names = ("constant", "time", *(f"mix {i}" for i in range(design.shape[1] - 2)))
        logs = np.log(sample.minutes[dated])
        model = fit_censored_lognormal(logs, sample.observed[dated], design, names) if row["months"] > 0 else None
        if model is None:
            notes.append("no trend: the incidents took exactly equal times, or all began together")
        else:
            slope, low, high = model.effect("time", level)
            for name, unit in (("per_month", 1.0), ("per_year", 12.0)):
                row |= {name: _ratio(slope * unit), f"{name}_low": _ratio(low * unit)}
                row[f"{name}_high"] = _ratio(high * unit)
            row["p_better"] = model.probability_below("time", 0.0)
            row["verdict"] = "better" if high < 0 else "worse" if low > 0 else "cannot tell"
    row |= _monthly(times[dated & sample.observed], sample.logs[dated[sample.observed]], level)
    row["adjusted_for"] = ", ".join(used)
    row["sentence"] = _sentence(row)
    row["note"] = "; ".join(notes)
    return pd.DataFrame([row])


# When did the level of the durations change, if it did?


_COLUMNS = (
    "measure", "position", "at", "n_before", "n_after", "geometric_mean_before", "geometric_mean_after", "ratio",
    "bic_gain", "p", "note",
)  # fmt: skip
_CALLED = 0.05
"""A change that random orders show as often or more often is not told."""
_MAX_PERMUTED_VALUES = 4_000_000


def _gains(rows: np.ndarray, min_size: int) -> np.ndarray:
    # Squares that a split after k values saves: (sum of the first k, centred)^2 * n / (k (n - k)).
    n = rows.shape[1]
    sums = np.cumsum(rows - rows.mean(axis=1, keepdims=True), axis=1)[:, min_size - 1 : n - min_size]
    k = np.arange(min_size, n - min_size + 1)
    return np.asarray(sums**2 * n / (k * (n - k)))


def split_p_value(values: npt.ArrayLike, *, min_size: int = 2, permutations: int = 999, seed: int = 0) -> float:
    """Return how often the same values in random order show as clear a change of level.

    Parameters
    ----------
    values : array-like
        In order of time.
    min_size : int
        Fewest values on either side.
    permutations : int
        Random orders; fewer where there are many values (four million in all, 99 at least).
    seed : int
        Seed of the orders.
    """
    y = as_series(values)
    if len(y) < 2 * min_size or not np.ptp(y) > 0:
        return float("nan")
    rng = np.random.Generator(np.random.PCG64(seed))
    rounds = min(permutations, max(99, _MAX_PERMUTED_VALUES // len(y)))
    observed_gain = float(_gains(y[None, :], min_size).max())
    slack = 1e-9 * max(observed_gain, 1e-300)
    beyond, left = 0, rounds
    while left:
        rows = min(left, max(1, 500_000 // len(y)))
        orders = rng.permuted(np.broadcast_to(y, (rows, len(y))), axis=1)
        beyond += int((_gains(orders, min_size).max(axis=1) >= observed_gain - slack).sum())
        left -= rows
    return (beyond + 1) / (rounds + 1)


def change_positions(values: npt.ArrayLike, *, max_changes: int = 5, min_size: int = 5) -> list[int]:
    """Return the positions of the changes that BIC asks for, by exhaustive search.

    Parameters
    ----------
    values : array-like
        In order of time.
    max_changes : int
        Most changes looked for.
    min_size : int
        Fewest values in a segment.

    Notes
    -----
    Least squares over all segmentations (Bellman's recursion), `n ln(squares / n) + 2 c ln n` for c changes: each
    brings a level and a position.
    """
    y = as_series(values)
    n = len(y)
    if n < 2 * min_size or not np.ptp(y) > 0:
        return []
    y = y - y.mean()
    first = np.concatenate([[0.0], np.cumsum(y)])
    second = np.concatenate([[0.0], np.cumsum(y**2)])
    ends = np.arange(n + 1)

    def cost(end: int) -> np.ndarray:
        # Squares of every segment start..end around its own level; infinite where it is too short.
        size = end - ends[:end]
        value = second[end] - second[:end] - (first[end] - first[:end]) ** 2 / size
        return np.where(size >= min_size, np.maximum(value, 0.0), np.inf)

    best = np.full((max_changes + 1, n + 1), np.inf)
    back = np.zeros((max_changes + 1, n + 1), dtype=int)
    best[0, min_size:] = [float(cost(e)[0]) for e in range(min_size, n + 1)]
    for end in range(2 * min_size, n + 1):
        piece = cost(end)
        for c in range(1, max_changes + 1):
            total = best[c - 1, :end] + piece
            back[c, end] = int(np.argmin(total))
            best[c, end] = total[back[c, end]]
    floor = 1e-12 * max(float(second[-1]), 1e-300)
    score = [n * math.log(max(best[c, n], floor) / n) + 2 * c * math.log(n) for c in range(max_changes + 1)]
    chosen = int(np.argmin(score))
    positions: list[int] = []
    end = n
    for c in range(chosen, 0, -1):
        end = int(back[c, end])
        positions.append(end)
    return positions[::-1]


@records_basis
def change_points(
    incidents: pd.DataFrame, measure: str = "recovery", *, max_changes: int = 5, permutations: int = 999, seed: int = 0
) -> pd.DataFrame:
    """Return when the typical time of incidents changed, as far as the incidents carry it.

    Parameters
    ----------
    incidents : DataFrame
        Incidents, or phases as `phase_durations` gives them, with their times.
    measure : str
        A phase, a clock or another measure.
    max_changes : int
        Most changes looked for.
    permutations : int
        Random orders behind `p`.
    seed : int
        Seed of these orders.

    Returns
    -------
    DataFrame
        One row per change: `measure`, `position` (incidents before it), `at` (time of the first incident after it),
        `n_before, n_after` (of the stretches on both sides), `geometric_mean_before, geometric_mean_after`
        (minutes), `ratio`, `bic_gain` (of this change alone, among its neighbours), `p` (how often a random order of
        the two stretches shows as clear a change; above 0.05 it is not told), `note`. No rows: no change that BIC asks
        for and chance hardly shows; too few incidents: one row of NaN with the reason. Only ended incidents, of the
        latest 5,000.

    Raises
    ------
    QuestionError
        For a word that is no clock.
    SchemaError
        When the frame is no table of incidents.
    """
    frame = with_measure(incidents, measure)
    sample = sample_of(frame, measure)
    times = starts_of(frame, measure, sample.rows[sample.observed])
    dated = times.notna().to_numpy()
    order = np.argsort(times[dated].to_numpy(), kind="stable")[-5000:]
    logs, at = sample.logs[dated][order], times[dated].iloc[order].reset_index(drop=True)
    n = len(logs)
    if n < minimum_count("change_point").needs:
        empty = dict.fromkeys(_COLUMNS, float("nan")) | {"measure": measure, "at": pd.NaT}
        return pd.DataFrame([empty | {"n_before": n, "n_after": 0, "note": why_withheld("change_point", n)}])
    positions = change_positions(logs, max_changes=max_changes)
    rows = []
    for before, here, after in zip([0, *positions], positions, [*positions[1:], n], strict=False):
        one, two, both = logs[before:here], logs[here:after], logs[before:after]
        apart = float(((one - one.mean()) ** 2).sum() + ((two - two.mean()) ** 2).sum())
        whole = float(((both - both.mean()) ** 2).sum())
        gain = len(both) * math.log(whole / max(apart, 1e-12 * whole)) - 2 * math.log(len(both))
        p = split_p_value(both, min_size=5, permutations=permutations, seed=seed)
        if p > _CALLED:
            continue
        geometric_means = math.exp(float(one.mean())), math.exp(float(two.mean()))
        values = (
            measure,
            here,
            at[here],
            len(one),
            len(two),
            *geometric_means,
            geometric_means[1] / geometric_means[0],
            gain,
            p,
            "",
        )
        rows.append(dict(zip(_COLUMNS, values, strict=True)))
    return pd.DataFrame(rows, columns=list(_COLUMNS))
