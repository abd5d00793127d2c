"""What money can change: a scenario with a price, that arrives by and by and works as well as nobody yet knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from numbers import Real
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, TypeGuard

from scipy import special

from mttrlab.errors import ModelError
from mttrlab.refusals import shown
from mttrlab.response.model import validation
from mttrlab.response.model.response_model import Ramp, ResponseModel
from mttrlab.response.sampling.random_streams import stream
from mttrlab.response.scenarios.levers import LEVERS
from mttrlab.response.scenarios.scenario import Scenario, Where, lever_errors, read_listed, read_row, scenario_of

_MOST_MONEY = 1e12
_COSTS = ("once", "yearly")
WITHIN_SIX_MONTHS = Ramp(months=6)


@dataclass(frozen=True, init=False, repr=False)
class Investment(Scenario):
    """A scenario with a price, a ramp, doubt about its effect, and side effects.

    Parameters
    ----------
    name : str
        What people call it.
    once, yearly : float or (low, likely, high), default 0
        What it costs at the beginning, and in every year; in any currency, the same for all.
    ramp : Ramp, optional
        How it arrives; default within six months, in a straight line. None: on the first day.
    side_effects : mapping, optional
        Levers that it moves besides, as `levers` are given: they arrive with the same ramp and hold for all incidents.
    incident_types, services, pools : sequence of str, optional
        As for `Scenario`: where its levers hold; default everywhere.
    **levers : float or (low, likely, high)
        What it sets (`levers()` lists them), or the lowest, likely and highest setting that it may reach (PERT).

    Raises
    ------
    ModelError
        Every mistake at once.

    Notes
    -----
    Where a scenario is asked for, an investment counts with its likely numbers; `rank_investments` draws them all.
    Settings that cannot come by and by (`responders`, settings of pools, …: `alone` of `levers()`) hold from the first
    day.

    Examples
    --------
    >>> flags = Investment("Flags", once=40_000, yearly=6_000, flagged=(0.3, 0.5, 0.6), side_effects={"dulled": 1.1})
    >>> flags.levers["flagged"], flags.ranges["flagged"].high, flags.ramp.months
    (0.5, 0.6, 6.0)
    """

    once: float
    """What it likely costs at the beginning."""
    yearly: float
    """What it likely costs in every year."""
    side_effects: Mapping[str, float]
    """Lever → likely setting."""
    ranges: Mapping[str, PertEstimate]
    """Lever, side effect, `once` or `yearly` → what it may be, where it is not known."""

    def __init__(
        self,
        name: str,
        *,
        once: Setting = 0.0,
        yearly: Setting = 0.0,
        ramp: Ramp | None = WITHIN_SIX_MONTHS,
        side_effects: Mapping[str, Setting] | None = None,
        incident_types: Sequence[str] = (),
        services: Sequence[str] = (),
        pools: Sequence[str] = (),
        **levers: Setting,
    ) -> None:
        if not isinstance(name, str):
            raise ModelError(f"an investment's name must be a text; got {shown(name)}")
        besides: object = {} if side_effects is None else side_effects
        if not isinstance(besides, Mapping):
            said = f"side_effects must hold levers, such as {{'dulled': 1.1}}; got {shown(besides)}"
            raise ModelError(f"investment {name!r}: {said}")
        told = {"once": once, "yearly": yearly, **besides, **levers}
        wrong = [f"{lever} is a side effect of itself" for lever in levers if lever in besides]
        if not levers:
            wrong.append("moves no lever; name one, such as flagged=0.5")
        known: dict[str, float | PertEstimate] = {}
        for what, value in told.items():
            try:
                known[what] = _read(str(what), value)
            except ModelError as refusal:
                wrong.append(str(refusal))
        if wrong:
            raise ModelError(f"investment {name!r}: {'; '.join(dict.fromkeys(wrong))}")
        likely = {what: value.likely if isinstance(value, PertEstimate) else value for what, value in known.items()}
        try:
            # What holds for scenarios holds here: names, and where a lever may be moved.
            settings = {lever: likely[lever] for lever in levers}
            checked = Scenario(
                name, incident_types=incident_types, services=services, pools=pools, ramp=None, **settings
            )
            Scenario(name, ramp=ramp)
        except ModelError as refusal:
            raise ModelError(str(refusal).replace("scenario", "investment", 1)) from None
        own = {
            "name": name,
            "levers": MappingProxyType({lever: likely[lever] for lever in levers}),
            "incident_types": checked.incident_types,
            "services": checked.services,
            "pools": checked.pools,
            "ramp": ramp,
            "once": float(likely["once"]),
            "yearly": float(likely["yearly"]),
            "side_effects": MappingProxyType({lever: likely[lever] for lever in besides}),
            "ranges": MappingProxyType(
                {what: value for what, value in known.items() if isinstance(value, PertEstimate)}
            ),
        }
        for field, value in own.items():
            object.__setattr__(self, field, value)

    def __repr__(self) -> str:
        usual = {"ramp": WITHIN_SIX_MONTHS}
        shown = {k: v for k, v in self._told().items() if (v != usual[k] if k in usual else v or k in self.levers)}
        return f"Investment({', '.join([repr(self.name), *(f'{k}={v!r}' for k, v in shown.items())])})"

    def __hash__(self) -> int:
        return hash((self.name, tuple(sorted(self.levers.items())), self.once, self.yearly))

    def __reduce__(self) -> tuple[object, ...]:
        numbers = {cost: getattr(self, cost) for cost in _COSTS}
        return _again, (self.name, numbers, dict(self.levers), dict(self.side_effects), dict(self.ranges), self.where)

    def _told(self) -> dict[str, object]:
        """Return the arguments that make it, as people give them."""

        def given(what: str, likely: float) -> Setting:
            return tuple(self.ranges[what]) if what in self.ranges else likely

        return {
            **{cost: given(cost, getattr(self, cost)) for cost in _COSTS},
            "ramp": self.ramp,
            "side_effects": {lever: given(lever, value) for lever, value in self.side_effects.items()},
            "incident_types": self.incident_types,
            "services": self.services,
            "pools": self.pools,
            **{lever: given(lever, value) for lever, value in self.levers.items()},
        }

    @property
    def parts(self) -> tuple[Scenario, ...]:
        """The scenarios that it comes to: its levers, and its side effects."""
        made = []
        for own, only in ((self.levers, self.where), (self.side_effects, Where(ramp=self.ramp))):
            later = {lever: value for lever, value in own.items() if LEVERS[lever].alone}
            soon = {lever: value for lever, value in own.items() if lever not in later}
            if soon:
                made.append(scenario_of(self.name, soon, Where(pools=only.pools)))
            if later:
                made.append(scenario_of(self.name, later, only._replace(pools=())))
        return tuple(made)

    def apply(self, model: ResponseModel) -> ResponseModel:
        """Return `model` with the likely settings; levers that it cannot move are left alone."""
        for part in self.parts:
            model = part.apply(model)
        return model

    def reasons(self, model: ResponseModel) -> dict[str, str]:
        """Return why each lever that this model cannot move has no effect."""
        found: dict[str, str] = {}
        for part in self.parts:
            found |= part.reasons(model)
            model = part.apply(model)
        return found

    def drawn(self, seed: int, number: int) -> Investment:
        """Return it with every number known: one of the ways in which it may turn out.

        Parameters
        ----------
        seed : int
        number : int
            Which of them. Each of its numbers has a stream of its own by name, so that another investment beside it,
            or another range in it, moves none.
        """
        if (seed, number) not in self._drawn:
            self._drawn[seed, number] = self._known(seed, number)
        return self._drawn[seed, number]

    @cached_property
    def _drawn(self) -> dict[tuple[int, int], Investment]:
        """What `drawn` has answered."""
        return {}

    def _known(self, seed: int, number: int) -> Investment:
        def value(what: str) -> float:
            return self.ranges[what].quantile(stream(seed, f"estimate {self.name} {what}", number).random())

        known = {what: value(what) for what in self.ranges}
        costs = {cost: known.get(cost, getattr(self, cost)) for cost in _COSTS}
        levers, besides = (
            {lever: known.get(lever, likely) for lever, likely in own.items()}
            for own in (self.levers, self.side_effects)
        )
        return _again(self.name, costs, levers, besides, {}, self.where)

    def cost_per_year(self, years: float) -> float:
        """Return the likely cost of a year, where what is paid once is spread over so many years.

        Examples
        --------
        >>> Investment("Flags", once=30_000, yearly=5_000, flagged=0.5).cost_per_year(3)
        15000.0
        """
        return self.once / years + self.yearly


def _read(what: str, value: object) -> float | PertEstimate:
    """Return a cost or a setting, exact or as an `PertEstimate`."""
    if what in _COSTS:
        return estimate(what, value, lambda name, one: validation.finite(name, one, 0.0, _MOST_MONEY))

    def check(name: str, one: object) -> None:
        for sentence in lever_errors(name, one):
            raise ModelError(sentence)

    if what not in LEVERS:
        check(what, value)
    known = estimate(what, value, check)
    if isinstance(known, PertEstimate) and LEVERS[what].whole:
        raise ModelError(f"{what} is counted in whole numbers: give one, not a range")
    return known


def _again(
    name: str,
    costs: Mapping[str, float],
    levers: Mapping[str, float],
    side_effects: Mapping[str, float],
    ranges: Mapping[str, PertEstimate],
    where: Where,
) -> Investment:
    """Return an investment with these likely numbers, and ranges where they are not known."""
    known: dict[str, Setting] = {**costs, **side_effects, **levers, **ranges}
    return Investment(
        name,
        once=known["once"],
        yearly=known["yearly"],
        ramp=where.ramp,
        side_effects={lever: known[lever] for lever in side_effects},
        incident_types=where.incident_types,
        services=where.services,
        pools=where.pools,
        **{lever: known[lever] for lever in levers},
    )


# Investments as people write them down: YAML, checked whole before anything runs.


_KEYS = ("name", "levers", "once", "yearly", "ramp", "side_effects", "incident_types", "services", "pools")


def read_investments(source: str | Path) -> list[Investment]:
    """Return the investments of a YAML file, or of a text with several lines.

    Parameters
    ----------
    source : str or Path
        A list under `investments`, each with `name` and `levers`; `once` and `yearly`, what it costs; `ramp` (default:
        six months; `none`: there on the first day), `side_effects`, `incident_types`, `services` or `pools` as for
        `Investment`. What is not known exactly is written as three numbers, `[low, likely, high]`, or as
        `{low: …, likely: …, high: …}`.

    Raises
    ------
    ModelError
        Every mistake at once, each with its place.

    Examples
    --------
    >>> text = "investments:\\n- {name: Flags, once: 40000, levers: {flagged: [0.3, 0.5, 0.6]}}"
    >>> read_investments(text)[0].ranges["flagged"]
    PertEstimate(low=0.3, likely=0.5, high=0.6)
    """
    return read_listed(source, "investments", "investment", _investment)


def _investment(row: object) -> Investment:
    told = row if isinstance(row, dict) else {}
    at_once = "ramp" in told and told["ramp"] in (None, "none")
    scenario = {key: value for key, value in told.items() if key != "ramp" or not at_once}

    def make(name: str, levers: Mapping[str, float], where: Where) -> Investment:
        side = told.get("side_effects") or {}
        if not isinstance(side, dict):
            raise ModelError(f"side_effects must hold levers, such as {{dulled: 1.1}}; got {side!r}")
        return Investment(
            name,
            once=told.get("once", 0.0),
            yearly=told.get("yearly", 0.0),
            ramp=None if at_once else where.ramp or WITHIN_SIX_MONTHS,
            side_effects=side,
            incident_types=where.incident_types,
            services=where.services,
            pools=where.pools,
            **levers,
        )

    return read_row(scenario if isinstance(row, dict) else row, _KEYS, make)


# A number that nobody knows exactly: the lowest, the likely and the highest that it can be.


Setting = float | Sequence[float] | Mapping[str, float]
"""A number, or the lowest, the likely and the highest that it can be, in this order or as `low`, `likely`, `high`."""

_WORDS = "a number, or three: the lowest, the likely and the highest"


class PertEstimate(NamedTuple):
    """Three numbers that people can say of what they do not know."""

    low: float
    likely: float
    high: float

    def quantile(self, u: float) -> float:
        """Return the value that a share `u` of what is held possible lies below.

        Notes
        -----
        PERT (Malcolm, Roseboom, Clark, Fazar, *Operations Research* 7, 1959): a beta distribution from `low` to `high`
        with its mode at `likely` and its mean at (low + 4 likely + high) / 6.

        Examples
        --------
        >>> [round(PertEstimate(0.0, 0.5, 1.0).quantile(u), 3) for u in (0.0, 0.1, 0.5, 1.0)]
        [0.0, 0.247, 0.5, 1.0]
        """
        width = self.high - self.low
        if not width:
            return self.likely
        # A width beyond the largest number has no middle to speak of, and bounds of settings are far below.
        a, b = 1 + 4 * ((self.likely - self.low) / width), 1 + 4 * ((self.high - self.likely) / width)
        return float(min(max(self.low + width * float(special.betaincinv(a, b, u)), self.low), self.high))

    @property
    def mean(self) -> float:
        """What is expected: (low + 4 likely + high) / 6."""
        return (self.low + 4 * self.likely + self.high) / 6


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, Real)


def estimate(name: str, value: object, check: Callable[[str, object], object]) -> float | PertEstimate:
    """Return a checked number, or a checked `PertEstimate`; refuse anything else in a sentence.

    Parameters
    ----------
    name : str
        What it is, for the sentence.
    value : number, sequence of three, or mapping of `low`, `likely` and `high`
    check : callable
        Of name and value; raises `ModelError` for a value that cannot be.
    """
    if _is_number(value):
        check(name, value)
        return value
    if isinstance(value, Mapping) and set(value) == set(PertEstimate._fields):
        value = [value[end] for end in PertEstimate._fields]
    if isinstance(value, (str, bytes)) or not isinstance(value, Sequence) or len(value) != 3:
        raise ModelError(f"{name} must be {_WORDS}; got {shown(value)}")
    for one in value:
        check(name, one)
    low, likely, high = map(float, value)
    if not low <= likely <= high:
        raise ModelError(
            f"{name} must go from the lowest over the likely to the highest; got {low:g}, {likely:g}, {high:g}"
        )
    return PertEstimate(low, likely, high)
