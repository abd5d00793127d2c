"""What an investment must be compared with even if nobody asked: fewer incidents, and one more person."""

from __future__ import annotations

from collections.abc import Sequence

from mttrlab.response.model.response_model import ResponseModel
from mttrlab.response.scenarios.investment import Investment

_PREVENTS = {"prevention", "changes_prevented"}
_PEOPLE = {"responders", "pool_people", "shift_people"}


def rivals(model: ResponseModel, investments: Sequence[Investment]) -> list[Investment]:
    """Return prevention and a second responder, without a price, where no investment has them.

    Examples
    --------
    >>> from mttrlab.response import IncidentType, Law
    >>> model = ResponseModel((IncidentType("a", 0.3, diagnose=Law("constant", 5.0)),), responders=1)
    >>> [rival.name for rival in rivals(model, [Investment("runbooks", diagnosis_factor=0.8)])]
    ['One incident in ten prevented', 'One more responder']
    """
    moved = {lever for one in investments for lever in one.levers}
    taken = {one.name for one in investments}
    found = []
    if not moved & _PREVENTS:
        found.append(Investment("One incident in ten prevented", prevention=0.1))
    if not moved & _PEOPLE:
        if model.responders is not None:
            found.append(Investment("One more responder", responders=model.responders + 1))
        found += [
            Investment(f"One more in {pool.name}", pools=[pool.name], pool_people=pool.people + 1)
            for pool in model.pools
        ]
    return [rival for rival in found if rival.name not in taken]
