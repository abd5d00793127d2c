"""A model against months that it has not seen: what it predicts, what happened, and whether the two go together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from html import escape
from itertools import pairwise

import numpy as np
import pandas as pd

from mttrlab.errors import ModelError
from mttrlab.response import checks, discrepancies, history, kinds, predictive
from mttrlab.response.history import History
from mttrlab.response.model import ResponseModel
from mttrlab.response.verdict import FAILED, PASSED, TOO_FEW, Verdict
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
    clock: str
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
    checks.whole("seed", seed, 0, 2**63)
    clock = _clock(kinds.a("model", ResponseModel, model))
    past = history.read(held_out)
    begin, end = CLOCK_ENDS[clock]
    minutes, ended = predictive.spans(past, begin, end)
    n = int(ended.sum())
    window = _window(past)
    if n < NEEDED:
        line = f"Too few to tell: {n} ended incident(s){window} that the fit has not seen; a check needs {NEEDED}"
        return _made(model, Verdict(TOO_FEW, line + "."), [], clock, seed)
    made = predictive.simulated(model, seed)
    chance = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(0xC8EC,))))
    limits = past.exported - past.stamped[begin]
    limits = np.where(np.isnan(limits) | (limits <= 0), np.inf, limits)[~np.isnan(past.stamped[begin])]
    rows: list[dict[str, object]] = []
    simulated = predictive.minutes_of(made, begin, end)
    doubt = predictive.doubt_of(model, simulated)
    low, high = np.nanquantile(simulated, (0.1, 0.9)).tolist()
    predicted = predictive.draws(made, (begin, end), begin, n, limits, doubt, chance)
    span = _words(begin, end)
    numbers = discrepancies.numbers(simulated, (low, high))
    rows += [discrepancies.compared(one, span, minutes[ended], predicted) for one in numbers]
    for first, last in pairwise(model.stamps):
        there, known = predictive.spans(past, first, last)
        pool = predictive.minutes_of(made, first, last)
        if (first, last) != (begin, end) and known.sum() >= NEEDED and len(pool):
            unsure = predictive.doubt_of(model, pool)
            own = predictive.draws(made, (first, last), begin, int(known.sum()), limits, unsure, chance)
            rows.append(discrepancies.compared(discrepancies.MEDIAN, _words(first, last), there[known], own))
    discrepancies.settle(rows)
    return _made(model, _said(rows, n, window, float(np.nanstd(predictive.logs(simulated))), doubt), rows, clock, seed)


def unseen(incidents: pd.DataFrame, fit: Callable[[pd.DataFrame], ResponseModel]) -> tuple[int, Verdict]:
    """Return how a model of the first three quarters of these incidents does on the rest, and how many that are."""
    past = history.read(incidents)
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


def _made(model: ResponseModel, verdict: Verdict, rows: list[dict[str, object]], clock: str, seed: int) -> Check:
    columns = ["number", "span", "n", "observed", "predicted", "low", "high", "p", "holds"]
    return Check(verdict, pd.DataFrame(rows, columns=columns), clock, replace(model, verdict=verdict), seed)


def _clock(model: ResponseModel) -> str:
    for clock, ends in CLOCK_ENDS.items():
        if set(ends) <= set(model.stamps):
            return clock
    raise ModelError(f"the model shows no whole clock to check; it holds {', '.join(model.stamps)}")


def _words(begin: str, end: str) -> str:
    return f"{begin.removesuffix('_at')} to {end.removesuffix('_at')}"


def _said(rows: list[dict[str, object]], n: int, window: str, spread: float, doubt: float) -> Verdict:
    wrong = [row for row in rows if not row["holds"]]
    least = float(np.exp(2.8 * np.sqrt(1.57 * spread**2 / n + doubt**2)))
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
