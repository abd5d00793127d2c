"""Settings that hold for single incident types or services alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from mttrlab.response.model import ResponseModel, Special

Facts = dict[str, np.ndarray]


def setting(model: ResponseModel, facts: Facts, name: str, value: Any) -> Any:
    """Return a setting of the model, or one per incident where single types or services have their own.

    Parameters
    ----------
    facts : dict
        `type` and `face` of every incident.
    name : str
        Field of the model.
    value : float or array
        What holds for the others.
    """
    for one in model.special:
        for field, own in one.settings:
            if field == name:
                value = np.where(chosen(model, facts, one), own, value)
    return value


def chosen(model: ResponseModel, facts: Facts, one: Special) -> np.ndarray:
    """Return which incidents are of these types and hit these services."""
    which = np.ones(len(facts["type"]), dtype=bool)
    if one.incident_types:
        which &= np.array([kind.name in one.incident_types for kind in model.types])[facts["type"]]
    if one.services:
        first = np.cumsum([0, *(len(kind.faces) for kind in model.types)])[:-1]
        hit = np.array([face.service in one.services for kind in model.types for face in kind.faces])
        which &= hit[first[facts["type"]] + facts["face"]]
    return which
