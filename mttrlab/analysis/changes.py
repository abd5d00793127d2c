"""What changed, since when, by how much: every measure asked together, at one rate of false alarms."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pandas as pd
from scipy import special

from mttrlab.analysis.incident_types import type_key
from mttrlab.analysis.level_shift import (
    Found,
    LevelShift,
    Series,
    UnitMeans,
    date_and_size,
    family,
    follow_each_other,
    guard,
    means_of_counts,
    mixture_quantiles,
    most_likely,
    random_orders,
    unit_means,
)
from mttrlab.analysis.phases import microseconds, phase_durations
from mttrlab.analysis.query import Source, events_of, onset, own_measures, records_basis
from mttrlab.analysis.regression import dummies, fit_censored_lognormal
from mttrlab.analysis.sample import Sample, drop_never_closed, frame_with_measure, sample_of
from mttrlab.analysis.services import false_discovery
from mttrlab.analysis.survival_curves import survival_quantiles
from mttrlab.schema import CLOCKS, MEASURE_ENDS, PHASES, Event, table_records
from mttrlab.text import list_in_words, minutes_in_words, plain
from mttrlab.validate import whole

NAN = float("nan")
_FLOOR = 0.25
"""Minutes; shorter ones are taken for this long, as logarithms of seconds would outweigh everything else."""
_LEAST_VALUES, _LEAST_SIDE = 30, 8
_SPLITS, _STRETCHES = 0.05, 0.005
"""Of the false alarms of the whole search: those of changes that stay, and of changes that return."""
_GUARDED = ("detect", "acknowledge", "diagnose", "resolve", "verify")
_PREFERRED = ("detect", "acknowledge", "acknowledged_to_diagnosed", "diagnose", "resolve", "verify")
_GROUP_SIZE, _GROUP_RATE = 40, 0.1
_GROUPED_BY = ("service", "team", "severity", "incident_type")

CALLED_SHORTER, CALLED_LONGER = "shorter", "longer"
CALLED_MORE, CALLED_FEWER = "more", "fewer"
NO_CLEAR_CHANGE, TOO_FEW, OTHER_MIX = "no clear change", "too few to tell", "other kinds"

_COLUMNS = [
    "measure", "kind", "by", "group", "n", "open", "verdict", "p", "at", "at_low", "at_high", "until", "before",
    "after", "n_before", "n_after", "ratio", "ratio_low", "ratio_high", "headline", "event", "note",
]  # fmt: skip

_WORDS = {
    "detect": "noticing",
    "acknowledge": "answering",
    "acknowledged_to_diagnosed": "finding the cause",
    "diagnose": "finding the cause",
    "resolve": "fixing",
    "verify": "confirming the fix",
    "acknowledged_to_resolved": "finding and fixing",
    **dict.fromkeys(CLOCKS, "whole incidents"),
}
_OTHERS = {
    "arrivals": "incidents a {unit}",
    "alerts": "share seen by alerts",
    "flag": "share fixed by a flag",
    "rollback": "share fixed by rollback",
    "automation": "share ended by automation",
    "reopened": "share reopened",
    "types": "mix of incident types",
    "severities": "mix of severities",
}


@dataclass(frozen=True)
class _Window:
    """The units of time that are compared."""

    unit: str
    """"month" or "week"."""
    starts: pd.DatetimeIndex
    """Begin of each, and the end of the last."""

    @property
    def units(self) -> int:
        return len(self.starts) - 1

    def place(self, times: pd.Series) -> np.ndarray:
        """Return times as units since the window began; NaN outside."""
        places = np.arange(self.units + 1)
        return np.asarray(np.interp(microseconds(times), self._edges, places, left=np.nan, right=np.nan))

    def time(self, place: float) -> pd.Timestamp:
        """Return the day of a place in the window."""
        at = float(np.interp(place, np.arange(self.units + 1), self._edges))
        return pd.Timestamp(int(at), unit="us", tz="UTC").floor("D")

    @property
    def _edges(self) -> np.ndarray:
        return microseconds(self.starts.to_series())


@dataclass(frozen=True)
class _Measured:
    """One measure in the window: its value per incident, the mix held, and its units."""

    name: str
    kind: str
    series: Series
    level: np.ndarray
    """Log minutes, or 0 and 1, the mix held; of counts, one a unit."""
    times: np.ndarray
    unit: np.ndarray
    raw: np.ndarray
    """Minutes, or 0 and 1; of the same incidents."""
    ended: np.ndarray
    rows: np.ndarray
    """Positions of these incidents in the frame."""


def _window(
    phases: pd.DataFrame, begun: pd.Series, longest: int, last: pd.Timestamp | None
) -> tuple[_Window | None, int]:
    """Return the last complete months, or weeks where those are few, and how many incidents came after them."""
    known = begun.dropna()
    if known.empty:
        return None, 0
    stamps = pd.to_datetime(phases["exported_at"], utc=True) if "exported_at" in phases else known
    until = max(stamps.max(), known.max()) if stamps.notna().any() else known.max()
    spanned, quiet = known.max() - known.min(), until - known.max()
    if len(known) * (quiet / max(spanned, pd.Timedelta(days=1))) > _EXPECTED_AT_END:
        # So long without any is no lull: the data end with their newest incident, whenever they were exported.
        until = known.max()
    until = until if last is None else min(until, last)
    if known.min() >= until:
        return None, len(known)
    month = until.normalize().replace(day=1)
    # Without the day of the export, a month counts as complete where its last week holds an incident.
    months = pd.date_range(known.min().normalize().replace(day=1), month, freq="MS")
    if last is None and ("exported_at" not in phases or not stamps.notna().any()) and until.day >= 25:
        months = pd.date_range(months[0], periods=len(months) + 1, freq="MS")
    window = _Window("month", months[-(longest + 1) :])
    if window.units < _LEAST_UNITS:
        first = known.min().normalize()
        weeks = int((until - first) / pd.Timedelta(days=7))
        window = _Window("week", pd.date_range(until.normalize() - pd.Timedelta(days=7 * weeks), until, freq="7D"))
    return window, int((known >= window.starts[-1]).sum())


_LEAST_UNITS, _LEAST_TIMED = 8, 60
_EXPECTED_AT_END = 20.0
"""Incidents that must be missing at the end of the data before it counts as their end."""


def _mix_columns(phases: pd.DataFrame) -> pd.DataFrame:
    columns = {}
    for name in ("incident_type", "severity"):
        if name in phases and phases[name].notna().any():
            columns[name] = phases[name].map(type_key, na_action="ignore").astype("object")
    return pd.DataFrame(columns, index=phases.index)


def _mix_held(values: np.ndarray, unit: np.ndarray, units: int, mix: pd.DataFrame) -> np.ndarray:
    """Return the values less what types and severities explain within the units: a mix that drifts hides nothing."""
    if mix.empty or not len(mix.columns):
        return values
    x, _ = dummies(mix.reset_index(drop=True), tuple(mix.columns))
    if not x.shape[1]:
        return values
    x = x - x.mean(axis=0)
    n = np.maximum(np.bincount(unit, minlength=units), 1)
    within_x = x - np.column_stack([np.bincount(unit, x[:, j], units) / n for j in range(x.shape[1])])[unit]
    within_y = values - (np.bincount(unit, values, units) / n)[unit]
    slopes = np.linalg.lstsq(within_x, within_y, rcond=1e-10)[0]
    return np.asarray(values - x @ slopes)


def _expected_logs(sample: Sample) -> np.ndarray:
    """Return log minutes, of an open incident what is expected of one that is longer than this."""
    logs: np.ndarray = np.log(np.maximum(sample.minutes, _FLOOR))
    if sample.open:
        model = fit_censored_lognormal(logs, sample.observed, np.ones((len(logs), 1)), ("constant",))
        if model is not None:
            middle, sigma = float(model.coefficients[0]), model.sigma
            late = ~sample.observed
            c = (logs[late] - middle) / sigma
            hazard = np.exp(-0.5 * c**2 - 0.5 * math.log(2 * math.pi) - special.log_ndtr(-c))
            logs[late] = middle + sigma * hazard
    return logs


def _scores(values: np.ndarray) -> np.ndarray:
    """Return normal scores in the spread of the values: the test then does not hang on the longest incidents."""
    order = np.argsort(np.argsort(values, kind="stable"), kind="stable")
    return np.asarray(special.ndtri((order + 0.5) / len(values)) * values.std())


def _durations(phases: pd.DataFrame, name: str, place: np.ndarray, mix: pd.DataFrame, units: int) -> _Measured | None:
    (sample,) = drop_never_closed(sample_of(phases, name))
    at = place[sample.rows]
    inside = np.isfinite(at)
    sample = replace(sample, minutes=sample.minutes[inside], observed=sample.observed[inside], rows=sample.rows[inside])
    at = at[inside]
    if sample.n < _LEAST_VALUES:
        return None
    unit = np.minimum(at.astype(int), units - 1)
    rest = _mix_held(_expected_logs(sample), unit, units, mix.iloc[sample.rows])
    series = unit_means(_scores(rest), unit, units)
    return _Measured(name, "minutes", series, rest, at, unit, sample.minutes, sample.observed, sample.rows)


def _shares(phases: pd.DataFrame, place: np.ndarray, mix: pd.DataFrame, units: int) -> list[_Measured]:
    found = []
    for name, column, wanted in (
        ("alerts", "detected_by", ("alert", "monitor")),
        ("flag", "fix_path", ("flag",)),
        ("rollback", "fix_path", ("rollback",)),
        ("automation", "fix_path", ("automation",)),
        ("reopened", "reopened", (True,)),
    ):
        if column not in phases:
            continue
        known = phases[column].notna().to_numpy() & np.isfinite(place)
        rows = np.flatnonzero(known)
        yes = phases[column].iloc[rows].isin(wanted).to_numpy(dtype=float)
        if len(rows) < _LEAST_VALUES or min(yes.sum(), (1 - yes).sum()) < _LEAST_SIDE:
            continue
        at = place[rows]
        unit = np.minimum(at.astype(int), units - 1)
        # The mix of types explains who noticed and how it was mended; severity follows both.
        rest = _mix_held(yes, unit, units, mix.iloc[rows])
        series = unit_means(rest, unit, units)
        found.append(_Measured(name, "share", series, rest, at, unit, yes, np.ones(len(rows), dtype=bool), rows))
    return found


def _kinds(mix: pd.DataFrame, place: np.ndarray, units: int) -> list[_Measured]:
    found = []
    for column, name in (("incident_type", "types"), ("severity", "severities")):
        if column not in mix:
            continue
        rows = np.flatnonzero(mix[column].notna().to_numpy() & np.isfinite(place))
        codes, words = pd.factorize(mix[column].iloc[rows])
        counts = np.bincount(codes, minlength=len(words))
        common = np.flatnonzero(counts >= 5)
        if len(rows) < _LEAST_VALUES or len(common) < 2:
            continue
        unit = np.minimum(place[rows].astype(int), units - 1)
        table = np.zeros((units, len(words)))
        np.add.at(table, (unit, codes), 1.0)
        rare = table[:, counts < 5].sum(axis=1, keepdims=True)
        table = np.column_stack([table[:, common], rare]) if rare.sum() >= 5 else table[:, common]
        nothing = np.zeros(0)
        found.append(_Measured(name, "mix", table, nothing, place[rows], unit, nothing, nothing, rows))
    return found


def _arrivals(place: np.ndarray, units: int) -> _Measured:
    rows = np.flatnonzero(np.isfinite(place))
    unit = np.minimum(place[rows].astype(int), units - 1)
    counts = np.bincount(unit, minlength=units).astype(float)
    nothing = np.zeros(0)
    return _Measured("arrivals", "count", means_of_counts(counts), counts, place[rows], unit, nothing, nothing, rows)


@records_basis
def what_changed(
    incidents: Source,
    *,
    months: int = 24,
    permutations: int = 999,
    seed: int = 0,
    events: Sequence[Event] | None = None,
    groups: bool = True,
    until: pd.Timestamp | None = None,
    measures: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Return what changed, since when and by how much, each measure asked once and all together.

    Parameters
    ----------
    incidents : DataFrame or Lab
        Incidents, or phases as `phase_durations` gives them.
    months : int
        Complete months looked at, the latest ones; weeks where the data hold fewer than eight months.
    permutations : int
        Random orders of the months behind `p`.
    seed : int
        Seed of these orders.
    events : sequence of Event, optional
        What the team knows it did; None: those of the lab's `mttrlab.yml`.
    groups : bool
        Look also for changes of single services, teams, severities and types.
    until : Timestamp, optional
        Months that end before this are looked at; None: before the export was taken.
    measures : sequence of str, optional
        Asked about these alone, which tells more of each than a search over all; None: all there are.

    Returns
    -------
    DataFrame
        One row per measure and change: `measure`; `kind` ("minutes", "share", "count", "mix"); `by, group` (empty: all
        incidents); `n` values, `open` among them; `verdict` ("shorter", "longer", "more", "fewer", "other kinds",
        "no clear change", "too few to tell"); `p` (how often whole months in random order show as clear a change in any
        measure); `at, at_low, at_high` (day it began, 95 % sure between these); `until` (when it returned, empty: it
        stays); `before, after` (median minutes, share 0 to 1, or incidents a month) of `n_before, n_after`; `ratio,
        ratio_low, ratio_high` (minutes and counts: ratio with its 95 % interval, the mix of types and severities held;
        shares: difference, 0 to 1); `headline` (the one to tell first); `event` (a known event near it); `note`.
        `attrs`: `sentence`, `sure`, `beside`, `unit`, `since`, `until`, `units`, `later` (incidents after the window),
        `seed`, `permutations`, `months_alike` (correlation of neighbouring months), `near_by_chance`.

    Raises
    ------
    SchemaError
        When the table is no table of incidents.
    QuestionError
        For a number of months or orders that is no whole number.

    Notes
    -----
    Whole months in random order, the same for all measures, and the largest standardised split of any (Westfall and
    Young 1993): the search as a whole calls something where nothing changed in about 5 of 100 organisations. Where
    neighbouring months resemble each other the statistics are made smaller. A change and its return is a family of its
    own. Dates by generalised least squares; sizes from a mixture over the dates. Services, teams, severities and types
    are a second gate with 10 % of false calls (Benjamini and Hochberg 1995), and never the headline.

    Sizes are of changes that were called: where a search finds one in two such changes, the middle of the called ones
    overstates the truth.
    """
    longest = whole("months", months, _LEAST_UNITS)
    orders_wanted = whole("permutations", permutations, 99)
    known = list(events_of(incidents) if events is None else events)
    own = own_measures(incidents)
    phases = phase_durations(incidents).reset_index(drop=True)
    for name in () if measures is None else measures:
        measured = frame_with_measure(incidents, name)
        phases = phases.assign(**{column: measured[column].array for column in (name, f"{name}_observed")})
    begun = onset(phases)
    window, later = _window(phases, begun, longest, until)
    if window is None or window.units < _LEAST_UNITS:
        return _nothing(phases, "fewer than eight weeks lie between the first and the last incident", later)
    place = window.place(begun)
    units = window.units
    mix = _mix_columns(phases)
    names = [name for name in (*MEASURE_ENDS, *own) if name in phases] if measures is None else list(measures)
    durations = [found for name in names if (found := _durations(phases, name, place, mix, units)) is not None]
    if max((int(one.ended.sum()) for one in durations), default=0) < _LEAST_TIMED:
        return _nothing(phases, f"fewer than {_LEAST_TIMED} ended incidents can be timed", later, window)
    asked = list(durations)
    if measures is None:
        asked += [_arrivals(place, units), *_shares(phases, place, mix, units), *_kinds(mix, place, units)]
    guarded = [one.series for one in durations if measures is not None or one.name in _GUARDED]
    alike = follow_each_other([series for series in guarded if isinstance(series, UnitMeans)])
    shrink = np.array([guard(alike) if one.kind == "minutes" else 1.0 for one in asked])
    orders = random_orders(units, orders_wanted, seed)
    splits = family([one.series for one in asked], orders, shrink)
    means = [i for i, one in enumerate(asked) if one.kind != "mix"]
    stretches = family([asked[i].series for i in means], orders, shrink[means], stretch=True)
    by_measure = dict(zip(means, range(len(means)), strict=True))
    rows = []
    for i, one in enumerate(asked):
        stretch = by_measure.get(i)
        if splits.p[i] <= _SPLITS:
            rows += _changes(one, splits.found[i], float(splits.p[i]), window, orders_wanted, seed)
        elif stretch is not None and stretches.p[stretch] <= _STRETCHES:
            rows.append(_returned(one, stretches.found[stretch], float(stretches.p[stretch]), window))
        else:
            p = float(splits.p[i])
            rows.append(_row(one) | {"verdict": NO_CLEAR_CHANGE, "p": p} | _sides(one, None, units))
    asked_names = {one.name for one in asked}
    rows += [_absent(name, int(phases[name].notna().sum())) for name in names if name not in asked_names]
    table = _table(rows)
    table["headline"] = _headline(table)
    if groups:
        table = pd.concat(
            [table, _groups(phases, place, mix, durations, window, orders, guard(alike))], ignore_index=True
        )
    near = _near(known, window)
    table["event"] = [_event(row, known, window) for row in table_records(table)]
    table = table.astype({"event": "str", "note": "str", "by": "str", "group": "str"})
    table.attrs |= {
        "unit": window.unit, "since": window.starts[0], "until": window.starts[-1], "units": units, "later": later,
        "seed": seed, "permutations": orders_wanted, "months_alike": alike, "near_by_chance": near,
        "known_events": known,
    }  # fmt: skip
    table.attrs |= dict(zip(("sentence", "sure", "beside"), change_sentences(table), strict=True))
    return table


