"""The same incidents, handled in different ways, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pandas as pd

from mttrlab.decisions import baseline
from mttrlab.decisions import refits as refitting
from mttrlab.decisions.baseline import Paired, joined, shown_clock
from mttrlab.errors import ModelError
from mttrlab.response.calibration.priors import seen_words
from mttrlab.response.experiment import memory_limits as limits
from mttrlab.response.experiment import runs as model_runs
from mttrlab.response.experiment import simulate
from mttrlab.response.experiment.parallel import each, workers
from mttrlab.response.experiment.simulate import hours_since_monday, unfinished, utc
from mttrlab.response.experiment.utilization import refuse_unstable_queue
from mttrlab.response.model import validation
from mttrlab.response.model.incident_types import IncidentType
from mttrlab.response.model.response_model import UNCHECKED, ResponseModel
from mttrlab.response.model.settings import updated
from mttrlab.response.sampling import arrivals
from mttrlab.response.sampling.common_random_numbers import BLOCK
from mttrlab.response.scenarios.applicability import reason_without_effect
from mttrlab.response.scenarios.investment import Investment, PertEstimate
from mttrlab.response.scenarios.levers import LEVERS, InForce, automated, flagged
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
    measure: str | None = None,
    engine: str = "auto",
    progress: bool = False,
    half_width: float | None = None,
    refits: Sequence[ResponseModel] = (),
) -> pd.DataFrame:
    """Return what each scenario saves, every one of them met by the same incidents and random numbers.

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
    measure : str, optional
        One of `CLOCKS` that the model shows; default the widest that it shows ("recovery" where all is stamped).
    engine : str, default "auto"
        As for `simulate`; the numbers are the same.
    progress : bool, default False
        Show a bar.
    half_width : float, optional
        Stop as soon as every number (incidents, mean, median, P90, saving, minutes saved) is known to this share of
        itself (95 %), 0.05 for 5 %.
    refits : sequence of ResponseModel, optional
        As `mttrlab.refits(incidents)` gives them: what the fit does not know, shown apart from chance.

    Returns
    -------
    DataFrame
        First row Baseline. `incidents` per replication; `mean, median, p90` of the clock, minutes; `saving` minutes per
        baseline incident, paired (a prevented incident saves all its minutes); `minutes_saved_per_year`, and where the
        model knows users `user_minutes_saved_per_year`, each minute with the share of users hit. `_low` and
        `_high` of each hold 80 % of the replications, of which there are `replications`: chance only. `checked` is the
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
    measure = shown_clock(model, measure)
    names = ["Baseline", *(scenario.name for scenario in scenarios)]
    if len(set(names)) < len(names):
        raise ModelError(f"scenarios need names of their own; got {', '.join(names[1:])} (Baseline is taken)")
    if half_width is not None:
        validation.finite("half_width", half_width, 0.0, 1.0, open_low=True)
    validation.whole("replications", replications, 1, 10_000_000)
    changed = [scenario.apply(model) for scenario in scenarios]
    runs_on = model_runs.engine_name(engine, model, *changed)
    for each_model in (model, *changed):
        refuse_unstable_queue(each_model, days)
    fewest = replications if half_width is None else min(_FIRST, replications)
    most = limits.max_comparable(
        model, days, replications, len(changed), n_jobs=n_jobs, engine=runs_on, fewest=fewest,
        layers=arrivals.extra_layers(model, *changed),
    )  # fmt: skip
    for refitted in refits:
        limits.refuse_kept(refitted, days, max(min(most, _EACH), BLOCK), engine=runs_on)
    weekday = hours_since_monday(utc(model.start))
    work = partial(_span, model, changed, days, seed, weekday, measure, runs_on)
    parts: list[list[Paired]] = []
    done, reached, said = 0, np.inf, ""
    try:
        while done < most and not said:
            wanted = most if half_width is None else min(most, max(2 * done, _FIRST))
            pieces = model_runs.replication_spans(model, days, wanted - done, n_jobs, first=done)
            label = "what-if" if progress else ""
            made = each(
                work, pieces, n_jobs=n_jobs, threads=runs_on == "compiled", progress=label, split=model_runs.one_by_one
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
    table.insert(1, "measure", pd.Series([measure] * len(names), dtype="str"))
    if refits:
        each_refit = max(min(done, _EACH), BLOCK)
        unsure, answered = refitting.refit_bands(
            refits, scenarios, days=days, replications=each_refit, seed=seed, measure=measure, engine=engine
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
    return baseline.half_width(joined([part[scenario] for part in parts]), difference=scenario > 0)


def _span(
    model: ResponseModel,
    changed: list[ResponseModel],
    days: float,
    seed: int,
    weekday: float,
    measure: str,
    engine: str,
    span: model_runs.Span,
) -> list[Paired]:
    layers = arrivals.extra_layers(model, *changed)
    numbers = model_runs.numbers_between(model, span, days=days, seed=seed, weekday=weekday, layers=layers)
    place, wanted = numbers.replication - span[0], span[1] - span[0]
    made = before = model_runs.run_model(model, numbers, engine)
    then = before.minutes(measure)
    weights = simulate.user_weights(model, numbers, before.records.facts)
    columns = [baseline.paired(then, then, place, wanted, weights)]
    for other in changed:
        now = then
        if other != model:
            if engine == "compiled":
                # In the memory of the model before.
                made = model_runs.run_model(other, numbers, engine, made, over=True)
            else:
                made = model_runs.rerun(other, numbers, model, before, engine)
            now = made.minutes(measure)
        columns.append(baseline.paired(then, now, place, wanted, weights))
    return columns


def _row(parts: list[list[Paired]], days: float, scenario: int) -> tuple[dict[str, float], float]:
    """Return the numbers of one scenario, and the share of itself to which the least known of them is known."""
    whole = joined([part[scenario] for part in parts])
    return baseline.row(whole, days), baseline.half_width(whole, difference=scenario > 0)


# What a scenario changes, and what must be said beside its numbers.


def what(model: ResponseModel, scenario: Scenario) -> str:
    """Return the settings that a scenario changes, from and to."""
    ranges = scenario.ranges if isinstance(scenario, Investment) else {}
    parts = scenario.parts
    said = [_part(model, part, ranges) for part in parts]
    if scenario.ramp is not None:
        said = [words if part.ramp else f"{words}, from the first day" for words, part in zip(said, parts, strict=True)]
    return "; and ".join(said)


def _part(model: ResponseModel, scenario: Scenario, ranges: Mapping[str, PertEstimate]) -> str:
    said = []
    for lever, value in scenario.levers.items():
        now = LEVERS[lever].now(_seen(model, scenario))
        between = f" ({_shown(lever, (ranges[lever].low, ranges[lever].high))})" if lever in ranges else ""
        said.append(f"{LEVERS[lever].words}: {_shown(lever, now)} → {_shown(lever, value)}{between}")
    only = ", ".join((*scenario.incident_types, *scenario.services, *scenario.pools))
    words = ("; ".join(said) or "as it is") + (f" (of {only} alone)" if only else "")
    if scenario.ramp is None:
        return words
    ramp = scenario.ramp
    late = f" from month {ramp.delay:g} on" if ramp.delay else ""
    lost = f", {ramp.decay:.0%} of it lost in each month after" if ramp.decay else ""
    return f"{words}; reaching {ramp.adoption:.0%} of them within {ramp.months:g} months{late}{lost}"


def _seen(model: ResponseModel, scenario: Scenario) -> ResponseModel:
    """Return what the settings in force are read from: of the pools that a scenario names, these alone."""
    if not scenario.pools:
        return model
    return updated(model, pools=tuple(pool for pool in model.pools if pool.name in scenario.pools))


def _shown(lever: str, value: InForce) -> str:
    if value is None:
        return "no limit" if LEVERS[lever].unit == "minutes" else "none"
    if LEVERS[lever].unit == "0 or 1" and not isinstance(value, tuple):
        return "yes" if value else "no"
    unit = {"minutes": " min", "seconds": " s"}.get(LEVERS[lever].unit, "")
    if isinstance(value, tuple):
        if LEVERS[lever].unit == "share":
            return f"{value[0]:.0%} to {value[1]:.0%}"
        return f"{value[0]:g} to {value[1]:g}{unit}"
    return f"{value:.0%}" if LEVERS[lever].unit == "share" else f"{value:g}{unit}"


def note(model: ResponseModel, scenario: Scenario) -> str:
    """Return why a lever had no effect, and what was borrowed."""
    reasons = scenario.reasons(model)
    moved = {lever: value for part in scenario.parts for lever, value in part.levers.items()}
    said = [f"{lever}: {why}" if len(moved) > 1 else why for lever, why in reasons.items()]
    borrowed = {note.element for note in model.sources if note.source == "prior"}
    if moved.get("automation", 0) > 0:
        said.append(
            f"borrowed, not from the export: an attempt works {model.automation_success:.0%} of the time, "
            f"{model.automation_attempts} attempt{'s' if model.automation_attempts > 1 else ''} at most"
        )
    if "runbooks" in moved and any(kind.hypotheses is None for kind in model.types):
        said.append(
            f"borrowed, not from the export: a new runbook makes diagnosis {model.runbook_factor:.2g} times as long"
        )
    if "alert_latency" in moved and "alert coverage" in borrowed and not said:
        said.append(f"borrowed, not from the export: of the incidents that do not say who noticed, {seen_words()}")
    if "flagged" in moved and not any(p.name == "flag" for kind in model.types for p in kind.paths) and not said:
        said.append(f"borrowed, not from the export: a flag takes {model.flag.mean:g} minutes")
    return "; ".join(said)


# The what-ifs that a review shows without being asked: settings that this model can move.


ALERT_MINUTES = 2.0
VERIFY_MINUTES = 5.0
ROLLBACK_MINUTES = 5.0
CHANGES_STOPPED = 0.25
_OFTEN = 6.0
"""Times a year that a named type must come back to count as predictable."""


def default_levers(model: ResponseModel) -> list[Scenario]:
    """Return the scenarios of the monthly review that this model can move.

    Alerts within two minutes, remediation rules on half of the predictable incidents (those of named types that come
    back at least six times a year; a quarter of all where no type is named), flags on half the changes, rollback and
    verification within five minutes, one in four of the changes that would fail stopped before users meet it, one more
    responder where people wait, and one incident in ten prevented.

    Parameters
    ----------
    model : ResponseModel

    Returns
    -------
    list of Scenario
    """
    validation.a("model", ResponseModel, model)
    wanted = [Scenario("Alerts within 2 minutes", alert_latency=ALERT_MINUTES)]
    half = round(0.5 * _predictable(model), 3)
    if half > automated(model):
        wanted.append(Scenario(f"Remediation rules for {half:.0%} of incidents", automation=half))
    if flagged(model) < 0.5:
        wanted.append(Scenario("Flags on half the changes", flagged=0.5))
    if any(_slow(kind) for kind in model.types):
        wanted.append(Scenario("Rollback within 5 minutes", rollback_minutes=ROLLBACK_MINUTES))
    if any(kind.verify and float(kind.verify.quantile(0.9)) > VERIFY_MINUTES for kind in model.types):
        wanted.append(Scenario("Verified within 5 minutes", verification_window=VERIFY_MINUTES))
    wanted.append(Scenario("One failing change in four stopped", changes_prevented=CHANGES_STOPPED))
    if model.responders is not None:
        wanted.append(Scenario("One more responder", responders=model.responders + 1))
    wanted.append(Scenario("One incident in ten prevented", prevention=0.1))
    return [
        scenario
        for scenario in wanted
        if not any(reason_without_effect(model, lever, value) for lever, value in scenario.levers.items())
    ]


def _predictable(model: ResponseModel) -> float:
    named = [kind for kind in model.types if kind.name]
    if not named:
        return 0.5
    back = [kind.per_day for kind in named if kind.per_day * 365 >= _OFTEN]
    return sum(back) / model.per_day


def _slow(kind: IncidentType) -> bool:
    return any(path.name == "rollback" and float(path.law.quantile(0.9)) > ROLLBACK_MINUTES for path in kind.paths)
