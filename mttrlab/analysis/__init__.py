"""Tables in, tables out: what the incidents say, how sure it is, and what they cannot say."""

from mttrlab.analysis.comparison import compare_periods
from mttrlab.analysis.power import incidents_needed, months_until_visible, power_of, smallest_change
from mttrlab.analysis.thresholds import thresholds, withheld

__all__ = [
    "compare_periods",
    "incidents_needed",
    "months_until_visible",
    "power_of",
    "smallest_change",
    "thresholds",
    "withheld",
]
