"""Maturity levels: what the minutes say, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from scipy import special

from mttrlab.analysis.capabilities import capability, capability_level, disagreement, held_telemetry
from mttrlab.analysis.conventions import never_closed
from mttrlab.analysis.intervals import (
    BOOTSTRAP,
    HEAVY,
    LOGNORMAL,
    MIN_ENDED,
    REJECTED_BELOW,
    Interval,
    Target,
    log_mean,
    log_sd,
    lognormal_bounds,
    lognormal_p,
    mean_bounds,
    mean_interval,
    median_interval,
    power_sums,
    probability_below,
    quantile_interval,
)
from mttrlab.analysis.minimum_counts import minimum_count
from mttrlab.analysis.phases import phase_durations, phases_of
from mttrlab.analysis.query import EVERYTHING, Source, open_phases, records_basis
from mttrlab.analysis.regression import Regression, fit_censored_lognormal
from mttrlab.analysis.sample import frame_with_measure
from mttrlab.analysis.survival_curves import curve, survival_quantiles
from mttrlab.errors import QuestionError
from mttrlab.schema import LEVELS, NO_LEVEL, PHASES, Practices
from mttrlab.validate import as_minutes, as_numbers

SEE_MEDIAN = "see the median"
"""What is awarded by a mean that single long incidents decide."""
_PROBABILITIES = ["p_elite", "p_advanced", "p_intermediate", "p_basic", "p_no_level"]
STATISTICS = ("mean", "median", "P90")
_COLUMNS = [
    "statistic", "measure", "minutes", "low", "high", "n", "open", "never_closed", "maturity", "awarded",
    *_PROBABILITIES, "next_level", "to_next", "method", "odds_method",
]  # fmt: skip


def _judge(
    minutes: np.ndarray, ended: np.ndarray, never: np.ndarray, level: float, statistics: Sequence[str]
) -> tuple[dict[str, Evidence], dict[str, int]]:
    kept = ended | ~never
    counts = {"open": int((~ended).sum()), "never_closed": int((~kept).sum())}
    limits = [limit for _, limit in LEVELS]
    if (kept & ~ended).any():
        return open_evidence(minutes[kept], ended[kept], limits, level, statistics), counts
    alone = minutes[ended]
    found = {name: (_interval(alone, name, level), *probabilities_below(alone, limits, name)) for name in statistics}
    return found, counts


def _interval(minutes: np.ndarray, statistic: str, level: float) -> Interval:
    if statistic == "mean":
        return mean_interval(minutes, level)
    return median_interval(minutes, level) if statistic == "median" else quantile_interval(minutes, 0.9, level)


def awarded_by_mean(incidents: Source, measure: str) -> str:
    """Return the level, or the range of levels, that `maturity` awards to the mean."""
    [(_, below, method)] = _judge(*clock_minutes(incidents, measure), 0.95, ("mean",))[0].values()
    return _awarded(below, method)


def _awarded(below: np.ndarray, odds_method: str) -> str:
    return SEE_MEDIAN if odds_method == HEAVY else award(below)


def clock_minutes(incidents: Source, measure: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the minutes of the incidents on one clock, rising; which have ended; which were probably never closed."""
    phases = frame_with_measure(incidents, measure)
    minutes = pd.Series(as_numbers(phases[measure], measure), index=phases.index)
    flag = f"{measure}_observed"
    ended = phases[flag].astype("boolean").fillna(True) if flag in phases else pd.Series(True, index=phases.index)
    known = minutes.notna().to_numpy()
    done = ended.to_numpy(dtype=bool)[known]
    never = never_closed(phases, measure).to_numpy()[known]
    values = as_minutes(minutes[known])
    # Sorted, so that sums do not depend on the order in which incidents were loaded.
    order = np.lexsort((~done, values))
    return values[order], done[order], never[order]


def _row(
    name: str, measure: str, interval: Interval, below: np.ndarray, odds_method: str, counts: dict[str, int]
) -> dict[str, object]:
    probabilities = np.diff([0.0, *below, 1.0])
    next_level, limit = next_better(interval.estimate)
    return {
        "statistic": name,
        "measure": measure,
        "minutes": interval.estimate,
        "low": interval.low,
        "high": interval.high,
        "n": interval.n,
        **counts,
        "maturity": maturity_level(interval.estimate),
        "awarded": _awarded(below, odds_method),
        **dict(zip(_PROBABILITIES, probabilities, strict=True)),
        "next_level": next_level if interval.n else "",
        "to_next": interval.estimate - limit,
        "method": interval.method,
        "odds_method": odds_method,
    }


