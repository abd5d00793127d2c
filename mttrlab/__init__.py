"""Where incident minutes go, whether things really got better, and which investment buys the most minutes back."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# Resolved on first use, so that `import mttrlab` and `mttrlab --help` are quick.
_HOMES = {
    "Lab": "mttrlab.lab",
    "LoadError": "mttrlab.errors",
    "LoadReport": "mttrlab.lab",
    "ModelError": "mttrlab.errors",
    "MttrlabError": "mttrlab.errors",
    "QuestionError": "mttrlab.errors",
    "ResponseModel": "mttrlab.response",
    "Scenario": "mttrlab.response",
    "SchemaError": "mttrlab.errors",
    "SettingsError": "mttrlab.errors",
    "StoreError": "mttrlab.errors",
    "alert_coverage": "mttrlab.analysis",
    "alert_routes": "mttrlab.analysis",
    "apparent_change": "mttrlab.analysis",
    "automation_candidates": "mttrlab.analysis",
    "bottleneck": "mttrlab.analysis",
    "bottleneck_levers": "mttrlab.analysis",
    "capability": "mttrlab.analysis",
    "change_explained": "mttrlab.analysis",
    "check_model": "mttrlab.response",
    "change_points": "mttrlab.analysis",
    "clock_summary": "mttrlab.analysis",
    "command_center": "mttrlab.review.command_center",
    "compare_periods": "mttrlab.analysis",
    "compare_scenarios": "mttrlab.decisions",
    "compare_services": "mttrlab.analysis",
    "critical_path": "mttrlab.analysis",
    "detection_delay": "mttrlab.detection",
    "diagnostic_report": "mttrlab.review.diagnostic",
    "distance_to_next": "mttrlab.analysis",
    "downtime": "mttrlab.analysis",
    "explain_change": "mttrlab.analysis",
    "failed_first": "mttrlab.analysis",
    "fit_durations": "mttrlab.analysis",
    "incident_failed_first": "mttrlab.review",
    "incident_onset": "mttrlab.review",
    "incident_span_path": "mttrlab.review",
    "incident_suspects": "mttrlab.review",
    "incidents_needed": "mttrlab.analysis",
    "keep_baseline": "mttrlab.decisions",
    "lead_clock": "mttrlab.analysis",
    "levers": "mttrlab.response",
    "maturity": "mttrlab.analysis",
    "maturity_level": "mttrlab.analysis",
    "missing_stamps": "mttrlab.analysis",
    "monthly_levels": "mttrlab.analysis",
    "monthly_limits": "mttrlab.analysis",
    "monthly_mttr": "mttrlab.analysis",
    "monthly_review": "mttrlab.review",
    "months_until_visible": "mttrlab.analysis",
    "outage_arithmetic": "mttrlab.analysis",
    "phase_correlations": "mttrlab.analysis",
    "phase_durations": "mttrlab.analysis",
    "phase_spans": "mttrlab.analysis",
    "phase_summary": "mttrlab.analysis",
    "plot_bottleneck": "mttrlab.figures",
    "plot_change": "mttrlab.figures",
    "plot_comparison": "mttrlab.figures",
    "plot_coverage": "mttrlab.figures",
    "plot_gaps": "mttrlab.figures",
    "plot_levers": "mttrlab.figures",
    "plot_life": "mttrlab.figures",
    "plot_maturity": "mttrlab.figures",
    "plot_months": "mttrlab.figures",
    "plot_phases": "mttrlab.figures",
    "plot_quality": "mttrlab.figures",
    "plot_story": "mttrlab.figures",
    "plot_survival": "mttrlab.figures",
    "plot_timeline": "mttrlab.figures",
    "qq_table": "mttrlab.analysis",
    "read": "mttrlab.lab",
    "read_practices": "mttrlab.sources.practices",
    "read_scenarios": "mttrlab.response",
    "remediation_matches": "mttrlab.analysis",
    "restricted_mean": "mttrlab.analysis",
    "rollback_readiness": "mttrlab.analysis",
    "runbook_coverage": "mttrlab.analysis",
    "simulate": "mttrlab.response",
    "smallest_change": "mttrlab.analysis",
    "span_path": "mttrlab.analysis",
    "span_summary": "mttrlab.analysis",
    "survival": "mttrlab.analysis",
    "survival_quantiles": "mttrlab.analysis",
    "suspects": "mttrlab.analysis",
    "tail_guard": "mttrlab.analysis",
    "timeline": "mttrlab.review.timeline",
    "trace": "mttrlab.response",
    "trend": "mttrlab.analysis",
    "type_ranking": "mttrlab.analysis",
    "unseen_firings": "mttrlab.analysis",
    "unseen_incidents": "mttrlab.analysis",
    "verification_goal": "mttrlab.analysis",
    "verify_service_recovery": "mttrlab.judge.recovery",
    "what_if": "mttrlab.panels",
    "what_if_panel": "mttrlab.panels",
}
__all__ = sorted([*_HOMES, "__version__"])


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'mttrlab' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
