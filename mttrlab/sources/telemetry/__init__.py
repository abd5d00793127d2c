"""What the systems said, in the formats that tools write: metrics, deployments, alert firings, logs, traces."""

from mttrlab.sources.telemetry.found import Telemetry
from mttrlab.sources.telemetry.reader import FORMATS, KINDS, read_telemetry, recognise

__all__ = ["FORMATS", "KINDS", "Telemetry", "read_telemetry", "recognise"]