# The levels themselves: of a number of minutes, of what is likely of one, and the next better one.


AWARD_PROBABILITY = 0.8
"""Probability that must lie behind a level before it is awarded."""


def maturity_level(minutes: float) -> str:
    """Return the maturity level of a number of minutes; thresholds are strict.

    Parameters
    ----------
    minutes : float

    Returns
    -------
    str
        Elite (< 15), Advanced (< 30), Intermediate (< 60), Basic (< 240), or "no level": four hours and more have no
        name. "unknown" for NaN.

    Raises
    ------
    QuestionError
        When minutes are negative or no number.

    Examples
    --------
    >>> [maturity_level(m) for m in (14.999, 15, 60, 240)]
    ['Elite', 'Advanced', 'Basic', 'no level']
    """
    if isinstance(minutes, bool) or not isinstance(minutes, (int, float, np.integer, np.floating)):
        raise QuestionError(f"minutes must be a number; got {minutes!r}")
    if math.isnan(minutes):
        return "unknown"
    if minutes < 0:
        raise QuestionError(f"minutes must not be negative; got {minutes:g}")
    return next((name for name, below in LEVELS if minutes < below), NO_LEVEL)


def next_better(minutes: float) -> tuple[str, float]:
    """Return the next better level and its limit in minutes; no name and NaN where there is none.

    Examples
    --------
    >>> next_better(60), next_better(14)
    (('Intermediate', 60.0), ('', nan))
    """
    better = [(who, limit) for who, limit in LEVELS if not minutes < limit]
    return better[-1] if better else ("", math.nan)


def award(below: np.ndarray | list[float]) -> str:
    """Return the level that the evidence carries, or a range of levels.

    Parameters
    ----------
    below : sequence of float
        Probability that the true value lies below the limit of each of `LEVELS`, best first.

    Examples
    --------
    >>> award([0.00001, 0.018, 0.802, 1.0])
    'Intermediate'
    >>> award([0.0, 0.02, 0.5, 1.0])
    'Basic–Intermediate'
    >>> award([float("nan")] * 4)
    'too few to tell'
    """
    if np.isnan(below).any():
        return "too few to tell"
    names = [name for name, _ in LEVELS]
    reached = next((name for name, p in zip(names, below, strict=True) if p >= AWARD_PROBABILITY), NO_LEVEL)
    possible = next((name for name, p in zip(names, below, strict=True) if p > 1 - AWARD_PROBABILITY), NO_LEVEL)
    return reached if reached == possible else f"{reached}–{possible}"


# How far the next level is, and whether one phase alone can get there.


