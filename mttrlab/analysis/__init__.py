"""Tables in, tables out: what the incidents say, how sure it is, and what they cannot say."""

from importlib import import_module
from typing import Any

# Resolved on first use: who asks one question does not load what answers the others.
_HOMES = {
    "AlertCoverage": "coverage",
    "Interval": "intervals",
    "alert_coverage": "coverage",
    "alert_routes": "coverage",
    "apparent_change": "power",
    "automation_candidates": "remediation",
    "bottleneck": "bottlenecks",
    "bottleneck_levers": "bottlenecks",
    "capability": "capabilities",
    "capability_level": "capabilities",
    "change_explained": "decomposition",
    "change_needed": "power",
    "change_points": "trends",
    "clock_summary": "summary",
    "compare_counts": "rates",
    "compare_periods": "comparison",
    "compare_services": "services",
    "concentration": "concentration",
    "critical_path": "root_cause",
    "disagreement": "capabilities",
    "distance_to_next": "maturity_levels",
    "downtime": "outages",
    "error_budget": "outages",
    "explain_change": "decomposition",
    "failed_first": "root_cause",
    "false_discovery": "services",
    "fit_durations": "distribution_fit",
    "goodness_of_fit": "distribution_fit",
    "held_telemetry": "capabilities",
    "incidents_needed": "power",
    "lead_clock": "conventions",
    "mann_kendall": "trends",
    "maturity": "maturity_levels",
    "maturity_level": "maturity_levels",
    "mean_interval": "intervals",
    "median_interval": "intervals",
    "minutes_lost": "coverage",
    "missing_stamps": "missing",
    "monthly_levels": "maturity_levels",
    "monthly_limits": "control_charts",
    "monthly_mttr": "summary",
    "months_until_visible": "power",
    "outage_arithmetic": "outages",
    "phase_correlations": "bottlenecks",
    "phase_durations": "phases",
    "phase_spans": "phases",
    "phase_summary": "summary",
    "phases_of": "phases",
    "pool_services": "services",
    "power_of": "power",
    "qq_table": "distribution_fit",
    "quantile_interval": "intervals",
    "rate_interval": "rates",
    "remediation_matches": "remediation",
    "restricted_mean": "survival_curves",
    "rollback_readiness": "remediation",
    "runbook_coverage": "remediation",
    "smallest_change": "power",
    "span_path": "root_cause",
    "span_summary": "phases",
    "survival": "survival_curves",
    "survival_quantiles": "survival_curves",
    "suspects": "root_cause",
    "tail_guard": "distribution_fit",
    "theil_sen": "trends",
    "total_interval": "sample",
    "trend": "trends",
    "type_ranking": "incident_types",
    "unseen_firings": "untracked",
    "unseen_incidents": "untracked",
    "unseen_phases": "phases",
    "verification_goal": "capabilities",
    "what_changed": "changes",
    "why_withheld": "minimum_counts",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
