"""What the simulator knows about an organisation: frozen, checked before the first event."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from mttrlab.response import kinds
from mttrlab.response.apart import Special
from mttrlab.response.deploying import Deployments
from mttrlab.response.elements import Bursts, Impact, Reopening, Verification
from mttrlab.response.incident_type import IncidentType
from mttrlab.response.laws import AT_ONCE, Law
from mttrlab.response.moved import Moved
from mttrlab.response.people import Noise, Paging, Pipeline, Pool, Routing
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
class ResponseModel(Moved):
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
    users: tuple[Impact, ...] = ()
    """Shares of users that incidents hit, by type and severity; empty: not said."""
    stamps: tuple[str, ...] = STAMPS
    """The stamps that simulated incidents carry: those that the export shows."""
    start: str = "2026-01-01"
    """First day of the horizon (UTC) unless `simulate` says otherwise."""
    runbook_factor: float = RUNBOOK_PRIOR
    """Diagnosis takes this many times as long where a runbook is new (types with hypotheses have `first_hit`)."""
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
