"""What to change: scenarios side by side, paired by luck."""

from mttrlab.decisions.compare import compare_scenarios
from mttrlab.decisions.defaults import default_levers

__all__ = ["compare_scenarios", "default_levers"]
