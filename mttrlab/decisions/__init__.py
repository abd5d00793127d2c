"""What is worth changing: the same incidents handled in different ways."""

from mttrlab.decisions.compare import compare_scenarios
from mttrlab.decisions.defaults import default_levers
from mttrlab.decisions.ignorance import refits
from mttrlab.decisions.kept import Baseline, keep_baseline
from mttrlab.decisions.ranking import rank_investments

__all__ = ["Baseline", "compare_scenarios", "default_levers", "keep_baseline", "rank_investments", "refits"]