def _row(one: _Measured) -> dict[str, object]:
    still = int((~one.ended.astype(bool)).sum()) if len(one.ended) else 0
    return {"measure": one.name, "kind": one.kind, "n": len(one.rows), "open": still}


def _absent(name: str, n: int) -> dict[str, object]:
    note = f"needs {_LEAST_VALUES} ended incidents with both times, has {n} or fewer in these months"
    return {"measure": name, "kind": "minutes", "n": n, "open": 0, "verdict": TOO_FEW, "note": note}


def _sides(one: _Measured, at: float | None, units: int, until: float | None = None) -> dict[str, float]:
    """Return the level before and after a place, bare: medians, shares, or counts a unit."""
    end = units if until is None else until
    times = one.times
    late = (times >= at) & (times < end) if at is not None else np.zeros(len(times), dtype=bool)
    n_after = int(late.sum())
    n_before = len(times) - n_after
    counts: dict[str, float] = {"n_before": n_before, "n_after": n_after}
    if one.kind == "count":
        span = (end - at) if at is not None else 0.0
        return counts | {"before": n_before / max(units - span, 1e-9), "after": n_after / span if span else NAN}
    if one.kind == "mix":
        return counts
    values = []
    for part in (~late, late):
        if not part.any():
            values.append(NAN)
        elif one.kind == "share":
            values.append(float(one.raw[part].mean()))
        else:
            values.append(_median(one.raw[part], one.ended[part]))
    return counts | {"before": values[0], "after": values[1]}


