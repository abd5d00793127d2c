"""A baseline that is run once and kept, so that a scenario answers while a slider moves."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeVar

import numpy as np
from scipy import special

from mttrlab.errors import QuestionError
from mttrlab.response.experiment import memory_limits as limits
from mttrlab.response.experiment import runs as model_runs
from mttrlab.response.experiment import simulate
from mttrlab.response.experiment.parallel import workers
from mttrlab.response.experiment.runs import Outcomes, Span
from mttrlab.response.experiment.simulate import hours_since_monday, utc
from mttrlab.response.experiment.utilization import refuse_unstable_queue
from mttrlab.response.model import validation
from mttrlab.response.model.arrays import Floats, Ints
from mttrlab.response.model.response_model import ResponseModel
from mttrlab.response.sampling import arrivals, random_streams
from mttrlab.response.sampling.common_random_numbers import RandomNumbers
from mttrlab.response.scenarios.scenario import Scenario
from mttrlab.schema import CLOCK_ENDS, CLOCKS, clock_name

Made = TypeVar("Made")


@dataclass(frozen=True, eq=False)
class Piece:
    """Some replications of a baseline."""

    span: Span
    numbers: RandomNumbers
    before: Outcomes | None
    """None: only how long the incidents took is known."""
    then: Floats
    place: np.ndarray
    skippable: np.ndarray | None
    """Noise that need not run again where it is alone."""
    noise: np.ndarray | None
    """Rows of `skippable` that are noise."""
    scratch: list[Outcomes]
    """Memory of the last answer, for the next."""

    def weights(self, model: ResponseModel) -> Floats | None:
        """Return the share of users that each incident hits; None: nobody has said it."""
        return simulate.user_weights(model, self.numbers, self.before.records.facts if self.before else {})


@dataclass(frozen=True, eq=False)
class Baseline:
    """A model's incidents, their random numbers and how they ended, all in memory (about 2 kB an incident)."""

    model: ResponseModel
    days: float
    measure: str
    engine: str
    """The engine that runs: simpy or compiled."""
    n_jobs: int
    """Threads."""
    pieces: tuple[Piece, ...]
    grown: dict[float, tuple[Piece, ...]] = field(default_factory=dict)
    """The same with further incidents, by how many times as many they are at most: the most that was needed so far."""

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
        refuse_unstable_queue(changed, self.days)

        def answer(piece: Piece) -> Made:
            return of(piece, _minutes(self, changed, piece))

        pieces = self._with_layers(arrivals.extra_layers(self.model, changed), changed)
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
        if layers > arrivals.extra_layers(self.model):
            # The next quarter above: a slider that moves on need not begin again each time.
            factor = math.floor(4 * arrivals.largest_factor(changed) + 1) / 4
            if not any(there >= factor for there in self.grown):
                replications = sum(high - low for (low, high) in (piece.span for piece in self.pieces))
                limits.refuse_kept(self.model, self.days, replications, engine=self.engine, layers=layers)
                # The largest answers for all that need fewer, and is kept alone.
                there = next(iter(self.grown.values()), self.pieces)
                for piece in next(iter(self.grown.values()), ()):
                    piece.scratch.clear()
                self.grown.clear()
                self.grown[factor] = tuple(
                    self._each(lambda piece: _further(self, piece, layers, factor, changed), there)
                )
            pieces = next(iter(self.grown.values()))
        return pieces


