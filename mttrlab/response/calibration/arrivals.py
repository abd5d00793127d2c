"""How often incidents of each type happen, when, and what they look like."""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import special

from mttrlab.errors import ModelError, SchemaError
from mttrlab.response.calibration.history import FEWEST, Flags, History
from mttrlab.response.calibration.pooling import group_laws, share_interval
from mttrlab.response.model import validation
from mttrlab.response.model.arrays import Floats, Ints
from mttrlab.response.model.deployments import Deployments
from mttrlab.response.model.incident_types import IncidentProfile, IncidentType
from mttrlab.response.model.provenance import Note
from mttrlab.response.model.response_model import ResponseModel
from mttrlab.response.model.settings import updated

MOST_TYPES = 25
"""Types beyond these are one: the laws of rare types would be the common law anyway."""
OTHER_TYPES = "other types"
_MOST_FACES = 20
_PROFILE_NEEDS = 200

_RANKS = {
    "critical": 1, "blocker": 1, "emergency": 1, "high": 2, "major": 2, "error": 2, "medium": 3, "moderate": 3,
    "minor": 4, "warning": 4, "low": 4, "none": 5, "info": 5, "informational": 5, "maintenance": 5,
}  # fmt: skip
_UNKNOWN_RANK = 3


def group_by_type(past: History) -> tuple[list[str | None], Ints]:
    """Return the incident types and which of them each incident is."""
    names = past.text("incident_type")
    counts = Counter(names.tolist())
    kept = [name for name, _ in sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))]
    if len(kept) > MOST_TYPES:
        kept = [*kept[: MOST_TYPES - 1], OTHER_TYPES]
    place = {name: t for t, name in enumerate(kept)}
    return kept, np.array([place.get(name, len(kept) - 1) for name in names.tolist()], dtype=np.int64)


def fit_types(past: History, names: list[str | None], group: Ints, notes: list[Note]) -> tuple[list[IncidentType], str]:
    """Return the types with their rates and faces, and the day after the window."""
    first, last = (
        past.first_seen,
        np.nanmax([*past.exported, *(np.nanmax(v, initial=0.0) for v in past.stamped.values())]),
    )
    days = max(float(last - first[np.isfinite(first)].min()) / 1440.0, 1.0)
    start = (past.origin + pd.Timedelta(minutes=float(last))).ceil("D")
    n = len(past)
    low, high = special.gammaincinv(n, 0.025), special.gammaincinv(n + 1, 0.975)
    sentence = (
        f"{n} incidents in {days:.0f} days: {n / days * 30.4375:.3g} a month "
        f"(95 % {low / days * 30.4375:.3g} to {high / days * 30.4375:.3g}), {len(names)} type(s)"
    )
    if past.left_out:
        sentence += f"; {past.left_out} records that are no incidents are left out"
    if days < 28:
        sentence += "; less than four weeks, so the rate is hardly known"
    notes.append(Note("arrivals", "fitted", n, sentence + "."))
    made = []
    for t, name in enumerate(names):
        mine = np.flatnonzero(group == t)
        made.append(IncidentType(name=name, per_day=len(mine) / days, profiles=_faces(past, mine)))
    return made, str(start.date())


def fit_profile(past: History, notes: list[Note], rows: Flags | None = None) -> tuple[float, ...]:
    """Return arrivals per hour of the week: hour of the day on weekdays and at weekends; of these rows, or all."""
    first = past.first_seen if rows is None else past.first_seen[rows]
    known = first[np.isfinite(first)]
    if len(known) < _PROFILE_NEEDS:
        sentence = f"Fewer than {_PROFILE_NEEDS} incidents; all hours of the week are taken alike."
        notes.append(Note("hours of the week", "left out", len(known), sentence))
        return ()
    when = past.origin + pd.to_timedelta(known, unit="min")
    weekend = np.asarray(when.day_of_week) >= 5
    counts = np.zeros((2, 24))
    np.add.at(counts, (weekend.astype(int), np.asarray(when.hour)), 1)
    # Hours per week of each cell: five weekdays, two weekend days. Five incidents a cell steady it.
    flat = counts.sum() * np.array([[5.0], [2.0]]) / 168.0
    rate = (counts + 5 * flat / flat.mean()) / np.array([[5.0], [2.0]])
    sentence = f"{weekend.mean():.0%} of the incidents begin at weekends (29 % of the hours)."
    notes.append(Note("hours of the week", "fitted", len(known), sentence))
    week = np.concatenate([rate[0]] * 5 + [rate[1]] * 2)
    return tuple((week / week.mean()).round(6).tolist())


