"""What may happen around the work: tries in diagnosis, samples that confirm health, reopening, bursts, users."""

from __future__ import annotations

import math
from typing import Annotated

from mttrlab.errors import ModelError
from mttrlab.response.model import validation
from mttrlab.response.model.distributions import Distribution
from mttrlab.response.model.settings import (
    DayMinutes,
    DaySeconds,
    Number,
    PositiveDaySeconds,
    PositiveShare,
    Share,
    Text,
    WeekMinutes,
    settings,
)

MOST_TRIES = 12


@settings("hypotheses")
class DiagnosisAttempts:
    """Diagnosis as hypotheses tried in turn, instead of one law of its length."""

    hit: PositiveShare
    """Chance that a hypothesis is the right one."""
    minutes: Distribution
    """What trying one costs."""
    runbook: Share = 0.0
    """Share of incidents that a runbook answers."""
    first_hit: Share = 0.8
    """Chance that the first hypothesis is right where a runbook answers."""
    novel: Share = 0.0
    """Share of incidents of a kind not seen before: no runbook helps, and a hit is half as likely."""
    max_attempts: Annotated[int, Number(1, MOST_TRIES)] = MOST_TRIES
    """Hypotheses; the last is right if no other was."""

    @property
    def mean(self) -> float:
        """Mean minutes to the diagnosis."""
        return self.minutes.mean * math.fsum(
            weight * self._tries(first, after)
            for weight, first, after in (
                (self.novel, self.hit / 2, self.hit / 2),
                ((1 - self.novel) * self.runbook, max(self.first_hit, self.hit), self.hit),
                ((1 - self.novel) * (1 - self.runbook), self.hit, self.hit),
            )
        )

    def _tries(self, first: float, after: float) -> float:
        return 1 + (1 - first) * math.fsum((1 - after) ** k for k in range(self.max_attempts - 1))


@settings("verification")
class Verification:
    """Health confirmed by samples: healthy ones in a row, as `verify_service_recovery` asks for.

    Examples
    --------
    The founding text's loop: a full outage needs its whole window of a minute, an error rate of 1.9 % half of it.

    >>> Verification(error=1.0).first_healthy_s, Verification(error=0.019).first_healthy_s
    (60.0, 30.0)
    """

    every_s: PositiveDaySeconds = 30.0
    """Seconds between samples."""
    window_s: DaySeconds = 60.0
    """Trailing window that a sample looks at, seconds: it still holds errors from before the fix."""
    threshold: PositiveShare = 0.01
    """A sample is healthy where the window's error rate is below."""
    error: Share = 1.0
    """Error rate before the fix."""
    in_a_row: Annotated[int, Number(1, 1000)] = 1
    """Healthy samples in a row that confirm."""
    healthy: Share = 1.0
    """Chance that a sample is healthy where the fix holds."""
    false_pass: Share = 0.0
    """Chance that a sample is healthy where the fix does not hold."""
    max_samples: Annotated[int, Number(1, 10_000)] = 10
    """Samples after which the fix counts as failed."""

    def __post_init__(self) -> None:
        validation.whole("max_samples of verification", self.max_samples, self.in_a_row, 10_000)

    @property
    def first_healthy_s(self) -> float:
        """Seconds from the fix to the first sample that may be healthy: the trailing window must have emptied."""
        if self.error < self.threshold or not self.window_s:
            return 0.0
        k = 0
        # The window's share of errors falls in a straight line; healthy is strictly below, as the rule says.
        # A rate that is the threshold but for the last digit of a float is not below it.
        while self.error * max(1 - k * self.every_s / self.window_s, 0.0) >= self.threshold * (1 - 1e-9):
            k += 1
        return k * self.every_s

    @property
    def mean_minutes(self) -> float:
        """Mean minutes of a fix that holds, if nothing gave up (an upper bound with it)."""
        s, k = self.healthy, self.in_a_row
        samples = float(k) if s == 1 else self.max_samples if s == 0 else (1 - s**k) / ((1 - s) * s**k)
        return (self.first_healthy_s + (min(samples, self.max_samples) - 1) * self.every_s) / 60


@settings("reopening")
class Reopening:
    """Incidents that come back after they were closed, once at most."""

    after: Distribution
    """Minutes from the closing to the next page."""
    wrong: Share = 1.0
    """Chance where the fix was wrong and passed its verification."""
    right: Share = 0.0
    """Chance where the fix was right."""


@settings("bursts")
class Bursts:
    """Incidents of one cause: one brings others of its type."""

    share: Share
    """Share of first incidents that bring others."""
    mean: Annotated[float, Number(1.0, 1000.0)] = 2.0
    """How many others, on average (geometric, at least one)."""
    within: WeekMinutes = 30.0
    """Minutes in which they begin."""


@settings("shares of users")
class Impact:
    """The shares of users that incidents have hit; a draw is always a share that was seen.

    Examples
    --------
    >>> Impact((0.3, 0.1)).shares
    (0.1, 0.3)
    """

    shares: tuple[Share, ...]
    """Shares of users, each as likely as the others."""
    incident_type: Text | None = None
    """Holds for this type alone; None: for every type without an entry of its own."""
    severity: Text | None = None
    """Holds for this severity alone; None: for every severity without an entry of its own."""

    def __post_init__(self) -> None:
        if not self.shares:
            raise ModelError("shares of users needs at least one share that was seen")
        object.__setattr__(self, "shares", tuple(sorted(self.shares)))


@settings("recording")
class Recording:
    """What the export would have shown of what happened."""

    automated: Share = 0.0
    """Share of the incidents ended by automation that reach the export."""
    handled: Share = 1.0
    """Share of those handled by people that do."""
    grain: DayMinutes = 0.0
    """Minutes to which stamps are cut down; 0: as they were."""
