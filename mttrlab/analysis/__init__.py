"""Tables in, tables out: what the incidents say, how sure it is, and what they cannot say."""

from mttrlab.analysis.bottleneck import bottleneck, bottleneck_levers, phase_correlations
from mttrlab.analysis.capability import capability, capability_level, disagreement, held_telemetry, verification_goal
from mttrlab.analysis.comparison import compare_periods
from mttrlab.analysis.control_charts import monthly_limits
from mttrlab.analysis.coverage import AlertCoverage, alert_coverage, alert_routes, minutes_lost
from mttrlab.analysis.decomposition import change_explained, explain_change
from mttrlab.analysis.distribution_fit import fit_durations, goodness_of_fit, qq_table, tail_guard
from mttrlab.analysis.downtime import downtime, error_budget, outage_arithmetic
from mttrlab.analysis.incident_types import type_ranking
from mttrlab.analysis.intervals import Interval, mean_interval, median_interval, quantile_interval
from mttrlab.analysis.maturity import distance_to_next, maturity, maturity_level, monthly_levels
from mttrlab.analysis.minimum_counts import why_withheld
from mttrlab.analysis.missing import missing_stamps
from mttrlab.analysis.phases import lead_clock, phase_durations, phase_spans, phases_of, span_summary, unseen_phases
from mttrlab.analysis.power import apparent_change, incidents_needed, months_until_visible, power_of, smallest_change
from mttrlab.analysis.rates import compare_counts, rate_interval
from mttrlab.analysis.remediation import (
    automation_candidates,
    remediation_matches,
    rollback_readiness,
    runbook_coverage,
)
from mttrlab.analysis.root_cause import critical_path, failed_first, span_path, suspects
from mttrlab.analysis.sample import total_interval
from mttrlab.analysis.services import compare_services, false_discovery, pool_services
from mttrlab.analysis.summary import clock_summary, monthly_mttr, phase_summary
from mttrlab.analysis.survival import restricted_mean, survival, survival_quantiles
from mttrlab.analysis.trend import change_points, mann_kendall, theil_sen, trend
from mttrlab.analysis.untracked import unseen_firings, unseen_incidents
from mttrlab.analysis.what_changed import what_changed

__all__ = [
    "AlertCoverage",
    "Interval",
    "alert_coverage",
    "alert_routes",
    "apparent_change",
    "automation_candidates",
    "bottleneck",
    "bottleneck_levers",
    "capability",
    "capability_level",
    "change_explained",
    "change_points",
    "clock_summary",
    "compare_counts",
    "compare_periods",
    "compare_services",
    "critical_path",
    "disagreement",
    "distance_to_next",
    "downtime",
    "error_budget",
    "explain_change",
    "failed_first",
    "false_discovery",
    "fit_durations",
    "goodness_of_fit",
    "held_telemetry",
    "incidents_needed",
    "lead_clock",
    "mann_kendall",
    "maturity",
    "maturity_level",
    "mean_interval",
    "median_interval",
    "minutes_lost",
    "missing_stamps",
    "monthly_levels",
    "monthly_limits",
    "monthly_mttr",
    "months_until_visible",
    "outage_arithmetic",
    "phase_correlations",
    "phase_durations",
    "phase_spans",
    "phase_summary",
    "phases_of",
    "pool_services",
    "power_of",
    "qq_table",
    "quantile_interval",
    "rate_interval",
    "remediation_matches",
    "restricted_mean",
    "rollback_readiness",
    "runbook_coverage",
    "smallest_change",
    "span_path",
    "span_summary",
    "survival",
    "survival_quantiles",
    "suspects",
    "tail_guard",
    "theil_sen",
    "total_interval",
    "trend",
    "type_ranking",
    "unseen_firings",
    "unseen_incidents",
    "unseen_phases",
    "verification_goal",
    "what_changed",
    "why_withheld",
]
