"""Incidents that the model would make."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from mttrlab.errors import ModelError
from mttrlab.response import outcomes, table
from mttrlab.response.levers import immovable
from mttrlab.response.model import ResponseModel

if TYPE_CHECKING:
    from mttrlab.response.levers import Scenario


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
        "simpy" or "auto" (which is SimPy now).
    n_jobs : int, default 1
        Processes; the incidents are the same for any number.
    scenario : Scenario, optional
        Levers to move. One that this model cannot move is refused.
    start : str or Timestamp, optional
        When the horizon begins (UTC where no zone is said); default `model.start`.

    Returns
    -------
    DataFrame
        `INCIDENT_COLUMNS` and `replication` (counted from 0); origin and source `simulated`.

    Raises
    ------
    ModelError
        When the model or the scenario cannot be run as described.
    """
    outcomes.engine_name(engine)
    begin = utc(model.start if start is None else start)
    changed = model
    if scenario is not None:
        for lever in scenario.levers:
            reason = immovable(model, lever, scenario.levers[lever])
            if reason:
                raise ModelError(f"scenario {scenario.name!r} moves {lever}: {reason}")
        changed = scenario.apply(model)
    outcomes.refuse_endless_queue(changed)
    work = outcomes.blocks(replications)
    if n_jobs == 1:
        parts = [_block(model, changed, days, block, wanted, seed, begin) for block, wanted in work]
    else:
        from joblib import Parallel, delayed

        run = delayed(_block)
        parts = Parallel(n_jobs=n_jobs)(run(model, changed, days, b, wanted, seed, begin) for b, wanted in work)
    return pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]


def utc(moment: str | pd.Timestamp) -> pd.Timestamp:
    """Return a moment in UTC microseconds."""
    stamp = pd.to_datetime(moment, errors="coerce")
    if not isinstance(stamp, pd.Timestamp):
        raise ModelError(f"start must be a date such as 2026-01-01; got {moment!r}")
    return (stamp.tz_localize("UTC") if stamp.tz is None else stamp.tz_convert("UTC")).as_unit("us")


def hours_since_monday(begin: pd.Timestamp) -> float:
    """Return where in the week a moment lies."""
    return begin.weekday() * 24 + begin.hour + begin.minute / 60


def _block(
    model: ResponseModel,
    changed: ResponseModel,
    days: float,
    block: int,
    wanted: int,
    seed: int,
    begin: pd.Timestamp,
) -> pd.DataFrame:
    weekday = hours_since_monday(begin)
    luck = outcomes.luck_of(model, days=days, block=block, wanted=wanted, seed=seed, weekday=weekday)
    return table.incidents(changed, outcomes.run(changed, luck), begin)
