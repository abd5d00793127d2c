"""Why did the mean change? Other kinds of incident, or other speed, and in which phase."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from mttrlab.analysis.minimum_counts import incidents, minimum_count, why_withheld
from mttrlab.analysis.phases import SpanSplitter, phases_of
from mttrlab.analysis.query import records_basis
from mttrlab.analysis.sample import with_measure
from mttrlab.errors import QuestionError
from mttrlab.validate import inner_share

NAN = float("nan")
MIX, WHOLE, NOT_SPLIT = "mix", "total", "not split"
_CELLS = 20_000_000


def _by_period(first: Ended, second: Ended) -> tuple[tuple[str, Ended], ...]:
    return ("before", first), ("after", second)


def _totals(
    first: Ended, second: Ended, groups: int, rows: np.ndarray, rows_after: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the parts of the change, their standard errors, and both means, of each draw of incidents."""
    sums = group_sums(first, groups, rows), group_sums(second, groups, rows_after)
    parts = effects(*sums)
    columns = np.column_stack([parts["mix"].sum(axis=1), parts["within"].sum(axis=1)])
    return np.column_stack([columns, columns.sum(axis=1)]), _errors(*sums), parts["means"]


def _errors(before: KindSums, after: KindSums) -> np.ndarray:
    """Return the standard errors of the parts by their influence functions: what each incident moves each part by.

    An incident of a kind moves the share of the kind and the mean of the kind: by the first as all of its kind do, by
    the second by how far it lies from their mean. So counts, sums and sums of squares of the kinds are all it takes.
    """
    (share, mean, spread), (share_after, mean_after, spread_after) = _moments(before), _moments(after)
    mean, mean_after = np.where(np.isnan(mean), mean_after, mean), np.where(np.isnan(mean_after), mean, mean_after)
    mean, mean_after = np.nan_to_num(mean), np.nan_to_num(mean_after)
    variance = np.zeros((len(share), mean.shape[2] + 1))
    both = (share + share_after)[:, :, None] / 2
    phases = slice(0, mean.shape[2] - 1)
    moved = (mean_after - mean)[:, :, phases]
    for own, other, sd2, here, count in (
        (share, share_after, spread, mean, before.counts.sum(axis=1)),
        (share_after, share, spread_after, mean_after, after.counts.sum(axis=1)),
    ):
        with np.errstate(invalid="ignore", divide="ignore"):
            reach = np.nan_to_num(both / own[:, :, None], posinf=0.0)
            tilt = np.nan_to_num((other - own) / own / 2, posinf=0.0)
        level = (mean + mean_after)[:, :, -1] / 2
        of_mix = _between(own, level) + (own * tilt**2 * sd2[:, :, -1]).sum(axis=1)
        of_phases = _between(own, moved / 2) + (own[:, :, None] * reach**2 * sd2[:, :, phases]).sum(axis=1)
        of_whole = _between(own, here[:, :, -1]) + (own * sd2[:, :, -1]).sum(axis=1)
        variance += np.column_stack([of_mix, of_phases, of_whole]) / count[:, None]
    return np.sqrt(variance)


