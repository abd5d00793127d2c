"""What the simulator knows about an organisation: frozen, checked before the first event."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from mttrlab.response import kinds
from mttrlab.response.deploying import Deployments
from mttrlab.response.elements import Bursts, Hypotheses, Reopening, Verification
from mttrlab.response.laws import AT_ONCE, Law
from mttrlab.response.people import Noise, Paging, Pipeline, Pool, Routing
from mttrlab.response.ramp import Ramp
from mttrlab.response.verdict import Verdict
from mttrlab.response.watching import Watch
from mttrlab.schema import STAMPS, Practices

if TYPE_CHECKING:
    from mttrlab.response.notes import Note

RUN_PRIOR = Law("constant", 1.0)
"""A run of a remediation rule takes a minute where no export says otherwise."""

FLAG_PRIOR = Law("constant", 0.5)
"""A flag takes half a minute where no export says otherwise."""


RUNBOOK_PRIOR = 1 / 3
"""Times as long with a runbook: "roughly a 3x improvement" (Site Reliability Engineering, O'Reilly 2016, chapter 1)."""


@dataclass(frozen=True)
class FixPath:
    """One way to end an incident of a type."""

    name: str
    """flag, rollback, config, scale, forward_fix, …, or other."""
    law: Law
    """Minutes from the diagnosis to the fix in place."""
    share: float
    """Share of the type's incidents that no change caused and that end this way."""
    share_changed: float
    """Share of the type's change-caused incidents that end this way."""
    success: float = 1.0
    """Chance that it works; where it does not, its time is spent and another fix comes after it."""

    def __post_init__(self) -> None:
        kinds.settle(self)


@dataclass(frozen=True)
class Face:
    """What an incident of a type looks like in the table."""

    share: float
    """Share of the type's incidents that look so."""
    service: str | None = None
    """The service hit; None: not said."""
    team: str | None = None
    """The team that owns the response; None: not said."""
    severity: str | None = None
    """The severity; None: not said."""
    failure_mode: str | None = None
    """availability, latency, error_rate or dependency; None: not known."""
    priority: int = 0
    """Place in the queue for a responder: the smallest first."""
    watch: str = ""
    """`rules`: the model's `watch` says how soon alerts notice; `gap`: no alert watches it; empty: the type's laws."""
    seen: float | None = None
    """Share of its incidents that alerts see; None: as the type's `alert_coverage`."""
    pool: str | None = None
    """The pool of people that works on it; None: the type's."""

    def __post_init__(self) -> None:
        kinds.settle(self)


@dataclass(frozen=True)
class IncidentType:
    """How often incidents of one type happen and how long their phases take."""

    name: str | None
    """As in `incident_type`; None: not known."""
    per_day: float
    """Mean arrivals per day."""
    detect: Law | None = None
    """Minutes from start to detection where no alert sees the fault; None: the model does not hold detection."""
    alert: Law | None = None
    """Minutes from start to detection where an alert or a monitor sees it; None: as `detect`."""
    acknowledge: Law | None = None
    """Minutes from detection to a person's acknowledgement; None: work begins at detection."""
    diagnose: Law | None = None
    """Minutes of work to the diagnosis; None: diagnosis and fix are one span."""
    paths: tuple[FixPath, ...] = ()
    """The fixes; shares add up to one (both columns)."""
    verify: Law | None = None
    """Minutes from the fix to confirmed health; None: the model ends at the fix."""
    alert_coverage: float = 1.0
    """Share of the type's incidents that alerts or monitors see first."""
    automation: float = 0.0
    """Share of the type's incidents whose alert has a remediation rule."""
    change_caused: float = 0.0
    """Share of the type's incidents that a known change caused."""
    faces: tuple[Face, ...] = (Face(1.0),)
    """What its incidents look like; shares add up to one."""
    pool: str | None = None
    """The pool of people that works on it; None: the first."""
    hypotheses: Hypotheses | None = None
    """Diagnosis as hypotheses tried in turn, in place of the law `diagnose`."""
    runbook: float = 0.0
    """Share of the type's incidents that a runbook answers; the law `diagnose` holds its effect already."""

    def __post_init__(self) -> None:
        kinds.settle(self)

    def seen(self, face: Face) -> float:
        """Return the share of a face's incidents that alerts see."""
        if face.watch == "gap":
            return 0.0
        return self.alert_coverage if face.seen is None else face.seen

    def fallback(self, failed: FixPath) -> FixPath | None:
        """Return the fix that comes after one which did not work: the forward fix, else the longest of the others."""
        others = [path for path in self.paths if path.name != failed.name]
        named = [path for path in others if path.name == "forward_fix"]
        return max(named or others, key=lambda path: path.law.quantile(0.5).item(), default=None)


@dataclass(frozen=True)
class Special:
    """Settings that hold for some incidents alone."""

    settings: tuple[tuple[str, Any], ...]
    """Field of the model (`element.field` for one of an element) → setting, or a tuple of settings by type."""
    incident_types: tuple[str, ...] = ()
    """Empty: all."""
    services: tuple[str, ...] = ()
    """Empty: all."""
    ramp: Ramp | None = None
    """How it arrives; None: it is there from the start, for all of these."""
    name: str = ""
    """Whose luck decides whom a ramp reaches first."""

    def __post_init__(self) -> None:
        kinds.settle(self)


@dataclass(frozen=True)
class ResponseModel:
    """How an organisation's incidents arise and are handled. Minutes throughout.

    `ResponseModel.fit(incidents)` makes one from an export; `notes` says where each part came from.
    """

    types: tuple[IncidentType, ...]
    """The user's own mix of incident types."""
    responders: int | None = None
    """People who can each work on one incident at a time; None: nobody ever waits for a person."""
    automation_success: float = 0.7
    """Chance that one attempt of a remediation rule ends the incident."""
    automation_run: Law = RUN_PRIOR
    """Minutes that a successful attempt takes."""
    automation_timeout: float = 1.0
    """Minutes after which an attempt has failed; a failing attempt takes all of them."""
    automation_attempts: int = 2
    """Attempts before a person is paged."""
    automation_harm: float = 0.0
    """Chance that a failed attempt does harm."""
    harm: Law = AT_ONCE
    """Minutes that harm adds to the fix of the person who comes after."""
    verify_pass: float = 1.0
    """Chance that a fix holds when it is verified; else the incident goes back to diagnosis."""
    false_pass: float = 0.0
    """Chance that a fix that does not hold passes its verification (`verification` has its own, per sample)."""
    max_rounds: int = 5
    """Rounds of diagnosis, fix and verification; the last one counts as verified."""
    difficulty: float = 0.0
    """Correlation between diagnosis and fix of one incident (of their normal scores): hard ones are hard twice."""
    flag: Law = FLAG_PRIOR
    """Minutes from the diagnosis until a feature flag has taken the change away."""
    profile: tuple[float, ...] = ()
    """Arrivals per hour of the week (168 numbers from Monday 00:00 UTC, any scale); empty: all hours alike."""
    pools: tuple[Pool, ...] = ()
    """Named people by shift, in place of `responders`; empty: `responders` alone."""
    watch: Watch | None = None
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
    stamps: tuple[str, ...] = STAMPS
    """The stamps that simulated incidents carry: those that the export shows."""
    start: str = "2026-01-01"
    """First day of the horizon (UTC) unless `simulate` says otherwise."""
    alert_latency: float = math.inf
    """Lever: longest time from start to page where an alert sees the fault, minutes."""
    alert_coverage: float | None = None
    """Lever: share of all incidents that alerts see; None: as the types say."""
    automation: float | None = None
    """Lever: share of all incidents whose alert has a remediation rule; None: as the types say."""
    more_flags: float = 0.0
    """Lever: share of the change-caused incidents not fixed by a flag so far that a flag fixes now."""
    rollback_minutes: float = math.inf
    """Lever: longest time of a rollback, minutes."""
    failover_minutes: float = math.inf
    """Lever: longest time of a failover, minutes."""
    scale_minutes: float = math.inf
    """Lever: longest time of scaling up, minutes."""
    config_minutes: float = math.inf
    """Lever: longest time of a change of configuration, minutes."""
    forward_fix_minutes: float = math.inf
    """Lever: longest time of a forward fix, minutes."""
    migration_minutes: float = math.inf
    """Lever: longest time of reversing a database migration, minutes."""
    diagnosis_factor: float = 1.0
    """Lever: diagnosis takes this many times as long."""
    acknowledge_factor: float = 1.0
    """Lever: people take this many times as long to react to a page."""
    runbooks: float | None = None
    """Lever: share of all incidents that a runbook answers; None: as the types say."""
    runbook_factor: float = RUNBOOK_PRIOR
    """Diagnosis takes this many times as long where a runbook is new (types with hypotheses have `first_hit`)."""
    verification_window: float = math.inf
    """Lever: longest verification, minutes."""
    prevention: float = 0.0
    """Lever: share of all incidents that never happen."""
    changes_prevented: float = 0.0
    """Lever: share of the incidents that a change caused that never happen."""
    noise_cut: float = 0.0
    """Lever: share of the pages that are no incident that are silenced."""
    special: tuple[Special, ...] = ()
    """Lever: settings of single incident types or services."""
    sources: tuple[Note, ...] = ()
    """Where each part came from; shown by `notes`."""
    verdict: Verdict | None = field(default=None, compare=False)
    """What the check on months that the fit had not seen has found; None: there was none."""

    def __post_init__(self) -> None:
        from mttrlab.response.sound import check

        kinds.settle(self)
        check(self)

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
        return () if self.responders is None else (Pool("responders", int(self.responders)),)

    @property
    def notes(self) -> pd.DataFrame:
        """Where each part came from: element, source (fitted, practices, prior, left out, disagreement, check), n,
        sentence."""
        from mttrlab.response.notes import table

        return table(self.sources)

    @property
    def life(self) -> pd.DataFrame:
        """The parts of an incident's life that this model holds, with minutes and levers; `plot_life` draws them."""
        from mttrlab.response.life import life

        return life(self)

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
        from mttrlab.response.fit import fit

        return fit(
            incidents, practices=practices, responders=responders, deployments=deployments, firings=firings, check=check
        )
