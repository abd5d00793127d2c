"""A baseline that is run once and kept, so that a scenario answers while a slider moves."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np

from mttrlab.decisions.clock import shown_clock
from mttrlab.decisions.paired import Paired, joined, paired, row
from mttrlab.response.experiment import memory_limits as limits
from mttrlab.response.experiment import runs as model_runs
from mttrlab.response.experiment import simulate
from mttrlab.response.experiment.parallel import workers
from mttrlab.response.experiment.runs import Outcomes, Span
from mttrlab.response.experiment.simulate import hours_since_monday, utc
from mttrlab.response.experiment.utilization import refuse_endless_queue
from mttrlab.response.model import validation
from mttrlab.response.model.arrays import Floats
from mttrlab.response.model.response_model import ResponseModel
from mttrlab.response.sampling import arrivals
from mttrlab.response.sampling.common_random_numbers import Luck
from mttrlab.response.scenarios.scenario import Scenario

Made = TypeVar("Made")


@dataclass(frozen=True, eq=False)
class Piece:
    """Some replications of a baseline."""

    span: Span
    luck: Luck
    before: Outcomes | None
    """None: only how long the incidents took is known."""
    then: Floats
    place: np.ndarray
    calm: np.ndarray | None
    """Noise that need not run again where it is alone."""
    noise: np.ndarray | None
    """Rows of `calm` that are noise."""
    scratch: list[Outcomes]
    """Memory of the last answer, for the next."""

    def weights(self, model: ResponseModel) -> Floats | None:
        """Return the share of users that each incident hits; None: nobody has said it."""
        return simulate.weights(model, self.luck, self.before.records.facts if self.before else {})


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
        changed = validation.a("scenario", Scenario, scenario).apply(self.model)
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

        pieces = self._with_layers(arrivals.layers(self.model, changed), changed)
        return self._each(answer, pieces)

    def _each(self, of: Callable[[Piece], Made], pieces: tuple[Piece, ...]) -> list[Made]:
        if self.n_jobs == 1 or len(pieces) == 1:
            return [of(piece) for piece in pieces]
        with ThreadPoolExecutor(self.n_jobs) as threads:
            return list(threads.map(of, pieces))

    def _beside(self, piece: Piece, now: Floats) -> Paired:
        return paired(piece.then, now, piece.place, piece.span[1] - piece.span[0], piece.weights(self.model))

    def _with_layers(self, layers: int, changed: ResponseModel) -> tuple[Piece, ...]:
        """Return the pieces, with so many layers of further incidents where the baseline has fewer."""
        pieces = self.pieces
        if layers > arrivals.layers(self.model):
            if not any(there >= layers for there in self.grown):
                replications = sum(high - low for (low, high) in (piece.span for piece in self.pieces))
                limits.refuse_kept(self.model, self.days, replications, engine=self.engine, layers=layers)
                # The largest answers for all that need fewer, and is kept alone.
                there = next(iter(self.grown.values()), self.pieces)
                for piece in next(iter(self.grown.values()), ()):
                    piece.scratch.clear()
                self.grown.clear()
                self.grown[layers] = tuple(self._each(lambda piece: _further(self, piece, layers, changed), there))
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
    validation.a("model", ResponseModel, model)
    engine = model_runs.engine_name(engine, model)
    clock = shown_clock(model, clock)
    days = validation.finite("days", days, open_low=True, high=1_000_000.0)
    refuse_endless_queue(model, days)
    validation.whole("replications", replications, 1, 10_000_000)
    limits.refuse_kept(model, days, replications, engine=engine, layers=arrivals.layers(model))
    spans = model_runs.spans(model, days, replications, n_jobs)
    pieces = tuple(_piece(model, span, days, seed, clock, engine) for span in spans)
    return Baseline(model, days, clock, engine, workers(n_jobs), pieces)


def _piece(model: ResponseModel, span: Span, days: float, seed: int, clock: str, engine: str) -> Piece:
    luck = model_runs.luck_between(model, span, days=days, seed=seed, weekday=hours_since_monday(utc(model.start)))
    return _ran(model, span, luck, clock, engine)


def _ran(model: ResponseModel, span: Span, luck: Luck, clock: str, engine: str) -> Piece:
    before = model_runs.run(model, luck, engine)
    calm = model_runs.calm(before) if model.noise and engine == "compiled" else None
    noise = None if calm is None else before.records.x["noise"] == 1
    return Piece(span, luck, before, before.minutes(clock), luck.replication - span[0], calm, noise, [])


def _further(baseline: Baseline, piece: Piece, layers: int, changed: ResponseModel) -> Piece:
    """Return a piece with more layers of further incidents, which take nobody's time under the baseline."""
    model, span = baseline.model, piece.span
    luck = model_runs.luck_between(
        model, span, days=baseline.days, seed=piece.luck.seed, weekday=hours_since_monday(utc(model.start)),
        layers=layers, base=piece.luck,
    )  # fmt: skip
    if baseline.engine != "compiled" or model_runs.engine_name("auto", changed) != "compiled":
        return _ran(model, span, luck, baseline.clock, baseline.engine)
    # The baseline's minutes are known, so it need not run again: the records are the scenario's from the first.
    made = model_runs.run(changed, luck, "compiled")
    simulate.weights(model, luck, made.records.facts)
    calm = noise = None
    if piece.calm is not None:
        noise = made.records.x["noise"] == 1
        calm = np.zeros(len(noise), dtype=np.int64)
        calm[noise] = piece.calm[piece.noise]
    then = arrivals.spread(luck, piece.luck, piece.then)
    return Piece(span, luck, None, then, luck.replication - span[0], calm, noise, [made])


def _copied(before: Outcomes) -> Outcomes:
    return replace(before, records=before.records.copy(), ends=before.ends.copy())


def _minutes(baseline: Baseline, changed: ResponseModel, piece: Piece) -> Floats:
    if changed == baseline.model:
        return piece.then
    if baseline.engine == "compiled" and model_runs.engine_name("auto", changed) == "compiled":
        last = piece.scratch.pop() if piece.scratch else piece.before and _copied(piece.before)
        calm = piece.calm if model_runs.still(baseline.model, changed) else None
        made = model_runs.run(changed, piece.luck, "compiled", last, over=last is not None, calm=calm)
        piece.scratch.append(made)
        return made.minutes(baseline.clock)
    if piece.before is None:
        return model_runs.run(changed, piece.luck).minutes(baseline.clock)
    return model_runs.rerun(changed, piece.luck, baseline.model, piece.before).minutes(baseline.clock)
