"""What a team runs when something fails: remediation, runbooks, change paths, on-call; and all of it together."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from mttrlab.schema.watching import AlertMapping, AlertRule, MonitoringSettings, ProbeModule, SyntheticMonitor


@dataclass(frozen=True)
class RemediationRule:
    """An action that runs by itself when an alert fires."""

    alert: str
    """Name of the alert that starts it."""
    action: str
    """kubernetes_rollout_restart, script, scale_deployment, …"""
    max_auto_attempts: int = 1
    timeout_s: float | None = None
    """Longest run of one attempt, seconds; None: the rule does not say."""
    notify: tuple[str, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    """The rest of the action, as written."""
    source: str = ""


@dataclass(frozen=True)
class Runbook:
    """Written or automated steps for one kind of incident."""

    name: str
    incident_types: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()
    """Alert names that it answers."""
    service: str = ""
    url: str = ""
    automated_diagnosis: bool = False
    """Whether the diagnosis runs by itself."""
    diagnosis_minutes: float | None = None
    """How long following it takes, minutes; None: not said."""
    reviewed: str = ""
    """Date of the last review, as written."""
    source: str = ""


@dataclass(frozen=True)
class ChangePath:
    """A way to undo a change: flag, rollback, Terraform, database migration."""

    name: str
    kind: str = "rollback"
    """flag, rollback, terraform, migration, config, scale, failover or other."""
    services: tuple[str, ...] = ()
    incident_types: tuple[str, ...] = ()
    """Types it can end; empty: any."""
    eligible: float = 1.0
    """Share of the fitting incidents that it can end."""
    low_minutes: float | None = None
    likely_minutes: float | None = None
    high_minutes: float | None = None
    """How long it takes: low, likely, high, minutes."""
    success: float = 1.0
    """Chance that it works."""
    documented: bool = False
    rehearsed: str = ""
    """Date of the last rehearsal, as written; empty: never."""
    command: str = ""
    source: str = ""


@dataclass(frozen=True)
class OnCallLevel:
    """Who is called at one level of an escalation."""

    pool: str
    people: int = 1
    ack_timeout_minutes: float = 5.0
    """Minutes after which the next level is called."""
    days: tuple[str, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    start: str = "00:00"
    end: str = "24:00"
    ack_minutes: float | None = None
    """Mean minutes to acknowledge; None: not said."""


@dataclass(frozen=True)
class OnCallSchedule:
    """Who answers pages, and what happens when nobody does."""

    name: str
    timezone: str = "UTC"
    levels: tuple[OnCallLevel, ...] = ()
    repeats: int = 0
    """How often the levels are gone through again."""
    services: tuple[str, ...] = ()
    """Services it answers for; empty: all."""
    source: str = ""


@dataclass(frozen=True)
class Practices:
    """Everything that was read about how a team watches, repairs and answers."""

    alerts: tuple[AlertRule, ...] = ()
    recordings: tuple[AlertRule, ...] = ()
    """Recording rules: no alerts, kept because alerts are written over them."""
    monitors: tuple[SyntheticMonitor, ...] = ()
    remediation: tuple[RemediationRule, ...] = ()
    runbooks: tuple[Runbook, ...] = ()
    change_paths: tuple[ChangePath, ...] = ()
    on_call: tuple[OnCallSchedule, ...] = ()
    probes: tuple[ProbeModule, ...] = ()
    mappings: tuple[AlertMapping, ...] = ()
    settings: MonitoringSettings = field(default_factory=MonitoringSettings)
    notes: tuple[str, ...] = ()
    """What was left out or could not be read, in sentences."""

    def __add__(self, other: Practices) -> Practices:
        """Return both together; settings of `other` win where it has them."""
        joined = {
            name: getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__ if name != "settings"
        }
        said = {
            name: kept if getattr(other.settings, name) in (None, "", ()) else getattr(other.settings, name)
            for name, kept in vars(self.settings).items()
        }
        for name in ("jobs", "time_intervals", "mute_timings"):
            said[name] = getattr(self.settings, name) + getattr(other.settings, name)
        if other.settings.group_wait_s is not None:
            # A later word on the wait holds for every alert.
            said["routing"] = other.settings.routing
            said["policies"] = self.settings.policies if other.settings.routing else other.settings.policies
        return replace(self, settings=MonitoringSettings(**said), **joined)

    def paging(self) -> tuple[AlertRule | SyntheticMonitor, ...]:
        """Return what can page: mappings applied, monitoring-wide settings filled in, no recording or idle rules."""
        rules = (rule for rule in self._rules() if rule.pages)
        return (*rules, *(self._placed(monitor) for monitor in self.monitors if monitor.pages))

    def unheard(self) -> tuple[AlertRule, ...]:
        """Return the alerts that would page, but that the alert manager sends to nobody: no coverage."""
        return tuple(rule for rule in self._rules() if not rule.pages)

    def _rules(self) -> tuple[AlertRule, ...]:
        return tuple(self._settled(rule) for rule in self.alerts if rule.pages)

    def _placed(self, monitor: SyntheticMonitor) -> SyntheticMonitor:
        for mapping in self.mappings:
            if mapping.service is not None and fnmatchcase(monitor.name, mapping.alert):
                monitor = replace(monitor, service=mapping.service)
        return monitor

    def _settled(self, rule: AlertRule) -> AlertRule:
        for mapping in self.mappings:
            if fnmatchcase(rule.name, mapping.alert):
                rule = replace(
                    rule,
                    service=rule.service if mapping.service is None else mapping.service,
                    failure_mode=rule.failure_mode if mapping.failure_mode is None else mapping.failure_mode,
                    why=f"mapped by {mapping.source or 'the user'}",
                )
        wide = self.settings
        scrape = dict(wide.jobs).get(rule.service, wide.scrape_s)
        routed, wait = rule.routed, wide.group_wait_s
        of_grafana = rule.manager == "grafana"
        root = rule.route or (wide.policies if of_grafana else wide.routing)
        if root is not None and (rule.route is not None or rule.group_wait_s is None):
            own = dict(rule.labels)
            severity = {"severity": rule.severity} if rule.severity else {}
            intervals = dict(wide.mute_timings if of_grafana else wide.time_intervals)
            routed = root.taken({**severity, **own, "alertname": rule.name}, intervals)
            wait = routed.group_wait_s
        elif of_grafana and wide.routing is not None:
            # The alert manager's wait is none of Grafana's.
            wait = None
        return replace(
            rule,
            scrape_s=scrape if rule.scrape_s is None else rule.scrape_s,
            eval_s=wide.eval_s if rule.eval_s is None else rule.eval_s,
            group_wait_s=wait if rule.group_wait_s is None else rule.group_wait_s,
            delay_s=wide.query_offset_s if rule.delay_s is None else rule.delay_s,
            routed=routed,
        )