def _median(minutes: np.ndarray, ended: np.ndarray) -> float:
    if ended.all():
        return float(np.median(minutes))
    return float(survival_quantiles(minutes, ended)["minutes"].iloc[0])


def _shift(one: _Measured, window: _Window, first: float, last: float) -> LevelShift | None:
    """Return date and size of one change within a part of the window."""
    inside = (one.times >= first) & (one.times < last)
    low, high = int(first), math.ceil(last)
    return date_and_size(one.level[inside], one.times[inside] - low, one.unit[inside] - low, high - low)


def _called(one: _Measured, found: Found, p: float, window: _Window, ends: tuple[int, int]) -> dict[str, object]:
    first, last = ends
    row = _row(one) | {"p": p}
    if one.kind in ("count", "mix"):
        at = float(found.first) + first
        if one.kind == "mix":
            return row | {"verdict": OTHER_MIX, "at": window.time(at)} | _sides(one, at, window.units)
        return row | _rate(one.level[first:last], first, window)
    shift = _shift(one, window, first, last)
    if shift is None:
        at = float(found.first) + first
        return row | {"verdict": NO_CLEAR_CHANGE, "note": "no date fits", "at": window.time(at)}
    at, low, high = (first + place for place in (shift.at, shift.low, shift.high))
    row |= {"at": window.time(at), "at_low": window.time(low), "at_high": window.time(high)}
    if one.kind == "share":
        ratios = {"ratio": shift.size, "ratio_low": shift.size_low, "ratio_high": shift.size_high}
        verdict = CALLED_MORE if shift.size > 0 else CALLED_FEWER
    else:
        sizes = (shift.size, shift.size_low, shift.size_high)
        ratios = dict(zip(("ratio", "ratio_low", "ratio_high"), map(_exp, sizes), strict=True))
        verdict = CALLED_SHORTER if shift.size < 0 else CALLED_LONGER
    return row | ratios | {"verdict": verdict} | _part_sides(one, at, ends)


