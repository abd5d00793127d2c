"""From a page sent to a page acknowledged: escalation levels and their timeouts."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

import numpy as np

from mttrlab.detection.delay import Delay
from mttrlab.errors import QuestionError


def acknowledgement(levels: Sequence[tuple[Delay, float]], repeats: float = 0) -> Delay:
    """Return the delay until somebody acknowledges, in the unit of the levels.

    Parameters
    ----------
    levels : sequence of (Delay, float)
        Per level, how long its person takes once called, and after how long the next level is called instead.
    repeats : float
        How often all levels are gone through again; `math.inf` for ever. Without it the last level is called for as
        long as it takes.

    Notes
    -----
    Whoever was called earlier no longer answers. With a memoryless person at each level and endless levels the mean
    is that person's mean, whatever the timeout.

    Examples
    --------
    >>> person = Delay.exponential(4)
    >>> round(acknowledgement([(person, 5.0)], repeats=float("inf")).mean, 9)
    4.0
    """
    if not levels:
        raise QuestionError("an escalation needs at least one level")
    for _, timeout in levels:
        if not 0 < timeout < inf:
            raise QuestionError(f"an acknowledgement timeout must be a finite number above 0; got {timeout!r}")
    starts, left = [0.0], [1.0]
    calls: list[Delay] = []
    rounds = 1 + repeats
    while left[-1] > 1e-15 and len(calls) < min(rounds * len(levels), 2000):
        person, timeout = levels[len(calls) % len(levels)]
        calls.append(person)
        starts.append(starts[-1] + timeout)
        left.append(left[-1] * float(person.survival(timeout)[0]))
    # The last person called is never relieved.
    endless = left[-1] <= 1e-15 or len(calls) < rounds * len(levels)
    last = starts[-1] if endless else starts[-2] + float(calls[-1].knots[-1])
    begin, before = np.array(starts[:-1]), np.array(left[:-1])

    def unanswered(at: np.ndarray) -> np.ndarray:
        level = np.clip(np.searchsorted(begin, at, side="right") - 1, 0, len(calls) - 1)
        answer = np.empty(len(at))
        for n in np.unique(level):
            chosen = level == n
            answer[chosen] = before[n] * calls[n].survival(at[chosen] - begin[n])
        return answer

    ends = [*starts[1:-1], last]
    bends = [
        start + knot for start, end, call in zip(starts, ends, calls, strict=False) for knot in call.knots
        if start + knot < end
    ]  # fmt: skip
    ever = 1.0 if endless else 1 - float(before[-1] * (1 - calls[-1].ever))
    return Delay.from_survival(unanswered, [*starts[:-1], *bends, last], max(c.nodes for c in calls), ever)
