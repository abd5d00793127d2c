"""Synthetic monitors: interval, confirmations, retries, locations, timeouts and sensitivity → delay."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np

from mttrlab.detection.delay import Delay, Fault, quorum
from mttrlab.errors import QuestionError
from mttrlab.schema import SyntheticMonitor


def monitor_delay(monitor: SyntheticMonitor, fault: Fault) -> Delay:
    """Return how long a synthetic monitor takes to report a fault, seconds.

    Parameters
    ----------
    monitor : SyntheticMonitor
    fault : Fault
        Its `share` is the chance that one run meets it.

    Notes
    -----
    A run comes at a random time after the fault began. Runs meet the fault independently of each other; locations at
    random phases are independent, and one that has seen the fault keeps saying so until the others agree.
    """
    check_monitor(monitor)
    chance = run_chance(monitor, fault)
    if chance == 0:
        return Delay.never()
    rounds, waits = rounds_and_waits(monitor)
    tries = len(waits) + 1
    # Every try of a run must fail; a run that a retry lets off counts for nothing.
    if monitor.spread == "random" or monitor.locations == 1:
        alone = on_a_schedule(waiting(chance**tries, rounds), monitor.interval_s)
        delay = quorum(alone, monitor.quorum, monitor.locations)
    else:
        in_turn = monitor.spread == "staggered"
        follow = max(20, 1200 // monitor.locations) if in_turn else 600
        trials = waiting(chance**tries, rounds, follow)
        delay = on_a_schedule(trials, monitor.interval_s, monitor.quorum, monitor.locations, in_turn)
    return delay.plus(sum(waits) + (monitor.timeout_s * tries if fault.hangs else 0.0))


def rounds_and_waits(monitor: SyntheticMonitor) -> tuple[int, tuple[float, ...]]:
    """Return how many runs in a row must fail, and the waits between the tries inside one run."""
    if monitor.retry_interval_s is None:
        return monitor.confirmations, monitor.retry_waits_s
    return 1, (*monitor.retry_waits_s, *[monitor.retry_interval_s] * (monitor.confirmations - 1))


def run_chance(monitor: SyntheticMonitor, fault: Fault) -> float:
    """Return the chance that one try of a run meets the fault and fails for it."""
    if fault.failure_mode and not set(fault.shows_as()) & set(monitor.failure_modes):
        return 0.0
    limits = [step.load_time_ms for step in monitor.steps if step.load_time_ms is not None]
    if fault.failure_mode == "latency" and fault.latency_ms is not None and limits and fault.latency_ms <= min(limits):
        return 0.0
    return monitor.sensitivity * fault.share


def check_monitor(monitor: SyntheticMonitor) -> None:
    """Refuse settings that no scheduler could run."""
    wrong = [
        (monitor.interval_s > 0, f"interval_s must be above 0; got {monitor.interval_s!r}"),
        (monitor.confirmations >= 1, f"confirmations must be at least 1; got {monitor.confirmations!r}"),
        (1 <= monitor.locations <= 50, f"locations must be between 1 and 50; got {monitor.locations!r}"),
        (
            1 <= monitor.quorum <= monitor.locations,
            f"quorum must be between 1 and the number of locations ({monitor.locations}); got {monitor.quorum!r}",
        ),
        (0 <= monitor.sensitivity <= 1, f"sensitivity must lie between 0 and 1; got {monitor.sensitivity!r}"),
        (monitor.timeout_s >= 0, f"timeout_s must be at least 0; got {monitor.timeout_s!r}"),
        (
            monitor.spread in ("random", "staggered", "together"),
            f"spread must be random, staggered or together; got {monitor.spread!r}",
        ),
        (all(wait >= 0 for wait in monitor.retry_waits_s), "waits between retries must be at least 0"),
        (
            (monitor.retry_interval_s or 0) >= 0,
            f"retry_interval_s must be at least 0; got {monitor.retry_interval_s!r}",
        ),
    ]
    for right, sentence in wrong:
        if not right:
            raise QuestionError(f"monitor {monitor.name!r}: {sentence}")


# How many trials pass until enough of them fail in a row, and the delays that follow from a schedule.


_TRIALS = 600
"""Trials followed one by one; a longer tail is geometric to every digit that matters."""
_TAIL = np.array([0.02, 0.1, 0.25, 0.5, 1, 2, 4, 7, 10, 14, 18, 23, 28, 34, 40])
"""Where the tail is cut into pieces, in its means."""
_NOTHING = 1e-15
"""A chance that is rounding."""


def mean_trials(chance: float, in_a_row: int) -> float:
    """Return the mean number of trials until `in_a_row` of them succeed in a row: (1-s^k)/((1-s)s^k).

    Examples
    --------
    >>> round(mean_trials(0.8, 2), 6)
    2.8125
    """
    if chance <= 0:
        return np.inf
    if chance >= 1:
        return float(in_a_row)
    # (1-s^k)/(1-s) is 1 + s + ... + s^(k-1), which does not cancel near s = 1.
    return float(sum(chance**power for power in range(in_a_row)) / chance**in_a_row)


@dataclass(frozen=True, eq=False)
class Trials:
    """How many trials are needed: one by one at first, then a geometric tail."""

    left: np.ndarray
    """P(more than n trials are needed), n = 0, 1, …"""
    ends: float
    """Chance that a trial of the tail ends the wait."""

    @property
    def tail(self) -> float:
        """Mean number of further trials once those followed one by one are over; 0 where nothing is left."""
        # Half a trial less: the smooth tail then holds the same area as the stairs that it stands for.
        return 1 / self.ends - 0.5 if self.left[-1] > _NOTHING else 0.0

    def after(self, trials: np.ndarray) -> np.ndarray:
        """Return P(more are needed) after so many trials, smoothly in between."""
        last = len(self.left) - 1
        early = np.interp(trials, np.arange(last + 1), self.left)
        if self.tail == 0:
            return np.asarray(early)
        late = self.left[-1] * np.exp(-np.maximum(trials - last, 0.0) / self.tail)
        return np.asarray(np.where(trials > last, late, early))


def waiting(chance: float, in_a_row: int, trials: int = _TRIALS) -> Trials:
    """Return how many trials it takes until `in_a_row` of them succeed in a row.

    Parameters
    ----------
    chance : float
        Of one trial.
    in_a_row : int
        Successes in a row that end the wait.
    trials : int
        How many to follow one by one, at most.
    """
    if not 0 <= chance <= 1:
        raise QuestionError(f"the chance that a run fails must lie between 0 and 1; got {chance!r}")
    if in_a_row < 1:
        raise QuestionError(f"confirmations must be at least 1; got {in_a_row!r}")
    left = [1.0] * in_a_row + [1 - chance**in_a_row]
    begin = (1 - chance) * chance**in_a_row
    while left[-1] > _NOTHING and len(left) <= max(trials, in_a_row + 1):
        left.append(max(left[-1] - begin * left[-in_a_row - 1], 0.0))
    ends = begin * left[-in_a_row - 2] / left[-2] if left[-2] > 0 and len(left) > in_a_row + 1 else 1.0
    return Trials(np.array(left), ends)


def on_a_schedule(trials: Trials, step: float, needed: int = 1, of: int = 1, in_turn: bool = False) -> Delay:
    """Return the delay of trials that come every `step` seconds, the first anywhere in a step.

    Parameters
    ----------
    trials : Trials
        Of one location.
    step : float
        Seconds between two trials of a location.
    needed, of : int
        How many of how many locations must agree.
    in_turn : bool
        Whether the locations take turns, evenly, or try in the same instant.
    """
    if trials.left[-1] >= 1:
        return Delay.never()
    rounds = len(trials.left) - 1
    slots = rounds * of if in_turn else rounds
    width = step / of if in_turn else step
    agreed = _in_turn(trials.left, needed, of) if in_turn else _fewer_agree(trials.left, needed, of)
    first = int(np.argmax(agreed < 1)) - 1
    times = width * np.arange(first, slots + 1)
    stairs = agreed[first : slots + 1]
    if trials.tail == 0:
        return Delay.from_survival(lambda at: np.asarray(np.interp(at, times, stairs)), times, 2)

    def survival(at: np.ndarray) -> np.ndarray:
        late = _fewer_agree(trials.after(at / step), needed, of)
        return np.asarray(np.where(at > times[-1], late, np.interp(at, times, stairs)))

    return Delay.from_survival(survival, [*times, *(times[-1] + step * trials.tail * _TAIL)], 20)


def _fewer_agree(left: np.ndarray, needed: int, of: int) -> np.ndarray:
    """Return P(fewer than `needed` have noticed), where each of `of` has not with the chance `left`."""
    return np.asarray(sum(comb(of, j) * (1 - left) ** j * left ** (of - j) for j in range(needed)))


def _in_turn(left: np.ndarray, needed: int, of: int) -> np.ndarray:
    """Return P(fewer than `needed` have noticed) after n slots, when the locations take turns."""
    rounds = len(left) - 1
    answer = np.zeros(rounds * of + 1)
    for slot in range(len(answer)):
        # After so many slots, `extra` locations have had one turn more than the others.
        full, extra = divmod(slot, of)
        ahead, behind = 1 - left[min(full + 1, rounds)], 1 - left[full]
        answer[slot] = _fewer(needed, [(ahead, extra), (behind, of - extra)])
        if answer[slot] <= _NOTHING:
            break
    return answer


def _fewer(needed: int, groups: list[tuple[float, int]]) -> float:
    """Return P(fewer than `needed` locations have noticed), given chance and size of each group."""
    counts = np.array([1.0])
    for chance, size in groups:
        binomial = np.array([comb(size, j) * chance**j * (1 - chance) ** (size - j) for j in range(size + 1)])
        counts = np.convolve(counts, binomial)
    return float(counts[:needed].sum())
