"""The same organisation with some settings changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from mttrlab.errors import LoadError, ModelError
from mttrlab.refusals import shown
from mttrlab.response.model import validation
from mttrlab.response.model.responders import FINISHES, HANDS_OVER, Pool
from mttrlab.response.model.response_model import Override, Ramp, ResponseModel
from mttrlab.response.model.settings import MAX_FACTOR, updated
from mttrlab.response.model.shares import automation_shares, raise_shares, runbook_shares, seen_shares
from mttrlab.response.scenarios.applicability import reason_without_effect
from mttrlab.response.scenarios.levers import LEVERS, failing_changes, flagged
from mttrlab.yaml_io import documents

Made = TypeVar("Made", bound="Scenario")

_OF_POOLS = tuple(name for name, lever in LEVERS.items() if lever.of_pools)


class Where(NamedTuple):
    """Where the levers of a scenario hold (empty: everywhere), and how they arrive."""

    incident_types: Sequence[str] = ()
    services: Sequence[str] = ()
    pools: Sequence[str] = ()
    ramp: Ramp | None = None


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
            raise ModelError(f"a scenario's name must be a text; got {shown(name)}")
        wrong = [sentence for lever, value in levers.items() for sentence in lever_errors(lever, value)]
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

    def __reduce__(self) -> tuple[object, ...]:
        # A mapping proxy does not travel to other processes.
        return scenario_of, (self.name, dict(self.levers), self.where)

    @property
    def where(self) -> Where:
        """Where its levers hold, and how they arrive."""
        return Where(self.incident_types, self.services, self.pools, self.ramp)

    @property
    def parts(self) -> tuple[Scenario, ...]:
        """The scenarios that it comes to, one by one: itself."""
        return (self,)

    def apply(self, model: ResponseModel) -> ResponseModel:
        """Return `model` with these settings; levers that it cannot move are left alone."""
        self._require_names(model)
        still = self.reasons(model)
        moved = {lever: value for lever, value in self.levers.items() if lever not in still}
        if self.incident_types or self.services or self.ramp is not None:
            own = tuple(
                override(model, lever, value, self.incident_types, self.services) for lever, value in moved.items()
            )
            special = Override(own, self.incident_types, self.services, self.ramp, self.name)
            return updated(model, overrides=(*model.overrides, special)) if own else model
        return with_levers(model, moved, self.pools)

    def reasons(self, model: ResponseModel) -> dict[str, str]:
        """Return why each lever that this model cannot move has no effect; one may need another beside it."""
        only = ", ".join((*self.incident_types, *self.services))
        mine = restrict(model, self.incident_types, self.services)
        found = self._reasons(mine, self.levers)
        together = {lever: value for lever, value in self.levers.items() if lever not in found}
        if found and together:
            found = self._reasons(with_levers(mine, together, self.pools), found)
        return {lever: f"{why} (of {only} alone)" if only else why for lever, why in found.items()}

    def _reasons(self, model: ResponseModel, levers: Iterable[str]) -> dict[str, str]:
        every = {lever: reason_without_effect(model, lever, self.levers[lever]) for lever in levers}
        return {lever: why for lever, why in every.items() if why}

    def require_effect(self, model: ResponseModel) -> None:
        """Refuse a lever that this model cannot move."""
        for part in self.parts:
            part._require_names(model)
        for lever, reason in self.reasons(model).items():
            raise ModelError(f"scenario {self.name!r} moves {lever}: {reason}")

    def _require_names(self, model: ResponseModel) -> None:
        kinds = [kind.name for kind in model.types if kind.name is not None]
        services = sorted({face.service for kind in model.types for face in kind.profiles if face.service is not None})
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


def scenario_of(name: str, levers: Mapping[str, float], where: Where) -> Scenario:
    """Return the scenario with these settings."""
    return Scenario(
        name,
        incident_types=where.incident_types,
        services=where.services,
        pools=where.pools,
        ramp=where.ramp,
        **levers,
    )


def _names(what: str, names: Sequence[str]) -> tuple[str, ...]:
    try:
        if not isinstance(names, str):
            return tuple(str(name) for name in names)
    except TypeError:
        pass
    raise ModelError(f"{what} must be a list of names; got {shown(names)}")


def _no_ramp(ramp: object) -> list[str]:
    if ramp is None or isinstance(ramp, Ramp):
        return []
    return [f"ramp must be a Ramp, such as Ramp(months=6); got {ramp!r}"]


# What a setting of a lever means in a model: which field it sets, and to what.


def with_levers(model: ResponseModel, levers: Mapping[str, float], pools: tuple[str, ...] = ()) -> ResponseModel:
    """Return the model with these settings for all incidents, whether it can move them or not.

    Parameters
    ----------
    pools : tuple of str
        Whose settings those of pools are; empty: of all.
    """
    settings: dict[str, object] = {}
    elements: dict[str, dict[str, float]] = {}
    for lever, value in levers.items():
        element, dot, attribute = (LEVERS[lever].field or lever).partition(".")
        if dot:
            elements.setdefault(element, {})[attribute] = value
        else:
            settings[element] = _meant(model, lever, value, ())
            if lever == "failing_changes":
                validation.finite(element, settings[element], 0.0, MAX_FACTOR)
    mine = elements.pop("pools", None)
    if mine:
        settings["pools"] = tuple(_pool(one, mine) if not pools or one.name in pools else one for one in model.pools)
    # Each setting is checked already; an element checks what only several together can break.
    settings |= {element: replace(getattr(model, element), **own) for element, own in elements.items()}
    return updated(model, **settings)


def override(
    model: ResponseModel, lever: str, value: float, incident_types: tuple[str, ...], services: tuple[str, ...]
) -> tuple[str, float | tuple[float, ...]]:
    """Return the field that a lever sets for some incidents alone, and its setting."""
    if not incident_types and not services and lever in _LIFTED:
        # With a ramp alone it is a share of all incidents, which no type need meet by falling.
        return LEVERS[lever].field or lever, tuple(_LIFTED[lever](model, value))
    return LEVERS[lever].field or lever, _meant(model, lever, value, incident_types)


def restrict(model: ResponseModel, incident_types: tuple[str, ...], services: tuple[str, ...]) -> ResponseModel:
    """Return the model of these types and services alone, to ask whether anything moves them; of all where none are."""
    if not incident_types and not services:
        return model
    kinds = tuple(
        kind
        for kind in model.types
        if (not incident_types or kind.name in incident_types)
        and (not services or any(face.service in services for face in kind.profiles))
        and kind.per_day
    )
    deployments = model.deployments if any(kind.change_caused for kind in kinds) else None
    # Users hit are said by type too, and move no minute.
    return updated(model, types=kinds, deployments=deployments, users=()) if kinds else model


def lever_errors(lever: str, value: object) -> list[str]:
    """Return what is wrong with one setting, in a sentence; none: nothing is."""
    if lever not in LEVERS:
        near = get_close_matches(lever, LEVERS, n=3, cutoff=0.0)
        all_of_them = f"levers(), or mttrlab simulate --levers, lists all {len(LEVERS)}"
        return [f"has no lever {lever}; the nearest are {', '.join(near)}, and {all_of_them}"]
    try:
        LEVERS[lever].check(lever, value)
    except ModelError as error:
        return [str(error)]
    return []


def _meant(model: ResponseModel, lever: str, value: float, only: tuple[str, ...]) -> float:
    """Return the setting of the model's field that a lever's value comes to."""
    if lever == "flagged":
        return _flags(model, value, only)
    if lever == "failing_changes":
        now = failing_changes(updated(model, failing_factor=1.0), only)
        return value / now if now else 1.0
    return value


def _pool(pool: Pool, settings: Mapping[str, float]) -> Pool:
    changes: dict[str, Any] = dict(settings)
    if "preemptive" in changes:
        changes["preemptive"] = bool(changes["preemptive"])
    if "end_of_shift" in changes:
        changes["end_of_shift"] = HANDS_OVER if changes["end_of_shift"] else FINISHES
    if "shifts" in changes:
        changes["shifts"] = tuple(replace(shift, people=changes["shifts"]) for shift in pool.shifts)
    return replace(pool, **changes)


def _flags(model: ResponseModel, value: float, only: tuple[str, ...]) -> float:
    """Return the share of the incidents not fixed by a flag so far that a flag fixes now."""
    before = flagged(model, only)
    return model.more_flags + (1 - model.more_flags) * max(value - before, 0.0) / (1 - before)


def _seen(model: ResponseModel, value: float) -> list[float]:
    faces = iter(raise_shares(*seen_shares(model), value))
    return [sum(next(faces) * face.share for face in kind.profiles) for kind in model.types]


_LIFTED: dict[str, Callable[[ResponseModel, float], list[float]]] = {
    "alert_coverage": _seen,
    "automation": lambda model, value: automation_shares(updated(model, automation=value)),
    "runbooks": runbook_shares,
}
"""Shares of all incidents that the types meet by moving as little as possible."""

# Scenarios as people write them down: YAML, checked whole before anything runs.


_KEYS = ("name", "levers", "incident_types", "services", "pools", "ramp")
_RAMP = tuple(one.name for one in fields(Ramp))


def read_scenarios(source: str | Path) -> list[Scenario]:
    """Return the scenarios of a YAML file, or of a text with several lines.

    Parameters
    ----------
    source : str or Path
        A list under `scenarios`, each with `name` and `levers`, `incident_types`, `services` or `pools` where it does
        not hold for all, and `ramp` (`months`, `delay`, `adoption`, `decay`, as for `Ramp`) where it does not hold
        at once.

    Raises
    ------
    ModelError
        Every mistake at once, each with its place.

    Examples
    --------
    >>> read_scenarios("scenarios:\\n- {name: Flags on half the changes, levers: {flagged: 0.5}}")
    [Scenario('Flags on half the changes', flagged=0.5)]
    """
    return read_listed(source, "scenarios", "scenario", lambda row: read_row(row, _KEYS, scenario_of))


def read_listed(source: str | Path, key: str, word: str, made_of: Callable[[object], Made]) -> list[Made]:
    """Return what the rows of a file say that stand under `key`; refuse every mistake at once, each with its place."""
    place, rows = _listed(source, key)
    made: list[Made] = []
    wrong: list[str] = []
    for number, row in enumerate(rows, start=1):
        try:
            made.append(made_of(row))
        except ModelError as error:
            wrong.append(f"{word} {number}: {error}")
    names = [one.name for one in made]
    wrong += [f"name {name!r} is given {names.count(name)} times" for name in dict.fromkeys(names)
              if names.count(name) > 1]  # fmt: skip
    if wrong:
        raise ModelError(f"{place}: {'; '.join(wrong)}")
    return made


def _listed(source: str | Path, key: str) -> tuple[str, list[object]]:
    """Return where a YAML file or text is, in words, and the rows of the one list in it, which stands under `key`."""
    if not isinstance(source, str | Path) or not str(source).strip(" "):
        raise ModelError(f"{key} are read from a YAML file, or from a text of several lines; got {source!r}")
    inline = isinstance(source, str) and "\n" in source
    place = "the text" if inline else str(source)
    try:
        found = documents(str(source) if inline else Path(source).read_text(encoding="utf-8"), place)
    except OSError as error:
        raise ModelError(f"{place}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise ModelError(f"{place}: is no text in UTF-8") from None
    except LoadError as refusal:
        raise ModelError(str(refusal)) from None
    except ValueError:
        raise ModelError(f"{place!r}: is no name of a file") from None
    told = found[0].value if len(found) == 1 else None
    rows = told.get(key) if isinstance(told, dict) else None
    if not isinstance(rows, list) or (isinstance(told, dict) and set(told) != {key}):
        raise ModelError(f"{place}: must hold one list under {key!r}")
    return place, rows


def read_row(row: object, keys: Sequence[str], make: Callable[[str, Mapping[str, float], Where], Made]) -> Made:
    """Return what `make` makes of a row's name, its levers as they were written, and where they hold."""
    if not isinstance(row, dict):
        raise ModelError(f"must have name and levers; got {row!r}")
    unknown = [str(key) for key in row if key not in keys]
    if unknown:
        raise ModelError(f"has no {', '.join(unknown)}; there are {', '.join(keys)}")
    name, levers = row.get("name"), row.get("levers")
    if not isinstance(name, str) or not name.strip():
        said = "" if name is None else f" in words, in quotes where it looks like a number; got {name!r}"
        raise ModelError(f"needs a name{said}")
    if not isinstance(levers, dict) or not levers or not all(isinstance(key, str) for key in levers):
        raise ModelError(f"{name!r} needs levers, such as {{flagged: 0.5}}")
    commas = [key for key, value in levers.items() if value is None and key.isdecimal()]
    if commas:
        raise ModelError(f"{name!r}: a number has a point, not a comma, before {commas[0]}, such as 0.5")
    places: dict[str, list[str]] = {}
    for key in ("incident_types", "services", "pools"):
        names = row.get(key) or []
        if not isinstance(names, list) or not all(isinstance(one, str) for one in names):
            raise ModelError(f"{key} of {name!r} must be a list of names")
        places[key] = names
    # Names of arguments that are no levers would be taken for those.
    wrong = [sentence for lever in levers if lever in (*keys, "self") for sentence in lever_errors(lever, 0.0)]
    if wrong:
        raise ModelError("; ".join(wrong))
    try:
        ramp = _ramp(row["ramp"]) if "ramp" in row else None
        return make(name, levers, Where(places["incident_types"], places["services"], places["pools"], ramp))
    except ModelError as refusal:
        # Its place in the file names it already.
        raise ModelError(re.sub(rf"^(scenario|investment) {re.escape(repr(name))}: ", "", str(refusal))) from None


def _ramp(told: object) -> Ramp:
    if not isinstance(told, dict) or not told:
        raise ModelError(f"ramp must hold {', '.join(_RAMP)}, such as {{months: 6}}; got {told!r}")
    unknown = [str(key) for key in told if key not in _RAMP]
    if unknown:
        raise ModelError(f"ramp has no {', '.join(unknown)}; there are {', '.join(_RAMP)}")
    return Ramp(**told)
