"""A model against months that it has not seen: what it predicts, what happened, and whether the two go together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd

from mttrlab.errors import ModelError
from mttrlab.response.calibration import history
from mttrlab.response.calibration.history import History
from mttrlab.response.calibration.pooling import SHORTEST
from mttrlab.response.experiment.simulate import simulate
from mttrlab.response.model import validation
from mttrlab.response.model.arrays import Floats
from mttrlab.response.model.response_model import FAILED, PASSED, TOO_FEW, ResponseModel, Verdict
from mttrlab.response.model.settings import updated
from mttrlab.schema import CLOCK_ENDS

NEEDED = 20
"""Ended incidents below which no check can tell."""

_HELD_OUT = 0.25
"""Share of the incidents, the last ones, that `fit` keeps for its check."""


@dataclass(frozen=True, eq=False)
class Check:
    """What the model predicted for incidents that it had not seen, and what they were."""

    verdict: Verdict
    """passed, failed, or too few to tell; with one plain line."""
    table: pd.DataFrame
    """One row per number: `number`, `span`, `n`, `observed`, `predicted`, its 95 % `low` and `high`, `p`, `holds`."""
    measure: str
    model: ResponseModel
    """The same model with the verdict, which then stands beside every result of it."""
    seed: int

    def __str__(self) -> str:
        return self.verdict.line

    def _repr_html_(self) -> str:
        numbers = self.table.to_html(index=False, float_format="{:.3g}".format)
        return f"<p>{escape(self.verdict.line)}</p>{numbers}"


def check_model(model: ResponseModel, held_out: pd.DataFrame, *, seed: int = 0) -> Check:
    """Return whether the model predicts incidents that it has not seen.

    Parameters
    ----------
    model : ResponseModel
        Fitted to other incidents, best to those of the months before.
    held_out : DataFrame
        Incidents as `lab.incidents()` gives them. Open ones count: predictions are cut off where they were.
    seed : int, default 0

    Returns
    -------
    Check
        `verdict` (passed, failed, too few to tell) with its line; `table` of what was predicted and observed on the
        model's widest clock: median, P90, share over an hour, largest, share within the 80 % band, distance between
        the distributions (Kolmogorov and Smirnov), and the median of each phase; `model` with the verdict.

    Raises
    ------
    ModelError
        When no held-out incident has a usable stamp.

    Notes
    -----
    Posterior predictive: each of 1,999 predictions draws as many incidents from the simulated ones, all times
    multiplied by one lognormal factor that stands for what the fit itself does not know (standard deviation of the
    logs over the root of the fitted number). A number fails where it lies outside its predictions, with Holm's
    correction at 5 % over all numbers, and further from their middle than matters (a tenth for times, five points for
    shares, a factor of two for the largest). Fewer than 20 ended incidents cannot tell.
    """
    validation.whole("seed", seed, 0, 2**63)
    measure = _clock(validation.a("model", ResponseModel, model))
    past = history.read_history(held_out)
    begin, end = CLOCK_ENDS[measure]
    minutes, ended = observed_minutes(past, begin, end)
    n = int(ended.sum())
    window = _window(past)
    if n < NEEDED:
        line = f"Too few to tell: {n} ended incident(s){window} that the fit has not seen; a check needs {NEEDED}"
        return _made(model, Verdict(TOO_FEW, line + "."), [], measure, seed)
    made = simulated_history(model, seed)
    chance = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(0xC8EC,))))
    limits = past.exported - past.stamped[begin]
    limits = np.where(np.isnan(limits) | (limits <= 0), np.inf, limits)[~np.isnan(past.stamped[begin])]
    rows: list[dict[str, object]] = []
    simulated = minutes_of(made, begin, end)
    estimation_sd = estimation_sd_of(model, simulated)
    low, high = np.nanquantile(simulated, (0.1, 0.9)).tolist()
    predicted = draws(made, (begin, end), begin, n, limits, estimation_sd, chance)
    span = _words(begin, end)
    numbers = discrepancies_of(simulated, (low, high))
    rows += [compare_discrepancy(one, span, minutes[ended], predicted) for one in numbers]
    for first, last in pairwise(model.stamps):
        there, known = observed_minutes(past, first, last)
        pool = minutes_of(made, first, last)
        if (first, last) != (begin, end) and known.sum() >= NEEDED and len(pool):
            unsure = estimation_sd_of(model, pool)
            own = draws(made, (first, last), begin, int(known.sum()), limits, unsure, chance)
            rows.append(compare_discrepancy(MEDIAN, _words(first, last), there[known], own))
    apply_holm(rows)
    return _made(
        model, _said(rows, n, window, float(np.nanstd(log_minutes(simulated))), estimation_sd), rows, measure, seed
    )


def check_on_held_out(incidents: pd.DataFrame, fit: Callable[[pd.DataFrame], ResponseModel]) -> tuple[int, Verdict]:
    """Return how a model of the first three quarters of these incidents does on the rest, and how many that are."""
    past = history.read_history(incidents)
    first = past.first_seen
    late = first > np.nanquantile(np.where(np.isfinite(first), first, np.nan), 1 - _HELD_OUT)
    n = int(late.sum())
    if (past.closed & late).sum() < NEEDED:
        line = (
            f"Too few to tell: of {len(past)} incidents too few have ended to keep {NEEDED} from the fit for a check."
        )
        return n, Verdict(TOO_FEW, line)
    try:
        early = fit(past.incidents[~late])
    except ModelError as refusal:
        return n, Verdict(TOO_FEW, f"Too few to tell: without the last incidents there is no model ({refusal}).")
    return n, check_model(early, past.incidents[late]).verdict


def _made(model: ResponseModel, verdict: Verdict, rows: list[dict[str, object]], measure: str, seed: int) -> Check:
    columns = ["number", "span", "n", "observed", "predicted", "low", "high", "p", "holds"]
    return Check(verdict, pd.DataFrame(rows, columns=columns), measure, updated(model, verdict=verdict), seed)


def _clock(model: ResponseModel) -> str:
    for measure, ends in CLOCK_ENDS.items():
        if set(ends) <= set(model.stamps):
            return measure
    raise ModelError(f"the model shows no whole clock to check; it holds {', '.join(model.stamps)}")


def _words(begin: str, end: str) -> str:
    return f"{begin.removesuffix('_at')} to {end.removesuffix('_at')}"


def _said(rows: list[dict[str, object]], n: int, window: str, spread: float, estimation_sd: float) -> Verdict:
    wrong = [row for row in rows if not row["holds"]]
    least = float(np.exp(2.8 * np.sqrt(1.57 * spread**2 / n + estimation_sd**2)))
    seen = f"{n} ended incidents{window} that the fit has not seen"
    if not wrong:
        first = rows[0]
        line = (
            f"Passed: on {seen}, all {len(rows)} numbers lie within what the model predicts (median "
            f"{first['observed']:.3g} minutes, predicted {first['low']:.3g} to {first['high']:.3g}); a median wrong by "
            f"a factor of {least:.2g} would have shown."
        )
        return Verdict(PASSED, line)
    told = [
        f"{row['number']} of {row['span']} was {row['observed']:.3g}, predicted {row['low']:.3g} to {row['high']:.3g}"
        for row in wrong[:2]
    ]
    more = f", and {len(wrong) - 2} more" if len(wrong) > 2 else ""
    line = f"Failed: on {seen}, {'; '.join(told)}{more}: take the what-ifs for directions, not for numbers."
    return Verdict(FAILED, line)


def _window(past: History) -> str:
    first = past.first_seen
    first = first[np.isfinite(first)]
    low, high = (past.origin + pd.Timedelta(minutes=float(edge)) for edge in (first.min(), first.max()))
    return (
        f" from {low:%Y-%m} to {high:%Y-%m}" if low.strftime("%Y-%m") != high.strftime("%Y-%m") else f" of {low:%Y-%m}"
    )


# Predictions of months that a model has not seen: simulated spans, cut off where an export cut off the real ones.


_POOL = 4000
"""Simulated incidents from which predictions are drawn."""
_DRAWS = 1999
"""Predictions; the smallest p-value that they can show is 0.001."""
_CELLS = 20_000_000


def observed_minutes(past: History, begin: str, end: str) -> tuple[Floats, np.ndarray]:
    """Return minutes from one stamp to another, and which of these spans have ended."""
    minutes = past.stamped[end] - past.stamped[begin]
    with np.errstate(invalid="ignore"):
        return minutes, ~past.pending[end] & (minutes >= 0)


def minutes_of(made: History, begin: str, end: str) -> Floats:
    """Return the minutes of the spans that have ended."""
    minutes, ended = observed_minutes(made, begin, end)
    return np.asarray(minutes[ended])


def simulated_history(model: ResponseModel, seed: int) -> History:
    """Return simulated incidents, enough of them, read as an export would be."""
    days = float(np.clip(_POOL / model.per_day, 30.0, 3650.0))
    replications = int(np.clip(np.ceil(_POOL / (model.per_day * days)), 1, 200))
    return history.read_history(simulate(model, days=days, replications=replications, seed=seed, engine="simpy"))


def estimation_sd_of(model: ResponseModel, simulated: Floats) -> float:
    """Return the standard deviation of the log of what the fit may be wrong by."""
    fitted = [note.n for note in model.sources if note.element == "arrivals"]
    return float(np.std(log_minutes(simulated))) / np.sqrt(fitted[0]) if fitted else 0.0


def log_minutes(minutes: Floats) -> Floats:
    """Return logarithms; no time is shorter than a model's shortest."""
    return np.log(np.maximum(minutes, SHORTEST))


