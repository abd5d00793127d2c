"""Service by service: typical times of small ones, and which of many really changed."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from mttrlab.analysis.comparison import period_ratios
from mttrlab.analysis.minimum_counts import minimum_count
from mttrlab.analysis.query import records_basis
from mttrlab.analysis.sample import Sample, drop_never_closed, sample_of, with_measure
from mttrlab.errors import QuestionError
from mttrlab.validate import as_numbers, check_words, inner_share

NAN = float("nan")


def _service_names(frame: pd.DataFrame, by: str) -> np.ndarray:
    """Return the service of each row as a word; an empty cell is "not said", not a row that nobody sees."""
    check_words(frame[by])
    return np.asarray(frame[by].astype("object").where(frame[by].notna(), "not said").astype(str), dtype=object)


def _by_service(frame: pd.DataFrame, measure: str, by: str) -> dict[str, Sample]:
    """Return the sample of each service, cut from the one of all."""
    words, sample = _service_names(frame, by), sample_of(frame, measure)
    return {str(name): sample.subset(words == name) for name in pd.unique(words)}


# Small services borrow strength from the others; many services share one budget of false alarms.


class Pooled(NamedTuple):
    """Several estimates of like things, seen as draws around a common level."""

    mu: float
    """Common level."""
    error: float
    """Its standard error."""
    tau2: float
    """Variance between the true values; 0: they may all be equal."""
    q: float
    """Cochran's Q."""
    weight: np.ndarray
    """Weight of each estimate on itself; the rest is the common level's."""
    shrunk: np.ndarray
    """Each estimate drawn towards the common level."""
    shrunk_error: np.ndarray
    """Standard errors of these, that of the level included."""


def pool(estimates: npt.ArrayLike, errors: npt.ArrayLike, *, method: str = "DerSimonian–Laird") -> Pooled:
    """Return estimates drawn towards their common level, the more so the less each of them knows.

    Parameters
    ----------
    estimates : array-like
        One per service: mean log minutes, or the logarithm of a ratio.
    errors : array-like
        Their standard errors, above zero.
    method : str
        "DerSimonian–Laird" (1986) or "Paule–Mandel" (1982).

    Returns
    -------
    Pooled

    Raises
    ------
    QuestionError
        When there is nothing to pool, an error is not above zero, or the method is unknown.

    Examples
    --------
    >>> found = pool([28, 8, -3, 7, -1, 1, 18, 12], [15, 10, 16, 11, 9, 11, 10, 18])
    >>> round(found.mu, 3), round(found.error, 3), round(found.q, 3), found.tau2
    (7.686, 4.072, 4.707, 0.0)
    """
    y, v = np.asarray(estimates, dtype=float), np.asarray(errors, dtype=float) ** 2
    if len(y) == 0 or len(y) != len(v) or not (np.isfinite(y).all() and (v > 0).all()):
        raise QuestionError("pool needs one estimate and one error above zero for each service")
    w = 1 / v
    q = float((w * (y - (w * y).sum() / w.sum()) ** 2).sum())
    if method == "DerSimonian–Laird":
        scale = float(w.sum() - (w**2).sum() / w.sum())
        tau2 = max(0.0, (q - (len(y) - 1)) / scale) if scale > 0 else 0.0
    elif method == "Paule–Mandel":
        tau2 = _paule_mandel(y, v)
    else:
        raise QuestionError(f"method must be 'DerSimonian–Laird' or 'Paule–Mandel'; got {method!r}")
    total = 1 / (v + tau2)
    mu = float((total * y).sum() / total.sum())
    own = tau2 / (tau2 + v)
    shrunk = own * y + (1 - own) * mu
    error2 = 1 / float(total.sum())
    return Pooled(mu, math.sqrt(error2), tau2, q, own, shrunk, np.sqrt(own * v + (1 - own) ** 2 * error2))


