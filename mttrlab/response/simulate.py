"""Incidents that the model would make."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, overload

import numpy as np
import pandas as pd

from mttrlab.errors import ModelError
from mttrlab.response import checks, growth, kinds, large, outcomes, table
from mttrlab.response.elements import Recording
from mttrlab.response.load import refuse_endless_queue
from mttrlab.response.model import ResponseModel
from mttrlab.response.parallel import Finished, each
from mttrlab.response.places import place_of
from mttrlab.response.scenario import Scenario

if TYPE_CHECKING:
    import os

    from mttrlab.lab import Lab
    from mttrlab.response.large import LargeRun


@overload
def simulate(
    model: ResponseModel,
    *,
    days: float = ...,
    replications: int = ...,
    seed: int = ...,
    engine: str = ...,
    n_jobs: int = ...,
    scenario: Scenario | None = ...,
    start: str | pd.Timestamp | None = ...,
    recording: Recording | None = ...,
) -> pd.DataFrame: ...


@overload
def simulate(
    model: ResponseModel,
    *,
    to: str | os.PathLike[str] | Lab,
    days: float = ...,
    replications: int = ...,
    seed: int = ...,
    engine: str = ...,
    n_jobs: int = ...,
    scenario: Scenario | None = ...,
    start: str | pd.Timestamp | None = ...,
    recording: Recording | None = ...,
    progress: bool = ...,
) -> LargeRun: ...


def simulate(
    model: ResponseModel,
    *,
    days: float = 365,
    replications: int = 1,
    seed: int = 0,
    engine: str = "auto",
    n_jobs: int = 1,
    scenario: Scenario | None = None,
    start: str | pd.Timestamp | None = None,
    recording: Recording | None = None,
    to: str | os.PathLike[str] | Lab | None = None,
    progress: bool = False,
) -> pd.DataFrame | LargeRun:
    """Return simulated incidents in the same table as real ones, plus `replication`.

    Parameters
    ----------
    model : ResponseModel
    days : float, default 365
        Horizon. Incidents that arrive in it are in the table; what would happen after it is pending.
    replications : int, default 1
        Horizons, each with luck of its own; replication 3 is the same whatever the number.
    seed : int, default 0
    engine : str, default "auto"
        "simpy", "compiled" (needs numba), or "auto": compiled where it can run. The incidents are the same; which
        engine ran is in `attrs["engine"]`.
    n_jobs : int, default 1
        Workers; the incidents are the same for any number. A cluster is one line around the call:
        `joblib.parallel_config(backend="dask")` beside a Dask client, or `backend="ray"` after
        `ray.util.joblib.register_ray()`.
    scenario : Scenario, optional
        Levers to move. One that this model cannot move is refused.
    start : str or Timestamp, optional
        When the horizon begins (UTC where no zone is said); default `model.start`.
    recording : Recording, optional
        Return what an export would have shown instead of what happened.
    to : Lab or path, optional
        Where a large run goes without a frame: a lab (`lab.simulated()` answers for it) or a new `.parquet` file.
        What is finished is kept: after Ctrl-C or a crash the same call goes on from there, and ends with the same rows.
    progress : bool, default False
        Show a bar (with `to`).

    Returns
    -------
    DataFrame
        `INCIDENT_COLUMNS` and `replication` (counted from 0); origin and source `simulated`. With `to`: a `LargeRun`,
        whose text says how many incidents are there and what is missing.

    Raises
    ------
    ModelError
        When the model or the scenario cannot be run as described, or memory or disk will not hold what is asked for.
    StoreError, QuestionError
        When `to` cannot be written.
    """
    kinds.a("model", ResponseModel, model)
    checks.whole("replications", replications, 1, 10_000_000)
    days = checks.finite("days", days, open_low=True, high=1_000_000.0)
    checks.whole("seed", seed, 0, 2**63)
    checks.flag("progress", progress)
    if recording is not None:
        kinds.a("recording", Recording, recording)
    begin = utc(model.start if start is None else start)
    changed = model
    if scenario is not None:
        kinds.a("scenario", Scenario, scenario)
        scenario.insist(model)
        changed = scenario.apply(model)
    runs_on = outcomes.engine_name(engine, changed)
    refuse_endless_queue(changed, days)
    work = partial(_span, model, changed, days, seed, begin, runs_on, recording)
    place = None if to is None else place_of(to)
    layers = growth.layers(model, changed)
    large.refuse_absurd(model, days, replications, engine=runs_on, n_jobs=n_jobs, place=place, layers=layers)
    if place is not None:
        changes = repr(scenario) if scenario else "as it is"
        return large.write(
            place,
            partial(_table, work),
            model,
            key=large.run_key(model, changed, days, seed, begin, recording),
            description=f"{days:g} days, seed {seed}, from {begin:%Y-%m-%d}, {changes}",
            days=days,
            replications=replications,
            n_jobs=n_jobs,
            engine=runs_on,
            seed=seed,
            progress=progress,
        )
    pieces = outcomes.spans(model, days, replications, n_jobs)
    made = each(work, pieces, n_jobs=n_jobs, threads=runs_on == "compiled", split=outcomes.singles)
    if not made.results:
        raise ModelError("nothing was finished before it was stopped")
    table_of_all = table.frame(table.joined(made.results))
    table_of_all.attrs["engine"] = runs_on
    table_of_all.attrs["engine_why"] = outcomes.engine_why(engine, runs_on, changed)
    if made.interrupted or made.lost:
        table_of_all.attrs["unfinished"] = unfinished(made, replications)
    return table_of_all


def unfinished(made: Finished, replications: int, done: int | None = None) -> str:
    """Return what is missing, in a sentence; `done` where earlier runs count as well."""
    if done is None:
        done = sum(high - low for low, high in made.done)
    why = "it was stopped" if made.interrupted else "a process died"
    return f"{done} of {replications} replications: {why}"


def utc(moment: str | pd.Timestamp) -> pd.Timestamp:
    """Return a moment in UTC microseconds."""
    stamp = pd.to_datetime(moment, errors="coerce") if isinstance(moment, (str, date, np.datetime64)) else None
    if not isinstance(stamp, pd.Timestamp):
        raise ModelError(f"start must be a date such as 2026-01-01; got {kinds.shown(moment)}")
    return (stamp.tz_localize("UTC") if stamp.tz is None else stamp.tz_convert("UTC")).as_unit("us")


def hours_since_monday(begin: pd.Timestamp) -> float:
    """Return where in the week a moment lies."""
    return begin.weekday() * 24 + begin.hour + begin.minute / 60


def _span(
    model: ResponseModel,
    changed: ResponseModel,
    days: float,
    seed: int,
    begin: pd.Timestamp,
    engine: str,
    recording: Recording | None,
    span: outcomes.Span,
) -> table.Seen:
    luck = outcomes.luck_between(
        model, span, days=days, seed=seed, weekday=hours_since_monday(begin), layers=growth.layers(model, changed)
    )
    made = outcomes.run(changed, luck, engine)
    return table.seen(changed, made, begin, recording)


def _table(work: Callable[[outcomes.Span], table.Seen], span: outcomes.Span) -> pd.DataFrame:
    return table.frame(work(span))
