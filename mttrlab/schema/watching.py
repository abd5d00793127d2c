"""How a team watches its services, as frozen settings: alert rules and their routes, synthetic monitors, probes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import and_

from mttrlab.schema.hours import ALL_WEEK, WeekHours, both, either

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
    all (every sample of the window), any (one event is enough), opaque (the level cannot be read), hours (true in
    certain hours only), or clients (mistakes of those who ask, which no fault of the service makes more frequent)."""
    quantile: float = 0.95
    """Of latency, for `quantile`."""
    offset_s: float = 0.0
    """How far back the quantity is looked at on purpose, seconds."""
    hours: WeekHours | None = None
    """When it is true, for `hours`."""


# How an alert manager routes an alert: matchers, a tree of routes, and what it means for the first notification.


@dataclass(frozen=True)
class Routed:
    """Where an alert goes, and how long its first notification waits."""

    receivers: tuple[str, ...]
    group_wait_s: float
    group_interval_s: float
    repeat_s: float
    silent: bool
    """No receiver that it reaches notifies anybody."""
    unsure: tuple[str, ...]
    """Matchers on labels that the rule does not give, and time intervals that no file defines."""
    hours: WeekHours | None = None
    """When anybody is told; None: at all times."""
    told: tuple[tuple[float, WeekHours | None], ...] = ()
    """The wait of each route that notifies, seconds, and when it does."""


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
    delay_s: float | None = None
    """How far behind the clock it is evaluated on purpose (query offset, evaluation delay), seconds; None: the rule
    does not say."""
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
    manager: str = "alertmanager"
    """Who notifies: alertmanager, grafana or datadog."""
    route: Route | None = None
    """The route that it brings along, in place of its manager's."""
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
        """The failure modes it watches: one; none where unknown, or where it counts what clients do wrong."""
        blind = bool(self.conditions) and all(any(c.kind == "clients" for c in each) for each in self.conditions)
        return () if blind or self.failure_mode == UNKNOWN else (self.failure_mode,)

    @property
    def hours(self) -> WeekHours | None:
        """When it is on and somebody is told; None: at all times."""
        asked = [[one.hours for one in together] for together in self.conditions or ((),)]
        on = either(reduce(both, hours, None) for hours in asked)
        return both(on, None if self.routed is None else self.routed.hours)

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


SAID_BY_RULES = frozenset({"alertname", "severity"})
"""Labels that only the rule itself gives: where it is silent they are empty, and a time series does not add them."""


def _matches(pattern: str, text: str) -> bool | None:
    if max(len(pattern), len(text)) > _LONGEST or _NESTED.search(pattern):
        return None
    try:
        return re.fullmatch(pattern, text) is not None
    except (re.error, RecursionError, OverflowError):
        return None


@dataclass(frozen=True)
class Matcher:
    """One condition of a route on a label."""

    label: str
    operator: str
    """=, !=, =~ or !~."""
    value: str

    def __str__(self) -> str:
        return f'{self.label}{self.operator}"{self.value}"'

    def holds(self, labels: Mapping[str, str]) -> bool | None:
        """Return whether an alert meets it; None: it depends on a label that only the time series has.

        Examples
        --------
        >>> Matcher("severity", "=~", "page|critical").holds({"severity": "critical"})
        True
        >>> Matcher("namespace", "=", "shop").holds({"severity": "critical"}) is None
        True
        """
        said = labels.get(self.label, "" if self.label in SAID_BY_RULES else None)
        if said is None or "{{" in said:
            return None
        if self.operator in ("=", "!="):
            found = said == self.value
        else:
            matched = _matches(self.value, said)
            if matched is None:
                return None
            found = matched
        return found if self.operator in ("=", "=~") else not found


