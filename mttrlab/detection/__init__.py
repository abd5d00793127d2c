"""Settings of rules and monitors, and the severity of a fault → delay, recall, false pages."""

from mttrlab.detection.alert_rules import budget_lasts, budget_spent, burn_for, burn_rate_rule
from mttrlab.detection.delay import Delay, fastest, mixture, quorum
from mttrlab.detection.detection_delay import (
    GOAL_MINUTES,
    CustomerReports,
    DetectionDelay,
    Detector,
    DetectorNoise,
    detection_delay,
    false_pages_per_week,
)
from mttrlab.detection.fault import Fault
from mttrlab.detection.paging import acknowledgement, schedule_acknowledgement

__all__ = [
    "GOAL_MINUTES",
    "CustomerReports",
    "Delay",
    "DetectionDelay",
    "Detector",
    "DetectorNoise",
    "Fault",
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
