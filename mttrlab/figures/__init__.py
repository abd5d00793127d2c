"""A computed table goes in, Axes come out. Knows ink, computes nothing."""

from mttrlab.figures.comparison import plot_change, plot_comparison
from mttrlab.figures.incident import plot_command_center, plot_story, plot_timeline
from mttrlab.figures.levers import plot_levers, plot_ranking
from mttrlab.figures.life import plot_life
from mttrlab.figures.months import plot_maturity, plot_months
from mttrlab.figures.phases import plot_bottleneck, plot_phases
from mttrlab.figures.practices import plot_coverage, plot_gaps, plot_rollback, plot_runbooks
from mttrlab.figures.quality import plot_quality
from mttrlab.figures.style import style
from mttrlab.figures.survival import plot_survival

__all__ = [
    "plot_bottleneck",
    "plot_change",
    "plot_command_center",
    "plot_comparison",
    "plot_coverage",
    "plot_gaps",
    "plot_levers",
    "plot_life",
    "plot_maturity",
    "plot_months",
    "plot_phases",
    "plot_quality",
    "plot_ranking",
    "plot_rollback",
    "plot_runbooks",
    "plot_story",
    "plot_survival",
    "plot_timeline",
    "style",
]
