"""How many incidents a change needs before it can be told from chance."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from mttrlab.analysis.distributions import Law
from mttrlab.analysis.minimum_counts import minimum_count
from mttrlab.analysis.query import Source, records_basis
from mttrlab.analysis.regression import fit_censored_lognormal
from mttrlab.analysis.sample import drop_never_closed, frame_with_measure, months_spanned, sample_of, starts_of
from mttrlab.errors import QuestionError
from mttrlab.validate import as_numbers, finite, inner_share, number, whole


def _reach(power: float, level: float) -> float:
    # How many standard errors a true change must measure to be seen that often.
    return float(special.ndtri((1 + inner_share("level", level)) / 2) + special.ndtri(inner_share("power", power)))


def incidents_needed(
    reduction: float = 0.2,
    sigma: float = 1.25,
    power: float = 0.8,
    level: float = 0.95,
    *,
    statistic: str = "geometric mean",
) -> int:
    """Return how many incidents each of two periods needs before a true reduction shows.

    Parameters
    ----------
    reduction : float
        True reduction of the typical time, between 0 and 1 (0.2: a fifth less).
    sigma : float
        Spread (standard deviation) of log minutes; 1.25 is usual for incidents.
    power : float
        How often the change shall be seen.
    level : float
        Level of the two-sided interval that must exclude "no change".
    statistic : str
        What is compared: "geometric mean" (log minutes, as `compare_periods` does) or "mean" (raw minutes).

    Raises
    ------
    QuestionError
        When an argument lies outside its range.

    Notes
    -----
    Normal formula for two equal groups of log minutes, `2 (z_level + z_power)^2 sigma^2 / ln(1 - reduction)^2`
    (Chow, Shao, Wang, *Sample Size Calculations in Clinical Research*, 2008, 3.2). Raw means: the same with the two
    variances of lognormal minutes, `(z_level + z_power)^2 (exp(sigma^2) - 1) (1 + (1 - reduction)^2) / reduction^2`.

    Examples
    --------
    >>> incidents_needed(reduction=0.2, sigma=1.25), incidents_needed(reduction=0.2, sigma=1.25, statistic="mean")
    (493, 1214)
    """
    reach, sigma = _reach(power, level), finite("sigma", sigma, 0, open_low=True)
    inner_share("reduction", reduction)
    if statistic == "geometric mean":
        return math.ceil(2 * (reach * sigma / math.log1p(-reduction)) ** 2)
    if statistic != "mean":
        raise QuestionError(f"statistic must be 'geometric mean' or 'mean'; got {statistic!r}")
    if sigma > _WIDEST:
        raise QuestionError(f"sigma must be at most {_WIDEST:g} for raw means; got {sigma:g}")
    return math.ceil(reach**2 * math.expm1(sigma**2) * (1 + (1 - reduction) ** 2) / reduction**2)


_WIDEST = 10.0
"""Spread of log minutes beyond which the variance of minutes is no number that says anything."""


def smallest_change(
    n: float, sigma: float = 1.25, power: float = 0.8, level: float = 0.95, n_after: float | None = None
) -> float:
    """Return the smallest true reduction that this many incidents per period would show.

    Parameters
    ----------
    n : float
        Incidents in each period (in the first, when `n_after` is given).
    sigma, power, level : float
        As for `incidents_needed`.
    n_after : float, optional
        Incidents in the second period, where it differs.

    Returns
    -------
    float
        Reduction between 0 and 1.

    Raises
    ------
    QuestionError
        When an argument lies outside its range.

    Examples
    --------
    >>> round(smallest_change(10), 4)
    0.7911
    """
    second = n if n_after is None else n_after
    finite("n", n, 0, open_low=True), finite("n_after", second, 0, open_low=True)
    return -math.expm1(-_reach(power, level) * finite("sigma", sigma, 0, open_low=True) * math.sqrt(1 / n + 1 / second))


def power_of(n: int, reduction: float = 0.2, sigma: float = 1.25, level: float = 0.95) -> float:
    """Return how often a true reduction is told from chance with `n` incidents per period.

    Parameters
    ----------
    n : int
        Incidents in each period, at least 2.
    reduction, sigma, level : float
        As for `incidents_needed`.

    Returns
    -------
    float
        Share between 0 and 1, of a two-sided t test on log minutes.

    Raises
    ------
    QuestionError
        When an argument lies outside its range.

    Notes
    -----
    Non-central t distribution with `2n - 2` degrees of freedom.

    Examples
    --------
    >>> round(power_of(100, reduction=0.5), 4)
    0.9739
    """
    finite("n", n, 2)
    freedom = 2.0 * n - 2
    centre = -math.log1p(-inner_share("reduction", reduction)) / (
        finite("sigma", sigma, 0, open_low=True) * math.sqrt(2 / n)
    )
    critical = special.stdtrit(freedom, (1 + inner_share("level", level)) / 2)
    below, above = special.nctdtr(freedom, centre, np.array([-critical, critical]))
    if not (math.isfinite(below) and math.isfinite(above)):
        # The series fails far out in the tail, where the normal limit is exact to every printed digit.
        below, above = special.ndtr(np.array([-critical, critical]) - centre)
    return float(np.clip(1 - above + below, 0, 1))


def months_until_visible(
    reduction: float,
    incidents_per_month: float,
    sigma: float = 1.25,
    power: float = 0.8,
    level: float = 0.95,
    *,
    statistic: str = "geometric mean",
) -> float:
    """Return how many months after a true change (and as many before it) it takes until it shows.

    Parameters
    ----------
    reduction : float
        True reduction of the typical time, between 0 and 1.
    incidents_per_month : float
        Ended incidents a month.
    sigma, power, level, statistic
        As for `incidents_needed`.

    Returns
    -------
    float
        Months.

    Raises
    ------
    QuestionError
        When an argument lies outside its range.

    Examples
    --------
    >>> months_until_visible(0.2, incidents_per_month=10)
    49.3
    """
    number("incidents_per_month", incidents_per_month, 0, open_low=True)
    return incidents_needed(reduction, sigma, power, level, statistic=statistic) / incidents_per_month


@records_basis
def change_needed(
    incidents: Source,
    measure: str = "recovery",
    *,
    reduction: float = 0.2,
    months: float = 3.0,
    power: float = 0.8,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return how many of the team's own incidents, and months, it takes until a true reduction of a measure shows.

    Parameters
    ----------
    incidents : DataFrame or Lab
        Incidents, or phases as `phase_durations` gives them.
    measure : str
        A phase, a clock or another measure.
    reduction : float
        True reduction, between 0 and 1.
    months : float
        Months on each side for which `smallest_change` is asked.
    power, level : float
        As for `incidents_needed`.

    Returns
    -------
    DataFrame
        Of the geometric mean and of the raw mean one row each: `statistic, measure, n` (ended), `open`, `sigma` (spread
        of log minutes, open incidents counted), `incidents_per_month`, `reduction`, `incidents_needed` (in each
        period), `months_until_visible` (on each side), and `smallest_change`, the smallest reduction that `months` on
        each side show (of the geometric mean; NaN for the other). NaN where five have not ended or no times are known.

    Raises
    ------
    QuestionError, SchemaError
        As for `compare_periods` and `incidents_needed`.

    Examples
    --------
    >>> rows = pd.DataFrame({"diagnose": [5.0, 9, 14, 30, 80, 200]})
    >>> change_needed(rows, "diagnose", reduction=0.5)["incidents_needed"].tolist()
    [64.0, 233.0]
    """
    frame = frame_with_measure(incidents, measure)
    [sample] = drop_never_closed(sample_of(frame, measure))
    spread, rate = math.nan, math.nan
    if sample.n >= minimum_count("distribution").needs:
        model = fit_censored_lognormal(
            np.log(sample.minutes), sample.observed, np.ones((len(sample.minutes), 1)), ("constant",)
        )
        spread = model.sigma if model is not None else math.nan
        span = months_spanned(starts_of(frame, measure, sample.rows))
        # The first and the last incident bound the span, so n of them hold n - 1 gaps.
        rate = (len(sample.rows) - 1) / span if span > 0 else math.nan
    inner_share("reduction", reduction)
    number("months", months, 0, open_low=True)
    rows = []
    for statistic in ("geometric mean", "mean"):
        known = spread == spread and (statistic != "mean" or spread <= _WIDEST)
        needed = float(incidents_needed(reduction, spread, power, level, statistic=statistic)) if known else math.nan
        least = smallest_change(rate * months, spread, power, level) if known and rate > 0 else math.nan
        rows.append({
            "statistic": statistic, "measure": measure, "n": sample.n, "open": sample.open, "sigma": spread,
            "incidents_per_month": rate, "reduction": reduction, "incidents_needed": needed,
            "months_until_visible": needed / rate, "smallest_change": least if statistic != "mean" else math.nan,
        })  # fmt: skip
    return pd.DataFrame(rows)


