"""Settings of rules and monitors, and the severity of a fault → delay, recall, false pages."""

from mttrlab.detection.delay import Delay, Fault, fastest, quorum
from mttrlab.detection.detection_delay import (
    GOAL_MINUTES,
    CustomerReports,
    DetectionDelay,
    Detector,
    DetectorNoise,
    detection_delay,
    false_pages_per_week,
)
from mttrlab.detection.paging import acknowledgement

__all__ = [
    "GOAL_MINUTES",
    "CustomerReports",
    "Delay",
    "DetectionDelay",
    "Detector",
    "DetectorNoise",
    "Fault",
    "acknowledgement",
    "detection_delay",
    "false_pages_per_week",
    "fastest",
    "quorum",
]
