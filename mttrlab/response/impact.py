"""How many users an incident hits, by incident type and severity."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mttrlab.response.elements import Impact
from mttrlab.response.laws import Floats
from mttrlab.response.luck import Ints, Luck
from mttrlab.response.notes import Note
from mttrlab.response.special import flat

if TYPE_CHECKING:
    from mttrlab.response.history import History
    from mttrlab.response.incident_type import Face, IncidentType
    from mttrlab.response.model import ResponseModel

FEWEST = 5
"""Incidents that a type and severity need to have shares of their own; with fewer, those of the severity count."""

_MOST = 200


def entry(users: tuple[Impact, ...], kind: IncidentType, face: Face) -> Impact | None:
    """Return what holds for a type's incidents that look like this; None: nobody has said how many they hit."""
    name, severity = kind.name, face.severity
    for wanted in ((name, severity), (None, severity), (name, None), (None, None)):
        for one in users:
            if (one.incident_type, one.severity) == wanted:
                return one
    return None


def drawn(model: ResponseModel, luck: Luck, facts: dict[str, np.ndarray]) -> Floats:
    """Return the share of users that each incident hits; NaN where nobody has said.

    Parameters
    ----------
    facts : dict
        `type` and `face` of each incident.
    """
    made = np.full(len(luck), np.nan)
    if not model.users:
        return made
    which = flat(model, facts)
    u = luck.uniform("users")
    for place, (kind, face) in enumerate(_looks(model)):
        one = entry(model.users, kind, face)
        if one is not None:
            mine = np.flatnonzero(which == place)
            made[mine] = np.array(one.shares)[(u[mine] * len(one.shares)).astype(np.int64)]
    return made


def weights(model: ResponseModel, luck: Luck, facts: dict[str, np.ndarray]) -> Floats | None:
    """Return how much a minute of each incident weighs: the share of users hit, one where nobody has said it.

    None: the model knows nothing of users.
    """
    if not model.users:
        return None
    if "users hit" not in luck.kept:
        luck.kept["users hit"] = np.nan_to_num(drawn(model, luck, facts), nan=1.0)
    return np.asarray(luck.kept["users hit"])


def fitted(past: History, group: Ints, names: list[str | None], notes: list[Note]) -> tuple[Impact, ...]:
    """Return the shares that these incidents carry, by severity, and by type where a type has enough of one severity.

    Parameters
    ----------
    past : History
    group : array of int
        Type of each incident.
    names : list
        The types' names.
    notes : list of Note
        A sentence is added: how many say it, and whether those that hit many last longer.
    """
    if "users" not in past.incidents:
        return ()
    shares = past.incidents["users"].to_numpy(dtype="float64", na_value=np.nan)
    said = np.isfinite(shares)
    n = int(said.sum())
    if not n:
        return ()
    frame = pd.DataFrame({"share": shares, "type": group, "severity": past.text("severity")})[said]
    made = [Impact(_few(frame["share"]))]
    for severity, mine in frame.dropna(subset=["severity"]).groupby("severity"):
        if len(mine) >= FEWEST:
            made.append(Impact(_few(mine["share"]), severity=str(severity)))
        for t, own in mine.groupby("type"):
            if len(own) >= FEWEST and len(own) < len(mine) and names[int(t)] is not None:
                made.append(Impact(_few(own["share"]), names[int(t)], str(severity)))
    notes.append(Note("share of users", "fitted", n, _sentence(past, shares, said)))
    return tuple(made)


def _sentence(past: History, shares: Floats, said: np.ndarray) -> str:
    from scipy import stats

    n, all_of_them, mean = int(said.sum()), len(past), float(shares[said].mean())
    sentence = f"{n} of {all_of_them} incidents say how many users they hit, {mean:.1%} on average"
    if n > 1:
        half = float(stats.t.ppf(0.975, n - 1) * stats.sem(shares[said]))
        sentence += f" (95 % {max(mean - half, 0.0):.1%} to {min(mean + half, 1.0):.1%})"
    if n < all_of_them:
        sentence += "; the others are taken for incidents of the same severity"
    minutes, ended, _ = past.span("started_at", "resolved_at")
    both = said & ended
    if both.sum() >= 30 and np.ptp(shares[both]) > 0 and np.ptp(minutes[both]) > 0:
        found = stats.spearmanr(shares[both], minutes[both])
        half = 1.96 / np.sqrt(both.sum() - 3)
        low, high = np.tanh(np.arctanh(found.statistic) + np.array([-half, half]))
        sentence += (
            f"; share and minutes go together by {found.statistic:.2f} (rank correlation, 95 % {low:.2f} to "
            f"{high:.2f}, n = {int(both.sum())}), of which the model holds what type and severity explain"
        )
    return sentence + "."


def _few(shares: pd.Series) -> tuple[float, ...]:
    """Return the shares themselves, or as many of their quantiles as a file can show."""
    values = np.sort(shares.to_numpy(dtype=np.float64))
    if len(values) > _MOST:
        values = np.quantile(values, (np.arange(_MOST) + 0.5) / _MOST, method="inverted_cdf")
    return tuple(values.tolist())


def _looks(model: ResponseModel) -> Iterator[tuple[IncidentType, Face]]:
    return ((kind, face) for kind in model.types for face in kind.faces)
