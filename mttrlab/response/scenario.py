"""The same organisation with some settings changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from mttrlab.errors import ModelError
from mttrlab.response import kinds, scenario_settings
from mttrlab.response.apart import Special
from mttrlab.response.immovable import immovable
from mttrlab.response.levers import LEVERS
from mttrlab.response.model import ResponseModel
from mttrlab.response.ramp import Ramp
from mttrlab.response.scenario_settings import mistakes

_OF_POOLS = tuple(name for name, lever in LEVERS.items() if lever.of_pools)


@dataclass(frozen=True, init=False)
class Scenario:
    """The same organisation with some settings changed.

    Parameters
    ----------
    name : str
        What people call it.
    incident_types, services : sequence of str, optional
        Change the settings for incidents of these types and services alone; a share is then a share of these.
    pools : sequence of str, optional
        Change settings of pools (`pool_people`, …) for these alone; default all.
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
    pools: tuple[str, ...]
    """Empty: all."""
    ramp: Ramp | None
    """How it arrives; None: from the first day, everywhere."""

    def __init__(
        self,
        name: str,
        *,
        incident_types: Sequence[str] = (),
        services: Sequence[str] = (),
        pools: Sequence[str] = (),
        ramp: Ramp | None = None,
        **levers: float,
    ) -> None:
        incident_types, services = _names("incident_types", incident_types), _names("services", services)
        pools = _names("pools", pools)
        if not isinstance(name, str):
            raise ModelError(f"a scenario's name must be a text; got {kinds.shown(name)}")
        wrong = [sentence for lever, value in levers.items() for sentence in mistakes(lever, value)]
        if incident_types or services or ramp is not None:
            wrong += [
                f"{lever} holds for all incidents from the first day, not for single types or services or with a ramp"
                for lever in levers
                if lever in LEVERS and not LEVERS[lever].alone
            ]
        if pools:
            wrong += [
                f"{lever} is no setting of a pool; with pools= there are {', '.join(_OF_POOLS)}"
                for lever in levers
                if lever in LEVERS and lever not in _OF_POOLS
            ]
        wrong += _no_ramp(ramp)
        if wrong:
            raise ModelError(f"scenario {name!r}: {'; '.join(wrong)}")
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "levers", MappingProxyType(dict(levers)))
        object.__setattr__(self, "incident_types", incident_types)
        object.__setattr__(self, "services", services)
        object.__setattr__(self, "pools", pools)
        object.__setattr__(self, "ramp", ramp)

    def __repr__(self) -> str:
        only = {k: list(getattr(self, k)) for k in ("incident_types", "services", "pools") if getattr(self, k)}
        if self.ramp is not None:
            only["ramp"] = self.ramp  # type: ignore[assignment]
        return f"Scenario({', '.join([repr(self.name), *(f'{k}={v}' for k, v in {**only, **self.levers}.items())])})"

    def __hash__(self) -> int:
        settings = tuple(sorted(self.levers.items()))
        return hash((self.name, settings, self.incident_types, self.services, self.pools, self.ramp))

    def __reduce__(self) -> tuple[Any, ...]:
        # A mapping proxy does not travel to other processes.
        return _again, (self.name, dict(self.levers), self.incident_types, self.services, self.pools, self.ramp)

    @property
    def parts(self) -> tuple[Scenario, ...]:
        """The scenarios that it comes to, one by one: itself."""
        return (self,)

    def apply(self, model: ResponseModel) -> ResponseModel:
        """Return `model` with these settings; levers that it cannot move are left alone."""
        self._insist_on_names(model)
        still = self.reasons(model)
        moved = {lever: value for lever, value in self.levers.items() if lever not in still}
        if self.incident_types or self.services or self.ramp is not None:
            own = tuple(
                scenario_settings.own(model, lever, value, self.incident_types, self.services)
                for lever, value in moved.items()
            )
            special = Special(own, self.incident_types, self.services, self.ramp, self.name)
            return replace(model, special=(*model.special, special)) if own else model
        return scenario_settings.moved(model, moved, self.pools)

    def reasons(self, model: ResponseModel) -> dict[str, str]:
        """Return why each lever that this model cannot move has no effect; one may need another beside it."""
        only = ", ".join((*self.incident_types, *self.services))
        mine = scenario_settings.narrowed(model, self.incident_types, self.services)
        found = self._reasons(mine, self.levers)
        together = {lever: value for lever, value in self.levers.items() if lever not in found}
        if found and together:
            found = self._reasons(scenario_settings.moved(mine, together, self.pools), found)
        return {lever: f"{why} (of {only} alone)" if only else why for lever, why in found.items()}

    def _reasons(self, model: ResponseModel, levers: Iterable[str]) -> dict[str, str]:
        every = {lever: immovable(model, lever, self.levers[lever]) for lever in levers}
        return {lever: why for lever, why in every.items() if why}

    def insist(self, model: ResponseModel) -> None:
        """Refuse a lever that this model cannot move."""
        for part in self.parts:
            part._insist_on_names(model)
        for lever, reason in self.reasons(model).items():
            raise ModelError(f"scenario {self.name!r} moves {lever}: {reason}")

    def _insist_on_names(self, model: ResponseModel) -> None:
        kinds = [kind.name for kind in model.types if kind.name is not None]
        services = sorted({face.service for kind in model.types for face in kind.faces if face.service is not None})
        for what, wanted, known in (
            ("incident type", self.incident_types, kinds),
            ("service", self.services, services),
            ("pool", self.pools, [pool.name for pool in model.pools]),
        ):
            missing = [name for name in wanted if name not in known]
            if missing:
                there = ", ".join(known) or "none"
                raise ModelError(
                    f"scenario {self.name!r}: the model has no {what} {', '.join(missing)}; it has {there}"
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
    pools: tuple[str, ...] = (),
    ramp: Ramp | None = None,
) -> Scenario:
    return Scenario(name, incident_types=incident_types, services=services, pools=pools, ramp=ramp, **settings)


def _no_ramp(ramp: Any) -> list[str]:
    if ramp is None or isinstance(ramp, Ramp):
        return []
    return [f"ramp must be a Ramp, such as Ramp(months=6); got {ramp!r}"]
