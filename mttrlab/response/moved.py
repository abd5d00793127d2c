"""Settings that only a lever gives a model: what holds in place of the types' own."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Moved:
    """Settings of levers, each at rest unless a scenario moves it."""

    alert_latency: float = math.inf
    """Longest time from start to page where an alert sees the fault, minutes."""
    alert_coverage: float | None = None
    """Share of all incidents that alerts see; None: as the types say."""
    automation: float | None = None
    """Share of all incidents whose alert has a remediation rule; None: as the types say."""
    more_flags: float = 0.0
    """Share of the change-caused incidents not fixed by a flag so far that a flag fixes now."""
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
    diagnosis_factor: float = 1.0
    """Diagnosis takes this many times as long."""
    acknowledge_factor: float = 1.0
    """People take this many times as long to react to a page."""
    runbooks: float | None = None
    """Share of all incidents that a runbook answers; None: as the types say."""
    verification_window: float = math.inf
    """Longest verification, minutes."""
    prevention: float = 0.0
    """Share of all incidents that never happen."""
    changes_prevented: float = 0.0
    """Share of the incidents that a change caused that never happen."""
    noise_cut: float = 0.0
    """Share of the pages that are no incident that are silenced."""
