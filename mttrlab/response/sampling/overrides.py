"""Settings that hold for some incidents alone: of single types or services, or of those that a change has reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mttrlab.errors import ModelError
from mttrlab.response.model.arrays import Ints, Value
from mttrlab.response.model.response_model import MONTH_DAYS, ResponseModel, Setting
from mttrlab.response.model.settings import updated
from mttrlab.response.sampling.common_random_numbers import MICROSECONDS_PER_DAY, RandomNumbers

Facts = dict[str, np.ndarray]

IN_PARAMETERS = {
    "automation_success", "automation_timeout", "automation_attempts", "automation_harm", "automation_run_factor",
    "verify_pass", "false_pass", "max_rounds", "paging.delivery", "paging.timeout", "paging.startup", "paging.repeats",
    "verification.every_s", "verification.in_a_row", "verification.window_s", "verification.threshold",
    "verification.healthy", "verification.false_pass", "verification.max_samples", "reopening.wrong", "reopening.right",
    "routing.transfer",
}  # fmt: skip
"""Settings that the transition function reads from `P`; all others are in the columns of `x`."""

MAX_OWN_PARAMETERS = 10
"""Groups of incidents with settings of `IN_PARAMETERS` of their own. Each may or may not hold: 2 ** groups sets."""


def resolve(model: ResponseModel, facts: Facts, name: str, value: Value) -> Value:
    """Return a setting of the model, or one per incident where some have their own.

    Parameters
    ----------
    facts : dict
        `type` and `face` of every incident, and whom each ramp has reached (`mark_reached`).
    name : str
        Field of the model.
    value : float or array
        What holds for the others.
    """
    for place, one in enumerate(model.overrides):
        for field, own in one.settings:
            if field == name:
                mine = np.asarray(own)[facts["type"]] if isinstance(own, tuple) else own
                value = np.where(applies_to(model, facts, place), mine, value)
    return value


def mark_reached(model: ResponseModel, numbers: RandomNumbers, facts: Facts) -> None:
    """Write down which incidents each ramp has reached when they begin."""
    for place, one in enumerate(model.overrides):
        if one.ramp is not None:
            # The last ramp of each name alone is kept: a ramp may be moved as well.
            key = "reached", one.name
            if numbers.cache.get(key, (None,))[0] != one.ramp:
                months = numbers.at / (MICROSECONDS_PER_DAY * MONTH_DAYS)
                reached = numbers.uniform(f"adoption {one.name}") < one.ramp.fraction_reached(months)
                numbers.cache[key] = one.ramp, reached
            facts[f"reached {place}"] = numbers.cache[key][1]


def own_settings(model: ResponseModel, *names: str) -> tuple[object, ...]:
    """Return all that these settings of some incidents alone depend on: equal, and each incident has the same ones.

    Parameters
    ----------
    names : str
        Fields of the model; one that ends in a dot stands for all settings of an element.
    """
    return tuple(
        (own, one.incident_types, one.services, one.ramp, one.name)
        for one in model.overrides
        if (own := tuple(pair for pair in one.settings if pair[0] in names or f"{pair[0].partition('.')[0]}." in names))
    )


def applies_to(model: ResponseModel, facts: Facts, place: int) -> np.ndarray:
    """Return which incidents the special settings at `place` hold for."""
    one = model.overrides[place]
    which = np.ones(len(facts["type"]), dtype=bool)
    if one.incident_types:
        which &= np.array([kind.name in one.incident_types for kind in model.types])[facts["type"]]
    if one.services:
        hit = np.array([face.service in one.services for kind in model.types for face in kind.profiles])
        which &= hit[flat_face(model, facts)]
    if one.ramp is not None:
        which &= facts[f"reached {place}"]
    return which


def per_incident(values: Sequence[float], which: Ints) -> Value:
    """Return the value of each incident's type or face; the one value where all have the same.

    Examples
    --------
    >>> per_incident([0.5, 0.5], np.array([0, 1])), per_incident([1, 2], np.array([1, 0])).tolist()
    (0.5, [2, 1])
    """
    return values[0] if len(set(values)) == 1 else np.array(values)[which]


def flat_face(model: ResponseModel, facts: Facts) -> Ints:
    """Return each incident's face, counted through all types."""
    if len(model.types) == 1:
        return facts["face"]
    first = np.cumsum([0, *(len(kind.profiles) for kind in model.types)])[:-1]
    return np.asarray(first[facts["type"]] + facts["face"])


def _with_own_parameters(model: ResponseModel) -> list[int]:
    return [k for k, one in enumerate(model.overrides) if any(field in IN_PARAMETERS for field, _ in one.settings)]


def parameter_set(model: ResponseModel, facts: Facts) -> Ints:
    """Return which of `parameter_set_models` each incident is handled by."""
    which = np.zeros(len(facts["type"]), dtype=np.int64)
    for bit, place in enumerate(_with_own_parameters(model)):
        which += applies_to(model, facts, place).astype(np.int64) << bit
    return which


def parameter_set_models(model: ResponseModel) -> tuple[ResponseModel, ...]:
    """Return the models whose `P` the incidents are handled by: one for every set of special settings."""
    places = _with_own_parameters(model)
    if len(places) > MAX_OWN_PARAMETERS:
        raise ModelError(
            f"{len(places)} groups of incidents have settings of their own; {MAX_OWN_PARAMETERS} is the most"
        )
    made = [updated(model, overrides=()) if model.overrides else model]
    for place in places:
        own = [(f, v) for f, v in model.overrides[place].settings if f in IN_PARAMETERS]
        made += [_with(one, own) for one in made]
    return tuple(made)


def _with(model: ResponseModel, settings: list[tuple[str, Setting]]) -> ResponseModel:
    changes: dict[str, object] = {field: value for field, value in settings if "." not in field}
    elements: dict[str, dict[str, object]] = {}
    for field, value in settings:
        element, dot, attribute = field.partition(".")
        if dot:
            elements.setdefault(element, {})[attribute] = value
    changes |= {element: replace(getattr(model, element), **own) for element, own in elements.items()}
    return updated(model, **changes)


def largest(model: ResponseModel, name: str, value: float) -> float:
    """Return the largest value that a setting takes for any incident."""
    return max(_own_values(model, name, value))


def smallest(model: ResponseModel, name: str, value: float) -> float:
    """Return the smallest value that a setting takes for any incident."""
    return min(_own_values(model, name, value))


def _own_values(model: ResponseModel, name: str, value: float) -> list[float]:
    made = [value]
    for one in model.overrides:
        for field, own in one.settings:
            if field == name:
                made += own if isinstance(own, tuple) else [own]
    return made