# How often a number looks better or worse when the truth is known: what a bare monthly mean is worth.


_MAX_DRAWN = 4_000_000
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
    """Return how a statistic of two periods differs by chance, the true change being known.

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
    n_before, n_after, draws = whole("n_before", n_before, 1), whole("n_after", n_after, 1), whole("draws", draws, 1)
    if reduction:
        inner_share("reduction", reduction)
    inner_share("level", level)
    if isinstance(minutes, Law):
        law, values = minutes, np.empty(0)
    else:
        law, values = None, np.sort(as_numbers(minutes))
        if len(values) == 0 or not np.isfinite(values).all() or (values < 0).any():
            raise QuestionError("minutes must be a law, or one finite duration or more, none below zero")
    rng = np.random.Generator(np.random.PCG64(seed))
    measure = _STATISTICS[statistic]

    def sample(size: tuple[int, int]) -> np.ndarray:
        if law is None:
            return np.asarray(values[rng.integers(0, len(values), size)])
        if law.family == "lognormal":
            return np.exp(rng.normal(law.parameters["mu"], law.parameters["sigma"], size))
        return law.draw(rng, size)

    pieces = []
    rows = max(1, _MAX_DRAWN // (n_before + n_after))
    for done in range(0, draws, rows):
        size = min(rows, draws - done)
        pieces.append((measure(sample((size, n_before))), measure(sample((size, n_after))) * (1 - reduction)))
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
