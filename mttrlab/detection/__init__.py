"""Settings of rules and monitors, and the severity of a fault → delay, recall, false pages."""

from mttrlab.detection.answer import GOAL_MINUTES, DetectionDelay
from mttrlab.detection.burn import budget_lasts, budget_spent, burn_for, burn_rate_rule
from mttrlab.detection.combine import fastest, mixture, quorum
from mttrlab.detection.delay import Delay
from mttrlab.detection.fault import Fault
from mttrlab.detection.noise import Noise, false_pages_per_week
from mttrlab.detection.paging import acknowledgement, schedule_acknowledgement
from mttrlab.detection.question import CustomerReports, Detector, detection_delay

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