def _part_sides(one: _Measured, at: float, ends: tuple[int, int]) -> dict[str, float]:
    inside = (one.times >= ends[0]) & (one.times < ends[1])
    part = replace(one, times=one.times[inside] - ends[0], raw=one.raw[inside], ended=one.ended[inside])
    return _sides(part, at - ends[0], ends[1] - ends[0])


def _exp(log: float) -> float:
    return math.exp(min(log, 700.0))


def _rate(counts: np.ndarray, first: int, window: _Window) -> dict[str, object]:
    """Return date and size of a change of the counts; months scatter more than a Poisson count where they do."""
    k = len(counts)
    places = np.arange(2, k - 1)
    cut = np.cumsum(counts)[places - 1]
    total = counts.sum()
    before, after = np.maximum(cut, 0.5) / places, np.maximum(total - cut, 0.5) / (k - places)
    best = int(np.argmax(cut * np.log(before) + (total - cut) * np.log(after)))
    fitted = np.where(np.arange(k) < places[best], before[best], after[best])
    scatter = max(1.0, float(((counts - fitted) ** 2 / fitted).sum()) / max(k - 2, 1))
    logs = (cut * np.log(before) + (total - cut) * np.log(after)) / scatter
    change = np.log(after / before)
    error = np.sqrt(scatter * (1 / np.maximum(cut, 0.5) + 1 / np.maximum(total - cut, 0.5)))
    chance = np.exp(logs - logs.max()) * error
    chance /= chance.sum()
    inside = places[most_likely(chance)]
    middle, low, high = map(_exp, mixture_quantiles(change, error, chance, math.inf, (0.5, 0.025, 0.975)))
    at = int(places[best])
    return {
        "at": window.time(first + at),
        "at_low": window.time(first + int(inside.min()) - 0.5),
        "at_high": window.time(first + int(inside.max()) + 0.5),
        "verdict": CALLED_MORE if after[best] > before[best] else CALLED_FEWER,
        "before": float(before[best]), "after": float(after[best]),
        "n_before": int(cut[best]), "n_after": int(total - cut[best]),
        "ratio": middle, "ratio_low": low, "ratio_high": high,
    }  # fmt: skip


