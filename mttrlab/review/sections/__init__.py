"""The sections of the page below the first screen, in the order in which a meeting goes through them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mttrlab.review.sections import cost, data, level, levers, methods, minutes, months, practices, trend, worst

if TYPE_CHECKING:
    from mttrlab.review.review import Review


@dataclass(frozen=True)
class Section:
    """One section: a template, and what fills it."""

    name: str
    """Its anchor, and the name of its template."""
    link: str
    """What the line of links on the first screen calls it."""
    fill: Callable[[Review], dict[str, Any] | None]
    """Everything that its template names beside the figures; None: the section is left out."""


SECTIONS = (
    Section("worst", "Worst incidents", worst.fill),
    Section("minutes", "Where the minutes went", minutes.fill),
    Section("trend", "Better or worse", trend.fill),
    Section("months", "Month by month", months.fill),
    Section("level", "The level", level.fill),
    Section("practices", "What the teams run", practices.fill),
    Section("cost", "What it cost", cost.fill),
    Section("levers", "What would help", levers.fill),
    Section("data", "Data", data.fill),
    Section("methods", "Methods", methods.fill),
)
"""What a reader may see and a manager needs stands open and uses no statistical term; how it was found is one click
below, in the same section."""
