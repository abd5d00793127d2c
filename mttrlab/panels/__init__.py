"""The sliders, around plain functions: what a slider shows, a call can give as a table."""

from importlib import import_module
from typing import Any

_HOMES = {
    "Slide": "mttrlab.panels.ranges",
    "answer_html": "mttrlab.panels.answers",
    "keep_for_sliders": "mttrlab.panels.answers",
    "replay_panel": "mttrlab.panels.replay",
    "slides": "mttrlab.panels.ranges",
    "what_if": "mttrlab.panels.answers",
    "what_if_panel": "mttrlab.panels.sliders",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'mttrlab.panels' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
