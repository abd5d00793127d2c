"""A baseline that is run once and kept, so that a scenario answers while a slider moves."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np

from mttrlab.decisions.clock import shown_clock
from mttrlab.decisions.paired import Paired, joined, paired, row
from mttrlab.response import alone, checks, growth, impact, kinds, memory, outcomes
from mttrlab.response.laws import Floats
from mttrlab.response.load import refuse_endless_queue
from mttrlab.response.luck import Luck
from mttrlab.response.model import ResponseModel
from mttrlab.response.outcomes import Outcomes, Span
from mttrlab.response.parallel import workers
from mttrlab.response.scenario import Scenario
from mttrlab.response.simulate import hours_since_monday, utc

Made = TypeVar("Made")


@dataclass(frozen=True, eq=False)
class Piece:
    """Some replications of a baseline."""

    span: Span
    luck: Luck
    before: Outcomes
    then: Floats
    place: np.ndarray
    calm: np.ndarray | None
    """Noise that need not run again where it is alone."""
    scratch: list[Outcomes]
    """Memory of the last answer, for the next."""

    def weights(self, model: ResponseModel) -> Floats | None:
        """Return the share of users that each incident hits; None: nobody has said it."""
        return impact.weights(model, self.luck, self.before.records.facts)


@dataclass(frozen=True, eq=False)
class Baseline:
    """A model's incidents, their luck and how they ended, all in memory (about 2 kB an incident)."""

    model: ResponseModel
    days: float
    clock: str
    engine: str
    """The engine that runs: simpy or compiled."""
    n_jobs: int
    """Threads."""
    pieces: tuple[Piece, ...]
    grown: dict[int, tuple[Piece, ...]] = field(default_factory=dict)
    """The same with further incidents, by how many layers of them: the most that a scenario needed so far."""

    def row(self) -> dict[str, float]:
        """Return the numbers of the baseline itself, as a row of `compare_scenarios`."""
        return row(joined(self.under(self.model, self._beside)), self.days)

    def against(self, scenario: Scenario) -> dict[str, float]:
        """Return the numbers of a scenario, as a row of `compare_scenarios`."""
        changed = kinds.a("scenario", Scenario, scenario).apply(self.model)
        return row(joined(self.under(changed, self._beside)), self.days)

    def under(self, changed: ResponseModel, of: Callable[[Piece, Floats], Made]) -> list[Made]:
        """Return what `of` makes of each piece and the minutes of its incidents under a changed model.

        Raises
        ------
        ModelError
            When people would have more work than hours, or memory will not hold further incidents.
        """
        refuse_endless_queue(changed, self.days)

        def answer(piece: Piece) -> Made:
            return of(piece, _minutes(self, changed, piece))

        pieces = self._with_layers(growth.layers(self.model, changed))
        if self.n_jobs == 1 or len(pieces) == 1:
            return [answer(piece) for piece in pieces]
        with ThreadPoolExecutor(self.n_jobs) as threads:
            return list(threads.map(answer, pieces))

    def _beside(self, piece: Piece, now: Floats) -> Paired:
        return paired(piece.then, now, piece.place, piece.span[1] - piece.span[0], piece.weights(self.model))

    def _with_layers(self, layers: int) -> tuple[Piece, ...]:
        """Return the pieces, with so many layers of further incidents where the baseline has fewer."""
        pieces = self.pieces
        if layers > growth.layers(self.model):
            if not any(there >= layers for there in self.grown):
                replications = sum(high - low for (low, high) in (piece.span for piece in self.pieces))
                memory.refuse_kept(self.model, self.days, replications, engine=self.engine, layers=layers)
                # The largest answers for all that need fewer, and is kept alone.
                self.grown.clear()
                spans = [(piece.span, piece.luck.seed) for piece in self.pieces]
                again = (
                    _piece(self.model, span, self.days, seed, self.clock, self.engine, layers) for span, seed in spans
                )
                self.grown[layers] = tuple(again)
            pieces = next(iter(self.grown.values()))
        return pieces


def keep_baseline(
    model: ResponseModel,
    *,
    days: float = 365,
    replications: int = 200,
    seed: int = 0,
    clock: str | None = None,
    engine: str = "auto",
    n_jobs: int = 1,
) -> Baseline:
    """Return the baseline, run and kept, to which scenarios can be compared at once.

    Parameters
    ----------
    model, days, replications, seed, clock, engine
        As for `compare_scenarios`, whose rows `Baseline.row()` and `Baseline.against(scenario)` give.
    n_jobs : int, default 1
        Threads that share each answer.

    Raises
    ------
    QuestionError
        When the model does not show the clock.
    ModelError
        When the model cannot be run, or memory will not hold its incidents.
    """
    kinds.a("model", ResponseModel, model)
    engine = outcomes.engine_name(engine, model)
    clock = shown_clock(model, clock)
    days = checks.finite("days", days, open_low=True, high=1_000_000.0)
    refuse_endless_queue(model, days)
    checks.whole("replications", replications, 1, 10_000_000)
    memory.refuse_kept(model, days, replications, engine=engine, layers=growth.layers(model))
    spans = outcomes.spans(model, days, replications, n_jobs)
    pieces = tuple(_piece(model, span, days, seed, clock, engine) for span in spans)
    return Baseline(model, days, clock, engine, workers(n_jobs), pieces)


def _piece(
    model: ResponseModel, span: Span, days: float, seed: int, clock: str, engine: str, layers: int | None = None
) -> Piece:
    weekday = hours_since_monday(utc(model.start))
    luck = outcomes.luck_between(model, span, days=days, seed=seed, weekday=weekday, layers=layers)
    before = outcomes.run(model, luck, engine)
    calm = alone.calm(before) if model.noise and engine == "compiled" else None
    return Piece(span, luck, before, before.minutes(clock), luck.replication - span[0], calm, [])


def _copied(before: Outcomes) -> Outcomes:
    return replace(before, records=before.records.copy(), ends=before.ends.copy())


def _minutes(baseline: Baseline, changed: ResponseModel, piece: Piece) -> Floats:
    if changed == baseline.model:
        return piece.then
    if baseline.engine == "compiled" and outcomes.engine_name("auto", changed) == "compiled":
        last = piece.scratch.pop() if piece.scratch else _copied(piece.before)
        calm = piece.calm if alone.still(baseline.model, changed) else None
        made = outcomes.run(changed, piece.luck, "compiled", last, over=True, calm=calm)
        piece.scratch.append(made)
        return made.minutes(baseline.clock)
    return outcomes.rerun(changed, piece.luck, baseline.model, piece.before).minutes(baseline.clock)