def _changes(
    one: _Measured, found: Found, p: float, window: _Window, permutations: int, seed: int
) -> list[dict[str, object]]:
    """Return the changes of a called measure: the first, and more where a part of it shows one of its own."""
    cuts, ps = [int(found.first)], {int(found.first): p}
    if isinstance(one.series, UnitMeans):
        parts = [(0, cuts[0]), (cuts[0], window.units)]
        while parts:
            first, last = parts.pop()
            if last - first < 6:
                continue
            part = UnitMeans(one.series.mean[first:last], one.series.weight[first:last])
            inner = family([part], random_orders(last - first, permutations, seed + 1), np.ones(1))
            if inner.p[0] <= _SPLITS:
                cut = first + int(inner.found[0].first)
                cuts.append(cut)
                ps[cut] = float(inner.p[0])
                parts += [(first, cut), (cut, last)]
    cuts.sort()
    edges = [0, *cuts, window.units]
    rows = []
    for place, cut in enumerate(cuts):
        ends = (edges[place], edges[place + 2])
        moved = found if len(cuts) == 1 else Found(np.array(0.0), np.array(cut - ends[0]), np.array(window.units))
        rows.append(_called(one, moved, ps[cut], window, ends))
    return rows


def _returned(one: _Measured, found: Found, p: float, window: _Window) -> dict[str, object]:
    """Return a change that did not stay."""
    first, last = int(found.first), int(found.last)
    row = _row(one) | {"p": p, "at": window.time(first), "until": window.time(last)}
    sides = _sides(one, float(first), window.units, float(last))
    row |= sides
    if one.kind == "count":
        ratio = sides["after"] / sides["before"] if sides["before"] else NAN
        verdict = CALLED_MORE if ratio > 1 else CALLED_FEWER
        return row | {"ratio": ratio, "verdict": verdict, "note": "returned since"}
    inside = (one.unit >= first) & (one.unit < last)
    change, error = _stretch_size(one, inside, window.units)
    reach = float(special.stdtrit(max(window.units - 3, 1), 0.975)) * error
    ends = (change, change - reach, change + reach)
    ratios = ends if one.kind == "share" else tuple(map(_exp, ends))
    words = (CALLED_FEWER, CALLED_MORE) if one.kind == "share" else (CALLED_SHORTER, CALLED_LONGER)
    row |= dict(zip(("ratio", "ratio_low", "ratio_high"), ratios, strict=True))
    return row | {"verdict": words[change > 0], "note": "returned since; dated by whole months"}


