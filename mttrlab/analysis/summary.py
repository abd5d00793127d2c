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
        shares = phase_shares(door, names)
    if shares.empty:
        table = table.assign(share=np.nan, share_of_tail=np.nan, share_n=0, share_of=NO_BASIS)
    else:
        table = _beside(table, shares, [*names, "phase"])
        table["share_of"] = shares["share_of"].iloc[0]
    table["share_n"] = table["share_n"].fillna(0).astype("int64")
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
    wide = door.ask("analysis/summary", step, by=by)
    if not names and wide.empty:
        wide = pd.DataFrame({EVERYTHING: ["all"]}).reindex(columns=wide.columns)
    table = _long(wide, by, measures, ["n", "open", "sum", "quantiles", "max"])
    table = table.assign(n=table["n"].fillna(0).astype("int64"), open=table["open"].fillna(0).astype("int64"))
    middle = [held if isinstance(held, (list, np.ndarray)) else (np.nan, np.nan) for held in table.pop("quantiles")]
    table["mean"] = table.pop("sum").astype(float) / 6e7 / table["n"]
    table["median"], table["p90"] = (np.array(ends, dtype=float) / 6e7 for ends in zip(*middle, strict=True))
    table["max"] = table.pop("max").astype(float) / 6e7
    if level is not None:
        table = _beside(table, _intervals(door, table, by, measures, step, checked_level(level)), [*by, "measure"])
        table["mean_method"] = table["mean_method"].fillna("not estimable: n = 0")
        table["p90_method"] = table["p90_method"].fillna("not estimable: n = 0")
    table = table.rename(columns={"measure": kind}).drop(columns=[] if names else [EVERYTHING])
    place = {measure: i for i, measure in enumerate(measures)}
    order = table.assign(place=table[kind].map(place)).sort_values([*names, "place"], ignore_index=True)
    return order.drop(columns="place")[[*names, *(c for c in order if c not in (*names, "place"))]]


def _intervals(
    door: Door, table: pd.DataFrame, by: list[str], measures: Sequence[str], step: tuple[str, str], level: float
) -> pd.DataFrame:
    sizes = np.unique(table["n"].to_numpy())
    median_low, median_high = quantile_ranks(sizes, 0.5, level)
    p90_low, p90_high = quantile_ranks(sizes, 0.9, level)
    wide = door.ask(
        "analysis/spread", step, by=by, sizes=sizes.tolist(), median_low=_or_none(median_low),
        median_high=_or_none(median_high), p90_low=_or_none(p90_low), p90_high=_or_none(p90_high),
    )  # fmt: skip
    ends = ["median_low", "median_high", "p90_low", "p90_high"]
    spread = _long(wide, by, measures, [*SUMS, *ends])
    spread = spread.astype(dict.fromkeys([*SUMS, *ends], "float64")).fillna(dict.fromkeys(SUMS, 0.0))
    mean = mean_bounds(spread, level)
    exact = spread["p90_low"].notna().to_numpy()
    p90 = spread[["p90_low", "p90_high"]].assign(p90_method=EXACT)
    if not exact.all():
        fitted = quantile_bounds(spread.loc[~exact].reset_index(drop=True), 0.9, level)
        p90.loc[~exact, ["p90_low", "p90_high", "p90_method"]] = fitted.to_numpy()
    return pd.concat(
        [
            spread[[*by, "measure", "median_low", "median_high"]],
            mean.add_prefix("mean_"),
            p90.astype({"p90_low": float, "p90_high": float}),
        ],
        axis="columns",
    )


def _long(wide: pd.DataFrame, by: list[str], measures: Sequence[str], numbers: Sequence[str]) -> pd.DataFrame:
    """Return one row per group and measure from columns named `number_measure`."""
    parts = []
    for measure in measures:
        part = wide[[*by, *(f"{number}_{measure}" for number in numbers)]]
        parts.append(part.set_axis([*by, *numbers], axis="columns").assign(measure=measure))
    return pd.concat(parts, ignore_index=True)


def _or_none(ranks: np.ndarray) -> list[int | None]:
    return [int(rank) or None for rank in ranks]


def _beside(table: pd.DataFrame, other: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    return table.merge(other, on=keys, how="left", validate="one_to_one")
