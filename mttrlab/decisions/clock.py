"""The clock that a what-if speaks of."""

from __future__ import annotations

from mttrlab.errors import QuestionError
from mttrlab.response.model.response_model import ResponseModel
from mttrlab.schema import CLOCK_ENDS, CLOCKS, clock_name


def shown_clock(model: ResponseModel, clock: str | None) -> str:
    """Return the clock asked for, or the widest that the model shows; refuse one that it cannot show."""
    carried = [name for name in CLOCKS if set(CLOCK_ENDS[name]) <= set(model.stamps)]
    if not carried:
        raise QuestionError(f"the model shows no whole clock; it holds {', '.join(model.stamps)}")
    if clock is None:
        return carried[0]
    if clock_name(clock) not in carried:
        raise QuestionError(f"the model cannot show {clock}; its export carries {', '.join(carried)}")
    return clock