def keep_baseline(
    model: ResponseModel,
    *,
    days: float = 365,
    replications: int = 200,
    seed: int = 0,
    measure: str | None = None,
    engine: str = "auto",
    n_jobs: int = 1,
) -> Baseline:
    """Return the baseline, run and kept, to which scenarios can be compared at once.

    Parameters
    ----------
    model, days, replications, seed, measure, engine
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
    measure = shown_clock(model, measure)
    days = validation.finite("days", days, open_low=True, high=1_000_000.0)
    refuse_unstable_queue(model, days)
    validation.whole("replications", replications, 1, 10_000_000)
    limits.refuse_kept(model, days, replications, engine=engine, layers=arrivals.extra_layers(model))
    spans = model_runs.replication_spans(model, days, replications, n_jobs)
    pieces = tuple(_piece(model, span, days, seed, measure, engine) for span in spans)
    return Baseline(model, days, measure, engine, workers(n_jobs), pieces)


def _piece(model: ResponseModel, span: Span, days: float, seed: int, measure: str, engine: str) -> Piece:
    numbers = model_runs.numbers_between(
        model, span, days=days, seed=seed, weekday=hours_since_monday(utc(model.start))
    )
    return _ran(model, span, numbers, measure, engine)


def _ran(model: ResponseModel, span: Span, numbers: RandomNumbers, measure: str, engine: str) -> Piece:
    before = model_runs.run_model(model, numbers, engine)
    skippable = model_runs.isolated_noise(before) if model.noise and engine == "compiled" else None
    noise = None if skippable is None else before.records.x["noise"] == 1
    return Piece(span, numbers, before, before.minutes(measure), numbers.replication - span[0], skippable, noise, [])


def _further(baseline: Baseline, piece: Piece, layers: int, factor: float, changed: ResponseModel) -> Piece:
    """Return a piece with more layers of further incidents, which take nobody's time under the baseline.

    Of these layers, it holds what can happen where there are `factor` times as many incidents.
    """
    model, span = baseline.model, piece.span
    numbers = model_runs.numbers_between(
        model, span, days=baseline.days, seed=piece.numbers.seed, weekday=hours_since_monday(utc(model.start)),
        layers=layers, base=piece.numbers, factor=factor,
    )  # fmt: skip
    if baseline.engine != "compiled" or model_runs.engine_name("auto", changed) != "compiled":
        return _ran(model, span, numbers, baseline.measure, baseline.engine)
    # The baseline's minutes are known, so it need not run again: the records are the scenario's from the first.
    made = model_runs.run_model(changed, numbers, "compiled")
    simulate.user_weights(model, numbers, made.records.facts)
    skippable = noise = None
    if piece.skippable is not None:
        noise = made.records.x["noise"] == 1
        skippable = np.zeros(len(noise), dtype=np.int64)
        skippable[noise] = piece.skippable[piece.noise]
    then = arrivals.spread_over_layers(numbers, piece.numbers, piece.then, arrivals.extra_layers(model) + 1)
    return Piece(span, numbers, None, then, numbers.replication - span[0], skippable, noise, [made])


def _copied(before: Outcomes) -> Outcomes:
    return replace(before, records=before.records.copy(), ends=before.ends.copy())


def _minutes(baseline: Baseline, changed: ResponseModel, piece: Piece) -> Floats:
    if changed == baseline.model:
        return piece.then
    if baseline.engine == "compiled" and model_runs.engine_name("auto", changed) == "compiled":
        last = piece.scratch.pop() if piece.scratch else piece.before and _copied(piece.before)
        skippable = piece.skippable if model_runs.noise_unchanged(baseline.model, changed) else None
        made = model_runs.run_model(
            changed, piece.numbers, "compiled", last, over=last is not None, skippable=skippable
        )
        piece.scratch.append(made)
        return made.minutes(baseline.measure)
    if piece.before is None:
        return model_runs.run_model(changed, piece.numbers).minutes(baseline.measure)
    return model_runs.rerun(changed, piece.numbers, baseline.model, piece.before).minutes(baseline.measure)


# The same incidents handled in two ways: minutes, means per replication, and what was saved.


BAND = (0.1, 0.9)
"""80 % of the replications lie between."""

_SHARES = (0.5, 0.9)
"""Quantiles that are shown."""

_BATCHES = 20
"""Groups of replications whose quantiles say how sure the quantile of all is."""


class Paired(NamedTuple):
    """Some replications under one scenario, beside the baseline."""

    minutes: Floats
    """Of every incident that happened."""
    happened: Floats
    """Per replication."""
    mean: Floats
    """Per replication; NaN where nothing happened."""
    saved: Floats
    """Minutes, summed over the replication's incidents."""
    arrived: Floats
    """Incidents of the baseline, per replication."""
    quantiles: Floats
    """Median and P90 of each replication, one row each; NaN where nothing happened."""
    weighted: Floats
    """Minutes saved, each with the share of users hit; empty where nobody has said it."""


