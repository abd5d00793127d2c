"""Tables in, tables out: what the incidents say, how sure it is, and what they cannot say."""

from mttrlab.analysis.alert_routes import alert_routes
from mttrlab.analysis.automation import automation_candidates, remediation_matches
from mttrlab.analysis.bottleneck import bottleneck, phase_correlations
from mttrlab.analysis.bottleneck_levers import bottleneck_levers
from mttrlab.analysis.budget import (
    budget_risk,
    downtime_moments,
    error_budget,
    expected_down_share,
    steady_availability,
)
from mttrlab.analysis.capability import capability, capability_level, disagreement, held_telemetry
from mttrlab.analysis.change_points import change_points
from mttrlab.analysis.charts import ewma, run_length, t_chart, xmr
from mttrlab.analysis.clocks import lead_clock, phases_of, unseen_phases
from mttrlab.analysis.comparison import compare_periods
from mttrlab.analysis.counts import compare_counts, overdispersion, rate_interval
from mttrlab.analysis.coverage import AlertCoverage, alert_coverage
from mttrlab.analysis.coverage_history import minutes_lost
from mttrlab.analysis.decomposition import explain_change
from mttrlab.analysis.decomposition_kinds import explain_downtime, explain_kinds
from mttrlab.analysis.decomposition_words import change_explained
from mttrlab.analysis.downtime import downtime
from mttrlab.analysis.durations import fit_durations
from mttrlab.analysis.failed_first import failed_first
from mttrlab.analysis.flapping import monthly_levels
from mttrlab.analysis.goodness import goodness_of_fit
from mttrlab.analysis.incident_types import type_ranking
from mttrlab.analysis.intervals import (
    Interval,
    geometric_mean_interval,
    mean_interval,
    median_interval,
    quantile_interval,
)
from mttrlab.analysis.kendall import mann_kendall, theil_sen
from mttrlab.analysis.level_distance import distance_to_next
from mttrlab.analysis.levels import maturity_level
from mttrlab.analysis.luck import apparent_change
from mttrlab.analysis.maturity import maturity
from mttrlab.analysis.missing import missing_stamps
from mttrlab.analysis.monthly_limits import monthly_limits
from mttrlab.analysis.months import monthly_mttr
from mttrlab.analysis.outages import outage_arithmetic
from mttrlab.analysis.phases import phase_durations
from mttrlab.analysis.pooling import false_discovery
from mttrlab.analysis.power import incidents_needed, months_until_visible, power_of, smallest_change
from mttrlab.analysis.qq import qq_table
from mttrlab.analysis.restricted import log_rank, restricted_mean
from mttrlab.analysis.runbooks import rollback_readiness, runbook_coverage
from mttrlab.analysis.services import compare_services, pool_services
from mttrlab.analysis.span_path import critical_path, span_path
from mttrlab.analysis.spans import phase_spans, span_summary
from mttrlab.analysis.summary import clock_summary, phase_summary
from mttrlab.analysis.survival import survival, survival_quantiles
from mttrlab.analysis.suspects import suspects
from mttrlab.analysis.tails import tail_guard
from mttrlab.analysis.thresholds import thresholds, withheld
from mttrlab.analysis.totals import total_interval
from mttrlab.analysis.trend import trend
from mttrlab.analysis.unseen import unseen_incidents
from mttrlab.analysis.unseen_firings import unseen_firings
from mttrlab.analysis.verification import verification_goal

__all__ = [
    "AlertCoverage",
    "Interval",
    "alert_coverage",
    "alert_routes",
    "apparent_change",
    "automation_candidates",
    "bottleneck",
    "bottleneck_levers",
    "budget_risk",
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
    "downtime_moments",
    "error_budget",
    "ewma",
    "expected_down_share",
    "explain_change",
    "explain_downtime",
    "explain_kinds",
    "failed_first",
    "false_discovery",
    "fit_durations",
    "geometric_mean_interval",
    "goodness_of_fit",
    "held_telemetry",
    "incidents_needed",
    "lead_clock",
    "log_rank",
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
    "overdispersion",
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
    "run_length",
    "runbook_coverage",
    "smallest_change",
    "span_path",
    "span_summary",
    "steady_availability",
    "survival",
    "survival_quantiles",
    "suspects",
    "t_chart",
    "tail_guard",
    "theil_sen",
    "thresholds",
    "total_interval",
    "trend",
    "type_ranking",
    "unseen_firings",
    "unseen_incidents",
    "unseen_phases",
    "verification_goal",
    "withheld",
    "xmr",
]