def _stretch_size(one: _Measured, inside: np.ndarray, units: int) -> tuple[float, float]:
    means = unit_means(one.level - inside * (one.level[inside].mean() - one.level[~inside].mean()), one.unit, units)
    n = np.bincount(one.unit, minlength=units)
    level = np.bincount(one.unit, one.level, units) / np.maximum(n, 1)
    part = np.zeros(units, dtype=bool)
    part[np.unique(one.unit[inside])] = True
    weights = [means.weight * part, means.weight * ~part]
    inner, outer = (float((w * level).sum() / w.sum()) for w in weights)
    return inner - outer, math.sqrt(sum(1 / float(w.sum()) for w in weights))


def _headline(table: pd.DataFrame) -> np.ndarray:
    """Return which row is told first: a phase before a sum of phases, then other measures, the latest and clearest."""
    headline = np.zeros(len(table), dtype=bool)
    called = ~table["verdict"].isin([NO_CLEAR_CHANGE, TOO_FEW])
    if not called.any():
        return headline
    measured = called & (table["kind"] == "minutes")
    choices = table[measured & table["measure"].isin(_PREFERRED)]
    if choices.empty:
        choices = table[measured]
    if choices.empty:
        choices = table[called & (table["kind"] != "mix")]
    if choices.empty:
        choices = table[called]
    rank = choices["measure"].map(lambda name: _PREFERRED.index(name) if name in _PREFERRED else len(_PREFERRED))
    best = choices.assign(rank=rank, at=choices["at"].astype("int64")).sort_values(
        ["p", "rank", "at"], ascending=[True, True, False], kind="stable"
    )
    first = best.iloc[0]
    # The work of finding the cause is told before the same with the wait for an answer in it.
    if first["measure"] == "diagnose" and (choices["measure"] == "acknowledged_to_diagnosed").any():
        best = best[best["measure"] == "acknowledged_to_diagnosed"]
    headline[best.index[0]] = True
    return headline


def _groups(
    phases: pd.DataFrame,
    place: np.ndarray,
    mix: pd.DataFrame,
    durations: list[_Measured],
    window: _Window,
    orders: np.ndarray,
    shrink: float,
) -> pd.DataFrame:
    """Return the changes of single services, teams, severities and types: a second gate, false calls held at 10 %."""
    found: list[tuple[str, str, _Measured, Found, float]] = []
    phases_asked = [one for one in durations if one.name in (*PHASES, "acknowledge", "acknowledged_to_diagnosed")]
    for by in _GROUPED_BY:
        if by not in phases:
            continue
        words = (mix[by] if by in mix else phases[by]).astype("object").to_numpy()
        names = pd.Series(words).value_counts()
        if len(names) < 2:
            continue
        for name in names.index[names >= _GROUP_SIZE]:
            for one in phases_asked:
                inside = words[one.rows] == name
                if inside.sum() < _GROUP_SIZE:
                    continue
                values = one.level[inside]
                series = unit_means(_scores(values), one.unit[inside], window.units)
                part = replace(
                    one, series=series, level=values, times=one.times[inside], unit=one.unit[inside],
                    raw=one.raw[inside], ended=one.ended[inside], rows=one.rows[inside],
                )  # fmt: skip
                alone = family([series], orders, np.array([shrink]))
                found.append((by, str(name), part, alone.found[0], float(alone.p[0])))
    adjusted = false_discovery([p for *_, p in found]) if found else np.zeros(0)
    rows = []
    for (by, name, part, split, _), p in zip(found, adjusted, strict=True):
        if p <= _GROUP_RATE:
            rows.append(_called(part, split, float(p), window, (0, window.units)) | {"by": by, "group": name})
    return _table(rows)