def paired(then: Floats, now: Floats, place: Ints, replications: int, weights: Floats | None = None) -> Paired:
    """Return what two ways to handle the same incidents gave.

    Parameters
    ----------
    then, now : array
        Minutes of each incident under the baseline and the scenario; NaN where it was prevented.
    place : array of int
        Replication of each incident, counted from 0.
    replications : int
    weights : array, optional
        Share of users that each incident hits.
    """
    n, total, saved, arrived = random_streams.sums(then, now, place, replications)
    minutes = now if n.sum() == len(now) else now[~np.isnan(now)]
    mean = np.divide(total, n, out=np.full(replications, np.nan), where=n > 0)
    weighted = np.empty(0) if weights is None else saved_by(then, now, place, replications, weights)
    return Paired(minutes, n, mean, saved, arrived, _quantiles(minutes, n.astype(np.int64)), weighted)


def saved_by(then: Floats, now: Floats, place: Ints, replications: int, weights: Floats | None = None) -> Floats:
    """Return the minutes saved in each replication, each with its weight; what was prevented saves all of its own."""
    if weights is None:
        return random_streams.sums(then, now, place, replications).saved
    before, after = (np.where(np.isnan(minutes), 0.0, minutes) for minutes in (then, now))
    minutes = (before - after) * weights
    return np.asarray(np.bincount(place, weights=minutes, minlength=replications), dtype=np.float64)


def joined(parts: Sequence[Paired]) -> Paired:
    """Return all replications together."""
    if len(parts) == 1:
        return parts[0]
    return Paired(*(np.concatenate([part[k] for part in parts]) for k in range(len(Paired._fields))))


def row(whole: Paired, days: float) -> dict[str, float]:
    """Return the numbers of one scenario, with bands that hold 80 % of the replications."""
    year = 365.0 / days
    low, high = _band(whole.mean)
    saving_low, saving_high = _band(_each(whole))
    year_low, year_high = _band(whole.saved * year)
    median, p90 = _shown(whole.minutes)
    (median_low, median_high), (p90_low, p90_high) = (_band(of_each) for of_each in whole.quantiles.T)
    fewer, more = _band(whole.happened)
    arrived = float(whole.arrived.sum())
    return {
        "incidents": float(whole.happened.mean()),
        "incidents_low": fewer,
        "incidents_high": more,
        "mean": _mean(whole.minutes),
        "mean_low": low,
        "mean_high": high,
        "median": median,
        "median_low": median_low,
        "median_high": median_high,
        "p90": p90,
        "p90_low": p90_low,
        "p90_high": p90_high,
        "saving": float(whole.saved.sum() / arrived) if arrived else np.nan,
        "saving_low": saving_low,
        "saving_high": saving_high,
        "minutes_saved_per_year": float(whole.saved.mean() * year),
        "minutes_saved_per_year_low": year_low,
        "minutes_saved_per_year_high": year_high,
        **(_weighted(whole.weighted * year) if len(whole.weighted) else {}),
    }


def _weighted(saved: Floats) -> dict[str, float]:
    low, high = _band(saved)
    return {
        "user_minutes_saved_per_year": float(saved.mean()),
        "user_minutes_saved_per_year_low": low,
        "user_minutes_saved_per_year_high": high,
    }


