"""Phases that can be compared between two periods: told apart by a stamp, divided as others divide, or kept as one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mttrlab.analysis.splitting import Splitter

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
        splitter = Splitter(donors[np.lexsort(donors.T)])
        minutes[rows, a : b + 1] = merged[rows, None] * splitter.shares(merged[rows])
        divided |= rows
    rest = whole - np.nan_to_num(minutes).sum(axis=1)
    return Blocks(blocks, np.column_stack([np.nan_to_num(minutes), rest]), divided)


def _blocks(there: np.ndarray, kept_whole: np.ndarray) -> tuple[tuple[int, int], ...]:
    phases = there.shape[1]
    asked = there[~kept_whole]
    told = [int((asked[:, i] | asked[:, i + 1]).sum()) for i in range(phases - 1)]
    enough = [count >= min(DONORS, len(asked)) and count > 0 for count in told]
    if not any(enough) and not (phases == 1 or there.all()):
        return ()
    edges = [0, *(i + 1 for i, held in enumerate(enough) if held), phases]
    return tuple((edges[i], edges[i + 1] - 1) for i in range(len(edges) - 1))
