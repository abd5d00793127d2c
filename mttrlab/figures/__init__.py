"""A computed table goes in, Axes come out. Knows ink, computes nothing."""

from mttrlab.figures.comparison import plot_comparison
from mttrlab.figures.levers import plot_levers
from mttrlab.figures.months import plot_months
from mttrlab.figures.phases import plot_bottleneck, plot_phases
from mttrlab.figures.quality import plot_quality
from mttrlab.figures.style import style

__all__ = ["plot_bottleneck", "plot_comparison", "plot_levers", "plot_months", "plot_phases", "plot_quality", "style"]
