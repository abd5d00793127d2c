"""What the systems said, in the formats that tools write: metrics, deployments, alert firings, logs, traces."""

from mttrlab.sources.telemetry.read import FORMATS, KINDS, read_telemetry, recognise
from mttrlab.sources.telemetry.reading import Telemetry

__all__ = ["FORMATS", "KINDS", "Telemetry", "read_telemetry", "recognise"]
