"""Deployments of a fitted model: when people deploy, and how long after it the incidents that a change causes begin."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import special

from mttrlab.errors import ModelError, SchemaError
from mttrlab.response import arrivals, kinds
from mttrlab.response.deploying import Deployments
from mttrlab.response.history import FEWEST, History
from mttrlab.response.laws import Floats
from mttrlab.response.luck import Ints
from mttrlab.response.model import ResponseModel
from mttrlab.response.notes import Note
from mttrlab.response.pooling import group_laws, share_interval

_WORKDAY = 0.9
"""Share of the deployments that the hours of deployment hold."""
_RESAMPLED = 400
_NEEDED = ("at", "change_id")
_ELEMENT = "deployments"


def deployed(model: ResponseModel, past: History, deployments: pd.DataFrame | None, notes: list[Note]) -> ResponseModel:
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
    kinds.frame("deployments", deployments, "lab.deployments()")
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
    quiet = arrivals.profile(past, [], others)
    return replace(model, deployments=made, profile=quiet or model.profile)


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
    begin, end = _shortest(counts)
    # The bootstrap of single deployments; whole hours have no other interval.
    again = np.random.default_rng(0).multinomial(len(used), counts / len(used), size=_RESAMPLED)
    low, high = np.quantile([_shortest(one) for one in again], (0.025, 0.975), axis=0, method="nearest").tolist()
    return _Hours(
        float(begin), float(end), (low[0], high[0]), (low[1], high[1]), int(counts[begin:end].sum()), len(used),
        weekends or bool(weekend.all()),
    )  # fmt: skip


def _shortest(counts: Ints) -> tuple[int, int]:
    """Return the shortest hours that hold `_WORKDAY` of the deployments, the first of equally long ones.

    Examples
    --------
    >>> _shortest(np.array([0] * 9 + [5, 20, 20, 5] + [0] * 11))
    (9, 12)
    """
    reached = np.concatenate([[0], np.cumsum(counts)])
    best = (0, 24)
    for low in range(24):
        high = int(np.searchsorted(reached, reached[low] + _WORKDAY * counts.sum() - 1e-9))
        if high <= 24 and high - low < best[1] - best[0]:
            best = (low, high)
    return best


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
