"""Two periods compared: did incidents get shorter, or was it chance?"""

from __future__ import annotations

import math
from itertools import chain, combinations
from math import comb
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import special

from mttrlab.analysis.minimum_counts import incidents, minimum_count, why_withheld
from mttrlab.analysis.power import incidents_needed, smallest_change
from mttrlab.analysis.query import records_basis
from mttrlab.analysis.regression import Regression, dummies, fit_censored_lognormal, independent
from mttrlab.analysis.sample import Sample, drop_never_closed, months_spanned, sample_of, starts_of, with_measure
from mttrlab.errors import QuestionError
from mttrlab.schema import Record
from mttrlab.text import list_in_words, months_in_words
from mttrlab.validate import inner_share

NAN = float("nan")


def _order(frames: tuple[pd.DataFrame, pd.DataFrame], measure: str, first: Sample, second: Sample) -> list[str]:
    """Return what is odd about the two periods: incidents that stand in both, or the later one first."""
    notes = []
    names = [name for name in ("source", "incident_id") if all(name in frame for frame in frames)]
    if "incident_id" in names:
        known = [pd.MultiIndex.from_frame(frame[names].astype("object")).unique() for frame in frames]
        both = len(known[0].intersection(known[1]))
        if both:
            notes.append(f"{incidents(both)} stand{'s' if both == 1 else ''} in both periods, which must not overlap")
    earliest, latest = (starts_of(f, measure, s.rows) for f, s in zip(frames, (first, second), strict=True))
    if earliest.min() > latest.max():
        notes.append("the first period begins after the second has ended: read better and worse the other way round")
    return notes


def _left_out(period: str, sample: Sample) -> list[str]:
    notes = []
    if sample.unknown:
        notes.append(f"{period}: {sample.unknown} of {incidents(sample.incidents)} lack a usable end of this clock")
    if sample.not_positive:
        notes.append(f"{period}: {incidents(sample.not_positive)} of zero or negative minutes left out")
    if sample.never_closed:
        notes.append(
            f"{period}: left out: {incidents(sample.never_closed)} open far longer than any that ended, "
            "probably never closed"
        )
    return notes


def _verdict(row: Record, fewest: int) -> str:
    low, high = row[f"{row['based_on']}_low"], row[f"{row['based_on']}_high"]
    if fewest < minimum_count("compare").needs:
        return CANNOT_TELL
    return BETTER if high < 1 else WORSE if low > 1 else CANNOT_TELL


def _detectable(
    row: Record,
    frames: tuple[pd.DataFrame, pd.DataFrame],
    first: Sample,
    second: Sample,
    model: Regression | None,
) -> dict[str, float]:
    result = dict.fromkeys(("smallest_change", "incidents_needed", "incidents_per_month", "months_until_visible"), NAN)
    pairs = zip(frames, (first, second), strict=True)
    spans = [months_spanned(starts_of(f, row["measure"], s.rows)) for f, s in pairs]
    counted = [(len(s.rows), span) for s, span in zip((first, second), spans, strict=True) if span > 0]
    if counted:
        # The first and the last incident bound the span, so n of them hold n - 1 gaps.
        result["incidents_per_month"] = sum(n - 1 for n, _ in counted) / sum(span for _, span in counted)
    if min(first.n, second.n) < 2:
        return result
    if row["based_on"] == "adjusted_ratio" and model is not None:
        # What the mix explains no longer hides a change; telling the period from the mix costs some of it.
        sigma = float(model.errors[model.names.index("period")]) / math.sqrt(1 / first.n + 1 / second.n)
    else:
        within = first.logs.var(ddof=1) * (first.n - 1) + second.logs.var(ddof=1) * (second.n - 1)
        sigma = math.sqrt(within / (first.n + second.n - 2))
        if model is not None:
            sigma = max(sigma, model.sigma)  # those still open are the long ones, so the ended alone spread too little
    if not sigma > 1e-12:
        return result
    result["smallest_change"] = smallest_change(first.n, sigma, level=row["level"], n_after=second.n)
    change = abs(math.log(row[row["based_on"]])) if row[row["based_on"]] > 0 else NAN
    if change > 1e-6:
        needed = incidents_needed(-math.expm1(-change), sigma, level=row["level"])
        result["incidents_needed"] = float(needed)
        result["months_until_visible"] = needed / result["incidents_per_month"]
    return result


