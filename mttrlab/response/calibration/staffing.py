"""People by settings: the on-call schedule as escalation, pools and hours."""

from __future__ import annotations

from collections import Counter
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd

from mttrlab.detection import acknowledgement
from mttrlab.detection.delay import Delay
from mttrlab.errors import ModelError
from mttrlab.response.calibration.history import FEWEST, History
from mttrlab.response.calibration.pooling import note_disagreement
from mttrlab.response.engines.transition import CALLS
from mttrlab.response.model.distributions import Distribution
from mttrlab.response.model.provenance import Note
from mttrlab.response.model.responders import MOST_CALLS, WEEK_HOURS, Paging, Pool, Shift
from mttrlab.response.model.response_model import ResponseModel
from mttrlab.response.model.settings import updated
from mttrlab.schema import OnCallLevel, OnCallSchedule, Practices

ON_CALL = "on call"
"""What `responders=` says to have the people of the on-call schedule."""

OWN = 20
"""Measured times that weigh more than what somebody estimated."""

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def with_escalation(model: ResponseModel, past: History, practices: Practices, notes: list[Note]) -> ResponseModel:
    """Return the model with the escalation of the on-call schedule that answers for most incidents."""
    schedules = [one for one in practices.on_call if one.levels]
    if not schedules:
        notes.append(Note("paging", "left out", 0, "The practices hold no on-call schedule."))
        return model
    service = past.text("service").astype(str)
    answers = {one.name: int(np.isin(service, one.services).sum()) if one.services else len(past) for one in schedules}
    first = max(schedules, key=lambda one: answers[one.name])
    said = f"{first.name}: {len(first.levels)} level(s), the next is called after {_timeout(first):g} minutes"
    if len({level.ack_timeout_minutes for level in first.levels}) > 1:
        said += " (the first level's timeout; others differ)"
    if len(schedules) > 1:
        said += f"; {len(schedules) - 1} further schedule(s) are left out, a model has one escalation"
    if any(level.ack_minutes is None for level in first.levels):
        said += "; a level does not say how soon it reacts, and history holds the escalation already: as fitted"
        notes.append(Note("paging", "left out", len(schedules), said + "."))
        return model
    if "acknowledged_at" not in model.stamps:
        said += "; the export does not show acknowledgement, and the time to diagnose already holds it"
        notes.append(Note("paging", "left out", len(schedules), said + "."))
        return model
    means = [float(level.ack_minutes or 0.0) for level in first.levels]
    laws = tuple(Distribution("exponential", mean) for mean in means)
    repeats = max(min(first.repeats + 1, CALLS // len(laws)), 1)
    if len(laws) > MOST_CALLS:
        raise ModelError(f"on-call schedule {first.name} has {len(laws)} levels; {MOST_CALLS} is the most")
    if repeats < first.repeats + 1:
        said += f", {repeats * len(laws)} calls at most are simulated"
    minutes, observed, known = past.span("detected_at", "acknowledged_at")
    rows = observed & known & ~past.automated
    if first.services:
        rows &= np.isin(service, first.services)
    factor = _factor(means, _timeout(first), repeats, float(minutes[rows].mean())) if rows.sum() >= OWN else 1.0
    if factor != 1.0:
        said += f"; its times to react are taken {factor:.3g} times as long, so that they come out as history's"
    notes.append(Note("paging", "practices", len(first.levels), said + "."))
    if rows.sum() >= FEWEST:
        words = ("people react later than the schedule says", "people react sooner than the schedule says")
        grid = laws[0].quantile((np.arange(1000) + 0.5) / 1000)
        note_disagreement(notes, "paging", f"acknowledgement, first level of {first.name}", grid, minutes[rows], words)
    slower = tuple(law.scaled(factor) for law in laws)
    return updated(model, paging=Paging(0.0, _timeout(first), slower, repeats))


def _factor(means: list[float], timeout: float, repeats: int, wanted: float) -> float:
    """Return how many times as long people must take so that the mean of the whole escalation is as wanted."""
    if not wanted > 0 or not all(mean > 0 for mean in means):
        return 1.0

    def too_long(factor: float) -> float:
        levels = [(Delay.exponential(mean * factor), timeout) for mean in means]
        return acknowledgement(levels, repeats - 1).mean - wanted

    # Imported here: it takes longer to load than a fit without a schedule takes.
    from scipy import optimize

    low, high = wanted / max(means) / 10, wanted / min(means) * 10
    return float(optimize.brentq(too_long, low, high, rtol=1e-4)) if too_long(low) < 0 < too_long(high) else 1.0


def _timeout(schedule: OnCallSchedule) -> float:
    return max(schedule.levels[0].ack_timeout_minutes, 0.01)


def with_schedule(model: ResponseModel, practices: Practices | None, notes: list[Note]) -> ResponseModel:
    """Return the model with the people of the first levels, each of whom works on one incident at a time."""
    schedules = [one for one in practices.on_call if one.levels] if practices else []
    if not schedules:
        raise ModelError(f"responders={ON_CALL!r} needs practices with an on-call schedule; give a number instead")
    pools: list[Pool] = []
    home: dict[str, str] = {}
    for schedule in schedules:
        crew = [level for level in schedule.levels if level.pool == schedule.levels[0].pool]
        pools.append(Pool(schedule.name, shifts=tuple(s for level in crew for s in _shifts(schedule, level, model))))
        home |= dict.fromkeys(schedule.services, schedule.name)
    names = Counter(pool.name for pool in pools)
    if max(names.values()) > 1:
        raise ModelError(f"on-call schedules need names of their own; got {', '.join(pool.name for pool in pools)}")
    everywhere = next((one.name for one in schedules if not one.services), pools[0].name)
    kinds = tuple(
        updated(
            kind,
            pool=everywhere,
            profiles=tuple(updated(face, pool=home.get(str(face.service), everywhere)) for face in kind.profiles),
        )
        for kind in model.types
    )
    crews = ", ".join(f"{pool.name} {pool.mean_people:.3g}" for pool in pools)
    said = f"People on call, mean over the week: {crews}; each works on one incident at a time."
    notes.append(Note("waiting for a person", "practices", len(pools), said))
    return updated(model, types=kinds, pools=tuple(pools), responders=None)


def _shifts(schedule: OnCallSchedule, level: OnCallLevel, model: ResponseModel) -> list[Shift]:
    """Return a level's hours in UTC, as they are when the model's horizon begins."""
    try:
        offset = pd.Timestamp(model.start, tz=ZoneInfo(schedule.timezone)).utcoffset()
    except (ZoneInfoNotFoundError, ValueError):
        raise ModelError(f"on-call schedule {schedule.name}: there is no time zone {schedule.timezone!r}") from None
    late = offset.total_seconds() / 3600 if offset else 0.0
    begin, end = _hour(schedule, level.start), _hour(schedule, level.end)
    if end <= begin:
        end += 24.0
    made: list[Shift] = []
    for day in level.days:
        if day[:3].lower() not in _DAYS:
            raise ModelError(f"on-call schedule {schedule.name}: {day!r} is no day; days are {', '.join(_DAYS)}")
        first = (24.0 * _DAYS.index(day[:3].lower()) + begin - late) % WEEK_HOURS
        last = first + end - begin
        made.append(Shift(first, min(last, WEEK_HOURS), level.people))
        if last > WEEK_HOURS:
            made.append(Shift(0.0, last - WEEK_HOURS, level.people))
    return made


def _hour(schedule: OnCallSchedule, text: str) -> float:
    hour, _, minute = text.partition(":")
    try:
        return int(hour) + int(minute or 0) / 60
    except ValueError:
        raise ModelError(f"on-call schedule {schedule.name}: {text!r} is no time of day such as 09:00") from None
