"""Which phase holds the minutes: shares of the mean and of the worst tenth, among complete incidents."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mttrlab.analysis.doors import EVERYTHING, Door
from mttrlab.schema import PHASES

ENOUGH = (10, 5)
"""Complete incidents that suffice for shares, first wish and second; of fewer ended ones, half of them."""
NO_BASIS = "no two phases end in enough of the incidents"
"""Why there are no shares."""


def share_basis(door: Door) -> tuple[tuple[str, ...], int]:
    """Return the phases that shares are of, and how many incidents have all of them.

    Parameters
    ----------
    door : Door
        To phases.

    Notes
    -----
    The longest run of neighbouring phases that at least 10 incidents (or half of them) have whole; where there is
    none, 5. Of runs as long, the one that more incidents have. A single phase has no share: then nothing comes back.
    """
    patterns = door.ask("analysis/completeness")
    counts = patterns["incidents"].to_numpy(dtype=float)
    has = patterns[list(PHASES)].to_numpy(dtype=bool)
    ended = counts[has.any(axis=1)].sum()
    runs = [range(first, last) for first in range(len(PHASES)) for last in range(first + 2, len(PHASES) + 1)]
    complete = {run: counts[has[:, list(run)].all(axis=1)].sum() for run in runs}
    for enough in ENOUGH:
        held = [run for run in runs if complete[run] > 0 and complete[run] >= min(enough, ended / 2)]
        if held:
            chosen = max(held, key=lambda run: (len(run), complete[run]))
            return tuple(PHASES[i] for i in chosen), int(complete[chosen])
    return (), 0


def phase_shares(door: Door, names: list[str]) -> pd.DataFrame:
    """Return `share, share_of_tail, share_n, share_of` per group and phase.

    Parameters
    ----------
    door : Door
        To phases.
    names : list of str
        Group columns.
    """
    by = names or [EVERYTHING]
    basis, _ = share_basis(door)
    if not basis:
        return pd.DataFrame(columns=[*names, "phase", "share", "share_of_tail", "share_n", "share_of"])
    asked = {phase: phase in basis for phase in PHASES}
    wide = door.ask("analysis/shares", by=by, **asked)
    found = pd.concat([_of(wide, by, phase, phase in basis) for phase in PHASES], ignore_index=True)
    found = found.assign(share_of=" + ".join(basis))
    return found if names else found.drop(columns=EVERYTHING)


def _of(wide: pd.DataFrame, by: list[str], phase: str, asked: bool) -> pd.DataFrame:
    made = wide[by].assign(phase=phase, share=np.nan, share_of_tail=np.nan, share_n=wide["complete"])
    if asked:
        made["share"] = wide[phase].astype(float)
        made["share_of_tail"] = wide[f"{phase}_tail"].astype(float)
    return made