def _checks(first: Sample, second: Sample, level: float, seed: int) -> dict[str, object]:
    shift = pairwise_shift(first.logs, second.logs, level)
    u, p = rank_test(first.logs, second.logs)
    logs = permutation_test(first.logs, second.logs, seed=seed)
    means = permutation_test(first.minutes[first.observed], second.minutes[second.observed], seed=seed)
    return {
        "shift_ratio": math.exp(shift[0]),
        "shift_ratio_low": math.exp(shift[1]),
        "shift_ratio_high": math.exp(shift[2]),
        "rank_u": u,
        "rank_p": p,
        "permutation_p": logs.p,
        "permutation_p_mean": means.p,
        "permutation_method": logs.method,
    }


# What a comparison says to somebody who has never met an interval.


BETTER, WORSE, CANNOT_TELL = "better", "worse", "cannot tell"


def change_in_words(ratio: float) -> str:
    """Return a ratio of times as people say it.

    Examples
    --------
    >>> change_in_words(0.78), change_in_words(1.1), change_in_words(3.0), change_in_words(1.001)
    ('22 % less', '10 % more', '3.0 times as long', 'the same')
    """
    percent = round(100 * (ratio - 1))
    if percent == 0:
        return "the same"
    if ratio >= 2:
        return f"{ratio:.1f} times as long" if ratio < 100 else "over 100 times as long"
    return f"{abs(percent)} % {'less' if percent < 0 else 'more'}"


def taking(ratio: float) -> str:
    """Return a ratio of times as the object of "took".

    Examples
    --------
    >>> taking(0.78), taking(0.999), taking(2.5)
    ('22 % less time', 'about the same time', '2.5 times as long')
    """
    words = change_in_words(ratio)
    if words == "the same":
        return "about the same time"
    return words if "times" in words else words + " time"


def comparison_sentence(row: Record, samples: tuple[Sample, Sample]) -> str:
    """Return the comparison in plain words: no statistical term, every figure with its count; of few, the times."""
    n, m = row["n_before"], row["n_after"]
    if min(n, m) == 0:
        which = "either period" if n == m == 0 else ("the earlier period" if n == 0 else "the later period")
        return f"Cannot tell: no ended incident of {which} can be timed on this clock ({n} before, {m} after)."
    if min(n, m) < minimum_count("compare").needs:
        times = "; ".join(
            f"{name} {_times(s.minutes[s.observed])}" for name, s in zip(("before", "after"), samples, strict=True)
        )
        return f"Cannot tell: {incidents(n)} before and {m:,} after are too few to compare ({times})."
    lead = row["based_on"]
    ratio, low, high = (row[lead + end] for end in ("", "_low", "_high"))
    if math.isnan(low):
        return f"Cannot tell: the {incidents(n)} before and {m:,} after do not differ enough to judge luck."
    span = _span(low, high)
    counts = f"{incidents(n)} before, {m:,} after"
    still_open = row["open_before"] + row["open_after"]
    if still_open:
        counts += f", {still_open} still open and counted with their time so far"
    if row["never_closed"]:
        counts += f", {row['never_closed']} left out as probably never closed"
    held = f"like for like (same {_plainly(row['adjusted_for'])}), " if lead == "adjusted_ratio" else ""
    took = f"{held}a typical incident took {taking(ratio)}"
    if row["verdict"] == CANNOT_TELL:
        text = f"Cannot tell: {took}, but luck alone could explain it ({span}; {counts}).{_what_it_takes(row)}"
    else:
        text = f"{str(row['verdict']).capitalize()}: {took} ({span}; {counts})."
    return text + _as_they_came(row)


