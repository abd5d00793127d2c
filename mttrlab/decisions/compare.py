"""The same incidents, handled in different ways, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from mttrlab.errors import ModelError, QuestionError
from mttrlab.response import outcomes
from mttrlab.response.laws import Floats
from mttrlab.response.levers import LEVERS, Scenario, immovable
from mttrlab.response.luck import BLOCK, Ints
from mttrlab.response.model import ResponseModel
from mttrlab.response.simulate import hours_since_monday, utc
from mttrlab.schema import CLOCK_ENDS, CLOCKS, clock_name

UNCHECKED = "not yet checked against history; luck only"
"""What every what-if says until a check on months not seen exists."""

BAND = (0.1, 0.9)
"""80 % of the replications lie between."""


class _Column(NamedTuple):
    """One block's replications under one scenario."""

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
) -> pd.DataFrame:
    """Return what each scenario saves, every one of them met by the same incidents and the same luck.

    Parameters
    ----------
    model : ResponseModel
        The baseline.
    scenarios : sequence of Scenario
    days : float, default 365
    replications : int, default 200
    seed : int, default 0
    n_jobs : int, default 1
        Processes; the numbers are the same for any.
    clock : str, optional
        One of `CLOCKS` that the model shows; default the widest that it shows ("recovery" where all is stamped).
    engine : str, default "auto"
    progress : bool, default False
        Show a bar.

    Returns
    -------
    DataFrame
        First row Baseline. `incidents` per replication; `mean, median, p90` of the clock, minutes; `saving` minutes per
        baseline incident, paired (a prevented incident saves all its minutes); `minutes_saved_per_year`. `_low` and
        `_high` hold 80 % of the replications: luck only. `what` says which setting changed; `note` why one had no
        effect, or what was borrowed.

    Raises
    ------
    QuestionError
        When the model does not show the clock.
    ModelError
        When a scenario cannot be run, or two have one name.
    """
    outcomes.engine_name(engine)
    clock = _clock(model, clock)
    names = ["Baseline", *(scenario.name for scenario in scenarios)]
    if len(set(names)) < len(names):
        raise ModelError(f"scenarios need names of their own; got {', '.join(names[1:])} (Baseline is taken)")
    changed = [scenario.apply(model) for scenario in scenarios]
    for each in (model, *changed):
        outcomes.refuse_endless_queue(each)
    work = outcomes.blocks(replications)
    parts = _in_parallel(model, changed, days, work, seed, clock, n_jobs, progress)
    rows = [_row([part[s] for part in parts], days) for s in range(len(names))]
    table = pd.DataFrame(rows)
    table.insert(0, "scenario", pd.Series(names, dtype="str"))
    table.insert(1, "clock", pd.Series([clock] * len(names), dtype="str"))
    table["replications"] = replications
    table["seed"] = seed
    table["checked"] = pd.Series([UNCHECKED] * len(names), dtype="str")
    table["what"] = pd.Series(["as it is", *(_what(model, s) for s in scenarios)], dtype="str")
    table["note"] = pd.Series(["", *(_note(model, s) for s in scenarios)], dtype="str")
    return table


def _clock(model: ResponseModel, clock: str | None) -> str:
    carried = [name for name in CLOCKS if set(CLOCK_ENDS[name]) <= set(model.stamps)]
    if not carried:
        raise QuestionError(f"the model shows no whole clock; it holds {', '.join(model.stamps)}")
    if clock is None:
        return carried[0]
    if clock_name(clock) not in carried:
        raise QuestionError(f"the model cannot show {clock}; its export carries {', '.join(carried)}")
    return clock


def _in_parallel(
    model: ResponseModel,
    changed: list[ResponseModel],
    days: float,
    work: list[tuple[int, int]],
    seed: int,
    clock: str,
    n_jobs: int,
    progress: bool,
) -> list[list[_Column]]:
    calls: Iterable[tuple[int, int]] = work
    if progress:
        from tqdm import tqdm

        calls = tqdm(work, desc="what-if", unit="block")
    if n_jobs == 1:
        return [_block(model, changed, days, block, wanted, seed, clock) for block, wanted in calls]
    from joblib import Parallel, delayed

    run = delayed(_block)
    made: list[list[_Column]] = Parallel(n_jobs=n_jobs)(
        run(model, changed, days, block, wanted, seed, clock) for block, wanted in calls
    )
    return made


