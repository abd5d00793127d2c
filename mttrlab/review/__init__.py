"""Tables, sentences, HTML: the page for the monthly reliability review."""

from mttrlab.review.command_center import CommandCenter, center, command_center
from mttrlab.review.diagnostic import DiagnosticReport, diagnostic_report
from mttrlab.review.incident import (
    incident_failed_first,
    incident_onset,
    incident_span_path,
    incident_suspects,
    timeline,
)
from mttrlab.review.monthly import Review, monthly_review, write_review

__all__ = [
    "CommandCenter",
    "DiagnosticReport",
    "Review",
    "center",
    "command_center",
    "diagnostic_report",
    "incident_failed_first",
    "incident_onset",
    "incident_span_path",
    "incident_suspects",
    "monthly_review",
    "timeline",
    "write_review",
]