def _paule_mandel(y: np.ndarray, v: np.ndarray) -> float:
    def excess(tau2: float) -> float:
        w = 1 / (v + tau2)
        return float((w * (y - (w * y).sum() / w.sum()) ** 2).sum()) - (len(y) - 1)

    if excess(0.0) <= 0:
        return 0.0
    high = float(y.var() + v.max())
    while excess(high) > 0:
        high *= 2
    from scipy import optimize

    return float(optimize.brentq(excess, 0.0, high, xtol=1e-14))


@records_basis
def pool_services(
    incidents: pd.DataFrame, measure: str = "recovery", *, by: str = "service", level: float = 0.95
) -> pd.DataFrame:
    """Return the typical time of each service, small ones drawn towards the level of all.

    Parameters
    ----------
    incidents : DataFrame
        Incidents, or phases as `phase_durations` gives them.
    measure : str
        A phase, a clock or another measure.
    by : str
        Column that names the service.
    level : float
        Level of the intervals.

    Returns
    -------
    DataFrame
        One row per service, slowest first: the column named by `by`, `measure, n` (ended), `open, geometric_mean` (of
        its own incidents, minutes), `pooled, low, high` (minutes, drawn towards the level of all), `own_weight`
        (0 to 1), `all_services` (the common level, minutes). A service without an ended incident has the common level.

    Raises
    ------
    QuestionError
        For a clock or a column that does not exist.
    SchemaError
        When the frame is no table of incidents.

    Notes
    -----
    Empirical Bayes, normal–normal on mean log minutes with the spread pooled within services.
    """
    inner_share("level", level)
    frame = with_measure(incidents, measure)
    if by not in frame:
        raise QuestionError(f"by= names {by!r}, which is no column of this table")
    sample = sample_of(frame, measure)
    words = _service_names(frame, by)
    rows = pd.DataFrame({by: words[sample.rows], "log": np.log(sample.minutes), "ended": sample.observed})
    everyone = pd.Index(sorted(set(words)), name=by)
    logs = rows[rows["ended"]].groupby(by)["log"]
    n = logs.count().reindex(everyone, fill_value=0)
    running = (~rows["ended"]).groupby(rows[by]).sum().reindex(everyone, fill_value=0)
    mean = logs.mean().reindex(everyone)
    freedom = float((n - 1).clip(lower=0).sum())
    table = pd.DataFrame({"n": n, "open": running.astype(int), "geometric_mean": np.exp(mean)})
    table = table.assign(pooled=NAN, low=NAN, high=NAN, own_weight=NAN, all_services=NAN)
    within = math.sqrt(float((logs.var() * (logs.count() - 1)).fillna(0).sum()) / freedom) if freedom > 0 else NAN
    has_ended = n.to_numpy() > 0
    if within > 0:
        pooled = pool(mean[has_ended], within / np.sqrt(n[has_ended]))
        place = np.where(has_ended, np.cumsum(has_ended) - 1, 0)
        # A service without incidents is one more draw from between the services.
        middle = np.where(has_ended, pooled.shrunk[place], pooled.mu)
        error = np.where(has_ended, pooled.shrunk_error[place], math.sqrt(pooled.tau2 + pooled.error**2))
        reach = float(special.stdtrit(freedom, (1 + level) / 2))
        table["pooled"] = np.exp(middle)
        table["low"], table["high"] = np.exp(middle - reach * error), np.exp(middle + reach * error)
        table["own_weight"] = np.where(has_ended, pooled.weight[place], 0.0)
        table["all_services"] = math.exp(pooled.mu)
    table.insert(0, "measure", measure)
    return table.sort_values("pooled", ascending=False, kind="stable").reset_index()


def false_discovery(p: npt.ArrayLike) -> np.ndarray:
    """Return adjusted p: calling those at most q real makes at most the share q of the calls false.

    Parameters
    ----------
    p : array-like
        One per service; NaN stays NaN and is not counted.

    Notes
    -----
    Benjamini and Hochberg (1995).

    Examples
    --------
    >>> false_discovery([0.01, 0.04, 0.03, 0.5]).round(4).tolist()
    [0.04, 0.0533, 0.0533, 0.5]
    """
    values = as_numbers(p, "p")
    adjusted = np.full(len(values), NAN)
    known = np.flatnonzero(np.isfinite(values))
    order = known[np.argsort(values[known], kind="stable")[::-1]]
    count = len(order)
    scaled = values[order] * count / np.arange(count, 0, -1)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled), 1.0)
    return adjusted