def draws(
    made: History,
    span: tuple[str, str],
    begin: str,
    n: int,
    limits: Floats,
    estimation_sd: float,
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
    minutes, ended = observed_minutes(made, *span)
    pool, late = minutes[ended], (made.stamped[span[1]] - made.stamped[begin])[ended]
    cut = bool(np.isfinite(limits).any())
    kept = float(np.mean(late[:, None] <= limits[None, :200])) if cut else 1.0
    wanted = max(round(n / max(kept, 0.01)), 1)
    shape = int(np.clip(_CELLS // wanted, 199, _DRAWS)), wanted
    factor = np.exp(estimation_sd * chance.standard_normal((shape[0], 1)))
    which = chance.integers(0, len(pool), shape)
    drawn = pool[which] * factor
    if cut:
        drawn[late[which] * factor > limits[chance.integers(0, len(limits), shape)]] = np.nan
    return np.asarray(drawn)


# Numbers by which a prediction and what happened are held against each other, and which of them it contradicts.


_LEVEL = 0.05
_HOUR = 60.0


class Discrepancy(NamedTuple):
    """A number that is computed of what happened and of each prediction."""

    name: str
    of: Callable[[Floats], Floats]
    """From rows of minutes (NaN where not known) to one number each."""
    near: float
    """Difference from the prediction's middle that does not matter: a factor, or a share where `absolute`."""
    absolute: bool = False


MEDIAN = Discrepancy("median", lambda rows: np.asarray(np.nanmedian(rows, axis=-1)), 1.1)


def discrepancies_of(simulated: Floats, band: tuple[float, float]) -> list[Discrepancy]:
    """Return the numbers to compare.

    Parameters
    ----------
    simulated : array
        Minutes of the model, the distribution that the real one is held against.
    band : tuple of float
        Its 80 % band.
    """
    low, high = band
    edges = np.sort(simulated)

    def share(which: np.ndarray, rows: Floats) -> Floats:
        return np.asarray(which.sum(axis=-1) / np.maximum((~np.isnan(rows)).sum(axis=-1), 1))

    def distance(rows: Floats) -> Floats:
        ordered = np.sort(np.atleast_2d(rows), axis=-1)
        n = (~np.isnan(ordered)).sum(axis=-1, keepdims=True)
        place = np.arange(1, ordered.shape[-1] + 1)
        expected = np.searchsorted(edges, ordered, side="right") / len(edges)
        # An unknown time sorts last and stands for nothing.
        off = np.maximum(np.abs(place / np.maximum(n, 1) - expected), np.abs((place - 1) / np.maximum(n, 1) - expected))
        return np.asarray(np.where(place <= n, off, 0.0).max(axis=-1)).reshape(rows.shape[:-1])

    return [
        MEDIAN,
        Discrepancy("P90", lambda rows: np.asarray(np.nanquantile(rows, 0.9, axis=-1)), 1.1),
        Discrepancy("share over an hour", lambda rows: share(rows > _HOUR, rows), 0.05, True),
        Discrepancy("largest", lambda rows: np.asarray(np.nanmax(rows, axis=-1)), 2.0),
        Discrepancy("share within the 80 % band", lambda rows: share((rows >= low) & (rows <= high), rows), 0.05, True),
        Discrepancy("distance between distributions", distance, 0.05, True),
    ]


def compare_discrepancy(one: Discrepancy, span: str, real: Floats, predicted: Floats) -> dict[str, object]:
    """Return one number of what happened beside its predictions (rows of minutes), as a row of the check's table."""
    observed = float(one.of(real[None, :])[0])
    there = (~np.isnan(predicted)).any(axis=1)
    values = one.of(predicted[there])
    low, middle, high = np.quantile(values, (0.025, 0.5, 0.975)).tolist()
    above = (1 + float((values >= observed).sum())) / (1 + len(values))
    below = (1 + float((values <= observed).sum())) / (1 + len(values))
    # Distributions can only be too far apart, never too near.
    one_sided = one.name.startswith("distance")
    p = above if one_sided else min(1.0, 2 * min(above, below))
    near = abs(observed - middle) <= one.near if one.absolute else (
        middle / one.near <= observed <= middle * one.near)  # fmt: skip
    return {"number": one.name, "span": span, "n": int((~np.isnan(real)).sum()), "observed": observed,
            "predicted": middle, "low": low, "high": high, "p": p, "holds": bool(near)}  # fmt: skip


def apply_holm(rows: list[dict[str, object]]) -> None:
    """Let a number fail only where it lies outside its predictions, all numbers looked at together."""
    order = sorted(range(len(rows)), key=lambda k: float(str(rows[k]["p"])))
    outside = True
    for place, k in enumerate(order):
        outside = outside and float(str(rows[k]["p"])) * (len(rows) - place) < _LEVEL
        rows[k]["holds"] = bool(rows[k]["holds"]) or not outside