def _times(minutes: np.ndarray) -> str:
    """Return times one by one, of many from the shortest to the longest."""
    if len(minutes) >= minimum_count("compare").needs:
        return f"{_minutes(float(minutes.min()))} to {_minutes(float(minutes.max()))}"
    return list_in_words([_minutes(float(value)) for value in np.sort(minutes)])


def _minutes(value: float) -> str:
    if value >= 120:
        return f"{value / 60:.1f} h"
    return f"{value:.0f} min" if value >= 10 else f"{value:.1f} min"


def _what_it_takes(row: Record) -> str:
    if math.isnan(row["smallest_change"]):
        return ""
    text = f" With this many incidents only a cut of {round(100 * row['smallest_change'])} % or more would show"
    if math.isnan(row["months_until_visible"]):
        return text + "."
    size = abs(1 - min(row[row["based_on"]], 1 / row[row["based_on"]]))
    if round(100 * size) == 0:
        return text + "."
    return (
        text + f"; a true change of {round(100 * size)} % takes {months_in_words(row['months_until_visible'])} "
        f"on each side at {row['incidents_per_month']:,.0f} incidents a month."
    )


def _span(low: float, high: float) -> str:
    """Return an interval of a ratio as people say it; of a one-sided one, the end that it has."""
    if low > 0 and high < math.inf:
        return f"somewhere between {change_in_words(low)} and {change_in_words(high)}"
    end, outwards = (high, high < 1) if low == 0 else (low, low > 1)
    return f"at {'least' if outwards else 'most'} {change_in_words(end)}"


def _as_they_came(row: Record) -> str:
    """Return what the periods show with their mix as it was, where that says something else."""
    plain = "ratio_with_open"
    if row["based_on"] != "adjusted_ratio" or _direction(row, plain) == _direction(row, "adjusted_ratio"):
        return ""
    return f" As they came, one took {taking(row[plain])}: other kinds of incident happened."


def _direction(row: Record, ratio: str) -> int:
    return int(row[f"{ratio}_low"] > 1) - int(row[f"{ratio}_high"] < 1)


def _plainly(columns: str) -> str:
    return columns.replace("incident_type", "type").replace(", ", " and ").replace("_", " ")


# The ratio of two periods' typical times: of ended incidents, with open ones, and the one that a verdict rests on.


_FIFTH = math.log(0.8)
_RATIOS = ("ratio", "ratio_with_open", "adjusted_ratio")
_WELCH = ("ratio", "ratio_low", "ratio_high", "p_better", "p_fifth_better")


def period_ratios(
    frames: tuple[pd.DataFrame, pd.DataFrame], samples: tuple[Sample, Sample], adjust: tuple[str, ...], level: float
) -> tuple[Record, Regression | None, list[str]]:
    """Return the ratios of two periods, the model behind the one that counts, and what could not be held and why.

    Parameters
    ----------
    frames : tuple of DataFrame
        The two periods, with the columns of `adjust`.
    samples : tuple of Sample
        Their minutes.
    adjust : tuple of str
        Columns whose mix is held.
    level : float
        Level of the intervals.

    Returns
    -------
    dict, Regression or None, list of str
        `ratio, ratio_low, ratio_high` (ended incidents, Welch's t on log minutes), `ratio_with_open` and its ends,
        `adjusted_ratio` and its ends, `adjusted_for`, `p_better`, `p_fifth_better`, and `based_on`: which ratio the
        probabilities are of. Leaving out open incidents makes the later period look better than it is, so they count
        wherever there are any; another mix passes for speed, so it is held wherever it can be.
    """
    first, second = samples
    row = Record(welch(first.logs, second.logs, level))
    plain = plain_model(samples) if first.open + second.open else None
    if first.open + second.open:
        row |= ratio_columns("ratio_with_open", plain, level)
    else:
        row |= {f"ratio_with_open{end}": row[f"ratio{end}"] for end in ("", "_low", "_high")}
    model, used, why_not = adjusted_model(frames, samples, adjust)
    row |= ratio_columns("adjusted_ratio", model, level) | {"adjusted_for": ", ".join(used)}
    lead = model or plain
    row["based_on"] = "adjusted_ratio" if model else "ratio_with_open" if plain else "ratio"
    if lead is not None:
        row["p_better"] = lead.probability_below("period", 0.0)
        row["p_fifth_better"] = lead.probability_below("period", _FIFTH)
    return row, lead, why_not


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


