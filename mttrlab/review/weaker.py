"""Too few for a number: the best weaker statement stands in its place, with the reason."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mttrlab import analysis


def weaker(summary: pd.DataFrame, name: str, minutes: dict[str, pd.Series]) -> pd.DataFrame:
    """Return `summary` with each number that its n cannot carry replaced.

    Parameters
    ----------
    summary : DataFrame
        Rows with `n, mean, median` and their ranges, as `phase_summary`, `clock_summary` or `span_summary` give them.
    name : str
        The column that names the rows.
    minutes : dict of str to Series
        The ended minutes of each row, by that name.

    Returns
    -------
    DataFrame
        With `shortest, longest`; a mean or a median of too few is NaN and its method says why.
    """
    made = summary.copy()
    ended = [minutes.get(str(row), pd.Series(dtype=float)) for row in made[name]]
    made["shortest"] = [float(each.min()) if len(each) else np.nan for each in ended]
    made["longest"] = [float(each.max()) if len(each) else np.nan for each in ended]
    made["median_method"] = ""
    return withhold(made)


def withhold(table: pd.DataFrame) -> pd.DataFrame:
    """Return `table` without the means and medians that their n cannot carry."""
    made = table.copy()
    counts = made["n"].astype(int)
    for statistic in ("mean", "median"):
        few = pd.Series([bool(analysis.withheld(statistic, n)) for n in counts], index=made.index, dtype=bool)
        made.loc[few, [statistic, f"{statistic}_low", f"{statistic}_high"]] = np.nan
        if f"{statistic}_method" in made:
            why = [f"too few: n = {n}" for n in counts[few]]
            made.loc[few, f"{statistic}_method"] = pd.Series(why, index=counts[few].index, dtype="str")
    return made


def ended_minutes(phases: pd.DataFrame, measures: tuple[str, ...]) -> dict[str, pd.Series]:
    """Return the ended minutes of each phase or clock."""
    return {
        name: phases.loc[phases[f"{name}_observed"].fillna(False).astype(bool) & phases[name].notna(), name]
        for name in measures
    }
