"""How long each phase and each clock takes, in groups, with intervals and shares."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from mttrlab.analysis.conventions import never_closed_after
from mttrlab.analysis.intervals import (
    EXACT,
    MIN_ENDED,
    SUMS,
    drop_contradicted,
    mean_bounds,
    quantile_bounds,
    quantile_ranks,
)
from mttrlab.analysis.maturity_levels import maturity_level, open_evidence
from mttrlab.analysis.phases import judged_stamps
from mttrlab.analysis.pooled_shape import pooled_shape_bounds
from mttrlab.analysis.query import (
    EVERYTHING,
    FROM_INCIDENTS,
    MEASURES,
    Query,
    Source,
    group_columns,
    is_lab,
    open_phases,
    open_query,
    records_basis,
)
from mttrlab.analysis.sample import frame_with_measure
from mttrlab.schema import CLOCK_ENDS, CLOCKS, PHASES, STAMPS, Record, table_records
from mttrlab.validate import inner_share

_NUMBERS = [
    "n", "open", "mean", "mean_low", "mean_high", "mean_method", "median", "median_low", "median_high", "p90",
    "p90_low", "p90_high", "p90_method",
]  # fmt: skip
_SHARES = ["share", "share_of_tail", "share_n", "share_of"]


def measured(query: Query, names: list[str], column: str, measures: Sequence[str], level: float | None) -> pd.DataFrame:
    """Return the numbers of each group and measure; `column` is "phase" or "measure"."""
    by = names or [EVERYTHING]
    step = ("measures", "analysis/phase_rows" if column == "phase" else "analysis/clock_rows")
    table = (
        without_intervals(query, by, step)
        if level is None
        else with_intervals(query, by, step, inner_share("level", level))
    )
    if not names and table.empty:
        table = table.assign(place=[1, 2, 3, 4], n=0, open=0)
        table[[c for c in ("mean_method", "p90_method") if c in table]] = "not estimable: n = 0"
    table = table.sort_values([*names, "place"], ignore_index=True)
    named = pd.Series([measures[place - 1] for place in table["place"].to_list()], index=table.index, dtype="str")
    return pd.concat([table[names], named.rename(column), table.drop(columns=[*by, "place"])], axis="columns")


def _beside(table: pd.DataFrame, other: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    return table.merge(other, on=keys, how="left", validate="one_to_one")


# The numbers of each group, asked of the engine: the bare ones, and those with intervals.


_US = 6e7
_MARGIN = 4
"""Ranks on either side of where the normal approximation of the binomial puts an end."""
_HALF = {"large": 0.04, "huge": 0.0125}
"""Least share of such a group that is sorted on either side of its median and its P90 (`analysis/spread.sql`)."""


def without_intervals(query: Query, by: list[str], step: tuple[str, str]) -> pd.DataFrame:
    """Return `place, n, open, mean, median, p90, max` of each group and measure, without intervals."""
    wide = query.ask("analysis/summary", step, by=by)
    numbers = ["n", "open", "sum", "quantiles", "max"]
    parts = [
        wide[[*by, *(f"{number}_{place}" for number in numbers)]].set_axis([*by, *numbers], axis="columns")
        for place in (1, 2, 3, 4)
    ]
    table = pd.concat([part.assign(place=place) for place, part in enumerate(parts, 1)], ignore_index=True)
    middle = [pair if isinstance(pair, (list, np.ndarray)) else (np.nan, np.nan) for pair in table["quantiles"]]
    median, p90 = np.array(middle, dtype=float).reshape(-1, 2).T
    return _with_minutes(table, by, median, p90)


def with_intervals(query: Query, by: list[str], step: tuple[str, str], level: float) -> pd.DataFrame:
    """Return the columns of `bare` with intervals and how they were found, and shares among incidents with all four."""
    groups = query.ask("analysis/spread", step, by=by, **sizes_from(level))
    n = groups["n"].to_numpy(dtype=np.int64)
    minutes = _OrderStatistics(groups)
    # The middle two, and the two around the P90.
    middle = (minutes.at((n + 1) // 2) + minutes.at(np.minimum(n // 2 + 1, n))) / 2
    low, high = minutes.at(np.minimum((n - 1) * 9 // 10 + 1, n)), minutes.at(np.minimum((n - 1) * 9 // 10 + 2, n))
    table = _with_minutes(groups, by, middle, low + (n - 1) * 9 % 10 / 10 * (high - low))
    largest = table["max"].to_numpy(dtype=float)
    powers = {"sum1": groups["sum"].astype(float) / _US, "sum2": groups["square"] * largest**2}
    sums = groups.assign(**powers, sum3=groups["cube"] * largest**3)[list(SUMS)].astype(float).fillna(0.0)
    mean = mean_bounds(sums, level)
    ends = {}
    for name, quantile in (("median", 0.5), ("p90", 0.9)):
        sizes, place = np.unique(n, return_inverse=True)
        for end, ranks in zip(("low", "high"), quantile_ranks(sizes, quantile, level), strict=True):
            ends[f"{name}_{end}"] = minutes.at(ranks[place]) / _US
    exact = np.isfinite(ends["p90_low"])
    method = np.full(len(groups), EXACT, dtype=object)
    if not exact.all():
        fitted = quantile_bounds(sums.loc[~exact].reset_index(drop=True), 0.9, level)
        fitted = drop_contradicted(fitted, table.loc[~exact, "p90"].to_numpy(dtype=float))
        ends["p90_low"][~exact], ends["p90_high"][~exact] = fitted["low"], fitted["high"]
        method[~exact] = fitted["method"]
    total, total_of_tail = (groups.groupby(by, dropna=False)[name].transform("sum") for name in ("whole", "tail"))
    result = table.assign(
        share=(groups["whole"] / total).to_numpy(dtype=float),
        share_of_tail=(groups["tail"] / total_of_tail).to_numpy(dtype=float),
        share_n=groups["complete"].to_numpy(dtype="int64"),
        **mean.add_prefix("mean_"),
        **ends,
        p90_method=method,
    )
    return result.astype({"mean_method": "str", "p90_method": "str"})


def reach_of(level: float) -> float:
    """Return how many standard errors an interval of this level reaches."""
    from scipy import special

    return float(special.ndtri((1 + level) / 2))


def _margin(reach: float) -> int:
    # The skewness of the binomial moves a rank by (z² − 1) (1 − 2q) / 6: more the higher the level.
    return _MARGIN + int(np.ceil(reach**2 / 6))


def sizes_from(level: float) -> dict[str, int]:
    """Return from which sizes all ranks that intervals of this level ask for lie as near as `_HALF` says."""
    reach = reach_of(level)
    # half * n >= reach * sqrt(n) / 2 + the margin on both sides, solved for the root of n.
    roots = {
        name: (reach / 2 + np.sqrt(reach**2 / 4 + 8 * half * _margin(reach))) / (2 * half)
        for name, half in _HALF.items()
    }
    return {name: int(np.ceil(root**2)) for name, root in roots.items()}


def _with_minutes(groups: pd.DataFrame, by: list[str], median: np.ndarray, p90: np.ndarray) -> pd.DataFrame:
    table = groups[[*by, "place", "n", "open"]].astype({"n": "int64", "open": "int64"})
    with np.errstate(invalid="ignore"):
        mean = groups["sum"].to_numpy(dtype=float, na_value=np.nan) / _US / table["n"].to_numpy()
    largest = groups["max"].to_numpy(dtype=float, na_value=np.nan) / _US
    return table.assign(mean=mean, median=median / _US, p90=p90 / _US, max=largest)


class _OrderStatistics:
    """The microseconds around the median and the P90 of each group, found by their rank."""

    def __init__(self, groups: pd.DataFrame) -> None:
        nothing = np.empty(0, dtype=np.int64)
        lists = [near if isinstance(near, np.ndarray) else nothing for near in groups["near"]]
        sizes = np.array([len(near) for near in lists], dtype=np.int64)
        self._first = np.cumsum(sizes) - sizes
        self._values = np.concatenate([*lists, nothing]).astype(np.int64, copy=False)
        for first, size in zip(self._first, sizes, strict=True):
            self._values[first : first + size].sort()
        self._under, self._until, below = (groups[name].to_numpy(np.int64) for name in ("under", "until", "below"))
        self._gap = np.maximum(below - self._until, 0)

    def at(self, ranks: np.ndarray) -> np.ndarray:
        """Return the microseconds of these ranks, one per group; NaN where the rank is 0."""
        place = self._first + ranks - 1 - self._under - np.where(ranks > self._until, self._gap, 0)
        known = np.flatnonzero(ranks > 0)
        values = np.full(len(ranks), np.nan)
        values[known] = self._values[place[known]]
        return values


@records_basis
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
        One row per group and `measure`, the widest first. Shares are NaN: clocks contain one another.

    Raises
    ------
    SchemaError, QuestionError
        As for `phase_summary`.
    """
    names = group_columns(by)
    with open_phases(phases, names or [EVERYTHING]) as query:
        table = measured(query, names, "measure", CLOCKS, level)
    if level is None:
        return table
    table = table.assign(share=np.nan, share_of_tail=np.nan, share_n=0, share_of="clocks contain one another")
    return table[[*names, "measure", *_NUMBERS, *_SHARES]]