def _block(
    model: ResponseModel, changed: list[ResponseModel], days: float, block: int, wanted: int, seed: int, clock: str
) -> list[_Column]:
    weekday = hours_since_monday(utc(model.start))
    luck = outcomes.luck_of(model, days=days, block=block, wanted=wanted, seed=seed, weekday=weekday)
    before = outcomes.run(model, luck)
    place = luck.replication - block * BLOCK
    then = before.minutes(clock)
    columns = [_column(then, then, place, wanted)]
    for other in changed:
        same = other == model
        now = then if same else outcomes.rerun(other, luck, model, before).minutes(clock)
        columns.append(_column(then, now, place, wanted))
    return columns


def _column(then: Floats, now: Floats, place: Ints, wanted: int) -> _Column:
    happens = ~np.isnan(now)
    spent = np.where(happens, now, 0.0)
    n = np.bincount(place[happens], minlength=wanted).astype(np.float64)
    total = np.bincount(place, weights=spent, minlength=wanted).astype(np.float64)
    saved = np.bincount(place, weights=np.nan_to_num(then) - spent, minlength=wanted).astype(np.float64)
    mean = np.divide(total, n, out=np.full(wanted, np.nan), where=n > 0)
    arrived = np.bincount(place[~np.isnan(then)], minlength=wanted).astype(np.float64)
    return _Column(now[happens], n, mean, saved, arrived)


def _row(parts: list[_Column], days: float) -> dict[str, float]:
    minutes, happened, mean, saved, arrived = (
        np.concatenate([getattr(part, name) for part in parts]) for name in _Column._fields
    )
    year = 365.0 / days
    each = np.divide(saved, arrived, out=np.full(len(saved), np.nan), where=arrived > 0)
    low, high = _band(mean)
    saving_low, saving_high = _band(each)
    year_low, year_high = _band(saved * year)
    return {
        "incidents": float(happened.mean()),
        "mean": float(minutes.mean()) if len(minutes) else np.nan,
        "mean_low": low,
        "mean_high": high,
        "median": float(np.median(minutes)) if len(minutes) else np.nan,
        "p90": float(np.quantile(minutes, 0.9)) if len(minutes) else np.nan,
        "saving": float(saved.sum() / arrived.sum()) if arrived.sum() else np.nan,
        "saving_low": saving_low,
        "saving_high": saving_high,
        "minutes_saved_per_year": float(saved.mean() * year),
        "minutes_saved_low": year_low,
        "minutes_saved_high": year_high,
    }


def _band(values: Floats) -> tuple[float, float]:
    known = values[~np.isnan(values)]
    if not len(known):
        return np.nan, np.nan
    low, high = np.quantile(known, BAND)
    return float(low), float(high)


def _what(model: ResponseModel, scenario: Scenario) -> str:
    said = []
    for lever, value in scenario.levers.items():
        now = LEVERS[lever].now(model)
        said.append(f"{LEVERS[lever].words}: {_shown(lever, now)} → {_shown(lever, value)}")
    return "; ".join(said) or "as it is"


def _shown(lever: str, value: float | None) -> str:
    if value is None:
        return "no limit" if LEVERS[lever].unit == "minutes" else "none"
    return f"{value:.0%}" if LEVERS[lever].unit == "share" else f"{value:g}"


def _note(model: ResponseModel, scenario: Scenario) -> str:
    said = [reason for lever, value in scenario.levers.items() if (reason := immovable(model, lever, value))]
    if len(scenario.levers) > 1:
        said = [
            f"{lever}: {reason}"
            for lever, value in scenario.levers.items()
            if (reason := immovable(model, lever, value))
        ]
    borrowed = {note.element for note in model.sources if note.source == "prior"}
    if "automation" in scenario.levers and scenario.levers["automation"] > 0:
        said.append(
            f"borrowed, not from the export: an attempt works {model.automation_success:.0%} of the time, "
            f"{model.automation_attempts} attempts"
        )
    if "alert_latency" in scenario.levers and "alert coverage" in borrowed and not said:
        said.append("borrowed, not from the export: the share of incidents that alerts see")
    if (
        "flagged" in scenario.levers
        and not any(p.name == "flag" for kind in model.types for p in kind.paths)
        and not said
    ):
        said.append(f"borrowed, not from the export: a flag takes {model.flag.mean:g} minutes")
    return "; ".join(said)