@dataclass(frozen=True)
class Route:
    """A route and those below it, as the alert manager walks them; what it does not say it has from the one above."""

    receiver: str = ""
    matchers: tuple[Matcher, ...] = ()
    group_wait_s: float = 30.0
    """Before the first notification of a group, seconds."""
    group_interval_s: float = 300.0
    """Before a further alert of a group that has notified already, seconds."""
    repeat_s: float = 14_400.0
    """Before the same is said again, seconds."""
    goes_on: bool = False
    """`continue`: the routes after it are tried as well."""
    silent: bool = False
    """Its receiver notifies nobody."""
    routes: tuple[Route, ...] = ()
    active: tuple[str, ...] = ()
    """Names of the time intervals outside of which it notifies nobody; none: at all times."""
    muted: tuple[str, ...] = ()
    """Names of the time intervals in which it notifies nobody."""
    unsure: tuple[str, ...] = ()
    """What it depends on beyond the labels of an alert."""

    def walk(self) -> Iterator[Route]:
        """Yield the route and all below it."""
        yield self
        for child in self.routes:
            yield from child.walk()

    def taken(self, labels: Mapping[str, str], intervals: Mapping[str, WeekHours] | None = None) -> Routed:
        """Return what happens to an alert: the first notification of the routes that it takes.

        Parameters
        ----------
        labels : mapping of str to str
            Those that its rule gives, `alertname` among them. Values that a template fills count as not known.
        intervals : mapping of str to WeekHours, optional
            The time intervals that files define, by name.

        Notes
        -----
        The walk of the Prometheus Alertmanager (dispatch/route.go): the children in their order, until one matches that
        does not say `continue`; the route itself where no child does. A matcher on a label that the rule does not give
        is taken not to hold where it asks for something, and to hold where it rules something out; `unsure` names it.
        Time intervals are a route's own: those below it do not have them. A route that tells at all times goes before
        one that waits less but is muted in between.
        """
        unsure: dict[str, None] = {}
        ends = self._ends(labels, unsure)
        when = [end._hours(intervals or {}, unsure) for end in ends]
        heard = [(end, on) for end, on in zip(ends, when, strict=True) if not end.silent and on.spans]
        first = min(heard, key=lambda pair: (not pair[1].always, pair[0].group_wait_s))[0] if heard else ends[0]
        names = tuple(dict.fromkeys(end.receiver for end in ends if end.receiver))
        return Routed(
            names, first.group_wait_s, first.group_interval_s, first.repeat_s, not heard, tuple(unsure),
            either(hours for _, hours in heard) if heard else None,
            tuple((end.group_wait_s, None if hours.always else hours) for end, hours in heard),
        )  # fmt: skip

    def _hours(self, intervals: Mapping[str, WeekHours], unsure: dict[str, None]) -> WeekHours:
        """When it notifies: in any active interval, and in no muted one."""
        unsure |= dict.fromkeys(self.unsure)
        missing = [name for name in (*self.active, *self.muted) if name not in intervals]
        unsure |= dict.fromkeys(f"time interval {name!r}" for name in missing)
        active = [intervals[name] for name in self.active if name in intervals]
        on = (either(active) if active else None) or ALL_WEEK
        return reduce(and_, [~intervals[name] for name in self.muted if name in intervals], on)

    def _ends(self, labels: Mapping[str, str], unsure: dict[str, None]) -> list[Route]:
        found: list[Route] = []
        for child in self.routes:
            if child._meets(labels, unsure):
                found += child._ends(labels, unsure)
                if not child.goes_on:
                    break
        return found or [self]

    def _meets(self, labels: Mapping[str, str], unsure: dict[str, None]) -> bool:
        answers = [(matcher, matcher.holds(labels)) for matcher in self.matchers]
        if any(answer is False for _, answer in answers):
            return False
        open_ones = [matcher for matcher, answer in answers if answer is None]
        unsure |= dict.fromkeys(map(str, open_ones))
        return all(matcher.operator.startswith("!") for matcher in open_ones)


@dataclass(frozen=True)
class MonitoringSettings:
    """Settings that hold for every rule of the monitoring system, seconds; None: no file says."""

    scrape_s: float | None = None
    eval_s: float | None = None
    group_wait_s: float | None = None
    """Of the first route; with `routing` every alert has that of its own."""
    query_offset_s: float | None = None
    """How far behind the clock rules are evaluated, where their group does not say."""
    routing: Route | None = None
    """The alert manager's routes."""
    time_intervals: tuple[tuple[str, WeekHours], ...] = ()
    """Its time intervals, by name."""
    policies: Route | None = None
    """The notification policies of Grafana, which its own alerts take."""
    mute_timings: tuple[tuple[str, WeekHours], ...] = ()
    """Grafana's time intervals, by name."""
    jobs: tuple[tuple[str, float], ...] = ()
    """Scrape intervals of single jobs, seconds."""
    source: str = ""


_NESTED = re.compile(r"[+*}]\??\)+[+*{]")
"""A repeated group that repeats inside: such a pattern can take longer than anybody waits."""


_LONGEST = 500
