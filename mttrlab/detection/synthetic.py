"""Synthetic monitors: interval, confirmations, retries, locations, timeouts and sensitivity → delay."""

from __future__ import annotations

from mttrlab.detection.combine import quorum
from mttrlab.detection.delay import Delay
from mttrlab.detection.fault import Fault
from mttrlab.detection.runs import on_a_schedule, waiting
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