def severity_rank(word: object) -> int:
    """Return the place in the queue that a severity stands for: 1 first.

    Examples
    --------
    >>> severity_rank("SEV2"), severity_rank("critical"), severity_rank("P1 - urgent"), severity_rank(None)
    (2, 1, 1, 3)
    """
    text = str(word or "").lower()
    number = re.search(r"\d+", text)
    if number:
        return min(int(number.group()), 9)
    return min((rank for name, rank in _RANKS.items() if name in text), default=_UNKNOWN_RANK)


def _faces(past: History, mine: Ints) -> tuple[IncidentProfile, ...]:
    columns = [past.text(name)[mine].tolist() for name in ("service", "team", "severity", "failure_mode")]
    counts = Counter(zip(*columns, strict=True))
    common = sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))[:_MOST_FACES]
    total = sum(n for _, n in common)
    return tuple(
        IncidentProfile(n / total, service, team, severity, mode, severity_rank(severity))
        for (service, team, severity, mode), n in common
    )


# Deployments of a fitted model: when people deploy, and how long after it the incidents that a change causes begin.


_WORKDAY = 0.9
"""Share of the deployments that the hours of deployment hold."""
_RESAMPLED = 400
_NEEDED = ("at", "change_id")
_ELEMENT = "deployments"


def with_deployments(
    model: ResponseModel, past: History, deployments: pd.DataFrame | None, notes: list[Note]
) -> ResponseModel:
    """Return the model with deployments, where history ties incidents to them by `change_id`.

    Parameters
    ----------
    deployments : DataFrame or None
        As `lab.deployments()` gives them; None: not asked for, and incidents that a change caused come as the others.

    Raises
    ------
    SchemaError
        When the table lacks `at` or `change_id`.
    """
    if deployments is None:
        return model
    validation.data_frame("deployments", deployments, "lab.deployments()")
    missing = [name for name in _NEEDED if name not in deployments]
    if missing:
        raise SchemaError(f"the deployments lack {', '.join(missing)}; pass lab.deployments()")
    rows = deployments.dropna(subset=["at"])
    since = pd.to_datetime(rows["at"], utc=True) - past.origin
    at: Floats = np.asarray(since / pd.Timedelta(minutes=1), dtype=np.float64)
    if len(at) < FEWEST:
        return _left_out(model, notes, len(at), f"{len(at)} deployment(s) are loaded, too few to fit")
    first = np.where(np.isfinite(past.first_seen), past.first_seen, np.nan)
    change = rows["change_id"].astype(object).where(rows["change_id"].notna(), None).to_numpy()
    delay, early, which = _matched(past.text("change_id"), first, change, at)
    tied = np.flatnonzero(~np.isnan(delay))
    if not any(kind.change_caused for kind in model.types):
        why = f"fewer than {FEWEST} incidents name a change (change_id), so nothing says which a deployment caused"
        return _left_out(model, notes, len(tied), why)
    if len(tied) < FEWEST:
        also = f"; {early} began before the deployment of their change" if early else ""
        why = f"the change of {len(tied)} incident(s) is among {len(at)} deployments, too few to fit{also}"
        return _left_out(model, notes, len(tied), why)
    fitted = group_laws(delay[tied], np.ones(len(tied), dtype=bool), np.zeros(len(tied), dtype=np.int64), 1)
    try:
        after = fitted.law(0)
    except ModelError:
        why = f"the {len(tied)} incidents that name a deployment begin minutes to years after it, which is no one law"
        return _left_out(model, notes, len(tied), why)
    when = past.origin + pd.to_timedelta(at, unit="min")
    hours = _hours(when)
    days = max((at.max() - at.min()) / 1440.0, 1.0)
    made = Deployments(float(len(at) / days), after, (hours.begin, hours.end), hours.weekends)
    notes.append(
        Note(_ELEMENT, "fitted", len(tied), _said(made, hours, at, days, delay[tied], fitted.geometric_mean, early))
    )
    notes.append(Note("failing changes", "fitted", *_failing(at, first, which[tied])))
    # The hours of the others, without the crowd after deployments, which would otherwise count twice.
    others = np.isnan(delay) & (past.text("change_id") == None)  # noqa: E711
    quiet = fit_profile(past, [], others)
    return updated(model, deployments=made, profile=quiet or model.profile)


def _left_out(model: ResponseModel, notes: list[Note], n: int, why: str) -> ResponseModel:
    said = f"{why[0].upper()}{why[1:]}; incidents that a change caused begin at any hour, as the others."
    notes.append(Note(_ELEMENT, "left out", n, said))
    return model


