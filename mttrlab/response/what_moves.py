"""Every setting of a model, and what moves it: its levers, or a sentence why people cannot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any, get_args

import pandas as pd

from mttrlab.response.kinds import field_kinds
from mttrlab.response.laws import Law
from mttrlab.response.levers import LEVERS
from mttrlab.response.model import ResponseModel
from mttrlab.response.verdict import Verdict

_NAME = "It is a name, not a quantity."
_FAULT = "It is the fault's own: people meet it and do not choose it."
_MIX = "It is the mix that the world brings; prevention for single types or services moves a part of it."
_HOURS = "It moves when incidents begin, and a scenario meets the same incidents at the same moments."
_WHO = "It names who answers: change the model and compare the two."
_BOUND = "It is a bound of the simulation, which no practice sets."
_SHIFT = "It is an hour of a schedule: change the pool's shifts and compare the two models."

REASONS: dict[str, str] = {
    "ResponseModel.difficulty": _FAULT,
    "ResponseModel.profile": _HOURS,
    "ResponseModel.stamps": "It says what an export shows, not how an organisation works.",
    "ResponseModel.start": "It is the first day of the horizon; simulate(start=) says it.",
    "ResponseModel.special": "It holds what scenarios of single types, services or ramps have set.",
    "ResponseModel.sources": "It says where the parts of the model came from.",
    "ResponseModel.verdict": "It says how well the model stood its check.",
    "IncidentType.name": _NAME,
    "IncidentType.pool": _WHO,
    "FixPath.name": _NAME,
    "FixPath.share": "Which fix a fault needs that no change caused is the fault's own.",
    "Face.share": _MIX,
    "Face.service": _NAME,
    "Face.team": _NAME,
    "Face.severity": _NAME,
    "Face.failure_mode": _NAME,
    "Face.priority": "It is the rank of a severity; pool_preempts says what a higher one may do.",
    "Face.pool": _WHO,
    "Hypotheses.most": _BOUND,
    "Verification.error": _FAULT,
    "Reopening.after": "When a fault comes back is the fault's own; reopen_wrong and reopen_right say how often.",
    "Bursts.within": "How close together incidents of one cause begin is the cause's own.",
    "Impact.shares": "How many users an incident hits moves no minute of it: it says how much a minute weighs.",
    "Impact.incident_type": _NAME,
    "Impact.severity": _NAME,
    "Shift.begin": _SHIFT,
    "Shift.end": _SHIFT,
    "Pool.name": _NAME,
    "Paging.night": "It is when people sleep.",
    "Routing.between": _WHO,
    "Noise.pool": _WHO,
    "Pipeline.paths": "It names the fixes that need a deployment; flagged takes changes out of their queue.",
    "Watch.detectors": "It holds rules and monitors, each with settings of its own that levers replace.",
    "Watch.seen": "A closed gap is seen as often as what is watched already; history says how often that is.",
    "Deployments.after": "How soon a change shows what it broke is the fault's own.",
    "Deployments.hours": _HOURS,
    "Deployments.weekends": _HOURS,
}
"""Settings without a lever, as `Class.field`, and why people cannot move them."""


def what_moves() -> pd.DataFrame:
    """Return every setting of a model with the levers that move it, or why it has none.

    Returns
    -------
    DataFrame
        `setting` as `Class.field`, in the order of the model; `levers`, their names; `why_none`, a sentence where
        there is none. What only a lever sets (`ResponseModel.alert_latency`) is in it too.

    Examples
    --------
    >>> table = what_moves().set_index("setting")
    >>> table.loc["Paging.timeout", "levers"], table.loc["ResponseModel.difficulty", "why_none"]
    ('ack_timeout', "It is the fault's own: people meet it and do not choose it.")
    """
    moved = moving()
    rows = [(name, ", ".join(moved.get(name, ())), REASONS.get(name, "")) for name in settings()]
    return pd.DataFrame(rows, columns=["setting", "levers", "why_none"]).astype("str")


def settings(kind: Any = ResponseModel) -> Iterator[str]:
    """Yield every setting of a model and its parts as `Class.field`, a part's after those of what holds it."""
    parts = []
    for one in fields(kind):
        name = f"{kind.__name__}.{one.name}"
        part = None if name in REASONS else _part(field_kinds(kind)[one.name])
        if part is None:
            yield name
        else:
            parts.append(part)
    for part in parts:
        yield from settings(part)


def _part(kind: Any) -> Any:
    """Return the class of settings that a field holds, one or several; None: it holds plain values."""
    found = [kind, *(inner for one in get_args(kind) for inner in (one, *get_args(one)))]
    return next((one for one in found if is_dataclass(one) and one not in (Law, Verdict)), None)


def moving() -> dict[str, list[str]]:
    """Return the levers of each setting that has any."""
    made: dict[str, list[str]] = {}
    for name, lever in LEVERS.items():
        element, dot, attribute = (lever.field or name).partition(".")
        holder = _part(field_kinds(ResponseModel)[element]) if dot else ResponseModel
        own = () if _part(field_kinds(holder)[attribute or element]) else (f"{holder.__name__}.{attribute or element}",)
        for setting in (*own, *lever.settings):
            made.setdefault(setting, []).append(name)
    return made
