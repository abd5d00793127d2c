"""How a team watches its services, as frozen settings: alert rules, synthetic monitors, probes."""

from __future__ import annotations

from dataclasses import dataclass

from mttrlab.schema.routing import Route, Routed

FAILURE_MODES = ("availability", "latency", "error_rate", "dependency", "correctness")
"""How a service can fail; the founding text names the first four, a journey's content checks add the fifth."""

UNKNOWN = "unknown"
"""A rule whose failure mode nobody could read from it: shown, never counted as coverage, open to a mapping."""

SCRAPE_S, EVALUATION_S, GROUP_WAIT_S = 60.0, 60.0, 30.0
"""What Prometheus and Alertmanager do where their settings say nothing, seconds."""


@dataclass(frozen=True)
class Condition:
    """One comparison of an alert rule, over one trailing window."""

    window_s: float = 0.0
    """Trailing window of the quantity, seconds; 0: the latest sample."""
    threshold: float | None = None
    """What it is compared with; None: not readable from the rule."""
    kind: str = "instant"
    """instant, share (bad requests of all), good (healthy requests or targets of all), quantile (of latency),
    all (every sample of the window), any (one event is enough), or opaque (the level cannot be read)."""
    quantile: float = 0.95
    """Of latency, for `quantile`."""


@dataclass(frozen=True)
class AlertRule:
    """A rule that pages when a quantity crosses a threshold."""

    name: str
    service: str = ""
    """The service it watches; empty: the rule does not say."""
    failure_mode: str = UNKNOWN
    """One of FAILURE_MODES, or unknown."""
    expr: str = ""
    """The expression as written."""
    for_s: float = 0.0
    """How long the condition must hold, seconds."""
    window_s: float = 0.0
    """Longest trailing window of the expression, seconds."""
    threshold: float | None = None
    """What the quantity is compared with (shares as 0 to 1); None: not readable."""
    eval_s: float | None = None
    """Evaluation interval, seconds; None: the rule does not say."""
    scrape_s: float | None = None
    """Scrape interval of its metrics, seconds; None: the rule does not say."""
    group_wait_s: float | None = None
    """Wait before the first notification, seconds; None: the rule does not say."""
    delay_s: float = 0.0
    """Fixed extra delay (an evaluation delay for late metrics), seconds."""
    severity: str = ""
    always_firing: bool = False
    """A dead man's switch or an alert about alerts: no coverage."""
    recording: bool = False
    """Computes a series and pages nobody: no coverage."""
    source: str = ""
    """Where it was read: file and place."""
    also: tuple[str, ...] = ()
    """Further services that it watches."""
    conditions: tuple[tuple[Condition, ...], ...] = ()
    """Alternatives, each a set of comparisons that must hold together; empty: window_s and threshold say it all."""
    why: str = ""
    """What the failure mode was read from; for unknown ones, why it could not be."""
    runbook: str = ""
    """Address of its runbook."""
    labels: tuple[tuple[str, str], ...] = ()
    """Those that the rule itself puts on its alerts."""
    routed: Routed | None = None
    """The route that its alerts take, once the routes are known."""

    @property
    def targets(self) -> tuple[str, ...]:
        """Every service it watches."""
        return tuple(name for name in (self.service, *self.also) if name)

    @property
    def type(self) -> str:
        """The failure mode, under the founding text's name for it."""
        return self.failure_mode

    @property
    def failure_modes(self) -> tuple[str, ...]:
        """The failure modes it watches: one, or none where unknown."""
        return () if self.failure_mode == UNKNOWN else (self.failure_mode,)

    @property
    def pages(self) -> bool:
        """Whether it can page somebody because a service fails."""
        unheard = self.routed is not None and self.routed.silent
        return not (self.recording or self.always_firing or unheard)


@dataclass(frozen=True)
class MonitorStep:
    """One request of a synthetic journey and what it asserts. Bodies and headers are not kept."""

    name: str = ""
    url: str = ""
    """Scheme, host and path; secrets, user names and query strings are cut out."""
    method: str = "GET"
    status: int | None = None
    """Status asserted."""
    load_time_ms: float | None = None
    """Longest load time asserted, milliseconds."""
    content: bool = False
    """Whether the answer's content is asserted."""
    service: str = ""
    """The service that answers; empty: not said."""

    @property
    def failure_modes(self) -> tuple[str, ...]:
        """What its assertions would notice."""
        asserted = {
            "availability": True,  # a request that gets no answer fails whatever it asserts
            "latency": self.load_time_ms is not None,
            "error_rate": self.status is not None,
            "correctness": self.content,
        }
        return tuple(mode for mode in FAILURE_MODES if asserted.get(mode))


@dataclass(frozen=True)
class SyntheticMonitor:
    """A scheduled probe that acts as a user does."""

    name: str
    interval_s: float = 60.0
    """Time between runs of one location, seconds."""
    confirmations: int = 1
    """Failing runs in a row that it takes to page."""
    retry_interval_s: float | None = None
    """Where set, the confirmations are quick retries this far apart instead of whole intervals, seconds."""
    retry_waits_s: tuple[float, ...] = ()
    """Waits before each retry inside one run; a run fails when all of them fail, seconds."""
    locations: int = 1
    quorum: int = 1
    """Locations that must agree."""
    spread: str = "random"
    """How the locations' runs lie in time: random, staggered (evenly) or together."""
    timeout_s: float = 0.0
    """How long a run waits for a service that hangs, seconds."""
    sensitivity: float = 1.0
    """Chance that a run fails when every request that it makes is hit."""
    steps: tuple[MonitorStep, ...] = ()
    service: str = ""
    """The service that it watches; empty: the monitor does not say."""
    also: tuple[str, ...] = ()
    """Further services that it watches."""
    modes: tuple[str, ...] = ()
    """Failure modes watched, where no steps say them."""
    severity: str = ""
    pages: bool = True
    """False: it measures, and another rule would have to page."""
    source: str = ""
    note: str = ""
    """What the file left open."""

    @property
    def targets(self) -> tuple[str, ...]:
        """Every service it watches: its own and its steps'."""
        named = (self.service, *self.also, *(step.service for step in self.steps))
        return tuple(dict.fromkeys(name for name in named if name))

    @property
    def failure_modes(self) -> tuple[str, ...]:
        """What it would notice."""
        if not self.steps:
            return self.modes or ("availability",)
        seen = {mode for step in self.steps for mode in step.failure_modes}
        return tuple(mode for mode in FAILURE_MODES if mode in seen or mode in self.modes)


@dataclass(frozen=True)
class ProbeModule:
    """How a blackbox exporter probes; what it probes is written elsewhere."""

    name: str
    prober: str = ""
    timeout_s: float | None = None
    failure_modes: tuple[str, ...] = ("availability",)
    source: str = ""


@dataclass(frozen=True)
class AlertMapping:
    """The user's word on which service and failure mode an alert watches; of a synthetic monitor, which service."""

    alert: str
    """Name, or a pattern with * and ?; case counts."""
    service: str | None = None
    failure_mode: str | None = None
    source: str = ""


@dataclass(frozen=True)
class MonitoringSettings:
    """Settings that hold for every rule of the monitoring system, seconds; None: no file says."""

    scrape_s: float | None = None
    eval_s: float | None = None
    group_wait_s: float | None = None
    """Of the first route; with `routing` every alert has that of its own."""
    routing: Route | None = None
    """The alert manager's routes."""
    jobs: tuple[tuple[str, float], ...] = ()
    """Scrape intervals of single jobs, seconds."""
    source: str = ""
