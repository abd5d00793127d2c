"""What is worth changing: the same incidents handled in different ways."""

from mttrlab.decisions.baseline import Baseline, keep_baseline
from mttrlab.decisions.compare import compare_scenarios, default_levers
from mttrlab.decisions.ranking import rank_investments
from mttrlab.decisions.refits import refits

__all__ = ["Baseline", "compare_scenarios", "default_levers", "keep_baseline", "rank_investments", "refits"]
