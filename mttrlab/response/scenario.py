"""The same organisation with some settings changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

from mttrlab.errors import ModelError
from mttrlab.response import kinds
from mttrlab.response.apart import Special
from mttrlab.response.immovable import immovable
from mttrlab.response.lever_now import flagged
from mttrlab.response.levers import LEVERS
from mttrlab.response.model import ResponseModel
from mttrlab.response.noticed import seen_shares
from mttrlab.response.parameters import automation, runbooks
from mttrlab.response.ramp import Ramp
from mttrlab.response.shares import lifted


@dataclass(frozen=True, init=False)
class Scenario:
    """The same organisation with some settings changed.

    Parameters
    ----------
    name : str
        What people call it.
    incident_types, services : sequence of str, optional
        Change the settings for incidents of these types and services alone; a share is then a share of these.
    ramp : Ramp, optional
        How the change arrives: months until it is fully there, share of incidents that it reaches, decay. Default: it
        is there from the first day.
    **levers : float
        Settings; `levers()` lists them.

    Examples
    --------
    >>> Scenario("Alerts within two minutes", alert_latency=2)
    Scenario('Alerts within two minutes', alert_latency=2)
    """

    name: str
    """What people call it."""
    levers: Mapping[str, float]
    """Lever → setting."""
    incident_types: tuple[str, ...]
    """Empty: all."""
    services: tuple[str, ...]
    """Empty: all."""
    ramp: Ramp | None
    """How it arrives; None: from the first day, everywhere."""

    def __init__(
        self,
        name: str,
        *,
        incident_types: Sequence[str] = (),
        services: Sequence[str] = (),
        ramp: Ramp | None = None,
        **levers: float,
    ) -> None:
        incident_types, services = _names("incident_types", incident_types), _names("services", services)
        if not isinstance(name, str):
            raise ModelError(f"a scenario's name must be a text; got {kinds.shown(name)}")
        wrong = [sentence for lever, value in levers.items() for sentence in mistakes(lever, value)]
        if incident_types or services or ramp is not None:
            wrong += [
                f"{lever} holds for all incidents from the first day, not for single types or services or with a ramp"
                for lever in levers
                if lever in LEVERS and not LEVERS[lever].alone
            ]
        wrong += _no_ramp(ramp)
        if wrong:
            raise ModelError(f"scenario {name!r}: {'; '.join(wrong)}")
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "levers", MappingProxyType(dict(levers)))
        object.__setattr__(self, "incident_types", incident_types)
        object.__setattr__(self, "services", services)
        object.__setattr__(self, "ramp", ramp)

    def __repr__(self) -> str:
        only = {k: list(getattr(self, k)) for k in ("incident_types", "services") if getattr(self, k)}
        if self.ramp is not None:
            only["ramp"] = self.ramp  # type: ignore[assignment]
        return f"Scenario({', '.join([repr(self.name), *(f'{k}={v}' for k, v in {**only, **self.levers}.items())])})"

    def __hash__(self) -> int:
        return hash((self.name, tuple(sorted(self.levers.items())), self.incident_types, self.services, self.ramp))

    def __reduce__(self) -> tuple[Any, ...]:
        # A mapping proxy does not travel to other processes.
        return _again, (self.name, dict(self.levers), self.incident_types, self.services, self.ramp)

    def apply(self, model: ResponseModel) -> ResponseModel:
        """Return `model` with these settings; levers that it cannot move are left alone."""
        moved = {lever: value for lever, value in self.levers.items() if not immovable(model, lever, value)}
        if self.incident_types or self.services or self.ramp is not None:
            self._insist_on_names(model)
            own = tuple(self._own(model, lever, value) for lever, value in moved.items())
            special = Special(own, self.incident_types, self.services, self.ramp, self.name)
            return replace(model, special=(*model.special, special)) if own else model
        settings: dict[str, Any] = {}
        for lever, value in moved.items():
            field = LEVERS[lever].field or lever
            element, dot, attribute = field.partition(".")
            if dot:
                before = settings.get(element, getattr(model, element))
                settings[element] = replace(before, **{attribute: value})
            else:
                settings[field] = _flags(model, value, ()) if lever == "flagged" else value
        return replace(model, **settings)

    def _own(self, model: ResponseModel, lever: str, value: float) -> tuple[str, Any]:
        """Return the field that a lever sets for some incidents alone, and its setting."""
        field = LEVERS[lever].field or lever
        if lever == "flagged":
            return field, _flags(model, value, self.incident_types)
        if not self.incident_types and not self.services and lever in _LIFTED:
            # With a ramp alone it is a share of all incidents, which no type need meet by falling.
            return field, tuple(_LIFTED[lever](model, value))
        return field, value

    def insist(self, model: ResponseModel) -> None:
        """Refuse a lever that this model cannot move."""
        for lever, value in self.levers.items():
            reason = immovable(model, lever, value)
            if reason:
                raise ModelError(f"scenario {self.name!r} moves {lever}: {reason}")

    def _insist_on_names(self, model: ResponseModel) -> None:
        kinds = [str(kind.name) for kind in model.types]
        services = sorted({str(face.service) for kind in model.types for face in kind.faces})
        for what, wanted, known in (
            ("incident type", self.incident_types, kinds),
            ("service", self.services, services),
        ):
            missing = [name for name in wanted if name not in known]
            if missing:
                raise ModelError(
                    f"scenario {self.name!r}: the model has no {what} {', '.join(missing)}; it has {', '.join(known)}"
                )


def _names(what: str, names: Sequence[str]) -> tuple[str, ...]:
    try:
        if not isinstance(names, str):
            return tuple(str(name) for name in names)
    except TypeError:
        pass
    raise ModelError(f"{what} must be a list of names; got {kinds.shown(names)}")


def _again(
    name: str,
    settings: dict[str, float],
    incident_types: tuple[str, ...],
    services: tuple[str, ...],
    ramp: Ramp | None = None,
) -> Scenario:
    return Scenario(name, incident_types=incident_types, services=services, ramp=ramp, **settings)


def mistakes(lever: str, value: Any) -> list[str]:
    """Return what is wrong with one setting, in a sentence; none: nothing is."""
    if lever not in LEVERS:
        near = get_close_matches(lever, LEVERS, n=1, cutoff=0.0)[0]
        return [f"has no lever {lever}; the nearest is {near}, and the levers are {', '.join(LEVERS)}"]
    try:
        LEVERS[lever].check(lever, value)
    except ModelError as error:
        return [str(error)]
    return []


def _no_ramp(ramp: Any) -> list[str]:
    if ramp is None or isinstance(ramp, Ramp):
        return []
    return [f"ramp must be a Ramp, such as Ramp(months=6); got {ramp!r}"]


def _flags(model: ResponseModel, value: float, only: tuple[str, ...]) -> float:
    """Return the share of the incidents not fixed by a flag so far that a flag fixes now."""
    before = flagged(model, only)
    return model.more_flags + (1 - model.more_flags) * max(value - before, 0.0) / (1 - before)


def _seen(model: ResponseModel, value: float) -> list[float]:
    faces = iter(lifted(*seen_shares(model), value))
    return [sum(next(faces) * face.share for face in kind.faces) for kind in model.types]


_LIFTED: dict[str, Callable[[ResponseModel, float], list[float]]] = {
    "alert_coverage": _seen,
    "automation": lambda model, value: automation(replace(model, automation=value)),
    "runbooks": runbooks,
}
"""Shares of all incidents that the types meet by moving as little as possible."""
