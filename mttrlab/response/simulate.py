"""Incidents that the model would make."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from mttrlab.errors import ModelError
from mttrlab.response import outcomes, table
from mttrlab.response.elements import Recording
from mttrlab.response.load import refuse_endless_queue
from mttrlab.response.model import ResponseModel
from mttrlab.response.parallel import Finished, each

if TYPE_CHECKING:
    from mttrlab.response.scenario import Scenario


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
) -> pd.DataFrame:
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

    Returns
    -------
    DataFrame
        `INCIDENT_COLUMNS` and `replication` (counted from 0); origin and source `simulated`.

    Raises
    ------
    ModelError
        When the model or the scenario cannot be run as described.
    """
    begin = utc(model.start if start is None else start)
    changed = model
    if scenario is not None:
        scenario.insist(model)
        changed = scenario.apply(model)
    runs_on = outcomes.engine_name(engine, changed)
    refuse_endless_queue(changed)
    work = partial(_span, model, changed, days, seed, begin, runs_on, recording)
    pieces = outcomes.spans(model, days, replications, n_jobs)
    made = each(work, pieces, n_jobs=n_jobs, threads=runs_on == "compiled", split=outcomes.singles)
    if not made.results:
        raise ModelError("nothing was finished before it was stopped")
    table_of_all: pd.DataFrame = (
        pd.concat(made.results, ignore_index=True) if len(made.results) > 1 else made.results[0]
    )
    table_of_all.attrs["engine"] = runs_on
    if made.interrupted or made.lost:
        table_of_all.attrs["unfinished"] = unfinished(made, replications)
    return table_of_all


def unfinished(made: Finished, replications: int) -> str:
    """Return what is missing, in a sentence."""
    done = sum(high - low for low, high in made.done)
    why = "it was stopped" if made.interrupted else "a process died"
    return f"{done} of {replications} replications: {why}"


def utc(moment: str | pd.Timestamp) -> pd.Timestamp:
    """Return a moment in UTC microseconds."""
    stamp = pd.to_datetime(moment, errors="coerce")
    if not isinstance(stamp, pd.Timestamp):
        raise ModelError(f"start must be a date such as 2026-01-01; got {moment!r}")
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
) -> pd.DataFrame:
    luck = outcomes.luck_between(model, span, days=days, seed=seed, weekday=hours_since_monday(begin))
    made = outcomes.run(changed, luck, engine)
    return table.incidents(changed, made, begin, recording)
