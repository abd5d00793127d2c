"""Settings that only a lever gives a model: what holds in place of the types' own."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from mttrlab.response import checks

MOST_FACTOR = 100.0
"""Times as long, or as many, that a lever can say."""


@dataclass(frozen=True, kw_only=True)
class Moved:
    """Settings of levers, each at rest unless a scenario moves it."""

    alert_latency: float = math.inf
    """Longest time from start to page where an alert sees the fault, minutes."""
    report_minutes: float = math.inf
    """Longest time from start to a report of people where no alert sees the fault."""
    alert_coverage: float | None = None
    """Share of all incidents that alerts see; None: as the types say."""
    automation: float | None = None
    """Share of all incidents whose alert has a remediation rule; None: as the types say."""
    more_flags: float = 0.0
    """Share of the change-caused incidents not fixed by a flag so far that a flag fixes now."""
    flag_minutes: float = math.inf
    """Longest time of a feature flag, minutes."""
    rollback_minutes: float = math.inf
    """Longest time of a rollback, minutes."""
    failover_minutes: float = math.inf
    """Longest time of a failover, minutes."""
    scale_minutes: float = math.inf
    """Longest time of scaling up, minutes."""
    config_minutes: float = math.inf
    """Longest time of a change of configuration, minutes."""
    forward_fix_minutes: float = math.inf
    """Longest time of a forward fix, minutes."""
    migration_minutes: float = math.inf
    """Longest time of reversing a database migration, minutes."""
    flag_success: float | None = None
    """Chance that a feature flag works; None: as the types say, and a new one works."""
    rollback_success: float | None = None
    """Chance that a rollback works; None: as the types say."""
    failover_success: float | None = None
    """Chance that a failover works; None: as the types say."""
    scale_success: float | None = None
    """Chance that scaling up works; None: as the types say."""
    config_success: float | None = None
    """Chance that a change of configuration works; None: as the types say."""
    forward_fix_success: float | None = None
    """Chance that a forward fix works; None: as the types say."""
    migration_success: float | None = None
    """Chance that reversing a database migration works; None: as the types say."""
    deployment_minutes: float = math.inf
    """Longest deployment, minutes."""
    diagnosis_factor: float = 1.0
    """Diagnosis takes this many times as long."""
    hypothesis_hit: float | None = None
    """Chance that a hypothesis is the right one; None: as the types say."""
    first_hit: float | None = None
    """Chance that the first hypothesis is right where a runbook answers; None: as the types say."""
    novel: float | None = None
    """Share of incidents of a kind not seen before; None: as the types say."""
    try_minutes: float = math.inf
    """Longest try of a hypothesis, minutes."""
    acknowledge_factor: float = 1.0
    """People take this many times as long to react to a page."""
    backup_factor: float = 1.0
    """Those called after the first one take this many times as long to react."""
    notice_factor: float = 1.0
    """A team takes this many times as long to see that another should have the incident."""
    automation_run_factor: float = 1.0
    """A run of a remediation rule takes this many times as long."""
    harm_factor: float = 1.0
    """Harm of a failed attempt takes this many times as long."""
    runbooks: float | None = None
    """Share of all incidents that a runbook answers; None: as the types say."""
    verification_window: float = math.inf
    """Longest verification, minutes."""
    prevention: float = 0.0
    """Share of all incidents that never happen."""
    changes_prevented: float = 0.0
    """Share of the incidents that a change caused that never happen."""
    arrivals_factor: float = 1.0
    """Incidents begin this many times as often."""
    deploys_factor: float = 1.0
    """Deployments this many times as often, and with them the incidents that a change caused."""
    failing_factor: float = 1.0
    """A deployment causes this many times as many incidents."""
    burst_share: float | None = None
    """Share of first incidents that bring others, where it is below that of `bursts`."""
    burst_size: float | None = None
    """Others that an incident brings on average, where it brings any, where that is below `bursts`."""
    noise_cut: float = 0.0
    """Share of the pages that are no incident that are silenced."""
    noise_factor: float = 1.0
    """Seeing that a page is no incident takes this many times as long."""

    def check(self) -> None:
        """Refuse a setting that cannot be."""
        for one in fields(Moved):
            value = getattr(self, one.name)
            if value is None and one.default is None:
                continue
            if one.default == math.inf:
                checks.number(one.name, value)
            elif one.default == 1.0:
                checks.finite(one.name, value, 0.0, MOST_FACTOR)
            elif one.name == "burst_size":
                checks.finite(one.name, value, 0.0, 1000.0)
            else:
                checks.number(one.name, value, 0.0, 1.0, open_low=one.name == "hypothesis_hit")
