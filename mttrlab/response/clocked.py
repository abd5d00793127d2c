"""Minutes on a clock and nothing else: incidents go through the compiled engine some replications at a time.

Records and ends of many incidents are written to the machine's memory and read back, which takes longer than the run.
Those of a few replications stay in the processor's cache, and the next ones are written over them.
"""

from __future__ import annotations

import numpy as np

from mttrlab.response import columns, compiled, writing
from mttrlab.response.fixes import path_names
from mttrlab.response.laws import Floats
from mttrlab.response.layout import STATE, lies
from mttrlab.response.load import refuse_endless_queue
from mttrlab.response.luck import MICROSECONDS_PER_DAY, Ints, Luck
from mttrlab.response.model import ResponseModel
from mttrlab.response.outcomes import Outcomes
from mttrlab.response.parameters import plans, pools
from mttrlab.response.realising import realise
from mttrlab.response.records import Records
from mttrlab.schema import CLOCK_ENDS

TOGETHER = 2_000
"""Records that go through the engine together, or one replication."""


def minutes(model: ResponseModel, luck: Luck, clock: str, like: Records | None = None) -> tuple[Floats, Records]:
    """Return what `outcomes.run(model, luck, "compiled").minutes(clock)` does, and the records.

    Parameters
    ----------
    like : Records, optional
        Of the same luck under another model; they are lost.
    """
    refuse_endless_queue(model, luck.horizon / MICROSECONDS_PER_DAY)
    compiled.load()
    records = realise(model, luck, like, over=like is not None)
    limits, people = plans(model, luck.week), pools(model)
    fast = compiled.columns()
    if fast is None:
        ends = compiled.run(records.x, limits, records.bounds, people)
        return Outcomes(records, ends, path_names(model), luck.horizon).minutes(clock), records
    first, last = (stamp.removesuffix("_at") for stamp in CLOCK_ENDS[clock])
    desk = compiled.prepared(records.dtype, limits, people, records.bounds)
    cuts = _cuts(desk.bounds)
    most = int(np.diff(desk.bounds[cuts]).max(initial=0))
    states, made = np.empty(most, dtype=STATE), np.empty(len(luck))
    # Records that are written already are taken from where they are.
    some = np.empty(most, dtype=records.dtype) if records.memory is None else records.x
    incidents = desk.bounds
    if not isinstance(records.place, slice):
        incidents = np.searchsorted(luck.replication, luck.first + np.arange(luck.replications + 1))
    fast.through(
        writing.in_words(some),
        writing.in_words(states),
        *writing.table(records.dtype, records.waiting.values()),
        cuts,
        desk.bounds,
        incidents,
        columns.own(records.place),
        compiled.entry(),
        *desk.addresses()[:2],
        lies(records.dtype, "happens")[0],
        -1 if first == "started" else lies(STATE, first)[0],
        lies(STATE, last)[0],
        luck.at,
        made,
    )
    return made, records


def _cuts(bounds: Ints) -> Ints:
    """Return replications with about `TOGETHER` records before the next one, and how many there are.

    Examples
    --------
    >>> _cuts(np.array([0, 1_400, 1_800, 2_200, 18_000])).tolist()
    [0, 3, 4]
    """
    edges = np.searchsorted(bounds, np.arange(0, bounds[-1], TOGETHER))
    return np.unique([0, *edges, len(bounds) - 1])