# Which phase holds the minutes: shares of the mean and of the worst tenth, among complete incidents.


ENOUGH = (10, 5)
"""Complete incidents that suffice for shares, first wish and second; of fewer ended ones, half of them."""
NO_BASIS = "no two phases end in enough of the incidents"
"""Why there are no shares."""


def share_basis(query: Query) -> tuple[tuple[str, ...], int]:
    """Return the phases that shares are of, and how many incidents have all of them.

    Parameters
    ----------
    query : Query
        To phases.

    Notes
    -----
    The longest run of neighbouring phases that at least 10 incidents (or half of them) have whole; where there is
    none, 5. Of runs as long, the one that more incidents have. A single phase has no share: then nothing comes back.
    """
    patterns = query.ask("analysis/completeness")
    counts = patterns["incidents"].to_numpy(dtype=float)
    has = patterns[list(PHASES)].to_numpy(dtype=bool)
    ended = counts[has.any(axis=1)].sum()
    runs = [range(first, last) for first in range(len(PHASES)) for last in range(first + 2, len(PHASES) + 1)]
    complete = {run: counts[has[:, list(run)].all(axis=1)].sum() for run in runs}
    for enough in ENOUGH:
        candidates = [run for run in runs if complete[run] > 0 and complete[run] >= min(enough, ended / 2)]
        if candidates:
            chosen = max(candidates, key=lambda run: (len(run), complete[run]))
            return tuple(PHASES[i] for i in chosen), int(complete[chosen])
    return (), 0


