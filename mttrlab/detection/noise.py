"""How often a detector pages although nothing is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, comb, nan

from mttrlab.detection.runs import mean_trials
from mttrlab.detection.synthetic import rounds_and_waits
from mttrlab.detection.threshold import alternatives, intervals
from mttrlab.errors import QuestionError
from mttrlab.schema import AlertRule, Condition, SyntheticMonitor

WEEK_S = 604_800.0


@dataclass(frozen=True)
class Noise:
    """What a normal day looks like to a detector."""

    flake: float = 0.0
    """Chance that one healthy probe (or sample, for a rule over the latest sample) looks bad."""
    error_share: float = 0.0
    """Share of requests that fail (are slow) on a normal day."""
    requests_per_s: float | None = None
    """Traffic behind the ratio of a windowed rule; None: not known."""

    def __post_init__(self) -> None:
        for name in ("flake", "error_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise QuestionError(f"{name} of the noise must lie between 0 and 1; got {getattr(self, name)!r}")
        if self.requests_per_s is not None and not self.requests_per_s > 0:
            raise QuestionError(f"requests_per_s must be above 0; got {self.requests_per_s!r}")


def false_pages_per_week(detector: AlertRule | SyntheticMonitor, noise: Noise) -> float:
    """Return how many pages a week a detector sends with nothing wrong; NaN where the noise does not say.

    Notes
    -----
    Pages are counted as beginnings of runs of bad results. Successive probes are independent; windows of a rule that
    do not overlap are independent, and counts in them are Poisson. A quorum of locations at random phases is bounded
    from above by the chance that enough of them are in a bad run at once.
    """
    if isinstance(detector, SyntheticMonitor):
        return _of_monitor(detector, noise)
    if not detector.pages:
        return 0.0
    return sum(min(_of_condition(detector, one, noise) for one in together) for together in alternatives(detector))


def _of_monitor(monitor: SyntheticMonitor, noise: Noise) -> float:
    rounds, waits = rounds_and_waits(monitor)
    bad = noise.flake ** (len(waits) + 1)
    runs = WEEK_S / monitor.interval_s
    if bad == 0:
        return 0.0
    if monitor.quorum == 1 and monitor.spread != "together":
        return monitor.locations * runs / mean_trials(bad, rounds)
    if monitor.spread == "together":
        bad = _at_least(monitor.quorum, monitor.locations, bad)
        return runs / mean_trials(bad, rounds)
    return runs * _at_least(monitor.quorum, monitor.locations, bad**rounds)


def _of_condition(rule: AlertRule, condition: Condition, noise: Noise) -> float:
    _, evaluation, _ = intervals(rule)
    if condition.kind == "instant":
        held = 1 + (ceil(rule.for_s / evaluation - 1e-9) if rule.for_s > 0 else 0)
        return WEEK_S / evaluation / mean_trials(noise.flake, held)
    if condition.threshold is None or noise.requests_per_s is None or condition.kind in ("any", "all", "opaque"):
        return nan
    from scipy.special import pdtrc

    bound = {"quantile": 1 - condition.quantile, "good": 1 - condition.threshold}.get(
        condition.kind, condition.threshold
    )
    requests = noise.requests_per_s * condition.window_s
    block = max(condition.window_s, evaluation)
    exceeds = float(pdtrc(int(bound * requests), requests * noise.error_share))
    return WEEK_S / block / mean_trials(exceeds, 1 + ceil(rule.for_s / block - 1e-9) if rule.for_s > 0 else 1)


def _at_least(needed: int, of: int, chance: float) -> float:
    return sum(comb(of, j) * chance**j * (1 - chance) ** (of - j) for j in range(needed, of + 1))
