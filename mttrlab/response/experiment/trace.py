"""The life of one simulated incident, told line by line."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mttrlab.errors import ModelError
from mttrlab.response.engines import simpy_engine
from mttrlab.response.engines.transition import COMMANDS, MICROSECONDS, STEPS, WAIT
from mttrlab.response.experiment import memory_limits as limits
from mttrlab.response.experiment import runs as model_runs
from mttrlab.response.experiment.simulate import hours_since_monday, utc
from mttrlab.response.experiment.utilization import refuse_unstable_queue
from mttrlab.response.model import validation
from mttrlab.response.model.response_model import ResponseModel
from mttrlab.response.sampling.common_random_numbers import BLOCK
from mttrlab.response.sampling.parameters import parameter_sets, pools
from mttrlab.response.sampling.service_times import path_names, sample_service_times
from mttrlab.response.scenarios.scenario import Scenario

_TELLS = {
    ("started", "WAIT"): "The fault begins; nobody knows yet.",
    ("detected", "WAIT"): "It is noticed.",
    ("attempted", "WAIT"): "An automatic attempt has ended.",
    ("unanswered", "WAIT"): "Nobody answers; the next level is called.",
    ("answered", "ASK"): "A person has reacted and a responder is asked for.",
    ("answered", "WORK"): "A person takes it.",
    ("answered", "WAIT"): "A person has reacted, at night, and gets ready.",
    ("ready", "ASK"): "A responder is asked for.",
    ("ready", "WORK"): "A person takes it.",
    ("granted", "WORK"): "A responder takes it.",
    ("misrouted", "GIVE"): "It belongs to another team; the responder is free.",
    ("misrouted", "WAIT"): "It belongs to another team.",
    ("passed", "WAIT"): "It is on its way to the other team.",
    ("diagnosed", "WORK"): "The cause is known; the fix ({path}) begins.",
    ("fixed", "ASK"): "The fix is ready and queues for a deployment.",
    ("fixed", "WORK"): "The fix is in place; health is being confirmed.",
    ("admitted", "WAIT"): "The deployment begins.",
    ("deployed", "GIVE"): "The deployment is through.",
    ("resolved", "WORK"): "The fix is in place; health is being confirmed.",
    ("checked", "WORK"): "The fix did not hold; diagnosis begins again.",
    ("checked", "WAIT"): "The automatic fix did not hold; a person is paged.",
    ("checked", "GIVE"): "Health is confirmed; the responder is free.",
    ("checked", "DONE"): "Health is confirmed.",
    ("reopened", "WAIT"): "It comes back.",
    ("reopened", "DONE"): "The incident is over.",
    ("ended", "DONE"): "The incident is over.",
}


def trace(
    model: ResponseModel,
    incident: int = 0,
    *,
    replication: int = 0,
    days: float = 365,
    seed: int = 0,
    scenario: Scenario | None = None,
    start: str | pd.Timestamp | None = None,
) -> pd.DataFrame:
    """Return the story of one incident, one row per command of the transition function.

    Parameters
    ----------
    model : ResponseModel
    incident : int, default 0
        Its number within the replication, in order of arrival (`sim-0-12` has number 12).
    replication : int, default 0
    days, seed, scenario, start
        As for `simulate`: the same values tell the same incident.

    Returns
    -------
    DataFrame
        `at` (UTC), `minute` since the incident began, `after` (the step just taken), `command`, `minutes` that the
        command lasts, `what` in words.
    """
    validation.a("model", ResponseModel, model)
    validation.whole("incident", incident, 0, 2**31)
    validation.whole("replication", replication, 0, 10_000_000)
    changed = model if scenario is None else validation.a("scenario", Scenario, scenario).apply(model)
    days = validation.finite("days", days, open_low=True, high=1_000_000.0)
    refuse_unstable_queue(changed, days)
    limits.refuse_working_memory(model, days, replication % BLOCK + 1, n_jobs=1, engine="simpy")
    begin = utc(model.start if start is None else start)
    block, place = divmod(replication, BLOCK)
    weekday = hours_since_monday(begin)
    numbers = model_runs.numbers_of_blocks(model, days=days, block=block, wanted=place + 1, seed=seed, weekday=weekday)
    records = sample_service_times(changed, numbers)
    rows = np.flatnonzero(numbers.replication == replication)
    there = rows[(records.key[rows] == incident) & (records.happens[rows] == 1)]
    if not len(there):
        has = f"it has 0 to {len(rows) - 1}" if len(rows) else f"none begins within {days:g} days"
        raise ModelError(f"replication {replication} has no incident {incident}; {has}")
    told: list[tuple[int, int, int, int]] = []
    mine = records.x[records.bounds[place] : records.bounds[place + 1]]
    simpy_engine.observe(
        mine, parameter_sets(changed, numbers.week), pools(changed), incident, lambda *line: told.append(line)
    )
    names = path_names(changed)
    paths = [names[p] if p >= 0 else "a fix" for p in records.path[there[0]].tolist()]
    return _table(told, paths, begin)


def _table(told: list[tuple[int, int, int, int]], paths: list[str], begin: pd.Timestamp) -> pd.DataFrame:
    rows, turn = [], 0
    for now, step, command, lasts in told:
        after, word = STEPS[step], COMMANDS[command]
        what = _TELLS.get((after, word), f"After {after}: {word}.").format(path=paths[min(turn, len(paths) - 1)])
        if command == WAIT and after in ("detected", "attempted") and lasts:
            what += " Then a wait: for an automatic attempt, or for a person to react."
        turn += after == "checked" and word in ("WORK", "WAIT")
        rows.append((begin + pd.Timedelta(now, unit="us"), (now - told[0][0]) / MICROSECONDS, after, word, lasts, what))
    frame = pd.DataFrame(rows, columns=["at", "minute", "after", "command", "minutes", "what"])
    frame["minutes"] /= MICROSECONDS
    return frame.astype({"at": "datetime64[us, UTC]", "after": "str", "command": "str", "what": "str"})