def phase_shares(query: Query, names: list[str]) -> pd.DataFrame:
    """Return `share, share_of_tail, share_n, share_of` per group and phase.

    Parameters
    ----------
    query : Query
        To phases.
    names : list of str
        Group columns.
    """
    by = names or [EVERYTHING]
    basis, _ = share_basis(query)
    if not basis:
        return pd.DataFrame(columns=[*names, "phase", "share", "share_of_tail", "share_n", "share_of"])
    asked = {phase: phase in basis for phase in PHASES}
    wide = query.ask("analysis/shares", by=by, **asked)
    shares = pd.concat([_shares_of_phase(wide, by, phase, phase in basis) for phase in PHASES], ignore_index=True)
    shares = shares.assign(share_of=" + ".join(basis))
    return shares if names else shares.drop(columns=EVERYTHING)


def _shares_of_phase(wide: pd.DataFrame, by: list[str], phase: str, asked: bool) -> pd.DataFrame:
    shares = wide[by].assign(phase=phase, share=np.nan, share_of_tail=np.nan, share_n=wide["complete"])
    if asked:
        shares["share"] = wide[phase].astype(float)
        shares["share_of_tail"] = wide[f"{phase}_tail"].astype(float)
    return shares


@records_basis
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
    with open_phases(phases, names or [EVERYTHING]) as query:
        table = measured(query, names, "phase", PHASES, level)
        if level is None:
            return table
        if int(table["share_n"].sum()) >= len(PHASES) * ENOUGH[0]:
            # The longest run of phases that shares can be of: they came with the rest.
            return table.assign(share_of=" + ".join(PHASES))[[*names, "phase", *_NUMBERS, *_SHARES]]
        shares = phase_shares(query, names)
    table = table.drop(columns=["share", "share_of_tail", "share_n"])
    if shares.empty:
        table = table.assign(share=np.nan, share_of_tail=np.nan, share_n=0, share_of=NO_BASIS)
    else:
        table = _beside(table, shares, [*names, "phase"])
        table["share_of"] = shares["share_of"].iloc[0]
    table["share_n"] = table["share_n"].fillna(0).astype("int64")
    return table[[*names, "phase", *_NUMBERS, *_SHARES]]


# Month by month: how many incidents, how many still open, how long the ended ones took.


