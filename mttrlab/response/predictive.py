"""Predictions of months that a model has not seen: simulated spans, cut off where an export cut off the real ones."""

from __future__ import annotations

import numpy as np

from mttrlab.response import history
from mttrlab.response.history import History
from mttrlab.response.laws import Floats
from mttrlab.response.model import ResponseModel
from mttrlab.response.pooling import SHORTEST
from mttrlab.response.simulate import simulate

_POOL = 4000
"""Simulated incidents from which predictions are drawn."""
_DRAWS = 1999
"""Predictions; the smallest p-value that they can show is 0.001."""
_CELLS = 20_000_000


def spans(past: History, begin: str, end: str) -> tuple[Floats, np.ndarray]:
    """Return minutes from one stamp to another, and which of these spans have ended."""
    minutes = past.stamped[end] - past.stamped[begin]
    with np.errstate(invalid="ignore"):
        return minutes, ~past.pending[end] & (minutes >= 0)


def minutes_of(made: History, begin: str, end: str) -> Floats:
    """Return the minutes of the spans that have ended."""
    minutes, ended = spans(made, begin, end)
    return np.asarray(minutes[ended])


def simulated(model: ResponseModel, seed: int) -> History:
    """Return simulated incidents, enough of them, read as an export would be."""
    days = float(np.clip(_POOL / model.per_day, 30.0, 3650.0))
    replications = int(np.clip(np.ceil(_POOL / (model.per_day * days)), 1, 200))
    return history.read(simulate(model, days=days, replications=replications, seed=seed, engine="simpy"))


def doubt_of(model: ResponseModel, simulated: Floats) -> float:
    """Return the standard deviation of the log of what the fit may be wrong by."""
    fitted = [note.n for note in model.sources if note.element == "arrivals"]
    return float(np.std(logs(simulated))) / np.sqrt(fitted[0]) if fitted else 0.0


def logs(minutes: Floats) -> Floats:
    """Return logarithms; no time is shorter than a model's shortest."""
    return np.log(np.maximum(minutes, SHORTEST))


def draws(
    made: History,
    span: tuple[str, str],
    begin: str,
    n: int,
    limits: Floats,
    doubt: float,
    chance: np.random.Generator,
) -> Floats:
    """Return predictions, one a row: minutes of a span, NaN where it would not have ended before the export.

    Parameters
    ----------
    n : int
        Spans that have ended in the months not seen; a prediction has as many, give or take.
    limits : array
        Minutes for which incidents of these months were seen, from their stamp `begin` on.
    """
    minutes, ended = spans(made, *span)
    pool, late = minutes[ended], (made.stamped[span[1]] - made.stamped[begin])[ended]
    cut = bool(np.isfinite(limits).any())
    kept = float(np.mean(late[:, None] <= limits[None, :200])) if cut else 1.0
    wanted = max(round(n / max(kept, 0.01)), 1)
    shape = int(np.clip(_CELLS // wanted, 199, _DRAWS)), wanted
    factor = np.exp(doubt * chance.standard_normal((shape[0], 1)))
    which = chance.integers(0, len(pool), shape)
    drawn = pool[which] * factor
    if cut:
        drawn[late[which] * factor > limits[chance.integers(0, len(limits), shape)]] = np.nan
    return np.asarray(drawn)