@records_basis
def distance_to_next(phases: Source, measure: str = "recovery") -> pd.DataFrame:
    """Return what each phase would have to give, alone, to bring the mean to the next level.

    Parameters
    ----------
    phases : DataFrame or Lab
        Phases as `phase_durations` gives them, or incidents.
    measure : str
        One of the clocks.

    Returns
    -------
    DataFrame
        One row per phase of the clock: `phase, measure, n` (incidents that have all phases of the clock), `mean`
        minutes of the phase, `next_level`, `to_next` (minutes that the mean of these incidents lies above its limit)
        and `cut_needed`, the share of the phase that would have to go if nothing else changed; above 1: this phase
        alone cannot do it. NaN where there is no better level.

    Raises
    ------
    QuestionError, SchemaError
        As for `maturity`.
    """
    parts = phases_of(measure)
    if isinstance(phases, pd.DataFrame) and not set(parts) <= set(phases):
        phases = phase_durations(phases)
    with open_phases(phases, [EVERYTHING]) as query:
        rows = query.ask("analysis/complete", **{phase: phase in parts for phase in PHASES})[list(parts)]
    means = np.sort(rows.to_numpy(dtype=float), axis=0).mean(axis=0) if len(rows) else np.full(len(parts), np.nan)
    total = float(means.sum())
    next_level, limit = next_better(total) if len(rows) else ("", math.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        cut = (total - limit) / means
    return pd.DataFrame({
        "phase": parts, "measure": measure, "n": len(rows), "mean": means, "next_level": next_level,
        "to_next": total - limit, "cut_needed": cut,
    })  # fmt: skip


# How likely the true mean, median or P90 lies below a limit.


QUANTILES = {"median": 0.5, "P90": 0.9}
SHARE = "share below the limit"


def probabilities_below(minutes: np.ndarray, limits: Sequence[float], statistic: str) -> tuple[np.ndarray, str]:
    """Return the probability that the true value lies below each limit, and how it was found.

    Parameters
    ----------
    minutes : ndarray
        Minutes of ended incidents.
    limits : sequence of float
        Minutes, ascending.
    statistic : str
        "mean", "median" or "P90".

    Returns
    -------
    (ndarray, str)
        NaN below five incidents. The mean by the lognormal law where it is not rejected, otherwise by the bootstrap's
        closed form. The median by the share of incidents below the limit, whatever their law, and so the P90 from
        n = 29; below, by the lognormal law where it is not rejected.
    """
    n = len(minutes)
    sums = power_sums(minutes)
    if n < MIN_ENDED or np.ptp(minutes) == 0:
        return np.full(
            len(limits), np.nan
        ), f"not estimable: n = {n}" if n < MIN_ENDED else "not estimable: all are equal"
    if statistic == "mean":
        method = str(mean_bounds(sums, 0.95)["method"].iloc[0])
        if method == HEAVY:
            return np.full(len(limits), np.nan), HEAVY
        if method == BOOTSTRAP:
            return _by_bootstrap(minutes, np.asarray(limits, dtype=float)), BOOTSTRAP
        above = (minutes > 0).mean()
        # Zeros add nothing: the mean of the others must lie below limit / their share.
        return _by_lognormal(sums, np.asarray(limits) / above, "mean"), method
    quantile = QUANTILES[statistic]
    if _shares_suffice(statistic, n) or lognormal_p(sums)[0] < REJECTED_BELOW or (minutes <= 0).any():
        return by_share(minutes, np.ones(n, dtype=bool), limits, quantile), SHARE
    return _by_lognormal(sums, limits, quantile), LOGNORMAL


def _by_lognormal(sums: pd.DataFrame, limits: Iterable[float], target: Target) -> np.ndarray:
    n, mean, sd = int(sums["positive"].iloc[0]), float(log_mean(sums)[0]), float(log_sd(sums)[0])
    return np.array([probability_below(float(limit), n, mean, sd, target) for limit in limits])


def _by_bootstrap(minutes: np.ndarray, limits: np.ndarray) -> np.ndarray:
    from scipy import special

    n, deviation = len(minutes), minutes.std()
    acceleration = float(((minutes - minutes.mean()) ** 3).mean() / deviation**3 / (6 * np.sqrt(n)))
    z = np.linspace(-12, 12, 24_001)
    step = acceleration + z
    reachable = 1 - acceleration * step > 1e-6
    ends = minutes.mean() + deviation / np.sqrt(n) * step[reachable] / (1 - acceleration * step[reachable]) ** 2
    order = np.maximum.accumulate(ends)
    return np.asarray(special.ndtr(np.interp(limits, order, z[reachable])))


def _shares_suffice(statistic: str, n: int) -> bool:
    """Return whether the incidents themselves tell the quantile, without a law of durations."""
    return statistic == "median" or (statistic == "P90" and n >= minimum_count("p90").needs)


def by_share(minutes: np.ndarray, observed: np.ndarray, limits: Sequence[float], quantile: float) -> np.ndarray:
    """Return the probability that a quantile lies below each limit: that more than this share of incidents do.

    Parameters
    ----------
    minutes : ndarray
        Minutes of ended incidents, and of open ones so far.
    observed : ndarray of bool
        False: still open.
    limits : sequence of float
        Minutes, ascending.
    quantile : float
        0 to 1.

    Notes
    -----
    Jeffreys' posterior of the share, Beta(k + 1/2, n - k + 1/2) for k of n below the limit (L. D. Brown, T. T. Cai,
    A. DasGupta, *Interval estimation for a binomial proportion*, Stat. Sci. 16, 2001). Where incidents are open the
    share is Kaplan and Meier's, and n the number of incidents whose plain share would be known as well as Greenwood's
    formula knows this one.

    Examples
    --------
    >>> by_share(np.array([10.0, 20, 40, 50]), np.ones(4, dtype=bool), [30], 0.5).round(3).tolist()
    [0.5]
    """
    steps = curve(minutes, observed)
    result = []
    for limit in limits:
        place = int(np.searchsorted(steps.minutes, limit, side="left")) - 1
        above = float(steps.survival[place]) if place >= 0 else 1.0
        n = float((minutes >= limit).sum()) if above == 1.0 else float(observed.sum())
        if 0.0 < above < 1.0:
            n = (1 - above) / (above * float(steps.greenwood[place]))
        result.append(float(special.betaincc(n * (1 - above) + 0.5, n * above + 0.5, quantile)))
    return np.maximum.accumulate(np.array(result)) if result else np.empty(0)


# What mean, median and P90 are when some incidents are still open, and how likely each lies below a limit.


Evidence = tuple[Interval, np.ndarray, str]
"""The number with its interval; the probability of lying below each limit; how that was found."""
_SHARE_OF_CURVE = f"{SHARE}, Kaplan–Meier"
_ENDED_ALONE = "; of the ended alone, open ones would raise it"


def open_evidence(
    minutes: np.ndarray,
    observed: np.ndarray,
    limits: Sequence[float],
    level: float,
    statistics: Sequence[str] = STATISTICS,
) -> dict[str, Evidence]:
    """Return what mean, median and P90 are where open incidents count with their time so far.

    Parameters
    ----------
    minutes : ndarray
        Minutes of ended incidents, and of open ones so far; at least one is open.
    observed : ndarray of bool
        False: still open.
    limits : sequence of float
        Minutes, ascending.
    level : float
    statistics : sequence of str
        Which of them; the mean always is.

    Notes
    -----
    Median and P90 are Kaplan and Meier's where the curve reaches them. The mean, and what the curve does not reach,
    come from the lognormal law fitted with the open ones as lower bounds, where the ended do not contradict it; where
    they do, the mean is that of the ended and its interval has no upper end.
    """
    n, still = int(observed.sum()), int((~observed).sum())
    model = _lognormal_model(minutes, observed) if n >= MIN_ENDED else None
    below = {name: _probabilities_by_model(model, n, limits, name) for name in statistics} if model else {}
    method = f"{LOGNORMAL}, {still} open counted"
    evidence: dict[str, Evidence] = {}
    if model:
        evidence["mean"] = (_by_model(model, n, "mean", level, method), below["mean"], method)
    else:
        ended = mean_interval(minutes[observed], level)
        probabilities, probability_method = probabilities_below(np.sort(minutes[observed]), limits, "mean")
        evidence["mean"] = (
            ended._replace(high=ended.high if math.isnan(ended.low) else math.inf, method=ended.method + _ENDED_ALONE),
            probabilities,
            probability_method + _ENDED_ALONE,
        )
    asked = [name for name in QUANTILES if name in statistics]
    if not asked:
        return evidence
    quantiles = survival_quantiles(minutes, observed, shares=tuple(QUANTILES[name] for name in asked), level=level)
    for name, row in zip(asked, quantiles.itertuples(), strict=True):
        interval = Interval(float(row.minutes), float(row.low), float(row.high), n, level, str(row.method))  # type: ignore[arg-type]
        if model and math.isnan(interval.estimate):
            interval = _by_model(model, n, name, level, method)
        if n < MIN_ENDED:
            evidence[name] = (interval, np.full(len(limits), np.nan), f"not estimable: n = {n}")
        elif model and not _shares_suffice(name, n):
            evidence[name] = (interval, below[name], method)
        else:
            evidence[name] = (interval, by_share(minutes, observed, limits, QUANTILES[name]), _SHARE_OF_CURVE)
    return evidence


def _lognormal_model(minutes: np.ndarray, observed: np.ndarray) -> Regression | None:
    if (minutes <= 0).any():
        return None
    model = fit_censored_lognormal(np.log(minutes), observed, np.ones((len(minutes), 1)), ("constant",))
    if model is None:
        return None
    # The ended alone lack the long ones and never pass for normal: each open one ends where the law would have it,
    # at shares of the rest of its tail that are spread evenly and the same way every time.
    logs = np.log(minutes)
    mu, sigma = float(model.coefficients[0]), model.sigma
    rest = special.ndtr(-(logs[~observed] - mu) / sigma)
    ahead = (np.arange(len(rest)) + 1) * 0.618034 % 1
    logs[~observed] = np.maximum(logs[~observed], mu - sigma * special.ndtri(np.maximum(rest * ahead, 1e-300)))
    return None if lognormal_p(power_sums(np.exp(logs)))[0] < REJECTED_BELOW else model


def _probabilities_by_model(model: Regression, n: int, limits: Sequence[float], name: str) -> np.ndarray:
    target = "mean" if name == "mean" else QUANTILES[name]
    return np.array([probability_below(x, n, float(model.coefficients[0]), model.sigma, target) for x in limits])  # type: ignore[arg-type]


def _by_model(model: Regression, n: int, name: str, level: float, method: str) -> Interval:
    mu, sigma = float(model.coefficients[0]), model.sigma
    shift = sigma**2 / 2 if name == "mean" else sigma * float(special.ndtri(QUANTILES[name]))
    target = "mean" if name == "mean" else QUANTILES[name]
    low, high = lognormal_bounds(np.array([n]), np.array([mu]), np.array([sigma]), target, level)  # type: ignore[arg-type]
    return Interval(math.exp(mu + shift), float(low[0]), float(high[0]), n, level, method)


@records_basis
def maturity(
    incidents: Source, practices: Practices | None = None, measure: str = "recovery", *, level: float = 0.95
) -> pd.DataFrame:
    """Return the outcome level by mean, median and P90, each with the probability of every level.

    Parameters
    ----------
    incidents : DataFrame or Lab
        Incidents, or phases as `phase_durations` gives them.
    practices : Practices, optional
        What the team runs, as `lab.practices()` gives it. It does not change the outcome: practices earn a capability
        level beside it. Given a Lab, its telemetry is evidence too.
    measure : str
        A phase, a clock or another measure.
    level : float
        Level of the intervals.

    Returns
    -------
    DataFrame
        One row per `statistic` (mean, median, P90): `minutes, low, high`; `n` ended incidents; `open` ones, which count
        with their time so far, but for those of `never_closed` (probably); `maturity`, the level of the bare number;
        `awarded`, a level or a range; the probability of each level (`p_elite` to `p_no_level`, adding up to one);
        `next_level` and `to_next`, the minutes to get below it; how the interval (`method`) and the probabilities
        (`odds_method`) were found. With practices also `capability`, the highest level that they show (`capability`
        lists the evidence), and `disagreement`, in words; empty where the two agree.

    Raises
    ------
    QuestionError
        For a word that is no clock.
    SchemaError
        When the table is no table of incidents.

    Notes
    -----
    A level is awarded where it is reached with a probability of 0.8 and the next better one with less than 0.2;
    otherwise `awarded` is the range from the level that is reached with 0.8 to the one that cannot be excluded with
    0.8. The three statistics of one set of incidents often earn three levels: say which one you mean.

    Examples
    --------
    >>> rows = pd.DataFrame({"incident_id": list("abcdef"), "recovery": [12.0, 25, 31, 47, 75, 120]})
    >>> maturity(rows)[["statistic", "maturity", "awarded"]].values.tolist()[1]
    ['median', 'Intermediate', 'Basic–Advanced']
    """
    evidence, counts = _judge(*clock_minutes(incidents, measure), level, STATISTICS)
    rows = [_row(name, measure, *parts, counts) for name, parts in evidence.items()]
    table = pd.DataFrame(rows, columns=_COLUMNS)
    if not practices:
        return table
    # Bare durations say nothing about services and types; what needs those is then not shown.
    history = None if isinstance(incidents, pd.DataFrame) and "service" not in incidents else incidents
    capable = capability_level(capability(practices, history, held_telemetry(incidents)))
    return table.assign(
        capability=capable, disagreement=[disagreement(str(awarded), capable) for awarded in table["awarded"]]
    )


# Why a level taken from a bare monthly mean jumps about while nothing changes.


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
        One row per level: `maturity, months` (share of months that show it), `is_true` (the level of the true mean),
        and `differs`, the share of months whose level is not the one of the month before.

    Raises
    ------
    QuestionError
        When there are no incidents, or sigma is not positive.

    Examples
    --------
    >>> flapping = monthly_levels(10, 3.0254, 1.25)
    >>> flapping.loc[flapping["is_true"], "maturity"].item()
    'Intermediate'
    """
    if incidents_per_month < 1 or months < 2 or not sigma > 0 or not math.isfinite(mu):
        raise QuestionError("incidents_per_month must be at least 1, months at least 2 and sigma above 0")
    rng = np.random.default_rng(seed)
    means = np.exp(rng.normal(mu, sigma, (months, incidents_per_month))).mean(axis=1)
    shown = np.searchsorted([limit for _, limit in LEVELS], means, side="right")
    names = [*(name for name, _ in LEVELS), NO_LEVEL]
    truth = maturity_level(math.exp(mu + sigma**2 / 2))
    return pd.DataFrame(
        {
            "maturity": names,
            "months": [float((shown == i).mean()) for i in range(len(names))],
            "is_true": [name == truth for name in names],
            "differs": float((shown[1:] != shown[:-1]).mean()),
        }
    )