def _bands(first: Ended, second: Ended, groups: int, level: float, draws: int, seed: int) -> np.ndarray:
    streams = [np.random.Generator(np.random.PCG64(s)) for s in np.random.SeedSequence(seed).spawn(2)]
    n, m = len(first.groups), len(second.groups)
    size = max(1, 1_000_000 // (n + m))
    seen, error, _ = _totals(first, second, groups, np.arange(n)[None, :], np.arange(m)[None, :])
    ratios = []
    for done in range(0, draws, size):
        rows = min(size, draws - done)
        resampled = (streams[0].integers(0, n, (rows, n)), streams[1].integers(0, m, (rows, m)))
        values, errors, _ = _totals(first, second, groups, *resampled)
        with np.errstate(invalid="ignore", divide="ignore"):
            ratios.append(np.nan_to_num((values - seen) / errors, posinf=0.0, neginf=0.0))
    half = np.quantile(np.abs(np.concatenate(ratios)), level, axis=0) * error[0]
    return np.asarray([seen[0] - half, seen[0] + half])


# Phases that can be compared between two periods: told apart by a stamp, divided as others divide, or kept as one.


DONORS = 20
"""Incidents that must tell two neighbouring phases apart; of fewer, unless all do, the two are one block."""


@dataclass(frozen=True)
class Blocks:
    """The minutes of incidents per block of neighbouring phases."""

    blocks: tuple[tuple[int, int], ...]
    """First and last phase of each block; empty where no stamp tells any two phases apart."""
    minutes: np.ndarray
    """One row per incident, one column per block; the last column holds what no block does."""
    divided: np.ndarray
    """Whether a merged span was divided as incidents like it divide theirs."""


def blocks_of(known: np.ndarray, whole: np.ndarray, kept_whole: np.ndarray) -> Blocks:
    """Return the minutes per block, of both periods together so that they are compared on the same blocks.

    Parameters
    ----------
    known : ndarray
        Minutes per incident and phase; NaN where no stamp tells the phase apart.
    whole : ndarray
        Minutes of each incident on the clock.
    kept_whole : ndarray of bool
        Incidents whose merged span lacks no stamp (fixed before diagnosed, or by automation): never divided.

    Notes
    -----
    Were merged spans a part of their own, a phase would seem to shrink wherever its stamp is forgotten more often.
    """
    there = np.isfinite(known)
    blocks = _blocks(there, kept_whole)
    if not blocks:
        return Blocks((), whole[:, None].copy(), np.zeros(len(whole), dtype=bool))
    place = np.concatenate([[i] * (last - first + 1) for i, (first, last) in enumerate(blocks)])
    minutes = np.column_stack([known[:, first : last + 1].sum(axis=1) for first, last in blocks])
    missing = ~there
    some = missing.any(axis=1)
    first = place[np.argmax(missing, axis=1)]
    last = place[len(place) - 1 - np.argmax(missing[:, ::-1], axis=1)]
    at = np.arange(len(blocks))
    outside = ~some[:, None] | (at < first[:, None]) | (at > last[:, None])
    merged = whole - np.where(outside, minutes, 0.0).sum(axis=1)
    minutes[~outside] = np.nan
    one = some & (first == last)
    minutes[one, first[one]] = merged[one]
    divided = np.zeros(len(whole), dtype=bool)
    for a, b in sorted(set(zip(first[some & ~one].tolist(), last[some & ~one].tolist(), strict=True))):
        rows = some & (first == a) & (last == b) & ~kept_whole & (merged > 0)
        donors = minutes[np.isfinite(minutes[:, a : b + 1]).all(axis=1) & ~divided, a : b + 1]
        donors = donors[(donors >= 0).all(axis=1) & (donors.sum(axis=1) > 0)]
        if len(donors) < DONORS or not rows.any():
            continue
        # In an order of their own, so that the answer does not depend on which period comes first.
        splitter = SpanSplitter(donors[np.lexsort(donors.T)])
        minutes[rows, a : b + 1] = merged[rows, None] * splitter.shares(merged[rows])
        divided |= rows
    rest = whole - np.nan_to_num(minutes).sum(axis=1)
    return Blocks(blocks, np.column_stack([np.nan_to_num(minutes), rest]), divided)


def _blocks(there: np.ndarray, kept_whole: np.ndarray) -> tuple[tuple[int, int], ...]:
    phases = there.shape[1]
    rows = there[~kept_whole]
    separated = [int((rows[:, i] | rows[:, i + 1]).sum()) for i in range(phases - 1)]
    enough = [count >= min(DONORS, len(rows)) and count > 0 for count in separated]
    if not any(enough) and not (phases == 1 or there.all()):
        return ()
    edges = [0, *(i + 1 for i, apart in enumerate(enough) if apart), phases]
    return tuple((edges[i], edges[i + 1] - 1) for i in range(len(edges) - 1))


# The two effects behind a change of a mean: which kinds happened, and how long each kind took.


@dataclass(frozen=True)
class Ended:
    """Ended incidents of one period: what kind each is, and where its minutes went."""

    groups: np.ndarray
    """Number of the kind, common to both periods."""
    pieces: np.ndarray
    """Minutes per phase, one column each; the last holds what no phase shows."""
    open: int
    """Incidents still running: counted, not averaged."""
    unknown: int
    """Incidents whose minutes on this clock are not known."""
    divided: int = 0
    """Incidents whose merged span was divided as incidents like it divide theirs."""


def read_periods(
    before: pd.DataFrame, after: pd.DataFrame, measure: str, by: str
) -> tuple[Ended, Ended, list[str], tuple[str, ...]]:
    """Return the ended incidents of both periods, the names of the kinds, and the phases of the clock.

    Phases that too few incidents tell apart are one part, "diagnose + resolve"; where no stamp tells any two apart
    the phases are named and empty.

    Raises
    ------
    QuestionError
        For a clock or a column that does not exist.
    """
    frames = [with_measure(frame, measure) for frame in (before, after)]
    for frame in frames:
        if by not in frame:
            raise QuestionError(f"by= names {by!r}, which is no column of this table")
    labels = [f[by].astype("object").where(f[by].notna(), "not said").astype(str) for f in frames]
    groups = sorted(set(labels[0]) | set(labels[1]))
    phases = phases_of(measure)
    read_frames = [_read(frame, measure, phases) for frame in frames]
    whole, known, kept = (np.concatenate([result[i] for result in read_frames]) for i in range(3))
    blocks = blocks_of(known, whole, kept)
    names = tuple(" + ".join(phases[first : last + 1]) for first, last in blocks.blocks) or phases
    pieces = blocks.minutes if blocks.blocks else np.column_stack([np.zeros((len(whole), len(phases))), blocks.minutes])
    n = len(read_frames[0][0])
    codes = [pd.Categorical(w, groups).codes.astype(int) for w in labels]
    result = [
        _ordered(code[usable], pieces[rows], open_, unknown, int(blocks.divided[rows].sum()))
        for code, (_, _, _, usable, open_, unknown), rows in zip(
            codes, read_frames, (slice(n), slice(n, None)), strict=True
        )
    ]
    return result[0], result[1], groups, names


def _ordered(groups: np.ndarray, pieces: np.ndarray, open_: int, unknown: int, divided: int) -> Ended:
    """Return a period whose incidents stand in an order of their own, so that draws do not depend on the loading."""
    order = np.lexsort((*pieces.T, groups))
    return Ended(groups[order], pieces[order], open_, unknown, divided)


def _read(
    frame: pd.DataFrame, measure: str, phases: tuple[str, ...]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, int, int]:
    """Return the ended incidents' minutes, their minutes per phase and whether a merged span lacks no stamp."""
    minutes = frame[measure].to_numpy(dtype=float, na_value=np.nan)
    flag = f"{measure}_observed"
    ended = frame[flag].to_numpy(dtype=float, na_value=np.nan) if flag in frame else np.ones(len(minutes))
    usable = np.isfinite(minutes) & (ended > 0)
    known = np.column_stack(
        [
            frame[p].to_numpy(dtype=float, na_value=np.nan)[usable] if p in frame else np.full(usable.sum(), np.nan)
            for p in phases
        ]
    )
    kept = np.zeros(int(usable.sum()), dtype=bool)
    if "diagnosed_at_verdict" in frame and {"diagnose", "resolve"} <= set(phases):
        whole = frame["diagnosed_at_verdict"].isin(["not_applicable", "recorded"]).to_numpy()[usable]
        place = [phases.index(phase) for phase in ("diagnose", "resolve")]
        kept = whole & ~np.isfinite(known[:, place]).any(axis=1)
    open_ = int((np.isfinite(ended) & (ended == 0)).sum())
    return minutes[usable], known, kept, usable, open_, int((~usable).sum()) - open_


class KindSums(NamedTuple):
    """What the kinds of incident add up to, per draw of incidents."""

    counts: np.ndarray
    """Incidents per draw and kind."""
    minutes: np.ndarray
    """Minutes per draw, kind and phase; the whole last."""
    squares: np.ndarray
    """Squares of these."""


def group_sums(period: Ended, groups: int, rows: np.ndarray) -> KindSums:
    """Return counts, minutes and their squares of each kind, one row per row of drawn incidents."""
    draws = rows.shape[0]
    place = (np.arange(draws)[:, None] * groups + period.groups[rows]).ravel()

    def added(minutes: np.ndarray) -> np.ndarray:
        return np.bincount(place, minutes[rows].ravel(), draws * groups).reshape(draws, groups)

    pieces = np.column_stack([period.pieces, period.pieces.sum(axis=1)])
    counts = np.bincount(place, minlength=draws * groups).reshape(draws, groups).astype(float)
    minutes, squares = (np.stack([added(column) for column in of.T], axis=2) for of in (pieces, pieces**2))
    return KindSums(counts, minutes, squares)


def _moments(sums: KindSums) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the share of each kind, the mean of its minutes and their variance."""
    with np.errstate(invalid="ignore", divide="ignore"):
        count = sums.counts[:, :, None]
        mean = sums.minutes / count
        spread = np.nan_to_num(np.maximum(sums.squares / count - mean**2, 0.0))
    return sums.counts / sums.counts.sum(axis=1, keepdims=True), mean, spread


def _between(share: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Return the variance of a value of the kinds over incidents."""
    weight = share if value.ndim == 2 else share[:, :, None]
    middle = (weight * value).sum(axis=1, keepdims=True)
    return np.asarray((weight * (value - middle) ** 2).sum(axis=1))


def effects(before: KindSums, after: KindSums) -> dict[str, np.ndarray]:
    """Return the mix effect and the effect of each phase, per draw and kind."""
    shares, means = [], []
    for sums in (before, after):
        shares.append(sums.counts / sums.counts.sum(axis=1, keepdims=True))
        with np.errstate(invalid="ignore"):
            means.append(sums.minutes[:, :, :-1] / sums.counts[:, :, None])
    # A kind that one period lacks has no speed of its own there: all it does is change the mix.
    old = np.where(np.isnan(means[0]), means[1], means[0])
    new = np.where(np.isnan(means[1]), means[0], means[1])
    old, new = np.nan_to_num(old), np.nan_to_num(new)
    level = (old.sum(axis=2) + new.sum(axis=2)) / 2
    return {
        "mix": (shares[1] - shares[0]) * level,
        "within": ((shares[0] + shares[1]) / 2)[:, :, None] * (new - old),
        "means": np.stack([(s * m.sum(axis=2)).sum(axis=1) for s, m in zip(shares, (old, new), strict=True)]),
    }


@records_basis
def explain_change(
    before: pd.DataFrame,
    after: pd.DataFrame,
    measure: str = "recovery",
    *,
    by: str = "incident_type",
    level: float = 0.95,
    draws: int = 999,
    seed: int = 0,
) -> pd.DataFrame:
    """Return what moved the mean time: other kinds of incident, or each phase within the same kinds.

    Parameters
    ----------
    before, after : DataFrame
        Incidents, or phases as `phase_durations` gives them.
    measure : str
        A phase, a clock or another measure.
    by : str
        Column that says what kind an incident is; an empty cell is a kind of its own.
    level : float
        Level of the bands.
    draws : int
        Bootstrap samples of incidents within each period (fewer where the periods are large).
    seed : int
        Seed of these samples.

    Returns
    -------
    DataFrame
        One row per `part`: "mix" (other kinds of incident), one row per phase of the clock (speed within the same
        kinds), "not split" (speed where no stamp tells phases apart), and "total" last. Neighbouring phases that
        fewer than 20 incidents tell apart are one part, "diagnose + resolve"; where more do, the merged span of an
        incident that lacks the stamp is divided as spans of its length are, and `note` counts these. `minutes`
        (after less before, of the mean), `low, high`; `mean_before, mean_after` of the whole; `n_before, n_after`
        (ended), `open_before, open_after` (counted, not averaged), `measure, by, note`. The parts add up to the total.

    Raises
    ------
    QuestionError
        For a clock or a column that does not exist.
    SchemaError
        When a frame is no table of incidents.

    Notes
    -----
    Kitagawa's decomposition (1955), which is Shapley's for two factors: swapping the periods changes every sign. The
    part within kinds is split by phase, since the mean of a sum is the sum of the means. Bands are symmetric around
    each part: the bootstrap's quantile of |part - seen| / standard error, the latter by influence functions, times that
    of the periods (P. Hall, *On symmetric bootstrap confidence intervals*, J. R. Stat. Soc. B 50, 1988). Percentiles of
    such means fall short where minutes are skewed: `benchmarks/decomposition.md`.

    Examples
    --------
    >>> before = pd.DataFrame({"incident_type": ["a"] * 6 + ["b"] * 4, "recovery": [30.0] * 6 + [120.0] * 4})
    >>> after = pd.DataFrame({"incident_type": ["a"] * 8 + ["b"] * 2, "recovery": [35.0] * 8 + [130.0] * 2})
    >>> table = explain_change(before, after).set_index("part")
    >>> table["minutes"].round(6)[["mix", "not split", "total"]].tolist()
    [-18.5, 6.5, -12.0]
    """
    inner_share("level", level)
    first, second, groups, phases = read_periods(before, after, measure, by)
    n, m = len(first.groups), len(second.groups)
    names = (MIX, *phases, NOT_SPLIT, WHOLE)
    notes = [
        f"{p}: {incidents(e.unknown)} {'has' if e.unknown == 1 else 'have'} no known minutes"
        for p, e in _by_period(first, second)
        if e.unknown
    ]
    notes += [f"{p}: {incidents(e.open)} still open" for p, e in _by_period(first, second) if e.open]
    notes += [
        f"{p}: {incidents(e.divided)} with a merged span, divided as others divide theirs"
        for p, e in _by_period(first, second)
        if e.divided
    ]
    if min(n, m) == 0:
        values, bands, means = np.full(len(names), NAN), np.full((2, len(names)), NAN), (NAN, NAN)
        notes.append("not estimable: n = 0 in a period")
    else:
        point = _totals(first, second, len(groups), np.arange(n)[None, :], np.arange(m)[None, :])
        values, means = point[0][0], (float(point[2][0, 0]), float(point[2][1, 0]))
        bands = np.full((2, len(names)), NAN)
        if min(n, m) < minimum_count("explain").needs:
            notes.append("bands " + why_withheld("explain", min(n, m)))
        elif draws:
            bands = _bands(first, second, len(groups), level, min(draws, max(199, _CELLS // (n + m))), seed)
    return pd.DataFrame(
        {
            "part": names,
            "minutes": values,
            "low": bands[0],
            "high": bands[1],
            "mean_before": means[0],
            "mean_after": means[1],
            "n_before": n,
            "n_after": m,
            "open_before": first.open,
            "open_after": second.open,
            "measure": measure,
            "by": by,
            "note": "; ".join(notes),
        }
    )


# What an explained change says to somebody who reads no tables.


_PHASES = {
    "detect": "noticing",
    "diagnose": "finding the cause",
    "resolve": "fixing",
    "verify": "confirming the fix",
    "not split": "steps that the records do not tell apart",
}


def enough_to_explain(table: pd.DataFrame) -> bool:
    """Return whether both periods of `explain_change` hold incidents enough for their averages to be told."""
    return bool(table[["n_before", "n_after"]].to_numpy().min() >= minimum_count("explain").needs)


def change_explained(table: pd.DataFrame) -> str:
    """Return the table of `explain_change` in two sentences without a statistical term.

    Parameters
    ----------
    table : DataFrame
        As `explain_change` gives it.

    Examples
    --------
    >>> from mttrlab.analysis.decomposition import explain_change
    >>> before = pd.DataFrame({"incident_type": ["a"] * 6 + ["b"] * 4, "recovery": [30.0] * 6 + [120.0] * 4})
    >>> after = pd.DataFrame({"incident_type": ["a"] * 8 + ["b"] * 2, "recovery": [35.0] * 8 + [130.0] * 2})
    >>> change_explained(explain_change(before, after, draws=0))
    'The average went from 66 to 54 minutes (10 incidents before, 10 after). Of that, −18 come from other kinds of \
incident happening, and +6.5 from steps that the records do not tell apart.'
    """
    first = table.iloc[0]
    counts = f"({incidents(first['n_before'])} before, {first['n_after']:,} after)"
    minutes = dict(zip(table["part"], table["minutes"].astype(float), strict=True))
    if math.isnan(minutes["total"]):
        return f"There is nothing to explain: one of the periods holds no ended incident {counts}."
    if not enough_to_explain(table):
        return f"Too few to explain what moved the average {counts}."
    size, unit = _unit(max(first["mean_before"], first["mean_after"]))
    ends = f"{_figure(first['mean_before'] / size)} to {_figure(first['mean_after'] / size)}"
    text = f"The average went from {ends} {unit} {counts}."
    phases = [name for name in minutes if name not in ("mix", "total")]
    phases.sort(key=lambda name: -abs(minutes[name]))
    parts = [
        f"{_signed(minutes[name] / size)} from {_in_words(name)}" for name in phases if _shown(minutes[name] / size)
    ]
    if _shown(minutes["mix"] / size):
        parts.insert(0, f"{_signed(minutes['mix'] / size)} come from other kinds of incident happening")
    if not parts:
        return text
    listed = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])}, and {parts[-1]}"
    whole = table.iloc[-1]
    by_chance = " Luck alone could explain the whole of it." if whole["low"] <= 0 <= whole["high"] else ""
    return f"{text} Of that, {listed}.{by_chance}"


def _in_words(part: str) -> str:
    names = [_PHASES.get(name, name) for name in part.split(" + ")]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]} (not told apart)"


def _unit(minutes: float) -> tuple[float, str]:
    if minutes < 600:
        return 1.0, "minutes"
    return (60.0, "hours") if minutes < 5760 else (1440.0, "days")


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 20 else f"{value:.1f}".removesuffix(".0")


def _shown(value: float) -> bool:
    return abs(value) >= 0.05


def _signed(value: float) -> str:
    size = f"{abs(value):,.0f}" if abs(value) >= 9.95 else f"{abs(value):.1f}".removesuffix(".0")
    return f"{'+' if value > 0 else '−'}{size}"
