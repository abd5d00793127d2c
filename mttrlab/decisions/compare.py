"""The same incidents, handled in different ways, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pandas as pd

from mttrlab.decisions import ignorance, paired
from mttrlab.decisions.clock import shown_clock
from mttrlab.decisions.paired import Paired, joined
from mttrlab.decisions.words import note, what
from mttrlab.errors import ModelError
from mttrlab.response.experiment import memory_limits as limits
from mttrlab.response.experiment import runs as model_runs
from mttrlab.response.experiment import simulate
from mttrlab.response.experiment.parallel import each, workers
from mttrlab.response.experiment.simulate import hours_since_monday, unfinished, utc
from mttrlab.response.experiment.utilization import refuse_endless_queue
from mttrlab.response.model import validation
from mttrlab.response.model.response_model import UNCHECKED, ResponseModel
from mttrlab.response.sampling import arrivals
from mttrlab.response.sampling.common_random_numbers import BLOCK
from mttrlab.response.scenarios.scenario import Scenario


def checked(model: ResponseModel, refitted: bool = False) -> str:
    """Return the line that stands above every what-if: the verdict on months not seen, and which doubt is shown."""
    said = UNCHECKED if model.verdict is None else model.verdict.line.removesuffix(".")
    return f"{said}; luck, and what the fit does not know apart" if refitted else f"{said}; luck only"


_EACH = 200
"""Replications of each refit: enough for what it expects."""

_FIRST = 4 * BLOCK
"""Replications before the first look at half-widths."""


def compare_scenarios(
    model: ResponseModel,
    scenarios: Sequence[Scenario],
    *,
    days: float = 365,
    replications: int = 200,
    seed: int = 0,
    n_jobs: int = 1,
    clock: str | None = None,
    engine: str = "auto",
    progress: bool = False,
    half_width: float | None = None,
    refits: Sequence[ResponseModel] = (),
) -> pd.DataFrame:
    """Return what each scenario saves, every one of them met by the same incidents and the same luck.

    Parameters
    ----------
    model : ResponseModel
        The baseline.
    scenarios : sequence of Scenario
    days : float, default 365
    replications : int, default 200
        With `half_width` the most that may be run.
    seed : int, default 0
    n_jobs : int, default 1
        Workers (threads for the compiled engine, processes for SimPy); the numbers are the same for any.
    clock : str, optional
        One of `CLOCKS` that the model shows; default the widest that it shows ("recovery" where all is stamped).
    engine : str, default "auto"
        As for `simulate`; the numbers are the same.
    progress : bool, default False
        Show a bar.
    half_width : float, optional
        Stop as soon as every number (incidents, mean, median, P90, saving, minutes saved) is known to this share of
        itself (95 %), 0.05 for 5 %.
    refits : sequence of ResponseModel, optional
        As `mttrlab.refits(incidents)` gives them: what the fit does not know, shown apart from luck.

    Returns
    -------
    DataFrame
        First row Baseline. `incidents` per replication; `mean, median, p90` of the clock, minutes; `saving` minutes per
        baseline incident, paired (a prevented incident saves all its minutes); `minutes_saved_per_year`, and where the
        model knows users `user_minutes_saved_per_year`, each minute with the share of users hit. `_low` and
        `_high` of each hold 80 % of the replications, of which there are `replications`: luck only. `checked` is the
        verdict on months that the fit had not seen. With `refits`, `mean_refit_low, mean_refit_high, saving_refit_low,
        saving_refit_high` hold 80 % of what the refitted models expect: ignorance, which more replications do not
        shrink; `refits` counts those that answer. `what` says which setting changed; `note` why one had no effect, or
        what was borrowed. `attrs`: `days`; `engine` that ran and `engine_why`; `half_width`, the share of itself to
        which the least known number is known (95 %; infinite below 20 replications); `unfinished` in words where
        Ctrl-C, a dead process or memory left replications out: `replications` counts those in the table.

    Raises
    ------
    QuestionError
        When the model does not show the clock.
    ModelError
        When a scenario cannot be run, two have one name, or memory will not hold what is asked for.
    """
    validation.a("model", ResponseModel, model)
    scenarios = validation.several("scenarios", Scenario, scenarios)
    refits = validation.several("refits", ResponseModel, refits)
    validation.finite("days", days, open_low=True, high=1_000_000.0)
    validation.whole("seed", seed, 0, 2**63)
    validation.flag("progress", progress)
    clock = shown_clock(model, clock)
    names = ["Baseline", *(scenario.name for scenario in scenarios)]
    if len(set(names)) < len(names):
        raise ModelError(f"scenarios need names of their own; got {', '.join(names[1:])} (Baseline is taken)")
    if half_width is not None:
        validation.finite("half_width", half_width, 0.0, 1.0, open_low=True)
    validation.whole("replications", replications, 1, 10_000_000)
    changed = [scenario.apply(model) for scenario in scenarios]
    runs_on = model_runs.engine_name(engine, model, *changed)
    for each_model in (model, *changed):
        refuse_endless_queue(each_model, days)
    fewest = replications if half_width is None else min(_FIRST, replications)
    most = limits.comparable(
        model, days, replications, len(changed), n_jobs=n_jobs, engine=runs_on, fewest=fewest,
        layers=arrivals.layers(model, *changed),
    )  # fmt: skip
    for refitted in refits:
        limits.refuse_kept(refitted, days, max(min(most, _EACH), BLOCK), engine=runs_on)
    weekday = hours_since_monday(utc(model.start))
    work = partial(_span, model, changed, days, seed, weekday, clock, runs_on)
    parts: list[list[Paired]] = []
    done, reached, said = 0, np.inf, ""
    try:
        while done < most and not said:
            wanted = most if half_width is None else min(most, max(2 * done, _FIRST))
            pieces = model_runs.spans(model, days, wanted - done, n_jobs, first=done)
            label = "what-if" if progress else ""
            made = each(
                work, pieces, n_jobs=n_jobs, threads=runs_on == "compiled", progress=label, split=model_runs.singles
            )
            parts += made.results
            done = _replications(parts)
            if made.interrupted or made.lost:
                said = unfinished(made, wanted, done)
            if half_width is not None and parts:
                reached = max(_half_width(parts, s) for s in range(len(names)))
                if reached <= half_width:
                    break
    except KeyboardInterrupt:
        # Between two rounds of replications: those that are there count.
        done, said = _replications(parts), f"{_replications(parts)} of {replications} replications: it was stopped"
    if not said and reached > (half_width or np.inf) and done == most < replications:
        said = f"{done} of {replications} replications: memory holds no more"
    if not parts:
        raise ModelError("nothing was finished before it was stopped")
    together = partial(_row, parts, days)
    with ThreadPoolExecutor(workers(n_jobs)) as threads:
        rows = list(threads.map(together, range(len(names))))
    table = pd.DataFrame([row for row, _ in rows])
    table.insert(0, "scenario", pd.Series(names, dtype="str"))
    table.insert(1, "clock", pd.Series([clock] * len(names), dtype="str"))
    if refits:
        each_refit = max(min(done, _EACH), BLOCK)
        unsure, answered = ignorance.bands(
            refits, scenarios, days=days, replications=each_refit, seed=seed, clock=clock, engine=engine
        )
        table = pd.concat([table, unsure], axis=1)
        if answered < len(refits):
            said = "; ".join(filter(None, [said, f"{answered} of {len(refits)} refits: it was stopped"]))
    table["replications"] = done
    table["seed"] = seed
    table["checked"] = pd.Series([checked(model, bool(refits))] * len(names), dtype="str")
    table["what"] = pd.Series(["as it is", *(what(model, s) for s in scenarios)], dtype="str")
    table["note"] = pd.Series(["", *(note(model, s) for s in scenarios)], dtype="str")
    table.attrs["days"] = days
    table.attrs["engine"] = runs_on
    table.attrs["engine_why"] = model_runs.engine_why(engine, runs_on, model, *changed)
    table.attrs["half_width"] = max(known for _, known in rows)
    if said:
        table.attrs["unfinished"] = said
    return table


def _replications(parts: list[list[Paired]]) -> int:
    return sum(len(part[0].happened) for part in parts)


def _half_width(parts: list[list[Paired]], scenario: int) -> float:
    return paired.half_width(joined([part[scenario] for part in parts]), difference=scenario > 0)


def _span(
    model: ResponseModel,
    changed: list[ResponseModel],
    days: float,
    seed: int,
    weekday: float,
    clock: str,
    engine: str,
    span: model_runs.Span,
) -> list[Paired]:
    layers = arrivals.layers(model, *changed)
    luck = model_runs.luck_between(model, span, days=days, seed=seed, weekday=weekday, layers=layers)
    place, wanted = luck.replication - span[0], span[1] - span[0]
    if engine == "compiled":
        then, records = model_runs.minutes(model, luck, clock)
    else:
        before = model_runs.run(model, luck, engine)
        then, records = before.minutes(clock), before.records
    weights = simulate.weights(model, luck, records.facts)
    columns = [paired.paired(then, then, place, wanted, weights)]
    for other in changed:
        now = then
        if other != model and engine == "compiled":
            now, records = model_runs.minutes(other, luck, clock, records)
        elif other != model:
            now = model_runs.rerun(other, luck, model, before, engine).minutes(clock)
        columns.append(paired.paired(then, now, place, wanted, weights))
    return columns


def _row(parts: list[list[Paired]], days: float, scenario: int) -> tuple[dict[str, float], float]:
    """Return the numbers of one scenario, and the share of itself to which the least known of them is known."""
    whole = joined([part[scenario] for part in parts])
    return paired.row(whole, days), paired.half_width(whole, difference=scenario > 0)