def _table(rows: list[dict[str, object]]) -> pd.DataFrame:
    blank = {"by": "", "group": "", "event": "", "note": "", "headline": False, "at": pd.NaT, "at_low": pd.NaT,
             "at_high": pd.NaT, "until": pd.NaT, "p": NAN, "n_before": 0, "n_after": 0, "open": 0}  # fmt: skip
    numbers = ("before", "after", "ratio", "ratio_low", "ratio_high", "p")
    table = pd.DataFrame([blank | row for row in rows], columns=_COLUMNS)
    times = {
        name: pd.to_datetime(table[name], utc=True).dt.as_unit("us") for name in ("at", "at_low", "at_high", "until")
    }
    counts = dict.fromkeys(("n", "open", "n_before", "n_after"), "int64")
    return table.assign(**times).astype({**counts, **dict.fromkeys(numbers, "float64"), "headline": bool})


def _nothing(phases: pd.DataFrame, why: str, later: int, window: _Window | None = None) -> pd.DataFrame:
    row = {"measure": "everything", "kind": "minutes", "n": len(phases), "verdict": TOO_FEW, "note": why}
    table = _table([row]).astype({"event": "str", "note": "str", "by": "str", "group": "str"})
    ends = (window.starts[0], window.starts[-1]) if window else (pd.NaT, pd.NaT)
    table.attrs |= {
        "seed": NAN, "permutations": 0,
        "unit": window.unit if window else "month", "since": ends[0], "until": ends[1],
        "units": window.units if window else 0, "later": later, "months_alike": NAN, "near_by_chance": NAN,
        "known_events": [], "beside": "", "sentence": f"We cannot tell whether anything changed: {why}.", "sure": "",
    }  # fmt: skip
    return table


# Known events beside the changes.

_NEAR_DAYS = 30.0


def _near(events: Sequence[Event], window: _Window) -> float:
    """Return how often chance alone has a known event within 30 days of a change."""
    inside = [event for event in events if window.starts[0] <= event.at < window.starts[-1]]
    days = (window.starts[-1] - window.starts[0]) / pd.Timedelta(days=1)
    return 1 - (1 - min(1.0, 2 * _NEAR_DAYS / days)) ** len(inside)


def _event(row: Mapping[str, object], events: Sequence[Event], window: _Window) -> str:
    at = row["at"]
    if not isinstance(at, datetime) or pd.isna(at) or row["verdict"] in (NO_CLEAR_CHANGE, TOO_FEW):
        return ""
    near = [event for event in events if abs((event.at - pd.Timestamp(at)) / pd.Timedelta(days=1)) <= _NEAR_DAYS]
    near.sort(key=lambda event: (not event.meant_for(str(row["measure"])), abs(event.at - pd.Timestamp(at))))
    return near[0].name if near else ""


# The same in words.


def measure_words(name: str, unit: str = "month") -> str:
    """Return a measure in words that need no explanation.

    Examples
    --------
    >>> measure_words("acknowledged_to_diagnosed"), measure_words("arrivals"), measure_words("time_to_engage")
    ('finding the cause', 'incidents a month', 'time to engage')
    """
    if name in _WORDS:
        return _WORDS[name]
    return _OTHERS.get(name, name.replace("_", " ")).format(unit=unit)


def part_of_month(day: pd.Timestamp, today: pd.Timestamp) -> str:
    """Return a day as people say when something changed; with the year where that could be another one.

    Examples
    --------
    >>> today = pd.Timestamp("2026-07-01")
    >>> part_of_month(pd.Timestamp("2026-01-11"), today), part_of_month(pd.Timestamp("2024-12-28"), today)
    ('mid-January', 'late December 2024')
    """
    part = "early " if day.day <= 10 else "mid-" if day.day <= 20 else "late "
    return f"{part}{day:%B}" if (today - day).days < 330 else f"{part}{day:%B %Y}"


def percent_in_words(ratio: float) -> str:
    """Return a ratio of minutes as a comparison.

    Examples
    --------
    >>> percent_in_words(0.46), percent_in_words(1.07), percent_in_words(2.4), percent_in_words(1.0)
    ('54 % shorter', '7 % longer', '2.4 times as long', 'the same')
    """
    if ratio >= 2:
        return f"{ratio:.1f} times as long" if ratio < 100 else "over 100 times as long"
    percent = round(100 * (ratio - 1))
    return "the same" if not percent else f"{abs(percent)} % {'shorter' if percent < 0 else 'longer'}"


def _range(low: float, high: float) -> str:
    """Return a range of ratios, nearest to no change first.

    Examples
    --------
    >>> _range(0.36, 0.57), _range(0.8, 1.1)
    ('43 to 64 % shorter', '20 % shorter to 10 % longer')
    """
    if high < 0.995:
        return f"{round(100 * (1 - high))} to {round(100 * (1 - low))} % shorter"
    if low > 1.005 and high < 2:
        return f"{round(100 * (low - 1))} to {round(100 * (high - 1))} % longer"
    return f"{percent_in_words(low)} to {percent_in_words(high)}"


