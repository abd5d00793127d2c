"""What goes wrong, and how badly: the fault that a detector has to notice."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from mttrlab.errors import QuestionError
from mttrlab.schema import FAILURE_MODES


@dataclass(frozen=True)
class Fault:
    """A failure that begins at once and stays as it is."""

    failure_mode: str = ""
    """One of FAILURE_MODES; empty: of the kind that the detector watches."""
    share: float = 1.0
    """Share of requests that fail (that are slow, for latency): the severity."""
    latency_ms: float | None = None
    """How slow the slow requests are, milliseconds; None: slower than any threshold."""
    duration_s: float = inf
    """When it ends by itself, seconds; a detector that is later has missed it."""
    hangs: bool = False
    """Whether failing requests hang until they time out."""
    baseline: float = 0.0
    """Share of requests that fail (are slow) on a normal day."""

    def __post_init__(self) -> None:
        if self.failure_mode not in ("", *FAILURE_MODES):
            modes = ", ".join(FAILURE_MODES)
            raise QuestionError(f"failure_mode must be one of {modes}, or empty; got {self.failure_mode!r}")
        for name in ("share", "baseline"):
            if not 0 <= getattr(self, name) <= 1:
                raise QuestionError(f"{name} of a fault must lie between 0 and 1; got {getattr(self, name)!r}")
        if not self.duration_s > 0:
            raise QuestionError(f"duration_s of a fault must be above 0; got {self.duration_s!r}")

    def shows_as(self) -> tuple[str, ...]:
        """Return the failure modes under which it can be seen: an outage and a failing dependency are errors too."""
        if self.failure_mode in ("availability", "dependency"):
            return (self.failure_mode, "error_rate")
        if self.failure_mode == "error_rate" and self.share == 1:
            return ("error_rate", "availability")
        return (self.failure_mode,) if self.failure_mode else FAILURE_MODES
