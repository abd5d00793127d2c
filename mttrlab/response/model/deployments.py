"""Incidents that changes cause begin after deployments: at the hours at which people deploy, and in crowds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import numpy as np
import numpy.typing as npt

from mttrlab.errors import ModelError
from mttrlab.response.model.arrays import Floats
from mttrlab.response.model.distributions import Distribution
from mttrlab.response.model.settings import MANY, DayHour, Flag, Number, pair, settings

Ints = npt.NDArray[np.int64]
_MICROSECONDS = 60_000_000


@settings("deployments")
class Deployments:
    """When changes are deployed, and how long after one the incidents that it causes begin.

    How often incidents happen is said by the types; this moves those that a change caused (`change_caused`) to
    deployments, so that few deployments bring them in crowds and no deployments at night bring none at night.
    """

    per_day: Annotated[float, Number(0.0, MANY, above=True)]
    """Deployments per day of the week's seven, on average."""
    after: Distribution
    """Minutes from a deployment to the start of an incident that it causes."""
    hours: Annotated[tuple[DayHour, DayHour], pair("two hours, such as (9, 17)")] = (9.0, 17.0)
    """Hours of the day (UTC) between which people deploy."""
    weekends: Flag = False
    """Whether they deploy at weekends."""

    def __post_init__(self) -> None:
        low, high = self.hours
        if high <= low:
            raise ModelError(f"hours of deployments must be from earlier to later of a day; got {low:g} to {high:g}")

    def times(self, u: Floats, horizon: int, week: int) -> Floats:
        """Return the moments (microseconds since the horizon began) at these shares of the time for deployments.

        Parameters
        ----------
        u : array of float
        horizon, week : int
            Microseconds: length, and begin since Monday 00:00 UTC.
        """
        begin, end = self._windows(horizon, week)
        reached = np.cumsum(end - begin)
        at = u * reached[-1]
        which = np.minimum(np.searchsorted(reached, at, side="right"), len(begin) - 1)
        return np.asarray(end[which] - (reached[which] - at))

    def worth(self, horizon: int, week: int) -> float:
        """Return the mean number of deployments in a horizon."""
        begin, end = self._windows(horizon, week)
        hours = (self.hours[1] - self.hours[0]) * (7 if self.weekends else 5)
        return float((end - begin).sum()) / (hours * 60 * _MICROSECONDS) * 7 * self.per_day

    def _windows(self, horizon: int, week: int) -> tuple[Floats, Floats]:
        day, hour = 1440.0 * _MICROSECONDS, 60.0 * _MICROSECONDS
        days = np.arange(week // int(day), (week + horizon) // int(day) + 1)
        if not self.weekends:
            days = days[days % 7 < 5]
        begin, end = (np.clip(days * day + h * hour - week, 0.0, float(horizon)) for h in self.hours)
        open_ = end > begin
        return begin[open_], end[open_]


def align_to_deployments(
    deployments: Deployments,
    at: Ints,
    replication: Ints,
    caused: np.ndarray,
    *,
    wanted: tuple[int, int, int],
    horizon: int,
    week: int,
    stream: Callable[[str], np.random.Generator],
) -> Ints:
    """Return the starts of incidents, those that a change caused after a deployment of their replication.

    Parameters
    ----------
    at, replication : array of int
        Start and replication of each incident.
    caused : array of bool
        Whether a change caused it.
    wanted : tuple of int
        The first replication, how many are wanted, and how many a block has.
    stream : callable
        The generator of a decision by name.

    Returns
    -------
    array of int
        Not in order. An incident stays where it was when its replication deploys nothing, or when it would begin after
        the horizon.
    """
    first, replications, block = wanted
    expected = deployments.worth(horizon, week)
    if not expected:
        return at
    counts = stream("deployments").poisson(expected, block)[:replications]
    when = deployments.times(stream("deployment_time").random(int(counts.sum())), horizon, week)
    begins = np.concatenate([[0], np.cumsum(counts)])
    mine = replication - first
    which = begins[mine] + (stream("deployment").random(len(at)) * counts[mine]).astype(np.int64)
    late = deployments.after.quantile(stream("deployment_delay").random(len(at))) * _MICROSECONDS
    held = caused & (counts[mine] > 0)
    then = np.where(held, when[np.minimum(which, max(len(when) - 1, 0))] if len(when) else 0.0, 0.0) + late
    return np.where(held & (then < horizon), then, at).astype(np.int64)