@records_basis
def compare_services(
    before: pd.DataFrame,
    after: pd.DataFrame,
    measure: str = "recovery",
    *,
    by: str = "service",
    adjust: str | tuple[str, ...] = ("severity", "incident_type"),
    rate: float = 0.1,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return which services changed, with the share of false calls held over all of them.

    Parameters
    ----------
    before, after : DataFrame
        Incidents, or phases as `phase_durations` gives them.
    measure : str
        A phase, a clock or another measure.
    by : str
        Column that names the service.
    adjust : str or tuple of str
        Columns whose mix shall not pass for a change of speed, held where a service has 20 ended incidents.
    rate : float
        Share of the calls "better" and "worse" that may be false.
    level : float
        Level of the intervals.

    Returns
    -------
    DataFrame
        One row per service: the column named by `by`, `measure, n_before, n_after, ratio, ratio_low, ratio_high` (of
        its own incidents, the one that `compare_periods` bases its verdict on), `pooled_ratio` and its ends (drawn
        towards the change of all), `p, p_adjusted, verdict` ("better", "worse", "cannot tell").

    Raises
    ------
    QuestionError
        For a clock, a column, or a rate that does not exist.
    SchemaError
        When a frame is no table of incidents.
    """
    inner_share("rate", rate)
    inner_share("level", level)
    adjust = (adjust,) if isinstance(adjust, str) else tuple(adjust)
    frames = [with_measure(frame, measure) for frame in (before, after)]
    for frame in frames:
        if by not in frame:
            raise QuestionError(f"by= names {by!r}, which is no column of this table")
    parts = [_by_service(frame, measure, by) for frame in frames]
    none = sample_of(frames[0].iloc[:0], measure)
    rows = []
    for name in sorted({*parts[0], *parts[1]}):
        first, second = drop_never_closed(*(part.get(name, none) for part in parts))
        ratios = period_ratios((frames[0], frames[1]), (first, second), adjust, level)[0]
        lead = ratios["based_on"]
        enough = min(first.n, second.n) >= minimum_count("compare").needs
        rows.append(
            {
                by: name,
                "measure": measure,
                "n_before": first.n,
                "n_after": second.n,
                "ratio": ratios[lead],
                "ratio_low": ratios[f"{lead}_low"],
                "ratio_high": ratios[f"{lead}_high"],
                "p": 2 * min(ratios["p_better"], 1 - ratios["p_better"]) if enough else NAN,
            }
        )
    columns = [by, "measure", "n_before", "n_after", "ratio", "ratio_low", "ratio_high", "p"]
    table = pd.DataFrame(rows, columns=columns)
    table = table.astype(dict.fromkeys(("ratio", "ratio_low", "ratio_high", "p"), float)).assign(
        pooled_ratio=NAN, pooled_ratio_low=NAN, pooled_ratio_high=NAN
    )
    known = (table["ratio_low"] > 0) & np.isfinite(table["ratio_high"])
    reach = float(special.ndtri((1 + level) / 2))
    if known.any():
        width = np.log(table.loc[known, "ratio_high"] / table.loc[known, "ratio_low"]).to_numpy()
        pooled = pool(np.log(table.loc[known, "ratio"]), np.maximum(width / (2 * reach), 1e-12))
        for name, sign in (("pooled_ratio", 0), ("pooled_ratio_low", -reach), ("pooled_ratio_high", reach)):
            table.loc[known, name] = np.exp(pooled.shrunk + sign * pooled.shrunk_error)
    table["p_adjusted"] = false_discovery(table["p"])
    called = table["p_adjusted"] <= rate
    table["verdict"] = np.where(called, np.where(table["ratio"] < 1, "better", "worse"), "cannot tell")
    return table