# The period as a coefficient: two periods in one regression, with open incidents, with the mix held.


def plain_model(samples: tuple[Sample, Sample]) -> Regression | None:
    """Return the model of log minutes on the period alone, or None where too few ended."""
    if min(s.n for s in samples) < 2:
        return None
    logs, observed, period = _stacked(samples)
    return fit_censored_lognormal(
        logs, observed, np.column_stack([np.ones(len(period)), period]), ("constant", "period")
    )


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
    columns = independent(np.column_stack([constant, mix])[observed])[1:] - 1
    mix, names = mix[:, columns], tuple(names[i] for i in columns)
    if not names:
        return None, "all incidents share one level"
    if len(independent(np.column_stack([constant, mix, period])[observed])) < mix.shape[1] + 2:
        return None, "the two periods share no levels"
    design = np.column_stack([constant, mix, period])
    return fit_censored_lognormal(logs, observed, design, ("constant", *names, "period")), "too few"


def adjusted_model(
    frames: tuple[pd.DataFrame, pd.DataFrame], samples: tuple[Sample, Sample], adjust: tuple[str, ...]
) -> tuple[Regression | None, tuple[str, ...], list[str]]:
    """Return the model with the mix held, the columns that it holds, and what could not be held and why."""
    pairs = tuple(zip(frames, samples, strict=True))
    lacking = tuple(c for c in adjust if any(c not in f or f[c].iloc[s.rows].isna().all() for f, s in pairs))
    used = tuple(c for c in adjust if c not in lacking)
    notes = [f"not adjusted for {', '.join(lacking)}: the column is empty in a period"] if lacking else []
    ended = sum(s.n for s in samples)
    if not used:
        return None, (), notes
    if ended < minimum_count("adjust").needs:
        return None, (), [*notes, "the adjusted ratio " + why_withheld("adjust", ended)]
    model, why = _mixed_model(frames, samples, used)
    if model is None:
        return None, (), [*notes, f"no adjusted ratio: {why} of {' and '.join(used)}"]
    return model, used, notes


# Two groups compared without a distribution: permutations, ranks, and the median of pairwise differences.


_MAX_RELABELLINGS = 200_000
_PERMUTATIONS = 9_999
_FEW_RANKED = 8
"""Size of the smaller group up to which the rank test is exact."""
_MAX_PERMUTED = 2_000  # incidents in both groups; above, the normal limit agrees to the third digit
_CHUNK = 2_000_000
_PAIRS = 1_000_000


class PermutationTest(NamedTuple):
    """Answer of a permutation test."""

    p: float
    """Share of relabellings whose difference of means is at least as large."""
    method: str
    """exact, permutations, or large-sample limit."""