def half_width(whole: Paired, *, difference: bool, level: float = 0.95) -> float:
    """Return the widest relative half-width of a scenario's numbers.

    Parameters
    ----------
    difference : bool
        Whether the saving counts too (not for the baseline, which saves nothing).
    level : float

    Returns
    -------
    float
        Half of an interval over its number, for incidents, mean, median, P90, saving and minutes saved (weighted
        too); the largest. Infinite with fewer replications than batches.
    """
    if len(whole.happened) < _BATCHES or len(whole.minutes) < 10 * _BATCHES:
        return np.inf
    t = float(special.stdtrit(_BATCHES - 1, (1 + level) / 2))
    ends = np.cumsum(whole.happened).astype(np.int64)
    cuts = [ends[k[-1]] for k in np.array_split(np.arange(len(ends)), _BATCHES)][:-1]
    batches = [batch for batch in np.split(whole.minutes, cuts) if len(batch)]
    values = np.array([[batch.mean(), *_shown(batch)] for batch in batches])
    widths = [*_relative(values, t), *_relative(_batched(whole.happened, np.mean), t)]
    if difference and whole.saved.any():
        saved, arrived = (_batched(of, np.sum) for of in (whole.saved, whole.arrived))
        widths += [*_relative(saved / np.maximum(arrived, 1.0), t), *_relative(_batched(whole.saved, np.mean), t)]
        if len(whole.weighted):
            widths += [*_relative(_batched(whole.weighted, np.mean), t)]
    return float(max(widths))


def _mean(minutes: Floats) -> float:
    return float(minutes.mean()) if len(minutes) else np.nan


def _shown(minutes: Floats) -> list[float]:
    """Return the shown quantiles."""
    return [float(found) for found in np.quantile(minutes, _SHARES)] if len(minutes) else [np.nan] * len(_SHARES)


def _batched(values: Floats, of: Callable[[Floats], float | list[float]]) -> Floats:
    return np.array([[of(part)] for part in np.array_split(values, _BATCHES)])


def _quantiles(minutes: Floats, n: Ints) -> Floats:
    """Return the shown quantiles of replications that have `n` incidents each, one behind the other."""
    made = np.full((len(n), len(_SHARES)), np.nan)
    if not n.any():
        return made
    each = random_streams.in_order(minutes, n)
    some = np.flatnonzero(n)
    for k, share in enumerate(_SHARES):
        place = share * (n[some] - 1)
        below = place.astype(np.int64)
        low, high = each[some, below], each[some, np.minimum(below + 1, n[some] - 1)]
        made[some, k] = low + (high - low) * (place - below)
    return made


def _relative(values: Floats, t: float) -> Floats:
    middle = values.mean(axis=0)
    half = t * values.std(axis=0, ddof=1) / np.sqrt(len(values))
    return np.asarray(np.divide(half, np.abs(middle), out=np.full(len(middle), np.inf), where=middle != 0))


def _each(whole: Paired) -> Floats:
    return np.asarray(
        np.divide(whole.saved, whole.arrived, out=np.full(len(whole.saved), np.nan), where=whole.arrived > 0)
    )


def _band(values: Floats) -> tuple[float, float]:
    known = values[~np.isnan(values)]
    if not len(known):
        return np.nan, np.nan
    low, high = np.quantile(known, BAND)
    return float(low), float(high)


# The clock that a what-if speaks of.


def shown_clock(model: ResponseModel, measure: str | None) -> str:
    """Return the clock asked for, or the widest that the model shows; refuse one that it cannot show."""
    carried = [name for name in CLOCKS if set(CLOCK_ENDS[name]) <= set(model.stamps)]
    if not carried:
        raise QuestionError(f"the model shows no whole clock; it holds {', '.join(model.stamps)}")
    if measure is None:
        return carried[0]
    if clock_name(measure) not in carried:
        raise QuestionError(f"the model cannot show {measure}; its export carries {', '.join(carried)}")
    return measure
