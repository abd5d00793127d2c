"""Settings that hold for some incidents alone, as a model holds them; `special` applies them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mttrlab.response import kinds
from mttrlab.response.ramp import Ramp


@dataclass(frozen=True)
class Special:
    """Settings that hold for some incidents alone."""

    settings: tuple[tuple[str, Any], ...]
    """Field of the model (`element.field` for one of an element) → setting, or a tuple of settings by type."""
    incident_types: tuple[str, ...] = ()
    """Empty: all."""
    services: tuple[str, ...] = ()
    """Empty: all."""
    ramp: Ramp | None = None
    """How it arrives; None: it is there from the start, for all of these."""
    name: str = ""
    """Whose luck decides whom a ramp reaches first."""

    def __post_init__(self) -> None:
        kinds.settle(self)
