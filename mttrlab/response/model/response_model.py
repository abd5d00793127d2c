"""What the simulator knows about an organisation: frozen, checked before the first event."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import field, fields
from functools import cache
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import PlainValidator

from mttrlab.errors import ModelError
from mttrlab.response.model import validation
from mttrlab.response.model.arrays import Floats
from mttrlab.response.model.deployments import Deployments
from mttrlab.response.model.detection import DetectionSettings
from mttrlab.response.model.distributions import LONGEST, ZERO, Distribution
from mttrlab.response.model.incident_types import IncidentType
from mttrlab.response.model.provenance import Note, table
from mttrlab.response.model.responders import Noise, Paging, Pipeline, Pool, Routing
from mttrlab.response.model.settings import Factor, Limit, Number, People, PositiveShare, Share, Text, settings
from mttrlab.response.model.workflow import Bursts, Impact, Reopening, Verification
from mttrlab.schema import STAMPS, Practices

RUN_PRIOR = Distribution("constant", 1.0)
"""A run of a remediation rule takes a minute where no export says otherwise."""

FLAG_PRIOR = Distribution("constant", 0.5)
"""A flag takes half a minute where no export says otherwise."""


RUNBOOK_PRIOR = 1 / 3
"""Times as long with a runbook: "roughly a 3x improvement" (Site Reliability Engineering, O'Reilly 2016, chapter 1)."""

# Settings that only a lever gives a model: what holds in place of the types' own.


@settings(kw_only=True)
class LeverSettings:
    """Settings of levers, each at rest unless a scenario moves it."""

    alert_latency: Limit = math.inf
    """Longest time from start to page where an alert sees the fault, minutes."""
    report_minutes: Limit = math.inf
    """Longest time from start to a report of people where no alert sees the fault."""
    alert_coverage: Share | None = None
    """Share of all incidents that alerts see; None: as the types say."""
    automation: Share | None = None
    """Share of all incidents whose alert has a remediation rule; None: as the types say."""
    more_flags: Share = 0.0
    """Share of the change-caused incidents not fixed by a flag so far that a flag fixes now."""
    flag_minutes: Limit = math.inf
    """Longest time of a feature flag, minutes."""
    rollback_minutes: Limit = math.inf
    """Longest time of a rollback, minutes."""
    failover_minutes: Limit = math.inf
    """Longest time of a failover, minutes."""
    scale_minutes: Limit = math.inf
    """Longest time of scaling up, minutes."""
    config_minutes: Limit = math.inf
    """Longest time of a change of configuration, minutes."""
    forward_fix_minutes: Limit = math.inf
    """Longest time of a forward fix, minutes."""
    migration_minutes: Limit = math.inf
    """Longest time of reversing a database migration, minutes."""
    flag_success: Share | None = None
    """Chance that a feature flag works; None: as the types say, and a new one works."""
    rollback_success: Share | None = None
    """Chance that a rollback works; None: as the types say."""
    failover_success: Share | None = None
    """Chance that a failover works; None: as the types say."""
    scale_success: Share | None = None
    """Chance that scaling up works; None: as the types say."""
    config_success: Share | None = None
    """Chance that a change of configuration works; None: as the types say."""
    forward_fix_success: Share | None = None
    """Chance that a forward fix works; None: as the types say."""
    migration_success: Share | None = None
    """Chance that reversing a database migration works; None: as the types say."""
    deployment_minutes: Limit = math.inf
    """Longest deployment, minutes."""
    diagnosis_factor: Factor = 1.0
    """Diagnosis takes this many times as long."""
    hypothesis_hit: PositiveShare | None = None
    """Chance that a hypothesis is the right one; None: as the types say."""
    first_hit: Share | None = None
    """Chance that the first hypothesis is right where a runbook answers; None: as the types say."""
    novel: Share | None = None
    """Share of incidents of a kind not seen before; None: as the types say."""
    try_minutes: Limit = math.inf
    """Longest try of a hypothesis, minutes."""
    acknowledge_factor: Factor = 1.0
    """People take this many times as long to react to a page."""
    backup_factor: Factor = 1.0
    """Those called after the first one take this many times as long to react."""
    notice_factor: Factor = 1.0
    """A team takes this many times as long to see that another should have the incident."""
    automation_run_factor: Factor = 1.0
    """A run of a remediation rule takes this many times as long."""
    harm_factor: Factor = 1.0
    """Harm of a failed attempt takes this many times as long."""
    runbooks: Share | None = None
    """Share of all incidents that a runbook answers; None: as the types say."""
    verification_window: Limit = math.inf
    """Longest verification, minutes."""
    prevention: Share = 0.0
    """Share of all incidents that never happen."""
    changes_prevented: Share = 0.0
    """Share of the incidents that a change caused that never happen."""
    arrivals_factor: Factor = 1.0
    """Incidents begin this many times as often."""
    deploys_factor: Factor = 1.0
    """Deployments this many times as often, and with them the incidents that a change caused."""
    failing_factor: Factor = 1.0
    """A deployment causes this many times as many incidents."""
    burst_share: Share | None = None
    """Share of first incidents that bring others, where it is below that of `bursts`."""
    burst_size: Annotated[float, Number(0.0, 1000.0)] | None = None
    """Others that an incident brings on average, where it brings any, where that is below `bursts`."""
    noise_cut: Share = 0.0
    """Share of the pages that are no incident that are silenced."""
    noise_factor: Factor = 1.0
    """Seeing that a page is no incident takes this many times as long."""


# How a change arrives: not on day one, not everywhere, and not for ever.


MONTH_DAYS = 30.4375
"""Days of a month: a twelfth of a year."""


Months = Annotated[float, Number(0.0, 1200.0)]


@settings("a ramp")
class Ramp:
    """The share of incidents that meet the new settings, as months pass.

    Examples
    --------
    >>> Ramp(months=6).fraction_reached(np.array([0.0, 3.0, 6.0, 24.0])).tolist()
    [0.0, 0.5, 1.0, 1.0]
    """

    months: Months = 6.0
    """Months until it is fully there, in a straight line; 0: at once."""
    delay: Months = 0.0
    """Months before anything changes."""
    adoption: Share = 1.0
    """Share of the incidents that it reaches once it is fully there."""
    decay: Share = 0.0
    """Share of its reach that is lost in each month after it is fully there."""

    def fraction_reached(self, months: Floats) -> Floats:
        """Return the share of incidents that meet the new settings so many months after the start of the horizon."""
        since = np.asarray(months, dtype=np.float64) - self.delay
        risen = np.clip(since / self.months, 0.0, 1.0) if self.months else (since >= 0).astype(np.float64)
        kept = (1 - self.decay) ** np.maximum(since - self.months, 0.0)
        return np.asarray(self.adoption * risen * kept)


# Settings that hold for some incidents alone, as a model holds them; `sampling.overrides` applies them.


Setting = float | tuple[float, ...]
"""What holds for these incidents: for all of them, or by type."""


def _setting(value: object) -> object:
    if isinstance(value, (tuple, list)):
        return tuple(validation.number("each entry", one) for one in value)
    # Whole numbers stay whole.
    return value if type(value) is int else validation.number("", value)


@settings("settings of some incidents")
class Override:
    """Settings that hold for some incidents alone."""

    settings: tuple[tuple[Text, Annotated[Setting, PlainValidator(_setting)]], ...]
    """Field of the model (`element.field` for one of an element) → setting, or a tuple of settings by type."""
    incident_types: tuple[Text, ...] = ()
    """Empty: all."""
    services: tuple[Text, ...] = ()
    """Empty: all."""
    ramp: Ramp | None = None
    """How it arrives; None: it is there from the start, for all of these."""
    name: Text = ""
    """Whose luck decides whom a ramp reaches first."""


# What a check against months not seen has found, in one word and one line; it travels with the model.


PASSED, FAILED, TOO_FEW = "passed", "failed", "too few to tell"

UNCHECKED = "not yet checked against history"


@settings("a verdict")
class Verdict:
    """One word and one line."""

    word: Text
    """passed, failed, or too few to tell."""
    line: Text
    """One plain line that stands above every what-if."""

    def __str__(self) -> str:
        return self.line


@settings()
class ResponseModel(LeverSettings):
    """How an organisation's incidents arise and are handled. Minutes throughout.

    `ResponseModel.fit(incidents)` makes one from an export; `notes` says where each part came from.
    """

    types: tuple[IncidentType, ...]
    """The user's own mix of incident types."""
    responders: People | None = None
    """People who can each work on one incident at a time; None: nobody ever waits for a person."""
    automation_success: Share = 0.7
    """Chance that one attempt of a remediation rule ends the incident."""
    automation_run: Distribution = RUN_PRIOR
    """Minutes that a successful attempt takes."""
    automation_timeout: Annotated[float, Number(0.0, LONGEST)] = 1.0
    """Minutes after which an attempt has failed; a failing attempt takes all of them."""
    automation_attempts: Annotated[int, Number(1, 20)] = 2
    """Attempts before a person is paged."""
    automation_harm: Share = 0.0
    """Chance that a failed attempt does harm."""
    harm: Distribution = ZERO
    """Minutes that harm adds to the fix of the person who comes after."""
    verify_pass: Share = 1.0
    """Chance that a fix holds when it is verified; else the incident goes back to diagnosis."""
    false_pass: Share = 0.0
    """Chance that a fix that does not hold passes its verification (`verification` has its own, per sample)."""
    max_rounds: Annotated[int, Number(1, 20)] = 5
    """Rounds of diagnosis, fix and verification; the last one counts as verified."""
    difficulty: Annotated[float, Number(0.0, 0.99)] = 0.0
    """Correlation between diagnosis and fix of one incident (of their normal scores): hard ones are hard twice."""
    flag: Distribution = FLAG_PRIOR
    """Minutes from the diagnosis until a feature flag has taken the change away."""
    profile: tuple[Annotated[float, Number()], ...] = ()
    """Arrivals per hour of the week (168 numbers from Monday 00:00 UTC, any scale); empty: all hours alike."""
    pools: tuple[Pool, ...] = ()
    """Named people by shift, in place of `responders`; empty: `responders` alone."""
    watch: DetectionSettings | None = None
    """Rules and monitors whose settings say how soon alerts notice; None: the types' laws say it."""
    paging: Paging | None = None
    """Delivery and escalation; None: one person reacts after `acknowledge`."""
    routing: Routing | None = None
    """Incidents that reach the wrong team first; None: none do."""
    noise: Noise | None = None
    """Pages that are no incident; None: none."""
    pipeline: Pipeline | None = None
    """Deployments that fixes queue for; None: a fix's law holds its deployment."""
    verification: Verification | None = None
    """Health confirmed by samples, in place of the types' law `verify`."""
    reopening: Reopening | None = None
    """Incidents that come back; None: none do."""
    bursts: Bursts | None = None
    """Incidents that bring others; None: each comes by itself."""
    deployments: Deployments | None = None
    """When people deploy; incidents that a change caused begin after that. None: at any hour, as the others."""
    users: tuple[Impact, ...] = ()
    """Shares of users that incidents hit, by type and severity; empty: not said."""
    stamps: tuple[Text, ...] = STAMPS
    """The stamps that simulated incidents carry: those that the export shows."""
    start: Text = "2026-01-01"
    """First day of the horizon (UTC) unless `simulate` says otherwise."""
    runbook_factor: Annotated[float, Number(0.0, 100.0, above=True)] = RUNBOOK_PRIOR
    """Diagnosis takes this many times as long where a runbook is new (types with hypotheses have `first_hit`)."""
    overrides: tuple[Override, ...] = ()
    """Lever: settings of single incident types or services."""
    sources: tuple[Note, ...] = ()
    """Where each part came from; shown by `notes`."""
    verdict: Verdict | None = field(default=None, compare=False)
    """What the check on months that the fit had not seen has found; None: there was none."""

    def __post_init__(self) -> None:
        _check(self)

    def __repr__(self) -> str:
        return "\n".join(_lines(self))

    @property
    def per_day(self) -> float:
        """Mean arrivals per day, all types."""
        return math.fsum(kind.per_day for kind in self.types)

    @property
    def weights(self) -> tuple[float, ...]:
        """Share of the incidents that each type makes."""
        total = self.per_day
        return tuple(kind.per_day / total for kind in self.types)

    @property
    def people(self) -> tuple[Pool, ...]:
        """The pools that incidents ask: `pools`, else `responders` as one; empty: nobody waits for a person."""
        if self.pools:
            return self.pools
        return () if self.responders is None else (_responders(self.responders),)

    @property
    def notes(self) -> pd.DataFrame:
        """Where each part came from: element, source (fitted, practices, prior, left out, disagreement, check), n,
        sentence."""
        return table(self.sources)

    @property
    def description(self) -> pd.DataFrame:
        """The parts of an incident's life that this model holds, with minutes and levers; `plot_life` draws them."""
        from mttrlab.response.experiment.description import describe_model

        return describe_model(self)

    @classmethod
    def fit(
        cls,
        incidents: pd.DataFrame,
        practices: Practices | None = None,
        responders: int | str | None = None,
        *,
        deployments: pd.DataFrame | None = None,
        firings: pd.DataFrame | None = None,
        check: bool = True,
    ) -> ResponseModel:
        """Return the model that these incidents support.

        Parameters
        ----------
        incidents : DataFrame
            As `lab.incidents()` or `ml.read()` give them; open ones are censored at `exported_at`.
        practices : Practices, optional
            What the team runs, as `lab.practices()` gives it. Rules and monitors then say how soon alerts notice,
            remediation rules how often and how long they try, runbooks which incidents they answer, change paths how
            long they take where history has few such fixes, on-call levels how soon they react. `notes` says what was
            used, and where settings and history disagree.
        responders : int or "on call", optional
            People who each work on one incident at a time; "on call": those of the schedules in `practices`, at their
            hours. Without it nobody waits for a person: the time to diagnose in an export already holds the wait.
        deployments : DataFrame, optional
            As `lab.deployments()` gives them: incidents whose `change_id` is among them then begin after deployments,
            at the hours at which people deploy.
        firings : DataFrame, optional
            As `lab.firings()` gives them: where an incident does not say who noticed, an alert of its service that
            fired between onset and detection did.
        check : bool, default True
            Fit to the first three quarters of the incidents as well and check that on the rest (`check_model`): the
            verdict is in `verdict` and `notes`, and stands beside every what-if.

        Raises
        ------
        ModelError
            When fewer than five incidents have ended on any clock.

        Notes
        -----
        Lognormal laws by maximum likelihood with censoring, one spread per phase, the log means of types shrunk
        towards each other (normal-normal, DerSimonian and Laird). See `notes`.

        Which incidents alerts see comes from `detected_by` where half of the incidents say it; else from firings; else
        from the delays' own shape, where a quick clump stands beside a slow one (the quick ones are then taken for
        alerts'); else it is borrowed: 61 %, and no history can say how wrong that is. `mttrlab.refits` draws another
        share in every refit, so that the band holds this doubt. The same goes for an attempt's chance of success, a
        new runbook's effect and the minutes of a flag.
        """
        from mttrlab.response.calibration.fit import fit_model

        return fit_model(
            incidents, practices=practices, responders=responders, deployments=deployments, firings=firings, check=check
        )


@cache
def _responders(people: int) -> Pool:
    return Pool("responders", people)


def _lines(model: ResponseModel) -> Iterator[str]:
    """Yield a model in a few lines: types, people, what else it holds, levers, verdict."""
    rates = [f"{kind.name or 'without a name'} {kind.per_day:.3g}" for kind in model.types[:_MOST_SHOWN]]
    more = len(model.types) - len(rates)
    ending = "s" if len(model.types) > 1 else ""
    yield f"ResponseModel: {len(model.types)} incident type{ending}, {model.per_day:.3g} incidents a day"
    yield f"  incidents a day: {', '.join(rates)}{f' and {more} more' if more > 0 else ''}"
    people = [f"{pool.name} {pool.mean_people:.3g}" for pool in model.people]
    yield f"  people: {', '.join(people) or 'nobody waits for a person'}"
    parts = ("watch", "paging", "routing", "noise", "pipeline", "verification", "reopening", "bursts", "deployments")
    there = [name for name in (*parts, "users", "profile", "overrides") if getattr(model, name)]
    if there:
        yield f"  with: {', '.join(there)}"
    moved = {one.name: getattr(model, one.name) for one in fields(LeverSettings)}
    said = [f"{one.name}={moved[one.name]}" for one in fields(LeverSettings) if moved[one.name] != one.default]
    if said:
        yield f"  levers: {', '.join(said)}"
    yield f"  {model.verdict or UNCHECKED}"


_MOST_SHOWN = 8


def _check(model: ResponseModel) -> None:
    """Refuse settings that cannot stand side by side."""
    if not model.types:
        raise ModelError("a model needs at least one incident type")
    if model.per_day <= 0:
        raise ModelError("a model needs arrivals; every type has per_day 0")
    _check_people(model)
    _check_deployments(model)
    _check_users(model)
    if len(model.profile) not in (0, 168):
        raise ModelError(f"profile needs 168 numbers, one for each hour of the week; got {len(model.profile)}")
    if model.profile and math.fsum(model.profile) <= 0:
        raise ModelError("profile must have at least one hour above 0")
    unknown = [name for name in model.stamps if name not in STAMPS]
    if unknown or not model.stamps:
        raise ModelError(f"stamps must be some of {', '.join(STAMPS)}; got {', '.join(unknown) or 'none'}")


def _check_users(model: ResponseModel) -> None:
    names = [kind.name for kind in model.types]
    entries = [(one.incident_type, one.severity) for one in model.users]
    for name, severity in entries:
        if name is not None and name not in names:
            known = ", ".join(map(str, names))
            raise ModelError(f"users of the type {name}: the model has no such type; it has {known}")
        if entries.count((name, severity)) > 1:
            raise ModelError(f"users of the type {name or 'any'} and severity {severity or 'any'} stand there twice")


def _check_deployments(model: ResponseModel) -> None:
    if model.deployments and not any(kind.change_caused for kind in model.types):
        raise ModelError("deployments bring the incidents that a change caused, and no type has change_caused above 0")


def _check_people(model: ResponseModel) -> None:
    names = [pool.name for pool in model.pools]
    if len(set(names)) < len(names):
        raise ModelError(f"pools need names of their own; got {', '.join(names)}")
    if names and model.responders is not None:
        raise ModelError("a model has pools or responders, not both")
    for kind in model.types:
        for name in (kind.pool, *(face.pool for face in kind.profiles)):
            if name is not None and name not in names:
                raise ModelError(
                    f"{kind.name or 'a type'} is worked on by pool {name}; pools are {', '.join(names) or 'none'}"
                )
    if model.noise and model.noise.pool is not None and model.noise.pool not in names:
        raise ModelError(f"noise is answered by pool {model.noise.pool}; pools are {', '.join(names) or 'none'}")
    between = model.routing.between if model.routing else None
    for name in between or ():
        if name not in names:
            raise ModelError(f"routing passes incidents to pool {name}; pools are {', '.join(names) or 'none'}")
    if model.noise and not model.people:
        raise ModelError("noise takes people's minutes, and nobody waits for a person in this model; say responders=")