def change_sentences(table: pd.DataFrame) -> tuple[str, str, str]:
    """Return what changed, how sure that is, and what stands beside it; the last two are empty where nothing changed.

    Parameters
    ----------
    table : DataFrame
        As `what_changed` gives it.
    """
    chosen = table[table["headline"]]
    if chosen.empty:
        return _unchanged(table), "", ""
    row = chosen.iloc[0]
    unit = str(table.attrs.get("unit", "month"))
    what, beside = measure_words(row["measure"], unit), ""
    today = table.attrs["until"]
    began = part_of_month(row["at"], today)
    when = f"since {began}" if pd.isna(row["until"]) else f"from {began} to {part_of_month(row['until'], today)}"
    if row["kind"] == "minutes":
        faster = row["verdict"] == CALLED_SHORTER
        verb = "was" if pd.notna(row["until"]) else "are" if what.endswith("s") else "is"
        word = ("shorter" if faster else "longer") if what == "whole incidents" else "faster" if faster else "slower"
        text = (
            f"{what[0].upper()}{what[1:]} {verb} {word} {when}: half within {minutes_in_words(row['after'])} "
            f"(before: {minutes_in_words(row['before'])})."
        )
        sure = f"{percent_in_words(row['ratio'])}, 95 % sure: {_range(row['ratio_low'], row['ratio_high'])}"
        whole_ones = table[(table["measure"].isin(CLOCKS)) & (table["by"] == "")]
        if what != "whole incidents" and len(whole_ones):
            called = ~whole_ones["verdict"].isin([NO_CLEAR_CHANGE, TOO_FEW])
            beside = "" if called.any() else "Whole incidents: no clear change."
    elif row["kind"] == "count":
        text = (
            f"{row['verdict'].capitalize()} incidents {when}: {row['after']:.0f} a {unit} "
            f"(before: {row['before']:.0f})."
        )
        sure = (
            f"{_times(row['ratio'])}, 95 % sure: {_times(row['ratio_low'])} to {_times(row['ratio_high'])}"
            if row["ratio_low"] > 0 else ""
        )  # fmt: skip
        beside = "How long they take: no clear change."
    elif row["kind"] == "share":
        text = (
            f"The {what} is {'higher' if row['verdict'] == CALLED_MORE else 'lower'} {when}: {row['after']:.0%} "
            f"(before: {row['before']:.0%})."
        ).replace("%", " %")
        ends = (100 * row["ratio_low"], 100 * row["ratio_high"])
        sure = f"95 % sure: {ends[0]:+.0f} to {ends[1]:+.0f} percentage points"
        beside = "How long incidents take: no clear change."
    else:
        text, sure = f"Other incidents {when}: the {what} changed.", ""
        beside = "How long they take, like for like: no clear change."
    return text, sure, beside


def _times(ratio: float) -> str:
    percent = round(100 * (ratio - 1))
    if ratio >= 2:
        return f"{ratio:.1f} times as many" if ratio < 100 else "over 100 times as many"
    return f"{abs(percent)} % {'fewer' if percent < 0 else 'more'}"


def _unchanged(table: pd.DataFrame) -> str:
    clock = next((name for name in (*CLOCKS, "acknowledged_to_resolved") if _level(table, name) > 0), None)
    if clock is None:
        return "No clear change."
    return f"No clear change: half end within {minutes_in_words(_level(table, clock))}."


def _level(table: pd.DataFrame, name: str) -> float:
    rows = table[(table["measure"] == name) & (table["verdict"] == NO_CLEAR_CHANGE) & (table["by"] == "")]
    return float(rows["before"].iloc[0]) if len(rows) else NAN


def others_in_words(table: pd.DataFrame) -> str:
    """Return which other measures changed and which did not, in a sentence each."""
    plainly = table[table["by"] == ""]
    unit = str(table.attrs.get("unit", "month"))
    called = plainly[~plainly["verdict"].isin([NO_CLEAR_CHANGE, TOO_FEW])]
    known = [measure_words(name, unit) for name in called.loc[called["headline"], "measure"]]
    others = _different(called.loc[~called["headline"], "measure"], known, unit)
    quiet = _different(plainly.loc[plainly["verdict"] == NO_CLEAR_CHANGE, "measure"], known + others, unit)
    text = [f"Also changed: {list_in_words(others)}."] if others else []
    return " ".join(text + ([f"No clear change: {list_in_words(quiet)}."] if quiet else []))


def _different(measures: pd.Series, known: list[str], unit: str) -> list[str]:
    words = dict.fromkeys(measure_words(name, unit) for name in measures)
    return [word for word in words if word not in known]


def event_in_words(table: pd.DataFrame) -> str:
    """Return the known event near the headline, and how often chance alone would put one there; empty without one."""
    chosen = table[table["headline"]]
    if chosen.empty or not chosen["event"].iloc[0]:
        return ""
    name = chosen["event"].iloc[0]
    at = next(event.at for event in table.attrs["known_events"] if event.name == name)
    return (
        f"Near it: {plain(name, 80)} ({at:%Y-%m-%d}). By chance alone a known event is as near in "
        f"{table.attrs['near_by_chance']:.0%} of such searches.".replace("%", " %")
    )
