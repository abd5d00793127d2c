"""How long each phase and each clock takes, in groups, with intervals and shares."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from mttrlab.analysis.basis import says_basis
from mttrlab.analysis.doors import EVERYTHING, Door, Source, group_columns, phase_door
from mttrlab.analysis.moments import checked_level
from mttrlab.analysis.shares import ENOUGH, NO_BASIS, phase_shares
from mttrlab.analysis.spread import bare, spread
from mttrlab.schema import CLOCKS, PHASES

_NUMBERS = [
    "n", "open", "mean", "mean_low", "mean_high", "mean_method", "median", "median_low", "median_high", "p90",
    "p90_low", "p90_high", "p90_method",
]  # fmt: skip
_SHARES = ["share", "share_of_tail", "share_n", "share_of"]


@says_basis
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
        if int(table["share_n"].sum()) >= len(PHASES) * ENOUGH[0]:
            # The longest run of phases that shares can be of: they came with the rest.
            return table.assign(share_of=" + ".join(PHASES))[[*names, "phase", *_NUMBERS, *_SHARES]]
        shares = phase_shares(door, names)
    table = table.drop(columns=["share", "share_of_tail", "share_n"])
    if shares.empty:
        table = table.assign(share=np.nan, share_of_tail=np.nan, share_n=0, share_of=NO_BASIS)
    else:
        table = _beside(table, shares, [*names, "phase"])
        table["share_of"] = shares["share_of"].iloc[0]
    table["share_n"] = table["share_n"].fillna(0).astype("int64")
    return table[[*names, "phase", *_NUMBERS, *_SHARES]]


@says_basis
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
    made = bare(door, by, step) if level is None else spread(door, by, step, checked_level(level))
    if not names and made.empty:
        made = made.assign(place=[1, 2, 3, 4], n=0, open=0)
        made[[c for c in ("mean_method", "p90_method") if c in made]] = "not estimable: n = 0"
    made = made.sort_values([*names, "place"], ignore_index=True)
    named = pd.Series([measures[place - 1] for place in made["place"].to_list()], index=made.index, dtype="str")
    return pd.concat([made[names], named.rename(kind), made.drop(columns=[*by, "place"])], axis="columns")


def _beside(table: pd.DataFrame, other: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    return table.merge(other, on=keys, how="left", validate="one_to_one")
