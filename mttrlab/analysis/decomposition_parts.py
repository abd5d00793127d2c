"""The two effects behind a change of a mean: which kinds happened, and how long each kind took."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mttrlab.analysis.clocks import phases_of
from mttrlab.analysis.decomposition_blocks import blocks_of
from mttrlab.analysis.sample import with_clocks
from mttrlab.errors import QuestionError


@dataclass(frozen=True)
class Ended:
    """Ended incidents of one period: what kind each is, and where its minutes went."""

    kinds: np.ndarray
    """Number of the kind, common to both periods."""
    pieces: np.ndarray
    """Minutes per phase, one column each; the last holds what no phase shows."""
    open: int
    """Incidents still running: counted, not averaged."""
    unknown: int
    """Incidents whose minutes on this clock are not known."""
    divided: int = 0
    """Incidents whose merged span was divided as incidents like it divide theirs."""


def periods(
    before: pd.DataFrame, after: pd.DataFrame, clock: str, by: str
) -> tuple[Ended, Ended, list[str], tuple[str, ...]]:
    """Return the ended incidents of both periods, the names of the kinds, and the phases of the clock.

    Phases that too few incidents tell apart are one part, "diagnose + resolve"; where no stamp tells any two apart
    the phases are named and empty.

    Raises
    ------
    QuestionError
        For a clock or a column that does not exist.
    """
    frames = [with_clocks(frame, clock) for frame in (before, after)]
    for frame in frames:
        if by not in frame:
            raise QuestionError(f"by= names {by!r}, which is no column of this table")
    words = [f[by].astype("object").where(f[by].notna(), "not said").astype(str) for f in frames]
    kinds = sorted(set(words[0]) | set(words[1]))
    phases = phases_of(clock)
    read = [_read(frame, clock, phases) for frame in frames]
    whole, known, kept = (np.concatenate([found[i] for found in read]) for i in range(3))
    told = blocks_of(known, whole, kept)
    names = tuple(" + ".join(phases[first : last + 1]) for first, last in told.blocks) or phases
    pieces = told.minutes if told.blocks else np.column_stack([np.zeros((len(whole), len(phases))), told.minutes])
    n = len(read[0][0])
    codes = [pd.Categorical(w, kinds).codes.astype(int) for w in words]
    found = [
        _ordered(code[usable], pieces[rows], open_, unknown, int(told.divided[rows].sum()))
        for code, (_, _, _, usable, open_, unknown), rows in zip(codes, read, (slice(n), slice(n, None)), strict=True)
    ]
    return found[0], found[1], kinds, names


def _ordered(kinds: np.ndarray, pieces: np.ndarray, open_: int, unknown: int, divided: int) -> Ended:
    """Return a period whose incidents stand in an order of their own, so that draws do not depend on the loading."""
    order = np.lexsort((*pieces.T, kinds))
    return Ended(kinds[order], pieces[order], open_, unknown, divided)


def _read(
    frame: pd.DataFrame, clock: str, phases: tuple[str, ...]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, int, int]:
    """Return the ended incidents' minutes, their minutes per phase and whether a merged span lacks no stamp."""
    minutes = frame[clock].to_numpy(dtype=float, na_value=np.nan)
    flag = f"{clock}_observed"
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


def tables(period: Ended, kinds: int, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return counts, and sums of minutes per phase, of each kind: one row per row of drawn incidents."""
    draws = rows.shape[0]
    place = (np.arange(draws)[:, None] * kinds + period.kinds[rows]).ravel()
    counts = np.bincount(place, minlength=draws * kinds).reshape(draws, kinds)
    sums = [
        np.bincount(place, period.pieces[rows, i].ravel(), draws * kinds).reshape(draws, kinds)
        for i in range(period.pieces.shape[1])
    ]
    return counts.astype(float), np.stack(sums, axis=2)


def parts_of(before: tuple[np.ndarray, np.ndarray], after: tuple[np.ndarray, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the mix effect and the effect of each phase, per draw and kind."""
    shares, means = [], []
    for counts, sums in (before, after):
        shares.append(counts / counts.sum(axis=1, keepdims=True))
        with np.errstate(invalid="ignore"):
            means.append(sums / counts[:, :, None])
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
