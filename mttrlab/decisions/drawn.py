"""Minutes that investments save in each of the ways in which what is not known may turn out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mttrlab.analysis.power import incidents_needed
from mttrlab.decisions.kept import Baseline, Piece, keep_baseline
from mttrlab.decisions.paired import saved_by
from mttrlab.errors import ModelError, QuestionError
from mttrlab.response.model.arrays import Floats
from mttrlab.response.model.response_model import MONTH_DAYS, ResponseModel
from mttrlab.response.sampling.common_random_numbers import MICROSECONDS_PER_DAY
from mttrlab.response.scenarios.investment import Investment

_LEAST_REDUCTION = 1e-3
"""Reductions below show to nobody."""


@dataclass
class Draws:
    """What became of some draws."""

    numbers: list[int]
    """Of the draws, in their order."""
    saved: Floats
    """Minutes, by draw, investment and replication."""
    stopped: bool
    """Whether Ctrl-C left draws out."""
    refused: tuple[str, ...]
    """Why models could not answer; their draws are left out."""


def drawn(
    models: Sequence[ResponseModel],
    investments: Sequence[Investment],
    *,
    draws: int,
    seed: int,
    progress: bool,
    **run: Any,
) -> Draws:
    """Return what each investment saves in each draw and replication.

    Parameters
    ----------
    models : sequence of ResponseModel
        The draws take turns with them.
    run
        As for `keep_baseline`: every draw meets the same luck.
    """
    from tqdm import tqdm

    rows: dict[int, list[Floats]] = {}
    refused: list[str] = []
    stopped = False
    with tqdm(total=draws * len(investments), desc="draws", disable=not progress) as shown:
        try:
            for turn, model in enumerate(models[:draws]):
                numbers = range(turn, draws, len(models))
                try:
                    baseline = keep_baseline(model, seed=seed, **run)
                    for number, row in zip(numbers, _of_one(baseline, investments, numbers, seed), strict=True):
                        rows[number] = row
                        shown.update(len(investments))
                except (ModelError, QuestionError) as refusal:
                    if len(models) == 1:
                        raise
                    # A refit may lack what an investment changes, or have people who never get through their work.
                    refused.append(str(refusal))
                    rows = {number: row for number, row in rows.items() if number not in numbers}
        except KeyboardInterrupt:
            stopped = True
    if not rows:
        raise ModelError(refused[-1] if refused else "no draw was finished before it was stopped")
    order = sorted(rows)
    return Draws(order, np.array([rows[number] for number in order]), stopped, tuple(refused))


def _of_one(
    baseline: Baseline, investments: Sequence[Investment], numbers: Iterable[int], seed: int
) -> Iterator[list[Floats]]:
    """Yield what each investment saves in each replication, draw after draw."""
    # An investment whose effect is known saves the same in every draw.
    known: dict[tuple[Any, ...], Floats] = {}
    for number in numbers:
        row = []
        for investment in investments:
            one = investment.drawn(seed, number)
            settings = investment.name, tuple(one.levers.values()), tuple(one.side_effects.values())
            if settings not in known:
                known = {key: value for key, value in known.items() if key[0] != investment.name}
                known[settings] = saving(baseline, one)
            row.append(known[settings])
        yield row


def saving(baseline: Baseline, investment: Investment) -> Floats:
    """Return the minutes that an investment saves in each replication, each weighted by the share of users hit.

    Where nobody has said how many users an incident hits, every minute counts whole.

    Raises
    ------
    ModelError
        When people would have more work than hours with it; the sentence names the investment.
    """
    try:
        return np.concatenate(baseline.under(investment.apply(baseline.model), lambda *at: _saved(baseline.model, *at)))
    except ModelError as refusal:
        raise ModelError(f"investment {investment.name!r}: {refusal}") from None


def _saved(model: ResponseModel, piece: Piece, now: Floats) -> Floats:
    wanted = piece.span[1] - piece.span[0]
    return saved_by(piece.then, now, piece.place, wanted, piece.weights(model))


def visible(baseline: Baseline, investment: Investment) -> int | None:
    """Return the first month at whose end the typical time would show the change; None: none within the horizon.

    Notes
    -----
    After m months as many incidents are behind as before are compared with; by then the change has reached what its
    ramp says. The first m at which `incidents_needed` are there for the reduction of the typical time so far (80 %
    power, 95 % interval).
    """
    months = int(baseline.days / MONTH_DAYS)
    parts = baseline.under(investment.apply(baseline.model), lambda piece, now: _by_month(piece, now, months))
    n, log_ratio, log, square = np.cumsum(np.sum(parts, axis=0), axis=1)
    replications = sum(piece.span[1] - piece.span[0] for piece in baseline.pieces)
    for month in range(months):
        if n[month] < 2:
            continue
        sigma = np.sqrt(max(square[month] / n[month] - (log[month] / n[month]) ** 2, 0.0))
        reduction = -np.expm1(log_ratio[month] / n[month])
        if not sigma or reduction < _LEAST_REDUCTION:
            continue
        if n[month] / replications >= incidents_needed(min(reduction, 0.999), float(sigma)):
            return month + 1
    return None


def _by_month(piece: Piece, now: Floats, months: int) -> Floats:
    """Return incidents, sums of log ratios, of log minutes and of their squares, by month of the start."""
    there = (piece.then > 0) & (now > 0)
    month = (piece.luck.at[there] / (MICROSECONDS_PER_DAY * MONTH_DAYS)).astype(np.int64)
    before = np.log(piece.then[there])
    values = (np.ones(len(before)), np.log(now[there]) - before, before, before**2)
    made = [np.bincount(month, weights=one, minlength=months + 1)[:months] for one in values]
    return np.asarray(made, dtype=np.float64)
