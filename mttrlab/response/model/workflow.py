"""What may happen around the work: tries in diagnosis, samples that confirm health, reopening, bursts, users."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mttrlab.errors import ModelError
from mttrlab.response.model import validation
from mttrlab.response.model.distributions import Law

MOST_TRIES = 12


@dataclass(frozen=True)
class Hypotheses:
    """Diagnosis as hypotheses tried in turn, instead of one law of its length."""

    hit: float
    """Chance that a hypothesis is the right one."""
    minutes: Law
    """What trying one costs."""
    runbook: float = 0.0
    """Share of incidents that a runbook answers."""
    first_hit: float = 0.8
    """Chance that the first hypothesis is right where a runbook answers."""
    novel: float = 0.0
    """Share of incidents of a kind not seen before: no runbook helps, and a hit is half as likely."""
    most: int = MOST_TRIES
    """Hypotheses; the last is right if no other was."""

    def __post_init__(self) -> None:
        validation.settle(self)
        validation.number("hit of hypotheses", self.hit, 0.0, 1.0, open_low=True)
        for name in ("runbook", "first_hit", "novel"):
            validation.share(f"{name} of hypotheses", getattr(self, name))
        validation.whole("most of hypotheses", self.most, 1, MOST_TRIES)

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
        return 1 + (1 - first) * math.fsum((1 - after) ** k for k in range(self.most - 1))


@dataclass(frozen=True)
class Verification:
    """Health confirmed by samples: healthy ones in a row, as `verify_service_recovery` asks for.

    Examples
    --------
    The founding text's loop: a full outage needs its whole window of a minute, an error rate of 1.9 % half of it.

    >>> Verification(error=1.0).first_healthy_s, Verification(error=0.019).first_healthy_s
    (60.0, 30.0)
    """

    every_s: float = 30.0
    """Seconds between samples."""
    window_s: float = 60.0
    """Trailing window that a sample looks at, seconds: it still holds errors from before the fix."""
    threshold: float = 0.01
    """A sample is healthy where the window's error rate is below."""
    error: float = 1.0
    """Error rate before the fix."""
    in_a_row: int = 1
    """Healthy samples in a row that confirm."""
    healthy: float = 1.0
    """Chance that a sample is healthy where the fix holds."""
    false_pass: float = 0.0
    """Chance that a sample is healthy where the fix does not hold."""
    give_up: int = 10
    """Samples after which the fix counts as failed."""

    def __post_init__(self) -> None:
        validation.settle(self)
        validation.finite("every_s of verification", self.every_s, 0.0, 86_400.0, open_low=True)
        validation.finite("window_s of verification", self.window_s, 0.0, 86_400.0)
        # No error rate is below 0, so no sample would ever be healthy.
        validation.number("threshold of verification", self.threshold, 0.0, 1.0, open_low=True)
        for name in ("error", "healthy", "false_pass"):
            validation.share(f"{name} of verification", getattr(self, name))
        validation.whole("in_a_row of verification", self.in_a_row, 1, 1000)
        validation.whole("give_up of verification", self.give_up, self.in_a_row, 10_000)

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
        samples = float(k) if s == 1 else self.give_up if s == 0 else (1 - s**k) / ((1 - s) * s**k)
        return (self.first_healthy_s + (min(samples, self.give_up) - 1) * self.every_s) / 60


@dataclass(frozen=True)
class Reopening:
    """Incidents that come back after they were closed, once at most."""

    after: Law
    """Minutes from the closing to the next page."""
    wrong: float = 1.0
    """Chance where the fix was wrong and passed its verification."""
    right: float = 0.0
    """Chance where the fix was right."""

    def __post_init__(self) -> None:
        validation.settle(self)
        validation.share("wrong of reopening", self.wrong)
        validation.share("right of reopening", self.right)


@dataclass(frozen=True)
class Bursts:
    """Incidents of one cause: one brings others of its type."""

    share: float
    """Share of first incidents that bring others."""
    mean: float = 2.0
    """How many others, on average (geometric, at least one)."""
    within: float = 30.0
    """Minutes in which they begin."""

    def __post_init__(self) -> None:
        validation.settle(self)
        validation.share("share of bursts", self.share)
        validation.finite("mean of bursts", self.mean, 1.0, 1000.0)
        validation.finite("within of bursts", self.within, 0.0, 10_080.0)


@dataclass(frozen=True)
class Impact:
    """The shares of users that incidents have hit; a draw is always a share that was seen.

    Examples
    --------
    >>> Impact((0.3, 0.1)).shares
    (0.1, 0.3)
    """

    shares: tuple[float, ...]
    """Shares of users, each as likely as the others."""
    incident_type: str | None = None
    """Holds for this type alone; None: for every type without an entry of its own."""
    severity: str | None = None
    """Holds for this severity alone; None: for every severity without an entry of its own."""

    def __post_init__(self) -> None:
        validation.settle(self)
        if not self.shares:
            raise ModelError("shares of users needs at least one share that was seen")
        object.__setattr__(
            self, "shares", tuple(sorted(validation.share("shares of users", one) for one in self.shares))
        )


@dataclass(frozen=True)
class Recording:
    """What the export would have shown of what happened."""

    automated: float = 0.0
    """Share of the incidents ended by automation that reach the export."""
    handled: float = 1.0
    """Share of those handled by people that do."""
    grain: float = 0.0
    """Minutes to which stamps are cut down; 0: as they were."""

    def __post_init__(self) -> None:
        validation.settle(self)
        validation.share("automated of recording", self.automated)
        validation.share("handled of recording", self.handled)
        validation.finite("grain of recording", self.grain, 0.0, 1440.0)