def _matched(named: np.ndarray, first: Floats, change: np.ndarray, at: Floats) -> tuple[Floats, int, Ints]:
    """Return minutes since the last deployment of each incident's change (NaN: none), how many began before all of
    them, and which deployment it was."""
    places: dict[str, list[int]] = {}
    for place in np.argsort(at, kind="stable").tolist():
        if change[place] is not None:
            places.setdefault(str(change[place]), []).append(place)
    delay, which, early = np.full(len(first), np.nan), np.full(len(first), -1, dtype=np.int64), 0
    for row, name in enumerate(named.tolist()):
        mine = places.get(str(name), []) if name is not None and np.isfinite(first[row]) else []
        before = [place for place in mine if at[place] <= first[row]]
        if before:
            delay[row], which[row] = first[row] - at[before[-1]], before[-1]
        early += bool(mine) and not before
    return delay, early, which


class _Hours(NamedTuple):
    """Hours of the day (UTC) at which people deploy."""

    begin: float
    end: float
    begins: tuple[float, float]
    """95 % interval of `begin`."""
    ends: tuple[float, float]
    held: int
    """Deployments that the hours hold."""
    n: int
    """Deployments that they were read from."""
    weekends: bool


def _hours(when: pd.DatetimeIndex) -> _Hours:
    """Return the shortest hours of the day (UTC) that hold nine in ten deployments, and whether weekends have any.

    Weekends count where a weekend day has at least half of the deployments of a weekday.
    """
    weekend = np.asarray(when.day_of_week) >= 5
    weekends = bool(weekend.sum() / 2 >= 0.5 * (~weekend).sum() / 5)
    used = when if weekends or weekend.all() else when[~weekend]
    counts = np.bincount(np.asarray(used.hour), minlength=24)
    ((begin, end),) = _shortest(counts[np.newaxis]).tolist()
    # The bootstrap of single deployments; whole hours have no other interval.
    again = np.random.default_rng(0).multinomial(len(used), counts / len(used), size=_RESAMPLED)
    low, high = np.quantile(_shortest(again), (0.025, 0.975), axis=0, method="nearest").tolist()
    return _Hours(
        float(begin), float(end), (low[0], high[0]), (low[1], high[1]), int(counts[begin:end].sum()), len(used),
        weekends or bool(weekend.all()),
    )  # fmt: skip


def _shortest(counts: Ints) -> Ints:
    """Return the shortest hours that hold `_WORKDAY` of the deployments, the first of equally long ones; row by row.

    Examples
    --------
    >>> _shortest(np.array([[0] * 9 + [5, 20, 20, 5] + [0] * 11])).tolist()
    [[9, 12]]
    """
    reached = np.cumsum(np.pad(counts, ((0, 0), (1, 0))), axis=1)
    wanted = reached[:, :-1] + _WORKDAY * counts.sum(axis=1, keepdims=True) - 1e-9
    high = (reached[:, np.newaxis, :] < wanted[:, :, np.newaxis]).sum(axis=2)
    low = np.where(high <= 24, high - np.arange(24), 25).argmin(axis=1)
    return np.stack([low, high[np.arange(len(low)), low]], axis=1)


def _said(
    made: Deployments,
    hours: _Hours,
    at: Floats,
    days: float,
    delay: Floats,
    middle: tuple[float, float, float],
    early: int,
) -> str:
    low, high = special.gammaincinv(len(at), 0.025) / days, special.gammaincinv(len(at) + 1, 0.975) / days
    fewest, most = share_interval(hours.held, hours.n)
    said = (
        f"{len(at)} deployments in {days:.0f} days, {made.per_day:.3g} a day (95 % {low:.3g} to {high:.3g}), "
        f"{'all week' if made.weekends else 'on weekdays'} {made.hours[0]:g} to {made.hours[1]:g} o'clock UTC "
        f"(95 % {hours.begins[0]:g} to {hours.begins[1]:g}, and {hours.ends[0]:g} to {hours.ends[1]:g}), which hold "
        f"{hours.held} of {hours.n} ({hours.held / hours.n:.0%}, 95 % {fewest:.0%} to {most:.0%}); "
        f"{len(delay)} incidents name the change of one and begin after it: geometric mean {middle[0]:.3g} minutes "
        f"(95 % {middle[1]:.3g} to {middle[2]:.3g})"
    )
    if early:
        said += f"; {early} began before the deployment of their change and are left aside"
    return said + "."


def _failing(at: Floats, first: Floats, which: Ints) -> tuple[int, str]:
    """Return how many deployments the incidents cover, and what share of them caused one, in a sentence."""
    covered = (at >= np.nanmin(first)) & (at <= np.nanmax(first))
    n, k = int(covered.sum()), int(covered[np.unique(which)].sum())
    low, high = share_interval(k, n)
    share = k / n if n else 0.0
    return n, (
        f"{k} of {n} deployments in the time of the incidents caused one: {share:.2%} (95 % {low:.2%} to {high:.2%}); "
        "an incident without change_id counts for none."
    )
