"""A computed table goes in, Axes come out. Knows ink, computes nothing."""

from mttrlab.figures.change import plot_change
from mttrlab.figures.command_center import plot_command_center
from mttrlab.figures.comparison import plot_comparison
from mttrlab.figures.coverage import plot_coverage, plot_gaps
from mttrlab.figures.levers import plot_levers
from mttrlab.figures.life import plot_life
from mttrlab.figures.maturity import plot_maturity
from mttrlab.figures.months import plot_months
from mttrlab.figures.phases import plot_bottleneck, plot_phases
from mttrlab.figures.practices import plot_rollback, plot_runbooks
from mttrlab.figures.quality import plot_quality
from mttrlab.figures.ranking import plot_ranking
from mttrlab.figures.story import plot_story
from mttrlab.figures.style import style
from mttrlab.figures.survival import plot_survival
from mttrlab.figures.timeline import plot_timeline

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
