"""Pages that are no incident and meet none: a what-if need not run them again."""

from __future__ import annotations

import numpy as np

from mttrlab.response.luck import Ints
from mttrlab.response.model import ResponseModel
from mttrlab.response.outcomes import Outcomes
from mttrlab.response.parameters import parameters, pools

_MEET = ("calls", "ack_timeout", "delivery", "startup", "dusk", "dawn", "day", "pooled")
"""Parameters that a page that is no incident meets."""


def calm(before: Outcomes) -> Ints:
    """Return, per row of the records, the instant after the end of a noise page that nothing else overlapped; else 0.

    Such a page takes a person whom nobody wants and is in no table. Under other settings of the incidents it is the
    same again wherever it is alone again, which the engine sees when it begins.
    """
    x, ends, bounds = before.records.x, before.ends, before.records.bounds
    happens = x["happens"] == 1
    rows = np.flatnonzero(happens)
    over = np.where(ends["verified"] >= 0, ends["verified"], x["at"])[rows]
    begins = x["at"][rows]
    replication = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))[rows]
    # Each replication has a clock of its own: they are laid behind each other.
    apart = int(max(over.max(initial=0), begins.max(initial=0))) + 1
    begins, over = begins + replication * apart, over + replication * apart
    latest = np.concatenate([[-1], np.maximum.accumulate(over)[:-1]]) if len(over) else over
    following = np.append(begins[1:], np.iinfo(np.int64).max)
    alone = (x["noise"][rows] == 1) & (latest < begins) & (over < following)
    made = np.zeros(len(x), dtype=np.int64)
    made[rows[alone]] = ends["verified"][rows[alone]] + 1
    return made


def still(baseline: ResponseModel, changed: ResponseModel) -> bool:
    """Return whether a noise page that is alone lives as it did in the baseline."""
    one, other = (parameters(model) for model in (baseline, changed))
    same = all(getattr(one, name) == getattr(other, name) for name in _MEET)
    return (
        same
        and baseline.noise == changed.noise
        and baseline.noise_factor == changed.noise_factor
        and baseline.paging == changed.paging
        and baseline.types == changed.types
        and pools(baseline) == pools(changed)
    )
