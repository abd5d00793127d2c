"""How long each phase and each clock takes, in groups, with intervals and shares."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from mttrlab.analysis.doors import EVERYTHING, Door, Source, group_columns, phase_door
from mttrlab.analysis.intervals import EXACT, mean_bounds, quantile_bounds
from mttrlab.analysis.moments import SUMS, checked_level
from mttrlab.analysis.ranks import quantile_ranks
from mttrlab.analysis.shares import NO_BASIS, phase_shares
from mttrlab.schema import CLOCKS, PHASES

_NUMBERS = [
    "n", "open", "mean", "mean_low", "mean_high", "mean_method", "median", "median_low", "median_high", "p90",
    "p90_low", "p90_high", "p90_method",
]  # fmt: skip
_SHARES = ["share", "share_of_tail", "share_n", "share_of"]


def phase_summary(phases: Source, by: str | Sequence[str] | None = None, *, level: float | None = 0.95) -> pd.DataFrame:
    """Return how long each phase takes and what share of the minutes it holds.

    Parameters
    ----------
    phases : DataFrame or Lab
        Minutes per phase as `phase_durations` gives them; a lab answers inside DuckDB.
    by : str or sequence of str, optional
        Descriptive columns to group by, such as "service" or ["month", "service"].
    level : float or None
        Level of the intervals; None leaves intervals and shares out, which is quicker on millions of incidents.

    Returns
    -------
    DataFrame
        One row per group and phase: `n` (ended), `open` (still running, counted and not averaged); `mean, median,
        p90` in minutes of the ended ones with `*_low, *_high` and how they were found (`mean_method, p90_method`; the
        median's are order statistics, from n = 6); `share` of the mean and `share_of_tail` (of the worst tenth) among
        the `share_n` incidents that have all phases of `share_of`: between 0 and 1, adding up to one per group.

    Raises
    ------
    SchemaError
        When the table is no table of phases.
    QuestionError
        When a group column is not there, or the level is not between 0 and 1.

    Notes
    -----
    Means of phases add up to MTTR only where they are of the same incidents, and quantiles never do: so shares are of
    complete incidents while n, mean, median and P90 are of all that ended the phase. Where too few incidents have all
    four phases, `share_of` names the phases that the shares are of.

    Examples
    --------
    >>> rows = pd.DataFrame({"detect": [5.0, 15.0], "diagnose": [30.0, 30.0], "resolve": [10, 30], "verify": [5, 5]})
    >>> phase_summary(rows)[["phase", "n", "mean", "share"]].round(3).values.tolist()
    [['detect', 2, 10.0, 0.154], ['diagnose', 2, 30.0, 0.462], ['resolve', 2, 20.0, 0.308], ['verify', 2, 5.0, 0.077]]
    """
    names = group_columns(by)
    with phase_door(phases, names or [EVERYTHING]) as door:
        table = measured(door, names, "phase", PHASES, level)
        if level is None:
            return table
        table = _beside(table, phase_shares(door, names), [*names, "phase"])
    table["share_n"] = table["share_n"].fillna(0).astype("int64")
    table["share_of"] = table["share_of"].fillna(NO_BASIS)
    return table[[*names, "phase", *_NUMBERS, *_SHARES]]


def clock_summary(phases: Source, by: str | Sequence[str] | None = None, *, level: float | None = 0.95) -> pd.DataFrame:
    """Return how long each clock runs: the columns of `phase_summary` for the four clocks.

    Parameters
    ----------
    phases : DataFrame or Lab
        As `phase_durations` gives them.
    by : str or sequence of str, optional
        Descriptive columns to group by.
    level : float or None
        Level of the intervals; None leaves them out.

    Returns
    -------
    DataFrame
        One row per group and `clock`, the widest first. Shares are NaN: clocks contain one another.

    Raises
    ------
    SchemaError, QuestionError
        As for `phase_summary`.
    """
    names = group_columns(by)
    with phase_door(phases, names or [EVERYTHING]) as door:
        table = measured(door, names, "clock", CLOCKS, level)
    if level is None:
        return table
    table = table.assign(share=np.nan, share_of_tail=np.nan, share_n=0, share_of="clocks contain one another")
    return table[[*names, "clock", *_NUMBERS, *_SHARES]]


def measured(door: Door, names: list[str], kind: str, measures: Sequence[str], level: float | None) -> pd.DataFrame:
    """Return the numbers of each group and measure; `kind` is "phase" or "clock"."""
    by = names or [EVERYTHING]
    step = ("measures", f"analysis/{kind}_rows")
    table = door.ask("analysis/summary", step, by=by)
    if names == [] and table.empty:
        table = pd.DataFrame({EVERYTHING: "all", "measure": list(measures)}).reindex(columns=table.columns)
    table = table.astype({"n": "float64", "open": "float64"}).fillna({"n": 0, "open": 0})
    table = table.astype({"n": "int64", "open": "int64", "mean": float, "median": float, "p90": float, "max": float})
    if level is not None:
        table = _beside(table, _intervals(door, table, by, step, checked_level(level)), [*by, "measure"])
        table["mean_method"] = table["mean_method"].fillna("not estimable: n = 0")
        table["p90_method"] = table["p90_method"].fillna("not estimable: n = 0")
    table = table.rename(columns={"measure": kind}).drop(columns=[] if names else [EVERYTHING])
    place = {measure: i for i, measure in enumerate(measures)}
    order = table.assign(place=table[kind].map(place)).sort_values([*names, "place"], ignore_index=True)
    return order.drop(columns="place")[[*names, *(c for c in order if c not in (*names, "place"))]]


def _intervals(door: Door, table: pd.DataFrame, by: list[str], step: tuple[str, str], level: float) -> pd.DataFrame:
    sizes = np.unique(table["n"].to_numpy())
    median_low, median_high = quantile_ranks(sizes, 0.5, level)
    p90_low, p90_high = quantile_ranks(sizes, 0.9, level)
    spread = door.ask(
        "analysis/spread", step, by=by, sizes=sizes.tolist(), median_low=_or_none(median_low),
        median_high=_or_none(median_high), p90_low=_or_none(p90_low), p90_high=_or_none(p90_high),
    )  # fmt: skip
    ends = ["median_low", "median_high", "p90_low", "p90_high"]
    spread = spread.astype(dict.fromkeys([*SUMS, *ends], "float64")).fillna(dict.fromkeys(SUMS, 0.0))
    mean, p90 = mean_bounds(spread, level), quantile_bounds(spread, 0.9, level)
    exact = spread["p90_low"].notna()
    return spread[[*by, "measure", "median_low", "median_high"]].assign(
        mean_low=mean["low"],
        mean_high=mean["high"],
        mean_method=mean["method"],
        p90_low=spread["p90_low"].where(exact, p90["low"]),
        p90_high=spread["p90_high"].where(exact, p90["high"]),
        p90_method=p90["method"].where(~exact, EXACT),
    )


def _or_none(ranks: np.ndarray) -> list[int | None]:
    return [int(rank) or None for rank in ranks]


def _beside(table: pd.DataFrame, other: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    return table.merge(other, on=keys, how="left", validate="one_to_one")