_COLUMNS = [
    "month", "incidents", "open", "n", "mean", "mean_low", "mean_high", "median", "median_low", "median_high", "p90",
    "p90_low", "p90_high", "max", "maturity", "measure", "mean_method", "p90_method", "level",
]  # fmt: skip
ESTIMATES = [f"{name}{end}" for name in ("mean", "median", "p90") for end in ("", "_low", "_high")]
_WITH_OPEN = [name.replace("_", "_with_open_") if "_" in name else f"{name}_with_open" for name in ESTIMATES]
"""As `ratio_with_open` of a comparison: open incidents count with their time so far."""


def _without_gaps(counts: pd.DataFrame) -> pd.DataFrame:
    """Return the counted months with those between them in which nothing began."""
    counts = counts.astype({"month": "datetime64[us, UTC]"})
    known = counts["month"].dropna()
    if known.empty:
        return counts
    every = pd.DataFrame({"month": pd.date_range(known.min(), known.max(), freq="MS").as_unit("us")})
    whole = every.merge(counts, on="month", how="left").fillna({"incidents": 0, "open": 0})
    undated = counts[counts["month"].isna()]
    return pd.concat([whole, undated], ignore_index=True).astype({"incidents": "int64", "open": "int64"})


@records_basis
def monthly_mttr(incidents: Source, measure: str = "recovery", *, level: float = 0.95) -> pd.DataFrame:
    """Return one row per month: incidents, how many are open, and how long the ended ones took on one clock.

    Parameters
    ----------
    incidents : DataFrame or Lab
        Incidents, or phases as `phase_durations` gives them.
    measure : str
        A phase, a clock or another measure; "MTTR" means nothing without one.
    level : float
        Level of the intervals.

    Returns
    -------
    DataFrame
        `month` (first day, UTC) of the incident's first usable stamp; `incidents`; `open` (this clock has no end
        yet); `n` that ended and have both stamps; `mean, median, p90` in minutes of those, with `*_low, *_high`;
        `max`; `maturity`, the founding table's level of the bare mean ("unknown" without one), which changes by chance:
        `maturity()` says what the evidence carries; `measure`; `mean_method, p90_method`, which say where no interval
        can be estimated and why; `level` of the intervals; `note`: where incidents of a month run on for long; there
        `mean_with_open, median_with_open, p90_with_open` with their ends lead, elsewhere they are empty. A month
        between the first and the last in which nothing began has a row of zeros. Incidents without any usable
        stamp stand in a last row without a month.

    Raises
    ------
    QuestionError
        For a word that is no clock, or a level that is not between 0 and 1.
    SchemaError
        When the table is no table of incidents.

    Notes
    -----
    Intervals of the mean, and of the P90 below 29 ended incidents, take the shape of durations from all months and the
    level from the month itself (`pooled_shape_bounds`); where the months hold under 100 ended incidents, as those of
    `phase_summary`. Open incidents are counted, not averaged; but where one has run for longer than half of the ended
    took, the ended alone show the month shorter than it is: there `*_with_open` are estimates in which open ones last
    at least as long as so far (`maturity`), and `note` says so. `leading_estimates` puts them in front.
    `incidents - open - n` had no usable stamp at one end of the clock.
    """
    if measure not in CLOCKS:
        # The query knows the clocks; another measure is put in the place of one.
        frame = frame_with_measure(incidents, measure)
        kept = frame[[name for name in ("incident_id", "month", *STAMPS) if name in frame]]
        stand_in = {"recovery": frame[measure], "recovery_observed": frame.get(f"{measure}_observed")}
        months: pd.DataFrame = monthly_mttr(kept.assign(**stand_in), level=level)
        return months.assign(measure=measure)
    if is_lab(incidents, "a table of incidents"):
        opened_source = open_query(incidents, "incidents", FROM_INCIDENTS)
    elif isinstance(incidents, pd.DataFrame) and any(measure in incidents for measure in MEASURES):
        opened_source = open_phases(incidents, ["month"])
    else:
        assert isinstance(incidents, pd.DataFrame)
        opened_source = open_query(judged_stamps(incidents), "incidents", FROM_INCIDENTS)
    with opened_source as query:
        counts = query.ask("analysis/months", verified=CLOCK_ENDS[measure][1] == "verified_at")
        clocks = measured(query, ["month"], "measure", CLOCKS, level)
        one_by_one = clocks.loc[clocks["measure"] == measure, ["n", "open"]].to_numpy().sum() <= _MOST
        flags = [measure, f"{measure}_observed"]
        rows = query.ask("analysis/month_minutes", measure=flags, minutes=[measure]) if one_by_one else None
    chosen = clocks[clocks["measure"] == measure].drop(columns="open")
    months = _without_gaps(counts).merge(chosen, on="month", how="left").sort_values("month", ignore_index=True)
    months["n"] = months["n"].fillna(0).astype("int64")
    nothing = {"mean_method": "not estimable: n = 0", "p90_method": "not estimable: n = 0"}
    months = months.fillna(nothing).assign(**dict.fromkeys(_WITH_OPEN, np.nan), note="")
    if rows is not None:
        carried = incidents.attrs.get("longest_ended") if isinstance(incidents, pd.DataFrame) else None
        ended = int(clocks.groupby("measure")["n"].sum().max()) if len(clocks) else 0
        limit = never_closed_after(*(carried or (float(clocks["max"].max()), ended)))
        rows = rows.set_axis(["month", "minutes", "ended"], axis="columns")
        months = _by_all_months(months, rows, limit, level)
    levels = pd.Series([maturity_level(mean) for mean in months["mean"]], index=months.index, dtype="str")
    return months.assign(maturity=levels, level=float(level), measure=measure)[[*_COLUMNS, "note", *_WITH_OPEN]]


