"""Service by service: typical times of small ones, and which of many really changed."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from scipy import special

from mttrlab.analysis.basis import says_basis
from mttrlab.analysis.given import check_words
from mttrlab.analysis.period_ratio import unadjusted
from mttrlab.analysis.pooling import false_discovery, pool
from mttrlab.analysis.reading import share_between
from mttrlab.analysis.sample import Sample, forgotten_aside, sample_of, with_clocks
from mttrlab.analysis.thresholds import threshold
from mttrlab.errors import QuestionError

NAN = float("nan")


@says_basis
def pool_services(
    incidents: pd.DataFrame, clock: str = "recovery", *, by: str = "service", level: float = 0.95
) -> pd.DataFrame:
    """Return the typical time of each service, small ones drawn towards the level of all.

    Parameters
    ----------
    incidents : DataFrame
        Incidents, or phases as `phase_durations` gives them.
    clock : str
        One of the clocks.
    by : str
        Column that names the service.
    level : float
        Level of the intervals.

    Returns
    -------
    DataFrame
        One row per service, slowest first: the column named by `by`, `clock, n` (ended), `open, typical` (geometric
        mean of its own incidents, minutes), `pooled, low, high` (minutes, drawn towards the level of all), `own_weight`
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
    share_between("level", level)
    frame = with_clocks(incidents, clock)
    if by not in frame:
        raise QuestionError(f"by= names {by!r}, which is no column of this table")
    sample = sample_of(frame, clock)
    words = _named(frame, by)
    rows = pd.DataFrame({by: words[sample.rows], "log": np.log(sample.minutes), "ended": sample.observed})
    everyone = pd.Index(sorted(set(words)), name=by)
    logs = rows[rows["ended"]].groupby(by)["log"]
    n = logs.count().reindex(everyone, fill_value=0)
    running = (~rows["ended"]).groupby(rows[by]).sum().reindex(everyone, fill_value=0)
    mean = logs.mean().reindex(everyone)
    freedom = float((n - 1).clip(lower=0).sum())
    table = pd.DataFrame({"n": n, "open": running.astype(int), "typical": np.exp(mean)})
    table = table.assign(pooled=NAN, low=NAN, high=NAN, own_weight=NAN, all_services=NAN)
    within = math.sqrt(float((logs.var() * (logs.count() - 1)).fillna(0).sum()) / freedom) if freedom > 0 else NAN
    some = n.to_numpy() > 0
    if within > 0:
        found = pool(mean[some], within / np.sqrt(n[some]))
        place = np.where(some, np.cumsum(some) - 1, 0)
        # A service without incidents is one more draw from between the services.
        middle = np.where(some, found.shrunk[place], found.mu)
        error = np.where(some, found.shrunk_error[place], math.sqrt(found.tau2 + found.error**2))
        reach = float(special.stdtrit(freedom, (1 + level) / 2))
        table["pooled"] = np.exp(middle)
        table["low"], table["high"] = np.exp(middle - reach * error), np.exp(middle + reach * error)
        table["own_weight"] = np.where(some, found.weight[place], 0.0)
        table["all_services"] = math.exp(found.mu)
    table.insert(0, "clock", clock)
    return table.sort_values("pooled", ascending=False, kind="stable").reset_index()


def _named(frame: pd.DataFrame, by: str) -> np.ndarray:
    """Return the service of each row as a word; an empty cell is "not said", not a row that nobody sees."""
    check_words(frame[by])
    return np.asarray(frame[by].astype("object").where(frame[by].notna(), "not said").astype(str), dtype=object)


def _by_service(frame: pd.DataFrame, clock: str, by: str) -> dict[str, Sample]:
    """Return the sample of each service, cut from the one of all."""
    words, sample = _named(frame, by), sample_of(frame, clock)
    return {str(name): sample.among(words == name) for name in pd.unique(words)}


@says_basis
def compare_services(
    before: pd.DataFrame,
    after: pd.DataFrame,
    clock: str = "recovery",
    *,
    by: str = "service",
    rate: float = 0.1,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return which services changed, with the share of false calls held over all of them.

    Parameters
    ----------
    before, after : DataFrame
        Incidents, or phases as `phase_durations` gives them.
    clock : str
        One of the clocks.
    by : str
        Column that names the service.
    rate : float
        Share of the calls "better" and "worse" that may be false.
    level : float
        Level of the intervals.

    Returns
    -------
    DataFrame
        One row per service: the column named by `by`, `clock, n_before, n_after, ratio, ratio_low, ratio_high` (of its
        own incidents, ended or open as `compare_periods` bases its verdict), `pooled_ratio` and its ends (drawn towards
        the change of all), `p, p_adjusted, verdict` ("better", "worse", "cannot tell").

    Raises
    ------
    QuestionError
        For a clock, a column, or a rate that does not exist.
    SchemaError
        When a frame is no table of incidents.
    """
    share_between("rate", rate)
    share_between("level", level)
    frames = [with_clocks(frame, clock) for frame in (before, after)]
    for frame in frames:
        if by not in frame:
            raise QuestionError(f"by= names {by!r}, which is no column of this table")
    parts = [_by_service(frame, clock, by) for frame in frames]
    none = sample_of(frames[0].iloc[:0], clock)
    rows = []
    for name in sorted({*parts[0], *parts[1]}):
        first, second = forgotten_aside(*(part.get(name, none) for part in parts))
        found = unadjusted(first, second, level)[0]
        lead = found["based_on"]
        enough = min(first.n, second.n) >= threshold("compare").needs
        rows.append(
            {
                by: name,
                "clock": clock,
                "n_before": first.n,
                "n_after": second.n,
                "ratio": found[lead],
                "ratio_low": found[f"{lead}_low"],
                "ratio_high": found[f"{lead}_high"],
                "p": 2 * min(found["p_better"], 1 - found["p_better"]) if enough else NAN,
            }
        )
    columns = [by, "clock", "n_before", "n_after", "ratio", "ratio_low", "ratio_high", "p"]
    table = pd.DataFrame(rows, columns=columns)
    table = table.astype(dict.fromkeys(("ratio", "ratio_low", "ratio_high", "p"), float)).assign(
        pooled_ratio=NAN, pooled_ratio_low=NAN, pooled_ratio_high=NAN
    )
    known = (table["ratio_low"] > 0) & np.isfinite(table["ratio_high"])
    reach = float(special.ndtri((1 + level) / 2))
    if known.any():
        width = np.log(table.loc[known, "ratio_high"] / table.loc[known, "ratio_low"]).to_numpy()
        found_pool = pool(np.log(table.loc[known, "ratio"]), np.maximum(width / (2 * reach), 1e-12))
        for name, sign in (("pooled_ratio", 0), ("pooled_ratio_low", -reach), ("pooled_ratio_high", reach)):
            table.loc[known, name] = np.exp(found_pool.shrunk + sign * found_pool.shrunk_error)
    table["p_adjusted"] = false_discovery(table["p"])
    called = table["p_adjusted"] <= rate
    table["verdict"] = np.where(called, np.where(table["ratio"] < 1, "better", "worse"), "cannot tell")
    return table