def permutation_test(before: np.ndarray, after: np.ndarray, *, seed: int = 0) -> PermutationTest:
    """Return how often a random relabelling gives a difference of means at least as large, either way.

    Parameters
    ----------
    before, after : array
        Minutes, or log minutes.
    seed : int
        Seed of the permutations, where there are too many relabellings to try them all.

    Returns
    -------
    Shuffle
        `p` and the method: all relabellings up to 200,000, 9,999 permutations up to 2,000 incidents, the normal limit
        of the permutation distribution above.

    Examples
    --------
    >>> permutation_test(np.array([10, 12, 15, 20, 90]), np.array([5, 7, 9, 14, 30])).p * 252
    106.0
    """
    pool = np.concatenate([before, after]).astype(float)
    n, k = len(pool), min(len(before), len(after))
    if k == 0:
        return PermutationTest(float("nan"), "not estimable: n = 0")
    pool = pool - pool.mean()
    # The difference of means is proportional to the sum of the smaller group once the pool is centred.
    observed = abs(float((pool[: len(before)] if len(before) == k else pool[len(before) :]).sum()))
    slack = 1e-9 * max(1.0, float(np.abs(pool).sum()))
    if n <= _MAX_PERMUTED and comb(n, k) <= _MAX_RELABELLINGS:
        picks = np.fromiter(chain.from_iterable(combinations(range(n), k)), dtype=np.int64)
        sums = pool[picks.reshape(-1, k)].sum(axis=1)
        return PermutationTest(float((np.abs(sums) >= observed - slack).sum()) / len(sums), "exact")
    if n > _MAX_PERMUTED:
        sd = np.sqrt(k * (n - k) / (n - 1) * float(np.mean(pool**2)))
        return PermutationTest(float(2 * special.ndtr(-observed / sd)) if sd > 0 else 1.0, "large-sample limit")
    rng = np.random.Generator(np.random.PCG64(seed))
    extreme, left = 0, _PERMUTATIONS
    while left:
        rows = min(left, max(1, _CHUNK // n))
        order = np.argpartition(rng.random((rows, n)), k - 1, axis=1)[:, :k]
        extreme += int((np.abs(pool[order].sum(axis=1)) >= observed - slack).sum())
        left -= rows
    return PermutationTest((extreme + 1) / (_PERMUTATIONS + 1), f"{_PERMUTATIONS} permutations")


def rank_test(before: np.ndarray, after: np.ndarray) -> tuple[float, float]:
    """Return the Mann–Whitney U of `before` and its two-sided p (exact for small groups without ties).

    Both as `scipy.stats.mannwhitneyu` gives them, which is dear to load for this alone.
    """
    n, m = len(before), len(after)
    if not (n and m):
        return float("nan"), float("nan")
    _, place, ties = np.unique(np.concatenate([before, after]).astype(float), return_inverse=True, return_counts=True)
    ranks = (np.cumsum(ties) - (ties - 1) / 2)[place]
    u = float(ranks[:n].sum()) - n * (n + 1) / 2
    far = max(u, n * m - u)
    if min(n, m) <= _FEW_RANKED and ties.max() == 1:
        ways = np.array(_ways_to_rank(min(n, m), max(n, m), n * m - int(far)), dtype=float)
        return u, min(2 * float(np.cumsum(ways / special.binom(n + m, min(n, m)))[-1]), 1.0)
    both, tied = n + m, float((ties.astype(float) ** 3 - ties).sum())
    spread = np.sqrt(n * m / 12 * (both + 1 - tied / (both * (both - 1))))
    # All alike: the limit has no spread, and nothing speaks against chance.
    return u, min(2 * float(special.ndtr(-(far - n * m / 2 - 0.5) / spread)), 1.0) if spread else 1.0


def _ways_to_rank(n: int, m: int, most: int) -> list[int]:
    """Return in how many orders of n among m the statistic U is 0, 1, … `most`, by its generating function."""
    ways = [1] + [0] * most
    for i in range(1, n + 1):
        for u in range(most, m + i - 1, -1):
            ways[u] -= ways[u - m - i]
        for u in range(i, most + 1):
            ways[u] += ways[u - i]
    return ways


def pairwise_shift(before: np.ndarray, after: np.ndarray, level: float = 0.95) -> tuple[float, float, float]:
    """Return the median of all differences after - before, with its interval (Hodges and Lehmann 1963).

    The interval is the one that inverts the Mann–Whitney test by its normal limit; NaN where so few pairs bound none.
    """
    n, m = len(before), len(after)
    if not (n and m):
        return float("nan"), float("nan"), float("nan")
    x, y = np.sort(before.astype(float)), np.sort(after.astype(float))
    pairs = n * m
    reach = float(special.ndtri((1 + level) / 2)) * np.sqrt(pairs * (n + m + 1) / 12)
    low = int(np.floor(pairs / 2 - reach))  # 1-based rank of the lower end
    if pairs <= _PAIRS:
        differences = np.sort((y[:, None] - x[None, :]).ravel())
        middle = float(differences[(pairs - 1) // 2] + differences[pairs // 2]) / 2
        ends = (float(differences[low - 1]), float(differences[pairs - low])) if low >= 1 else (np.nan, np.nan)
        return middle, *ends
    # A sample of each group says where to look.
    x_quantiles, y_quantiles = (np.quantile(z, (np.arange(500) + 0.5) / 500) for z in (x, y))
    approximate = np.sort((y_quantiles[:, None] - x_quantiles[None, :]).ravel())
    ranks = ((pairs + 1) // 2, low, pairs + 1 - low)
    ends_found = [
        _difference_of_rank(x, y, rank, float(approximate[(rank * len(approximate)) // (pairs + 1)])) for rank in ranks
    ]
    return ends_found[0], ends_found[1], ends_found[2]


def _difference_of_rank(x: np.ndarray, y: np.ndarray, rank: int, start: float) -> float:
    # Bisection on the value: counting pairs below it is a merge, so fifty thousand a side need no matrix.
    def reached(value: float) -> bool:
        return int(np.searchsorted(x, y - value, side="left").sum()) <= len(x) * len(y) - rank

    high, step = start, 1e-3
    while not reached(high):
        high, step = high + step, step * 4
    low, step = high - step, step * 4
    while reached(low):
        low, step = low - step, step * 4
    while high - low > 1e-10:
        middle = (low + high) / 2
        if reached(middle):
            high = middle
        else:
            low = middle
    return high


@records_basis
def compare_periods(
    before: pd.DataFrame,
    after: pd.DataFrame,
    measure: str = "recovery",
    *,
    adjust: str | tuple[str, ...] = ("severity", "incident_type"),
    level: float = 0.95,
    alternative: str = "two-sided",
    seed: int = 0,
) -> pd.DataFrame:
    """Return whether incidents became shorter from one set to another, and how sure that is.

    Parameters
    ----------
    before, after : DataFrame
        Incidents, or phases as `phase_durations` gives them.
    measure : str
        A phase, a clock or another measure.
    adjust : str or tuple of str
        Columns whose mix shall not pass for a change of speed; those that the frames lack are named in `note`.
    level : float
        Level of every interval.
    alternative : str
        "two-sided"; or "better" or "worse", the only answer beside "cannot tell": then the intervals of the ratios are
        one-sided, from 0 to an upper end, or from a lower end on, and a change of that kind shows sooner. Say which
        before looking.
    seed : int
        Seed of the permutations.

    Returns
    -------
    DataFrame
        One row. `measure, level, alternative`; `n_before, n_after` (ended incidents with minutes above zero),
        `open_before, open_after` (still running), `never_closed` (open far longer than any that ended, and a day at
        least: left out as probably never closed); `geometric_mean_before, geometric_mean_after` (minutes); `ratio,
        ratio_low, ratio_high` (after / before, ended incidents, Welch's t on log minutes); `ratio_with_open` and its
        ends (open incidents count with their minutes so far); `adjusted_ratio` and its ends (mix held, open incidents
        included) and `adjusted_for`; `p_better` (probability that the typical time fell), `p_fifth_better` (that it
        fell by a fifth or more); `verdict` ("better", "worse" or "cannot tell") and `based_on`, the ratio that all
        these rest on, and the sentence; `smallest_change` (the smallest true reduction that these counts show four
        times in five); `incidents_needed` (in each period, for a true change as large as the one seen),
        `incidents_per_month`, `months_until_visible`; `shift_ratio` and its ends (Hodges–Lehmann), `rank_u, rank_p`
        (Mann–Whitney), `permutation_p` (log minutes), `permutation_p_mean` (minutes), `permutation_method`; `sentence`
        in plain words; `note`: what was left out, and why a number is missing.

    Raises
    ------
    QuestionError
        For a clock or a level that does not exist.
    SchemaError
        When a frame is no table of incidents.

    Notes
    -----
    The ratio of geometric means, because a difference of means needs 2.4 times the incidents at the usual spread.
    The verdict rests on the ratio with the mix held wherever it can be held (regression of log minutes on the period
    and the columns of `adjust`, open incidents censored), else on the one that counts open incidents, else on that of
    the ended. It is "cannot tell" when the interval of that ratio holds 1, or when there are too few
    (`benchmarks/comparison.md`: how often it is wrong when only the mix changes).

    Examples
    --------
    >>> before = pd.DataFrame({"recovery": [10.0, 12, 15, 20, 90]})
    >>> found = compare_periods(before, pd.DataFrame({"recovery": [5.0, 7, 9, 14, 30]})).iloc[0]
    >>> round(float(found.ratio), 6), found.verdict
    (0.527476, 'cannot tell')
    """
    inner_share("level", level)
    if alternative not in ("two-sided", BETTER, WORSE):
        raise QuestionError(f"alternative must be 'two-sided', 'better' or 'worse'; got {alternative!r}")
    if alternative != "two-sided" and level <= 0.5:
        raise QuestionError(f"level must be above 0.5 for a one-sided comparison; got {level}")
    adjust = (adjust,) if isinstance(adjust, str) else tuple(adjust)
    frames = (with_measure(before, measure), with_measure(after, measure))
    first, second = drop_never_closed(*(sample_of(frame, measure) for frame in frames))
    notes = [*_order(frames, measure, first, second), *_left_out("before", first), *_left_out("after", second)]
    row = Record(
        {
            "measure": measure,
            "level": level,
            "alternative": alternative,
            "n_before": first.n,
            "n_after": second.n,
            "open_before": first.open,
            "open_after": second.open,
            "never_closed": first.never_closed + second.never_closed,
            "geometric_mean_before": math.exp(first.logs.mean()) if first.n else NAN,
            "geometric_mean_after": math.exp(second.logs.mean()) if second.n else NAN,
        }
    )
    # One-sided at 95 % ends where two-sided at 90 % does.
    sides = level if alternative == "two-sided" else 2 * level - 1
    ratios, model, why_not = period_ratios(frames, (first, second), adjust, sides)
    row |= ratios
    if alternative != "two-sided":
        end, beyond = ("low", 0.0) if alternative == "better" else ("high", math.inf)
        row |= {f"{name}_{end}": beyond for name in _RATIOS if not math.isnan(row[f"{name}_{end}"])}
    notes += why_not
    row["verdict"] = _verdict(row, min(first.n, second.n))
    row |= _detectable(Record(row, level=sides), frames, first, second, model)
    row |= _checks(first, second, level, seed)
    if min(first.n, second.n) < minimum_count("compare").needs:
        notes.append("a verdict " + why_withheld("compare", min(first.n, second.n)))
    elif math.isnan(row["ratio_low"]):
        notes.append("no interval: the incidents of both periods took exactly equal times")
    if math.isnan(row["incidents_per_month"]):
        notes.append("the frames carry no times, so the months until a change shows are not known")
    row["sentence"] = comparison_sentence(row, (first, second))
    row["note"] = "; ".join(notes)
    return pd.DataFrame([row])
