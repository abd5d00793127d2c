"""Settings of rules and monitors, and the severity of a fault → delay, recall, false pages."""

from mttrlab.detection.alert_rules import budget_lasts, budget_spent, burn_for, burn_rate_rule
from mttrlab.detection.delay import Delay
from mttrlab.detection.detection_delay import (
    GOAL_MINUTES,
    CustomerReports,
    DetectionDelay,
    Detector,
    Noise,
    detection_delay,
    false_pages_per_week,
)
from mttrlab.detection.fault import Fault
from mttrlab.detection.paging import acknowledgement, schedule_acknowledgement
from mttrlab.detection.race import fastest, mixture, quorum

__all__ = [
    "GOAL_MINUTES",
    "CustomerReports",
    "Delay",
    "DetectionDelay",
    "Detector",
    "Fault",
    "Noise",
    "acknowledgement",
    "budget_lasts",
    "budget_spent",
    "burn_for",
    "burn_rate_rule",
    "detection_delay",
    "false_pages_per_week",
    "fastest",
    "mixture",
    "quorum",
    "schedule_acknowledgement",
]