def leading_estimates(months: pd.DataFrame) -> pd.DataFrame:
    """Return months with the estimates that count open incidents in the place of those that leave them out.

    Parameters
    ----------
    months : DataFrame
        As `monthly_mttr` gives them.

    Returns
    -------
    DataFrame
        The same columns. Where `note` says nothing of open incidents nothing differs.
    """
    leads = {name: months[other].fillna(months[name]) for name, other in zip(ESTIMATES, _WITH_OPEN, strict=True)}
    return months.assign(**leads)


_MOST = 20_000
"""Incidents up to which the months are estimated from the minutes themselves; of more, a month's own are many."""


def _by_all_months(months: pd.DataFrame, rows: pd.DataFrame, limit: float, level: float) -> pd.DataFrame:
    """Return the months with ends by the shape that they share, and with open ones counted where those are longest."""
    minutes = rows["minutes"].to_numpy(dtype=float)
    ended = rows["ended"].astype("boolean").fillna(True).to_numpy(dtype=bool)
    kept = ended | (minutes <= limit)
    place = pd.Index(months["month"]).get_indexer(pd.Index(rows["month"].astype(months["month"].dtype)))
    order = np.lexsort((~ended, minutes))
    order = order[kept[order]]
    of_month = [order[place[order] == at] for at in range(len(months))]
    done = [minutes[chosen[ended[chosen]]] for chosen in of_month]
    bounds = pooled_shape_bounds([values if (values > 0).all() else values[:0] for values in done], level)
    found = table_records(months)
    for row, bound, chosen, values in zip(found, table_records(bounds), of_month, done, strict=True):
        if len(values) and (minutes[chosen[~ended[chosen]]] > np.median(values)).any():
            _count_open(row, minutes[chosen], ended[chosen], level)
            continue
        for name in ("mean", "p90"):
            if bound["method"] and row[f"{name}_method"] != EXACT:
                # What was seen is not contradicted: a range that leaves it out is widened to it.
                row[f"{name}_low"] = min(bound[f"{name}_low"], row[name])
                row[f"{name}_high"] = max(bound[f"{name}_high"], row[name])
                row[f"{name}_method"] = bound["method"] if len(values) > 1 else row[f"{name}_method"]
    return pd.DataFrame(found, columns=months.columns).astype(months.dtypes)


def _count_open(row: Record, minutes: np.ndarray, ended: np.ndarray, level: float) -> None:
    """Let a month with incidents that run on for long lead with the estimates that count them."""
    long = int((minutes[~ended] > np.median(minutes[ended])).sum())
    row["note"] = f"{long} open for longer than half of the ended took"
    if ended.sum() < MIN_ENDED:
        row["note"] += ": the true times are longer than these"
        return
    row["note"] += ", counted with the time so far"
    evidence = open_evidence(minutes, ended, (), level)
    for name, statistic in (("mean", "mean"), ("median", "median"), ("p90", "P90")):
        found = evidence[statistic][0]
        row[f"{name}_with_open"] = found.estimate
        row[f"{name}_with_open_low"], row[f"{name}_with_open_high"] = found.low, found.high
